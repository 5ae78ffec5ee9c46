//! The journal itself: what is recorded goes to the log first, and then to every sink.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aegis_ledger::event::{EventKind, Stamped};
use aegis_ledger::receipt::Receipt;

use crate::error::TrailError;
use crate::journal::account::{Account, given_up};
use crate::journal::committed::Committed;
use crate::journal::error::{RecordError, Unwritten};
use crate::log_names::is_part_of_log;
use crate::sink::{Sink, SinkError, SinkRecord};
use crate::sqlite::SqliteStore;
use crate::store::{Appended, Store, Transaction};

/// A log that is open for writing, and the sinks that must take every record as well.
///
/// The log comes first: it gives the number and the hash that the sinks' records carry. Nothing is
/// acknowledged before it is synced, and before every sink took it.
#[derive(Debug)]
pub struct Journal {
    pub(super) store: Box<dyn Store>,
    sinks: Vec<Box<dyn Sink>>,
    /// The id of the log, as receipts name it.
    log: Arc<str>,
}

impl Journal {
    /// Opens the log at `path`, or creates it with permissions for its owner alone. Waits for at most `wait`
    /// (and a day at the longest) whenever another process holds the log.
    ///
    /// # Errors
    /// When the file cannot be used, must not be trusted, is damaged, or was written by a newer program.
    pub fn open(path: &Path, wait: Duration) -> Result<Journal, TrailError> {
        Ok(Journal::over(SqliteStore::open(path, wait)?))
    }

    /// A journal over any store.
    #[must_use]
    pub fn over(store: impl Store + 'static) -> Journal {
        let log = store.identity().name().into();
        Journal { store: Box::new(store), sinks: Vec::new(), log }
    }

    /// The same with these sinks behind it, which are written in this order. If one of them writes a file of
    /// this very log, nothing is recorded at all.
    #[must_use]
    pub fn with_sinks(self, sinks: Vec<Box<dyn Sink>>) -> Journal {
        Journal { sinks, ..self }
    }

    /// Whether the log was made when it was opened.
    #[must_use]
    pub fn created(&self) -> bool {
        self.store.created()
    }

