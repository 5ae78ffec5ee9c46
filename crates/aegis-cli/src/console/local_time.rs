//! The clock of the place where somebody looks at a terminal: as `TZ` says, or else the system.

use aegis_present::table::Times;
use chrono::{DateTime, FixedOffset, Offset as _, Utc};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Instants as clocks show them here. UTC, where nobody knows where that is.
pub(crate) fn local_times() -> Times {
    let zone = TimeZone::system();
    Times::Local(Box::new(move |at| offset(&zone, at)))
}

/// How far a zone is ahead of UTC at an instant.
fn offset(zone: &TimeZone, at: DateTime<Utc>) -> FixedOffset {
    let seconds = Timestamp::from_second(at.timestamp()).map(|at| zone.to_offset(at).seconds());
    seconds.ok().and_then(FixedOffset::east_opt).unwrap_or_else(|| Utc.fix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_that_of_its_own_instant() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| offset(&berlin, text.parse().unwrap()).local_minus_utc();
        assert_eq!((at("2026-07-01T00:00:00Z"), at("2026-11-23T08:49:00Z")), (7200, 3600));
        assert_eq!(offset(&TimeZone::UTC, DateTime::<Utc>::MAX_UTC).local_minus_utc(), 0);
    }
}
