//! What verifying came to.

use aegis_ledger::checkpoint::CheckpointNote;
use aegis_ledger::findings::{CheckedProof, Findings, GivenCheckpoint, Signature};
use aegis_ledger::proof::ProvenEvent;
use aegis_ledger::verify::{Damage, ReceiptReport, Standing};
use serde::Serialize;

/// What verifying a log, or exports of one, came to.
#[derive(Debug, Serialize)]
pub struct VerificationV1 {
    /// Whether nothing is wrong.
    sound: bool,
    /// The id of the log.
    log: String,
    /// Whether the log is where nothing lasts, so that it is gone after a restart.
    volatile: bool,
    /// How many rows were read.
    rows: u64,
    /// The number of the first row; more than 1 where older ones were pruned.
    first: u64,
    /// The number of the newest row.
    last: u64,
    /// The hash of the newest row.
    head: String,
    /// The RFC 6962 hash over all events; null where damage keeps it from being computed.
    root: Option<String>,
    /// How many payloads were removed.
    removed_payloads: u64,
    /// How many references to rows that were not given could not be checked.
    unchecked_references: u64,
    /// What is wrong: at most a thousand.
    damage: Vec<DamageV1>,
    /// How much more is wrong.
    more_damage: u64,
    /// What was given to hold the log against.
    anchors: Vec<AnchorV1>,
    /// What came of the checkpoints that were given.
    checkpoints: Vec<CheckpointV1>,
    /// What came of the receipts that were given; null without any.
    receipts: Option<ReceiptsV1>,
    /// How many receipts and anchors are of rows that were pruned: only the archive can tell.
    untold: u64,
    /// The newest row that an anchor stands for; null where none holds.
    anchored: Option<u64>,
    /// How many rows stand behind it; all of them where none holds.
    rows_behind_anchor: u64,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
struct DamageV1 {
    /// The row; null where it is about no row.
    row: Option<i64>,
    /// The last row, where several are concerned.
    last_row: Option<i64>,
    /// The file of exported events that has the row; null where it is of a log.
    file: Option<String>,
    /// The line of the row in that file.
    line: Option<u64>,
    /// A word for it.
    kind: &'static str,
    /// A sentence about it.
    message: String,
}

#[derive(Debug, Serialize)]
struct AnchorV1 {
    name: String,
    row: u64,
    standing: &'static str,
}

#[derive(Debug, Serialize)]
struct CheckpointV1 {
    file: String,
    origin: String,
    size: u64,
    of_this_log: bool,
    signature: &'static str,
}

#[derive(Debug, Serialize)]
struct ReceiptsV1 {
    receipts: u64,
    hold: u64,
    pruned: u64,
    volatile: u64,
    /// How many are of another log.
    of_other_logs: u64,
    /// The log that the first of those is of; null without any.
    other_log: Option<String>,
    lines_without_receipt: u64,
    unreadable: Vec<UnreadableLineV1>,
    more_unreadable: u64,
    /// The rows by which an action was allowed and that no receipt is of: at most a thousand.
    uncovered: Vec<u64>,
    /// How many more of those there are.
    more_uncovered: u64,
}

#[derive(Debug, Serialize)]
struct UnreadableLineV1 {
    line: u64,
    error: String,
}

/// What came of a proof.
#[derive(Debug, Serialize)]
pub struct ProofV1<'a> {
    proven: bool,
    log: &'a str,
    event: &'a ProvenEvent,
    size: Option<u64>,
    root: Option<String>,
    signature: Option<&'static str>,
    error: Option<String>,
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "holds",
        Standing::Broken => "broken",
        Standing::Pruned => "pruned",
        Standing::Unchecked => "unchecked",
    }
}

const fn signature_word(signature: Signature) -> &'static str {
    match signature {
        Signature::NotChecked => "not-checked",
        Signature::Good => "good",
        Signature::Bad => "bad",
    }
}

impl VerificationV1 {
    /// The answer, from everything that was found out.
    #[must_use]
    pub fn of(findings: &Findings) -> VerificationV1 {
        let verification = &findings.verification;
        VerificationV1 {
            sound: findings.is_sound(),
            log: findings.log.clone(),
            volatile: findings.volatility.is_some(),
            rows: verification.rows,
            first: verification.start,
            last: verification.last,
            head: verification.head.to_string(),
            root: verification.tree.as_ref().map(|tree| tree.root().to_string()),
            removed_payloads: verification.removed,
            unchecked_references: verification.unchecked_references,
            damage: verification.damage.iter().map(|damage| DamageV1::of(damage, findings)).collect(),
            more_damage: verification.more_damage,
            anchors: verification
                .anchors
                .iter()
                .map(|(anchor, found)| AnchorV1 {
                    name: anchor.name.clone(),
                    row: anchor.claim.row(),
                    standing: standing(*found),
                })
                .collect(),
            checkpoints: findings.checkpoints.iter().map(CheckpointV1::of).collect(),
            receipts: findings.receipts.as_ref().map(ReceiptsV1::of),
            untold: findings.untold(),
            anchored: verification.anchored,
            rows_behind_anchor: verification
                .anchored
                .map_or(verification.rows, |anchored| verification.last.saturating_sub(anchored)),
        }
    }
}

impl DamageV1 {
    fn of(damage: &Damage, findings: &Findings) -> DamageV1 {
        let exports = findings.exports.as_ref().zip(damage.seq);
        let place = exports.and_then(|(exports, row)| exports.place_of(row));
        DamageV1 {
            row: damage.seq,
            last_row: damage.kind.last(),
            file: place.map(|(file, _)| file.to_owned()),
            line: place.map(|(_, line)| line),
            kind: damage.kind.code(),
            message: damage.to_string(),
        }
    }
}

impl CheckpointV1 {
    fn of(given: &GivenCheckpoint) -> CheckpointV1 {
        let checkpoint = given.note.checkpoint();
        CheckpointV1 {
            file: given.name.clone(),
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            of_this_log: given.is_of_log,
            signature: signature_word(given.signature),
        }
    }
}

impl ReceiptsV1 {
    fn of(kept: &ReceiptReport) -> ReceiptsV1 {
        let line = |(line, error): &(u64, String)| UnreadableLineV1 { line: *line, error: error.clone() };
        ReceiptsV1 {
            receipts: kept.receipts,
            hold: kept.hold,
            pruned: kept.pruned,
            volatile: kept.volatile,
            of_other_logs: kept.of_other_logs,
            other_log: kept.other_log.clone(),
            lines_without_receipt: kept.without,
            unreadable: kept.unreadable.iter().map(line).collect(),
            more_unreadable: kept.more_unreadable,
            uncovered: kept.uncovered.clone(),
            more_uncovered: kept.more_uncovered,
        }
    }
}

impl<'a> ProofV1<'a> {
    /// The answer, from a proof that was checked.
    #[must_use]
    pub fn of(checked: &'a CheckedProof) -> ProofV1<'a> {
        let CheckedProof { proof, checkpoint, signature } = checked;
        let note = checkpoint.as_ref().ok().map(CheckpointNote::checkpoint);
        ProofV1 {
            proven: checked.holds(),
            log: proof.log(),
            event: proof.event(),
            size: note.map(|note| note.size),
            root: note.map(|note| note.root.to_string()),
            signature: signature.map(signature_word),
            error: checkpoint.as_ref().err().map(ToString::to_string),
        }
    }
}
