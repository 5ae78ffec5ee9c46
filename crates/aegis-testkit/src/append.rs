//! Appending to a log: one decision, or as many as a large log needs.

use aegis_audit::{Receipt, Stamped, Trail, TrailError};

use crate::Case;

/// How many cases are appended in one transaction.
const BATCH: usize = 1000;

/// Appends the decision of the default case, with this id.
///
/// # Errors
/// What the log says.
pub fn append_one(trail: &mut Trail, id: &str) -> Result<Vec<Receipt>, TrailError> {
    trail.append(&[Case::default().id(id).decided()])
}

/// Appends what `events` says of each case and its number, a thousand cases in a transaction.
pub fn append_cases(
    trail: &mut Trail,
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
