//! The ways into a room: invitations, links and requests, with their ends, their limits and their races.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::testing::{all, block, events, group, id};
use super::*;
use crate::Caller;
use crate::error::{Error, Field, Flaw, Limit, Reason, Thing};
use crate::event::What;
use crate::ids::RoomId;
use crate::limits::{INVITE_LIFE_S, LINK_LIFE_MAX_S, ROOM_LINKS_MAX};
use crate::page::Done;
use crate::roles::{self, ADMIN, Parting, Permission};
use crate::schema;
use crate::testing::World;

fn closed(world: &World, owner: &Caller, rule: JoinRule) -> RoomId {
    let room = group(world, &[owner]);
    let change = RoomChange { join_rule: Some(rule), ..RoomChange::default() };
    super::change(&world.core, owner, room, change).unwrap();
    room
}

fn note() -> String {
    "come".to_owned()
}

#[test]
fn an_invitation_is_used_up_by_either_answer() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = closed(&world, &ann, JoinRule::Invite);
    let no = invite(&world.core, &ann, room, id(&bob), note()).unwrap();
    assert_eq!(answer_invite(&world.core, &bob, no.id, Answer::Decline), Ok(room));
    let gone = Err(Error::NotFound(Thing::Invite));
    assert_eq!(answer_invite(&world.core, &bob, no.id, Answer::Accept), gone);
    let yes = invite(&world.core, &ann, room, id(&bob), note()).unwrap();
    assert_eq!(answer_invite(&world.core, &ann, yes.id, Answer::Accept), gone, "it is not hers");
    assert_eq!(answer_invite(&world.core, &bob, yes.id, Answer::Accept), Ok(room));
    assert_eq!(answer_invite(&world.core, &bob, yes.id, Answer::Accept), gone);
    assert!(get_mine(&world.core, &bob, room).is_ok());
    assert!(list_invites(&world.core, &bob, all()).unwrap().items.is_empty());
}

#[test]
fn a_second_invitation_takes_the_place_of_the_first() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = closed(&world, &ann, JoinRule::Invite);
    let first = invite(&world.core, &ann, room, id(&bob), note()).unwrap();
    let second = invite(&world.core, &ann, room, id(&bob), "please".into()).unwrap();
    let open = list_invites(&world.core, &bob, all()).unwrap().items;
    assert_eq!(open, std::slice::from_ref(&second));
    let gone = Err(Error::NotFound(Thing::Invite));
    assert_eq!(answer_invite(&world.core, &bob, first.id, Answer::Accept), gone);
    assert_eq!(answer_invite_of(&world.core, &bob, room, id(&bob), Answer::Accept), gone, "not his inviter");
    assert_eq!(answer_invite_of(&world.core, &bob, room, id(&ann), Answer::Accept), Ok(room));
    assert_eq!(answer_invite_of(&world.core, &bob, room, id(&ann), Answer::Accept), gone, "used up");
}

#[test]
fn an_invitation_ends_by_the_clock_and_its_rows_go_with_the_job() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = closed(&world, &ann, JoinRule::Invite);
    let invited = invite(&world.core, &ann, room, id(&bob), note()).unwrap();
    world.clock.wind(Duration::from_secs(INVITE_LIFE_S));
    let late = answer_invite(&world.core, &bob, invited.id, Answer::Accept);
    assert_eq!(late, Err(Error::NotFound(Thing::Invite)));
    assert!(list_invites(&world.core, &bob, all()).unwrap().items.is_empty());
    assert_eq!(expire_invites(&world.core), Ok(1));
    assert_eq!(expire_invites(&world.core), Ok(0));
    world.core.read(|view| {
        assert_eq!(schema::INVITE_BY_ID.count(view, &(), 1), Ok(0));
        assert_eq!(schema::INVITE_BY_PEOPLE.count(view, &room, 1), Ok(0));
        assert_eq!(members::counts(view, room).unwrap().invites, 0);
    });
}

