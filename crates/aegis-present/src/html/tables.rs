//! Tables of numbers, most of them with a bar in each row.

use aegis_engine::RiskLevel;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::overview::Overview;
use aegis_ledger::record::Record;
use aegis_ledger::statistics::{Asked, Habit, Named, Names, Statistics, Tally};
use maud::{Markup, html};

use super::charts::{bar, boxed};
use super::palette::{ORDER, legend, word};
use crate::names::{NO_NAME, others, shown};
use crate::quantity::{duration, number, share};

/// A name that is safe to show. Where it is too long for its column it is broken behind a sign that joins two
/// words, and within a word only where there is no such sign.
fn name_of(name: Option<&str>) -> Markup {
    let text = shown(name);
    html! {
        @for (index, part) in text.split_inclusive(['_', '-', '/', '.', ':', '@']).enumerate() {
            @if index > 0 { wbr; }
            (part)
        }
    }
}

/// A bar, its number and its share for each word.
fn counts(title: &str, column: &str, rows: &[(&str, u64, &str)]) -> Markup {
    let whole = rows.iter().map(|(_, count, _)| count).sum();
    let most = rows.iter().map(|(_, count, _)| *count).max().unwrap_or_default();
    let table = html! {
        table class="bars" {
            caption class="unseen" { (title) }
            thead { tr {
                th scope="col" { (column) }
                th scope="col" class="number" { "Actions" }
                th scope="col" class="number" { "Share" }
                td {}
            } }
            tbody {
                @for (word, count, class) in rows {
                    tr {
                        th scope="row" { (word) }
                        td class="number" { (number(*count)) }
                        td class="number" { (share(*count, whole)) }
                        td class="bar" { (bar(&[(class, *count)], most)) }
                    }
                }
            }
        }
    };
    html! { h3 { (title) } (boxed(title, &table)) }
}

pub(super) fn answers(statistics: &Statistics) -> Markup {
    let rows = ORDER.map(|answer| (word(answer), statistics.total.of(answer), word(answer)));
    counts("By answer", "Answer", &rows)
}

pub(super) fn results(statistics: &Statistics) -> Markup {
    let class = |result| match result {
        Some(ResultStatus::Success) => "auto",
        Some(ResultStatus::Failed) => "failed",
        Some(ResultStatus::Blocked) => "block",
        Some(ResultStatus::Denied) => "denied",
        Some(ResultStatus::Skipped) => "unanswered",
        None => "open",
    };
    let word = |result: Option<ResultStatus>| result.map_or("unknown", ResultStatus::as_str);
    let rows: Vec<_> =
        statistics.results.each().map(|(result, count)| (word(result), count, class(result))).collect();
    counts("By result", "Result", &rows)
}

fn stacked(tally: &Tally, most: u64) -> Markup {
    bar(&ORDER.map(|answer| (word(answer), tally.of(answer))), most)
}

pub(super) fn risks(statistics: &Statistics) -> Markup {
    let most = RiskLevel::ALL.map(|risk| statistics.risks.of(risk).total()).into_iter().max();
    let table = html! {
        table class="bars" {
            caption class="unseen" { "By risk and answer" }
            thead { tr {
                th scope="col" { "Risk" }
                @for answer in ORDER { th scope="col" class="number" { (word(answer)) } }
                th scope="col" class="number" { "all" }
                td {}
            } }
            tbody {
                @for risk in RiskLevel::ALL {
                    @let tally = statistics.risks.of(risk);
                    tr {
                        th scope="row" { (risk.as_str()) }
                        @for answer in ORDER { td class="number" { (number(tally.of(answer))) } }
                        td class="number" { (number(tally.total())) }
                        td class="bar" { (stacked(tally, most.unwrap_or_default())) }
                    }
                }
            }
        }
    };
    html! { h3 { "By risk" } (legend()) (boxed("By risk", &table)) }
}

pub(super) fn names(title: &str, column: &str, names: &Names<Tally>, top: usize) -> Markup {
    let whole = names.named.iter().map(|named| named.value.total()).sum::<u64>() + names.others.total();
    let most = names.named.first().map_or(0, |named| named.value.total());
    let (rest, label) = others(names, top, |sum, tally| *sum += *tally);
    let cells = |tally: &Tally| {
        let refused = tally.denied + tally.block + tally.unanswered;
        html! {
            td class="number" { (number(tally.total())) }
            td class="number" { (share(tally.total(), whole)) }
            td class="number" { (number(tally.asked())) }
            td class="number" { (number(refused)) }
        }
    };
    let table = html! {
        table class="bars" {
            caption class="unseen" { (title) }
            thead { tr {
                th scope="col" { (column) }
                @for name in ["Actions", "Share", "Asked", "Refused"] {
                    th scope="col" class="number" { (name) }
                }
                td {}
            } }
            tbody {
                @for Named { name, value } in names.named.iter().take(top) {
                    tr {
                        th scope="row" class="name" { (name_of(name.as_deref())) }
                        (cells(value))
                        td class="bar" { (stacked(value, most)) }
                    }
                }
                @if let Some(label) = label {
                    tr class="rest" { th scope="row" { (label) } (cells(&rest)) td {} }
                }
            }
        }
    };
    html! { h3 { (title) } (boxed(title, &table)) }
}

