//! The hash chain: each event's hash covers the event and the hash before it.
//!
//! Hashed are the stored bytes, never a re-serialisation; every part that can vary in length is preceded by
//! its length, and every kind of hash begins with a tag of its own, so that no two different inputs run
//! together. The payload enters only through a salted commitment: it can be removed later, and the chain
//! still verifies.

use std::fmt;

use aegis_engine::Digest;
use sha2::{Digest as _, Sha256};

const LOG_TAG: &[u8] = b"aegis-log-v2\0";
const EVENT_TAG: &[u8] = b"aegis-event-v1\0";
const PAYLOAD_TAG: &[u8] = b"aegis-payload-v1\0";

/// What a log is: what its receipts name, and its chain begins with.
#[derive(Clone, PartialEq, Eq)]
pub struct LogIdentity {
    /// Its id: 16 random bytes.
    pub id: Vec<u8>,
    /// When it was created, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Keys the digests that stand for secrets in this log.
    pub key: [u8; 32],
}

/// The key is nobody's to read in passing.
impl fmt::Debug for LogIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("LogIdentity");
        shown.field("id", &self.name()).field("created_at", &self.created_at).finish_non_exhaustive()
    }
}

impl LogIdentity {
    /// The hash before the first event.
    #[must_use]
    pub fn genesis(&self) -> Digest {
        genesis(&self.id, self.created_at, Digest::of(&self.key))
    }

    /// The id as it is shown: 32 hexadecimal digits.
    #[must_use]
    pub fn name(&self) -> String {
        hex::encode(&self.id)
    }
}

/// The newest event: what the next one is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 before the first one.
    pub seq: i64,
    /// Its hash.
    pub hash: Digest,
}

/// How many bytes of salt hide a payload behind its commitment.
pub const SALT_LENGTH: usize = 32;

/// Everything that an event's hash covers.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The id of the log.
    pub log_id: &'a [u8],
    /// The event's number.
    pub seq: i64,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The word for its kind.
    pub kind: &'a str,
    /// The action that it is about.
    pub action_id: &'a str,
    /// Its body, as JSON.
    pub body: &'a str,
    /// The commitment to its payload.
    pub commitment: &'a [u8],
    /// The hash of the event before.
    pub prev_hash: &'a [u8],
}

/// The hash before the first event: it binds the chain to its log, and to the key of its digests without
/// telling it.
#[must_use]
pub fn genesis(log_id: &[u8], created_at: i64, key_sha256: Digest) -> Digest {
    let mut hasher = Hasher::new(LOG_TAG);
    hasher.part(log_id);
    hasher.number(created_at);
    hasher.part(key_sha256.as_bytes());
    hasher.finish()
}

/// The commitment to a payload, or to there being none.
#[must_use]
pub fn commitment(payload: Option<&str>, salt: &[u8]) -> Digest {
    let mut hasher = Hasher::new(PAYLOAD_TAG);
    hasher.part(salt);
    match payload {
        None => hasher.number(0),
        Some(payload) => {
            hasher.number(1);
            hasher.part(payload.as_bytes());
        }
    }
    hasher.finish()
}

impl Link<'_> {
    /// The event's hash.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let mut hasher = Hasher::new(EVENT_TAG);
        hasher.part(self.log_id);
        hasher.number(self.seq);
        hasher.number(self.at);
        hasher.part(self.kind.as_bytes());
        hasher.part(self.action_id.as_bytes());
        hasher.part(self.body.as_bytes());
        hasher.part(self.commitment);
        hasher.part(self.prev_hash);
        hasher.finish()
    }
}

struct Hasher(Sha256);

impl Hasher {
    fn new(tag: &[u8]) -> Hasher {
        Hasher(Sha256::new().chain_update(tag))
    }

    /// Eight bytes, big-endian.
    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    /// The length as eight bytes, then the bytes.
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_documented() {
        let link = Link {
            log_id: &[7; 16],
            seq: 2,
            at: 1_700_000_000_123,
            kind: "decided",
            action_id: "a",
            body: "{}",
            commitment: &[1; 32],
            prev_hash: &[2; 32],
        };
        let mut bytes = b"aegis-event-v1\0".to_vec();
        let mut part = |data: &[u8]| {
            bytes.extend([0, 0, 0, 0, 0, 0, 0, u8::try_from(data.len()).unwrap()]);
            bytes.extend(data);
        };
        part(&[7; 16]);
        bytes.extend(2_u64.to_be_bytes());
        bytes.extend(1_700_000_000_123_u64.to_be_bytes());
        let mut part = |data: &[u8]| {
            bytes.extend([0, 0, 0, 0, 0, 0, 0, u8::try_from(data.len()).unwrap()]);
            bytes.extend(data);
        };
        for data in [&b"decided"[..], b"a", b"{}", &[1; 32], &[2; 32]] {
            part(data);
        }
        assert_eq!(link.hash(), Digest::of(&bytes));
    }

    #[test]
    fn every_field_changes_the_hash() {
        let link = |change: usize| Link {
            log_id: if change == 1 { b"y" } else { b"x" },
            seq: i64::from(change == 2),
            at: i64::from(change == 3),
            kind: if change == 4 { "ab" } else { "a" },
            action_id: if change == 5 { "c" } else { "bc" },
            body: if change == 6 { "{ }" } else { "{}" },
            commitment: if change == 7 { b"1" } else { b"0" },
            prev_hash: if change == 8 { b"1" } else { b"0" },
        };
        let hashes: std::collections::HashSet<_> = (0..=8).map(|change| link(change).hash()).collect();
        assert_eq!(hashes.len(), 9);
    }

    #[test]
    fn a_commitment_tells_no_payload_from_an_empty_one() {
        assert_ne!(commitment(None, b"salt"), commitment(Some(""), b"salt"));
        assert_ne!(commitment(Some("a"), b"salt"), commitment(Some("a"), b"tlas"));
    }
}
