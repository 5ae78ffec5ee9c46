//! A part of a log, read in one transaction and bounded in memory.

use std::collections::VecDeque;

use aegis_ledger::chain::Head;
use aegis_ledger::event::EventBody;
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;

use rusqlite::{CachedStatement, OptionalExtension as _, Row, params};

use crate::error::TrailError;
use crate::sqlite::reader::TrailReader;
use crate::sqlite::row::{EVENT_COLUMNS, read_event, read_record};
use crate::sqlite::sqlite_error::failed;

/// How many events are read at once, at most.
const EVENTS: usize = 256;
/// How many bytes of records are held at once; the last one may go beyond it.
const BYTES: usize = 2 << 20;

/// An event, and the `ended` one of the same action that was the newest as of another event.
const ROW_AS_OF: &str = "SELECT d.seq, d.at, d.action_id, d.body, d.payload, d.hash, \
    (SELECT e.body FROM events e WHERE e.action_id = d.action_id AND e.kind = 'ended' AND e.seq <= ?2 \
     ORDER BY e.seq DESC LIMIT 1), length(d.body) + coalesce(length(d.payload), 0) FROM events d WHERE d.seq = ?1";

/// What was appended behind an event.
pub(super) struct Page {
    pub(super) records: Vec<Told>,
    /// Events that were pruned before they were read: the first and the last of them.
    pub(super) skipped: Option<(u64, u64)>,
    /// The last event that was read.
    pub(super) head: Head,
}

/// What a row gives.
pub(super) enum Told {
    /// The record of an action.
    Record(Box<Record>),
    /// It cannot be read: its number, and what is wrong with it.
    Unreadable(u64, String),
}

/// The records of these numbers, as of an event: as many of them, in their order, as one page holds. They are
/// taken from `numbers`.
pub(super) fn stored(
    reader: &TrailReader,
    numbers: &mut VecDeque<u64>,
    as_of: u64,
) -> Result<Vec<Told>, TrailError> {
    let _moment = reader.moment()?;
    let mut fetch = fetch(reader)?;
    let (mut records, mut bytes, mut done) = (Vec::new(), 0, 0);
    for seq in numbers.iter().take(EVENTS) {
        done += 1;
        // What is not there any more was pruned meanwhile.
        if let Some((record, length, _)) = read(reader, &mut fetch, *seq, as_of)? {
            bytes += length;
            records.push(match record {
                Ok(record) => Told::Record(Box::new(record)),
                Err(problem) => Told::Unreadable(*seq, problem),
            });
        }
        if bytes >= BYTES {
            break;
        }
    }
    reader.check_unchanged()?;
    numbers.drain(..done);
    Ok(records)
}

/// The records that the events behind `head` give, of as many events as one page holds. Nothing is behind
/// `head` if the page's is the same.
pub(super) fn appended(reader: &TrailReader, filter: &Filter, head: Head) -> Result<Page, TrailError> {
    let _moment = reader.moment()?;
    let (start, skipped) = resume(reader, head)?;
    let mut page = Page { records: Vec::new(), skipped, head: start };
    let mut told = Vec::new();
    let mut statement = prepare(
        reader,
        &format!("SELECT {EVENT_COLUMNS} FROM events WHERE seq > ?1 ORDER BY seq LIMIT {EVENTS}"),
    )?;
    let failed = |error| failed(&reader.path, error);
    let mut rows = statement.query([start.seq]).map_err(failed)?;
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        let (head, about, length) = follow(reader, row, page.head)?;
        page.head = head;
        match about {
            Ok(about) => told.extend(about.map(|seq| (seq, head.seq.unsigned_abs()))),
            Err(problem) => page.records.push(Told::Unreadable(head.seq.unsigned_abs(), problem)),
        }
        bytes += length;
        if bytes >= BYTES {
            break;
        }
    }
    drop(rows);
    let mut fetch = fetch(reader)?;
    for (seq, as_of) in told {
        match read(reader, &mut fetch, seq, as_of)? {
            Some((Ok(record), _, at)) if filter.admits(&record, at) => {
                page.records.push(Told::Record(Box::new(record)));
            }
            Some((Err(problem), _, _)) => page.records.push(Told::Unreadable(seq, problem)),
            Some(_) | None => {}
        }
    }
    reader.check_unchanged()?;
    Ok(page)
}

