//! Which events give the records that a filter lets through: joined from sets, block by block.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use aegis_engine::{ApprovalMode, RiskLevel};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::block_index::{BlockIndex, block_of, first_of};
use aegis_ledger::event::{EventKind, Field};
use aegis_ledger::filter::{Filter, ceil_millis};
use roaring::{RoaringBitmap, RoaringTreemap};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::index::read_range;
use super::sqlite_error::failed;
use crate::error::TrailError;

/// The events that give the records of a filter: for each action its `decided` event, its `requested` one
/// where it was not decided, or its `observed` one.
///
/// Everything is read through one connection, on which a transaction should keep the log as it is.
pub(super) struct Selection<'a> {
    connection: &'a Connection,
    path: &'a Path,
    filter: &'a Filter,
    /// The blocks to look at, and whether the index has each of them.
    blocks: Vec<(u64, Indexed)>,
    /// The events of the blocks that the index does not have.
    read: BTreeMap<u64, BlockIndex>,
    superseded: RoaringTreemap,
    outcomes: BTreeMap<String, RoaringTreemap>,
}

/// What the index says of a whole block.
#[derive(Clone, Copy, Debug)]
enum Indexed {
    /// It is indexed, and its events are of these times.
    Stored { earliest: i64, latest: i64 },
    /// It is not full, or the index does not have it: its events are read instead.
    Read,
}

