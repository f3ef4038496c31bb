//! What friendship promises: it needs both, it is seen by both alike, and a block keeps new approaches away.

use std::thread;
use std::time::Duration;

use super::*;
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Limit, Reason, Right, Thing};
use crate::ids::{AccountId, Offset, ReportId};
use crate::limits::{ALIAS_CHARS_MAX, NOTE_CHARS_MAX};
use crate::page::{Ask, Done};
use crate::server_roles::ServerPermission;
use crate::testing::World;

fn two(world: &World) -> (Caller, Caller, AccountId, AccountId) {
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let (a, b) = (ada.account_id().unwrap(), bob.account_id().unwrap());
    (ada, bob, a, b)
}

fn befriend(world: &World, one: &Caller, other: &Caller) {
    ask(&world.core, one, other.account_id().unwrap(), "").unwrap();
    answer(&world.core, other, one.account_id().unwrap(), Answer::Accept).unwrap();
}

fn seen(world: &World, me: AccountId, other: AccountId) -> Standing {
    let now = world.core.now();
    world.core.read(|view| standing(view, me, other, now)).unwrap()
}

#[test]
fn an_accepted_request_makes_both_friends() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    assert_eq!(seen(&world, a, b), Standing::Stranger);
    ask(&world.core, &ada, b, " hello ").unwrap();
    assert_eq!((seen(&world, a, b), seen(&world, b, a)), (Standing::Asked, Standing::Asks));
    let open = list_requests(&world.core, &bob).unwrap();
    assert_eq!((open.incoming.len(), open.outgoing.len()), (1, 0));
    assert_eq!(open.incoming[0].note, "hello");
    let room = answer(&world.core, &bob, a, Answer::Accept).unwrap().unwrap();
    assert_eq!((seen(&world, a, b), seen(&world, b, a)), (Standing::Friend, Standing::Friend));
    let listed = list(&world.core, &ada, Ask::default()).unwrap();
    assert_eq!((listed.items[0].account, listed.items[0].room), (b, Some(room)));
    let (private, done) = crate::rooms::open_private(&world.core, &bob, a).unwrap();
    assert_eq!((private.room.id, done), (room, Done::AlreadySo), "the room of the two is there");
    assert_eq!(list_requests(&world.core, &bob), Ok(Requests::default()));
    assert_eq!(list_requests(&world.core, &ada), Ok(Requests::default()));
    assert_eq!(ask(&world.core, &bob, a, "").err(), Some(Error::Exists(Thing::Friend)));
}

#[test]
fn a_declined_or_withdrawn_request_is_gone_and_can_be_made_anew() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    ask(&world.core, &ada, b, "").unwrap();
    assert_eq!(answer(&world.core, &bob, a, Answer::Decline), Ok(None));
    let gone = Error::NotFound(Thing::FriendRequest);
    assert_eq!(answer(&world.core, &bob, a, Answer::Accept), Err(gone));
    ask(&world.core, &ada, b, "").unwrap();
    withdraw(&world.core, &ada, b).unwrap();
    assert_eq!(withdraw(&world.core, &ada, b), Err(gone));
    assert_eq!(answer(&world.core, &bob, a, Answer::Accept), Err(gone));
}

#[test]
fn a_request_can_be_answered_for_three_days() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    ask(&world.core, &ada, b, "").unwrap();
    world.clock.wind(Duration::from_secs(3 * 24 * 3_600));
    assert_eq!(seen(&world, b, a), Standing::Stranger);
    assert!(list_requests(&world.core, &bob).unwrap().incoming.is_empty());
    let late = answer(&world.core, &bob, a, Answer::Accept);
    assert_eq!(late, Err(Error::NotFound(Thing::FriendRequest)));
}

#[test]
fn two_who_ask_each_other_become_friends_once() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    ask(&world.core, &ada, b, "").unwrap();
    ask(&world.core, &bob, a, "").unwrap();
    answer(&world.core, &bob, a, Answer::Accept).unwrap();
    let other = answer(&world.core, &ada, b, Answer::Accept);
    assert_eq!(other, Err(Error::NotFound(Thing::FriendRequest)), "answered by the first");
    assert_eq!(list(&world.core, &ada, Ask::default()).unwrap().items.len(), 1);
}

