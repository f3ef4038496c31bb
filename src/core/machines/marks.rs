//! Marks against accounts that cheated: who set one, why, until when, and who lifted it. Marks are only ever added; lifting one
//! is a row of its own. A mark never keeps anybody from signing in, because who is marked must be able to read it.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::checks::LaunchCode;
use super::machine::{self, MachineCode, check_reason};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Limit, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, MarkId};
use crate::limits::{MARK_CATEGORY_BYTES_MAX, MARKS_OPEN_MAX};
use crate::page::{Ask, Done, Page};
use crate::schema::{CHECK_BY_LAUNCH, LIFT_BY_MARK, MARK_BY_ID, MARKS, MARKS_BY_ACCOUNT, OPEN_MARKS_BY_ACCOUNT};
use crate::server_roles::{self, ServerPermission};
use crate::{Core, Tx};

/// How much weight a mark has. Kinds are only ever added at the end, because rows hold their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Severity {
    /// Something to know.
    Notice,
    /// What a mark usually is.
    #[default]
    Serious,
    /// The worst.
    Grave,
}

/// A mark as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MarkRow {
    /// Against whom.
    pub account: AccountId,
    /// Who set it; none for the operator.
    pub by: Option<AccountId>,
    /// When.
    pub at: Stamp,
    /// Why; nothing once the account was removed.
    pub reason: String,
    /// Because of which machine; nothing once the account was removed.
    pub code: Option<MachineCode>,
    /// Because of which check.
    pub launch: Option<LaunchCode>,
    /// Until when it is in force unless it is lifted.
    pub until: Until,
    /// What kind of offence, as a word of the operator's choice.
    pub category: String,
    /// How much weight it has.
    pub severity: Severity,
}

impl Row for MarkRow {}

/// The end of a mark before its time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lift {
    /// Who lifted it; none for the operator.
    pub by: Option<AccountId>,
    /// When.
    pub at: Stamp,
    /// Why; nothing once the account was removed.
    pub reason: String,
}

impl Row for Lift {}

/// A mark with what became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Its number.
    pub id: MarkId,
    /// What was set.
    pub row: MarkRow,
    /// Whether it was lifted.
    pub lift: Option<Lift>,
}

impl Mark {
    /// Whether it is in force at `now`.
    pub fn holds(&self, now: Stamp) -> bool {
        self.lift.is_none() && self.row.until.holds(now)
    }
}

/// A mark to be set.
#[derive(Clone, Debug)]
pub struct NewMark {
    /// Against whom.
    pub account: AccountId,
    /// Why.
    pub reason: String,
    /// Because of which machine; while the mark is in force the account cannot release it.
    pub code: Option<MachineCode>,
    /// Because of which check; one of the account's.
    pub launch: Option<LaunchCode>,
    /// Until when it is in force.
    pub until: Until,
    /// What kind of offence: a word of letters, digits, `-` and `_`, or nothing.
    pub category: String,
    /// How much weight it has.
    pub severity: Severity,
}

/// Marks an account. Needs the permission to report checks, or to manage machines and no fewer rights than the account has.
/// Fails with `Invalid(..)`, `Denied(..)`, `NotFound(Account)`, `NotFound(Check)` unless the check is the account's, and
/// `OverLimit(Marks)` with too many in force. The account hears of it.
pub fn mark(core: &Core, caller: &Caller, new: NewMark) -> Result<MarkId> {
    let (now, caller_again) = (core.now(), caller.clone());
    let reason = check_reason(&new.reason)?;
    if reason.is_empty() {
        return Err(Error::Invalid(Field::ReasonText, Flaw::Empty));
    }
    let category = check_category(&new.category)?;
    if !new.until.holds(now) {
        return Err(Error::Invalid(Field::Time, Flaw::Range));
    }
    let account = new.account;
    let row = MarkRow {
        account,
        by: caller.account_id(),
        at: now,
        reason,
        code: new.code,
        launch: new.launch,
        until: new.until,
        category,
        severity: new.severity,
    };
    core.write(caller, move |tx| {
        require_may_mark(tx, &caller_again, account)?;
        machine::require_account(tx, account)?;
        require_check(tx, &row)?;
        make_room(tx, now, account)?;
        let id = MarkId::new(tx.count_up(&MARKS)?);
        MARK_BY_ID.put(tx, &id, &row)?;
        MARKS_BY_ACCOUNT.put(tx, &(account, id), &())?;
        OPEN_MARKS_BY_ACCOUNT.put(tx, &(account, id), &())?;
        tell(tx, now, &caller_again, (Verb::AccountMarked, id, account))?;
        Ok(id)
    })
}

fn check_category(text: &str) -> Result<String> {
    let text = text.trim();
    if text.len() > MARK_CATEGORY_BYTES_MAX {
        return Err(Error::Invalid(Field::Note, Flaw::TooLong));
    }
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(Error::Invalid(Field::Note, Flaw::Malformed));
    }
    Ok(text.to_ascii_lowercase())
}

fn require_may_mark(r: &impl Read, caller: &Caller, account: AccountId) -> Result<()> {
    // Who checks machines reports whoever cheats, also those who look after others.
    if server_roles::may(r, caller, ServerPermission::ReportChecks)? {
        return Ok(());
    }
    server_roles::require_over(r, caller, ServerPermission::ManageMachines, account)
}

