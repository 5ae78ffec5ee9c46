//! Texts of somebody else's, made safe to look at.

use std::fmt::Write as _;

use aegis_engine::{Digest, canonical_json, escape, to_json_line};
use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::blanks::{count_of, counted, unit_of};
use super::glyphs::Glyphs;

/// A text that is shown, and whether some of it is not.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) text: String,
    pub(super) hides: bool,
}

impl Cut {
    /// All of a text.
    pub(super) const fn whole(text: String) -> Cut {
        Cut { text, hides: false }
    }

    /// This text behind another, which is shown whole.
    pub(super) fn behind(self, before: &str) -> Cut {
        Cut { text: format!("{before}{}", self.text), hides: self.hides }
    }
}

/// A text of somebody else's, made safe to look at once and cut to any length.
#[derive(Debug)]
pub(super) struct Shown {
    text: String,
    digest: String,
    /// What says that something was left out.
    ellipsis: &'static str,
}

impl Shown {
    /// A text.
    pub(super) fn text(text: &str, glyphs: Glyphs) -> Shown {
        let shown = glyphs.shown(counted(&escape(text)), |character, shown| {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        });
        Shown { text: shown, digest: short_digest(text), ellipsis: glyphs.ellipsis() }
    }

    /// A name, in quotes where it would not be seen for what it is without.
    pub(super) fn name(name: &str, glyphs: Glyphs) -> Shown {
        let shown = Shown::text(name, glyphs);
        let unclear = name.is_empty() || name.trim() != name || name.starts_with(['"', '(']);
        if unclear { Shown { text: format!("\"{}\"", shown.text), ..shown } } else { shown }
    }

    /// A JSON value, on one line.
    pub(super) fn json(value: &Value, glyphs: Glyphs) -> Shown {
        // Deceptive characters are \uXXXX in it already.
        let text = glyphs.shown(counted(&to_json_line(value).unwrap_or_default()), |character, shown| {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        });
        Shown { text, digest: short_digest(&canonical_json(value)), ellipsis: glyphs.ellipsis() }
    }

    /// All of it.
    pub(super) fn whole(&self) -> &str {
        &self.text
    }

    /// At most `cap` characters of it; a longer one says how much is hidden.
    pub(super) fn cut(&self, cap: usize) -> Cut {
        let Some((cut, _)) = self.text.char_indices().nth(cap) else { return Cut::whole(self.text.clone()) };
        let cut = self.whole_units(cut);
        let head = self.text.get(..cut).unwrap_or_default();
        let rest = self.text.get(cut..).unwrap_or_default();
        let ellipsis = self.ellipsis;
        let said = format!("{ellipsis} [{} more bytes, sha256 of all {}{ellipsis}]", rest.len(), self.digest);
        if columns_of(rest) <= columns_of(&said) {
            return Cut::whole(self.text.clone());
        }
        Cut { text: format!("{head}{said}"), hides: true }
    }

    /// How much of the text before this place is whole: an escape that was cut in two would be another.
    fn whole_units(&self, place: usize) -> usize {
        let (mut end, mut rest) = (0, self.text.as_str());
        while let Some(unit) =
            count_of(rest).or_else(|| unit_of(rest)).filter(|unit| end + unit.len() <= place)
        {
            end += unit.len();
            rest = rest.get(unit.len()..).unwrap_or_default();
        }
        end
    }

    /// What fits into fewer than `columns`, or just as many, for a line that names it and does not show it.
    pub(super) fn brief(&self, columns: usize) -> String {
        if columns_of(&self.text) < columns {
            return self.text.clone();
        }
        let mut brief = String::new();
        let mut used = 0;
        for character in self.text.chars() {
            used += character.width().unwrap_or(0).max(1);
            if used + self.ellipsis.width() > columns {
                return brief + self.ellipsis;
            }
            brief.push(character);
        }
        brief
    }
}

/// How many columns a text takes up on a terminal, counting those that it may take up after all.
fn columns_of(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0).max(1)).sum()
}

/// The first 16 digits of a digest.
pub(super) fn short_digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Glyphs = Glyphs { plain: false, ascii: false };
    const ASCII: Glyphs = Glyphs { plain: false, ascii: true };

    #[test]
    fn a_long_value_says_what_it_hides() {
        let value = Value::from("x".repeat(100_000));
        let digest = short_digest(&canonical_json(&value));
        let cut = Shown::json(&value, USUAL).cut(5);
        assert_eq!(cut.text, format!("\"xxxx… [99997 more bytes, sha256 of all {digest}…]"));
        assert!(cut.hides);
        let cut = Shown::text("/etc/secrets/password", USUAL).cut(12);
        assert_eq!((cut.text.as_str(), cut.hides), ("/etc/secrets/password", false));
        let cut = Shown::json(&Value::from("\u{202e}"), USUAL).cut(80);
        assert_eq!((cut.text.as_str(), cut.hides), ("\"\\u202e\"", false));
        assert_eq!(Shown::name("删除表", USUAL).brief(5), "删除…");
        // Neither an escape nor a count of blanks is cut in two.
        let text = format!("ab\u{202e}cd{}{}", " ".repeat(400), "x".repeat(200));
        let heads: std::collections::BTreeSet<_> = (0..30)
            .filter_map(|cap| {
                Shown::text(&text, USUAL).cut(cap).text.split_once('…').map(|it| it.0.to_owned())
            })
            .collect();
        let whole =
            ["", "a", "ab", "ab\\u{202e}", "ab\\u{202e}c", "ab\\u{202e}cd", "ab\\u{202e}cd\\[400 blanks]"];
        assert!(whole.iter().all(|head| heads.contains(*head)), "{heads:?}");
        assert!(heads.iter().all(|head| whole.contains(&head.as_str()) || head.ends_with('x')), "{heads:?}");
    }

    #[test]
    fn where_only_ascii_can_be_shown_the_rest_is_escaped() {
        assert_eq!(Shown::text("é删🙂", ASCII).whole(), "\\u{e9}\\u{5220}\\u{1f642}");
        assert_eq!(Shown::json(&Value::from("é🙂"), ASCII).whole(), "\"\\u00e9\\ud83d\\ude42\"");
        assert!(Shown::text(&"x".repeat(500), ASCII).cut(5).text.starts_with("xxxxx... [495 more bytes"));
        assert_eq!(Shown::name("abcdefgh", ASCII).brief(6), "abc...");
    }
}
