//! What callers kept of their answers, compared with the log: receipts, and whole decisions.

use std::io::BufRead;

use aegis_engine::Digest;
use chrono::{DateTime, SecondsFormat, Utc};
use roaring::RoaringTreemap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::event::EventKind;
use crate::verify::damage::{Damage, DamageKind};
use crate::verify::verification::Verification;

/// A line that is longer is none of ours.
const MAX_LINE: u64 = 4 << 20;
/// How many lines are listed one by one; the others are counted.
const MAX_LISTED: usize = 1000;

/// What was found in the lines that callers kept.
#[derive(Debug, Default)]
pub struct ReceiptReport {
    /// How many receipts there were.
    pub receipts: u64,
    /// How many of them hold.
    pub hold: u64,
    /// How many are of rows that were pruned: only the archive can tell.
    pub pruned: u64,
    /// How many say that the log was where nothing lasts when they were given.
    pub volatile: u64,
    /// How many are of another log.
    pub of_other_logs: u64,
    /// The log that the first of those is of, by its own word.
    pub other_log: Option<String>,
    /// How many lines are answers without a receipt: of dry runs, and of lines that could not be read.
    pub without: u64,
    /// The lines that are neither, each with its number, from 1, and what is wrong: the first thousand.
    pub unreadable: Vec<(u64, String)>,
    /// How many more of those there are.
    pub more_unreadable: u64,
    /// The rows by which an action was allowed and that none of the receipts that hold is of: the first
    /// thousand. Whoever keeps all receipts of a log should look into them.
    pub uncovered: Vec<u64>,
    /// How many more of those there are.
    pub more_uncovered: u64,
    /// The rows of which a receipt holds.
    pub(super) covered: RoaringTreemap,
}

impl ReceiptReport {
    /// The log that all of the receipts are of, by the first one's word, where none is of the log that they
    /// were held against.
    #[must_use]
    pub fn wrong_log(&self) -> Option<&str> {
        self.other_log.as_deref().filter(|_| self.of_other_logs == self.receipts)
    }

    /// What is wrong with the first line, and its number, where not one line is a receipt or a decision.
    #[must_use]
    pub fn wrong_file(&self) -> Option<(u64, &str)> {
        let (line, problem) = self.unreadable.first()?;
        (self.receipts == 0 && self.without == 0).then_some((*line, problem.as_str()))
    }

    /// What became of the same lines in exports and in the log that goes on behind them.
    pub(super) fn join(mut self, log: ReceiptReport) -> ReceiptReport {
        self.uncovered.extend(log.uncovered);
        let listed = self.uncovered.len();
        self.uncovered.truncate(MAX_LISTED);
        let cut = listed.saturating_sub(MAX_LISTED) as u64;
        ReceiptReport {
            hold: self.hold.saturating_add(log.hold),
            pruned: self.pruned,
            uncovered: self.uncovered,
            more_uncovered: self.more_uncovered.saturating_add(log.more_uncovered).saturating_add(cut),
            covered: self.covered | log.covered,
            ..log
        }
    }

    /// Says which of the rows by which an action was allowed no receipt is of.
    pub(super) fn uncover(&mut self, allowed: &RoaringTreemap) {
        let uncovered = allowed - &self.covered;
        self.uncovered = uncovered.iter().take(MAX_LISTED).collect();
        self.more_uncovered = uncovered.len().saturating_sub(self.uncovered.len() as u64);
    }
}

/// A receipt, alone or as part of a decision.
#[derive(Deserialize)]
pub(super) struct GivenReceipt {
    pub(super) log: String,
    pub(super) seq: u64,
    head: String,
    /// Absent in those of logs that last, and of programs that did not know.
    #[serde(default)]
    volatile: bool,
}

/// What a line holds.
enum Kept {
    Receipt(GivenReceipt, Map<String, Value>),
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

/// A row that a receipt names, as a log has it.
#[derive(Clone, Debug)]
pub struct ReceiptRow {
    /// Its hash.
    pub hash: Vec<u8>,
    /// The kind of event.
    pub kind: String,
    /// The action that it belongs to.
    pub action_id: String,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at: i64,
    /// What is known of it: a JSON object.
    pub body: String,
}

/// Compares every line with a log of this id, whose rows count from `first` on: `look_up` finds a row by its
/// number.
///
/// # Errors
/// When the lines cannot be read, or `look_up` says so. A line that is not a receipt is no error, but in the
/// report.
pub fn check_receipts<E: From<std::io::Error>>(
    (log, first): (&str, u64),
    lines: &mut dyn BufRead,
    verification: &mut Verification,
    mut look_up: impl FnMut(u64) -> Result<Option<ReceiptRow>, E>,
) -> Result<ReceiptReport, E> {
    let mut report = ReceiptReport::default();
    let mut lines = ReceiptLines::new(lines);
    while let Some(ReceiptLine { line, receipt, decision }) = lines.next(&mut report)? {
        let found = match locate(log, &receipt, first.max(verification.start), verification.last) {
            Some(found) => found,
            None => look_up(receipt.seq)?
                .map_or(Found::Missing, |row| compare(&receipt, &decision, &NamedRow::from(&row))),
        };
        settle(line, receipt.seq, found, &mut report, verification);
    }
    report.uncover(&verification.allowed);
    Ok(report)
}

/// A receipt that was kept, the line that it is in, and what else is known of the decision that it belongs
/// to.
pub(super) struct ReceiptLine {
    pub(super) line: u64,
    pub(super) receipt: GivenReceipt,
    pub(super) decision: Map<String, Value>,
}

/// Reads what was kept, line by line.
pub(super) struct ReceiptLines<'a> {
    lines: &'a mut dyn BufRead,
    line: Vec<u8>,
    number: u64,
}

