//! The life of one action: every event of it, each compared with its hash.

use aegis_engine::{ApprovalMode, Digest, RiskLevel, Undecidable};
use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::{Answer, ApproverIdentity, ResultStatus};
use crate::error::TrailError;
use crate::event::{EndedBody, PathSource, Payload, kind};
use crate::reader::TrailReader;
use crate::stored::{Misfit, StoredEvent};

/// Everything that the log holds about one action.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// The id of the action.
    pub action_id: String,
    /// The id of the log.
    pub log: String,
    /// What happened to it, in the order of the log. Never empty.
    pub events: Vec<LifeEvent>,
}

/// One event of an action's life.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeEvent {
    /// The number of the event in the log.
    pub seq: u64,
    /// When, by the wall clock. Absent where what is stored is no time.
    pub at: Option<DateTime<Utc>>,
    /// The kind of event, as it is stored.
    pub kind: String,
    /// The event's own hash, as it is stored: 64 hexadecimal digits.
    pub hash: String,
    /// What is wrong with the event: it does not fit its hash, or cannot be read. Nothing it says is to be believed then.
    pub damage: Option<String>,
    /// What is known about it, as it is stored. Null where it is not even JSON.
    pub body: Value,
    /// What happened.
    pub happened: Happened,
}

/// What happened to an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// A human was about to be asked.
    Requested(Box<LifeEntry>),
    /// The human answered, or nobody did.
    Answered {
        /// The answer.
        answer: Answer,
        /// Who gave it.
        approver: Option<ApproverIdentity>,
        /// Why nobody answered.
        note: Option<String>,
        /// How long the question stood, in milliseconds.
        waited_ms: Option<u64>,
    },
    /// It was answered for good.
    Decided(Box<LifeEntry>),
    /// It came to its end.
    Ended {
        /// How.
        status: ResultStatus,
        /// What went wrong.
        error: Option<String>,
        /// How long it took, in milliseconds.
        duration_ms: Option<u64>,
    },
    /// What may hold secrets was removed from its events.
    Redacted {
        /// The numbers of the events whose payload was removed.
        events: Vec<u64>,
        /// Why, in the words of whoever did it.
        note: Option<String>,
        /// The machine on which that was done.
        host: String,
        /// The account that did it.
        user: String,
    },
    /// It cannot be read.
    Unreadable,
}

/// An action and what the policy said of it, as it was recorded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LifeEntry {
    /// The session that it belongs to.
    pub session_id: String,
    /// Who acted, if that is known.
    pub agent: Option<String>,
    /// The kind of operation.
    pub action_type: String,
    /// The system acted upon.
    pub action_target: String,
    /// What the operation was given, and the agent's own words. Absent if they were removed.
    #[serde(skip)]
    pub payload: Option<(Map<String, Value>, String)>,
    /// How much harm the action could do.
    pub risk_level: RiskLevel,
    /// What the policy required.
    pub approval: ApprovalMode,
    /// The rule that decided, or `<default>`.
    pub matched_rule: String,
    /// The answer; none in a request.
    pub decision: Option<Answer>,
    /// Who answered.
    pub approver: Option<ApproverIdentity>,
    /// Why, in a sentence for a person.
    pub reason: String,
    /// Conditions that could not be decided.
    pub undecidable: Vec<Undecidable>,
    /// The SHA-256 of the action's canonical form.
    pub action_sha256: String,
    /// The SHA-256 of the policy.
    pub policy_sha256: String,
    /// The machine.
    pub host: String,
    /// The account that asked.
    pub user: String,
    /// Where the policy's path was taken from.
    pub policy_source: PathSource,
    /// Where the log's path was taken from.
    pub log_source: PathSource,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// Whether it went well.
    pub status: ResultStatus,
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
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Allowed => "allowed",
            State::Refused => "refused",
            State::Open => "open",
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

