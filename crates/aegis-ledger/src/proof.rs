//! The proof that one event is in a log, checked without the log: the event, a checkpoint, and the way from
//! one to the other through the Merkle tree.

use aegis_engine::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::chain::{Link, commitment};
use crate::checkpoint::CheckpointNote;
use crate::merkle::root_of_path;
use crate::note::NoteError;
use crate::stored_event::StoredEvent;

/// What says that a file is such a proof.
const FORMAT: &str = "aegis-inclusion-proof/1";

/// The proof that one event is in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// Which format this is.
    format: String,
    /// The id of the log: 32 hexadecimal digits.
    log: String,
    /// The event, as it is stored.
    event: ProvenEvent,
    /// The hashes of the neighbours on the way from the event to the root, nearest first (RFC 6962, section
    /// 2.1.1).
    path: Vec<String>,
    /// The note of a checkpoint that covers the event.
    checkpoint: String,
}

/// An event, as it is stored; bytes are in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenEvent {
    /// The number of the event, from 1.
    pub seq: u64,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The kind of event.
    pub kind: String,
    /// The action that it belongs to.
    pub action_id: String,
    /// What is known about it: a JSON object, as text.
    pub body: String,
    /// What may hold secrets, as text; null where there is none, or it was left out.
    pub payload: Option<String>,
    /// What hides the payload behind its commitment; null where that was left out.
    pub salt: Option<String>,
    /// The hash of salt and payload.
    pub commitment: String,
    /// The hash of the event before.
    pub prev_hash: String,
    /// The event's own hash.
    pub hash: String,
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It does not have the form of one.
    #[error("it is not a proof: {0}")]
    NotAProof(String),
    /// The checkpoint in it is none.
    #[error("its checkpoint cannot be read: {0}")]
    Checkpoint(#[from] NoteError),
    /// The checkpoint is of another log.
    #[error("its checkpoint is of another log")]
    AnotherLog,
    /// The event's hash is not that of its content.
    #[error("the event was edited: it does not fit its hash")]
    Edited,
    /// The payload is not the one that was committed to.
    #[error("the event's payload was edited: it does not fit its commitment")]
    PayloadEdited,
    /// The way does not lead from the event to the root.
    #[error("the event is not in the log of which this is a checkpoint")]
    NotIncluded,
}

impl InclusionProof {
    /// The proof that `event` is in the log of this id (32 hexadecimal digits): `path` leads from it to the
    /// root of the checkpoint.
    ///
    /// # Errors
    /// When that is not so: nobody is given a proof that would not hold.
    pub fn new(
        log: String,
        event: ProvenEvent,
        path: &[Digest],
        checkpoint: &CheckpointNote,
    ) -> Result<InclusionProof, ProofError> {
        let (path, checkpoint) = (path.iter().map(Digest::to_string).collect(), checkpoint.to_string());
        let proof = InclusionProof { format: FORMAT.to_owned(), log, event, path, checkpoint };
        proof.check()?;
        Ok(proof)
    }

    /// Reads a proof; nothing is checked yet.
    ///
    /// # Errors
    /// When it does not have the form of one.
    pub fn from_json(text: &[u8]) -> Result<InclusionProof, ProofError> {
        let proof: InclusionProof =
            serde_json::from_slice(text).map_err(|error| ProofError::NotAProof(error.to_string()))?;
        if proof.format != FORMAT {
            return Err(ProofError::NotAProof(format!("its format is `{}`, not `{FORMAT}`", proof.format)));
        }
        Ok(proof)
    }

    /// The id of the log that it is about.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The event that it is about.
    #[must_use]
    pub const fn event(&self) -> &ProvenEvent {
        &self.event
    }

    /// Checks that the event is what was hashed, and in the log of which the checkpoint is. Gives the
    /// checkpoint: who signed it is for the caller to check.
    ///
    /// # Errors
    /// When that is not so.
    pub fn check(&self) -> Result<CheckpointNote, ProofError> {
        let note = CheckpointNote::from_bytes(self.checkpoint.as_bytes())?;
        if !note.checkpoint().is_of(&self.log) {
            return Err(ProofError::AnotherLog);
        }
        let hash = self.event.checked_hash(&self.log)?;
        let path: Option<Vec<_>> = self.path.iter().map(|hash| Digest::from_hex(hash)).collect();
        let path = path.ok_or_else(|| ProofError::NotAProof("its path holds no hashes".to_owned()))?;
        let index = self.event.seq.checked_sub(1).ok_or(ProofError::NotIncluded)?;
        let checkpoint = note.checkpoint();
        match root_of_path(&hash, index, checkpoint.size, &path) {
            Some(root) if root == checkpoint.root => Ok(note),
            _ => Err(ProofError::NotIncluded),
        }
    }
}

impl ProvenEvent {
    /// A stored event, with or without its payload.
    #[must_use]
    pub fn of(event: &StoredEvent<'_>, with_payload: bool) -> ProvenEvent {
        ProvenEvent {
            seq: event.seq,
            at: event.at,
            kind: event.kind.to_owned(),
            action_id: event.action_id.to_owned(),
            body: event.body.to_owned(),
            payload: event.payload.filter(|_| with_payload).map(str::to_owned),
            salt: event.salt.filter(|_| with_payload).map(hex::encode),
            commitment: hex::encode(event.commitment),
            prev_hash: hex::encode(event.prev_hash),
            hash: hex::encode(event.hash),
        }
    }

    fn checked_hash(&self, log: &str) -> Result<Digest, ProofError> {
        let bytes = |text: &str| {
            hex::decode(text).map_err(|_| ProofError::NotAProof(format!("`{text}` is not hexadecimal")))
        };
        let commits = bytes(&self.commitment)?;
        let fits = match (&self.payload, &self.salt) {
            (None, None) => true,
            (Some(_), None) => false,
            (payload, Some(salt)) => {
                commitment(payload.as_deref(), &bytes(salt)?).as_bytes().as_slice() == commits
            }
        };
        if !fits {
            return Err(ProofError::PayloadEdited);
        }
        let (log_id, prev_hash) = (bytes(log)?, bytes(&self.prev_hash)?);
        let link = Link {
            log_id: &log_id,
            seq: i64::try_from(self.seq).map_err(|_| ProofError::Edited)?,
            at: self.at,
            kind: &self.kind,
            action_id: &self.action_id,
            body: &self.body,
            commitment: &commits,
            prev_hash: &prev_hash,
        };
        let hash = link.hash();
        if hash.to_string() == self.hash { Ok(hash) } else { Err(ProofError::Edited) }
    }
}
