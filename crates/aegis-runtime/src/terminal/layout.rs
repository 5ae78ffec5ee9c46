//! Lines of label, rule and text that nothing in the text can break out of.
//!
//! The text is expected to be escaped already. Lines are broken here and not by the terminal, because what
//! the terminal breaks goes on at the left edge, where it looks like a line of ours.

use aegis_engine::{Digest, canonical_json, escape, to_json_line};
use anstyle::Style;
use serde_json::Value;
use unicode_width::UnicodeWidthChar as _;

use super::blanks::counted;

/// How many columns label and rule take.
const GUTTER: usize = 11;
/// What a line begins with, after the rule, that goes on with the one above: without it, a value could pad
/// itself with spaces until what follows looks like the next value.
const CONTINUED: &str = "↳ ";
/// The columns of [`CONTINUED`].
const CONTINUED_WIDTH: usize = 2;
/// The most characters of one text that are shown.
const LONGEST: usize = 300;
/// The narrowest terminal that text is laid out for.
const NARROWEST: usize = 32;
/// The widest, where lines can still be read.
const WIDEST: usize = 100;

/// Lines of label, rule and text.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    done: Vec<String>,
    columns: usize,
    color: bool,
    hides: bool,
}

impl Lines {
    /// No lines yet, for a terminal of `width` columns.
    pub(super) fn new(width: usize, color: bool) -> Lines {
        // The last column is left free: some terminals go to the next line when it is written.
        let columns = width.clamp(NARROWEST, WIDEST) - 1 - GUTTER;
        Lines { done: Vec::new(), columns, color, hides: false }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.done.len()
    }

    /// Whether some text was cut.
    pub(super) const fn hides(&self) -> bool {
        self.hides
    }

    pub(super) fn append(&mut self, mut others: Lines) {
        self.done.append(&mut others.done);
        self.hides |= others.hides;
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.done
    }

    /// A line of our own words.
    pub(super) fn plain(&mut self, line: &str, style: Style) {
        let style = self.style(style);
        self.done.push(format!("{style}{line}{style:#}"));
    }

    /// A labelled text of our own words, which is never cut.
    pub(super) fn own(&mut self, label: &str, style: Style, text: &str) {
        let style = self.style(style);
        for (index, part) in self.wrap(text).into_iter().enumerate() {
            let (label, continued) = if index == 0 { (label, "") } else { ("", CONTINUED) };
            self.done.push(format!("  {label:<7}│ {continued}{style}{part}{style:#}"));
        }
    }

    /// A labelled text on at most `most` lines. `text` is asked for as long a one as fits.
    pub(super) fn field(&mut self, label: &str, style: Style, most: usize, text: impl Fn(usize) -> Cut) {
        let fitting = self.fit(most, text);
        self.hides |= fitting.hides;
        self.own(label, style, &fitting.text);
    }

    /// A labelled text on at most `most` lines: all of it, or its beginning.
    pub(super) fn beginning(&mut self, label: &str, style: Style, most: usize, text: &Shown) {
        if self.needed(text.whole()) <= most {
            self.own(label, style, text.whole());
            return;
        }
        // A wide character may leave a column free on each line.
        let room = (self.columns - CONTINUED_WIDTH - 1) * most;
        self.own(label, style, &text.brief(room));
        self.hides = true;
    }

    /// The longest text of those that `text` gives for a cap of characters which takes up at most `most`
    /// lines. Capped text says what it hides, so nothing is cut off unseen.
    pub(super) fn fit(&self, most: usize, text: impl Fn(usize) -> Cut) -> Cut {
        let whole = text(LONGEST);
        if self.needed(&whole.text) <= most {
            return whole;
        }
        // Longer texts need more lines, so halving the range finds the longest that fits, if any does.
        let (mut fitting, mut too_long) = (0, LONGEST);
        while too_long - fitting > 1 {
            let cap = usize::midpoint(fitting, too_long);
            if self.needed(&text(cap).text) <= most {
                fitting = cap;
            } else {
                too_long = cap;
            }
        }
        text(fitting)
    }

    /// How many lines `text` takes.
    pub(super) fn needed(&self, text: &str) -> usize {
        self.wrap(text).len()
    }

