//! How often a log has it that the like of an action was approved, and when last.

use std::ops::ControlFlow;

use aegis_ledger::answer::Answer;
use chrono::{DateTime, Utc};

use crate::error::TrailError;
use crate::store::{Likeness, Snapshot};

/// How many are counted, at most.
const MOST: u64 = 1000;

/// How often the like of an action was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precedents {
    /// How often, as far as it was counted.
    pub count: u64,
    /// Whether there are more than were counted.
    pub has_more: bool,
    /// The newest approval; absent where there is none.
    pub last: Option<Precedent>,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precedent {
    /// When it was given.
    pub at: DateTime<Utc>,
    /// The account that gave it, if that is known.
    pub by: Option<String>,
    /// Whether nobody was asked then, because they had given a grant.
    pub is_by_grant: bool,
}

/// Counts what was approved of the like of an action, up to a thousand of it, and reads the newest of them.
///
/// # Errors
/// When the log cannot be read, or the newest approval is not what the log's index says it is.
pub fn precedents_of(log: &dyn Snapshot, like: Likeness<'_>) -> Result<Precedents, TrailError> {
    let found = log.approved_like(like, MOST.saturating_add(1))?;
    let last = found.first().map(|newest| precedent(log, like, *newest)).transpose()?;
    let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
    Ok(Precedents { count: count.min(MOST), has_more: count > MOST, last })
}

fn precedent(log: &dyn Snapshot, like: Likeness<'_>, seq: u64) -> Result<Precedent, TrailError> {
    let path = || log.location().to_owned();
    let number = i64::try_from(seq).unwrap_or(i64::MAX);
    let tampered = || TrailError::Tampered { path: path(), seq: number };
    let mut found = None;
    log.each_event(seq..=seq, &mut |seq, event| {
        let unreadable = |problem| TrailError::Unreadable { path: path(), seq, problem };
        let event = event.map_err(unreadable)?;
        event.checked_hash(&log.identity().id).map_err(|_| tampered())?;
        let body = event.read_body().map_err(unreadable)?;
        let entry = body.entry().filter(|entry| {
            entry.decision == Some(Answer::Approved)
                && &*entry.action_type == like.action_type
                && &*entry.action_target == like.action_target
                && &*entry.matched_rule == like.rule
        });
        let at = DateTime::from_timestamp_millis(event.at);
        found = entry.zip(at).map(|(entry, at)| Precedent {
            at,
            by: entry.approver.as_ref().and_then(|by| by.user.clone()),
            is_by_grant: entry.grant.is_some(),
        });
        Ok(ControlFlow::Break(()))
    })?;
    found.ok_or_else(tampered)
}
