//! The name before an equals sign or a colon, and whether a secret stands behind it.

use super::reading::{at, before, is_blank, is_of_name, part, skip_back};
use super::values::{Extent, Quote};
use crate::text::secret_names::looks_secret;

/// How much of a name is read, backwards.
const LONGEST: usize = 128;

/// A name, where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'t> {
    /// The name, without marks.
    pub(super) name: &'t str,
    /// The same and the word before it: `api key`.
    wide: &'t str,
    /// Whether it stands in marks of its own.
    pub(super) is_quoted: bool,
    /// The mark that opens right before it, and is not closed behind it.
    pub(super) opened: Option<Quote>,
    /// The same before it or before the word before it.
    pub(super) opened_wide: Option<Quote>,
    /// The byte before it.
    pub(super) before: Option<u8>,
}

impl<'t> Named<'t> {
    /// The name that ends before `end`.
    pub(super) fn read(text: &'t str, end: usize) -> Option<Named<'t>> {
        let end = skip_back(text, end, 4, is_blank);
        let inner = if before(text, end) == Some(b']') { end - 1 } else { end };
        if let Some((_, end)) = Quote::read_back(text, inner) {
            return Named::quoted(text, end, inner);
        }
        let start = whole(text, skip_back(text, end, LONGEST, is_of_name));
        // Signs of full width are none of its letters.
        let sign = part(text, start, end).rfind(['：', '＝']);
        let start = sign.map_or(start, |sign| start + sign + '：'.len_utf8());
        if start == end {
            return None;
        }
        let word = skip_back(text, start, 1, is_blank);
        let wide = if word < start { whole(text, skip_back(text, word, 32, is_of_name)) } else { start };
        let opened = |place| {
            let (quote, place) = Quote::read_back(text, place)?;
            // A command in marks goes on behind what it is given.
            (!is_run(text, place)).then_some(quote)
        };
        Some(Named {
            name: part(text, start, end),
            wide: part(text, wide, end),
            is_quoted: false,
            opened: opened(start),
            opened_wide: opened(start).or_else(|| opened(wide)),
            before: before(text, start),
        })
    }

    /// The name in the marks that close between `end` and `closed`.
    fn quoted(text: &'t str, end: usize, closed: usize) -> Option<Named<'t>> {
        let mark = at(text, closed.checked_sub(1)?)?;
        let start = skip_back(text, end, LONGEST, |byte| byte != mark && byte != b'\n');
        let name = part(text, whole(text, start), end);
        (!name.is_empty()).then_some(Named {
            name,
            wide: name,
            is_quoted: true,
            opened: None,
            opened_wide: None,
            before: None,
        })
    }

    /// Whether a secret stands under this name.
    pub(super) fn is_secret(&self) -> bool {
        // Words that tell of a secret only beside another one.
        const PAIRED: [&str; 14] = [
            "key", "keys", "code", "codes", "phrase", "word", "string", "url", "uri", "number", "card",
            "cookie", "auth", "pass",
        ];
        let is_paired = || PAIRED.iter().any(|word| word.eq_ignore_ascii_case(self.name));
        looks_secret(self.name)
            || (self.wide.len() > self.name.len() && is_paired() && looks_secret(self.wide))
    }

    /// How far a value goes behind this name.
    pub(super) fn extent(&self) -> Extent {
        const LINES: [&str; 4] = ["authorization", "cookie", "phrase", "mnemonic"];
        let ends = |word: &&str| {
            let start = self.name.len().checked_sub(word.len());
            start.and_then(|start| self.name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
        };
        if LINES.iter().any(ends) { Extent::Line } else { Extent::Word }
    }
}

/// Whether what opens here is a command to be run: the argument of `sh -c` or `eval`.
fn is_run(text: &str, place: usize) -> bool {
    let end = skip_back(text, place, 4, is_blank);
    let word = part(text, skip_back(text, end, 8, |byte| byte.is_ascii_alphabetic() || byte == b'-'), end);
    end < place
        && (word == "eval" || (word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')))
}

/// The next place at which a character begins.
fn whole(text: &str, place: usize) -> usize {
    (place..=text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(text.len())
}
