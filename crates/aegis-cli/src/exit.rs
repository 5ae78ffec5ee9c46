//! What the exit status says. Mapped to numbers here and nowhere else.

use std::process::ExitCode;

use aegis_ledger::answer::Answer;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Done; for `check`: allowed, and recorded.
    Success,
    /// The answer is no: blocked, denied, or (for other commands) invalid.
    No,
    /// The command line is wrong.
    Usage,
    /// Approval is required, and nobody answered.
    Unanswered,
    /// The audit log could not be written, or read.
    AuditLog,
    /// The input or the policy could not be read.
    Input,
    /// For `run`: what the command's own status was.
    Ran(u8),
    /// For `run`: Aegis itself failed.
    Failed,
    /// For `run`: the command was refused, or cannot be executed.
    Refused,
    /// For `run`: there is no such command.
    NotFound,
}

impl ExitStatus {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            ExitStatus::Success => 0,
            ExitStatus::No => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Unanswered => 3,
            ExitStatus::AuditLog => 4,
            ExitStatus::Input => 5,
            ExitStatus::Ran(status) => status,
            ExitStatus::Failed => 125,
            ExitStatus::Refused => 126,
            ExitStatus::NotFound => 127,
        }
    }

    /// What an answer means for the exit status.
    pub(crate) const fn of(answer: Answer) -> ExitStatus {
        match answer {
            Answer::Auto | Answer::Approved => ExitStatus::Success,
            Answer::Denied | Answer::Block => ExitStatus::No,
            Answer::Unanswered => ExitStatus::Unanswered,
        }
    }

    /// Of two lines of a stream, the status that the whole stream ends with: 4, then 5, 3, 1, 0.
    pub(crate) fn worse(self, other: ExitStatus) -> ExitStatus {
        let rank = |status| match status {
            ExitStatus::Success => 0,
            ExitStatus::No => 1,
            ExitStatus::Unanswered => 2,
            ExitStatus::Usage | ExitStatus::Input => 3,
            ExitStatus::AuditLog => 4,
            ExitStatus::Ran(_) | ExitStatus::Failed | ExitStatus::Refused | ExitStatus::NotFound => 5,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl ExitStatus {
    /// The status of `run` where something else than the command says how it went: its small statuses are the
    /// command's own, but for that of wrong usage.
    pub(crate) const fn of_run(self) -> ExitStatus {
        match self {
            ExitStatus::No | ExitStatus::Unanswered => ExitStatus::Refused,
            ExitStatus::AuditLog | ExitStatus::Input => ExitStatus::Failed,
            other => other,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_ends_with_the_status_of_highest_priority() {
        use ExitStatus::{AuditLog, Input, No, Success, Unanswered};
        let rising = [Success, No, Unanswered, Input, AuditLog];
        for (index, low) in rising.into_iter().enumerate() {
            for high in rising.into_iter().skip(index) {
                assert_eq!((low.worse(high), high.worse(low)), (high, high));
            }
        }
    }
}
