//! Marks against accounts that cheated: who set one, why, until when, and who lifted it. Marks are only ever added; lifting one
//! is a row of its own. A mark never keeps anybody from signing in, because who is marked must be able to read it.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::appeals::{self, Appeal};
use super::checks::LaunchCode;
use super::evidence;
use super::machine::{self, MachineCode, check_reason};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::{Stamp, Until};
use crate::error::{Error, Field, Flaw, Limit, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::files::File;
use crate::ids::{AccountId, MarkId, OrganisationId};
use crate::limits::{MARK_CATEGORY_BYTES_MAX, MARKS_OPEN_MAX, ORGANISATION_MARKS_MOVED_MAX, PAGE_ITEMS_MAX};
use crate::organisations;
use crate::page::{Ask, Done, Page};
use crate::schema::{
    CHECK_BY_LAUNCH, LIFT_BY_MARK, MARK_BY_ID, MARKS, MARKS_BY_ACCOUNT, MARKS_BY_ORGANISATION, OPEN_MARKS_BY_ACCOUNT,
};
use crate::server_roles::{self, Reach, ServerPermission};
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

/// A mark with all that was brought forward for it and against it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The mark.
    pub mark: Mark,
    /// The files that speak for it, the oldest first.
    pub evidence: Vec<File>,
    /// What the account says against it.
    pub appeal: Option<Appeal>,
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
    Ok(mark_case(core, caller, new)?.mark.id)
}

/// As [`mark`], and tells the mark as it stands.
pub fn mark_case(core: &Core, caller: &Caller, new: NewMark) -> Result<Case> {
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
        if let Some(organisation) = organisations::of(tx, account)? {
            MARKS_BY_ORGANISATION.put(tx, &(organisation, id), &())?;
        }
        tell(tx, now, &caller_again, (Verb::AccountMarked, id, account))?;
        case(tx, Mark { id, row: row.clone(), lift: None })
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

/// Passes for who may set marks against this account.
pub(super) fn require_may_mark(r: &impl Read, caller: &Caller, account: AccountId) -> Result<()> {
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
        let mark = require_managed(tx, &caller_again, id)?;
        if !mark.holds(now) {
            return Ok(Done::AlreadySo);
        }
        lift_within(tx, now, &caller_again, (&mark, &reason))?;
        appeals::settle(tx, now, &caller_again, (id, &reason))?;
        Ok(Done::Done)
    })
}

/// A mark, for who manages machines and has no fewer rights than the marked account. Fails with `Denied(..)`, and with
/// `NotFound(Mark)`.
pub(super) fn require_managed(r: &impl Read, caller: &Caller, id: MarkId) -> Result<Mark> {
    server_roles::reach(r, caller, ServerPermission::ManageMachines)?;
    let mark = find(r, id)?.ok_or(Error::NotFound(Thing::Mark))?;
    server_roles::require_over(r, caller, ServerPermission::ManageMachines, mark.row.account)?;
    Ok(mark)
}

/// Lifts a mark that holds; appeals are the caller's matter.
pub(super) fn lift_within(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (mark, reason): (&Mark, &str)) -> Result<()> {
    let (id, account) = (mark.id, mark.row.account);
    LIFT_BY_MARK.put(tx, &id, &Lift { by: caller.account_id(), at: now, reason: reason.to_owned() })?;
    OPEN_MARKS_BY_ACCOUNT.remove(tx, &(account, id))?;
    tell(tx, now, caller, (Verb::MarkLifted, id, account))
}

/// A mark by its number.
pub(super) fn find(r: &impl Read, id: MarkId) -> Result<Option<Mark>> {
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

/// All marks, newest first, lifted ones included; for who looks after one organisation those against its members. Needs the
/// permission to manage machines.
pub fn list(core: &Core, caller: &Caller, ask: Ask<MarkId>) -> Result<Page<Mark, MarkId>> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ManageMachines)?;
        let wanted = ask.items();
        if let Reach::Organisation(organisation) = reach {
            return list_within(view, organisation, ask);
        }
        let rows = MARK_BY_ID.list(view, &(), ask.after.as_ref(), Order::Descending, wanted + 1)?;
        let page = Page::of(rows, wanted, |(id, _)| *id);
        let items = page.items.into_iter().map(|(id, row)| Ok(Mark { id, row, lift: LIFT_BY_MARK.get(view, &id)? }));
        Ok(Page { items: items.collect::<Result<Vec<_>>>()?, next: page.next })
    })
}

/// The marks against members of an organisation, newest first.
fn list_within(r: &impl Read, organisation: OrganisationId, ask: Ask<MarkId>) -> Result<Page<Mark, MarkId>> {
    let after = ask.after.map(|id| (organisation, id));
    let most = ask.items().saturating_add(1);
    let keys = MARKS_BY_ORGANISATION.keys(r, &organisation, after.as_ref(), Order::Descending, most)?;
    let page = Page::of(keys, ask.items(), |(_, id)| *id);
    let found = page.items.into_iter().map(|(_, id)| find(r, id));
    Ok(Page { items: found.filter_map(Result::transpose).collect::<Result<_>>()?, next: page.next })
}

