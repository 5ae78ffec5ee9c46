//! How far somebody has read, what was typed so far, and what it comes to.

use super::keys::{Key, Line};
use super::sheet::{Far, Sheet};

/// Said while nothing that is typed counts.
const TOO_EARLY_YET: &str = "what you type now does not count yet";
/// Said when something was typed by then.
const TYPED_TOO_EARLY: &str = "typed too early, and thrown away";
/// Said to a `y` before all was shown.
const NOT_ALL_SHOWN: &str = "not all was shown: Space reads on";

/// What a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    No,
    /// Nothing yet; whoever is asked must see what has changed before the next key counts.
    Shown,
    /// Nothing yet.
    Nothing,
}

/// Somebody in front of a question.
#[derive(Debug)]
pub(super) struct Reading {
    page: usize,
    /// How many pages, from the first, were shown.
    shown: usize,
    line: Line,
    hint: Option<&'static str>,
}

impl Reading {
    /// The first page, in its first moment.
    pub(super) fn new() -> Reading {
        Reading { page: 0, shown: 1, line: Line::default(), hint: Some(TOO_EARLY_YET) }
    }

    /// From now on, what is typed counts.
    pub(super) fn begin(&mut self, was_typed: bool) {
        self.hint = was_typed.then_some(TYPED_TOO_EARLY);
    }

    /// What stands on the screen.
    pub(super) fn lines(&self, sheet: &Sheet) -> Vec<String> {
        let all_was_shown = self.has_shown_all(sheet);
        sheet.lines(&Far { page: self.page, all_was_shown, hint: self.hint, typed: self.line.shown() })
    }

    /// Whether every page was shown.
    const fn has_shown_all(&self, sheet: &Sheet) -> bool {
        self.shown >= sheet.pages()
    }

    /// Takes a key. Enter makes an answer of what was typed: a no, unless it is what the question asks for.
    pub(super) fn take(&mut self, key: Key, sheet: &Sheet) -> Said {
        match key {
            Key::Byte(b' ') if self.line.is_empty() && sheet.pages() > 1 => {
                self.page = (self.page + 1) % sheet.pages();
                self.shown = self.shown.max(self.page + 1);
                self.hint = None;
                return Said::Shown;
            }
            Key::Byte(byte) => self.line.push(byte),
            Key::Erase => self.line.erase(),
            Key::Kill => self.line.clear(),
            Key::Enter => return self.answer(sheet),
            Key::End | Key::Suspend | Key::Position(..) => {}
        }
        Said::Nothing
    }

    fn answer(&mut self, sheet: &Sheet) -> Said {
        let Some(typed) = self.line.text() else { return Said::No };
        if sheet.is_enough(typed, self.has_shown_all(sheet)) {
            return Said::Yes;
        }
        // Where a `y` will be enough once all was shown, it is no answer before.
        if sheet.is_enough(typed, true) {
            self.line.clear();
            self.hint = Some(NOT_ALL_SHOWN);
            return Said::Shown;
        }
        Said::No
    }
}
