//! What the gate answers, and what is known of each answer.

use aegis_audit::{Answer, ApproverIdentity, Receipt, Recorded};
use aegis_engine::{Decision, Digest};
use chrono::{DateTime, Utc};

/// What the gate answered, with everything that is said about it.
#[derive(Debug)]
#[must_use = "an outcome that is not looked at protects nothing"]
pub enum Outcome {
    /// The action may happen.
    Allowed(Proceed),
    /// It must not.
    Refused(Refusal),
}

/// Leave to do one action, once. It exists only where the log holds the permission, synced, and every sink took
/// the record of it: that is what [`Recorded`] proves.
#[derive(Debug)]
#[must_use = "an allowed action that is not done should not have been asked for"]
pub struct Proceed(Answered);

/// The answer no, or no answer.
#[derive(Debug)]
#[must_use = "a refusal that is not heeded protects nothing"]
pub struct Refusal(Answered);

/// One action and how it was answered.
#[derive(Debug)]
pub struct Answered {
    answer: Unrecorded,
    recorded: Recorded,
}

/// An answer that nobody may be given yet, because it is not in the log.
#[derive(Debug)]
pub(crate) struct Unrecorded {
    pub(crate) action_id: String,
    pub(crate) evaluated_at: DateTime<Utc>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) action_sha256: Digest,
    pub(crate) decision: Decision,
    pub(crate) answer: Answer,
    pub(crate) approver: Option<ApproverIdentity>,
    /// Where it says more than the decision's own reason.
    pub(crate) reason: Option<String>,
}

impl Unrecorded {
    pub(crate) fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_else(|| self.decision.reason())
    }

    /// The outcome, now that the log and every sink have it.
    pub(crate) fn recorded(self, recorded: Recorded) -> Outcome {
        let allowed = recorded.receipt().allows();
        let answered = Answered { answer: self, recorded };
        if allowed { Outcome::Allowed(Proceed(answered)) } else { Outcome::Refused(Refusal(answered)) }
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
        &self.answer.action_id
    }

    /// The instant as of which the policy was evaluated: before anyone was asked.
    #[must_use]
    pub fn evaluated_at(&self) -> DateTime<Utc> {
        self.answer.evaluated_at
    }

    /// When the answer was given.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.answer.at
    }

    /// The digest of the action's canonical form.
    #[must_use]
    pub fn action_sha256(&self) -> Digest {
        self.answer.action_sha256
    }

    /// What the policy said.
    pub fn decision(&self) -> &Decision {
        &self.answer.decision
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.answer.answer
    }

    /// Who answered.
    #[must_use]
    pub fn approver(&self) -> Option<&ApproverIdentity> {
        self.answer.approver.as_ref()
    }

    /// Why, in a sentence for a person.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.answer.reason()
    }

    /// The proof that the answer is in the log.
    pub fn receipt(&self) -> &Receipt {
        self.recorded.receipt()
    }
}
