//! What stands on the screen of a question, page by page, and what is enough for a yes.

use std::time::Duration;

use super::answers::{Answer, Asks, Choice, keys, refuses};
use super::challenge::Word;
use super::help::Help;
use super::layout::Lines;
use super::look::Look;
use super::no_answer::NoAnswer;
use super::scene::Scene;
use super::screen::Size;

/// The lines of what is said of the page, and of the question itself.
const STATUS_AND_QUESTION: usize = 2;

/// How far somebody has come with a question.
#[derive(Clone, Debug)]
pub(super) struct Far<'r> {
    /// The page that is shown, from 0.
    pub(super) page: usize,
    pub(super) all_was_shown: bool,
    /// The page of the help that is shown, from 0, where it is.
    pub(super) help: Option<usize>,
    /// Whether what is typed counts by now.
    pub(super) is_open: bool,
    /// Something to be said instead of the page's number.
    pub(super) hint: Option<&'r str>,
    /// What was typed so far, escaped.
    pub(super) typed: String,
    /// How long it may still take.
    pub(super) left: Option<Duration>,
}

/// What a line that was typed comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Answer(Answer),
    /// It will be enough once all was shown.
    TooEarly,
    /// The word on the screen was wanted, and this is neither that nor a no.
    NotTheWord,
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
    help: Help,
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
            let (before, ellipsis) = (look.glyphs.label("more"), look.glyphs.ellipsis());
            first.push(format!("{before}{ellipsis} on the next pages"));
        }
        let mut pages = vec![first];
        if !is_whole {
            let title = title.into_lines();
            for part in all().into_lines().chunks(room.saturating_sub(title.len()).max(1)) {
                pages.push([&title, part].concat());
            }
        }
        let help = Help::of(look, &word, asks, pages.len() > 1);
        Ok(Sheet { look, word, asks, pages, foot: foot.into_lines(), help })
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

    /// How many pages the help has.
    pub(super) const fn help_pages(&self) -> usize {
        self.help.pages()
    }

    /// What a line that was typed comes to, once all was shown or not.
    pub(super) fn judge(&self, typed: &str, all_was_shown: bool) -> Verdict {
        let Asks { choices, needs_word, reads_all, .. } = self.asks;
        let answers = |is: &dyn Fn(&Choice) -> bool| choices.iter().find(|choice| is(choice));
        let by_word = answers(&|choice| choice.word_in(typed).is_some_and(|it| self.word.is(it)));
        if let Some(choice) = by_word.filter(|_| needs_word || self.pages() > 1) {
            return Verdict::Answer(choice.answer);
        }
        let wants_word = needs_word || (reads_all && !all_was_shown);
        match answers(&|choice| choice.is(typed)) {
            Some(choice) if !wants_word => Verdict::Answer(choice.answer),
            Some(_) if !needs_word => Verdict::TooEarly,
            _ if wants_word && !refuses(typed) => Verdict::NotTheWord,
            _ => Verdict::Answer(Answer::No),
        }
    }

    /// What stands on the screen for whoever has come this far.
    pub(super) fn scene(&self, far: &Far<'_>) -> Scene {
        if let Some(page) = far.help {
            return self.help.scene(page);
        }
        let body = self.pages.get(far.page).cloned().unwrap_or_default();
        let page = (self.pages() > 1)
            .then(|| format!("page {} of {}: v reads on", far.page.saturating_add(1), self.pages()));
        Scene {
            body,
            foot: self.foot.clone(),
            status: far.hint.map(str::to_owned).or(page),
            left: far.left,
            question: self.question(far.all_was_shown),
            is_open: far.is_open,
            has_help: far.is_open,
            typed: far.typed.clone(),
            columns: self.look.size.columns,
            color: self.look.color,
        }
    }

    /// The question itself.
    fn question(&self, all_was_shown: bool) -> String {
        let (word, Asks { whether, to, needs_word, reads_all, choices, .. }) =
            (self.word.as_str(), self.asks);
        if needs_word {
            let others: Vec<_> = choices
                .iter()
                .filter(|choice| !choice.before_word.is_empty())
                .map(|choice| format!(", or {} {word}", choice.before_word))
                .collect();
            let others = others.concat();
            format!("To {to} this, type {word}{others}:")
        } else if all_was_shown || !reads_all {
            format!("{whether} [{}]", keys(choices))
        } else {
            format!("Read on, or type {word} to {to}:")
        }
    }
}
