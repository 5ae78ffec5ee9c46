//! What is derived from the rows, compared with what they give: the index over full blocks, and the index by
//! action.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use aegis_ledger::block_index::{BLOCK, block_of, first_of};
use aegis_ledger::stored_event::StoredEvent;
use aegis_ledger::verify::{DamageKind, FullBlock, IndexObserver, Verifier};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::TrailError;
use crate::sqlite::index::{check, count_terms};

/// Compares what is stored for a full block. Gives how many terms it has; `None` if damage keeps that from
/// being known.
pub(super) fn check_block(
    connection: &Connection,
    path: &Path,
    full: &FullBlock,
    verifier: &mut Verifier<'_, IndexObserver>,
) -> Result<Option<u64>, TrailError> {
    let first = i64::try_from(first_of(full.block)).ok();
    let Some(index) = &full.index else { return Ok(None) };
    let mut problems = match check(connection, path, full.block, index) {
        Err(error @ TrailError::Locked { .. }) => return Err(error),
        // What is derived from the rows may be unreadable where they are not: the others are still to be
        // looked at.
        Err(error) => {
            let problem = format!("it cannot be read: {error}");
            verifier.damage(first, DamageKind::Index { problem });
            return Ok(None);
        }
        Ok(problems) => problems,
    };
    let stored: Option<Vec<u8>> = connection
        .prepare_cached("SELECT root FROM blocks WHERE block = ?1")
        .and_then(|mut statement| statement.query_row([full.block], |row| row.get(0)).optional())
        .unwrap_or_default();
    if let (Some(root), Some(stored)) = (full.root, stored)
        && root.as_bytes().as_slice() != stored
    {
        problems.push("its root in `blocks` is not that of its events".to_owned());
    }
    for problem in problems {
        verifier.damage(first, DamageKind::Index { problem });
    }
    let mut terms = 0;
    index.for_each::<TrailError>(|_, _, _| {
        terms += 1;
        Ok(())
    })?;
    Ok(Some(terms))
}

/// Compares how many blocks and terms there are with how many there should be.
pub(super) fn check_block_count(
    connection: &Connection,
    terms: Option<u64>,
    full: u64,
    start: u64,
) -> Vec<(Option<i64>, DamageKind)> {
    let newest: Result<Option<u64>, _> =
        connection.query_row("SELECT max(block) FROM blocks", [], |row| row.get(0));
    let count: Result<u64, _> = connection.query_row("SELECT count(*) FROM blocks", [], |row| row.get(0));
    let (newest, count) = match (newest, count) {
        (Ok(newest), Ok(count)) => (newest, count),
        (Err(error), _) | (_, Err(error)) => return vec![unreadable(&error)],
    };
    let mut found = Vec::new();
    if let Some(newest) = newest.filter(|newest| *newest >= full) {
        // A block is indexed when it is full: whoever cut off the end forgot about it.
        let claimed = newest.saturating_add(1).saturating_mul(BLOCK);
        let anchor = "its own index".to_owned();
        found.push((None, DamageKind::Truncated { anchor, claimed }));
    } else if count != full.saturating_sub(block_of(start)) && terms.is_some() {
        let problem = format!("`blocks` has {count} rows, not one for each full block");
        found.push((None, DamageKind::Index { problem }));
    }
    if let Some(terms) = terms.filter(|_| found.is_empty()) {
        match count_terms(connection, Path::new("")) {
            Ok(stored) if stored == terms => {}
            Ok(stored) => {
                let problem = format!("`terms` has {stored} rows; the events give {terms}");
                found.push((None, DamageKind::Index { problem }));
            }
            Err(TrailError::Store { source, .. }) => found.push(unreadable(&source)),
            Err(error) => found.push((None, DamageKind::Index { problem: error.to_string() })),
        }
    }
    found
}

fn unreadable(error: &dyn std::fmt::Display) -> (Option<i64>, DamageKind) {
    (None, DamageKind::Index { problem: format!("it cannot be read: {error}") })
}

/// The index by which the events of an action are found, compared with the rows as a set: of each row and
/// each entry a keyed hash is added up, and both sums must be the same.
#[derive(Default)]
pub(super) struct ActionIndex {
    hasher: RandomState,
    rows: u64,
    /// Of all rows so far; absent where one could not be read.
    sum: Option<u64>,
    about_the_log: u64,
    given_up: bool,
}

impl ActionIndex {
    pub(super) fn add_row(&mut self, seq: i64, event: Option<&StoredEvent<'_>>) {
        match event {
            Some(event) => {
                let hash = self.hash(event.action_id, event.kind, seq);
                self.sum = Some(self.sum.unwrap_or_default().wrapping_add(hash));
                self.rows += 1;
                self.about_the_log += u64::from(event.action_id.is_empty());
            }
            None => self.give_up(),
        }
    }

    /// Some row cannot be read: nothing can be compared.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
    }

    fn hash(&self, action_id: &str, kind: &str, seq: i64) -> u64 {
        self.hasher.hash_one((action_id, kind, seq))
    }

    /// Reads both indexes, and says what is wrong with them. Tells `each` the events of each action one after
    /// another: whether it is of another one than before, its kind and its number.
    pub(super) fn compare(
        &self,
        connection: &Connection,
        each: &mut dyn FnMut(bool, &str, i64),
    ) -> Vec<(Option<i64>, DamageKind)> {
        if self.given_up {
            return Vec::new();
        }
        [
            (
                "events_by_action",
                self.sum_of_index(connection, each)
                    .map(|sum| sum == (self.rows, self.sum.unwrap_or_default())),
            ),
            (
                "events_about_the_log",
                count_about_the_log(connection).map(|count| count == self.about_the_log),
            ),
        ]
        .into_iter()
        .filter_map(|(name, same)| match same {
            Ok(true) => None,
            Ok(false) => Some(format!("`{name}` does not list the rows that there are")),
            Err(error) => Some(format!("`{name}` cannot be read: {error}")),
        })
        .map(|problem| (None, DamageKind::Tables { problem }))
        .collect()
    }

    fn sum_of_index(
        &self,
        connection: &Connection,
        each: &mut dyn FnMut(bool, &str, i64),
    ) -> rusqlite::Result<(u64, u64)> {
        let mut statement =
            connection.prepare("SELECT action_id, kind, seq FROM events INDEXED BY events_by_action")?;
        let (mut rows, mut count, mut sum) = (statement.query([])?, 0, 0_u64);
        let mut before = (Vec::new(), Vec::new(), i64::MIN);
        while let Some(row) = rows.next()? {
            let (action_id, kind) = (text(row, 0)?, text(row, 1)?);
            let seq = row.get(2)?;
            // What is out of order is not found.
            if (before.0.as_slice(), before.1.as_slice(), before.2)
                < (action_id.as_bytes(), kind.as_bytes(), seq)
            {
                sum = sum.wrapping_add(self.hash(action_id, kind, seq));
                count += 1;
                // What is about the log itself is no action's.
                if !action_id.is_empty() {
                    each(before.0 != action_id.as_bytes(), kind, seq);
                }
            }
            before.0.clear();
            before.0.extend_from_slice(action_id.as_bytes());
            before.1.clear();
            before.1.extend_from_slice(kind.as_bytes());
            before.2 = seq;
        }
        Ok((count, sum))
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str()?)
}

fn count_about_the_log(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM events INDEXED BY events_about_the_log WHERE action_id = ''";
    connection.query_row(sql, [], |row| row.get(0))
}
