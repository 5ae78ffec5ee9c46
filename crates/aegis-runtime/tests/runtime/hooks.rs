//! What hooks are told, and that they change nothing.

use aegis_engine::Action;
use aegis_runtime::{ActionResult, Answered, Approval, ApprovalRequest, Hooks, PolicyChange};

use crate::governed::{Governed, actions, policy, statuses};
use crate::scripted::{Notes, Scripted};

/// Writes down what it is told, and panics then, where it is asked to.
struct Told {
    notes: Notes,
    panics: bool,
}

impl Told {
    fn note(&self, note: String) {
        self.notes.add(note);
        assert!(!self.panics, "a hook of no use");
    }
}

impl Hooks for Told {
    fn on_decision(&self, action: &Action, answered: &Answered) {
        self.note(format!("{} is {}", action.kind(), answered.answer().as_str()));
    }

    fn on_question(&self, request: &ApprovalRequest<'_>) {
        self.note(format!("{}?", request.action.kind()));
    }

    fn on_approval(&self, request: &ApprovalRequest<'_>, approval: &Approval) {
        self.note(format!("{}! {}", request.action.kind(), approval.answer().as_str()));
    }

    fn on_execution(&self, result: &ActionResult) {
        self.note(format!("{} {}", result.action().kind(), result.status()));
    }

    fn on_policy_change(&self, change: &PolicyChange<'_>) {
        let is_replaced = matches!(change, PolicyChange::Replaced { before, now } if before != now);
        self.note(format!("replaced: {is_replaced}"));
    }
}

#[test]
fn hooks_are_told_what_happens_and_their_panics_change_nothing() {
    for panics in [false, true] {
        let notes = Notes::default();
        let told = Told { notes: notes.clone(), panics };
        let governed = Governed::with(Scripted::new(), |builder| builder.hooks(told));
        let report = governed.execute(&["read", "ask", "delete", "ask_no", "fail", "read"]);
        assert_eq!(statuses(&report), ["success", "success", "blocked", "denied", "failed", "skipped"]);
        let (other, digest) = policy("version: '1'\nrules: []\n");
        governed.runtime.update_policy(other, digest);
        assert_eq!(
            notes.all(),
            [
                "read is auto",
                "read success",
                "ask?",
                "ask! approved",
                "ask is approved",
                "ask success",
                "delete is block",
                "ask_no?",
                "ask_no! denied",
                "ask_no is denied",
                "fail is auto",
                "fail failed",
                "read is auto",
                "replaced: true",
            ],
            "{panics}"
        );
        let report = governed.execute(&["read"]);
        assert_eq!(statuses(&report), ["success"], "ana says yes to it under the new policy");
        assert!(governed.records().iter().all(|record| record.result_status.is_some()));
    }
}

#[test]
fn an_approver_that_panics_says_nothing_and_is_asked_no_more() {
    let governed = Governed::new(Scripted::new());
    let report = governed.execute(&["ask", "ask_panic", "ask", "read"]);
    assert_eq!(statuses(&report), ["success", "unanswered", "unanswered", "success"]);
    for result in &report.results()[1..3] {
        assert!(result.reason().ends_with("whoever asks for approval panicked"), "{}", result.reason());
    }
    assert_eq!(governed.results(), ["ask success", "ask_panic skipped", "ask skipped", "read success"]);
}

#[test]
fn nobody_is_asked_where_nobody_is_there() {
    use aegis_runtime::Runtime;
    let place = aegis_testkit::Place::new();
    let (policy, digest) = policy(crate::governed::POLICY);
    let builder = Runtime::builder().policy(policy, digest).log(&place.log).executor(Scripted::new());
    let runtime = builder.build().unwrap();
    let result = runtime.blocking().run_one(actions(&["ask"]).remove(0));
    assert_eq!(result.status().as_str(), "unanswered");
    assert!(result.reason().ends_with("there is nobody to ask"));
}
