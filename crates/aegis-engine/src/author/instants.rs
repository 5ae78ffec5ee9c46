//! The instants at which examples are tried: the one of those that name none, and those at which a condition
//! can change.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::decide::condition::{Condition, Test};
use crate::decide::zone::Zone;

/// The instant of examples that name none: noon UTC on Monday, 5 January 2026.
pub const EXAMPLE_INSTANT: DateTime<Utc> = match DateTime::from_timestamp(1_767_614_400, 0) {
    Some(instant) => instant,
    None => DateTime::UNIX_EPOCH,
};

/// The weeks in which conditions on the time are tried: one in winter and one in summer, from their Mondays.
const WEEKS: [Option<NaiveDate>; 2] =
    [NaiveDate::from_ymd_opt(2026, 1, 5), NaiveDate::from_ymd_opt(2026, 7, 6)];

/// [`EXAMPLE_INSTANT`], and every instant of a week in winter and of one in summer at which one of
/// `conditions` can begin or cease to hold: between two of them, none does.
pub(crate) fn turning_points<'c>(conditions: impl Iterator<Item = &'c Condition>) -> Vec<DateTime<Utc>> {
    let mut times: Vec<(&Zone, NaiveTime)> = Vec::new();
    for condition in conditions {
        match &condition.test {
            Test::Window(window, zone) => {
                times.extend([window.after, window.before].into_iter().flatten().map(|time| (zone, time)));
                times.push((zone, NaiveTime::MIN));
            }
            Test::Weekdays(_, zone) => times.push((zone, NaiveTime::MIN)),
            Test::Param(..) => {}
        }
    }
    times.sort_by_key(|(zone, time)| (*time, zone.name()));
    times.dedup();
    let mut points = vec![EXAMPLE_INSTANT];
    for monday in WEEKS.into_iter().flatten() {
        for day in 0..7 {
            let date = monday.checked_add_days(Days::new(day));
            points.extend(times.iter().filter_map(|(zone, time)| zone.earliest(date?.and_time(*time))));
        }
    }
    points
}
