//! How what is to be seen comes to the terminal: on a screen that is drawn anew, or in lines that are read one
//! after another.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::screen;
use super::view::{View, left};

/// When it is said once more how much time is left, where that cannot be shown all the time.
const LAST_CALL: Duration = Duration::from_secs(60);

/// What a terminal was given to show.
#[derive(Debug)]
pub(super) struct Canvas {
    /// Whether lines are written one after another.
    is_plain: bool,
    rows: usize,
    shown: Option<View>,
    /// Whether nothing more will be said of the time.
    was_last_call: bool,
}

impl Canvas {
    /// Nothing is shown yet, on a terminal of so many rows.
    pub(super) const fn new(is_plain: bool, rows: usize) -> Canvas {
        Canvas { is_plain, rows, shown: None, was_last_call: false }
    }

    /// The same where what was asked before stands there, and nothing is asked of the terminal.
    pub(super) const fn below(is_plain: bool) -> Canvas {
        Canvas { is_plain, rows: 0, shown: None, was_last_call: true }
    }

    /// What shows this, whatever stands there.
    pub(super) fn draw(&mut self, view: &View) -> String {
        let before = self.shown.replace(view.clone());
        match before {
            before if self.is_plain => self.written(view, before.as_ref()),
            None if self.rows > 0 => screen::drawn(&view.lines(), 0) + screen::ASK_SIZE,
            _ => screen::drawn(&view.lines(), 0),
        }
    }

    /// What shows how much time is left, where nothing else has changed.
    pub(super) fn tick(&mut self, view: &View) -> String {
        if !self.is_plain {
            let lines = view.lines();
            return screen::drawn(&lines, lines.len().saturating_sub(2));
        }
        let Some(time) = view.left.filter(|time| *time <= LAST_CALL && !self.was_last_call && view.is_open)
        else {
            return String::new();
        };
        self.was_last_call = true;
        format!("\r\n  {}\r\n{}", left(time), view.question_line())
    }

    /// After what time it is to be shown how much is left.
    pub(super) fn next_tick(&self, time: Option<Duration>) -> Option<Duration> {
        let time = time?;
        if self.is_plain {
            return time.checked_sub(LAST_CALL).filter(|_| !self.was_last_call);
        }
        let part = Duration::from_nanos(time.subsec_nanos().into());
        Some(if part.is_zero() { Duration::from_secs(1) } else { part })
    }

    /// How far the cursor must have come, if lines of this length hold together.
    pub(super) fn expected_column(&self) -> Option<usize> {
        self.shown.as_ref().filter(|_| self.is_plain).map(|view| title(view).width() + 1)
    }

    /// The lines to be written below those that were written before, or the end of the last one.
    fn written(&mut self, view: &View, before: Option<&View>) -> String {
        let is_new = before.is_none();
        let Some(before) = before.filter(|before| before.body == view.body) else {
            let is_first = is_new && self.rows > 0;
            let pushed = if is_first { screen::pushed_away(self.rows) } else { "\r\n".to_owned() };
            let asked = if is_first { screen::ASK_PLACE } else { "" };
            let mut written = screen::known_state_in_place() + &pushed + title(view) + asked + "\r\n";
            for line in view.body.iter().skip(1).chain(&view.foot) {
                written = written + line + "\r\n";
            }
            return written + &self.asked(view);
        };
        if before.is_open != view.is_open {
            self.asked(view)
        } else if (&before.question, &before.status) != (&view.question, &view.status) {
            "\r\n".to_owned() + &self.asked(view)
        } else if before.typed == view.typed || !view.is_open {
            String::new()
        } else if before.typed.is_empty() {
            // Others may have written here since. What is answered stands next to the answer, once more.
            let foot: String = view.foot.iter().map(|line| line.to_owned() + "\r\n").collect();
            screen::known_state_in_place() + "\r\n" + &foot + &view.question_line()
        } else {
            match view.typed.strip_prefix(&before.typed) {
                Some(more) => more.to_owned(),
                None => "\r\n".to_owned() + &view.question_line(),
            }
        }
    }

    /// The question, once what is typed counts, with what is to be said before it.
    fn asked(&mut self, view: &View) -> String {
        if !view.is_open {
            return String::new();
        }
        let mut asked = String::new();
        if let Some(status) = &view.status {
            asked = asked + "  " + status + "\r\n";
        }
        if view.has_help && !self.was_last_call {
            let time = view.left.map(|time| left(time) + "; ").unwrap_or_default();
            asked = asked + "  " + &time + "? helps\r\n";
            // What is said once is said again when the last minute begins, if that is still to come.
            self.was_last_call = view.left.is_none_or(|time| time <= LAST_CALL);
        }
        asked + &view.question_line()
    }
}

/// The first line, without the style that plain lines do not have.
fn title(view: &View) -> &str {
    view.body.first().map(String::as_str).unwrap_or_default()
}
