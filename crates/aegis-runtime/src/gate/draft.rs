//! The first step: what the policy says of an action, and nothing more yet.

use aegis_audit::{Account, Journal, RecordError};
use aegis_engine::{Action, ApprovalMode, Decision, Digest, Redacted};
use aegis_ledger::event::{Entry, Event, Requested, Stamped};
use chrono::{DateTime, Utc};

use super::asked::{Asked, Question};
use super::ground::Ground;
use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};

/// An action, and what the policy says of it at one instant.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) ground: Ground,
    pub(crate) action: &'a Action,
    pub(crate) action_id: String,
    pub(crate) action_sha256: Digest,
    pub(crate) decision: Decision,
    /// The instant as of which the policy was evaluated.
    pub(crate) at: DateTime<Utc>,
}

impl<'a> Draft<'a> {
    /// Evaluates an action as of now.
    pub(crate) fn new(ground: &Ground, action: &'a Action, action_id: String) -> Draft<'a> {
        let at = Utc::now();
        let decision = ground.policy.decide(action, at);
        Draft { ground: ground.clone(), action, action_id, action_sha256: action.digest(), decision, at }
    }

    /// Whether a human must be asked.
    pub(crate) fn needs_human(&self) -> bool {
        self.decision.approval() == ApprovalMode::Approve
    }

    /// Goes on without a question: the policy answers by itself, or nobody is there to be asked.
    pub(crate) fn settle(self, nobody: Option<Unanswered>) -> Asked<'a> {
        let question = nobody.map(|why| Question {
            approval: Approval::unanswered(&self.action_id, why),
            waited_ms: Some(0),
            is_recorded: false,
        });
        let at = self.at;
        Asked { draft: self, question, at }
    }

    /// Records the question, asks it, and waits for the answer. A question that was cut short leaves a trace.
    pub(crate) fn ask(
        self,
        journal: &mut Journal,
        approver: &mut dyn Approver,
    ) -> Result<Asked<'a>, RecordError> {
        let draft = journal.record(vec![self])?.pop().ok_or(RecordError::NoEvent)?.into_parts().0;
        // What stands for secrets is the log's own; here it counts only where they are.
        let redacted = draft.ground.policy.redaction().redact(draft.action, |_| String::new());
        let asked = std::time::Instant::now();
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
        let question = Some(Question { approval, waited_ms, is_recorded: true });
        Ok(Asked { draft, question, at: Utc::now() })
    }

    /// The action, as every event of it that holds it says it.
    pub(crate) fn entry(&self) -> Entry<'_> {
        let Ground { policy, policy_sha256, context } = &self.ground;
        Entry {
            action_id: &self.action_id,
            session_id: &context.session_id,
            action: self.action,
            action_sha256: self.action_sha256,
            decision: &self.decision,
            redaction: policy.redaction(),
            policy_sha256: *policy_sha256,
            host: &context.host,
            user: &context.user,
            policy_source: context.policy_source,
            log_source: context.log_source,
        }
    }
}

/// A draft is written down as the question that it leads to.
impl Account for Draft<'_> {
    fn events(&self) -> Vec<Stamped<'_>> {
        vec![Stamped { at: self.at, event: Event::Requested(Requested { entry: self.entry() }) }]
    }
}
