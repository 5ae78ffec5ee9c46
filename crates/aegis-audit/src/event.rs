//! What is written down: the events of an action's life, in the form in which they are hashed and stored.

use aegis_engine::{Action, ApprovalMode, Decision, Digest, RiskLevel, Undecidable, canonical_json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::{Answer, ApproverIdentity, ResultStatus};

/// Where the path of a policy or a log was taken from. A path from the environment could have been set by the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PathSource {
    /// A flag of the command, or the program that embeds the library.
    Argument,
    /// An environment variable.
    Environment,
    /// Nobody said; the default.
    Default,
}

/// An action and what the policy says of it: the common part of its `requested` and `decided` events.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The session that it belongs to.
    pub session_id: &'a str,
    /// The action itself.
    pub action: &'a Action,
    /// The digest of its canonical form.
    pub action_sha256: Digest,
    /// What the policy says.
    pub decision: &'a Decision,
    /// The digest of the policy.
    pub policy_sha256: Digest,
    /// The machine.
    pub host: &'a str,
    /// The account that asks.
    pub user: &'a str,
    /// Where the policy's path was taken from.
    pub policy_source: PathSource,
    /// Where the log's path was taken from.
    pub log_source: PathSource,
}

/// Something that happened to an action.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A human is about to be asked.
    Requested {
        /// The action.
        entry: Entry<'a>,
    },
    /// The human answered, or nobody did.
    Answered {
        /// The id of the action.
        action_id: &'a str,
        /// The session that it belongs to.
        session_id: &'a str,
        /// The answer.
        answer: Answer,
        /// Who gave it.
        approver: Option<&'a ApproverIdentity>,
        /// Why nobody answered.
        note: Option<&'a str>,
    },
    /// The action was answered for good.
    Decided {
        /// The action.
        entry: Entry<'a>,
        /// The answer.
        answer: Answer,
        /// Who gave it.
        approver: Option<&'a ApproverIdentity>,
        /// Why, in a sentence for a person.
        reason: &'a str,
    },
    /// An allowed action came to its end.
    Ended {
        /// The id of the action.
        action_id: &'a str,
        /// The session that it belongs to.
        session_id: &'a str,
        /// How it ended.
        status: ResultStatus,
        /// What went wrong.
        error: Option<&'a str>,
        /// How long it took, in milliseconds.
        duration_ms: Option<u64>,
    },
}

/// An event and when it happened.
#[derive(Clone, Copy, Debug)]
pub struct Stamped<'a> {
    /// When, by the wall clock; kept to the millisecond. Advice only: the order is that of the log.
    pub at: DateTime<Utc>,
    /// What.
    pub event: Event<'a>,
}

/// The kinds of event, as stored.
pub(crate) mod kind {
    pub(crate) const REQUESTED: &str = "requested";
    pub(crate) const ANSWERED: &str = "answered";
    pub(crate) const DECIDED: &str = "decided";
    pub(crate) const ENDED: &str = "ended";
}

/// The stored metadata of a `requested` or `decided` event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EntryBody {
    pub(crate) session_id: String,
    pub(crate) agent: Option<String>,
    pub(crate) action_type: String,
    pub(crate) action_target: String,
    pub(crate) risk_level: RiskLevel,
    pub(crate) approval: ApprovalMode,
    pub(crate) matched_rule: String,
    pub(crate) decision: Option<Answer>,
    pub(crate) approver: Option<ApproverIdentity>,
    pub(crate) result_status: Option<ResultStatus>,
    pub(crate) reason: String,
    pub(crate) undecidable: Vec<Undecidable>,
    pub(crate) action_sha256: String,
    pub(crate) policy_sha256: String,
    pub(crate) host: String,
    pub(crate) user: String,
    pub(crate) policy_source: PathSource,
    pub(crate) log_source: PathSource,
}

/// The stored metadata of an `answered` event.
#[derive(Debug, Serialize)]
struct AnsweredBody<'a> {
    session_id: &'a str,
    decision: Answer,
    approver: Option<&'a ApproverIdentity>,
    note: Option<&'a str>,
}

/// The stored metadata of an `ended` event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndedBody {
    pub(crate) session_id: String,
    pub(crate) result_status: ResultStatus,
    pub(crate) result_error: Option<String>,
    pub(crate) duration_ms: Option<u64>,
}

/// The stored payload: what may hold secrets, and can be removed without breaking the chain.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) params: Map<String, Value>,
    pub(crate) description: String,
}

/// An event in the form in which it is stored.
pub(crate) struct Encoded<'a> {
    pub(crate) kind: &'static str,
    pub(crate) action_id: &'a str,
    pub(crate) body: String,
    pub(crate) payload: Option<String>,
}

impl<'a> Event<'a> {
    /// The answer that this event makes final, if it does.
    pub(crate) const fn final_answer(&self) -> Option<Answer> {
        match self {
            Event::Decided { answer, .. } => Some(*answer),
            _ => None,
        }
    }

    pub(crate) fn encode(&self) -> Result<Encoded<'a>, serde_json::Error> {
        Ok(match *self {
            Event::Requested { entry } => {
                let body = serde_json::to_string(&entry_body(&entry, None, None, entry.decision.reason()))?;
                Encoded {
                    kind: kind::REQUESTED,
                    action_id: entry.action_id,
                    body,
                    payload: Some(payload(entry.action)),
                }
            }
            Event::Decided { entry, answer, approver, reason } => {
                let body = serde_json::to_string(&entry_body(&entry, Some(answer), approver, reason))?;
                Encoded {
                    kind: kind::DECIDED,
                    action_id: entry.action_id,
                    body,
                    payload: Some(payload(entry.action)),
                }
            }
            Event::Answered { action_id, session_id, answer, approver, note } => {
                let body =
                    serde_json::to_string(&AnsweredBody { session_id, decision: answer, approver, note })?;
                Encoded { kind: kind::ANSWERED, action_id, body, payload: None }
            }
            Event::Ended { action_id, session_id, status, error, duration_ms } => {
                let body = serde_json::to_string(&EndedBody {
                    session_id: session_id.to_owned(),
                    result_status: status,
                    result_error: error.map(str::to_owned),
                    duration_ms,
                })?;
                Encoded { kind: kind::ENDED, action_id, body, payload: None }
            }
        })
    }
}

fn entry_body(
    entry: &Entry<'_>,
    answer: Option<Answer>,
    approver: Option<&ApproverIdentity>,
    reason: &str,
) -> EntryBody {
    EntryBody {
        session_id: entry.session_id.to_owned(),
        agent: entry.action.agent().map(str::to_owned),
        action_type: entry.action.kind().to_owned(),
        action_target: entry.action.target().to_owned(),
        risk_level: entry.decision.risk_level(),
        approval: entry.decision.approval(),
        matched_rule: entry.decision.matched_rule().to_owned(),
        decision: answer,
        approver: approver.cloned(),
        result_status: answer.and_then(ResultStatus::of),
        reason: reason.to_owned(),
        undecidable: entry.decision.undecidable().to_vec(),
        action_sha256: entry.action_sha256.to_string(),
        policy_sha256: entry.policy_sha256.to_string(),
        host: entry.host.to_owned(),
        user: entry.user.to_owned(),
        policy_source: entry.policy_source,
        log_source: entry.log_source,
    }
}

fn payload(action: &Action) -> String {
    let mut payload = Map::new();
    payload.insert("params".to_owned(), Value::Object(action.params().clone()));
    payload.insert("description".to_owned(), action.description().into());
    canonical_json(&Value::Object(payload))
}
