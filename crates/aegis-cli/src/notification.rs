//! Telling another program of a question that waits.
//!
//! It runs in a session of its own, away from the terminal, with a clean environment and for a few seconds at
//! most. What it says and how it ends goes nowhere: an answer is given by `aegis approve`, and by nothing
//! else.

use std::io::Write as _;
use std::process::Stdio;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use process_wrap::std::{CommandWrap, ProcessSession};

use crate::command_text::{desktop_variables, split_command};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look whether it has ended.
const INTERVAL: Duration = Duration::from_millis(20);
/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A command that is told of questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    program: String,
    arguments: Vec<String>,
}

/// One that runs.
#[derive(Debug)]
pub(crate) struct Notified(JoinHandle<()>);

/// Reads a command in one text, by a shell's quoting and nothing else of it.
pub(crate) fn parse_notification(text: &str) -> Result<Notification, String> {
    let (program, arguments) = split_command(text)?;
    Ok(Notification { program, arguments })
}

impl Notification {
    /// Starts the command with this text and a newline as its standard input.
    pub(crate) fn send(&self, text: String) -> Notified {
        let command = self.clone();
        Notified(thread::spawn(move || command.run(text)))
    }

    fn run(&self, text: String) {
        let mut command = CommandWrap::with_new(&self.program, |command| {
            command.args(&self.arguments).env_clear().env("PATH", PATH);
            command.envs(desktop_variables());
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        });
        let Ok(mut child) = command.wrap(ProcessSession).spawn() else { return };
        if let Some(mut stdin) = child.stdin().take() {
            // It may read nothing, so nobody waits for this.
            thread::spawn(move || stdin.write_all((text + "\n").as_bytes()));
        }
        let deadline = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                // All of its session.
                let _ = child.kill();
                return;
            }
            thread::sleep(INTERVAL);
        }
    }
}

impl Notified {
    /// Waits for its end, which comes within a few seconds.
    pub(crate) fn see_out(self) {
        // However it ends, it changes nothing.
        let _ = self.0.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_and_nothing_in_it_is_run_by_a_shell() {
        let read = parse_notification("notify-send 'a question waits' $(reboot) > /x").unwrap();
        assert_eq!(read.program, "notify-send");
        assert_eq!(read.arguments, ["a question waits", "$(reboot)", ">", "/x"]);
        for wrong in ["", "  ", "'open", "''"] {
            assert!(parse_notification(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_that_is_not_there_or_reads_nothing_holds_nobody_up() {
        let begun = Instant::now();
        parse_notification("/no/such/program").unwrap().send("{}".to_owned()).see_out();
        parse_notification("/bin/true").unwrap().send("x".repeat(1 << 20)).see_out();
        assert!(begun.elapsed() < PATIENCE);
    }
}
