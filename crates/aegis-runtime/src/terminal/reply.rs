//! What came of a question at the terminal.

use nix::errno::Errno;

use crate::terminal::answers::Answer;
use crate::terminal::no_answer::NoAnswer;
use crate::terminal::signals::Interruption;

/// What was made of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Answered(Answer),
    Nobody(NoAnswer),
}

/// What was made of the terminal, and what was said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replied {
    pub(super) reply: Reply,
    /// Why, where somebody was asked for that and said it, or it is known.
    pub(super) note: Option<String>,
}

/// Why a question ended without a line that was typed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    EndOfInput,
    Interrupted(Interruption),
    NoAnswer(NoAnswer),
}

impl Ended {
    /// Whether the terminal has said that it is gone.
    pub(super) const fn is_hang_up(self) -> bool {
        matches!(self, Ended::NoAnswer(NoAnswer::HungUp))
    }
}

impl From<NoAnswer> for Ended {
    fn from(why: NoAnswer) -> Ended {
        Ended::NoAnswer(why)
    }
}

impl From<Errno> for Ended {
    fn from(errno: Errno) -> Ended {
        // A terminal that went away says so with EIO.
        Ended::NoAnswer(if errno == Errno::EIO { NoAnswer::HungUp } else { NoAnswer::TerminalFailed })
    }
}
