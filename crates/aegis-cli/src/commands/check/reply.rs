//! What is answered, in the form that was asked for.

use aegis_engine::{Action, ApprovalMode, Decision, Policy, Redacted, RuleTrace, to_json_line};
use aegis_present::json::v1::{CallV1, DecisionV1, Subject};
use aegis_present::lines::{render_answer, render_evaluation, render_trace};
use aegis_present::{Answered as Shown, Format, Named};
use aegis_runtime::Answered;
use chrono::{DateTime, Utc};

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::trusted_policy::TrustedPolicy;

/// An answer, and what it means for the exit status.
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) status: ExitStatus,
}

/// Puts answers into words.
pub(crate) struct Replier<'a> {
    pub(crate) loaded: &'a TrustedPolicy,
    pub(crate) session_id: String,
    pub(crate) explain: bool,
    pub(crate) format: Format,
}

impl Replier<'_> {
    /// The reply to a dry run.
    pub(crate) fn evaluated(
        &self,
        action: &Action,
        at: DateTime<Utc>,
        call: Option<CallV1<'_>>,
    ) -> Result<Reply, CommandError> {
        let decision = self.loaded.policy.decide(action, at);
        let status = match decision.approval() {
            ApprovalMode::Auto => ExitStatus::Success,
            ApprovalMode::Approve => ExitStatus::Unanswered,
            ApprovalMode::Block => ExitStatus::No,
        };
        let traces = self.traces(&self.loaded.policy, action, at);
        let hidden = self.loaded.policy.redaction().hide(action);
        let named = named(action, hidden.as_ref());
        let text = match self.format {
            Format::Text => with_trace(render_evaluation(named, &decision), traces.as_deref(), &decision),
            Format::Json => {
                let action_sha256 = action.digest();
                let policy_sha256 = self.loaded.sha256.to_string();
                let subject = self.subject(named, &policy_sha256, traces, call);
                json(&DecisionV1::evaluated(&subject, action_sha256, &decision, at))?
            }
        };
        Ok(Reply { text, status })
    }

    /// The reply to an action that the gate answered.
    pub(crate) fn answered(
        &self,
        action: &Action,
        answered: &Answered,
        call: Option<CallV1<'_>>,
    ) -> Result<Reply, CommandError> {
        let status = ExitStatus::of(answered.answer());
        // Not of the policy that was loaded: while somebody was asked, it may have become another one.
        let traces = self.traces(answered.policy(), action, answered.evaluated_at());
        // The very texts that the log has, so that the answer can be compared with it.
        let names = answered.names();
        let named = Named { kind: names.action_type(), target: names.action_target() };
        let text = match self.format {
            Format::Text => {
                let text = render_answer(named, &shown(answered));
                with_trace(text, traces.as_deref(), answered.decision())
            }
            Format::Json => {
                let policy_sha256 = answered.policy_sha256().to_string();
                let subject = self.subject(named, &policy_sha256, traces, call);
                json(&DecisionV1::answered(&subject, &shown(answered)))?
            }
        };
        Ok(Reply { text, status })
    }

    fn traces(&self, policy: &Policy, action: &Action, at: DateTime<Utc>) -> Option<Vec<RuleTrace>> {
        self.explain.then(|| policy.explain(action, at))
    }

    fn subject<'s>(
        &'s self,
        named: Named<'s>,
        policy_sha256: &'s str,
        explain: Option<Vec<RuleTrace>>,
        call: Option<CallV1<'s>>,
    ) -> Subject<'s> {
        Subject { session_id: &self.session_id, named, policy_sha256, explain, call }
    }
}

/// Type and target of an action, without what is hidden of it.
pub(super) fn named<'a>(action: &'a Action, hidden: Option<&'a Redacted>) -> Named<'a> {
    match hidden {
        Some(hidden) => Named { kind: hidden.kind(), target: hidden.target() },
        None => Named { kind: action.kind(), target: action.target() },
    }
}

/// An answer of the gate, as it is shown.
fn shown(answered: &Answered) -> Shown<'_> {
    Shown {
        action_id: answered.action_id(),
        action_sha256: answered.action_sha256(),
        decision: answered.decision(),
        answer: answered.answer(),
        reason: answered.reason(),
        approver: answered.approver(),
        at: answered.at(),
        waits: answered.waiting().map(|question| (question.id.as_str(), question.expires_at)),
        grant: answered.grant(),
        receipt: answered.receipt(),
    }
}

fn json(decision: &DecisionV1<'_>) -> Result<String, CommandError> {
    to_json_line(decision)
        .map_err(|error| CommandError::input(format!("the answer cannot be written as JSON: {error}")))
}

fn with_trace(text: String, traces: Option<&[RuleTrace]>, decision: &Decision) -> String {
    match traces {
        None => text,
        Some(traces) => format!("{text}\n{}", render_trace(traces, decision)),
    }
}
