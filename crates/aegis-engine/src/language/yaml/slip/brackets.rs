//! Brackets, commas and quotes that are missing, or too many.

use std::ops::Range;

use serde_yaml::granit_parser::ErrorKind;

use crate::language::yaml::slip::candidate::Slip;
use crate::language::yaml::slip::line::{Line, is_key_character};

/// What may be wrong with brackets.
pub(super) fn candidates(text: &str, kind: &ErrorKind, offset: usize) -> Vec<Slip> {
    match kind {
        ErrorKind::MisplacedFlowCollectionEnd => {
            let bracket = text.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or('}');
            vec![
                Slip::new(
                    format!("`{bracket}` closes nothing that is open"),
                    "remove it, or put the text that it belongs to in quotes",
                )
                .edit(offset..offset + 1, ""),
            ]
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => mismatched(text, *open, *close, offset),
        ErrorKind::UnclosedFlowCollection { open } => unclosed(text, *open, offset),
        _ => Vec::new(),
    }
}

const fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

fn never_closed(open: char) -> (String, String) {
    (format!("`{open}` is never closed"), format!("close it with `{}`", closing(open)))
}

/// A bracket that nothing closes: it is closed at the end of its line.
fn unclosed(text: &str, open: char, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    let end = line.value.end.max(offset + 1);
    let (message, help) = never_closed(open);
    // A comma at the end leads to nothing.
    let written = text.get(offset..end).unwrap_or_default();
    let trimmed = offset + written.trim_end_matches([',', ' ']).len();
    vec![Slip::new(message, help).at(offset..offset + 1).edit(trimmed..end, closing(open).to_string())]
}

/// A bracket that another kind closes: it is closed before the next entry, or there.
fn mismatched(text: &str, open: char, close: char, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    let message = format!("`{open}` is closed by `{close}`");
    let help = format!("close it with `{}`", closing(open));
    let rest = text.get(offset..line.range.end).unwrap_or_default();
    let mut places: Vec<usize> = Vec::new();
    // Before an entry with a key, which a list has none of.
    places.extend(rest.find(": ").and_then(|colon| rest.get(..colon)?.rfind(',')));
    places.extend(rest.rfind(close).map(|at| rest.get(..at).unwrap_or_default().trim_end().len()));
    let slips = places.into_iter().map(|at| {
        let place = offset + at;
        Slip::new(message.clone(), help.clone())
            .at(offset..offset + 1)
            .edit(place..place, closing(open).to_string())
    });
    slips.collect()
}

/// An entry in brackets behind which neither a comma nor the bracket follows.
pub(super) fn separator(text: &str, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    let mut found = Vec::new();
    let before = text.get(line.range.start..offset).unwrap_or_default();
    if innermost_open(text, line.range.start..offset).is_none() {
        found.extend(line.before().and_then(|above| bracket_on(text, &above)));
    }
    // The word that the parser stopped at, or behind.
    let trimmed = before.trim_end();
    let word = trimmed.len() - trimmed.trim_end_matches(is_key_character).len();
    let at_colon = text.get(offset..).is_some_and(|rest| rest.starts_with(':'));
    let place = line.range.start + if at_colon { trimmed.len() - word } else { before.len() };
    let previous = text.get(line.range.start..place).unwrap_or_default();
    let entry = previous.trim_end();
    if entry.ends_with([':', ',', '{', '[']) || entry.is_empty() {
        return found;
    }
    let end = line.range.start + entry.len();
    found.push(
        Slip::new("a comma is missing between two entries", "put a comma between them")
            .at(place..place + word.max(1).min(text.len().saturating_sub(place)))
            .edit(end..end, ","),
    );
    // A word with a colon inside a value is more likely text than a key that nobody knows.
    let key = text.get(place..place + word).unwrap_or_default();
    if at_colon && !KEYS.contains(&key) {
        found.pop();
    }
    found
}

/// What is open on a line above, and was to be closed there: then the line of the offset is the first that
/// does not belong into it.
pub(super) fn open_above(text: &str, offset: usize) -> Vec<Slip> {
    let mut above = Line::at(text, offset).before();
    for _ in 0..LINES_ABOVE {
        let Some(line) = above else { break };
        if let Some(quote) = open_on(text, line.range.clone()).1 {
            return unclosed_quote(text, quote);
        }
        if let Some(slip) = bracket_on(text, &line) {
            return vec![slip.ambiguous()];
        }
        above = line.before();
    }
    Vec::new()
}

/// A bracket that a line leaves open, closed at its end.
fn bracket_on(text: &str, line: &Line<'_>) -> Option<Slip> {
    let open = innermost_open(text, line.range.clone())?;
    let bracket = text.get(open..)?.chars().next()?;
    let (message, help) = never_closed(bracket);
    let end = line.value.end.max(open + 1);
    Some(Slip::new(message, help).at(open..open + 1).edit(end..end, closing(bracket).to_string()))
}

/// How many lines above are looked at for what is open.
const LINES_ABOVE: usize = 20;

/// Keys of policies that stand on one line with others.
pub(super) const KEYS: [&str; 22] = [
    "type",
    "target",
    "agent",
    "name",
    "match",
    "conditions",
    "risk_level",
    "approval",
    "action",
    "expect",
    "params",
    "at",
    "rule",
    "time_after",
    "time_before",
    "timezone",
    "weekdays",
    "param_eq",
    "param_gt",
    "param_lt",
    "param_contains",
    "param_matches",
];

/// The innermost bracket that is open at the end of a stretch.
fn innermost_open(text: &str, stretch: Range<usize>) -> Option<usize> {
    open_on(text, stretch).0
}

/// The innermost bracket and the quote that are open at the end of a stretch.
fn open_on(text: &str, stretch: Range<usize>) -> (Option<usize>, Option<usize>) {
    let mut open = Vec::new();
    let mut quote: Option<(char, usize)> = None;
    let mut before = ' ';
    for (at, character) in text.get(stretch.clone()).unwrap_or_default().char_indices() {
        // In the middle of a word it is an apostrophe.
        let begins = matches!(before, ' ' | '{' | '[' | ',' | ':');
        match (quote, character) {
            (Some((opened, _)), character) if opened == character => quote = None,
            (None, '"' | '\'') if begins => quote = Some((character, stretch.start + at)),
            (None, '{' | '[') => open.push(stretch.start + at),
            (None, '}' | ']') => drop(open.pop()),
            (None, '#') if before == ' ' => break,
            (Some(_) | None, _) => {}
        }
        before = character;
    }
    (open.pop(), quote.map(|(_, at)| at))
}

/// A quote that is never closed: it is closed at the end of its line, or before the brackets there.
pub(super) fn unclosed_quote(text: &str, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    let Some(quote) = text.get(offset..).and_then(|rest| rest.chars().next()) else { return Vec::new() };
    if !matches!(quote, '"' | '\'') {
        return Vec::new();
    }
    let rest = text.get(offset..line.range.end).unwrap_or_default().trim_end();
    let end = rest.len();
    let inner = rest.trim_end_matches(['}', ']', ' ']).len();
    let comma = rest.find(',').unwrap_or(end);
    let slip = |at: usize| {
        let place = offset + at.max(1);
        Slip::new("the quote is never closed", format!("close it with `{quote}` at the end of the text"))
            .at(offset..offset + 1)
            .edit(place..place, quote.to_string())
            .ambiguous()
    };
    let in_flow = innermost_open(text, line.range.start..offset).is_some();
    let places = if in_flow { [comma, inner, end] } else { [end, inner, comma] };
    places.into_iter().map(slip).collect()
}
