//! A log in memory: the second store, which shows that the journal knows nothing of the first.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aegis_audit::TrailError;
use aegis_audit::store::{Appended, EachEvent, Likeness, Snapshot, Space, Store, Traces, Transaction, Work};
use aegis_ledger::answer::Answer;
use aegis_ledger::chain::{Head, Link, LogIdentity, SALT_LENGTH, commitment};
use aegis_ledger::event::{Body as _, EventKind, PrunedBody, Stamped};
use aegis_ledger::origin::Origin;
use aegis_ledger::record::{BorrowedRecord, Record, RecordRow, Scratch};
use aegis_ledger::stored_event::StoredEvent;

const LOCATION: &str = "memory";

/// A log in memory, which any number of writers share: each clone is one more of them.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    rows: Arc<Mutex<BTreeMap<u64, MemoryRow>>>,
    identity: LogIdentity,
    created: bool,
}

/// One event, as it is stored.
#[derive(Clone, Debug)]
struct MemoryRow {
    at: i64,
    kind: EventKind,
    action_id: String,
    body: String,
    payload: Option<String>,
    salt: Option<[u8; SALT_LENGTH]>,
    commitment: [u8; 32],
    prev_hash: [u8; 32],
    hash: [u8; 32],
}

/// The rows as one transaction has them. They take the place of the others when it is committed.
struct Copied<'a> {
    rows: BTreeMap<u64, MemoryRow>,
    identity: &'a LogIdentity,
}

impl MemoryStore {
    /// An empty log, of which nothing but the number tells it from others.
    pub fn new(number: u8) -> MemoryStore {
        let identity = LogIdentity { id: vec![number; 16], created_at: 1_764_000_000_000, key: [number; 32] };
        MemoryStore { rows: Arc::default(), identity, created: true }
    }

    /// The log as it is now.
    pub fn snapshot(&self) -> impl Snapshot + '_ {
        Copied { rows: self.rows.lock().unwrap().clone(), identity: &self.identity }
    }
}

impl Store for MemoryStore {
    fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    fn location(&self) -> &Path {
        Path::new(LOCATION)
    }

    fn created(&self) -> bool {
        self.created
    }

    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), TrailError> {
        let mut rows = self.rows.lock().unwrap();
        let mut copied = Copied { rows: rows.clone(), identity: &self.identity };
        work(&mut copied)?;
        *rows = copied.rows;
        Ok(())
    }

    fn erase_traces(&mut self) -> Result<Traces, TrailError> {
        Ok(Traces::None)
    }

    fn settle_space(&mut self, _: bool) -> Result<Space, TrailError> {
        Ok(Space { free: 0, journal_emptied: true })
    }
}

impl MemoryRow {
    fn stored(&self, seq: u64) -> StoredEvent<'_> {
        StoredEvent {
            seq,
            at: self.at,
            kind: self.kind.as_str(),
            action_id: &self.action_id,
            body: &self.body,
            payload: self.payload.as_deref(),
            salt: self.salt.as_ref().map(<[u8; SALT_LENGTH]>::as_slice),
            commitment: &self.commitment,
            prev_hash: &self.prev_hash,
            hash: &self.hash,
        }
    }
}

