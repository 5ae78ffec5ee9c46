//! Appending to the log: one transaction, one sync, then the receipts.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use aegis_ledger::block_index::BlockIndex;
use aegis_ledger::chain::{Head, LogIdentity};

use super::connection_settings::{JournalMode, configure, defend};
use super::head::head;
use super::open_files::OpenFiles;
use super::schema::{check_schema, create, identify, read_schema_anew, schema_version};
use super::spot_check::spot_check;
use super::sqlite_error::failed;
use super::transaction::Appending;
use super::work_limit::WorkLimit;
use crate::error::TrailError;
use crate::file::{
    FileIdentity, beside, create_private, inspect, is_still, may_read, resolve_trusted, sync_directory,
};
use crate::lock::FairLock;
use crate::store::{Space, Store, Traces, Work};
use crate::volatility::Volatility;

/// Nobody waits longer than this, whatever they ask for: instants beyond it need not exist.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long to wait for readers before leaving the write-ahead log as it is: some read for long.
const READERS_WAIT: Duration = Duration::from_secs(2);
/// How long to leave the log to a program that knows nothing of the lock.
const PAUSE: Duration = Duration::from_millis(1);

/// A log that is open for appending.
///
/// Many processes may append at once: each transaction holds a lock for which the kernel queues the waiters
/// fairly.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    work: WorkLimit,
    lock: FairLock,
    path: PathBuf,
    identity: LogIdentity,
    files: OpenFiles,
    /// The newest event of the last transaction; none before it, and where the log was empty.
    last: Option<Head>,
    /// The state of the log's schema that was compared last.
    schema: Option<i64>,
    /// The index of the newest block's events that this process wrote, the newest of which is `last`.
    index: BlockIndex,
    wait: Duration,
    created: bool,
    volatility: Option<Volatility>,
}

/// What becomes of a log that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsRefused,
}

impl SqliteStore {
    /// Opens the log at `path`, or creates it with permissions for its owner alone. Waits for at most `wait`
    /// (and a day at the longest) whenever another process holds the log.
    ///
    /// # Errors
    /// When the file cannot be used, must not be trusted, is damaged, or was written by a newer program.
    pub fn open(path: &Path, wait: Duration) -> Result<SqliteStore, TrailError> {
        SqliteStore::open_or(Missing::IsMade, path, wait)
    }

    /// The same for a log that is there already: it is never created.
    ///
    /// # Errors
    /// As [`open`](SqliteStore::open), and [`TrailError::NotFound`] when there is no log.
    pub fn open_existing(path: &Path, wait: Duration) -> Result<SqliteStore, TrailError> {
        SqliteStore::open_or(Missing::IsRefused, path, wait)
    }

    fn open_or(missing: Missing, path: &Path, wait: Duration) -> Result<SqliteStore, TrailError> {
        let wait = wait.min(LONGEST_WAIT);
        let deadline = Instant::now() + wait;
        let path = resolve_trusted(path)?;
        // What is there but is no log is refused before anything is made beside it.
        let there = match inspect(&path)? {
            Some(metadata) if metadata.len() > 0 => Some(connect(&path, wait)?),
            _ => None,
        };
        if missing == Missing::IsRefused && there.is_none() {
            return Err(TrailError::NotFound { path });
        }
        let lock = FairLock::of(&path);
        // Creation happens under the lock, so that nobody sees half a log.
        let held = lock.hold(deadline)?;
        let (mut connection, work_limit, file) = match there {
            Some(connected) => connected,
            None => {
                create_private(&path)?;
                connect(&path, wait)?
            }
        };
        // What the file is comes first: a setting could already change it.
        let (found, schema) = look(&connection, &path)?;
        let journal = configure(&connection, &path, JournalMode::for_log(&path))?;
        let created = found.is_none();
        let identity = match found {
            Some(identity) => identity,
            None if missing == Missing::IsRefused => return Err(TrailError::NotFound { path }),
            None => create(&mut connection, &path, crate::clock::now().timestamp_millis())?,
        };
        let mut files = OpenFiles::of(&path, file, journal)?;
        files.check()?;
        drop(held);
        sync_directory(&path)?;
        let volatility = Volatility::of(&path);
        Ok(SqliteStore {
            connection,
            work: work_limit,
            lock,
            path,
            identity,
            files,
            last: None,
            schema,
            index: BlockIndex::default(),
            wait,
            created,
            volatility,
        })
    }

