//! Opening the log for reading, beside writers or where nothing may be written, and streaming records from
//! it.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aegis_ledger::chain::LogIdentity;
use aegis_ledger::event::Field;
use aegis_ledger::export::RecordWriter;
use aegis_ledger::filter::Filter;
use aegis_ledger::origin::Origin;
use aegis_ledger::record::{BorrowedRecord, Record};
use aegis_ledger::statistics::Statistics;
use aegis_ledger::stored_event::StoredEvent;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};

use super::connection_settings::defend;
use super::open_questions::{each_asked, latest};
use super::origin::origin;
use super::precedents::approved_like;
use super::record_rows::ActionRows;
use super::row::{Ascending, EVENT_COLUMNS, ROW, read_event, read_record};
use super::scan;
use super::schema::{check_schema, identify};
use super::selection::Selection;
use super::sqlite_error::{code_of, failed};
use super::statistics;
use super::work_limit::WorkLimit;
use crate::error::TrailError;
use crate::file::{FileIdentity, beside, may_read, resolve};
use crate::left_out::LeftOut;
use crate::store::{EachEvent, Likeness, Snapshot};

/// How long a reader waits where a writer holds it up, which happens only without a write-ahead log.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// A log that is open for reading. Nothing is changed, and no file is left behind.
#[derive(Debug)]
pub struct TrailReader {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) identity: LogIdentity,
    /// What the file was when it was opened without a lock.
    unlocked: Option<Version>,
    pub(super) work: WorkLimit,
    /// The rows that could not be shown so far.
    left_out: RefCell<LeftOut>,
}

impl TrailReader {
    /// Opens the log at `path`.
    ///
    /// # Errors
    /// When there is none, or it is not one that this program can read.
    pub fn open(path: &Path) -> Result<TrailReader, TrailError> {
        TrailReader::open_made(path)?.ok_or_else(|| TrailError::NotALog { path: path.to_owned() })
    }

