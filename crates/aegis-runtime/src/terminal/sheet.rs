//! What stands on the screen of a question, page by page, and what is enough for a yes.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::challenge::Word;
use super::injection::REMEDY;
use super::layout::Lines;
use super::no_answer::NoAnswer;
use super::screen::Size;

/// The lines of what is said of the page, and of the question itself.
const STATUS_AND_QUESTION: usize = 2;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();

/// On what, and how, a question is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) size: Size,
    pub(super) color: bool,
    /// Whether other programs can type into this terminal.
    pub(super) injectable: bool,
}

impl Look {
    pub(super) fn new_lines(self) -> Lines {
        Lines::new(self.size.columns, self.color)
    }

    /// That a `y` may be somebody else's, and what would stop that.
    pub(super) fn note(self, lines: &mut Lines) {
        if self.injectable {
            lines.own("note", PLAIN, &format!("others may type here; stop it: {REMEDY}"));
        }
    }
}

/// How far somebody has come with a question.
#[derive(Clone, Debug)]
pub(super) struct Far<'r> {
    /// The page that is shown, from 0.
    pub(super) page: usize,
    pub(super) all_was_shown: bool,
    /// Something to be said instead of the page's number.
    pub(super) hint: Option<&'r str>,
    /// What was typed so far, escaped.
    pub(super) typed: String,
}

/// What is asked, in the words that stand next to the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks {
    /// What a `y` answers.
    pub(super) whether: &'static str,
    /// What typing the word does, behind `to`.
    pub(super) to: &'static str,
    /// Whether the word is asked for, whatever was shown.
    pub(super) needs_word: bool,
    /// Whether a `y` counts only once all was shown.
    pub(super) reads_all: bool,
}

/// A question, laid out for a screen. The first page is an overview that fits on it; where that hides
/// something, the pages behind it show all there is.
#[derive(Debug)]
pub(super) struct Sheet {
    look: Look,
    word: Word,
    asks: Asks,
    /// What changes from page to page.
    pages: Vec<Vec<String>>,
    /// What stands above the question on each.
    foot: Vec<String>,
}

impl Sheet {
    /// Lays a question out: `overview` gives what fits into so many lines, or little more, and `all` gives
    /// everything, which each of its pages puts below the title.
    ///
    /// # Errors
    /// When the screen is too small to show it.
    pub(super) fn new(
        (look, word): (Look, Word),
        asks: Asks,
        title: Lines,
        foot: Lines,
        overview: impl FnOnce(Lines, usize) -> Lines,
        all: impl FnOnce() -> Lines,
    ) -> Result<Sheet, NoAnswer> {
        if !look.size.holds(Size::SMALLEST) {
            return Err(NoAnswer::TooSmall);
        }
        let room = look.size.rows.saturating_sub(foot.count() + STATUS_AND_QUESTION);
        let overview = overview(title.clone(), room);
        let is_whole = !foot.hides() && !overview.hides() && overview.count() <= room;
        let mut first = overview.into_lines();
        if first.len() > room {
            first.truncate(room.saturating_sub(1));
            first.push("         │ … more on the next pages".to_owned());
        }
        let mut pages = vec![first];
        if !is_whole {
            let title = title.into_lines();
            for part in all().into_lines().chunks(room.saturating_sub(title.len()).max(1)) {
                pages.push([&title, part].concat());
            }
        }
        Ok(Sheet { look, word, asks, pages, foot: foot.into_lines() })
    }

    pub(super) const fn size(&self) -> Size {
        self.look.size
    }

    pub(super) const fn word(&self) -> &Word {
        &self.word
    }

    /// How many pages there are. More than one means that the first hides something.
    pub(super) const fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Whether what was typed is enough for a yes, once all was shown or not.
    pub(super) fn is_enough(&self, typed: &str, all_was_shown: bool) -> bool {
        if self.asks.needs_word {
            return self.word.is(typed);
        }
        let is_yes = typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes");
        (is_yes && (all_was_shown || !self.asks.reads_all)) || (self.pages() > 1 && self.word.is(typed))
    }

    /// What stands on the screen for whoever has come this far.
    pub(super) fn lines(&self, far: &Far<'_>) -> Vec<String> {
        let mut lines = self.pages.get(far.page).cloned().unwrap_or_default();
        lines.extend(self.foot.iter().cloned());
        let status = match (far.hint, self.pages()) {
            (Some(hint), _) => format!("  {hint}"),
            (None, 1) => String::new(),
            (None, pages) => format!("  page {} of {pages}: Space reads on", far.page + 1),
        };
        lines.push(status);
        let question = self.question(far.all_was_shown);
        let bold = if self.look.color { BOLD } else { PLAIN };
        // The end of what was typed, where it is longer than there is room for.
        let room = self.look.size.columns.saturating_sub(question.width() + 4);
        let skipped = far.typed.chars().count().saturating_sub(room / 2);
        let typed: String = far.typed.chars().skip(skipped).collect();
        lines.push(format!("  {bold}{question}{bold:#} {typed}"));
        lines
    }

    /// The question itself.
    fn question(&self, all_was_shown: bool) -> String {
        let (word, Asks { whether, to, needs_word, reads_all }) = (self.word.as_str(), self.asks);
        if needs_word {
            format!("To {to} this, type {word}:")
        } else if all_was_shown || !reads_all {
            format!("{whether} [y/N]")
        } else {
            format!("Read on, or type {word} to {to}:")
        }
    }
}
