//! A file that should have been looked at and was not: a report that is silent about it would look clean.

/// A file that could not be read, or not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadFile {
    /// What it is called.
    pub name: String,
    /// What is wrong, in words that are escaped already.
    pub problem: String,
}
