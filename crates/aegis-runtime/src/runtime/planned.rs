//! A whole plan: in its order, until something fails; then the rest is skipped, and what was done is undone.

use std::collections::VecDeque;

use aegis_engine::Action;

use crate::action_result::{ActionResult, ActionStatus, Failure};
use crate::contained::contained_call;
use crate::executor::Executed;
use crate::gate_handle::GateHandle;
use crate::plan::{Plan, PlannedAction};
use crate::report::Report;
use crate::runtime::course::Course;
use crate::runtime::parts::Parts;

const AFTER_A_FAILURE: &str = "an action before it in the same plan failed";
const GIVEN_UP: &str = "whoever waited for the plan gave up before its turn came";

/// Executes a plan.
pub(super) async fn execute(parts: &Parts, plan: Plan) -> Report {
    let mut course = Course::new(parts);
    let mut report = Report::default();
    let mut done = Vec::new();
    let mut waiting = Waiting::new(&parts.gate, plan.actions().iter().map(PlannedAction::action));
    for planned in plan.into_actions() {
        let (action, foreseen) = planned.into_parts();
        waiting.next_begins();
        let step = course.carry_out(action.clone(), Some(foreseen)).await;
        let has_failed = step.result.status() == ActionStatus::Failed;
        done.extend(step.done.map(|executed| (action, executed)));
        report.results.push(step.result);
        if has_failed {
            report.results.extend(waiting.skip(parts, AFTER_A_FAILURE).await);
            report.compensations = undo(parts, &mut course, done).await;
            break;
        }
    }
    course.end().await;
    report
}

/// Undoes what was done, the last of it first, as far as the executor knows how.
async fn undo(parts: &Parts, course: &mut Course<'_>, done: Vec<(Action, Executed)>) -> Vec<ActionResult> {
    let mut results = Vec::new();
    for (action, executed) in done.into_iter().rev() {
        let undoing = contained_call(|| parts.executor.rollback(&action, &executed)).unwrap_or_default();
        let mut waiting = Waiting::new(&parts.gate, undoing.iter());
        for action in undoing {
            waiting.next_begins();
            let step = course.carry_out(action, None).await;
            let is_done = step.result.is_success();
            results.push(step.result);
            if !is_done {
                // They have an order, so that none is done without those before it.
                results.extend(waiting.skip(parts, AFTER_A_FAILURE).await);
                break;
            }
        }
    }
    results
}

/// Actions whose turn has not come. None is lost: if this is dropped, those that are left are recorded as
/// skipped, without waiting for that.
struct Waiting<'g> {
    gate: &'g GateHandle,
    actions: VecDeque<Action>,
}

impl<'g> Waiting<'g> {
    fn new<'a>(gate: &'g GateHandle, actions: impl Iterator<Item = &'a Action>) -> Waiting<'g> {
        Waiting { gate, actions: actions.cloned().collect() }
    }

    /// The turn of the first one has come.
    fn next_begins(&mut self) {
        self.actions.pop_front();
    }

    /// Records those that are left as skipped.
    async fn skip(&mut self, parts: &Parts, why: &str) -> Vec<ActionResult> {
        let actions = Vec::from(std::mem::take(&mut self.actions));
        if actions.is_empty() {
            return Vec::new();
        }
        match self.gate.skip_all(actions.clone(), why.to_owned()).get().await {
            Ok(outcomes) => {
                let mut outcomes = outcomes.into_iter();
                let skipped = |action: Action| {
                    let answered = outcomes.next().map(|outcome| outcome.answered().clone());
                    if let Some(answered) = &answered {
                        crate::hooks::tell(|| parts.hooks.on_decision(&action, answered));
                    }
                    ActionResult::skipped(action, answered, None)
                };
                actions.into_iter().map(skipped).collect()
            }
            Err(error) => {
                let skipped = |action| {
                    let failure = Failure::Undecided(error.clone());
                    ActionResult::skipped(action, None, Some(failure))
                };
                actions.into_iter().map(skipped).collect()
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.actions.is_empty() {
            let actions = Vec::from(std::mem::take(&mut self.actions));
            drop(self.gate.skip_all(actions, GIVEN_UP.to_owned()));
        }
    }
}
