//! The end of the chain, checked before anything is linked to it: nothing is ever appended to a tail that somebody
//! changed.

use std::path::Path;

use aegis_engine::Digest;
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::chain::{Link, commitment, genesis};
use crate::error::TrailError;
use crate::schema::LogIdentity;

/// The newest event: what the next one is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: Digest,
}

/// The newest event, after checking that its hash is the one that its content has, and that `last`, the newest one
/// that this process wrote itself, is still there.
pub(crate) fn head(
    connection: &Connection,
    path: &Path,
    identity: &LogIdentity,
    last: Option<Head>,
) -> Result<Head, TrailError> {
    let newest = connection
        .prepare_cached(
            "SELECT seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash
             FROM events ORDER BY seq DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            // What cannot even be read has no right hash either.
            let checked =
                |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, checked_hash(row, identity).unwrap_or(None)));
            statement.query_row([], checked).optional()
        })
        .map_err(|error| TrailError::sqlite(path, error))?;
    let head = match newest {
        // The first event's `prev_hash` binds the chain to its log.
        None => Head { seq: 0, hash: genesis(&identity.id, identity.created_at) },
        Some((seq, Some(hash))) => Head { seq, hash },
        Some((seq, None)) => return Err(TrailError::Tampered { path: path.to_owned(), seq }),
    };
    match last {
        Some(last) if last != head && hash_at(connection, path, last.seq)? != Some(last.hash) => {
            Err(TrailError::Lost { path: path.to_owned(), seq: last.seq })
        }
        _ => Ok(head),
    }
}

fn hash_at(connection: &Connection, path: &Path, seq: i64) -> Result<Option<Digest>, TrailError> {
    connection
        .prepare_cached("SELECT hash FROM events WHERE seq = ?1")
        .and_then(|mut statement| statement.query_row([seq], |row| row.get(0)).optional())
        .map(|hash: Option<[u8; 32]>| hash.map(Digest::from_bytes))
        .map_err(|error| TrailError::sqlite(path, error))
}

/// A row's hash, if that is the one that its content has.
fn checked_hash(row: &Row<'_>, identity: &LogIdentity) -> rusqlite::Result<Option<Digest>> {
    let (kind, action_id, body): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let (payload, salt): (Option<String>, Option<Vec<u8>>) = (row.get(5)?, row.get(6)?);
    let (committed, prev_hash, stored): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(7)?, row.get(8)?, row.get(9)?);
    let fits = match (&payload, &salt) {
        // A payload that was removed took its salt along; the commitment still stands for it.
        (None, None) => true,
        (Some(_), None) => false,
        (payload, Some(salt)) => commitment(payload.as_deref(), salt).as_bytes() == committed.as_slice(),
    };
    let hash = Link {
        log_id: &identity.id,
        seq: row.get(0)?,
        at: row.get(1)?,
        kind: &kind,
        action_id: &action_id,
        body: &body,
        commitment: &committed,
        prev_hash: &prev_hash,
    }
    .hash();
    Ok((fits && hash.as_bytes() == stored.as_slice()).then_some(hash))
}
