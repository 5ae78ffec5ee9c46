//! A line for each row, below the titles of its columns, fitted to the room that there is.

use std::fmt::Write as _;

use anstyle::Style;

use crate::fitting::{fit, fit_middle, width_of};

/// How many columns of the terminal are between two cells.
const GAP: usize = 2;
/// The widest that a word from outside is shown, and the narrowest while a column can still give way.
const WIDEST_WORD: usize = 40;
const NARROW_WORD: usize = 8;
/// The narrowest that it is shown at all.
const NARROWEST_WORD: usize = 4;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heading {
    pub(super) title: &'static str,
    /// Whether it shows words from outside, which can be cut in the middle.
    pub(super) is_word: bool,
}

/// A text, and how it is painted.
pub(super) type Cell = (String, Style);

/// Rows of as many cells as there are columns, for a terminal of `width` columns, or for none. Where there is
/// too little room, columns give way, those first that stand first in `giving_way`, by their titles.
pub(super) fn render(
    headings: &[Heading],
    giving_way: &[&str],
    rows: Vec<Vec<Cell>>,
    width: Option<usize>,
) -> String {
    let wanted: Vec<(Heading, usize)> = headings
        .iter()
        .enumerate()
        .map(|(index, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(index)).map(|(text, _)| width_of(text));
            let longest = cells.max().unwrap_or_default();
            let longest = if heading.is_word { longest.min(WIDEST_WORD) } else { longest };
            (*heading, longest.max(width_of(heading.title)))
        })
        .collect();
    // The last column is left free: some terminals go to the next line when it is written.
    let planned = plan(wanted, giving_way, width.map(|width| width.saturating_sub(1)));
    let titles = headings.iter().map(|heading| (heading.title.to_owned(), Style::new())).collect();
    let lines = std::iter::once(titles).chain(rows);
    let lines = lines.map(|row: Vec<Cell>| drawn(headings, &planned, &row));
    lines.collect::<Vec<_>>().join("\n")
}

/// The columns that are shown, and how wide each is.
fn plan(mut shown: Vec<(Heading, usize)>, giving_way: &[&str], room: Option<usize>) -> Vec<(Heading, usize)> {
    let Some(room) = room else { return shown };
    let least = |shown: &[(Heading, usize)], narrowest: usize| {
        let cells = shown.iter().map(|(heading, width)| least_of(*heading, *width, narrowest));
        cells.sum::<usize>() + GAP * shown.len().saturating_sub(1)
    };
    for title in giving_way {
        if least(&shown, NARROW_WORD) <= room {
            break;
        }
        shown.retain(|(other, _)| other.title != *title);
    }
    let narrowest = if least(&shown, NARROW_WORD) <= room { NARROW_WORD } else { NARROWEST_WORD };
    let mut left = room.saturating_sub(least(&shown, narrowest));
    let mut planned: Vec<(Heading, usize)> =
        shown.iter().map(|(heading, width)| (*heading, least_of(*heading, *width, narrowest))).collect();
    // The narrowest first, until all is shown, or nothing is left.
    while left > 0 {
        let short = planned.iter_mut().zip(&shown).filter(|((_, width), (_, wanted))| width < wanted);
        let Some(((_, width), _)) = short.min_by_key(|((_, width), _)| *width) else { break };
        *width += 1;
        left -= 1;
    }
    planned
}

fn least_of(heading: Heading, width: usize, narrowest: usize) -> usize {
    if heading.is_word { width.min(narrowest) } else { width }
}

/// A line of those cells that are shown. Nothing stands behind the last.
fn drawn(headings: &[Heading], planned: &[(Heading, usize)], row: &[Cell]) -> String {
    let mut line = String::new();
    let cells = headings.iter().zip(row);
    let shown = cells.filter_map(|(heading, cell)| {
        let (_, width) = planned.iter().find(|(other, _)| other.title == heading.title)?;
        Some((*heading, *width, cell))
    });
    let mut gap = 0;
    for (heading, width, (text, style)) in shown {
        let (text, used) =
            if heading.is_word { fit_middle(text, width, "…") } else { fit(text, width, "") };
        line.push_str(&" ".repeat(gap));
        let _ = write!(line, "{style}{text}{style:#}");
        gap = width.saturating_sub(used) + GAP;
    }
    line
}
