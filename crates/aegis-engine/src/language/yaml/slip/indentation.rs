//! Lines that begin at the wrong column.

use std::ops::Range;

use crate::language::yaml::slip::candidate::Slip;
use crate::language::yaml::slip::line::Line;

/// How many blanks a level is indented by.
const STEP: usize = 2;
/// How many lines above are looked at for columns.
const LINES_ABOVE: usize = 20;
/// The most blanks that one tab may stand for.
const WIDEST_TAB: usize = 8;

/// Columns at which the line may have been meant to begin.
pub(super) fn candidates(text: &str, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    if line.is_empty() {
        return Vec::new();
    }
    let Some(above) = line.before() else { return Vec::new() };
    let mut columns = Vec::new();
    let mut looked_at = Some(above);
    for _ in 0..LINES_ABOVE {
        let Some(line) = looked_at else { break };
        columns.push(if line.has_dash() {
            vec![line.key_column(), line.indent()]
        } else {
            vec![line.indent()]
        });
        looked_at = line.before();
    }
    // The nearest column is the likeliest, and the first one where the lines above it are the indented ones.
    let mut columns: Vec<usize> = columns.concat();
    columns.retain(|column| *column != line.indent());
    columns.sort_by_key(|column| column.abs_diff(line.indent()));
    columns.dedup();
    let mut slips: Vec<Slip> = first_lines(&line).into_iter().collect();
    slips.extend(columns.into_iter().map(|column| moved(text, &line, column)));
    slips
}

/// A line of brackets or quotes that are not closed on the line of their key: it, and those that are indented
/// as little, begin further to the right.
pub(super) fn continued(text: &str, offset: usize) -> Vec<Slip> {
    continuing(text, offset).unwrap_or_default()
}

fn continuing(text: &str, offset: usize) -> Option<Vec<Slip>> {
    let line = Line::at(text, offset);
    let mut above = line.before();
    // Where all of it begins, there is a key.
    while let Some(next) = above.as_ref().filter(|above| above.key.is_none()).and_then(Line::before) {
        above = Some(next);
    }
    let opening = above?;
    if !opening.value_text().starts_with(['{', '[', '"', '\'']) || line.indent() > opening.key_column() {
        return None;
    }
    let by = opening.key_column() + STEP - line.indent();
    let message = "what goes on over several lines is indented further than its key";
    let help = format!("indent the lines below the key by {by} blanks more");
    let slip = Slip::new(message, help).at(line.begin..line.range.end).ambiguous();
    let moving = |starts: Vec<usize>| {
        starts.into_iter().fold(slip.clone(), |slip, start| slip.edit(start..start, " ".repeat(by)))
    };
    // The line alone, or all that are indented as little: whichever can be read.
    Some(vec![moving(vec![line.range.start]), moving(block(text, &line))])
}

/// The line, and those below that are indented as far, moved to a column.
fn moved(text: &str, line: &Line<'_>, column: usize) -> Slip {
    let message = "the line does not begin at the column of what it belongs with".to_owned();
    let by = column.abs_diff(line.indent());
    let blanks = if by == 1 { "blank" } else { "blanks" };
    let help = if column > line.indent() {
        format!("indent it by {by} {blanks} more, so that it stands under what it belongs with")
    } else {
        format!("indent it by {by} {blanks} less, so that it stands under what it belongs with")
    };
    let place = line.begin..line.key.clone().map_or(line.range.end, |key| key.end);
    block(text, line).into_iter().fold(Slip::new(message, help).at(place).ambiguous(), |slip, start| {
        if column > line.indent() {
            slip.edit(start..start, " ".repeat(by))
        } else {
            slip.edit(start..start + by, "")
        }
    })
}

/// Where the lines begin that stand below a dash and further to the right.
pub(super) fn lines_below(text: &str, line: &Line<'_>) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut next = line.range.end;
    while let Some(newline) = text.get(next..).and_then(|rest| rest.find('\n')) {
        let below = Line::at(text, next + newline + 1);
        if !below.is_empty() && below.indent() <= line.indent() {
            break;
        }
        if !below.is_empty() {
            starts.push(below.range.start);
        }
        next = below.range.end;
        if next >= text.len() {
            break;
        }
    }
    starts
}

/// Where the lines begin that move with a line: itself, and all below it that are indented as far or further.
fn block(text: &str, line: &Line<'_>) -> Vec<usize> {
    let mut starts = vec![line.range.start];
    let mut next = line.range.end;
    while let Some(newline) = text.get(next..).and_then(|rest| rest.find('\n')) {
        let start = next + newline + 1;
        let below = Line::at(text, start);
        if start >= text.len() || (!below.is_empty() && below.indent() < line.indent()) {
            break;
        }
        if !below.is_empty() {
            starts.push(start);
        }
        next = below.range.end;
    }
    starts
}

/// The first lines of a file, which begin with blanks that the others do not have.
fn first_lines(line: &Line<'_>) -> Option<Slip> {
    if line.indent() != 0 {
        return None;
    }
    let mut above = vec![line.before()?];
    while let Some(next) = above.last().and_then(Line::before) {
        above.push(next);
    }
    let first = above.last()?;
    let by = first.indent();
    if by == 0 || above.iter().any(|line| line.indent() < by) {
        return None;
    }
    let blanks = if by == 1 { "blank" } else { "blanks" };
    let slip = Slip::new(
        "the lines above are indented, and this one is not",
        format!("begin all keys of the file in the first column: take {by} {blanks} off those above"),
    )
    .at(line.begin..line.range.end)
    .ambiguous();
    Some(above.iter().fold(slip, |slip, line| slip.edit(line.range.start..line.range.start + by, "")))
}

/// What is said where no column would do.
pub(super) fn unclear() -> Slip {
    Slip::new(
        "the line does not belong to anything above it",
        "indent it like the line that it belongs with: keys of one mapping, and dashes of one list, begin at \
         the same column",
    )
}

/// Tabs, which YAML does not take for indentation.
pub(super) fn tabs(text: &str) -> Vec<Slip> {
    let message = "a tab is no indentation in YAML";
    let mut found = Vec::new();
    for width in 1..=WIDEST_TAB {
        let places = tabbed(text);
        let Some(first) = places.first().cloned() else { break };
        let slip = Slip::new(message, "indent with blanks, as the other lines are").at(first).ambiguous();
        found.push(places.into_iter().fold(slip, |slip, place| {
            let tabs = text.get(place.clone()).unwrap_or_default();
            let blanks = tabs.chars().map(|character| if character == '\t' { width } else { 1 }).sum();
            slip.edit(place, " ".repeat(blanks))
        }));
    }
    // The usual widths first.
    found.sort_by_key(|slip| {
        let blanks = slip.edits.first().map_or(0, |(place, blanks)| blanks.len().abs_diff(place.len()));
        [1, 3, 7, 0].iter().position(|usual| *usual == blanks).unwrap_or(9)
    });
    found
}

/// The indentation of the lines that have tabs in it.
fn tabbed(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line.get(..indent).is_some_and(|indent| indent.contains('\t')) {
            found.push(start..start + indent);
        }
        start += line.len();
    }
    found
}
