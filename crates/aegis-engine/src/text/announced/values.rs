//! Where a value ends that begins at some place of a text.

use std::ops::Range;

use super::reading::{at, backslashes_before, count, is_blank, is_of_name, is_quote, part, skip};

/// How long a name is at most that is looked for behind a comma.
const LONGEST_NAME: usize = 64;
/// How deep strings within strings go.
const MOST_BACKSLASHES: usize = 8;
/// What is longer is a secret in doubt. So whatever takes long to read is hidden, and not read again.
pub(super) const LONGEST_HARMLESS: usize = 256;

/// A quotation mark, and the backslashes before it: `\"` where a string stands within a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    mark: u8,
    backslashes: usize,
}

impl Quote {
    /// The mark that stands at this place or behind its backslashes, and the place behind it.
    pub(super) fn read(text: &str, start: usize) -> Option<(Quote, usize)> {
        let place = skip(text, start, MOST_BACKSLASHES, |byte| byte == b'\\');
        let mark = at(text, place).filter(|byte| is_quote(*byte))?;
        Some((Quote { mark, backslashes: place - start }, place + 1))
    }

    /// The mark that ends before this place, and where it begins.
    pub(super) fn read_back(text: &str, end: usize) -> Option<(Quote, usize)> {
        let place = end.checked_sub(1)?;
        let mark = at(text, place).filter(|byte| is_quote(*byte))?;
        let backslashes = backslashes_before(text, place);
        // There is a bounded number of marks, so that each is soon closed by the next of its kind.
        (backslashes <= MOST_BACKSLASHES).then_some((Quote { mark, backslashes }, place - backslashes))
    }

    /// Where the text ends that this mark opened before `start`: where it is closed, or at the end.
    pub(super) fn close(self, text: &str, start: usize) -> usize {
        let bytes = text.as_bytes();
        let mut backslashes = 0_usize;
        for (place, byte) in bytes.iter().enumerate().skip(start) {
            if *byte == b'\\' {
                backslashes += 1;
                continue;
            }
            let closes = if self.backslashes == 0 {
                backslashes.is_multiple_of(2)
            } else {
                backslashes == self.backslashes
            };
            if *byte == self.mark && closes {
                count(place - start);
                return place - if self.backslashes == 0 { 0 } else { backslashes };
            }
            backslashes = 0;
        }
        count(text.len().saturating_sub(start));
        text.len()
    }
}

/// How far a value goes that is not in quotation marks of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// One word.
    Word,
    /// The rest of the line.
    Line,
}

/// The value that begins at `start`, or behind the mark there; `opened` is the mark that was opened before
/// its name. `None` where there is none, or only the name of one.
pub(super) fn value(text: &str, start: usize, opened: Option<Quote>, extent: Extent) -> Option<Range<usize>> {
    let found = if let Some((quote, inside)) = Quote::read(text, start) {
        if opened == Some(quote) {
            return None;
        }
        inside..quote.close(text, inside)
    } else if matches!(at(text, start), Some(b'{' | b'[')) && at(text, start + 1) != Some(b'{') {
        start..closing_bracket(text, start)
    } else {
        let limit = opened.map(|quote| quote.close(text, start));
        trimmed(text, start..bare(text, start, limit, extent))
    };
    (!found.is_empty() && !is_reference(part(text, found.start, found.end))).then_some(found)
}

/// Where a value ends that stands without marks: at the latest at `limit`, where its whole assignment ends.
fn bare(text: &str, start: usize, limit: Option<usize>, extent: Extent) -> usize {
    let bytes = text.as_bytes();
    let mut place = start;
    while let Some(byte) = at(text, place) {
        if limit.is_some_and(|limit| place >= limit) {
            break;
        }
        let next = at(text, place + 1);
        match byte {
            b'\n' | b'\r' => break,
            b'\\' if matches!(next, Some(b'n' | b'r' | b't')) && limit.is_none() => break,
            b'\\' if next.is_some_and(is_quote) && limit.is_none() => break,
            // What is escaped belongs to the value.
            b'\\' => place += 1,
            b'"' | b'\'' | b'`' if limit.is_none() => match glued(text, place, start) {
                Some(end) => {
                    place = end;
                    continue;
                }
                None => break,
            },
            _ if extent == Extent::Line => {}
            byte if byte.is_ascii_whitespace() && limit.is_none() => break,
            b'<' | b'>' | b'|' if limit.is_none() => break,
            b'&' | b';' if limit.is_none() || names_follow(text, place + 1) => break,
            b',' if names_follow(text, place + 1) => break,
            _ => {}
        }
        place += 1;
    }
    place.min(bytes.len()).min(limit.unwrap_or(usize::MAX))
}

/// A part in marks that goes on where a value stands, as shells read it: `abc"def"`. Where it ends.
fn glued(text: &str, place: usize, start: usize) -> Option<usize> {
    let mark = at(text, place)?;
    let end = skip(text, place + 1, 256, |byte| byte != mark && !byte.is_ascii_whitespace());
    (place > start && end > place + 1 && at(text, end) == Some(mark)).then_some(end + 1)
}

/// Whether a name and its value come next: `, user=ana`, `,"user":"ana"`.
fn names_follow(text: &str, start: usize) -> bool {
    let start = skip(text, start, 4, is_blank);
    if Quote::read(text, start).is_some() {
        return true;
    }
    let end = skip(text, start, LONGEST_NAME, is_of_name);
    end > start && matches!(at(text, end), Some(b'=' | b':'))
}

/// Without what ends a sentence or a list behind it.
fn trimmed(text: &str, found: Range<usize>) -> Range<usize> {
    let value = part(text, found.start, found.end);
    let left = value.trim_end_matches([' ', '\t', '.', ',', ';', ':', ')', ']', '}']);
    found.start..found.start + left.len()
}

/// Where the bracket is closed that opens at `start`: behind it, or at the end.
fn closing_bracket(text: &str, start: usize) -> usize {
    let (mut depth, mut place) = (0_usize, start);
    while let Some(byte) = at(text, place) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1;
                }
            }
            b'"' => {
                let quote = Quote::read_back(text, place + 1).map(|(quote, _)| quote);
                let end = quote.map_or(place, |quote| quote.close(text, place + 1));
                place = skip(text, end, 16, |byte| byte == b'\\');
            }
            _ => {}
        }
        place += 1;
    }
    text.len()
}

/// Whether a value says where the secret is, or that there is none: `$TOKEN`, `${TOKEN}`, `$(pass show x)`,
/// `{{ token }}`, `null`, `***`.
pub(super) fn is_reference(value: &str) -> bool {
    const NOTHING: [&str; 6] = ["null", "none", "nil", "undefined", "true", "false"];
    let is_variable = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let braced = |value: &str| {
        // The bracket may have been taken for the end of what stands around.
        let name = value.strip_prefix("${").map(|rest| rest.trim_end_matches('}'));
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(is_of_name))
    };
    value.len() <= LONGEST_HARMLESS
        && (NOTHING.iter().any(|word| value.eq_ignore_ascii_case(word))
            || value.bytes().all(|byte| byte == b'*')
            || value.strip_prefix('$').is_some_and(is_variable)
            || braced(value)
            || value.starts_with("$(")
            || value.starts_with("{{")
            || value.starts_with("${{"))
}
