//! A gate over a log of its own, and what is in that log.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, NewReply, TrailError, question_of};
use aegis_engine::{Action, Digest, Policy, Source, load};
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence, Via};
use aegis_ledger::event::{Operator, PathSource, SessionSource};
use aegis_runtime::{Answered, Approver, Context, Gate, Outcome};

pub(crate) const NO_RULES: &str = "version: 1\nrules: []\n";

pub(crate) struct Place {
    pub(crate) directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.path().join("log.db")
    }

    pub(crate) fn gate(&self, approver: impl Approver + 'static) -> Gate {
        self.gate_by(NO_RULES, approver)
    }

    pub(crate) fn gate_by(&self, text: &str, approver: impl Approver + 'static) -> Gate {
        let context = Context {
            session_id: "s".to_owned(),
            session_source: SessionSource::Argument,
            host: "host".to_owned(),
            user: "agent".to_owned(),
            login: None,
            policy_source: PathSource::Argument,
            log_source: PathSource::Argument,
        };
        let journal = Journal::open(&self.log(), Duration::from_secs(10)).unwrap();
        Gate::new(policy(text), Digest::of(text.as_bytes()), journal, approver, context)
    }

    /// The kinds of all events, once the log is verified.
    pub(crate) fn events(&self) -> Vec<String> {
        let reader = TrailReader::open(&self.log()).unwrap();
        let found = reader.verify(Vec::new(), |_, _| {}).unwrap();
        assert!(found.is_sound(), "{:?}", found.damage);
        let mut kinds = Vec::new();
        let each = |_, event: Result<aegis_ledger::stored_event::StoredEvent<'_>, String>| {
            kinds.push(event.unwrap().kind.to_owned());
            Ok::<_, TrailError>(ControlFlow::Continue(()))
        };
        reader.events(1..=u64::MAX, each).unwrap();
        kinds
    }

    /// Answers a question as somebody who sits elsewhere.
    pub(crate) fn reply(&self, id: &str, answer: Answer) {
        let approver = ApproverIdentity {
            via: Via::new("terminal"),
            user: Some("bo".to_owned()),
            evidence: Evidence::Account,
            injectable: false,
        };
        let new = NewReply {
            answer,
            approver: &approver,
            signature: None,
            grant: false,
            note: Some("as agreed"),
            operator: Operator { host: "host", user: "bo", login: None },
        };
        let asked = question_of(&TrailReader::open(&self.log()).unwrap(), id).unwrap().unwrap();
        let mut journal = Journal::open_existing(&self.log(), Duration::from_secs(10)).unwrap();
        let log = journal.id().to_owned();
        let _ = journal.reply_to(&asked, &log, new).unwrap();
    }
}

pub(crate) fn policy(text: &str) -> Arc<Policy> {
    Arc::new(load(&[Source { text: text.as_bytes() }]).policy.unwrap())
}

pub(crate) fn action(number: usize) -> Action {
    let text = format!(r#"{{"type":"deploy","target":"shop","agent":"bot","params":{{"number":{number}}}}}"#);
    Action::from_json(text.as_bytes()).unwrap()
}

/// What an action is answered.
pub(crate) fn ask(gate: &mut Gate) -> Answered {
    match gate.answer(&action(1)).unwrap() {
        Outcome::Allowed(leave) => leave.answered().clone(),
        Outcome::Refused(refusal) => refusal.answered().clone(),
    }
}

/// That nobody answered, with these words, and that the question is whole in the log.
#[track_caller]
pub(crate) fn assert_nobody(place: &Place, answered: &Answered, words: &str) {
    assert_eq!((answered.answer(), answered.approver()), (Answer::Unanswered, None));
    assert!(answered.reason().contains(words), "{}", answered.reason());
    assert_eq!(place.events(), ["requested", "answered", "decided"]);
}
