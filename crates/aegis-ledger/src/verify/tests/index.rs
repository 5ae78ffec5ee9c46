//! What is derived from rows is derived again on the way.

use super::chain::{Log, whole};
use crate::verify::{IndexObserver, Verifier};

/// How many rows a block has.
const BLOCK: usize = 4096;

/// Gives rows to a verifier, and the blocks that were full by then: their number, how many of their rows are
/// in their index, and whether there is a hash of their tree.
fn blocks(log: &Log, mut verifier: Verifier<'_, IndexObserver>) -> Vec<(u64, Option<u64>, bool)> {
    let mut full = Vec::new();
    for row in &log.rows {
        verifier.push(row.seq, Ok(row.event()));
        if let Some(block) = verifier.observer().take_full_block() {
            full.push((block.block, block.index.map(|index| index.len()), block.root.is_some()));
        }
        assert!(verifier.observer().take_full_block().is_none(), "it is taken once");
    }
    full
}

#[test]
fn a_block_is_indexed_when_all_of_its_rows_have_passed_by() {
    let mut log = Log::of(2 * BLOCK);
    let whole = || Verifier::observed(whole(), Vec::new(), IndexObserver::default());
    let size = BLOCK as u64;
    assert_eq!(blocks(&log, whole()), [(0, Some(size), true), (1, Some(size), true)]);
    // What is left of a block of which some rows were pruned.
    let left = Log { rows: log.from(1001).to_vec() };
    let start = Verifier::observed(log.start(1001), Vec::new(), IndexObserver::default());
    assert_eq!(blocks(&left, start), [(0, Some(size - 1000), true), (1, Some(size), true)]);
    let left = Log { rows: log.from(size + 1).to_vec() };
    let start = Verifier::observed(log.start(size + 1), Vec::new(), IndexObserver::default());
    assert_eq!(blocks(&left, start), [(1, Some(size), true)]);
    // Damage in one is none in the other, but for the tree.
    for (seq, damaged) in [(1, 0), (size - 1, 0), (size + 1, 1), (2 * size, 1)] {
        let mut log = log.clone();
        log.row(seq).at += 1;
        let expected = [0, 1].map(|block| (block, (block != damaged).then_some(size), block < damaged));
        assert_eq!(blocks(&log, whole()), expected, "{seq}");
    }
    // A row that is gone leaves its block without an index, and the next one with one.
    log.rows.remove(3999);
    assert_eq!(blocks(&log, whole()), [(0, None, false), (1, Some(size), false)]);
}

#[test]
fn rows_that_cannot_be_read_leave_their_block_without_an_index() {
    let log = Log::of(BLOCK);
    let mut verifier = Verifier::observed(whole(), Vec::new(), IndexObserver::default());
    log.rows[..100].iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    verifier.stop("a page is damaged");
    verifier.resume_at(200);
    log.rows[199..].iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    let full = verifier.observer().take_full_block().unwrap();
    assert!(full.index.is_none() && full.root.is_none());
}
