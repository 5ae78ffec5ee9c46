//! How far somebody has read, what was typed so far, and what it comes to.

use std::time::Duration;

use super::answers::Answer;
use super::keys::{Key, Line};
use super::scene::Scene;
use super::sheet::{Far, Sheet, Verdict};

/// Said while nothing that is typed counts.
const TOO_EARLY_YET: &str = "what you type now does not count yet";
/// Said when something was typed by then.
const TYPED_TOO_EARLY: &str = "typed too early, and thrown away";
/// Said to a `y` before all was shown.
const NOT_ALL_SHOWN: &str = "not all was shown: v reads on";
/// Said to whoever wants to read on where there is nothing more.
const ALL_IS_HERE: &str = "there is no more than this";
/// How often the word may be typed wrong.
const TRIES: u8 = 3;

/// What a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A line was typed that is an answer.
    Answer(Answer),
    /// The word was typed wrong for the last time.
    OutOfTries,
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
    help: Option<usize>,
    line: Line,
    is_open: bool,
    hint: Option<String>,
    /// How often the word was typed wrong.
    wrong: u8,
}

impl Reading {
    /// The first page, in its first moment, by somebody who typed the word wrong so often before.
    pub(super) fn new(wrong: u8) -> Reading {
        let hint = Some(TOO_EARLY_YET.to_owned());
        Reading { page: 0, shown: 1, help: None, line: Line::default(), is_open: false, hint, wrong }
    }

    /// From now on, what is typed counts.
    pub(super) fn begin(&mut self, was_typed: bool) {
        self.is_open = true;
        self.hint = was_typed.then(|| TYPED_TOO_EARLY.to_owned());
        if self.hint.is_none() && self.wrong > 0 {
            self.hint = Some(self.tries_left());
        }
    }

    /// How often the word was typed wrong so far.
    pub(super) const fn wrong(&self) -> u8 {
        self.wrong
    }

    /// What is to be seen.
    pub(super) fn scene(&self, sheet: &Sheet, left: Option<Duration>) -> Scene {
        sheet.scene(&Far {
            page: self.page,
            all_was_shown: self.has_shown_all(sheet),
            help: self.help,
            is_open: self.is_open,
            hint: self.hint.as_deref(),
            typed: self.line.shown(),
            left,
        })
    }

    /// Whether every page was shown.
    const fn has_shown_all(&self, sheet: &Sheet) -> bool {
        self.shown >= sheet.pages()
    }

    /// Takes a key. Enter makes an answer of what was typed: a no, unless it is what the question asks for.
    pub(super) fn take(&mut self, key: Key, sheet: &Sheet) -> Said {
        if let Some(page) = self.help {
            // Whatever is typed here was not typed at the question.
            let more = matches!(key, Key::Byte(b' ' | b'v' | b'V' | b'?')).then_some(page + 1);
            self.help = more.filter(|page| *page < sheet.help_pages());
            return Said::Shown;
        }
        match key {
            Key::Byte(b'v' | b'V') if self.line.is_empty() => return self.read_on(sheet),
            Key::Byte(b' ') if self.line.is_empty() && sheet.pages() > 1 => return self.read_on(sheet),
            Key::Byte(b'?') if self.line.is_empty() => {
                self.help = Some(0);
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

    fn read_on(&mut self, sheet: &Sheet) -> Said {
        self.page = (self.page + 1) % sheet.pages();
        self.shown = self.shown.max(self.page + 1);
        self.hint = (sheet.pages() == 1).then(|| ALL_IS_HERE.to_owned());
        Said::Shown
    }

    fn answer(&mut self, sheet: &Sheet) -> Said {
        let Some(typed) = self.line.text() else { return Said::Answer(Answer::No) };
        match sheet.judge(typed, self.has_shown_all(sheet)) {
            Verdict::Answer(answer) => return Said::Answer(answer),
            Verdict::TooEarly => self.hint = Some(NOT_ALL_SHOWN.to_owned()),
            Verdict::NotTheWord => {
                self.wrong += 1;
                if self.wrong >= TRIES {
                    return Said::OutOfTries;
                }
                self.hint = Some(self.tries_left());
            }
        }
        self.line.clear();
        Said::Shown
    }

    fn tries_left(&self) -> String {
        match TRIES.saturating_sub(self.wrong) {
            1 => "not the word: one try left".to_owned(),
            left => format!("not the word: {left} tries left"),
        }
    }
}
