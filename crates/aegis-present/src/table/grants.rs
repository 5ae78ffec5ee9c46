//! Grants that hold, a line each below the titles of their columns.

use aegis_engine::escape;
use aegis_ledger::export::approver_word;
use aegis_ledger::grant::GrantStanding;
use anstyle::Style;

use crate::asked::enough_of_ids;
use crate::granted::Granted;
use crate::names::NO_NAME;
use crate::quantity::brief_duration;
use crate::style::{FAINT, UNSURE};
use crate::table::fitted::{Cell, Heading, render};

/// How soon a grant ends whose time is painted, in milliseconds: a minute.
const SOON: i64 = 60 * 1000;

const HEADINGS: [Heading; 9] = [
    Heading { title: "ID", is_word: false },
    Heading { title: "Age", is_word: false },
    Heading { title: "Left", is_word: false },
    Heading { title: "Uses", is_word: false },
    Heading { title: "Agent", is_word: true },
    Heading { title: "Session", is_word: true },
    Heading { title: "Rule", is_word: true },
    Heading { title: "Same", is_word: true },
    Heading { title: "By", is_word: true },
];
/// Those that give way where there is too little room, the first one first. What is allowed, and how long and
/// how often it still is, stays.
const GIVING_WAY: [&str; 4] = ["Age", "Agent", "Session", "Rule"];

/// Grants as a table, for a terminal of `width` columns, or for none, as of an instant in milliseconds since
/// the Unix epoch.
#[must_use]
pub fn render_grants(grants: &[Granted<'_>], now: i64, width: Option<usize>) -> String {
    let id_length = enough_of_ids(grants.iter().map(|granted| granted.grant.id()));
    let rows = grants.iter().map(|granted| cells(granted, now, id_length)).collect();
    render(&HEADINGS, &GIVING_WAY, rows, width)
}

fn cells(granted: &Granted<'_>, now: i64, id_length: usize) -> Vec<Cell> {
    let Granted { grant, entry, .. } = *granted;
    let plain = |text: String| (text, Style::new());
    let left = grant.expires_at().saturating_sub(now);
    let (left, uses) = match grant.standing(now) {
        GrantStanding::Open { uses_left, .. } => (
            (brief_duration(left), if left < SOON { UNSURE } else { Style::new() }),
            plain(format!("{uses_left} of {}", grant.terms().uses)),
        ),
        over => ((over.as_str().to_owned(), FAINT), plain(format!("{} used", grant.used()))),
    };
    vec![
        plain(escape(grant.id()).chars().take(id_length).collect()),
        plain(brief_duration(now.saturating_sub(grant.given_at()))),
        left,
        uses,
        plain(entry.agent.as_deref().map_or_else(|| NO_NAME.to_owned(), escape)),
        plain(escape(&entry.session_id)),
        plain(escape(&entry.matched_rule)),
        plain(same(granted)),
        plain(escape(&approver_word(grant.giver()))),
    ]
}

/// What of an action must be as it was, with what it was where that is no parameter.
fn same(granted: &Granted<'_>) -> String {
    let Granted { grant, entry, .. } = *granted;
    let Some(fields) = &grant.terms().same else { return "the whole action".to_owned() };
    let shown = fields.iter().map(|field| match field.as_str() {
        "type" => format!("type {}", escape(&entry.action_type)),
        "target" => format!("target {}", escape(&entry.action_target)),
        _ => field.to_string(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
