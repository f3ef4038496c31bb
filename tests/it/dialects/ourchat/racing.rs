//! The event stream while many write at the same time, in both dialects, take back what they said, and the clock jumps: whoever
//! listens, from wherever, however often he comes back, hears the same events in the same order as a replay shows them later.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chatelaine_core::{Caller, announcements};
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::fetch_msgs_response::RespondEventType;
use chatelaine_ourchat_pb::service::ourchat::msg_delivery::v1::{FetchMsgsRequest, FetchMsgsResponse};
use prost_types::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Code;

use super::voices::{BEGINNING, Ears, Voice, micros};
use crate::world::{Person, World};

const ROUNDS: usize = 120;
/// Calls that the writers make in all.
const WRITES: usize = 3 * ROUNDS + 2 * ROUNDS;

/// How far the writers are, and the last event once it is known.
#[derive(Clone)]
struct Race {
    done: Arc<AtomicUsize>,
    end: watch::Receiver<u64>,
}

impl Race {
    /// Hears on until the end is known and heard.
    async fn hear(&self, ears: &mut Ears, heard: &mut Vec<FetchMsgsResponse>, at_most: usize) -> bool {
        for _ in 0..at_most {
            if heard.last().is_some_and(|last| last.msg_id >= *self.end.borrow()) {
                return true;
            }
            heard.push(ears.next().await);
        }
        false
    }

    /// Listens without a break.
    async fn listen(self, voice: Voice) -> (usize, Vec<FetchMsgsResponse>) {
        let (mut ears, mut heard) = (voice.listen(BEGINNING).await, Vec::new());
        let begun = self.done.load(Ordering::SeqCst);
        self.hear(&mut ears, &mut heard, usize::MAX).await;
        (begun, heard)
    }

    /// Goes away again and again and comes back with the time of what it heard last.
    async fn come_and_go(self, voice: Voice) -> (usize, Vec<FetchMsgsResponse>) {
        let (begun, mut heard) = (self.done.load(Ordering::SeqCst), Vec::<FetchMsgsResponse>::new());
        for stay in (1..).map(|visit| 1 + visit % 17) {
            let since = heard.last().and_then(|last| last.time).unwrap_or(BEGINNING);
            let mut ears = again(&voice, since).await;
            if self.hear(&mut ears, &mut heard, stay).await {
                break;
            }
        }
        (begun, heard)
    }
}

/// A stream since then; the place of one that was left a moment ago may still be taken.
async fn again(voice: &Voice, since: Timestamp) -> Ears {
    loop {
        let ask = FetchMsgsRequest { time: Some(since), announcement_only: false };
        match voice.fetch(ask).await {
            Ok(answer) => return Ears(answer.into_inner()),
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
        }
        tokio::task::yield_now().await;
    }
}

/// Says something again and again, and takes every fourth back.
async fn speak(voice: Voice, room: u64, done: Arc<AtomicUsize>) -> Vec<u64> {
    let mut taken_back = Vec::new();
    for number in 0..ROUNDS {
        let id = voice.say(room, &number.to_string()).await;
        if number % 4 == 0 {
            voice.recall(room, id).await.expect("taken back");
            taken_back.push(id);
        }
        done.fetch_add(1, Ordering::SeqCst);
    }
    taken_back
}

/// The same in the other dialect, and beside it what everybody hears.
fn speak_on_the_web(world: &World, person: &Person, room: u64, done: &AtomicUsize) {
    for number in 0..ROUNDS {
        person.say(room, &format!("web {number}"));
        if number % 10 == 0 {
            world.clock.wind(Duration::from_millis(1_500));
            announcements::publish(&world.core, &Caller::operator(), "hear").expect("announced");
        }
        done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Without the messages that were taken back, which a replay leaves out.
fn lasting(mut heard: Vec<FetchMsgsResponse>, taken_back: &HashSet<u64>) -> Vec<FetchMsgsResponse> {
    heard.retain(|event| {
        let is_message = matches!(event.respond_event_type, Some(RespondEventType::Msg(_)));
        !(is_message && taken_back.contains(&event.msg_id))
    });
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_is_replay_for_everybody_while_many_write_and_the_clock_jumps() {
    let world = Arc::new(World::new());
    let people = ["ann", "bob", "cid"].map(|name| world.person(name));
    let room = world.group(&people[0], "hall", &[&people[1], &people[2]]);
    let voices = people.each_ref().map(|person| Voice::of(&world, person));
    let (end, told) = watch::channel(u64::MAX);
    let race = Race { done: Arc::default(), end: told };
    let (mut writers, mut listeners) = (JoinSet::new(), JoinSet::new());
    for voice in &voices {
        writers.spawn(speak(voice.clone(), room, Arc::clone(&race.done)));
    }
    for person in &people[..2] {
        let (world, person, done) = (Arc::clone(&world), person.clone(), Arc::clone(&race.done));
        writers.spawn_blocking(move || {
            speak_on_the_web(&world, &person, room, &done);
            Vec::new()
        });
    }
    for turn in 1..=4 {
        // Each begins later in the middle of the writing, so that its replay meets what happens.
        while race.done.load(Ordering::SeqCst) < turn * WRITES / 8 {
            tokio::task::yield_now().await;
        }
        listeners.spawn(race.clone().listen(Voice::of(&world, &people[1])));
        listeners.spawn(race.clone().come_and_go(Voice::of(&world, &people[2])));
    }
    let mut taken_back = HashSet::new();
    while let Some(done) = writers.join_next().await {
        taken_back.extend(done.expect("written"));
    }
    assert_eq!((race.done.load(Ordering::SeqCst), taken_back.len()), (WRITES, 3 * ROUNDS / 4));
    let last = voices[0].say(room, "end").await;
    end.send(last).expect("somebody listens");
    // Whoever had heard the last event before it was called the last hears one more.
    voices[0].say(room, "after").await;
    let replay = voices[1].listen(BEGINNING).await.until(last).await;
    assert_eq!(replay.len(), 3 * ROUNDS + 2 * ROUNDS + 2 * ROUNDS / 10, "a recall stands where its message was");
    assert!(replay.is_sorted_by(|a, b| a.msg_id < b.msg_id && micros(a.time) < micros(b.time)), "strictly rising");
    while let Some(listener) = listeners.join_next().await {
        let (begun, heard) = listener.expect("heard");
        assert!(begun > 0 && begun < WRITES, "in the middle of the writing, not after {begun}");
        assert!(heard.is_sorted_by(|a, b| a.msg_id < b.msg_id && micros(a.time) < micros(b.time)), "strictly rising");
        let mut heard = lasting(heard, &taken_back);
        heard.retain(|event| event.msg_id < last);
        assert!(heard == replay, "no gap, no repeat, and each event as it is replayed");
    }
}
