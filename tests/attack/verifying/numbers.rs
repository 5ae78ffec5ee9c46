//! Numbers that no row has, and bytes flipped at random: nothing panics, and nothing counts for ever.

use std::fs;

use aegis_testkit::{Chance, DELETE, READ, scaled, without_triggers};

use super::{LOG, meddle, readings};
use crate::environment::TestEnvironment;

/// A log with an event of most kinds, all of it in one file, and its bytes.
fn log() -> (TestEnvironment, Vec<u8>) {
    let environment = TestEnvironment::new();
    let id = environment.check(READ).json()["action_id"].as_str().unwrap().to_owned();
    let input = format!("{READ}\n{DELETE}\n{READ}\n");
    assert_eq!(environment.aegis_with_input(&["check", "--jsonl"], input).code, 1);
    assert_eq!(environment.aegis(&["audit", "record", &id, "--status", "success"]).code, 0);
    assert_eq!(environment.aegis(&["audit", "redact", &id, "--yes"]).code, 0);
    assert_eq!(environment.aegis(&["audit", "checkpoint"]).code, 0);
    drop(meddle(&environment));
    let bytes = fs::read(environment.file(LOG)).unwrap();
    (environment, bytes)
}

#[test]
fn a_row_with_a_number_that_no_row_has_is_damage() {
    let (environment, bytes) = log();
    for number in [0, -1, i64::MIN, i64::MAX] {
        fs::write(environment.file(LOG), &bytes).unwrap();
        without_triggers(&meddle(&environment), |connection| {
            connection.execute("UPDATE events SET seq = ?1 WHERE seq = 4", [number]).unwrap();
        });
        let runs = readings(&environment);
        for run in &runs {
            assert!((0..=5).contains(&run.code), "row {number}: {run:?}");
        }
        assert_eq!((runs[0].code, runs[1].code, runs[2].code), (1, 1, 1), "row {number}: {runs:?}");
    }
}

#[test]
fn bytes_flipped_at_random_end_no_command_in_a_panic() {
    let (environment, bytes) = log();
    let mut chance = Chance::new(9);
    for number in 0..scaled(25, 2000) {
        let mut flipped = bytes.clone();
        for _ in 0..=chance.below(3) {
            let place = chance.below(bytes.len());
            flipped[place] ^= 1 << chance.below(8);
        }
        fs::write(environment.file(LOG), &flipped).unwrap();
        for run in readings(&environment) {
            assert!((0..=5).contains(&run.code), "flip {number}: {run:?}");
        }
        for beside in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(environment.file(&format!("{LOG}{beside}")));
        }
    }
}
