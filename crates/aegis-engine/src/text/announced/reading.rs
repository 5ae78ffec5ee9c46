//! Looking at single bytes of a text, forwards and backwards, and never beyond its ends.

/// Quotation marks, as commands, programs and JSON have them.
pub(super) const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// A blank within a line.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What a name is made of. Letters beyond ASCII are, too.
pub(super) const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'[' | b']') || byte >= 0x80
}

/// The byte at this place.
pub(super) fn at(text: &str, place: usize) -> Option<u8> {
    count(1);
    text.as_bytes().get(place).copied()
}

/// The byte before this place.
pub(super) fn before(text: &str, place: usize) -> Option<u8> {
    place.checked_sub(1).and_then(|place| at(text, place))
}

/// The first place from `start` on at which `holds` is not so any more, but at most `most` bytes on.
pub(super) fn skip(text: &str, start: usize, most: usize, holds: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes().get(start..).unwrap_or_default();
    let length = bytes.iter().take(most).take_while(|byte| holds(**byte)).count();
    count(length + 1);
    start + length
}

/// The same backwards from `end`.
pub(super) fn skip_back(text: &str, end: usize, most: usize, holds: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes().get(..end).unwrap_or_default();
    let length = bytes.iter().rev().take(most).take_while(|byte| holds(**byte)).count();
    count(length + 1);
    end - length
}

/// How many backslashes stand before this place.
pub(super) fn backslashes_before(text: &str, place: usize) -> usize {
    place - skip_back(text, place, usize::MAX, |byte| byte == b'\\')
}

/// The text of a range; nothing where it is none of whole characters.
pub(super) fn part(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// Whether what begins here is not the middle of a longer word. What stands before may be an escape, of a URL
/// or of a string.
pub(super) fn begins_word(text: &str, place: usize) -> bool {
    let Some(last) = before(text, place) else { return true };
    if !last.is_ascii_alphanumeric() {
        return true;
    }
    let escaped = place.checked_sub(2).and_then(|place| at(text, place)) == Some(b'\\');
    let encoded = place.checked_sub(3).and_then(|place| at(text, place)) == Some(b'%');
    (escaped && matches!(last, b'n' | b'r' | b't')) || encoded
}

#[cfg(test)]
thread_local! {
    /// How many bytes were looked at, for tests to count.
    pub(super) static LOOKED_AT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that are looked at, in tests.
#[cfg(test)]
pub(super) fn count(bytes: usize) {
    LOOKED_AT.set(LOOKED_AT.get() + bytes);
}

#[cfg(not(test))]
pub(super) const fn count(_: usize) {}
