//! Questions that wait, a line each below the titles of their columns.

use aegis_engine::escape;
use aegis_ledger::question::Standing;
use anstyle::Style;

use crate::asked::{Asked, enough_of_ids};
use crate::names::NO_NAME;
use crate::quantity::brief_duration;
use crate::style::{UNSURE, risk_style};
use crate::table::fitted::{Heading, render};

/// How soon a question expires whose time is painted, in milliseconds: five minutes.
const SOON: i64 = 5 * 60 * 1000;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Age,
    Left,
    Agent,
    Risk,
    Type,
    Target,
    Rule,
    Missing,
}

impl Column {
    const ALL: [Column; 9] = [
        Column::Id,
        Column::Age,
        Column::Left,
        Column::Agent,
        Column::Risk,
        Column::Type,
        Column::Target,
        Column::Rule,
        Column::Missing,
    ];
    /// Those that give way where there is too little room, the first one first. What is asked for, and how
    /// long that can still be answered, stays.
    const GIVING_WAY: [Column; 5] = [Column::Age, Column::Rule, Column::Agent, Column::Missing, Column::Risk];

    const fn title(self) -> &'static str {
        match self {
            Column::Id => "ID",
            Column::Age => "Age",
            Column::Left => "Left",
            Column::Agent => "Agent",
            Column::Risk => "Risk",
            Column::Type => "Type",
            Column::Target => "Target",
            Column::Rule => "Rule",
            Column::Missing => "Missing",
        }
    }

    const fn is_word(self) -> bool {
        matches!(self, Column::Agent | Column::Type | Column::Target | Column::Rule)
    }

    fn cell(self, asked: &Asked<'_>, now: i64, id_length: usize) -> (String, Style) {
        let (question, entry) = (asked.question, asked.entry);
        let plain = |text: String| (text, Style::new());
        let left = question.expires_at().saturating_sub(now);
        match self {
            Column::Id => plain(escape(question.id()).chars().take(id_length).collect()),
            Column::Age => plain(brief_duration(now.saturating_sub(question.asked_at()))),
            Column::Left => (brief_duration(left), if left < SOON { UNSURE } else { Style::new() }),
            Column::Agent => plain(entry.agent.as_deref().map_or_else(|| NO_NAME.to_owned(), escape)),
            Column::Risk => (entry.risk_level.to_string(), risk_style(entry.risk_level)),
            Column::Type => plain(escape(&entry.action_type)),
            Column::Target => plain(escape(&entry.action_target)),
            Column::Rule => plain(escape(&entry.matched_rule)),
            Column::Missing => plain(match question.standing(now) {
                Standing::Open { missing } => match question.terms().quorum {
                    0 | 1 => missing.to_string(),
                    quorum => format!("{missing} of {quorum}"),
                },
                standing => standing.as_str().to_owned(),
            }),
        }
    }
}

/// Questions as a table, for a terminal of `width` columns, or for none, as of an instant in milliseconds
/// since the Unix epoch.
#[must_use]
pub fn render_questions(questions: &[Asked<'_>], now: i64, width: Option<usize>) -> String {
    let id_length = enough_of_ids(questions.iter().map(|asked| asked.question.id()));
    let rows = questions
        .iter()
        .map(|asked| Column::ALL.iter().map(|column| column.cell(asked, now, id_length)).collect())
        .collect();
    let headings = Column::ALL.map(|column| Heading { title: column.title(), is_word: column.is_word() });
    render(&headings, &Column::GIVING_WAY.map(Column::title), rows, width)
}

#[cfg(test)]
mod tests;
