//! How long something may take, as a number and a unit: `15m`.

/// What a text is that says how long something may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Duration {
    /// So many milliseconds.
    Millis(u64),
    /// No duration, but this one may be meant.
    Meant(String),
    /// No duration.
    Unreadable,
}

/// The units, the larger ones first: each with its length in seconds, and with the words that people write.
const UNITS: [(char, u64, &[&str]); 4] = [
    ('d', 86_400, &["d", "day", "days"]),
    ('h', 3_600, &["h", "hr", "hrs", "hour", "hours"]),
    ('m', 60, &["m", "min", "mins", "minute", "minutes"]),
    ('s', 1, &["s", "sec", "secs", "second", "seconds"]),
];

/// Digits that a number may have.
const MOST_DIGITS: usize = 9;

/// Reads a duration.
pub(super) fn duration(text: &str) -> Duration {
    let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let unit = UNITS.iter().find(|(unit, ..)| text.ends_with(*unit));
    let is_number = !number.is_empty()
        && number.len() <= MOST_DIGITS
        && !number.starts_with('0')
        && number.bytes().all(|byte| byte.is_ascii_digit());
    match (number.parse::<u64>(), unit) {
        (Ok(number), Some((_, seconds, _))) if is_number => {
            Duration::Millis(number.saturating_mul(*seconds).saturating_mul(1000))
        }
        _ => meant(text).map_or(Duration::Unreadable, Duration::Meant),
    }
}

/// The duration that a text means: in words, or of several parts.
fn meant(text: &str) -> Option<String> {
    if text.len() > 64 {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let mut rest = lower.trim();
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at_checked(digits)?;
        let behind = behind.trim_start();
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, behind) = behind.split_at_checked(letters)?;
        let seconds = match word {
            "w" | "week" | "weeks" => 7 * 86_400,
            _ => UNITS.iter().find(|(_, _, words)| words.contains(&word))?.1,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(seconds)?)?;
        rest = behind.trim_start_matches([' ', ',']);
    }
    let (unit, seconds, _) =
        UNITS.iter().find(|(_, seconds, _)| total > 0 && total.is_multiple_of(*seconds))?;
    let written = format!("{}{unit}", total / seconds);
    (written.len() <= MOST_DIGITS).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        for (text, millis) in [
            ("1s", 1_000),
            ("15m", 900_000),
            ("24h", 86_400_000),
            ("7d", 604_800_000),
            ("999999999d", 86_399_999_913_600_000),
        ] {
            assert_eq!(duration(text), Duration::Millis(millis), "{text}");
        }
    }

    #[test]
    fn what_people_write_for_one_is_understood() {
        for (text, written) in [
            ("24 hours", "1d"),
            ("90 min", "90m"),
            ("1h30m", "90m"),
            ("1 day, 2 hours", "26h"),
            ("015m", "15m"),
            ("15M", "15m"),
            ("1 week", "7d"),
            (" 5m ", "5m"),
        ] {
            assert_eq!(duration(text), Duration::Meant(written.to_owned()), "{text}");
        }
        for text in
            ["", "0s", "00m", "m", "15", "1.5h", "-1h", "PT1H", "1ms", "é", "1é", "9999999999999999999999d"]
        {
            assert_eq!(duration(text), Duration::Unreadable, "{text}");
        }
        assert_eq!(duration(&"1d".repeat(1000)), Duration::Unreadable);
    }
}
