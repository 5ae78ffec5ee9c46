//! The tables of a log, and the settings that its durability rests on.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::sqlite_error::failed;
use crate::error::TrailError;
use crate::file::supports_shared_memory;
use aegis_ledger::chain::LogIdentity;

/// Marks a database as an audit log: "AEGS".
const APPLICATION_ID: i64 = 0x4145_4753;
/// The format that this program writes.
pub(super) const FORMAT: i64 = 2;
/// `SQLite` before this can lose committed rows when two connections checkpoint at once.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How much of the log to keep in memory while writing. Hashes land all over their index, so a writer's pages
/// are many.
const CACHE_KIB: u32 = 16 * 1024;

/// One row an event; what is hashed is what is stored, and everything else is derived from it. `blocks` and
/// `terms` are the index over full blocks of events: see the module `index`. `key` keys the digests that
/// stand for secrets.
///
/// A row of `events` is linked to the newest one or refused, so a chain cannot fork, and only what a `pruned`
/// event stands for can be deleted. The triggers keep accidents out, not whoever may write the file: the
/// chain is there for that.
const STATEMENTS: [&str; 13] = [
    "CREATE TABLE log (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id BLOB NOT NULL CHECK (length(id) = 16),
    created_at INTEGER NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT",
    "CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    action_id TEXT NOT NULL,
    body TEXT NOT NULL,
    payload TEXT,
    salt BLOB,
    commitment BLOB NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT",
    "CREATE INDEX events_by_action ON events (action_id, kind)",
    // Those that are about the log itself are few; what looks for the newest of them finds it at once.
    "CREATE INDEX events_about_the_log ON events (kind) WHERE action_id = ''",
    "CREATE TABLE blocks (
    block INTEGER PRIMARY KEY,
    earliest INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    root BLOB NOT NULL
) STRICT",
    "CREATE TABLE terms (
    field INTEGER NOT NULL,
    value TEXT NOT NULL,
    block INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (field, value, block)
) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER log_is_fixed BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'the identity of a log does not change'); END",
    "CREATE TRIGGER log_stays BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'the identity of a log does not change'); END",
    // `INSERT OR REPLACE` would delete what is in its way, without asking the trigger for deletions.
    "CREATE TRIGGER events_come_last BEFORE INSERT ON events
WHEN (SELECT seq + 1 IS NOT NEW.seq OR hash IS NOT NEW.prev_hash FROM events ORDER BY seq DESC LIMIT 1)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
    "CREATE TRIGGER events_are_fixed
BEFORE UPDATE OF seq, at, kind, action_id, body, commitment, prev_hash, hash ON events
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
    "CREATE TRIGGER payloads_can_only_be_removed BEFORE UPDATE OF payload, salt ON events
WHEN NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
    "CREATE TRIGGER events_stay BEFORE DELETE ON events