impl Copied<'_> {
    fn newest(&self, action_id: &str, kind: EventKind) -> Option<(u64, &MemoryRow)> {
        let mut rows = self.rows.iter().rev();
        rows.find(|(_, row)| row.kind == kind && row.action_id == action_id).map(|(seq, row)| (*seq, row))
    }

    fn link(&mut self, stamped: &Stamped<'_>) -> Result<Appended, TrailError> {
        let referred = stamped.event.refers_to();
        let referred = referred.and_then(|(id, kind)| self.newest(id, kind)).map(|(seq, _)| seq);
        let encoded = stamped.event.encode(referred, &self.identity.key)?;
        let previous = self.head();
        let (seq, at, kind) = (previous.seq + 1, stamped.at.timestamp_millis(), encoded.body.kind());
        let mut salt = [0; SALT_LENGTH];
        salt[..8].copy_from_slice(&seq.to_be_bytes());
        let commits = commitment(encoded.payload.as_deref(), &salt);
        let link = Link {
            log_id: &self.identity.id,
            seq,
            at,
            kind: kind.as_str(),
            action_id: encoded.action_id,
            body: &encoded.json,
            commitment: commits.as_bytes(),
            prev_hash: previous.hash.as_bytes(),
        };
        let head = Head { seq, hash: link.hash() };
        let number = seq.unsigned_abs();
        let record = encoded.body.record(number);
        let row = MemoryRow {
            at,
            kind,
            action_id: encoded.action_id.to_owned(),
            body: encoded.json,
            payload: encoded.payload,
            salt: Some(salt),
            commitment: *commits.as_bytes(),
            prev_hash: *previous.hash.as_bytes(),
            hash: *head.hash.as_bytes(),
        };
        self.rows.insert(number, row);
        Ok(Appended { head, record })
    }

    fn each<'r>(
        rows: impl Iterator<Item = (&'r u64, &'r MemoryRow)>,
        each: &mut EachEvent<'_>,
    ) -> Result<(), TrailError> {
        for (seq, row) in rows {
            if each(seq.cast_signed(), Ok(row.stored(*seq)))?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Snapshot for Copied<'_> {
    fn identity(&self) -> &LogIdentity {
        self.identity
    }

    fn location(&self) -> &Path {
        Path::new(LOCATION)
    }

    fn origin(&self) -> Result<Origin, TrailError> {
        let Some((_, row)) = self.newest("", EventKind::Pruned) else { return Ok(Origin::of(self.identity)) };
        let body: PrunedBody = serde_json::from_str(&row.body)?;
        Ok(body.origin().unwrap())
    }

    fn each_event(&self, numbers: RangeInclusive<u64>, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        if numbers.is_empty() {
            return Ok(());
        }
        Copied::each(self.rows.range(numbers), each)
    }

    fn each_event_of(&self, action_id: &str, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        Copied::each(self.rows.iter().filter(|(_, row)| row.action_id == action_id), each)
    }

    fn each_question(&self, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        let asks = |row: &MemoryRow| row.kind == EventKind::Requested && row.at >= since;
        Copied::each(self.rows.iter().filter(|(_, row)| asks(row)), each)
    }

    fn each_offer(&self, _key: Option<&str>, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        self.each_question(since, each)
    }

    fn latest(&self) -> Result<i64, TrailError> {
        Ok(self.rows.values().map(|row| row.at).max().unwrap_or_default())
    }

    fn approved_like(&self, like: Likeness<'_>, most: u64) -> Result<Vec<u64>, TrailError> {
        let is_like = |seq: u64, row: &MemoryRow| {
            let stored = row.stored(seq);
            let body = stored.read_body().unwrap();
            body.entry().is_some_and(|entry| {
                (&*entry.action_type, &*entry.action_target) == (like.action_type, like.action_target)
                    && entry.decision == Some(Answer::Approved)
                    && &*entry.matched_rule == like.rule
            })
        };
        let decided = self.rows.iter().rev().filter(|(_, row)| row.kind == EventKind::Decided);
        let found = decided.filter(|(seq, row)| is_like(**seq, row)).map(|(seq, _)| *seq);
        Ok(found.take(usize::try_from(most).unwrap()).collect())
    }
}

impl Transaction for Copied<'_> {
    fn head(&self) -> Head {
        match self.rows.last_key_value() {
            Some((seq, row)) => {
                Head { seq: seq.cast_signed(), hash: aegis_engine::Digest::from_bytes(row.hash) }
            }
            None => Head { seq: 0, hash: self.identity.genesis() },
        }
    }

    fn has_after(&self, seq: u64, kind: EventKind) -> Result<bool, TrailError> {
        Ok(self.rows.iter().any(|(number, row)| *number > seq && row.kind == kind))
    }

    fn append(&mut self, events: &[Stamped<'_>]) -> Result<Vec<Appended>, TrailError> {
        events.iter().map(|stamped| self.link(stamped)).collect()
    }

    fn record(&self, seq: u64) -> Result<Option<Record>, TrailError> {
        let Some(row) = self.rows.get(&seq) else { return Ok(None) };
        let ended = self.newest(&row.action_id, EventKind::Ended).map(|(_, ended)| ended.body.as_str());
        let entry = RecordRow {
            seq,
            at: row.at,
            action_id: &row.action_id,
            body: &row.body,
            payload: row.payload.as_deref(),
            hash: &row.hash,
        };
        let mut scratch = Scratch::default();
        let record = BorrowedRecord::read(&entry, ended, &mut scratch);
        Ok(Some(record.and_then(|record| Ok(record.to_record()?)).unwrap()))
    }

    fn remove_payloads(&mut self, events: &[u64]) -> Result<(), TrailError> {
        for event in events {
            if let Some(row) = self.rows.get_mut(event) {
                (row.payload, row.salt) = (None, None);
            }
        }
        Ok(())
    }

    fn delete_pruned(&mut self) -> Result<u64, TrailError> {
        let (before, through) = (self.rows.len(), self.origin()?.through);
        self.rows.retain(|seq, _| *seq > through);
        Ok((before - self.rows.len()) as u64)
    }
}
