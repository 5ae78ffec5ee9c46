//! What every code means at length: one table, for whoever asks about one and for the reference.

mod approvals;
mod entry;
mod errors;
mod warnings;

use crate::language::code::Code;
use crate::text::nearest::nearest;

pub use crate::language::explanation::entry::Explanation;

impl Code {
    /// The code at length.
    #[must_use]
    pub fn explanation(self) -> Explanation {
        warnings::of(self).or_else(|| approvals::of(self)).unwrap_or_else(|| errors::of(self))
    }
}

/// The code that a misspelt one was probably meant to be.
#[must_use]
pub fn nearest_code(word: &str) -> Option<Code> {
    let words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    nearest(word, &words).and_then(Code::from_word)
}
