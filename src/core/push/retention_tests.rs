//! What is no longer kept: it goes with every index row, never what stands, and nobody who catches up gets a gap for the whole.

use std::time::Duration;

use chatelaine_store::Order;
use proptest::prelude::*;

use super::tests::{EVERYTHING, FROM_NOW, finish, follow, join, run, say};
use super::*;
use crate::caller::Caller;
use crate::event::What;
use crate::ids::{EventId, Offset, RoomId};
use crate::messages::{self, NewMessage};
use crate::retention::{announce, floor, sweep, sweep_some};
use crate::rooms::testing::{events, group};
use crate::schema::{EVENT_BY_ID, EVENTS_BY_ACCOUNT, EVENTS_BY_ROOM, EVENTS_FOR_EVERYONE};
use crate::testing::World;
use crate::{Core, announcements, event_log, rooms};

const DAY: Duration = Duration::from_secs(86_400);

fn keeping(keep_days: u32) -> World {
    World::with_settings(|settings| settings.events.keep_days = keep_days)
}

/// Event rows, and index rows that lead to no event.
fn rows(core: &Core) -> (usize, usize) {
    core.read(|view| {
        let most = 100_000;
        let by_account = EVENTS_BY_ACCOUNT.keys(view, &(), None, Order::Ascending, most).unwrap();
        let by_room = EVENTS_BY_ROOM.keys(view, &(), None, Order::Ascending, most).unwrap();
        let everyones = EVENTS_FOR_EVERYONE.keys(view, &(), None, Order::Ascending, most).unwrap();
        let ids =
            by_account.into_iter().map(|(_, id)| id).chain(by_room.into_iter().map(|(_, id)| id)).chain(everyones);
        let lost = ids.filter(|id| !EVENT_BY_ID.has(view, id).unwrap()).count();
        (EVENT_BY_ID.count(view, &(), most).unwrap(), lost)
    })
}

fn since(id: u64) -> Wish {
    Wish { since: Since::Event(EventId::new(id)), ..EVERYTHING }
}

/// What a follower gets before it is live; none when it is told to read anew.
async fn caught_up(core: &Core, caller: &Caller, wish: Wish) -> Option<Vec<u64>> {
    // A write is answered a moment before its events are out.
    while head(core) < core.read(|view| event_log::head(view)).unwrap().id {
        tokio::task::yield_now().await;
    }
    let mut follower = follow(core, caller, wish);
    let mut ids = Vec::new();
    loop {
        match follower.next().await {
            Followed::Item(live) => ids.push(live.event.id.unwrap().get()),
            Followed::Live { .. } => return Some(ids),
            Followed::Reload { .. } => return None,
            Followed::Ended(ending) => panic!("nothing ends here, but {ending:?}"),
        }
    }
}

fn send(world: &World, who: &Caller, room: RoomId) -> u64 {
    messages::send(&world.core, who, NewMessage::text(room, "hello")).unwrap().message.id.get()
}

#[test]
fn old_events_go_with_their_index_and_what_tells_of_messages_and_announcements_stays() {
    let world = keeping(30);
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let first = send(&world, &ann, room);
    messages::mark_read(&world.core, &bob, room, Offset::new(1)).unwrap();
    announcements::publish(&world.core, &Caller::operator(), "hear").unwrap();
    let old = events(&world).len();
    world.clock.wind(DAY * 20);
    let young = send(&world, &bob, room);
    messages::mark_read(&world.core, &ann, room, Offset::new(2)).unwrap();
    world.clock.wind(DAY * 11);
    assert_eq!(sweep(&world.core), Ok(old - 2));
    let left: Vec<u64> = events(&world).iter().map(|(id, _)| id.get()).collect();
    assert_eq!(left, [first, first + 2, young, young + 1]);
    assert_eq!(rows(&world.core), (4, 0));
    assert_eq!(messages::find_by_id(&world.core, &bob, EventId::new(first)).unwrap().text, "hello");
    assert_eq!(sweep(&world.core), Ok(0));
}

#[test]
fn zero_days_keep_everything() {
    let world = keeping(0);
    for _ in 0..3 {
        finish(&world.core);
    }
    world.clock.wind(DAY * 4_000);
    assert_eq!(sweep(&world.core), Ok(0));
    assert_eq!(rows(&world.core), (3, 0));
}

