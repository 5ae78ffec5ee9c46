//! The gate, as Python has it: it answers many threads at once, and a question to a human holds up nobody else.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_engine::ApprovalMode;
use aegis_ledger::event::SessionSource;
use aegis_runtime::{ChainApprover, new_session_id};
use aegis_runtime::{GateHandle, Plan, PlannedAction, QueueApprover, TerminalApprover, TerminalOptions};
use async_channel::Receiver;
use pyo3::prelude::*;

use crate::action;
use crate::answer_json::answer_json;
use crate::border::{check_process, outside};
use crate::callback::{Asked, Nobody, PythonApprover};
use crate::current_policy::CurrentPolicy;
use crate::failure::Failure;
use crate::journal_opening::Opening;
use crate::policy::Policy;
use crate::preview::Preview;
use crate::ticket::Ticket;

/// How long to wait for the lock of the log before giving up.
const LOG_WAIT: Duration = Duration::from_secs(10);
/// The most questions that one runtime asks at the same time. Each has a thread and a connection of its own.
const MOST_ASKING: usize = 256;

/// How a human is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Python asks.
    Callback,
    /// At the terminal, and whoever answers in the log where there is none.
    Terminal,
    /// Whoever answers in the log.
    Queue,
    /// Nobody is asked; the question waits in the log.
    Nobody,
}

/// A gate that asks, and the questions that it hands out.
pub(crate) struct Asker {
    pub(crate) handle: GateHandle,
    pub(crate) questions: Receiver<Asked>,
}

/// The gate between a Python program and the world.
#[pyclass(frozen, module = "aegis._native")]
pub(crate) struct Gate {
    pub(crate) shared: Arc<Shared>,
}

/// What a gate and all that it was asked have in common.
pub(crate) struct Shared {
    pub(crate) opening: Opening,
    pub(crate) process: u32,
    way: Way,
    /// How long a human is waited for.
    patience: Duration,
    color: bool,
    /// Answers what needs no human.
    plain: GateHandle,
    /// Gates that ask, and are not asking at the moment.
    idle: Mutex<Vec<Asker>>,
    /// How many that ask there are.
    askers: Mutex<usize>,
    created: AtomicBool,
}

#[pymethods]
impl Gate {
    #[new]
    #[pyo3(signature = (policy, log, *, approver, session=None, patience=300.0, color=false))]
    fn new(
        py: Python<'_>,
        policy: &Policy,
        log: String,
        approver: &str,
        session: Option<String>,
        patience: f64,
        color: bool,
    ) -> PyResult<Gate> {
        outside(py, || {
            let way = match approver {
                "callback" => Way::Callback,
                "terminal" => Way::Terminal,
                "queue" => Way::Queue,
                "nobody" => Way::Nobody,
                other => return Err(Failure::usage(format!("nobody is asked by way of `{other}`"))),
            };
            let patience = Duration::try_from_secs_f64(patience)
                .map_err(|error| Failure::usage(format!("nobody can be waited for that long: {error}")))?;
            let (session_id, session_source) = match session {
                Some(id) => (id, SessionSource::Argument),
                None => (new_session()?, SessionSource::Generated),
            };
            let current = CurrentPolicy::new(Arc::clone(&policy.compiled), policy.digest);
            let opening =
                Opening { log: log.into(), log_wait: LOG_WAIT, session_id, session_source, policy: current };
            // What it meets that a human must answer, because the policy changed that very moment, waits.
            let (plain, created) =
                opening.gate(Nobody("the policy changed while the action was on its way"))?;
            Ok(Gate {
                shared: Arc::new(Shared {
                    opening,
                    process: process::id(),
                    way,
                    patience,
                    color,
                    plain,
                    idle: Mutex::default(),
                    askers: Mutex::default(),
                    created: AtomicBool::new(created),
                }),
            })
        })
    }

    /// The id of the session that records name.
    #[getter]
    fn session_id(&self) -> &str {
        &self.shared.opening.session_id
    }

    /// Whether the log was made by opening it: true once.
    fn take_created(&self) -> bool {
        self.shared.created.swap(false, Ordering::SeqCst)
    }

