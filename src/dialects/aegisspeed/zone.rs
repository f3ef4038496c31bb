//! Times as this protocol writes them: `2026-02-26T08:30:00`, without a zone, in the zone of the operator.

use chatelaine_core::Stamp;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};
use tz::TimeZone;

use crate::options::Zone;

/// Which moment is which date and time here. Holds the zone of the machine, which is read once, at the start.
#[derive(Clone, Debug)]
pub(crate) struct Zones {
    local: TimeZone,
}

impl Zones {
    /// Reads the zone of the machine; a machine without one lives by UTC.
    pub(crate) fn read() -> Zones {
        let local = TimeZone::local().unwrap_or_else(|error| {
            tracing::warn!(%error, "the time zone of this machine cannot be read; times are told in UTC");
            TimeZone::utc()
        });
        Zones { local }
    }

    /// A moment as text.
    pub(crate) fn show(&self, zone: Zone, at: Stamp) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
        self.at(zone, at).format(form).unwrap_or_default()
    }

    /// The day of a moment.
    pub(crate) fn day(&self, zone: Zone, at: Stamp) -> Date {
        self.at(zone, at).date()
    }

    /// The day of a moment as a number like 20260226.
    pub(crate) fn day_number(&self, zone: Zone, at: Stamp) -> u32 {
        let day = self.day(zone, at);
        u32::try_from(day.year()).unwrap_or_default() * 10_000
            + u32::from(u8::from(day.month())) * 100
            + u32::from(day.day())
    }

    /// The moment of a text like those that are shown.
    pub(crate) fn parse(&self, zone: Zone, text: &str) -> Option<Stamp> {
        let as_utc = Stamp::parse(&format!("{}Z", text.trim())).ok()?;
        let shift =
            |at: Stamp| Stamp::from_seconds(as_utc.seconds() - i64::from(self.offset(zone, at).whole_seconds()));
        // Asked twice, since the zone's own offset depends on the moment that is looked for.
        Some(shift(shift(as_utc)))
    }

    fn at(&self, zone: Zone, at: Stamp) -> OffsetDateTime {
        let moment = OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        moment.to_offset(self.offset(zone, at))
    }

    fn offset(&self, zone: Zone, at: Stamp) -> UtcOffset {
        let seconds = match zone {
            Zone::Utc => 0,
            Zone::Minutes(minutes) => minutes.saturating_mul(60),
            Zone::Local => self.local.find_local_time_type(at.seconds()).map_or(0, tz::LocalTimeType::ut_offset),
        };
        UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_zone_of_the_operator_and_read_back() {
        let zones = Zones { local: TimeZone::from_posix_tz("CET-1CEST,M3.5.0,M10.5.0/3").unwrap() };
        let at = Stamp::parse("2026-02-26T23:30:05.9Z").unwrap();
        for (zone, shown) in [
            (Zone::Utc, "2026-02-26T23:30:05"),
            (Zone::Minutes(480), "2026-02-27T07:30:05"),
            (Zone::Local, "2026-02-27T00:30:05"),
        ] {
            assert_eq!(zones.show(zone, at), shown);
            assert_eq!(zones.parse(zone, shown), Some(Stamp::from_seconds(at.seconds())));
        }
        assert_eq!(zones.day_number(Zone::Minutes(480), at), 20_260_227);
        let summer = Stamp::parse("2026-07-01T12:00:00Z").unwrap();
        assert_eq!(zones.show(Zone::Local, summer), "2026-07-01T14:00:00");
        for wrong in ["", "2026-02-26", "2026-02-26T08:30:00Z", "2026-02-26T08:30:00+08:00"] {
            assert_eq!(zones.parse(Zone::Utc, wrong), None, "{wrong}");
        }
    }
}
