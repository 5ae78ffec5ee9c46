//! One action by itself.

use aegis_engine::Action;

use crate::action_result::ActionResult;
use crate::runtime::course::Course;
use crate::runtime::parts::Parts;

/// Has an action decided, and does it if it is allowed.
pub(super) async fn run(parts: &Parts, action: Action) -> ActionResult {
    let mut course = Course::new(parts);
    let step = course.carry_out(action, None).await;
    course.end().await;
    step.result
}
