//! Conditions on the time: windows of the day and days of the week, in a time zone.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::decide::zone::Zone;

/// Reads a time of day, strictly "HH:MM" from 00:00 to 23:59.
pub(crate) fn parse_time_of_day(text: &str) -> Option<NaiveTime> {
    let shaped =
        text.len() == 5 && text.bytes().enumerate().all(|(index, byte)| (index == 2) == (byte == b':'));
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    if !(shaped && digits_only) {
        return None;
    }
    let (hour, minute) = text.split_once(':')?;
    NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)
}

/// The time of day, as "HH:MM", that was meant by a text that is none as it stands: `9:00`, `9am`, `0930`,
/// `09:00:00`, `17.30`, `5:00 PM`.
pub(crate) fn time_meant(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let half = ["am", "pm", "a.m.", "p.m."].into_iter().find(|half| lower.ends_with(half));
    let digits = half.and_then(|half| lower.strip_suffix(half)).unwrap_or(&lower).trim_end();
    let mut parts = digits.split([':', '.', 'h']);
    let (hour, minute) = match (parts.next()?, parts.next(), parts.next(), parts.next()) {
        (hour, Some(minute), None | Some("00" | "0"), None) => (hour, minute),
        (both, None, ..) if both.len() == 4 => both.split_at_checked(2)?,
        (hour, None, ..) if half.is_some() => (hour, "00"),
        _ => return None,
    };
    let number = |text: &str| -> Option<u32> {
        let short = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        short.then(|| text.parse().ok())?
    };
    let minute = if minute.is_empty() { "00" } else { minute };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let hour = match half.map(|half| half.starts_with('p')) {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(true) => hour % 12 + 12,
        Some(false) => hour % 12,
    };
    let meant = format!("{hour:02}:{minute:02}");
    parse_time_of_day(&meant).map(|_| meant)
}

/// A part of the day: from `after`, inclusive, to `before`, exclusive. Past midnight where it ends before it
/// begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) after: Option<NaiveTime>,
    pub(crate) before: Option<NaiveTime>,
}

impl Window {
    /// Whether any instant is in it.
    pub(crate) fn is_possible(self) -> bool {
        match (self.after, self.before) {
            (Some(after), Some(before)) => after != before,
            (None, Some(before)) => before != NaiveTime::MIN,
            (_, None) => true,
        }
    }

    /// Whether every time of this window is in `other`. Bounds are whole minutes, so that minutes tell.
    pub(crate) fn is_within(self, other: Window) -> bool {
        minutes().all(|time| !self.holds(time) || other.holds(time))
    }

    /// Whether this is the whole day.
    pub(crate) fn is_whole_day(self) -> bool {
        minutes().all(|time| self.holds(time))
    }

    /// Whether a time of day is in it.
    pub(crate) fn holds(self, time: NaiveTime) -> bool {
        let is_after = self.after.is_none_or(|after| time >= after);
        let is_before = self.before.is_none_or(|before| time < before);
        match (self.after, self.before) {
            (Some(after), Some(before)) if after > before => is_after || is_before,
            _ => is_after && is_before,
        }
    }
}

/// Every minute of the day.
fn minutes() -> impl Iterator<Item = NaiveTime> {
    (0..1440).filter_map(|minute| NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0))
}

/// A day of the week, 1 (Monday) to 7 (Sunday).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weekday(pub(crate) u8);

impl Weekday {
    /// The words of the days, Monday first.
    pub const WORDS: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// The day's number, 1 (Monday) to 7 (Sunday), as ISO 8601 counts.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl JsonSchema for Weekday {
    fn schema_name() -> Cow<'static, str> {
        "Weekday".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A day of the week: 1 or `mon` is Monday, 7 or `sun` is Sunday.",
            "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 7 }, { "enum": Weekday::WORDS }]
        })
    }
}

/// Days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weekdays(u8);

impl Weekdays {
    pub(crate) fn of(days: impl IntoIterator<Item = Weekday>) -> Weekdays {
        Weekdays(days.into_iter().fold(0, |set, day| set | 1 << (day.number() - 1)))
    }

