//! No gap, no repeat, in order, nothing after a kick: one by one with a still world, then all at once under racing writers.

use std::future::Future;
use std::time::Duration;

use super::*;
use crate::caller::{Caller, Dialect};
use crate::event::{Audience, Ended, Presence, What};
use crate::ids::{AccountId, EventId, LoginId, Offset, RoomId};
use crate::limits::FOLLOW_PAGE_EVENTS;
use crate::schema::{EVENT_BY_ID, LOGINS_BY_ACCOUNT, ROOMS_BY_ACCOUNT};
use crate::testing::World;
use crate::{Core, event_log};

const HALL: RoomId = RoomId::new(1);
const ATTIC: RoomId = RoomId::new(2);

pub(super) const EVERYTHING: Wish =
    Wish { since: Since::Event(EventId::new(0)), scope: Scope::Account, replay_max: None };
pub(super) const FROM_NOW: Wish = Wish { since: Since::Now, scope: Scope::Account, replay_max: None };

pub(super) fn run<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let deadline = Duration::from_secs(120);
    runtime.block_on(async { tokio::time::timeout(deadline, story).await.expect("the story ends in time") })
}

/// Writes and waits until the event is out: the answer comes a moment before.
fn write(
    core: &Core,
    work: impl FnMut(&mut crate::Tx<'_>) -> crate::Result<event_log::Head> + Send + 'static,
) -> EventId {
    let id = core.write(&Caller::system(), work).unwrap().id;
    while head(core) < id {
        std::thread::yield_now();
    }
    id
}

fn record(core: &Core, audience: Audience, what: What) -> EventId {
    let now = core.now();
    write(core, move |tx| event_log::record(tx, now, audience.clone(), what.clone()))
}

pub(super) fn say(core: &Core, room: RoomId) -> EventId {
    record(core, Audience::room(room), What::MessageSent { room, offset: Offset::new(1) })
}

pub(super) fn join(core: &Core, room: RoomId, account: AccountId) -> EventId {
    let now = core.now();
    write(core, move |tx| {
        ROOMS_BY_ACCOUNT.put(tx, &(account, room), &())?;
        event_log::record(tx, now, Audience::room(room), What::MemberJoined { room, account, by: None })
    })
}

pub(super) fn kick(core: &Core, room: RoomId, account: AccountId) -> EventId {
    let now = core.now();
    write(core, move |tx| {
        ROOMS_BY_ACCOUNT.remove(tx, &(account, room))?;
        let audience = Audience::room(room).and_account(account);
        event_log::record(tx, now, audience, What::MemberKicked { room, account, by: None })
    })
}

pub(super) fn finish(core: &Core) -> EventId {
    record(core, Audience::everyone(), What::SettingsChanged { name: "end".into() })
}

pub(super) fn follow(core: &Core, caller: &Caller, wish: Wish) -> Follow {
    Follow::start(core.clone(), caller, wish).unwrap()
}

/// Ids of the items until the replay is done.
pub(super) async fn replayed(follow: &mut Follow) -> Vec<u64> {
    let mut ids = Vec::new();
    loop {
        match follow.next().await {
            Followed::Item(live) => ids.push(live.event.id.unwrap().get()),
            Followed::Live { .. } => return ids,
            other => panic!("a replay was expected, not {other:?}"),
        }
    }
}

async fn item(follow: &mut Follow) -> What {
    match follow.next().await {
        Followed::Item(live) => live.event.what.clone(),
        other => panic!("an item was expected, not {other:?}"),
    }
}

#[test]
fn what_was_missed_comes_before_what_happens() {
    let world = World::new();
    let ada = world.person("ada");
    join(&world.core, HALL, ada.account_id().unwrap());
    let seen = say(&world.core, HALL);
    let missed = say(&world.core, HALL);
    say(&world.core, ATTIC);
    let everyones = finish(&world.core);
    run(async {
        let mut follow = follow(&world.core, &ada, Wish { since: Since::Event(seen), ..EVERYTHING });
        assert_eq!(replayed(&mut follow).await, [missed.get(), everyones.get()]);
        assert_eq!(follow.head(), everyones);
        say(&world.core, HALL);
        assert!(matches!(item(&mut follow).await, What::MessageSent { room: HALL, .. }));
        assert!(follow.try_next().is_none());
    });
}

#[test]
fn who_follows_from_now_hears_nothing_old() {
    let world = World::new();
    let ada = world.person("ada");
    join(&world.core, HALL, ada.account_id().unwrap());
    run(async {
        let mut follow = follow(&world.core, &ada, FROM_NOW);
        assert_eq!(replayed(&mut follow).await, []);
        let next = say(&world.core, HALL);
        let Followed::Item(live) = follow.next().await else { panic!("the new event") };
        assert_eq!(live.event.id, Some(next));
    });
}

#[test]
fn an_event_of_two_circles_comes_once() {
    let world = World::new();
    let ada = world.person("ada");
    let id = ada.account_id().unwrap();
    join(&world.core, HALL, id);
    let twice = record(&world.core, Audience::room(HALL).and_account(id), What::RoomChanged { room: HALL });
    run(async {
        let mut follow = follow(&world.core, &ada, EVERYTHING);
        assert_eq!(replayed(&mut follow).await, [1, twice.get()]);
    });
}

#[test]
fn a_moment_is_a_point_to_follow_from_and_itself_not_included() {
    let world = World::new();
    let ada = world.person("ada");
    join(&world.core, HALL, ada.account_id().unwrap());
    let mut stamps = Vec::new();
    for _ in 0..50 {
        world.clock.wind(Duration::from_secs(7));
        let id = say(&world.core, HALL);
        // A row that retention removed must not confuse the search.
        if id.get().is_multiple_of(5) {
            world.core.write(&Caller::system(), move |tx| Ok(EVENT_BY_ID.remove(tx, &id)?)).unwrap();
        } else {
            stamps.push((id, world.core.read(|view| event_log::find(view, id)).unwrap().unwrap().at));
        }
    }
    run(async {
        for (id, at) in &stamps {
            let mut follow = follow(&world.core, &ada, Wish { since: Since::Stamp(*at), ..EVERYTHING });
            let expected: Vec<u64> =
                stamps.iter().map(|(other, _)| other.get()).filter(|other| *other > id.get()).collect();
            assert_eq!(replayed(&mut follow).await, expected);
        }
        let before = Wish { since: Since::Stamp(crate::Stamp::ZERO), ..EVERYTHING };
        assert_eq!(replayed(&mut follow(&world.core, &ada, before)).await.len(), stamps.len() + 1);
    });
}

#[test]
fn one_room_can_be_followed_alone() {
    let world = World::new();
    let ada = world.person("ada");
    let id = ada.account_id().unwrap();
    join(&world.core, HALL, id);
    join(&world.core, ATTIC, id);
    let there = say(&world.core, ATTIC);
    run(async {
        let mut follow = follow(&world.core, &ada, Wish { scope: Scope::Room(ATTIC), ..EVERYTHING });
        assert_eq!(replayed(&mut follow).await, [2, there.get()]);
        say(&world.core, HALL);
        finish(&world.core);
        // A room joined later must not creep in by the move of its joining.
        join(&world.core, RoomId::new(3), id);
        say(&world.core, RoomId::new(3));
        say(&world.core, ATTIC);
        assert!(matches!(item(&mut follow).await, What::MessageSent { room: ATTIC, .. }));
    });
}

#[test]
fn what_is_for_everybody_can_be_followed_alone() {
    let world = World::new();
    let ada = world.person("ada");
    let id = ada.account_id().unwrap();
    join(&world.core, HALL, id);
    let first = finish(&world.core);
    say(&world.core, HALL);
    run(async {
        let mut follow = follow(&world.core, &ada, Wish { scope: Scope::Everyone, ..EVERYTHING });
        assert_eq!(replayed(&mut follow).await, [first.get()]);
        say(&world.core, HALL);
        // Its own joining brings a room to the queue, and still not to the follower.
        join(&world.core, ATTIC, id);
        say(&world.core, ATTIC);
        record(&world.core, Audience::account(id), What::AccountChanged { account: id });
        finish(&world.core);
        assert!(matches!(item(&mut follow).await, What::SettingsChanged { .. }));
        assert!(follow.try_next().is_none());
    });
}

#[test]
fn who_missed_too_much_is_told_to_read_anew_and_goes_on() {
    let world = World::new();
    let ada = world.person("ada");
    join(&world.core, HALL, ada.account_id().unwrap());
    for _ in 0..4 {
        say(&world.core, HALL);
    }
    run(async {
        let mut enough = follow(&world.core, &ada, Wish { replay_max: Some(5), ..EVERYTHING });
        assert_eq!(replayed(&mut enough).await.len(), 5);
        let mut short = follow(&world.core, &ada, Wish { replay_max: Some(4), ..EVERYTHING });
        assert!(matches!(short.next().await, Followed::Reload { head } if head.get() == 5));
        assert!(matches!(short.next().await, Followed::Live { .. }));
        let next = say(&world.core, HALL);
        let Followed::Item(live) = short.next().await else { panic!("the new event") };
        assert_eq!(live.event.id, Some(next));
    });
}

#[test]
fn who_knows_more_than_the_server_is_told_to_read_anew() {
    let world = World::new();
    let ada = world.person("ada");
    run(async {
        let mut follow = follow(&world.core, &ada, Wish { since: Since::Event(EventId::new(77)), ..EVERYTHING });
        assert!(matches!(follow.next().await, Followed::Reload { .. }));
        assert!(matches!(follow.next().await, Followed::Live { .. }));
        finish(&world.core);
        assert!(matches!(item(&mut follow).await, What::SettingsChanged { .. }));
    });
}

#[test]
fn passing_events_reach_who_is_there_and_are_never_repeated() {
    let world = World::new();
    let ada = world.person("ada");
    let id = ada.account_id().unwrap();
    join(&world.core, HALL, id);
    let typing = || world.core.publish(Audience::room(HALL), What::Typing { room: HALL, account: id });
    run(async {
        let mut first = follow(&world.core, &ada, FROM_NOW);
        replayed(&mut first).await;
        typing();
        assert!(matches!(item(&mut first).await, What::Typing { .. }));
        let mut second = follow(&world.core, &ada, EVERYTHING);
        assert_eq!(replayed(&mut second).await, [1]);
        assert!(second.try_next().is_none());
        let away = What::PresenceChanged { account: id, state: Presence::Away };
        world.core.publish(Audience::account(id), away.clone());
        assert_eq!(item(&mut second).await, away);
    });
}

#[test]
fn a_kicked_member_hears_of_the_kick_and_then_nothing() {
    let world = World::new();
    let ada = world.person("ada");
    let id = ada.account_id().unwrap();
    join(&world.core, HALL, id);
    run(async {
        let mut there = follow(&world.core, &ada, FROM_NOW);
        replayed(&mut there).await;
        let last = kick(&world.core, HALL, id);
        say(&world.core, HALL);
        let end = finish(&world.core);
        assert!(matches!(item(&mut there).await, What::MemberKicked { .. }));
        assert!(matches!(item(&mut there).await, What::SettingsChanged { .. }));
        let mut later = follow(&world.core, &ada, EVERYTHING);
        assert_eq!(replayed(&mut later).await, [last.get(), end.get()], "of a room left, only what names the account");
    });
}

#[test]
fn who_is_put_out_while_catching_up_reads_no_further() {
    let world = World::new();
    let ada = world.person("ada");
    let id = ada.account_id().unwrap();
    join(&world.core, HALL, id);
    for _ in 0..FOLLOW_PAGE_EVENTS + 40 {
        say(&world.core, HALL);
    }
    run(async {
        let mut follow = follow(&world.core, &ada, Wish { since: Since::Event(EventId::new(1)), ..EVERYTHING });
        for _ in 0..FOLLOW_PAGE_EVENTS {
            assert!(matches!(item(&mut follow).await, What::MessageSent { .. }));
        }
        kick(&world.core, HALL, id);
        assert_eq!(replayed(&mut follow).await, [], "the second page is read after the kick");
        assert!(matches!(item(&mut follow).await, What::MemberKicked { .. }));
        assert!(follow.try_next().is_none());
    });
}

#[test]
fn who_joins_hears_the_joining_and_all_that_follows() {
    let world = World::new();
    let ada = world.person("ada");
    run(async {
        let mut follow = follow(&world.core, &ada, FROM_NOW);
        replayed(&mut follow).await;
        say(&world.core, HALL);
        join(&world.core, HALL, ada.account_id().unwrap());
        say(&world.core, HALL);
        assert!(matches!(item(&mut follow).await, What::MemberJoined { .. }));
        assert!(matches!(item(&mut follow).await, What::MessageSent { .. }));
    });
}

fn signed_in(world: &World, caller: &Caller, login: u64) -> Caller {
    let (account, login) = (caller.account_id().unwrap(), LoginId::new(login));
    let write = move |tx: &mut crate::Tx<'_>| Ok(LOGINS_BY_ACCOUNT.put(tx, &(account, login), &())?);
    world.core.write(&Caller::system(), write).unwrap();
    caller.clone().with_login(login)
}

#[test]
fn a_connection_ends_with_its_login_and_no_other() {
    let world = World::new();
    let ada = world.person("ada");
    let account = ada.account_id().unwrap();
    let [phone, desk] = [1, 2].map(|login| signed_in(&world, &ada, login));
    let ended = Audience::account(account);
    run(async {
        let mut on_phone = follow(&world.core, &phone, FROM_NOW);
        let mut on_desk = follow(&world.core, &desk, FROM_NOW);
        replayed(&mut on_phone).await;
        replayed(&mut on_desk).await;
        record(&world.core, ended, What::LoginEnded { account, which: Ended::One(LoginId::new(1)) });
        assert!(matches!(item(&mut on_phone).await, What::LoginEnded { .. }));
        assert!(matches!(on_phone.next().await, Followed::Ended(Ending::SignedOut)));
        assert!(matches!(on_phone.next().await, Followed::Ended(Ending::SignedOut)));
        assert!(matches!(item(&mut on_desk).await, What::LoginEnded { .. }));
        assert!(on_desk.try_next().is_none());
        // The desk signed in before the phone went: an old word about a login does not end a later replay.
        let mut again = follow(&world.core, &desk, EVERYTHING);
        assert_eq!(replayed(&mut again).await, [1]);
    });
}

#[test]
fn a_login_that_ended_before_following_began_hears_nothing() {
    let world = World::new();
    let gone = world.person("ada").with_login(LoginId::new(9));
    run(async {
        assert!(matches!(follow(&world.core, &gone, EVERYTHING).next().await, Followed::Ended(Ending::SignedOut)));
    });
    assert!(Follow::start(world.core.clone(), &Caller::anonymous(Dialect::Web), EVERYTHING).is_err());
}

#[test]
fn followers_end_when_the_server_stops() {
    let world = World::new();
    let ada = world.person("ada");
    run(async {
        let mut follow = follow(&world.core, &ada, FROM_NOW);
        replayed(&mut follow).await;
        world.core.store().shutdown();
        assert!(matches!(follow.next().await, Followed::Ended(Ending::ServerStopping)));
    });
}

#[test]
fn a_follower_that_fell_behind_gets_what_it_lost_from_the_store() {
    let world = World::with_live_queue(4);
    let ada = world.person("ada");
    join(&world.core, HALL, ada.account_id().unwrap());
    run(async {
        let mut follow = follow(&world.core, &ada, FROM_NOW);
        replayed(&mut follow).await;
        let said: Vec<u64> = (0..700).map(|_| say(&world.core, HALL).get()).collect();
        let end = finish(&world.core).get();
        let mut got = Vec::new();
        while got.last() != Some(&end) {
            match follow.next().await {
                Followed::Item(live) => got.extend(live.event.id.map(EventId::get)),
                Followed::Live { .. } => {}
                other => panic!("nothing ends here, but {other:?}"),
            }
        }
        assert_eq!(got[..got.len() - 1], said);
    });
}

#[test]
fn a_future_that_is_dropped_half_way_loses_nothing() {
    let world = World::with_live_queue(64);
    let ada = world.person("ada");
    join(&world.core, HALL, ada.account_id().unwrap());
    let said: Vec<u64> = (0..600).map(|_| say(&world.core, HALL).get()).collect();
    run(async {
        let mut follow = follow(&world.core, &ada, Wish { since: Since::Event(EventId::new(1)), ..EVERYTHING });
        let (mut got, mut dropped) = (Vec::new(), 0);
        while got.len() < said.len() {
            tokio::select! {
                biased;
                followed = follow.next() => match followed {
                    Followed::Item(live) => got.extend(live.event.id.map(EventId::get)),
                    other => panic!("only items yet, not {other:?}"),
                },
                // Ready at once: whenever the reading has to be waited for, the future is dropped and made anew.
                () = tokio::task::yield_now() => dropped += 1,
            }
        }
        assert!(dropped > 0, "the test drops something");
        assert_eq!(got, said);
    });
}

#[test]
fn a_long_absence_is_replayed_in_pieces_of_bounded_size() {
    let world = World::new();
    let ada = world.person("ada");
    let id = ada.account_id().unwrap();
    for room in 1..=40 {
        join(&world.core, RoomId::new(room), id);
    }
    let now = world.core.now();
    for part in 0..10 {
        write(&world.core, move |tx| {
            let mut last = event_log::head(tx)?;
            for number in 0..2_000 {
                let room = RoomId::new(1 + (part * 2_000 + number) % 80);
                last = event_log::record(tx, now, Audience::room(room), What::RoomChanged { room })?;
            }
            Ok(last)
        });
    }
    run(async {
        let mut follow = follow(&world.core, &ada, Wish { since: Since::Event(EventId::new(40)), ..EVERYTHING });
        let (mut count, mut last) = (0, 40);
        while let Followed::Item(live) = follow.next().await {
            let id = live.event.id.unwrap().get();
            assert!(id > last, "{id} after {last}");
            (count, last) = (count + 1, id);
            assert!(follow.ready_len() <= FOLLOW_PAGE_EVENTS);
        }
        assert_eq!(count, 10_000, "every second event is of a room that ada is in");
    });
}

#[test]
fn a_lock_that_has_ended_no_longer_ends_the_connection() {
    let world = World::new();
    let ann = world.person("ann");
    let account = ann.account_id().unwrap();
    let end = world.core.now().plus_seconds(60);
    crate::accounts::lock(&world.core, &Caller::operator(), account, crate::Until::At(end)).unwrap();
    run(async {
        let mut early = follow(&world.core, &ann, EVERYTHING);
        assert!(matches!(early.next().await, Followed::Ended(Ending::SignedOut)));
        world.clock.wind(Duration::from_secs(61));
        let mut late = follow(&world.core, &ann, FROM_NOW);
        assert!(matches!(late.next().await, Followed::Live { .. }));
    });
}
