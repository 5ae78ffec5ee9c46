//! The parts of the statistics, one after another.

use std::fmt::Write as _;

use aegis_engine::{RiskLevel, escape_capped};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::overview::Overview;
use aegis_ledger::statistics::{Asked, Habit, Named, Names, Statistics, Tally};
use anstyle::Style;

use super::bars::{bars, heading};
use super::columns::Columns;
use super::look::Look;
use super::paint::{ALLOWED, PLAIN, REFUSED, WAITING};
use crate::fitting::fit;
use crate::intervals::coarser;
use crate::names::{LONGEST_NAME, NO_NAME, others, shown, wait_classes};
use crate::quantity::{duration, grouped, interval, interval_start, number, share};
use crate::style::FAINT;

fn style_of(answer: Option<Answer>) -> Style {
    match answer {
        Some(Answer::Auto | Answer::Approved) => ALLOWED,
        Some(Answer::Denied | Answer::Block) => REFUSED,
        Some(Answer::Unanswered) | None => WAITING,
    }
}

pub(super) fn answers(statistics: &Statistics, look: Look) -> String {
    let rows: Vec<_> = Answer::ALL
        .into_iter()
        .map(Some)
        .chain([None])
        .map(|answer| (answer.map_or("open", Answer::as_str), statistics.total.of(answer), style_of(answer)))
        .collect();
    bars("Answers", &rows, look)
}

pub(super) fn risks(statistics: &Statistics, look: Look) -> String {
    let style = |risk| match risk {
        RiskLevel::Low => PLAIN,
        RiskLevel::Medium => WAITING,
        RiskLevel::High | RiskLevel::Critical => REFUSED,
    };
    let rows = RiskLevel::ALL.map(|risk| (risk.as_str(), statistics.risks.of(risk).total(), style(risk)));
    bars("Risk", &rows, look)
}

pub(super) fn results(statistics: &Statistics, look: Look) -> String {
    let style = |result| match result {
        Some(ResultStatus::Success) => ALLOWED,
        Some(ResultStatus::Failed | ResultStatus::Blocked | ResultStatus::Denied) => REFUSED,
        Some(ResultStatus::Skipped) => WAITING,
        None => PLAIN,
    };
    let word = |result: Option<ResultStatus>| result.map_or("unknown", ResultStatus::as_str);
    let rows: Vec<_> =
        statistics.results.each().map(|(result, count)| (word(result), count, style(result))).collect();
    bars("Results", &rows, look)
}

/// Up to how many intervals are drawn below each other.
const FEW_INTERVALS: usize = 3;

/// How much happened when: over the period, and by the hours of the day.
pub(super) fn time(statistics: &Statistics, look: Look) -> String {
    let intervals = coarser(&statistics.series, look.width.saturating_sub(4));
    let totals: Vec<u64> = intervals.tallies.iter().map(|(_, tally)| tally.total()).collect();
    let mut text = String::new();
    let mark = if totals.len() <= FEW_INTERVALS { "bar" } else { "column" };
    heading(&mut text, "Time", &format!("each {mark} is {}", interval(intervals.hours)));
    if totals.len() <= FEW_INTERVALS {
        // Two or three heights beside each other say nothing; lengths below each other do.
        let mut columns = Columns::new(look, &["", ""]);
        for (start, tally) in &intervals.tallies {
            let cells = [interval_start(*start, intervals.hours), number(tally.total())];
            columns.add(&cells, tally.total(), PLAIN);
        }
        columns.render(&mut text);
        return text + &hours_and_days(statistics, look);
    }
    let _ = writeln!(text, "  {PLAIN}{}{PLAIN:#}", look.charset.sparkline(&totals).trim_end());
    let most = intervals.tallies.iter().rev().max_by_key(|(_, tally)| tally.total());
    if let (Some((first, _)), Some((start, tally))) = (intervals.tallies.first(), most) {
        let _ = writeln!(
            text,
            "  {FAINT}from {}\n  most, {}, from {}{FAINT:#}",
            interval_start(*first, intervals.hours),
            number(tally.total()),
            interval_start(*start, intervals.hours)
        );
    }
    text + &hours_and_days(statistics, look)
}

/// How much happened at which hour of the day, and on which day of the week.
fn hours_and_days(statistics: &Statistics, look: Look) -> String {
    let mut text = String::new();
    let by_hour: Vec<u64> = (0..24)
        .map(|hour| statistics.week.days.iter().filter_map(|day| day.get(hour)).map(Tally::total).sum())
        .collect();
    heading(&mut text, "Hour of the day", "UTC");
    // Where there is room, an hour is two characters wide.
    let wide = if look.width >= 52 { 2 } else { 1 };
    let line: String = look
        .charset
        .sparkline(&by_hour)
        .chars()
        .flat_map(|character| std::iter::repeat_n(character, wide))
        .collect();
    let ticks = (0..24).step_by(6 / wide).fold(String::new(), |mut ticks, hour| {
        let _ = write!(ticks, "{hour:<6}");
        ticks
    });
    let _ = writeln!(text, "  {PLAIN}{}{PLAIN:#}\n  {FAINT}{}{FAINT:#}", line.trim_end(), ticks.trim_end());
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let rows: Vec<_> = days
        .into_iter()
        .zip(&statistics.week.days)
        .map(|(day, hours)| (day, hours.iter().map(Tally::total).sum(), PLAIN))
        .collect();
    text.push_str(&bars("Weekday", &rows, look));
    text
}

