//! What the newest `pruned` event says: where the log begins.

use std::path::Path;

use aegis_engine::Digest;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;

use crate::error::TrailError;
use crate::event_lines::Preceding;
use crate::merkle::Frontier;
use crate::schema::LogIdentity;

/// What is gone from a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// The number of the last event that is gone; 0 if none is.
    pub(crate) through: u64,
    /// That event's hash: what the oldest one that is left is linked to.
    pub(crate) head: Digest,
    /// The tree over everything that is gone.
    pub(crate) tree: Frontier,
    /// The hash before the log's first event; absent where the event does not say it.
    pub(crate) genesis: Option<Digest>,
}

#[derive(Deserialize)]
struct Body {
    through: u64,
    head: String,
    subtrees: Vec<String>,
    #[serde(default)]
    genesis: Option<String>,
}

impl Pruned {
    /// What is gone from a log by now.
    ///
    /// # Errors
    /// When it cannot be read, or makes no sense.
    pub(crate) fn of(
        connection: &Connection,
        path: &Path,
        identity: &LogIdentity,
    ) -> Result<Pruned, TrailError> {
        Ok(Pruned::newest(connection, path)?.unwrap_or_else(|| Pruned {
            through: 0,
            head: identity.genesis(),
            tree: Frontier::default(),
            genesis: Some(identity.genesis()),
        }))
    }

    /// What the newest `pruned` event says, if there is one.
    pub(crate) fn newest(connection: &Connection, path: &Path) -> Result<Option<Pruned>, TrailError> {
        let newest: Option<(i64, String)> = connection
            .prepare_cached(
                "SELECT seq, body FROM events WHERE kind = 'pruned' AND action_id = '' ORDER BY seq DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(|error| TrailError::sqlite(path, error))?;
        let Some((seq, body)) = newest else { return Ok(None) };
        let unreadable = || {
            let problem = "what it says was pruned makes no sense".to_owned();
            TrailError::Unreadable { path: path.to_owned(), seq, problem }
        };
        Pruned::parse(&body)
            .filter(|pruned| pruned.through < seq.unsigned_abs())
            .map(Some)
            .ok_or_else(unreadable)
    }

    /// What an export that begins behind it has before its first event.
    pub(crate) fn preceding(&self) -> Preceding {
        Preceding { seq: self.through, head: self.head, tree: Some(self.tree.clone()) }
    }

    /// Reads the body of a `pruned` event.
    pub(crate) fn parse(body: &str) -> Option<Pruned> {
        let Body { through, head, subtrees, genesis } = serde_json::from_str(body).ok()?;
        let subtrees: Option<Vec<_>> = subtrees.iter().map(|subtree| Digest::from_hex(subtree)).collect();
        let tree = Frontier::from_subtrees(through, &subtrees?)?;
        let genesis = match genesis {
            None => None,
            Some(genesis) => Some(Digest::from_hex(&genesis)?),
        };
        Some(Pruned { through, head: Digest::from_hex(&head)?, tree, genesis })
    }
}