    /// Opens the log at `path`. `None` if the database is empty: whoever creates it is not done, or was cut
    /// off.
    pub(super) fn open_made(path: &Path) -> Result<Option<TrailReader>, TrailError> {
        let given = path;
        let path = resolve(path).map_err(|error| match error {
            TrailError::DirectoryMissing { path } => TrailError::NotFound { path },
            other => other,
        })?;
        match fs::symlink_metadata(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(TrailError::NotFound { path: given.to_owned() });
            }
            Err(error) => return Err(TrailError::io(given, error)),
            Ok(metadata) if !metadata.is_file() => {
                return Err(TrailError::NotRegular { path: given.to_owned() });
            }
            Ok(_) if !may_read(&path) => return Err(TrailError::Denied { path: given.to_owned() }),
            Ok(_) => {}
        }
        let ((connection, work), unlocked) = match open_connection(&path, Access::Shared) {
            // In a directory that may not be written, the index of a write-ahead log cannot be made. If there
            // is no such log, or nothing in it, the file alone is the whole truth.
            Err(error) if is_for_want_of_an_index(&error) && is_settled(&path) => {
                let version = Version::of(&path)?;
                (open_connection(&path, Access::Immutable)?, Some(version))
            }
            Err(TrailError::ReadOnly { path }) => return Err(TrailError::Unsettled { path }),
            opened => (opened?, None),
        };
        let identity = identify(&connection, &path)?;
        Ok(identity.map(|identity| {
            let left_out = RefCell::default();
            TrailReader { connection, path, identity, unlocked, work, left_out }
        }))
    }

    /// Says which rows were left out of what was asked so far, because they cannot be read: whoever shows the
    /// others should end with this.
    ///
    /// # Errors
    /// When there are any.
    pub fn check_left_out(&self) -> Result<(), TrailError> {
        let left_out = self.left_out.borrow().clone();
        if left_out.is_empty() {
            return Ok(());
        }
        Err(TrailError::LeftOut { path: self.path.clone(), left_out })
    }

    /// The log's id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&self.identity.id)
    }

    /// Calls `each` with every record that the filter lets through, until it breaks. All of them are of the
    /// same moment, whatever is appended meanwhile. Memory holds one record at a time; where the newest are
    /// wanted oldest first, also the numbers of the others. A row that cannot be read is left out, and told
    /// by [`check_left_out`](TrailReader::check_left_out).
    ///
    /// # Errors
    /// When the log cannot be read, or `each` says so.
    pub fn records<E: From<TrailError>>(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Record) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let failed = |error| failed(&self.path, error);
        let _moment = self.moment()?;
        let mut fetch = self.connection.prepare(ROW).map_err(failed)?;
        Selection::new(&self.connection, &self.path, filter)?.for_each(|seq| {
            let record = fetch.query_row([seq], |row| Ok(read_record(row))).map_err(failed)?;
            match record {
                Ok(record) => each(record),
                Err(problem) => {
                    self.left_out.borrow_mut().add(seq, problem.to_string());
                    Ok(ControlFlow::Continue(()))
                }
            }
        })?;
        Ok(self.check_unchanged()?)
    }

    /// Writes every record that the filter lets through, and calls `progress` with how many are written after
    /// each. The same bytes as [`records`](TrailReader::records) and [`RecordWriter::write`] give, but many
    /// times as fast. All of them are of the same moment, and memory holds one at a time. Gives how many
    /// there were.
    ///
    /// # Errors
    /// When the log cannot be read, or the writer takes nothing more ([`TrailError::Export`]).
    pub fn export<W: Write>(
        &self,
        filter: &Filter,
        writer: &mut RecordWriter<W>,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, TrailError> {
        let _moment = self.moment()?;
        let selection = Selection::new(&self.connection, &self.path, filter)?;
        let any_ended = selection.has_outcomes();
        let mut rows =
            ActionRows::new((&self.connection, &self.path), &self.left_out, any_ended, filter.reverse)?;
        let mut count = 0;
        let mut write = |record: &BorrowedRecord<'_>| {
            writer.write_borrowed(record)?;
            count += 1;
            progress(count);
            Ok(())
        };
        selection.for_each(|seq| rows.push(seq, &mut write).map(ControlFlow::<()>::Continue))?;
        rows.finish(&mut write)?;
        self.check_unchanged()?;
        Ok(count)
    }

    /// Calls `each` with the events of these numbers, oldest first, until it breaks. All of them are of the
    /// same moment. An event that does not even have the form of one is given as its number, and what is
    /// wrong with it.
    ///
    /// # Errors
    /// When the log cannot be read, or `each` says so.
    pub fn events<E: From<TrailError>>(
        &self,
        numbers: RangeInclusive<u64>,
        mut each: impl FnMut(i64, Result<StoredEvent<'_>, String>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let failed = |error| E::from(failed(&self.path, error));
        let _moment = self.moment()?;
        let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (first, last) = (bound(*numbers.start()), bound(*numbers.end()));
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT {EVENT_COLUMNS} FROM events WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq"
            ))
            .map_err(failed)?;
        let mut rows = statement.query([first, last]).map_err(failed)?;
        let mut order = Ascending::default();
        while let Some(row) = rows.next().map_err(failed)? {
            let seq = order.next(&self.path, row.get(0).map_err(failed)?)?;
            if each(seq, read_event(row))?.is_break() {
                break;
            }
        }
        Ok(self.check_unchanged()?)
    }

    /// How many records the filter lets through.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn count(&self, filter: &Filter) -> Result<u64, TrailError> {
        let _moment = self.moment()?;
        let count = Selection::new(&self.connection, &self.path, filter)?.count()?;
        self.check_unchanged()?;
        Ok(count)
    }

    /// Counts the records that the filter lets through, in one pass and in memory that does not grow with the
    /// log. What was asked at least `often` times and always answered alike is listed. `progress` is told now
    /// and then how many records have been counted. Rows that cannot be read are not counted, and told by
    /// [`check_left_out`](TrailReader::check_left_out).
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn statistics(
        &self,
        filter: &Filter,
        often: u64,
        mut progress: impl FnMut(u64),
    ) -> Result<Statistics, TrailError> {
        let _moment = self.moment()?;
        let statistics =
            statistics::read((&self.connection, &self.path), &self.left_out, filter, often, &mut progress)?;
        self.check_unchanged()?;
        Ok(statistics)
    }

    /// Calls `ask`, for which the log does not change, whatever is appended meanwhile: all its questions are
    /// about the same moment.
    ///
    /// # Errors
    /// When the log cannot be read, or `ask` says so.
    pub fn at_one_moment<T, E: From<TrailError>>(
        &self,
        ask: impl FnOnce(&TrailReader) -> Result<T, E>,
    ) -> Result<T, E> {
        let _moment = self.moment()?;
        ask(self)
    }

    /// Keeps the log as it is until this is dropped, unless something does so already, and has its tables
    /// compared first: nothing is asked of what only looks like a log.
    pub(super) fn moment(&self) -> Result<Option<Transaction<'_>>, TrailError> {
        let moment = self.unchecked_moment()?;
        if moment.is_some() {
            check_schema(&self.connection, &self.path)?;
        }
        Ok(moment)
    }

    /// The same for whoever looks into what is wrong with the tables.
    pub(super) fn unchecked_moment(&self) -> Result<Option<Transaction<'_>>, TrailError> {
        let begin = || {
            self.work.by_size(&self.path);
            self.connection.unchecked_transaction()
        };
        let moment = self.connection.is_autocommit().then(begin).transpose();
        moment.map_err(|error| failed(&self.path, error))
    }

    pub(crate) const fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn unreadable(&self, seq: u64, problem: &str) -> TrailError {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        TrailError::Unreadable { path: self.path.clone(), seq, problem: problem.to_owned() }
    }

    /// Without a lock, what was read is right only if nobody wrote meanwhile.
    pub(super) fn check_unchanged(&self) -> Result<(), TrailError> {
        match &self.unlocked {
            Some(version) if Version::of(&self.path)? != *version => {
                Err(TrailError::Changed { path: self.path.clone() })
            }
            _ => Ok(()),
        }
    }
}

