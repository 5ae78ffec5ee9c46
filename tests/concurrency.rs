//! Many processes at once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use aegis_testkit::READ;

use crate::environment::TestEnvironment;

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
