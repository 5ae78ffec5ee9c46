//! Rows of a name, numbers and a bar, aligned and fitted to a width.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::look::Look;
use crate::fitting::fit;
use crate::style::FAINT;

/// Between two columns.
const GAP: usize = 2;
/// The narrowest bar that says anything.
const NARROWEST_BAR: usize = 6;
/// The widest that is looked at.
const WIDEST_BAR: usize = 40;
/// What is left of a name beside a bar at least.
const NARROWEST_NAME: usize = 16;

/// Collects rows, and aligns them once all are there.
pub(super) struct Columns {
    look: Look,
    titles: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    cells: Vec<String>,
    bar: Option<(u64, Style)>,
}

impl Columns {
    /// Columns with these titles: a name, and numbers. Without any title there is no line for them.
    pub(super) fn new(look: Look, titles: &[&str]) -> Columns {
        Columns { look, titles: titles.iter().map(|&title| title.to_owned()).collect(), rows: Vec::new() }
    }

    /// A row whose bar is as long as `length` is beside the others'. The name must be escaped.
    pub(super) fn add(&mut self, cells: &[String], length: u64, style: Style) {
        self.rows.push(Row { cells: cells.to_vec(), bar: Some((length, style)) });
    }

    /// A row without a bar.
    pub(super) fn add_plain(&mut self, cells: &[String]) {
        self.rows.push(Row { cells: cells.to_vec(), bar: None });
    }

    pub(super) fn render(&self, text: &mut String) {
        let (widths, bar_width) = self.layout();
        if self.titles.iter().any(|title| !title.is_empty()) {
            let line = self.line(&self.titles, &widths);
            let _ = writeln!(text, "{FAINT}{}{FAINT:#}", line.trim_end());
        }
        let most = self.rows.iter().filter_map(|row| row.bar).map(|(length, _)| length).max();
        for row in &self.rows {
            let line = self.line(&row.cells, &widths);
            let bar = row.bar.map_or_else(String::new, |(length, style)| {
                let bar = self.look.charset.bar(length, most.unwrap_or_default(), bar_width);
                if bar.is_empty() { bar } else { format!("{:GAP$}{style}{bar}{style:#}", "") }
            });
            let _ = writeln!(text, "{}", format!("{line}{bar}").trim_end());
        }
    }

    /// The widths of the cells, and what is left for bars. A name gives way to its bar, but not so far that
    /// it cannot be read.
    fn layout(&self) -> (Vec<usize>, usize) {
        let mut widths = vec![0; self.titles.len()];
        for cells in self.rows.iter().map(|row| &row.cells).chain([&self.titles]) {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.width().max(*width);
            }
        }
        let numbers: usize = widths.iter().skip(1).map(|width| width + GAP).sum();
        let left = self.look.width.saturating_sub(GAP + numbers);
        let Some(name) = widths.first_mut() else { return (widths, 0) };
        let has_bars = self.rows.iter().any(|row| row.bar.is_some());
        let beside_bar = left.saturating_sub(GAP + NARROWEST_BAR);
        if !has_bars || beside_bar < (*name).min(NARROWEST_NAME) {
            *name = (*name).min(left);
            return (widths, 0);
        }
        *name = (*name).min(beside_bar);
        let bar = left.saturating_sub(*name + GAP).min(WIDEST_BAR);
        (widths, bar)
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = " ".repeat(GAP);
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let (cell, used) = fit(cell, *width, self.look.charset.ellipsis());
            let padding = " ".repeat(width.saturating_sub(used));
            match index {
                0 => line.extend([cell, padding]),
                _ => line.extend([" ".repeat(GAP), padding, cell]),
            }
        }
        line
    }
}
