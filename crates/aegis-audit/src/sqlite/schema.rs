//! The tables of a log: made, and compared whole before anything is asked of them.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use aegis_engine::escape;

use super::sqlite_error::failed;
use crate::error::TrailError;
use aegis_ledger::chain::LogIdentity;

/// Marks a database as an audit log: "AEGS".
const APPLICATION_ID: i64 = 0x4145_4753;
/// The format that this program writes.
pub(super) const FORMAT: i64 = 2;
/// How much of a stranger's name is shown.
const LONGEST_NAME: usize = 80;

/// What there is in a database, each with the page that it begins at.
const OBJECTS: &str = "SELECT type, name, tbl_name, sql, rootpage FROM sqlite_schema";

/// A table, an index, a trigger or a view, as `SQLite` lists it.
#[derive(Clone, Copy, Debug)]
struct Object {
    kind: &'static str,
    name: &'static str,
    /// The table that it belongs to.
    table: &'static str,
    sql: &'static str,
}

impl Object {
    /// Whether a row of [`OBJECTS`] is about it.
    fn is(&self, row: &Row<'_>) -> bool {
        [self.kind, self.name, self.table, self.sql].into_iter().enumerate().all(|(column, expected)| {
            row.get_ref(column).is_ok_and(|value| value.as_str().is_ok_and(|value| value == expected))
        })
    }

    const fn has_pages(&self) -> bool {
        matches!(self.kind.as_bytes(), b"table" | b"index")
    }

    /// Whether it is there, and nothing else has its name.
    fn is_alone(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut statement = connection.prepare_cached(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
        )?;
        let mut rows = statement.query([self.name])?;
        let first = rows.next()?.is_some_and(|row| self.is(row));
        Ok(first && rows.next()?.is_none())
    }
}

