//! Signals and hang-ups while a question is open, and what signals do afterwards.

use std::process::{Command, Stdio};

use aegis_testkit::{PATIENCE, USUAL};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::program::Settings;
use crate::terminal::{Terminal, command, wait_for_file};

#[test]
fn interrupting_is_no() {
    for keys in ["\u{3}", "\u{1c}", "y\u{3}"] {
        let mut terminal = Terminal::start(|_| {});
        terminal.wait_for_question();
        terminal.type_text(keys);
        assert_eq!(terminal.result(), "Denied by us; settings kept", "{keys:?}");
        assert!(terminal.wait().signal().is_none(), "the program goes on to record the answer");
        terminal.wait_for("\n  denied: ");
    }
}

#[test]
fn being_told_to_stop_is_no_answer() {
    // What the terminal's own keys send comes from the kernel.
    let told = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT].map(|signal| (signal, "Stopped"));
    for (signal, why) in [&told[..], &[(Signal::SIGHUP, "HungUp")]].concat() {
        let mut terminal = Terminal::start(|_| {});
        terminal.wait_for_question();
        terminal.send(signal);
        assert_eq!(terminal.result(), format!("{why}; settings kept"), "{signal}");
        assert!(terminal.wait().signal().is_none(), "{signal}");
        terminal.wait_for("\n  no answer: refused: ");
    }
}

#[test]
fn what_comes_before_the_question_while_signals_are_held_is_no_answer_to_it() {
    for (signals, why) in [
        (&[Signal::SIGHUP][..], "HungUp"),
        (&[Signal::SIGHUP, Signal::SIGTERM], "Stopped"),
        (&[Signal::SIGINT], "Stopped"),
    ] {
        let mut terminal = Terminal::start(|settings| {
            settings.holds = true;
            settings.waits_before = true;
        });
        terminal.wait_for("ready");
        for signal in signals {
            terminal.send(*signal);
        }
        terminal.go();
        assert_eq!(terminal.result(), format!("{why}; settings kept"), "{signals:?}");
        assert!(terminal.wait().signal().is_none(), "{signals:?}: the program goes on to record the answer");
    }
}

#[test]
fn what_comes_after_the_answer_waits_until_it_is_recorded() {
    let holding = |signal| {
        let mut terminal = Terminal::start(|settings| {
            settings.holds = true;
            settings.waits_after = true;
        });
        terminal.wait_for_question();
        terminal.type_text("y\n");
        assert_eq!(terminal.result(), "Approved by us; settings kept");
        terminal.wait_for("asked");
        (0..3).for_each(|_| terminal.send(signal));
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!terminal.has_ended(), "{signal}");
        terminal.go();
        let ended = terminal.wait();
        ended.signal().map(str::to_owned)
    };
    for (signal, name) in
        [(Signal::SIGTERM, "Terminated"), (Signal::SIGHUP, "Hangup"), (Signal::SIGINT, "Interrupt")]
    {
        assert_eq!(holding(signal).as_deref(), Some(name));
    }
}

#[test]
fn a_terminal_that_says_again_that_it_is_gone_says_nothing_new() {
    let mut terminal = Terminal::start(|settings| {
        settings.holds = true;
        settings.waits_after = true;
    });
    terminal.wait_for_question();
    terminal.send(Signal::SIGHUP);
    assert_eq!(terminal.result(), "HungUp; settings kept");
    terminal.wait_for("asked");
    terminal.send(Signal::SIGHUP);
    terminal.go();
    assert!(terminal.wait().signal().is_none());
}

#[test]
fn afterwards_signals_do_again_what_they_did_before() {
    for (keys, signal) in [("\u{3}", "Interrupt"), ("\u{1c}", "Quit")] {
        let mut terminal = Terminal::start(|settings| settings.waits_after = true);
        terminal.wait_for_question();
        terminal.type_text("y\n");
        terminal.wait_for("asked");
        terminal.type_text(keys);
        let status = terminal.wait();
        assert!(status.signal().is_some_and(|ended| ended.starts_with(signal)), "{status:?}");
    }
    let mut terminal = Terminal::start(|settings| settings.waits_after = true);
    terminal.wait_for_question();
    terminal.type_text("\u{3}");
    terminal.wait_for("asked");
    terminal.send(Signal::SIGTERM);
    let status = terminal.wait();
    assert!(status.signal().is_some_and(|ended| ended.starts_with("Terminated")), "{status:?}");
}

