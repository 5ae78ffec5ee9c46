//! Appending to a log: events as they are, one decision, or as many as a large log needs.

use aegis_audit::{Journal, RecordError, TrailError};
use aegis_ledger::event::Stamped;
use aegis_ledger::receipt::Receipt;

use crate::Case;

/// How many cases are appended in one transaction.
const BATCH: usize = 1000;

/// Appends events one by one, where a test cares for the log alone and not for what stands behind it.
pub trait Append {
    /// Appends events in one transaction, each an account of its own, and gives a receipt for each.
    ///
    /// # Errors
    /// What the log says.
    fn append(&mut self, events: &[Stamped<'_>]) -> Result<Vec<Receipt>, TrailError>;
}

impl Append for Journal {
    fn append(&mut self, events: &[Stamped<'_>]) -> Result<Vec<Receipt>, TrailError> {
        match self.record(events.to_vec()) {
            Ok(committed) => Ok(committed.into_iter().map(|committed| committed.into_parts().1).collect()),
            Err(RecordError::Trail(error)) => Err(error),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Appends the decision of the default case, with this id.
///
/// # Errors
/// What the log says.
pub fn append_one(trail: &mut Journal, id: &str) -> Result<Vec<Receipt>, TrailError> {
    trail.append(&[Case::default().id(id).decided()])
}

/// Appends what `events` says of each case and its number, a thousand cases in a transaction.
pub fn append_cases(
    trail: &mut Journal,
    cases: impl IntoIterator<Item = Case>,
    events: impl for<'c> Fn(usize, &'c Case) -> Vec<Stamped<'c>>,
) {
    let mut cases = cases.into_iter();
    for first in (0..).step_by(BATCH) {
        let batch: Vec<_> = cases.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return;
        }
        let events: Vec<_> = (first..).zip(&batch).flat_map(|(number, case)| events(number, case)).collect();
        let _ = trail.append(&events).unwrap();
    }
}
