//! Actions over time: in intervals that widen with the period, and by the hour of the week.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::answer::Answer;
use crate::statistics::tally::Tally;

const MILLIS_PER_HOUR: i64 = 3_600_000;
/// From the Monday before the Unix epoch, a Thursday, to the epoch: intervals of a week or more begin on a
/// Monday.
const HOURS_FROM_MONDAY: i64 = 72;
/// How many intervals are given at most: a month by the hour, two years by the day.
const MAX_INTERVALS: i64 = 744;
/// How many intervals are kept while counting: a year by the hour.
const MAX_KEPT: usize = 8784;

/// Actions in the order of time: one tally for each of equal intervals without a gap, from the first action
/// to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// How long an interval is: an hour, a day, a week, or weeks.
    pub hours: u64,
    /// When the first interval begins.
    pub start: DateTime<Utc>,
    /// What happened in each.
    pub tallies: Vec<Tally>,
}

impl Series {
    /// When the interval of this index begins.
    #[must_use]
    pub fn time(&self, index: usize) -> DateTime<Utc> {
        let hours = i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(self.hours.cast_signed());
        let time = chrono::TimeDelta::try_hours(hours).and_then(|hours| self.start.checked_add_signed(hours));
        time.unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Actions by weekday (Monday first) and hour of the day, UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week {
    /// Days of hours.
    pub days: [[Tally; 24]; 7],
}

/// Counts over time.
#[derive(Debug)]
pub(super) struct Times {
    /// In hours.
    width: i64,
    intervals: BTreeMap<i64, Tally>,
    /// The interval in which the last action fell: the next one mostly falls there too.
    current: Option<(i64, Tally)>,
    week: Week,
    bounds: Option<(i64, i64)>,
}

impl Times {
    pub(super) fn new() -> Times {
        Times { width: 1, intervals: BTreeMap::new(), current: None, week: Week::default(), bounds: None }
    }

    /// Counts an action at a time in milliseconds since the Unix epoch.
    pub(super) fn count(&mut self, at: i64, answer: Option<Answer>) {
        let (earliest, latest) = self.bounds.unwrap_or((at, at));
        self.bounds = Some((earliest.min(at), latest.max(at)));
        let hour = at.div_euclid(MILLIS_PER_HOUR) + HOURS_FROM_MONDAY;
        let weekday = usize::try_from(hour.div_euclid(24).rem_euclid(7)).unwrap_or_default();
        let hour_of_day = usize::try_from(hour.rem_euclid(24)).unwrap_or_default();
        if let Some(tally) = self.week.days.get_mut(weekday).and_then(|day| day.get_mut(hour_of_day)) {
            tally.count(answer);
        }
        let index = hour.div_euclid(self.width);
        match &mut self.current {
            Some((current, tally)) if *current == index => tally.count(answer),
            _ => {
                self.settle();
                let mut tally = Tally::default();
                tally.count(answer);
                self.current = Some((hour.div_euclid(self.width), tally));
            }
        }
    }

    /// Moves what was counted last to its interval. Where there are too many of them, they become wider.
    fn settle(&mut self) {
        if let Some((index, tally)) = self.current.take() {
            *self.intervals.entry(index).or_default() += tally;
        }
        while self.intervals.len() > MAX_KEPT {
            self.widen();
        }
    }

    fn widen(&mut self) {
        let factor = match self.width {
            1 => 24,
            24 => 7,
            _ => 2,
        };
        self.width *= factor;
        let mut wider = BTreeMap::<i64, Tally>::new();
        for (index, tally) in std::mem::take(&mut self.intervals) {
            *wider.entry(index.div_euclid(factor)).or_default() += tally;
        }
        self.intervals = wider;
    }

    /// The earliest and the latest time that was counted.
    pub(super) fn period(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (earliest, latest) = self.bounds?;
        DateTime::from_timestamp_millis(earliest).zip(DateTime::from_timestamp_millis(latest))
    }

    pub(super) fn finish(mut self) -> (Series, Week) {
        self.settle();
        let ends = |intervals: &BTreeMap<i64, Tally>| {
            Some((*intervals.first_key_value()?.0, *intervals.last_key_value()?.0))
        };
        while ends(&self.intervals).is_some_and(|(first, last)| last - first >= MAX_INTERVALS) {
            self.widen();
        }
        let Some((first, last)) = ends(&self.intervals) else { return (Series::default(), self.week) };
        let start = (first * self.width - HOURS_FROM_MONDAY).saturating_mul(MILLIS_PER_HOUR);
        let series = Series {
            hours: self.width.unsigned_abs(),
            start: DateTime::from_timestamp_millis(start).unwrap_or(DateTime::<Utc>::MIN_UTC),
            tallies: (first..=last)
                .map(|index| self.intervals.get(&index).copied().unwrap_or_default())
                .collect(),
        };
        (series, self.week)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(times: &[&str]) -> Series {
        let mut counted = Times::new();
        for time in times {
            counted.count(time.parse::<DateTime<Utc>>().unwrap().timestamp_millis(), Some(Answer::Auto));
        }
        counted.finish().0
    }

    fn start(series: &Series) -> String {
        series.start.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn a_short_period_is_given_by_the_hour_without_gaps() {
        let series = series(&["2026-11-23T08:59:59.999Z", "2026-11-23T11:00:00Z", "2026-11-23T09:30:00Z"]);
        assert_eq!((series.hours, start(&series).as_str()), (1, "2026-11-23T08:00:00Z"));
        assert_eq!(series.tallies.iter().map(Tally::total).collect::<Vec<_>>(), [1, 1, 0, 1]);
        assert_eq!(series.time(3).to_rfc3339(), "2026-11-23T11:00:00+00:00");
    }

    #[test]
    fn longer_periods_have_wider_intervals_that_begin_where_people_expect() {
        let days = series(&["2026-11-23T08:00:00Z", "2026-12-30T08:00:00Z"]);
        assert_eq!((days.hours, days.tallies.len(), start(&days).as_str()), (24, 38, "2026-11-23T00:00:00Z"));
        // The 25th of November 2020 was a Wednesday.
        let weeks = series(&["2020-11-25T08:00:00Z", "2026-12-30T08:00:00Z"]);
        assert_eq!((weeks.hours, start(&weeks).as_str()), (168, "2020-11-23T00:00:00Z"));
        let ages = series(&["-200000-01-01T00:00:00Z", "+200000-01-01T00:00:00Z"]);
        assert!(ages.tallies.len() <= 744 && ages.hours > 168 && ages.hours.is_multiple_of(168));
        assert_eq!(ages.tallies.iter().map(Tally::total).sum::<u64>(), 2);
    }

    #[test]
    fn memory_is_bounded_however_times_jump() {
        let mut counted = Times::new();
        for index in 0..100_000_i64 {
            counted.count((index * 7919) % 50_000_000 * 1_000_000, None);
        }
        assert!(counted.intervals.len() <= MAX_KEPT + 1);
        let (series, week) = counted.finish();
        assert_eq!(series.tallies.iter().map(|tally| tally.open).sum::<u64>(), 100_000);
        assert_eq!(week.days.iter().flatten().map(|tally| tally.open).sum::<u64>(), 100_000);
    }

    #[test]
    fn the_week_begins_on_monday() {
        let mut counted = Times::new();
        let at: DateTime<Utc> = "2026-11-23T08:49:00Z".parse().unwrap();
        counted.count(at.timestamp_millis(), Some(Answer::Auto));
        counted.count(-1, Some(Answer::Block));
        let (_, week) = counted.finish();
        assert_eq!((week.days[0][8].auto, week.days[2][23].block), (1, 1));
    }
}
