//! What exported events begin and end with.

use std::path::Path;

use aegis_engine::Digest;

use crate::chain::{LogIdentity, genesis};
use crate::origin::Preceding;

/// What an export says of its log: what the hash before the first event is computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsHeader {
    /// The id of the log.
    pub(super) log: Vec<u8>,
    /// When the log was created, in milliseconds since the Unix epoch.
    pub(super) created_at: i64,
    /// The digest of the log's key. The key itself stays in the log.
    pub(super) key_sha256: Digest,
    /// What stands before the first event of the export, where that is not the log's first.
    pub(super) after: Option<Preceding>,
}

impl EventsHeader {
    /// The id of the log: 32 hexadecimal digits.
    #[must_use]
    pub fn log(&self) -> String {
        hex::encode(&self.log)
    }

    /// The id of the log, as it is hashed.
    #[must_use]
    pub fn log_id(&self) -> &[u8] {
        &self.log
    }

    /// The hash before the first event of the log.
    #[must_use]
    pub fn genesis(&self) -> Digest {
        genesis(&self.log, self.created_at, self.key_sha256)
    }

    /// What stands before the first event; `None` where that is the log's first.
    #[must_use]
    pub const fn after(&self) -> Option<&Preceding> {
        self.after.as_ref()
    }

    /// Whether both are of the same log.
    #[must_use]
    pub fn is_of_same_log(&self, other: &EventsHeader) -> bool {
        self.log == other.log && self.genesis() == other.genesis()
    }

    /// The header of events of this log that come after some others.
    #[must_use]
    pub fn new(identity: &LogIdentity, after: Option<Preceding>) -> EventsHeader {
        EventsHeader {
            log: identity.id.clone(),
            created_at: identity.created_at,
            key_sha256: Digest::of(&identity.key),
            after: after.filter(|after| after.seq > 0),
        }
    }
}

/// What an export ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventsEnd {
    /// How many events there are.
    pub events: u64,
    /// The hash that the last of them has, as it is written there; `None` where there are none.
    pub head: Option<Digest>,
}

/// Whether an export is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// JSON lines as they are.
    None,
    /// By zstd.
    Zstd,
}

impl Compression {
    /// What the name of a file asks for: `.zst` is compressed.
    #[must_use]
    pub fn of_name(path: &Path) -> Compression {
        let is_zst = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zst"));
        if is_zst { Compression::Zstd } else { Compression::None }
    }
}
