//! The history of one action: every event of it, each compared with its hash.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::action_life::{Impossible, Life, Step};
use crate::answer::{Answer, ResultStatus};
use crate::event::{EntryBody, EventBody, Payload, StartedBody};
use crate::question::Question;
use crate::stored_event::StoredEvent;

/// Everything that a log holds about one action.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The id of the action.
    pub action_id: String,
    /// The id of the log.
    pub log: String,
    /// What happened to it, in the order of the log. Never empty.
    pub events: Vec<HistoryEvent>,
}

/// One event of an action's history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEvent {
    /// The number of the event in the log.
    pub seq: u64,
    /// When, by the wall clock. Absent where what is stored is no time.
    pub at: Option<DateTime<Utc>>,
    /// The kind of event, as it is stored.
    pub kind: String,
    /// The event's own hash, as it is stored: 64 hexadecimal digits.
    pub hash: String,
    /// What is wrong with the event: it does not fit its hash, cannot be read, or cannot have happened.
    /// Nothing it says is to be believed then.
    pub damage: Option<String>,
    /// What is known about it, as it is stored. Null where it is not even JSON.
    pub body: Value,
    /// What happened. Absent where that cannot be read.
    pub told: Option<EventBody>,
    /// What the operation was given, and the agent's own words. Absent where there is none, or it was
    /// removed.
    pub payload: Option<Payload>,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End<'a> {
    /// How it went; none where nobody knows.
    pub status: Option<ResultStatus>,
    /// What went wrong.
    pub error: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// How an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may happen, or has happened.
    Allowed,
    /// It must not happen.
    Refused,
    /// It is not answered: somebody is being asked, or the question was cut short.
    Open,
    /// It was done without asking.
    Observed,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Allowed => "allowed",
            State::Refused => "refused",
            State::Open => "open",
            State::Observed => "observed",
        }
    }
}

/// Which actions an id, or the beginning of one, stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// None.
    Nothing,
    /// This one.
    One(String),
    /// Several: the first of them, in the order of their ids, which is that of time.
    Several(Vec<String>),
}

impl HistoryEvent {
    /// A stored event, compared with the hash that it must have in the log of this id.
    #[must_use]
    pub fn of(event: &StoredEvent<'_>, log_id: &[u8]) -> HistoryEvent {
        let (told, payload, unreadable) = match read(event) {
            Ok((told, payload)) => (Some(told), payload, None),
            Err(problem) => (None, None, Some(problem)),
        };
        HistoryEvent {
            seq: event.seq,
            at: DateTime::from_timestamp_millis(event.at),
            kind: event.kind.to_owned(),
            hash: hex::encode(event.hash),
            damage: event.checked_hash(log_id).err().map(|misfit| misfit.to_string()).or(unreadable),
            body: serde_json::from_str(event.body).unwrap_or_default(),
            told,
            payload,
        }
    }

    /// A row that does not even have the form of an event, and what is wrong with it.
    #[must_use]
    pub fn unreadable(seq: u64, problem: String) -> HistoryEvent {
        HistoryEvent {
            seq,
            at: None,
            kind: String::new(),
            hash: String::new(),
            damage: Some(problem),
            body: Value::Null,
            told: None,
            payload: None,
        }
    }

    /// The action and what the policy said of it, if this event says so.
    #[must_use]
    pub fn entry(&self) -> Option<&EntryBody> {
        self.told.as_ref().and_then(EventBody::entry)
    }
}

fn read(event: &StoredEvent<'_>) -> Result<(EventBody, Option<Payload>), String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let told =
        EventBody::read(event.known_kind().map_err(|_| "this program does not know its kind")?, event.body)
            .map_err(wrong)?;
    // Only an entry has a payload that says something.
    let payload = event.payload.filter(|_| told.entry().is_some());
    Ok((told, payload.map(Payload::read).transpose()?))
}

