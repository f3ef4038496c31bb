//! A pace that only some calls count against: first one looks whether a key may go on, and what it then did wrong is added.
//!
//! Beside the tables of `rate.rs`, which count every call, this one leaves those alone who do nothing wrong: a whole class
//! signs in from one address, and somebody who guesses there has to wait. Bounded like those.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::rate::TooFast;

/// The debts of all keys; each is paid off at a steady pace.
pub(crate) struct Tally {
    /// In what time one is paid off; none switches the tally off.
    each: Option<Duration>,
    /// The greatest debt with which a key may go on.
    most: Duration,
    keys_max: usize,
    debts: Mutex<Debts>,
}

#[derive(Default)]
struct Debts {
    /// When a key owes nothing any more.
    clear_at: HashMap<u128, Instant>,
    swept_at: Option<Instant>,
}

impl Tally {
    /// Pays off `count` in the time `per`, and lets a key go on until it owes `burst`. A count of 0 switches it off.
    pub(crate) fn new(count: u32, per: Duration, burst: u32, keys_max: usize) -> Tally {
        let each = per.checked_div(count);
        let most = each.unwrap_or_default().saturating_mul(burst);
        Tally { each, most, keys_max, debts: Mutex::default() }
    }

    /// Passes while the key owes less than the burst.
    pub(crate) fn look(&self, key: u128, now: Instant) -> Result<(), TooFast> {
        let Some(each) = self.each else { return Ok(()) };
        let debts = self.lock();
        let key = debts.place_of(key, self.keys_max);
        let owed = debts.clear_at.get(&key).map_or(Duration::ZERO, |clear_at| clear_at.saturating_duration_since(now));
        match owed.saturating_add(each).checked_sub(self.most) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(wait) => Err(TooFast { retry_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1) }),
        }
    }

    /// Adds one. However much is added, a key owes no more than twice the burst.
    pub(crate) fn add(&self, key: u128, now: Instant) {
        let Some(each) = self.each else { return };
        let mut debts = self.lock();
        debts.sweep_if_full(now, self.keys_max);
        let key = debts.place_of(key, self.keys_max);
        let clear_at = debts.clear_at.entry(key).or_insert(now);
        *clear_at = ((*clear_at).max(now) + each).min(now + self.most.saturating_mul(2));
    }

    fn lock(&self) -> MutexGuard<'_, Debts> {
        // Nothing under this lock can stop halfway.
        self.debts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debts {
    /// Newcomers of a full table share the place of the unspecified address, which no peer has.
    fn place_of(&self, key: u128, keys_max: usize) -> u128 {
        if self.clear_at.len() >= keys_max && !self.clear_at.contains_key(&key) { 0 } else { key }
    }

    /// Forgets who owes nothing, at most once a second: whoever fills the table must not be able to order sweeps.
    fn sweep_if_full(&mut self, now: Instant, keys_max: usize) {
        let lately = self.swept_at.is_some_and(|at| now.saturating_duration_since(at) < Duration::from_secs(1));
        if self.clear_at.len() >= keys_max && !lately {
            self.clear_at.retain(|_, clear_at| *clear_at > now);
            self.swept_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn only_what_is_added_counts_and_it_is_paid_off_in_time() {
        let (tally, now) = (Tally::new(10, MINUTE, 10, 100), Instant::now());
        for _ in 0..9 {
            (0..50).for_each(|_| tally.look(1, now).unwrap());
            tally.add(1, now);
        }
        tally.look(1, now).unwrap();
        tally.add(1, now);
        assert_eq!(tally.look(1, now), Err(TooFast { retry_ms: 6_000 }));
        assert_eq!(tally.look(2, now), Ok(()));
        assert_eq!(tally.look(1, now + Duration::from_secs(6)), Ok(()));
        (0..1_000).for_each(|_| tally.add(1, now));
        assert_eq!(tally.look(1, now + 2 * MINUTE), Ok(()), "the wait has an end, whatever was added at once");
    }

    #[test]
    fn a_full_table_does_not_grow_and_forgets_who_owes_nothing() {
        let (tally, now) = (Tally::new(10, MINUTE, 10, 8), Instant::now());
        (1..100).for_each(|key| tally.add(key, now));
        assert!(tally.lock().clear_at.len() <= 9);
        assert!(tally.look(5_000, now).is_err(), "newcomers share one debt");
        tally.add(6_000, now + 3 * MINUTE);
        assert_eq!(tally.lock().clear_at.len(), 1);
    }

    #[test]
    fn a_count_of_nothing_switches_it_off() {
        let (tally, now) = (Tally::new(0, MINUTE, 0, 8), Instant::now());
        (0..100).for_each(|_| tally.add(1, now));
        assert_eq!(tally.look(1, now), Ok(()));
    }
}
