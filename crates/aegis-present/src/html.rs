//! The report on a trail: one page of HTML that loads nothing, for a browser or a printer.
//!
//! Words of the trail pass two escapes: one that makes visible what hides, and, by `maud`, one for HTML.

mod charts;
mod palette;
mod tables;

use aegis_engine::escape_capped;
use aegis_ledger::answer::Answer;
use aegis_ledger::overview::Overview;
use aegis_ledger::record::Record;
use aegis_ledger::statistics::Statistics;
use chrono::{DateTime, SecondsFormat, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::names::shown;
use crate::quantity::{duration, grouped, minute, number, share};

/// Nothing may be loaded or run, whatever a trail brings along.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/// How much of what is wrong with a log is shown.
const LONGEST_PROBLEM: usize = 300;
const STYLE: &str = include_str!("html/style.css");

/// What the report is about.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was counted, of which records.
    pub overview: Overview,
    /// The newest actions that were not allowed.
    pub refused: Vec<Record>,
    /// The allowed actions of high risk, the riskiest first.
    pub risky: Vec<Record>,
    /// When it was made.
    pub generated: DateTime<Utc>,
    /// How many names of each kind to show.
    pub top: usize,
    /// The commands that the page names.
    pub commands: Commands<'a>,
    /// Whether the log's chain holds.
    pub chain: Chain,
}

/// What is known of the log's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// It was not looked at, because nobody wanted that.
    NotVerified,
    /// It was not looked at, because it has so many events.
    TooLong(u64),
    /// It holds: so many events were verified, and nothing is wrong.
    Holds(u64),
    /// It does not.
    Damaged {
        /// How much is wrong with it.
        problems: u64,
        /// What is wrong first.
        first: String,
    },
}

/// Commands that lead on from the page, as a reader types them.
#[derive(Clone, Copy, Debug)]
pub struct Commands<'a> {
    /// Shows an action in full.
    pub show: &'a str,
    /// Verifies the log.
    pub verify: &'a str,
}

/// The page.
#[must_use]
pub fn render_report(report: &Report<'_>) -> String {
    let statistics = &report.overview.statistics;
    let title = format!("Audit report, {}", period(statistics));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#content" { "Skip to the content" }
                (header(report))
                main id="content" {
                    @if statistics.total.total() == 0 {
                        p class="empty" { "No action matches." }
                    } @else {
                        (content(report))
                    }
                }
                (footer(report))
            }
        }
    };
    page.into_string()
}

fn period(statistics: &Statistics) -> String {
    statistics.period.map_or_else(
        || "no actions".to_owned(),
        |(from, to)| format!("{} to {} UTC", minute(from), minute(to)),
    )
}

fn header(report: &Report<'_>) -> Markup {
    let overview = &report.overview;
    html! {
        header {
            h1 { "Audit report" }
            p class="period" { (period(&overview.statistics)) }
            dl class="about" {
                div { dt { "Log" } dd { code { (overview.log) } } }
                div { dt { "Chain" } dd { (chain_in_words(report)) } }
                div {
                    dt { "Selected by" }
                    dd {
                        @if overview.filters.is_empty() { "nothing: all actions" }
                        @for (flag, value) in &overview.filters {
                            code { (flag) " " (shown(Some(value))) } " "
                        }
                    }
                }
                div {
                    dt { "Made" }
                    dd {
                        (report.generated.to_rfc3339_opts(SecondsFormat::Secs, true))
                        " by aegis " (env!("CARGO_PKG_VERSION"))
                    }
                }
            }
            @if let Chain::Damaged { problems, first } = &report.chain {
                p class="alert" role="alert" {
                    strong { "The log is damaged: " (grouped(*problems, "problem")) " found. " }
                    (escape_capped(first, LONGEST_PROBLEM)) ". What is counted here cannot be relied on; "
                    code { (report.commands.verify) } " names everything that is wrong."
                }
            }
        }
    }
}

/// Whether the chain holds, in a few words.
fn chain_in_words(report: &Report<'_>) -> String {
    match &report.chain {
        Chain::NotVerified => "not verified".to_owned(),
        Chain::TooLong(events) => format!("not verified: it has {}", grouped(*events, "event")),
        Chain::Holds(events) => format!("holds: {} verified, nothing is wrong", grouped(*events, "event")),
        Chain::Damaged { .. } => "does not hold".to_owned(),
    }
}

