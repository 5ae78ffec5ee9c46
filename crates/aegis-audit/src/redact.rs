//! Removing what may hold secrets from an action's events, and every trace of it from the log's files.
//!
//! `SQLite` overwrites what is deleted with zeros (`secure_delete`), and the write-ahead log is emptied afterwards. Events
//! are only ever appended or made smaller, so none is copied to another page where a stale copy could stay behind. Pruning
//! does move events between pages: a log that was pruned is therefore written anew.

use std::time::Duration;

use aegis_engine::escape;
use chrono::Utc;
use rusqlite::Row;
use thiserror::Error;

use crate::append::Appending;
use crate::error::TrailError;
use crate::event::{Event, Operator, Stamped};
use crate::receipt::Receipt;
use crate::remedy::Remedy;
use crate::stored::StoredEvent;
use crate::trail::Trail;

/// What became of an action's payloads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what was removed may remain in the log's files for a while"]
pub struct Removal {
    /// The numbers of the events whose payload was removed now. None if all of them had been removed before.
    pub events: Vec<u64>,
    /// The proof that the log says so.
    pub receipt: Option<Receipt>,
    /// Whether nothing of what was removed, now or before, is left in the log's files.
    pub traces: Traces,
}

/// What is left of removed payloads in the log's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traces {
    /// Nothing.
    None,
    /// Another process reads or writes the log as it was before: the files hold the old pages as long as it does.
    HeldByOthers,
    /// There is no space to write the log anew.
    NoSpace,
}

/// Why an action's payloads were not removed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The log could not be written, or is damaged.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The log holds nothing about the action.
    #[error("no action `{}` is in the audit log", escape(.action_id))]
    Unknown {
        /// The id.
        action_id: String,
    },
}

impl RedactError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            RedactError::Trail(error) => error.help(),
            RedactError::Unknown { .. } => {
                Some("look the action's id up among the records; it may be in another log".to_owned())
            }
        }
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            RedactError::Trail(error) => error.remedy(),
            RedactError::Unknown { .. } => Some(Remedy::ListActions),
        }
    }
}

impl Trail {
    /// Removes the parameters and the description from all events of an action, and appends an event that says so, in one
    /// transaction. Then removes what is left of them in the log's files, which is tried again by each later call.
    ///
    /// The chain still verifies: it covers what was removed through a salted commitment, and the salt goes along.
    ///
    /// # Errors
    /// When the action is unknown, one of its events does not fit its hash (it is evidence, and stays), or the log does
    /// not take the event. Nothing was removed then.
    pub fn redact(
        &mut self,
        action_id: &str,
        note: Option<&str>,
        operator: Operator<'_>,
    ) -> Result<Removal, RedactError> {
        let removed = self.transact(|log| {
            let Some(events) = payloads(log, action_id)? else { return Ok(None) };
            if events.is_empty() {
                return Ok(Some((events, None)));
            }
            remove(log, &events)?;
            let event = Event::Redacted { action_id, events: &events, note, operator };
            let receipt = log.append(&[Stamped { at: Utc::now(), event }])?.pop();
            Ok(Some((events, receipt)))
        })?;
        let (events, receipt) =
            removed.ok_or_else(|| RedactError::Unknown { action_id: action_id.to_owned() })?;
        Ok(Removal { events, receipt, traces: self.wipe()? })
    }

    /// Removes what deleted rows left behind in the log's files.
    fn wipe(&mut self) -> Result<Traces, TrailError> {
        if self.was_pruned()? {
            match self.write_anew() {
                Ok(()) => {}
                Err(TrailError::Locked { .. }) => return Ok(Traces::HeldByOthers),
                Err(TrailError::Full { .. }) => return Ok(Traces::NoSpace),
                Err(error) => return Err(error),
            }
        }
        Ok(if self.empty_write_ahead_log(Duration::MAX)? { Traces::None } else { Traces::HeldByOthers })
    }
}

