//! How a question at the terminal is asked.

use std::time::Duration;

/// How to ask.
#[derive(Clone, Copy, Debug)]
pub struct TerminalOptions {
    /// How long to wait for an answer, and before that for other questions at the same terminal.
    pub timeout: Duration,
    /// Whether to use colour.
    pub color: bool,
    /// Whether the terminal has another screen that the question can have to itself, as all but dumb ones
    /// do. Where it has none, the question is drawn over what is there.
    pub alternate_screen: bool,
}