    /// The log's id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.log
    }

    /// Writes accounts down in one transaction, gives them to every sink, and hands each back with the
    /// receipt of its last event.
    ///
    /// # Errors
    /// When the log or a sink refuses. After a sink refused, whatever the accounts allow is given up: the log
    /// is told so, and the sinks that had taken them, as far as they still can be.
    pub fn record<A: Account>(&mut self, accounts: Vec<A>) -> Result<Vec<Committed<A>>, RecordError> {
        let mut pending: Vec<Pending<A>> = accounts.into_iter().map(Pending::new).collect();
        let written = self.write(|log| pending.iter_mut().try_for_each(|pending| pending.append(log)));
        match written {
            Ok(()) => pending.into_iter().map(Pending::committed).collect(),
            Err(Unwritten::Refused { taken_by, refusal }) => {
                self.give_up(&pending, &refusal, taken_by);
                Err(refusal)
            }
            Err(unwritten) => Err(unwritten.into()),
        }
    }

    /// Does `work` in one transaction, and gives every sink the records that it made.
    pub(super) fn write<T>(
        &mut self,
        mut work: impl FnMut(&mut Writing<'_>) -> Result<T, TrailError>,
    ) -> Result<T, Unwritten> {
        self.check_sinks()?;
        let (mut done, mut copies) = (None, Vec::new());
        let (log, copied) = (Arc::clone(&self.log), !self.sinks.is_empty());
        self.store.transact(&mut |transaction| {
            let mut writing = Writing { transaction, log: &log, copied, copies: Vec::new() };
            done = Some(work(&mut writing)?);
            copies = writing.copies;
            Ok(())
        })?;
        let done = done.ok_or_else(|| self.nothing_done())?;
        match self.offer(&copies) {
            None => Ok(done),
            Some(refused) => Err(refused),
        }
    }

    /// Does `work`, which makes no record, in one transaction.
    pub(super) fn transact<T>(
        &mut self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<T, TrailError>,
    ) -> Result<T, TrailError> {
        let mut done = None;
        self.store.transact(&mut |transaction| {
            done = Some(work(transaction)?);
            Ok(())
        })?;
        done.ok_or_else(|| self.nothing_done())
    }

    /// Nothing is written where a sink would write into the log's own files, or have them taken for its own.
    fn check_sinks(&self) -> Result<(), Unwritten> {
        let log = self.store.location();
        let own = |sink: &&Box<dyn Sink>| sink.file().is_some_and(|file| is_part_of_log(file, log));
        let Some(sink) = self.sinks.iter().find(own) else { return Ok(()) };
        let path = sink.file().map(Path::to_owned).unwrap_or_default();
        let error = SinkError::PartOfLog { path };
        Err(Unwritten::NotBegun(RecordError::Sink { sink: sink.name(), error }))
    }

    /// Gives records to every sink, up to the first that refuses.
    fn offer(&mut self, records: &[SinkRecord]) -> Option<Unwritten> {
        if records.is_empty() {
            return None;
        }
        self.sinks.iter_mut().enumerate().find_map(|(taken_by, sink)| {
            let error = sink.append(records).err()?;
            Some(Unwritten::Refused { taken_by, refusal: RecordError::Sink { sink: sink.name(), error } })
        })
    }

    /// Says of actions that were to be asked for, or that were allowed, that they were given up. Nothing
    /// hangs on it: the answer is no whether this can still be written or not.
    fn give_up<A: Account>(&mut self, accounts: &[Pending<A>], refusal: &RecordError, taken_by: usize) {
        let (at, why) = (crate::clock::now(), refusal.to_string());
        let events: Vec<Vec<Stamped<'_>>> = accounts.iter().map(|pending| pending.account.events()).collect();
        let given_up: Vec<_> = events.iter().flat_map(|events| given_up(events, at, &why)).collect();
        if given_up.is_empty() {
            return;
        }
        let (mut copies, log) = (Vec::new(), Arc::clone(&self.log));
        let written = self.store.transact(&mut |transaction| {
            let mut writing = Writing { transaction, log: &log, copied: true, copies: Vec::new() };
            writing.append(&given_up)?;
            copies = writing.copies;
            Ok(())
        });
        if written.is_ok() {
            for sink in self.sinks.iter_mut().take(taken_by) {
                let _ = sink.append(&copies);
            }
        }
    }

    /// A store that says it committed, and did nothing, is not believed.
    fn nothing_done(&self) -> TrailError {
        let problem = "a transaction was committed that was never begun".to_owned();
        TrailError::NotDurable { path: self.store.location().to_owned(), problem }
    }
}

/// An account, and the receipt of its last event once it is linked to the log.
struct Pending<A> {
    account: A,
    receipt: Option<Receipt>,
}

impl<A: Account> Pending<A> {
    const fn new(account: A) -> Pending<A> {
        Pending { account, receipt: None }
    }

    fn append(&mut self, log: &mut Writing<'_>) -> Result<(), TrailError> {
        self.receipt = log.append(&self.account.events())?;
        Ok(())
    }

    fn committed(self) -> Result<Committed<A>, RecordError> {
        let receipt = self.receipt.ok_or(RecordError::NoEvent)?;
        Ok(Committed::new(self.account, receipt))
    }
}

/// A transaction, and copies of the records that it makes: of what is stored, read back within it.
pub(super) struct Writing<'a> {
    pub(super) transaction: &'a mut dyn Transaction,
    log: &'a Arc<str>,
    /// Whether anybody wants copies.
    copied: bool,
    copies: Vec<SinkRecord>,
}

impl Writing<'_> {
    /// Links events to the log, and gives the receipt of the last of them.
    pub(super) fn append(&mut self, events: &[Stamped<'_>]) -> Result<Option<Receipt>, TrailError> {
        let appended = self.transaction.append(events)?;
        if self.copied {
            for (stamped, appended) in events.iter().zip(&appended) {
                self.copy(stamped.event.kind(), appended)?;
            }
        }
        Ok(appended
            .last()
            .map(|last| Receipt::new(Arc::clone(self.log), last.head.seq.unsigned_abs(), last.head.hash)))
    }

    /// Reads back the record that an event makes. An approver's answer, and what is about the log itself,
    /// make none.
    fn copy(&mut self, kind: EventKind, appended: &Appended) -> Result<(), TrailError> {
        let Some(line) = appended.record else { return Ok(()) };
        let Some(mut record) = self.transaction.record(line)? else { return Ok(()) };
        record.seq = appended.head.seq.unsigned_abs();
        record.hash = appended.head.hash.to_string();
        self.copies.push(SinkRecord::new(kind, record));
        Ok(())
    }
}
