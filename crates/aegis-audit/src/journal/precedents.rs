//! What whoever is asked about an action may want to know of the log.

use aegis_ledger::event::Entry;

use crate::error::TrailError;
use crate::journal::Journal;
use crate::precedents::{Precedents, precedents_of};
use crate::store::Likeness;

impl Journal {
    /// How often the like of an action was approved: by the same rule, with the same type and target.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn precedents(&mut self, entry: &Entry<'_>) -> Result<Precedents, TrailError> {
        let names = self.recorded_names(entry);
        let like = Likeness {
            action_type: names.action_type(),
            action_target: names.action_target(),
            rule: entry.decision.matched_rule(),
        };
        self.transact(|log| precedents_of(log, like))
    }
}