/// Who asked: everything that a rule asked, and what became of it.
pub(super) fn asked_by_rule(names: &Names<Asked>, top: usize) -> Markup {
    let columns = ["Rule", "Asked", "Approved", "Denied", "No answer"];
    asked("Asked by rule", columns, names, top, |tally| {
        vec![tally.asked(), tally.approved, tally.denied, tally.unanswered + tally.open]
    })
}

/// Who answered.
pub(super) fn approvers(names: &Names<Asked>, top: usize) -> Markup {
    let columns = ["Approver", "Answers", "Approved", "Denied"];
    asked("Answered by", columns, names, top, |tally| vec![tally.asked(), tally.approved, tally.denied])
}

fn asked<const N: usize>(
    title: &str,
    columns: [&str; N],
    names: &Names<Asked>,
    top: usize,
    counts: impl Fn(&Tally) -> Vec<u64>,
) -> Markup {
    if names.named.is_empty() {
        return html! {};
    }
    let (rest, label) = others(names, top, |sum, asked| sum.tally += asked.tally);
    let table = html! {
        table {
            caption class="unseen" { (title) ", and how long answers took" }
            thead { tr {
                @for (index, name) in columns.into_iter().chain(["Median", "90 %", "Slowest"]).enumerate() {
                    th scope="col" class=[(index > 0).then_some("number")] { (name) }
                }
            } }
            tbody {
                @for Named { name, value: Asked { tally, waits } } in names.named.iter().take(top) {
                    tr {
                        th scope="row" class="name" { (name_of(name.as_deref())) }
                        @for count in counts(tally) { td class="number" { (number(count)) } }
                        @for wait in [waits.median_ms, waits.p90_ms, waits.max_ms] {
                            td class="number" { @if waits.count > 0 { (duration(wait)) } @else { (NO_NAME) } }
                        }
                    }
                }
                @if let Some(label) = label {
                    tr class="rest" {
                        th scope="row" { (label) }
                        @for count in counts(&rest.tally) { td class="number" { (number(count)) } }
                        @for _ in 0..3 { td class="number" { (NO_NAME) } }
                    }
                }
            }
        }
    };
    html! { h3 { (title) } (boxed(title, &table)) }
}

pub(super) fn habits(title: &str, advice: &str, habits: &[Habit], overview: &Overview, top: usize) -> Markup {
    let aside = format!("Asked {} times or more; {advice}.", overview.often);
    let table = html! {
        table {
            caption class="unseen" { (title) }
            thead { tr {
                @for name in ["Type", "Target", "Rule that asked"] { th scope="col" { (name) } }
                th scope="col" class="number" { "Times" }
            } }
            tbody {
                @for habit in habits.iter().take(top) {
                    tr {
                        @for name in [&habit.action_type, &habit.target, &habit.rule] {
                            td class="name" { (name_of(Some(name))) }
                        }
                        td class="number" { (number(habit.times)) }
                    }
                }
            }
        }
    };
    let hidden = habits.len().saturating_sub(top) as u64;
    html! {
        h3 { (title) }
        @if habits.is_empty() {
            p class="empty" { "None of the questions that were asked " (overview.often) " times or more." }
        } @else {
            p { (aside) }
            (boxed(title, &table))
            @if hidden > 0 { p class="empty" { (number(hidden)) " more" } }
        }
    }
}

pub(super) fn idle_rules(idle: &[String]) -> Markup {
    html! {
        h3 { "Rules that decided nothing" }
        @if idle.is_empty() {
            p class="empty" { "None: every rule of the policy decided something." }
        } @else {
            ul class="idle" { @for rule in idle { li { code { (shown(Some(rule))) } } } }
        }
    }
}

pub(super) fn records(title: &str, records: &[Record]) -> Markup {
    if records.is_empty() {
        return html! { h3 { (title) } p class="empty" { "None." } };
    }
    let table = html! {
        table class="actions" {
            caption class="unseen" { (title) }
            thead { tr {
                @for name in ["When (UTC), and ID", "Risk", "Answer", "Type", "Target", "Agent", "Rule"] {
                    th scope="col" { (name) }
                }
            } }
            tbody {
                @for record in records {
                    @let class = record.decision.map_or("open", Answer::as_str);
                    tr {
                        th scope="row" class="time" {
                            (record.timestamp.replace('T', " ").trim_end_matches('Z')) br;
                            code { (shown(Some(&record.id))) }
                        }
                        td { (record.risk_level.as_str()) }
                        td { span class={ "key " (class) } aria-hidden="true" {} (class) }
                        td class="name" { (name_of(Some(&record.action_type))) }
                        td class="name" { (name_of(Some(&record.action_target))) }
                        td class="name" { (name_of(record.agent.as_deref())) }
                        td class="name" { (name_of(Some(&record.matched_rule))) }
                    }
                }
            }
        }
    };
    html! { h3 { (title) } (boxed(title, &table)) }
}
