//! One action after another: asked for, begun, done, verified, and ended, each of which the log has.

use std::time::{Duration, Instant};

use aegis_audit::EndStatus;
use aegis_engine::Action;

use crate::action_result::{ActionResult, Ended, Failure};
use crate::contained::{Lost, contained};
use crate::execution::Running;
use crate::executor::{Executed, ExecutorError};
use crate::failure_text::failure_text;
use crate::foreseen::Foreseen;
use crate::gate::{Answered, Proceed};
use crate::gate_handle::{Beginning, GateHandle, HandleError};
use crate::hooks::tell;
use crate::runtime::bench::Bench;
use crate::runtime::parts::Parts;

/// What the log has of an action whose caller has gone.
const GIVEN_UP: &str = "whoever waited for it gave up while it was being done; how far it got is not known";

/// Carries out actions, one after another, with an executor that is set up before the first one that is
/// allowed.
pub(super) struct Course<'r> {
    parts: &'r Parts,
    bench: Bench,
}

/// What came of an action, and of doing it, where that was done.
pub(super) struct Step {
    pub(super) result: ActionResult,
    /// It was done, whether or not it passed its check: there is something to undo.
    pub(super) done: Option<Executed>,
}

impl<'r> Course<'r> {
    pub(super) fn new(parts: &'r Parts) -> Course<'r> {
        Course { parts, bench: Bench::new(parts.executor.clone()) }
    }

    /// Ends the course: the executor is put away.
    pub(super) async fn end(self) {
        self.bench.tear_down().await;
    }

    /// Has an action decided, and does it if it is allowed. Dropping this at any point loses nothing: what
    /// was allowed has an end in the log then too.
    pub(super) async fn carry_out(&mut self, action: Action, foreseen: Option<Foreseen>) -> Step {
        let Parts { gate, hooks, .. } = self.parts;
        let beginning = match gate.begin(action.clone(), foreseen).get().await {
            Ok(beginning) => beginning,
            Err(error) => return Step::failed(action, None, Failure::Undecided(error)),
        };
        let step = match beginning {
            Beginning::Begun(leave, running) => {
                let debt = Debt { gate, running: Some(running), since: Instant::now() };
                tell(|| hooks.on_decision(&action, leave.answered()));
                self.run(action, leave, debt).await
            }
            Beginning::NotBegun(answered, error) => {
                tell(|| hooks.on_decision(&action, &answered));
                Step::failed(action, Some(answered), Failure::NotStarted(error))
            }
            Beginning::Refused(refusal) => {
                let answered = refusal.into_answered();
                tell(|| hooks.on_decision(&action, &answered));
                return Step { result: ActionResult::refused(action, answered), done: None };
            }
        };
        tell(|| hooks.on_execution(&step.result));
        step
    }

    /// Does an action that has begun, and sees to it that it ends.
    async fn run(&mut self, action: Action, leave: Proceed, mut debt: Debt<'_>) -> Step {
        let Parts { executor, deadline, .. } = self.parts;
        let answered = leave.answered().clone();
        let bench = &mut self.bench;
        debt.since = Instant::now();
        let work = async {
            bench.set_up().await.map_err(Failure::SetUp)?;
            executor.execute(&action, leave).await.map_err(Failure::Executor)
        };
        let done = contained(work, *deadline).await.unwrap_or_else(|lost| Err(lost.into()));
        let duration = debt.since.elapsed();
        let (executed, failure) = match done {
            Ok(executed) => {
                let failure = self.verify(&action, &answered, &executed, &debt).await.err();
                (Some(executed), failure)
            }
            Err(failure) => (None, Some(failure)),
        };
        let (status, said) = match &failure {
            None => (EndStatus::Success, None),
            Some(failure) => {
                (EndStatus::Failed, Some(failure_text(&failure.in_full(), &action, answered.policy())))
            }
        };
        let unrecorded = debt.pay(status, said, duration).await.err();
        let ended = Ended { failure, unrecorded, executed: executed.clone(), duration };
        Step { result: ActionResult::ended(action, answered, ended), done: executed }
    }

    /// Has what was done checked, where there is something to check, and that recorded.
    async fn verify(
        &self,
        action: &Action,
        answered: &Answered,
        executed: &Executed,
        debt: &Debt<'_>,
    ) -> Result<(), Failure> {
        let Parts { gate, executor, deadline, .. } = self.parts;
        let since = Instant::now();
        let check = async { executor.verify(action, executed).await };
        let found = match contained(check, *deadline).await {
            Ok(None) => return Ok(()),
            Ok(Some(found)) => found,
            Err(lost) => Err(ExecutorError::new(Failure::from(lost).in_full())),
        };
        let failure = found.err().map(Failure::Verification);
        let said =
            failure.as_ref().map(|failure| failure_text(&failure.in_full(), action, answered.policy()));
        let Some(running) = &debt.running else { return Ok(()) };
        let recorded = gate.verified(running, failure.is_none(), said, milliseconds(since.elapsed()));
        match (failure, recorded.get().await) {
            (Some(failure), _) => Err(failure),
            (None, Ok(_)) => Ok(()),
            (None, Err(error)) => Err(Failure::NotRecorded(error)),
        }
    }
}

impl Step {
    fn failed(action: Action, answered: Option<Answered>, failure: Failure) -> Step {
        Step { result: ActionResult::not_begun(action, answered, failure), done: None }
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Failure {
        match lost {
            Lost::Panicked(message) => Failure::Panicked(message),
            Lost::Deadline(deadline) => Failure::Deadline(deadline),
        }
    }
}

/// The end that the log is owed of an action that has begun. It is paid whatever happens: if this is dropped
/// before, it is paid without waiting for it.
struct Debt<'g> {
    gate: &'g GateHandle,
    running: Option<Running>,
    since: Instant,
}

impl Debt<'_> {
    /// Has the end recorded. That is under way before anything is waited for.
    async fn pay(
        &mut self,
        status: EndStatus,
        error: Option<String>,
        duration: Duration,
    ) -> Result<(), HandleError> {
        let Some(running) = self.running.take() else { return Ok(()) };
        self.gate.end(running, status, error, milliseconds(duration)).get().await.map(|_| ())
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let duration = milliseconds(self.since.elapsed());
            drop(self.gate.end(running, EndStatus::Failed, Some(GIVEN_UP.to_owned()), duration));
        }
    }
}

fn milliseconds(duration: Duration) -> Option<u64> {
    u64::try_from(duration.as_millis()).ok()
}
