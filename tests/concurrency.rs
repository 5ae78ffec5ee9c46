//! Many processes at once, and processes that are killed.

use std::collections::HashSet;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::environment::{READ, TestEnvironment};

/// The long runs behind `make torture`.
fn torture() -> bool {
    std::env::var_os("AEGIS_TORTURE").is_some()
}

#[test]
fn a_thousand_checks_from_sixteen_processes_are_one_chain() {
    const CHECKS: usize = 1000;
    let environment = TestEnvironment::new();
    let started = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while started.fetch_add(1, Ordering::Relaxed) < CHECKS {
                    let run = environment.check(READ);
                    assert_eq!(run.code, 0, "{run:?}");
                }
            });
        }
    });
    let records = environment.records();
    let numbers: Vec<_> = records.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    let first = numbers[0];
    assert_eq!(numbers, (first..first + 1000).collect::<Vec<_>>());
    let ids: HashSet<_> = records.iter().map(|record| record["id"].as_str().unwrap()).collect();
    let hashes: HashSet<_> = records.iter().map(|record| record["hash"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), hashes.len()), (CHECKS, CHECKS));
}

#[test]
fn no_run_that_exited_0_lacks_its_row_however_many_are_killed() {
    let runs = if torture() { 10_000 } else { 400 };
    let environment = TestEnvironment::new();
    environment.check(READ);
    // Delays that cover the life of a run twice over, however slow the machine is.
    let mut lives: Vec<_> = (0..9).map(|_| life_of_a_run(&environment)).collect();
    lives.sort();
    let span = lives[4] * 2;
    let mut acknowledged = HashSet::new();
    let mut killed = 0;
    for run in 0..runs {
        let mut command = environment.command(&["check", "read:crm", "--format", "json"]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(span.mul_f64(f64::from(run * 977 % 1000) / 1000.0));
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        if output.status.code() == Some(0) {
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            acknowledged.insert(answer["action_id"].as_str().unwrap().to_owned());
        } else {
            killed += 1;
        }
    }
    let recorded: HashSet<_> =
        environment.records().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    let lost: Vec<_> = acknowledged.difference(&recorded).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(killed > 0 && !acknowledged.is_empty(), "{killed} of {runs} were killed");
    assert_eq!(environment.check(READ).code, 0);
}

fn life_of_a_run(environment: &TestEnvironment) -> Duration {
    let start = Instant::now();
    assert_eq!(environment.check(READ).code, 0);
    start.elapsed()
}

/// Prints its figures with `--nocapture`. They are of whole processes: from being started to having exited.
#[test]
fn thirty_two_writers_at_once_are_all_answered_in_time() {
    const WRITERS: usize = 32;
    let each = if torture() { 100 } else { 4 };
    let environment = TestEnvironment::new();
    environment.check(READ);
    let lives = std::thread::scope(|scope| {
        let write = || {
            let one = |_| {
                let start = Instant::now();
                let run = environment.aegis(&["check", "read:crm"]);
                assert_eq!(run.code, 0, "{run:?}");
                start.elapsed()
            };
            (0..each).map(one).collect::<Vec<_>>()
        };
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
        let mut lives: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        lives.sort();
        lives
    });
    let at = |part: f64| lives[((lives.len() - 1) as f64 * part) as usize];
    println!("{} checks: p50 {:?}, p99 {:?}, max {:?}", lives.len(), at(0.5), at(0.99), at(1.0));
    // Of a build that is not optimised, on a machine that does something else, no more than that nobody starves.
    let limit = if torture() && !cfg!(debug_assertions) { 250 } else { 5000 };
    assert!(at(0.99) < Duration::from_millis(limit), "p99 is {:?}", at(0.99));
    assert_eq!(environment.records().len(), WRITERS * each + 1);
}
