//! How fast one address or one account may ask: plain calls, answered with the wait until the next.
//!
//! Bounded tables over one algorithm (a token bucket per key). A table that is full forgets
//! keys at rest, and if none rests, newcomers share one bucket: memory never grows with attackers.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::caps::network_key;
use crate::tally::Tally;

/// Keys that one table holds at most.
pub const RATE_KEYS_MAX: usize = 100_000;

// Where the keys of machines begin among those of accounts.
const MACHINE_KEYS: u128 = 1 << 64;

// A table is looked through for keys at rest once per so many checks, not at each.
const CHECKS_PER_SWEEP: u64 = 4_096;

/// The pace that is allowed; a rate of 0 switches that limit off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateOptions {
    /// Whether anything is limited at all.
    pub enabled: bool,
    /// Requests per second of one address, in the long run.
    pub address_per_s: u32,
    /// Requests that one address may make at once.
    pub address_burst: u32,
    /// Requests per second of one account, in the long run.
    pub account_per_s: u32,
    /// Requests that one account may make at once.
    pub account_burst: u32,
    /// Attempts to sign in or sign up per minute of one address.
    pub sign_in_per_min: u32,
    /// Failed ones of these per minute of one address.
    pub sign_in_failed_per_min: u32,
    /// Attempts per minute under one name.
    pub sign_in_name_per_min: u32,
}

impl Default for RateOptions {
    fn default() -> RateOptions {
        RateOptions {
            enabled: true,
            address_per_s: 50,
            address_burst: 200,
            account_per_s: 30,
            account_burst: 120,
            sign_in_per_min: 60,
            sign_in_failed_per_min: 10,
            sign_in_name_per_min: 10,
        }
    }
}

/// The refusal, with the wait until the next call may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFast {
    /// Milliseconds to wait, at least 1.
    pub retry_ms: u64,
}

impl TooFast {
    /// The wait in whole seconds, rounded up, as the header `Retry-After` wants it.
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        self.retry_ms.div_ceil(1_000).max(1)
    }
}

/// The limits; cheap to clone, all clones count together.
#[derive(Clone)]
pub struct RateLimits {
    tables: Arc<RwLock<Arc<Tables>>>,
}

impl RateLimits {
    /// Limits that have seen nobody yet.
    #[must_use]
    pub fn new(options: RateOptions) -> RateLimits {
        RateLimits { tables: Arc::new(RwLock::new(Arc::new(Tables::new(options)))) }
    }

