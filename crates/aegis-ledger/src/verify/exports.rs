//! Verifying exported events without the log: one export, or several that follow each other.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use aegis_engine::escape;
use thiserror::Error;

use crate::event_lines::{EventLinesError, EventReader, EventsHeader};
use crate::remedy::Remedy;
use crate::stored_event::StoredEvent;
use crate::verify::anchor::{Anchor, Claim, Standing};
use crate::verify::damage::{Damage, DamageKind};
use crate::verify::receipts::{
    Found, NamedRow, ReceiptLine, ReceiptLines, ReceiptReport, add, compare, locate, settle,
};
use crate::verify::start::Start;
use crate::verify::verification::Verification;
use crate::verify::verifier::Verifier;

/// After how many rows progress is told.
const STEP: u64 = 1 << 13;
/// How many bytes of receipts are compared in one pass; where there are more, the exports are read once more.
const BATCH: usize = 4 << 20;
/// How many runs of lines are remembered. Only exports whose rows are in disorder have more than one each.
const MAX_RUNS: usize = 10_000;

/// Exports that follow each other.
pub struct Exports<'a> {
    /// What they are called, for messages.
    pub names: &'a [String],
    /// Opens one of them, by its place among the names.
    pub open: &'a mut dyn FnMut(usize) -> io::Result<Box<dyn Read>>,
    /// The first row that is also elsewhere: what is told of it and of later ones is left to be checked
    /// there.
    pub until: Option<u64>,
}

/// What was found out about exports.
#[derive(Debug)]
#[must_use]
pub struct ExportVerification {
    /// The id of the log that they are of.
    pub log: String,
    /// What was found out about their events.
    pub verification: Verification,
    /// What became of the receipts, where there are some.
    pub receipts: Option<ReceiptReport>,
    /// Where their rows are.
    pub places: Places,
}

/// Where rows are in exports.
#[derive(Debug)]
pub struct Places(Vec<Run>);

impl Places {
    /// In which export, by its place among the names, and in which line of it a row is.
    #[must_use]
    pub fn of(&self, row: u64) -> Option<(usize, u64)> {
        self.0.iter().find_map(|run| {
            let offset = row.checked_sub(run.first_row).filter(|offset| *offset < run.rows)?;
            Some((run.export, run.first_line.saturating_add(offset)))
        })
    }
}

/// Why exports could not be verified at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportsError {
    /// One of them could not be read, or is something else.
    #[error("`{}`: {source}", escape(name))]
    Unreadable {
        /// What it is called.
        name: String,
        /// What is wrong.
        source: EventLinesError,
    },
    /// They are not of the same log.
    #[error("`{}` is of the log {log}, `{}` is of {}", escape(first), escape(name), escape(other))]
    OtherLog {
        /// What the first one is called.
        first: String,
        /// Its log.
        log: String,
        /// What the other one is called.
        name: String,
        /// The log that it is of.
        other: String,
    },
    /// One does not begin where the one before it ends.
    #[error("`{}` begins with row {begins}; what stands before it ends with row {ends}", escape(name))]
    Order {
        /// What it is called.
        name: String,
        /// Its first row.
        begins: u64,
        /// The last row before.
        ends: u64,
    },
    /// There is none.
    #[error("there is no export to verify")]
    None,
    /// The receipts could not be read.
    #[error("the receipts cannot be read: {0}")]
    Receipts(#[source] io::Error),
}

impl ExportsError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            ExportsError::Unreadable { source, .. } => source.help(),
            ExportsError::OtherLog { .. } => Some("verify the exports of each log on their own".to_owned()),
            ExportsError::Order { .. } => {
                Some("give all exports, oldest first, each going on where the one before it ends".to_owned())
            }
            ExportsError::None | ExportsError::Receipts(_) => None,
        }
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            ExportsError::Unreadable { source, .. } => source.remedy(),
            _ => None,
        }
    }
}

/// Rows in neighbouring lines of one export.
#[derive(Clone, Copy, Debug)]
struct Run {
    export: usize,
    first_row: u64,
    first_line: u64,
    rows: u64,
}

impl ExportVerification {
    /// What a log that goes on behind the exports must have, too: their newest row, and the tree up to it
    /// where that is known. `name` is what the end of the exports is called.
    #[must_use]
    pub fn end(&self, name: &str) -> Vec<Anchor> {
        let (seq, tree) = (self.verification.last, &self.verification.tree);
        let root = tree.as_ref().filter(|tree| tree.size() == seq).map(crate::merkle::Frontier::root);
        [
            Some(Claim::Head { seq, hash: self.verification.head }),
            root.map(|root| Claim::Root { size: seq, root }),
        ]
        .into_iter()
        .flatten()
        .map(|claim| Anchor { name: name.to_owned(), claim })
        .collect()
    }

