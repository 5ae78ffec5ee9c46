//! What a question can be answered, and in which words.

/// What somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// What the question asks for.
    Yes,
    /// The same, and the grant that is offered with it.
    Grant,
    No,
}

/// An answer that a question offers beside the no, which always is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) answer: Answer,
    /// What is typed for it, where that is enough. The first is the key that the question names.
    pub(super) words: &'static [&'static str],
    /// What is typed before the random word on the screen, where that is wanted: nothing for a plain yes.
    pub(super) before_word: &'static str,
}

/// What is asked, in the words that stand next to the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks {
    /// What a `y` answers.
    pub(super) whether: &'static str,
    /// What typing the word does, behind `to`.
    pub(super) to: &'static str,
    /// What can be answered beside no.
    pub(super) choices: &'static [Choice],
    /// Whether the word is asked for, whatever was shown.
    pub(super) needs_word: bool,
    /// Whether a `y` counts only once all was shown.
    pub(super) reads_all: bool,
    /// What all else than a yes comes to.
    pub(super) otherwise: &'static str,
}

/// What the question asks for.
pub(super) const YES: Choice = Choice { answer: Answer::Yes, words: &["y", "yes"], before_word: "" };

/// What the question asks for, and the grant that is offered with it: worth more than a key, so that it is
/// spelt out.
pub(super) const GRANT: Choice = Choice { answer: Answer::Grant, words: &["grant"], before_word: "grant" };

/// What is no, and not a word typed wrong. To type nothing is no.
const REFUSALS: [&str; 3] = ["", "n", "no"];

impl Choice {
    /// Whether what was typed is this choice, where its own words are enough.
    pub(super) fn is(&self, typed: &str) -> bool {
        self.words.iter().any(|word| word.eq_ignore_ascii_case(typed))
    }

    /// What is to be typed beside the random word, if what was typed is that of this choice.
    pub(super) fn word_in<'t>(&self, typed: &'t str) -> Option<&'t str> {
        if self.before_word.is_empty() {
            return Some(typed);
        }
        let (before, word) = typed.split_once(' ')?;
        before.eq_ignore_ascii_case(self.before_word).then(|| word.trim_start())
    }
}

/// Whether what was typed refuses.
pub(super) fn refuses(typed: &str) -> bool {
    REFUSALS.iter().any(|word| word.eq_ignore_ascii_case(typed))
}

/// The keys of these choices and of the no, as a question names them: `y/N`.
pub(super) fn keys(choices: &[Choice]) -> String {
    let mut keys: Vec<&str> = choices.iter().filter_map(|choice| choice.words.first().copied()).collect();
    keys.push("N");
    keys.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_named_by_its_words_or_stands_before_the_random_word() {
        assert_eq!(keys(&[YES]), "y/N");
        assert_eq!(keys(&[YES, GRANT]), "y/grant/N");
        assert!(YES.is("Y") && YES.is("yes") && !YES.is("") && !YES.is("ye") && !YES.is("grant"));
        assert!(GRANT.is("Grant") && !GRANT.is("g") && !GRANT.is("y") && !GRANT.is("yes"));
        assert_eq!((YES.word_in("khwp"), GRANT.word_in("khwp")), (Some("khwp"), None));
        assert_eq!(
            (GRANT.word_in("grant khwp"), YES.word_in("grant khwp")),
            (Some("khwp"), Some("grant khwp"))
        );
    }

    #[test]
    fn nothing_is_a_refusal() {
        assert!(refuses("") && refuses("N") && refuses("no") && !refuses("nope") && !refuses("y"));
    }
}
