//! The end of the chain, checked before anything is linked to it: nothing is ever appended to a tail that
//! somebody changed.

use std::path::Path;

use aegis_engine::Digest;
use rusqlite::{Connection, OptionalExtension as _, Row};

use aegis_ledger::chain::{Head, LogIdentity};

use super::origin::newest_pruning;
use super::row::{EVENT_COLUMNS, read_event};
use super::sqlite_error::failed;
use crate::error::TrailError;

/// The newest event, after checking that its hash is the one that its content has, and that `last`, the
/// newest one that this process wrote itself, is still there.
pub(super) fn head(
    connection: &Connection,
    path: &Path,
    identity: &LogIdentity,
    last: Option<Head>,
) -> Result<Head, TrailError> {
    let newest = connection
        .prepare_cached(&format!("SELECT {EVENT_COLUMNS} FROM events ORDER BY seq DESC LIMIT 1"))
        .and_then(|mut statement| {
            // What cannot even be read has no right hash either.
            let checked = |row: &Row<'_>| {
                let hash = read_event(row).ok().and_then(|event| event.checked_hash(&identity.id).ok());
                Ok((row.get::<_, i64>(0)?, hash))
            };
            statement.query_row([], checked).optional()
        })
        .map_err(|error| failed(path, error))?;
    let head = match newest {
        // The first event's `prev_hash` binds the chain to its log.
        None => Head { seq: 0, hash: identity.genesis() },
        Some((seq, Some(hash))) => Head { seq, hash },
        Some((seq, None)) => return Err(TrailError::Tampered { path: path.to_owned(), seq }),
    };
    match last {
        Some(last) if last != head && !is_accounted_for(connection, path, last)? => {
            Err(TrailError::Lost { path: path.to_owned(), seq: last.seq })
        }
        _ => Ok(head),
    }
}

/// Whether an event is still there, or was pruned.
fn is_accounted_for(connection: &Connection, path: &Path, event: Head) -> Result<bool, TrailError> {
    if let Some(hash) = hash_at(connection, path, event.seq)? {
        return Ok(hash == event.hash);
    }
    let seq = event.seq.unsigned_abs();
    Ok(newest_pruning(connection, path)?
        .is_some_and(|pruned| pruned.through > seq || (pruned.through == seq && pruned.head == event.hash)))
}

fn hash_at(connection: &Connection, path: &Path, seq: i64) -> Result<Option<Digest>, TrailError> {
    connection
        .prepare_cached("SELECT hash FROM events WHERE seq = ?1")
        .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
        .map(|hash: Option<[u8; 32]>| hash.map(Digest::from_bytes))
        .map_err(|error| failed(path, error))
}