#[test]
fn before_and_between_questions_signals_do_what_they_always_do() {
    let mut terminal = Terminal::start(|settings| settings.waits_before = true);
    terminal.wait_for("ready");
    terminal.type_text("\u{3}");
    assert!(terminal.wait().signal().is_some());
}

#[test]
fn a_second_approver_is_interrupted_as_the_first_is() {
    let mut terminal = Terminal::script("exec \"$@\"", (80, 60), |settings| settings.questions = 3);
    for (number, keys) in ["y\n", "\u{3}", "\u{1c}"].into_iter().enumerate() {
        terminal.wait_for_question_number(number + 1);
        terminal.type_text(keys);
    }
    assert_eq!(terminal.result(), "Approved by us, Denied by us, Denied by us; settings kept");
    assert!(terminal.wait().signal().is_none());
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let script = "trap '' INT; exec \"$@\"";
    let mut terminal = Terminal::script(script, USUAL, |settings| settings.waits_after = true);
    terminal.wait_for_question();
    terminal.type_text("\u{3}y\n");
    assert_eq!(terminal.result(), "Approved by us; settings kept");
    terminal.wait_for("asked");
    terminal.type_text("\u{3}");
    terminal.wait_for("^C");
    terminal.go();
    assert_eq!(terminal.wait().exit_code(), 0);
}

#[test]
fn a_handler_of_the_host_program_is_kept() {
    let mut terminal = Terminal::start(|settings| {
        settings.handles_sigint = true;
        settings.waits_after = true;
    });
    terminal.wait_for_question();
    terminal.type_text("\u{3}");
    assert_eq!(terminal.result(), "Denied by us; settings kept, SIGINT handled");
    terminal.wait_for("asked");
    terminal.type_text("\u{3}");
    terminal.wait_for("^C");
    terminal.go();
    assert_eq!(terminal.wait().exit_code(), 0);
}

/// Tells this program to be the window of a terminal; the value is its [`Settings`].
const WINDOW: &str = "AEGIS_TEST_WINDOW";
/// Tells the window what to run.
const WINDOW_SCRIPT: &str = "AEGIS_TEST_WINDOW_SCRIPT";

/// Not a test of its own: the window of a terminal, which another test closes by killing it.
#[test]
fn holds_a_terminal() {
    let (Ok(settings), Ok(script)) = (std::env::var(WINDOW), std::env::var(WINDOW_SCRIPT)) else { return };
    let settings: Settings = serde_json::from_str(&settings).unwrap();
    let command = command(&script, &settings, &settings.directory);
    let mut terminal = aegis_testkit::Terminal::spawn(command, USUAL);
    terminal.wait_for_question();
    std::fs::write(settings.directory.join("question"), "").unwrap();
    terminal.wait();
}

#[test]
fn a_terminal_that_goes_away_is_no_answer() {
    // Whether or not the hang-up is told by a signal, the terminal tells it as well.
    for script in ["exec \"$@\"", "trap '' HUP; exec \"$@\""] {
        let directory = TempDir::new().unwrap();
        let settings = Settings::new(directory.path());
        let mut window = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "signals::holds_a_terminal"])
            .env(WINDOW, serde_json::to_string(&settings).unwrap())
            .env(WINDOW_SCRIPT, script)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_file(directory.path(), "question");
        window.kill().unwrap();
        window.wait().unwrap();
        assert!(settings.timeout_ms > u64::try_from(PATIENCE.as_millis()).unwrap());
        assert_eq!(wait_for_file(directory.path(), "result"), "HungUp; settings gone", "{script}");
    }
}
