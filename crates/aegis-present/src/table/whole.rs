//! Records of the audit trail in a table.

use aegis_engine::{RiskLevel, escape_capped};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::record::Record;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

/// The most characters of an agent's word that a cell shows.
const MAX_CELL: usize = 40;
/// How many of an id's characters tell it from its neighbours: its time, to the millisecond, and a little
/// chance.
const ID_LENGTH: usize = 18;

/// How many records are collected before they are drawn. A table of fewer is fitted as a whole; in a longer
/// one, each part is at least as wide as those before it.
const PART: usize = 1000;
const TITLES: [&str; 7] = ["ID", "Session", "Action", "Target", "Risk", "Decision", "Result"];

/// Collects records, and draws them in parts, so that no table is too long for the memory.
#[derive(Debug)]
pub struct RecordTable {
    part: Table,
    rows: usize,
    /// Whether the part is the first one.
    has_titles: bool,
    color: bool,
}

impl RecordTable {
    /// An empty table, painted where `color`.
    #[must_use]
    pub fn new(color: bool) -> RecordTable {
        RecordTable { part: empty(TITLES, color), rows: 0, has_titles: true, color }
    }

    /// Adds a row. Gives the lines that are complete by that, if any are.
    pub fn add(&mut self, record: &Record) -> Option<String> {
        let full = (self.rows == PART).then(|| self.draw());
        let mut risk = Cell::new(record.risk_level.as_str());
        let mut decision = Cell::new(record.decision.map_or("-", Answer::as_str));
        if self.color {
            risk = paint_risk(risk, record.risk_level);
            decision = decision.fg(if record.decision.is_some_and(Answer::is_allowed) {
                Color::Green
            } else {
                Color::Red
            });
        }
        self.rows += 1;
        self.part.add_row([
            Cell::new(record.id.get(..ID_LENGTH).unwrap_or(&record.id)),
            cell(&record.session_id),
            cell(&record.action_type),
            cell(&record.action_target),
            risk,
            decision,
            Cell::new(record.result_status.map_or("-", ResultStatus::as_str)),
        ]);
        full
    }

    /// The lines that are left.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.draw()
    }

    /// Draws the rows that were collected, and begins another part.
    fn draw(&mut self) -> String {
        let widths = self.part.column_max_content_widths();
        let next = empty(widths.into_iter().map(|width| "x".repeat(usize::from(width))), self.color);
        self.rows = 0;
        let lines = std::mem::replace(&mut self.part, next).trim_fmt();
        if std::mem::replace(&mut self.has_titles, false) {
            return lines;
        }
        // Its titles only kept its columns as wide as those above.
        lines.split_once('\n').map(|(_, rows)| rows.to_owned()).unwrap_or_default()
    }
}

/// A table without rows, painted where `color`.
fn empty<T: Into<Cell>>(titles: impl IntoIterator<Item = T>, color: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    // Where colour goes is decided by the command line, not by what stdout is.
    table.force_no_tty();
    if color {
        table.enforce_styling();
    }
    table.set_header(titles.into_iter().map(Into::into).collect::<Vec<Cell>>());
    table
}

fn cell(text: &str) -> Cell {
    Cell::new(escape_capped(text, MAX_CELL))
}

fn paint_risk(cell: Cell, risk: RiskLevel) -> Cell {
    match risk {
        RiskLevel::Low => cell,
        RiskLevel::Medium => cell.fg(Color::Yellow),
        RiskLevel::High => cell.fg(Color::Red),
        RiskLevel::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::example::record;

    #[test]
    fn a_long_table_is_drawn_in_parts_whose_columns_stand_below_each_other() {
        let mut table = RecordTable::new(false);
        let mut drawn = Vec::new();
        for number in 0..2500 {
            let target = if number == 3 { "a-longer-name" } else { "crm" };
            drawn.extend(table.add(&record(target)));
        }
        assert_eq!(drawn.len(), 2, "no more than a part is held");
        drawn.push(table.finish());
        let lines: Vec<_> = drawn.iter().flat_map(|part| part.lines()).collect();
        assert_eq!(lines.len(), 2501);
        let column = lines[0].find("Decision").unwrap();
        for line in &lines[1..] {
            assert_eq!(line.find("unanswered"), Some(column), "{line}\n{}", lines[0]);
        }
    }
}
