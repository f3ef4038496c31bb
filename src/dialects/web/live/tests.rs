//! What a socket holds in memory while its client reads nothing, and who may have how many of them, without a network.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chatelaine_core::ask::ask;
use chatelaine_core::caller::Caller;
use chatelaine_core::error::Error;
use chatelaine_core::event::{Audience, Event, Live as LiveEvent, What};
use chatelaine_core::ids::{EventId, Offset, RoomId};
use chatelaine_core::limits::{OPERATIONS_AT_ONCE, OPERATIONS_WAITING};
use chatelaine_core::messages::{self, NewMessage};
use chatelaine_core::rooms;
use chatelaine_core::testing::World;
use chatelaine_http::socket::{Heard, Say, Talk};
use chatelaine_http::{Bodies, BodiesLimits, Places, RateLimits};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::Value;

use super::talker::Talker;
use super::telling::{BATCH_BYTES, Made, batch};
use super::{Guest, Known};
use crate::Web;

const MESSAGES: u64 = 64;
const TEXT_BYTES: usize = 16_000;
/// A frame of one such message, its envelope included.
const FRAME_BYTES: usize = TEXT_BYTES + 1_000;

fn run<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(story)
}

fn web(world: &World) -> Web {
    let bodies = Bodies::new(BodiesLimits::default());
    Web::new(world.core.clone(), RateLimits::new(crate::pace(&world.core.settings())), bodies)
}

fn talker(web: &Web, places: &Places, caller: &Caller) -> Talker {
    let known = Known::count(places, caller.clone()).ok().unwrap();
    Talker::new(web.clone(), places.clone(), Guest { stranger: caller.clone(), known: Some(known) })
}

fn room_of(world: &World, owner: &Caller) -> RoomId {
    let (mine, _) = rooms::open_private(&world.core, owner, world.account("bob").id).unwrap();
    mine.room.id
}

fn say_long(world: &World, sender: &Caller, room: RoomId) {
    for _ in 0..MESSAGES {
        messages::send(&world.core, sender, NewMessage::text(room, "x".repeat(TEXT_BYTES))).unwrap();
    }
}

fn read(say: &Say) -> Value {
    let Say::Frame(frame) = say else { panic!("{say:?}") };
    let text = frame.bytes().iter().position(|byte| *byte == b'{').unwrap();
    serde_json::from_slice(&frame.bytes()[text..]).unwrap()
}

#[test]
fn a_batch_ends_at_its_bytes_and_the_rest_stays_events() {
    let event = |id| Event {
        id: Some(EventId::new(id)),
        at: chatelaine_core::testing::START,
        audience: Audience::everyone(),
        what: What::MessageSent { room: RoomId::new(1), offset: Offset::new(id) },
        enclosure: None,
    };
    let mut rest: Vec<_> = (1..=MESSAGES).map(|id| Arc::new(LiveEvent::new(event(id)))).collect();
    let made_count = AtomicUsize::new(0);
    let mut seen = Vec::new();
    while !rest.is_empty() {
        let before = made_count.load(Ordering::SeqCst);
        let made: Made = batch(rest, |event| {
            made_count.fetch_add(1, Ordering::SeqCst);
            let first = event.event.id.unwrap().get().to_be_bytes();
            Some(Bytes::from([first.as_slice(), &[0; TEXT_BYTES]].concat()))
        });
        let bytes: usize = made.frames.iter().map(Bytes::len).sum();
        assert!(bytes < BATCH_BYTES + FRAME_BYTES, "{bytes}");
        assert_eq!(made_count.load(Ordering::SeqCst) - before, made.frames.len(), "nothing is made ahead");
        seen.extend(made.frames.iter().map(|frame| u64::from_be_bytes(frame[..8].try_into().unwrap())));
        rest = made.rest;
    }
    assert_eq!(seen, (1..=MESSAGES).collect::<Vec<_>>());
}

#[test]
fn events_without_a_frame_take_no_room_and_do_not_stop_a_batch() {
    let event = Event {
        id: None,
        at: chatelaine_core::testing::START,
        audience: Audience::everyone(),
        what: What::SettingsChanged { name: "x".into() },
        enclosure: None,
    };
    let made = batch((0..500).map(|_| Arc::new(LiveEvent::new(event.clone()))).collect(), |_| None);
    assert_eq!((made.frames.len(), made.rest.len()), (0, 0));
}

