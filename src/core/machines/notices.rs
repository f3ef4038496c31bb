//! Notices: the signed, numbered words of the server to a machine. A machine that was offline reads what it missed by number, and
//! whoever has the list of keys can check each one, wherever it came from.
//!
//! Some end the machine's certificates: those are listed again, for clients that poll, as long as any certificate issued before
//! can be in force. Numbers count over all machines, so a certificate says by one number which notices it was issued after.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::alerts;
use crate::clock::{Stamp, Until};
use crate::error::{Error, Result};
use crate::event::{Audience, What, machine_topic};
use crate::event_log;
use crate::ids::{AccountId, MachineId, SigningKeyId};
use crate::limits::{
    MACHINE_NOTICES_KEPT_S, MACHINE_NOTICES_SWEPT_PER_WRITE, MACHINES_PER_ACCOUNT_MAX, PAGE_ITEMS_MAX,
    REVOCATIONS_LISTED_MAX,
};
use crate::schema::{
    MACHINES_BY_ACCOUNT, NOTICE_BY_NUMBER, NOTICES, NOTICES_BY_MACHINE, REVOCATION_BY_NUMBER, REVOKED_BY_MACHINE,
    TOKEN_BY_MACHINE,
};
use crate::signing::{self, Lines, Purpose, Signature};
use crate::{Caller, Core, Tx};

/// What is told. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NoticeKind {
    /// It is no longer bound.
    Released,
    /// Another machine took its place.
    Replaced {
        /// Which.
        by: MachineId,
    },
    /// It belongs to somebody else now.
    Transferred {
        /// To whom.
        to: AccountId,
    },
    /// It is banned.
    Banned {
        /// For how long.
        until: Until,
    },
    /// Its ban was lifted.
    Unbanned,
    /// How many machines its account may have has changed.
    LimitChanged,
    /// The server role of its account has changed.
    RoleChanged,
}

impl NoticeKind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            NoticeKind::Released => "release",
            NoticeKind::Replaced { .. } => "replace",
            NoticeKind::Transferred { .. } => "transfer",
            NoticeKind::Banned { .. } => "ban",
            NoticeKind::Unbanned => "unban",
            NoticeKind::LimitChanged => "limit",
            NoticeKind::RoleChanged => "role",
        }
    }

    /// Whether certificates that were issued before are no longer good.
    pub const fn ends_certificates(self) -> bool {
        match self {
            NoticeKind::Released
            | NoticeKind::Replaced { .. }
            | NoticeKind::Transferred { .. }
            | NoticeKind::Banned { .. } => true,
            NoticeKind::Unbanned | NoticeKind::LimitChanged | NoticeKind::RoleChanged => false,
        }
    }
}

/// A notice to be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NewNotice {
    /// To which machine.
    pub(super) machine: MachineId,
    /// Whose it is, or was until now.
    pub(super) account: AccountId,
    /// What.
    pub(super) kind: NoticeKind,
}

/// A notice as it is stored; its text is made from this.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoticeRow {
    /// To which machine.
    pub machine: MachineId,
    /// Whose it was.
    pub account: AccountId,
    /// What.
    pub kind: NoticeKind,
    /// When.
    pub at: Stamp,
    /// Which key signed it.
    pub key: SigningKeyId,
    /// The signature.
    pub signature: Signature,
}

impl Row for NoticeRow {}

/// A notice with its number and its signed text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Its number, among those of all machines.
    pub number: u64,
    /// What is stored of it.
    pub row: NoticeRow,
    /// What was signed, with its signature.
    pub text: String,
}

/// Gives a notice in the transaction of the deed: signs and stores it under the next number, and wakes the machine, its owner and
/// who manages machines once it is durable.
pub(super) fn tell(tx: &mut Tx<'_>, now: Stamp, new: NewNotice) -> Result<()> {
    let told = Audience::accounts(alerts::managers(tx)?).and_account(new.account);
    tell_to(tx, now, new, told)
}

