//! Verifying a whole log: its rows in one pass, then what is derived from them.

mod derived;

use std::io::BufRead;
use std::path::Path;

use aegis_engine::Digest;
use aegis_ledger::chain::LogIdentity;
use aegis_ledger::event::{EventBody, EventKind};
use aegis_ledger::question::Question;
use aegis_ledger::verify::{
    Anchor, DamageKind, IndexObserver, ReceiptReport, ReceiptRow, Referred, Start, Verification, Verifier,
    check_receipts,
};
use derived::{ActionIndex, check_block, check_block_count};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};

use super::origin::{newest_pruning, origin};
use super::reader::TrailReader;
use super::row::{EVENT_COLUMNS, read_event};
use super::schema::{check_schema, has_tables, identify};
use super::sqlite_error::{code_of, failed};
use crate::error::TrailError;
use crate::file::{allocated, beside};

/// After how many rows progress is told.
const STEP: u64 = 1 << 13;
/// How often reading is taken up again behind a place that cannot be read, each time twice as far behind it.
const MAX_RESUMPTIONS: u32 = 40;

impl TrailReader {
    /// Verifies the whole log as it is at this moment, whatever is appended meanwhile: every row, what is
    /// derived from them, the log's own row, its tables, and the `anchors`. Memory does not grow with the
    /// log. `progress` is told now and then how many rows of how many have been looked at.
    ///
    /// # Errors
    /// When the log cannot be read at all. What is wrong with it is no error, but in the [`Verification`].
    pub fn verify(
        &self,
        anchors: Vec<Anchor>,
        progress: impl FnMut(u64, u64),
    ) -> Result<Verification, TrailError> {
        let _moment = self.unchecked_moment()?;
        let verification = verify(self.connection(), self.path(), anchors, progress)?;
        self.check_unchanged()?;
        Ok(verification)
    }

    /// Verifies the log like [`verify`](TrailReader::verify), and compares it with what callers kept:
    /// receipts, or whole decisions, one JSON object a line. Each is looked up by its number, so that memory
    /// does not grow with them either, and they may come in any order.
    ///
    /// # Errors
    /// When the log or the lines cannot be read at all. A line that is not a receipt is no error, but in the
    /// report.
    pub fn verify_receipts(
        &self,
        anchors: Vec<Anchor>,
        receipts: &mut dyn BufRead,
        progress: impl FnMut(u64, u64),
    ) -> Result<(Verification, ReceiptReport), TrailError> {
        let _moment = self.unchecked_moment()?;
        let mut verification = verify(self.connection(), self.path(), anchors, progress)?;
        // Rows that a pruning left over are in its archive: what is kept of them is compared there.
        let first = self.first_row()?;
        let report =
            check_receipts((&self.id(), first), receipts, &mut verification, |seq| self.receipt_row(seq))?;
        self.check_unchanged()?;
        Ok((verification, report))
    }
}

impl TrailReader {
    /// The number of the first row that the log has, or would have: what stands before was pruned.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn first_row(&self) -> Result<u64, TrailError> {
        Ok(origin(self.connection(), self.path(), &self.identity)?.through.saturating_add(1))
    }

    fn receipt_row(&self, seq: u64) -> Result<Option<ReceiptRow>, TrailError> {
        // However many receipts there are, each is one question.
        self.work.by_size(self.path());
        self.connection()
            .prepare_cached("SELECT hash, kind, action_id, at, body FROM events WHERE seq = ?1")
            .and_then(|mut statement| {
                let row = statement.query_row([seq], |row| {
                    let (hash, kind, action_id) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    Ok(ReceiptRow { hash, kind, action_id, at: row.get(3)?, body: row.get(4)? })
                });
                row.optional()
            })
            .map_err(|error| failed(self.path(), error))
    }
}

