//! Text that needs quotes, or other ones.

use std::ops::Range;

use crate::language::yaml::slip::line::Line;

/// The text in quotes: single ones where it has backslashes or double quotes.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(['\\', '"']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

/// Where the text begins and ends that an offset is in: of a value in block style, or of an entry in flow
/// style. What is likelier comes first.
pub(super) fn texts_around(text: &str, offset: usize) -> Vec<Range<usize>> {
    let line = Line::at(text, offset);
    let block = line.value.clone();
    let in_block = block.contains(&offset) || block.end == offset;
    let flow = entry_around(text, &line, offset);
    let value = line.value_text();
    let closed = |open, close| value.starts_with(open) && value.ends_with(close);
    let is_flow = closed('[', ']') || closed('{', '}') || !in_block;
    let mut found = if is_flow { vec![flow, block] } else { vec![block, flow] };
    found.retain(|range| !range.is_empty() && text.get(range.clone()).is_some());
    found.dedup();
    found
}

/// The entry of a list or mapping in flow style: to the left up to its key, a comma or a bracket, to the
/// right up to a comma or a bracket that does not belong to it.
fn entry_around(text: &str, line: &Line<'_>, offset: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(b'\n');
    let mut start = offset;
    let mut depth = 0_usize;
    while start > line.content {
        let before = byte(start - 1);
        match before {
            b'}' | b']' => depth += 1,
            b'{' | b'[' if depth > 0 => depth -= 1,
            b'{' | b'[' => break,
            b',' if depth == 0 => break,
            b' ' if depth == 0 && (start < 2 || matches!(byte(start - 2), b':' | b',' | b'-')) => break,
            _ => {}
        }
        start -= 1;
    }
    let mut end = offset;
    let mut depth = 0_usize;
    while end < line.range.end {
        match byte(end) {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b']' => break,
            b',' if depth == 0 => break,
            b'#' if end > 0 && byte(end - 1) == b' ' => break,
            _ => {}
        }
        end += 1;
    }
    let part = text.get(start..end).unwrap_or_default();
    let blank = part.len() - part.trim_start().len();
    start + blank..start + part.trim_end().len().max(blank)
}

/// Where the first escape is that double quotes do not have, from an opening quote on.
pub(super) fn unknown_escape(text: &str, opening: usize) -> Option<Range<usize>> {
    let rest = text.get(opening + 1..)?;
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return None,
            '\\' => {
                let (_, escaped) = characters.next()?;
                if !"0abt\tnvfre \"/\\N_LPxuU\n".contains(escaped) {
                    let start = opening + 1 + at;
                    return Some(start..start + 1 + escaped.len_utf8());
                }
            }
            _ => {}
        }
    }
    None
}

/// A text in double quotes, written in single ones so that its backslashes are backslashes; and whether it
/// had escapes that double quotes do have, so that it is not certain what it was to be.
pub(super) fn in_single_quotes(text: &str, opening: usize) -> Option<(Range<usize>, String, bool)> {
    let rest = text.get(opening + 1..)?;
    let mut inner = String::new();
    let mut mixed = false;
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let range = opening..opening + 1 + at + 1;
                return Some((range, format!("'{}'", inner.replace('\'', "''")), mixed));
            }
            '\n' => return None,
            '\\' => match characters.next()?.1 {
                '"' => {
                    inner.push('"');
                    mixed = true;
                }
                '\\' => {
                    inner.push('\\');
                    mixed = true;
                }
                '\n' => return None,
                escaped => {
                    inner.push('\\');
                    inner.push(escaped);
                }
            },
            other => inner.push(other),
        }
    }
    None
}

/// A value whose quotes end before it does, in quotes that hold all of it.
pub(super) fn requoted(value: &str) -> Option<String> {
    let first = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let inner = value.get(1..)?;
    let inner = match inner.strip_suffix(first) {
        Some(inner) => inner,
        None => value,
    };
    let inner = if first == '\'' { inner.replace("''", "'") } else { inner.to_owned() };
    Some(if inner.contains(['\\', '"']) { quoted(&inner) } else { format!("\"{inner}\"") })
}
