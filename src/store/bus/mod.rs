//! Live delivery: what happened goes to every connection that follows one of its topics, in order, without waiting for any.
//!
//! Each connection has one bounded queue (`queue.rs`). Topics are kept in shards; a shard is locked only to copy the list of
//! its followers, never while delivering. Events that change who follows what carry their `Move`s, so that a connection
//! follows a new room from the very event that opened it, and no longer after the one that ended it.

mod queue;
#[cfg(test)]
mod tests;

pub use queue::{Next, Queue};

use queue::Inner;
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Something that can be followed: a kind (account, room, everyone; the caller's own numbering) and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub u8, pub u64);

/// A change of who follows what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Every connection that was subscribed as this one is meant.
    pub who: Topic,
    /// The topic they join or leave.
    pub topic: Topic,
    /// Joins happen before the event is delivered, leaves after it, so both sides see the event itself.
    pub joins: bool,
}

/// What the bus carries.
pub trait Carried: Send + Sync + 'static {
    /// Adds the topics whose followers shall get this. A connection that follows several gets it once.
    fn topics(&self, out: &mut Vec<Topic>);
    /// Who follows what from now on.
    fn moves(&self) -> &[Move];
    /// The place in the stored order; 0 for what is not stored.
    fn order(&self) -> u64;
}

impl Carried for () {
    fn topics(&self, _out: &mut Vec<Topic>) {}
    fn moves(&self) -> &[Move] {
        &[]
    }
    fn order(&self) -> u64 {
        0
    }
}

const SHARDS: usize = 64;

type Followers<E> = Arc<Vec<Arc<Inner<E>>>>;

/// The live bus; clones are handles of the same one.
pub struct Bus<E> {
    parts: Arc<Parts<E>>,
}

struct Parts<E> {
    shards: Vec<RwLock<HashMap<Topic, Followers<E>>>>,
    hasher: RandomState,
    queue_max: usize,
    head: AtomicU64,
}

impl<E> Clone for Bus<E> {
    fn clone(&self) -> Self {
        Bus { parts: Arc::clone(&self.parts) }
    }
}

impl<E: Carried> Bus<E> {
    /// A bus whose queues take `queue_max` items each.
    #[must_use]
    pub fn new(queue_max: usize) -> Bus<E> {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        let (queue_max, head) = (queue_max.max(1), AtomicU64::new(0));
        Bus { parts: Arc::new(Parts { shards, hasher: RandomState::new(), queue_max, head }) }
    }

    /// Delivers something that is not stored (typing, presence). It may overtake stored events and may be lost.
    pub fn publish(&self, event: Arc<E>) {
        let mut topics = Vec::new();
        event.topics(&mut topics);
        if let [topic] = topics.as_slice() {
            for queue in self.followers(*topic).iter() {
                queue.push(&event);
            }
            return;
        }
        let mut met: BTreeSet<*const Inner<E>> = BTreeSet::new();
        topics.sort_unstable();
        topics.dedup();
        for topic in topics {
            for queue in self.followers(topic).iter() {
                if met.insert(Arc::as_ptr(queue)) {
                    queue.push(&event);
                }
            }
        }
    }

    /// Delivers a stored event and applies its moves: joins before, leaves after. Only the commit line calls this, in order.
    pub(crate) fn release(&self, event: Arc<E>) {
        // Raised before any list of followers is looked at: who follows first and asks for the head then, misses nothing.
        self.raise_head(event.order());
        self.apply(event.moves(), true);
        self.publish(Arc::clone(&event));
        self.apply(event.moves(), false);
    }

    /// The place of the last stored event that was released. What lies up to here is durable; what lies beyond it will reach
    /// every queue that followed its topic before this was asked.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.parts.head.load(Ordering::SeqCst)
    }

    /// Says how far the stored events go when the store is opened; never takes the head back.
    pub fn raise_head(&self, order: u64) {
        self.parts.head.fetch_max(order, Ordering::SeqCst);
    }

    fn apply(&self, moves: &[Move], joins: bool) {
        for step in moves.iter().filter(|step| step.joins == joins) {
            for queue in self.followers(step.who).iter() {
                let mut member = queue.membership();
                member.moves_seen += 1;
                if member.gone {
                    continue;
                }
                if joins && member.topics.insert(step.topic) {
                    self.add(step.topic, queue);
                } else if !joins && member.topics.remove(&step.topic) {
                    self.take(step.topic, queue);
                }
            }
        }
    }

    /// Opens a queue for a connection of `who`, following `who` itself and what `topics` says.
    ///
    /// `topics` reads the store; should moves of `who` be released meanwhile, it is asked again, so the result is never stale.
    pub fn subscribe(&self, who: Topic, mut topics: impl FnMut() -> Vec<Topic>) -> Queue<E> {
        match self.try_subscribe(who, || Ok::<_, Infallible>(topics())) {
            Ok(queue) => queue,
            Err(never) => match never {},
        }
    }

    /// Like `subscribe`, for topics that can fail to be read.
    pub fn try_subscribe<X>(&self, who: Topic, topics: impl FnMut() -> Result<Vec<Topic>, X>) -> Result<Queue<E>, X> {
        let inner = Arc::new(Inner::new(who, self.parts.queue_max));
        self.add(who, &inner);
        let mut queue = Queue::new(inner, self.clone());
        queue.try_set_topics(topics)?;
        Ok(queue)
    }

    /// How many connections follow `topic`.
    #[must_use]
    pub fn followers_count(&self, topic: Topic) -> usize {
        self.followers(topic).len()
    }

    /// Ends every queue: their readers get what waits and then `Closed`.
    pub fn close(&self) {
        for shard in &self.parts.shards {
            let all: Vec<_> = shard.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
            all.iter().flat_map(|followers| followers.iter()).for_each(|queue| queue.close());
        }
    }

    fn shard(&self, topic: Topic) -> Option<&RwLock<HashMap<Topic, Followers<E>>>> {
        let place = self.parts.hasher.hash_one(topic) % SHARDS as u64;
        self.parts.shards.get(usize::try_from(place).unwrap_or(0))
    }

    fn followers(&self, topic: Topic) -> Followers<E> {
        let shard = self.shard(topic).map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner));
        shard.and_then(|topics| topics.get(&topic).cloned()).unwrap_or_default()
    }

    fn add(&self, topic: Topic, queue: &Arc<Inner<E>>) {
        let Some(shard) = self.shard(topic) else { return };
        let mut topics = shard.write().unwrap_or_else(PoisonError::into_inner);
        // The list is copied only if somebody delivers from it at this very moment.
        Arc::make_mut(topics.entry(topic).or_default()).push(Arc::clone(queue));
    }

    fn take(&self, topic: Topic, queue: &Arc<Inner<E>>) {
        let Some(shard) = self.shard(topic) else { return };
        let mut topics = shard.write().unwrap_or_else(PoisonError::into_inner);
        let Some(followers) = topics.get_mut(&topic) else { return };
        let list = Arc::make_mut(followers);
        if let Some(place) = list.iter().position(|other| Arc::ptr_eq(other, queue)) {
            list.swap_remove(place);
        }
        if list.is_empty() {
            topics.remove(&topic);
        } else if list.capacity() > 64 && list.len() * 4 < list.capacity() {
            list.shrink_to(list.len() * 2);
        }
    }
}