    /// Joins what was found out about the exports with what was found out about the log that goes on behind
    /// them, in which the [`end`](ExportVerification::end) was an anchor.
    pub fn join(mut self, log: Verification, receipts: Option<ReceiptReport>) -> ExportVerification {
        let row = |row: u64| i64::try_from(row).unwrap_or(i64::MAX);
        let exports = &mut self.verification;
        if log.start > exports.last.saturating_add(1) {
            let kind = DamageKind::Missing { last: row(log.start.saturating_sub(1)) };
            add(exports, Damage { seq: Some(row(exports.last.saturating_add(1))), kind });
        }
        // What the exports could not tell, the log tells.
        exports.unchecked_references -= exports.payloads.unaccounted.len().min(exports.unchecked_references);
        for seq in &exports.payloads.unaccounted - &log.payloads.redacted {
            add(exports, Damage { seq: Some(row(seq)), kind: DamageKind::PayloadMissing });
        }
        exports.anchors.retain(|(_, standing)| *standing != Standing::Unchecked);
        exports.anchors.extend(log.anchors);
        for damage in log.damage {
            add(exports, damage);
        }
        exports.more_damage += log.more_damage;
        exports.anchored = exports.anchored.max(log.anchored);
        exports.rows += log.rows;
        exports.last = log.last;
        exports.head = log.head;
        exports.tree = log.tree;
        exports.removed += log.removed;
        exports.unchecked_references += log.unchecked_references;
        self.receipts = match (self.receipts, receipts) {
            (Some(exports), Some(log)) => Some(exports.join(log)),
            (exports, log) => exports.or(log),
        };
        self
    }
}

/// Verifies exports one after another, in bounded memory. `receipts` are receipts, or whole decisions, one
/// JSON object a line. `progress` is told now and then how many rows have been looked at.
///
/// # Errors
/// When they cannot be read at all, are of different logs or do not follow each other. What is wrong with
/// their rows is no error, but in the [`ExportVerification`].
pub fn verify_exports(
    exports: &mut Exports<'_>,
    anchors: Vec<Anchor>,
    receipts: Option<&mut dyn BufRead>,
    mut progress: impl FnMut(u64),
) -> Result<ExportVerification, ExportsError> {
    let mut report = ReceiptReport::default();
    let given = receipts.is_some();
    let mut lines = receipts.map(ReceiptLines::new);
    let mut batch = Batch::default();
    let mut more = batch.fill(lines.as_mut(), &mut report)?;
    let (header, mut verifier, runs) = read(exports, anchors, &mut batch, &mut progress)?;
    if exports.until.is_some() {
        verifier.goes_on_elsewhere();
    }
    let mut verification = verifier.finish();
    let log = header.log();
    batch.settle(exports.until, &mut report, &mut verification);
    while more {
        batch = Batch { log: log.clone(), ..Batch::default() };
        more = batch.fill(lines.as_mut(), &mut report)?;
        read_again(exports, &mut batch)?;
        batch.settle(exports.until, &mut report, &mut verification);
    }
    if let Some(until) = exports.until {
        verification.allowed.remove_range(until..);
    }
    report.uncover(&verification.allowed);
    Ok(ExportVerification { log, verification, receipts: given.then_some(report), places: Places(runs) })
}

