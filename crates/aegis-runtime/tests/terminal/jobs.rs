//! Background jobs, stopped jobs, several processes at one terminal, and no terminal at all.

use aegis_testkit::USUAL;

use crate::terminal::Terminal;

#[test]
fn without_a_terminal_of_its_own_nobody_is_asked() {
    let mut terminal = Terminal::detached();
    assert_eq!(terminal.result(), "NoTerminal; settings gone");
    assert_eq!(terminal.wait().exit_code(), 0);
    assert_eq!(terminal.contents(), "");
}

#[test]
fn a_background_job_neither_asks_nor_stops() {
    let script = "set -m; \"$@\" & wait $!; echo \"ended $?\"";
    let mut terminal = Terminal::script(script, USUAL, |_| {});
    assert_eq!(terminal.result(), "Background; settings kept");
    let screen = terminal.wait_for("ended 0");
    assert_eq!(screen, "ended 0", "nothing else may be shown");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn a_background_job_neither_asks_nor_stops_where_writing_would_stop_it() {
    let script = "stty tostop; set -m; \"$@\" & wait $!; echo \"ended $?\"";
    let terminal = Terminal::script(script, USUAL, |_| {});
    assert_eq!(terminal.result(), "Background; settings kept");
    terminal.wait_for("ended 0");
}

#[test]
fn after_being_stopped_the_question_is_put_again() {
    let script = "set -m; \"$@\"; echo interlude; stty -echo; fg >/dev/null; echo \"ended $?\"";
    let mut terminal = Terminal::script(script, USUAL, |_| {});
    terminal.wait_for_question();
    terminal.type_text("\u{1a}");
    terminal.wait_for_question_number(2);
    terminal.type_text("y\n");
    assert!(terminal.result().starts_with("Approved by us; "));
    let screen = terminal.wait_for("ended 0");
    // While it was stopped, the screen was the shell's.
    assert!(screen.contains("interlude\n"), "{screen}");
    assert!(screen.contains("\n  approved: bulk_update on crm, "), "{screen}");
}

#[test]
fn what_was_typed_while_it_was_stopped_is_no_answer() {
    let script = "set -m; \"$@\"; echo interlude; read line; fg >/dev/null; echo \"ended $?\"";
    let mut terminal = Terminal::script(script, USUAL, |_| {});
    terminal.wait_for_question();
    terminal.type_text("\u{1a}");
    terminal.wait_for("interlude");
    terminal.type_text("line\ny\n");
    terminal.wait_for_question_number(2);
    terminal.refuse();
    assert!(terminal.result().starts_with("Denied by us; "));
    terminal.wait_for("ended 0");
}

#[test]
fn going_on_in_the_background_is_no_answer() {
    let script =
        "set -m; \"$@\"; echo interlude; stty -echo; bg >/dev/null; wait; stty -a; echo \"ended $?\"";
    let mut terminal = Terminal::script(script, USUAL, |_| {});
    terminal.wait_for_question();
    terminal.type_text("\u{1a}");
    terminal.wait_for("interlude");
    assert!(terminal.result().starts_with("Background; "));
    let screen = terminal.wait_for("ended 0");
    assert!(screen.contains(" -echo "), "the terminal is the shell's now: {screen}");
    assert!(!screen.contains("refused"), "{screen}");
}

#[test]
fn two_processes_ask_one_after_the_other() {
    let script = "AEGIS_TEST_RESULT=one \"$@\" & AEGIS_TEST_RESULT=two \"$@\"; wait; echo \"ended\"";
    let mut terminal = Terminal::script(script, (80, 60), |_| {});
    terminal.wait_for_question();
    terminal.type_text("y\n");
    // The second question comes only after the first is answered, so its screen is whole.
    let screen = terminal.wait_for_question_number(2);
    assert_eq!(screen.matches("Aegis: an agent asks").count(), 1, "{screen}");
    terminal.refuse();
    terminal.wait_for("ended");
    let mut results = [terminal.result_named("one"), terminal.result_named("two")];
    results.sort();
    assert!(
        results[0].starts_with("Approved by us; ") && results[1].starts_with("Denied by us; "),
        "{results:?}"
    );
}
