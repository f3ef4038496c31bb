//! What is measured in memory: who listens, how much is said, in how many rooms. Touched with every message, so it is small.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Core;
use crate::clock::Stamp;
use crate::ids::RoomId;
use crate::limits::{ACTIVE_ROOM_S, ACTIVE_ROOMS_KEPT_MAX};
use crate::messages::Sent;
use crate::page::Done;

/// Milliseconds over which a rate is measured at least.
const RATE_MS_LEAST: u64 = 1_000;

/// The gauges of one server.
#[derive(Debug)]
pub(crate) struct Gauges {
    /// Since when the server runs.
    pub(crate) started_at: Stamp,
    listening: AtomicU64,
    sent: AtomicU64,
    rate: Mutex<Rate>,
    spoken: Mutex<HashMap<RoomId, Stamp>>,
    /// When figures were last written down; none before it was looked up.
    pub(crate) written_at: Mutex<Option<Stamp>>,
}

/// How fast something went between the last two looks at it.
#[derive(Debug)]
struct Rate {
    at: Stamp,
    sent: u64,
    per_s: f64,
}

impl Gauges {
    /// The gauges of a server that starts now.
    pub(crate) fn new(now: Stamp) -> Self {
        Self {
            started_at: now,
            listening: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            rate: Mutex::new(Rate { at: now, sent: 0, per_s: 0.0 }),
            spoken: Mutex::default(),
            written_at: Mutex::default(),
        }
    }

    /// How many streams of events are open.
    pub(crate) fn listening(&self) -> u64 {
        self.listening.load(Relaxed)
    }

    /// Messages per second since the rate was last taken, a second ago or earlier.
    pub(crate) fn rate(&self, now: Stamp) -> f64 {
        let (mut rate, sent) = (lock(&self.rate), self.sent.load(Relaxed));
        if now < rate.at {
            // The clock was turned back: measure from here on.
            rate.at = now;
        }
        let passed_ms = now.millis_since(rate.at);
        if passed_ms >= RATE_MS_LEAST {
            rate.per_s = sent.saturating_sub(rate.sent) as f64 * 1_000.0 / passed_ms as f64;
            (rate.at, rate.sent) = (now, sent);
        }
        rate.per_s
    }

    /// In how many rooms something was said lately.
    pub(crate) fn active_rooms(&self, now: Stamp) -> u64 {
        let mut spoken = lock(&self.spoken);
        spoken.retain(|_, at| now < at.plus_seconds(ACTIVE_ROOM_S));
        u64::try_from(spoken.len()).unwrap_or(u64::MAX)
    }

    fn note(&self, room: RoomId, at: Stamp) {
        self.sent.fetch_add(1, Relaxed);
        let mut spoken = lock(&self.spoken);
        if spoken.len() < ACTIVE_ROOMS_KEPT_MAX || spoken.contains_key(&room) {
            spoken.insert(room, at);
        }
    }
}

/// What is behind these locks is whole after every step, so a poisoned one is still sound.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open stream of events; counted until it is dropped.
pub struct Listening(Core);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.gauges().listening.fetch_sub(1, Relaxed);
    }
}

/// Counts a stream of events as open until the answer is dropped.
pub fn listen(core: &Core) -> Listening {
    core.gauges().listening.fetch_add(1, Relaxed);
    Listening(core.clone())
}

/// Counts a message that was sent; one that was sent before under the same client key is none. For every dialect that sends.
pub fn note_sent(core: &Core, sent: &Sent) {
    if sent.done == Done::Done {
        core.gauges().note(sent.message.room, sent.message.sent_at);
    }
}
