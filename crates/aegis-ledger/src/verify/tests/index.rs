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

/// The blocks of a log from which everything before a row is gone.
fn blocks_from(log: &Log, first: u64) -> Vec<(u64, Option<u64>, bool)> {
    let left = Log { rows: log.from(first).to_vec() };
    blocks(&left, Verifier::observed(log.start(first), Vec::new(), IndexObserver::default()))
}

#[test]
fn a_block_is_indexed_when_all_of_its_rows_have_passed_by() {
    let mut log = Log::light(2 * BLOCK);
    let size = BLOCK as u64;
    let whole = Verifier::observed(whole(), Vec::new(), IndexObserver::default());
    assert_eq!(blocks(&log, whole), [(0, Some(size), true), (1, Some(size), true)]);
    // What is left of a block of which some rows were pruned, or all.
    assert_eq!(blocks_from(&log, size - 9), [(0, Some(10), true), (1, Some(size), true)]);
    assert_eq!(blocks_from(&log, size + 1), [(1, Some(size), true)]);
    // Damage in one is none in the other, but for the tree.
    log.row(size - 1).at += 1;
    assert_eq!(blocks_from(&log, size - 9), [(0, None, false), (1, Some(size), false)]);
    log.row(size - 1).at -= 1;
    // Wherever in the block it is.
    for seq in [size - 9, size] {
        let mut cut = Log { rows: log.rows[..BLOCK].to_vec() };
        cut.row(seq).at += 1;
        assert_eq!(blocks_from(&cut, size - 9), [(0, None, false)], "{seq}");
    }
    log.row(size + 1).payload = Some("x".to_owned());
    assert_eq!(blocks_from(&log, size - 9), [(0, Some(10), true), (1, None, true)]);
    // A row that is gone leaves its block without an index.
    log.rows.remove(BLOCK - 3);
    log.rows.truncate(BLOCK - 1);
    assert_eq!(blocks_from(&log, size - 9), [(0, None, false)]);
}

#[test]
fn rows_that_cannot_be_read_leave_their_block_without_an_index() {
    let log = Log::light(BLOCK);
    let mut verifier = Verifier::observed(whole(), Vec::new(), IndexObserver::default());
    log.rows[..100].iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    verifier.stop("a page is damaged");
    verifier.resume_at(200);
    log.rows[199..].iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    let full = verifier.observer().take_full_block().unwrap();
    assert!(full.index.is_none() && full.root.is_none());
}
