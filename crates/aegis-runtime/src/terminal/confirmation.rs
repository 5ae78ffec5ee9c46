//! Asking whether something is to be done that is no agent's action, by the rules of the approval prompt.

use crate::approval::Unanswered;

use super::answers::{Answer, Asks, YES};
use super::asking::Asking;
use super::challenge::Word;
use super::layout::Lines;
use super::look::{BOLD, Look, PLAIN};
use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::reply::{Replied, Reply};
use super::sheet::Sheet;
use super::shown::Shown;
use super::signals::Signals;

/// On how many lines of an overview a fact may stand.
const LINES_OF_A_FACT: usize = 4;

/// What somebody is asked to confirm.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'a> {
    /// What is asked, as a line of at most 36 columns, such as `Aegis: remove this for good?`.
    pub title: &'a str,
    /// What it is about: labels of at most seven columns, and texts, which may be anybody's.
    pub facts: &'a [(&'static str, String)],
    /// Whether it cannot be undone: then the word on the screen is typed, where a `y` is enough otherwise.
    pub is_final: bool,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a no is a no"]
pub enum Confirmed {
    /// Somebody said yes.
    Yes,
    /// Somebody said no.
    No,
    /// Nobody answered.
    Nobody(Unanswered),
}

/// Asks whoever sits at the controlling terminal.
///
/// The rules are those of the [`TerminalApprover`](super::TerminalApprover): what was typed before the
/// question stood there for half a second is thrown away; Enter alone, anything else, the end of input, ^C
/// and ^\\ are no; a yes is typed in full, and ends with Enter.
pub fn confirm(confirmation: &Confirmation<'_>, options: TerminalOptions) -> Confirmed {
    let lay_out = |look, word| sheet(confirmation, look, word);
    let asked = Signals::catch(None).map_err(|_| NoAnswer::TerminalFailed).and_then(|signals| {
        let signals = &signals;
        Asking { options, signals, lay_out: &lay_out, why_after: None }.ask(|_, _| None)
    });
    match asked {
        Ok(Replied { reply: Reply::Answered(Answer::Yes), .. }) => Confirmed::Yes,
        // Nothing else was offered.
        Ok(Replied { reply: Reply::Answered(Answer::No | Answer::Grant), .. }) => Confirmed::No,
        Ok(Replied { reply: Reply::Nobody(why), .. }) | Err(why) => Confirmed::Nobody(why.into()),
    }
}

fn sheet(confirmation: &Confirmation<'_>, look: Look, word: Word) -> Result<Sheet, NoAnswer> {
    let mut title = look.new_lines();
    title.plain(&format!("  {}", confirmation.title), BOLD);
    let asks = Asks {
        whether: "Go on?",
        to: "do",
        choices: &[YES],
        needs_word: confirmation.is_final,
        reads_all: true,
        otherwise: "nothing is done",
    };
    let facts = || confirmation.facts.iter().map(|(label, text)| (*label, Shown::text(text, look.glyphs)));
    let overview = |mut lines: Lines, _room| {
        for (label, text) in facts() {
            lines.field(label, PLAIN, LINES_OF_A_FACT, |cap| text.cut(cap));
        }
        look.note(&mut lines);
        lines
    };
    let all = || {
        let mut lines = look.new_lines();
        facts().for_each(|(label, text)| lines.own(label, PLAIN, text.whole()));
        look.note(&mut lines);
        lines
    };
    Sheet::new((look, word), asks, title, look.new_lines(), overview, all)
}

#[cfg(test)]
mod tests {
    use super::super::glyphs::Glyphs;
    use super::super::screen::Size;
    use super::super::sheet::{Far, Verdict};
    use super::*;

    const YES: Verdict = Verdict::Answer(Answer::Yes);
    const NO: Verdict = Verdict::Answer(Answer::No);

    fn shown(confirmation: &Confirmation<'_>, columns: usize, page: usize) -> (Sheet, String) {
        let look = Look {
            size: Size { columns, rows: 24 },
            color: false,
            glyphs: Glyphs::default(),
            injectable: false,
        };
        let sheet = sheet(confirmation, look, Word::of([0x12, 0x34])).unwrap();
        let far = Far {
            page,
            all_was_shown: page + 1 >= sheet.pages(),
            help: None,
            is_open: true,
            hint: None,
            typed: String::new(),
            left: None,
        };
        let lines = sheet.scene(&far).lines().join("\n");
        (sheet, lines)
    }

    #[test]
    fn what_can_be_undone_takes_a_y() {
        let facts = [("file", "policies/aegis.yaml".to_owned())];
        let confirmation = Confirmation { title: "Overwrite this file?", facts: &facts, is_final: false };
        let (sheet, shown) = shown(&confirmation, 80, 0);
        assert_eq!(
            shown,
            "  Overwrite this file?\n  file   │ policies/aegis.yaml\n  ? helps\n  Go on? [y/N] "
        );
        assert_eq!(["y", "", "cdef"].map(|typed| sheet.judge(typed, true)), [YES, NO, NO]);
    }

    #[test]
    fn what_cannot_be_undone_takes_the_word() {
        let facts = [("action", "0193".to_owned())];
        let confirmation = Confirmation { title: "Remove this for good?", facts: &facts, is_final: true };
        let (sheet, shown) = shown(&confirmation, 40, 0);
        assert!(shown.ends_with("\n  To do this, type cdef: "), "{shown}");
        let judged = ["cdef", "y", ""].map(|typed| sheet.judge(typed, true));
        assert_eq!(judged, [YES, Verdict::NotTheWord, NO]);
    }

    #[test]
    fn a_fact_that_does_not_fit_has_pages_and_nothing_in_it_is_a_line_of_ours() {
        let facts = [("file", format!("a\n  Go on? [y/N] \u{1b}[2J{}", "x".repeat(2000)))];
        let confirmation = Confirmation { title: "Overwrite this file?", facts: &facts, is_final: false };
        let (sheet, first) = shown(&confirmation, 40, 0);
        assert!(sheet.pages() > 1);
        assert_eq!((sheet.judge("y", false), sheet.judge("y", true)), (Verdict::TooEarly, YES));
        assert!(!first.contains('\u{1b}') && !first.contains("\n  Go on?"), "{first}");
        assert!(first.ends_with("\n  Read on, or type cdef to do: "), "{first}");
    }
}
