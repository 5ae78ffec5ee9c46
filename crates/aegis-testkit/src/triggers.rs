//! Meddling with a log as whoever holds the file can.

use rusqlite::Connection;

/// Meddles with a log without its triggers, and gives them back.
pub fn without_triggers<T>(connection: &Connection, meddle: impl FnOnce(&Connection) -> T) -> T {
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let done = meddle(connection);
    for (_, sql) in triggers {
        connection.execute_batch(&sql).unwrap();
    }
    done
}
