//! Evidence: files that speak for a mark. Whoever sets marks attaches files of his own; the marked account reads them like those
//! who look after machines, and nobody else does.
//!
//! Invariants: a file stays as long as a mark holds it, whoever asks for its removal and whatever room it was sent to; with the
//! data of the marked account it goes, unless a mark against another account holds it too.

use chatelaine_store::{Order, Read};

use super::marks;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Limit, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::files::{self, File};
use crate::ids::{AccountId, FileId, MarkId};
use crate::limits::{EVIDENCE_PER_MARK_MAX, MARKS_PER_FILE_MAX};
use crate::page::Done;
use crate::schema::{EVIDENCE_BY_MARK, FILE_BY_ID, MARK_BY_ID, MARKS_BY_FILE};
use crate::server_roles::{self, Reach, ServerPermission};
use crate::{Core, Tx};

/// Attaches one of the caller's own files to a mark. Needs what setting the mark needs. Fails with `Denied(..)`,
/// `NotFound(Mark)`, `NotFound(File)` for any file but one's own, and `OverLimit(Evidence)`. From then on the file stays. The
/// account hears of it.
pub fn attach(core: &Core, caller: &Caller, mark: MarkId, file: FileId) -> Result<Done> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        let account = require_may(tx, &caller_again, mark)?;
        let found = FILE_BY_ID.get(tx, &file)?.filter(|found| Some(found.owner) == caller_again.account_id());
        let found = found.ok_or(Error::NotFound(Thing::File))?;
        if EVIDENCE_BY_MARK.has(tx, &(mark, file))? {
            return Ok(Done::AlreadySo);
        }
        require_room(tx, mark, file)?;
        files::keep_for_good(tx, &found)?;
        EVIDENCE_BY_MARK.put(tx, &(mark, file), &())?;
        MARKS_BY_FILE.put(tx, &(file, mark), &())?;
        tell(tx, now, &caller_again, (Verb::EvidenceAttached, mark, file, account))
    })
}

/// Takes a file off a mark; whose it is may then remove it. Who manages machines may with every file, who reports checks with his
/// own. Fails as [`attach`]; a file that was not attached is `AlreadySo`.
pub fn detach(core: &Core, caller: &Caller, mark: MarkId, file: FileId) -> Result<Done> {
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        let account = require_may(tx, &caller_again, mark)?;
        let is_own = FILE_BY_ID.get(tx, &file)?.is_some_and(|found| Some(found.owner) == caller_again.account_id());
        if !is_own {
            server_roles::require_over(tx, &caller_again, ServerPermission::ManageMachines, account)?;
        }
        if !EVIDENCE_BY_MARK.has(tx, &(mark, file))? {
            return Ok(Done::AlreadySo);
        }
        unlink(tx, mark, file)?;
        tell(tx, now, &caller_again, (Verb::EvidenceRemoved, mark, file, account))
    })
}

/// Whom the mark is against, for somebody who may set marks against that account. Who may not at all hears nothing of which
/// marks there are.
fn require_may(r: &impl Read, caller: &Caller, mark: MarkId) -> Result<AccountId> {
    if !server_roles::may(r, caller, ServerPermission::ReportChecks)? {
        server_roles::reach(r, caller, ServerPermission::ManageMachines)?;
    }
    let account = MARK_BY_ID.get(r, &mark)?.ok_or(Error::NotFound(Thing::Mark))?.account;
    marks::require_may_mark(r, caller, account)?;
    Ok(account)
}

fn require_room(r: &impl Read, mark: MarkId, file: FileId) -> Result<()> {
    let is_full = EVIDENCE_BY_MARK.count(r, &mark, EVIDENCE_PER_MARK_MAX)? >= EVIDENCE_PER_MARK_MAX
        || MARKS_BY_FILE.count(r, &file, MARKS_PER_FILE_MAX)? >= MARKS_PER_FILE_MAX;
    if is_full { Err(Error::OverLimit(Limit::Evidence)) } else { Ok(()) }
}

fn tell(
    tx: &mut Tx<'_>,
    now: Stamp,
    caller: &Caller,
    (verb, mark, file, account): (Verb, MarkId, FileId, AccountId),
) -> Result<Done> {
    audit::record(tx, now, caller, verb, &format!("mark {mark}"), &format!("file {file}"))?;
    event_log::record(tx, now, Audience::account(account), What::MarkChanged { account })?;
    Ok(Done::Done)
}

fn unlink(tx: &mut Tx<'_>, mark: MarkId, file: FileId) -> Result<()> {
    EVIDENCE_BY_MARK.remove(tx, &(mark, file))?;
    Ok(MARKS_BY_FILE.remove(tx, &(file, mark))?)
}

/// The files that are attached to a mark, the oldest first.
pub(super) fn of_mark(r: &impl Read, mark: MarkId) -> Result<Vec<File>> {
    let keys = EVIDENCE_BY_MARK.keys(r, &mark, None, Order::Ascending, EVIDENCE_PER_MARK_MAX)?;
    let found = keys.into_iter().map(|(_, file)| FILE_BY_ID.get(r, &file));
    Ok(found.filter_map(std::result::Result::transpose).collect::<std::result::Result<_, _>>()?)
}

/// Whether a mark holds this file.
pub(crate) fn holds(r: &impl Read, file: FileId) -> Result<bool> {
    Ok(MARKS_BY_FILE.first(r, &file)?.is_some())
}

/// Whether this account may read the file because of a mark: one against it, or any for who looks after machines, of as many
/// accounts as he does.
pub(crate) fn shows(r: &impl Read, account: AccountId, file: FileId) -> Result<bool> {
    let marks = MARKS_BY_FILE.keys(r, &file, None, Order::Ascending, MARKS_PER_FILE_MAX)?;
    if marks.is_empty() {
        return Ok(false);
    }
    let held = server_roles::power_of(r, account)?;
    if held.over_everybody().has(ServerPermission::ReportChecks) {
        return Ok(true);
    }
    let reach = if held.has(ServerPermission::ManageMachines) { held.reach } else { Reach::Nobody };
    for (_, mark) in marks {
        let Some(row) = MARK_BY_ID.get(r, &mark)? else { continue };
        if row.account == account || reach.takes_in(r, row.account)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes a file that goes off all marks.
pub(crate) fn forget_file(tx: &mut Tx<'_>, file: FileId) -> Result<()> {
    for (_, mark) in MARKS_BY_FILE.keys(tx, &file, None, Order::Ascending, MARKS_PER_FILE_MAX)? {
        unlink(tx, mark, file)?;
    }
    Ok(())
}

/// Takes all files off a mark against an account that goes away; those that no other mark holds go too.
pub(super) fn forget_mark(tx: &mut Tx<'_>, mark: MarkId) -> Result<()> {
    for (_, file) in EVIDENCE_BY_MARK.keys(tx, &mark, None, Order::Ascending, EVIDENCE_PER_MARK_MAX)? {
        unlink(tx, mark, file)?;
        if !holds(tx, file)? {
            files::remove_one(tx, file)?;
        }
    }
    Ok(())
}