impl History {
    /// What happened to an action: its events in the order of the log, never none. Those that cannot have
    /// happened after the others are said to be damaged.
    #[must_use]
    pub fn of(action_id: String, log: String, mut events: Vec<HistoryEvent>) -> History {
        let incomplete = events.iter().any(|event| event.damage.is_some());
        let mut life = Life::default();
        let mut question = None;
        for event in events.iter_mut().filter(|event| event.damage.is_none()) {
            let Some(told) = &event.told else { continue };
            let at = event.at.map_or(i64::MIN, |at| at.timestamp_millis());
            let lived = Step::told(at, &action_id, told)
                .and_then(|step| step.map_or(Ok(()), |step| life.step(event.seq, step, |_| incomplete)));
            let proved = match (told, &question) {
                (EventBody::Replied(body), Some(question)) => {
                    Question::check_claim(question, &log, body).map_err(Impossible::Unproven)
                }
                _ => Ok(()),
            };
            if let (EventBody::Requested(entry), None) = (told, &question) {
                question = Question::opened(&action_id, at, entry);
            }
            event.damage = lived.and(proved).err().map(|why| why.sentence());
        }
        History { action_id, log, events }
    }

    /// The event that tells most about the action: the newest decision, or else the request.
    #[must_use]
    pub fn main_event(&self) -> Option<&HistoryEvent> {
        self.decided().or_else(|| self.events.iter().rev().find(|event| event.entry().is_some()))
    }

    /// The newest decision; one that is damaged only where there is no other.
    #[must_use]
    pub fn decided(&self) -> Option<&HistoryEvent> {
        self.newest(|told| matches!(told, EventBody::Decided(_)))
    }

    fn newest(&self, is_wanted: impl Fn(&EventBody) -> bool) -> Option<&HistoryEvent> {
        let wanted = || self.events.iter().rev().filter(|event| event.told.as_ref().is_some_and(&is_wanted));
        wanted().find(|event| event.damage.is_none()).or_else(|| wanted().next())
    }

    /// How the action stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.decided().and_then(HistoryEvent::entry) {
            None if self.newest(|told| matches!(told, EventBody::Observed(_))).is_some() => State::Observed,
            None => State::Open,
            Some(entry) if entry.decision.is_some_and(Answer::is_allowed) => State::Allowed,
            Some(_) => State::Refused,
        }
    }

    /// How the action ended, by the newest word on it.
    #[must_use]
    pub fn ended(&self) -> Option<End<'_>> {
        match &self.newest(|told| matches!(told, EventBody::Ended(_)))?.told {
            Some(EventBody::Ended(ended)) => Some(End {
                status: ended.result_status,
                error: ended.result_error.as_deref(),
                duration_ms: ended.duration_ms,
            }),
            _ => None,
        }
    }

    /// Which process began to do the action, where that is recorded and its end is not: whether it still
    /// does, only its machine can tell.
    #[must_use]
    pub fn unfinished(&self) -> Option<&StartedBody> {
        if self.ended().is_some() {
            return None;
        }
        match &self.newest(|told| matches!(told, EventBody::Started(_)))?.told {
            Some(EventBody::Started(started)) => Some(started),
            _ => None,
        }
    }

    /// What became of the action: its end, or what the answer alone says. `None` while that is unknown.
    #[must_use]
    pub fn result(&self) -> Option<ResultStatus> {
        let answer = || ResultStatus::of(self.decided()?.entry()?.decision?);
        self.ended().map_or_else(answer, |ended| ended.status)
    }

    /// How long the question stood, in milliseconds, if somebody was asked.
    #[must_use]
    pub fn waited_ms(&self) -> Option<u64> {
        self.events.iter().rev().find_map(|event| match &event.told {
            Some(EventBody::Answered(answered)) => answered.waited_ms,
            _ => None,
        })
    }

    /// The instant as of which the policy was evaluated, to the millisecond: before anyone was asked, or,
    /// where the policy was stricter by then, when the answer was given.
    #[must_use]
    pub fn evaluated_at(&self) -> Option<DateTime<Utc>> {
        let mut said = self.events.iter().filter_map(|event| Some((event.at, event.entry()?)));
        let (asked_at, asked) = said.next()?;
        let says = |entry: &EntryBody| {
            (entry.policy_sha256.clone(), entry.approval, entry.risk_level, entry.matched_rule.clone())
        };
        match said.next_back() {
            Some((decided_at, decided)) if says(decided) != says(asked) => decided_at,
            _ => asked_at,
        }
    }

    /// Whether every event fits its hash, can be read, and can have happened.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.events.iter().all(|event| event.damage.is_none())
    }
}