/// Where to go on behind `head`: there, if the log still has that event, or behind what was pruned since.
fn resume(reader: &TrailReader, head: Head) -> Result<(Head, Option<(u64, u64)>), TrailError> {
    let failed = |error| failed(&reader.path, error);
    let hash: Option<[u8; 32]> = prepare(reader, "SELECT hash FROM events WHERE seq = ?1")?
        .query_row([head.seq], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    let cut_off = || TrailError::CutOff { path: reader.path.clone(), seq: head.seq };
    match hash {
        Some(hash) if hash == *head.hash.as_bytes() => return Ok((head, None)),
        Some(_) => return Err(cut_off()),
        None => {}
    }
    let pruned: Option<(Option<i64>, Option<String>)> = prepare(
        reader,
        "SELECT body ->> '$.through', body ->> '$.head' FROM events WHERE kind = 'pruned' AND action_id = '' \
         ORDER BY seq DESC LIMIT 1",
    )?
    .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
    .map_err(failed)?;
    let pruned = pruned.and_then(|(through, hash)| {
        let hash = aegis_engine::Digest::from_hex(&hash?)?;
        Some(Head { seq: through?, hash })
    });
    match pruned {
        Some(pruned) if pruned.seq > head.seq => {
            let first = head.seq.unsigned_abs().saturating_add(1);
            Ok((pruned, Some((first, pruned.seq.unsigned_abs()))))
        }
        Some(pruned) if pruned == head => Ok((head, None)),
        // Nothing was read of a log that has nothing pruned.
        None if head.seq == 0 => Ok((head, None)),
        _ => Err(cut_off()),
    }
}

/// Checks that a row continues the chain. Tells its place, the number of the `decided` event whose record it
/// gives, if it gives one, or why that cannot be read, and how long it is.
fn follow(reader: &TrailReader, row: &Row<'_>, head: Head) -> Result<(Head, About, usize), TrailError> {
    let failed = |error| failed(&reader.path, error);
    let seq: i64 = row.get(0).map_err(failed)?;
    let unreadable = |problem: String| TrailError::Unreadable { path: reader.path.clone(), seq, problem };
    let tampered = || TrailError::Tampered { path: reader.path.clone(), seq };
    let event = read_event(row).map_err(unreadable)?;
    if head.seq.checked_add(1) != Some(seq) || event.prev_hash != head.hash.as_bytes() {
        return Err(unreadable("it does not follow the row before".to_owned()));
    }
    let hash = event.checked_hash(&reader.identity.id).map_err(|_| tampered())?;
    let about = event.read().map(|(body, _)| match body {
        EventBody::Decided(_) | EventBody::Observed(_) => Some(event.seq),
        EventBody::Ended(ended) => ended.decided_seq,
        _ => None,
    });
    let length = event.body.len() + event.payload.map_or(0, str::len);
    Ok((Head { seq, hash }, about, length))
}

/// The number of the event whose record a row gives, or what keeps it from being read.
type About = Result<Option<u64>, String>;

fn prepare<'a>(reader: &'a TrailReader, sql: &str) -> Result<CachedStatement<'a>, TrailError> {
    reader.connection.prepare_cached(sql).map_err(|error| failed(&reader.path, error))
}

fn fetch(reader: &TrailReader) -> Result<CachedStatement<'_>, TrailError> {
    prepare(reader, ROW_AS_OF)
}

/// A record, or what keeps it from being read, how long it is, and when it was answered.
type Fetched = (Result<Record, String>, usize, i64);

/// The record of a row as of an event.
fn read(
    reader: &TrailReader,
    fetch: &mut CachedStatement<'_>,
    seq: u64,
    as_of: u64,
) -> Result<Option<Fetched>, TrailError> {
    let found = fetch
        .query_row(params![seq, as_of], |row| Ok((read_record(row), row.get(7)?, row.get(1)?)))
        .optional()
        .map_err(|error| failed(&reader.path, error))?;
    let Some((record, length, at)) = found else { return Ok(None) };
    Ok(Some((record.map_err(|problem| problem.to_string()), length, at)))
}
