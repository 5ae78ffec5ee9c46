//! Records, a line each below the titles of their columns.

use aegis_ledger::record::Record;
use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};

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

    fn cells(&self, record: &Record, unfinished: Option<&str>) -> Vec<Cell> {
        self.columns().iter().map(|column| column.cell(record, unfinished, &self.times)).collect()
    }

    fn titles(planned: &[Planned]) -> Vec<Cell> {
        let title = |planned: &Planned| planned.column.title().to_owned();
        planned
            .iter()
            .map(|planned| Cell { text: title(planned), short: None, style: Style::new() })
            .collect()
    }

    /// Of the cells of all columns, those that are shown.
    fn shown(&self, planned: &[Planned], cells: Vec<Cell>) -> Vec<Cell> {
        let is_shown = |column: Column| planned.iter().any(|planned| planned.column == column);
        let shown = self.columns().iter().zip(cells).filter(|(column, _)| is_shown(**column));
        shown.map(|(_, cell)| cell).collect()
    }

    /// Rows, a line each, in columns as wide as planned.
    fn drawn(&self, planned: &[Planned], rows: impl IntoIterator<Item = Vec<Cell>>) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        // Where colour goes is decided by the command line, not by what stdout is.
        table.force_no_tty();
        if self.color {
            table.enforce_styling();
        }
        for row in rows {
            let cells = planned.iter().zip(row);
            table.add_row(cells.map(|(planned, cell)| painted(&fitted(*planned, &cell), cell.style)));
        }
        for (index, (column, Planned { width, .. })) in table.column_iter_mut().zip(planned).enumerate() {
            // Nothing stands behind the last: where it is painted, blanks would be painted as well.
            let gap = if index + 1 < planned.len() { GAP } else { 0 };
            let [padding, width] = [gap, width + gap].map(|it| u16::try_from(it).unwrap_or(u16::MAX));
            column.set_padding((0, padding)).set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        table.trim_fmt()
    }
}

/// As much of a cell as its column has room for.
fn fitted(Planned { column, width }: Planned, cell: &Cell) -> String {
    let text = match &cell.short {
        Some(short) if width_of(&cell.text) > width => short,
        _ => &cell.text,
    };
    let (text, _) = if column == Column::Id { fit(text, width, "") } else { fit_middle(text, width, "…") };
    text
}

fn painted(text: &str, style: Style) -> comfy_table::Cell {
    let cell = comfy_table::Cell::new(text);
    let color = match style.get_fg_color() {
        Some(anstyle::Color::Ansi(AnsiColor::Green)) => Color::Green,
        Some(anstyle::Color::Ansi(AnsiColor::Yellow)) => Color::Yellow,
        Some(_) => Color::Red,
        None => return cell,
    };
    cell.fg(color).add_attribute(Attribute::Bold)
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
        self.look.drawn(&self.planned, [TableLook::titles(&self.planned)])
    }

    /// The line of a record.
    #[must_use]
    pub fn line(&self, record: &Record) -> String {
        let cells = self.look.shown(&self.planned, self.look.cells(record, None));
        self.look.drawn(&self.planned, [cells])
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

    /// Adds a row. Gives the lines that are complete by that, if any are. `unfinished` says how an action
    /// stands that was started, and of which no end is recorded.
    pub fn add(&mut self, record: &Record, unfinished: Option<&str>) -> Option<String> {
        let full = (self.part.len() == PART).then(|| self.draw());
        let cells = self.look.cells(record, unfinished);
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
        let titles = is_first.then(|| TableLook::titles(&planned));
        let rows = std::mem::take(&mut self.part).into_iter();
        let rows = rows.map(|cells| self.look.shown(&planned, cells));
        let lines = self.look.drawn(&planned, titles.into_iter().chain(rows));
        self.planned = Some(planned);
        lines
    }
}

#[cfg(test)]
mod tests;