#[test]
fn a_client_that_reads_slowly_holds_a_bounded_number_of_encoded_bytes() {
    let world = World::new();
    let ada = world.person("ada");
    let room = room_of(&world, &ada);
    say_long(&world, &ada, room);
    let (web, places) = (web(&world), Places::new(1));
    run(async {
        let mut talker = talker(&web, &places, &ada);
        assert_eq!(talker.hear(Heard::Text(r#"{"hello":{"since":0}}"#)).await, None);
        let (mut offsets, mut is_live) = (Vec::new(), false);
        // The last message may be on its way still when what was stored has been told.
        while !is_live || offsets.last() != Some(&MESSAGES) {
            // One frame at a time, as for a socket that takes no more.
            let say = talker.next().await;
            assert!(talker.ready_bytes() < BATCH_BYTES + FRAME_BYTES, "{}", talker.ready_bytes());
            let frame = read(&say);
            match frame["t"].as_str() {
                Some("message") => offsets.push(frame["d"]["offset"].as_u64().unwrap()),
                Some("live") => is_live = true,
                _ => {}
            }
        }
        assert_eq!(offsets, (1..=MESSAGES).collect::<Vec<_>>());
        // What happens from now on is made frame by frame, when the socket has room for it.
        say_long(&world, &ada, room);
        for offset in MESSAGES + 1..=2 * MESSAGES {
            let frame = read(&talker.next().await);
            assert_eq!(frame["d"]["offset"], offset);
            assert!(talker.ready_bytes() < FRAME_BYTES);
        }
    });
}

#[test]
fn a_client_that_takes_nothing_for_a_while_reads_what_it_missed_from_the_store() {
    let world = World::new();
    let ada = world.person("ada");
    let room = room_of(&world, &ada);
    let (web, places) = (web(&world), Places::new(1));
    run(async {
        let mut talker = talker(&web, &places, &ada);
        assert_eq!(talker.hear(Heard::Text(r#"{"hello":{}}"#)).await, None);
        while read(&talker.next().await)["t"] != "live" {}
        talker.stall(Instant::now().checked_sub(Duration::from_secs(10)).unwrap());
        for _ in 0..3 {
            say_long(&world, &ada, room);
        }
        for offset in 1..=3 * MESSAGES {
            assert_eq!(read(&talker.next().await)["d"]["offset"], offset);
        }
    });
}

#[test]
fn a_client_catches_up_also_when_every_turn_for_operations_is_taken() {
    let world = World::new();
    let ada = world.person("ada");
    let room = room_of(&world, &ada);
    say_long(&world, &ada, room);
    let (web, places) = (web(&world), Places::new(1));
    let (open, shut) = mpsc::channel::<()>();
    let shut = Arc::new(Mutex::new(shut));
    run(async {
        let operation = |_| {
            let (core, shut) = (world.core.clone(), Arc::clone(&shut));
            async move { ask(&core, move |_| Ok(shut.lock().unwrap().recv().is_ok())).await }
        };
        let mut busy: FuturesUnordered<_> = (0..OPERATIONS_AT_ONCE + OPERATIONS_WAITING).map(operation).collect();
        assert!(busy.next().now_or_never().is_none(), "none is done");
        assert_eq!(ask(&world.core, |_| Ok(())).await, Err(Error::Busy));
        let mut talker = talker(&web, &places, &ada);
        assert_eq!(talker.hear(Heard::Text(r#"{"hello":{"since":0}}"#)).await, None);
        while read(&talker.next().await)["d"]["offset"] != MESSAGES {}
        drop(open);
    });
}

#[test]
fn a_socket_gives_its_place_back_when_it_ends() {
    let world = World::new();
    let ada = world.person("ada");
    let (web, places) = (web(&world), Places::new(1));
    let account = ada.account_id().unwrap().get();
    run(async {
        let mut first = talker(&web, &places, &ada);
        assert!(places.take(account).is_none(), "counted before the hello");
        assert_eq!(first.hear(Heard::Text(r#"{"hello":{}}"#)).await, None);
        assert_eq!(read(&first.next().await)["t"], "welcome");
        assert!(places.take(account).is_none(), "and after it");
        drop(first);
        assert!(places.take(account).is_some());
    });
}
