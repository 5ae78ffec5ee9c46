//! What others kept of a log, and whether it still holds.

use aegis_engine::Digest;

/// Something that was kept of a log, outside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// What it is, for messages, such as `the checkpoint in 2026.note`.
    pub name: String,
    /// What it says.
    pub claim: Claim,
}

/// What an anchor says of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// An event's number and hash.
    Head {
        /// The number.
        seq: u64,
        /// The hash.
        hash: Digest,
    },
    /// The hash of the Merkle tree over the first events.
    Root {
        /// How many.
        size: u64,
        /// The hash.
        root: Digest,
    },
}

/// Whether an anchor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The log is the one that the anchor names, up to its row.
    Holds,
    /// The log is another one, or was cut off: there is damage that says so.
    Broken,
    /// Its row was pruned: only the archive can tell.
    Pruned,
    /// Damage before its row keeps it from being checked.
    Unchecked,
}

impl Claim {
    /// The newest row that is meant.
    #[must_use]
    pub const fn row(&self) -> u64 {
        match self {
            Claim::Head { seq, .. } => *seq,
            Claim::Root { size, .. } => *size,
        }
    }
}
