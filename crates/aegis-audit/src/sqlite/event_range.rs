//! Which events of a log are exported: a run without gaps, or the export would not verify.

use std::io::Write;
use std::ops::ControlFlow;

use aegis_engine::Digest;
use aegis_ledger::event_lines::{Compression, EventLinesError, EventWriter, EventsEnd, EventsHeader};
use aegis_ledger::filter::ceil_millis;
use aegis_ledger::origin::Preceding;
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, params};
use thiserror::Error;

use super::origin::origin;
use super::reader::TrailReader;
use super::sqlite_error::failed;
use crate::error::TrailError;

/// Events of a log without a gap between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRange {
    header: EventsHeader,
    first: u64,
    /// The last one; the one before the first where there are none.
    last: u64,
}

impl EventRange {
    /// How many events there are.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.last.saturating_add(1).saturating_sub(self.first)
    }
}

/// Why events could not be exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RangeError {
    /// The log could not be read.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The clock was set back: what is of that time does not stand together.
    #[error(
        "the events of that time do not stand together: row {row} is of another time (the clock was set back)"
    )]
    Split {
        /// The first row between them that is not of that time.
        row: u64,
    },
    /// The export could not be written.
    #[error(transparent)]
    Write(#[from] EventLinesError),
}

impl TrailReader {
    /// The events that happened at `since` or later, and before `until`: all of them where neither is given.
    ///
    /// # Errors
    /// When the log cannot be read, or they do not stand together.
    pub fn event_range(
        &self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> Result<EventRange, RangeError> {
        let _moment = self.moment()?;
        let gone = origin(self.connection(), self.path(), self.identity())?;
        let bounds = (since.map_or(i64::MIN, ceil_millis), until.map_or(i64::MAX, ceil_millis));
        let whole = since.is_none() && until.is_none();
        let found = if whole { self.all(gone.through) } else { self.within(gone.through, bounds) };
        let (first, last) = found.map_err(|error| failed(self.path(), error))?;
        if !whole && let Some(row) = self.first_outside(first, last, bounds)? {
            return Err(RangeError::Split { row });
        }
        let after = if first == gone.through.saturating_add(1) {
            Some(gone.preceding())
        } else {
            self.before(first)?
        };
        self.check_unchanged()?;
        Ok(EventRange { header: EventsHeader::new(self.identity(), after), first, last })
    }

    /// Writes the events of a range, as they are. `progress` is told how many there were so far.
    ///
    /// # Errors
    /// When the log cannot be read, or `writer` takes nothing more.
    pub fn write_events<W: Write>(
        &self,
        range: &EventRange,
        compression: Compression,
        writer: W,
        mut progress: impl FnMut(u64),
    ) -> Result<(W, EventsEnd), RangeError> {
        let mut writer = EventWriter::new(writer, compression, &range.header)?;
        let mut written = 0;
        self.events(range.first..=range.last, |seq, event| {
            let event = event.map_err(|problem| self.unreadable(seq.unsigned_abs(), &problem))?;
            writer.write(&event)?;
            written += 1;
            progress(written);
            Ok::<_, RangeError>(ControlFlow::Continue(()))
        })?;
        Ok(writer.finish()?)
    }

    /// All events behind those that are gone.
    fn all(&self, gone: u64) -> rusqlite::Result<(u64, u64)> {
        let newest: Option<i64> =
            self.connection().query_row("SELECT max(seq) FROM events", [], |row| row.get(0))?;
        let newest = newest.and_then(|newest| u64::try_from(newest).ok()).unwrap_or_default();
        Ok((gone.saturating_add(1), newest.max(gone)))
    }

    /// From the first event of a time to the last one.
    fn within(&self, gone: u64, (since, until): (i64, i64)) -> rusqlite::Result<(u64, u64)> {
        let found: (Option<u64>, Option<u64>) = self.connection().query_row(
            "SELECT min(seq), max(seq) FROM events WHERE seq > ?1 AND at >= ?2 AND at < ?3",
            params![gone, since, until],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        match found {
            (Some(first), Some(last)) => Ok((first, last)),
            _ => Ok((gone.saturating_add(1), gone)),
        }
    }

    fn first_outside(
        &self,
        first: u64,
        last: u64,
        (since, until): (i64, i64),
    ) -> Result<Option<u64>, TrailError> {
        self.connection()
            .query_row(
                "SELECT seq FROM events WHERE seq BETWEEN ?1 AND ?2 AND (at < ?3 OR at >= ?4) ORDER BY seq LIMIT 1",
                params![first, last, since, until],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| failed(self.path(), error))
    }

    /// What stands before an event in the middle of the log.
    fn before(&self, first: u64) -> Result<Option<Preceding>, TrailError> {
        let head: Option<[u8; 32]> = self
            .connection()
            .query_row("SELECT prev_hash FROM events WHERE seq = ?1", [first], |row| row.get(0))
            .optional()
            .map_err(|error| failed(self.path(), error))?;
        let seq = first.saturating_sub(1);
        Ok(head.map(|head| Preceding { seq, head: Digest::from_bytes(head), tree: None }))
    }
}
