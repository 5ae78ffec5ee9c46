//! Credentials behind the word for how they are shown: `Bearer x`, `Basic x`.

use std::ops::Range;

use super::reading::{begins_word, part, skip};
use super::values::is_reference;

/// Of how many letters a word may be that stands behind `Bearer` in a sentence.
const LONGEST_WORD: usize = 15;

/// The credentials behind the word from `start` to `end`.
pub(super) fn secret(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    if !begins_word(text, start) {
        return None;
    }
    let blanks = skip(text, end, 8, |byte| matches!(byte, b' ' | b'\t' | b'+'));
    let encoded = if part(text, end, end + 3) == "%20" { end + 3 } else { blanks };
    let close = skip(text, encoded, usize::MAX, is_of_credentials);
    let found = part(text, encoded, close);
    let is_told = encoded > end && !found.is_empty() && !is_word(found) && !is_reference(found);
    is_told.then_some(encoded..close)
}

const fn is_of_credentials(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Whether this may be a word of a sentence: `bearer tokens`, `Basic authentication.`
fn is_word(text: &str) -> bool {
    let text = text.trim_end_matches(['.', '-']);
    text.len() <= LONGEST_WORD
        && text.bytes().skip(1).all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'/'))
}
