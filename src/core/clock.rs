//! The time, as an argument: what a moment is, who tells it, and how it is written.
//! Nothing else in the domain asks the system for the time; tests wind their own clock.
//! A `Stamp` on an event is never the raw clock: `event::next` makes it strictly rising.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatelaine_store::{Key, Row};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::error::{Error, Field, Flaw};

/// Microseconds in one second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Seconds in one hour.
pub const HOUR_S: u64 = 3_600;
/// Seconds in one day.
pub const DAY_S: u64 = 24 * HOUR_S;

/// A moment: microseconds since 1970 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Stamp(i64);

impl Stamp {
    /// The beginning of time on this server; older than every event.
    pub const ZERO: Stamp = Stamp(0);

    /// The moment so many microseconds after 1970 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment so many whole seconds after 1970 UTC.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since 1970 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970 UTC, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since 1970 UTC, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Whole seconds since 1970 UTC as protocols count them that know no time before; 0 for one.
    pub fn unix_seconds(self) -> u64 {
        u64::try_from(self.seconds()).unwrap_or(0)
    }

    /// The number of the hour in which this moment lies, counted from 1970 UTC; 0 for one before.
    pub fn hour(self) -> u32 {
        u32::try_from(self.unix_seconds() / HOUR_S).unwrap_or(u32::MAX)
    }

    /// The number of the day in which this moment lies, counted from 1970 UTC; 0 for one before.
    pub fn day(self) -> u32 {
        u32::try_from(self.unix_seconds() / DAY_S).unwrap_or(u32::MAX)
    }

    /// When the hour of this number began.
    pub fn of_hour(number: u32) -> Self {
        Self::ZERO.plus_seconds(u64::from(number).saturating_mul(HOUR_S))
    }

    /// When the day of this number began.
    pub fn of_day(number: u32) -> Self {
        Self::ZERO.plus_seconds(u64::from(number).saturating_mul(DAY_S))
    }

    /// The day in UTC, written as 2027-01-15.
    pub fn date(self) -> String {
        self.to_string().chars().take_while(|letter| *letter != 'T').collect()
    }

    /// The moment so many seconds later.
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        let seconds = if seconds > i64::MAX as u64 { i64::MAX } else { seconds as i64 };
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    /// The moment so many seconds earlier.
    pub const fn minus_seconds(self, seconds: u64) -> Self {
        let seconds = if seconds > i64::MAX as u64 { i64::MAX } else { seconds as i64 };
        Self(self.0.saturating_sub(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    /// The next possible moment.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Milliseconds from `earlier` until this moment, 0 when it lies before.
    pub fn millis_since(self, earlier: Stamp) -> u64 {
        let micros = self.0.saturating_sub(earlier.0).max(0);
        u64::try_from(micros.div_euclid(1_000)).unwrap_or(0)
    }

    /// Reads an RFC 3339 date and time with any offset. Fails with `Invalid(Time, Malformed)`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let flaw = Error::Invalid(Field::Time, Flaw::Malformed);
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| flaw)?;
        let micros = at.unix_timestamp_nanos().div_euclid(1_000);
        i64::try_from(micros).map(Self).map_err(|_| flaw)
    }
}

/// RFC 3339 in UTC with six fraction digits: texts sort like the moments they name.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0).saturating_mul(1_000);
        // What lies beyond the years of four digits is written as their last moment, so that "never" does not read as long ago.
        let edge = if self.0 < 0 { OffsetDateTime::UNIX_EPOCH } else { PrimitiveDateTime::MAX.assume_utc() };
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(edge);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.microsecond()
        )
    }
}

/// Readable formats get the RFC 3339 text, rows the bare number.
impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            Stamp::parse(&text).map_err(|_| serde::de::Error::custom("not a date and time of RFC 3339"))
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

impl Row for Stamp {}

impl Key for Stamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        i64::decode(bytes).map(Self)
    }
}

/// How long something holds: a ban, a mute, a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Until {
    /// Until somebody ends it.
    Forever,
    /// Up to, and not including, this moment.
    At(Stamp),
}

impl Until {
    /// So many seconds from `now`, or without end when none is given.
    pub fn after(now: Stamp, seconds: Option<u64>) -> Self {
        seconds.map_or(Until::Forever, |s| Until::At(now.plus_seconds(s)))
    }

    /// Whether it still holds at `now`.
    pub fn holds(self, now: Stamp) -> bool {
        match self {
            Until::Forever => true,
            Until::At(end) => now < end,
        }
    }
}

/// Who tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment; may jump back when the machine's clock is set.
    fn now(&self) -> Stamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Stamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is wound: the clock of tests and of the integration world.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows `start`.
    pub const fn at(start: Stamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves the time on.
    pub fn wind(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// Shows another time, possibly an earlier one.
    pub fn set(&self, to: Stamp) {
        self.0.store(to.0, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        Stamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_written_with_six_fraction_digits() {
        let stamp = Stamp::parse("2026-11-22T02:14:10.123456Z");
        assert_eq!(stamp.map(|s| s.to_string()), Ok("2026-11-22T02:14:10.123456Z".into()));
        assert_eq!(Stamp::ZERO.to_string(), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn an_offset_is_taken_into_account() {
        assert_eq!(Stamp::parse("2026-01-01T01:00:00+01:00"), Stamp::parse("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn text_that_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00"] {
            assert_eq!(Stamp::parse(text), Err(Error::Invalid(Field::Time, Flaw::Malformed)), "{text}");
        }
    }

    #[test]
    fn far_moments_saturate() {
        assert_eq!(Stamp::ZERO.plus_seconds(u64::MAX).micros(), i64::MAX);
        assert_eq!(Stamp::from_micros(-1).seconds(), -1);
        assert_eq!(Stamp::ZERO.millis_since(Stamp::from_seconds(5)), 0);
    }

    #[test]
    fn hours_and_days_are_counted_from_1970_and_begin_at_their_first_moment() {
        let at = Stamp::from_seconds(20_468 * 86_400 + 7 * 3_600 + 59);
        assert_eq!((at.day(), at.hour()), (20_468, 20_468 * 24 + 7));
        assert_eq!(Stamp::of_day(20_468).to_string(), "2026-01-15T00:00:00.000000Z");
        assert_eq!(Stamp::of_hour(20_468 * 24 + 7).to_string(), "2026-01-15T07:00:00.000000Z");
        assert_eq!(at.date(), "2026-01-15");
        let last = Stamp::from_micros(Stamp::of_day(20_469).micros() - 1);
        assert_eq!((last.day(), last.hour()), (20_468, 20_468 * 24 + 23));
        let before = Stamp::from_micros(-1);
        assert_eq!((before.day(), before.hour(), before.unix_seconds()), (0, 0, 0));
    }

    #[test]
    fn a_moment_beyond_the_calendar_reads_as_its_last() {
        let far = Stamp::ZERO.plus_seconds(u64::MAX).to_string();
        assert_eq!(far, "9999-12-31T23:59:59.999999Z");
        assert!(Stamp::parse(&far).is_ok());
    }

    #[test]
    fn a_term_ends_at_its_moment() {
        let end = Stamp::from_seconds(10);
        assert!(Until::At(end).holds(Stamp::from_seconds(9)));
        assert!(!Until::At(end).holds(end));
        assert!(Until::Forever.holds(end));
    }

    #[test]
    fn a_test_clock_moves_only_when_wound() {
        let clock = TestClock::at(Stamp::from_seconds(1));
        assert_eq!(clock.now(), clock.now());
        clock.wind(Duration::from_secs(2));
        assert_eq!(clock.now(), Stamp::from_seconds(3));
    }
}