/// The numbers of an action's events that have a payload, once all of its events are compared with their hashes: what
/// does not fit its own must not be made to fit by removing it. `None` if it has no events.
fn payloads(log: &Appending<'_>, action_id: &str) -> Result<Option<Vec<u64>>, TrailError> {
    let failed = |error| TrailError::sqlite(log.path, error);
    let sql = format!("SELECT {} FROM events WHERE action_id = ?1 ORDER BY seq", StoredEvent::COLUMNS);
    let mut statement = log.connection.prepare(&sql).map_err(failed)?;
    let mut rows = statement.query([action_id]).map_err(failed)?;
    let mut any = false;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        any = true;
        events.extend(with_payload(log, row)?);
    }
    // Without an id, an event is about the log itself.
    Ok((any && !action_id.is_empty()).then_some(events))
}

fn with_payload(log: &Appending<'_>, row: &Row<'_>) -> Result<Option<u64>, TrailError> {
    let path = || log.path.to_owned();
    let seq: i64 = row.get(0).map_err(|error| TrailError::sqlite(log.path, error))?;
    let event =
        StoredEvent::read(row).map_err(|problem| TrailError::Unreadable { path: path(), seq, problem })?;
    match event.checked_hash(&log.identity.id) {
        Ok(_) => Ok(event.payload.is_some().then_some(event.seq)),
        Err(_) => Err(TrailError::Tampered { path: path(), seq }),
    }
}

fn remove(log: &Appending<'_>, events: &[u64]) -> Result<(), TrailError> {
    let failed = |error| TrailError::sqlite(log.path, error);
    let mut statement = log
        .connection
        .prepare("UPDATE events SET payload = NULL, salt = NULL WHERE seq = ?1")
        .map_err(failed)?;
    for event in events {
        statement.execute([event]).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aegis_engine::{Action, Digest, Source, load};

    use super::*;
    use crate::{Answer, Entry, PathSource};

    /// Appends a blocked action with this text in its parameters.
    fn append(trail: &mut Trail, action_id: &str, text: &str) {
        let policy = b"version: '1'\ndefaults: { approval: block }\nrules: []\n";
        let policy = load(&[Source { text: policy }]).policy.unwrap();
        let action = serde_json::json!({ "type": "read", "target": "crm", "params": { "note": text } });
        let action = Action::from_value(action).unwrap();
        let (at, digest) = (Utc::now(), action.digest());
        let (decision, redaction) = (policy.decide(&action, at), policy.redaction());
        let source = PathSource::Argument;
        let entry = Entry {
            action_id,
            session_id: "s",
            action: &action,
            action_sha256: digest,
            decision: &decision,
            redaction,
            policy_sha256: Digest::of(b""),
            host: "host",
            user: "ana",
            policy_source: source,
            log_source: source,
        };
        let event = Event::Decided { entry, answer: Answer::Block, approver: None, reason: "it is so" };
        let _ = trail.append(&[Stamped { at, event }]).unwrap();
    }

    /// Whether any file of the directory holds the text.
    fn is_written(directory: &std::path::Path, text: &str) -> bool {
        let mut files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        files.any(|path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }

    #[test]
    fn without_a_write_ahead_log_nothing_is_left_either() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.db");
        let mut trail = Trail::open(&path, Duration::from_secs(10)).unwrap().without_write_ahead_log();
        let lengths = [10, 900, 1500, 4100, 70_000, 1_000_000];
        for (index, length) in lengths.iter().enumerate() {
            append(&mut trail, &format!("a{index}"), &format!("canary-{index}-").repeat(length / 9));
        }
        let operator = Operator { host: "host", user: "ana" };
        for index in [3, 0, 5, 1, 4, 2] {
            let mark = format!("canary-{index}-");
            assert!(is_written(directory.path(), &mark), "{index}");
            let removal = trail.redact(&format!("a{index}"), None, operator).unwrap();
            assert_eq!((removal.events.len(), removal.traces), (1, Traces::None));
            assert!(!is_written(directory.path(), &mark), "{index}");
        }
        assert!(!directory.path().join("log.db-wal").exists());
    }
}
