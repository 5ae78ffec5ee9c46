//! What is to be seen at one moment, as lines for a screen of its own.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::look::{BOLD, PLAIN};

/// How `?` is named where there is room.
const HELP: &str = "? helps";

/// What is to be seen at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scene {
    pub(super) body: Vec<String>,
    /// What stands above the question, whatever the body is.
    pub(super) foot: Vec<String>,
    /// What is said of the body, or of what was typed last.
    pub(super) status: Option<String>,
    /// How long it may still take, where that is limited.
    pub(super) left: Option<Duration>,
    pub(super) question: String,
    /// Whether what is typed counts.
    pub(super) is_open: bool,
    /// Whether `?` helps.
    pub(super) has_help: bool,
    pub(super) typed: String,
    pub(super) columns: usize,
    pub(super) color: bool,
}

impl Scene {
    /// All lines, from the first row on.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = [self.body.as_slice(), &self.foot].concat();
        lines.push(self.status_line());
        lines.push(self.question_line());
        lines
    }

    /// What is said of the page, how much time is left, and where help is: as much as there is room for.
    fn status_line(&self) -> String {
        let parts = [self.status.clone(), self.left.map(left), self.has_help.then(|| HELP.to_owned())];
        let mut line = String::new();
        for part in parts.into_iter().flatten() {
            let before = if line.is_empty() { "  " } else { "; " };
            if line.width() + before.width() + part.width() < self.columns {
                line.push_str(before);
                line.push_str(&part);
            }
        }
        line
    }

    /// The question, and what was typed behind it: its end, where it is longer than there is room for.
    pub(super) fn question_line(&self) -> String {
        let bold = if self.color { BOLD } else { PLAIN };
        let room = self.columns.saturating_sub(self.question.width() + 4);
        let skipped = self.typed.chars().count().saturating_sub(room / 2);
        let typed: String = self.typed.chars().skip(skipped).collect();
        format!("  {bold}{}{bold:#} {typed}", self.question)
    }
}

/// How long is left, as a clock shows it.
pub(super) fn left(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    if hours > 0 {
        format!("{hours}:{:02}:{:02} left", minutes % 60, seconds % 60)
    } else {
        format!("{minutes}:{:02} left", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_shown_as_a_clock_shows_it_and_never_too_much_of_it_is_gone() {
        let shown = |millis| left(Duration::from_millis(millis));
        assert_eq!(shown(300_000), "5:00 left");
        assert_eq!(shown(299_001), "5:00 left");
        assert_eq!((shown(59_000), shown(0)), ("0:59 left".to_owned(), "0:00 left".to_owned()));
        assert_eq!(shown(3_661_000), "1:01:01 left");
    }

    #[test]
    fn the_time_gives_way_to_what_must_be_said_and_help_to_both() {
        let scene = |columns| Scene {
            body: Vec::new(),
            foot: Vec::new(),
            status: Some("not all was shown: v reads on".to_owned()),
            left: Some(Duration::from_secs(61)),
            question: "Allow?".to_owned(),
            is_open: true,
            has_help: true,
            typed: String::new(),
            columns,
            color: false,
        };
        assert_eq!(scene(80).status_line(), "  not all was shown: v reads on; 1:01 left; ? helps");
        assert_eq!(scene(44).status_line(), "  not all was shown: v reads on; 1:01 left");
        assert_eq!(scene(40).status_line(), "  not all was shown: v reads on");
    }
}
