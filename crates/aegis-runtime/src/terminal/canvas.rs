//! How what is to be seen comes to the terminal: on a screen that is drawn anew, or in lines that are read
//! one after another.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::scene::{Scene, left};
use super::screen;

/// When it is said once more how much time is left, where that cannot be shown all the time.
const LAST_CALL: Duration = Duration::from_secs(60);

/// What a terminal was given to show.
#[derive(Debug)]
pub(super) struct Canvas {
    /// Whether lines are written one after another.
    is_plain: bool,
    rows: usize,
    shown: Option<Scene>,
    /// Whether it was said how much time is left.
    was_told: bool,
    /// Whether nothing more will be said of it.
    was_last_call: bool,
}

impl Canvas {
    /// Nothing is shown yet, on a terminal of so many rows.
    pub(super) const fn new(is_plain: bool, rows: usize) -> Canvas {
        Canvas { is_plain, rows, shown: None, was_told: false, was_last_call: false }
    }

    /// The same where what was asked before stands there, and nothing is asked of the terminal.
    pub(super) const fn below(is_plain: bool) -> Canvas {
        Canvas { is_plain, rows: 0, shown: None, was_told: true, was_last_call: true }
    }

    /// What shows this, whatever stands there.
    pub(super) fn draw(&mut self, scene: &Scene) -> String {
        let before = self.shown.replace(scene.clone());
        match before {
            before if self.is_plain => self.written(scene, before.as_ref()),
            None if self.rows > 0 => screen::drawn(&scene.lines(), 0) + screen::ASK_SIZE,
            _ => screen::drawn(&scene.lines(), 0),
        }
    }

    /// What shows how much time is left, where nothing else has changed.
    pub(super) fn tick(&mut self, scene: &Scene) -> String {
        if !self.is_plain {
            let lines = scene.lines();
            return screen::drawn(&lines, lines.len().saturating_sub(2));
        }
        let Some(time) = scene.left.filter(|time| *time <= LAST_CALL && !self.was_last_call && scene.is_open)
        else {
            return String::new();
        };
        self.was_last_call = true;
        format!("\r\n  {}\r\n{}", left(time), scene.question_line())
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
        self.shown.as_ref().filter(|_| self.is_plain).map(|scene| title(scene).width() + 1)
    }

    /// The lines to be written below those that were written before, or the end of the last one.
    fn written(&mut self, scene: &Scene, before: Option<&Scene>) -> String {
        let is_new = before.is_none();
        let Some(before) = before.filter(|before| before.body == scene.body) else {
            let is_first = is_new && self.rows > 0;
            let pushed = if is_first { screen::pushed_away(self.rows) } else { "\r\n".to_owned() };
            let asked = if is_first { screen::ASK_PLACE } else { "" };
            let mut written = screen::known_state_in_place() + &pushed + title(scene) + asked + "\r\n";
            for line in scene.body.iter().skip(1).chain(&scene.foot) {
                written = written + line + "\r\n";
            }
            return written + &self.asked(scene);
        };
        if before.is_open != scene.is_open {
            self.asked(scene)
        } else if (&before.question, &before.status) != (&scene.question, &scene.status) {
            "\r\n".to_owned() + &self.asked(scene)
        } else if before.typed == scene.typed || !scene.is_open {
            String::new()
        } else if before.typed.is_empty() && !scene.foot.is_empty() {
            // Others may have written here since. What is answered stands next to the answer, once more.
            let foot: String = scene.foot.iter().map(|line| line.to_owned() + "\r\n").collect();
            screen::known_state_in_place() + "\r\n" + &foot + &scene.question_line()
        } else {
            match scene.typed.strip_prefix(&before.typed) {
                Some(more) => more.to_owned(),
                None => "\r\n".to_owned() + &scene.question_line(),
            }
        }
    }

    /// The question, once what is typed counts, with what is to be said before it.
    fn asked(&mut self, scene: &Scene) -> String {
        if !scene.is_open {
            return String::new();
        }
        let mut asked = String::new();
        if let Some(status) = &scene.status {
            asked = asked + "  " + status + "\r\n";
        }
        if scene.has_help && !self.was_told {
            self.was_told = true;
            let time = scene.left.map(|time| left(time) + "; ").unwrap_or_default();
            asked = asked + "  " + &time + "? helps\r\n";
            // What is said once is said again when the last minute begins, if that is still to come.
            self.was_last_call = scene.left.is_none_or(|time| time <= LAST_CALL);
        }
        asked + &scene.question_line()
    }
}

/// The first line, without the style that plain lines do not have.
fn title(scene: &Scene) -> &str {
    scene.body.first().map(String::as_str).unwrap_or_default()
}
