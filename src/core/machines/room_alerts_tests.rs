//! Alerts in rooms: who switches them on, what is said and what is not, and that they end.

use std::time::Duration;

use super::alerts::{self, Alert, AlertKind};
use super::room_alerts::*;
use super::testing::*;
use super::{Release, bans, release};
use crate::Core;
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Reason, Result, Right, Thing};
use crate::ids::{AccountId, Offset, RoomId};
use crate::limits::ROOM_ALERTS_PER_HOUR;
use crate::messages::{self, MessageView, Where};
use crate::roles::{Parting, Permission};
use crate::rooms::testing::{group, id};
use crate::rooms::{self, RoomChange};
use crate::schema;
use crate::server_roles::{self, ServerPermission};
use crate::testing::World;

fn said(core: &Core, who: &Caller, room: RoomId) -> Vec<MessageView> {
    messages::history(core, who, room, Where::Newest, 200).unwrap().items
}

fn texts(core: &Core, who: &Caller, room: RoomId) -> Vec<String> {
    said(core, who, room).into_iter().map(|message| message.text).collect()
}

#[test]
fn what_happens_to_machines_is_said_in_rooms_that_want_to_know() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let manager = manager(&world);
    let room = group(&world, &[&manager, &ann]);
    assert_eq!(get(core, &manager, room), Ok(vec![]));
    assert_eq!(set(core, &manager, room, &[Topic::Ban, Topic::Binding]), Ok(vec![Topic::Binding, Topic::Ban]));
    assert_eq!(get(core, &manager, room), Ok(vec![Topic::Binding, Topic::Ban]));
    let machine = bound(core, &ann, 7);
    bound(core, &bob, 8);
    bans::ban(core, &Caller::operator(), machine.id, (Until::Forever, "Ann cheats")).unwrap();
    release(core, &bob, &code(8), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    let stars = "*".repeat(24);
    assert_eq!(
        texts(core, &ann, room),
        [
            format!("[server] Machine 1 (0000{stars}0007) of ann: bound."),
            format!("[server] Machine 2 (0000{stars}0008): bound."),
            format!("[server] Machine 1 (0000{stars}0007) of ann: banned."),
            format!("[server] Machine 2 (0000{stars}0008): released."),
        ]
    );
    let first = said(core, &ann, room).remove(0);
    assert_eq!((first.sender, first.from), (id(&manager), Dialect::Console), "in his name, by the server");
    let member = core.read(|view| schema::MEMBER_BY_ROOM.get(view, &(room, id(&manager)))).unwrap().unwrap();
    assert_eq!(member.read_offset, Offset::START, "he has not read it");
    assert_eq!(set(core, &manager, room, &[]), Ok(vec![]));
    bound(core, &bob, 9);
    assert_eq!(texts(core, &ann, room).len(), 4);
    assert_eq!(core.read(|view| schema::ALERTED_ROOMS.first(view, &())), Ok(None));
}

#[test]
fn a_refused_deed_says_nothing() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let room = group(&world, &[&manager]);
    set(core, &manager, room, &Topic::ALL).unwrap();
    bound(core, &ann, 1);
    assert!(try_bind(core, &ann, 1).is_err());
    assert_eq!(texts(core, &manager, room).len(), 1);
}

#[test]
fn it_takes_a_role_in_the_room_and_one_on_the_server() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let (ours, of_ann) = (group(&world, &[&manager, &ann]), group(&world, &[&ann, &manager]));
    let lacks = Error::Denied(Right::Server(ServerPermission::ManageMachines));
    assert_eq!(set(core, &ann, of_ann, &[Topic::Ban]), Err(lacks));
    assert_eq!(get(core, &ann, of_ann), Err(lacks));
    assert_eq!(set(core, &manager, of_ann, &[Topic::Ban]), Err(Permission::SetTitle.denied()));
    assert_eq!(get(core, &manager, of_ann), Err(Permission::SetTitle.denied()));
    assert_eq!(set(core, &manager, RoomId::new(99), &[Topic::Ban]), Err(Error::NotFound(Thing::Room)));
    assert_eq!(set(core, &Caller::operator(), ours, &[Topic::Ban]), Err(Error::Refused(Reason::NotAPerson)));
    let change = RoomChange { encrypted: Some(true), ..RoomChange::default() };
    set(core, &manager, ours, &[Topic::Binding]).unwrap();
    rooms::change(core, &manager, ours, change).unwrap();
    bound(core, &ann, 1);
    assert!(texts(core, &manager, ours).is_empty(), "the server has no key");
    assert_eq!(set(core, &manager, ours, &[Topic::Ban]), Err(Error::Invalid(Field::Room, Flaw::Mismatch)));
}

#[test]
fn alerts_end_with_the_membership_the_right_or_the_room_of_who_wanted_them() {
    let world = World::new();
    let core = &world.core;
    let ann = world.person("ann");
    let people = ["one", "two", "three"].map(|name| official(&world, name, &[ServerPermission::ManageMachines]));
    let halls: Vec<RoomId> = people.iter().map(|who| group(&world, &[who, &ann])).collect();
    for (who, room) in people.iter().zip(&halls) {
        set(core, who, *room, &[Topic::Binding]).unwrap();
    }
    rooms::leave(core, &people[0], halls[0], Parting::Anyhow).unwrap();
    server_roles::revoke(core, &Caller::operator(), id(&people[1])).unwrap();
    rooms::delete(core, &people[2], halls[2]).unwrap();
    assert_eq!(core.read(|view| schema::ROOM_ALERTS.count(view, &(), 9)), Ok(2), "the room is gone with it");
    bound(core, &ann, 1);
    assert!(texts(core, &ann, halls[0]).is_empty() && texts(core, &ann, halls[1]).is_empty());
    assert_eq!(core.read(|view| schema::ROOM_ALERTS.first(view, &())), Ok(None));
    assert_eq!(core.read(|view| schema::ALERTED_ROOMS.first(view, &())), Ok(None));
}

#[test]
fn a_flood_is_cut_off_and_counted() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let room = group(&world, &[&manager]);
    set(core, &manager, room, &[Topic::Binding]).unwrap();
    let limit = ROOM_ALERTS_PER_HOUR;
    (1..=limit + 5).for_each(|number| drop(bound(core, &ann, number)));
    assert_eq!(texts(core, &manager, room).len(), limit as usize);
    world.clock.wind(Duration::from_secs(3_600));
    bound(core, &ann, 900);
    let last = texts(core, &manager, room).pop().unwrap();
    assert!(last.ends_with(": bound. 5 alerts before this one were too many to tell."), "{last}");
    bound(core, &ann, 901);
    assert!(texts(core, &manager, room).pop().unwrap().ends_with(": bound."));
}

#[test]
fn a_dead_machine_and_one_that_is_not_itself_are_told_too() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let room = group(&world, &[&manager]);
    set(core, &manager, room, &[Topic::Dead, Topic::Drift]).unwrap();
    let machine = bound(core, &ann, 1).id;
    let raise = |kind, account: AccountId| -> Result<()> {
        let now = core.now();
        let alert = Alert { kind, machine: Some(machine), account, other: None };
        core.write(&Caller::system(), move |tx| alerts::raise(tx, now, alert))
    };
    raise(AlertKind::Dead, id(&ann)).unwrap();
    raise(AlertKind::DriftRefused, id(&ann)).unwrap();
    raise(AlertKind::Overage, id(&ann)).unwrap();
    let told = texts(core, &manager, room);
    assert!(told[0].ends_with(": no sign of life.") && told[1].ends_with(": shows components that are not its own."));
    assert_eq!(told.len(), 2);
}
