//! The seam between the journal and the place where a log is kept.
//!
//! A [`Store`] keeps one log durably, for one writer at a time. In a [`Transaction`] the newest event is
//! checked and new ones are linked to it; a [`Snapshot`] is the log as it is at one moment. The first store
//! is [`SqliteStore`](crate::sqlite::SqliteStore); whatever passes the store suite of the test kit can stand
//! in its place.

use std::fmt;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;

use aegis_ledger::chain::{Head, LogIdentity};
use aegis_ledger::event::{EventKind, Stamped};
use aegis_ledger::history::{History, HistoryEvent};
use aegis_ledger::origin::Origin;
use aegis_ledger::record::Record;
use aegis_ledger::stored_event::StoredEvent;

use crate::error::TrailError;
use crate::volatility::Volatility;

/// Takes events one after another: the number of each, and the event, or what keeps it from being read.
pub type EachEvent<'a> =
    dyn FnMut(i64, Result<StoredEvent<'_>, String>) -> Result<ControlFlow<()>, TrailError> + 'a;

/// What is done in one transaction.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), TrailError> + 'a;

/// Where a log is kept: durably, and for one writer at a time.
pub trait Store: fmt::Debug + Send {
    /// What the log is.
    fn identity(&self) -> &LogIdentity;

    /// Where it is, for messages.
    fn location(&self) -> &Path;

    /// Whether it was made when it was opened.
    fn created(&self) -> bool;

    /// Why nothing that is written here lasts, where that is so.
    fn volatility(&self) -> Option<Volatility> {
        None
    }

    /// Does `work` in one transaction behind the newest event. When this returns, everything that was done is
    /// durable; when it fails, nothing of it is there. Where another writer was in the way, the work may be
    /// done several times.
    ///
    /// # Errors
    /// When it could not be made durable, the log is damaged, or `work` says so.
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), TrailError>;

    /// Removes what deleted payloads left behind in the log's files.
    ///
    /// # Errors
    /// When the log cannot be written. It may be tried again.
    fn erase_traces(&mut self) -> Result<Traces, TrailError>;

    /// Settles the space that deleted events took; where `shrink`, it is given back to the file system.
    ///
    /// # Errors
    /// When the log cannot be written. Nothing is lost then.
    fn settle_space(&mut self, shrink: bool) -> Result<Space, TrailError>;
}

/// A log as it is at one moment.
pub trait Snapshot {
    /// What the log is.
    fn identity(&self) -> &LogIdentity;

    /// Where it is, for messages.
    fn location(&self) -> &Path;

    /// Where it begins.
    ///
    /// # Errors
    /// When that cannot be read.
    fn origin(&self) -> Result<Origin, TrailError>;

    /// Calls `each` with the events of these numbers, oldest first, until it breaks.
    ///
    /// # Errors
    /// When the log cannot be read, or `each` says so.
    fn each_event(&self, numbers: RangeInclusive<u64>, each: &mut EachEvent<'_>) -> Result<(), TrailError>;

    /// Calls `each` with the events of an action, oldest first, until it breaks.
    ///
    /// # Errors
    /// When the log cannot be read, or `each` says so.
    fn each_event_of(&self, action_id: &str, each: &mut EachEvent<'_>) -> Result<(), TrailError>;

    /// Calls `each` with the `requested` events that opened a question, of those that are not older than
    /// `since` (milliseconds since the Unix epoch), oldest first, until it breaks. There may be some more.
    ///
    /// # Errors
    /// When the log cannot be read, or `each` says so.
    fn each_question(&self, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError>;

    /// The same with the `requested` events that offered a grant: all of them, or those whose grant is for
    /// actions of this [key](aegis_ledger::event::grant_key).
    ///
    /// # Errors
    /// When the log cannot be read, or `each` says so.
    fn each_offer(&self, key: Option<&str>, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError>;

    /// The latest instant that any event has, in milliseconds since the Unix epoch. The newest event may have
    /// an earlier one, by a clock that was set back.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn latest(&self) -> Result<i64, TrailError>;

    /// The numbers of the events that approved the like of an action, the newest first, and at most so many.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn approved_like(&self, like: Likeness<'_>, most: u64) -> Result<Vec<u64>, TrailError>;
}

/// A transaction in which events are checked and appended. Nothing of it is kept unless the store commits it.
pub trait Transaction: Snapshot {
    /// The newest event, which was compared with its hash, and to which the next one is linked.
    fn head(&self) -> Head;

    /// Whether there is an event of this kind behind the one of this number.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn has_after(&self, seq: u64, kind: EventKind) -> Result<bool, TrailError>;

    /// Links events to the newest one.
    ///
    /// # Errors
    /// When they cannot be written.
    fn append(&mut self, events: &[Stamped<'_>]) -> Result<Vec<Appended>, TrailError>;

    /// The record that an entry of this number makes, by now; `None` if there is no such row.
    ///
    /// # Errors
    /// When it cannot be read.
    fn record(&self, seq: u64) -> Result<Option<Record>, TrailError>;

    /// Removes the payloads of these events, and their salts with them.
    ///
    /// # Errors
    /// When they cannot be removed.
    fn remove_payloads(&mut self, events: &[u64]) -> Result<(), TrailError>;

    /// Deletes some of the events that the newest `pruned` event stands for, and gives their number: 0 when
    /// none is left.
    ///
    /// # Errors
    /// When they cannot be deleted.
    fn delete_pruned(&mut self) -> Result<u64, TrailError>;
}

/// What makes one action the like of another: type and target, as a log has them, and the rule that decides.
#[derive(Clone, Copy, Debug)]
pub struct Likeness<'a> {
    /// The kind of operation.
    pub action_type: &'a str,
    /// The system acted upon.
    pub action_target: &'a str,
    /// The rule.
    pub rule: &'a str,
}

/// An event that was linked to the log. It counts once its transaction is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its number and its hash.
    pub head: Head,
    /// The number of the entry whose record it changes, if it changes one.
    pub record: Option<u64>,
}

/// What is left of removed payloads in the log's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traces {
    /// Nothing.
    None,
    /// Another process reads or writes the log as it was before: the files hold the old pages as long as it
    /// does.
    HeldByOthers,
    /// There is no space to write the log anew.
    NoSpace,
}

/// What has become of the space that deleted events took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// How many bytes are free within the log's file: the next events take them.
    pub free: u64,
    /// Whether the write-ahead log was emptied. Where another process is reading, that waits for it.
    pub journal_emptied: bool,
}

/// Everything that a log holds about an action. `None` if that is nothing. An event that does not fit its
/// hash, cannot be read or cannot have happened is no error: it is given with what is wrong with it.
///
/// # Errors
/// When the log cannot be read.
pub fn history_of(log: &dyn Snapshot, action_id: &str) -> Result<Option<History>, TrailError> {
    let identity = log.identity();
    let mut events = Vec::new();
    log.each_event_of(action_id, &mut |seq, event| {
        events.push(match event {
            Ok(event) => HistoryEvent::of(&event, &identity.id),
            Err(problem) => HistoryEvent::unreadable(seq.unsigned_abs(), problem),
        });
        Ok(ControlFlow::Continue(()))
    })?;
    // Without an id, an event is about the log itself.
    let any = !action_id.is_empty() && !events.is_empty();
    Ok(any.then(|| History::of(action_id.to_owned(), identity.name(), events)))
}
