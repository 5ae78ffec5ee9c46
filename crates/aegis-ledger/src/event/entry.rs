//! An action and what the policy says of it: the common part of its `requested` and `decided` events.

use aegis_engine::{
    Action, AgentSource, ApprovalMode, Decision, Digest, Member, Redacted, Redaction, RiskLevel, Undecidable,
    canonical_members,
};
use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Key};
use super::kind::EventKind;
use super::offer::{GrantUse, Offer};
use super::opening::Opening;
use super::recorded_call::RecordedCall;
use super::text::Text;
use super::words::{Field, Words};
use crate::answer::{Answer, ApproverIdentity, ResultStatus};
use crate::secret_digest::secret_digest;

/// Where the path of a policy or a log was taken from. A path from the environment could have been set by the
/// agent.
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

/// Where the id of a session was taken from. One from the environment could have been set by the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionSource {
    /// A flag of the command, or the program that embeds the library.
    Argument,
    /// An environment variable.
    Environment,
    /// Nobody said; it was made up.
    Generated,
}

/// An action and what the policy says of it, to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The session that it belongs to.
    pub session_id: &'a str,
    /// Where the session's id was taken from.
    pub session_source: SessionSource,
    /// The action itself.
    pub action: &'a Action,
    /// The digest of its canonical form.
    pub action_sha256: Digest,
    /// What the policy says.
    pub decision: &'a Decision,
    /// What of the action must not be written down. The log applies it, with a key of its own, to everything
    /// that it stores, and sinks get what is stored.
    pub redaction: &'a Redaction,
    /// The digest of the policy.
    pub policy_sha256: Digest,
    /// The machine.
    pub host: &'a str,
    /// The account that asks.
    pub user: &'a str,
    /// The account that logged in to the session that asks, where that is another one.
    pub login: Option<&'a str>,
    /// Where the policy's path was taken from.
    pub policy_source: PathSource,
    /// Where the log's path was taken from.
    pub log_source: PathSource,
}

/// An action and what the policy said of it, as it is stored. `S` is how its strings are held: owned, or as
/// [`Text`] of the stored row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryBody<S = String> {
    /// The session that it belongs to.
    pub session_id: S,
    /// Who acted, if that is known.
    pub agent: Option<S>,
    /// The kind of operation.
    pub action_type: S,
    /// The system acted upon.
    pub action_target: S,
    /// How much harm the action could do.
    pub risk_level: RiskLevel,
    /// What the policy required.
    pub approval: ApprovalMode,
    /// The rule that decided, or `<default>`; `<observed>` where nothing was decided.
    pub matched_rule: S,
    /// The answer; none in a request, and of what was observed.
    pub decision: Option<Answer>,
    /// Who answered.
    pub approver: Option<ApproverIdentity>,
    /// What the answer alone says of the result.
    pub result_status: Option<ResultStatus>,
    /// Why, in a sentence for a person.
    pub reason: S,
    /// Conditions that could not be decided.
    pub undecidable: Vec<Undecidable>,
    /// The SHA-256 of the action's canonical form.
    pub action_sha256: S,
    /// The SHA-256 of the policy.
    pub policy_sha256: S,
    /// The machine.
    pub host: S,
    /// The account that asked.
    pub user: S,
    /// The account that logged in to the session that asked, where that is another one: behind `sudo`, who it
    /// was. Absent where it is the same, nobody logged in, or this was not written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<S>,
    /// Where the policy's path was taken from.
    pub policy_source: PathSource,
    /// Where the log's path was taken from.
    pub log_source: PathSource,
    /// Who said which agent acted. Absent where nobody did, or before this was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_source: Option<AgentSource>,
    /// Where the session's id was taken from. Absent before this was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_source: Option<SessionSource>,
    /// The question that waits for its answer; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Opening>,
    /// The grant that whoever is asked can give together with a yes; absent where the rule lets none be
    /// given, and where nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// The grant that it was allowed by; absent where it was not.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantUse<S>>,
    /// The call of a framework that it was read from. Absent where it was read from none.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub call: Option<RecordedCall<S>>,
    /// The number of the action's `requested` event, which this one supersedes.
    pub requested_seq: Option<u64>,
    /// Where a digest of a secret stands: within the parameters by JSON Pointers, which begin with `/`, and
    /// in `agent`, `description`, `target` or `type`, by these words. What looks like such a digest elsewhere
    /// is the agent's own text.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub redacted: Vec<S>,
}

/// Type and target of an action as a log has them, without secrets: what answers show, so that whoever keeps
/// them keeps no more than the log does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedNames {
    action_type: String,
    action_target: String,
}

impl RecordedNames {
    /// The kind of operation.
    #[must_use]
    pub fn action_type(&self) -> &str {
        &self.action_type
    }

    /// The system acted upon.
    #[must_use]
    pub fn action_target(&self) -> &str {
        &self.action_target
    }
}

/// How an action was answered: what a `decided` event adds to its entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered<'a> {
    pub(super) answer: Answer,
    pub(super) approver: Option<&'a ApproverIdentity>,
    pub(super) reason: &'a str,
    pub(super) grant: Option<&'a GrantUse>,
    pub(super) requested_seq: Option<u64>,
}