    fn try_transact(&mut self, work: &mut Work<'_>, deadline: Instant) -> Result<(), TrailError> {
        let _held = self.lock.hold(deadline)?;
        self.files.check()?;
        let failed = |error| failed(&self.path, error);
        let left = deadline.saturating_duration_since(Instant::now());
        self.connection.busy_timeout(left).map_err(failed)?;
        // Whoever waited long for the lock still gets the time that its own work takes.
        self.work.by_time(self.wait);
        let lengths = self.files.measure(&self.connection)?;
        // Dropped without a commit, a transaction is rolled back.
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let schema = read_schema_anew(&transaction, &self.path, self.schema)?;
        check_schema(&transaction, &self.path)?;
        let head = head(&transaction, &self.path, &self.identity, self.last)?;
        let (path, identity) = (&self.path, &self.identity);
        spot_check(&transaction, path, identity, head, self.last)?;
        // What this writer knows of the newest block holds only if nobody else wrote since, and nothing is
        // undone.
        let index = std::mem::take(&mut self.index);
        let index = if self.last == Some(head) { index } else { BlockIndex::default() };
        let mut log = Appending::new(&transaction, path, identity, head, index);
        work(&mut log)?;
        let (head, index) = (log.head, log.index);
        transaction.commit().map_err(failed)?;
        // A row in a file that has lost its name is not kept: it must have had the name when the row was
        // synced. Nor is one in a file that was cut off under it.
        self.files.check()?;
        self.files.check_since(&self.connection, lengths)?;
        // Of a log that was empty, nothing can be lost by the next time.
        self.last = Some(head).filter(|head| head.seq > 0);
        (self.schema, self.index) = (Some(schema), index);
        Ok(())
    }

