//! What each key does, on a screen that any key leaves.

use super::answers::{Answer, Asks, Choice, keys};
use super::challenge::Word;
use super::look::{BOLD, Look, PLAIN};
use super::scene::Scene;

/// The help on a question.
#[derive(Clone, Debug)]
pub(super) struct Help {
    pages: Vec<Vec<String>>,
    look: Look,
}

impl Help {
    /// The help on what is asked, as it is asked on this screen.
    pub(super) fn of(look: Look, word: &Word, asks: Asks, has_pages: bool) -> Help {
        let Asks { to, needs_word, choices, otherwise, .. } = asks;
        let word = word.as_str();
        let mut title = look.new_lines();
        title.plain("  Aegis: what the keys do", BOLD);
        let mut lines = look.new_lines();
        lines.own(
            "decide",
            PLAIN,
            "what is shown happens as it is shown, or not at all. No answer in time is a no",
        );
        // The no is told below.
        let is_plain = |choice: &&Choice| choice.answer != Answer::Grant;
        let plain: Vec<Choice> = choices.iter().filter(is_plain).copied().collect();
        let yes = keys(&plain).trim_end_matches("/N").to_owned();
        if needs_word {
            lines.own("yes", PLAIN, &format!("{word}, then Enter: {to}. it has three tries"));
        } else if has_pages {
            lines.own(
                "yes",
                PLAIN,
                &format!("{yes}, then Enter: {to}, once all pages were shown; or type {word}"),
            );
        } else {
            lines.own("yes", PLAIN, &format!("{yes}, then Enter: {to}"));
        }
        for choice in choices.iter().filter(|choice| choice.answer == Answer::Grant) {
            let grant = choice.before_word;
            let typed = match (needs_word, has_pages) {
                (true, _) => format!("{grant} {word}"),
                (false, true) => format!("{grant}, once all pages were shown, or {grant} {word}"),
                (false, false) => grant.to_owned(),
            };
            let text = format!("{typed}, then Enter: {to}, and give the grant that stands above");
            lines.own(grant, PLAIN, &text);
        }
        lines.own("no", PLAIN, &format!("n, Enter alone, or ^C: {otherwise}. That is the default"));
        lines.own("read", PLAIN, "v or Space: the next page of all there is");
        let (title, lines) = (title.into_lines(), lines.into_lines());
        // A line is left for the title, one for what is said below, and one for the question.
        let room = look.size.rows.saturating_sub(title.len() + 2).max(1);
        let pages = lines.chunks(room).map(|part| [&title, part].concat()).collect();
        Help { pages, look }
    }

    pub(super) const fn pages(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn scene(&self, page: usize) -> Scene {
        Scene {
            body: self.pages.get(page).cloned().unwrap_or_default(),
            foot: Vec::new(),
            status: None,
            left: None,
            question: "Any key goes back to the question.".to_owned(),
            is_open: true,
            has_help: false,
            typed: String::new(),
            columns: self.look.size.columns,
            color: self.look.color,
        }
    }
}
