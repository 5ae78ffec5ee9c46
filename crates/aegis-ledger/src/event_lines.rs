//! Whole events as JSON lines: an export that verifies without the log, and the form of an archive.
//!
//! The first line is the [`EventsHeader`]; each further one is an event, in which `body` and `payload` are strings of
//! exactly the stored bytes, so that its hash can be computed again; the last one is the [`EventsEnd`], so that a file that
//! was cut off shows. Deceptive characters are escaped, which changes no string. Where the first event is not the log's
//! first, `after` says what it is linked to: `{"seq":500,"head":"…","subtrees":["…"]}`, with the hashes of the perfect
//! subtrees (RFC 6962) over everything before, largest first, or null where they are not known.
//!
//! ```json
//! {"aegis_events":1,"log":"…","created_at":1764000000000,"key_sha256":"…","after":null}
//! {"seq":1,"at":1764000000123,"kind":"decided","action_id":"…","body":"{…}","payload":"{…}","salt":"…","commitment":"…","prev_hash":"…","hash":"…"}
//! {"aegis_events_end":1,"events":1,"head":"…"}
//! ```
//!
//! The file may be compressed by zstd as a whole.

mod error;
mod reader;
mod writer;

use std::path::Path;

use aegis_engine::Digest;
use serde::{Deserialize, Serialize};

pub use error::EventLinesError;
pub use reader::EventReader;
pub use writer::EventWriter;

use crate::chain::{LogIdentity, genesis};
use crate::merkle::Frontier;
use crate::origin::Preceding;

/// The version of the format that this program writes, and the only one that it reads.
const VERSION: u64 = 1;
/// How long a line may be, in bytes. Every event of a log that this program wrote is shorter.
const MAX_LINE: usize = 16 << 20;

/// What an export says of its log: what the hash before the first event is computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsHeader {
    /// The id of the log.
    log: Vec<u8>,
    /// When the log was created, in milliseconds since the Unix epoch.
    created_at: i64,
    /// The digest of the log's key. The key itself stays in the log.
    key_sha256: Digest,
    /// What stands before the first event of the export, where that is not the log's first.
    after: Option<Preceding>,
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

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderLine<'a> {
    aegis_events: u64,
    #[serde(borrow)]
    log: &'a str,
    created_at: i64,
    #[serde(borrow)]
    key_sha256: &'a str,
    #[serde(deserialize_with = "reader::nullable")]
    after: Option<PrecedingLine>,
}

/// What stands before the first event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrecedingLine {
    seq: u64,
    head: String,
    #[serde(deserialize_with = "reader::nullable")]
    subtrees: Option<Vec<String>>,
}

impl From<&Preceding> for PrecedingLine {
    fn from(after: &Preceding) -> PrecedingLine {
        let subtrees =
            after.tree.as_ref().map(|tree| tree.subtrees().iter().map(Digest::to_string).collect());
        PrecedingLine { seq: after.seq, head: after.head.to_string(), subtrees }
    }
}

impl PrecedingLine {
    /// What the line says; `None` if that makes no sense.
    fn parse(&self) -> Option<Preceding> {
        let tree = match &self.subtrees {
            None => None,
            Some(subtrees) => {
                let subtrees: Option<Vec<_>> =
                    subtrees.iter().map(|subtree| Digest::from_hex(subtree)).collect();
                Some(Frontier::from_subtrees(self.seq, &subtrees?)?)
            }
        };
        let head = Digest::from_hex(&self.head)?;
        (self.seq > 0).then_some(Preceding { seq: self.seq, head, tree })
    }
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine<'a> {
    aegis_events_end: u64,
    events: u64,
    #[serde(borrow, deserialize_with = "reader::nullable")]
    head: Option<&'a str>,
}

#[cfg(test)]
mod tests;
