//! The first line of exported events, and the last one.

use aegis_engine::Digest;
use serde::{Deserialize, Deserializer, Serialize};

use crate::merkle::Frontier;
use crate::origin::Preceding;

/// The version of the format that this program writes, and the only one that it reads.
pub(super) const VERSION: u64 = 1;
/// How long a line may be, in bytes. Every event of a log that this program wrote is shorter.
pub(super) const MAX_LINE: usize = 16 << 20;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine<'a> {
    pub(super) aegis_events: u64,
    #[serde(borrow)]
    pub(super) log: &'a str,
    pub(super) created_at: i64,
    #[serde(borrow)]
    pub(super) key_sha256: &'a str,
    #[serde(deserialize_with = "nullable")]
    pub(super) after: Option<PrecedingLine>,
}

/// What stands before the first event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrecedingLine {
    pub(super) seq: u64,
    pub(super) head: String,
    #[serde(deserialize_with = "nullable")]
    pub(super) subtrees: Option<Vec<String>>,
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
    pub(super) fn parse(&self) -> Option<Preceding> {
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
pub(super) struct EndLine<'a> {
    pub(super) aegis_events_end: u64,
    pub(super) events: u64,
    #[serde(borrow, deserialize_with = "nullable")]
    pub(super) head: Option<&'a str>,
}

/// A value that may be null, but not be missing.
pub(super) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}
