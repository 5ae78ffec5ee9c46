//! How a question at the terminal is asked.

use std::time::Duration;

/// How to ask.
#[derive(Clone, Copy, Debug)]
pub struct TerminalOptions {
    /// How long to wait for an answer, and before that for other questions at the same terminal.
    pub timeout: Duration,
    /// Whether to use colour.
    pub color: bool,
    /// Whether to write lines that are read from top to bottom, for those who hear them and for terminals
    /// that can do nothing else. Otherwise the question has a screen of its own, which is drawn anew.
    pub plain: bool,
    /// Whether to show nothing beyond ASCII, for terminals and locales that have nothing else.
    pub ascii: bool,
}

/// What every terminal can show: plain lines in ASCII, without colour, for five minutes.
impl Default for TerminalOptions {
    fn default() -> TerminalOptions {
        TerminalOptions { timeout: Duration::from_secs(5 * 60), color: false, plain: true, ascii: true }
    }
}
