//! Asking for friendship and answering. One request per pair and direction: a new one replaces the old. Accepting writes both
//! sides of the friendship and opens the private room of the two, in one transaction. Lapsed requests count as gone.

use chatelaine_store::Order;

use super::asked;
use super::blocks;
use super::friend::{Friend, FriendRequest, are_friends, checked_alias, put_alias, touch_both};
use crate::accounts;
use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::event::{Audience, Enclosure, What};
use crate::event_log;
use crate::ids::{AccountId, RoomId};
use crate::limits::{FRIEND_REQUEST_LIFE_S, FRIEND_REQUESTS_MAX, FRIENDS_MAX, NOTE_CHARS_MAX};
use crate::rooms;
use crate::schema::{ALIAS_BY_REQUEST, FRIEND_BY_PAIR, FRIEND_REQUEST_BY_PAIR, FRIEND_REQUESTERS};
use crate::settings::Settings;
use crate::{Core, Tx, View};

/// What is said to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Yes.
    Accept,
    /// No.
    Decline,
}

/// The open requests of an account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Requests {
    /// Who asks the account.
    pub incoming: Vec<FriendRequest>,
    /// Whom the account asks.
    pub outgoing: Vec<FriendRequest>,
}

/// A request for friendship to be made.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Whom.
    pub to: AccountId,
    /// What is said with it.
    pub note: String,
    /// The private name that the other one gets as soon as he accepts.
    pub alias: Option<String>,
    /// For how many seconds it can be answered.
    pub for_s: u64,
}

/// An answer to a request for friendship.
#[derive(Clone, Debug)]
pub struct NewAnswer {
    /// Who asked.
    pub from: AccountId,
    /// Yes or no.
    pub answer: Answer,
    /// What is said with it.
    pub note: String,
    /// A number that the protocol of the two tells beside the answer.
    pub number: i64,
}

/// As [`ask_with`], for as long as requests usually can be answered and without a private name.
pub fn ask(core: &Core, caller: &Caller, to: AccountId, note: &str) -> Result<FriendRequest> {
    ask_with(core, caller, NewRequest { to, note: note.to_owned(), alias: None, for_s: FRIEND_REQUEST_LIFE_S })
}

/// Asks somebody for friendship. Fails with `Exists(Friend)`, `Invalid(Account, Oneself)`, `NotFound(Account)`,
/// `Refused(Blocked)` when either blocks the other, `Refused(AccountClosed)`, `OverLimit`, or `TooFast` after asking the same
/// person too often.
pub fn ask_with(core: &Core, caller: &Caller, new: NewRequest) -> Result<FriendRequest> {
    let NewRequest { to, for_s, .. } = new;
    let from = caller.require_account()?;
    if from == to {
        return Err(Error::Invalid(Field::Account, Flaw::Oneself));
    }
    let note = checked_note(&new.note)?;
    let alias = new.alias.as_deref().map(checked_alias).transpose()?.filter(|alias| !alias.is_empty());
    let now = core.now();
    core.write(caller, move |tx| {
        accounts::get_open(tx, to)?;
        if are_friends(tx, from, to)? {
            return Err(Error::Exists(Thing::Friend));
        }
        if blocks::is_blocked(tx, from, to)? || blocks::is_blocked(tx, to, from)? {
            return Err(Error::Refused(Reason::Blocked));
        }
        forget_lapsed(tx, from, now)?;
        let known = FRIEND_REQUEST_BY_PAIR.has(tx, &(from, to))?;
        if !known && FRIEND_REQUEST_BY_PAIR.count(tx, &from, FRIEND_REQUESTS_MAX)? >= FRIEND_REQUESTS_MAX {
            return Err(Error::OverLimit(Limit::Requests));
        }
        asked::count(tx, now, (from, to), None)?;
        let request = FriendRequest { from, to, note: note.clone(), at: now, expires_at: now.plus_seconds(for_s) };
        put_request(tx, &request, alias.as_ref())?;
        let audience = Audience::accounts(vec![from, to]);
        let what = What::FriendRequested { from, to };
        event_log::record_with(tx, now, audience, what, Enclosure::text(note.clone()))?;
        Ok(request)
    })
}

fn checked_note(note: &str) -> Result<String> {
    let note = note.trim();
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Error::Invalid(Field::Note, Flaw::TooLong));
    }
    Ok(note.to_owned())
}

fn put_request(tx: &mut Tx<'_>, request: &FriendRequest, alias: Option<&String>) -> Result<()> {
    let FriendRequest { from, to, .. } = request;
    FRIEND_REQUEST_BY_PAIR.put(tx, &(*from, *to), request)?;
    FRIEND_REQUESTERS.put(tx, &(*to, *from), &())?;
    match alias {
        Some(alias) => Ok(ALIAS_BY_REQUEST.put(tx, &(*from, *to), alias)?),
        None => Ok(ALIAS_BY_REQUEST.remove(tx, &(*from, *to))?),
    }
}

/// As [`answer_with`], without words.
pub fn answer(core: &Core, caller: &Caller, from: AccountId, answer: Answer) -> Result<Option<RoomId>> {
    answer_with(core, caller, NewAnswer { from, answer, note: String::new(), number: 0 })
}