impl TrailReader {
    /// Which actions have this id or an id that begins like it. Of several, at most `most` are given. An id that is
    /// there as it is stands for itself, whatever else begins like it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn find_actions(&self, prefix: &str, most: usize) -> Result<Found, TrailError> {
        let failed = |error| TrailError::sqlite(&self.path, error);
        if prefix.is_empty() {
            // Without an id, an event is about the log itself.
            return Ok(Found::Nothing);
        }
        // No text that begins like the prefix comes after the prefix and the last of all characters.
        let last = format!("{prefix}{}", char::MAX);
        let most = i64::try_from(most.max(2)).unwrap_or(i64::MAX);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT DISTINCT action_id FROM events WHERE action_id >= ?1 AND action_id <= ?2 \
                 ORDER BY action_id LIMIT ?3",
            )
            .map_err(failed)?;
        let found = statement
            .query_map((prefix, last, most), |row| row.get(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<String>>>)
            .map_err(failed)?;
        self.check_unchanged()?;
        Ok(match found.as_slice() {
            [] => Found::Nothing,
            // The shortest comes first, and an id that is the prefix itself is the shortest.
            [one, ..] if one == prefix || found.len() == 1 => Found::One(one.clone()),
            _ => Found::Several(found),
        })
    }

    /// The id of the action that the event of this number is about; empty if it is about the log itself. `None` if there
    /// is no such event.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn action_of(&self, seq: u64) -> Result<Option<String>, TrailError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let found = self
            .connection
            .prepare_cached("SELECT action_id FROM events WHERE seq = ?1")
            .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
            .map_err(|error| TrailError::sqlite(&self.path, error))?;
        self.check_unchanged()?;
        Ok(found)
    }

    /// Everything that the log holds about the action with this id. `None` if that is nothing.
    ///
    /// An event that does not fit its hash, or cannot be read, is no error: it is given with what is wrong with it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn life(&self, action_id: &str) -> Result<Option<Life>, TrailError> {
        let failed = |error| TrailError::sqlite(&self.path, error);
        let columns = StoredEvent::COLUMNS;
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {columns} FROM events WHERE action_id = ?1 ORDER BY seq"))
            .map_err(failed)?;
        let mut rows = statement.query([action_id]).map_err(failed)?;
        let mut events = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let seq: u64 = row.get(0).map_err(failed)?;
            events.push(match StoredEvent::read(row) {
                Ok(event) => self.life_event(&event),
                Err(problem) => LifeEvent::unreadable(seq, problem),
            });
        }
        self.check_unchanged()?;
        let life = || Life { action_id: action_id.to_owned(), log: self.id(), events };
        Ok((!action_id.is_empty()).then(life).filter(|life| !life.events.is_empty()))
    }

    /// Compares an event with its hash, and gives that.
    ///
    /// # Errors
    /// When the event is not the one that was hashed. The text says what does not fit.
    pub fn check_event(&self, event: &StoredEvent<'_>) -> Result<Digest, &'static str> {
        event.checked_hash(&self.identity.id).map_err(|misfit| match misfit {
            Misfit::Payload => "its payload is not the one that was hashed",
            Misfit::Content => "its hash does not fit its content",
        })
    }

    fn life_event(&self, event: &StoredEvent<'_>) -> LifeEvent {
        let (happened, unreadable) = match happened(event) {
            Ok(happened) => (happened, None),
            Err(problem) => (Happened::Unreadable, Some(problem)),
        };
        LifeEvent {
            seq: event.seq,
            at: DateTime::from_timestamp_millis(event.at),
            kind: event.kind.to_owned(),
            hash: hex::encode(event.hash),
            damage: self.check_event(event).err().map(str::to_owned).or(unreadable),
            body: serde_json::from_str(event.body).unwrap_or_default(),
            happened,
        }
    }
}

impl LifeEvent {
    fn unreadable(seq: u64, problem: String) -> LifeEvent {
        LifeEvent {
            seq,
            at: None,
            kind: String::new(),
            hash: String::new(),
            damage: Some(problem),
            body: Value::Null,
            happened: Happened::Unreadable,
        }
    }