fn verify(
    connection: &Connection,
    path: &Path,
    anchors: Vec<Anchor>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Verification, TrailError> {
    let identity =
        identify(connection, path)?.ok_or_else(|| TrailError::NotALog { path: path.to_owned() })?;
    let start = start(connection, path, &identity)?.in_log(identity.genesis());
    let mut log = Log {
        connection,
        path,
        verifier: Verifier::observed(start, anchors, IndexObserver::default())
            .with_lookup(|seq| referred(connection, seq)),
        actions: ActionIndex::default(),
        terms: Some(0),
        blocks: 0,
        most_rows: most_rows(path),
    };
    match check_schema(connection, path) {
        Err(TrailError::Corrupt { problem, .. }) => {
            log.verifier.damage(None, DamageKind::Tables { problem });
            // Rows of something that only looks like a table could be without end, and prove nothing.
            if !has_tables(connection, path)? {
                return Ok(log.verifier.finish());
            }
        }
        checked => checked?,
    }
    let newest = newest(connection);
    let total = newest
        .map_or(0, |newest| newest.unsigned_abs().saturating_sub(log.verifier.first().saturating_sub(1)));
    log.read(newest.unwrap_or(i64::MAX), |rows| progress(rows, total))?;
    log.check_derived();
    if log.verifier.has_suspects() {
        log.look_again()?;
    }
    Ok(log.verifier.finish())
}

/// A log that is being verified.
struct Log<'a> {
    connection: &'a Connection,
    path: &'a Path,
    verifier: Verifier<'a, IndexObserver>,
    actions: ActionIndex,
    /// How many terms the index must have; unknown where damage keeps a block from being indexed again.
    terms: Option<u64>,
    /// How many full blocks there are.
    blocks: u64,
    /// How many rows a file of that size has at most.
    most_rows: u64,
}

impl Log<'_> {
    /// Reads all rows, as far as they can be read.
    fn read(&mut self, newest: i64, mut progress: impl FnMut(u64)) -> Result<(), TrailError> {
        let (mut from, mut far) = (i64::MIN, 1_i64);
        for attempt in 0..MAX_RESUMPTIONS {
            let Err(error) = self.read_from(from, attempt > 0, &mut progress)? else { return Ok(()) };
            self.terms = None;
            self.actions.give_up();
            let last = self.verifier.stop(&error.to_string());
            from = last.max(from.saturating_sub(1)).saturating_add(far);
            far = far.saturating_mul(2);
            if from > newest {
                break;
            }
        }
        Ok(())
    }

    /// Reads rows from a number on. The inner error is a place that cannot be read.
    fn read_from(
        &mut self,
        from: i64,
        mut resumed: bool,
        progress: &mut impl FnMut(u64),
    ) -> Result<Result<(), rusqlite::Error>, TrailError> {
        let sql = format!("SELECT {EVENT_COLUMNS} FROM events WHERE seq >= ?1 ORDER BY seq");
        let connection = self.connection;
        let mut statement = match connection.prepare_cached(&sql) {
            Err(error) => return self.unless_damage(error),
            Ok(statement) => statement,
        };
        let mut rows = match statement.query([from]) {
            Err(error) => return self.unless_damage(error),
            Ok(rows) => rows,
        };
        loop {
            let row = match rows.next() {
                Ok(None) => return Ok(Ok(())),
                Ok(Some(row)) => row,
                Err(error) => return self.unless_damage(error),
            };
            let seq = match row.get(0) {
                Ok(seq) => seq,
                Err(error) => return self.unless_damage(error),
            };
            if self.verifier.rows() >= self.most_rows {
                return Ok(Err(endless()));
            }
            if std::mem::take(&mut resumed) {
                self.verifier.resume_at(seq);
            }
            let event = read_event(row);
            self.actions.add_row(seq, event.as_ref().ok());
            self.verifier.push(seq, event);
            if let Some(block) = self.verifier.observer().take_full_block() {
                self.blocks = block.block.saturating_add(1);
                self.terms = check_block(connection, self.path, &block, &mut self.verifier)?
                    .and_then(|terms| Some(self.terms? + terms));
            }
            if self.verifier.rows().is_multiple_of(STEP) {
                progress(self.verifier.rows());
            }
        }
    }

    /// Tells damage of the file from everything else that may keep it from being read.
    fn unless_damage<T>(&self, error: rusqlite::Error) -> Result<Result<T, rusqlite::Error>, TrailError> {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::SystemIoFailure
                | ErrorCode::NotADatabase
                | ErrorCode::TooBig
                // More rows than a file of that size can have: its pages lead back to themselves.
                | ErrorCode::OperationInterrupted,
            ) => Ok(Err(error)),
            _ => Err(failed(self.path, error)),
        }
    }

    /// Compares what is derived from the rows with what they gave.
    fn check_derived(&mut self) {
        let found = check_block_count(self.connection, self.terms, self.blocks, self.verifier.first());
        let verifier = &mut self.verifier;
        let actions = self.actions.compare(self.connection, &mut |is_other, kind, seq| {
            verifier.indexed(is_other, kind, seq);
        });
        for (seq, kind) in found.into_iter().chain(actions) {
            self.verifier.damage(seq, kind);
        }
    }

    /// Looks at the numbers and hashes of all rows once more, to explain rows that do not follow the one
    /// before them.
    fn look_again(&mut self) -> Result<(), TrailError> {
        let failed = |error| failed(self.path, error);
        let mut hashes = self.connection.prepare("SELECT seq, hash FROM events").map_err(failed)?;
        let rows = hashes
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1)?)))
            .map_err(failed)?
            // What cannot be read has no hash that anything could be linked to.
            .map_while(|row| match row {
                Ok((seq, hash)) => Some(Some((seq, Digest::from_bytes(hash)))),
                Err(rusqlite::Error::SqliteFailure(..)) => None,
                Err(_) => Some(None),
            })
            .flatten();
        self.verifier.explain(rows);
        let sql = format!("SELECT {EVENT_COLUMNS} FROM events WHERE seq = ?1");
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        for seq in self.verifier.suspects() {
            let mut rows = statement.query([seq]).map_err(failed)?;
            if let Ok(Some(row)) = rows.next()
                && let Ok(event) = read_event(row)
            {
                self.verifier.settle(seq, &event);
            }
        }
        Ok(())
    }
}

