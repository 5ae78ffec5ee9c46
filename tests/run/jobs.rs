//! Commands at a terminal: programs that own the screen, ^C, ^Z and `fg`.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use aegis_testkit::{Terminal, USUAL};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::{assert_sound, exists, place, result};
use crate::environment::TestEnvironment;

/// A shell with job control, at a terminal.
fn interactive(environment: &TestEnvironment) -> Terminal {
    let mut command = CommandBuilder::new("/bin/bash");
    command.args(["--norc", "--noprofile", "-i"]);
    command.env_clear();
    let aegis = env!("CARGO_BIN_EXE_aegis");
    for (name, value) in [("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("AEGIS", aegis), ("PS1", "ready> ")]
    {
        command.env(name, value);
    }
    command.cwd(environment.path());
    let terminal = Terminal::spawn(command, USUAL);
    terminal.wait_for("ready>");
    terminal
}

#[test]
fn a_terminal_program_has_the_terminal() {
    let environment = place();
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size && : </dev/tty && echo all-there";
    let mut terminal = Terminal::aegis(&environment, &["run", "-q", "--", "sh", "-c", script]);
    terminal.wait_for("24 80");
    terminal.wait_for("all-there");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_program_that_owns_the_screen_draws_on_it() {
    let environment = place();
    environment.write("text", "first\n".to_owned() + &"line\n".repeat(100) + "last\n");
    let mut terminal = Terminal::aegis(&environment, &["run", "-q", "--", "less", "text"]);
    terminal.wait_for("first");
    terminal.type_text("G");
    terminal.wait_for("last");
    terminal.type_text("q");
    assert_eq!((terminal.code(), result(&environment).as_str()), (0, "success: null (auto)"));
}

#[test]
fn a_question_and_then_the_command_share_the_terminal() {
    let environment = place();
    let script = "echo 'got'-a-terminal; read word; echo heard-$word";
    let mut terminal = Terminal::aegis(&environment, &["run", "-q", "ask:x", "--", "sh", "-c", script]);
    let asked = terminal.wait_for_question();
    assert!(asked.contains("argv") && asked.contains("program_sha256"), "{asked}");
    terminal.allow();
    terminal.wait_for("got-a-terminal");
    terminal.type_text("this\n");
    terminal.wait_for("heard-this");
    assert_eq!((terminal.code(), result(&environment).as_str()), (0, "success: null (approved)"));
}

#[test]
fn a_no_at_the_terminal_runs_nothing() {
    let environment = place();
    let mut terminal = Terminal::aegis(&environment, &["run", "ask:x", "--", "touch", "made"]);
    terminal.wait_for_question();
    terminal.refuse();
    assert_eq!((terminal.code(), exists(&environment.file("made"))), (126, false));
}

#[test]
fn no_answer_in_time_runs_nothing() {
    let environment = place();
    let arguments = ["run", "--ask-timeout", "1s", "ask:x", "--", "touch", "made"];
    let mut terminal = Terminal::aegis(&environment, &arguments);
    terminal.wait_for_question();
    terminal.wait_for("no answer within 1s");
    assert_eq!((terminal.code(), exists(&environment.file("made"))), (126, false));
}

#[test]
fn an_interrupt_from_the_keyboard_is_the_commands_own() {
    let environment = place();
    let mut terminal =
        Terminal::aegis(&environment, &["run", "-q", "--", "sh", "-c", "echo ready; exec sleep 60"]);
    terminal.wait_for("ready");
    terminal.type_bytes(b"\x03");
    assert_eq!((terminal.code(), result(&environment).as_str()), (130, "failed: killed by SIGINT (auto)"));
    // Once, to a command that goes on.
    let script = "n=0; trap 'n=$((n+1))' INT; echo begun; for i in 1 2 3 4 5 6 7 8; do sleep 0.25; done; echo times-$n";
    let mut terminal = Terminal::aegis(&environment, &["run", "-q", "--", "sh", "-c", script]);
    terminal.wait_for("begun");
    terminal.type_bytes(b"\x03");
    terminal.wait_for("times-1");
    assert_eq!((terminal.code(), result(&environment).as_str()), (0, "success: null (auto)"));
    assert_sound(&environment);
}

#[test]
fn an_interrupt_after_a_question_is_the_commands_own_too() {
    let environment = place();
    let script = "echo 're'ady; exec sleep 60";
    let mut terminal = Terminal::aegis(&environment, &["run", "-q", "ask:x", "--", "sh", "-c", script]);
    terminal.wait_for_question();
    terminal.allow();
    terminal.wait_for("ready");
    terminal.type_bytes(b"\x03");
    assert_eq!(
        (terminal.code(), result(&environment).as_str()),
        (130, "failed: killed by SIGINT (approved)")
    );
}

#[test]
fn a_job_stops_and_goes_on_with_its_command() {
    let environment = place();
    let mut terminal = interactive(&environment);
    terminal.type_text("$AEGIS run -q -- sh -c 'echo be''gun; sleep 1; sleep 1; echo fini''shed; exit 3'\n");
    terminal.wait_for("begun");
    terminal.type_bytes(b"\x1a");
    terminal.wait_for("Stopped");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!terminal.contents().contains("finished"), "{}", terminal.contents());
    terminal.type_text("fg\n");
    terminal.wait_for("finished");
    terminal.type_text("echo status=$?\n");
    terminal.wait_for("status=3");
    terminal.type_text("exit\n");
    terminal.wait();
    assert_eq!(result(&environment), "failed: exit status 3 (auto)");
    assert_sound(&environment);
}

#[test]
fn a_terminal_that_goes_away_tells_the_command() {
    let environment = place();
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_aegis"));
    let script = "trap 'kill $!; touch told; exit 0' HUP; echo ready; sleep 60 & wait";
    command.args(["run", "-q", "--", "sh", "-c", script]);
    command.env_clear();
    command.cwd(environment.path());
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = BufReader::new(pair.master.try_clone_reader().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0);
    }
    drop((reader, pair.master));
    let status = child.wait().unwrap();
    assert!(status.success() && exists(&environment.file("told")), "{status:?}");
    assert_eq!(result(&environment), "success: null (auto)");
}

/// Programs that own the screen put it right before they stop, and then stop themselves alone.
#[test]
fn a_job_stops_with_a_command_that_stops_itself() {
    let environment = place();
    let mut terminal = interactive(&environment);
    terminal.type_text("$AEGIS run -q -- sh -c 'echo be''gun; kill -TSTP $$; echo re''sumed; exit 4'\n");
    terminal.wait_for("Stopped");
    assert!(!terminal.contents().contains("resumed"), "{}", terminal.contents());
    terminal.type_text("fg\n");
    terminal.wait_for("resumed");
    terminal.type_text("echo status=$?\n");
    terminal.wait_for("status=4");
    terminal.type_text("exit\n");
    terminal.wait();
}
