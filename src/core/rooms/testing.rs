//! Builders for tests about rooms, roles and messages: people, friendships, blocks, groups.

use crate::Ask;
use crate::caller::Caller;
use crate::error::Result;
use crate::event::What;
use crate::friends::{self, Friend};
use crate::ids::{AccountId, EventId, RoomId};
use crate::rooms::{JoinRule, NewGroup};
use crate::schema::{EVENT_BY_ID, FRIEND_BY_PAIR};
use crate::testing::{START, World};
use chatelaine_store::Order;

/// The account of a caller.
pub(crate) fn id(caller: &Caller) -> AccountId {
    caller.account_id().unwrap()
}

/// An open group of default rules.
pub(crate) fn new_group(title: &str) -> NewGroup {
    NewGroup { join_rule: JoinRule::Open, ..NewGroup::titled(title) }
}

/// An open group of these people; the first one owns it.
pub(crate) fn group(world: &World, people: &[&Caller]) -> RoomId {
    let room = crate::rooms::open_group(&world.core, people[0], new_group("group")).unwrap().room.room.id;
    for caller in &people[1..] {
        crate::rooms::join(&world.core, caller, room, String::new()).unwrap();
    }
    room
}

/// Makes two people friends, as rows only.
pub(crate) fn befriend(world: &World, one: &Caller, other: &Caller) {
    let (one, other) = (id(one), id(other));
    let made = world.core.write(&Caller::system(), move |tx| -> Result<()> {
        let friend = Friend { since: START, room: None };
        FRIEND_BY_PAIR.put(tx, &(one, other), &friend)?;
        Ok(FRIEND_BY_PAIR.put(tx, &(other, one), &friend)?)
    });
    made.unwrap();
}

/// Lets the first block the second.
pub(crate) fn block(world: &World, by: &Caller, whom: &Caller) {
    friends::blocks::put(&world.core, by, id(whom)).unwrap();
}

/// Everything that happened so far, in order.
pub(crate) fn events(world: &World) -> Vec<(EventId, What)> {
    let rows = world.core.read(|view| EVENT_BY_ID.list(view, &(), None, Order::Ascending, 10_000)).unwrap();
    rows.into_iter().map(|(id, row)| (id, row.what)).collect()
}

/// The first page of a list, as long as pages get.
pub(crate) fn all<C>() -> Ask<C> {
    Ask { after: None, limit: 200 }
}
