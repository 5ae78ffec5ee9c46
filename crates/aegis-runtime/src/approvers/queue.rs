//! The queue: a question waits in the log until somebody answers it there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::reply_wait::{ReplyWait, wait_for_reply};
use crate::waiting_question::WaitingQuestion;

/// Leaves each question in the log, where somebody may answer it from elsewhere (`aegis approve`), and waits
/// for that. When the time is over, nobody has answered, and the question waits on: what was answered then is
/// used by the next one who asks for the same.
///
/// It asks nobody itself, so that it also serves rules that want more than whoever asks can give. What it
/// waits for holds up the gate.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use aegis_runtime::{ChainApprover, QueueApprover, TerminalApprover, TerminalOptions};
///
/// let timeout = Duration::from_secs(600);
/// let options = TerminalOptions { timeout, color: true, plain: false, ascii: false };
/// // Whoever sits at the terminal, and otherwise whoever answers in the log.
/// let approver = ChainApprover::new(TerminalApprover::new(options))
///     .or_else(QueueApprover::new("aegis_audit.db", timeout));
/// # let _ = approver;
/// ```
#[derive(Clone, Debug)]
pub struct QueueApprover {
    log: PathBuf,
    patience: Duration,
}

impl QueueApprover {
    /// Waits so long for an answer in the log at this path, which must be the one that the gate writes.
    #[must_use]
    pub fn new(log: impl Into<PathBuf>, patience: Duration) -> QueueApprover {
        QueueApprover { log: log.into(), patience }
    }
}

fn absent() -> Unanswered {
    Unanswered::new("nobody was asked here, and nobody has answered in the audit log")
}

impl Approver for QueueApprover {
    fn absent(&self) -> Option<Unanswered> {
        Some(absent())
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.nobody(absent())
    }

    fn await_reply(&mut self, question: &WaitingQuestion, since: Instant) -> bool {
        let wait = ReplyWait { since, longest: self.patience, output: None, is_stopped: &|| false };
        // Where the log cannot be read, nothing comes of it, and the question stays.
        wait_for_reply(&self.log, &question.id, wait).unwrap_or(false)
    }
}
