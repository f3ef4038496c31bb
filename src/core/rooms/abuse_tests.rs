//! What nobody can do to others by means of a room: take it from them, reach strangers, keep a way in that is not theirs any more.

use super::testing::{all, events, group, id};
use super::*;
use crate::error::{Error, Reason, Thing};
use crate::event::What;
use crate::ids::{AccountId, RoomId};
use crate::roles::{self, MEMBER, OWNER, Parting};
use crate::schema::EVENTS_BY_ACCOUNT;
use crate::testing::World;
use crate::{Caller, Dialect};
use chatelaine_store::Order;
use std::time::Duration;

fn by_invitation(world: &World, people: &[&Caller]) -> RoomId {
    let room = group(world, people);
    let change = RoomChange { join_rule: Some(JoinRule::Invite), ..RoomChange::default() };
    super::change(&world.core, people[0], room, change).unwrap();
    room
}

fn told(world: &World, account: AccountId) -> usize {
    let keys = world.core.read(|view| EVENTS_BY_ACCOUNT.keys(view, &account, None, Order::Ascending, 100));
    keys.unwrap().len()
}

#[test]
fn neither_side_of_a_private_room_deletes_it_or_strips_the_other() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let chief = Caller::account(world.administrator("chief").id, Dialect::Web);
    let room = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    let kind = Error::Refused(Reason::RoomKind);
    assert_eq!(delete(&world.core, &ann, room), Err(kind));
    let take = |place| roles::set_member_role(&world.core, &ann, place, MEMBER, Parting::Anyhow);
    assert_eq!(take((room, id(&bob))), Err(kind));
    let mute = roles::NewRole {
        name: "mute".to_owned(),
        description: String::new(),
        permissions: roles::Permissions::of(&[]),
    };
    assert_eq!(roles::add(&world.core, &ann, room, mute).map(|_| ()), Err(kind));
    assert_eq!(get_mine(&world.core, &bob, room).unwrap().me.role, OWNER);
    assert_eq!(delete(&world.core, &chief, room), Ok(()), "who looks after all rooms still may");
}

#[test]
fn an_invitation_and_a_link_lapse_with_their_makers_right() {
    let world = World::new();
    let [ann, bob, cid, dan] = ["ann", "bob", "cid", "dan"].map(|name| world.person(name));
    let room = by_invitation(&world, &[&ann, &bob]);
    let invited = invite(&world.core, &bob, room, id(&cid), String::new()).unwrap().id;
    let link = make_link(&world.core, &bob, room, NewLink::default()).unwrap();
    let owners = make_link(&world.core, &ann, room, NewLink::default()).unwrap();
    let shut = RoomOptions { members_may_invite: false, ..RoomOptions::default() };
    change(&world.core, &ann, room, RoomChange { options: Some(shut), ..RoomChange::default() }).unwrap();
    let no_link = Error::NotFound(Thing::Link);
    assert_eq!(preview_link(&world.core, &dan, &link.token).map(|_| ()), Err(no_link));
    assert_eq!(join_by_link(&world.core, &dan, &link.token).map(|_| ()), Err(no_link));
    let open = RoomOptions::default();
    change(&world.core, &ann, room, RoomChange { options: Some(open), ..RoomChange::default() }).unwrap();
    kick(&world.core, &ann, room, id(&bob)).unwrap();
    assert_eq!(join_by_link(&world.core, &dan, &link.token).map(|_| ()), Err(no_link));
    assert!(join_by_link(&world.core, &dan, &owners.token).is_ok());
    let lapsed = Err(Error::NotFound(Thing::Invite));
    assert_eq!(answer_invite(&world.core, &cid, invited, Answer::Accept), lapsed);
    assert_eq!(answer_invite(&world.core, &cid, invited, Answer::Decline), Ok(room), "it can still be put away");
}

fn restrict(room: RoomId, account: AccountId) -> Restrict {
    Restrict { room, whom: Whom::One(account), for_s: None, reason: "noise".to_owned() }
}

#[test]
fn a_ban_or_mute_of_a_stranger_holds_without_telling_him() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let (before, stranger) = (told(&world, id(&cid)), Whom::One(id(&cid)));
    mute(&world.core, &ann, restrict(room, id(&cid))).unwrap();
    unmute(&world.core, &ann, room, stranger).unwrap();
    ban(&world.core, &ann, restrict(room, id(&cid))).unwrap();
    assert_eq!(join(&world.core, &cid, room, String::new()), Err(Error::Refused(Reason::Banned)));
    unban(&world.core, &ann, room, stranger).unwrap();
    assert_eq!(told(&world, id(&cid)), before);
    let before = told(&world, id(&bob));
    ban(&world.core, &ann, restrict(room, id(&bob))).unwrap();
    assert!(told(&world, id(&bob)) > before, "who was in hears why he is out");
}

