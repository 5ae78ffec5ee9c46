//! Where records go besides the log: each sink must take every record, or the answer is no.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use aegis_engine::{escape, to_json_line};
use aegis_ledger::event::EventKind;
use aegis_ledger::record::Record;
use thiserror::Error;

use crate::error::TrailError;
use aegis_ledger::remedy::Remedy;

/// A place that takes a copy of every record.
///
/// A record that was taken is as durable as the sink promises; one that could not be taken is an error, never
/// silence.
pub trait Sink: fmt::Debug + Send {
    /// What the sink is called in errors, such as `jsonl:decisions.jsonl`.
    fn name(&self) -> String;

    /// Takes records, oldest first: all of them, or an error.
    ///
    /// # Errors
    /// When not every record was taken. Whoever has more may try again: a sink recovers by itself where it
    /// can.
    fn append(&mut self, records: &[SinkRecord]) -> Result<(), SinkError>;

    /// The file that it writes, if it writes one: a log refuses a sink that writes one of its own files.
    fn file(&self) -> Option<&Path> {
        None
    }
}

/// A record as sinks get it: made from what the log stores, never from the action itself.
#[derive(Clone, Debug, PartialEq)]
pub struct SinkRecord {
    kind: EventKind,
    record: Record,
}

impl SinkRecord {
    pub(crate) const fn new(kind: EventKind, record: Record) -> SinkRecord {
        SinkRecord { kind, record }
    }

    /// What happened: the kind of event that made or changed the record.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        self.kind
    }

    /// The action, and what is known of it by then. The number and the hash are those of the event in the
    /// log.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The record as one line of JSON, without its newline, safe to look at.
    ///
    /// # Errors
    /// When it cannot be put into JSON.
    pub fn line(&self) -> Result<String, SinkError> {
        Ok(to_json_line(&self.record)?)
    }

    /// The record in a sentence for a person, escaped.
    #[must_use]
    pub fn sentence(&self) -> String {
        let record = &self.record;
        let (kind, target) = (escape(&record.action_type), escape(&record.action_target));
        let who = record.agent.as_deref().map_or_else(|| "somebody".to_owned(), escape);
        let (risk, rule) = (record.risk_level, escape(&record.matched_rule));
        let what = match (self.kind, record.decision, record.result_status) {
            (EventKind::Redacted, ..) => "parameters removed",
            (EventKind::Observed, ..) => "done without asking",
            (EventKind::Started, ..) => "started",
            (EventKind::Verified, ..) => "looked at",
            (EventKind::Ended, _, None) => "ended, nobody knows how",
            (EventKind::Requested, ..) | (_, None, _) => "asked",
            (EventKind::Ended, _, Some(status)) => status.as_str(),
            (_, Some(answer), _) => answer.as_str(),
        };
        format!("{kind} on {target} by {who}: {what}, {risk} risk, {rule}")
    }
}

/// Why a sink did not take a record. The action must not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The file must not be trusted, or its place cannot be used.
    #[error("{}", of_the_sink(.0))]
    File(TrailError),
    /// Another process held the file for too long.
    #[error("the sink's file `{}` is locked by another process", escape(&path.to_string_lossy()))]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("the sink's file `{}` does not hold JSON lines", escape(&path.to_string_lossy()))]
    NotJsonLines {
        /// The file.
        path: PathBuf,
    },
    /// The file is the audit log, or belongs to it.
    #[error("the sink's file `{}` is part of the audit log", escape(&path.to_string_lossy()))]
    PartOfLog {
        /// The file.
        path: PathBuf,
    },
    /// There is no space left for the record.
    #[error("the sink's file `{}` cannot be written: the disk is full", escape(&path.to_string_lossy()))]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file did not take the record.
    #[error("the sink's file `{}` cannot be written: {source}", escape(&path.to_string_lossy()))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal did not take the record.
    #[error("the journal at `{}` does not take records: {source}", escape(&path.to_string_lossy()))]
    Journal {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No subscriber takes events of this level.
    #[error("no subscriber takes tracing events of level {level} from `{target}`")]
    NobodyListens {
        /// The level of the event.
        level: &'static str,
        /// The target of the event.
        target: &'static str,
    },
    /// The record could not be put into JSON.
    #[error("a record cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The program that embeds the library has a reason of its own.
    #[error("{}", escape(&.0.to_string()))]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl SinkError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            SinkError::File(TrailError::HardLink { .. }) => {
                "remove the other name, or name another file".to_owned()
            }
            SinkError::File(TrailError::ForeignOwner { .. }) => {
                "it must belong to root or to you; name another file".to_owned()
            }
            SinkError::File(TrailError::NotRegular { .. }) => "name a regular file".to_owned(),
            SinkError::File(error) => return error.help(),
            SinkError::PartOfLog { .. } => {
                "name another file: what stands there is written over or deleted".to_owned()
            }
            SinkError::NotJsonLines { .. } => "name another file, or move this one away".to_owned(),
            SinkError::Locked { .. } => "another program may be using the file; try again".to_owned(),
            SinkError::Full { .. } => "free some space; the sink goes on by itself then".to_owned(),
            SinkError::Journal { .. } => {
                "is systemd-journald running? leave this sink out where it is not".to_owned()
            }
            SinkError::NobodyListens { .. } => {
                "let the subscriber take the target `aegis::audit` from level DEBUG on".to_owned()
            }
            _ => return None,
        })
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            // What is said of the log's file does not fit a sink's.
            SinkError::File(
                TrailError::HardLink { .. } | TrailError::ForeignOwner { .. } | TrailError::NotRegular { .. },
            ) => None,
            SinkError::File(error) => error.remedy(),
            SinkError::Journal { .. } => Some(Remedy::StartJournal),
            _ => None,
        }
    }

    /// What an error of the system on a sink's file means.
    pub(crate) fn io(path: &Path, source: io::Error) -> SinkError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SinkError::Full { path },
            _ => SinkError::Io { path, source },
        }
    }
}

/// The checks of files are those of the log; what they say is of the log, too.
fn of_the_sink(error: &TrailError) -> String {
    error
        .to_string()
        .replace("of the audit log", "of the sink's file")
        .replace("the audit log's file", "the sink's file")
        .replace("the audit log", "the sink's file")
}
