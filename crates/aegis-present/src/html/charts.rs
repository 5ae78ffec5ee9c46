//! Charts in SVG, each with the same numbers in a table below it.

use aegis_ledger::statistics::{Series, Tally, Waits, Week};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::palette::{ORDER, in_words, legend, word};
use crate::intervals::coarser;
use crate::names::wait_classes;
use crate::quantity::{duration, grouped, interval, interval_start, number, share};

/// How many intervals can be told apart.
const MOST_INTERVALS: usize = 62;
/// The size of a chart, in its own units, and the margins in it.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 10.0;
/// About how many intervals have their time written below.
const LABELS: usize = 6;
/// The room that such a time needs.
const LABEL: f64 = 100.0;
/// How wide the bars of few intervals are.
const WIDEST_BAR: f64 = 48.0;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A box that scrolls by itself where what it holds is too wide, also by keyboard.
pub(super) fn boxed(name: &str, content: &Markup) -> Markup {
    html! { div class="wide" role="region" aria-label=(name) tabindex="0" { (content) } }
}

/// A number for a chart's coordinates. Counts beyond what it holds exactly are off by less than can be seen.
#[expect(clippy::cast_precision_loss, reason = "only where to draw depends on it")]
const fn coordinate(count: u64) -> f64 {
    count as f64
}

/// Where a value lies on an axis that ends at `most`.
fn scaled(value: u64, most: u64, length: f64) -> f64 {
    if most == 0 { 0.0 } else { coordinate(value) / coordinate(most) * length }
}

/// The next round number.
fn round_up(value: u64) -> u64 {
    // In tenths of a power of ten: an axis is at most a third longer than what it is for.
    const TENTHS: [u128; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];
    let mut power = 1_u128;
    loop {
        let whole = TENTHS.into_iter().map(|tenths| power * tenths).filter(|round| round % 10 == 0);
        if let Some(round) = whole.map(|round| round / 10).find(|round| *round >= u128::from(value)) {
            return u64::try_from(round).unwrap_or(u64::MAX);
        }
        power *= 10;
    }
}

/// A place in a chart, as SVG writes it.
fn at(value: f64) -> String {
    format!("{value:.1}")
}

