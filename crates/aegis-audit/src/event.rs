//! What is written down: the events of an action's life, in the form in which they are hashed and stored.

use aegis_engine::{
    Action, ApprovalMode, Decision, Digest, Member, Redacted, Redaction, RiskLevel, Undecidable,
    canonical_members,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::{Answer, ApproverIdentity, ResultStatus};
use crate::stand_in::stand_in;

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
    /// What of the action must not be written down. The log applies it, with a key of its own, to everything that it
    /// stores, and sinks get what is stored.
    pub redaction: &'a Redaction,
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
        /// How long the question stood, in milliseconds.
        waited_ms: Option<u64>,
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
    /// A checkpoint of the log was handed out.
    Checkpoint {
        /// How many events it covers.
        size: u64,
        /// The RFC 6962 hash over them.
        root: Digest,
        /// The name of the key that signed it.
        signed_by: Option<&'a str>,
        /// Who asked for it, and where.
        operator: Operator<'a>,
    },
    /// What may hold secrets was removed from an action's events.
    Redacted {
        /// The id of the action.
        action_id: &'a str,
        /// The numbers of the events whose payload was removed.
        events: &'a [u64],
        /// Why, in the words of whoever did it.
        note: Option<&'a str>,
        /// Who did it, and where.
        operator: Operator<'a>,
    },
    /// The oldest events were moved to an archive. This one stands for them.
    Pruned {
        /// The number of the last event that was removed. All before it are gone too.
        through: u64,
        /// That event's hash: what the oldest one that is left is linked to.
        head: Digest,
        /// The hashes of the perfect subtrees (RFC 6962) over all removed events, largest first: what a checkpoint of
        /// the whole log is computed from.
        subtrees: &'a [Digest],
        /// The hash before the log's first event, which binds the log's own row: nothing that is left does.
        genesis: Digest,
        /// The digest of the archive's file.
        archive_sha256: Digest,
        /// The name of the archive's file, without its directory.
        archive: &'a str,
        /// Who did it, and where.
        operator: Operator<'a>,
    },
}

/// Who did something to the log itself, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Operator<'a> {
    /// The machine.
    pub host: &'a str,
    /// The account, as the kernel knows it.
    pub user: &'a str,
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
    pub(crate) const CHECKPOINT: &str = "checkpoint";
    pub(crate) const REDACTED: &str = "redacted";
    pub(crate) const PRUNED: &str = "pruned";
}

/// The metadata of a `requested` or `decided` event, for storing: an [`EntryBody`] that borrows.
#[derive(Debug, Serialize)]
struct EntryBodyRef<'a> {
    session_id: &'a str,
    agent: Option<&'a str>,
    action_type: &'a str,
    action_target: &'a str,
    risk_level: RiskLevel,
    approval: ApprovalMode,
    matched_rule: &'a str,
    decision: Option<Answer>,
    approver: Option<&'a ApproverIdentity>,
    result_status: Option<ResultStatus>,
    reason: &'a str,
    undecidable: &'a [Undecidable],
    action_sha256: String,
    policy_sha256: String,
    host: &'a str,
    user: &'a str,
    policy_source: PathSource,
    log_source: PathSource,
    requested_seq: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redacted: &'a [String],
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
    /// The number of the action's `requested` event, which this one supersedes.
    pub(crate) requested_seq: Option<u64>,
    /// Where in the parameters a digest of a secret stands: JSON Pointers. What looks like such a digest elsewhere is the
    /// agent's own text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) redacted: Vec<String>,
}

/// The stored metadata of an `answered` event.
#[derive(Debug, Serialize)]
struct AnsweredBody<'a> {
    session_id: &'a str,
    decision: Answer,
    approver: Option<&'a ApproverIdentity>,
    note: Option<&'a str>,
    waited_ms: Option<u64>,
}

/// The stored metadata of an `ended` event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndedBody {
    pub(crate) session_id: String,
    pub(crate) result_status: ResultStatus,
    pub(crate) result_error: Option<String>,
    pub(crate) duration_ms: Option<u64>,
    /// The number of the action's `decided` event, whose outcome this is.
    pub(crate) decided_seq: Option<u64>,
}

/// The stored metadata of a `checkpoint` event.
#[derive(Debug, Serialize)]
struct CheckpointBody<'a> {
    size: u64,
    root: String,
    signed_by: Option<&'a str>,
    #[serde(flatten)]
    operator: Operator<'a>,
}

/// The stored metadata of a `redacted` event.
#[derive(Debug, Serialize)]
struct RedactedBody<'a> {
    events: &'a [u64],
    note: Option<&'a str>,
    #[serde(flatten)]
    operator: Operator<'a>,
}