impl<'a> ReceiptLines<'a> {
    pub(super) fn new(lines: &'a mut dyn BufRead) -> ReceiptLines<'a> {
        ReceiptLines { lines, line: Vec::new(), number: 0 }
    }

    /// How many bytes the newest line has.
    pub(super) fn length(&self) -> usize {
        self.line.len()
    }

    /// The next receipt. Other lines are counted.
    pub(super) fn next(&mut self, report: &mut ReceiptReport) -> std::io::Result<Option<ReceiptLine>> {
        loop {
            self.number += 1;
            self.line.clear();
            let read = std::io::Read::take(&mut *self.lines, MAX_LINE).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            let kept = if read as u64 == MAX_LINE && !self.line.ends_with(b"\n") {
                skip_line(self.lines)?;
                Err("it is too long".to_owned())
            } else if self.line.trim_ascii().is_empty() {
                continue;
            } else {
                parse(&self.line)
            };
            match kept {
                Err(problem) if report.unreadable.len() < MAX_LISTED => {
                    report.unreadable.push((self.number, problem));
                }
                Err(_) => report.more_unreadable += 1,
                Ok(Kept::Nothing) => report.without += 1,
                Ok(Kept::Receipt(receipt, decision)) => {
                    report.receipts += 1;
                    report.volatile += u64::from(receipt.volatile);
                    return Ok(Some(ReceiptLine { line: self.number, receipt, decision }));
                }
            }
        }
    }
}

/// Notes what became of a receipt.
pub(super) fn settle(
    line: u64,
    row: u64,
    found: Found,
    report: &mut ReceiptReport,
    verification: &mut Verification,
) {
    match found {
        Found::Holds => {
            report.hold += 1;
            report.covered.insert(row);
            verification.hold(row);
        }
        Found::Pruned => report.pruned += 1,
        Found::OfOtherLog(log) => {
            report.of_other_logs += 1;
            report.other_log.get_or_insert(log);
        }
        Found::Missing => {}
        Found::Wrong(seq, kind) => {
            let seq = i64::try_from(seq).ok();
            add(verification, Damage { seq, kind: kind(format!("the receipt in line {line}")) });
        }
    }
}

pub(super) fn add(verification: &mut Verification, damage: Damage) {
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
    let receipt: GivenReceipt =
        serde_json::from_value(receipt).map_err(|error| format!("its receipt is none: {error}"))?;
    if Digest::from_hex(&receipt.head).is_none() || receipt.seq == 0 {
        return Err("its receipt is none: `seq` is from 1, `head` has 64 hexadecimal digits".to_owned());
    }
    Ok(Kept::Receipt(receipt, object))
}

/// What became of a receipt.
pub(super) enum Found {
    Holds,
    Pruned,
    /// It is of the log of this id, not of the one that it is held against: it says nothing of that.
    OfOtherLog(String),
    /// Its row is missing, which has been said.
    Missing,
    /// At this row something is wrong: what, given the name of the receipt.
    Wrong(u64, Box<dyn FnOnce(String) -> DamageKind>),
}

fn differs(seq: u64, problem: String) -> Found {
    Found::Wrong(seq, Box::new(move |anchor| DamageKind::Differs { anchor, problem }))
}

/// What became of a receipt, if that can be told without its row: of a log whose rows are those from `start`
/// to `last`.
pub(super) fn locate(log: &str, receipt: &GivenReceipt, start: u64, last: u64) -> Option<Found> {
    let seq = receipt.seq;
    if receipt.log != log {
        return Some(Found::OfOtherLog(receipt.log.clone()));
    }
    if seq > last {
        return Some(Found::Wrong(
            last,
            Box::new(move |anchor| DamageKind::Truncated { anchor, claimed: seq }),
        ));
    }
    (seq < start).then_some(Found::Pruned)
}

/// A row that a receipt names.
pub(super) struct NamedRow<'a> {
    pub(super) hash: &'a [u8],
    pub(super) kind: &'a str,
    pub(super) action_id: &'a str,
    pub(super) at: i64,
    pub(super) body: &'a str,
}

impl<'a> From<&'a ReceiptRow> for NamedRow<'a> {
    fn from(row: &'a ReceiptRow) -> NamedRow<'a> {
        let ReceiptRow { hash, kind, action_id, at, body } = row;
        NamedRow { hash, kind, action_id, at: *at, body }
    }
}

/// Compares a receipt, and the decision that it belongs to, with the row that it names.
pub(super) fn compare(receipt: &GivenReceipt, decision: &Map<String, Value>, row: &NamedRow<'_>) -> Found {
    let seq = receipt.seq;
    let claimed = Digest::from_hex(&receipt.head);
    if claimed.is_none_or(|claimed| claimed.as_bytes().as_slice() != row.hash) {
        let problem = format!("row {seq} has another hash: what stands up to there was written anew");
        return differs(seq, problem);
    }
    let problem = if decision.is_empty() { None } else { contradiction(decision, row) };
    problem.map_or(Found::Holds, |problem| differs(seq, problem))
}

/// The first field in which a decision says something else than its row.
fn contradiction(decision: &Map<String, Value>, row: &NamedRow<'_>) -> Option<String> {
    let NamedRow { kind: row_kind, action_id, at, body, .. } = *row;
    if row_kind != EventKind::Decided.as_str() {
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