/// Gives a notice to each machine of an account that has a token and so can hear it. The owner hears of it too; who manages
/// machines did it.
pub(crate) fn tell_each(tx: &mut Tx<'_>, now: Stamp, account: AccountId, kind: NoticeKind) -> Result<()> {
    for (_, machine) in MACHINES_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, MACHINES_PER_ACCOUNT_MAX)? {
        if TOKEN_BY_MACHINE.has(tx, &machine)? {
            tell_one(tx, now, (account, machine), kind)?;
        }
    }
    Ok(())
}

/// Gives a notice to a machine of an account. The owner hears of it too; who manages machines did it.
pub(super) fn tell_one(
    tx: &mut Tx<'_>,
    now: Stamp,
    (account, machine): (AccountId, MachineId),
    kind: NoticeKind,
) -> Result<()> {
    tell_to(tx, now, NewNotice { machine, account, kind }, Audience::account(account))
}

/// As [`tell`], where the account goes away and hears nothing any more.
pub(super) fn tell_of_a_removed_account(tx: &mut Tx<'_>, now: Stamp, new: NewNotice) -> Result<()> {
    let told = Audience::accounts(alerts::managers(tx)?);
    tell_to(tx, now, new, told)
}

/// Tells the machine, and these.
fn tell_to(tx: &mut Tx<'_>, now: Stamp, new: NewNotice, told: Audience) -> Result<()> {
    let (number, machine) = (put(tx, now, new)?, new.machine);
    let told = told.and_nearby(vec![machine_topic(machine)]);
    event_log::record(tx, now, told, What::MachineNoticed { machine, number }).map(drop)
}

fn put(tx: &mut Tx<'_>, now: Stamp, new: NewNotice) -> Result<u64> {
    let NewNotice { machine, account, kind } = new;
    let (number, signer, server) = (tx.count_up(&NOTICES)?, signing::signer(tx, now)?, signing::server_id(tx)?);
    let lines = lines(server, number, (new, now)).with_key(signer.id());
    let signature = signer.sign(Purpose::Notice, &lines);
    NOTICE_BY_NUMBER.put(tx, &number, &NoticeRow { machine, account, kind, at: now, key: signer.id(), signature })?;
    NOTICES_BY_MACHINE.put(tx, &(machine, number), &())?;
    if kind.ends_certificates() {
        REVOCATION_BY_NUMBER.put(tx, &number, &machine)?;
        REVOKED_BY_MACHINE.put(tx, &machine, &number)?;
    }
    Ok(number)
}

fn lines(server: [u8; 16], number: u64, (new, at): (NewNotice, Stamp)) -> Lines {
    let NewNotice { machine, account, kind } = new;
    let lines = Lines::new()
        .line("version", 1)
        .line("number", number)
        .line("server", hex::encode(server))
        .line("machine", machine);
    let ends = if kind.ends_certificates() { "yes" } else { "no" };
    let lines = lines.line("account", account).line("kind", kind.word()).line("ends", ends);
    let lines = match kind {
        NoticeKind::Replaced { by } => lines.line("by", by),
        NoticeKind::Transferred { to } => lines.line("to", to),
        NoticeKind::Banned { until: Until::Forever } => lines.line("until", "forever"),
        NoticeKind::Banned { until: Until::At(end) } => lines.line("until", end),
        NoticeKind::Released | NoticeKind::Unbanned | NoticeKind::LimitChanged | NoticeKind::RoleChanged => lines,
    };
    lines.line("at", at)
}

fn whole(server: [u8; 16], number: u64, row: NoticeRow) -> Notice {
    let NoticeRow { machine, account, kind, at, key, signature } = row;
    let lines = lines(server, number, (NewNotice { machine, account, kind }, at)).with_key(key);
    Notice { number, row, text: signing::whole(Purpose::Notice, &lines, &signature) }
}