impl<'a> Selection<'a> {
    /// Prepares a selection.
    pub(super) fn new(
        connection: &'a Connection,
        path: &'a Path,
        filter: &'a Filter,
    ) -> Result<Selection<'a>, TrailError> {
        let mut selection = Selection {
            connection,
            path,
            filter,
            blocks: Vec::new(),
            read: BTreeMap::new(),
            superseded: RoaringTreemap::new(),
            outcomes: BTreeMap::new(),
        };
        selection.find_blocks()?;
        selection.load_references()?;
        Ok(selection)
    }

    /// How many records there are.
    pub(super) fn count(&self) -> Result<u64, TrailError> {
        let limit = self.filter.limit.unwrap_or(u64::MAX);
        let mut count = 0_u64;
        for (block, indexed) in self.blocks.iter().rev() {
            count = count.saturating_add(self.events_in(*block, *indexed)?.len());
            if count >= limit {
                return Ok(limit);
            }
        }
        Ok(count)
    }

    /// Calls `each` with the number of every event, in the order of the filter, until it breaks.
    pub(super) fn for_each<E: From<TrailError>>(
        &self,
        mut each: impl FnMut(u64) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        match (self.filter.limit, self.filter.reverse) {
            (None, false) => {
                for (block, indexed) in &self.blocks {
                    let first = first_of(*block);
                    for offset in self.events_in(*block, *indexed)? {
                        if each(first.saturating_add(u64::from(offset)))?.is_break() {
                            return Ok(());
                        }
                    }
                }
                Ok(())
            }
            (limit, true) => self.newest_first(limit.unwrap_or(u64::MAX), each),
            (Some(limit), false) => {
                let mut newest = Vec::new();
                self.newest_first(limit, |seq| {
                    newest.push(seq);
                    Ok::<_, E>(ControlFlow::Continue(()))
                })?;
                for seq in newest.into_iter().rev() {
                    if each(seq)?.is_break() {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    fn newest_first<E: From<TrailError>>(
        &self,
        limit: u64,
        mut each: impl FnMut(u64) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let mut left = limit;
        for (block, indexed) in self.blocks.iter().rev() {
            if left == 0 {
                break;
            }
            let first = first_of(*block);
            for offset in self.events_in(*block, *indexed)?.into_iter().rev() {
                if left == 0 || each(first.saturating_add(u64::from(offset)))?.is_break() {
                    return Ok(());
                }
                left -= 1;
            }
        }
        Ok(())
    }

    /// What the newest `ended` event says of the outcome of this `decided` one.
    pub(super) fn outcome(&self, seq: u64) -> Option<&str> {
        self.outcomes.iter().find(|(_, events)| events.contains(seq)).map(|(status, _)| status.as_str())
    }

    /// Whether the outcome of any action is known.
    pub(super) fn has_outcomes(&self) -> bool {
        !self.outcomes.is_empty()
    }

    fn failed(&self, error: rusqlite::Error) -> TrailError {
        failed(self.path, error)
    }

    /// Finds the blocks that the log has, and reads the events of those that the index does not have.
    fn find_blocks(&mut self) -> Result<(), TrailError> {
        // Only somebody who changed it can give a row a number below 1, or one far behind all others: blocks
        // are looked for where there are rows, and not counted through.
        let mut next = self
            .connection
            .prepare_cached("SELECT min(seq) FROM events WHERE seq >= ?1")
            .map_err(|error| self.failed(error))?;
        let mut next_from = |seq: u64| {
            let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
            let found: rusqlite::Result<Option<i64>> = next.query_row([seq], |row| row.get(0));
            found.map(|found| found.map(i64::unsigned_abs)).map_err(|error| self.failed(error))
        };
        let mut stored = self
            .connection
            .prepare_cached("SELECT earliest, latest FROM blocks WHERE block = ?1")
            .map_err(|error| self.failed(error))?;
        let (mut blocks, mut read) = (Vec::new(), BTreeMap::new());
        let mut found = next_from(self.filter.after_seq.unwrap_or(0).saturating_add(1))?;
        while let Some(oldest) = found {
            let block = block_of(oldest);
            let behind = first_of(block.saturating_add(1));
            let times = stored
                .query_row([block], |row| Ok(Indexed::Stored { earliest: row.get(0)?, latest: row.get(1)? }))
                .optional()
                .map_err(|error| self.failed(error))?;
            if times.is_none() {
                let last = behind.saturating_sub(1).min(i64::MAX.unsigned_abs());
                read.insert(block, read_range(self.connection, self.path, oldest, last)?);
            }
            blocks.push((block, times.unwrap_or(Indexed::Read)));
            found = next_from(behind)?;
        }
        (self.blocks, self.read) = (blocks, read);
        Ok(())
    }

    /// Loads which requests were decided, and which outcomes are known. A later event may be about a much
    /// earlier one, so these sets are of the whole log.
    fn load_references(&mut self) -> Result<(), TrailError> {
        let connection = self.connection;
        let mut statement = connection
            .prepare_cached("SELECT value, block, events FROM terms WHERE field = ?1 ORDER BY block")
            .map_err(|error| self.failed(error))?;
        let mut sets = BTreeMap::<u64, Vec<(String, RoaringTreemap)>>::new();
        if self.filter.decision.is_empty() {
            for (_, _, events) in self.references(&mut statement, Field::Superseded)? {
                self.superseded |= events;
            }
            for read in self.read.values() {
                self.superseded |= read.superseded();
            }
        }
        for (status, block, events) in self.references(&mut statement, Field::Outcome)? {
            sets.entry(block).or_default().push((status, events));
        }
        for (block, read) in &self.read {
            let outcomes = read.outcomes().iter().map(|(status, events)| (status.clone(), events.clone()));
            sets.entry(*block).or_default().extend(outcomes);
        }
        // The newest word on an outcome is the one that counts.
        for (status, events) in sets.into_values().flatten() {
            for earlier in self.outcomes.values_mut() {
                *earlier -= &events;
            }
            *self.outcomes.entry(status).or_default() |= events;
        }
        Ok(())
    }

    fn references(
        &self,
        statement: &mut rusqlite::CachedStatement<'_>,
        field: Field,
    ) -> Result<Vec<(String, u64, RoaringTreemap)>, TrailError> {
        let rows = statement
            .query_map([field as u8], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?, row.get::<_, Vec<u8>>(2)?))
            })
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(|error| self.failed(error))?;
        rows.into_iter()
            .map(|(value, block, bytes)| {
                let events = RoaringTreemap::deserialize_from(bytes.as_slice())
                    .map_err(|_| self.unreadable(field, &value, block))?;
                Ok((value, block, events))
            })
            .collect()
    }

    fn unreadable(&self, field: Field, value: &str, block: u64) -> TrailError {
        let problem = format!("the index of {field:?} `{value}` in block {block} cannot be read");
        TrailError::Corrupt { path: self.path.to_owned(), problem }
    }

    /// The events of a block that have a value.
    fn term(&self, block: u64, field: Field, value: &str) -> Result<RoaringBitmap, TrailError> {
        if let Some(read) = self.read.get(&block) {
            return Ok(read.events(field, value));
        }
        let bytes: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT events FROM terms WHERE field = ?1 AND value = ?2 AND block = ?3")
            .and_then(|mut statement| {
                statement.query_row(params![field as u8, value, block], |row| row.get(0)).optional()
            })
            .map_err(|error| self.failed(error))?;
        match bytes {
            None => Ok(RoaringBitmap::new()),
            Some(bytes) => RoaringBitmap::deserialize_from(bytes.as_slice())
                .map_err(|_| self.unreadable(field, value, block)),
        }
    }

    fn any_term<'w>(
        &self,
        block: u64,
        field: Field,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Result<RoaringBitmap, TrailError> {
        let mut any = RoaringBitmap::new();
        for word in words {
            any |= self.term(block, field, word)?;
        }
        Ok(any)
    }

    /// The events of a block that the filter lets through, as numbers within it.
    fn events_in(&self, block: u64, indexed: Indexed) -> Result<RoaringBitmap, TrailError> {
        let filter = self.filter;
        let (since, until) = (filter.since.map(ceil_millis), filter.until.map(ceil_millis));
        let (earliest, latest) = match indexed {
            Indexed::Stored { earliest, latest } => (earliest, latest),
            Indexed::Read => self.read.get(&block).map_or((0, 0), |read| (read.earliest(), read.latest())),
        };
        let outside =
            since.is_some_and(|since| latest < since) || until.is_some_and(|until| earliest >= until);
        let mut found = if outside { RoaringBitmap::new() } else { self.that_stand(block)? };
        for (field, wanted) in [
            (Field::Session, &filter.session),
            (Field::Agent, &filter.agent),
            (Field::Type, &filter.action_type),
            (Field::Target, &filter.target),
            (Field::Rule, &filter.rule),
        ] {
            if let Some(wanted) = wanted.as_deref().filter(|_| !found.is_empty()) {
                found &= self.term(block, field, wanted)?;
            }
        }
        if !filter.risk.is_empty() {
            found &= self.any_term(block, Field::Risk, filter.risk.iter().copied().map(RiskLevel::as_str))?;
        }
        if !filter.approval.is_empty() {
            let words = filter.approval.iter().copied().map(ApprovalMode::as_str);
            found &= self.any_term(block, Field::Approval, words)?;
        }
        if !filter.result.is_empty() {
            found &= self.with_results(block, &filter.result)?;
        }
        if let Some(after) = filter.after_seq.filter(|after| block_of(after.saturating_add(1)) == block) {
            found.remove_range(0..offset_in(block, after.saturating_add(1)));
        }
        let within = since.is_none_or(|since| since <= earliest) && until.is_none_or(|until| latest < until);
        if !within {
            self.keep_times(block, &mut found, since, until)?;
        }
        // What cannot be read might be meant: reading it says what is wrong.
        if let Some(read) = self.read.get(&block) {
            found |= read.unreadable();
        }
        Ok(found)
    }

    /// The events of a block that stand for their actions, and have one of the wanted answers.
    fn that_stand(&self, block: u64) -> Result<RoaringBitmap, TrailError> {
        if !self.filter.decision.is_empty() {
            let words = self.filter.decision.iter().copied().map(Answer::as_str);
            return self.any_term(block, Field::Decision, words);
        }
        let decided = self.term(block, Field::Kind, EventKind::Decided.as_str())?;
        let requested = self.term(block, Field::Kind, EventKind::Requested.as_str())?;
        let observed = self.term(block, Field::Kind, EventKind::Observed.as_str())?;
        Ok(decided | observed | (requested - within(block, &self.superseded)))
    }

    /// The events of a block whose actions ended so: by their newest outcome, or else by what the answer
    /// says.
    fn with_results(&self, block: u64, results: &[ResultStatus]) -> Result<RoaringBitmap, TrailError> {
        let words = || results.iter().copied().map(ResultStatus::as_str);
        let (mut ended, mut wanted) = (RoaringBitmap::new(), RoaringBitmap::new());
        for (status, events) in &self.outcomes {
            let events = within(block, events);
            if words().any(|word| word == status) {
                wanted |= &events;
            }
            ended |= events;
        }
        Ok(wanted | (self.any_term(block, Field::Result, words())? - ended))
    }

    /// Keeps the events whose own time is within bounds, where the block's are not enough to tell.
    fn keep_times(
        &self,
        block: u64,
        found: &mut RoaringBitmap,
        since: Option<i64>,
        until: Option<i64>,
    ) -> Result<(), TrailError> {
        let mut time = self
            .connection
            .prepare_cached("SELECT at FROM events WHERE seq = ?1")
            .map_err(|error| self.failed(error))?;
        let mut kept = RoaringBitmap::new();
        for offset in found.iter() {
            let seq = first_of(block).saturating_add(u64::from(offset));
            let at: Option<i64> =
                time.query_row([seq], |row| row.get(0)).optional().map_err(|error| self.failed(error))?;
            if at.is_some_and(|at| {
                since.is_none_or(|since| since <= at) && until.is_none_or(|until| at < until)
            }) {
                kept.insert(offset);
            }
        }
        *found = kept;
        Ok(())
    }
}

fn offset_in(block: u64, seq: u64) -> u32 {
    u32::try_from(seq.saturating_sub(first_of(block))).unwrap_or(u32::MAX)
}

/// The part of a set of events that lies in a block, as numbers within it.
fn within(block: u64, events: &RoaringTreemap) -> RoaringBitmap {
    let mut found = RoaringBitmap::new();
    let mut iterator = events.iter();
    iterator.advance_to(first_of(block));
    for seq in iterator.take_while(|seq| block_of(*seq) == block) {
        found.insert(offset_in(block, seq));
    }
    found
}
