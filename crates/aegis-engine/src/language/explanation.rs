//! What every code means at length: one table, for `aegis validate --explain` and the reference alike.

mod errors;
mod warnings;

use crate::language::diagnostic::Code;
use crate::text::nearest::nearest;

/// A code explained, after its [`meaning`](Code::meaning).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why it matters, and what to do.
    pub text: &'static str,
    /// A policy, or some rules of one, with such a finding; empty where text cannot show it.
    pub wrong: &'static str,
    /// The same without any finding.
    pub right: &'static str,
}

const fn explain(text: &'static str, wrong: &'static str, right: &'static str) -> Explanation {
    Explanation { text, wrong, right }
}

impl Code {
    /// The code at length.
    #[must_use]
    pub fn explanation(self) -> Explanation {
        warnings::of(self).unwrap_or_else(|| errors::of(self))
    }
}

/// The code that a misspelt one was probably meant to be.
#[must_use]
pub fn nearest_code(word: &str) -> Option<Code> {
    let words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    nearest(word, &words).and_then(Code::from_word)
}
