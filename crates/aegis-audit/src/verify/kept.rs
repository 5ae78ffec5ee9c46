//! What callers kept of their answers, compared with the log: receipts, and whole decisions.

use std::io::BufRead;
use std::path::Path;

use aegis_engine::Digest;
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Damage, DamageKind, Verification};
use crate::error::TrailError;
use crate::event::kind;

/// A line that is longer is none of ours.
const MAX_LINE: u64 = 4 << 20;
/// How many lines are listed one by one; the others are counted.
const MAX_LISTED: usize = 1000;

/// What was found in the lines that callers kept.
#[derive(Debug, Default)]
pub struct KeptReport {
    /// How many receipts there were.
    pub receipts: u64,
    /// How many of them hold.
    pub hold: u64,
    /// How many are of rows that were pruned: only the archive can tell.
    pub pruned: u64,
    /// How many lines are answers without a receipt: of dry runs, and of lines that could not be read.
    pub without: u64,
    /// The lines that are neither, each with its number, from 1, and what is wrong: the first thousand.
    pub unreadable: Vec<(u64, String)>,
    /// How many more of those there are.
    pub more_unreadable: u64,
}

/// A receipt, alone or as part of a decision.
#[derive(Deserialize)]
struct KeptReceipt {
    log: String,
    seq: u64,
    head: String,
}

/// What a line holds.
enum Kept {
    Receipt(KeptReceipt, Map<String, Value>),
    Nothing,
}

/// A field of a decision, and where the row has it.
const FIELDS: [(&str, &str); 12] = [
    ("session_id", "session_id"),
    ("type", "action_type"),
    ("target", "action_target"),
    ("decision", "decision"),
    ("approval", "approval"),
    ("risk_level", "risk_level"),
    ("matched_rule", "matched_rule"),
    ("reason", "reason"),
    ("approver", "approver"),
    ("undecidable", "undecidable"),
    ("action_sha256", "action_sha256"),
    ("policy_sha256", "policy_sha256"),
];

/// Compares every line.
pub(super) fn check_kept(
    connection: &Connection,
    path: &Path,
    log: &str,
    lines: &mut dyn BufRead,
    verification: &mut Verification,
) -> Result<KeptReport, TrailError> {
    let mut report = KeptReport::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = std::io::Read::take(&mut *lines, MAX_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let kept = if read as u64 == MAX_LINE && !line.ends_with(b"\n") {
            skip_line(lines)?;
            Err("it is too long".to_owned())
        } else if line.trim_ascii().is_empty() {
            continue;
        } else {
            parse(&line)
        };
        match kept {
            Err(problem) if report.unreadable.len() < MAX_LISTED => report.unreadable.push((number, problem)),
            Err(_) => report.more_unreadable += 1,
            Ok(Kept::Nothing) => report.without += 1,
            Ok(Kept::Receipt(receipt, decision)) => {
                report.receipts += 1;
                let anchor = format!("the receipt in line {number}");
                let standing = check_receipt(connection, log, &receipt, &decision, verification)
                    .map_err(|error| TrailError::sqlite(path, error))?;
                match standing {
                    Found::Holds => {
                        report.hold += 1;
                        verification.hold(receipt.seq);
                    }
                    Found::Pruned => report.pruned += 1,
                    Found::Missing => {}
                    Found::Wrong(seq, kind) => {
                        let seq = i64::try_from(seq).ok();
                        add(verification, Damage { seq, kind: kind(anchor) });
                    }
                }
            }
        }
    }
    Ok(report)
}

fn add(verification: &mut Verification, damage: Damage) {
    if verification.damage.len() < MAX_LISTED {
        verification.damage.push(damage);
    } else {
        verification.more_damage += 1;
    }
}

fn skip_line(lines: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffered = lines.fill_buf()?;
        let (used, ended) = match buffered.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffered.len(), buffered.is_empty()),
        };
        lines.consume(used);
        if ended {
            return Ok(());
        }
    }
}

