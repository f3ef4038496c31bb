//! Appeals: a marked account says once what speaks against a mark, and somebody who looks after machines answers once: the mark
//! is lifted or upheld, with words either way.
//!
//! Invariants: one appeal a mark; the list of open ones holds exactly those without an answer; lifting the mark in another way
//! answers its appeal. The words go with the data of the account.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use super::alerts;
use super::machine::check_reason;
use super::marks::{self, Case, Mark};
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Reason, Result, Thing};
use crate::event::{Audience, What};
use crate::event_log;
use crate::ids::{AccountId, MarkId, OrganisationId};
use crate::limits::APPEAL_CHARS_MAX;
use crate::organisations;
use crate::page::{Ask, Page};
use crate::schema::{APPEAL_BY_MARK, MARK_BY_ID, OPEN_APPEALS, OPEN_APPEALS_BY_ORGANISATION};
use crate::server_roles::{self, Reach, ServerPermission};
use crate::{Core, Tx};

/// An appeal as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Appeal {
    /// What the marked account says.
    pub text: String,
    /// When.
    pub at: Stamp,
    /// What became of it; none while it waits.
    pub answer: Option<Answer>,
}

impl Row for Appeal {}

/// The answer to an appeal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Who answered.
    pub by: AnsweredBy,
    /// When.
    pub at: Stamp,
    /// What became of the mark.
    pub verdict: Verdict,
    /// The words.
    pub text: String,
}

/// Who answered an appeal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AnsweredBy {
    /// Somebody who looks after machines.
    Manager(AccountId),
    /// The person who runs the server.
    Operator,
}

/// What became of a mark that was appealed against.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// It was lifted.
    Lifted,
    /// It stays.
    Upheld,
}

/// Appeals against a mark in force. Fails with `Invalid(Text, ..)`, `NotFound(Mark)` unless it is against the caller,
/// `Exists(Appeal)` for a second one, and `Refused(TooLate)` when the mark holds no more. Those who look after
/// machines hear of it.
pub fn appeal(core: &Core, caller: &Caller, mark: MarkId, text: &str) -> Result<Case> {
    let (text, account) = (check_text(text)?, caller.require_account()?);
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        let found = marks::find(tx, mark)?.filter(|found| found.row.account == account);
        let found = found.ok_or(Error::NotFound(Thing::Mark))?;
        if APPEAL_BY_MARK.has(tx, &mark)? {
            return Err(Error::Exists(Thing::Appeal));
        }
        if !found.holds(now) {
            return Err(Error::Refused(Reason::TooLate));
        }
        APPEAL_BY_MARK.put(tx, &mark, &Appeal { text: text.clone(), at: now, answer: None })?;
        OPEN_APPEALS.put(tx, &(now, mark), &())?;
        if let Some(organisation) = organisations::of(tx, account)? {
            OPEN_APPEALS_BY_ORGANISATION.put(tx, &(organisation, now, mark), &())?;
        }
        tell(tx, now, &caller_again, (Verb::MarkAppealed, &found))?;
        marks::case(tx, found)
    })
}

/// Answers an appeal, once. Needs the permission to manage machines and no fewer rights than the account has. Fails with
/// `Invalid(ReasonText, ..)`, `NotFound(Mark)`, `NotFound(Appeal)` and `Refused(AlreadyAnswered)`. The account hears of it.
pub fn answer(core: &Core, caller: &Caller, mark: MarkId, (verdict, text): (Verdict, &str)) -> Result<Case> {
    let text = check_reason(text)?;
    if text.is_empty() {
        return Err(Error::Invalid(Field::ReasonText, Flaw::Empty));
    }
    let (now, caller_again) = (core.now(), caller.clone());
    core.write(caller, move |tx| {
        let found = marks::require_managed(tx, &caller_again, mark)?;
        let appeal = APPEAL_BY_MARK.get(tx, &mark)?.ok_or(Error::NotFound(Thing::Appeal))?;
        if appeal.answer.is_some() {
            return Err(Error::Refused(Reason::AlreadyAnswered));
        }
        if verdict == Verdict::Lifted && found.holds(now) {
            marks::lift_within(tx, now, &caller_again, (&found, &text))?;
        }
        close(tx, now, (mark, appeal), (by(&caller_again), verdict, &text))?;
        tell(tx, now, &caller_again, (Verb::AppealAnswered, &found))?;
        let found = marks::find(tx, mark)?.ok_or(Error::NotFound(Thing::Mark))?;
        marks::case(tx, found)
    })
}

/// Answers the open appeal against a mark that is lifted in another way, if there is one.
pub(super) fn settle(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (mark, reason): (MarkId, &str)) -> Result<()> {
    match APPEAL_BY_MARK.get(tx, &mark)? {
        Some(appeal) if appeal.answer.is_none() => {
            close(tx, now, (mark, appeal), (by(caller), Verdict::Lifted, reason))
        }
        Some(_) | None => Ok(()),
    }
}

