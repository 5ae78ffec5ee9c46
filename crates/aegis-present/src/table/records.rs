//! Records, a line each below the titles of their columns.

use std::fmt::Write as _;

use aegis_ledger::record::Record;
use anstyle::Style;

use super::column::{Cell, Column, ID_LENGTH, TIME_LENGTH, Times};
use super::plan::{GAP, Planned, Room, WIDEST_CELL, plan};
use crate::fitting::{fit, fit_middle, width_of};

/// How many records are collected before they are drawn. The columns are as wide as these need them; where
/// there is no terminal to fit, they grow with what comes later.
const PART: usize = 1000;
/// How long the cells of records that are not known yet are taken to be.
const EXPECTED: [(Column, usize); 17] = [
    (Column::Time, TIME_LENGTH),
    (Column::Id, ID_LENGTH),
    (Column::Session, 12),
    (Column::Agent, 12),
    (Column::Action, 14),
    (Column::Target, 20),
    (Column::Risk, 8),
    (Column::Approval, 8),
    (Column::Decision, 10),
    (Column::By, 14),
    (Column::Rule, 20),
    (Column::Result, 7),
    (Column::Error, 30),
    (Column::Duration, 9),
    (Column::Host, 12),
    (Column::User, 12),
    (Column::Seq, 8),
];

/// How records are to be laid out.
#[derive(Debug)]
pub struct TableLook {
    /// How wide the terminal is; none where the lines go elsewhere.
    pub width: Option<usize>,
    /// The columns that were asked for; none where what fits is to be shown.
    pub columns: Option<Vec<Column>>,
    /// By which clock instants are shown.
    pub times: Times,
    /// Whether lines are painted.
    pub color: bool,
}

impl TableLook {
    fn columns(&self) -> &[Column] {
        self.columns.as_deref().unwrap_or(&Column::SHOWN)
    }

    fn room(&self) -> Room {
        // The last column is left free: some terminals go to the next line when it is written.
        let width = self.width.map(|width| width.saturating_sub(1));
        Room { width, named: self.columns.is_some() }
    }

    fn cells(&self, record: &Record) -> Vec<Cell> {
        self.columns().iter().map(|column| column.cell(record, &self.times)).collect()
    }

    fn header(&self, planned: &[Planned]) -> String {
        let cell = |planned: &Planned| Cell {
            text: planned.column.title().to_owned(),
            short: None,
            style: Style::new(),
        };
        self.join(planned, planned.iter().map(cell))
    }

    /// The line of a record, given the cells of all columns.
    fn line(&self, planned: &[Planned], cells: Vec<Cell>) -> String {
        let is_shown = |column: Column| planned.iter().any(|planned| planned.column == column);
        let shown = self.columns().iter().zip(cells).filter(|(column, _)| is_shown(**column));
        self.join(planned, shown.map(|(_, cell)| cell))
    }

    fn join(&self, planned: &[Planned], cells: impl Iterator<Item = Cell>) -> String {
        let mut line = String::new();
        for (index, (Planned { column, width }, cell)) in planned.iter().zip(cells).enumerate() {
            let text = match &cell.short {
                Some(short) if width_of(&cell.text) > *width => short,
                _ => &cell.text,
            };
            let (text, used) =
                if *column == Column::Id { fit(text, *width, "") } else { fit_middle(text, *width, "…") };
            let style = if self.color { cell.style } else { Style::new() };
            let _ = write!(line, "{style}{text}{style:#}");
            if index + 1 < planned.len() {
                line.push_str(&" ".repeat(width.saturating_sub(used) + GAP));
            }
        }
        line
    }
}

/// Lays out records that come one by one: the columns are as wide as they will be before the first record is
/// known.
#[derive(Debug)]
pub struct RecordLines {
    look: TableLook,
    planned: Vec<Planned>,
}

impl RecordLines {
    /// For records that nothing is known of.
    #[must_use]
    pub fn new(look: TableLook) -> RecordLines {
        let expected = |column: &Column| {
            let found = EXPECTED.iter().find(|(other, _)| other == column);
            (*column, found.map_or(WIDEST_CELL, |(_, content)| *content))
        };
        let wanted: Vec<_> = look.columns().iter().map(expected).collect();
        let planned = plan(&wanted, look.room());
        RecordLines { look, planned }
    }

    /// The line above all others.
    #[must_use]
    pub fn header(&self) -> String {
        self.look.header(&self.planned)
    }

    /// The line of a record.
    #[must_use]
    pub fn line(&self, record: &Record) -> String {
        self.look.line(&self.planned, self.look.cells(record))
    }
}

/// Collects records, and draws them in parts, so that no table is too long for the memory.
#[derive(Debug)]
pub struct RecordTable {
    look: TableLook,
    part: Vec<Vec<Cell>>,
    /// The longest cell of each column so far.
    longest: Vec<(Column, usize)>,
    /// The columns of the first part.
    planned: Option<Vec<Planned>>,
}

impl RecordTable {
    /// An empty table.
    #[must_use]
    pub fn new(look: TableLook) -> RecordTable {
        let longest = look.columns().iter().map(|column| (*column, width_of(column.title()))).collect();
        RecordTable { look, part: Vec::new(), longest, planned: None }
    }

    /// Adds a row. Gives the lines that are complete by that, if any are.
    pub fn add(&mut self, record: &Record) -> Option<String> {
        let full = (self.part.len() == PART).then(|| self.draw());
        let cells = self.look.cells(record);
        for ((_, longest), cell) in self.longest.iter_mut().zip(&cells) {
            *longest = (*longest).max(width_of(&cell.text).min(WIDEST_CELL));
        }
        self.part.push(cells);
        full
    }

    /// The lines that are left.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.draw()
    }

    /// Draws the rows that were collected, and begins another part.
    fn draw(&mut self) -> String {
        let room = self.look.room();
        let is_first = self.planned.is_none();
        let planned = match self.planned.take() {
            Some(planned) if room.width.is_some() => planned,
            _ => plan(&self.longest, room),
        };
        let titles = is_first.then(|| self.look.header(&planned));
        let rows = std::mem::take(&mut self.part);
        let rows = rows.into_iter().map(|cells| self.look.line(&planned, cells));
        let lines = titles.into_iter().chain(rows).collect::<Vec<_>>().join("\n");
        self.planned = Some(planned);
        lines
    }
}

#[cfg(test)]
mod tests;
