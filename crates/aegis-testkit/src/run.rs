//! How a program ended.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// How a run ended, and what it printed.
#[derive(Debug)]
pub struct Run {
    /// The exit status; -1 where a signal killed it.
    pub code: i32,
    /// What it said on standard output, which is UTF-8.
    pub stdout: String,
    /// What it said on standard error, which is UTF-8.
    pub stderr: String,
}

impl Run {
    /// A run that has ended.
    pub fn of(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Standard output as lines of JSON.
    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Runs a command with this standard input, all of which it need not read.
pub fn run_with_input(mut command: Command, input: &[u8]) -> Run {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that refuses before it has read everything closes the pipe: that is its right.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Run::of(output)
}
