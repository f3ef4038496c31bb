//! Signed heads of the audit trail: after each day the server signs the last link of the chain. Who can write the whole store can
//! also write a new chain, but no head that fits it, unless the key of the server was taken too; and a head that was kept elsewhere
//! holds even then.
//!
//! A head is named by the day that had ended when it was signed, and vouches for all rows up to that moment.

use std::fmt;

use chatelaine_store::{Key, Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::chain::{Link, ROWS};
use crate::Core;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::Result;
use crate::ids::{AuditId, SigningKeyId};
use crate::page::{Ask, Page};
use crate::schema::{AUDIT_BY_ID, AUDIT_HEAD_BY_DAY, AUDIT_LINK_BY_ID};
use crate::server_roles::{self, ServerPermission};
use crate::signing::{self, Lines, Purpose, Signature};

/// A day of the calendar (UTC), by its number from 1970 on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(u32);

impl Day {
    /// The day of this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The day before the one in which this moment lies.
    fn before(at: Stamp) -> Self {
        Self(at.day().saturating_sub(1))
    }

    /// Its first moment.
    fn begin(self) -> Stamp {
        Stamp::of_day(self.0)
    }

    /// The moment at which it is over.
    fn end(self) -> Stamp {
        Self(self.0.saturating_add(1)).begin()
    }
}

/// As in `2027-01-15`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.begin().date())
    }
}

impl Key for Day {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        u32::decode(bytes).map(Self)
    }
}

/// A head as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeadRow {
    /// The last row for which it vouches.
    pub rows: AuditId,
    /// The link of that row.
    pub link: Link,
    /// When it was signed.
    pub at: Stamp,
    /// With which key.
    pub key: SigningKeyId,
    /// The signature.
    pub signature: Signature,
}

impl Row for HeadRow {}

/// A head with its day and its signed text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The day.
    pub day: Day,
    /// What is stored of it.
    pub row: HeadRow,
    /// What was signed, with its signature.
    pub text: String,
}

fn lines(r: &impl Read, day: Day, (rows, link, at): (AuditId, Link, Stamp)) -> Result<Lines> {
    let server = hex::encode(signing::server_id(r)?);
    let lines = Lines::new().line("version", 1).line("server", server).line("day", day);
    Ok(lines.line("rows", rows).line("head", link).line("at", at))
}

fn whole(r: &impl Read, day: Day, row: HeadRow) -> Result<Head> {
    let lines = lines(r, day, (row.rows, row.link, row.at))?.with_key(row.key);
    Ok(Head { day, row, text: signing::whole(Purpose::AuditHead, &lines, &row.signature) })
}

/// Signs the head of the day that ended last, unless that was done or there was nothing yet; says how many were signed.
pub fn sign_due(core: &Core) -> Result<usize> {
    let now = core.now();
    let day = Day::before(now);
    if !core.read(|view| is_due(view, day))? {
        return Ok(0);
    }
    core.write(&Caller::system(), move |tx| {
        if !is_due(tx, day)? {
            return Ok(0);
        }
        let signer = signing::signer(tx, now)?;
        let Some((rows, link)) = AUDIT_LINK_BY_ID.last(tx, &())? else { return Ok(0) };
        let lines = lines(tx, day, (rows, link, now))?.with_key(signer.id());
        let signature = signer.sign(Purpose::AuditHead, &lines);
        AUDIT_HEAD_BY_DAY.put(tx, &day, &HeadRow { rows, link, at: now, key: signer.id(), signature })?;
        Ok(1)
    })
}

fn is_due(r: &impl Read, day: Day) -> Result<bool> {
    let done = AUDIT_HEAD_BY_DAY.last(r, &())?.is_some_and(|(last, _)| last >= day);
    Ok(!done && AUDIT_BY_ID.first(r, &())?.is_some_and(|(_, row)| row.at < day.end()))
}

/// The signed heads, newest first. Needs the permission to view monitoring.
pub fn list(core: &Core, caller: &Caller, ask: Ask<Day>) -> Result<Page<Head, Day>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ViewMonitoring)?;
        let wanted = ask.items();
        let rows =
            AUDIT_HEAD_BY_DAY.list(view, &(), ask.after.as_ref(), Order::Descending, wanted.saturating_add(1))?;
        let heads = rows.into_iter().map(|(day, row)| whole(view, day, row)).collect::<Result<Vec<_>>>()?;
        Ok(Page::of(heads, wanted, |head: &Head| head.day))
    })
}

/// The heads that wait to be held against the chain, in the order of their days.
pub(super) struct Waiting {
    rest: std::vec::IntoIter<(Day, HeadRow)>,
    last: Option<Day>,
    upto: Option<Day>,
    /// How many fitted.
    pub(super) fitted: u64,
}

impl Waiting {
    /// All heads that are there now.
    pub(super) fn new(r: &impl Read) -> Result<Self> {
        let upto = AUDIT_HEAD_BY_DAY.last(r, &())?.map(|(day, _)| day);
        Ok(Self { rest: Vec::new().into_iter(), last: None, upto, fitted: 0 })
    }

    /// The last one that fitted.
    pub(super) fn last(&self) -> Option<Day> {
        self.last.filter(|_| self.fitted > 0)
    }

    fn next(&mut self, r: &impl Read) -> Result<Option<(Day, HeadRow)>> {
        if self.rest.as_slice().is_empty() && self.last < self.upto {
            let page = AUDIT_HEAD_BY_DAY.list(r, &(), self.last.as_ref(), Order::Ascending, ROWS)?;
            self.rest = page.into_iter();
        }
        Ok(self.rest.as_slice().first().copied().filter(|(day, _)| Some(*day) <= self.upto))
    }

    /// Holds the heads for this row, and any for rows before it, against the link that the row has. Gives the first day that does
    /// not fit.
    pub(super) fn hold(&mut self, r: &impl Read, rows: AuditId, link: Link) -> Result<Option<Day>> {
        while let Some((day, head)) = self.next(r)?.filter(|(_, head)| head.rows <= rows) {
            if head.rows != rows || head.link != link || !is_signed(r, day, head)? {
                return Ok(Some(day));
            }
            let _done = self.rest.next();
            (self.last, self.fitted) = (Some(day), self.fitted + 1);
        }
        Ok(None)
    }

    /// A head that vouches for rows that are not there.
    pub(super) fn left(&mut self, r: &impl Read) -> Result<Option<Day>> {
        Ok(self.next(r)?.map(|(day, _)| day))
    }
}

/// Whether a key of this server signed it, however long ago.
fn is_signed(r: &impl Read, day: Day, row: HeadRow) -> Result<bool> {
    let lines = lines(r, day, (row.rows, row.link, row.at))?.with_key(row.key);
    let bytes = format!("{}{lines}", Purpose::AuditHead.prefix());
    Ok(signing::public(r, row.key)?.is_some_and(|key| key.has_signed(bytes.as_bytes(), &row.signature)))
}