    /// Whether every day of this set is one of `other`.
    pub(crate) const fn is_within(self, other: Weekdays) -> bool {
        self.0 & !other.0 == 0
    }

    /// The days, from Monday on, as a policy names them.
    pub(crate) fn words(self) -> Vec<&'static str> {
        let named = Weekday::WORDS.into_iter().enumerate();
        named.filter(|(day, _)| self.0 & (1 << day) != 0).map(|(_, word)| word).collect()
    }

    /// Whether these are all days.
    pub(crate) const fn is_every_day(self) -> bool {
        self.0 == 0x7F
    }

    pub(crate) fn holds(self, instant: DateTime<Utc>, zone: &Zone) -> bool {
        let day = zone.local(instant).weekday().num_days_from_monday();
        self.0 & (1 << day) != 0
    }
}

/// The day of the week and the time of day, for a person.
pub(crate) fn local_time(instant: DateTime<Utc>, zone: &Zone) -> String {
    format!("{} {}", zone.local(instant).format("%a %H:%M"), zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveTime {
        parse_time_of_day(text).unwrap()
    }

    #[test]
    fn times_are_strictly_two_digits_each() {
        assert_eq!(parse_time_of_day("09:05"), NaiveTime::from_hms_opt(9, 5, 0));
        for text in [
            "9:05",
            "09:5",
            "09:",
            "09:005",
            "009:5",
            "0:000",
            "000:0",
            "24:00",
            "23:60",
            "0905",
            "09050",
            "09:05:00",
            "",
            "ab:cd",
            "+1:30",
            "09:+5",
            "09:5 ",
            "０９:05",
        ] {
            assert_eq!(parse_time_of_day(text), None, "{text}");
        }
    }

    #[test]
    fn what_people_write_for_a_time_is_known() {
        for (written, meant) in [
            ("9:00", "09:00"),
            ("9am", "09:00"),
            ("12am", "00:00"),
            ("12 PM", "12:00"),
            ("5:30 p.m.", "17:30"),
            ("0800", "08:00"),
            ("09:00:00", "09:00"),
            ("17.30", "17:30"),
            ("9:5", "09:05"),
        ] {
            assert_eq!(time_meant(written).as_deref(), Some(meant), "{written}");
        }
        for none in [
            "24:00", "13pm", "noon", "", "9", "25:61", "09:00:30", "1:2:3:4", "é", "-1:00", "+1:00", "09:+5",
            "123:00", "009:00", "09:005",
        ] {
            assert_eq!(time_meant(none), None, "{none}");
        }
    }

    #[test]
    fn a_window_includes_its_start_and_excludes_its_end() {
        let day = Window { after: Some(at("08:00")), before: Some(at("18:00")) };
        assert!(day.holds(at("08:00")) && day.holds(at("17:59")));
        assert!(!day.holds(at("07:59")) && !day.holds(at("18:00")));
    }

    #[test]
    fn a_window_that_ends_before_it_begins_passes_midnight() {
        let night = Window { after: Some(at("22:00")), before: Some(at("06:00")) };
        assert!(night.holds(at("22:00")) && night.holds(at("00:00")) && night.holds(at("05:59")));
        assert!(!night.holds(at("06:00")) && !night.holds(at("21:59")));
    }

    #[test]
    fn impossible_windows_are_known() {
        assert!(!window("08:00", "08:00").is_possible() && !window("", "00:00").is_possible());
        assert!(window("08:00", "00:00").is_possible() && window("00:00", "").is_possible());
    }

    /// A window of times of day; an empty one is no bound.
    fn window(after: &str, before: &str) -> Window {
        Window {
            after: (!after.is_empty()).then(|| at(after)),
            before: (!before.is_empty()).then(|| at(before)),
        }
    }

    #[test]
    fn a_window_that_ends_where_it_begins_holds_nothing() {
        for time in ["00:00", "07:59", "08:00", "08:01", "23:59"] {
            assert!(!window("08:00", "08:00").holds(at(time)), "{time}");
        }
    }

    #[test]
    fn a_window_is_within_another_to_the_minute() {
        for (inner, outer) in [
            (("08:00", "18:00"), ("08:00", "18:00")),
            (("09:00", "10:00"), ("08:00", "18:00")),
            (("23:59", ""), ("22:00", "06:00")),
            (("", "00:01"), ("22:00", "06:00")),
            (("08:00", "08:00"), ("12:00", "13:00")),
            (("22:00", "06:00"), ("", "")),
        ] {
            assert!(window(inner.0, inner.1).is_within(window(outer.0, outer.1)), "{inner:?} {outer:?}");
        }
        for (inner, outer) in [
            (("08:00", "18:00"), ("08:01", "18:00")),
            (("08:00", "18:00"), ("08:00", "17:59")),
            (("08:00", ""), ("08:00", "23:59")),
            (("", "18:00"), ("00:01", "18:00")),
            (("22:00", "06:00"), ("22:00", "")),
            (("", ""), ("08:00", "18:00")),
            (("09:00", "10:00"), ("10:00", "11:00")),
        ] {
            assert!(!window(inner.0, inner.1).is_within(window(outer.0, outer.1)), "{inner:?} {outer:?}");
        }
    }

    #[test]
    fn the_whole_day_is_known() {
        for (after, before) in [("", ""), ("00:00", "")] {
            assert!(window(after, before).is_whole_day(), "{after}-{before}");
        }
        for (after, before) in [("00:01", ""), ("", "23:59"), ("12:00", "11:59"), ("08:00", "18:00")] {
            assert!(!window(after, before).is_whole_day(), "{after}-{before}");
        }
    }

    #[test]
    fn sets_of_days_are_compared_and_named() {
        let days = |numbers: &[u8]| Weekdays::of(numbers.iter().map(|number| Weekday(*number)));
        assert_eq!(days(&[1, 1, 5]), days(&[5, 1]));
        assert_eq!(days(&[7, 1, 3]).words(), ["mon", "wed", "sun"]);
        assert_eq!(days(&[]).words(), [""; 0]);
        assert_eq!(days(&[1, 2, 3, 4, 5, 6, 7]).words(), Weekday::WORDS);
        assert!(days(&[1, 2, 3, 4, 5, 6, 7]).is_every_day() && !days(&[1, 2, 3, 4, 5, 6]).is_every_day());
        assert!(!days(&[]).is_every_day());
        assert!(days(&[6, 7]).is_within(days(&[5, 6, 7])) && days(&[6]).is_within(days(&[6])));
        assert!(days(&[]).is_within(days(&[])) && days(&[]).is_within(days(&[1])));
        assert!(!days(&[5, 6, 7]).is_within(days(&[6, 7])) && !days(&[1]).is_within(days(&[])));
    }

    #[test]
    fn a_schema_says_which_days_there_are() {
        let mut schema = serde_json::to_value(schemars::schema_for!(Weekday)).unwrap();
        schema.as_object_mut().unwrap().remove("$schema");
        let wanted = serde_json::json!({
            "title": "Weekday",
            "description": "A day of the week: 1 or `mon` is Monday, 7 or `sun` is Sunday.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 7 },
                { "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] },
            ],
        });
        assert_eq!(schema, wanted);
    }

    #[test]
    fn a_person_is_told_the_time_of_the_zone() {
        let friday_night: DateTime<Utc> = "2026-11-27T23:30:00Z".parse().unwrap();
        assert_eq!(local_time(friday_night, &Zone::UTC), "Fri 23:30 UTC");
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(local_time(friday_night, &berlin), "Sat 00:30 Europe/Berlin");
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let friday_night: DateTime<Utc> = "2026-11-27T23:30:00Z".parse().unwrap();
        let saturday = Weekdays::of([Weekday(6)]);
        assert!(saturday.holds(friday_night, &Zone::named("Europe/Berlin").unwrap()));
        assert!(!saturday.holds(friday_night, &Zone::UTC));
    }
}
