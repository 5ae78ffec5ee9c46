//! Where a chain begins.

use aegis_engine::Digest;

use crate::chain::genesis;
use crate::event_lines::EventsHeader;
use crate::merkle::Frontier;
use crate::origin::Origin;

/// Where a chain begins.
#[derive(Clone, Debug)]
pub struct Start {
    pub(super) log_id: Vec<u8>,
    /// The number of the first row.
    pub(super) seq: u64,
    /// What the first row is linked to.
    pub(super) head: Digest,
    /// The hash before the log's first row, which `pruned` events name; absent where it is not known.
    pub(super) genesis: Option<Digest>,
    /// The tree over everything before, where that is known.
    pub(super) before: Option<Frontier>,
    /// Whether what comes first is bound to the log's own row.
    pub(super) of_log: bool,
    /// The number of the last row that counts as pruned, and what is known of the rows up to it, where some
    /// of them are still there.
    pub(super) pruned: Option<Origin>,
    /// Whether it is an export: `pruned` events may stand for rows that are in it, and other rows are
    /// elsewhere.
    pub(super) of_export: bool,
}

impl Start {
    /// A whole log, from its first event. `created_at` is in milliseconds since the Unix epoch.
    #[must_use]
    pub fn of_log(log_id: &[u8], created_at: i64, key_sha256: Digest) -> Start {
        let head = genesis(log_id, created_at, key_sha256);
        Start {
            log_id: log_id.to_owned(),
            seq: 1,
            head,
            genesis: Some(head),
            before: Some(Frontier::default()),
            of_log: true,
            pruned: None,
            of_export: false,
        }
    }

    /// Exported events, with what their header says stands before them.
    #[must_use]
    pub fn of_export(header: &EventsHeader) -> Start {
        let id = header.log_id();
        let start = match header.after() {
            None => Start::after(id, 0, header.genesis(), Some(Frontier::default())),
            Some(after) => Start::after(id, after.seq, after.head, after.tree.clone()),
        };
        Start { of_log: header.after().is_none(), of_export: true, ..start }.in_log(header.genesis())
    }

    /// The same in a log that begins with this hash before its first row.
    #[must_use]
    pub fn in_log(self, genesis: Digest) -> Start {
        Start { genesis: Some(genesis), ..self }
    }

    /// What is left of a log whose pruning was cut short: rows from `seq` on, which is linked to `head`, are
    /// still there.
    #[must_use]
    pub fn left_over(log_id: &[u8], seq: u64, head: Digest, pruned: Origin) -> Start {
        let start = Start::after(log_id, seq.saturating_sub(1), head, None);
        Start { pruned: Some(pruned), ..start }
    }

    /// What is left of a log of which everything up to `through` was taken out: `head` is that event's hash,
    /// and `before` the tree over everything that is gone, where it is known.
    #[must_use]
    pub fn after(log_id: &[u8], through: u64, head: Digest, before: Option<Frontier>) -> Start {
        let before = before.filter(|before| before.size() == through);
        Start {
            log_id: log_id.to_owned(),
            seq: through.saturating_add(1),
            head,
            genesis: None,
            before,
            of_log: false,
            pruned: None,
            of_export: false,
        }
    }
}