/// Where the chain begins: behind what the newest `pruned` event stands for, or at the log's first event.
fn start(connection: &Connection, path: &Path, identity: &LogIdentity) -> Result<Start, TrailError> {
    let whole = Start::of_log(&identity.id, identity.created_at, Digest::of(&identity.key));
    let pruned = match newest_pruning(connection, path) {
        Ok(Some(pruned)) => pruned,
        // If that event is damaged, so is the log, and its row says so when it is read.
        Ok(None) | Err(TrailError::Unreadable { .. } | TrailError::Corrupt { .. }) => return Ok(whole),
        Err(error @ TrailError::Store { .. })
            if matches!(code_of(&error), Some(ErrorCode::SystemIoFailure) | None) =>
        {
            return Ok(whole);
        }
        Err(error) => return Err(error),
    };
    // The oldest row that was pruned and is still there: its deletion was cut short.
    let left_over = connection
        .query_row("SELECT seq, prev_hash FROM events ORDER BY seq LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
        })
        .ok()
        .filter(|(seq, _)| *seq > 0 && seq.unsigned_abs() <= pruned.through);
    Ok(match left_over {
        Some((seq, head)) => {
            Start::left_over(&identity.id, seq.unsigned_abs(), Digest::from_bytes(head), pruned)
        }
        None => Start::after(&identity.id, pruned.through, pruned.head, Some(pruned.tree)),
    })
}

/// How many rows a log can have at most: each has hashes that take this many bytes, however little else there
/// is.
fn most_rows(path: &Path) -> u64 {
    const HASHES: u64 = 96;
    const SPARE: u64 = 100_000;
    let bytes = allocated(path).saturating_add(allocated(&beside(path, "-wal")));
    (bytes / HASHES).saturating_add(SPARE)
}

/// What `SQLite` does not say of pages that lead back to themselves.
fn endless() -> rusqlite::Error {
    let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(
        error,
        Some("it has more rows than a file of its size can have".to_owned()),
    )
}

fn newest(connection: &Connection) -> Option<i64> {
    connection.query_row("SELECT max(seq) FROM events", [], |row| row.get(0)).ok().flatten()
}

fn referred(connection: &Connection, seq: u64) -> Option<Referred> {
    let sql = "SELECT kind, action_id, CASE WHEN json_valid(body) THEN body ->> '$.action_sha256' END, at,
               CASE WHEN kind = 'requested' THEN body END FROM events WHERE seq = ?1";
    let row = |row: &Row<'_>| {
        let (action_id, at): (String, i64) = (row.get(1)?, row.get(3)?);
        let body: Option<String> = row.get(4)?;
        let body = body.and_then(|body| EventBody::read(EventKind::Requested, &body).ok());
        let question = body.as_ref().and_then(|body: &EventBody| {
            body.entry().and_then(|entry| Question::opened(&action_id, at, entry))
        });
        Ok(Referred { kind: row.get(0)?, action_id, action_sha256: row.get(2)?, question })
    };
    connection.prepare_cached(sql).and_then(|mut statement| statement.query_row([seq], row)).ok()
}
