//! Leave to do an action, once.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use aegis_audit::EndStatus;
use aegis_engine::Action;
use aegis_runtime::{Answered, Proceed, Running, failure_text};
use pyo3::prelude::*;

use crate::answer_json::answer_json;
use crate::border::{check_process, outside};
use crate::failure::Failure;
use crate::gates::Gates;

/// Leave to do one action, once. Only the gate makes one: Python can neither construct nor copy it.
#[pyclass(frozen, module = "aegis._native")]
pub(crate) struct Leave {
    gates: Arc<Gates>,
    decision: String,
    answered: Answered,
    state: Mutex<State>,
}

enum State {
    /// It was given, with the action that it is for.
    Given(Box<Proceed>),
    /// The action is being done.
    Running(Running),
    /// There is nothing left of it.
    Over,
}

impl Leave {
    pub(crate) fn new(leave: Proceed, gates: &Arc<Gates>) -> Result<Leave, Failure> {
        let answered = leave.answered().clone();
        let decision = answer_json(&answered, &gates.opening.session_id)?;
        let state = Mutex::new(State::Given(Box::new(leave)));
        Ok(Leave { gates: Arc::clone(gates), decision, answered, state })
    }

    fn swap(&self, state: State) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), state)
    }
}

#[pymethods]
impl Leave {
    /// The answer, as JSON.
    #[getter]
    fn decision(&self) -> &str {
        &self.decision
    }

    /// The id of the action.
    #[getter]
    fn action_id(&self) -> &str {
        self.answered.action_id()
    }

    /// Records that the action begins: once. Only when that is synced may it be done.
    fn begin(&self, py: Python<'_>) -> PyResult<()> {
        outside(py, || {
            check_process(self.gates.process)?;
            match self.swap(State::Over) {
                State::Given(leave) => {
                    let (_leave, running) = self.gates.plain()?.start(*leave).wait()?;
                    self.swap(State::Running(running));
                    Ok(())
                }
                running @ State::Running(_) => {
                    self.swap(running);
                    Err(used())
                }
                State::Over => Err(used()),
            }
        })
    }

    /// Records how looking at what was done came out.
    #[pyo3(signature = (passed, error=None, duration_ms=None))]
    fn verified(
        &self,
        py: Python<'_>,
        passed: bool,
        error: Option<String>,
        duration_ms: Option<u64>,
    ) -> PyResult<()> {
        outside(py, || {
            check_process(self.gates.process)?;
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let State::Running(running) = &*state else { return Err(not_running()) };
            let reply = self.gates.plain()?.verified(running, passed, error, duration_ms);
            drop(state);
            reply.wait().map(|_| ()).map_err(Failure::from)
        })
    }

    /// Records how the action ended: `success`, `failed`, `skipped` or `unknown`; of `error`, what holds no
    /// secret of the action.
    #[pyo3(signature = (status, error=None, duration_ms=None, action=None))]
    fn end(
        &self,
        py: Python<'_>,
        status: &str,
        error: Option<&str>,
        duration_ms: Option<u64>,
        action: Option<&str>,
    ) -> PyResult<()> {
        outside(py, || {
            check_process(self.gates.process)?;
            let status = match status {
                "success" => EndStatus::Success,
                "failed" => EndStatus::Failed,
                "skipped" => EndStatus::Skipped,
                "unknown" => EndStatus::Unknown,
                other => return Err(Failure::usage(format!("no action ends as `{other}`"))),
            };
            let error = error.map(|error| self.without_secrets(error, action));
            match self.swap(State::Over) {
                State::Running(running) => {
                    self.gates.plain()?.end(running, status, error, duration_ms).wait().map(|_| ())?;
                    Ok(())
                }
                given @ State::Given(_) => {
                    self.swap(given);
                    Err(not_running())
                }
                State::Over => Err(not_running()),
            }
        })
    }

    /// Gives it back unused: the action ends as skipped, for this reason.
    fn give_back(&self, py: Python<'_>, why: String) -> PyResult<()> {
        outside(py, || {
            check_process(self.gates.process)?;
            match self.swap(State::Over) {
                State::Given(leave) => Ok(self.gates.plain()?.give_back(*leave, why).wait().map(|_| ())?),
                other => {
                    self.swap(other);
                    Err(used())
                }
            }
        })
    }
}

impl Leave {
    /// A failure without the secrets of the action. Where the action is not at hand, nothing is told.
    fn without_secrets(&self, error: &str, action: Option<&str>) -> String {
        let action = action.and_then(|json| Action::from_json(json.as_bytes()).ok());
        match action.filter(|action| action.digest() == self.answered.action_sha256()) {
            Some(action) => failure_text(error, &action, self.answered.policy()),
            None => "it failed".to_owned(),
        }
    }
}

fn used() -> Failure {
    Failure::usage("this leave was used already")
        .help("ask the gate again for every time that something is done")
}

fn not_running() -> Failure {
    Failure::usage("the action is not being done")
}

impl Drop for Leave {
    /// What nobody will do ends as skipped, and what nobody can tell the end of as failed.
    fn drop(&mut self) {
        if check_process(self.gates.process).is_err() {
            return;
        }
        let state = self.swap(State::Over);
        if matches!(state, State::Over) {
            return;
        }
        let gates = Arc::clone(&self.gates);
        // Whoever drops it holds the interpreter, and waits for nothing.
        let _ = thread::Builder::new().name("aegis-gives-back".to_owned()).spawn(move || {
            let Ok(gate) = gates.plain() else { return };
            match state {
                State::Given(leave) => drop(gate.give_back(*leave, "nobody used the leave".to_owned())),
                State::Running(running) => {
                    let why = "whoever did it gave up; how far it got is not known".to_owned();
                    drop(gate.end(running, EndStatus::Failed, Some(why), None));
                }
                State::Over => {}
            }
        });
    }
}
