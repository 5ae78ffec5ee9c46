//! Who looks after the log, as events say it.

use aegis_ledger::event::Operator;
use aegis_runtime::{current_host, current_login, current_user};

/// The machine, the account that acts, and the one that logged in where that is another.
pub(crate) struct CurrentOperator {
    host: String,
    user: String,
    login: Option<String>,
}

impl CurrentOperator {
    pub(crate) fn new() -> CurrentOperator {
        CurrentOperator { host: current_host(), user: current_user(), login: current_login() }
    }

    pub(crate) fn operator(&self) -> Operator<'_> {
        Operator { host: &self.host, user: &self.user, login: self.login.as_deref() }
    }
}
