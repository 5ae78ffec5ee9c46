//! The second step: whoever had to be asked was asked.

use std::time::Instant;

use aegis_audit::{Journal, RecordError};
use aegis_engine::{Redacted, escape};
use aegis_ledger::answer::Answer;
use chrono::{DateTime, Utc};

use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::gate::draft::Draft;

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
    /// Nobody is asked: the policy answers by itself, or nobody is there.
    pub(crate) fn without_a_question(draft: Draft<'a>, nobody: Option<Unanswered>) -> Asked<'a> {
        let question = nobody.map(|why| Question {
            approval: Approval::unanswered(&draft.action_id, why),
            waited_ms: Some(0),
            is_recorded: false,
        });
        let at = draft.at;
        Asked { draft, question, at }
    }

    /// Records the question, asks it, and waits for the answer. A question that was cut short leaves a trace.
    pub(crate) fn by(
        approver: &mut dyn Approver,
        draft: Draft<'a>,
        journal: &mut Journal,
    ) -> Result<Asked<'a>, RecordError> {
        let draft = journal.record(vec![draft])?.pop().ok_or(RecordError::NoEvent)?.into_parts().0;
        // What stands for secrets is the log's own; here it counts only where they are.
        let redacted = draft.ground.policy.redaction().redact(draft.action, |_| String::new());
        let asked = Instant::now();
        let approval = approver.ask(&ApprovalRequest {
            action_id: &draft.action_id,
            action: draft.action,
            action_sha256: draft.action_sha256,
            decision: &draft.decision,
            policy_sha256: draft.ground.policy_sha256,
            redacted: redacted.as_ref().map(Redacted::pointers).unwrap_or_default(),
        });
        // By the clock that cannot be set.
        let waited_ms = u64::try_from(asked.elapsed().as_millis()).ok();
        let approval = approval.about(&draft.action_id);
        Ok(Asked {
            draft,
            question: Some(Question { approval, waited_ms, is_recorded: true }),
            at: aegis_audit::now(),
        })
    }

    /// What the policy says, and who answered how.
    pub(crate) fn reason(&self, approval: &Approval) -> String {
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
