//! What protocols with other habits than ours ask of rooms: facts for outsiders, people let in unasked, invitations named by
//! their inviter, restrictions of many, the end of a private room, and one room for everybody.

use std::time::Duration;

use super::testing::*;
use super::*;
use crate::error::{Error, Reason, Thing};
use crate::event::What;
use crate::friends;
use crate::ids::RoomId;
use crate::page::Done;
use crate::roles::{MEMBER, OWNER, Permission};
use crate::testing::World;

fn asking(world: &World, owner: &crate::Caller) -> RoomId {
    let new = NewGroup { join_rule: JoinRule::Request, ..new_group("asking") };
    open_group(&world.core, owner, new).unwrap().room.room.id
}

#[test]
fn outsiders_learn_the_facts_of_a_hidden_room_only_where_the_protocol_promises_them() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    let ask = |who: &crate::Caller, outsiders| facts(&world.core, who, room, (outsiders, Roll::Wanted));
    assert_eq!(ask(&cid, Outsiders::AsListed), Err(Error::NotFound(Thing::Room)));
    let told = ask(&cid, Outsiders::All).unwrap();
    assert_eq!((told.room.members_count, told.members), (2, None));
    let roll = vec![(id(&ann), OWNER), (id(&bob), OWNER)];
    assert_eq!(ask(&bob, Outsiders::AsListed).unwrap().members, Some(roll));
    let missing = facts(&world.core, &cid, RoomId::new(99), (Outsiders::All, Roll::Skipped));
    assert_eq!(missing.err(), Some(Error::NotFound(Thing::Room)));
}

#[test]
fn plain_members_see_no_roll_where_the_room_hides_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let options = RoomOptions { members_may_list: false, ..RoomOptions::default() };
    change(&world.core, &ann, room, RoomChange { options: Some(options), ..RoomChange::default() }).unwrap();
    let roll = |who| facts(&world.core, who, room, (Outsiders::All, Roll::Wanted)).unwrap().members;
    assert_eq!(roll(&bob), None);
    assert_eq!(roll(&ann).map(|members| members.len()), Some(2));
}

#[test]
fn every_member_learns_who_asks_and_who_was_invited_or_turned_away() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = asking(&world, &ann);
    join(&world.core, &bob, room, "please".into()).unwrap();
    let answer = |accepted| if accepted { Answer::Accept } else { Answer::Decline };
    let admission = |who: &crate::Caller, yes| Admission { room, account: id(who), answer: answer(yes), key: None };
    admit(&world.core, &ann, admission(&bob, false)).unwrap();
    admit(&world.core, &ann, admission(&cid, true)).unwrap();
    assert_eq!(get_mine(&world.core, &cid, room).unwrap().me.role, MEMBER);
    let by = Some(id(&ann));
    let told: Vec<What> = events(&world).into_iter().map(|(_, what)| what).collect();
    for what in [
        What::JoinRequested { room, account: id(&bob) },
        What::JoinAnswered { room, account: id(&bob), accepted: false, by },
        What::MemberJoined { room, account: id(&cid), by },
        What::JoinAnswered { room, account: id(&cid), accepted: true, by },
    ] {
        assert!(told.contains(&what), "{what:?}");
    }
    let heard = world.core.read(|view| crate::event_log::ids_of_room(view, room, crate::ids::EventId::new(0), 99));
    assert_eq!(heard.unwrap().len(), 5, "all of it, and that the room was opened, is for the members");
}

#[test]
fn the_room_for_everybody_comes_to_be_with_its_number_and_no_owner() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = RoomId::new(40);
    assert_eq!(join_default(&world.core, room, id(&ann)), Ok(Done::Done));
    assert_eq!(join_default(&world.core, room, id(&ann)), Ok(Done::AlreadySo));
    assert_eq!(join_default(&world.core, room, id(&bob)), Ok(Done::Done));
    let mine = get_mine(&world.core, &bob, room).unwrap();
    assert_eq!((mine.room.title.as_str(), mine.room.encrypted, mine.room.members_count), ("", false, 2));
    assert_eq!((mine.me.role, get_mine(&world.core, &ann, room).unwrap().me.role), (MEMBER, MEMBER));
    assert_eq!(group(&world, &[&ann]), RoomId::new(41), "its number is not given again");
    let private = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    let cid = world.person("cid");
    assert_eq!(join_default(&world.core, private, id(&cid)), Err(Error::Refused(Reason::RoomKind)));
    let everybody = Restrict { room, whom: Whom::All, for_s: None, reason: String::new() };
    ban(&world.core, &crate::Caller::operator(), everybody).unwrap();
    assert!(join_default(&world.core, room, id(&cid)).is_err());
}

