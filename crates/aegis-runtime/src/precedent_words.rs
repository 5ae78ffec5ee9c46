//! What is said of how often the like of an action was approved before.

use std::time::Duration;

use aegis_audit::Precedents;

/// Units of time, in seconds, from the longest.
const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];

/// How often the like of an action was approved, and when last, as of `now` (milliseconds since the Unix
/// epoch). Accounts in it are as they were recorded.
pub(crate) fn precedent_words(precedents: Option<&Precedents>, now: i64) -> String {
    let Some(precedents) = precedents else { return "the log cannot tell".to_owned() };
    let Some(last) = &precedents.last else { return "never approved".to_owned() };
    let often = match (precedents.count, precedents.has_more) {
        (count, true) => format!("more than {count} times"),
        (1, false) => "once".to_owned(),
        (count, false) => format!("{count} times"),
    };
    let ago = ago(now.saturating_sub(last.at.timestamp_millis()));
    let by = match (&last.by, last.is_by_grant) {
        (Some(by), true) => format!(" by a grant of {by}"),
        (None, true) => " by a grant".to_owned(),
        (Some(by), false) => format!(" by {by}"),
        (None, false) => String::new(),
    };
    format!("approved {often}, last {ago} ago{by}")
}

/// A time, in its longest unit.
fn ago(millis: i64) -> String {
    let seconds = Duration::from_millis(u64::try_from(millis).unwrap_or_default()).as_secs();
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or((1, "s"));
    format!("{}{name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use aegis_audit::Precedent;
    use chrono::DateTime;

    use super::*;

    #[test]
    fn it_is_said_how_often_and_when_last_or_that_it_never_was() {
        let words = |count, has_more, ago: i64, by: Option<&str>| {
            let last = Precedent { at: DateTime::UNIX_EPOCH, by: by.map(str::to_owned), is_by_grant: false };
            let precedents = Precedents { count, has_more, last: Some(last) };
            precedent_words(Some(&precedents), ago)
        };
        assert_eq!(words(1, false, 59_000, Some("ana")), "approved once, last 59s ago by ana");
        assert_eq!(words(12, false, 3 * 86_400_000 + 5, None), "approved 12 times, last 3d ago");
        let last = Precedent { at: DateTime::UNIX_EPOCH, by: Some("ana".to_owned()), is_by_grant: true };
        let by_grant = Precedents { count: 2, has_more: false, last: Some(last) };
        assert_eq!(precedent_words(Some(&by_grant), 0), "approved 2 times, last 0s ago by a grant of ana");
        assert_eq!(words(1000, true, -5, None), "approved more than 1000 times, last 0s ago");
        let never = Precedents { count: 0, has_more: false, last: None };
        assert_eq!(precedent_words(Some(&never), 0), "never approved");
        assert_eq!(precedent_words(None, 0), "the log cannot tell");
    }
}