    /// Replaces the pace; what was counted so far is forgotten, unless the pace is the one it was.
    pub fn set(&self, options: RateOptions) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if tables.options != options {
            *tables = Arc::new(Tables::new(options));
        }
    }

    /// Counts one request of an address.
    pub fn address(&self, address: IpAddr) -> Result<(), TooFast> {
        self.current().address.check(network_key(address))
    }

    /// Counts one request of an account, by its number.
    pub fn account(&self, account: u64) -> Result<(), TooFast> {
        self.current().account.check(u128::from(account))
    }

    /// Counts one request of a machine, by its number: as many as an account may make, and apart from those of its owner.
    pub fn machine(&self, machine: u64) -> Result<(), TooFast> {
        self.current().account.check(MACHINE_KEYS | u128::from(machine))
    }

    /// Counts one attempt to sign in or up; to be asked before a password is hashed. Also refused when too many attempts of
    /// this address failed lately.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), TooFast> {
        let (tables, key) = (self.current(), network_key(address));
        tables.sign_in_failed.look(key, Instant::now())?;
        tables.sign_in.check(key)
    }

    /// Counts that an attempt of this address failed, or that it made an account.
    pub fn sign_in_failed(&self, address: IpAddr) {
        self.current().sign_in_failed.add(network_key(address), Instant::now());
    }

    /// Counts one attempt under a name, given as a number that stands for it.
    pub fn sign_in_name(&self, name: u128) -> Result<(), TooFast> {
        self.current().sign_in_name.check(name)
    }

    fn current(&self) -> Arc<Tables> {
        Arc::clone(&self.tables.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One bucket per address or name, for a protocol with a pace of its own; clones count together.
#[derive(Clone)]
pub struct Pace(Arc<Table>);

impl Pace {
    /// So many requests at once, one more after each period. A burst of 0 switches the limit off.
    #[must_use]
    pub fn new(burst: u32, period: Duration) -> Pace {
        Pace(Arc::new(Table::new(burst.min(1), period, burst, RATE_KEYS_MAX)))
    }

    /// Counts one request of an address.
    pub fn check(&self, address: IpAddr) -> Result<(), TooFast> {
        self.0.check(network_key(address))
    }

    /// Counts one request under a name, given as a number that stands for it.
    pub fn check_name(&self, name: u128) -> Result<(), TooFast> {
        self.0.check(name)
    }
}

struct Tables {
    options: RateOptions,
    address: Table,
    account: Table,
    sign_in: Table,
    sign_in_failed: Tally,
    sign_in_name: Table,
}

impl Tables {
    fn new(options: RateOptions) -> Tables {
        let second = Duration::from_secs(1);
        let of = |count: u32, per: Duration, burst: u32| {
            let count = if options.enabled { count } else { 0 };
            Table::new(count, per, burst, RATE_KEYS_MAX)
        };
        let failed = if options.enabled { options.sign_in_failed_per_min } else { 0 };
        Tables {
            options,
            address: of(options.address_per_s, second, options.address_burst),
            account: of(options.account_per_s, second, options.account_burst),
            sign_in: of(options.sign_in_per_min, second * 60, options.sign_in_per_min),
            sign_in_failed: Tally::new(failed, second * 60, failed, RATE_KEYS_MAX),
            sign_in_name: of(options.sign_in_name_per_min, second * 60, options.sign_in_name_per_min),
        }
    }
}

struct Table {
    limiter: Option<DefaultKeyedRateLimiter<u128>>,
    clock: DefaultClock,
    checks: AtomicU64,
    swept_at: AtomicU64,
    keys_max: usize,
}

impl Table {
    fn new(count: u32, per: Duration, burst: u32, keys_max: usize) -> Table {
        let quota = per.checked_div(count).and_then(Quota::with_period);
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        Table {
            limiter: quota.map(|quota| RateLimiter::keyed(quota.allow_burst(burst))),
            clock: DefaultClock::default(),
            checks: AtomicU64::new(0),
            swept_at: AtomicU64::new(0),
            keys_max,
        }
    }

    /// Forgets keys at rest: now and then, and sooner in a full table, but never at each check: a sweep looks at all keys,
    /// and whoever fills the table must not be able to order one.
    fn sweep_if_due(&self, limiter: &DefaultKeyedRateLimiter<u128>) {
        let turn = self.checks.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let full = limiter.len() >= self.keys_max;
        let due = if full { u64::try_from(self.keys_max / 64).unwrap_or(0).max(1) } else { CHECKS_PER_SWEEP };
        let last = self.swept_at.load(Ordering::Relaxed);
        if turn.saturating_sub(last) < due {
            return;
        }
        // Of many who find it due, one does it.
        if self.swept_at.compare_exchange(last, turn, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn check(&self, key: u128) -> Result<(), TooFast> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        self.sweep_if_due(limiter);
        // Newcomers of a full table share the bucket of the unspecified address, which no peer has.
        let key = if limiter.len() >= self.keys_max { 0 } else { key };
        limiter.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            TooFast { retry_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_class_behind_one_address_signs_in_and_a_guesser_there_waits() {
        let limits = RateLimits::new(RateOptions::default());
        for _ in 0..30 {
            limits.sign_in(address("10.0.0.1")).unwrap();
        }
        (0..10).for_each(|_| limits.sign_in_failed(address("10.0.0.1")));
        assert!(limits.sign_in(address("10.0.0.1")).is_err());
        limits.sign_in(address("10.0.0.2")).unwrap();
    }

    #[test]
    fn a_machine_has_its_own_bucket_beside_the_account_of_the_same_number() {
        let limits = RateLimits::new(RateOptions { account_burst: 2, ..RateOptions::default() });
        (0..2).for_each(|_| limits.account(7).unwrap());
        assert!(limits.account(7).is_err());
        (0..2).for_each(|_| limits.machine(7).unwrap());
        assert!(limits.machine(7).is_err());
        limits.machine(8).unwrap();
    }

    #[test]
    fn one_name_is_tried_ten_times_a_minute_from_wherever() {
        let limits = RateLimits::new(RateOptions::default());
        (0..10).for_each(|_| limits.sign_in_name(7).unwrap());
        assert!(limits.sign_in_name(7).is_err());
        limits.sign_in_name(8).unwrap();
    }

    #[test]
    fn the_sixty_first_sign_in_of_an_address_waits_and_another_address_does_not() {
        let limits = RateLimits::new(RateOptions::default());
        for _ in 0..60 {
            limits.sign_in(address("10.0.0.1")).unwrap();
        }
        let refused = limits.sign_in(address("10.0.0.1")).unwrap_err();
        assert!((1..=6).contains(&refused.retry_after_s()), "{refused:?}");
        limits.sign_in(address("10.0.0.2")).unwrap();
    }

    #[test]
    fn an_ipv6_network_shares_one_pace_and_a_mapped_address_that_of_its_ipv4_form() {
        let limits = RateLimits::new(RateOptions { sign_in_per_min: 1, ..RateOptions::default() });
        limits.sign_in(address("2001:db8:0:7::1")).unwrap();
        assert!(limits.sign_in(address("2001:db8:0:7:ffff::2")).is_err());
        limits.sign_in(address("2001:db8:0:8::1")).unwrap();
        limits.sign_in(address("::ffff:10.0.0.1")).unwrap();
        assert!(limits.sign_in(address("10.0.0.1")).is_err());
        limits.sign_in(address("::ffff:10.0.0.2")).unwrap();
    }

    #[test]
    fn nothing_is_limited_when_it_is_switched_off() {
        let limits = RateLimits::new(RateOptions { enabled: false, ..RateOptions::default() });
        assert!((0..10_000).all(|_| limits.account(7).is_ok()));
        limits.set(RateOptions { account_burst: 1, ..RateOptions::default() });
        limits.account(7).unwrap();
        assert!(limits.account(7).is_err(), "a new pace counts at once");
    }

    #[test]
    fn the_same_pace_set_again_forgets_nothing() {
        let options = RateOptions { account_burst: 1, ..RateOptions::default() };
        let limits = RateLimits::new(options);
        limits.account(7).unwrap();
        limits.set(options);
        assert!(limits.account(7).is_err());
    }

    #[test]
    fn a_full_table_makes_room_when_its_keys_have_come_to_rest() {
        let table = Table::new(1_000, Duration::from_secs(1), 1, 8);
        for key in 1..=8u128 {
            table.check(key).unwrap();
        }
        // A key is at rest a millisecond after its call; the table's own clock cannot be wound.
        let called = std::time::Instant::now();
        while called.elapsed() < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        table.check(100).unwrap();
        assert_eq!(
            table.limiter.as_ref().unwrap().len(),
            1,
            "those at rest are gone before the newcomer is turned away"
        );
    }

    #[test]
    fn a_full_table_does_not_grow() {
        let table = Table::new(1, Duration::from_secs(60), 2, 8);
        for key in 1..1_000u128 {
            let _ = table.check(key);
        }
        assert!(table.limiter.as_ref().unwrap().len() <= 9);
        assert!(table.check(5_000).is_err(), "newcomers share one bucket, which is empty by now");
    }
}
