//! Calendars and time zones from their laws, year by year: slow, and without a table of zones.

/// Minutes east of Greenwich at `minutes` since 1970, by the laws in force from 2008 on.
pub(crate) fn offset(zone: &str, minutes: i64, summer: bool) -> i64 {
    let year = civil(minutes.div_euclid(1440)).0;
    let at = |month, sunday, hour| (nth_sunday(year, month, sunday) * 24 + hour) * 60;
    let between = |from: i64, to: i64| summer && (from..to).contains(&minutes);
    match zone {
        "UTC" | "Etc/UTC" => 0,
        "Asia/Tokyo" => 540,
        "Asia/Kolkata" => 330,
        "Asia/Kathmandu" => 345,
        "Pacific/Kiritimati" => 840,
        "Etc/GMT+12" => -720,
        // From 02:00 of the second Sunday in March to 02:00 (summer time) of the first in November.
        "America/New_York" => {
            if between(at(3, 2, 7), at(11, 1, 6)) {
                -240
            } else {
                -300
            }
        }
        "America/Los_Angeles" => {
            if between(at(3, 2, 10), at(11, 1, 9)) {
                -420
            } else {
                -480
            }
        }
        // From 01:00 UTC of the last Sunday in March to that of the last in October.
        "Europe/Berlin" => {
            if between(at(3, 0, 1), at(10, 0, 1)) {
                120
            } else {
                60
            }
        }
        "Europe/London" => {
            if between(at(3, 0, 1), at(10, 0, 1)) {
                60
            } else {
                0
            }
        }
        // Southern summer: not between the first Sundays in April and October, 03:00 and 02:00 local.
        "Australia/Sydney" => {
            let winter = (at(4, 1, -8)..at(10, 1, -8)).contains(&minutes);
            if winter || !summer { 600 } else { 660 }
        }
        other => panic!("no law for {other}"),
    }
}

/// The day number of the n-th Sunday of a month, or of the last one when `n` is 0.
fn nth_sunday(year: i64, month: i64, n: i64) -> i64 {
    let first = day_number(year, month, 1);
    let first_sunday = first + (3 - first).rem_euclid(7);
    let sundays = (0..5).map(|week| first_sunday + 7 * week);
    let mut within = sundays.filter(|day| civil(*day).1 == month);
    if n == 0 { within.next_back().unwrap() } else { within.nth(usize::try_from(n - 1).unwrap()).unwrap() }
}

/// Days from 1970-01-01, counted year by year and month by month.
pub(crate) fn day_number(year: i64, month: i64, day: i64) -> i64 {
    (1970..year).map(|year| month_lengths(year).iter().sum::<i64>()).sum::<i64>()
        + month_lengths(year).iter().take(usize::try_from(month - 1).unwrap()).sum::<i64>()
        + day
        - 1
}

/// The year, month and day of a day number.
fn civil(mut days: i64) -> (i64, i64, i64) {
    let mut year = 1970;
    while days >= month_lengths(year).iter().sum() {
        days -= month_lengths(year).iter().sum::<i64>();
        year += 1;
    }
    let mut month = 1;
    for length in month_lengths(year) {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

fn month_lengths(year: i64) -> [i64; 12] {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}
