//! The answer to an action that was asked for and recorded.

use aegis_engine::{Decision, Digest};
use aegis_ledger::answer::{Answer, ApproverIdentity};
use aegis_ledger::event::GrantUse;
use aegis_ledger::receipt::Receipt;
use chrono::{DateTime, Utc};

/// Type and target of an action as they may be kept: without secrets.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The kind of operation.
    pub kind: &'a str,
    /// The system acted upon.
    pub target: &'a str,
}

/// The answer to an action that was asked for and recorded.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The digest of the action.
    pub action_sha256: Digest,
    /// What the policy said.
    pub decision: &'a Decision,
    /// The answer.
    pub answer: Answer,
    /// Why, in a sentence that is escaped.
    pub reason: &'a str,
    /// Who answered; absent where nobody did.
    pub approver: Option<&'a ApproverIdentity>,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// The question that waits for an answer, by its id and when it expires, where nobody gave one.
    pub waits: Option<(&'a str, DateTime<Utc>)>,
    /// The grant that allowed it, where one did.
    pub grant: Option<&'a GrantUse>,
    /// The proof that it is recorded.
    pub receipt: &'a Receipt,
}
