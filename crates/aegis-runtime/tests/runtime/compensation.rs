//! What is undone when a plan fails half-way.

use crate::governed::{Governed, statuses};
use crate::scripted::Scripted;

fn compensations(report: &aegis_runtime::Report) -> Vec<String> {
    let line =
        |result: &aegis_runtime::ActionResult| format!("{} {}", result.action().kind(), result.status());
    report.compensations().iter().map(line).collect()
}

#[test]
fn what_was_done_is_undone_the_last_first_and_each_is_gated_and_recorded() {
    let executor = Scripted::new();
    let governed = Governed::new(executor.clone());
    let report = governed.execute(&["create", "create_two", "read", "create_blocked", "fail", "create"]);
    assert_eq!(statuses(&report), ["success", "success", "success", "success", "failed", "skipped"]);
    assert_eq!(
        compensations(&report),
        [
            "delete_again blocked",
            "undo_first success",
            "fail failed",
            "undo_last skipped",
            "uncreate success"
        ]
    );
    assert_eq!(
        governed.results()[5..],
        [
            "create skipped",
            "delete_again blocked",
            "undo_first success",
            "fail failed",
            "undo_last skipped",
            "uncreate success"
        ]
    );
    assert_eq!((executor.notes.count("set up"), executor.notes.count("torn down")), (1, 1));
}

#[test]
fn nothing_is_undone_of_a_plan_that_goes_well_or_is_refused() {
    let governed = Governed::new(Scripted::new());
    let report = governed.execute(&["create", "delete", "ask_no"]);
    assert_eq!(statuses(&report), ["success", "blocked", "denied"]);
    assert!(report.compensations().is_empty());
}

#[test]
fn what_was_done_and_did_not_pass_its_check_is_undone_too() {
    let governed = Governed::new(Scripted::new());
    // The executor knows no way to undo this one; it is asked all the same.
    let report = governed.execute(&["create", "verify_fail"]);
    assert_eq!(statuses(&report), ["success", "failed"]);
    assert_eq!(compensations(&report), ["uncreate success"]);
}

#[test]
fn an_executor_that_panics_when_asked_how_to_undo_keeps_nothing_else_from_being_undone() {
    let governed = Governed::new(Scripted::new());
    let report = governed.execute(&["create", "create_panic", "panic"]);
    assert_eq!(statuses(&report), ["success", "success", "failed"]);
    assert_eq!(compensations(&report), ["uncreate success"]);
}