/// One row an event; what is hashed is what is stored, and everything else is derived from it. `blocks` and
/// `terms` are the index over full blocks of events: see the module `index`. `key` keys the digests that
/// stand for secrets.
///
/// A row of `events` is linked to the newest one or refused, so a chain cannot fork, and only what a `pruned`
/// event stands for can be deleted. The triggers keep accidents out, not whoever may write the file: the
/// chain is there for that.
const SCHEMA: [Object; 13] = [
    Object { kind: "table", name: "log", table: "log", sql: "CREATE TABLE log (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id BLOB NOT NULL CHECK (length(id) = 16),
    created_at INTEGER NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT" },
    Object { kind: "table", name: "events", table: "events", sql: "CREATE TABLE events (
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
) STRICT" },
    Object { kind: "index", name: "events_by_action", table: "events", sql: "CREATE INDEX events_by_action ON events (action_id, kind)" },
    // Those that are about the log itself are few; what looks for the newest of them finds it at once.
    Object { kind: "index", name: "events_about_the_log", table: "events", sql: "CREATE INDEX events_about_the_log ON events (kind) WHERE action_id = ''" },
    Object { kind: "table", name: "blocks", table: "blocks", sql: "CREATE TABLE blocks (
    block INTEGER PRIMARY KEY,
    earliest INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    root BLOB NOT NULL
) STRICT" },
    Object { kind: "table", name: "terms", table: "terms", sql: "CREATE TABLE terms (
    field INTEGER NOT NULL,
    value TEXT NOT NULL,
    block INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (field, value, block)
) STRICT, WITHOUT ROWID" },
    Object { kind: "trigger", name: "log_is_fixed", table: "log", sql: "CREATE TRIGGER log_is_fixed BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'the identity of a log does not change'); END" },
    Object { kind: "trigger", name: "log_stays", table: "log", sql: "CREATE TRIGGER log_stays BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'the identity of a log does not change'); END" },
    // `INSERT OR REPLACE` would delete what is in its way, without asking the trigger for deletions.
    Object { kind: "trigger", name: "events_come_last", table: "events", sql: "CREATE TRIGGER events_come_last BEFORE INSERT ON events
WHEN (SELECT seq + 1 IS NOT NEW.seq OR hash IS NOT NEW.prev_hash FROM events ORDER BY seq DESC LIMIT 1)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END" },
    Object { kind: "trigger", name: "events_are_fixed", table: "events", sql: "CREATE TRIGGER events_are_fixed
BEFORE UPDATE OF seq, at, kind, action_id, body, commitment, prev_hash, hash ON events
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END" },
    Object { kind: "trigger", name: "payloads_can_only_be_removed", table: "events", sql: "CREATE TRIGGER payloads_can_only_be_removed BEFORE UPDATE OF payload, salt ON events
WHEN NEW.payload IS NOT NULL OR NEW.salt IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END" },
    Object { kind: "trigger", name: "events_stay", table: "events", sql: "CREATE TRIGGER events_stay BEFORE DELETE ON events
WHEN OLD.seq > coalesce((SELECT body ->> '$.through' FROM events WHERE kind = 'pruned' AND action_id = ''
                         ORDER BY seq DESC LIMIT 1), 0)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END" },
    // For whoever asks a copy of the log in SQL.
    Object { kind: "view", name: "actions", table: "actions", sql: "CREATE VIEW actions AS SELECT seq, datetime(at / 1000.0, 'unixepoch', 'subsec') AS timestamp, action_id,
    body ->> '$.session_id' AS session_id, body ->> '$.agent' AS agent, body ->> '$.action_type' AS action_type,
    body ->> '$.action_target' AS action_target, body ->> '$.risk_level' AS risk_level,
    body ->> '$.approval' AS approval, body ->> '$.matched_rule' AS matched_rule, body ->> '$.decision' AS decision,
    (SELECT e.body ->> '$.result_status' FROM events e WHERE e.action_id = events.action_id AND e.kind = 'ended'
     ORDER BY e.seq DESC LIMIT 1) AS ended
FROM events WHERE kind = 'decided'" },
];

/// Which state of its schema a database is in. Asked first in a transaction, what `SQLite` takes for the
/// schema from then on is what is in the file in that transaction.
pub(super) fn schema_version(connection: &Connection, path: &Path) -> Result<i64, TrailError> {
    connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).map_err(|error| failed(path, error))
}

/// Has `SQLite` read the schema anew where it is not in the state that was compared before: what it read
/// between two transactions could have been changed back since, in a way that it does not notice.
pub(super) fn read_schema_anew(
    connection: &Connection,
    path: &Path,
    known: Option<i64>,
) -> Result<i64, TrailError> {
    let version = schema_version(connection, path)?;
    if known != Some(version) {
        connection.execute_batch("PRAGMA writable_schema = RESET").map_err(|error| failed(path, error))?;
    }
    Ok(version)
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
    // What only looks like the log's own row is not asked for it.
    let log = SCHEMA.iter().find(|object| object.name == "log");
    if !log.is_some_and(|log| log.is_alone(connection).unwrap_or(false)) {
        return Err(TrailError::NotALog { path: path.to_owned() });
    }
    let identity = connection
        .query_row("SELECT id, created_at, key FROM log", [], |row| {
            Ok(LogIdentity { id: row.get(0)?, created_at: row.get(1)?, key: row.get(2)? })
        })
        .optional()
        .map_err(failed)?;
    identity.map(Some).ok_or_else(|| TrailError::NotALog { path: path.to_owned() })
}

/// Checks that the log has the tables, indexes, triggers and the view that it is created with, and nothing
/// else at all: a trigger could make an insertion vanish without an error, a view could give rows without
/// end, and an index of somebody else's could hide rows from whoever looks for them by it.
pub(super) fn check_schema(connection: &Connection, path: &Path) -> Result<(), TrailError> {
    let corrupt = |problem| TrailError::Corrupt { path: path.to_owned(), problem };
    let mut statement = connection.prepare_cached(OBJECTS).map_err(|error| failed(path, error))?;
    let mut rows = statement.query([]).map_err(|error| failed(path, error))?;
    let (mut found, mut roots) = (Vec::with_capacity(SCHEMA.len()), Vec::with_capacity(SCHEMA.len()));
    while let Some(row) = rows.next().map_err(|error| failed(path, error))? {
        let known = SCHEMA.iter().find(|object| object.is(row) && !found.contains(&object.name));
        let Some(object) = known else { return Err(corrupt(unknown(row))) };
        found.push(object.name);
        // Two that share their pages would write over each other.
        match (object.has_pages(), row.get::<_, i64>(4).unwrap_or(-1)) {
            (false, 0) => {}
            (true, root) if root > 1 && !roots.contains(&root) => roots.push(root),
            _ => {
                return Err(corrupt(format!(
                    "the {} `{}` is not where it should be",
                    object.kind, object.name
                )));
            }
        }
    }
    match SCHEMA.iter().find(|object| !found.contains(&object.name)) {
        None => Ok(()),
        Some(object) => Err(corrupt(format!("its {} `{}` is missing", object.kind, object.name))),
    }
}

/// Whether the tables that events are read from are there and no others of their names, whatever else there
/// is.
pub(super) fn has_tables(connection: &Connection, path: &Path) -> Result<bool, TrailError> {
    let tables = SCHEMA.iter().filter(|object| object.kind == "table");
    for table in tables {
        if !table.is_alone(connection).map_err(|error| failed(path, error))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Says what is there that no log has.
fn unknown(row: &Row<'_>) -> String {
    let text = |column| {
        let text: String = row.get(column).unwrap_or_else(|_| "object".to_owned());
        escape(&text.chars().take(LONGEST_NAME).collect::<String>())
    };
    format!("it has the {} `{}`, which no log has like that", text(0), text(1))
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
        for object in SCHEMA {
            transaction.execute(object.sql, [])?;
        }
        let stored = transaction.execute(
            "INSERT INTO log (only, id, created_at, key) VALUES (1, ?1, ?2, ?3)",
            params![id, created_at, key],
        )?;
        if stored != 1 {
            return Err(rusqlite::Error::StatementChangedRows(stored));
        }
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

    #[test]
    fn the_tables_of_a_new_log_are_the_known_ones() {
        let mut connection = Connection::open_in_memory().unwrap();
        let path = Path::new("memory");
        assert_eq!(identify(&connection, path).unwrap(), None);
        let made = create(&mut connection, path, 1).unwrap();
        assert_eq!(identify(&connection, path).unwrap(), Some(made));
        check_schema(&connection, path).unwrap();
        connection.execute_batch("VACUUM").unwrap();
        check_schema(&connection, path).unwrap();
        for meddling in [
            "CREATE TABLE more (x)",
            "CREATE VIEW more AS SELECT 1",
            "CREATE INDEX more ON events (at)",
            "ANALYZE",
            "CREATE TRIGGER more BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END",
            "CREATE TRIGGER sqlite BEFORE INSERT ON events WHEN NEW.kind = 'decided' BEGIN SELECT RAISE(IGNORE); END;
             PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'sqlite_' WHERE name = 'sqlite'",
            "DROP TRIGGER events_stay",
            "DROP INDEX events_by_action",
            "DROP VIEW actions",
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'events'",
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET tbl_name = 'log' WHERE name = 'events_stay'",
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'EVENTS' WHERE name = 'events'",
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 0 WHERE name = 'events_by_action'",
            "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'log'",
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage =
             (SELECT rootpage FROM sqlite_schema WHERE name = 'blocks') WHERE name = 'log'",
        ] {
            connection.execute_batch(&format!("SAVEPOINT before; {meddling}")).unwrap();
            let refused = check_schema(&connection, path);
            assert!(matches!(refused, Err(TrailError::Corrupt { .. })), "{meddling}: {refused:?}");
            connection.execute_batch("ROLLBACK TO before; PRAGMA writable_schema = OFF").unwrap();
        }
        check_schema(&connection, path).unwrap();
    }
}