    /// Goes by another policy from now on. What waits for a human is decided by both.
    fn replace_policy(&self, py: Python<'_>, policy: &Policy) -> PyResult<()> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            shared.opening.policy.replace(Arc::clone(&policy.compiled), policy.digest);
            Ok(shared.plain.replace_policy(Arc::clone(&policy.compiled), policy.digest).wait()?)
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
                Some(preview) => preview.planned.clone(),
                None => shared.planned(action)?,
            };
            if action::read(action)?.digest() != planned.action().digest() {
                return Err(Failure::usage("the preview is of another action"));
            }
            shared.ticket(planned)
        })
    }

    /// Decides and records actions that will not be done, for this reason, and asks nobody. The answers.
    fn skip_all(&self, py: Python<'_>, actions: Vec<String>, why: String) -> PyResult<Vec<String>> {
        let shared = &self.shared;
        outside(py, || {
            check_process(shared.process)?;
            let actions =
                actions.into_iter().map(|json| action::read(&json)).collect::<Result<Vec<_>, _>>()?;
            let outcomes = shared.plain.skip_all(actions, why).wait()?;
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
            let seen = shared.plain.observe(actions).wait()?;
            Ok(seen.into_iter().map(|seen| seen.action_id).collect())
        })
    }
}

fn new_session() -> Result<String, Failure> {
    new_session_id()
        .map_err(|error| Failure::audit(format!("no randomness for the id of a session: {error}")))
}

impl Shared {
    /// An action, and what the policy says of it now.
    fn planned(&self, json: &str) -> Result<PlannedAction, Failure> {
        let (policy, digest) = self.opening.policy.get();
        let plan = Plan::new([action::read(json)?], &policy, digest);
        plan.actions().first().cloned().ok_or_else(|| Failure::usage("a plan of one action holds none"))
    }

    fn ticket(self: &Arc<Shared>, planned: PlannedAction) -> Result<Ticket, Failure> {
        let (policy, digest) = self.opening.policy.get();
        let now = Plan::new([planned.action().clone()], &policy, digest);
        let needs = |planned: &PlannedAction| planned.decision().approval() == ApprovalMode::Approve;
        let any_blocks = |planned: &PlannedAction| planned.decision().approval() == ApprovalMode::Block;
        let both = || now.actions().iter().chain([&planned]);
        if both().any(needs) && !both().any(any_blocks) {
            let asker = self.asker()?;
            let reply = asker.handle.ask_planned(planned);
            return Ok(Ticket::asking(Arc::clone(self), asker, reply));
        }
        Ok(Ticket::plain(Arc::clone(self), self.plain.ask_planned(planned)))
    }

    /// A gate that asks: one that has nothing to do, or a new one. At a terminal, there is one.
    fn asker(&self) -> Result<Asker, Failure> {
        let (policy, digest) = self.opening.policy.get();
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            drop(idle.handle.replace_policy(policy, digest));
            return Ok(idle);
        }
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if *askers >= MOST_ASKING {
            return Err(Failure::usage(format!("{MOST_ASKING} questions are being asked already")));
        }
        let asker = self.new_asker()?;
        *askers += 1;
        Ok(asker)
    }

    fn new_asker(&self) -> Result<Asker, Failure> {
        let options =
            TerminalOptions { timeout: self.patience, color: self.color, plain: false, ascii: false };
        let queue = || QueueApprover::new(&self.opening.log, self.patience);
        let (approver, questions) = PythonApprover::new(self.patience);
        let (handle, _) = match self.way {
            Way::Callback => self.opening.gate(approver)?,
            Way::Terminal => self.opening.gate(TerminalApprover::new(options))?,
            Way::Queue => self.opening.gate(ChainApprover::new(queue()))?,
            Way::Nobody => self.opening.gate(Nobody("there is nobody to ask"))?,
        };
        Ok(Asker { handle, questions })
    }

    /// The gate that records what becomes of actions.
    pub(crate) fn plain_handle(&self) -> GateHandle {
        self.plain.clone()
    }

    /// Takes back a gate that asked.
    pub(crate) fn give_back(&self, asker: Asker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(asker);
    }
}
