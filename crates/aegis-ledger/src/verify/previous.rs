//! A row that passed by, as the next one sees it.

use aegis_engine::Digest;

/// A row that passed by, as the next one sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Previous {
    pub(super) seq: i64,
    /// The number that it was hashed with, as far as that is known.
    pub(super) written_as: i64,
    /// The hash that it says it has.
    pub(super) hash: Digest,
    /// The hash that its content has.
    pub(super) computed: Digest,
    /// What it is linked to.
    pub(super) prev_hash: Option<Digest>,
    /// Whether its hash is that of its content, under its own number.
    pub(super) is_sound: bool,
}

impl Previous {
    /// What the first row is linked to.
    pub(super) const fn origin(seq: i64, head: Digest) -> Previous {
        Previous { seq, written_as: seq, hash: head, computed: head, prev_hash: None, is_sound: true }
    }

    /// A row of which nothing is known.
    pub(super) const fn unknown(seq: i64) -> Previous {
        let nothing = Digest::from_bytes([0; 32]);
        Previous { seq, written_as: seq, hash: nothing, computed: nothing, prev_hash: None, is_sound: false }
    }
}
