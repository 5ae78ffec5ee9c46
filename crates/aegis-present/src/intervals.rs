//! A series in few enough intervals to be drawn, which begin where people expect.

use aegis_ledger::statistics::{Series, Tally};
use chrono::{DateTime, TimeDelta, Utc};

/// How many hours an interval may have, up to a week; from there on, weeks double.
const STEPS: [u64; 9] = [1, 2, 3, 4, 6, 8, 12, 24, 168];
/// From the Monday before the Unix epoch to the epoch: intervals are counted from there.
const SECONDS_FROM_MONDAY: i64 = 72 * 3600;

/// Actions over time: when each interval begins, and what happened in it. There are no gaps.
#[derive(Debug)]
pub(crate) struct Intervals {
    pub(crate) hours: u64,
    pub(crate) tallies: Vec<(DateTime<Utc>, Tally)>,
}

/// The same series in at most so many intervals, of which the first may begin before it.
pub(crate) fn coarser(series: &Series, most: usize) -> Intervals {
    let doubled = (1..32).map(|times| 168_u64 << times);
    let fits = |hours: &u64| hours.is_multiple_of(series.hours) && grouped(series, *hours).len() <= most;
    let hours = STEPS.into_iter().chain(doubled).filter(|_| series.hours > 0).find(fits);
    let hours = hours.unwrap_or(series.hours);
    Intervals { hours, tallies: grouped(series, hours) }
}

fn grouped(series: &Series, hours: u64) -> Vec<(DateTime<Utc>, Tally)> {
    let width = i64::try_from(hours.max(1)).unwrap_or(i64::MAX).saturating_mul(3600);
    let mut groups: Vec<(DateTime<Utc>, Tally)> = Vec::new();
    for (index, tally) in series.tallies.iter().enumerate() {
        let time = series.time(index);
        let since = (time.timestamp() + SECONDS_FROM_MONDAY).rem_euclid(width);
        let start = TimeDelta::try_seconds(since).and_then(|since| time.checked_sub_signed(since));
        let start = start.unwrap_or(DateTime::<Utc>::MIN_UTC);
        match groups.last_mut() {
            Some((last, sum)) if *last == start => *sum += *tally,
            _ => groups.push((start, *tally)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(hours: u64, start: &str, count: usize) -> Series {
        let one = Tally { auto: 1, ..Tally::default() };
        Series { hours, start: start.parse().unwrap(), tallies: vec![one; count] }
    }

    #[test]
    fn intervals_are_of_lengths_and_at_places_that_people_use() {
        for (given, count, most, hours, length) in [
            (1, 50, 60, 1, 50),
            (1, 170, 60, 3, 57),
            (1, 700, 60, 12, 59),
            (24, 63, 62, 168, 9),
            (24, 5, 2, 168, 1),
        ] {
            // A Monday, in the middle of whatever is longer than an hour.
            let found = coarser(&series(given, "2026-11-23T07:00:00Z", count), most);
            assert_eq!((found.hours, found.tallies.len()), (hours, length), "{given} {count}");
            assert_eq!(found.tallies.iter().map(|(_, tally)| tally.auto).sum::<u64>(), count as u64);
        }
        let found = coarser(&series(1, "2026-11-23T07:00:00Z", 100), 20);
        assert_eq!((found.hours, found.tallies[0].0.to_rfc3339().as_str()), (6, "2026-11-23T06:00:00+00:00"));
        let ages = coarser(&series(168 << 8, "1970-01-05T00:00:00Z", 700), 10);
        assert!(ages.tallies.len() <= 10);
        assert!(coarser(&Series::default(), 10).tallies.is_empty());
    }
}
