//! Checkpoints (C2SP `tlog-checkpoint`): what a log was at some moment, in a note that is kept elsewhere.
//!
//! A checkpoint covers every event before the `checkpoint` event that records it, and no other: that event
//! holds the same size and root, so that the log itself says which checkpoints were handed out.
//!
//! A note is signed under the name of its origin, as the format asks, whatever the key is called where it is
//! kept: one key may sign for several logs, and each note says of which log its signature is.

use std::fmt;

use aegis_engine::Digest;
use base64ct::{Base64, Encoding as _};

use crate::merkle::Frontier;
use crate::note::{Note, NoteError, SignerKey, VerifierKey};

/// What the origin of every checkpoint begins with; the log's id follows.
const ORIGIN: &str = "aegis.log/";

/// What a log was at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is of.
    pub origin: String,
    /// How many events it covers: those up to this number.
    pub size: u64,
    /// The RFC 6962 hash over their hashes.
    pub root: Digest,
}

/// A checkpoint as a note, which keys may have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointNote {
    checkpoint: Checkpoint,
    note: Note,
}

impl Checkpoint {
    /// The checkpoint of the log with this id (32 hexadecimal digits) when it had the events of this tree.
    #[must_use]
    pub fn new(log: &str, tree: &Frontier) -> Checkpoint {
        Checkpoint { origin: origin_of(log), size: tree.size(), root: tree.root() }
    }

    /// Whether it is of the log with this id.
    #[must_use]
    pub fn is_of(&self, log: &str) -> bool {
        self.origin == origin_of(log)
    }

    /// The note, signed with `signer` where there is one, under the name of the origin.
    ///
    /// # Errors
    /// When no key may have that name: never for the checkpoint of a log.
    pub fn to_note(&self, signer: Option<&SignerKey>) -> Result<CheckpointNote, NoteError> {
        let Checkpoint { origin, size, root } = self;
        let mut note = Note::new(format!("{origin}\n{size}\n{}\n", Base64::encode_string(root.as_bytes())));
        if let Some(signer) = signer {
            note.sign(&signer.under(origin)?);
        }
        Ok(CheckpointNote { checkpoint: self.clone(), note })
    }
}

/// What the checkpoints of the log with this id name as their origin, and what signs them is called.
#[must_use]
pub fn origin_of(log: &str) -> String {
    format!("{ORIGIN}{log}")
}

impl CheckpointNote {
    /// Reads a note. Lines behind the root are left alone, as the format has it.
    ///
    /// # Errors
    /// When it is no note, or not of a checkpoint. Its signatures are not checked here.
    pub fn from_bytes(bytes: &[u8]) -> Result<CheckpointNote, NoteError> {
        let wrong = NoteError::NotACheckpoint;
        let note = Note::parse(bytes)?;
        let mut lines = note.text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(wrong);
        };
        let number: u64 = size.parse().map_err(|_| wrong)?;
        if origin.is_empty() || number.to_string() != size {
            return Err(wrong);
        }
        let root = Base64::decode_vec(root).ok().and_then(|root| root.try_into().ok()).ok_or(wrong)?;
        let (origin, root) = (origin.to_owned(), Digest::from_bytes(root));
        Ok(CheckpointNote { checkpoint: Checkpoint { origin, size: number, root }, note })
    }

    /// What it says of the log.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The names that it says it is signed by; nothing is known of that before it is checked.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.note.names()
    }

    /// Whether the key signed it, under the name of the origin or its own.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.note.is_signed_by(key, &[&self.checkpoint.origin])
    }
}

/// The note as it is handed out.
impl fmt::Display for CheckpointNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let signer = SignerKey::generate("example.com/audit").unwrap();
        let checkpoint = Checkpoint::new(&"07".repeat(16), &Frontier::default());
        for signer in [None, Some(&signer)] {
            let note = checkpoint.to_note(signer).unwrap();
            assert!(note.signers().all(|name| name == checkpoint.origin));
            let read = CheckpointNote::from_bytes(note.to_string().as_bytes()).unwrap();
            assert_eq!(read, note);
            assert_eq!(read.checkpoint(), &checkpoint);
            assert_eq!(read.signers().count(), usize::from(signer.is_some()));
            assert_eq!(signer.is_some(), signer.is_some_and(|signer| read.is_signed_by(&signer.verifier())));
        }
        let text = checkpoint.to_note(None).unwrap().to_string();
        assert_eq!(
            text,
            "aegis.log/07070707070707070707070707070707\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
        );
        assert!(checkpoint.is_of(&"07".repeat(16)) && !checkpoint.is_of("07"));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        for bad in [
            "a\n1\n\n",
            "a\n01\nROOT\n\n",
            "a\n+1\nROOT\n\n",
            "a\n1\nAAAA\n\n",
            "\n1\nROOT\n\n",
            "a\n-1\nROOT\n\n",
        ] {
            assert!(CheckpointNote::from_bytes(bad.replace("ROOT", root).as_bytes()).is_err(), "{bad:?}");
        }
        let extended = format!("a\n1\n{root}\nmore\n\n");
        assert_eq!(CheckpointNote::from_bytes(extended.as_bytes()).unwrap().checkpoint().size, 1);
    }
}