/// Reads and verifies all exports, as far as they can be read.
fn read(
    exports: &mut Exports<'_>,
    anchors: Vec<Anchor>,
    batch: &mut Batch,
    progress: &mut impl FnMut(u64),
) -> Result<(EventsHeader, Verifier<'static>, Vec<Run>), ExportsError> {
    let mut begun: Option<(EventsHeader, Verifier<'static>)> = None;
    let mut anchors = Some(anchors);
    let mut runs = Vec::new();
    for (export, name) in exports.names.iter().enumerate() {
        let unreadable = |source| ExportsError::Unreadable { name: name.clone(), source };
        let reader = (exports.open)(export).map_err(EventLinesError::from).and_then(EventReader::new);
        let reader = match (reader, &mut begun) {
            (Ok(reader), _) => reader,
            // What is damaged from its first line on is missing, and nothing behind it can be looked at.
            (Err(error), Some((_, verifier))) if error.is_damage() => {
                verifier.stop(&format!("{name}: {error}"));
                break;
            }
            (Err(error), _) => return Err(unreadable(error)),
        };
        if begun.is_none() {
            let header = reader.header().clone();
            let start = Start::of_export(&header);
            batch.log = header.log();
            begun = Some((header, Verifier::new(start, anchors.take().unwrap_or_default())));
        }
        let Some((header, verifier)) = &mut begun else { break };
        follows(header, verifier, reader.header(), exports.names, name)?;
        verifier.mark_boundary();
        let read = reader.events(|line, event| {
            match i64::try_from(event.seq) {
                Ok(seq) => verifier.push(seq, Ok(*event)),
                Err(_) => verifier.push(i64::MAX, Err("its number is out of range".to_owned())),
            }
            note_line(&mut runs, export, event.seq, line);
            batch.compare(event);
            if verifier.rows().is_multiple_of(STEP) {
                progress(verifier.rows());
            }
            Ok::<_, EventLinesError>(())
        });
        match read {
            Ok(_) => verifier.mark_boundary(),
            Err(error) if error.is_damage() => {
                verifier.stop(&format!("{name}: {error}"));
                break;
            }
            Err(error) => return Err(unreadable(error)),
        }
    }
    begun.map(|(header, verifier)| (header, verifier, runs)).ok_or(ExportsError::None)
}

/// Reads all exports for the sake of receipts alone. What is wrong with them has been told.
fn read_again(exports: &mut Exports<'_>, batch: &mut Batch) -> Result<(), ExportsError> {
    for (export, name) in exports.names.iter().enumerate() {
        let reader = (exports.open)(export).map_err(EventLinesError::from).and_then(EventReader::new);
        let read = reader.and_then(|reader| {
            reader.events(|_, event| {
                batch.compare(event);
                Ok::<_, EventLinesError>(())
            })
        });
        match read {
            Ok(_) => {}
            Err(error) if error.is_damage() => break,
            Err(source) => return Err(ExportsError::Unreadable { name: name.clone(), source }),
        }
    }
    Ok(())
}

/// Whether an export goes on where the ones before it end.
fn follows(
    first: &EventsHeader,
    verifier: &Verifier<'_>,
    header: &EventsHeader,
    names: &[String],
    name: &str,
) -> Result<(), ExportsError> {
    if !first.is_of_same_log(header) {
        let first_name = names.first().cloned().unwrap_or_default();
        let (log, other) = (first.log(), header.log());
        return Err(ExportsError::OtherLog { first: first_name, log, name: name.to_owned(), other });
    }
    let (ends, _) = verifier.newest();
    let begins = header.after().map_or(0, |after| after.seq).saturating_add(1);
    if begins == ends.saturating_add(1) {
        return Ok(());
    }
    Err(ExportsError::Order { name: name.to_owned(), begins, ends })
}

fn note_line(runs: &mut Vec<Run>, export: usize, row: u64, line: u64) {
    let room = runs.len() < MAX_RUNS;
    match runs.last_mut() {
        Some(run)
            if run.export == export
                && run.first_row.saturating_add(run.rows) == row
                && run.first_line + run.rows == line =>
        {
            run.rows += 1;
        }
        _ if room => runs.push(Run { export, first_row: row, first_line: line, rows: 1 }),
        _ => {}
    }
}

/// Receipts that wait for their rows to pass by.
#[derive(Default)]
struct Batch {
    /// The log that the exports are of.
    log: String,
    waiting: BTreeMap<u64, Vec<ReceiptLine>>,
    settled: Vec<(u64, u64, Found)>,
}

impl Batch {
    /// Takes receipts until there are enough for one pass. Whether there may be more.
    fn fill(
        &mut self,
        lines: Option<&mut ReceiptLines<'_>>,
        report: &mut ReceiptReport,
    ) -> Result<bool, ExportsError> {
        let Some(lines) = lines else { return Ok(false) };
        let mut bytes = 0;
        while bytes < BATCH {
            let Some(entry) = lines.next(report).map_err(ExportsError::Receipts)? else { return Ok(false) };
            bytes += lines.length();
            self.waiting.entry(entry.receipt.seq).or_default().push(entry);
        }
        Ok(true)
    }

    fn compare(&mut self, event: &StoredEvent<'_>) {
        let Some(waiting) = self.waiting.remove(&event.seq) else { return };
        let StoredEvent { seq, at, kind, action_id, body, hash, .. } = *event;
        let row = NamedRow { hash, kind, action_id, at, body };
        for ReceiptLine { line, receipt, decision } in waiting {
            let found = locate(&self.log, &receipt, 0, u64::MAX);
            self.settled.push((line, seq, found.unwrap_or_else(|| compare(&receipt, &decision, &row))));
        }
    }

    /// Notes what became of all receipts.
    fn settle(self, until: Option<u64>, report: &mut ReceiptReport, verification: &mut Verification) {
        let elsewhere = |row: u64| until.is_some_and(|until| row >= until);
        for (line, row, found) in self.settled.into_iter().filter(|(_, row, _)| !elsewhere(*row)) {
            settle(line, row, found, report, verification);
        }
        for (row, waiting) in self.waiting.into_iter().filter(|(row, _)| !elsewhere(*row)) {
            for ReceiptLine { line, receipt, .. } in waiting {
                let found = locate(&self.log, &receipt, verification.start, verification.last);
                settle(line, row, found.unwrap_or(Found::Missing), report, verification);
            }
        }
    }
}
