//! The word that is typed where a `y` is not enough.

/// Letters that are not taken for one another, in any usual type: sixteen, so that half a byte chooses one.
const LETTERS: [char; 16] = ['a', 'c', 'd', 'e', 'f', 'h', 'j', 'k', 'n', 'p', 'r', 't', 'u', 'w', 'x', 'y'];

/// A short random word that stands on the screen. Nobody knows it before the screen is drawn, so it cannot
/// have been typed ahead, and no text of an agent's can be chosen to be it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word(String);

impl Word {
    /// A new word.
    ///
    /// # Errors
    /// When the system has no randomness to give; then nobody can be asked.
    pub(super) fn draw() -> Result<Word, getrandom::Error> {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes)?;
        Ok(Word::of(bytes))
    }

    /// The word of these random bytes.
    pub(super) fn of(bytes: [u8; 2]) -> Word {
        let halves = bytes.into_iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
        Word(halves.filter_map(|half| LETTERS.get(usize::from(half))).collect())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is what was typed.
    pub(super) fn is(&self, typed: &str) -> bool {
        typed.eq_ignore_ascii_case(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_short_and_differ() {
        let words: std::collections::HashSet<_> =
            (0..50).map(|_| Word::draw().unwrap().as_str().to_owned()).collect();
        assert!(words.len() > 40, "{words:?}");
        assert!(words.iter().all(|word| word.len() == 4 && word.bytes().all(|it| it.is_ascii_lowercase())));
    }

    #[test]
    fn only_the_word_itself_is_the_word() {
        let word = Word::of([0x12, 0xEF]);
        assert_eq!(word.as_str(), "cdxy");
        assert!(word.is("cdxy") && word.is("CDXY"));
        for other in ["", "y", "yes", "cdx", "cdxyy", "cd xy"] {
            assert!(!word.is(other), "{other:?}");
        }
    }
}
