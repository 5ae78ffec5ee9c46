//! Blanks that are missing behind a colon or a dash.

use crate::language::yaml::slip::candidate::Slip;
use crate::language::yaml::slip::indentation::lines_below;
use crate::language::yaml::slip::line::{Line, is_key_character};

/// What may be wrong on a line or on the one before it, where the parser stopped at the second.
pub(super) fn before(text: &str, line: &Line<'_>) -> Vec<Slip> {
    let mut found = Vec::new();
    for line in line.before().iter().chain([line]) {
        found.extend(dash(text, line));
        found.extend(colons(text, line));
        found.extend(equals(text, line));
    }
    found
}

/// `key:value`.
pub(super) fn colons(text: &str, line: &Line<'_>) -> Option<Slip> {
    let rest = text.get(line.content..line.range.end)?;
    let (at, character) = rest.char_indices().find(|(_, character)| !is_key_character(*character))?;
    if character != ':' || at == 0 || line.key.is_some() {
        return None;
    }
    let key = rest.get(..at)?;
    let place = line.content + at + 1;
    Some(
        Slip::new(
            format!("in YAML, `{key}` is no key without a blank behind its colon"),
            format!("put a blank behind the colon: `{key}: …`"),
        )
        .at(line.content..place)
        .edit(place..place, " ")
        .certain(),
    )
}

/// `key = value`.
pub(super) fn equals(text: &str, line: &Line<'_>) -> Option<Slip> {
    let rest = text.get(line.content..line.range.end)?;
    let (key, after) = rest.split_once('=')?;
    let trimmed = key.trim_end();
    if trimmed.is_empty() || !trimmed.chars().all(is_key_character) {
        return None;
    }
    let blank = after.len() - after.trim_start_matches(' ').len();
    let place = line.content + trimmed.len()..line.content + key.len() + 1 + blank;
    Some(
        Slip::new(
            format!("in YAML, a colon ends the key `{trimmed}`, not `=`"),
            format!("write `{trimmed}: …`"),
        )
        .at(line.content..place.end)
        .edit(place, ": ")
        .certain(),
    )
}

/// `-key: value`.
fn dash(text: &str, line: &Line<'_>) -> Option<Slip> {
    let rest = text.get(line.begin..line.range.end)?.strip_prefix('-')?;
    if !rest.starts_with(is_key_character) || line.has_dash() {
        return None;
    }
    let place = line.begin + 1;
    Some(
        Slip::new(
            "in YAML, a dash begins an entry of a list only with a blank behind it",
            "put a blank behind the dash, and begin the lines below it under the key",
        )
        .at(line.begin..place)
        .edit(place..place, " ")
        .certain(),
    )
    .map(|slip| lines_below(text, line).into_iter().fold(slip, |slip, start| slip.edit(start..start, " ")))
}

/// What is said of a line without a key among others that have one.
pub(super) fn no_key() -> Slip {
    Slip::new(
        "a line among those of a mapping has no key",
        "write it as `key: value`, or indent it further than the line above where it belongs to that one",
    )
}
