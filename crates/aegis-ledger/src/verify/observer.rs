//! Whoever watches a chain while it is verified: what is derived from the rows is derived again on the way.

use aegis_engine::Digest;
use roaring::RoaringTreemap;

use crate::block_index::{BlockIndex, block_of, completes_block, first_of};
use crate::event::{Body as _, EventBody, Text};
use crate::merkle::Frontier;
use crate::stored_event::StoredEvent;

/// Watches rows pass by.
pub trait Observer {
    /// A row is what was hashed, and nothing that it says is known to be false.
    fn sound(&mut self, event: &StoredEvent<'_>, hash: Digest, body: &EventBody<Text<'_>>);

    /// Rows are missing, or cannot be read, before the next one.
    fn interrupted(&mut self);

    /// A row has passed by, sound or not.
    fn passed(&mut self, seq: u64, so_far: SoFar<'_>);
}

/// What is known when a row has passed by.
#[derive(Clone, Copy, Debug)]
pub struct SoFar<'a> {
    /// The rows that are damaged.
    pub damaged: &'a RoaringTreemap,
    /// The tree over all rows; absent where damage keeps it from being computed.
    pub tree: Option<&'a Frontier>,
    /// The number of the first row.
    pub first: u64,
}

/// Nobody watches.
impl Observer for () {
    fn sound(&mut self, _: &StoredEvent<'_>, _: Digest, _: &EventBody<Text<'_>>) {}

    fn interrupted(&mut self) {}

    fn passed(&mut self, _: u64, _: SoFar<'_>) {}
}

/// Derives the index of every full block.
#[derive(Debug, Default)]
pub struct IndexObserver {
    index: BlockIndex,
    full: Option<FullBlock>,
}

/// A block of which all rows have passed by.
#[derive(Debug)]
pub struct FullBlock {
    /// The number of the block.
    pub block: u64,
    /// What its rows give; absent where one of them is damaged.
    pub index: Option<BlockIndex>,
    /// The hash of its tree; absent where damage keeps it from being computed.
    pub root: Option<Digest>,
}

impl IndexObserver {
    /// The block that has just become full, once.
    pub const fn take_full_block(&mut self) -> Option<FullBlock> {
        self.full.take()
    }
}

impl Observer for IndexObserver {
    fn sound(&mut self, event: &StoredEvent<'_>, hash: Digest, body: &EventBody<Text<'_>>) {
        self.index.add_words(event.seq, event.at, event.kind, hash, &body.words());
    }

    fn interrupted(&mut self) {
        self.index = BlockIndex::default();
    }

    fn passed(&mut self, seq: u64, so_far: SoFar<'_>) {
        if !completes_block(seq) {
            return;
        }
        let block = block_of(seq);
        let first = first_of(block);
        // What is left of a block of which some rows were pruned counts from there.
        let expected = seq.saturating_sub(first.max(so_far.first)).saturating_add(1);
        let damaged = so_far.damaged.rank(seq) > so_far.damaged.rank(first.saturating_sub(1));
        let index = Some(std::mem::take(&mut self.index));
        let index = index.filter(|index| !damaged && index.len() == expected);
        self.full = Some(FullBlock { block, index, root: so_far.tree.and_then(Frontier::block) });
    }
}
