//! Values that are given to a name: `NAME=value`, `NAME: value`, `"NAME": "value"`, `NAME => value`,
//! `<NAME>value</NAME>`.

use std::ops::Range;

use super::names::Named;
use super::reading::{at, before, is_blank, is_of_name, is_quote, part, skip, skip_back};
use super::values::{Extent, LONGEST_HARMLESS, Quote, value};
use crate::text::name_like::is_name_like;
use crate::text::secret_names::looks_secret;

/// How many blanks may stand before a value.
const MOST_BLANKS: usize = 16;

/// The secret that is given by the equals sign at `sign`.
pub(super) fn by_equals(text: &str, sign: usize, end: usize) -> Option<Range<usize>> {
    // `:=`, `+=`, `?=` and `!=` have the name before both.
    let name_end = skip_back(text, sign, 1, |byte| matches!(byte, b':' | b'+' | b'?' | b'!' | b'~'));
    let named = Named::read(text, name_end)?;
    let start = value_start(text, end);
    if named.is_secret() {
        return value(text, start, named.opened, Extent::Word);
    }
    if !matches!(named.before, Some(b'?' | b'&')) || !may_be_secret_in_query(named.name) {
        return None;
    }
    let found = value(text, start, named.opened, Extent::Word)?;
    is_secret_in_query(named.name, part(text, found.start, found.end)).then_some(found)
}

/// The secret that is given by the colon at `sign`. In a name of something, `secret:prod` is a name, too.
pub(super) fn by_colon(text: &str, sign: usize, end: usize, in_name: bool) -> Option<Range<usize>> {
    let named = Named::read(text, sign).filter(Named::is_secret)?;
    let start = value_start(text, end);
    let is_tight = start == end && !named.is_quoted && Quote::read(text, start).is_none();
    if is_tight && !named.before.is_none_or(opens_a_name) {
        // `arn:…:secret:x` is a place.
        return None;
    }
    let found = value(text, start, named.opened_wide, named.extent())?;
    if is_tight && named.extent() == Extent::Word && is_kind(part(text, found.start, found.end), in_name) {
        return None;
    }
    Some(behind_scheme(text, found, named.extent()))
}

/// What may stand before a name that a colon follows without a blank.
fn opens_a_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || is_quote(byte) || matches!(byte, b'{' | b'(' | b',' | b';' | b'&')
}

/// Whether what stands behind such a colon says what is done, or to what: `token:refresh`.
fn is_kind(value: &str, in_name: bool) -> bool {
    value.len() <= LONGEST_HARMLESS
        && is_name_like(value)
        && (in_name || !value.bytes().any(|byte| byte.is_ascii_digit()))
}

/// The secret in the element whose tag ends before `end`.
pub(super) fn by_element(text: &str, tag_end: usize, end: usize) -> Option<Range<usize>> {
    let start = skip_back(text, tag_end, 64, |byte| is_of_name(byte) || byte == b':');
    let is_tag = start < tag_end && before(text, start) == Some(b'<');
    if !is_tag || !looks_secret(part(text, start, tag_end)) {
        return None;
    }
    let close = skip(text, end, usize::MAX, |byte| byte != b'<');
    (close > end).then_some(end..close)
}

/// What comes behind the rest of a sign such as `=>`, and behind blanks.
fn value_start(text: &str, end: usize) -> usize {
    let end = skip(text, end, 2, |byte| matches!(byte, b'=' | b'>' | b'~'));
    let start = skip(text, end, MOST_BLANKS, is_blank);
    // `$'…'` of shells, and `b"…"` or `f"…"` of programs.
    let is_prefixed = matches!(at(text, start), Some(b'$' | b'b' | b'f' | b'r' | b'u'))
        && at(text, start + 1).is_some_and(is_quote);
    start + usize::from(is_prefixed)
}

/// How credentials are shown in a header.
const SCHEMES: [&str; 9] =
    ["bearer", "basic", "token", "digest", "negotiate", "apikey", "api-key", "aws4-hmac-sha256", "hmac"];

/// The credentials behind the scheme of a header: `Bearer x` without `Bearer`.
fn behind_scheme(text: &str, found: Range<usize>, extent: Extent) -> Range<usize> {
    let scheme = skip(text, found.start, 24, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let start = skip(text, scheme, MOST_BLANKS, is_blank);
    let is_scheme = extent == Extent::Line && start > scheme && start < found.end;
    let word = part(text, found.start, scheme);
    if is_scheme && is_one_of(word, &SCHEMES) { start..found.end } else { found }
}

/// What signs a URL.
const SIGNATURES: [&str; 6] =
    ["sig", "signature", "x-amz-signature", "x-goog-signature", "x-amz-credential", "hmac"];
/// What opens what a URL leads to, if it looks like a key.
const KEYS: [&str; 4] = ["key", "code", "hash", "t"];

fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn may_be_secret_in_query(name: &str) -> bool {
    is_one_of(name, &SIGNATURES) || is_one_of(name, &KEYS)
}

fn is_secret_in_query(name: &str, value: &str) -> bool {
    let is_key = value.len() >= 16 && (value.len() > LONGEST_HARMLESS || !is_name_like(value));
    is_key || is_one_of(name, &SIGNATURES)
}
