//! The journal itself: what is recorded goes to the log first, and then to every sink.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_engine::Digest;
use aegis_ledger::action_life::check_time;
use aegis_ledger::chain::Head;
use aegis_ledger::event::{Body as _, Entry, EventKind, RecordedNames, Stamped};
use aegis_ledger::receipt::Receipt;

use crate::error::TrailError;
use crate::journal::account::{Account, given_up};
use crate::journal::committed::Committed;
use crate::journal::error::{RecordError, Unwritten};
use crate::journal::question_book::{QuestionBook, now_in};
use crate::log_names::is_part_of_log;
use crate::sink::{Sink, SinkError, SinkRecord};
use crate::sqlite::SqliteStore;
use crate::store::{Appended, Store, Transaction};
use crate::volatility::Volatility;

/// From how long on a writer is said to have waited for the log. A log that is free takes far less.
pub const A_WAIT: Duration = Duration::from_millis(50);

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
    /// The number of the newest event that was committed here.
    newest: i64,
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

    /// The same for a log that is there already: a log that somebody removed is not made anew.
    ///
    /// # Errors
    /// As [`open`](Journal::open), and [`TrailError::NotFound`] when there is no log.
    pub fn open_existing(path: &Path, wait: Duration) -> Result<Journal, TrailError> {
        Ok(Journal::over(SqliteStore::open_existing(path, wait)?))
    }

    /// A journal over any store. What it promises is as good as the store: that what was committed is
    /// durable, and that nothing else is there.
    #[must_use]
    pub fn over(store: impl Store + 'static) -> Journal {
        let log = store.identity().name().into();
        Journal { store: Box::new(store), sinks: Vec::new(), log, newest: 0 }
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

    /// Why nothing that is written to the log lasts, where that is so: receipts say that it is.
    #[must_use]
    pub fn volatility(&self) -> Option<Volatility> {
        self.store.volatility()
    }

    /// The log's id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.log
    }

    /// Type and target of an action as this log has them once its entry is recorded: the very same texts.
    #[must_use]
    pub fn recorded_names(&self, entry: &Entry<'_>) -> RecordedNames {
        entry.recorded_names(&self.store.identity().key)
    }

    /// What an action has in common with those that one grant holds for, as this log has them; `None`
    /// where its rule lets no grant be given.
    #[must_use]
    pub fn grant_key(&self, entry: &Entry<'_>) -> Option<String> {
        entry.grant_key(&self.store.identity().key)
    }

    /// Writes accounts down in one transaction, gives them to every sink, and hands each back with the
    /// receipt of its last event.
    ///
    /// # Errors
    /// When the log or a sink refuses. After a sink refused, whatever the accounts allow is given up: the log
    /// is told so, and the sinks that had taken them, as far as they still can be.
    pub fn record<A: Account>(&mut self, accounts: Vec<A>) -> Result<Vec<Committed<A>>, RecordError> {
        if accounts.iter().any(|account| account.events().is_empty()) {
            return Err(RecordError::NoEvent);
        }
        let mut pending: Vec<Pending<A>> = accounts.into_iter().map(Pending::new).collect();
        let begun = Instant::now();
        let written = self.write(|log| {
            if begun.elapsed() >= A_WAIT {
                for pending in &mut pending {
                    let path = || log.transaction.location().to_owned();
                    let withdrawn = |why| TrailError::Withdrawn { path: path(), why };
                    pending.account.waited(log.transaction.identity()).map_err(withdrawn)?;
                }
            }
            // What time it is by the log is read for those alone who ask it something.
            let mut questions = None;
            pending.iter_mut().try_for_each(|pending| {
                if pending.account.consults() {
                    let book = match &mut questions {
                        Some(book) => book,
                        None => questions.insert(QuestionBook::as_of(now_in(log.transaction)?)),
                    };
                    pending.account.consult(book, log.transaction)?;
                }
                pending.append(log)
            })
        });
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
        let (log, copied, mut newest) = (Arc::clone(&self.log), !self.sinks.is_empty(), self.newest);
        let (before, volatile) = (self.newest, self.volatility().is_some());
        self.store.transact(&mut |transaction| {
            let mut writing =
                Writing { transaction, log: &log, volatile, copied, copies: Vec::new(), newest: before };
            done = Some(work(&mut writing)?);
            (copies, newest) = (writing.copies, writing.newest);
            Ok(())
        })?;
        self.newest = newest;
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
        let mut files = self.sinks.iter().filter_map(|sink| sink.file().map(|file| (sink, file)));
        let Some((sink, file)) = files.find(|(_, file)| is_part_of_log(file, log)) else { return Ok(()) };
        let error = SinkError::PartOfLog { path: file.to_owned() };
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
        // What one account asked, another one may have decided.
        let events: Vec<Stamped<'_>> = accounts.iter().flat_map(|pending| pending.account.events()).collect();
        let given_up = given_up(&events, at, &why);
        if given_up.is_empty() {
            return;
        }
        let (mut copies, log, newest) = (Vec::new(), Arc::clone(&self.log), self.newest);
        let volatile = self.volatility().is_some();
        let written = self.store.transact(&mut |transaction| {
            let mut writing =
                Writing { transaction, log: &log, volatile, copied: true, copies: Vec::new(), newest };
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
    /// Whether nothing that is written to the log lasts.
    volatile: bool,
    /// Whether anybody wants copies.
    copied: bool,
    copies: Vec<SinkRecord>,
    /// The number of the newest event that was committed or appended here: every further one is newer.
    newest: i64,
}

impl Writing<'_> {
    /// Links events to the log, reads them back, and gives the receipt of the last of them.
    pub(super) fn append(&mut self, events: &[Stamped<'_>]) -> Result<Option<Receipt>, TrailError> {
        let before = self.transaction.head();
        if let Some(early) = events.iter().find(|event| check_time(event.at.timestamp_millis()).is_err()) {
            let path = self.transaction.location().to_owned();
            return Err(TrailError::ClockBehind { path, at: early.at });
        }
        let appended = self.transaction.append(events)?;
        self.read_back(before, events, &appended)?;
        if self.copied {
            for (stamped, appended) in events.iter().zip(&appended) {
                self.copy(stamped.event.kind(), appended)?;
            }
        }
        let receipt = |head: Head| {
            let receipt = Receipt::new(Arc::clone(self.log), head.seq.unsigned_abs(), head.hash);
            if self.volatile { receipt.of_volatile_log() } else { receipt }
        };
        Ok(appended.last().map(|last| receipt(last.head)))
    }

    /// Copies the record that the newest event of this kind makes of an action once more.
    pub(super) fn copy_newest(&mut self, action_id: &str, kind: EventKind) -> Result<(), TrailError> {
        let mut newest = None;
        if self.copied {
            self.transaction.each_event_of(action_id, &mut |seq, event| {
                let event = event.ok().filter(|event| event.kind == kind.as_str());
                let hash = event.and_then(|event| event.hash.try_into().ok()).map(Digest::from_bytes);
                if let (Some(event), Some(hash)) = (event, hash) {
                    let record = event.read_body().ok().and_then(|body| body.record(event.seq));
                    newest = Some(Appended { head: Head { seq, hash }, record });
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        newest.map_or(Ok(()), |newest| self.copy(kind, &newest))
    }

    /// Compares what the log holds now with what was to be appended to it. Nothing is taken for stored
    /// because nobody said otherwise.
    fn read_back(
        &mut self,
        before: Head,
        events: &[Stamped<'_>],
        appended: &[Appended],
    ) -> Result<(), TrailError> {
        let not_kept = |seq| TrailError::NotKept { path: self.transaction.location().to_owned(), seq };
        let (id, mut head) = (self.transaction.identity().id.clone(), before);
        if before.seq < self.newest {
            return Err(not_kept(self.newest));
        }
        let mut expected = events.iter().zip(appended);
        let first = before.seq.unsigned_abs().saturating_add(1);
        self.transaction.each_event(first..=u64::MAX, &mut |seq, event| {
            let kept = match (expected.next(), &event) {
                (Some((stamped, appended)), Ok(event)) => {
                    let next = Head { seq, hash: appended.head.hash };
                    let follows =
                        event.prev_hash == head.hash.as_bytes() && seq.checked_sub(1) == Some(head.seq);
                    head = next;
                    follows
                        && appended.head == next
                        && event.checked_hash(&id) == Ok(next.hash)
                        && event.kind == stamped.event.kind().as_str()
                        && event.at == stamped.at.timestamp_millis()
                }
                _ => false,
            };
            if kept { Ok(ControlFlow::Continue(())) } else { Err(not_kept(seq)) }
        })?;
        if expected.next().is_some() || appended.len() != events.len() || self.transaction.head() != head {
            return Err(not_kept(head.seq.saturating_add(1)));
        }
        self.newest = head.seq;
        Ok(())
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
