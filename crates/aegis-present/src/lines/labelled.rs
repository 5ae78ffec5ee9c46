//! Labels and texts in two columns, as wide as the terminal. The texts are expected to be escaped already.
//!
//! Lines are broken here and not by the terminal, because what the terminal breaks goes on at the left edge,
//! where it could pass for a line of ours.

use anstyle::Style;

use crate::fitting::{fit, wrap};
use crate::style::FAINT;

/// How many columns labels take, with the space behind them.
const LABEL: usize = 13;
/// On terminals narrower than this, a text stands below its label.
const NARROW: usize = 48;
/// The narrowest terminal that text is laid out for, and the widest, where lines can still be read.
const NARROWEST: usize = 16;
const WIDEST: usize = 120;
/// What a line begins with that goes on with the one above.
const CONTINUED: &str = "↳ ";

/// Lines of label and text.
#[derive(Debug)]
pub(crate) struct LabelledLines {
    lines: Vec<String>,
    width: Option<usize>,
}

impl LabelledLines {
    /// No lines yet, for a terminal of `width` columns; where there is none, lines are as long as their text.
    pub(crate) fn new(width: Option<usize>) -> LabelledLines {
        // The last column is left free: some terminals go to the next line when it is written.
        LabelledLines { lines: Vec::new(), width: width.map(|width| width.clamp(NARROWEST, WIDEST) - 1) }
    }

    /// A line of its own.
    pub(crate) fn plain(&mut self, style: Style, text: &str) {
        let room = self.width.unwrap_or(usize::MAX);
        for (index, line) in wrap(text, room, room.saturating_sub(2)).iter().enumerate() {
            let indent = if index == 0 { "" } else { "  " };
            self.lines.push(format!("{indent}{style}{}{style:#}", line.trim_end()));
        }
    }

    /// A line that is painted already. Where it does not fit, it is broken, and its paint is lost.
    pub(crate) fn painted(&mut self, line: &str) {
        let bare = anstream::adapter::strip_str(line).to_string();
        if self.width.is_none_or(|width| fit(&bare, usize::MAX, "").1 <= width) {
            self.lines.push(line.to_owned());
        } else {
            self.plain(Style::new(), &bare);
        }
    }

    pub(crate) fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// A labelled text.
    pub(crate) fn field(&mut self, label: &str, style: Style, text: &str) {
        self.block(label, style, &[text.to_owned()]);
    }

    /// A labelled text of several lines.
    pub(crate) fn block(&mut self, label: &str, style: Style, texts: &[String]) {
        let narrow = self.width.is_some_and(|width| width < NARROW);
        let gutter = if narrow { 2 } else { LABEL };
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(gutter));
        let mut label = label;
        if narrow && !label.is_empty() {
            self.lines.push(format!("{FAINT}{label}{FAINT:#}"));
            label = "";
        }
        for text in texts {
            for (index, line) in wrap(text, room, room.saturating_sub(2)).iter().enumerate() {
                let continued = if index == 0 { "" } else { CONTINUED };
                let padding = gutter.saturating_sub(label.len());
                self.lines.push(format!(
                    "{FAINT}{label}{FAINT:#}{:padding$}{FAINT}{continued}{FAINT:#}{style}{}{style:#}",
                    "",
                    line.trim_end()
                ));
                label = "";
            }
        }
    }
}

impl std::fmt::Display for LabelledLines {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(width: Option<usize>) -> Vec<String> {
        let mut fields = LabelledLines::new(width);
        fields.field("Label", Style::new(), "one two three four five six seven eight nine ten eleven");
        anstream::adapter::strip_str(&fields.to_string()).to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_broken_line_goes_on_behind_a_mark() {
        assert_eq!(
            lines(Some(50)),
            ["Label        one two three four five six seven", "             ↳ eight nine ten eleven"]
        );
    }

    #[test]
    fn on_a_narrow_terminal_the_text_stands_below_its_label() {
        let narrow = lines(Some(30));
        assert_eq!(narrow[..2], ["Label", "  one two three four five"]);
        assert!(narrow.iter().all(|line| line.chars().count() < 30), "{narrow:?}");
    }

    #[test]
    fn without_a_terminal_lines_are_not_broken() {
        assert_eq!(lines(None).len(), 1);
    }
}
