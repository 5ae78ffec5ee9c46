//! Where a log begins: at its first event, or behind what was pruned.

use aegis_engine::Digest;

use crate::chain::LogIdentity;
use crate::merkle::Frontier;

/// Where a log begins, and what is gone from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The number of the last event that is gone; 0 if none is.
    pub through: u64,
    /// That event's hash: what the oldest one that is left is linked to.
    pub head: Digest,
    /// The tree over everything that is gone.
    pub tree: Frontier,
    /// The hash before the log's first event; absent where the event that stands for what is gone does not
    /// say it.
    pub genesis: Option<Digest>,
}

/// What stands before the first event of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preceding {
    /// The number of the event before.
    pub seq: u64,
    /// Its hash: what the first event is linked to.
    pub head: Digest,
    /// The tree over everything before, where it is known.
    pub tree: Option<Frontier>,
}

impl Origin {
    /// The beginning of a log from which nothing is gone.
    #[must_use]
    pub fn of(identity: &LogIdentity) -> Origin {
        let genesis = identity.genesis();
        Origin { through: 0, head: genesis, tree: Frontier::default(), genesis: Some(genesis) }
    }

    /// What an export that begins here has before its first event.
    #[must_use]
    pub fn preceding(&self) -> Preceding {
        Preceding { seq: self.through, head: self.head, tree: Some(self.tree.clone()) }
    }
}