fn close(
    tx: &mut Tx<'_>,
    now: Stamp,
    (mark, appeal): (MarkId, Appeal),
    (by, verdict, text): (AnsweredBy, Verdict, &str),
) -> Result<()> {
    no_longer_open(tx, mark, appeal.at)?;
    let answer = Answer { by, at: now, verdict, text: text.to_owned() };
    Ok(APPEAL_BY_MARK.put(tx, &mark, &Appeal { answer: Some(answer), ..appeal })?)
}

fn no_longer_open(tx: &mut Tx<'_>, mark: MarkId, at: Stamp) -> Result<()> {
    OPEN_APPEALS.remove(tx, &(at, mark))?;
    let Some(row) = MARK_BY_ID.get(tx, &mark)? else { return Ok(()) };
    match organisations::of(tx, row.account)? {
        Some(organisation) => Ok(OPEN_APPEALS_BY_ORGANISATION.remove(tx, &(organisation, at, mark))?),
        None => Ok(()),
    }
}

/// Makes the open appeal against a mark, if there is one, part of those of the account's new organisation.
pub(super) fn joined(tx: &mut Tx<'_>, mark: MarkId, organisation: OrganisationId) -> Result<()> {
    match find(tx, mark)? {
        Some(Appeal { at, answer: None, .. }) => {
            Ok(OPEN_APPEALS_BY_ORGANISATION.put(tx, &(organisation, at, mark), &())?)
        }
        Some(_) | None => Ok(()),
    }
}

/// Takes the appeal against a mark out of those of the organisation that the account leaves.
pub(super) fn left(tx: &mut Tx<'_>, mark: MarkId, organisation: OrganisationId) -> Result<()> {
    match find(tx, mark)? {
        Some(Appeal { at, .. }) => Ok(OPEN_APPEALS_BY_ORGANISATION.remove(tx, &(organisation, at, mark))?),
        None => Ok(()),
    }
}

fn by(caller: &Caller) -> AnsweredBy {
    caller.account_id().map_or(AnsweredBy::Operator, AnsweredBy::Manager)
}

fn tell(tx: &mut Tx<'_>, now: Stamp, caller: &Caller, (verb, mark): (Verb, &Mark)) -> Result<()> {
    let (id, account) = (mark.id, mark.row.account);
    audit::record(tx, now, caller, verb, &format!("mark {id}"), &format!("account {account}"))?;
    // Who looks after machines sees that somebody waits.
    let told = if verb == Verb::MarkAppealed { alerts::managers(tx)? } else { Vec::new() };
    let told = Audience::accounts(told).and_account(account);
    event_log::record(tx, now, told, What::MarkChanged { account })?;
    Ok(())
}

fn check_text(text: &str) -> Result<String> {
    let text = text.trim();
    let flaw = if text.is_empty() {
        Flaw::Empty
    } else if text.chars().count() > APPEAL_CHARS_MAX {
        Flaw::TooLong
    } else if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        Flaw::Malformed
    } else {
        return Ok(text.to_owned());
    };
    Err(Error::Invalid(Field::Text, flaw))
}

/// The appeal against a mark, if there is one.
pub(super) fn find(r: &impl Read, mark: MarkId) -> Result<Option<Appeal>> {
    Ok(APPEAL_BY_MARK.get(r, &mark)?)
}

/// Marks with an appeal that waits, the oldest appeal first; for who looks after one organisation those against its members. Needs
/// the permission to manage machines.
pub fn list_open(core: &Core, caller: &Caller, ask: Ask<(Stamp, MarkId)>) -> Result<Page<Case, (Stamp, MarkId)>> {
    core.read(|view| {
        let reach = server_roles::reach(view, caller, ServerPermission::ManageMachines)?;
        let wanted = ask.items();
        let keys = if let Reach::Organisation(own) = reach {
            let after = ask.after.map(|(at, mark)| (own, at, mark));
            let keys = OPEN_APPEALS_BY_ORGANISATION.keys(view, &own, after.as_ref(), Order::Ascending, wanted + 1)?;
            keys.into_iter().map(|(_, at, mark)| (at, mark)).collect()
        } else {
            OPEN_APPEALS.keys(view, &(), ask.after.as_ref(), Order::Ascending, wanted + 1)?
        };
        let page = Page::of(keys, wanted, |key| *key);
        let found = page.items.into_iter().map(|(_, mark)| marks::find(view, mark));
        // One that went between the two reads is not there any more.
        let cases = found.filter_map(Result::transpose).map(|mark| marks::case(view, mark?));
        Ok(Page { items: cases.collect::<Result<_>>()?, next: page.next })
    })
}

/// Takes the appeal against a mark away with all its words.
pub(super) fn forget(tx: &mut Tx<'_>, mark: MarkId) -> Result<()> {
    if let Some(appeal) = APPEAL_BY_MARK.get(tx, &mark)? {
        no_longer_open(tx, mark, appeal.at)?;
        APPEAL_BY_MARK.remove(tx, &mark)?;
    }
    Ok(())
}
