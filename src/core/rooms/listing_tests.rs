//! The list of all rooms: filters, pages, rolls, and who may see it.

use std::time::Duration;

use super::testing::{befriend, group, id, new_group};
use super::*;
use crate::PageNumber;
use crate::caller::{Caller, Dialect};
use crate::error::{Error, Right};
use crate::server_roles::ServerPermission;
use crate::testing::{START, World};

const FIRST: PageNumber = PageNumber { number: 1, size: 20 };

fn found(world: &World, filter: &RoomFilter, page: PageNumber) -> Vec<u64> {
    let rooms = list_all(&world.core, &Caller::operator(), filter, (page, Roll::Skipped)).unwrap();
    rooms.iter().map(|facts| facts.room.id.get()).collect()
}

#[test]
fn rooms_are_found_by_kind_title_age_owner_and_size() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let open = |by: &Caller, title: &str| open_group(&world.core, by, new_group(title)).unwrap().room.room.id.get();
    let kitchen = open(&ann, "Kitchen");
    world.clock.wind(Duration::from_secs(10));
    let garden = open(&bob, "kitchen garden");
    join(&world.core, &ann, crate::ids::RoomId::new(garden), String::new()).unwrap();
    befriend(&world, &ann, &bob);
    let private = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id.get();
    let all = RoomFilter::default();
    assert_eq!(found(&world, &all, FIRST), [kitchen, garden, private]);
    let by = |filter: RoomFilter| found(&world, &filter, FIRST);
    assert_eq!(by(RoomFilter { title: "KITCHEN".into(), ..all.clone() }), [kitchen, garden]);
    assert_eq!(by(RoomFilter { kinds: vec![RoomKind::Private], ..all.clone() }), [private]);
    assert_eq!(by(RoomFilter { kinds: vec![], ..all.clone() }), [0_u64; 0]);
    assert_eq!(by(RoomFilter { opened_to: Some(START), ..all.clone() }), [kitchen]);
    assert_eq!(by(RoomFilter { opened_from: Some(START.plus_seconds(10)), ..all.clone() }), [garden, private]);
    assert_eq!(by(RoomFilter { members: 2..=2, ..all.clone() }), [garden, private]);
    assert_eq!(by(RoomFilter { owner: Some(id(&ann)), ..all.clone() }), [kitchen, private]);
    assert_eq!(by(RoomFilter { owner: Some(id(&bob)), title: "g".into(), ..all }), [garden]);
}

#[test]
fn pages_are_counted_from_one() {
    let world = World::new();
    let ann = world.person("ann");
    let rooms: Vec<u64> = (0..5).map(|_| group(&world, &[&ann]).get()).collect();
    for owner in [None, ann.account_id()] {
        let filter = RoomFilter { owner, ..RoomFilter::default() };
        let page = |number| found(&world, &filter, PageNumber { number, size: 2 });
        assert_eq!(page(1), rooms[..2]);
        assert_eq!(page(3), rooms[4..]);
        assert_eq!(page(4), [0_u64; 0]);
    }
}

#[test]
fn the_roll_is_told_to_who_looks_after_all_rooms_and_to_nobody_else() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let chief = Caller::account(world.administrator("chief").id, Dialect::Ourchat);
    let filter = RoomFilter::default();
    let listed = list_all(&world.core, &chief, &filter, (FIRST, Roll::Wanted)).unwrap();
    assert_eq!(listed[0].room.id, room);
    let members = listed[0].members.as_ref().unwrap();
    assert_eq!(members.iter().map(|(account, _)| *account).collect::<Vec<_>>(), [id(&ann), id(&bob)]);
    let denied = Error::Denied(Right::Server(ServerPermission::ManageRooms));
    assert_eq!(list_all(&world.core, &ann, &filter, (FIRST, Roll::Skipped)), Err(denied));
}
