//! Gates over one log: each has a connection and a thread of its own.

use std::path::PathBuf;
use std::time::Duration;

use aegis_audit::Journal;
use aegis_ledger::event::{PathSource, SessionSource};
use aegis_runtime::{Approver, Context, Gate, GateHandle, current_host, current_party};

use crate::current_policy::CurrentPolicy;
use crate::failure::Failure;

/// What every gate of a runtime is made from.
pub(crate) struct Opening {
    pub(crate) log: PathBuf,
    /// How long to wait for the lock of the log.
    pub(crate) log_wait: Duration,
    pub(crate) session_id: String,
    pub(crate) session_source: SessionSource,
    pub(crate) policy: CurrentPolicy,
}

impl Opening {
    /// One more gate, and whether the log was made by opening it.
    pub(crate) fn gate(&self, approver: impl Approver + 'static) -> Result<(GateHandle, bool), Failure> {
        let journal = Journal::open(&self.log, self.log_wait)?;
        let created = journal.created();
        let party = current_party();
        let context = Context {
            session_id: self.session_id.clone(),
            session_source: self.session_source,
            host: current_host(),
            user: party.user,
            login: party.login,
            policy_source: PathSource::Argument,
            log_source: PathSource::Argument,
        };
        let (policy, digest) = self.policy.get();
        let current = self.policy.clone();
        let gate = Gate::new(policy, digest, journal, approver, context).rereading(move || Ok(current.get()));
        let handle = gate
            .into_handle()
            .map_err(|error| Failure::audit(format!("the system has no thread for the gate: {error}")))?;
        Ok((handle, created))
    }
}
