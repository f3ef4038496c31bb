//! The chain over the audit trail: each row has a link, the BLAKE3 hash of the link before and of the row's fields, so that a row
//! that was changed, taken out or put in later is found, and named. The last link, kept elsewhere, vouches for all rows up to it.
//!
//! A row is hashed as text, not as it is stored, so that an export can be checked without this program: the link before (32 zero
//! bytes for the first row), then number, moment, doer, dialect, deed, target and detail, each as `LENGTH:BYTES,` (a netstring).

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::heads::{Day, Waiting};
use super::{AuditRow, Doer, Linked};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::ids::AuditId;
use crate::schema::{AUDIT, AUDIT_BY_ID, AUDIT_LINK_BY_ID};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// Rows read in one piece; so many go into one answer of the control socket, whatever is in them.
pub(super) const ROWS: usize = 200;

/// What vouches for a row and all before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link([u8; 32]);

impl Row for Link {}

impl Link {
    /// Before the first row.
    const START: Link = Link([0; 32]);

    /// The link of a row that follows this one.
    fn next(self, row: &AuditRow) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(hashed(row).as_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}

/// As hexadecimal digits.
impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The fields of a row as they are hashed and exported. The name of a deed is part of it and never changes.
pub fn fields(row: &AuditRow) -> [String; 7] {
    let doer = match row.doer {
        Doer::Account(account) => format!("account {account}"),
        Doer::Operator => "operator".to_owned(),
        Doer::System => "server".to_owned(),
        Doer::Anonymous => "nobody".to_owned(),
    };
    [
        row.id.to_string(),
        row.at.to_string(),
        doer,
        row.dialect.name().to_owned(),
        format!("{:?}", row.verb),
        row.target.clone(),
        row.detail.clone(),
    ]
}

/// The text of a row that its link hashes after the link before, so that a reader can work the link out anew.
pub fn hashed(row: &AuditRow) -> String {
    fields(row).into_iter().map(|field| format!("{}:{field},", field.len())).collect()
}

/// Links a row to the one before it. A link that is missing there does not keep the deed from happening; [`verify`] finds it.
pub(super) fn append(tx: &mut Tx<'_>, row: &AuditRow) -> Result<()> {
    let before = AUDIT_LINK_BY_ID.get(tx, &AuditId::new(row.id.get().saturating_sub(1)))?;
    Ok(AUDIT_LINK_BY_ID.put(tx, &row.id, &before.unwrap_or(Link::START).next(row))?)
}

/// Links rows of older servers, a bounded number at a time, oldest first; says whether more are left.
pub(crate) fn append_old(tx: &mut Tx<'_>) -> std::result::Result<bool, chatelaine_store::Fault> {
    let last = AUDIT_LINK_BY_ID.last(tx, &())?;
    let (after, mut link) = last.map_or((None, Link::START), |(id, link)| (Some(id), link));
    let rows = AUDIT_BY_ID.list(tx, &(), after.as_ref(), Order::Ascending, ROWS)?;
    for (id, row) in &rows {
        link = link.next(row);
        AUDIT_LINK_BY_ID.put(tx, id, &link)?;
    }
    Ok(rows.len() == ROWS)
}

/// What a look at the whole trail came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verified {
    /// All rows are there and as they were written.
    Whole {
        /// How many.
        rows: u64,
        /// The last link.
        head: Link,
        /// How many signed heads there are.
        heads: u64,
        /// The day of the last one.
        signed: Option<Day>,
    },
    /// This is the first row that is not as it was written, or not there.
    Broken {
        /// Its number.
        at: AuditId,
    },
    /// The rows fit each other, but not what was signed after this day: the chain was written anew, or cut off.
    HeadBroken {
        /// The first such day.
        day: Day,
    },
}

/// Goes through the whole trail and names the first row that was changed, taken out or put in, or the first day whose signed head
/// does not fit. Who has all of the store and the key of the server can write both anew; a head that was kept elsewhere tells.
/// Needs the permission to view monitoring.
pub fn verify(core: &Core, caller: &Caller) -> Result<Verified> {
    // Rows and heads that are added meanwhile are beyond these.
    let (mut heads, rows) = core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewMonitoring)?;
        let heads = Waiting::new(view)?;
        Ok::<_, Error>((heads, AUDIT.last(view)?))
    })?;
    let (mut done, mut head) = (0, Link::START);
    while done < rows {
        let before = done;
        for (id, row, link) in core.read(|view| page(view, AuditId::new(before)))? {
            let due = AuditId::new(done.saturating_add(1));
            head = head.next(&row);
            if id != due || row.id != due || link != Some(head) {
                return Ok(Verified::Broken { at: due });
            }
            if let Some(day) = core.read(|view| heads.hold(view, due, head))? {
                return Ok(Verified::HeadBroken { day });
            }
            done = due.get();
            if done == rows {
                break;
            }
        }
        if done == before {
            return Ok(Verified::Broken { at: AuditId::new(done.saturating_add(1)) });
        }
    }
    match core.read(|view| heads.left(view))? {
        Some(day) => Ok(Verified::HeadBroken { day }),
        None => Ok(Verified::Whole { rows, head, heads: heads.fitted, signed: heads.last() }),
    }
}

