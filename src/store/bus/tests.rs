//! Delivery: once per connection, in order, bounded, and exactly while the topic is followed.

use std::time::{Duration, Instant};

use super::*;

#[derive(Debug, PartialEq)]
struct Note {
    order: u64,
    to: Vec<Topic>,
    moves: Vec<Move>,
}

impl Carried for Note {
    fn topics(&self, out: &mut Vec<Topic>) {
        out.extend_from_slice(&self.to);
    }
    fn moves(&self) -> &[Move] {
        &self.moves
    }
    fn order(&self) -> u64 {
        self.order
    }
}

const ADA: Topic = Topic(1, 1);
const ROOM: Topic = Topic(2, 1);

fn note(order: u64, to: &[Topic]) -> Arc<Note> {
    Arc::new(Note { order, to: to.to_vec(), moves: Vec::new() })
}

fn moving(order: u64, joins: bool) -> Arc<Note> {
    Arc::new(Note { order, to: vec![ROOM], moves: vec![Move { who: ADA, topic: ROOM, joins }] })
}

fn orders(queue: &mut Queue<Note>) -> Vec<u64> {
    let mut items = Vec::new();
    queue.take_waiting(&mut items, usize::MAX);
    items.iter().map(|item| item.order()).collect()
}

#[test]
fn a_connection_that_follows_two_topics_of_an_event_gets_it_once() {
    let bus = Bus::new(8);
    let mut queue = bus.subscribe(ADA, || vec![ROOM]);
    bus.publish(note(1, &[ADA, ROOM, ROOM]));
    bus.publish(note(2, &[Topic(2, 9)]));
    assert_eq!(orders(&mut queue), [1]);
}

#[test]
fn a_full_queue_is_emptied_and_takes_nothing_until_resumed() {
    let bus = Bus::new(2);
    let mut queue = bus.subscribe(ADA, Vec::new);
    (1..=2).for_each(|order| bus.publish(note(order, &[ADA])));
    assert_eq!(queue.len(), 2, "at the limit nothing is lost");
    (3..=5).for_each(|order| bus.publish(note(order, &[ADA])));
    assert_eq!(queue.try_next(), Some(Next::Behind));
    assert_eq!(queue.try_next(), Some(Next::Behind));
    queue.resume();
    bus.publish(note(6, &[ADA]));
    assert_eq!(orders(&mut queue), [6]);
}

#[test]
fn little_waits_for_a_reader_that_is_stalled_until_it_takes_again() {
    let bus = Bus::new(1_024);
    let mut queue = bus.subscribe(ADA, Vec::new);
    let long_ago = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
    queue.stall(Instant::now() + Duration::from_secs(3_600));
    (1..=100).for_each(|order| bus.publish(note(order, &[ADA])));
    assert_eq!(queue.len(), 100, "a hiccup costs nothing");
    assert_eq!(orders(&mut queue).len(), 100);
    queue.stall(long_ago);
    (101..=164).for_each(|order| bus.publish(note(order, &[ADA])));
    assert_eq!(queue.len(), 64);
    bus.publish(note(165, &[ADA]));
    assert_eq!((queue.len(), queue.try_next()), (0, Some(Next::Behind)));
    queue.resume();
    (166..=300).for_each(|order| bus.publish(note(order, &[ADA])));
    assert_eq!(queue.len(), 135, "who takes again is stalled no more");
}

#[test]
fn a_join_comes_before_its_event_and_a_leave_after_it() {
    let bus = Bus::new(8);
    let mut queue = bus.subscribe(ADA, Vec::new);
    bus.publish(note(1, &[ROOM]));
    bus.release(moving(2, true));
    bus.publish(note(3, &[ROOM]));
    bus.release(moving(4, false));
    bus.publish(note(5, &[ROOM]));
    assert_eq!(orders(&mut queue), [2, 3, 4]);
    assert_eq!(bus.followers_count(ROOM), 0);
}

#[test]
fn topics_that_were_read_before_a_leave_are_read_again() {
    let bus = Bus::new(8);
    let asked = AtomicU64::new(0);
    let _queue = bus.subscribe(ADA, || {
        if asked.fetch_add(1, Ordering::Relaxed) == 0 {
            bus.release(moving(1, false));
            vec![ROOM]
        } else {
            Vec::new()
        }
    });
    assert_eq!(asked.into_inner(), 2);
    assert_eq!(bus.followers_count(ROOM), 0, "the stale answer must not leave a subscription behind");
}

#[test]
fn a_dropped_queue_leaves_nothing_behind() {
    let bus = Bus::new(8);
    let queue = bus.subscribe(ADA, || vec![ROOM]);
    assert_eq!((bus.followers_count(ADA), bus.followers_count(ROOM)), (1, 1));
    drop(queue);
    assert_eq!((bus.followers_count(ADA), bus.followers_count(ROOM)), (0, 0));
    bus.release(moving(1, true));
    assert_eq!(bus.followers_count(ROOM), 0);
}

#[test]
fn closing_wakes_a_waiting_reader_after_the_rest() {
    let bus = Bus::new(8);
    let mut queue = bus.subscribe(ADA, Vec::new);
    bus.publish(note(1, &[ADA]));
    let reader = std::thread::spawn(move || {
        let first = crate::block_on(queue.next());
        (first, crate::block_on(queue.next()))
    });
    bus.close();
    assert_eq!(reader.join().unwrap(), (Next::Item(note(1, &[ADA])), Next::Closed));
}

#[test]
fn racing_publishers_and_subscribers_lose_nothing() {
    let bus = Bus::new(100_000);
    let mut steady = bus.subscribe(ADA, || vec![ROOM]);
    std::thread::scope(|scope| {
        for part in 0..4_u64 {
            let bus = &bus;
            scope.spawn(move || (0..500).for_each(|order| bus.publish(note(part * 1_000 + order, &[ROOM]))));
            scope.spawn(move || (0..200).for_each(|_| drop(bus.subscribe(Topic(1, 50 + part), || vec![ROOM]))));
        }
    });
    let mut got = orders(&mut steady);
    for part in 0..4 {
        let of_part: Vec<u64> = got.iter().copied().filter(|order| order / 1_000 == part).collect();
        assert!(of_part.is_sorted(), "each publisher's order is kept");
    }
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), 2_000);
    assert_eq!(bus.followers_count(ROOM), 1);
}

#[test]
fn the_head_shows_the_last_stored_event_and_never_goes_back() {
    let bus = Bus::new(8);
    bus.raise_head(7);
    bus.publish(note(0, &[ADA]));
    assert_eq!(bus.head(), 7, "what passes does not count");
    bus.release(note(9, &[ADA]));
    bus.raise_head(8);
    assert_eq!(bus.head(), 9);
}

#[test]
fn who_follows_before_asking_for_the_head_misses_nothing_beyond_it() {
    let bus = Bus::new(100_000);
    std::thread::scope(|scope| {
        let writer = bus.clone();
        scope.spawn(move || (1..=20_000).for_each(|order| writer.release(note(order, &[ROOM]))));
        for _ in 0..200 {
            let mut queue = bus.subscribe(ADA, || vec![ROOM]);
            let head = bus.head();
            let later = bus.head();
            let got = orders(&mut queue);
            // The one that is being delivered at this moment may still be on its way.
            for order in head + 1..later {
                assert!(got.contains(&order), "{order} lies beyond {head} and was released");
            }
        }
    });
}
