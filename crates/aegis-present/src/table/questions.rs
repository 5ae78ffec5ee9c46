//! Questions that wait, a line each below the titles of their columns.

use std::fmt::Write as _;

use aegis_engine::escape;
use aegis_ledger::question::Standing;
use anstyle::Style;

use crate::asked::{Asked, enough_of_ids};
use crate::fitting::{fit, fit_middle, width_of};
use crate::names::NO_NAME;
use crate::quantity::brief_duration;
use crate::style::{UNSURE, risk_style};

/// How many columns of the terminal are between two cells.
const GAP: usize = 2;
/// The widest that a word from outside is shown, and the narrowest while a column can still give way.
const WIDEST_WORD: usize = 40;
const NARROW_WORD: usize = 8;
/// The narrowest that it is shown at all.
const NARROWEST_WORD: usize = 4;
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
    let rows: Vec<Vec<(String, Style)>> = questions
        .iter()
        .map(|asked| Column::ALL.iter().map(|column| column.cell(asked, now, id_length)).collect())
        .collect();
    let wanted: Vec<(Column, usize)> = Column::ALL
        .into_iter()
        .enumerate()
        .map(|(index, column)| {
            let cells = rows.iter().filter_map(|row| row.get(index)).map(|(text, _)| width_of(text));
            let longest = cells.max().unwrap_or_default();
            let longest = if column.is_word() { longest.min(WIDEST_WORD) } else { longest };
            (column, longest.max(width_of(column.title())))
        })
        .collect();
    // The last column is left free: some terminals go to the next line when it is written.
    let planned = plan(wanted, width.map(|width| width.saturating_sub(1)));
    let titles = Column::ALL.iter().map(|column| (column.title().to_owned(), Style::new())).collect();
    let lines = std::iter::once(titles).chain(rows).map(|row: Vec<(String, Style)>| drawn(&planned, &row));
    lines.collect::<Vec<_>>().join("\n")
}

/// The columns that are shown, and how wide each is.
fn plan(mut shown: Vec<(Column, usize)>, room: Option<usize>) -> Vec<(Column, usize)> {
    let Some(room) = room else { return shown };
    let least = |shown: &[(Column, usize)], narrowest: usize| {
        let cells = shown.iter().map(|(column, width)| least_of(*column, *width, narrowest));
        cells.sum::<usize>() + GAP * shown.len().saturating_sub(1)
    };
    for column in Column::GIVING_WAY {
        if least(&shown, NARROW_WORD) <= room {
            break;
        }
        shown.retain(|(other, _)| *other != column);
    }
    let narrowest = if least(&shown, NARROW_WORD) <= room { NARROW_WORD } else { NARROWEST_WORD };
    let mut left = room.saturating_sub(least(&shown, narrowest));
    let mut planned: Vec<(Column, usize)> =
        shown.iter().map(|(column, width)| (*column, least_of(*column, *width, narrowest))).collect();
    // The narrowest first, until all is shown, or nothing is left.
    while left > 0 {
        let short = planned.iter_mut().zip(&shown).filter(|((_, width), (_, wanted))| width < wanted);
        let Some(((_, width), _)) = short.min_by_key(|((_, width), _)| *width) else { break };
        *width += 1;
        left -= 1;
    }
    planned
}

fn least_of(column: Column, width: usize, narrowest: usize) -> usize {
    if column.is_word() { width.min(narrowest) } else { width }
}

/// A line of those cells that are shown. Nothing stands behind the last.
fn drawn(planned: &[(Column, usize)], row: &[(String, Style)]) -> String {
    let mut line = String::new();
    let cells = Column::ALL.iter().zip(row);
    let shown = cells.filter_map(|(column, cell)| {
        let (_, width) = planned.iter().find(|(other, _)| other == column)?;
        Some((*column, *width, cell))
    });
    let mut gap = 0;
    for (column, width, (text, style)) in shown {
        let (text, used) =
            if column.is_word() { fit_middle(text, width, "…") } else { fit(text, width, "") };
        line.push_str(&" ".repeat(gap));
        let _ = write!(line, "{style}{text}{style:#}");
        gap = width.saturating_sub(used) + GAP;
    }
    line
}

#[cfg(test)]
mod tests;