#[test]
fn who_was_away_longer_than_events_are_kept_reads_anew_and_goes_on() {
    let world = keeping(30);
    let ada = world.person("ada");
    join(&world.core, RoomId::new(1), ada.account_id().unwrap());
    for _ in 0..4 {
        say(&world.core, RoomId::new(1));
        world.clock.wind(DAY);
    }
    world.clock.wind(DAY * 27 + DAY / 2);
    sweep(&world.core).unwrap();
    assert_eq!(world.core.read(|view| floor(view)), Ok(EventId::new(3)));
    run(async {
        assert_eq!(caught_up(&world.core, &ada, since(2)).await, None);
        assert_eq!(caught_up(&world.core, &ada, since(3)).await, Some(vec![4, 5]));
        let mut away = follow(&world.core, &ada, since(0));
        assert!(matches!(away.next().await, Followed::Reload { head } if head.get() == 5));
        assert!(matches!(away.next().await, Followed::Live { .. }));
        let next = say(&world.core, RoomId::new(1));
        assert!(matches!(away.next().await, Followed::Item(live) if live.event.id == Some(next)));
        assert_eq!(caught_up(&world.core, &ada, FROM_NOW).await, Some(vec![]));
    });
}

#[test]
fn by_time_every_message_is_replayed_however_old_it_is() {
    let world = keeping(30);
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    let room = group(&world, &[&ann, &bob]);
    let start = world.core.now();
    let mut sent = Vec::new();
    for offset in 1..=40_u64 {
        world.clock.wind(DAY * 2);
        sent.push(send(&world, &ann, room));
        messages::mark_read(&world.core, &bob, room, Offset::new(offset)).unwrap();
    }
    let all: Vec<u64> = events(&world).iter().map(|(id, _)| id.get()).collect();
    sweep(&world.core).unwrap();
    let floor = world.core.read(|view| floor(view)).unwrap().get();
    let by_time = |at| Wish { since: Since::Stamp(at), ..EVERYTHING };
    run(async {
        let whole: Vec<u64> = all.into_iter().filter(|id| *id > floor || sent.contains(id)).collect();
        assert_eq!(caught_up(&world.core, &bob, by_time(start)).await, Some(whole.clone()));
        let tenth = messages::get(&world.core, &bob, room, Offset::new(10)).unwrap();
        let later: Vec<u64> = whole.into_iter().filter(|id| *id > tenth.id.get()).collect();
        assert_eq!(caught_up(&world.core, &bob, by_time(tenth.sent_at)).await, Some(later));
    });
}

#[test]
fn the_events_kept_for_messages_go_with_their_room() {
    let world = keeping(30);
    let ann = world.person("ann");
    let (early, late) = (group(&world, &[&ann]), group(&world, &[&ann]));
    send(&world, &ann, early);
    send(&world, &ann, late);
    rooms::delete(&world.core, &ann, early).unwrap();
    world.clock.wind(DAY * 31);
    sweep(&world.core).unwrap();
    assert!(matches!(events(&world)[..], [(_, What::MessageSent { room, .. })] if room == late));
    rooms::delete(&world.core, &ann, late).unwrap();
    assert!(matches!(events(&world)[..], [(_, What::RoomDeleted { .. })]));
    assert_eq!(rows(&world.core), (1, 0));
}

#[test]
fn a_stop_in_the_middle_changes_nothing_but_when_it_is_done() {
    let world = keeping(1);
    for _ in 0..1_200 {
        finish(&world.core);
    }
    world.clock.wind(DAY * 2);
    let last = finish(&world.core).get();
    announce(&world.core, world.core.now().minus_seconds(86_400)).unwrap();
    let again = world.reopen();
    let ada = world.person("ada");
    // Announced, and not yet gone: already nobody is shown half of it.
    run(async { assert_eq!(caught_up(&again, &ada, since(7)).await, None) });
    assert_eq!(sweep_some(&again), Ok(Some(500)));
    assert_eq!(rows(&again), (701, 0));
    let again = world.reopen();
    assert_eq!(sweep(&again), Ok(700));
    assert_eq!((rows(&again), sweep(&again)), ((1, 0), Ok(0)));
    run(async { assert_eq!(caught_up(&again, &ada, since(last - 1)).await, Some(vec![last])) });
}

