//! The one function through which a stranger's text passes before a person sees it.
//!
//! Text is escaped, never stripped: what is approved must be what was shown. [`str::escape_debug`] decides
//! most of it (control characters, bidirectional marks, zero-width and tag characters, unusual spaces); on
//! top come characters that are printable yet blank, combining marks stacked on one another, and words that
//! mix scripts to look like another word (UTS #39, "highly restrictive").

use std::fmt::Write as _;
use std::ops::Range;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use unicode_script::{Script, UnicodeScript};

/// How many combining marks may follow one character before the rest are escaped. Two are enough for
/// Vietnamese and the Indic scripts in everyday use.
const MARKS_PER_CHARACTER: u32 = 2;

/// Escapes `text` so that it is safe on a terminal, in a table, a CSV cell or a log line, and still
/// unambiguous.
///
/// A backslash is doubled, a newline is `\n`, and whatever cannot be seen for what it is becomes `\u{…}`.
///
/// ```
/// use aegis_engine::escape;
/// assert_eq!(escape("crm"), "crm");
/// assert_eq!(escape("a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\n");
/// assert_eq!(escape("p\u{0430}ypal"), "p\\u{430}ypal"); // a Cyrillic a
/// ```
#[must_use]
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    escape_into(text, &mut shown);
    shown
}

/// Appends to `shown` what [`escape`] makes of `text`, for whoever escapes much and keeps one buffer.
pub fn escape_into(text: &str, shown: &mut String) {
    let plain = |shown: &mut String, plain: &str| {
        for (index, part) in plain.split('\\').enumerate() {
            if index > 0 {
                shown.push_str("\\\\");
            }
            shown.push_str(part);
        }
    };
    visit(text, shown, plain, push_escaped);
}

/// Escapes as much of `text` as takes up at most `max_chars` characters once it is escaped; says how many
/// bytes of `text` are hidden, and their SHA-256. Nothing is hidden where saying so would take as much space.
///
/// ```
/// use aegis_engine::escape_capped;
/// assert_eq!(escape_capped("short", 10), "short");
/// assert!(escape_capped(&"x".repeat(100), 10).starts_with("xxxxxxxxxx… [90 more bytes, sha256 "));
/// ```
#[must_use]
pub fn escape_capped(text: &str, max_chars: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    for (offset, character, verdict) in inspect(text, 0..text.len()) {
        let before = shown.len();
        push_escaped(&mut shown, character, verdict);
        // An escape is ASCII; anything else is one character.
        length += if verdict == Verdict::Plain && character != '\\' { 1 } else { shown.len() - before };
        if length > max_chars {
            shown.truncate(before);
            let hidden = text.get(offset..).unwrap_or_default();
            let digest = hex::encode(Sha256::digest(hidden.as_bytes()));
            let digest = digest.get(..16).unwrap_or(&digest);
            let said = format!("… [{} more bytes, sha256 {digest}…]", hidden.len());
            return elided(
                &shown,
                &said,
                || escape(text).get(before..).unwrap_or_default().to_owned(),
                hidden,
            );
        }
    }
    shown
}

/// The beginning of a text with what is said of the rest, or with the rest itself where that is no longer.
/// `rest` is not made if `hidden`, which it is made of, is too long for that.
fn elided(head: &str, said: &str, rest: impl FnOnce() -> String, hidden: &str) -> String {
    if hidden.len() <= said.len() * 4 {
        let rest = rest();
        if !saves(&rest, said) {
            return format!("{head}{rest}");
        }
    }
    format!("{head}{said}")
}

/// Whether it takes less space to say what is hidden than to show it, in characters.
///
/// ```
/// assert!(!aegis_engine::saves("/password", "… [9 more bytes]"));
/// ```
#[must_use]
pub fn saves(hidden: &str, said: &str) -> bool {
    hidden.chars().count() > said.chars().count()
}

