//! Who is told of whom, who may ask, and that hiding hides.

use std::time::Duration;

use chatelaine_store::{Next, Queue};

use super::*;
use crate::Caller;
use crate::error::{Error, Thing};
use crate::event::{Live, Presence, What, account_topic, room_topic};
use crate::ids::{AccountId, RoomId};
use crate::limits::{LAST_SEEN_WRITE_S, PRESENCE_GRACE_S, PRESENCE_ROOMS_TOLD_MAX};
use crate::page::Done;
use crate::rooms::testing::befriend;
use crate::schema::{EVENT_BY_ID, ROOMS_BY_ACCOUNT};
use crate::testing::World;

const HALL: RoomId = RoomId::new(1);

fn join(world: &World, caller: &Caller, room: RoomId) {
    let account = caller.account_id().unwrap();
    world.core.write(&Caller::system(), move |tx| Ok(ROOMS_BY_ACCOUNT.put(tx, &(account, room), &())?)).unwrap();
}

fn listen(world: &World, caller: &Caller, rooms: &[RoomId]) -> Queue<Live> {
    let topics = || rooms.iter().map(|room| room_topic(*room)).collect();
    world.core.store().bus().subscribe(account_topic(caller.account_id().unwrap()), topics)
}

fn heard(queue: &mut Queue<Live>) -> Vec<What> {
    let mut heard = Vec::new();
    while let Some(Next::Item(live)) = queue.try_next() {
        assert_eq!(live.event.id, None, "presence is never stored");
        heard.push(live.event.what.clone());
    }
    heard
}

fn of(caller: &Caller, state: Presence) -> What {
    What::PresenceChanged { account: caller.account_id().unwrap(), state }
}

fn people(world: &World) -> [Caller; 3] {
    let people = ["ada", "bo", "eve"].map(|name| world.person(name));
    join(world, &people[0], HALL);
    join(world, &people[1], HALL);
    people
}

fn id(caller: &Caller) -> AccountId {
    caller.account_id().unwrap()
}

#[test]
fn who_shares_a_room_is_told_once_and_strangers_are_not() {
    let world = World::new();
    let [ada, bo, eve] = people(&world);
    join(&world, &ada, RoomId::new(2));
    join(&world, &bo, RoomId::new(2));
    let mut near = listen(&world, &bo, &[HALL, RoomId::new(2)]);
    let mut far = listen(&world, &eve, &[]);
    let line = connect(&world.core, id(&ada));
    assert_eq!(tick(&world.core), Ok(1));
    assert_eq!(heard(&mut near), [of(&ada, Presence::Online)]);
    drop(line);
    assert_eq!(tick(&world.core), Ok(0), "the grace time runs");
    world.clock.wind(Duration::from_secs(PRESENCE_GRACE_S));
    assert_eq!(tick(&world.core), Ok(1));
    assert_eq!(heard(&mut near), [of(&ada, Presence::Offline)]);
    assert_eq!(heard(&mut far), []);
    assert!(world.core.read(|view| EVENT_BY_ID.first(view, &())).unwrap().is_none());
}

#[test]
fn presence_can_be_asked_by_who_shares_a_room_only() {
    let world = World::new();
    let [ada, bo, eve] = people(&world);
    let line = connect(&world.core, id(&ada));
    tick(&world.core).unwrap();
    let online = Seen { state: Presence::Online, last_seen_at: None };
    assert_eq!(look(&world.core, &bo, id(&ada)), Ok(Some(online)));
    assert_eq!(look(&world.core, &ada, id(&ada)), Ok(Some(online)));
    assert_eq!(look(&world.core, &eve, id(&ada)), Ok(None));
    let all = [id(&ada), id(&eve)];
    assert_eq!(look_in_room(&world.core, &bo, HALL, &all), Ok(vec![(id(&ada), online)]));
    assert_eq!(look_in_room(&world.core, &eve, HALL, &all), Err(Error::NotFound(Thing::Room)));
    line.set(Standing::Away);
    assert_eq!(state_of(&world.core, id(&ada)), Presence::Away);
}

