//! The settings of a connection: what durability rests on, and what keeps a log that somebody made from doing
//! anything to whoever opens it.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, Row};

use super::sqlite_error::failed;
use crate::error::TrailError;
use crate::file::supports_shared_memory;

/// The longest row that a log has, in bytes. An action has at most 1 MiB; the rest is for what a policy says.
pub(super) const LONGEST_ROW: i32 = 16 << 20;
/// `SQLite` before this can lose committed rows when two connections checkpoint at once.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How much of the log to keep in memory while writing. Hashes land all over their index, so a writer's pages
/// are many.
const CACHE_KIB: u32 = 16 * 1024;

/// Whether a log keeps a write-ahead log beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JournalMode {
    /// Yes: `-wal`, with its index `-shm`.
    Ahead,
    /// No: a `-journal` during each transaction.
    Rollback,
}

impl JournalMode {
    /// The one that a log at `path` should have.
    pub(super) fn for_log(path: &Path) -> JournalMode {
        if supports_shared_memory(path) { JournalMode::Ahead } else { JournalMode::Rollback }
    }
}

/// Makes a connection durable, with the journal that is wanted or else a rollback journal, and reads back
/// that it is.
pub(super) fn configure(
    connection: &Connection,
    path: &Path,
    wanted: JournalMode,
) -> Result<JournalMode, TrailError> {
    let version = rusqlite::version_number();
    if version < OLDEST_SQLITE {
        let problem = format!("SQLite {} can lose committed rows; 3.51.3 is needed", rusqlite::version());
        return Err(TrailError::NotDurable { path: path.to_owned(), problem });
    }
    let journal = set_journal(connection, path, wanted)?;
    // In WAL mode FULL syncs every commit; without WAL only EXTRA also syncs the directory of the journal.
    let (word, number) = match journal {
        JournalMode::Ahead => ("FULL", 2),
        JournalMode::Rollback => ("EXTRA", 3),
    };
    let synchronous: i64 = connection
        .execute_batch(&format!("PRAGMA synchronous = {word}; PRAGMA cache_size = -{CACHE_KIB};"))
        .and_then(|()| connection.query_row("PRAGMA synchronous", [], |row| row.get(0)))
        .map_err(|error| failed(path, error))?;
    if synchronous != number {
        let problem = format!("`synchronous` is {synchronous} where {number} was set");
        return Err(TrailError::NotDurable { path: path.to_owned(), problem });
    }
    Ok(journal)
}

/// What no log may do to this process, whoever wrote it.
pub(super) fn defend(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Else a value compared with what a partial index is about is looked at, and the statement is compiled
    // anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The triggers and the view of a log are for other programs: whatever of that kind somebody adds, it
    // never runs here.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_ROW)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304; PRAGMA secure_delete = ON;",
    )
}

fn set_journal(connection: &Connection, path: &Path, wanted: JournalMode) -> Result<JournalMode, TrailError> {
    // `SQLite` answers before it commits the change. Only a statement that has run to its end says whether
    // that worked.
    let set = |mode: &str| -> Result<String, TrailError> {
        let answer = |row: &Row<'_>| row.get(0);
        let answers: rusqlite::Result<Vec<String>> = connection
            .prepare(&format!("PRAGMA journal_mode = {mode}"))
            .and_then(|mut statement| statement.query_map([], answer)?.collect());
        answers
            .map(|answers| answers.into_iter().next().unwrap_or_default())
            .map_err(|error| failed(path, error))
    };
    if wanted == JournalMode::Ahead && set("wal")? == "wal" {
        // A database that had another journal until now opens its write-ahead log at the next question.
        return connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(JournalMode::Ahead))
            .map_err(|error| failed(path, error));
    }
    match set("delete")? {
        mode if mode == "delete" => Ok(JournalMode::Rollback),
        other => {
            let problem = format!("its journal mode is `{other}`");
            Err(TrailError::NotDurable { path: path.to_owned(), problem })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::create;
    use super::*;

    fn synchronous(connection: &Connection) -> i64 {
        connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_journal_gets_the_syncs_that_it_needs() {
        let directory = tempfile::tempdir().unwrap();
        for (name, wanted, number) in
            [("ahead.db", JournalMode::Ahead, 2), ("rollback.db", JournalMode::Rollback, 3)]
        {
            let path = directory.path().join(name);
            let connection = Connection::open(&path).unwrap();
            assert_eq!(configure(&connection, &path, wanted).unwrap(), wanted);
            assert_eq!(synchronous(&connection), number);
        }
    }

    #[test]
    fn a_database_that_cannot_be_synced_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        let refused = configure(&connection, Path::new("memory"), JournalMode::Ahead);
        assert!(matches!(refused, Err(TrailError::NotDurable { .. })), "{refused:?}");
    }

    #[test]
    fn a_question_about_an_action_is_compiled_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        let compiled_again = |connection: &Connection| {
            let mut statement = connection
                .prepare("SELECT body FROM events WHERE action_id = ?1 AND kind = 'ended'")
                .unwrap();
            for id in ["", "a", "b"] {
                assert!(!statement.exists([id]).unwrap());
            }
            statement.get_status(rusqlite::StatementStatus::RePrepare)
        };
        create(&mut connection, Path::new("memory"), 1).unwrap();
        assert!(compiled_again(&connection) > 0);
        defend(&connection).unwrap();
        assert_eq!(compiled_again(&connection), 0);
    }

    #[test]
    fn the_number_of_sqlite_is_the_one_that_is_safe() {
        assert!(rusqlite::version_number() >= OLDEST_SQLITE);
    }
}