fn content(report: &Report<'_>) -> Markup {
    let (overview, top) = (&report.overview, report.top);
    let statistics = &overview.statistics;
    html! {
        (figures(statistics))
        nav aria-label="Sections" {
            ul {
                @for (anchor, name) in [
                    ("time", "Over time"), ("answers", "Answers and risk"), ("who", "Rules, agents, actions"),
                    ("questions", "Questions"), ("actions", "Single actions"),
                ] {
                    li { a href={ "#" (anchor) } { (name) } }
                }
            }
        }
        section id="time" aria-labelledby="time-title" {
            h2 id="time-title" { "Over time" }
            (charts::series(&statistics.series))
            (charts::week(&statistics.week))
        }
        section id="answers" aria-labelledby="answers-title" {
            h2 id="answers-title" { "Answers and risk" }
            (tables::answers(statistics))
            (tables::risks(statistics))
            (tables::results(statistics))
        }
        section id="who" aria-labelledby="who-title" {
            h2 id="who-title" { "Rules, agents, actions" }
            (palette::legend())
            (tables::names("By rule", "Rule", &statistics.rules, top))
            (tables::names("By agent", "Agent", &statistics.agents, top))
            (tables::names("By type of action", "Type", &statistics.types, top))
            (tables::names("By target", "Target", &statistics.targets, top))
            @if let Some(idle) = &overview.idle_rules { (tables::idle_rules(idle)) }
        }
        section id="questions" aria-labelledby="questions-title" {
            h2 id="questions-title" { "Questions" }
            (questions(overview, top))
        }
        section id="actions" aria-labelledby="actions-title" {
            h2 id="actions-title" { "Single actions" }
            p { "Each is shown in full by " code { (report.commands.show) } "." }
            (tables::records("Newest refusals", &report.refused))
            (tables::records("Riskiest allowed actions", &report.risky))
        }
    }
}

/// The numbers that matter most.
fn figures(statistics: &Statistics) -> Markup {
    let total = statistics.total;
    let all = total.total();
    let refused = all - total.allowed() - total.open;
    let about = if statistics.sessions.estimated { "about " } else { "" };
    let figure = |value: String, name: &str, aside: String| {
        html! { div class="figure" { dt { (name) } dd { strong { (value) } span { (aside) } } } }
    };
    html! {
        dl class="figures" {
            (figure(
                number(all),
                "Actions",
                format!("in {about}{}", grouped(statistics.sessions.count, "session")),
            ))
            @if statistics.observed > 0 {
                (figure(number(statistics.observed), "Done without asking", "and counted nowhere else".to_owned()))
            }
            (figure(share(total.allowed(), all), "Allowed", grouped(total.allowed(), "action")))
            (figure(share(refused, all), "Refused", grouped(refused, "action")))
            (figure(share(total.asked(), all), "Asked of people", grouped(total.asked(), "action")))
            @if statistics.waits.count > 0 {
                (figure(
                    duration(statistics.waits.median_ms),
                    "Answered within",
                    format!("in half of {}", grouped(statistics.waits.count, "answer")),
                ))
            }
        }
    }
}

fn questions(overview: &Overview, top: usize) -> Markup {
    let statistics = &overview.statistics;
    if statistics.total.asked() == 0 {
        return html! { p class="empty" { "Nobody had to be asked." } };
    }
    html! {
        p {
            (grouped(statistics.total.asked(), "action")) " needed a human: "
            (number(statistics.total.of(Some(Answer::Approved)))) " approved, "
            (number(statistics.total.of(Some(Answer::Denied)))) " denied, "
            (number(statistics.total.of(Some(Answer::Unanswered)))) " not answered, "
            (number(statistics.total.of(None))) " open."
        }
        @if statistics.waits.count > 0 { (charts::waits(&statistics.waits)) }
        (tables::asked_by_rule(&statistics.asked_by_rule, top))
        (tables::approvers(&statistics.approvers, top))
        (tables::habits(
            "Always approved",
            "a rule with approval: auto could answer these",
            &statistics.always_approved, overview, top,
        ))
        (tables::habits(
            "Always denied",
            "a rule with approval: block could answer these",
            &statistics.always_denied, overview, top,
        ))
    }
}

/// What the numbers rest on.
fn footer(report: &Report<'_>) -> Markup {
    let statistics = &report.overview.statistics;
    html! {
        footer {
            h2 { "What this rests on" }
            p {
                "Counted from " (grouped(statistics.total.total(), "action")) " of log "
                code { (report.overview.log) } "."
                @if let Some(newest) = &statistics.newest {
                    " Its newest event was number " strong { (newest.seq) } ", with the hash "
                    code { (newest.hash) } "."
                }
            }
            p {
                "A report proves nothing by itself. When it was made, the chain of the log "
                @match &report.chain {
                    Chain::NotVerified | Chain::TooLong(_) => { "was not verified" }
                    Chain::Holds(_) => { "held" }
                    Chain::Damaged { .. } => { strong { "did not hold" } }
                }
                ". " code { (report.commands.verify) }
                " checks all of it; as long as event "
                @if let Some(newest) = &statistics.newest { (newest.seq) } @else { "0" }
                " still has this hash, what was counted here has not been changed since. Times are UTC, by \
                 the clocks of the machines that asked."
            }
        }
    }
}
