//! One code explained.

/// A code explained, after its [`meaning`](crate::Code::meaning).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Why it matters, and what to do.
    pub text: &'static str,
    /// A policy, or some rules of one, with such a finding; empty where text cannot show it.
    pub wrong: &'static str,
    /// The same without any finding.
    pub right: &'static str,
}

pub(super) const fn explain(text: &'static str, wrong: &'static str, right: &'static str) -> Explanation {
    Explanation { text, wrong, right }
}
