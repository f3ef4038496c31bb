//! What a call is, its rows, and how long it stays when nobody is in it.

use chatelaine_store::{Order, Read, Row};
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Result, Thing};
use crate::ids::{AccountId, CallId};
use crate::lapsing::due;
use crate::limits::{
    CALL_DESERTED_S, CALL_PEOPLE_MAX, CALL_TITLE_CHARS_MAX, CALL_UNUSED_S, CALLS_PER_ACCOUNT_MAX, CALLS_SWEPT_PER_WRITE,
};
use crate::schema::{CALL_BY_ID, CALLER_BY_CALL, CALLS, CALLS_BY_ACCOUNT, CALLS_BY_END};
use crate::{Core, Tx};

/// A call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallRow {
    /// Who opened it.
    pub creator: AccountId,
    /// What it is called.
    pub title: Option<String>,
    /// Whether it goes when the last who joined has left.
    pub auto_delete: bool,
    /// Whether people need no invitation.
    pub open_join: bool,
    /// How many people have a row in it.
    pub people: u32,
    /// How many are members.
    pub members: u32,
    /// How many have joined.
    pub joined: u32,
    /// Whether anybody ever joined.
    pub used: bool,
    /// When it goes unless somebody comes.
    pub ends_at: Option<Stamp>,
    /// When it was opened.
    pub created_at: Stamp,
}

impl Row for CallRow {}

/// What somebody is in a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Part {
    /// May join, sees who else may.
    pub member: bool,
    /// May invite, put out and make others admins.
    pub admin: bool,
    /// May become a member.
    pub invited: bool,
    /// Is there.
    pub joined: bool,
}

impl Row for Part {}

/// What a new call shall be.
#[derive(Clone, Debug, Default)]
pub struct NewCall {
    /// What to call it.
    pub title: Option<String>,
    /// Whether it goes when the last who joined has left.
    pub auto_delete: bool,
    /// Whether people need no invitation.
    pub open_join: bool,
}

/// Opens a call. Who opens it is a member and an admin, and has not joined yet.
/// Fails with `Invalid(Title, TooLong)` or, after too many, with `OverLimit(Rooms)`.
pub fn open(core: &Core, caller: &Caller, new: NewCall) -> Result<CallId> {
    let creator = caller.require_account()?;
    if new.title.as_ref().is_some_and(|title| title.chars().count() > CALL_TITLE_CHARS_MAX) {
        return Err(Error::Invalid(Field::Title, Flaw::TooLong));
    }
    let now = core.now();
    core.write(caller, move |tx| {
        let id = CallId::new(tx.count_up(&CALLS)?);
        let row = CallRow {
            creator,
            title: new.title.clone(),
            auto_delete: new.auto_delete,
            open_join: new.open_join,
            people: 0,
            members: 0,
            joined: 0,
            used: false,
            ends_at: None,
            created_at: now,
        };
        let mut call = Open { id, row };
        call.change(tx, creator, |part| Part { member: true, admin: true, ..part })?;
        call.settle(tx, now, 0)?;
        Ok(id)
    })
}

/// A call that is being changed; `settle` writes what became of it.
pub(super) struct Open {
    pub(super) id: CallId,
    pub(super) row: CallRow,
}

impl Open {
    /// The call. Fails with `NotFound(Call)`.
    pub(super) fn get(r: &impl Read, id: CallId) -> Result<Self> {
        let row = CALL_BY_ID.get(r, &id)?.ok_or(Error::NotFound(Thing::Call))?;
        Ok(Self { id, row })
    }

    /// What somebody is in it.
    pub(super) fn part(&self, r: &impl Read, account: AccountId) -> Result<Part> {
        Ok(CALLER_BY_CALL.get(r, &(self.id, account))?.unwrap_or_default())
    }

