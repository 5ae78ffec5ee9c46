//! Lines of label, rule and text that nothing in the text can break out of.
//!
//! The text is expected to be escaped already. Lines are broken here and not by the terminal, because what
//! the terminal breaks goes on at the left edge, where it looks like a line of ours.

use anstyle::Style;
use unicode_width::UnicodeWidthChar as _;

use super::blanks::unit_of;
use super::glyphs::Glyphs;
use super::shown::{Cut, Shown};

/// How many columns label and rule take.
const GUTTER: usize = 11;
/// How many columns the mark of a line takes that goes on with the one above.
const CONTINUED_WIDTH: usize = 2;
/// The most characters of one text that are shown.
pub(super) const LONGEST: usize = 20_000;
/// The narrowest terminal that text is laid out for.
const NARROWEST: usize = 32;
/// The widest.
const WIDEST: usize = 500;

/// Lines of label, rule and text.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    done: Vec<String>,
    columns: usize,
    color: bool,
    glyphs: Glyphs,
    hides: bool,
    /// The label that was written last.
    label: &'static str,
}

impl Lines {
    /// No lines yet, for a terminal of `width` columns.
    pub(super) fn new(width: usize, color: bool, glyphs: Glyphs) -> Lines {
        // The last column is left free: some terminals go to the next line when it is written.
        let columns = width.clamp(NARROWEST, WIDEST) - 1 - GUTTER;
        Lines { done: Vec::new(), columns, color, glyphs, hides: false, label: "" }
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
    pub(super) fn own(&mut self, label: &'static str, style: Style, text: &str) {
        let style = self.style(style);
        if !label.is_empty() {
            self.label = label;
        }
        // Whoever hears the lines hears each by itself.
        let label = if self.glyphs.plain { self.label } else { label };
        for (index, part) in self.wrap(text).into_iter().enumerate() {
            let before =
                if index == 0 { self.glyphs.label(label) } else { self.glyphs.continued().to_owned() };
            self.done.push(format!("{before}{style}{part}{style:#}"));
        }
    }

    /// A labelled text on at most `most` lines. `text` is asked for as long a one as fits.
    pub(super) fn field(
        &mut self,
        label: &'static str,
        style: Style,
        most: usize,
        text: impl Fn(usize) -> Cut,
    ) {
        let fitting = self.fit(most, text);
        self.hides |= fitting.hides;
        self.own(label, style, &fitting.text);
    }

    /// A labelled text on at most `most` lines: all of it, or its beginning.
    pub(super) fn beginning(&mut self, label: &'static str, style: Style, most: usize, text: &Shown) {
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
        let cut = text(fitting);
        // What is no shorter is not cut.
        if self.needed(&cut.text) < self.needed(&whole.text) { cut } else { whole }
    }

    /// How many lines `text` takes.
    pub(super) fn needed(&self, text: &str) -> usize {
        self.wrap(text).len()
    }

    /// Breaks text into parts that fit beside the gutter, by the columns that a terminal gives each
    /// character: between words where one ends nearby, and never within an escape.
    fn wrap(&self, text: &str) -> Vec<String> {
        let (mut parts, mut rest, mut room) = (Vec::new(), text, self.columns);
        loop {
            let (part, after) = broken(rest, room);
            parts.push(part.to_owned());
            if after.is_empty() {
                return parts;
            }
            (rest, room) = (after, self.columns - CONTINUED_WIDTH);
        }
    }

    fn style(&self, style: Style) -> Style {
        if self.color { style } else { Style::new() }
    }
}

/// As much of a text as fits into `room` columns, and the rest of it.
fn broken(text: &str, room: usize) -> (&str, &str) {
    let (mut used, mut end, mut rest) = (0, 0, text);
    while let Some(unit) = unit_of(rest) {
        let columns: usize = unit.chars().map(|character| character.width().unwrap_or(0)).sum();
        // A mark stays with the character that it belongs to. It counts, in case it does take a column after
        // all.
        let is_full = if columns == 0 { used > room + 1 } else { used + columns > room };
        if is_full && end > 0 {
            let head = text.get(..end).unwrap_or_default();
            // The blank stays where it is seen to belong: behind the word.
            let near = head.rfind(' ').map(|at| at + 1).filter(|at| {
                head.get(*at..).is_some_and(|word| word.chars().count() <= room / 3) && *at > room / 3
            });
            return text.split_at_checked(near.unwrap_or(end)).unwrap_or((text, ""));
        }
        used += unit.chars().map(|character| character.width().unwrap_or(0).max(1)).sum::<usize>();
        end += unit.len();
        rest = rest.get(unit.len()..).unwrap_or_default();
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_goes_on_behind_a_mark() {
        let mut lines = Lines::new(32, false, Glyphs::default());
        lines.own("label", Style::new(), "0123456789abcdefghij0123456789abcdefghij");
        assert_eq!(
            lines.into_lines(),
            ["  label  │ 0123456789abcdefghij", "         │ ↳ 0123456789abcdefgh", "         │ ↳ ij"]
        );
    }

    #[test]
    fn wide_characters_are_never_halved_and_marks_stay_with_theirs() {
        let lines = Lines::new(32, false, Glyphs::default());
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
        let lines = Lines::new(32, false, Glyphs::default());
        assert!(lines.needed(&"\u{1161}".repeat(300)) > 10);
    }

    #[test]
    fn lines_are_broken_between_words_and_never_within_an_escape() {
        let lines = Lines::new(32, false, Glyphs::default());
        assert_eq!(
            lines.wrap("the owner of it has agreed to this"),
            ["the owner of it has ", "agreed to this"]
        );
        assert_eq!(
            lines.wrap("0123456789 0123456789012345678901234567890"),
            ["0123456789 012345678", "901234567890123456", "7890"],
            "no blank is near"
        );
        assert_eq!(lines.wrap("0123456789abcdefgh\\u{202e}x"), ["0123456789abcdefgh", "\\u{202e}x"]);
        assert_eq!(lines.wrap("0123456789abcdefg\\u…}删"), ["0123456789abcdefg\\u…", "}删"]);
    }
}
