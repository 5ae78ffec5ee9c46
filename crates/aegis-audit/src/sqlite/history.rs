//! Questions about one action.

use aegis_ledger::event::StartedBody;
use aegis_ledger::history::{Found, History};
use rusqlite::OptionalExtension as _;

use super::reader::TrailReader;
use super::sqlite_error::failed;
use crate::error::TrailError;
use crate::store::history_of;

impl TrailReader {
    /// Which actions have this id or an id that begins like it. Of several, at most `most` are given. An id
    /// that is there as it is stands for itself, whatever else begins like it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn find_actions(&self, prefix: &str, most: usize) -> Result<Found, TrailError> {
        let failed = |error| failed(&self.path, error);
        if prefix.is_empty() {
            // Without an id, an event is about the log itself.
            return Ok(Found::Nothing);
        }
        // No text that begins like the prefix comes after the prefix and the last of all characters.
        let last = format!("{prefix}{}", char::MAX);
        let most = i64::try_from(most.max(2)).unwrap_or(i64::MAX);
        let _moment = self.moment()?;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT DISTINCT action_id FROM events WHERE action_id >= ?1 AND action_id <= ?2 \
                 ORDER BY action_id LIMIT ?3",
            )
            .map_err(failed)?;
        let found = statement
            .query_map((prefix, last, most), |row| row.get(0))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<String>>>)
            .map_err(failed)?;
        self.check_unchanged()?;
        Ok(match found.as_slice() {
            [] => Found::Nothing,
            // The shortest comes first, and an id that is the prefix itself is the shortest.
            [one, ..] if one == prefix || found.len() == 1 => Found::One(one.clone()),
            _ => Found::Several(found),
        })
    }

    /// The id of the action that the event of this number is about; empty if it is about the log itself.
    /// `None` if there is no such event.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn action_of(&self, seq: u64) -> Result<Option<String>, TrailError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let _moment = self.moment()?;
        let found = self
            .connection
            .prepare_cached("SELECT action_id FROM events WHERE seq = ?1")
            .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
            .map_err(|error| failed(&self.path, error))?;
        self.check_unchanged()?;
        Ok(found)
    }

    /// What is recorded of how an action began that has no end, or whose end nobody knows; `None` where it
    /// was not started. Nothing of it is compared with its hash.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn unfinished(&self, action_id: &str) -> Result<Option<StartedBody>, TrailError> {
        let body: Option<String> = self
            .connection
            .prepare_cached("SELECT body FROM events WHERE action_id = ?1 AND kind = 'started' LIMIT 1")
            .and_then(|mut statement| statement.query_row([action_id], |row| row.get(0)).optional())
            .map_err(|error| failed(&self.path, error))?;
        // What cannot be read is told of where its row is.
        Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// Everything that the log holds about the action with this id. `None` if that is nothing.
    ///
    /// An event that does not fit its hash, or cannot be read, is no error: it is given with what is wrong
    /// with it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn history(&self, action_id: &str) -> Result<Option<History>, TrailError> {
        history_of(self, action_id)
    }
}
