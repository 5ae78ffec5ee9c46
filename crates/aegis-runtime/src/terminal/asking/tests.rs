//! What is left of the terminal where asking itself breaks down.

use std::cell::Cell;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aegis_testkit::{PATIENCE, Terminal, USUAL};
use nix::sys::termios::tcgetattr;
use portable_pty::CommandBuilder;
use tempfile::TempDir;

use super::super::answers::{Asks, YES};
use super::super::layout::Lines;
use super::super::look::{Look, PLAIN};
use super::super::sheet::Sheet;
use super::*;

/// Tells this program to be the one that asks. The value names the file for what came of it.
const RESULT: &str = "AEGIS_TEST_PANIC";

/// Not a test of its own: asks at its terminal, and panics when the question is put anew.
#[test]
fn panics_while_it_asks() {
    let Some(result) = std::env::var_os(RESULT).map(PathBuf::from) else { return };
    let settings = || tcgetattr(File::open("/dev/tty").unwrap()).unwrap();
    let (before, times) = (settings(), Cell::new(0));
    let lay_out = |look: Look, word| {
        times.set(times.get() + 1);
        assert!(times.get() == 1, "the approver panics");
        let asks = Asks {
            whether: "Go on?",
            to: "do",
            choices: &[YES],
            needs_word: false,
            reads_all: true,
            otherwise: "nothing is done",
        };
        let mut title = look.new_lines();
        title.plain("  A question", PLAIN);
        Sheet::new((look, word), asks, title, look.new_lines(), |title: Lines, _| title, || look.new_lines())
    };
    let options = TerminalOptions { timeout: 2 * PATIENCE, color: false, plain: false, ascii: false };
    let signals = Signals::catch(None).unwrap();
    let asking = Asking { options, signals: &signals, lay_out: &lay_out, why_after: None };
    let asked = catch_unwind(AssertUnwindSafe(|| asking.ask(|_, _| None)));
    let told = format!("{} {}", asked.is_err(), settings() == before);
    let draft = result.with_extension("draft");
    fs::write(&draft, told).unwrap();
    fs::rename(draft, result).unwrap();
}

#[test]
fn a_panic_leaves_the_terminal_as_it_was_found_and_is_no_answer() {
    let directory = TempDir::new().unwrap();
    let result = directory.path().join("result");
    let mut command = CommandBuilder::new("/bin/sh");
    command.args(["-c", "\"$@\" >>log 2>&1", "sh"]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "terminal::asking::tests::panics_while_it_asks", "--nocapture"]);
    command.env(RESULT, &result);
    command.cwd(directory.path());
    let terminal = Terminal::spawn(command, USUAL);
    terminal.wait_for_question();
    terminal.resize((90, 30));
    let deadline = Instant::now() + PATIENCE;
    while !result.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string(result).unwrap(), "true true");
    // The screen that was there before has come back.
    assert!(terminal.said().contains("\x1b[?1049l"));
}