/// One notice; none when there is none of this number, or no more.
pub fn get(r: &impl Read, number: u64) -> Result<Option<Notice>> {
    let Some(row) = NOTICE_BY_NUMBER.get(r, &number)? else { return Ok(None) };
    Ok(Some(whole(signing::server_id(r)?, number, row)))
}

/// What was told to a machine after this number, in order. Who may ask is the business of the door that it came by.
pub fn after(core: &Core, machine: MachineId, number: u64, limit: usize) -> Result<Vec<Notice>> {
    core.read(|view| {
        let limit = limit.min(PAGE_ITEMS_MAX);
        let keys = NOTICES_BY_MACHINE.keys(view, &machine, Some(&(machine, number)), Order::Ascending, limit)?;
        let server = signing::server_id(view)?;
        let mut found = Vec::new();
        for (_, number) in keys {
            found.extend(NOTICE_BY_NUMBER.get(view, &number)?.map(|row| whole(server, number, row)));
        }
        Ok(found)
    })
}

/// The number of the last notice to any machine; 0 before the first.
pub fn last(r: &impl Read) -> Result<u64> {
    Ok(NOTICES.last(r)?)
}

/// The last notice that ended certificates of this machine, if any did.
pub fn revoked(r: &impl Read, machine: MachineId) -> Result<Option<u64>> {
    Ok(REVOKED_BY_MACHINE.get(r, &machine)?)
}

/// The certificates that ended early after the notice of this number, as a signed list: which machine, by which notice. It says up
/// to which number it is complete; `more` says that there is more behind it. Who may ask is the business of the door.
pub fn revocations(core: &Core, after: u64) -> Result<String> {
    let now = core.now();
    let (server, last, rows) = core.read(|view| {
        let last = last(view)?;
        let limit = REVOCATIONS_LISTED_MAX + 1;
        let rows = REVOCATION_BY_NUMBER.list(view, &(), Some(&after), Order::Ascending, limit)?;
        Ok::<_, Error>((signing::server_id(view)?, last, rows))
    })?;
    let more = rows.len() > REVOCATIONS_LISTED_MAX;
    let listed = rows.get(..REVOCATIONS_LISTED_MAX).unwrap_or(&rows);
    // A notice that came between the two looks counts for the next list.
    let listed: Vec<_> = listed.iter().filter(|(number, _)| *number <= last).collect();
    let upto = if more { listed.last().map_or(last, |(number, _)| *number) } else { last.max(after) };
    let lines =
        Lines::new().line("version", 1).line("server", hex::encode(server)).line("after", after).line("upto", upto);
    let lines = lines.line("more", if more { "yes" } else { "no" }).line("at", now);
    let lines =
        listed.iter().fold(lines, |lines, (number, machine)| lines.line("revoked", format!("{machine} {number}")));
    Ok(lines.sign(&signing::ready(core)?, Purpose::Revocations))
}

/// Takes notices away that are older than any certificate can be; says how many rows were looked at and removed.
pub fn sweep(core: &Core) -> Result<usize> {
    let until = core.now().minus_seconds(MACHINE_NOTICES_KEPT_S);
    core.write(&Caller::system(), move |tx| {
        let rows = NOTICE_BY_NUMBER.list(tx, &(), None, Order::Ascending, MACHINE_NOTICES_SWEPT_PER_WRITE)?;
        let mut removed = 0;
        for (number, row) in rows.into_iter().take_while(|(_, row)| row.at < until) {
            NOTICE_BY_NUMBER.remove(tx, &number)?;
            NOTICES_BY_MACHINE.remove(tx, &(row.machine, number))?;
            REVOCATION_BY_NUMBER.remove(tx, &number)?;
            if REVOKED_BY_MACHINE.get(tx, &row.machine)? == Some(number) {
                REVOKED_BY_MACHINE.remove(tx, &row.machine)?;
            }
            removed += 1;
        }
        Ok(removed)
    })
}
