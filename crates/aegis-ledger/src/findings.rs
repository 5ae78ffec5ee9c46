//! What verifying came to, held against everything that was kept elsewhere: receipts, checkpoints, heads,
//! proofs.

use aegis_engine::{Digest, escape};

use crate::checkpoint::CheckpointNote;
use crate::note::VerifierKey;
use crate::proof::{InclusionProof, ProofError};
use crate::verify::{Anchor, Claim, Places, ReceiptReport, Standing, Verification};

/// Whether a note was signed by the key that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// No key was given to check it with.
    NotChecked,
    /// The key signed it.
    Good,
    /// The key did not.
    Bad,
}

impl Signature {
    /// Checks the signature of a note, where there is a key to do so with.
    #[must_use]
    pub fn of(note: &CheckpointNote, key: Option<&VerifierKey>) -> Signature {
        match key {
            None => Signature::NotChecked,
            Some(key) if note.is_signed_by(key) => Signature::Good,
            Some(_) => Signature::Bad,
        }
    }
}

/// A checkpoint that was given.
#[derive(Debug)]
pub struct GivenCheckpoint {
    /// Where it was read from; escaped.
    pub name: String,
    /// What it says.
    pub note: CheckpointNote,
    /// Whether it was signed by the key that was given.
    pub signature: Signature,
    /// Whether it is of the log that was looked at.
    pub is_of_log: bool,
}

impl GivenCheckpoint {
    /// A checkpoint that is to be held against the log with this id. `name` is escaped here.
    #[must_use]
    pub fn new(name: &str, note: CheckpointNote, log: &str, key: Option<&VerifierKey>) -> GivenCheckpoint {
        let (signature, is_of_log) = (Signature::of(&note, key), note.checkpoint().is_of(log));
        GivenCheckpoint { name: escape(name), note, signature, is_of_log }
    }

    /// Whether it can be held against the log: it is of that log, and no signature on it is wrong.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.is_of_log && self.signature != Signature::Bad
    }

    fn anchor(&self) -> Anchor {
        let checkpoint = self.note.checkpoint();
        let claim = Claim::Root { size: checkpoint.size, root: checkpoint.root };
        Anchor { name: format!("the checkpoint in `{}`", self.name), claim }
    }
}

/// What to hold a log against: the checkpoints that count, and the numbers and hashes of rows.
#[must_use]
pub fn anchors(checkpoints: &[GivenCheckpoint], heads: &[(u64, Digest)]) -> Vec<Anchor> {
    let roots = checkpoints.iter().filter(|given| given.counts()).map(GivenCheckpoint::anchor);
    let heads = heads.iter().map(|&(seq, hash)| {
        let claim = Claim::Head { seq, hash };
        Anchor { name: format!("the anchor {seq}:{hash}"), claim }
    });
    roots.chain(heads).collect()
}

/// Files of exported events.
#[derive(Debug)]
pub struct GivenExports {
    /// What they are called; escaped.
    pub names: Vec<String>,
    /// Where their rows are.
    pub places: Places,
}

impl GivenExports {
    /// In which file and line a row is.
    #[must_use]
    pub fn place_of(&self, row: i64) -> Option<(&str, u64)> {
        let (file, line) = self.places.of(u64::try_from(row).ok()?)?;
        Some((self.names.get(file)?, line))
    }
}

/// Everything that was found out about a log, or about exports of one.
#[derive(Debug)]
pub struct Findings {
    /// The id of the log.
    pub log: String,
    /// Why nothing that is written to the log lasts, as the end of a sentence about it; absent where it
    /// lasts, and where exports alone were looked at.
    pub volatility: Option<String>,
    /// What was found in its rows.
    pub verification: Verification,
    /// The checkpoints that were given.
    pub checkpoints: Vec<GivenCheckpoint>,
    /// What came of the receipts that were given; absent where none were.
    pub receipts: Option<ReceiptReport>,
    /// Whether anything was given to hold the log against.
    pub anchors_given: bool,
    /// The files that were looked at instead of a log, or before it.
    pub exports: Option<GivenExports>,
}

impl Findings {
    /// Whether nothing is wrong with the log and everything that was kept of it. What is of another log says
    /// nothing of this one.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_forged = |given: &GivenCheckpoint| given.is_of_log && given.signature == Signature::Bad;
        self.verification.is_sound() && !self.checkpoints.iter().any(is_forged)
    }

    /// How many of the receipts and checkpoints that were given are of another log.
    #[must_use]
    pub fn strays(&self) -> u64 {
        let checkpoints = self.checkpoints.iter().filter(|given| !given.is_of_log).count() as u64;
        self.receipts.as_ref().map_or(0, |report| report.of_other_logs).saturating_add(checkpoints)
    }

    /// Whether not one of the anchors that were given could be held against the log.
    #[must_use]
    pub const fn is_unanchored(&self) -> bool {
        self.anchors_given && self.verification.anchored.is_none()
    }

    /// How many of the receipts and anchors that were given are of rows that were pruned and are not at hand:
    /// a forged `pruned` event could stand for exactly those rows, so that only the archive can tell.
    #[must_use]
    pub fn untold(&self) -> u64 {
        let anchors = self.verification.anchors.iter();
        let anchors = anchors.filter(|(_, standing)| *standing == Standing::Pruned).count() as u64;
        self.receipts.as_ref().map_or(0, |report| report.pruned).saturating_add(anchors)
    }

    /// Whether some of the receipts that were given could not be read.
    #[must_use]
    pub fn has_unreadable_receipts(&self) -> bool {
        self.receipts.as_ref().is_some_and(|report| !report.unreadable.is_empty())
    }
}

/// A proof that a log has an event, checked.
#[derive(Debug)]
pub struct CheckedProof {
    /// The proof.
    pub proof: InclusionProof,
    /// The checkpoint that it leads to, or what keeps it from leading there.
    pub checkpoint: Result<CheckpointNote, ProofError>,
    /// Whether that checkpoint was signed by the key that was given; absent where the proof leads to none.
    pub signature: Option<Signature>,
}

impl CheckedProof {
    /// Checks a proof, and the signature of its checkpoint where there is a key to do so with.
    #[must_use]
    pub fn new(proof: InclusionProof, key: Option<&VerifierKey>) -> CheckedProof {
        let checkpoint = proof.check();
        let signature = checkpoint.as_ref().ok().map(|note| Signature::of(note, key));
        CheckedProof { proof, checkpoint, signature }
    }

    /// Whether the event is proven to be in the log of that checkpoint.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.signature.is_some_and(|signature| signature != Signature::Bad)
    }
}
