//! What counts as yes, what counts as no, and what counts as nobody having answered.

use crate::terminal::Terminal;

const APPROVED: &str = "Approved by us; settings kept";
const DENIED: &str = "Denied by us; settings kept";

/// The result of typing something once the question is there, and the screen that is left.
#[track_caller]
fn typed(keys: &[u8]) -> (String, String) {
    let mut terminal = Terminal::start(|_| {});
    terminal.wait_for_question();
    terminal.type_bytes(keys);
    let result = terminal.result();
    assert_eq!(terminal.wait().exit_code(), 0);
    let word = if result.starts_with("Approved") { "\n  approved: " } else { "\n  denied: " };
    let screen = terminal.wait_until("the cursor below the answer", |screen| {
        screen.contents().contains(word) && screen.cursor_position().1 == 0
    });
    (result, screen)
}

#[test]
fn yes_is_yes() {
    for keys in ["y\n", "Y\r", "yes\n", " YeS \n", "nx\u{7f}\u{7f}y\n"] {
        assert_eq!(typed(keys.as_bytes()).0, APPROVED, "{keys:?}");
    }
}

#[test]
fn everything_else_is_no() {
    for keys in ["n\n", "\n", "gibberish\n", "yy\n", "y y\n", "ye\n", "j\n", "\u{ff59}\n"] {
        assert_eq!(typed(keys.as_bytes()).0, DENIED, "{keys:?}");
    }
}

#[test]
fn what_is_no_text_is_no() {
    assert_eq!(typed(b"y\0\n").0, DENIED);
    assert_eq!(typed(b"\xff\n").0, DENIED);
    assert_eq!(typed(b"y\xf9\n").0, DENIED);
}

#[test]
fn the_end_of_input_is_no() {
    assert_eq!(typed(b"\x04").0, DENIED);
    // A first ^D ends what was typed without Enter.
    assert_eq!(typed(b"y\x04").0, DENIED);
}

#[test]
fn a_line_that_does_not_end_is_no() {
    assert_eq!(typed(&[&[b'y'; 6000][..], b"\n"].concat()).0, DENIED);
    assert_eq!(typed(&[b"y", &[b' '; 6000][..], b"\n"].concat()).0, DENIED);
}

#[test]
fn nobody_answers_in_time() {
    let mut terminal = Terminal::start(|settings| settings.timeout_ms = 1500);
    terminal.wait_for_question();
    terminal.type_text("y");
    terminal.wait_for("\n  no answer within 1s 500ms: refused");
    assert_eq!(terminal.result(), "Timeout; settings kept");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn a_terminal_that_shows_nothing_does_not_hold_up_the_deadline() {
    let mut terminal = Terminal::start(|settings| {
        settings.timeout_ms = 500;
        settings.output_stopped = true;
    });
    assert_eq!(terminal.result(), "Timeout; settings kept");
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let mut terminal = Terminal::start(|settings| settings.waits_before = true);
    terminal.wait_until("a fresh line below `ready`", |screen| {
        screen.contents() == "ready" && screen.cursor_position() == (1, 0)
    });
    terminal.type_text("y\ny\n");
    // Once it is echoed, it is there to be read.
    terminal.wait_for("ready\ny\ny");
    terminal.go();
    terminal.wait_for_question();
    terminal.type_text("n\n");
    assert_eq!(terminal.result(), DENIED);
}

#[test]
fn each_question_has_an_answer_of_its_own() {
    let mut terminal = Terminal::start(|settings| settings.questions = 2);
    terminal.wait_for_question();
    terminal.type_text("y\ny\n");
    terminal.wait_for_question_number(2);
    terminal.type_text("n\n");
    assert_eq!(terminal.result(), "Approved by us, Denied by us; settings kept");
}

#[test]
fn a_terminal_that_was_left_raw_works_and_is_left_raw() {
    for (keys, result) in [("y\r", APPROVED), ("\r", DENIED), ("\u{4}", DENIED), ("\u{3}", DENIED)] {
        let mut terminal = Terminal::start(|settings| settings.raw = true);
        terminal.wait_for_question();
        terminal.type_text(keys);
        assert_eq!(terminal.result(), result, "{keys:?}");
        let word = if result == APPROVED { "\n  approved: " } else { "\n  denied: " };
        terminal.wait_until("the cursor below the answer", |screen| {
            screen.contents().contains(word) && screen.cursor_position().1 == 0
        });
    }
}

#[test]
fn for_high_and_critical_risk_a_word_is_typed_that_stands_on_the_screen() {
    for risk in ["high", "critical"] {
        for (keys, result) in
            [(None, APPROVED), (Some("y"), DENIED), (Some("yes"), DENIED), (Some(""), DENIED)]
        {
            let mut terminal = Terminal::start(|settings| {
                settings.risk = risk.to_owned();
                settings.action = serde_json::json!({ "type": "drop", "target": "y" });
            });
            let screen = terminal.wait_for_question();
            assert!(screen.contains("  To allow this, type ") && !screen.contains("[y/N]"), "{screen}");
            let word = terminal.word().unwrap();
            terminal.type_text(&format!("{}\n", keys.unwrap_or(&word)));
            assert_eq!(terminal.result(), result, "{keys:?}");
        }
    }
}

#[test]
fn each_question_has_a_word_of_its_own() {
    let mut terminal = Terminal::start(|settings| {
        settings.risk = "high".to_owned();
        settings.questions = 2;
    });
    terminal.wait_for_question();
    let first = terminal.word().unwrap();
    terminal.allow();
    terminal.wait_for_question_number(2);
    // One time in 65,536 they are the same.
    if terminal.word().unwrap() != first {
        terminal.type_text(&format!("{first}\n"));
        assert_eq!(terminal.result(), "Approved by us, Denied by us; settings kept");
    }
}

#[test]
fn what_is_typed_in_the_first_moment_is_nobodys() {
    let mut terminal = Terminal::start(|_| {});
    terminal.wait_for("  Allow this action? [y/N]");
    terminal.type_text("y\n");
    let screen = terminal.wait_for_question();
    assert!(screen.contains("\n  typed too early, and thrown away\n  Allow this action? [y/N]"), "{screen}");
    terminal.type_text("n\n");
    assert_eq!(terminal.result(), DENIED);
}