    /// Breaks text into parts that fit beside the gutter, by the columns that a terminal gives each
    /// character.
    fn wrap(&self, text: &str) -> Vec<String> {
        let mut parts = vec![String::new()];
        let (mut used, mut room) = (0, self.columns);
        for character in text.chars() {
            let columns = character.width().unwrap_or(0);
            // A mark stays with the character that it belongs to. It counts, in case it does take a column
            // after all.
            let full = if columns == 0 { used > room + 1 } else { used + columns > room };
            if full {
                parts.push(String::new());
                (used, room) = (0, self.columns - CONTINUED_WIDTH);
            }
            used += columns.max(1);
            if let Some(part) = parts.last_mut() {
                part.push(character);
            }
        }
        parts
    }

    fn style(&self, style: Style) -> Style {
        if self.color { style } else { Style::new() }
    }
}

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
}

impl Shown {
    /// A text.
    pub(super) fn text(text: &str) -> Shown {
        Shown { text: counted(&escape(text)), digest: short_digest(text) }
    }

    /// A name, in quotes where it would not be seen for what it is without.
    pub(super) fn name(name: &str) -> Shown {
        let Shown { text, digest } = Shown::text(name);
        let unclear = name.is_empty() || name.trim() != name || name.starts_with(['"', '(']);
        Shown { text: if unclear { format!("\"{text}\"") } else { text }, digest }
    }

    /// A JSON value, on one line.
    pub(super) fn json(value: &Value) -> Shown {
        // Deceptive characters are \uXXXX in it already.
        let text = counted(&to_json_line(value).unwrap_or_default());
        Shown { text, digest: short_digest(&canonical_json(value)) }
    }

    /// All of it.
    pub(super) fn whole(&self) -> &str {
        &self.text
    }

    /// At most `cap` characters of it; a longer one says how much is hidden.
    pub(super) fn cut(&self, cap: usize) -> Cut {
        let Some((cut, _)) = self.text.char_indices().nth(cap) else { return Cut::whole(self.text.clone()) };
        let head = self.text.get(..cut).unwrap_or_default();
        let rest = self.text.get(cut..).unwrap_or_default();
        let said = format!("… [{} more bytes, sha256 of all {}…]", rest.len(), self.digest);
        if columns_of(rest) <= columns_of(&said) {
            return Cut::whole(self.text.clone());
        }
        Cut { text: format!("{head}{said}"), hides: true }
    }

    /// What fits into `columns`, for a line that names it and does not show it.
    pub(super) fn brief(&self, columns: usize) -> String {
        let mut brief = String::new();
        let mut used = 0;
        for character in self.text.chars() {
            used += character.width().unwrap_or(0).max(1);
            if used >= columns {
                return brief + "…";
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

    #[test]
    fn a_broken_line_goes_on_behind_a_mark() {
        let mut lines = Lines::new(32, false);
        lines.own("label", Style::new(), "0123456789abcdefghij0123456789abcdefghij");
        assert_eq!(
            lines.into_lines(),
            ["  label  │ 0123456789abcdefghij", "         │ ↳ 0123456789abcdefgh", "         │ ↳ ij"]
        );
    }

    #[test]
    fn wide_characters_are_never_halved_and_marks_stay_with_theirs() {
        let lines = Lines::new(32, false);
        assert_eq!(lines.wrap(&"删".repeat(11)), ["删".repeat(10), "删".to_owned()]);
        assert_eq!(
            lines.wrap(&format!("x{}", "删".repeat(10))),
            [format!("x{}", "删".repeat(9)), "删".to_owned()]
        );
        let marked = format!("{}e\u{301}\u{301}x", "a".repeat(19));
        assert_eq!(lines.wrap(&marked), [format!("{}e\u{301}\u{301}", "a".repeat(19)), "x".to_owned()]);
    }

    #[test]
    fn characters_without_width_do_not_pile_up_on_a_line() {
        let lines = Lines::new(32, false);
        assert!(lines.needed(&"\u{1161}".repeat(300)) > 10);
    }

    #[test]
    fn a_long_value_says_what_it_hides() {
        let value = Value::from("x".repeat(100_000));
        let digest = short_digest(&canonical_json(&value));
        let cut = Shown::json(&value).cut(5);
        assert_eq!(cut.text, format!("\"xxxx… [99997 more bytes, sha256 of all {digest}…]"));
        assert!(cut.hides);
        let cut = Shown::text("/etc/secrets/password").cut(12);
        assert_eq!((cut.text.as_str(), cut.hides), ("/etc/secrets/password", false));
        let cut = Shown::json(&Value::from("\u{202e}")).cut(80);
        assert_eq!((cut.text.as_str(), cut.hides), ("\"\\u202e\"", false));
        assert_eq!(Shown::name("删除表").brief(5), "删除…");
    }
}
