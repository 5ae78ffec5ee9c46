//! What counts as yes, what counts as no, and what counts as nobody having answered.

use nix::sys::signal::Signal;

use crate::terminal::Terminal;

const APPROVED: &str = "Approved by us; settings kept";
const DENIED: &str = "Denied by us; settings kept";

/// What is typed for a yes.
const YES: [&[u8]; 5] = [b"y\n", b"Y\r", b"yes\n", b" YeS \n", b"nx\x7f\x7fy\n"];

/// The result of typing something once the question is there, and the screen that is left.
#[track_caller]
fn typed(keys: &[u8]) -> (String, String) {
    let mut terminal = Terminal::start(|_| {});
    terminal.wait_for_question();
    terminal.type_bytes(keys);
    if keys.ends_with(b"\n") && !YES.contains(&keys) {
        terminal.wait_for("Why not?");
        terminal.type_text("\n");
    }
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
    for keys in YES {
        assert_eq!(typed(keys).0, APPROVED, "{keys:?}");
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
    terminal.refuse();
    assert_eq!(terminal.result(), DENIED);
}

#[test]
fn each_question_has_an_answer_of_its_own() {
    let mut terminal = Terminal::start(|settings| settings.questions = 2);
    terminal.wait_for_question();
    terminal.type_text("y\ny\n");
    terminal.wait_for_question_number(2);
    terminal.refuse();
    assert_eq!(terminal.result(), "Approved by us, Denied by us; settings kept");
}

#[test]
fn a_terminal_that_was_left_raw_works_and_is_left_raw() {
    for (keys, result) in [("y\r", APPROVED), ("\r", DENIED), ("\u{4}", DENIED), ("\u{3}", DENIED)] {
        let mut terminal = Terminal::start(|settings| settings.raw = true);
        terminal.wait_for_question();
        if keys == "\r" {
            terminal.refuse_with(keys);
        } else {
            terminal.type_text(keys);
        }
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
        for (keys, result) in [(None, APPROVED), (Some("n"), DENIED), (Some(""), DENIED)] {
            let mut terminal = Terminal::start(|settings| {
                settings.risk = risk.to_owned();
                settings.action = serde_json::json!({ "type": "drop", "target": "y" });
            });
            let screen = terminal.wait_for_question();
            assert!(screen.contains("  To allow this, type ") && !screen.contains("[y/N]"), "{screen}");
            let word = terminal.word().unwrap();
            match keys {
                Some(keys) => terminal.refuse_with(&format!("{keys}\n")),
                None => terminal.type_text(&format!("{word}\n")),
            }
            assert_eq!(terminal.result(), result, "{keys:?}");
        }
    }
}

#[test]
fn the_word_has_three_tries_whatever_happens_to_the_screen_meanwhile() {
    let mut terminal = Terminal::start(|settings| settings.risk = "high".to_owned());
    terminal.wait_for_question();
    // What is typed behind a wrong word, before that was said, is no other try.
    terminal.type_text("y\nyes\nno\n");
    terminal.wait_for("  not the word: 2 tries left");
    terminal.resize((90, 30));
    terminal.wait_for_question_number(2);
    terminal.wait_for("  not the word: 2 tries left");
    let word = terminal.word().unwrap();
    terminal.type_text(&format!("{word}x\n"));
    terminal.wait_for("  not the word: one try left");
    terminal.type_text("yes\n");
    let why = "the word on the screen was typed wrong three times";
    assert_eq!(terminal.result(), format!("Denied by us because {why:?}; settings kept"));
}

#[test]
fn after_a_wrong_word_the_right_one_counts() {
    let mut terminal = Terminal::start(|settings| settings.risk = "high".to_owned());
    terminal.wait_for_question();
    terminal.type_text("y\n");
    terminal.wait_for("  not the word: 2 tries left");
    terminal.allow();
    assert_eq!(terminal.result(), APPROVED);
}

#[test]
fn whoever_says_no_may_say_why_in_a_line() {
    let long = "x".repeat(300);
    for (typed, why) in [
        ("not on a Friday\n", "not on a Friday"),
        ("  ask  the \u{1b}[2Jowner\tfirst \n", "ask  the ownerfirst"),
        ("nix\u{7f}\u{7f}o \u{202e}删\n", "no \u{202e}删"),
        (&format!("{long}\n"), &"x".repeat(240)),
    ] {
        let mut terminal = Terminal::start(|_| {});
        terminal.wait_for_question();
        terminal.type_text("n\n");
        let screen = terminal.wait_for("Why not?");
        assert!(screen.contains("for the agent and for the log"), "{screen}");
        terminal.type_text(typed);
        assert_eq!(terminal.result(), format!("Denied by us because {why:?}; settings kept"), "{typed:?}");
    }
}

#[test]
fn whatever_comes_of_asking_why_the_no_stands() {
    for ends in ["\n", "  \n", "\u{3}", "\u{4}", "\u{1c}", "why\u{3}", "\u{1a}\u{4}"] {
        let mut terminal = Terminal::start(|_| {});
        terminal.wait_for_question();
        terminal.type_text("n\n");
        terminal.wait_for("Why not?");
        terminal.type_text(ends);
        assert_eq!(terminal.result(), DENIED, "{ends:?}");
        terminal.wait_for("\n  denied: ");
    }
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut terminal = Terminal::start(|_| {});
        terminal.wait_for_question();
        terminal.type_text("n\n");
        terminal.wait_for("Why not?");
        terminal.send(signal);
        assert_eq!(terminal.result(), DENIED, "{signal}");
        assert!(terminal.wait().signal().is_none(), "{signal}: the program goes on to record the answer");
    }
    let mut terminal = Terminal::start(|settings| settings.timeout_ms = 3000);
    terminal.wait_for_question();
    terminal.type_text("n\n");
    terminal.wait_for("Why not?");
    terminal.type_text("because");
    assert_eq!(terminal.result(), DENIED, "nobody waits for a reason for ever");
}