impl Snapshot for TrailReader {
    fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    fn location(&self) -> &Path {
        &self.path
    }

    fn origin(&self) -> Result<Origin, TrailError> {
        let _moment = self.moment()?;
        let origin = origin(&self.connection, &self.path, &self.identity)?;
        self.check_unchanged()?;
        Ok(origin)
    }

    fn each_event(&self, numbers: RangeInclusive<u64>, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        let _moment = self.moment()?;
        scan::each_event(&self.connection, &self.path, numbers, each)?;
        self.check_unchanged()
    }

    fn each_event_of(&self, action_id: &str, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        let _moment = self.moment()?;
        scan::each_event_of(&self.connection, &self.path, action_id, each)?;
        self.check_unchanged()
    }

    fn each_question(&self, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        let _moment = self.moment()?;
        each_asked(&self.connection, &self.path, (Field::Question, None), since, each)?;
        self.check_unchanged()
    }

    fn each_offer(&self, key: Option<&str>, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        let _moment = self.moment()?;
        each_asked(&self.connection, &self.path, (Field::Grant, key), since, each)?;
        self.check_unchanged()
    }

    fn latest(&self) -> Result<i64, TrailError> {
        let _moment = self.moment()?;
        let latest = latest(&self.connection, &self.path)?;
        self.check_unchanged()?;
        Ok(latest)
    }

    fn approved_like(&self, like: Likeness<'_>, most: u64) -> Result<Vec<u64>, TrailError> {
        let _moment = self.moment()?;
        let found = approved_like(&self.connection, &self.path, like, most)?;
        self.check_unchanged()?;
        Ok(found)
    }
}

/// What a file is and when it was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    file: FileIdentity,
    length: u64,
    modified: SystemTime,
}

impl Version {
    fn of(path: &Path) -> Result<Version, TrailError> {
        let version = |metadata: Metadata| {
            let (file, length) = (FileIdentity::from(&metadata), metadata.len());
            Ok(Version { file, length, modified: metadata.modified()? })
        };
        fs::symlink_metadata(path).and_then(version).map_err(|error| TrailError::io(path, error))
    }
}

/// Whether `SQLite` failed because it could not make the write-ahead log's index.
fn is_for_want_of_an_index(error: &TrailError) -> bool {
    match error {
        TrailError::ReadOnly { .. } => true,
        other => code_of(other) == Some(ErrorCode::CannotOpen),
    }
}

/// How a log is opened for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Beside writers and other readers.
    Shared,
    /// As a file that nobody changes, without any lock.
    Immutable,
}

fn open_connection(path: &Path, access: Access) -> Result<(Connection, WorkLimit), TrailError> {
    let failed = |error| failed(path, error);
    let flags = OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = match access {
        // Even a connection that only reads makes the write-ahead log and its index where they are missing,
        // but only one that may write removes them in the end.
        Access::Shared if !beside(path, "-wal").exists() => {
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)
        }
        Access::Shared => Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY),
        Access::Immutable => Connection::open_with_flags(
            immutable_uri(path),
            flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        ),
    }
    .map_err(failed)?;
    connection.busy_timeout(BUSY_WAIT).map_err(failed)?;
    let work = WorkLimit::of(&mut connection).map_err(failed)?;
    work.by_size(path);
    defend(&connection).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    // A connection opens nothing before its first question.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)?;
    Ok((connection, work))
}

/// A path as a `file:` URI: every byte that is not plain is percent-encoded.
fn immutable_uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;

    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Whether the database file alone is the whole log: nothing waits in a journal to be moved into it, or to be
/// undone.
fn is_settled(path: &Path) -> bool {
    ["-wal", "-journal"].into_iter().all(|suffix| match fs::symlink_metadata(beside(path, suffix)) {
        Ok(metadata) => metadata.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    })
}
