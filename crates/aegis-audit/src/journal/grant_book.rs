//! The grants that a log has, and what is left of them.

use std::ops::ControlFlow;

use aegis_engine::LONGEST_GRANT_MS;
use aegis_ledger::event::EntryBody;
use aegis_ledger::grant::{Grant, GrantStanding, OfferedGrant};
use chrono::{DateTime, Utc};

use crate::error::TrailError;
use crate::journal::action_events::each_event_of_action;
use crate::store::Snapshot;

/// For how long after it was offered a grant can matter, at most, in milliseconds: eight days. A policy lets
/// no question wait longer than for seven, and no grant hold for longer than one.
const LONGEST_LIFE: i64 = 8 * 24 * 60 * 60 * 1000;

/// The grant that was offered in the question about the action of this id, whether it was given or not;
/// `None` if none was. What cannot have happened to it counts for nothing.
///
/// # Errors
/// When the log cannot be read, or an event of the action does not fit its hash.
pub fn offered_grant_of(log: &dyn Snapshot, id: &str) -> Result<Option<OfferedGrant>, TrailError> {
    let mut offered: Option<OfferedGrant> = None;
    each_event_of_action(log, id, |event| {
        match &mut offered {
            None => offered = event.body.entry().and_then(|entry| OfferedGrant::offered(id, event.at, entry)),
            Some(offered) => {
                let _ = offered.take(event.at, &event.body);
            }
        }
        Ok(())
    })?;
    Ok(offered)
}

/// The grants that hold at an instant, in the order in which they were offered.
///
/// # Errors
/// When the log cannot be read, or an event of a grant does not fit its hash.
pub fn open_grants(log: &dyn Snapshot, now: DateTime<Utc>) -> Result<Vec<Grant>, TrailError> {
    let (grants, now) = grants_for(log, None, now)?;
    let is_open =
        |grant: &Grant| matches!(grant.standing(now.timestamp_millis()), GrantStanding::Open { .. });
    Ok(grants.into_iter().filter(is_open).collect())
}

/// The grants that were given lately, all of them or those for actions of this key, and what time it is in
/// the log: by the newest event or by any other, whatever the clock was set to.
pub(super) fn grants_for(
    log: &dyn Snapshot,
    key: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(Vec<Grant>, DateTime<Utc>), TrailError> {
    let latest = now.timestamp_millis();
    let mut ids = Vec::new();
    log.each_offer(key, latest.saturating_sub(LONGEST_LIFE), &mut |seq, event| {
        let unreadable = |problem| TrailError::Unreadable { path: log.location().to_owned(), seq, problem };
        let event = event.map_err(unreadable)?;
        let (body, _) = event.read().map_err(unreadable)?;
        let could_matter = |entry: &EntryBody<_>| {
            entry.offer.as_ref().is_some_and(|offer| key.is_none_or(|key| offer.key == key))
                && last_instant(event.at, entry) > latest
        };
        if body.entry().is_some_and(could_matter) {
            ids.push(event.action_id.to_owned());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut grants = Vec::new();
    for id in ids {
        let grant = offered_grant_of(log, &id)?.and_then(OfferedGrant::into_grant);
        grants.extend(grant.filter(|grant| key.is_none_or(|key| grant.key() == key)));
    }
    if grants.is_empty() {
        return Ok((grants, now));
    }
    let latest = DateTime::from_timestamp_millis(log.latest()?);
    Ok((grants, latest.map_or(now, |latest| latest.max(now))))
}

/// From when on nothing that is offered at an instant can hold any more.
fn last_instant<S>(at: i64, entry: &EntryBody<S>) -> i64 {
    let longest = i64::try_from(LONGEST_GRANT_MS).unwrap_or(i64::MAX);
    // Nobody sits before one question for longer than one can wait.
    let answered_by = entry.question.as_ref().map_or_else(
        || at.saturating_add(LONGEST_LIFE.saturating_sub(longest)),
        |question| question.expires_at,
    );
    answered_by.saturating_add(longest)
}