fn require_check(r: &impl Read, row: &MarkRow) -> Result<()> {
    let Some(launch) = row.launch else { return Ok(()) };
    let found = CHECK_BY_LAUNCH.get(r, &launch)?.filter(|check| check.account == row.account);
    found.map(drop).ok_or(Error::NotFound(Thing::Check))
}

/// Takes marks that have run out off the list of those in force. Fails with `OverLimit(Marks)` when none has.
fn make_room(tx: &mut Tx<'_>, now: Stamp, account: AccountId) -> Result<()> {
    let open = OPEN_MARKS_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, MARKS_OPEN_MAX)?;
    let mut left = open.len();
    for key in open {
        if !MARK_BY_ID.get(tx, &key.1)?.is_some_and(|row| row.until.holds(now)) {
            OPEN_MARKS_BY_ACCOUNT.remove(tx, &key)?;
            left = left.saturating_sub(1);
        }
    }
    if left >= MARKS_OPEN_MAX { Err(Error::OverLimit(Limit::Marks)) } else { Ok(()) }
}

fn tell(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (verb, id, account): (Verb, MarkId, AccountId)) -> Result<()> {
    audit::record(tx, now, caller, verb, &format!("mark {id}"), &format!("account {account}"))?;
    event_log::record(tx, now, Audience::account(account), What::MarkChanged { account })?;
    Ok(())
}

/// Lifts a mark; it stays as history. Needs the permission to manage machines and no fewer rights than the account has. Fails
/// with `NotFound(Mark)`; one that was lifted or has run out is `AlreadySo`. The account hears of it.
pub fn lift(core: &Core, caller: &Caller, id: MarkId, reason: &str) -> Result<Done> {
    let reason = check_reason(reason)?;
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        server_roles::require(tx, &caller_again, ServerPermission::ManageMachines)?;
        let mark = find(tx, id)?.ok_or(Error::NotFound(Thing::Mark))?;
        let account = mark.row.account;
        server_roles::require_over(tx, &caller_again, ServerPermission::ManageMachines, account)?;
        if !mark.holds(now) {
            return Ok(Done::AlreadySo);
        }
        LIFT_BY_MARK.put(tx, &id, &Lift { by: caller_again.account_id(), at: now, reason: reason.clone() })?;
        OPEN_MARKS_BY_ACCOUNT.remove(tx, &(account, id))?;
        tell(tx, now, &caller_again, (Verb::MarkLifted, id, account))?;
        Ok(Done::Done)
    })
}

fn find(r: &impl Read, id: MarkId) -> Result<Option<Mark>> {
    let Some(row) = MARK_BY_ID.get(r, &id)? else { return Ok(None) };
    Ok(Some(Mark { id, row, lift: LIFT_BY_MARK.get(r, &id)? }))
}

/// The newest mark against an account that is in force at `now`.
pub fn active(r: &impl Read, account: AccountId, now: Stamp) -> Result<Option<Mark>> {
    Ok(in_force(r, account, now)?.into_iter().next())
}

/// Whether a mark in force against the account names this machine.
pub(super) fn names(r: &impl Read, account: AccountId, code: &MachineCode, now: Stamp) -> Result<bool> {
    let folded = code.folded();
    let is_it = |mark: &Mark| mark.row.code.as_ref().is_some_and(|named| named.folded() == folded);
    Ok(in_force(r, account, now)?.iter().any(is_it))
}

/// The marks against an account that are in force, newest first.
fn in_force(r: &impl Read, account: AccountId, now: Stamp) -> Result<Vec<Mark>> {
    let open = OPEN_MARKS_BY_ACCOUNT.keys(r, &account, None, Order::Descending, MARKS_OPEN_MAX)?;
    let found = open.into_iter().map(|(_, id)| find(r, id));
    found.filter_map(|found| found.map(|mark| mark.filter(|mark| mark.holds(now))).transpose()).collect()
}

/// All marks, newest first, lifted ones included. Needs the permission to manage machines.
pub fn list(core: &Core, caller: &Caller, ask: Ask<MarkId>) -> Result<Page<Mark, MarkId>> {
    core.read(|view| {
        server_roles::require(view, caller, ServerPermission::ManageMachines)?;
        let wanted = ask.items();
        let rows = MARK_BY_ID.list(view, &(), ask.after.as_ref(), Order::Descending, wanted + 1)?;
        let page = Page::of(rows, wanted, |(id, _)| *id);
        let items = page.items.into_iter().map(|(id, row)| Ok(Mark { id, row, lift: LIFT_BY_MARK.get(view, &id)? }));
        Ok(Page { items: items.collect::<Result<Vec<_>>>()?, next: page.next })
    })
}

/// Takes words and machines out of marks against an account that goes away; says of how many. Numbers stay.
pub(super) fn forget_some(tx: &mut Tx<'_>, account: AccountId, most: usize) -> Result<usize> {
    let keys = MARKS_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, most)?;
    for (_, id) in &keys {
        if let Some(mark) = find(tx, *id)? {
            MARK_BY_ID.put(tx, id, &MarkRow { reason: String::new(), code: None, ..mark.row })?;
            if let Some(lift) = mark.lift {
                LIFT_BY_MARK.put(tx, id, &Lift { reason: String::new(), ..lift })?;
            }
        }
        MARKS_BY_ACCOUNT.remove(tx, &(account, *id))?;
        OPEN_MARKS_BY_ACCOUNT.remove(tx, &(account, *id))?;
    }
    Ok(keys.len())
}
