//! The gate: evaluate, approve, record. Nothing gets past it without a synced record.

use std::time::Instant;

use crate::approval::{Approval, ApprovalRequest, Approver};
use crate::identity::new_action_id;
use aegis_audit::{Answer, ApproverIdentity, Entry, Event, PathSource, Receipt, Stamped, Trail, TrailError};
use aegis_engine::{Action, ApprovalMode, Decision, Digest, Policy, escape};
use chrono::{DateTime, Utc};
use thiserror::Error;

/// Who and where: what every record says besides the action itself.
#[derive(Clone, Debug)]
pub struct Context {
    /// Groups the actions of one run of an agent.
    pub session_id: String,
    /// The name of this machine.
    pub host: String,
    /// The account that asks, as the kernel knows it.
    pub user: String,
    /// Where the policy's path was taken from.
    pub policy_source: PathSource,
    /// Where the log's path was taken from.
    pub log_source: PathSource,
}

/// Why the gate could not answer. The action must not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GateError {
    /// The log did not take the record.
    #[error(transparent)]
    Audit(#[from] TrailError),
    /// The system has no randomness for the id of an action.
    #[error("no randomness for the id of an action: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The log took the record but gave no receipt for it.
    #[error("the audit log gave no receipt")]
    NoReceipt,
}

/// The gate between an agent's actions and the world.
#[derive(Debug)]
pub struct Gate<'a, A: Approver + ?Sized> {
    policy: &'a Policy,
    policy_sha256: Digest,
    trail: Trail,
    approver: &'a mut A,
    context: Context,
}

/// What the gate answered, with everything that is said about it.
#[derive(Debug)]
#[must_use = "an outcome that is not looked at protects nothing"]
pub enum Outcome {
    /// The action may happen.
    Allowed(Proceed),
    /// It must not.
    Refused(Refusal),
}

/// Leave to do one action, once. It exists only where a receipt says that the log holds the permission.
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
    action_id: String,
    evaluated_at: DateTime<Utc>,
    at: DateTime<Utc>,
    action_sha256: Digest,
    decision: Decision,
    answer: Answer,
    approver: Option<ApproverIdentity>,
    reason: String,
    receipt: Receipt,
}

impl<'a, A: Approver + ?Sized> Gate<'a, A> {
    /// Sets up a gate over a policy, a log and somebody to ask.
    pub fn new(
        policy: &'a Policy,
        policy_sha256: Digest,
        trail: Trail,
        approver: &'a mut A,
        context: Context,
    ) -> Self {
        Gate { policy, policy_sha256, trail, approver, context }
    }

    /// Answers one action: evaluates it, asks a human where the policy says so, and records the answer.
    ///
    /// Returns only after the record is synced. A request is recorded before anyone is asked, so that a question that
    /// was cut short leaves a trace.
    ///
    /// # Errors
    /// When the log cannot be written; the action must not happen then.
    pub fn answer(&mut self, action: &Action) -> Result<Outcome, GateError> {
        let action_id = new_action_id()?;
        let action_sha256 = action.digest();
        let evaluated_at = Utc::now();
        let decision = self.policy.decide(action, evaluated_at);
        let entry = Entry {
            action_id: &action_id,
            session_id: &self.context.session_id,
            action,
            action_sha256,
            decision: &decision,
            policy_sha256: self.policy_sha256,
            host: &self.context.host,
            user: &self.context.user,
            policy_source: self.context.policy_source,
            log_source: self.context.log_source,
        };
        let mut asked = None;
        let approval = match decision.approval() {
            ApprovalMode::Auto | ApprovalMode::Block => None,
            ApprovalMode::Approve => {
                let _ =
                    self.trail.append(&[Stamped { at: evaluated_at, event: Event::Requested { entry } }])?;
                asked = Some(Instant::now());
                Some(self.approver.ask(&ApprovalRequest {
                    action_id: &action_id,
                    action,
                    action_sha256,
                    decision: &decision,
                    policy_sha256: self.policy_sha256,
                }))
            }
        };
        let at = if approval.is_some() { Utc::now() } else { evaluated_at };
        // By the clock that cannot be set.
        let waited_ms = asked.and_then(|asked| u64::try_from(asked.elapsed().as_millis()).ok());
        let (answer, approver) = conclude(&decision, approval.as_ref());
        let reason = reason(&decision, approval.as_ref());
        let decided = Event::Decided { entry, answer, approver: approver.as_ref(), reason: &reason };
        let receipt = record(
            &mut self.trail,
            at,
            &entry,
            approval.as_ref().map(|approval| (approval, waited_ms)),
            decided,
        )?;
        let answered = Answered {
            action_id,
            evaluated_at,
            at,
            action_sha256,
            decision,
            answer,
            approver,
            reason,
            receipt,
        };
        Ok(if answered.receipt.allows() {
            Outcome::Allowed(Proceed(answered))
        } else {
            Outcome::Refused(Refusal(answered))
        })
    }
}

/// Appends the answer, and the approver's before it, in one transaction; the receipt is the answer's.
fn record(
    trail: &mut Trail,
    at: DateTime<Utc>,
    entry: &Entry<'_>,
    approval: Option<(&Approval, Option<u64>)>,
    decided: Event<'_>,
) -> Result<Receipt, GateError> {
    let why = approval.and_then(|(approval, _)| approval.why_unanswered()).map(|why| why.to_string());
    let answered = approval.map(|(approval, waited_ms)| Event::Answered {
        action_id: entry.action_id,
        session_id: entry.session_id,
        answer: approval.answer(),
        approver: approval.approver(),
        note: why.as_deref(),
        waited_ms,
    });
    let events: Vec<_> = answered.into_iter().chain([decided]).map(|event| Stamped { at, event }).collect();
    trail.append(&events)?.into_iter().next_back().ok_or(GateError::NoReceipt)
}

/// The answer, and who gave it. Without an approval, the policy itself answered.
fn conclude(decision: &Decision, approval: Option<&Approval>) -> (Answer, Option<ApproverIdentity>) {
    match (decision.approval(), approval) {
        (ApprovalMode::Auto, _) => (Answer::Auto, Some(ApproverIdentity::rule())),
        (ApprovalMode::Block, _) => (Answer::Block, None),
        (ApprovalMode::Approve, Some(approval)) => (approval.answer(), approval.approver().cloned()),
        (ApprovalMode::Approve, None) => (Answer::Unanswered, None),
    }
}

fn reason(decision: &Decision, approval: Option<&Approval>) -> String {
    let policy_says = decision.reason();
    let Some(approval) = approval else { return policy_says.to_owned() };
    let who =
        approval.approver().and_then(|by| by.user.as_deref()).map_or_else(|| "somebody".to_owned(), escape);
    match (approval.answer(), approval.why_unanswered()) {
        (_, Some(why)) => format!("{policy_says}; {why}"),
        (Answer::Approved, None) => format!("{policy_says}; {who} approved it"),
        (_, None) => format!("{policy_says}; {who} denied it"),
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
        &self.action_id
    }

    /// The instant as of which the policy was evaluated: before anyone was asked.
    #[must_use]
    pub fn evaluated_at(&self) -> DateTime<Utc> {
        self.evaluated_at
    }

    /// When the answer was given.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The digest of the action's canonical form.
    #[must_use]
    pub fn action_sha256(&self) -> Digest {
        self.action_sha256
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
        &self.reason
    }

    /// The proof that the answer is in the log.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}
