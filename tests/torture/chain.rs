//! The control of the check of a log that all suites rely on.

use aegis_testkit::{Log, READ, without_triggers};
use rusqlite::Connection;

use crate::environment::TestEnvironment;

#[test]
fn the_check_finds_edits_gaps_and_forks() {
    let environment = TestEnvironment::new();
    let input = format!("{READ}\n").repeat(4);
    assert_eq!(environment.aegis_with_input(&["check", "--jsonl"], input).code, 0);
    let log = environment.file("aegis_audit.db");
    assert_eq!(Log::verified(&log).unwrap().rows.len(), 4);
    let edit = |sql: &str| {
        let connection = Connection::open(&log).unwrap();
        without_triggers(&connection, |connection| connection.execute_batch(sql).unwrap());
    };
    let reported = |sql: &str, undo: &str, expected: &str| {
        edit(sql);
        let problem = Log::read(&log).err().unwrap_or_default();
        assert!(problem.contains(expected), "{sql}: {problem:?}");
        assert!(Log::verified(&log).is_err(), "{sql}");
        edit(undo);
    };
    reported(
        "UPDATE events SET at = at + 1 WHERE seq = 2",
        "UPDATE events SET at = at - 1 WHERE seq = 2",
        "row 2",
    );
    reported(
        "UPDATE events SET payload = payload || ' ' WHERE seq = 3",
        "UPDATE events SET payload = rtrim(payload) WHERE seq = 3",
        "row 3 has another payload",
    );
    reported(
        "UPDATE log SET created_at = created_at + 1",
        "UPDATE log SET created_at = created_at - 1",
        "row 1 breaks the chain",
    );
    reported("DELETE FROM events WHERE seq = 2", "", "row 3 follows row 1");
}
