//! Numbers, shares, durations and instants, as people write them.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// A count, with separators.
pub(crate) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A part of a whole, in per cent to one place. Only all is 100, and only nothing is 0.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    match tenths {
        0 if part > 0 => "<0.1 %".to_owned(),
        1000.. if part < whole => ">99.9 %".to_owned(),
        1000.. => "100 %".to_owned(),
        0 => "0 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// A duration in milliseconds, to a precision that can be taken in at a glance.
pub(crate) fn duration(milliseconds: u64) -> String {
    let unit = match milliseconds {
        0..1_000 => 1,
        1_000..10_000 => 100,
        10_000..3_600_000 => 1_000,
        _ => 60_000,
    };
    humantime::format_duration(Duration::from_millis(milliseconds / unit * unit)).to_string()
}

/// A duration in milliseconds, in as few characters as say enough: its two largest units. What is over takes
/// no time.
pub(crate) fn brief_duration(milliseconds: i64) -> String {
    let seconds = u64::try_from(milliseconds).unwrap_or_default() / 1000;
    let two = |large: u64, name: char, small: u64, small_name: char| match small {
        0 => format!("{large}{name}"),
        small => format!("{large}{name} {small}{small_name}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..600 => two(minutes, 'm', seconds % 60, 's'),
        600..3600 => format!("{minutes}m"),
        3600..86_400 => two(hours, 'h', minutes % 60, 'm'),
        _ => two(days, 'd', hours % 24, 'h'),
    }
}

/// An instant, to the minute.
pub(crate) fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// When an interval of a series begins: a day, or an hour of it.
pub(crate) fn interval_start(at: DateTime<Utc>, hours: u64) -> String {
    at.format(if hours < 24 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d" }).to_string()
}

/// How long an interval of a series is.
pub(crate) fn interval(hours: u64) -> String {
    let counted = |number: u64, unit: &str| match number {
        1 => format!("an {unit}").replace("an d", "a d").replace("an w", "a w"),
        number => format!("{number} {unit}s"),
    };
    match hours {
        0..24 => counted(hours, "hour"),
        hours if hours.is_multiple_of(168) => counted(hours / 168, "week"),
        hours => counted(hours / 24, "day"),
    }
}

/// The word for so many things of a kind that is made plural by an `s`.
fn plural(count: u64, noun: &str) -> String {
    format!("{noun}{}", if count == 1 { "" } else { "s" })
}

/// A number of things, in words.
///
/// # Example
/// ```
/// use aegis_present::quantity::counted;
///
/// assert_eq!((counted(1, "event").as_str(), counted(1200, "event").as_str()), ("1 event", "1200 events"));
/// ```
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// A number of things, in words, with separators: `1,200 events`.
#[must_use]
pub fn grouped(count: u64, noun: &str) -> String {
    format!("{} {}", number(count), plural(count, noun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 7, 999, 1000, 123_456, 1_234_567].map(number);
        assert_eq!(shown, ["0", "7", "999", "1,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn a_share_never_rounds_to_all_or_nothing() {
        assert_eq!([share(0, 7), share(7, 7), share(1, 3)], ["0 %", "100 %", "33.3 %"]);
        assert_eq!([share(1, 1_000_000), share(999_999, 1_000_000)], ["<0.1 %", ">99.9 %"]);
        assert_eq!(share(0, 0), "0 %");
        assert_eq!(share(u64::MAX, u64::MAX), "100 %");
    }

    #[test]
    fn durations_are_as_exact_as_is_of_use() {
        let shown = [7, 1_234, 12_345, 61_500, 3_723_000].map(duration);
        assert_eq!(shown, ["7ms", "1s 200ms", "12s", "1m 1s", "1h 2m"]);
    }

    #[test]
    fn a_time_to_wait_is_told_in_a_few_characters() {
        let shown = [-5, 999, 59_000, 60_000, 61_000, 700_000, 3_600_000, 3_660_000, 90_000_000, 700_000_000];
        let shown = shown.map(brief_duration);
        assert_eq!(shown, ["0s", "0s", "59s", "1m", "1m 1s", "11m", "1h", "1h 1m", "1d 1h", "8d 2h"]);
    }

    #[test]
    fn intervals_have_names() {
        assert_eq!(
            [1, 24, 168, 336, 48, 6].map(interval),
            ["an hour", "a day", "a week", "2 weeks", "2 days", "6 hours"]
        );
    }
}
