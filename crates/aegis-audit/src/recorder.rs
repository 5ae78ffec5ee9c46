//! The log and the sinks beside it, written together.

use std::collections::BTreeSet;

use aegis_engine::escape;
use chrono::Utc;
use thiserror::Error;

use crate::answer::{Answer, ResultStatus};
use crate::error::TrailError;
use crate::event::{Event, Stamped};
use crate::receipt::Receipt;
use crate::remedy::Remedy;
use crate::sink::{Sink, SinkError, SinkRecord};
use crate::trail::Trail;

/// A log, and the sinks that must take every record as well.
///
/// The log comes first: it gives the number and the hash that the sinks' records carry.
#[derive(Debug)]
pub struct Recorder {
    trail: Trail,
    sinks: Vec<Box<dyn Sink>>,
}

/// The proof that an event is in the log, synced, and that every sink took it. Made only by [`Recorder::record`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a recorded answer is what permits an action"]
pub struct Recorded(Receipt);

impl Recorded {
    /// Where in the log the event is.
    pub const fn receipt(&self) -> &Receipt {
        &self.0
    }
}

/// Why events were not recorded. Nothing was acknowledged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The log did not take them.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// A sink did not take them. The log has them, and says that what they allow was given up.
    #[error("the audit sink `{}` refused the record: {error}", escape(.sink))]
    Sink {
        /// The sink.
        sink: String,
        /// Why.
        error: SinkError,
    },
}

impl RecordError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            RecordError::Trail(error) => error.help(),
            RecordError::Sink { error, .. } => error.help(),
        }
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            RecordError::Trail(error) => error.remedy(),
            RecordError::Sink { error, .. } => error.remedy(),
        }
    }
}

impl From<Trail> for Recorder {
    fn from(trail: Trail) -> Recorder {
        Recorder::new(trail, Vec::new())
    }
}

impl Recorder {
    /// A log with these sinks beside it, which are written in this order.
    #[must_use]
    pub fn new(trail: Trail, sinks: Vec<Box<dyn Sink>>) -> Recorder {
        Recorder { trail, sinks }
    }

    /// Appends events to the log in one transaction, then to every sink, and returns a proof for each of them.
    ///
    /// # Errors
    /// When the log or a sink refuses. After a sink refused, whatever the events allow is given up: the log is told so,
    /// and the sinks that had taken them, as far as they still can be.
    pub fn record(&mut self, events: &[Stamped<'_>]) -> Result<Vec<Recorded>, RecordError> {
        if self.sinks.is_empty() {
            return Ok(self.trail.append(events)?.into_iter().map(Recorded).collect());
        }
        let (receipts, records) = self.trail.append_copied(events)?;
        match self.offer(&records) {
            None => Ok(receipts.into_iter().map(Recorded).collect()),
            Some((index, error)) => {
                let sink = self.sinks.get(index).map(|sink| sink.name()).unwrap_or_default();
                let refused = RecordError::Sink { sink, error };
                self.give_up(events, &refused.to_string(), index);
                Err(refused)
            }
        }
    }

    /// Gives records to every sink, up to the first that refuses: which one, and why.
    fn offer(&mut self, records: &[SinkRecord]) -> Option<(usize, SinkError)> {
        if records.is_empty() {
            return None;
        }
        self.sinks
            .iter_mut()
            .enumerate()
            .find_map(|(index, sink)| sink.append(records).err().map(|error| (index, error)))
    }

    /// Says of actions that were to be asked for, or that were allowed, that they were given up. Nothing hangs on it:
    /// the answer is no whether this can still be written or not.
    fn give_up(&mut self, events: &[Stamped<'_>], why: &str, taken_by: usize) {
        let at = Utc::now();
        let ended = |action_id, session_id| {
            let (status, error) = (ResultStatus::Skipped, Some(why));
            Stamped { at, event: Event::Ended { action_id, session_id, status, error, duration_ms: None } }
        };
        let decided: BTreeSet<_> = events
            .iter()
            .filter_map(|stamped| match stamped.event {
                Event::Decided { entry, .. } => Some(entry.action_id),
                _ => None,
            })
            .collect();
        let mut given_up = Vec::new();
        for stamped in events {
            match stamped.event {
                Event::Requested { entry } if !decided.contains(entry.action_id) => {
                    let event =
                        Event::Decided { entry, answer: Answer::Unanswered, approver: None, reason: why };
                    given_up.push(Stamped { at, event });
                    given_up.push(ended(entry.action_id, entry.session_id));
                }
                Event::Decided { entry, answer, .. } if answer.is_allowed() => {
                    given_up.push(ended(entry.action_id, entry.session_id));
                }
                _ => {}
            }
        }
        if given_up.is_empty() {
            return;
        }
        let Ok((_, records)) = self.trail.append_copied(&given_up) else { return };
        for sink in self.sinks.iter_mut().take(taken_by) {
            let _ = sink.append(&records);
        }
    }
}
