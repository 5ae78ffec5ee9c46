//! The zone that was meant by a name that none has.

use crate::decide::zone::Zone;
use crate::text::nearest::distance;

/// Abbreviations and other names, with a zone that is meant by them.
const OTHER_NAMES: [(&str, &str); 22] = [
    ("z", "UTC"),
    ("zulu time", "UTC"),
    ("bst", "Europe/London"),
    ("cest", "Europe/Berlin"),
    ("eest", "Europe/Athens"),
    ("west", "Europe/Lisbon"),
    ("msk", "Europe/Moscow"),
    ("edt", "America/New_York"),
    ("et", "America/New_York"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("mdt", "America/Denver"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("pt", "America/Los_Angeles"),
    ("ist", "Asia/Kolkata"),
    ("jst", "Asia/Tokyo"),
    ("kst", "Asia/Seoul"),
    ("sgt", "Asia/Singapore"),
    ("aest", "Australia/Sydney"),
    ("aedt", "Australia/Sydney"),
    ("nzst", "Pacific/Auckland"),
];

/// The zone whose name is nearest to a text by edit distance: to the whole of its name, or to its city's.
pub(super) fn nearest_zone(text: &str) -> Option<&'static str> {
    // Long input is not a misspelling, and comparing it would cost time that its sender chooses.
    if text.chars().count() > 64 {
        return None;
    }
    let wanted = folded(text);
    // An offset from UTC is no zone: which one is meant, it does not say, and `Etc/GMT+1` is an hour behind.
    if wanted.contains(|character: char| matches!(character, '+' | '-') || character.is_ascii_digit()) {
        return Zone::names().find(|name| folded(name) == wanted);
    }
    if let Some((_, zone)) = OTHER_NAMES.iter().find(|(other, _)| *other == text.to_lowercase()) {
        return Some(zone);
    }
    let scored = Zone::names().filter_map(|name| {
        let whole = folded(name);
        let city = whole.rsplit('/').next().unwrap_or_default();
        let far = if wanted.contains('/') {
            distance(&wanted, &whole)
        } else {
            distance(&wanted, city).min(distance(&wanted, &whole))
        };
        // A quarter of the letters may be wrong, but two in any case of a longer word.
        let most = (wanted.chars().count() / 4).max(usize::from(wanted.len() > 3));
        (far <= most).then_some((far, is_backward(name), name))
    });
    scored.min().map(|(_, _, name)| name)
}

/// Names that the database has for the sake of old programs alone.
fn is_backward(name: &str) -> bool {
    !name.contains('/') && name != "UTC" || name.starts_with("US/") || name.starts_with("Etc/")
}

/// A name in lower case, with blanks as the database writes them.
fn folded(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_").replace("_+", "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_zone_is_found_by_its_spelling() {
        for (written, meant) in [
            ("America/New_Yrok", Some("America/New_York")),
            ("America/New York", Some("America/New_York")),
            ("New York", Some("America/New_York")),
            ("Europe/Berln", Some("Europe/Berlin")),
            ("europe/berlin", Some("Europe/Berlin")),
            ("Berlin", Some("Europe/Berlin")),
            ("Eurpoe/Berlin", Some("Europe/Berlin")),
            ("PST", Some("America/Los_Angeles")),
            ("utc", Some("UTC")),
            ("+02:00", None),
            ("GMT+1", None),
            ("nowhere at all", None),
            ("", None),
        ] {
            assert_eq!(nearest_zone(written), meant, "{written}");
        }
        assert_eq!(nearest_zone(&"x".repeat(10_000)), None);
    }
}