    /// The action and what the policy said of it, if this event says so.
    #[must_use]
    pub fn entry(&self) -> Option<&LifeEntry> {
        match &self.happened {
            Happened::Requested(entry) | Happened::Decided(entry) => Some(entry),
            _ => None,
        }
    }
}

impl Life {
    /// The event that tells most about the action: the newest decision, or else the request.
    #[must_use]
    pub fn main_event(&self) -> Option<&LifeEvent> {
        self.decided().or_else(|| self.events.iter().rev().find(|event| event.entry().is_some()))
    }

    /// The newest decision.
    #[must_use]
    pub fn decided(&self) -> Option<&LifeEvent> {
        self.events.iter().rev().find(|event| matches!(event.happened, Happened::Decided(_)))
    }

    /// How the action stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.decided().and_then(LifeEvent::entry) {
            None => State::Open,
            Some(entry) if entry.decision.is_some_and(Answer::is_allowed) => State::Allowed,
            Some(_) => State::Refused,
        }
    }

    /// How the action ended, by the newest word on it.
    #[must_use]
    pub fn ended(&self) -> Option<Outcome<'_>> {
        self.events.iter().rev().find_map(|event| match &event.happened {
            Happened::Ended { status, error, duration_ms } => {
                Some(Outcome { status: *status, error: error.as_deref(), duration_ms: *duration_ms })
            }
            _ => None,
        })
    }

    /// What became of the action: its end, or what the answer alone says. `None` while that is unknown.
    #[must_use]
    pub fn result(&self) -> Option<ResultStatus> {
        let answer = || ResultStatus::of(self.decided()?.entry()?.decision?);
        self.ended().map(|ended| ended.status).or_else(answer)
    }

    /// How long the question stood, in milliseconds, if somebody was asked.
    #[must_use]
    pub fn waited_ms(&self) -> Option<u64> {
        self.events.iter().rev().find_map(|event| match event.happened {
            Happened::Answered { waited_ms, .. } => waited_ms,
            _ => None,
        })
    }

    /// The instant as of which the policy was evaluated, to the millisecond: before anyone was asked.
    #[must_use]
    pub fn evaluated_at(&self) -> Option<DateTime<Utc>> {
        self.events.iter().find(|event| event.entry().is_some())?.at
    }

    /// Whether every event fits its hash and can be read.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.events.iter().all(|event| event.damage.is_none())
    }
}

/// The stored metadata of an `answered` event.
#[derive(Deserialize)]
struct AnsweredBody {
    decision: Answer,
    approver: Option<ApproverIdentity>,
    note: Option<String>,
    waited_ms: Option<u64>,
}

/// The stored metadata of a `redacted` event.
#[derive(Deserialize)]
struct RedactedBody {
    events: Vec<u64>,
    note: Option<String>,
    host: String,
    user: String,
}

fn happened(event: &StoredEvent<'_>) -> Result<Happened, String> {
    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
    let entry = || -> Result<Box<LifeEntry>, String> {
        let mut entry: LifeEntry = read(event.body)?;
        let payload = event.payload.map(read::<Payload>).transpose()?;
        entry.payload = payload.map(|payload| (payload.params, payload.description));
        Ok(Box::new(entry))
    };
    Ok(match event.kind {
        kind::REQUESTED => Happened::Requested(entry()?),
        kind::DECIDED => Happened::Decided(entry()?),
        kind::ANSWERED => {
            let body: AnsweredBody = read(event.body)?;
            let AnsweredBody { decision: answer, approver, note, waited_ms } = body;
            Happened::Answered { answer, approver, note, waited_ms }
        }
        kind::ENDED => {
            let body: EndedBody = read(event.body)?;
            let (status, error) = (body.result_status, body.result_error);
            Happened::Ended { status, error, duration_ms: body.duration_ms }
        }
        kind::REDACTED => {
            let RedactedBody { events, note, host, user } = read(event.body)?;
            Happened::Redacted { events, note, host, user }
        }
        _ => return Err("this program does not know its kind".to_owned()),
    })
}
