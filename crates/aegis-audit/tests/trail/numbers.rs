//! Rows with numbers that no row has: what reads them calculates with them without a panic, and ends.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use aegis_audit::TrailError;
use aegis_ledger::filter::Filter;
use aegis_testkit::Place;

/// Numbers that no honest row has, or not there.
const NUMBERS: [i64; 6] = [0, -1, -4096, i64::MIN, i64::MAX, i64::MAX - 4095];

#[test]
fn a_row_with_an_impossible_number_is_damage_and_no_panic() {
    for (rows, moved) in [(1, 1), (3, 1), (3, 2), (3, 3)] {
        for number in NUMBERS {
            let place = Place::with_decisions(rows);
            place.tamper(&format!("UPDATE events SET seq = {number} WHERE seq = {moved}"));
            let found = place.read().verify(Vec::new(), |_, _| {}).unwrap();
            assert!(!found.is_sound(), "row {moved} as {number}");
        }
    }
}

#[test]
fn a_row_far_behind_all_others_is_reached_in_an_instant() {
    for number in NUMBERS {
        for reverse in [false, true] {
            let place = Place::with_decisions(3);
            place.tamper(&format!("UPDATE events SET seq = {number} WHERE seq = 3"));
            let filter = Filter { reverse, ..Filter::default() };
            let (mut seen, begun) = (0, Instant::now());
            let each = |_| {
                seen += 1;
                Ok::<_, TrailError>(ControlFlow::Continue(()))
            };
            let _ = place.read().records(&filter, each);
            let _ = place.read().count(&filter);
            let _ = place.read().statistics(&filter, 5, |_| ());
            assert!(begun.elapsed() < Duration::from_secs(5) && seen >= 2, "{number}: {seen}");
        }
    }
}