#[test]
fn of_many_answers_at_once_one_counts() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    ask(&world.core, &ada, b, "").unwrap();
    let answers: Vec<_> = (0..8)
        .map(|_| {
            let (core, bob) = (world.core.clone(), bob.clone());
            thread::spawn(move || answer(&core, &bob, a, Answer::Accept).is_ok())
        })
        .collect();
    let won = answers.into_iter().map(|handle| handle.join().unwrap()).filter(|ok| *ok).count();
    assert_eq!(won, 1);
}

#[test]
fn who_cannot_be_asked_is_told_apart() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    assert_eq!(ask(&world.core, &ada, a, "").err(), Some(Error::Invalid(Field::Account, Flaw::Oneself)));
    let nobody = AccountId::new(99);
    assert_eq!(ask(&world.core, &ada, nobody, "").err(), Some(Error::NotFound(Thing::Account)));
    let long = "x".repeat(NOTE_CHARS_MAX + 1);
    assert_eq!(ask(&world.core, &ada, b, &long).err(), Some(Error::Invalid(Field::Note, Flaw::TooLong)));
    blocks::put(&world.core, &bob, a).unwrap();
    assert_eq!(ask(&world.core, &ada, b, "").err(), Some(Error::Refused(Reason::Blocked)));
    assert_eq!(ask(&world.core, &bob, a, "").err(), Some(Error::Refused(Reason::Blocked)));
    blocks::remove(&world.core, &bob, a).unwrap();
    crate::accounts::close_other(&world.core, &Caller::operator(), b).unwrap();
    assert_eq!(ask(&world.core, &ada, b, "").err(), Some(Error::Refused(Reason::AccountClosed)));
}

#[test]
fn a_friendship_ends_for_both() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    befriend(&world, &ada, &bob);
    remove(&world.core, &bob, a).unwrap();
    assert_eq!((seen(&world, a, b), seen(&world, b, a)), (Standing::Stranger, Standing::Stranger));
    assert_eq!(remove(&world.core, &ada, b), Err(Error::NotFound(Thing::Friend)));
}

#[test]
fn a_block_ends_open_requests_and_only_the_blocker_sees_it() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    ask(&world.core, &ada, b, "").unwrap();
    assert_eq!(blocks::put(&world.core, &bob, a), Ok(Done::Done));
    assert_eq!(blocks::put(&world.core, &bob, a), Ok(Done::AlreadySo));
    assert_eq!((seen(&world, b, a), seen(&world, a, b)), (Standing::Blocked, Standing::Stranger));
    assert!(list_requests(&world.core, &bob).unwrap().incoming.is_empty());
    assert_eq!(blocks::list(&world.core, &bob, Ask::default()).unwrap().items[0].0, a);
    assert_eq!(blocks::remove(&world.core, &bob, a), Ok(Done::Done));
    assert_eq!(blocks::remove(&world.core, &bob, a), Ok(Done::AlreadySo));
}

#[test]
fn a_private_name_is_for_its_giver_alone_and_survives_the_friendship() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    befriend(&world, &ada, &bob);
    set_alias(&world.core, &ada, b, " Bobby ").unwrap();
    assert_eq!(list(&world.core, &ada, Ask::default()).unwrap().items[0].alias, "Bobby");
    assert_eq!(list(&world.core, &bob, Ask::default()).unwrap().items[0].alias, "");
    remove(&world.core, &ada, b).unwrap();
    let public = crate::accounts::get_public(&world.core, &ada, b).unwrap();
    assert_eq!(public.alias, "Bobby");
    set_alias(&world.core, &ada, b, "").unwrap();
    assert_eq!(world.core.read(|view| find_alias(view, a, b)), Ok(String::new()));
    let long = "x".repeat(ALIAS_CHARS_MAX + 1);
    let refused = set_alias(&world.core, &ada, b, &long);
    assert_eq!(refused, Err(Error::Invalid(Field::Alias, Flaw::TooLong)));
}

