//! Removing what may hold secrets from an action's events, and every trace of it from the log's files.
//!
//! `SQLite` overwrites what is deleted with zeros (`secure_delete`), and the write-ahead log is emptied
//! afterwards. Events are only ever appended or made smaller, so none is copied to another page where a stale
//! copy could stay behind. Pruning does move events between pages: a log that was pruned is therefore written
//! anew.

use std::ops::ControlFlow;

use aegis_engine::escape;
use aegis_ledger::event::{Event, EventKind, Operator, Redacted, Stamped};
use aegis_ledger::receipt::Receipt;
use thiserror::Error;

use crate::error::TrailError;
use crate::journal::error::{RecordError, Unwritten};
use crate::journal::record::Journal;
use crate::store::{Traces, Transaction};
use aegis_ledger::remedy::Remedy;

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

/// Why an action's payloads were not removed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The log could not be written or is damaged, or a sink did not take the record.
    #[error(transparent)]
    Record(#[from] RecordError),
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
            RedactError::Record(error) => error.help(),
            RedactError::Unknown { .. } => {
                Some("look the action's id up among the records; it may be in another log".to_owned())
            }
        }
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            RedactError::Record(error) => error.remedy(),
            RedactError::Unknown { .. } => Some(Remedy::ListActions),
        }
    }
}

impl Journal {
    /// Removes the parameters and the description from all events of an action, and appends an event that
    /// says so, in one transaction. Then removes what is left of them in the log's files, which is tried
    /// again by each later call.
    ///
    /// The chain still verifies: it covers what was removed through a salted commitment, and the salt goes
    /// along.
    ///
    /// # Errors
    /// When the action is unknown, one of its events does not fit its hash (it is evidence, and stays), or
    /// the log does not take the event: nothing was removed then. Or a sink does not take the record of it.
    pub fn redact(
        &mut self,
        action_id: &str,
        note: Option<&str>,
        operator: Operator<'_>,
    ) -> Result<Removal, RedactError> {
        let removed = self.write(|log| {
            let Some(events) = payloads(log.transaction, action_id)? else { return Ok(None) };
            if events.is_empty() {
                // A sink that refused an earlier removal, or was not there, gets it now.
                log.copy_newest(action_id, EventKind::Redacted)?;
                return Ok(Some((events, None)));
            }
            log.transaction.remove_payloads(&events)?;
            let event = Event::Redacted(Redacted { action_id, events: &events, note, operator });
            let receipt = log.append(&[Stamped { at: crate::clock::now(), event }])?;
            Ok(Some((events, receipt)))
        });
        let (events, receipt) = match removed {
            Ok(Some(removed)) => removed,
            Ok(None) => return Err(RedactError::Unknown { action_id: action_id.to_owned() }),
            Err(Unwritten::Refused { refusal, .. }) => {
                // The log's files do not keep what was removed because a sink refused.
                let _ = self.store.erase_traces().map_err(RecordError::from)?;
                return Err(refusal.into());
            }
            // A log that is damaged is evidence: nothing of it is touched.
            Err(other) => return Err(RecordError::from(other).into()),
        };
        let traces = self.store.erase_traces().map_err(RecordError::from)?;
        Ok(Removal { events, receipt, traces })
    }
}

/// The numbers of an action's events that have a payload, once all of its events are compared with their
/// hashes: what does not fit its own must not be made to fit by removing it. `None` if it has no events.
fn payloads(log: &dyn Transaction, action_id: &str) -> Result<Option<Vec<u64>>, TrailError> {
    let path = || log.location().to_owned();
    let (mut any, mut events) = (false, Vec::new());
    log.each_event_of(action_id, &mut |seq, event| {
        any = true;
        let event = event.map_err(|problem| TrailError::Unreadable { path: path(), seq, problem })?;
        match event.checked_hash(&log.identity().id) {
            Ok(_) => events.extend(event.payload.map(|_| event.seq)),
            Err(_) => return Err(TrailError::Tampered { path: path(), seq }),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    // Without an id, an event is about the log itself.
    Ok((any && !action_id.is_empty()).then_some(events))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aegis_engine::{Action, Digest, Source, load};

    use aegis_ledger::answer::Answer;
    use aegis_ledger::event::{Decided, Entry, PathSource, SessionSource};

    use chrono::Utc;

    use super::*;
    use crate::sqlite::SqliteStore;

    /// Appends a blocked action with this text in its parameters.
    fn append(journal: &mut Journal, action_id: &str, text: &str) {
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
            session_source: SessionSource::Argument,
            action: &action,
            action_sha256: digest,
            decision: &decision,
            redaction,
            policy_sha256: Digest::of(b""),
            host: "host",
            user: "ana",
            login: None,
            policy_source: source,
            log_source: source,
        };
        let event = Event::Decided(Decided {
            entry,
            answer: Answer::Block,
            approver: None,
            grant: None,
            reason: "it is so",
        });
        let _ = journal.record(vec![Stamped { at, event }]).unwrap();
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
        let store = SqliteStore::open(&path, Duration::from_secs(10)).unwrap().without_write_ahead_log();
        let mut journal = Journal::over(store);
        let lengths = [10, 900, 1500, 4100, 70_000, 1_000_000];
        for (index, length) in lengths.iter().enumerate() {
            append(&mut journal, &format!("a{index}"), &format!("canary-{index}-").repeat(length / 9));
        }
        let operator = Operator { host: "host", user: "ana", login: None };
        for index in [3, 0, 5, 1, 4, 2] {
            let mark = format!("canary-{index}-");
            assert!(is_written(directory.path(), &mark), "{index}");
            let removal = journal.redact(&format!("a{index}"), None, operator).unwrap();
            assert_eq!((removal.events.len(), removal.traces), (1, Traces::None));
            assert!(!is_written(directory.path(), &mark), "{index}");
        }
        assert!(!directory.path().join("log.db-wal").exists());
    }
}