pub(super) fn names(title: &str, names: &Names<Tally>, look: Look) -> String {
    let whole = names.named.iter().map(|named| named.value.total()).sum::<u64>() + names.others.total();
    let mut text = String::new();
    heading(&mut text, title, "");
    let mut columns = Columns::new(look, &["", "actions", "share", "asked", "refused"]);
    let cells = |name: String, tally: &Tally| {
        let refused = tally.denied + tally.block + tally.unanswered;
        [name, number(tally.total()), share(tally.total(), whole), number(tally.asked()), number(refused)]
    };
    for Named { name, value } in names.named.iter().take(look.top) {
        columns.add(&cells(shown(name.as_deref()), value), value.total(), PLAIN);
    }
    let (rest, others) = others(names, look.top, |sum, tally| *sum += *tally);
    if let Some(label) = others {
        columns.add_plain(&cells(label, &rest));
    }
    columns.render(&mut text);
    text
}

pub(super) fn asked(statistics: &Statistics, look: Look) -> String {
    let asked = statistics.total.asked();
    let mut text = String::new();
    heading(&mut text, "Asked", &format!("{} needed a human", grouped(asked, "action")));
    if asked == 0 {
        return text;
    }
    let waits = &statistics.waits;
    if waits.count > 0 {
        let mut columns = Columns::new(look, &["", ""]);
        for (label, wait) in [
            ("quickest answer", waits.min_ms),
            ("half within", waits.median_ms),
            ("90 % within", waits.p90_ms),
            ("99 % within", waits.p99_ms),
            ("slowest", waits.max_ms),
        ] {
            columns.add_plain(&[label.to_owned(), duration(wait)]);
        }
        columns.render(&mut text);
        heading(&mut text, "How long answers took", "");
        let mut columns = Columns::new(look, &["", "", ""]);
        for (label, count) in wait_classes(waits) {
            columns.add(&[label, number(count), share(count, waits.count)], count, PLAIN);
        }
        columns.render(&mut text);
    }
    text.push_str(&asked_by_rule(&statistics.asked_by_rule, look));
    text.push_str(&approvers(&statistics.approvers, look));
    text
}

/// What the rules asked.
fn asked_by_rule(names: &Names<Asked>, look: Look) -> String {
    let titles = ["", "asked", "approved", "denied", "no answer", "median"];
    // Where there is little room, what is left over can be worked out.
    let titles = if look.width >= 64 { &titles[..] } else { &["", "asked", "approved", "denied", "median"] };
    asked_by("Asked by rule", titles, names, look, |tally| {
        vec![tally.asked(), tally.approved, tally.denied, tally.unanswered + tally.open]
    })
}

/// What the approvers answered.
fn approvers(names: &Names<Asked>, look: Look) -> String {
    let titles = ["", "answers", "approved", "denied", "median"];
    asked_by("Answered by", &titles, names, look, |tally| vec![tally.asked(), tally.approved, tally.denied])
}

fn asked_by(
    title: &str,
    titles: &[&str],
    names: &Names<Asked>,
    look: Look,
    counts: impl Fn(&Tally) -> Vec<u64>,
) -> String {
    let mut text = String::new();
    if names.named.is_empty() {
        return text;
    }
    heading(&mut text, title, "");
    let mut columns = Columns::new(look, titles);
    let cells = |name: String, tally: &Tally, median: String| {
        let numbers = counts(tally).into_iter().map(number).take(titles.len().saturating_sub(2));
        [name].into_iter().chain(numbers).chain([median]).collect::<Vec<_>>()
    };
    for Named { name, value: Asked { tally, waits } } in names.named.iter().take(look.top) {
        let median = if waits.count > 0 { duration(waits.median_ms) } else { NO_NAME.to_owned() };
        columns.add_plain(&cells(shown(name.as_deref()), tally, median));
    }
    let (rest, label) = others(names, look.top, |sum, asked| sum.tally += asked.tally);
    if let Some(label) = label {
        columns.add_plain(&cells(label, &rest.tally, NO_NAME.to_owned()));
    }
    columns.render(&mut text);
    text
}

pub(super) fn habits(overview: &Overview, look: Look) -> String {
    let statistics = &overview.statistics;
    let mut text = String::new();
    for (title, habits, approval) in [
        ("Always approved", &statistics.always_approved, "auto"),
        ("Always denied", &statistics.always_denied, "block"),
    ] {
        if habits.is_empty() {
            continue;
        }
        heading(&mut text, title, &format!("asked {} times or more", overview.often));
        let mut columns = Columns::new(look, &["", "times"]);
        for habit in habits.iter().take(look.top) {
            columns.add_plain(&[question(habit), number(habit.times)]);
        }
        columns.render(&mut text);
        if habits.len() > look.top {
            let _ = writeln!(text, "  {FAINT}({} more){FAINT:#}", number((habits.len() - look.top) as u64));
        }
        let _ = writeln!(text, "  {FAINT}a rule could answer: `approval: {approval}`{FAINT:#}");
    }
    text
}

fn question(habit: &Habit) -> String {
    let [kind, target, rule] =
        [&habit.action_type, &habit.target, &habit.rule].map(|name| escape_capped(name, LONGEST_NAME));
    format!("{kind} on {target}, by {rule}")
}

pub(super) fn idle_rules(idle: &[String], look: Look) -> String {
    let mut text = String::new();
    if idle.is_empty() {
        heading(&mut text, "Rules that decided nothing", "none");
        return text;
    }
    heading(&mut text, "Rules that decided nothing", "");
    for rule in idle {
        let room = look.width.saturating_sub(2);
        let _ = writeln!(text, "  {}", fit(&shown(Some(rule)), room, look.charset.ellipsis()).0);
    }
    text
}
