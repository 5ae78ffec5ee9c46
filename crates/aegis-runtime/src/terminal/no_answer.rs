//! Why nobody answered at the terminal.

use std::fmt;

use crate::approval::Unanswered;

/// Why nobody answered at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// There is no terminal to ask at.
    NoTerminal,
    /// The process is in the background of its terminal.
    Background,
    /// The deadline passed.
    Timeout,
    /// The terminal went away.
    HungUp,
    /// The process was told to stop by another one.
    Stopped,
    /// Whoever asked does not want to know any more.
    GivenUp,
    /// The terminal could not be read, written or set up.
    TerminalFailed,
    /// The action could not be shown so that it is understood.
    TooSmall,
    /// There is no word that could be asked for.
    NoRandomness,
}

impl NoAnswer {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            NoAnswer::NoTerminal => "there is no terminal to ask at",
            NoAnswer::Background => "the process is in the background of its terminal",
            NoAnswer::Timeout => "nobody answered in time",
            NoAnswer::HungUp => "the terminal went away before anyone answered",
            NoAnswer::Stopped => "the process was told to stop before anyone answered",
            NoAnswer::GivenUp => "whoever asked gave up before anyone answered",
            NoAnswer::TerminalFailed => "the terminal could not be used",
            NoAnswer::TooSmall => {
                "the terminal is too small to show the action: it needs 40 columns and 10 lines"
            }
            NoAnswer::NoRandomness => "the system has no randomness for the word to be typed",
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl From<NoAnswer> for Unanswered {
    fn from(why: NoAnswer) -> Unanswered {
        Unanswered::new(why.as_str())
    }
}