impl<'a> Entry<'a> {
    /// Type and target as they are stored in a log with this key.
    #[must_use]
    pub fn recorded_names(&self, key: &[u8; 32]) -> RecordedNames {
        let redacted = if self.redaction.keeps_names(self.action) { None } else { self.redacted(key) };
        let (kind, target) = match &redacted {
            Some(redacted) => (redacted.kind(), redacted.target()),
            None => (self.action.kind(), self.action.target()),
        };
        RecordedNames { action_type: kind.to_owned(), action_target: target.to_owned() }
    }

    /// Who acts, as it is stored in a log with this key.
    #[must_use]
    pub fn recorded_agent(&self, key: &[u8; 32]) -> Option<String> {
        match self.redacted(key) {
            Some(redacted) => redacted.agent().map(str::to_owned),
            None => self.action.agent().map(str::to_owned),
        }
    }

    fn redacted(&self, key: &Key) -> Option<Redacted> {
        self.redaction.redact(self.action, |value| secret_digest(key, value))
    }

    /// What is stored: the body, and the payload, in which nothing secret is left.
    ///
    /// Secrets are replaced here, and nothing else of this crate sees the parameters. What the policy says of
    /// the action (`reason`, `undecidable`) never quotes a parameter, so nothing needs to be replaced in it;
    /// were it searched for secrets, an agent could have words of the policy replaced by calling them its
    /// password.
    pub(super) fn stored(&self, answered: Option<Answered<'a>>, key: &Key) -> (EntryBody<Text<'a>>, String) {
        let redacted = self.redacted(key);
        let (description, params) = match &redacted {
            Some(redacted) => (redacted.description(), redacted.params()),
            None => (self.action.description(), self.action.params()),
        };
        let payload = canonical_members([
            ("description", Member::Text(description)),
            ("params", Member::Object(params)),
        ]);
        (self.body(answered, redacted.as_ref()), payload)
    }

    fn body(&self, answered: Option<Answered<'a>>, redacted: Option<&Redacted>) -> EntryBody<Text<'a>> {
        let answer = answered.map(|answered| answered.answer);
        let places = redacted.map(Redacted::places).unwrap_or_default();
        let (agent, kind, target) = match redacted {
            Some(redacted) => (
                redacted.agent().map(|agent| agent.to_owned().into()),
                redacted.kind().to_owned().into(),
                redacted.target().to_owned().into(),
            ),
            None => {
                (self.action.agent().map(Text::from), self.action.kind().into(), self.action.target().into())
            }
        };
        EntryBody {
            session_id: self.session_id.into(),
            agent,
            action_type: kind,
            action_target: target,
            risk_level: self.decision.risk_level(),
            approval: self.decision.approval(),
            matched_rule: self.decision.matched_rule().into(),
            decision: answer,
            approver: answered.and_then(|answered| answered.approver.cloned()),
            result_status: answer.and_then(ResultStatus::of),
            reason: answered.map_or_else(|| self.decision.reason(), |answered| answered.reason).into(),
            undecidable: self.decision.undecidable().to_vec(),
            action_sha256: self.action_sha256.to_string().into(),
            policy_sha256: self.policy_sha256.to_string().into(),
            host: self.host.into(),
            user: self.user.into(),
            login: self.login.map(Text::from),
            policy_source: self.policy_source,
            log_source: self.log_source,
            agent_source: self.action.agent_source(),
            session_source: Some(self.session_source),
            question: None,
            offer: None,
            grant: answered.and_then(|answered| answered.grant).map(GrantUse::stored),
            call: self.action.call().map(RecordedCall::of),
            requested_seq: answered.and_then(|answered| answered.requested_seq),
            redacted: places.iter().cloned().map(Text::from).collect(),
        }
    }
}

impl<S: AsRef<str>> Body for EntryBody<S> {
    fn words(&self) -> Words<'_> {
        Words {
            terms: Some([
                (Field::Session, Some(self.session_id.as_ref())),
                (Field::Agent, self.agent.as_ref().map(AsRef::as_ref)),
                (Field::Type, Some(self.action_type.as_ref())),
                (Field::Target, Some(self.action_target.as_ref())),
                (Field::Rule, Some(self.matched_rule.as_ref())),
                (Field::Risk, Some(self.risk_level.as_str())),
                (Field::Approval, Some(self.approval.as_str())),
                (Field::Decision, self.decision.map(Answer::as_str)),
                (Field::Result, self.result_status.map(ResultStatus::as_str)),
                (Field::Question, self.question.as_ref().map(|question| question.key.as_str())),
                (Field::Grant, self.offer.as_ref().map(|offer| offer.key.as_str())),
            ]),
            superseded: self.requested_seq,
            outcome: None,
        }
    }

    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(match self.requested_seq {
            Some(seq) => {
                let subject = Some(self.action_sha256.as_ref());
                Claimed::Reference { seq, kind: EventKind::Requested, subject }
            }
            None => Claimed::Nothing,
        })
    }

    fn record(&self, own: u64) -> Option<u64> {
        Some(own)
    }
}