#[test]
fn the_same_ban_or_mute_once_more_is_told_to_nobody() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    for _ in 0..3 {
        mute(&world.core, &ann, restrict(room, id(&bob))).unwrap();
    }
    for _ in 0..3 {
        ban(&world.core, &ann, restrict(room, id(&bob))).unwrap();
    }
    let of = |wanted: fn(&What) -> bool| events(&world).iter().filter(|(_, what)| wanted(what)).count();
    assert_eq!(of(|what| matches!(what, What::MemberMuted { .. })), 1);
    assert_eq!(of(|what| matches!(what, What::MemberBanned { .. })), 1);
    assert_eq!(list_bans(&world.core, &ann, room, all()).unwrap().items.len(), 1);
}

#[test]
fn who_declined_left_or_was_put_out_is_invited_three_times_a_day_at_most() {
    let world = World::new();
    let (ann, bob, cid) = (world.person("ann"), world.person("bob"), world.person("cid"));
    let room = by_invitation(&world, &[&ann]);
    let ask = |room, whom: &Caller| invite(&world.core, &ann, room, id(whom), String::new());
    answer_invite(&world.core, &bob, ask(room, &bob).unwrap().id, Answer::Decline).unwrap();
    answer_invite(&world.core, &bob, ask(room, &bob).unwrap().id, Answer::Accept).unwrap();
    kick(&world.core, &ann, room, id(&bob)).unwrap();
    world.clock.wind(Duration::from_secs(3_600));
    answer_invite(&world.core, &bob, ask(room, &bob).unwrap().id, Answer::Accept).unwrap();
    leave(&world.core, &bob, room, Parting::Anyhow).unwrap();
    assert_eq!(ask(room, &bob), Err(Error::TooFast { retry_ms: 23 * 3_600_000 }));
    assert!(ask(room, &cid).is_ok(), "others may be asked");
    assert!(ask(by_invitation(&world, &[&ann]), &bob).is_ok(), "and he may, elsewhere");
    world.clock.wind(Duration::from_secs(23 * 3_600));
    assert!(ask(room, &bob).is_ok());
}

#[test]
fn a_hidden_room_answers_outsiders_like_one_that_does_not_exist() {
    use crate::files::{self, FileName, NewFile, Purpose};
    use crate::messages::{self, NewMessage};
    let world = World::new();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| world.person(name));
    let hidden = by_invitation(&world, &[&ann]);
    let private = open_private(&world.core, &ann, id(&bob)).unwrap().0.room.id;
    let role = roles::NewRole {
        name: "cook".to_owned(),
        description: String::new(),
        permissions: roles::Permissions::of(&[]),
    };
    let role = roles::add(&world.core, &ann, hidden, role).unwrap().id;
    let answers = |room: RoomId| {
        let core = &world.core;
        let file = NewFile {
            name: FileName::new("x").unwrap(),
            size: Some(1),
            room: Some(room),
            purpose: Purpose::Plain,
            declared: None,
            second: None,
        };
        vec![
            get(core, &eve, room).err(),
            get_mine(core, &eve, room).err(),
            join(core, &eve, room, String::new()).err(),
            leave(core, &eve, room, Parting::Anyhow).err(),
            delete(core, &eve, room).err(),
            kick(core, &eve, room, id(&ann)).err(),
            invite(core, &eve, room, id(&bob), String::new()).err(),
            make_link(core, &eve, room, NewLink::default()).err(),
            list_members(core, &eve, room, all()).err(),
            list_requests(core, &eve, room, all()).err(),
            roles::list(core, &eve, room).err(),
            messages::send(core, &eve, NewMessage::text(room, "x")).err(),
            files::begin(core, &eve, file).map(drop).err(),
            crate::presence::type_in(core, &eve, room).err(),
        ]
    };
    let none = answers(RoomId::new(999));
    assert_eq!(none, vec![Some(Error::NotFound(Thing::Room)); none.len()]);
    assert_eq!(answers(hidden), none);
    assert_eq!(answers(private), none);
    assert_eq!(roles::get(&world.core, &eve, role).err(), Some(Error::NotFound(Thing::Role)));
    let chief = Caller::account(world.administrator("chief").id, Dialect::Web);
    assert!(get(&world.core, &chief, hidden).is_ok(), "who looks after all rooms sees them");
    let found =
        RoomChange { options: Some(RoomOptions { listed: true, ..RoomOptions::default() }), ..RoomChange::default() };
    change(&world.core, &ann, hidden, found).unwrap();
    assert!(get(&world.core, &eve, hidden).is_ok());
    assert_eq!(get_mine(&world.core, &eve, hidden).err(), Some(Error::Refused(Reason::NotAMember)));
    assert_eq!(join(&world.core, &eve, hidden, String::new()).err(), Some(Error::Refused(Reason::JoinRule)));
}
