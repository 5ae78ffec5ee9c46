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

/// Collects records, and draws them once all are there: as they are displayed.
#[derive(Debug)]
pub struct RecordTable {
    table: Table,
    color: bool,
}

impl RecordTable {
    /// An empty table, painted where `color`.
    #[must_use]
    pub fn new(color: bool) -> RecordTable {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        // Where colour goes is decided by the command line, not by what stdout is.
        table.force_no_tty();
        if color {
            table.enforce_styling();
        }
        table.set_header(["ID", "Session", "Action", "Target", "Risk", "Decision", "Result"]);
        RecordTable { table, color }
    }

    /// Adds a row.
    pub fn add(&mut self, record: &Record) {
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
        self.table.add_row([
            Cell::new(record.id.get(..ID_LENGTH).unwrap_or(&record.id)),
            cell(&record.session_id),
            cell(&record.action_type),
            cell(&record.action_target),
            risk,
            decision,
            Cell::new(record.result_status.map_or("-", ResultStatus::as_str)),
        ]);
    }
}

impl std::fmt::Display for RecordTable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.table.trim_fmt())
    }
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