WHEN OLD.seq > coalesce((SELECT body ->> '$.through' FROM events WHERE kind = 'pruned' AND action_id = ''
                         ORDER BY seq DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
    // For whoever asks a copy of the log in SQL.
    "CREATE VIEW actions AS SELECT seq, datetime(at / 1000.0, 'unixepoch', 'subsec') AS timestamp, action_id,
    body ->> '$.session_id' AS session_id, body ->> '$.agent' AS agent, body ->> '$.action_type' AS action_type,
    body ->> '$.action_target' AS action_target, body ->> '$.risk_level' AS risk_level,
    body ->> '$.approval' AS approval, body ->> '$.matched_rule' AS matched_rule, body ->> '$.decision' AS decision,
    (SELECT e.body ->> '$.result_status' FROM events e WHERE e.action_id = events.action_id AND e.kind = 'ended'
     ORDER BY e.seq DESC LIMIT 1) AS ended
FROM events WHERE kind = 'decided'",
];

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

/// Reads who the log is. `None` if the database is empty: its creation was cut off.
pub(super) fn identify(connection: &Connection, path: &Path) -> Result<Option<LogIdentity>, TrailError> {
    let failed = |error| failed(path, error);
    let number = |pragma: &str| -> Result<i64, TrailError> {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).map_err(failed)
    };
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    match (number("application_id")?, number("user_version")?) {
        (0, 0) if objects == 0 => return Ok(None),
        (APPLICATION_ID, FORMAT) => {}
        (APPLICATION_ID, found) if found > FORMAT => {
            return Err(TrailError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
        (APPLICATION_ID, found) if (1..FORMAT).contains(&found) => {
            return Err(TrailError::Older { path: path.to_owned(), found, known: FORMAT });
        }
        _ => return Err(TrailError::NotALog { path: path.to_owned() }),
    }
    let identity = connection
        .query_row("SELECT id, created_at, key FROM log", [], |row| {
            Ok(LogIdentity { id: row.get(0)?, created_at: row.get(1)?, key: row.get(2)? })
        })
        .optional()
        .map_err(failed)?;
    identity.map(Some).ok_or_else(|| TrailError::NotALog { path: path.to_owned() })
}

/// Checks that the tables and triggers are the ones that a log is created with: a trigger of somebody else's
/// could make an insertion vanish without an error. Further indexes change nothing of what is stored.
pub(super) fn check_tables(connection: &Connection, path: &Path) -> Result<(), TrailError> {
    let failed = |error| failed(path, error);
    let mut statement = connection
        .prepare_cached(
            "SELECT sql FROM sqlite_schema WHERE type <> 'index' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut known = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        if !row.get_ref(0).is_ok_and(|sql| sql.as_str().is_ok_and(|sql| STATEMENTS.contains(&sql))) {
            let problem = "it has tables or triggers that no log has".to_owned();
            return Err(TrailError::Corrupt { path: path.to_owned(), problem });
        }
        known += 1;
    }
    let indexes = STATEMENTS.iter().filter(|statement| statement.starts_with("CREATE INDEX")).count();
    if known != STATEMENTS.len() - indexes {
        let problem = "tables or triggers are missing".to_owned();
        return Err(TrailError::Corrupt { path: path.to_owned(), problem });
    }
    Ok(())
}

/// Checks that a log has the indexes that it is created with.
pub(super) fn check_indexes(connection: &Connection, path: &Path) -> Result<(), TrailError> {
    let failed = |error| failed(path, error);
    let mut statement = connection
        .prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql = ?1")
        .map_err(failed)?;
    for index in STATEMENTS.iter().filter(|statement| statement.starts_with("CREATE INDEX")) {
        let count: i64 = statement.query_row([index], |row| row.get(0)).map_err(failed)?;
        if count != 1 {
            let problem = "an index is missing, or not the one that a log has".to_owned();
            return Err(TrailError::Corrupt { path: path.to_owned(), problem });
        }
    }
    Ok(())
}

/// Makes an empty database a log, in one transaction.
pub(super) fn create(
    connection: &mut Connection,
    path: &Path,
    created_at: i64,
) -> Result<LogIdentity, TrailError> {
    let (mut id, mut key) = (vec![0; 16], [0; 32]);
    getrandom::fill(&mut id)?;
    getrandom::fill(&mut key)?;
    let fill = |connection: &mut Connection| -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for statement in STATEMENTS {
            transaction.execute(statement, [])?;
        }
        transaction.execute(
            "INSERT INTO log (only, id, created_at, key) VALUES (1, ?1, ?2, ?3)",
            params![id, created_at, key],
        )?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()
    };
    fill(connection).map_err(|error| failed(path, error))?;
    Ok(LogIdentity { id, created_at, key })
}

#[cfg(test)]
mod tests {
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
    fn the_tables_of_a_new_log_are_the_known_ones() {
        let mut connection = Connection::open_in_memory().unwrap();
        let path = Path::new("memory");
        assert_eq!(identify(&connection, path).unwrap(), None);
        let made = create(&mut connection, path, 1).unwrap();
        assert_eq!(identify(&connection, path).unwrap(), Some(made));
        check_tables(&connection, path).unwrap();
        connection.execute_batch("VACUUM; CREATE INDEX another ON events (at); ANALYZE;").unwrap();
        check_tables(&connection, path).unwrap();
        for meddling in [
            "CREATE TABLE more (x)",
            "CREATE VIEW more AS SELECT 1",
            "CREATE TRIGGER more BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END",
            "DROP TRIGGER events_stay",
        ] {
            connection.execute_batch(&format!("SAVEPOINT before; {meddling}")).unwrap();
            assert!(matches!(check_tables(&connection, path), Err(TrailError::Corrupt { .. })), "{meddling}");
            connection.execute_batch("ROLLBACK TO before").unwrap();
        }
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
