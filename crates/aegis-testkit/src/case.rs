//! An action with all that is recorded of it.

use std::sync::LazyLock;

use aegis_engine::{Action, ApprovalMode, Decision, Digest, Policy, Redaction, Source, load};
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence, ResultStatus, Via};
use aegis_ledger::event::{
    Answered, Decided, Ended, Entry, Event, Observed, PathSource, Requested, SessionSource, Stamped,
};
use chrono::{DateTime, Utc};

/// Rules that give every risk level and every approval, by the action's type.
const POLICY: &str = "version: '1'
rules:
  - { name: reads_are_fine, match: { type: read }, risk_level: low, approval: auto }
  - { name: updates_need_approval, match: { type: update }, risk_level: high, approval: approve }
  - { name: deletes_are_blocked, match: { type: delete }, risk_level: critical, approval: block }
";

static LOADED: LazyLock<Policy> =
    LazyLock::new(|| load(&[Source { text: POLICY.as_bytes() }]).policy.unwrap());
static POLICY_SHA256: LazyLock<Digest> = LazyLock::new(|| Digest::of(POLICY.as_bytes()));

/// What a record says of somebody who answered at a terminal of their own account.
pub fn at_a_terminal(user: &str) -> ApproverIdentity {
    let (via, user) = (Via::new("terminal"), Some(user.to_owned()));
    ApproverIdentity { via, user, evidence: Evidence::Terminal, injectable: false }
}

/// An action, what a policy says of it, and how it was answered.
#[derive(Clone, Debug)]
pub struct Case {
    /// The action's id.
    pub id: String,
    /// The id of the session.
    pub session: String,
    /// The action.
    pub action: Action,
    /// Its digest.
    pub action_sha256: Digest,
    /// What the policy says of it.
    pub decision: Decision,
    /// What is secret in it.
    pub redaction: Redaction,
    /// How it was answered.
    pub answer: Answer,
    /// Who answered.
    pub approver: Option<ApproverIdentity>,
    /// How long whoever was asked took to answer, in milliseconds.
    pub waited_ms: Option<u64>,
    /// When it all happened.
    pub at: DateTime<Utc>,
}

impl Default for Case {
    /// A read, which is fine.
    fn default() -> Case {
        Case::new(r#"{"type":"read","target":"crm","params":{"id":7},"description":"a look","agent":"bot"}"#)
    }
}

impl Case {
    /// An action in JSON, as these rules decide it: any `read` is allowed and of low risk, an `update` needs
    /// an approval that nobody gave and is of high risk, and a `delete` is blocked and critical.
    pub fn new(action: &str) -> Case {
        Case::under(&LOADED, action)
    }

    /// An action in JSON, as the policy decides it. Where that needs an approval, nobody gave it.
    pub fn under(policy: &Policy, action: &str) -> Case {
        let action = Action::from_json(action.as_bytes()).unwrap();
        let at = "2026-11-23T08:49:00.123Z".parse().unwrap();
        let decision = policy.decide(&action, at);
        let answer = match decision.approval() {
            ApprovalMode::Auto => Answer::Auto,
            ApprovalMode::Block => Answer::Block,
            ApprovalMode::Approve => Answer::Unanswered,
        };
        Case {
            id: "0193".to_owned(),
            session: "a1b2c3d4e5f6".to_owned(),
            approver: answer.is_allowed().then(ApproverIdentity::rule),
            action_sha256: action.digest(),
            action,
            decision,
            redaction: Redaction::default(),
            answer,
            waited_ms: Some(1500),
            at,
        }
    }

    /// With this id.
    pub fn id(mut self, id: &str) -> Case {
        id.clone_into(&mut self.id);
        self
    }

    /// With an id such as Aegis gives, which is that of this number.
    pub fn number(self, number: usize) -> Case {
        Case { id: format!("01a20843-3085-70ba-97dd-{number:012x}"), ..self }
    }

    /// In this session.
    pub fn session(mut self, session: &str) -> Case {
        session.clone_into(&mut self.session);
        self
    }

    /// At this instant, in RFC 3339.
    pub fn at(mut self, at: &str) -> Case {
        self.at = at.parse().unwrap();
        self
    }

    /// Answered so by a user at a terminal.
    pub fn answered_by(mut self, answer: Answer, user: &str) -> Case {
        self.answer = answer;
        self.approver = Some(at_a_terminal(user));
        self
    }

    /// What every event of the action that names it in full has.
    pub fn entry(&self) -> Entry<'_> {
        Entry {
            action_id: &self.id,
            session_id: &self.session,
            session_source: SessionSource::Argument,
            action: &self.action,
            action_sha256: self.action_sha256,
            decision: &self.decision,
            redaction: &self.redaction,
            policy_sha256: *POLICY_SHA256,
            host: "host",
            user: "ana",
            login: None,
            policy_source: PathSource::Argument,
            log_source: PathSource::Default,
        }
    }

    /// Somebody is asked.
    pub fn requested(&self) -> Stamped<'_> {
        Stamped {
            at: self.at,
            event: Event::Requested(Requested { entry: self.entry(), opening: None, is_put: true }),
        }
    }

    /// Somebody has answered.
    pub fn answered(&self) -> Stamped<'_> {
        let event = Event::Answered(Answered {
            action_id: &self.id,
            session_id: &self.session,
            answer: self.answer,
            approver: self.approver.as_ref(),
            note: None,
            waited_ms: self.waited_ms,
            grant: false,
        });
        Stamped { at: self.at, event }
    }

    /// It was done without asking.
    pub fn observed(&self) -> Stamped<'_> {
        Stamped { at: self.at, event: Event::Observed(Observed { entry: self.entry() }) }
    }

    /// It is decided.
    pub fn decided(&self) -> Stamped<'_> {
        let (entry, answer, approver) = (self.entry(), self.answer, self.approver.as_ref());
        Stamped {
            at: self.at,
            event: Event::Decided(Decided { entry, answer, approver, reason: "it is so", grant: None }),
        }
    }

    /// It has ended so, after a while.
    pub fn ended<'a>(&'a self, status: ResultStatus, error: Option<&'a str>) -> Stamped<'a> {
        let (action_id, session_id) = (self.id.as_str(), self.session.as_str());
        let event = Event::Ended(Ended {
            action_id,
            session_id,
            status: Some(status),
            error,
            duration_ms: Some(1234),
        });
        Stamped { at: self.at, event }
    }
}
