//! Rooms on the memory engine: getting in and out, what is refused, and races.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::testing::{all, befriend, block, events, group, id, new_group};
use super::*;
use crate::error::{Error, Field, Flaw, Limit, Reason, Right, Thing};
use crate::event::What;
use crate::ids::{AccountId, LinkId, RoomId};
use crate::limits::{INVITE_LIFE_S, ROOM_BATCH_MEMBERS, ROOM_TITLE_CHARS_MAX};
use crate::messages::{self, NewMessage};
use crate::page::{Ask, Done};
use crate::roles::{self, ADMIN, OWNER, Parting, Permission};
use crate::testing::World;
use crate::{Caller, Dialect, schema};
use chatelaine_store::Order;

const NOT_A_MEMBER: Error = Error::Refused(Reason::NotAMember);

fn denied(permission: Permission) -> Error {
    permission.denied()
}

fn members_of(world: &World, caller: &Caller, room: RoomId) -> Vec<AccountId> {
    let page = list_members(&world.core, caller, room, all()).unwrap();
    page.items.into_iter().map(|member| member.account).collect()
}

fn make_admin(world: &World, owner: &Caller, room: RoomId, who: &Caller) {
    let place = (room, id(who));
    assert_eq!(roles::set_member_role(&world.core, owner, place, ADMIN, Parting::KeepAnOwner), Ok(Done::Done));
}

#[test]
fn who_opens_a_group_owns_it_friends_are_in_and_others_invited() {
    let world = World::new();
    let [ann, bob, cid, dan] = ["ann", "bob", "cid", "dan"].map(|name| world.person(name));
    befriend(&world, &ann, &bob);
    block(&world, &dan, &ann);
    let nobody = AccountId::new(999);
    let mut new = new_group(" Kitchen ");
    new.members = vec![id(&ann), id(&bob), id(&bob), id(&cid), id(&dan), nobody];
    let opened = open_group(&world.core, &ann, new).unwrap();
    let room = opened.room.room.id;
    assert_eq!(opened.room.room.title, "Kitchen");
    assert_eq!(opened.room.me.role, OWNER);
    assert_eq!(opened.room.room.members_count, 2);
    assert_eq!(opened.failed, [id(&dan), nobody]);
    assert_eq!(members_of(&world, &bob, room), [id(&ann), id(&bob)]);
    let invites = list_invites(&world.core, &cid, all()).unwrap().items;
    assert_eq!(invites.len(), 1);
    assert_eq!((invites[0].room, invites[0].inviter), (room, id(&ann)));
    assert_eq!(get_mine(&world.core, &cid, room), Err(NOT_A_MEMBER));
}

#[test]
fn a_title_is_bounded_and_may_be_empty() {
    let world = World::new();
    let ann = world.person("ann");
    assert!(open_group(&world.core, &ann, new_group("")).is_ok());
    assert!(open_group(&world.core, &ann, new_group(&"x".repeat(ROOM_TITLE_CHARS_MAX))).is_ok());
    let long = new_group(&"x".repeat(ROOM_TITLE_CHARS_MAX + 1));
    let refused = open_group(&world.core, &ann, long).map(|_| ());
    assert_eq!(refused, Err(Error::Invalid(Field::Title, Flaw::TooLong)));
}

#[test]
fn two_people_have_one_private_room_whoever_opens_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (mine, done) = open_private(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!(done, Done::Done);
    let (theirs, done) = open_private(&world.core, &bob, id(&ann)).unwrap();
    assert_eq!((mine.room.id, done), (theirs.room.id, Done::AlreadySo));
    assert_eq!((mine.peer, theirs.peer), (Some(id(&bob)), Some(id(&ann))));
    assert_eq!((mine.me.role, theirs.me.role), (OWNER, OWNER));
    let oneself = open_private(&world.core, &ann, id(&ann)).map(|_| ());
    assert_eq!(oneself, Err(Error::Invalid(Field::Account, Flaw::Oneself)));
    let nobody = open_private(&world.core, &ann, AccountId::new(99)).map(|_| ());
    assert_eq!(nobody, Err(Error::NotFound(Thing::Account)));
}

#[test]
fn both_opening_at_once_meet_in_the_same_private_room() {
    let world = Arc::new(World::new());
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let open = |by: &Caller, with: AccountId| {
        let (world, by) = (Arc::clone(&world), by.clone());
        thread::spawn(move || open_private(&world.core, &by, with).unwrap().0.room.id)
    };
    let all: Vec<_> = (0..4).flat_map(|_| [open(&ann, id(&bob)), open(&bob, id(&ann))]).collect();
    let mut rooms: Vec<RoomId> = all.into_iter().map(|thread| thread.join().unwrap()).collect();
    rooms.dedup();
    assert_eq!(rooms.len(), 1);
}

#[test]
fn a_block_on_either_side_keeps_a_private_room_from_being_opened() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    block(&world, &ann, &bob);
    for (by, with) in [(&ann, &bob), (&bob, &ann)] {
        let refused = open_private(&world.core, by, id(with)).map(|_| ());
        assert_eq!(refused, Err(Error::Refused(Reason::Blocked)));
    }
}

#[test]
fn who_left_a_private_room_is_back_when_it_is_opened_again() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    assert_eq!(leave(&world.core, &bob, room, Parting::KeepAnOwner), Ok(Left::Left));
    let mine = get_mine(&world.core, &ann, room).unwrap();
    assert_eq!((mine.peer, mine.room.members_count), (Some(id(&bob)), 1));
    let (again, done) = open_private(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!((again.room.id, again.room.members_count, done), (room, 2, Done::Done));
    block(&world, &bob, &ann);
    assert_eq!(leave(&world.core, &bob, room, Parting::KeepAnOwner), Ok(Left::Left));
    let (alone, _) = open_private(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!(alone.room.members_count, 1, "a block keeps him from being brought back");
}

#[test]
fn the_last_one_out_deletes_the_room() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    assert_eq!(leave(&world.core, &ann, room, Parting::Anyhow), Ok(Left::Left));
    assert_eq!(leave(&world.core, &bob, room, Parting::KeepAnOwner), Ok(Left::RoomDeleted));
    assert_eq!(get(&world.core, &bob, room), Err(Error::NotFound(Thing::Room)));
    assert_eq!(leave(&world.core, &bob, room, Parting::Anyhow), Err(Error::NotFound(Thing::Room)));
}

#[test]
fn the_last_owner_hands_over_first_unless_the_protocol_lets_him_go() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let last = Err(Error::Refused(Reason::LastOwner));
    assert_eq!(leave(&world.core, &ann, room, Parting::KeepAnOwner), last);
    roles::set_member_role(&world.core, &ann, (room, id(&bob)), OWNER, Parting::KeepAnOwner).unwrap();
    assert_eq!(leave(&world.core, &ann, room, Parting::KeepAnOwner), Ok(Left::Left));
    assert_eq!(members_of(&world, &bob, room), [id(&bob)]);
}
