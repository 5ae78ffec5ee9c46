//! Slips of people who write YAML by hand: what is wrong in their words, and the change that mends it.
//!
//! The parser says where it stopped, which is often behind the slip, and in words of its grammar. Here the
//! likely slips for each of its errors are tried in turn: the first with which the text can be read further
//! is the one.

mod brackets;
mod candidate;
mod indentation;
mod line;
pub(crate) mod quoting;
mod separators;

use std::ops::Range;

use serde_yaml::granit_parser::ErrorKind;

pub(super) use crate::language::yaml::slip::candidate::Slip;
use crate::language::yaml::slip::line::Line;
use crate::language::yaml::slip::quoting::{
    in_single_quotes, quoted, requoted, texts_around, unknown_escape,
};
use crate::text::escape::escape_capped;

/// A text so long is not read anew to find out what was meant.
const LONGEST: usize = 1 << 20;
/// How many characters of a text are shown.
const SHOWN: usize = 64;

/// The slip behind an error of the parser at `offset`, if it looks like one.
pub(super) fn slip(text: &str, kind: &ErrorKind, offset: usize) -> Option<Slip> {
    let mut candidates = candidates(text, kind, offset);
    for slip in &mut candidates {
        slip.keep_characters_whole(text);
    }
    if text.len() > LONGEST {
        return candidates.into_iter().find(|slip| slip.edits.is_empty());
    }
    let first = candidates.iter().find(|slip| slip.helps(text, offset))?;
    // Of several the one with which everything can be read is meant.
    let better =
        first.is_ambiguous.then(|| candidates.iter().find(|slip| slip.is_ambiguous && slip.mends(text)));
    better.flatten().or(Some(first)).cloned()
}

/// What may have been done, likely things first; without an edit, what is to be said in any case.
fn candidates(text: &str, kind: &ErrorKind, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    let mut found = Vec::new();
    match kind {
        ErrorKind::MissingAnchorOrAliasName | ErrorKind::UnexpectedCharacter { .. } => {
            found.extend(sign(text, offset));
        }
        ErrorKind::ExpectedTagBang
        | ErrorKind::InvalidTagTerminator
        | ErrorKind::UndeclaredTagHandle
        | ErrorKind::MissingTagUri
        | ErrorKind::UnclosedVerbatimTag
        | ErrorKind::InvalidTagEscape => found.extend(tag(text, offset)),
        ErrorKind::InvalidBlockScalarHeader => found.extend(block_scalar(text, offset)),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => found.extend(escape(text, offset)),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            found.extend(brackets::unclosed_quote(text, offset));
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            found.extend(quotes_within(text, offset));
        }
        ErrorKind::MappingValueNotAllowed => {
            found.extend(mapping_on_line(text, offset));
            found.extend(colon_in_value(text, offset));
            found.extend(separators::before(text, &line));
            found.extend(indentation::candidates(text, offset));
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            found.extend(separators::colons(text, &line));
            found.extend(separators::equals(text, &line));
            found.push(separators::no_key());
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            found.extend(brackets::separator(text, offset));
            found.extend(quotes_within(text, offset));
            found.extend(colon_in_value(text, offset));
        }
        ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence => found.extend(brackets::candidates(text, kind, offset)),
        ErrorKind::InvalidFlowScalarIndent | ErrorKind::InvalidQuotedScalarIndent => {
            found.extend(brackets::open_above(text, offset));
            found.extend(indentation::continued(text, offset));
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::ExpectedDocumentStart => {
            found.extend(behind_brackets(text, offset));
            found.extend(brackets::open_above(text, offset));
            found.extend(indentation::continued(text, offset));
            found.extend(indentation::candidates(text, offset));
            found.push(indentation::unclear());
        }
        _ if kind.to_string().contains("tab") => found.extend(indentation::tabs(text)),
        _ => {}
    }
    found
}

/// Text in quotes, and what is said about it.
fn quote(text: &str, place: Range<usize>, message: String) -> Option<Slip> {
    let plain = text.get(place.clone())?;
    let written = quoted(plain);
    let help = format!("put it in quotes: `{}`", shown(&written));
    Some(Slip::new(message, help).at(place.clone()).edit(place, written))
}

fn shown(text: &str) -> String {
    // Backslashes are what is to be written, and are shown as they are.
    escape_capped(text, SHOWN).replace("\\\\", "\\")
}

/// A value that begins with a sign that means something to YAML.
fn sign(text: &str, offset: usize) -> Vec<Slip> {
    let sign = text.get(offset..).and_then(|rest| rest.chars().next());
    let places = texts_around(text, offset).into_iter();
    places
        .filter_map(|place| {
            let first = text.get(place.clone())?.chars().next()?;
            let message = match sign {
                Some(sign @ ('*' | '&')) if sign == first => {
                    let what = if sign == '*' { "an alias" } else { "an anchor" };
                    format!("in YAML, `{sign}` at the beginning of a value is the sign of {what}")
                }
                Some('`') if first == '`' => "in YAML, no value may begin with a backtick".to_owned(),
                Some(sign) if sign == first => {
                    format!("in YAML, no value may begin with `{}`", shown(&sign.to_string()))
                }
                _ => wrong_beginning(first),
            };
            quote(text, place, message).map(Slip::certain)
        })
        .collect()
}

