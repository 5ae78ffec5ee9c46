//! Numbers of rows, however many there are, in memory that is bounded.

use std::collections::HashSet;

use roaring::RoaringTreemap;

/// How many neighbouring numbers take up one container of the set.
const CONTAINER: u64 = 1 << 16;
/// How many containers there may be. In a log, whose rows are numbered without gaps, that is four thousand
/// million rows; only numbers that somebody invented are so far apart that they need more.
const MOST: usize = 1 << 16;

/// A set of row numbers. One that lie further apart than those of any log are not taken in.
#[derive(Clone, Debug, Default)]
pub(super) struct RowSet {
    rows: RoaringTreemap,
    containers: HashSet<u64>,
    /// Whether a number was not taken in.
    is_incomplete: bool,
}

impl RowSet {
    /// Adds a number, if there is room for it.
    pub(super) fn insert(&mut self, row: u64) {
        let container = row / CONTAINER;
        if self.containers.len() < MOST || self.containers.contains(&container) {
            self.containers.insert(container);
            self.rows.insert(row);
        } else {
            self.is_incomplete = true;
        }
    }

    pub(super) const fn rows(&self) -> &RoaringTreemap {
        &self.rows
    }

    pub(super) fn into_rows(self) -> RoaringTreemap {
        self.rows
    }

    pub(super) const fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_far_apart_take_bounded_memory_and_that_is_known() {
        let mut sparse = RowSet::default();
        for row in 0..100_000_u64 {
            sparse.insert(row << 32);
        }
        assert_eq!(sparse.rows().len(), u64::try_from(MOST).unwrap());
        assert!(sparse.is_incomplete());
        sparse.insert(5);
        assert!(sparse.rows().contains(5), "there is room beside what is there");
    }

    #[test]
    fn numbers_without_gaps_all_find_room() {
        let mut dense = RowSet::default();
        (0..1_000_000).for_each(|row| dense.insert(row));
        assert_eq!((dense.rows().len(), dense.is_incomplete()), (1_000_000, false));
    }
}