#[test]
fn what_was_typed_behind_a_no_is_no_reason_and_a_resize_loses_none() {
    let mut terminal = Terminal::start(|_| {});
    terminal.wait_for_question();
    terminal.type_text("n\nrm -rf /\n");
    terminal.wait_for("Why not?");
    terminal.type_text("not");
    terminal.wait_for("Why not? not");
    terminal.resize((60, 20));
    terminal.type_text(" now");
    terminal.wait_for("Why not? not now");
    terminal.type_text("\n");
    assert_eq!(terminal.result(), "Denied by us because \"not now\"; settings kept");
}

#[test]
fn the_time_that_is_left_is_shown_and_runs() {
    let mut terminal = Terminal::start(|settings| settings.timeout_ms = 600_000);
    let screen = terminal.wait_for_question();
    let left = |screen: &str| {
        let (before, _) = screen.split_once(" left; ? helps")?;
        let (minutes, seconds) = before.rsplit_once("  ")?.1.split_once(':')?;
        Some(minutes.parse::<u32>().ok()? * 60 + seconds.parse::<u32>().ok()?)
    };
    let first = left(&screen).unwrap();
    assert!(first <= 600 && first > 300, "{screen}");
    terminal.wait_until("less time", |screen| left(&screen.contents()).is_some_and(|now| now < first));
    // Nothing but that has changed, and the answer is typed where it was.
    terminal.type_text("y");
    terminal.wait_until("the key behind the question", |screen| screen.contents().ends_with("[y/N] y"));
    terminal.type_text("\n");
    assert_eq!(terminal.result(), APPROVED);
}

#[test]
fn help_is_left_by_any_key_and_no_key_there_counts() {
    let mut terminal = Terminal::start(|_| {});
    let asked = terminal.wait_for_question();
    for key in ["y", "\n", "q"] {
        terminal.type_text("?");
        let screen = terminal.wait_for("Any key goes back");
        assert!(screen.contains("the default") && !screen.contains("[y/N]"), "{screen}");
        terminal.type_text(key);
        terminal.wait_for("[y/N]");
    }
    terminal.type_text("y");
    let screen = terminal.wait_for("[y/N] y");
    let stable = |screen: &str| screen.lines().filter(|line| !line.contains(" left;")).count();
    assert_eq!(stable(&screen), stable(&asked));
    terminal.type_text("\n");
    assert_eq!(terminal.result(), APPROVED);
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
        terminal.wait_for("not the word: 2 tries left");
        terminal.refuse();
        assert_eq!(terminal.result(), "Approved by us, Denied by us; settings kept");
    }
}

#[test]
fn what_is_typed_in_the_first_moment_is_nobodys() {
    let mut terminal = Terminal::start(|_| {});
    terminal.wait_for("  Allow this action? [y/N]");
    terminal.type_text("y\n");
    let screen = terminal.wait_for_question();
    assert!(screen.contains("\n  typed too early, and thrown away; "), "{screen}");
    terminal.refuse();
    assert_eq!(terminal.result(), DENIED);
}
