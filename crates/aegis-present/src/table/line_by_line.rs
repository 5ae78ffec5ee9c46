//! Records as lines that come one by one: the columns are as wide as they will be before the first record is
//! known.

use std::fmt::Write as _;

use aegis_engine::{RiskLevel, escape};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::record::Record;
use anstyle::Style;

use crate::fitting::fit;
use crate::style::{BAD, GOOD, UNSURE};

/// The width of lines that are not for a terminal.
const UNKNOWN_WIDTH: usize = 110;
/// How many columns are between two cells.
const GAP: usize = 2;
/// The narrowest that a word of the agent is shown.
const NARROWEST_WORD: usize = 8;

/// What a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Session,
    Action,
    Target,
    Risk,
    Decision,
    Result,
}

impl Column {
    const fn title(self) -> &'static str {
        match self {
            Column::Id => "ID",
            Column::Session => "Session",
            Column::Action => "Action",
            Column::Target => "Target",
            Column::Risk => "Risk",
            Column::Decision => "Decision",
            Column::Result => "Result",
        }
    }

    /// The width of a column whose words are known; that of the others is what is left.
    const fn width(self) -> Option<usize> {
        match self {
            Column::Id => Some(18),
            Column::Session => Some(12),
            Column::Action | Column::Target => None,
            Column::Risk => Some(8),
            Column::Decision => Some(10),
            Column::Result => Some(7),
        }
    }
}

/// Lays out records, one a line.
#[derive(Debug)]
pub struct RecordLines {
    columns: Vec<(Column, usize)>,
}

impl RecordLines {
    /// For a terminal of `width` columns, or for none. On a narrow one, fewer columns are shown.
    #[must_use]
    pub fn new(width: Option<usize>) -> RecordLines {
        use Column::{Action, Decision, Id, Result, Risk, Session, Target};
        // The last column is left free: some terminals go to the next line when it is written.
        let width = width.map_or(UNKNOWN_WIDTH, |width| width.saturating_sub(1));
        let shown: &[Column] = match width {
            98.. => &[Id, Session, Action, Target, Risk, Decision, Result],
            70.. => &[Id, Action, Target, Risk, Decision, Result],
            _ => &[Id, Action, Target, Decision],
        };
        let known: usize = shown.iter().filter_map(|column| column.width()).sum();
        let left = width.saturating_sub(known + GAP * (shown.len() - 1));
        let action = (left / 2).clamp(NARROWEST_WORD, 24);
        let target = left.saturating_sub(action).clamp(NARROWEST_WORD, 40);
        let width = |column: Column| column.width().unwrap_or(if column == Action { action } else { target });
        RecordLines { columns: shown.iter().map(|column| (*column, width(*column))).collect() }
    }

    /// The line above all others.
    #[must_use]
    pub fn header(&self) -> String {
        self.join(|column| (column.title().to_owned(), Style::new()))
    }

    /// The line of a record.
    #[must_use]
    pub fn line(&self, record: &Record) -> String {
        self.join(|column| match column {
            Column::Id => (escape(&record.id), Style::new()),
            Column::Session => (escape(&record.session_id), Style::new()),
            Column::Action => (escape(&record.action_type), Style::new()),
            Column::Target => (escape(&record.action_target), Style::new()),
            Column::Risk => (record.risk_level.to_string(), risk_style(record.risk_level)),
            Column::Decision => {
                let allowed = record.decision.is_some_and(Answer::is_allowed);
                let word = record.decision.map_or("-", Answer::as_str);
                (word.to_owned(), if allowed { GOOD } else { BAD })
            }
            Column::Result => {
                (record.result_status.map_or("-", ResultStatus::as_str).to_owned(), Style::new())
            }
        })
    }

    fn join(&self, cell: impl Fn(Column) -> (String, Style)) -> String {
        let mut line = String::new();
        for (index, (column, width)) in self.columns.iter().enumerate() {
            let (text, style) = cell(*column);
            // An id is told from its neighbours by its beginning: the rest of it is no news.
            let (text, used) = fit(&text, *width, if *column == Column::Id { "" } else { "…" });
            let _ = write!(line, "{style}{text}{style:#}");
            if index + 1 < self.columns.len() {
                line.push_str(&" ".repeat(width.saturating_sub(used) + GAP));
            }
        }
        line
    }
}

const fn risk_style(risk: RiskLevel) -> Style {
    match risk {
        RiskLevel::Low => Style::new(),
        RiskLevel::Medium => UNSURE,
        RiskLevel::High | RiskLevel::Critical => BAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::example::record;

    #[test]
    fn lines_fit_the_terminal_and_columns_stand_below_their_titles() {
        for width in [60, 80, 100, 120, 300] {
            let lines = RecordLines::new(Some(width));
            let bare = |line: &str| anstream::adapter::strip_str(line).to_string();
            let header = bare(&lines.header());
            for target in ["crm", "\u{1b}[2J\u{202e}\n", &"x".repeat(500), &"删".repeat(50)] {
                let line = bare(&lines.line(&record(target)));
                let columns: usize = fit(&line, usize::MAX, "").1;
                assert!(columns < width, "{width}: {line}");
                assert!(!line.contains(['\u{1b}', '\u{202e}', '\n']));
                if target == "crm" {
                    assert_eq!(line.find("crm"), header.find("Target"));
                    assert_eq!(line.find("unanswered"), header.find("Decision"));
                }
            }
        }
    }

    #[test]
    fn fewer_columns_are_shown_where_there_is_less_room() {
        let titles = |width| anstream::adapter::strip_str(&RecordLines::new(width).header()).to_string();
        assert!(titles(None).contains("Session") && titles(Some(120)).contains("Session"));
        assert!(!titles(Some(80)).contains("Session") && titles(Some(80)).contains("Result"));
        assert!(!titles(Some(60)).contains("Result"));
    }
}