fn push_escaped(shown: &mut String, character: char, verdict: Verdict) {
    match (character, verdict) {
        ('\\', _) => shown.push_str("\\\\"),
        (_, Verdict::Plain) => shown.push(character),
        // `escape_default` writes \n, \r and \t in their short forms and everything else as \u{…}.
        (_, Verdict::Deceptive) => shown.extend(character.escape_default()),
    }
}

/// Writes `value` as one line of JSON in which every deceptive character is a `\uXXXX` escape: the same JSON
/// value, but safe to look at.
///
/// # Errors
/// When `value` cannot be serialised (a map with keys that are not strings, say).
pub fn to_json_line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut json = Vec::with_capacity(1024);
    serde_json::to_writer(&mut json, value)?;
    let json = String::from_utf8(json).map_err(serde::ser::Error::custom)?;
    if is_printable_ascii(json.as_bytes()) {
        return Ok(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    escape_json_into(&json, &mut shown);
    Ok(shown)
}

/// Appends `json`, a JSON text on one line, to `shown`, with every deceptive character as a `\uXXXX` escape,
/// as [`to_json_line`] has it. They can only stand inside strings.
///
/// ```
/// let mut shown = String::new();
/// aegis_engine::escape_json_into("{\"a\":\"\u{202e}\"}", &mut shown);
/// assert_eq!(shown, r#"{"a":"\u202e"}"#);
/// ```
pub fn escape_json_into(json: &str, shown: &mut String) {
    let judged = |shown: &mut String, character: char, verdict: Verdict| {
        if verdict == Verdict::Plain {
            shown.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    };
    visit(json, shown, String::push_str, judged);
}

/// Appends to `shown` what `plain` makes of the stretches of `text` that cannot deceive, and `judged` of
/// every character of the others.
fn visit(
    text: &str,
    shown: &mut String,
    plain: impl Fn(&mut String, &str),
    judged: impl Fn(&mut String, char, Verdict),
) {
    shown.reserve(text.len());
    let mut done = 0;
    while let Some(suspect) = next_suspect(text, done) {
        plain(shown, text.get(done..suspect.start).unwrap_or_default());
        done = suspect.end;
        for (_, character, verdict) in inspect(text, suspect) {
            judged(shown, character, verdict);
        }
    }
    plain(shown, text.get(done..).unwrap_or_default());
}

/// The next stretch of whole words from `start` on that holds anything but printable ASCII. What stands on
/// either side of it ends every word, so it can be judged without them.
fn next_suspect(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(start..)?;
    let first = first_suspect(rest)?;
    let (before, after) = rest.split_at_checked(first)?;
    let word = before.iter().rposition(|byte| !byte.is_ascii_alphanumeric()).map_or(0, |place| place + 1);
    let ends_word = |byte: &u8| is_plain_byte(*byte) && !byte.is_ascii_alphanumeric();
    let end = after.iter().position(ends_word).map_or(rest.len(), |place| first + place);
    Some(start + word..start + end)
}

/// Where the first byte stands that is not printable ASCII.
fn first_suspect(bytes: &[u8]) -> Option<usize> {
    /// Blocks of this size are looked at without a branch for each byte.
    const BLOCK: usize = 64;
    let plain = |block: &&[u8]| block.iter().fold(true, |plain, byte| plain & is_plain_byte(*byte));
    let skipped = bytes.chunks(BLOCK).take_while(plain).count() * BLOCK;
    let place = bytes.get(skipped..)?.iter().position(|byte| !is_plain_byte(*byte))?;
    Some(skipped + place)
}

/// Whether all of it is printable ASCII, blanks included. JSON of that kind is safe to look at as it is.
#[must_use]
pub fn is_printable_ascii(bytes: &[u8]) -> bool {
    first_suspect(bytes).is_none()
}

const fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, 0x20..0x7F)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Plain,
    Deceptive,
}

