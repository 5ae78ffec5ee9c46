//! What came of a question at the terminal.

use nix::errno::Errno;

use crate::terminal::no_answer::NoAnswer;
use crate::terminal::signals::Interruption;

/// What was made of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Yes,
    No,
    Nobody(NoAnswer),
}

/// Why a question ended without a line that was typed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    EndOfInput,
    Interrupted(Interruption),
    NoAnswer(NoAnswer),
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