    /// Makes somebody something else. Fails with `OverLimit(Members)` when the call is full, with `OverLimit(Rooms)` when the
    /// person is in too many.
    pub(super) fn change(&mut self, tx: &mut Tx<'_>, account: AccountId, to: impl FnOnce(Part) -> Part) -> Result<()> {
        let old = self.part(tx, account)?;
        let new = to(old);
        if old == new {
            return Ok(());
        }
        let here = (self.id, account);
        self.row.people = counted(self.row.people, old != Part::default(), new != Part::default());
        self.row.members = counted(self.row.members, old.member, new.member);
        self.row.joined = counted(self.row.joined, old.joined, new.joined);
        self.row.used |= new.joined;
        if self.row.people > CALL_PEOPLE_MAX {
            return Err(Error::OverLimit(Limit::Members));
        }
        if new == Part::default() {
            CALLER_BY_CALL.remove(tx, &here)?;
        } else {
            CALLER_BY_CALL.put(tx, &here, &new)?;
        }
        if old.member && !new.member {
            CALLS_BY_ACCOUNT.remove(tx, &(account, self.id))?;
        } else if new.member && !old.member {
            if CALLS_BY_ACCOUNT.count(tx, &account, CALLS_PER_ACCOUNT_MAX)? >= CALLS_PER_ACCOUNT_MAX {
                return Err(Error::OverLimit(Limit::Rooms));
            }
            CALLS_BY_ACCOUNT.put(tx, &(account, self.id), &())?;
        }
        Ok(())
    }

    /// Writes the call, with the moment at which it goes: `keep_s` after the last one left.
    pub(super) fn settle(mut self, tx: &mut Tx<'_>, now: Stamp, keep_s: u64) -> Result<()> {
        let old = self.row.ends_at;
        // A moment that was set stays: who only looks in does not keep an empty call alive.
        self.row.ends_at = self.row.rest(keep_s).map(|rest| old.unwrap_or_else(|| now.plus_seconds(rest)));
        if let Some(at) = old.filter(|_| old != self.row.ends_at) {
            CALLS_BY_END.remove(tx, &(at, self.id))?;
        }
        if let Some(at) = self.row.ends_at {
            CALLS_BY_END.put(tx, &(at, self.id), &())?;
        }
        Ok(CALL_BY_ID.put(tx, &self.id, &self.row)?)
    }
}

impl CallRow {
    /// How long it stays as it is now; none is for ever.
    fn rest(&self, keep_s: u64) -> Option<u64> {
        match (self.auto_delete, self.joined, self.members) {
            (true, 0, _) if self.used => Some(keep_s),
            // Nobody ever came.
            (true, 0, _) => Some(CALL_UNUSED_S),
            // Nobody is left who could ask anybody in.
            (false, _, 0) => Some(CALL_DESERTED_S),
            _ => None,
        }
    }
}

fn counted(count: u32, before: bool, after: bool) -> u32 {
    match (before, after) {
        (false, true) => count.saturating_add(1),
        (true, false) => count.saturating_sub(1),
        (true, true) | (false, false) => count,
    }
}

/// Takes calls away whose time is over, as many as one command may; says how many. Safe to repeat until it says 0.
pub fn sweep(core: &Core) -> Result<usize> {
    let now = core.now();
    let ended = core.read(|view| due(view, &CALLS_BY_END, now, 1))?;
    if ended.is_empty() {
        return Ok(0);
    }
    core.write(&Caller::system(), move |tx| {
        let ended = due(tx, &CALLS_BY_END, now, CALLS_SWEPT_PER_WRITE)?;
        for (at, id) in &ended {
            CALLS_BY_END.remove(tx, &(*at, *id))?;
            CALL_BY_ID.remove(tx, id)?;
            for (_, account) in CALLER_BY_CALL.keys(tx, id, None, Order::Ascending, usize::MAX)? {
                CALLER_BY_CALL.remove(tx, &(*id, account))?;
                CALLS_BY_ACCOUNT.remove(tx, &(account, *id))?;
            }
        }
        Ok(ended.len())
    })
}