/// How actions were answered in the order of time.
pub(super) fn series(series: &Series) -> Markup {
    let intervals = coarser(series, MOST_INTERVALS);
    let (hours, tallies) = (intervals.hours, &intervals.tallies);
    let start = |at: &DateTime<Utc>| interval_start(*at, hours);
    let first = tallies.first().map(|(at, _)| start(at)).unwrap_or_default();
    let most = round_up(tallies.iter().map(|(_, tally)| tally.total()).max().unwrap_or_default());
    let plot = (WIDTH - LEFT, HEIGHT - TOP - BOTTOM);
    let step = plot.0 / coordinate(tallies.len().max(1) as u64);
    let every = tallies.len().div_ceil(LABELS).max(1);
    html! {
        figure {
            figcaption {
                h3 id="series-title" { "Actions by answer" }
                p { "Each bar is " (interval(hours)) "." }
            }
            (legend())
            (boxed("Chart of actions over time", &html! {
            svg class="chart" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) }
                role="img" aria-labelledby="series-name series-desc" {
                title id="series-name" { "Actions over time, by answer" }
                desc id="series-desc" {
                    (grouped(tallies.len() as u64, "bar")) ", each of " (interval(hours)) ", from " (first)
                    "; the table below has the numbers"
                }
                (grid(most))
                @for (index, (time, tally)) in
                    (0..).zip(tallies).filter(|(_, (_, tally))| tally.total() > 0)
                {
                    g {
                        title { (start(time)) ": " (in_words(tally)) }
                        (stack(tally, most, LEFT + step * coordinate(index), step))
                    }
                }
                @for (index, (time, _)) in (0..).zip(tallies).step_by(every) {
                    @let x = LEFT + step * coordinate(index);
                    line class="tick" x1=(at(x)) y1=(at(HEIGHT - BOTTOM))
                        x2=(at(x)) y2=(at(HEIGHT - BOTTOM + 4.0)) {}
                    @if x + LABEL <= WIDTH { text x=(at(x)) y=(at(HEIGHT - 8.0)) { (start(time)) } }
                }
            }
            }))
            details {
                summary { "Numbers" }
                div class="wide" role="region" aria-label="Actions over time" tabindex="0" {
                    table {
                        caption {
                            "Actions by answer, intervals of " (interval(hours))
                            ", those without actions left out"
                        }
                        thead { tr {
                            th scope="col" { "From (UTC)" }
                            @for answer in ORDER { th scope="col" class="number" { (word(answer)) } }
                            th scope="col" class="number" { "all" }
                        } }
                        tbody {
                            @for (time, tally) in tallies.iter().filter(|(_, tally)| tally.total() > 0) {
                                tr {
                                    th scope="row" { (start(time)) }
                                    @for answer in ORDER { td class="number" { (number(tally.of(answer))) } }
                                    td class="number" { (number(tally.total())) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Lines across the chart, at nothing, half and all.
fn grid(most: u64) -> Markup {
    let plot = HEIGHT - TOP - BOTTOM;
    let mut marks = vec![0, most];
    if most.is_multiple_of(2) {
        marks.push(most / 2);
    }
    html! {
        @for mark in marks {
            @let y = HEIGHT - BOTTOM - scaled(mark, most, plot);
            line class="grid" x1=(at(LEFT)) y1=(at(y)) x2=(at(WIDTH)) y2=(at(y)) {}
            text class="end" x=(at(LEFT - 6.0)) y=(at(y + 4.0)) { (number(mark)) }
        }
    }
}

/// The answers of one interval, on top of each other.
fn stack(tally: &Tally, most: u64, x: f64, step: f64) -> Markup {
    let plot = HEIGHT - TOP - BOTTOM;
    let width = (step * 0.76).min(WIDEST_BAR);
    let x = x + (step - width) / 2.0;
    html! {
        @for (class, below, count) in laid_out(&ORDER.map(|answer| (word(answer), tally.of(answer)))) {
            @let height = scaled(count, most, plot);
            @let y = HEIGHT - BOTTOM - scaled(below, most, plot) - height;
            rect class=(class) x=(at(x)) y=(at(y)) width=(at(width)) height=(at(height)) {}
        }
    }
}

/// Parts one after another: of each that is not nothing, what comes before it.
fn laid_out<'a>(parts: &[(&'a str, u64)]) -> Vec<(&'a str, u64, u64)> {
    let mut before = 0;
    parts
        .iter()
        .map(|&(class, count)| {
            let start = before;
            before += count;
            (class, start, count)
        })
        .filter(|(_, _, count)| *count > 0)
        .collect()
}

/// How much happens at which hour of which day of the week.
pub(super) fn week(week: &Week) -> Markup {
    const CELL: f64 = 29.0;
    const ROW: f64 = 22.0;
    let most = week.days.iter().flatten().map(Tally::total).max().unwrap_or_default();
    // What is not nothing can be seen.
    let opacity = |tally: &Tally| match tally.total() {
        0 => 0.0,
        total => 0.12 + scaled(total, most, 0.88),
    };
    html! {
        figure {
            figcaption {
                h3 { "Actions by weekday and hour" }
                p { "UTC; the strongest colour is " (grouped(most, "action")) "." }
            }
            (boxed("Chart of actions by weekday and hour", &html! {
            svg class="chart" viewBox={ "0 0 " (WIDTH) " 182" }
                role="img" aria-labelledby="week-name week-desc" {
                title id="week-name" { "Actions by weekday and hour of the day" }
                desc id="week-desc" { "A cell for each hour of the week; the table below has the numbers" }
                @for (day, (name, hours)) in (0..).zip(DAYS.into_iter().zip(&week.days)) {
                    @let y = ROW * coordinate(day);
                    text class="end" x=(at(LEFT - 6.0)) y=(at(y + 15.0)) { (name) }
                    @for (hour, tally) in (0..).zip(hours) {
                        @let x = LEFT + CELL * coordinate(hour);
                        g {
                            title { (name) " " (format!("{hour:02}")) ":00: " (in_words(tally)) }
                            rect class="cell" x=(at(x + 1.0)) y=(at(y + 1.0))
                                width=(at(CELL - 2.0)) height=(at(ROW - 2.0)) {}
                            rect class="heat" x=(at(x + 1.0)) y=(at(y + 1.0))
                                width=(at(CELL - 2.0)) height=(at(ROW - 2.0))
                                fill-opacity=(format!("{:.2}", opacity(tally))) {}
                        }
                    }
                }
                @for hour in (0..24_u64).step_by(3) {
                    text x=(at(LEFT + CELL * coordinate(hour) + 2.0)) y="172" { (format!("{hour:02}:00")) }
                }
            }
            }))
            details {
                summary { "Numbers" }
                div class="wide" role="region" aria-label="Actions by weekday and hour" tabindex="0" {
                    table class="dense" {
                        caption { "Actions by weekday and hour of the day (UTC)" }
                        thead { tr {
                            th scope="col" { "Day" }
                            @for hour in 0..24 { th scope="col" class="number" { (format!("{hour:02}")) } }
                        } }
                        tbody {
                            @for (name, hours) in DAYS.into_iter().zip(&week.days) {
                                tr {
                                    th scope="row" { (name) }
                                    @for tally in hours { td class="number" { (number(tally.total())) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How long people took to answer.
pub(super) fn waits(waits: &Waits) -> Markup {
    let classes = wait_classes(waits);
    let most = classes.iter().map(|(_, count)| *count).max().unwrap_or_default();
    html! {
        figure {
            figcaption {
                h3 { "How long answers took" }
                p {
                    "Half within " strong { (duration(waits.median_ms)) } ", 90 % within "
                    strong { (duration(waits.p90_ms)) } ", 99 % within " strong { (duration(waits.p99_ms)) }
                    "; the quickest " (duration(waits.min_ms)) ", the slowest " (duration(waits.max_ms)) "."
                }
            }
            div class="wide" role="region" aria-label="How long answers took" tabindex="0" {
                table class="bars" {
                    caption class="unseen" { "Answers by how long they took" }
                    thead { tr {
                        th scope="col" { "Took" }
                        th scope="col" class="number" { "Answers" }
                        th scope="col" class="number" { "Share" }
                        td {}
                    } }
                    tbody {
                        @for (label, count) in &classes {
                            tr {
                                th scope="row" { (label) }
                                td class="number" { (number(*count)) }
                                td class="number" { (share(*count, waits.count)) }
                                td class="bar" { (bar(&[("approved", *count)], most)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A bar beside the numbers that it shows, in parts of these classes.
pub(super) fn bar(parts: &[(&str, u64)], most: u64) -> Markup {
    html! {
        svg class="row" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            @for (class, before, count) in laid_out(parts) {
                rect class=(class) x=(at(scaled(before, most, 1000.0))) y="0"
                    width=(at(scaled(count, most, 1000.0).max(2.0))) height="10" {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let rounded = [0, 1, 3, 7, 9, 11, 99, 101, 103, 2_345].map(round_up);
        assert_eq!(rounded, [1, 1, 3, 8, 10, 12, 100, 120, 120, 2_500]);
        for value in (1..100_000).chain([u64::MAX / 30]) {
            let end = round_up(value);
            assert!(end >= value && (end - value) * 3 <= end + 3, "{value}: {end}");
        }
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn parts_of_a_bar_stand_side_by_side() {
        let bar = bar(&[("auto", 50), ("denied", 0), ("block", 25)], 100).into_string();
        assert!(bar.contains(r#"class="auto" x="0.0" y="0" width="500.0""#), "{bar}");
        assert!(bar.contains(r#"class="block" x="500.0" y="0" width="250.0""#), "{bar}");
        assert!(!bar.contains("denied"), "{bar}");
    }
}
