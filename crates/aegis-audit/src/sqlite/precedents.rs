//! Which events approved the like of an action: by the index.

use std::ops::ControlFlow;
use std::path::Path;

use aegis_ledger::answer::Answer;
use aegis_ledger::filter::Filter;
use rusqlite::Connection;

use super::selection::Selection;
use crate::error::TrailError;
use crate::store::Likeness;

/// The numbers of the events that approved the like of an action, the newest first, and at most so many.
pub(super) fn approved_like(
    connection: &Connection,
    path: &Path,
    like: Likeness<'_>,
    most: u64,
) -> Result<Vec<u64>, TrailError> {
    let filter = Filter {
        action_type: Some(like.action_type.to_owned()),
        target: Some(like.action_target.to_owned()),
        rule: Some(like.rule.to_owned()),
        decision: vec![Answer::Approved],
        limit: Some(most),
        reverse: true,
        ..Filter::default()
    };
    let mut found = Vec::new();
    Selection::new(connection, path, &filter)?.for_each(|seq| {
        found.push(seq);
        Ok::<_, TrailError>(ControlFlow::Continue(()))
    })?;
    Ok(found)
}
