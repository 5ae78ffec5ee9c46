//! User and password in front of a host: `scheme://user:secret@host`, `scheme://token@host`.

use std::ops::Range;

use super::reading::{at, is_quote, part, skip};
use super::values::is_reference;
use crate::text::name_like::is_name_like;

/// How much is looked at of what may be user and password.
const MOST: usize = 512;
/// What is longer is no user's name, and what is shorter no token.
const LONGEST_USER: usize = 24;
const SHORTEST_TOKEN: usize = 8;

/// The secrets of the address whose `://` begins at `colon`.
pub(super) fn secret(text: &str, colon: usize) -> Option<Range<usize>> {
    let start = colon + 3;
    let end = skip(text, start, MOST, |byte| {
        !byte.is_ascii_whitespace() && !is_quote(byte) && !matches!(byte, b'<' | b'>' | b'\\' | b'|')
    });
    let end = (start..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(start);
    let whole = part(text, start, end);
    let host_end = whole.find(['/', '?', '#']).unwrap_or(whole.len());
    let front = whole.get(..host_end).unwrap_or_default();
    let at_sign = front.rfind('@').or_else(|| {
        // A password with a slash in it. Behind a host there would be a port.
        let (_, port) = front.split_once(':')?;
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let is_port = is_number || front.starts_with('[');
        if is_port { None } else { whole.rfind('@') }
    })?;
    let info = whole.get(..at_sign)?;
    let Some((user, password)) = info.split_once(':') else {
        let is_token = info.len() >= SHORTEST_TOKEN && (!is_name_like(info) || info.len() > LONGEST_USER);
        return (is_token && !is_reference(info)).then_some(start..start + at_sign);
    };
    let is_key = |user: &str| user.len() >= SHORTEST_TOKEN && !is_name_like(user);
    if is_key(user) && !is_reference(user) {
        return Some(start..start + at_sign);
    }
    let is_secret = !password.is_empty() && !is_reference(password);
    is_secret.then(|| start + user.len() + 1..start + at_sign)
}

/// Whether `://` begins here.
pub(super) fn begins(text: &str, colon: usize) -> bool {
    at(text, colon + 1) == Some(b'/') && at(text, colon + 2) == Some(b'/')
}
