//! Letting somebody in without waiting for a request, for protocols in which an answer needs no question. Whoever may answer
//! requests may do so; what waited is answered by it too.

use crate::accounts;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Result, Thing};
use crate::event::{Audience, Enclosure, What};
use crate::friends::asked;
use crate::ids::{AccountId, RoomId};
use crate::limits::KEY_BYTES_MAX;
use crate::roles::{self, Permission};
use crate::rooms::{Answer, joining, members, people};
use crate::schema::REQUEST_BY_ROOM;
use crate::{Core, event_log};

/// Somebody who is let in or turned away.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Where.
    pub room: RoomId,
    /// Whom.
    pub account: AccountId,
    /// In or not.
    pub answer: Answer,
    /// The key of an encrypted room, closed for him; handed on unread.
    pub key: Option<Vec<u8>>,
}

/// Lets somebody into a group or turns him away, whether or not he asked, and tells him. Bans are not looked at: who may let
/// people in decides anew. Fails with `Denied`, `NotFound(Account)`, `Exists(Member)`, `Refused(AccountClosed | Blocked |
/// RoomKind)`, `Invalid(Text, TooLong)` for the key, `OverLimit(Members | Rooms)`, or `TooFast` after bringing the same person
/// in too often who did not ask.
pub fn admit(core: &Core, caller: &Caller, new: Admission) -> Result<()> {
    let Admission { room, account, answer, key } = new;
    let (settings, now, who) = (core.settings(), core.now(), caller.clone());
    core.write(caller, move |tx| {
        let standing = members::require(tx, &settings, &who, room)?;
        roles::require(&standing, Permission::AcceptJoin)?;
        members::require_group(&standing.row)?;
        if key.as_ref().is_some_and(|key| key.len() > KEY_BYTES_MAX) {
            return Err(Error::Invalid(Field::Text, Flaw::TooLong));
        }
        accounts::get(tx, account)?;
        if members::find(tx, room, account)?.is_some() {
            return Err(Error::Exists(Thing::Member));
        }
        let accepted = answer == Answer::Accept;
        if accepted {
            people::require_reachable(tx, standing.account, account)?;
        }
        if !REQUEST_BY_ROOM.has(tx, &(room, account))? {
            // Nobody is pulled in, or told that he is not wanted, again and again.
            asked::count(tx, now, (standing.account, account), Some(room))?;
        }
        if accepted {
            let by = Some(standing.account);
            members::add_telling(tx, &settings, now, room, (account, standing.row.default_role, by))?;
        } else {
            joining::remove_request(tx, room, account)?;
        }
        let audience = Audience::room(room).and_account(account);
        let what = What::JoinAnswered { room, account, accepted, by: Some(standing.account) };
        event_log::record_with(tx, now, audience, what, key.clone().map(Enclosure::bytes))?;
        Ok(())
    })
}
