//! Gates over one log: each has a connection and a thread of its own.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use aegis_audit::Journal;
use aegis_ledger::answer::Evidence;
use aegis_ledger::event::{PathSource, SessionSource};
use aegis_runtime::{
    Approval, ApprovalRequest, Approver, Context, Gate, GateHandle, Hold, Unanswered, WaitingQuestion,
    current_host, current_party,
};

use crate::current_policy::CurrentPolicy;
use crate::failure::Failure;

/// How long it is waited for that a connection is closed.
const CLOSING: Duration = Duration::from_secs(5);

/// What every gate of a runtime is made from.
pub(crate) struct Opening {
    pub(crate) log: PathBuf,
    /// How long to wait for the lock of the log.
    pub(crate) log_wait: Duration,
    pub(crate) session_id: String,
    pub(crate) session_source: SessionSource,
    pub(crate) policy: CurrentPolicy,
}

/// A gate with a connection and a thread of its own.
pub(crate) struct OpenGate {
    pub(crate) handle: GateHandle,
    /// Whether the log was made by opening it.
    pub(crate) created: bool,
    /// Ends when the connection is closed.
    closed: Receiver<Infallible>,
}

impl OpenGate {
    /// Closes the connection, and waits for that: as long as somebody else still waits for an answer of this
    /// gate, but not for ever.
    pub(crate) fn close(self) {
        drop(self.handle);
        let _ = self.closed.recv_timeout(CLOSING);
    }
}

/// An approver that shows by its end that the gate, with its connection, is gone: of the fields of a gate,
/// the journal goes before it.
struct UntilClosed<A> {
    approver: A,
    /// Nothing is ever sent.
    _open: Sender<Infallible>,
}

impl<A: Approver> Approver for UntilClosed<A> {
    fn absent(&self) -> Option<Unanswered> {
        self.approver.absent()
    }

    fn evidence(&self) -> Evidence {
        self.approver.evidence()
    }

    fn hold(&mut self) -> Hold {
        self.approver.hold()
    }

    fn await_reply(&mut self, question: &WaitingQuestion, since: Instant) -> bool {
        self.approver.await_reply(question, since)
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        self.approver.ask(request)
    }
}

impl Opening {
    /// One more gate.
    pub(crate) fn gate(&self, approver: impl Approver + 'static) -> Result<OpenGate, Failure> {
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
        let (open, closed) = channel();
        let approver = UntilClosed { approver, _open: open };
        let gate = Gate::new(policy, digest, journal, approver, context).rereading(move || Ok(current.get()));
        let handle = gate
            .into_handle()
            .map_err(|error| Failure::audit(format!("the system has no thread for the gate: {error}")))?;
        Ok(OpenGate { handle, created, closed })
    }
}
