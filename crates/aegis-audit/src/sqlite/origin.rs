//! Where a log begins, by what its newest `pruned` event says.

use std::path::Path;

use aegis_ledger::chain::LogIdentity;
use aegis_ledger::event::PrunedBody;
use aegis_ledger::origin::Origin;
use rusqlite::{Connection, OptionalExtension as _};

use super::sqlite_error::failed;
use crate::error::TrailError;

/// Where a log begins by now.
///
/// # Errors
/// When that cannot be read, or makes no sense.
pub(super) fn origin(
    connection: &Connection,
    path: &Path,
    identity: &LogIdentity,
) -> Result<Origin, TrailError> {
    Ok(newest_pruning(connection, path)?.unwrap_or_else(|| Origin::of(identity)))
}

/// What the newest `pruned` event says, if there is one.
///
/// # Errors
/// When that cannot be read, or makes no sense.
pub(super) fn newest_pruning(connection: &Connection, path: &Path) -> Result<Option<Origin>, TrailError> {
    Ok(newest_pruning_event(connection, path)?.map(|(_, origin)| origin))
}

/// The number of the newest `pruned` event, and what it says, if there is one.
///
/// # Errors
/// When that cannot be read, or makes no sense.
pub(super) fn newest_pruning_event(
    connection: &Connection,
    path: &Path,
) -> Result<Option<(u64, Origin)>, TrailError> {
    let newest: Option<(i64, String)> = connection
        .prepare_cached(
            "SELECT seq, body FROM events WHERE kind = 'pruned' AND action_id = '' ORDER BY seq DESC LIMIT 1",
        )
        .and_then(|mut statement| statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(|error| failed(path, error))?;
    let Some((seq, body)) = newest else { return Ok(None) };
    let body: Option<PrunedBody> = serde_json::from_str(&body).ok();
    body.and_then(|body| body.origin())
        .filter(|origin| origin.through < seq.unsigned_abs())
        .map(|origin| Some((seq.unsigned_abs(), origin)))
        .ok_or_else(|| {
            let problem = "what it says was pruned makes no sense".to_owned();
            TrailError::Unreadable { path: path.to_owned(), seq, problem }
        })
}
