//! The gate, as Python has it: it answers many threads at once, and a question to a human holds up nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aegis_engine::ApprovalMode;
use aegis_ledger::event::SessionSource;
use aegis_runtime::{Plan, PlannedAction, TerminalOptions, new_session_id};
use pyo3::prelude::*;

use crate::action;
use crate::answer_json::answer_json;
use crate::border::{check_process, outside};
use crate::current_policy::CurrentPolicy;
use crate::failure::Failure;
use crate::gates::{Gates, Way};
use crate::journal_opening::Opening;
use crate::policy::Policy;
use crate::preview::Preview;
use crate::ticket::Ticket;

/// How long to wait for the lock of the log before giving up.
const LOG_WAIT: Duration = Duration::from_secs(10);

/// The gate between a Python program and the world.
#[pyclass(frozen, module = "aegis._native")]
pub(crate) struct Gate {
    shared: Arc<Gates>,
    /// Whether the log was made by opening it, and nobody has been told.
    created: AtomicBool,
}

#[pymethods]
impl Gate {
    /// `look` is how a question at the terminal is shown: in colour, in plain lines, in ASCII.
    #[new]
    #[pyo3(signature = (policy, log, *, approver, session=None, patience=300.0, look=(false, false, false)))]
    fn new(
        py: Python<'_>,
        policy: &Policy,
        log: String,
        approver: &str,
        session: Option<String>,
        patience: f64,
        look: (bool, bool, bool),
    ) -> PyResult<Gate> {
        outside(py, || {
            let patience = Duration::try_from_secs_f64(patience)
                .map_err(|error| Failure::usage(format!("nobody can be waited for that long: {error}")))?;
            let (color, plain, ascii) = look;
            let way = match approver {
                "callback" => Way::Callback,
                "terminal" => Way::Terminal(TerminalOptions { timeout: patience, color, plain, ascii }),
                "queue" => Way::Queue,
                "nobody" => Way::Nobody,
                other => return Err(Failure::usage(format!("nobody is asked by way of `{other}`"))),
            };
            let (session_id, session_source) = match session {
                Some(id) => (id, SessionSource::Argument),
                None => (new_session()?, SessionSource::Generated),
            };
            let current = CurrentPolicy::new(Arc::clone(&policy.compiled), policy.digest);
            let opening =
                Opening { log: log.into(), log_wait: LOG_WAIT, session_id, session_source, policy: current };
            let (gates, created) = Gates::open(opening, way, patience)?;
            Ok(Gate { shared: Arc::new(gates), created: AtomicBool::new(created) })
        })
    }

    /// The id of the session that records name.
    #[getter]
    fn session_id(&self) -> &str {
        &self.shared.opening.session_id
    }

    /// Whether the log was made by opening it: true once.
    fn take_created(&self) -> bool {
        self.created.swap(false, Ordering::SeqCst)
    }

    /// Goes by another policy from now on. What waits for a human is decided by both.
    fn replace_policy(&self, py: Python<'_>, policy: &Policy) -> PyResult<()> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            shared.replace_policy(&policy.compiled, policy.digest)
        })
    }

    /// Asks for an action: what comes of it, the ticket tells. Where something was said of the action in a
    /// plan, the stricter of that and of what is said now holds.
    #[pyo3(signature = (action, preview=None))]
    fn ask(&self, py: Python<'_>, action: &str, preview: Option<&Preview>) -> PyResult<Ticket> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            let planned = match preview {
                Some(preview) if action::read(action)?.digest() != preview.planned.action().digest() => {
                    return Err(Failure::usage("the preview is of another action"));
                }
                Some(preview) => preview.planned.clone(),
                None => planned(shared, action)?,
            };
            ticket(shared, planned)
        })
    }

    /// Closes the log while this process is being forked.
    fn park(&self, py: Python<'_>) -> PyResult<()> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            shared.park();
            Ok(())
        })
    }

    /// Lets the log be opened again.
    fn unpark(&self, py: Python<'_>) -> PyResult<()> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            shared.unpark();
            Ok(())
        })
    }

    /// Decides and records actions that will not be done, for this reason, and asks nobody. The answers.
    fn skip_all(&self, py: Python<'_>, actions: Vec<String>, why: String) -> PyResult<Vec<String>> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            let actions =
                actions.into_iter().map(|json| action::read(&json)).collect::<Result<Vec<_>, _>>()?;
            let outcomes = shared.plain()?.skip_all(actions, why).wait()?;
            let session = &shared.opening.session_id;
            outcomes.iter().map(|outcome| answer_json(outcome.answered(), session)).collect()
        })
    }

    /// Records what was done without asking, such as what a provider runs itself. Where that stands.
    fn observe(&self, py: Python<'_>, actions: Vec<String>) -> PyResult<Vec<String>> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            let actions =
                actions.into_iter().map(|json| action::read(&json)).collect::<Result<Vec<_>, _>>()?;
            let seen = shared.plain()?.observe(actions).wait()?;
            Ok(seen.into_iter().map(|seen| seen.action_id).collect())
        })
    }
}

fn new_session() -> Result<String, Failure> {
    new_session_id()
        .map_err(|error| Failure::audit(format!("no randomness for the id of a session: {error}")))
}

/// An action, and what the policy says of it now.
fn planned(gates: &Gates, json: &str) -> Result<PlannedAction, Failure> {
    let (policy, digest) = gates.opening.policy.get();
    let plan = Plan::new([action::read(json)?], &policy, digest);
    plan.actions().first().cloned().ok_or_else(|| Failure::usage("a plan of one action holds none"))
}

/// Asks the gate that is the right one for an action: who thinks about it holds up nobody else.
fn ticket(gates: &Arc<Gates>, planned: PlannedAction) -> Result<Ticket, Failure> {
    let (policy, digest) = gates.opening.policy.get();
    let now = Plan::new([planned.action().clone()], &policy, digest);
    let needs = |planned: &PlannedAction| planned.decision().approval() == ApprovalMode::Approve;
    let any_blocks = |planned: &PlannedAction| planned.decision().approval() == ApprovalMode::Block;
    let both = || now.actions().iter().chain([&planned]);
    if both().any(needs) && !both().any(any_blocks) {
        let asker = gates.asker()?;
        let reply = asker.open.handle.ask_planned(planned);
        return Ok(Ticket::asking(Arc::clone(gates), asker, reply));
    }
    Ok(Ticket::plain(Arc::clone(gates), gates.plain()?.ask_planned(planned)))
}
