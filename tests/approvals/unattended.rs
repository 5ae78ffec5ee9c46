//! A terminal at which nobody can be asked: the question waits in the log, as where there is none.

use aegis_testkit::Terminal;

use super::approve;
use crate::environment::TestEnvironment;

const CHECK: &str = "aegis check bulk_update:crm --param count=101";

/// The id of the one question that waits.
#[track_caller]
fn waiting(environment: &TestEnvironment) -> String {
    let listed = environment.aegis(&["approvals", "--format", "json"]).json_lines();
    assert_eq!(listed.len(), 1, "{listed:?}");
    listed[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_question_in_the_background_waits_for_an_answer_from_elsewhere() {
    let environment = TestEnvironment::new();
    let script = format!("set -m; {CHECK} --wait 50s </dev/null & wait $!; echo status=$?");
    let mut terminal = Terminal::shell(&environment, &script);
    terminal.wait_for("the question waits until");
    assert_eq!(approve(&environment, &waiting(&environment)), 0);
    let said = terminal.wait_for("status=");
    assert!(said.contains("status=0"), "{said}");
    assert_eq!(terminal.code(), 0);
    let records = environment.records();
    assert_eq!(records.last().unwrap()["decision"], "approved");
}

#[test]
fn a_question_that_does_not_fit_the_screen_waits_in_the_log() {
    for size in ["cols 39", "rows 9"] {
        let environment = TestEnvironment::new();
        let notified = environment.file("notified");
        let notify = format!("--notify 'tee {}'", notified.display());
        let script = format!("stty {size}; {CHECK} -q {notify}");
        assert_eq!(Terminal::shell(&environment, &script).code(), 3);
        let id = waiting(&environment);
        assert!(std::fs::read_to_string(&notified).unwrap().contains(&id));
        assert_eq!(environment.records().pop().unwrap()["decision"], "unanswered");
        // Where there is room, somebody answers, and the answer is used.
        assert_eq!(approve(&environment, &id), 0);
        let mut terminal = Terminal::shell(&environment, &format!("stty {size}; {CHECK} -q"));
        assert_eq!(terminal.code(), 0);
    }
}
