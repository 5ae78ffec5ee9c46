//! A grant that a log has, with the action with which it was given, as the log has both.

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{TrailError, offered_grant_of, open_grants};
use aegis_ledger::event::{EntryBody, EventBody};
use aegis_ledger::grant::{Grant, OfferedGrant};
use chrono::{DateTime, Utc};

/// A grant that a log has, with the action with which it was given, as the log has both.
#[derive(Clone, Debug)]
pub struct RecordedGrant {
    grant: Grant,
    entry: EntryBody,
    log: String,
}

impl RecordedGrant {
    /// Reads the grant of this id; `None` if none was given.
    ///
    /// # Errors
    /// When what the log says of it does not fit its hash.
    pub fn read(log: &TrailReader, id: &str) -> Result<Option<RecordedGrant>, TrailError> {
        log.at_one_moment(|log| {
            let grant = offered_grant_of(log, id)?.and_then(OfferedGrant::into_grant);
            grant.map_or(Ok(None), |grant| RecordedGrant::of(log, grant))
        })
    }

    /// Those that hold at an instant, in the order in which they were asked for.
    ///
    /// # Errors
    /// When the log cannot be read, or one of them is not to be believed.
    pub fn all(log: &TrailReader, now: DateTime<Utc>) -> Result<Vec<RecordedGrant>, TrailError> {
        log.at_one_moment(|log| {
            let mut all = Vec::new();
            for grant in open_grants(log, now)? {
                all.extend(RecordedGrant::of(log, grant)?);
            }
            Ok(all)
        })
    }

    fn of(log: &TrailReader, grant: Grant) -> Result<Option<RecordedGrant>, TrailError> {
        let Some(history) = log.history(grant.id())? else { return Ok(None) };
        let entry = history.events.into_iter().find_map(|event| match event.told {
            Some(EventBody::Requested(entry)) if entry.offer.is_some() => Some(entry),
            _ => None,
        });
        Ok(entry.map(|entry| RecordedGrant { grant, entry, log: history.log }))
    }

    /// The grant, and what is left of it.
    #[must_use]
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The action that was asked about, and what the policy said of it.
    #[must_use]
    pub const fn entry(&self) -> &EntryBody {
        &self.entry
    }

    /// The id of the log.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }
}