#[test]
fn no_follower_gets_a_gap_while_the_log_is_cleared_under_it() {
    let world = keeping(1);
    let ada = world.person("ada");
    let (last, step) = (3_000, Duration::from_secs(60));
    let start = world.core.now();
    for _ in 0..last {
        world.clock.wind(step);
        finish(&world.core);
    }
    let core = world.core.clone();
    let clearing = std::thread::spawn(move || {
        for minutes in (0..=last).step_by(50) {
            announce(&core, start.plus_seconds(60 * minutes)).unwrap();
            while sweep_some(&core).unwrap().is_some() {}
            std::thread::yield_now();
        }
    });
    let (mut whole, mut anew) = (0, 0);
    run(async {
        while !clearing.is_finished() || anew == 0 {
            let mut follower = follow(&world.core, &ada, since(whole));
            let mut expected = whole + 1;
            loop {
                match follower.next().await {
                    Followed::Item(live) => {
                        assert_eq!(live.event.id.unwrap().get(), expected);
                        expected += 1;
                    }
                    Followed::Live { .. } => {
                        assert_eq!(expected, last + 1);
                        // The next one begins further on, where it may yet be ahead of the clearing.
                        whole = (whole + 13).min(last - 1);
                        break;
                    }
                    Followed::Reload { head } => {
                        assert_eq!(head.get(), last);
                        (anew, whole) = (anew + 1, (whole + 200).min(last - 1));
                        break;
                    }
                    Followed::Ended(ending) => panic!("nothing ends here, but {ending:?}"),
                }
            }
        }
    });
    clearing.join().unwrap();
    assert_eq!(rows(&world.core), (0, 0));
}

/// What happens to the log of the model.
#[derive(Clone, Debug)]
enum Deed {
    Tell,
    Send,
    Wait(u64),
    Sweep,
    Stop,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Tell),
        2 => Just(Deed::Send),
        3 => (1..40_u64).prop_map(Deed::Wait),
        2 => Just(Deed::Sweep),
        1 => Just(Deed::Stop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_agrees_with_a_model_of_a_few_lines(deeds in prop::collection::vec(deed(), 1..60)) {
        let world = keeping(2);
        let ann = world.person("ann");
        let room = group(&world, &[&ann]);
        // Id, moment and whether it tells of a message; and up to where the log was cleared.
        let noted = |id: u64, lasting| {
            let event = world.core.read(|view| event_log::find(view, EventId::new(id))).unwrap().unwrap();
            (id, event.at, lasting)
        };
        let mut log: Vec<_> = events(&world).iter().map(|(id, _)| noted(id.get(), false)).collect();
        let mut cleared = 0;
        for deed in deeds {
            match deed {
                Deed::Tell => log.push(noted(finish(&world.core).get(), false)),
                Deed::Send => log.push(noted(send(&world, &ann, room), true)),
                Deed::Wait(hours) => world.clock.wind(Duration::from_secs(3_600 * hours)),
                Deed::Sweep | Deed::Stop => {
                    let horizon = world.core.now().minus_seconds(2 * 86_400);
                    let old = log.iter().filter(|(_, at, _)| *at <= horizon).map(|(id, ..)| *id);
                    cleared = old.max().unwrap_or(0).max(cleared);
                    if matches!(deed, Deed::Stop) {
                        announce(&world.core, horizon).unwrap();
                        prop_assert_eq!(world.core.read(|view| floor(view)).unwrap().get(), cleared);
                        continue;
                    }
                    sweep(&world.core).unwrap();
                    log.retain(|(id, _, lasting)| *id > cleared || *lasting);
                    let left: Vec<u64> = events(&world).iter().map(|(id, _)| id.get()).collect();
                    prop_assert_eq!(left, log.iter().map(|(id, ..)| *id).collect::<Vec<_>>());
                }
            }
        }
        let head = log.last().map_or(0, |(id, ..)| *id).max(cleared);
        run(async {
            for point in 0..=head {
                let whole: Vec<u64> = log.iter().map(|(id, ..)| *id).filter(|id| *id > point).collect();
                let expected = (point >= cleared).then_some(whole);
                prop_assert_eq!(caught_up(&world.core, &ann, since(point)).await, expected);
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
