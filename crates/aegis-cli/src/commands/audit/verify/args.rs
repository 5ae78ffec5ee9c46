//! What `aegis audit verify` is told.

use std::path::PathBuf;

use aegis_engine::Digest;
use aegis_ledger::note::VerifierKey;
use aegis_present::Format;
use clap::Args;

use crate::format_option::text_or_json;

/// Check the whole chain, and what others kept of it
///
/// Reads every row once and never stops at the first damage: each is named with its row. A log alone cannot
/// show that its end was cut off, or that all of it was written anew. Receipts and checkpoints that were kept
/// elsewhere can: give them with --receipts, --checkpoint and --anchor. The answer always says how many rows
/// stand behind the last of those.
///
/// With files, the events that were exported to them (`aegis audit --events`) or archived (`aegis audit
/// prune`) are checked instead, without the log; several must follow each other. With --db as well, the log
/// must go on where they end.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit verify\n  aegis check --jsonl <actions.jsonl >kept.jsonl; aegis \
    audit verify --receipts kept.jsonl\n  aegis audit verify --checkpoint may.note --public-key \
    'example.com+1a2b3c4d+AbCd...'\n  aegis audit verify --proof proof.json\n  aegis audit verify \
    2026-07.jsonl.zst 2026-08.jsonl.zst --db aegis_audit.db\n\nExit status: 0 nothing is wrong, 1 something \
    is, 4 the log cannot be read, 5 nothing is known to be wrong, but a receipt, checkpoint or proof cannot \
    be read, or one of those that were given could not be compared: it is of another log, or its row was \
    pruned and the archive was not given."
)]
pub(crate) struct VerifyArgs {
    /// Exported or archived events to check instead of the log, oldest first; compressed or not
    #[arg(value_name = "FILE", conflicts_with = "proof")]
    pub(super) files: Vec<PathBuf>,
    /// Receipts, or whole decisions, that callers kept: a JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) receipts: Option<PathBuf>,
    /// A checkpoint that was kept; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Vec<PathBuf>,
    /// The number and hash of a row, as `verify` prints them for the newest; may be given several times
    #[arg(long, value_name = "SEQ:HASH", value_parser = parse_anchor)]
    pub(super) anchor: Vec<(u64, Digest)>,
    /// The key that must have signed each checkpoint: name+hash+base64
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    pub(super) public_key: Option<VerifierKey>,
    /// Check a proof from `checkpoint --prove` instead, without any log
    #[arg(long, value_name = "FILE", conflicts_with_all = ["receipts", "checkpoint", "anchor"])]
    pub(super) proof: Option<PathBuf>,
    /// How to answer
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "Lines for a person",
        "One object on one line",
    ))]
    pub(super) format: Format,
}

fn parse_anchor(text: &str) -> Result<(u64, Digest), String> {
    let wrong = || "write the number of a row, a colon, and its hash: 17:8c7d...".to_owned();
    let (seq, hash) = text.split_once(':').ok_or_else(wrong)?;
    match (seq.parse(), Digest::from_hex(hash)) {
        (Ok(seq), Some(hash)) if seq > 0 => Ok((seq, hash)),
        _ => Err(wrong()),
    }
}

fn parse_key(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::from_text(text).map_err(|error| error.to_string())
}
