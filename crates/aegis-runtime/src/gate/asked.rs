//! The second step: whoever had to be asked was asked.

use aegis_engine::{ApprovalMode, escape};
use aegis_ledger::answer::{Answer, ApproverIdentity};
use chrono::{DateTime, Utc};

use super::draft::Draft;
use super::sealed::Sealed;
use crate::approval::Approval;

/// An action for which nobody is left to be asked.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) draft: Draft<'a>,
    /// What came of asking, where a human had to be asked.
    pub(crate) question: Option<Question>,
    /// When the answer was given.
    pub(crate) at: DateTime<Utc>,
}

/// A question, and what came of it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) approval: Approval,
    /// How long it stood, in milliseconds.
    pub(crate) waited_ms: Option<u64>,
    /// Whether the log has the question already.
    pub(crate) is_recorded: bool,
}

impl<'a> Asked<'a> {
    /// Settles the answer: from here on, nothing about it changes.
    pub(crate) fn seal(self) -> Sealed<'a> {
        let (answer, approver, reason) = match (&self.question, self.draft.decision.approval()) {
            (Some(question), _) => {
                let approval = &question.approval;
                (approval.answer(), approval.approver().cloned(), Some(self.reason(approval)))
            }
            (None, ApprovalMode::Auto) => (Answer::Auto, Some(ApproverIdentity::rule()), None),
            (None, ApprovalMode::Block) => (Answer::Block, None, None),
            (None, ApprovalMode::Approve) => (Answer::Unanswered, None, None),
        };
        Sealed { asked: self, answer, approver, reason }
    }

    /// What the policy says, and who answered how.
    fn reason(&self, approval: &Approval) -> String {
        let policy_says = self.draft.decision.reason();
        let user = approval.approver().and_then(|by| by.user.as_deref());
        let who = user.map_or_else(|| "somebody".to_owned(), escape);
        match (approval.answer(), approval.why()) {
            (Answer::Approved, _) => format!("{policy_says}; {who} approved it"),
            (Answer::Denied, None) => format!("{policy_says}; {who} denied it"),
            (Answer::Denied, Some(why)) => format!("{policy_says}; {who} denied it: {}", escape(why)),
            (_, why) => format!("{policy_says}; {}", escape(why.unwrap_or("nobody answered"))),
        }
    }
}
