//! Roles on the memory engine: who may make, change and give which.

use super::*;
use crate::Caller;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::ids::{RoleId, RoomId};
use crate::messages::{self, NewMessage};
use crate::page::Done;
use crate::rooms::testing::{group, id};
use crate::rooms::{self, RoomChange};
use crate::testing::World;

fn new(name: &str, permissions: &[Permission]) -> NewRole {
    NewRole { name: name.to_owned(), description: String::new(), permissions: Permissions::of(permissions) }
}

fn give(world: &World, by: &Caller, room: RoomId, to: &Caller, role: RoleId) -> Result<Done> {
    set_member_role(&world.core, by, (room, id(to)), role, Parting::KeepAnOwner)
}

#[test]
fn an_own_role_opens_exactly_what_it_lists() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let scribe = add(&world.core, &ann, room, new("scribe", &[Permission::SetTitle])).unwrap();
    assert_eq!(scribe.id, RoleId::new(4), "the built-in ones take the numbers before");
    assert_eq!(give(&world, &ann, room, &bob, scribe.id), Ok(Done::Done));
    assert_eq!(give(&world, &ann, room, &bob, scribe.id), Ok(Done::AlreadySo));
    let title = RoomChange { title: Some("x".into()), ..RoomChange::default() };
    assert!(rooms::change(&world.core, &bob, room, title).is_ok());
    let silent = messages::send(&world.core, &bob, NewMessage::text(room, "x")).map(|_| ());
    assert_eq!(silent, Err(Permission::SendMessage.denied()));
    let member = rooms::get_member(&world.core, &ann, room, id(&bob)).unwrap();
    assert_eq!((member.role, member.role_name.as_str()), (scribe.id, "scribe"));
}

#[test]
fn only_holders_of_the_right_make_and_give_roles() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob, &cid]);
    give(&world, &ann, room, &bob, ADMIN).unwrap();
    let denied = Permission::SetRole.denied();
    assert_eq!(add(&world.core, &bob, room, new("x", &[])), Err(denied));
    assert_eq!(give(&world, &bob, room, &cid, ADMIN), Err(denied));
    let stranger = world.person("dan");
    assert_eq!(add(&world.core, &stranger, room, new("x", &[])), Err(Error::Refused(Reason::NotAMember)));
}

#[test]
fn nobody_gives_or_takes_what_he_does_not_hold() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob, &cid]);
    let herald = [Permission::SendMessage, Permission::SetRole, Permission::SetTitle];
    let herald = add(&world.core, &ann, room, new("herald", &herald)).unwrap().id;
    give(&world, &ann, room, &bob, herald).unwrap();
    assert_eq!(give(&world, &bob, room, &cid, OWNER), Err(Permission::Ban.denied()));
    assert_eq!(give(&world, &bob, room, &ann, MEMBER), Err(Permission::Ban.denied()));
    assert_eq!(add(&world.core, &bob, room, new("x", &[Permission::Kick])), Err(Permission::Kick.denied()));
    let more = RoleChange { permissions: Some(Permissions::ALL), ..RoleChange::default() };
    assert!(change(&world.core, &bob, room, herald, more).is_err());
    assert_eq!(give(&world, &bob, room, &cid, herald), Ok(Done::Done));
    assert_eq!(give(&world, &bob, room, &cid, MEMBER), Ok(Done::Done));
}

#[test]
fn the_room_may_be_given_away_and_always_keeps_somebody_who_can_give_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let last = Err(Error::Refused(Reason::LastOwner));
    assert_eq!(give(&world, &ann, room, &ann, MEMBER), last);
    give(&world, &ann, room, &bob, OWNER).unwrap();
    assert_eq!(give(&world, &ann, room, &ann, MEMBER), Ok(Done::Done));
    assert_eq!(give(&world, &bob, room, &bob, MEMBER), last);
    let anyhow = set_member_role(&world.core, &bob, (room, id(&bob)), MEMBER, Parting::Anyhow);
    assert_eq!(anyhow, Ok(Done::Done), "one protocol allows it");
}

#[test]
fn a_role_that_keeps_the_room_cannot_lose_that_right_or_vanish() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let all = NewRole { name: "king".into(), description: String::new(), permissions: Permissions::ALL };
    let king = add(&world.core, &ann, room, all).unwrap().id;
    give(&world, &ann, room, &bob, king).unwrap();
    give(&world, &ann, room, &ann, MEMBER).unwrap();
    let weaker = RoleChange { permissions: Some(Permissions::NONE), ..RoleChange::default() };
    let last = Error::Refused(Reason::LastOwner);
    assert_eq!(change(&world.core, &bob, room, king, weaker), Err(last));
    assert_eq!(remove(&world.core, &bob, room, king), Err(last));
}

#[test]
fn holders_of_a_removed_role_fall_back_to_the_default() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let cook = add(&world.core, &ann, room, new("cook", &[])).unwrap().id;
    give(&world, &ann, room, &bob, cook).unwrap();
    assert_eq!(remove(&world.core, &ann, room, cook), Ok(()));
    assert_eq!(rooms::get_mine(&world.core, &bob, room).unwrap().me.role, MEMBER);
    assert_eq!(get(&world.core, &ann, cook), Err(Error::NotFound(Thing::Role)));
    assert_eq!(list(&world.core, &ann, room).unwrap().len(), 3);
}

#[test]
fn built_in_roles_and_roles_of_other_rooms_are_out_of_reach() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (room, other) = (group(&world, &[&ann, &bob]), group(&world, &[&ann]));
    let cook = add(&world.core, &ann, other, new("cook", &[])).unwrap().id;
    let built_in = Err(Error::Refused(Reason::BuiltIn));
    assert_eq!(change(&world.core, &ann, room, ADMIN, RoleChange::default()).map(|_| ()), built_in);
    assert_eq!(remove(&world.core, &ann, room, MEMBER), built_in);
    let unknown = Err(Error::NotFound(Thing::Role));
    assert_eq!(give(&world, &ann, room, &bob, cook), unknown);
    assert_eq!(give(&world, &ann, room, &bob, RoleId::new(99)), unknown);
    assert_eq!(get(&world.core, &bob, cook), Err(Error::Refused(Reason::NotAMember)));
    assert!(get(&world.core, &bob, ADMIN).is_ok());
}

#[test]
fn own_roles_are_bounded_and_need_a_name() {
    let world = World::with_settings(|settings| settings.rooms.own_roles_max = 2);
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    assert_eq!(add(&world.core, &ann, room, new(" ", &[])), Err(Error::Invalid(Field::RoleName, Flaw::Empty)));
    let first = add(&world.core, &ann, room, new("a", &[])).unwrap().id;
    add(&world.core, &ann, room, new("b", &[])).unwrap();
    assert_eq!(add(&world.core, &ann, room, new("c", &[])), Err(Error::OverLimit(Limit::Roles)));
    remove(&world.core, &ann, room, first).unwrap();
    assert!(add(&world.core, &ann, room, new("c", &[])).is_ok());
}
