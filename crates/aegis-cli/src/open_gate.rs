//! A gate over the log and the policy that the command line names.

use std::sync::Arc;
use std::time::Instant;

use aegis_audit::A_WAIT;
use aegis_engine::{Digest, escape};
use aegis_ledger::event::SessionSource;
use aegis_runtime::{Approver, Context, Gate, current_host, current_party};

use crate::audit_sinks::{self, SinkSpec};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::open_log::{LOG_WAIT, open_existing_log, open_log};
use crate::trusted_policy::{TrustedPolicy, load_policy};

/// What a command says of the gate that it wants.
pub(crate) struct WantedGate<'a> {
    /// The digests that the policy must have, where they are pinned.
    pub(crate) pins: &'a [Digest],
    /// Where each record goes besides the log.
    pub(crate) sinks: &'a [SinkSpec],
    /// Whether the log must be there already.
    pub(crate) must_exist: bool,
}

/// A gate that is ready, and the policy that it goes by.
pub(crate) struct OpenGate {
    pub(crate) gate: Gate,
    pub(crate) loaded: TrustedPolicy,
}

/// Opens the log and everything beside it, and sets up the gate. A policy that was loaded before is loaded
/// again if the log must be waited for.
///
/// # Errors
/// When the log or a sink cannot be used, or the policy not any more.
pub(crate) fn open_gate(
    settings: &Settings,
    wanted: &WantedGate<'_>,
    mut loaded: TrustedPolicy,
    approver: impl Approver + 'static,
    (session_id, session_source): (String, SessionSource),
) -> Result<OpenGate, CommandError> {
    let console = settings.console;
    let sinks = audit_sinks::open(wanted.sinks, LOG_WAIT, &settings.db, console)?;
    let begun = Instant::now();
    let open = if wanted.must_exist { open_existing_log } else { open_log };
    let journal = open(settings, LOG_WAIT)?;
    if begun.elapsed() >= A_WAIT {
        // Whatever waited is decided by the policy as it is when the wait is over.
        loaded = load_policy(&settings.policies, wanted.pins, console)?;
    }
    if journal.created() {
        let path = escape(&settings.db.to_string_lossy());
        // A log that was removed shows by this.
        console.notice(format!("the audit log was created at `{path}`"));
    }
    let party = current_party();
    let context = Context {
        session_id,
        session_source,
        host: current_host(),
        user: party.user,
        login: party.login,
        policy_source: settings.policy_source,
        log_source: settings.db_source,
    };
    let gate =
        Gate::new(Arc::clone(&loaded.policy), loaded.sha256, journal.with_sinks(sinks), approver, context);
    // The same files, checked as they were at the start: an answer counts for what they say by then.
    let (paths, pins) = (settings.policies.clone(), wanted.pins.to_vec());
    let reread = move || match load_policy(&paths, &pins, console) {
        Ok(TrustedPolicy { policy, sha256 }) => Ok((policy, sha256)),
        Err(error) if error.message.is_empty() => Err("it holds errors".to_owned()),
        Err(error) => Err(error.message),
    };
    Ok(OpenGate { gate: gate.rereading(reread), loaded })
}
