//! A trail as a whole, for a terminal: what was answered, when, by which rules, and how long people took.

mod bars;
mod columns;
mod look;
mod paint;
mod sections;

use std::fmt::Write as _;

use aegis_ledger::overview::Overview;

pub use self::look::Look;
use self::paint::HEAD;
use crate::quantity::{grouped, minute};
use crate::style::FAINT;

/// The narrowest page that is laid out. A narrower terminal breaks lines itself.
const NARROWEST: usize = 40;
/// The widest: bars beyond would say no more.
const WIDEST: usize = 110;

/// All of it. There must be something that was counted.
#[must_use]
pub fn render_statistics(overview: &Overview, look: Look) -> String {
    let look = Look { width: look.width.clamp(NARROWEST, WIDEST), ..look };
    let statistics = &overview.statistics;
    let mut text = summary(overview);
    text.push_str(&sections::answers(statistics, look));
    text.push_str(&sections::risks(statistics, look));
    text.push_str(&sections::results(statistics, look));
    text.push_str(&sections::time(statistics, look));
    for (title, names) in [
        ("Rules", &statistics.rules),
        ("Agents", &statistics.agents),
        ("Types", &statistics.types),
        ("Targets", &statistics.targets),
    ] {
        text.push_str(&sections::names(title, names, look));
    }
    text.push_str(&sections::asked(statistics, look));
    text.push_str(&sections::habits(overview, look));
    if let Some(idle) = &overview.idle_rules {
        text.push_str(&sections::idle_rules(idle, look));
    }
    text
}

fn summary(overview: &Overview) -> String {
    let statistics = &overview.statistics;
    let mut text = format!("{HEAD}{}{HEAD:#}", grouped(statistics.total.total(), "action"));
    let about = if statistics.sessions.estimated { "about " } else { "" };
    let _ = write!(text, " in {about}{}", grouped(statistics.sessions.count, "session"));
    if statistics.observed > 0 {
        let _ = write!(
            text,
            "\n{}, done without asking, and counted nowhere else",
            grouped(statistics.observed, "more action")
        );
    }
    if let Some((from, to)) = statistics.period {
        let _ = write!(text, "\n{FAINT}{} to {} UTC{FAINT:#}", minute(from), minute(to));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