/// The stored metadata of a `pruned` event.
#[derive(Debug, Serialize)]
struct PrunedBody<'a> {
    through: u64,
    head: String,
    subtrees: Vec<String>,
    genesis: String,
    archive_sha256: String,
    archive: &'a str,
    #[serde(flatten)]
    operator: Operator<'a>,
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

    /// The action that it is about; empty where it is about the log itself.
    pub(crate) const fn action_id(&self) -> &'a str {
        match self {
            Event::Requested { entry } | Event::Decided { entry, .. } => entry.action_id,
            Event::Answered { action_id, .. }
            | Event::Ended { action_id, .. }
            | Event::Redacted { action_id, .. } => action_id,
            Event::Checkpoint { .. } | Event::Pruned { .. } => "",
        }
    }

    /// The action and the kind of its event that this one refers to by number.
    pub(crate) fn refers_to(&self) -> Option<(&'a str, &'static str)> {
        match self {
            // Where nobody had to be asked, nothing was requested.
            Event::Decided { entry, .. } if entry.decision.approval() == ApprovalMode::Approve => {
                Some((entry.action_id, kind::REQUESTED))
            }
            Event::Ended { action_id, .. } => Some((*action_id, kind::DECIDED)),
            _ => None,
        }
    }

    /// The form to store, given the number of the event that this one refers to, and the key of the log.
    ///
    /// Secrets are replaced here, and nothing else of this crate sees the parameters. What the policy says of the action
    /// (`reason`, `undecidable`) never quotes a parameter, so nothing needs to be replaced in it; were it searched for
    /// secrets, an agent could have words of the policy replaced by calling them its password.
    pub(crate) fn encode(
        &self,
        referred: Option<u64>,
        key: &[u8; 32],
    ) -> Result<Encoded<'a>, serde_json::Error> {
        let encoded = |kind, action_id, body, payload| Encoded { kind, action_id, body, payload };
        Ok(match *self {
            Event::Requested { entry } => {
                let redacted = redacted(&entry, key);
                let reason = entry.decision.reason();
                let body = entry_body(&entry, None, None, reason, None, redacted.as_ref());
                let payload = payload(entry.action, redacted.as_ref());
                encoded(kind::REQUESTED, entry.action_id, to_string(&body)?, Some(payload))
            }
            Event::Decided { entry, answer, approver, reason } => {
                let redacted = redacted(&entry, key);
                let body = entry_body(&entry, Some(answer), approver, reason, referred, redacted.as_ref());
                let payload = payload(entry.action, redacted.as_ref());
                encoded(kind::DECIDED, entry.action_id, to_string(&body)?, Some(payload))
            }
            Event::Answered { action_id, session_id, answer, approver, note, waited_ms } => {
                let body = AnsweredBody { session_id, decision: answer, approver, note, waited_ms };
                encoded(kind::ANSWERED, action_id, to_string(&body)?, None)
            }
            Event::Ended { action_id, session_id, status, error, duration_ms } => {
                let body = EndedBody {
                    session_id: session_id.to_owned(),
                    result_status: status,
                    result_error: error.map(str::to_owned),
                    duration_ms,
                    decided_seq: referred,
                };
                encoded(kind::ENDED, action_id, to_string(&body)?, None)
            }
            Event::Checkpoint { size, root, signed_by, operator } => {
                let body = CheckpointBody { size, root: root.to_string(), signed_by, operator };
                encoded(kind::CHECKPOINT, "", to_string(&body)?, None)
            }
            Event::Redacted { action_id, events, note, operator } => {
                encoded(kind::REDACTED, action_id, to_string(&RedactedBody { events, note, operator })?, None)
            }
            Event::Pruned { through, head, subtrees, genesis, archive_sha256, archive, operator } => {
                let body = PrunedBody {
                    through,
                    head: head.to_string(),
                    subtrees: subtrees.iter().map(Digest::to_string).collect(),
                    genesis: genesis.to_string(),
                    archive_sha256: archive_sha256.to_string(),
                    archive,
                    operator,
                };
                encoded(kind::PRUNED, "", to_string(&body)?, None)
            }
        })
    }
}

fn to_string(body: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = Vec::with_capacity(1024);
    serde_json::to_writer(&mut text, body)?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

fn entry_body<'a>(
    entry: &Entry<'a>,
    answer: Option<Answer>,
    approver: Option<&'a ApproverIdentity>,
    reason: &'a str,
    requested_seq: Option<u64>,
    redacted: Option<&'a Redacted>,
) -> EntryBodyRef<'a> {
    EntryBodyRef {
        session_id: entry.session_id,
        agent: entry.action.agent(),
        action_type: entry.action.kind(),
        action_target: entry.action.target(),
        risk_level: entry.decision.risk_level(),
        approval: entry.decision.approval(),
        matched_rule: entry.decision.matched_rule(),
        decision: answer,
        approver,
        result_status: answer.and_then(ResultStatus::of),
        reason,
        undecidable: entry.decision.undecidable(),
        action_sha256: entry.action_sha256.to_string(),
        policy_sha256: entry.policy_sha256.to_string(),
        host: entry.host,
        user: entry.user,
        policy_source: entry.policy_source,
        log_source: entry.log_source,
        requested_seq,
        redacted: redacted.map(Redacted::pointers).unwrap_or_default(),
    }
}

/// The action's words without their secrets, if there are any.
fn redacted(entry: &Entry<'_>, key: &[u8; 32]) -> Option<Redacted> {
    entry.redaction.redact(entry.action, |value| stand_in(key, value))
}

fn payload(action: &Action, redacted: Option<&Redacted>) -> String {
    let (description, params) = match redacted {
        Some(redacted) => (redacted.description(), redacted.params()),
        None => (action.description(), action.params()),
    };
    canonical_members([("description", Member::Text(description)), ("params", Member::Object(params))])
}