/// A part of the trail with its links, oldest first, for taking it elsewhere; the link is none where it is missing. Needs the
/// permission to view monitoring.
pub fn export(core: &Core, caller: &Caller, after: Option<AuditId>) -> Result<Vec<Linked>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewMonitoring)?;
        let rows = page(view, after.unwrap_or(AuditId::new(0)))?;
        Ok(rows.into_iter().map(|(_, row, link)| (row, link)).collect())
    })
}

fn page(r: &impl Read, after: AuditId) -> Result<Vec<(AuditId, AuditRow, Option<Link>)>> {
    let rows = AUDIT_BY_ID.list(r, &(), Some(&after), Order::Ascending, ROWS)?;
    rows.into_iter().map(|(id, row)| Ok((id, row, AUDIT_LINK_BY_ID.get(r, &id)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Verb, record};
    use crate::testing::World;

    fn note(world: &World, count: usize) {
        let now = world.core.now();
        for number in 0..count {
            let deed = move |tx: &mut Tx<'_>| {
                record(tx, now, &Caller::operator(), Verb::SettingChanged, &format!("setting {number}"), "x")
            };
            world.core.write(&Caller::operator(), deed).unwrap();
        }
    }

    fn looked_at(core: &Core) -> Verified {
        verify(core, &Caller::operator()).unwrap()
    }

    fn tamper(core: &Core, with: impl Fn(&mut Tx<'_>) -> Result<()> + Send + 'static) -> Verified {
        core.write(&Caller::operator(), with).unwrap();
        looked_at(core)
    }

    fn broken(at: u64) -> Verified {
        Verified::Broken { at: AuditId::new(at) }
    }

    #[test]
    fn the_chain_of_a_whole_trail_ends_in_its_last_link() {
        let world = World::new();
        let whole = |rows, head| Verified::Whole { rows, head, heads: 0, signed: None };
        assert_eq!(looked_at(&world.core), whole(0, Link::START));
        note(&world, ROWS + 3);
        let first = export(&world.core, &Caller::operator(), None).unwrap();
        let rest = export(&world.core, &Caller::operator(), Some(AuditId::new(ROWS as u64))).unwrap();
        assert_eq!((first.len(), rest.len()), (ROWS, 3));
        let head = rest[2].1.unwrap();
        assert_eq!(looked_at(&world.core), whole(ROWS as u64 + 3, head));
        let person = world.person("ada");
        assert!(verify(&world.core, &person).is_err() && export(&world.core, &person, None).is_err());
    }

    #[test]
    fn a_link_can_be_worked_out_from_what_is_exported() {
        let world = World::new();
        note(&world, 1);
        let (row, link) = export(&world.core, &Caller::operator(), None).unwrap().remove(0);
        let text = "1:1,27:2027-01-15T08:00:00.000000Z,8:operator,7:console,14:SettingChanged,9:setting 0,1:x,";
        let mut bytes = vec![0; 32];
        bytes.extend_from_slice(text.as_bytes());
        assert_eq!((fields(&row)[4].as_str(), hashed(&row).as_str()), ("SettingChanged", text));
        assert_eq!(link.unwrap().to_string(), blake3::hash(&bytes).to_hex().to_string());
    }

    #[test]
    fn a_changed_row_is_named() {
        let world = World::new();
        note(&world, 5);
        let third = AuditId::new(3);
        let found = tamper(&world.core, move |tx| {
            let row = AUDIT_BY_ID.get(tx, &third)?.unwrap();
            Ok(AUDIT_BY_ID.put(tx, &third, &AuditRow { detail: "y".into(), ..row })?)
        });
        assert_eq!(found, broken(3));
    }

    #[test]
    fn a_flipped_bit_of_a_link_is_named() {
        let world = World::new();
        note(&world, 5);
        let found = tamper(&world.core, |tx| {
            let mut link = AUDIT_LINK_BY_ID.get(tx, &AuditId::new(4))?.unwrap();
            link.0[31] ^= 1;
            Ok(AUDIT_LINK_BY_ID.put(tx, &AuditId::new(4), &link)?)
        });
        assert_eq!(found, broken(4));
    }

    #[test]
    fn rows_that_were_taken_out_are_named_also_the_last_ones() {
        for gone in [1, 3, 5] {
            let world = World::new();
            note(&world, 5);
            let found = tamper(&world.core, move |tx| {
                AUDIT_LINK_BY_ID.remove(tx, &AuditId::new(gone))?;
                Ok(AUDIT_BY_ID.remove(tx, &AuditId::new(gone))?)
            });
            assert_eq!(found, broken(gone));
        }
    }

    #[test]
    fn rows_of_older_servers_are_linked_and_later_ones_follow() {
        let world = World::new();
        note(&world, ROWS + 3);
        let whole = looked_at(&world.core);
        let cut = tamper(&world.core, |tx| Ok(AUDIT_LINK_BY_ID.remove_all(tx, &(), usize::MAX).map(drop)?));
        assert_eq!(cut, broken(1));
        let more = |core: &Core| core.write(&Caller::system(), |tx| Ok::<_, Error>(append_old(tx)?));
        assert_eq!((more(&world.core), more(&world.core), more(&world.core)), (Ok(true), Ok(false), Ok(false)));
        assert_eq!(looked_at(&world.core), whole);
        note(&world, 1);
        assert!(matches!(looked_at(&world.core), Verified::Whole { rows, .. } if rows == ROWS as u64 + 4));
    }
}
