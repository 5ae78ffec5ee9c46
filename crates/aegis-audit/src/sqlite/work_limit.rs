//! How much work a log may ask of whoever opens it: none can keep a process busy without end, whatever it was
//! made to hold.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::file::{allocated, beside};

/// After how many of `SQLite`'s own steps the work is looked at.
const STEPS: i32 = 100_000;
/// How often it may be looked at, at least, before a reader gives up: about a second's work.
const LEAST_LOOKS: u64 = 100;
/// For so many bytes of a log, it may be looked at once more: 5 steps a byte, so thousands for each event.
const BYTES_A_LOOK: u64 = 20_000;
/// How long work may take, at least, where there is a deadline.
const LEAST_TIME: Duration = Duration::from_secs(10);

/// The limit of a connection: by the clock, or by the size of the log.
#[derive(Clone, Debug)]
pub(super) struct WorkLimit(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    begun: Instant,
    /// In milliseconds since `begun`.
    deadline: AtomicU64,
    /// How often the work may still be looked at.
    looks: AtomicU64,
}

impl WorkLimit {
    /// Puts a connection under a limit, which is none until one is set.
    pub(super) fn of(connection: &mut Connection) -> rusqlite::Result<WorkLimit> {
        let (deadline, looks) = (AtomicU64::new(u64::MAX), AtomicU64::new(u64::MAX));
        let limits = Arc::new(Limits { begun: Instant::now(), deadline, looks });
        let watched = Arc::clone(&limits);
        connection.progress_handler(STEPS, Some(move || watched.is_spent()))?;
        Ok(WorkLimit(limits))
    }

    /// From now on, work may take so long, or some seconds if that is longer.
    pub(super) fn by_time(&self, time: Duration) {
        let until = self.0.begun.elapsed().saturating_add(time.max(LEAST_TIME));
        self.0.deadline.store(millis(until), Ordering::Relaxed);
    }

    /// From now on, there may be as much work as an honest log of that size can ask for, many times over.
    pub(super) fn by_size(&self, log: &Path) {
        let bytes = allocated(log).saturating_add(allocated(&beside(log, "-wal")));
        self.0.looks.store(LEAST_LOOKS.saturating_add(bytes / BYTES_A_LOOK), Ordering::Relaxed);
    }

    /// From now on, there is no limit.
    pub(super) fn lift(&self) {
        self.0.deadline.store(u64::MAX, Ordering::Relaxed);
        self.0.looks.store(u64::MAX, Ordering::Relaxed);
    }
}

impl Limits {
    fn is_spent(&self) -> bool {
        let deadline = self.deadline.load(Ordering::Relaxed);
        let looks = self.looks.load(Ordering::Relaxed);
        if looks != u64::MAX {
            self.looks.store(looks.saturating_sub(1), Ordering::Relaxed);
        }
        looks == 0 || (deadline != u64::MAX && millis(self.begun.elapsed()) >= deadline)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rusqlite::ErrorCode;

    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    fn ask(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
        connection.query_row(sql, [], |row| row.get(0))
    }

    #[test]
    fn work_without_end_is_ended_by_size_and_by_time() {
        let mut connection = Connection::open_in_memory().unwrap();
        let limit = WorkLimit::of(&mut connection).unwrap();
        limit.by_size(Path::new("nowhere"));
        let ended = ask(&connection, ENDLESS).unwrap_err();
        assert_eq!(ended.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
        limit.by_size(Path::new("nowhere"));
        assert_eq!(ask(&connection, "SELECT 1").unwrap(), 1);
        limit.lift();
        limit.0.deadline.store(0, Ordering::Relaxed);
        assert!(ask(&connection, ENDLESS).is_err());
        limit.lift();
        let much =
            format!("{ENDLESS} WHERE i < 1000000").replace("FROM n) SELECT", "FROM n LIMIT 1000000) SELECT");
        assert_eq!(ask(&connection, &much).unwrap(), 999_999);
    }

    #[test]
    fn a_deadline_is_never_too_short_for_honest_work() {
        let mut connection = Connection::open_in_memory().unwrap();
        let limit = WorkLimit::of(&mut connection).unwrap();
        limit.by_time(Duration::ZERO);
        let much = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500000) SELECT max(i) FROM n";
        assert_eq!(ask(&connection, much).unwrap(), 500_000);
    }
}