/// Answers the request that somebody sent to the caller; it is used up either way. Accepting gives the private room of the
/// two, and the asker the private name he wanted. Fails with `NotFound(FriendRequest)`, `Exists(Friend)`,
/// `Refused(AccountClosed)`, `Invalid(Note, TooLong)` or `OverLimit(Friends)`.
pub fn answer_with(core: &Core, caller: &Caller, new: NewAnswer) -> Result<Option<RoomId>> {
    let me = caller.require_account()?;
    let NewAnswer { from, answer, number, .. } = new;
    let note = checked_note(&new.note)?;
    let (now, settings) = (core.now(), core.settings());
    core.write(caller, move |tx| {
        let request = FRIEND_REQUEST_BY_PAIR.get(tx, &(from, me))?;
        if request.is_none_or(|request| request.expires_at <= now) {
            return Err(Error::NotFound(Thing::FriendRequest));
        }
        let room = match answer {
            Answer::Accept => Some(befriend(tx, &settings, now, (from, me))?),
            Answer::Decline => None,
        };
        remove_request(tx, from, me)?;
        let what = What::FriendAnswered { from, to: me, accepted: room.is_some(), room };
        let enclosure = Enclosure { text: note.clone(), number, ..Enclosure::default() };
        event_log::record_with(tx, now, Audience::accounts(vec![from, me]), what, enclosure)?;
        Ok(room)
    })
}

fn befriend(tx: &mut Tx<'_>, settings: &Settings, now: Stamp, people: (AccountId, AccountId)) -> Result<RoomId> {
    let (one, other) = people;
    if are_friends(tx, one, other)? {
        return Err(Error::Exists(Thing::Friend));
    }
    accounts::get_open(tx, one)?;
    for account in [one, other] {
        if FRIEND_BY_PAIR.count(tx, &account, FRIENDS_MAX)? >= FRIENDS_MAX {
            return Err(Error::OverLimit(Limit::Friends));
        }
    }
    let (room, _) = rooms::ensure_private(tx, settings, now, people)?;
    let friend = Friend { since: now, room: Some(room) };
    FRIEND_BY_PAIR.put(tx, &(one, other), &friend)?;
    FRIEND_BY_PAIR.put(tx, &(other, one), &friend)?;
    if let Some(alias) = ALIAS_BY_REQUEST.get(tx, &(one, other))? {
        put_alias(tx, one, other, &alias)?;
    }
    // What the second asked of the first is answered by this too.
    remove_request(tx, other, one)?;
    touch_both(tx, one, other, now)?;
    Ok(room)
}

/// Takes the caller's request to somebody back. Fails with `NotFound(FriendRequest)`.
pub fn withdraw(core: &Core, caller: &Caller, to: AccountId) -> Result<()> {
    let me = caller.require_account()?;
    let now = core.now();
    core.write(caller, move |tx| {
        if !FRIEND_REQUEST_BY_PAIR.has(tx, &(me, to))? {
            return Err(Error::NotFound(Thing::FriendRequest));
        }
        remove_request(tx, me, to)?;
        let what = What::FriendAnswered { from: me, to, accepted: false, room: None };
        event_log::record(tx, now, Audience::accounts(vec![me, to]), what).map(|_| ())
    })
}

/// Lists the caller's open requests, both ways, at most `FRIEND_REQUESTS_MAX` each.
pub fn list_requests(core: &Core, caller: &Caller) -> Result<Requests> {
    let me = caller.require_account()?;
    let now = core.now();
    core.read(|view| {
        let rows = FRIEND_REQUEST_BY_PAIR.list(view, &me, None, Order::Ascending, FRIEND_REQUESTS_MAX)?;
        let outgoing = rows.into_iter().map(|(_, request)| request);
        Ok(Requests {
            incoming: incoming(view, me, now)?,
            outgoing: outgoing.filter(|request| now < request.expires_at).collect(),
        })
    })
}

fn incoming(view: &View<'_>, me: AccountId, now: Stamp) -> Result<Vec<FriendRequest>> {
    let mut requests = Vec::new();
    for (_, from) in FRIEND_REQUESTERS.keys(view, &me, None, Order::Ascending, FRIEND_REQUESTS_MAX)? {
        let request = FRIEND_REQUEST_BY_PAIR.get(view, &(from, me))?;
        requests.extend(request.filter(|request| now < request.expires_at));
    }
    Ok(requests)
}

fn forget_lapsed(tx: &mut Tx<'_>, from: AccountId, now: Stamp) -> Result<()> {
    for (_, request) in FRIEND_REQUEST_BY_PAIR.list(tx, &from, None, Order::Ascending, FRIEND_REQUESTS_MAX)? {
        if request.expires_at <= now {
            remove_request(tx, from, request.to)?;
        }
    }
    Ok(())
}

/// Takes all rows of a request away.
pub(crate) fn remove_request(tx: &mut Tx<'_>, from: AccountId, to: AccountId) -> Result<()> {
    FRIEND_REQUEST_BY_PAIR.remove(tx, &(from, to))?;
    ALIAS_BY_REQUEST.remove(tx, &(from, to))?;
    Ok(FRIEND_REQUESTERS.remove(tx, &(to, from))?)
}