/// Judges every character in a stretch of whole words of `text`, and tells where it is.
fn inspect(text: &str, stretch: Range<usize>) -> impl Iterator<Item = (usize, char, Verdict)> + '_ {
    let mut marks = 0;
    let mut mixed_until = 0;
    let mut word_until = 0;
    let start = stretch.start;
    text.get(stretch).unwrap_or_default().char_indices().map(move |(place, character)| {
        let offset = start + place;
        if character.is_ascii() && offset >= word_until && !character.is_ascii_alphanumeric() {
            marks = 0;
            return (offset, character, ascii_verdict(character));
        }
        if offset >= word_until && is_word_character(character) {
            let word = word_at(text, offset);
            word_until = offset + word.len();
            if mixes_scripts(word) {
                mixed_until = word_until;
            }
        }
        let class = classify(character);
        marks = if class == Class::Mark { marks + 1 } else { 0 };
        let deceptive = class == Class::Hidden
            || (class == Class::Mark && (marks > MARKS_PER_CHARACTER || offset == 0))
            || (offset < mixed_until && !character.is_ascii());
        (offset, character, if deceptive { Verdict::Deceptive } else { Verdict::Plain })
    })
}

fn ascii_verdict(character: char) -> Verdict {
    if character == ' ' || character.is_ascii_graphic() { Verdict::Plain } else { Verdict::Deceptive }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Visible,
    Mark,
    Hidden,
}

fn classify(character: char) -> Class {
    if character.is_ascii() {
        return if ascii_verdict(character) == Verdict::Plain { Class::Visible } else { Class::Hidden };
    }
    if is_blank(character) {
        return Class::Hidden;
    }
    // `char::escape_debug` also escapes combining marks; `str::escape_debug` does so only at the start of a
    // string.
    if character.escape_debug().len() == 1 {
        return Class::Visible;
    }
    let mut after_base = String::from("a");
    after_base.push(character);
    if after_base.escape_debug().count() == 2 { Class::Mark } else { Class::Hidden }
}

/// Characters that Unicode counts as printable although nothing shows.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{034F}'                // combining grapheme joiner
        | '\u{115F}' | '\u{1160}' // Hangul fillers
        | '\u{17B4}' | '\u{17B5}' // Khmer inherent vowels
        | '\u{180B}'..='\u{180F}' // Mongolian variation selectors and vowel separator
        | '\u{2800}'              // Braille blank
        | '\u{3164}' | '\u{FFA0}' // Hangul fillers
        | '\u{FE00}'..='\u{FE0F}' // variation selectors
        | '\u{E0100}'..='\u{E01EF}'
    )
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || (!character.is_ascii() && classify(character) == Class::Mark)
}

fn word_at(text: &str, offset: usize) -> &str {
    let rest = text.get(offset..).unwrap_or_default();
    let end = rest.find(|character| !is_word_character(character)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or(rest)
}

/// Whether a word mixes scripts in a way that no everyday orthography does (UTS #39, section 5.2).
fn mixes_scripts(word: &str) -> bool {
    const JAPANESE: [Script; 4] = [Script::Latin, Script::Han, Script::Hiragana, Script::Katakana];
    const CHINESE: [Script; 3] = [Script::Latin, Script::Han, Script::Bopomofo];
    const KOREAN: [Script; 3] = [Script::Latin, Script::Han, Script::Hangul];
    if word.is_ascii() {
        return false;
    }
    let mut scripts: Vec<Script> = word
        .chars()
        .map(|character| character.script())
        .filter(|script| !matches!(script, Script::Common | Script::Inherited))
        .collect();
    scripts.dedup();
    let all_in = |allowed: &[Script]| scripts.iter().all(|script| allowed.contains(script));
    let single = scripts.iter().all(|script| Some(script) == scripts.first());
    !(single || all_in(&JAPANESE) || all_in(&CHINESE) || all_in(&KOREAN))
}

#[cfg(test)]
mod tests;
