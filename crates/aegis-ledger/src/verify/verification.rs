//! What was found out about a chain.

use aegis_engine::Digest;
use roaring::RoaringTreemap;

use crate::merkle::Frontier;
use crate::verify::anchor::{Anchor, Standing};
use crate::verify::bodies::Payloads;
use crate::verify::damage::Damage;

/// What was found out about a chain.
#[derive(Debug)]
#[must_use]
pub struct Verification {
    /// The id of the log: 32 hexadecimal digits.
    pub log: String,
    /// How many rows were looked at.
    pub rows: u64,
    /// The number that the first row should have: more than 1 where older ones were taken out.
    pub start: u64,
    /// The number of the newest row; 0 if there never was one.
    pub last: u64,
    /// The hash of the newest row; what the next one is linked to.
    pub head: Digest,
    /// The Merkle tree over every event that there ever was. Absent where damage keeps it from being
    /// computed.
    pub tree: Option<Frontier>,
    /// How many payloads were removed.
    pub removed: u64,
    pub(super) payloads: Payloads,
    /// The rows by which an action was allowed.
    pub(super) allowed: RoaringTreemap,
    /// How many references between rows could not be checked, because the rows that they lead to were not at
    /// hand.
    pub unchecked_references: u64,
    /// What is wrong: at most a thousand of all.
    pub damage: Vec<Damage>,
    /// How much more is wrong.
    pub more_damage: u64,
    /// The anchors, and whether they hold.
    pub anchors: Vec<(Anchor, Standing)>,
    /// The newest row that an anchor stands for; absent where none holds.
    pub anchored: Option<u64>,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }

    /// Notes that an anchor outside of the log holds, up to this row.
    pub(super) fn hold(&mut self, row: u64) {
        self.anchored = Some(self.anchored.map_or(row, |anchored| anchored.max(row)));
    }
}