#[test]
fn friends_and_who_is_in_few_rooms_are_seen_by_somebody_in_very_many() {
    let world = World::new();
    let [ada, bo, eve] = people(&world);
    let dan = world.person("dan");
    for number in 2..=u64::try_from(PRESENCE_ROOMS_TOLD_MAX).unwrap() + 10 {
        join(&world, &ada, RoomId::new(number));
    }
    let last = RoomId::new(9_999);
    join(&world, &ada, last);
    join(&world, &eve, last);
    befriend(&world, &ada, &dan);
    for other in [&bo, &eve, &dan] {
        assert!(look(&world.core, &ada, id(other)).unwrap().is_some());
        assert!(look(&world.core, other, id(&ada)).unwrap().is_some());
    }
    assert_eq!(look(&world.core, &eve, id(&bo)), Ok(None));
}

#[test]
fn the_last_sign_of_life_is_kept_to_the_minute_and_survives_a_restart() {
    let world = World::new();
    let [ada, bo, _] = people(&world);
    world.clock.wind(Duration::from_secs(29));
    let line = connect(&world.core, id(&ada));
    tick(&world.core).unwrap();
    world.clock.wind(Duration::from_secs(LAST_SEEN_WRITE_S * 2 + 61));
    drop(line);
    world.clock.wind(Duration::from_secs(60));
    tick(&world.core).unwrap();
    let core = world.reopen();
    let seen = look(&core, &bo, id(&ada)).unwrap().unwrap();
    assert_eq!(seen.state, Presence::Offline);
    let expected = crate::testing::START.plus_seconds(LAST_SEEN_WRITE_S * 2 + 60);
    assert_eq!(seen.last_seen_at, Some(expected), "rounded down from 90 seconds past");
}

#[test]
fn who_hides_is_offline_to_all_and_leaves_no_trace() {
    let world = World::new();
    let [ada, bo, _] = people(&world);
    let mut near = listen(&world, &bo, &[HALL]);
    let line = connect(&world.core, id(&ada));
    tick(&world.core).unwrap();
    assert_eq!(hide(&world.core, &ada, Visibility::Hidden), Ok(Done::Done));
    assert_eq!(hide(&world.core, &ada, Visibility::Hidden), Ok(Done::AlreadySo));
    assert_eq!(visibility(&world.core, &ada), Ok(Visibility::Hidden));
    world.clock.wind(Duration::from_secs(10));
    tick(&world.core).unwrap();
    assert_eq!(heard(&mut near), [of(&ada, Presence::Online), of(&ada, Presence::Offline)]);
    drop(line);
    world.clock.wind(Duration::from_secs(100));
    tick(&world.core).unwrap();
    let nothing = Seen { state: Presence::Offline, last_seen_at: None };
    assert_eq!(look(&world.core, &bo, id(&ada)), Ok(Some(nothing)));
    // Hidden from the start as well: a new connection is not shown for a moment first.
    let _line = connect(&world.core, id(&ada));
    tick(&world.core).unwrap();
    assert_eq!(heard(&mut near), []);
    assert_eq!(hide(&world.core, &ada, Visibility::Shown), Ok(Done::Done));
    tick(&world.core).unwrap();
    assert_eq!(heard(&mut near), [of(&ada, Presence::Online)]);
}

#[test]
fn typing_is_told_to_the_room_and_not_too_often() {
    let world = World::new();
    let [ada, bo, eve] = people(&world);
    let mut near = listen(&world, &bo, &[HALL]);
    assert_eq!(type_in(&world.core, &ada, HALL), Ok(Done::Done));
    assert_eq!(type_in(&world.core, &ada, HALL), Ok(Done::AlreadySo));
    assert_eq!(heard(&mut near), [What::Typing { room: HALL, account: id(&ada) }]);
    assert_eq!(type_in(&world.core, &eve, HALL), Err(Error::NotFound(Thing::Room)));
    world.clock.wind(Duration::from_secs(2));
    assert_eq!(type_in(&world.core, &ada, HALL), Ok(Done::Done));
}

#[test]
fn a_call_without_a_connection_shows_for_a_while() {
    let world = World::new();
    let [ada, bo, _] = people(&world);
    touch(&world.core, id(&ada));
    tick(&world.core).unwrap();
    assert_eq!(look(&world.core, &bo, id(&ada)).unwrap().unwrap().state, Presence::Online);
    world.clock.wind(Duration::from_secs(300));
    assert_eq!(look(&world.core, &bo, id(&ada)).unwrap().unwrap().state, Presence::Offline);
}
