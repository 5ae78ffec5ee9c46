//! Proving that one action's decision is in a log.

use aegis_engine::Digest;
use aegis_ledger::checkpoint::CheckpointNote;
use aegis_ledger::merkle::PathGatherer;
use aegis_ledger::proof::{InclusionProof, ProvenEvent};
use rusqlite::{OptionalExtension as _, Row};

use super::origin::newest_pruning;
use super::reader::TrailReader;
use super::row::{EVENT_COLUMNS, read_event};
use super::sqlite_error::failed;
use crate::error::TrailError;

impl TrailReader {
    /// Whether the log has an event of this action that could be proven.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn can_prove(&self, action_id: &str) -> Result<bool, TrailError> {
        let _moment = self.moment()?;
        Ok(self.event_of(action_id, false)?.is_some())
    }

    /// Proves that an action's decision (or the question, where it was not decided) is among the events that
    /// a checkpoint of this log covers. `None` if the log has no such event, or the checkpoint does not cover
    /// it. The payload may be left out: what else is known of the event is proven without it.
    ///
    /// # Errors
    /// When the log cannot be read, is damaged, or is not the one that the checkpoint is of.
    pub fn prove(
        &self,
        action_id: &str,
        note: &CheckpointNote,
        with_payload: bool,
    ) -> Result<Option<InclusionProof>, TrailError> {
        let _moment = self.moment()?;
        let Some(event) = self.event_of(action_id, with_payload)? else { return Ok(None) };
        let size = note.checkpoint().size;
        let gatherer = event.seq.checked_sub(1).and_then(|index| PathGatherer::new(index, size));
        let Some(gatherer) = gatherer else { return Ok(None) };
        let path = self.path_through(gatherer, size)?.unwrap_or_default();
        let seq = i64::try_from(event.seq).unwrap_or(i64::MAX);
        match InclusionProof::new(self.id(), event, &path, note) {
            Ok(proof) => Ok(Some(proof)),
            Err(_) => Err(TrailError::Tampered { path: self.path().to_owned(), seq }),
        }
    }

    fn event_of(&self, action_id: &str, with_payload: bool) -> Result<Option<ProvenEvent>, TrailError> {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM events WHERE action_id = ?1 AND kind IN ('requested', 'decided', 'observed')
             ORDER BY kind, seq DESC LIMIT 1",
        );
        let proven = |row: &Row<'_>| {
            Ok((row.get(0)?, read_event(row).map(|event| ProvenEvent::of(&event, with_payload))))
        };
        let found = self
            .connection()
            .query_row(&sql, [action_id], proven)
            .optional()
            .map_err(|error| failed(self.path(), error))?;
        match found {
            None => Ok(None),
            Some((_, Ok(event))) => Ok(Some(event)),
            Some((seq, Err(problem))) => {
                Err(TrailError::Unreadable { path: self.path().to_owned(), seq, problem })
            }
        }
    }

    fn path_through(&self, mut gatherer: PathGatherer, size: u64) -> Result<Option<Vec<Digest>>, TrailError> {
        let failed = |error| failed(self.path(), error);
        let pruned =
            newest_pruning(self.connection(), self.path())?.map(|origin| origin.tree).unwrap_or_default();
        gatherer.begin(&pruned);
        let mut statement = self
            .connection()
            .prepare("SELECT hash FROM events WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")
            .map_err(failed)?;
        let mut rows = statement.query([pruned.size(), size]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            gatherer.push(&Digest::from_bytes(row.get(0).map_err(failed)?));
        }
        Ok(gatherer.finish())
    }
}
