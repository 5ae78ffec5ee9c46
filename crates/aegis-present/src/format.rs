//! In which form an answer is wanted.

/// In which form an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for a person.
    Text,
    /// One object on one line, for a program.
    Json,
}
