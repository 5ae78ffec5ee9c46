//! What others kept of a log, and whether it still holds.

use aegis_engine::Digest;

use super::damage::Damages;
use super::{DamageKind, Observer, Verifier};

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

impl<O: Observer> Verifier<'_, O> {
    pub(super) fn check_anchors_before_the_start(&mut self) {
        let (start, head) = (self.start.seq, self.start.head);
        for (anchor, standing) in &mut self.anchors {
            if anchor.claim.row() >= start {
                break;
            }
            self.ahead += 1;
            let actual = match anchor.claim {
                Claim::Head { seq, hash } if seq + 1 == start && seq > 0 => Some(hash == head),
                Claim::Head { seq: 0, .. } => Some(false),
                Claim::Head { .. } => None,
                Claim::Root { size, root } => self
                    .start
                    .before
                    .as_ref()
                    .and_then(|tree| tree.earlier_root(size))
                    .map(|actual| actual == root),
            };
            *standing = match actual {
                None => Standing::Pruned,
                Some(true) => Standing::Holds,
                Some(false) => broken(anchor, &mut self.damages),
            };
        }
    }

    pub(super) fn check_anchors_at(&mut self, seq: i64, hash: Option<Digest>) {
        while let Some((anchor, standing)) = self.anchors.get_mut(self.ahead) {
            if anchor.claim.row() > seq.unsigned_abs() {
                break;
            }
            self.ahead += 1;
            if anchor.claim.row() < seq.unsigned_abs() {
                continue; // Its row is missing, or could not be read: there is damage that says so.
            }
            let holds = match anchor.claim {
                Claim::Head { hash: claimed, .. } => Some(hash == Some(claimed)),
                Claim::Root { root, .. } => self.tree.as_ref().map(|tree| tree.root() == root),
            };
            *standing = match holds {
                None => Standing::Unchecked,
                Some(true) => Standing::Holds,
                Some(false) => broken(anchor, &mut self.damages),
            };
        }
    }

    pub(super) fn check_anchors_behind_the_end(&mut self) {
        let last = self.last.unwrap_or(self.expected.saturating_sub(1));
        for (anchor, standing) in self.anchors.iter_mut().skip(self.ahead) {
            let claimed = anchor.claim.row();
            if claimed > last.unsigned_abs() && !self.stopped {
                let anchor = anchor.name.clone();
                self.damages.add(last, DamageKind::Truncated { anchor, claimed });
                *standing = Standing::Broken;
            }
        }
    }
}

fn broken(anchor: &Anchor, damages: &mut Damages) -> Standing {
    let row = anchor.claim.row();
    let problem = match anchor.claim {
        Claim::Head { .. } => format!("row {row} has another hash: what stands up to there was written anew"),
        Claim::Root { .. } => format!("the first {row} rows have another root: they were written anew"),
    };
    let kind = DamageKind::Differs { anchor: anchor.name.clone(), problem };
    damages.add(i64::try_from(row).unwrap_or(i64::MAX), kind);
    Standing::Broken
}