#[test]
fn outsiders_and_where_the_room_says_so_plain_members_cannot_invite() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let by_outsider = invite(&world.core, &cid, room, id(&cid), note());
    assert_eq!(by_outsider, Err(Error::Refused(Reason::NotAMember)));
    let options = RoomOptions { members_may_invite: false, ..RoomOptions::default() };
    change(&world.core, &ann, room, RoomChange { options: Some(options), ..RoomChange::default() }).unwrap();
    let denied = Permission::AcceptJoin.denied();
    assert_eq!(invite(&world.core, &bob, room, id(&cid), note()), Err(denied));
    assert!(make_link(&world.core, &bob, room, NewLink::default()).is_err_and(|e| e == denied));
    assert!(invite(&world.core, &ann, room, id(&cid), note()).is_ok());
}

#[test]
fn who_has_blocked_the_inviter_is_not_invited() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann]);
    let link = make_link(&world.core, &ann, room, NewLink::default()).unwrap();
    block(&world, &bob, &ann);
    let refused = invite(&world.core, &ann, room, id(&bob), note());
    assert_eq!(refused, Err(Error::Refused(Reason::Blocked)));
    block(&world, &ann, &bob);
    assert_eq!(join_by_link(&world.core, &bob, &link.token), Err(Error::Refused(Reason::Blocked)));
}

#[test]
fn a_link_for_three_lets_exactly_three_of_fifty_in() {
    let world = Arc::new(World::new());
    let ann = world.person("ann");
    let room = closed(&world, &ann, JoinRule::Invite);
    let link = make_link(&world.core, &ann, room, NewLink { expires_s: None, uses: Some(3) }).unwrap();
    let people: Vec<Caller> = (0..50).map(|n| world.person(&format!("p{n}"))).collect();
    let knocking: Vec<_> = people
        .into_iter()
        .map(|caller| {
            let (world, token) = (Arc::clone(&world), link.token.clone());
            thread::spawn(move || join_by_link(&world.core, &caller, &token))
        })
        .collect();
    let answers: Vec<_> = knocking.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == Ok((room, Done::Done))).count(), 3);
    let shut = Err(Error::NotFound(Thing::Link));
    assert_eq!(answers.iter().filter(|answer| **answer == shut).count(), 47);
    assert_eq!(get(&world.core, &ann, room).unwrap().members_count, 4);
    assert_eq!(list_links(&world.core, &ann, room, all()).unwrap().items[0].used, 3);
}

#[test]
fn coming_in_twice_by_a_link_uses_it_once() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = closed(&world, &ann, JoinRule::Invite);
    let link = make_link(&world.core, &ann, room, NewLink { expires_s: None, uses: Some(2) }).unwrap();
    let preview = preview_link(&world.core, &bob, &link.token).unwrap();
    assert_eq!((preview.room.id, preview.inviter, preview.member), (room, id(&ann), false));
    assert_eq!(join_by_link(&world.core, &bob, &link.token), Ok((room, Done::Done)));
    assert_eq!(join_by_link(&world.core, &bob, &link.token), Ok((room, Done::AlreadySo)));
    assert_eq!(list_links(&world.core, &ann, room, all()).unwrap().items[0].used, 1);
}

#[test]
fn a_link_ends_by_the_clock_or_when_it_is_removed() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = group(&world, &[&ann, &bob]);
    let short = make_link(&world.core, &bob, room, NewLink { expires_s: Some(10), uses: None }).unwrap();
    let long = make_link(&world.core, &ann, room, NewLink::default()).unwrap();
    let cid = world.person("cid");
    let shut = Error::NotFound(Thing::Link);
    world.clock.wind(Duration::from_secs(10));
    assert_eq!(join_by_link(&world.core, &cid, &short.token), Err(shut));
    assert_eq!(preview_link(&world.core, &cid, &short.token), Err(shut));
    assert_eq!(remove_link(&world.core, &bob, room, long.id), Err(Permission::AcceptJoin.denied()));
    assert_eq!(remove_link(&world.core, &ann, room, long.id), Ok(()));
    assert_eq!(remove_link(&world.core, &ann, room, long.id), Err(shut));
    assert_eq!(join_by_link(&world.core, &cid, &long.token), Err(shut));
    assert_eq!(join_by_link(&world.core, &cid, "nonsense"), Err(shut));
}