/// A mark by its number with all that belongs to it. Needs the permission to manage machines; fails with `NotFound(Mark)`, also for
/// who looks after an organisation to which the account does not belong.
pub fn get(core: &Core, caller: &Caller, id: MarkId) -> Result<Case> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ManageMachines)?;
        let mark = find(view, id)?.ok_or(Error::NotFound(Thing::Mark))?;
        if reach.takes_in(view, mark.row.account)? { case(view, mark) } else { Err(Error::NotFound(Thing::Mark)) }
    })
}

/// Makes the marks against an account part of those of its new organisation. Fails with `OverLimit(Marks)` for too many.
pub(crate) fn joined(tx: &mut Tx<'_>, account: AccountId, organisation: OrganisationId) -> Result<()> {
    let most = ORGANISATION_MARKS_MOVED_MAX;
    let keys = MARKS_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, most.saturating_add(1))?;
    if keys.len() > most {
        return Err(Error::OverLimit(Limit::Marks));
    }
    for (_, id) in keys {
        MARKS_BY_ORGANISATION.put(tx, &(organisation, id), &())?;
        appeals::joined(tx, id, organisation)?;
    }
    Ok(())
}

/// Takes the marks against an account out of those of the organisation that it leaves.
pub(crate) fn left(tx: &mut Tx<'_>, account: AccountId, organisation: OrganisationId) -> Result<()> {
    let mut after = None;
    loop {
        let keys = MARKS_BY_ACCOUNT.keys(tx, &account, after.as_ref(), Order::Ascending, PAGE_ITEMS_MAX)?;
        let Some(last) = keys.last() else { return Ok(()) };
        after = Some(*last);
        for (_, id) in keys {
            MARKS_BY_ORGANISATION.remove(tx, &(organisation, id))?;
            appeals::left(tx, id, organisation)?;
        }
    }
}

/// As [`list`], each with all that belongs to it.
pub fn list_cases(core: &Core, caller: &Caller, ask: Ask<MarkId>) -> Result<Page<Case, MarkId>> {
    let page = list(core, caller, ask)?;
    core.read(|view| {
        let items = page.items.into_iter().map(|mark| case(view, mark));
        Ok(Page { items: items.collect::<Result<_>>()?, next: page.next })
    })
}

/// The marks against the caller's own account, newest first, lifted ones included.
pub fn list_mine(core: &Core, caller: &Caller, ask: Ask<MarkId>) -> Result<Page<Case, MarkId>> {
    let (account, wanted) = (caller.require_account()?, ask.items());
    core.read(|view| {
        let after = ask.after.map(|id| (account, id));
        let keys = MARKS_BY_ACCOUNT.keys(view, &account, after.as_ref(), Order::Descending, wanted + 1)?;
        let page = Page::of(keys, wanted, |(_, id)| *id);
        let found = page.items.into_iter().map(|(_, id)| find(view, id));
        let items = found.filter_map(Result::transpose).map(|mark| case(view, mark?));
        Ok(Page { items: items.collect::<Result<_>>()?, next: page.next })
    })
}

/// A mark with what was brought forward for it and against it.
pub(super) fn case(r: &impl Read, mark: Mark) -> Result<Case> {
    Ok(Case { evidence: evidence::of_mark(r, mark.id)?, appeal: appeals::find(r, mark.id)?, mark })
}

/// Takes words, machines and evidence out of marks against an account that goes away; says of how many. Numbers stay.
pub(super) fn forget_some(tx: &mut Tx<'_>, account: AccountId, most: usize) -> Result<usize> {
    let keys = MARKS_BY_ACCOUNT.keys(tx, &account, None, Order::Ascending, most)?;
    let organisation = organisations::of(tx, account)?;
    for (_, id) in &keys {
        if let Some(organisation) = organisation {
            MARKS_BY_ORGANISATION.remove(tx, &(organisation, *id))?;
        }
        if let Some(mark) = find(tx, *id)? {
            MARK_BY_ID.put(tx, id, &MarkRow { reason: String::new(), code: None, ..mark.row })?;
            if let Some(lift) = mark.lift {
                LIFT_BY_MARK.put(tx, id, &Lift { reason: String::new(), ..lift })?;
            }
        }
        evidence::forget_mark(tx, *id)?;
        appeals::forget(tx, *id)?;
        MARKS_BY_ACCOUNT.remove(tx, &(account, *id))?;
        OPEN_MARKS_BY_ACCOUNT.remove(tx, &(account, *id))?;
    }
    Ok(keys.len())
}