    /// Whether rows were ever deleted from the log.
    fn was_pruned(&self) -> Result<bool, TrailError> {
        self.work.by_time(self.wait);
        self.connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM events WHERE kind = 'pruned' AND action_id = '')",
                [],
                |row| row.get(0),
            )
            .map_err(|error| failed(&self.path, error))
    }

    /// How many bytes are free within the log's file.
    fn free_bytes(&self) -> Result<u64, TrailError> {
        let pragma = |name: &str| -> rusqlite::Result<u64> {
            self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        };
        let pages = pragma("freelist_count").map_err(|error| failed(&self.path, error))?;
        let size = pragma("page_size").map_err(|error| failed(&self.path, error))?;
        Ok(pages.saturating_mul(size))
    }

    /// Writes every page of the log anew, so that no page holds anything but what is in the log. That takes
    /// as much space again for a while, in a temporary file that has no name, and in the write-ahead log.
    fn write_anew(&mut self) -> Result<(), TrailError> {
        let deadline = Instant::now() + self.wait;
        let _held = self.lock.hold(deadline)?;
        self.files.check()?;
        let left = deadline.saturating_duration_since(Instant::now());
        self.work.lift();
        let written = self.connection.busy_timeout(left).and_then(|()| {
            // In memory, it could be more than there is.
            self.connection.execute_batch("PRAGMA temp_store = FILE; VACUUM;")
        });
        let restored = self.connection.execute_batch("PRAGMA temp_store = MEMORY;");
        written.and(restored).map_err(|error| failed(&self.path, error))?;
        self.files.check()
    }

    /// Moves everything from the write-ahead log into the log and empties it, as soon as nobody reads what
    /// was before. Tells whether that worked within `wait`, or within the log's own if that is shorter.
    /// Without a write-ahead log there is nothing to do.
    fn empty_write_ahead_log(&mut self, wait: Duration) -> Result<bool, TrailError> {
        let deadline = Instant::now() + self.wait.min(wait);
        let held = match self.lock.hold(deadline) {
            Err(TrailError::Locked { .. }) => return Ok(false),
            held => held?,
        };
        self.files.check()?;
        let left = deadline.saturating_duration_since(Instant::now());
        let busy: rusqlite::Result<i64> = self.connection.busy_timeout(left).and_then(|()| {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        });
        drop(held);
        match busy.map_err(|error| failed(&self.path, error)) {
            Ok(busy) => Ok(busy == 0),
            Err(TrailError::Locked { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the log a rollback journal, as where there is no shared memory.
    #[cfg(test)]
    pub(crate) fn without_write_ahead_log(mut self) -> SqliteStore {
        assert_eq!(
            configure(&self.connection, &self.path, JournalMode::Rollback).unwrap(),
            JournalMode::Rollback
        );
        self.files = self.files.without_write_ahead_log();
        self
    }
}

impl Store for SqliteStore {
    fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    fn location(&self) -> &Path {
        &self.path
    }

    fn created(&self) -> bool {
        self.created
    }

    fn volatility(&self) -> Option<Volatility> {
        self.volatility
    }

    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), TrailError> {
        let deadline = Instant::now() + self.wait;
        loop {
            match self.try_transact(work, deadline) {
                // A program that knows nothing of the lock is in the way.
                Err(TrailError::Locked { .. }) if Instant::now() < deadline => std::thread::sleep(PAUSE),
                result => return result,
            }
        }
    }

    fn erase_traces(&mut self) -> Result<Traces, TrailError> {
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

    fn settle_space(&mut self, shrink: bool) -> Result<Space, TrailError> {
        if shrink {
            self.write_anew()?;
        }
        // Of a log that is still the one that it was.
        self.transact(&mut |_| Ok(()))?;
        let free = self.free_bytes()?;
        Ok(Space { free, journal_emptied: self.empty_write_ahead_log(READERS_WAIT)? })
    }
}

/// Reads who a log is, compares its schema, and tells in which state that is: all at one moment.
fn look(connection: &Connection, path: &Path) -> Result<(Option<LogIdentity>, Option<i64>), TrailError> {
    let moment = connection.unchecked_transaction().map_err(|error| failed(path, error))?;
    let version = schema_version(&moment, path)?;
    let Some(identity) = identify(&moment, path)? else { return Ok((None, None)) };
    check_schema(&moment, path)?;
    Ok((Some(identity), Some(version)))
}

/// Opens a file that is there, once it and what belongs to it may be trusted. Tells what it is, so that a
/// later replacement shows.
fn connect(path: &Path, wait: Duration) -> Result<(Connection, WorkLimit, FileIdentity), TrailError> {
    let failed = |error| failed(path, error);
    for suffix in ["-wal", "-shm", "-journal"] {
        inspect(&beside(path, suffix))?;
    }
    let metadata = inspect(path)?.ok_or_else(|| TrailError::NotFound { path: path.to_owned() })?;
    let file = FileIdentity::from(&metadata);
    if !may_read(path) {
        return Err(TrailError::Denied { path: path.to_owned() });
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(wait).map_err(failed)?;
    let work = WorkLimit::of(&mut connection).map_err(failed)?;
    work.by_time(wait);
    defend(&connection).map_err(failed)?;
    match look(&connection, path) {
        // Whoever holds it may be creating it. That is for the lock to settle.
        Ok(_) | Err(TrailError::Locked { .. }) => {}
        Err(error) => return Err(error),
    }
    if connection.is_readonly(MAIN_DB).map_err(failed)? {
        return Err(TrailError::ReadOnly { path: path.to_owned() });
    }
    if !is_still(path, file) {
        return Err(TrailError::Replaced { path: path.to_owned() });
    }
    Ok((connection, work, file))
}

#[cfg(test)]
mod tests {
    use aegis_ledger::answer::ResultStatus;
    use aegis_ledger::event::{Ended, Event, Stamped};

    use chrono::Utc;

    use super::*;
    use crate::store::Appended;

    fn ended(action_id: &str) -> Stamped<'_> {
        let (session_id, status) = ("s", Some(ResultStatus::Success));
        let ended = Ended { action_id, session_id, status, error: None, duration_ms: None };
        Stamped { at: Utc::now(), event: Event::Ended(ended) }
    }

    fn store() -> (tempfile::TempDir, SqliteStore) {
        let directory = tempfile::tempdir().unwrap();
        let trail = SqliteStore::open(&directory.path().join("log.db"), Duration::from_secs(10)).unwrap();
        (directory, trail)
    }

    fn append(store: &mut SqliteStore, events: &[Stamped<'_>]) -> Result<Vec<Appended>, TrailError> {
        let mut appended = Vec::new();
        store.transact(&mut |log| {
            appended = log.append(events)?;
            Ok(())
        })?;
        Ok(appended)
    }

    fn pragma(trail: &SqliteStore, name: &str) -> String {
        let text = |row: &rusqlite::Row<'_>| {
            Ok(match row.get(0)? {
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                other => panic!("{other:?}"),
            })
        };
        trail.connection.query_row(&format!("PRAGMA {name}"), [], text).unwrap()
    }

    #[test]
    fn the_connection_is_durable_and_defensive() {
        let (_directory, trail) = store();
        assert_eq!(pragma(&trail, "journal_mode"), "wal");
        for (name, value) in [
            ("synchronous", 2_i64),
            ("trusted_schema", 0),
            ("cell_size_check", 1),
            ("mmap_size", 0),
            ("temp_store", 2),
            ("journal_size_limit", 4 << 20),
        ] {
            assert_eq!(pragma(&trail, name), value.to_string(), "{name}");
        }
        // What only DEFENSIVE refuses.
        trail.connection.execute_batch("PRAGMA writable_schema = ON").unwrap();
        assert!(trail.connection.execute("DELETE FROM sqlite_schema", []).is_err());
    }

    #[test]
    fn a_full_disk_refuses_whole_batches_and_recovers() {
        let (_directory, mut trail) = store();
        let _ = append(&mut trail, &[ended("a")]).unwrap();
        let pages = pragma(&trail, "page_count");
        let _ = pragma(&trail, &format!("max_page_count = {pages}"));
        let many = vec![ended("b"); 1000];
        assert!(matches!(append(&mut trail, &many), Err(TrailError::Full { .. })));
        let _ = pragma(&trail, "max_page_count = 1000000");
        let appended = append(&mut trail, &many).unwrap();
        assert_eq!(appended.iter().map(|it| it.head.seq).collect::<Vec<_>>(), (2..=1001).collect::<Vec<_>>());
    }

    fn cut(path: &Path, suffix: &str, length: u64) {
        let file = std::fs::File::options().write(true).open(beside(path, suffix)).unwrap();
        file.set_len(length).unwrap();
    }

    #[test]
    fn a_write_ahead_log_that_is_cut_off_under_a_transaction_is_noticed() {
        for filled in [false, true] {
            let (directory, mut trail) = store();
            let path = directory.path().join("log.db");
            let _ = append(&mut trail, &[ended("a")]).unwrap();
            let cut_off = trail.transact(&mut |log| {
                let _ = log.append(&[ended("b")])?;
                cut(&path, "-wal", if filled { 4096 } else { 0 });
                Ok(())
            });
            assert!(matches!(cut_off, Err(TrailError::Truncated { .. })), "{cut_off:?}");
        }
    }

    #[test]
    fn a_write_ahead_log_that_is_cut_off_after_a_transaction_is_noticed() {
        for filled in [false, true] {
            let (directory, mut trail) = store();
            let path = directory.path().join("log.db");
            let before = trail.files.measure(&trail.connection).unwrap();
            let _ = append(&mut trail, &[ended("a")]).unwrap();
            trail.files.check_since(&trail.connection, before).unwrap();
            cut(&path, "-wal", 0);
            if filled {
                cut(&path, "-wal", 1 << 20);
            }
            let found = trail.files.check_since(&trail.connection, before);
            assert!(matches!(found, Err(TrailError::Truncated { .. })), "{found:?}");
            assert!(append(&mut trail, &[ended("b")]).is_err() || filled);
        }
    }

    #[test]
    fn an_index_that_is_cut_off_is_a_refusal_and_kills_nobody() {
        let (directory, mut trail) = store();
        let path = directory.path().join("log.db");
        let _ = append(&mut trail, &[ended("a")]).unwrap();
        cut(&path, "-shm", 0);
        let refused = append(&mut trail, &[ended("b")]);
        assert!(matches!(refused, Err(TrailError::Truncated { .. })), "{refused:?}");
        let _ = append(&mut trail, &[ended("c")]).unwrap();
    }

    #[test]
    fn write_ahead_logs_that_others_move_into_the_log_are_no_truncation() {
        let (directory, mut trail) = store();
        let other = Connection::open(directory.path().join("log.db")).unwrap();
        for round in 0..20 {
            let mode = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"][round % 4];
            other.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())).unwrap();
            let _ = append(&mut trail, &vec![ended("a"); 1 + round * 50]).unwrap();
        }
    }

    #[test]
    fn no_wait_is_too_long_or_too_short() {
        for wait in [Duration::ZERO, Duration::MAX] {
            let directory = tempfile::tempdir().unwrap();
            let mut trail = SqliteStore::open(&directory.path().join("log.db"), wait).unwrap();
            let _ = append(&mut trail, &[ended("a")]).unwrap();
        }
    }
}