fn parse(line: &[u8]) -> Result<Kept, String> {
    let mut object: Map<String, Value> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let receipt = if object.contains_key("head") && !object.contains_key("receipt") {
        Value::Object(std::mem::take(&mut object))
    } else {
        match object.remove("receipt") {
            None | Some(Value::Null) if object.contains_key("allowed") => return Ok(Kept::Nothing),
            None => return Err("it is neither a receipt nor a decision".to_owned()),
            Some(receipt) => receipt,
        }
    };
    let receipt: KeptReceipt =
        serde_json::from_value(receipt).map_err(|error| format!("its receipt is none: {error}"))?;
    if Digest::from_hex(&receipt.head).is_none() || receipt.seq == 0 {
        return Err("its receipt is none: `seq` is from 1, `head` has 64 hexadecimal digits".to_owned());
    }
    Ok(Kept::Receipt(receipt, object))
}

/// What became of a receipt.
enum Found {
    Holds,
    Pruned,
    /// Its row is missing, which has been said.
    Missing,
    /// At this row something is wrong: what, given the name of the receipt.
    Wrong(u64, Box<dyn FnOnce(String) -> DamageKind>),
}

fn differs(seq: u64, problem: String) -> Found {
    Found::Wrong(seq, Box::new(move |anchor| DamageKind::Differs { anchor, problem }))
}

fn check_receipt(
    connection: &Connection,
    log: &str,
    receipt: &KeptReceipt,
    decision: &Map<String, Value>,
    verification: &Verification,
) -> rusqlite::Result<Found> {
    let KeptReceipt { seq, head, .. } = receipt;
    let (seq, claimed) = (*seq, Digest::from_hex(head));
    if receipt.log != log {
        return Ok(Found::Wrong(
            0,
            Box::new({
                let problem = format!("it is of another log, `{}`; this one is `{log}`", receipt.log);
                move |anchor| DamageKind::Differs { anchor, problem }
            }),
        ));
    }
    if seq > verification.last {
        let last = verification.last;
        return Ok(Found::Wrong(
            last,
            Box::new(move |anchor| DamageKind::Truncated { anchor, claimed: seq }),
        ));
    }
    if seq < verification.start {
        return Ok(Found::Pruned);
    }
    let row = connection
        .prepare_cached("SELECT hash, kind, action_id, at, body FROM events WHERE seq = ?1")?
        .query_row([seq], |row| {
            let hash: Vec<u8> = row.get(0)?;
            Ok((
                hash,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get(3)?,
                row.get::<_, String>(4)?,
            ))
        })
        .optional()?;
    let Some((hash, row_kind, action_id, at, body)) = row else { return Ok(Found::Missing) };
    if claimed.is_none_or(|claimed| claimed.as_bytes().as_slice() != hash) {
        return Ok(differs(
            seq,
            format!("row {seq} has another hash: what stands up to there was written anew"),
        ));
    }
    let problem =
        if decision.is_empty() { None } else { contradiction(decision, &row_kind, &action_id, at, &body) };
    Ok(problem.map_or(Found::Holds, |problem| differs(seq, problem)))
}

/// The first field in which a decision says something else than its row.
fn contradiction(
    decision: &Map<String, Value>,
    row_kind: &str,
    action_id: &str,
    at: i64,
    body: &str,
) -> Option<String> {
    if row_kind != kind::DECIDED {
        return Some(format!("the row that it names is a `{row_kind}` event"));
    }
    // A body that cannot be read has been told of.
    let body: Map<String, Value> = serde_json::from_str(body).ok()?;
    let allowed =
        body.get("decision").and_then(Value::as_str).map(|answer| answer == "auto" || answer == "approved");
    let timestamp =
        DateTime::<Utc>::from_timestamp_millis(at).map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
    let own = [
        ("action_id", Some(Value::from(action_id))),
        ("timestamp", timestamp.map(Value::from)),
        ("allowed", allowed.map(Value::from)),
    ];
    let read = FIELDS.map(|(field, column)| (field, body.get(column).cloned()));
    own.into_iter().chain(read).find_map(|(field, stored)| {
        let claimed = decision.get(field)?;
        let stored = stored.unwrap_or(Value::Null);
        (*claimed != stored).then(|| format!("its `{field}` is {claimed}, in the log it is {stored}"))
    })
}
