//! The events of one action, each of which is believed only if it fits its hash.

use std::ops::ControlFlow;

use aegis_ledger::event::{EventBody, Text};

use crate::error::TrailError;
use crate::store::Snapshot;

/// An event of an action that fits its hash.
pub(super) struct ActionEvent<'a> {
    pub(super) seq: u64,
    /// When it happened, in milliseconds since the Unix epoch.
    pub(super) at: i64,
    pub(super) body: EventBody<Text<'a>>,
}

/// Calls `each` with the events of an action, oldest first. Kinds that this program does not know are passed
/// over. The text of an error of `each` says why the event cannot be so.
///
/// # Errors
/// When the log cannot be read, an event does not fit its hash, or `each` says so.
pub(super) fn each_event_of_action(
    log: &dyn Snapshot,
    action_id: &str,
    mut each: impl FnMut(ActionEvent<'_>) -> Result<(), String>,
) -> Result<(), TrailError> {
    // Without an id, an event is about the log itself.
    if action_id.is_empty() {
        return Ok(());
    }
    log.each_event_of(action_id, &mut |seq, event| {
        let path = || log.location().to_owned();
        let unreadable = |problem| TrailError::Unreadable { path: path(), seq, problem };
        let event = event.map_err(unreadable)?;
        if event.known_kind().is_err() {
            return Ok(ControlFlow::Continue(()));
        }
        if event.checked_hash(&log.identity().id).is_err() {
            return Err(TrailError::Tampered { path: path(), seq });
        }
        let (body, _) = event.read().map_err(unreadable)?;
        each(ActionEvent { seq: event.seq, at: event.at, body }).map_err(unreadable)?;
        Ok(ControlFlow::Continue(()))
    })
}
