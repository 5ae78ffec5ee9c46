//! What others kept of a log, compared with the rows as they pass by.

use aegis_engine::Digest;

use crate::verify::anchor::{Anchor, Claim, Standing};
use crate::verify::damage::{DamageKind, Damages};
use crate::verify::observer::Observer;
use crate::verify::verifier::Verifier;

impl<O: Observer> Verifier<'_, O> {
    pub(super) fn check_anchors_before_the_start(&mut self) {
        let (start, head) = (self.start.seq, self.start.head);
        for (anchor, standing) in &mut self.anchors {
            if anchor.claim.row() >= start {
                break;
            }
            self.ahead += 1;
            let actual = match anchor.claim {
                Claim::Head { seq, hash } if seq.checked_add(1) == Some(start) && seq > 0 => {
                    Some(hash == head)
                }
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