#[test]
fn a_list_of_restrictions_is_set_whole_or_not_at_all_and_lifted_as_far_as_it_holds() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob, &cid]);
    let each = |whom: Vec<Whom>| RestrictEach { room, whom, for_s: None, reason: String::new() };
    let (one, other) = (Whom::One(id(&bob)), Whom::One(id(&cid)));
    let nobody = Whom::One(crate::ids::AccountId::new(99));
    assert_eq!(mute_each(&world.core, &ann, each(vec![one, nobody])), Err(Error::NotFound(Thing::Account)));
    assert!(list_mutes(&world.core, &ann, room, all()).unwrap().items.is_empty());
    mute_each(&world.core, &ann, each(vec![one, one, Whom::All])).unwrap();
    let refused = unmute_each(&world.core, &ann, room, vec![one, other, Whom::All]);
    assert_eq!(refused, Err(Error::NotFound(Thing::Mute)));
    let left: Vec<Whom> = list_mutes(&world.core, &ann, room, all()).unwrap().items.iter().map(|m| m.whom).collect();
    assert_eq!(left, [Whom::All]);
    let denied = ban_each(&world.core, &bob, each(vec![nobody]));
    assert_eq!(denied, Err(Permission::Ban.denied()), "the right comes first");
}

#[test]
fn a_private_room_goes_with_the_friendship_only_where_the_protocol_promises_it() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let meet = || {
        friends::ask(&world.core, &ann, id(&bob), "").unwrap();
        friends::answer(&world.core, &bob, id(&ann), friends::Answer::Accept).unwrap().unwrap()
    };
    let room = meet();
    friends::remove(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!(meet(), room, "the room of the two stayed");
    friends::remove_with_room(&world.core, &ann, id(&bob)).unwrap();
    assert_eq!(friends::remove_with_room(&world.core, &ann, id(&bob)), Err(Error::NotFound(Thing::Friend)));
    assert_eq!(get_mine(&world.core, &bob, room), Err(Error::NotFound(Thing::Room)));
    let room = meet();
    assert_eq!(delete(&world.core, &ann, room), Err(Error::Refused(Reason::RoomKind)));
    delete_any(&world.core, &bob, room, PrivateRooms::Go).unwrap();
    let (one, other) = (id(&ann), id(&bob));
    assert_eq!(world.core.read(|view| friends::are_friends(view, one, other)), Ok(false));
    let by_bob = What::FriendRemoved { by: other, other: one };
    assert!(events(&world).iter().any(|(_, what)| *what == by_bob));
}

#[test]
fn the_wanted_name_of_a_friend_is_given_on_acceptance_and_goes_with_the_request() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let ask = |alias: &str| {
        let (to, alias) = (id(&bob), Some(alias.to_owned()));
        friends::ask_with(&world.core, &ann, friends::NewRequest { to, note: String::new(), alias, for_s: 60 }).unwrap()
    };
    let alias = || world.core.read(|view| friends::find_alias(view, id(&ann), id(&bob))).unwrap();
    ask("Bobby");
    friends::answer(&world.core, &bob, id(&ann), friends::Answer::Decline).unwrap();
    assert_eq!(alias(), "");
    ask("lapsed");
    world.clock.wind(Duration::from_secs(60));
    let late = friends::answer(&world.core, &bob, id(&ann), friends::Answer::Accept);
    assert_eq!(late, Err(Error::NotFound(Thing::FriendRequest)));
    friends::ask(&world.core, &ann, id(&bob), "").unwrap();
    friends::answer(&world.core, &bob, id(&ann), friends::Answer::Accept).unwrap();
    assert_eq!(alias(), "", "a later request without a name replaced it");
}
