//! The queue of one connection: bounded, woken without polling, and small while nothing happens.
//!
//! A full queue is emptied and marked *behind*: it takes nothing until its reader has caught up from the store and says
//! `resume`. So a slow reader costs itself a re-read and others nothing, and memory stays bounded. What waits may have been
//! put into bytes for others, so a reader that takes nothing for a while keeps little of it waiting.

use super::{Bus, Carried, Topic};
use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// An empty queue keeps at most this much room.
const KEPT_WHEN_EMPTY: usize = 32;
/// Items that wait for a reader that has been stalled for longer than a hiccup lasts.
const STALLED_MAX: usize = 64;
const HICCUP: Duration = Duration::from_secs(1);

/// What a queue has to say.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<E> {
    /// The next item, in order of release.
    Item(Arc<E>),
    /// Items were lost: call `resume`, then catch up from the store.
    Behind,
    /// The bus was closed and nothing waits.
    Closed,
}

struct Waiting<E> {
    items: VecDeque<Arc<E>>,
    behind: bool,
    closed: bool,
    /// Since when the reader takes nothing, if it said so.
    stalled_at: Option<Instant>,
    reader: Option<Waker>,
}

/// What a connection follows.
pub(super) struct Membership {
    pub(super) topics: BTreeSet<Topic>,
    pub(super) moves_seen: u64,
    pub(super) gone: bool,
}

/// The part of a queue that the bus holds.
pub(super) struct Inner<E> {
    who: Topic,
    max: usize,
    waiting: Mutex<Waiting<E>>,
    membership: Mutex<Membership>,
}

impl<E> Inner<E> {
    pub(super) fn new(who: Topic, max: usize) -> Inner<E> {
        Inner {
            who,
            max,
            waiting: Mutex::new(Waiting {
                items: VecDeque::new(),
                behind: false,
                closed: false,
                stalled_at: None,
                reader: None,
            }),
            membership: Mutex::new(Membership { topics: BTreeSet::new(), moves_seen: 0, gone: false }),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<E>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn membership(&self) -> MutexGuard<'_, Membership> {
        self.membership.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, event: &Arc<E>) {
        let reader = {
            let mut waiting = self.waiting();
            if waiting.behind || waiting.closed {
                return;
            }
            if waiting.items.len() >= self.max || waiting.is_stalled() {
                waiting.items = VecDeque::new();
                waiting.behind = true;
            } else {
                waiting.items.push_back(Arc::clone(event));
            }
            waiting.reader.take()
        };
        // Woken outside the lock, or the reader would wake only to wait for it.
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    pub(super) fn close(&self) {
        let reader = {
            let mut waiting = self.waiting();
            waiting.closed = true;
            waiting.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl<E> Waiting<E> {
    fn is_stalled(&self) -> bool {
        self.items.len() >= STALLED_MAX && self.stalled_at.is_some_and(|since| since.elapsed() > HICCUP)
    }

    fn take(&mut self) -> Option<Next<E>> {
        self.stalled_at = None;
        if self.behind {
            return Some(if self.closed { Next::Closed } else { Next::Behind });
        }
        let item = self.items.pop_front();
        self.shrink();
        item.map(Next::Item).or_else(|| self.closed.then_some(Next::Closed))
    }

    fn shrink(&mut self) {
        if self.items.is_empty() && self.items.capacity() > KEPT_WHEN_EMPTY {
            self.items = VecDeque::new();
        }
    }
}

/// The reading end, owned by one connection. Dropping it ends the subscription.
pub struct Queue<E: Carried> {
    inner: Arc<Inner<E>>,
    bus: Bus<E>,
}

impl<E: Carried> Queue<E> {
    pub(super) fn new(inner: Arc<Inner<E>>, bus: Bus<E>) -> Queue<E> {
        Queue { inner, bus }
    }

    /// Waits for the next item. Says `Behind` again and again until `resume`. Cancel-safe: nothing is lost.
    pub async fn next(&mut self) -> Next<E> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// What `next` would say now, or none if it would wait.
    pub fn try_next(&mut self) -> Option<Next<E>> {
        self.inner.waiting().take()
    }

    /// The polling form of `next`, for sockets that watch several things.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next<E>> {
        let mut waiting = self.inner.waiting();
        match waiting.take() {
            Some(next) => Poll::Ready(next),
            None => {
                waiting.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Moves up to `max` waiting items into `out` under one lock, and says how many: for one vectored write of many frames.
    pub fn take_waiting(&mut self, out: &mut Vec<Arc<E>>, max: usize) -> usize {
        let mut waiting = self.inner.waiting();
        waiting.stalled_at = None;
        let count = waiting.items.len().min(max);
        out.extend(waiting.items.drain(..count));
        waiting.shrink();
        count
    }

    /// Says that the reader can take nothing since then, until it does: meanwhile few items wait for it.
    pub fn stall(&mut self, since: Instant) {
        self.inner.waiting().stalled_at = Some(since);
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.waiting().items.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes items again after `Behind`. Call it *before* reading the store, so that nothing falls between the two.
    pub fn resume(&mut self) {
        self.inner.waiting().behind = false;
    }

    /// Whose connection this is.
    #[must_use]
    pub fn who(&self) -> Topic {
        self.inner.who
    }

    /// How many moves of its owner this queue has met; a changed number means that its topics may have changed.
    #[must_use]
    pub fn moves_seen(&self) -> u64 {
        self.inner.membership().moves_seen
    }

    /// Follows exactly what `topics` says (and always its owner). Asked again if moves are released meanwhile.
    pub fn try_set_topics<X>(&mut self, mut topics: impl FnMut() -> Result<Vec<Topic>, X>) -> Result<(), X> {
        loop {
            let before = self.moves_seen();
            let mut wanted: BTreeSet<Topic> = topics()?.into_iter().collect();
            wanted.remove(&self.inner.who);
            let mut member = self.inner.membership();
            if member.moves_seen != before {
                continue;
            }
            for topic in member.topics.difference(&wanted) {
                self.bus.take(*topic, &self.inner);
            }
            for topic in wanted.difference(&member.topics) {
                self.bus.add(*topic, &self.inner);
            }
            member.topics = wanted;
            return Ok(());
        }
    }

    /// Adds one topic that no move speaks of (a room somebody looks at without being a member).
    pub fn follow(&mut self, topic: Topic) {
        let mut member = self.inner.membership();
        if topic != self.inner.who && member.topics.insert(topic) {
            self.bus.add(topic, &self.inner);
        }
    }

    /// Takes one topic away.
    pub fn unfollow(&mut self, topic: Topic) {
        let mut member = self.inner.membership();
        if member.topics.remove(&topic) {
            self.bus.take(topic, &self.inner);
        }
    }
}

impl<E: Carried> Drop for Queue<E> {
    fn drop(&mut self) {
        let mut member = self.inner.membership();
        // A move that is being applied right now must not add this queue again.
        member.gone = true;
        for topic in std::mem::take(&mut member.topics) {
            self.bus.take(topic, &self.inner);
        }
        self.bus.take(self.inner.who, &self.inner);
    }
}
