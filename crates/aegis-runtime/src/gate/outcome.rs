//! What the gate answers, and what is known of each answer.

use std::sync::Arc;

use aegis_audit::Committed;
use aegis_engine::{Decision, Digest, Policy};
use aegis_ledger::answer::{Answer, ApproverIdentity};
use aegis_ledger::event::{GrantUse, RecordedNames};
use aegis_ledger::receipt::Receipt;
use chrono::{DateTime, Utc};

use crate::gate::sealed::Sealed;
use crate::waiting_question::WaitingQuestion;

/// What the gate answered, with everything that is said about it.
#[derive(Debug)]
#[must_use = "an outcome that is not looked at protects nothing"]
pub enum Outcome {
    /// The action may happen.
    Allowed(Proceed),
    /// It must not.
    Refused(Refusal),
}

/// Leave to do one action, once. It exists only where the log holds the permission, synced, and every sink
/// took the record of it: that is what [`Committed`] proves, the only thing that one can be made from.
#[derive(Debug)]
#[must_use = "an allowed action that is not done should not have been asked for"]
pub struct Proceed(Answered);

/// The answer no, or no answer.
#[derive(Debug)]
#[must_use = "a refusal that is not heeded protects nothing"]
pub struct Refusal(Answered);

/// One action and how it was answered. It is no leave, and none can be made of it.
#[derive(Clone, Debug)]
pub struct Answered {
    action_id: String,
    evaluated_at: DateTime<Utc>,
    at: DateTime<Utc>,
    names: RecordedNames,
    action_sha256: Digest,
    policy: Arc<Policy>,
    policy_sha256: Digest,
    decision: Decision,
    answer: Answer,
    approver: Option<ApproverIdentity>,
    /// Where it says more than the decision's own reason.
    reason: Option<String>,
    waiting: Option<WaitingQuestion>,
    grant: Option<GrantUse>,
    receipt: Receipt,
}

impl From<Committed<Sealed<'_>>> for Outcome {
    /// The outcome, now that the log and every sink have it.
    fn from(committed: Committed<Sealed<'_>>) -> Outcome {
        let grant = committed.account().grant().cloned();
        let (Sealed { asked, names, answer, approver, reason, waits, .. }, receipt) = committed.into_parts();
        let waiting = waits.and_then(|waits| waits.question(&asked.draft.action_id));
        let (draft, at) = (asked.draft, asked.at);
        let answered = Answered {
            action_id: draft.action_id,
            evaluated_at: draft.at,
            at,
            names,
            action_sha256: draft.action_sha256,
            policy: draft.ground.policy,
            policy_sha256: draft.ground.policy_sha256,
            decision: draft.decision,
            answer,
            approver,
            reason,
            waiting,
            grant,
            receipt,
        };
        // Refusal is what falls through.
        if answer.is_allowed() {
            Outcome::Allowed(Proceed(answered))
        } else {
            Outcome::Refused(Refusal(answered))
        }
    }
}

impl Outcome {
    /// The action and how it was answered.
    #[must_use]
    pub fn answered(&self) -> &Answered {
        match self {
            Outcome::Allowed(Proceed(answered)) | Outcome::Refused(Refusal(answered)) => answered,
        }
    }
}

impl Proceed {
    /// The action and how it was answered.
    #[must_use]
    pub fn answered(&self) -> &Answered {
        &self.0
    }
}

impl Refusal {
    /// The same, to be kept.
    pub(crate) fn into_answered(self) -> Answered {
        self.0
    }

    /// The action and how it was answered.
    #[must_use]
    pub fn answered(&self) -> &Answered {
        &self.0
    }
}

impl Answered {
    /// The id of the action in the record (a UUID of version 7, so ids sort by time).
    #[must_use]
    pub fn action_id(&self) -> &str {
        &self.action_id
    }

    /// The instant as of which the policy was evaluated: before anyone was asked, or, where it was stricter
    /// by then, when the answer was given.
    #[must_use]
    pub fn evaluated_at(&self) -> DateTime<Utc> {
        self.evaluated_at
    }

    /// When the answer was given.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Type and target of the action as the log has them: without secrets.
    #[must_use]
    pub fn names(&self) -> &RecordedNames {
        &self.names
    }

    /// The digest of the action's canonical form.
    #[must_use]
    pub fn action_sha256(&self) -> Digest {
        self.action_sha256
    }

    /// The policy that decided.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The digest of the policy that decided.
    #[must_use]
    pub fn policy_sha256(&self) -> Digest {
        self.policy_sha256
    }

    /// What the policy said.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.answer
    }

    /// Who answered.
    #[must_use]
    pub fn approver(&self) -> Option<&ApproverIdentity> {
        self.approver.as_ref()
    }

    /// Why, in a sentence for a person.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_else(|| self.decision.reason())
    }

    /// The question that waits for an answer, where nobody gave one here and now.
    #[must_use]
    pub fn waiting(&self) -> Option<&WaitingQuestion> {
        self.waiting.as_ref()
    }

    /// The grant that allowed it, where nobody was asked because of one, and what is left of that.
    #[must_use]
    pub fn grant(&self) -> Option<&GrantUse> {
        self.grant.as_ref()
    }

    /// Where in the log the answer is.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}
