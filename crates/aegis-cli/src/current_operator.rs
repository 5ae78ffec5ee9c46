//! Who looks after the log, as events say it.

use aegis_ledger::event::Operator;
use aegis_ledger::question::Party;
use aegis_runtime::{current_host, current_party};

/// The machine, the account that acts, and the one that logged in where that is another.
pub(crate) struct CurrentOperator {
    host: String,
    party: Party,
}

impl CurrentOperator {
    pub(crate) fn new() -> CurrentOperator {
        CurrentOperator { host: current_host(), party: current_party() }
    }

    pub(crate) fn operator(&self) -> Operator<'_> {
        Operator { host: &self.host, user: &self.party.user, login: self.party.login.as_deref() }
    }
}