/// What is said about a text whose first character means something else to YAML than what follows.
fn wrong_beginning(first: char) -> String {
    match first {
        '{' => {
            "in YAML, `{` at the beginning of a value begins a mapping, which must be all of it".to_owned()
        }
        '[' => "in YAML, `[` at the beginning of a value begins a list, which must be all of it".to_owned(),
        _ => "the value goes on where YAML takes it to have ended".to_owned(),
    }
}

/// A value that begins with `!`.
fn tag(text: &str, offset: usize) -> Vec<Slip> {
    let places = texts_around(text, offset).into_iter();
    let message = "in YAML, `!` at the beginning of a value is the sign of a tag";
    places
        .filter_map(|place| {
            let slip = quote(text, place, message.to_owned())?;
            let help = format!("{NO_NEGATION}; if it is meant as it stands, {}", slip.help);
            Some(Slip { help, ..slip })
        })
        .collect()
}

/// What is said to whoever wants a glob to say "not".
pub(super) const NO_NEGATION: &str =
    "no glob says \"not\": what is to be left out belongs into a rule of its own before this one";

/// A value that begins with the sign of a block scalar, and goes on.
fn block_scalar(text: &str, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    let message = "in YAML, `|` and `>` at the beginning of a value begin a text on the lines below";
    quote(text, line.value, message.to_owned()).map(Slip::certain).into_iter().collect()
}

/// A backslash in double quotes that means nothing there.
fn escape(text: &str, offset: usize) -> Vec<Slip> {
    // The parser names the beginning of the scalar, or the escape.
    let line = Line::at(text, offset);
    let before = text.get(line.range.start..offset).unwrap_or_default();
    let opening = if text.get(offset..).is_some_and(|rest| rest.starts_with('"')) {
        Some(offset)
    } else {
        before.rfind('"').map(|at| line.range.start + at)
    };
    let Some(opening) = opening else { return Vec::new() };
    let Some(place) = unknown_escape(text, opening) else { return Vec::new() };
    let escape = shown(text.get(place.clone()).unwrap_or_default());
    let message = format!("in double quotes, `{escape}` means nothing to YAML");
    match in_single_quotes(text, opening) {
        Some((range, written, mixed)) => {
            let help =
                format!("use single quotes, in which a backslash is a backslash: `{}`", shown(&written));
            let slip = Slip::new(message, help).at(place).edit(range, written);
            vec![if mixed { slip } else { slip.certain() }]
        }
        None => {
            let help = "use single quotes, in which a backslash is a backslash, or double the backslash";
            vec![Slip::new(message, help).at(place.clone()).edit(place.start..place.start, "\\")]
        }
    }
}

/// Quotes inside quotes of the same kind.
fn quotes_within(text: &str, offset: usize) -> Vec<Slip> {
    let places = texts_around(text, offset.saturating_sub(1)).into_iter();
    places
        .filter_map(|place| {
            let value = text.get(place.clone())?;
            let written = requoted(value)?;
            let message = "the quotes end before the value does";
            let help = format!("put all of it in quotes: `{}`", shown(&written));
            Some(Slip::new(message, help).at(place.clone()).edit(place, written))
        })
        .collect()
}

/// Keys whose values are mappings.
const MAPPINGS: [&str; 6] = ["match", "conditions", "defaults", "action", "params", "expect"];

/// `match: type: read`.
fn mapping_on_line(text: &str, offset: usize) -> Option<Slip> {
    let line = Line::at(text, offset);
    let key = text.get(line.key.clone()?)?;
    let (inner, _) = line.value_text().split_once(": ")?;
    let is_key = !inner.is_empty() && inner.chars().all(line::is_key_character);
    if !is_key || !(MAPPINGS.contains(&key) || key.starts_with("param_")) {
        return None;
    }
    let written = format!("{{ {} }}", line.value_text());
    let message = format!("in YAML, a mapping on the line of its key `{key}` stands in braces");
    let help = format!("put it in braces: `{}`", shown(&written));
    Some(Slip::new(message, help).at(line.value.clone()).edit(line.value, written))
}

/// A colon inside a value.
fn colon_in_value(text: &str, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    let is_within = |place: &Range<usize>| place.start < offset && offset < place.end;
    let mut places = texts_around(text, offset);
    if line.value.start < offset && offset <= line.value.end {
        places.push(line.value.clone());
    }
    places.retain(is_within);
    places
        .into_iter()
        .filter(|place| text.get(place.clone()).is_some_and(|value| !value.contains(['{', '[', '"', '\''])))
        .filter_map(|place| {
            let message = "in YAML, a colon with a blank behind it ends a key, and here is no key";
            let word = text.get(place.start..offset)?.rsplit(' ').next()?;
            // With a key of policies before the colon, two lines may have become one.
            let is_certain = !brackets::KEYS.contains(&word);
            let slip = quote(text, place, message.to_owned())?;
            Some(if is_certain { slip.certain() } else { slip })
        })
        .collect()
}

/// A value that begins with what looks like a whole list or mapping, and goes on behind it.
fn behind_brackets(text: &str, offset: usize) -> Vec<Slip> {
    let line = Line::at(text, offset);
    if offset <= line.value.start {
        return Vec::new();
    }
    let first = line.value_text().chars().next();
    match first {
        Some(first @ ('{' | '[')) => {
            quote(text, line.value.clone(), wrong_beginning(first)).map(Slip::certain).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
