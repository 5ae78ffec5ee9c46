//! A private directory with a log in it.

use std::ops::ControlFlow;
use std::path::PathBuf;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, TrailError};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{PATIENCE, append_one, file_names, files_with, private_directory, without_triggers};

/// A directory that goes away with the test, and the log in it.
#[derive(Debug)]
pub struct Place {
    /// The directory.
    pub directory: TempDir,
    /// Where the log is, or will be.
    pub log: PathBuf,
}

impl Place {
    /// An empty place.
    pub fn new() -> Place {
        let directory = private_directory();
        let log = directory.path().join("log.db");
        Place { directory, log }
    }

    /// A place whose log holds `count` decisions, `a0` and so on.
    pub fn with_decisions(count: usize) -> Place {
        let place = Place::new();
        let mut trail = place.open();
        for index in 0..count {
            let _ = append_one(&mut trail, &format!("a{index}")).unwrap();
        }
        place
    }

    /// The log, for writing; it is made if it is not there.
    pub fn open(&self) -> Journal {
        self.try_open().unwrap()
    }

    /// The log, for writing, where that may fail.
    ///
    /// # Errors
    /// What the log says.
    pub fn try_open(&self) -> Result<Journal, TrailError> {
        Journal::open(&self.log, PATIENCE)
    }

    /// The log, for reading.
    pub fn read(&self) -> TrailReader {
        TrailReader::open(&self.log).unwrap()
    }

    /// The records that the filter selects, in its order.
    pub fn records(&self, filter: &Filter) -> Vec<Record> {
        records(&self.read(), filter)
    }

    /// The path of a file beside the log, whose name is that of the log and this.
    pub fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.log.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// The log as a program that knows nothing of its rules would open it.
    pub fn meddle(&self) -> Connection {
        Connection::open(&self.log).unwrap()
    }

    /// Runs SQL that the log's triggers would refuse, as whoever holds the file can.
    pub fn tamper(&self, sql: &str) {
        without_triggers(&self.meddle(), |connection| connection.execute_batch(sql).unwrap());
    }

    /// What is in the directory, sorted.
    pub fn files(&self) -> Vec<String> {
        file_names(self.directory.path())
    }

    /// The names of the files in the directory in which these bytes are, sorted.
    pub fn files_with(&self, bytes: &[u8]) -> Vec<String> {
        files_with(self.directory.path(), bytes)
    }
}

/// The records that the filter selects, in its order.
pub fn records(reader: &TrailReader, filter: &Filter) -> Vec<Record> {
    let mut found = Vec::new();
    reader
        .records(filter, |record| {
            found.push(record);
            Ok::<_, TrailError>(ControlFlow::Continue(()))
        })
        .unwrap();
    found
}
