//! The wall clock, as it is: whatever it says, nothing panics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// What the wall clock says. [`Utc::now`] panics where that is before 1970, as on a machine whose clock has
/// lost its battery and is set wrong.
#[must_use]
pub fn now() -> DateTime<Utc> {
    instant(SystemTime::now())
}

fn instant(time: SystemTime) -> DateTime<Utc> {
    let (since, before) = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => (since, Duration::ZERO),
        Err(error) => (Duration::ZERO, error.duration()),
    };
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    // Beyond what an instant can hold, the clock is wrong anyway: it stands still at the end of all days.
    if before.is_zero() {
        DateTime::from_timestamp(seconds(since), since.subsec_nanos()).unwrap_or(DateTime::<Utc>::MAX_UTC)
    } else {
        // Instants count their nanoseconds from the second before.
        let whole = u32::from(before.subsec_nanos() != 0);
        let nanos = (whole * 1_000_000_000_u32).saturating_sub(before.subsec_nanos());
        let seconds = seconds(before).saturating_add(i64::from(whole)).saturating_neg();
        DateTime::from_timestamp(seconds, nanos).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_is_read_like_any_other() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1, "1969-12-31T23:59:59.999Z"),
            (1000, "1969-12-31T23:59:59Z"),
            (86_400_000, "1969-12-31T00:00:00Z"),
        ] {
            let before = UNIX_EPOCH - Duration::from_millis(millis);
            assert_eq!(instant(before), text.parse::<DateTime<Utc>>().unwrap(), "{millis}");
        }
        let after = UNIX_EPOCH + Duration::from_millis(1_795_423_740_123);
        assert_eq!(instant(after).timestamp_millis(), 1_795_423_740_123);
    }

    #[test]
    fn a_clock_at_the_end_of_all_days_stands_still() {
        let far = UNIX_EPOCH.checked_add(Duration::from_secs(u64::from(u32::MAX) << 20)).unwrap();
        assert_eq!(instant(far), DateTime::<Utc>::MAX_UTC);
        let early = UNIX_EPOCH.checked_sub(Duration::from_secs(u64::from(u32::MAX) << 20)).unwrap();
        assert_eq!(instant(early), DateTime::<Utc>::MIN_UTC);
    }
}
