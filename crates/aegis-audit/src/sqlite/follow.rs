//! Following a log: its records as they are appended, each exactly once, in the order of the log.

mod page;

use std::collections::VecDeque;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use aegis_ledger::answer::Answer;
use aegis_ledger::chain::Head;
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;

use super::head::head;
use super::reader::TrailReader;
use super::selection::Selection;
use crate::error::TrailError;
use crate::file::{FileIdentity, is_still, resolve};

/// What a follower has to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed {
    /// An action, as it was when it was answered, or when its end was recorded.
    Record(Box<Record>),
    /// There is no log, or none any more: it is waited for.
    Absent,
    /// There is a log where there was none, or another one than before. It is told from its beginning.
    Appeared {
        /// The id of the log.
        log: String,
    },
    /// Events were moved to an archive before they were told.
    Skipped {
        /// The number of the first of them.
        first: u64,
        /// The number of the last of them.
        last: u64,
    },
    /// A row is part of the chain, but cannot be read.
    Unreadable {
        /// Its number.
        seq: u64,
        /// What is wrong with it.
        problem: String,
    },
}

impl From<page::Told> for Followed {
    fn from(told: page::Told) -> Followed {
        match told {
            page::Told::Record(record) => Followed::Record(record),
            page::Told::Unreadable(seq, problem) => Followed::Unreadable { seq, problem },
        }
    }
}

/// Tells what is appended to a log, from the newest records on.
///
/// A record is told when its action is answered, and again, with its result, when its end is recorded: what
/// is told depends on the events alone, and not on when they are looked at. Every event is checked against
/// the chain, so a follower also bears witness: what it has read cannot be changed or cut off unnoticed while
/// it runs.
///
/// No transaction is open between two calls, nor while something is told, so no checkpoint of the log is ever
/// held up.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    filter: Filter,
    log: Option<OpenLog>,
    /// The log that was read last, and how far.
    place: Option<Place>,
    /// The numbers of the records to begin with, which are told as of the event where following begins.
    newest: VecDeque<u64>,
    newest_as_of: u64,
    /// Whether it was told already that there is no log.
    absent: bool,
}

/// A log that is open.
#[derive(Debug)]
struct OpenLog {
    reader: TrailReader,
    file: FileIdentity,
}

/// How far a log was read.
#[derive(Clone, Debug)]
struct Place {
    log: Vec<u8>,
    head: Head,
}

impl Follower {
    /// Follows the log at `path`, which need not be there yet, beginning with the newest records of the
    /// filter: as many as its limit says, or all of them. Its order and `after_seq` do not matter.
    ///
    /// # Errors
    /// When the directory of the log does not exist.
    pub fn new(path: &Path, mut filter: Filter) -> Result<Follower, TrailError> {
        (filter.reverse, filter.after_seq) = (false, None);
        // A question that is still open is told once it is answered.
        if filter.decision.is_empty() {
            filter.decision = Answer::ALL.to_vec();
        }
        Ok(Follower {
            path: resolve(path)?,
            filter,
            log: None,
            place: None,
            newest: VecDeque::new(),
            newest_as_of: 0,
            absent: false,
        })
    }

    /// Calls `each` with everything that was appended since the last call.
    ///
    /// # Errors
    /// When the log cannot be read, does not continue what was read of it before, or `each` says so. The call
    /// may be repeated where the log was only held or written by others; what was told already is not told
    /// again.
    pub fn catch_up<E: From<TrailError>>(
        &mut self,
        mut each: impl FnMut(Followed) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            // A log that is read without a lock shows only what was in it when it was opened.
            if self.log.as_ref().is_some_and(|log| log.reader.check_unchanged().is_err()) {
                self.log = None;
            }
            if !self.ensure_open(&mut each)? {
                return Ok(());
            }
            self.drain(&mut each)?;
            if self.log.as_ref().is_some_and(|log| is_still(&self.path, log.file)) {
                return Ok(());
            }
            // Until it lost its name, more may have been appended.
            self.drain(&mut each)?;
            self.log = None;
        }
    }

    /// Opens the log if it is not open. Tells whether there is one.
    fn ensure_open<E: From<TrailError>>(
        &mut self,
        each: &mut impl FnMut(Followed) -> Result<(), E>,
    ) -> Result<bool, E> {
        if self.log.is_some() {
            return Ok(true);
        }
        let Some(log) = open(&self.path)? else {
            if !std::mem::replace(&mut self.absent, true) {
                each(Followed::Absent)?;
            }
            return Ok(false);
        };
        let (reader, absent) = (&log.reader, std::mem::take(&mut self.absent));
        let known = self.place.as_ref().is_some_and(|place| place.log == reader.identity.id);
        if self.place.is_none() && !absent {
            self.begin(reader)?;
        } else if !known {
            self.newest.clear();
            self.place = Some(Place::beginning(reader));
            each(Followed::Appeared { log: reader.id() })?;
        }
        self.log = Some(log);
        Ok(true)
    }

    /// Finds the newest records, and the event behind which following begins.
    fn begin(&mut self, reader: &TrailReader) -> Result<(), TrailError> {
        let _moment = reader.moment()?;
        let mut place = Place::beginning(reader);
        place.head = head(&reader.connection, &reader.path, &reader.identity, None)?;
        let mut newest = VecDeque::new();
        Selection::new(&reader.connection, &reader.path, &self.filter)?.for_each(|seq| {
            newest.push_back(seq);
            Ok::<_, TrailError>(ControlFlow::Continue(()))
        })?;
        self.newest = newest;
        self.newest_as_of = place.head.seq.unsigned_abs();
        self.place = Some(place);
        Ok(())
    }

    /// Tells what there is, a bounded part at a time.
    fn drain<E: From<TrailError>>(
        &mut self,
        each: &mut impl FnMut(Followed) -> Result<(), E>,
    ) -> Result<(), E> {
        let (Some(log), Some(place)) = (&self.log, &mut self.place) else { return Ok(()) };
        while !self.newest.is_empty() {
            for told in page::stored(&log.reader, &mut self.newest, self.newest_as_of)? {
                each(told.into())?;
            }
        }
        loop {
            let page = page::appended(&log.reader, &self.filter, place.head)?;
            let (skipped, records) = (page.skipped, page.records);
            let ended = page.head == place.head;
            place.head = page.head;
            if let Some((first, last)) = skipped {
                each(Followed::Skipped { first, last })?;
            }
            for told in records {
                each(told.into())?;
            }
            if ended {
                return Ok(());
            }
        }
    }
}

impl Place {
    fn beginning(reader: &TrailReader) -> Place {
        let identity = &reader.identity;
        Place { log: identity.id.clone(), head: Head { seq: 0, hash: identity.genesis() } }
    }
}

/// Opens the log at a path, if there is one that is whole.
fn open(path: &Path) -> Result<Option<OpenLog>, TrailError> {
    loop {
        let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(None) };
        let file = FileIdentity::from(&metadata);
        match TrailReader::open_made(path) {
            Err(TrailError::NotFound { .. }) => return Ok(None),
            Err(error) if is_still(path, file) => return Err(error),
            Ok(None) if is_still(path, file) => return Ok(None),
            Ok(Some(reader)) if is_still(path, file) => return Ok(Some(OpenLog { reader, file })),
            // It was replaced just now.
            _ => {}
        }
    }
}