#[test]
fn friends_are_listed_page_by_page() {
    let world = World::new();
    let ada = world.person("ada");
    for handle in ["b1", "c1", "d1"] {
        befriend(&world, &ada, &world.person(handle));
    }
    let first = list(&world.core, &ada, Ask { after: None, limit: 2 }).unwrap();
    let rest = list(&world.core, &ada, Ask { after: first.next, limit: 2 }).unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (2, 1, None));
}

#[test]
fn a_change_of_ones_name_is_told_to_friends_who_are_connected() {
    let world = World::new();
    let (ada, bob, a, b) = two(&world);
    befriend(&world, &ada, &bob);
    let circle = world.core.read(|view| crate::accounts::circle(view, a)).unwrap();
    assert!(circle.contains(&crate::event::account_topic(b)), "{circle:?}");
}

#[test]
fn only_members_report_what_was_said_in_a_room() {
    let world = World::new();
    let (ada, bob, _, b) = two(&world);
    let room = crate::rooms::open_private(&world.core, &ada, b).unwrap().0.room.id;
    let new = || reports::NewReport { account: None, place: Some((room, Offset::new(1))), reason: "rude".into() };
    assert!(reports::make(&world.core, &bob, new()).is_ok());
    let outsider = world.person("cleo");
    assert_eq!(reports::make(&world.core, &outsider, new()), Err(Error::NotFound(Thing::Room)));
}

fn report(world: &World, by: &Caller, about: AccountId) -> crate::Result<ReportId> {
    let new = reports::NewReport { account: Some(about), place: None, reason: "rude words".into() };
    reports::make(&world.core, by, new)
}

#[test]
fn one_report_about_the_same_is_open_at_a_time() {
    let world = World::new();
    let (ada, _, a, b) = two(&world);
    let id = report(&world, &ada, b).unwrap();
    assert_eq!(report(&world, &ada, b), Err(Error::Exists(Thing::Report)));
    assert_eq!(report(&world, &ada, a), Err(Error::Invalid(Field::Account, Flaw::Oneself)));
    assert_eq!(report(&world, &ada, AccountId::new(99)), Err(Error::NotFound(Thing::Account)));
    let denied = Error::Denied(Right::Server(ServerPermission::BanUser));
    assert_eq!(reports::list(&world.core, &ada, Ask::default()).err(), Some(denied));
    assert_eq!(reports::close(&world.core, &ada, id), Err(denied));
    reports::close(&world.core, &Caller::operator(), id).unwrap();
    assert!(report(&world, &ada, b).is_ok());
    let listed = reports::list(&world.core, &Caller::operator(), Ask::default()).unwrap();
    assert_eq!(listed.items.len(), 2);
    assert!(listed.items[1].closed_at.is_some());
}

#[test]
fn nobody_asks_more_people_at_once_than_allowed() {
    let world = World::new();
    let ada = world.person("ada");
    let max = crate::limits::FRIEND_REQUESTS_MAX;
    for n in 0..max {
        ask(&world.core, &ada, world.account(&format!("p{n}")).id, "").unwrap();
    }
    let one_more = world.account("more").id;
    assert_eq!(ask(&world.core, &ada, one_more, "").err(), Some(Error::OverLimit(Limit::Requests)));
    world.clock.wind(Duration::from_secs(3 * 24 * 3_600));
    assert!(ask(&world.core, &ada, one_more, "").is_ok(), "lapsed ones do not count");
}

#[test]
fn the_same_person_is_asked_for_friendship_three_times_a_day_at_most() {
    let world = World::new();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let target = bob.account_id().unwrap();
    for _ in 0..3 {
        ask(&world.core, &ada, target, "please").unwrap();
        answer(&world.core, &bob, ada.account_id().unwrap(), Answer::Decline).unwrap();
    }
    let refused = ask(&world.core, &ada, target, "please").map(drop);
    assert_eq!(refused, Err(Error::TooFast { retry_ms: 24 * 3_600_000 }));
    assert!(ask(&world.core, &bob, ada.account_id().unwrap(), "").is_ok(), "the other way round it counts apart");
    world.clock.wind(Duration::from_secs(24 * 3_600));
    assert!(ask(&world.core, &ada, target, "please").is_ok());
}