#[test]
fn links_are_bounded_in_number_uses_and_time() {
    let world = World::new();
    let ann = world.person("ann");
    let room = group(&world, &[&ann]);
    let make = |new| make_link(&world.core, &ann, room, new).map(|link| link.id);
    let uses = NewLink { expires_s: None, uses: Some(0) };
    assert_eq!(make(uses), Err(Error::Invalid(Field::Uses, Flaw::Range)));
    for expires_s in [0, LINK_LIFE_MAX_S + 1] {
        let time = NewLink { expires_s: Some(expires_s), uses: None };
        assert_eq!(make(time), Err(Error::Invalid(Field::Duration, Flaw::Range)));
    }
    let made: Vec<_> = (0..ROOM_LINKS_MAX).map(|_| make(NewLink::default()).unwrap()).collect();
    assert_eq!(make(NewLink::default()), Err(Error::OverLimit(Limit::Links)));
    remove_link(&world.core, &ann, room, made[0]).unwrap();
    assert!(make(NewLink::default()).is_ok());
}

#[test]
fn a_request_waits_for_somebody_who_may_answer() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let rule = RoomChange { join_rule: Some(JoinRule::Request), ..RoomChange::default() };
    change(&world.core, &ann, room, rule).unwrap();
    assert_eq!(join(&world.core, &cid, room, note()), Ok(Joining::Asked));
    assert_eq!(join(&world.core, &cid, room, "again".into()), Ok(Joining::Asked));
    let denied = Err(Permission::AcceptJoin.denied());
    assert_eq!(list_requests(&world.core, &bob, room, all()).map(|_| ()), denied);
    assert_eq!(answer_request(&world.core, &bob, room, id(&cid), Answer::Accept), denied);
    roles::set_member_role(&world.core, &ann, (room, id(&bob)), ADMIN, Parting::KeepAnOwner).unwrap();
    let waiting = list_requests(&world.core, &bob, room, all()).unwrap().items;
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].account, waiting[0].note.as_str()), (id(&cid), "again"));
    assert_eq!(answer_request(&world.core, &bob, room, id(&cid), Answer::Decline), Ok(()));
    let none = Err(Error::NotFound(Thing::JoinRequest));
    assert_eq!(answer_request(&world.core, &bob, room, id(&cid), Answer::Accept), none);
    join(&world.core, &cid, room, note()).unwrap();
    assert_eq!(answer_request(&world.core, &bob, room, id(&cid), Answer::Accept), Ok(()));
    assert!(get_mine(&world.core, &cid, room).is_ok());
    assert!(list_requests(&world.core, &bob, room, all()).unwrap().items.is_empty());
    assert_eq!(world.core.read(|view| members::counts(view, room)).unwrap().requests, 0);
}

#[test]
fn a_request_does_not_carry_a_banned_person_in() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = closed(&world, &ann, JoinRule::Request);
    join(&world.core, &bob, room, note()).unwrap();
    let new = Restrict { room, whom: Whom::One(id(&bob)), for_s: None, reason: String::new() };
    ban(&world.core, &ann, new).unwrap();
    let refused = answer_request(&world.core, &ann, room, id(&bob), Answer::Accept);
    assert_eq!(refused, Err(Error::Refused(Reason::Banned)));
}

#[test]
fn who_comes_in_has_nothing_unread_and_the_room_is_told_who_let_him_in() {
    let world = World::new();
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let room = closed(&world, &ann, JoinRule::Invite);
    for _ in 0..3 {
        crate::messages::send(&world.core, &ann, crate::messages::NewMessage::text(room, "old")).unwrap();
    }
    let invited = invite(&world.core, &ann, room, id(&bob), note()).unwrap();
    answer_invite(&world.core, &bob, invited.id, Answer::Accept).unwrap();
    let mine = get_mine(&world.core, &bob, room).unwrap();
    assert_eq!((mine.unread, mine.mentioned), (0, false));
    let by = Some(id(&ann));
    let joined = What::MemberJoined { room, account: id(&bob), by };
    assert!(events(&world).iter().any(|(_, what)| *what == joined));
}
