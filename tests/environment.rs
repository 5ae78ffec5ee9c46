//! A private world for one test: its own directory, no environment, no terminal.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A policy with a rule for each approval.
pub(crate) const POLICY: &str = r#"version: "1"
rules:
  - name: reads_are_fine
    match: { type: read }
    risk_level: low
    approval: auto
  - name: deletes_are_blocked
    match: { type: delete }
    risk_level: critical
    approval: block
  - name: bulk_needs_approval
    match: { type: "bulk_*" }
    conditions: { param_gt: { count: 100 } }
    risk_level: high
    approval: approve
  - name: small_bulk_is_fine
    match: { type: "bulk_*" }
    conditions: { param_lte: { count: 100 } }
    approval: auto
"#;

pub(crate) const READ: &str = r#"{"type":"read","target":"crm"}"#;
pub(crate) const DELETE: &str = r#"{"type":"delete","target":"crm"}"#;
pub(crate) const BULK: &str = r#"{"type":"bulk_update","target":"crm","params":{"count":101}}"#;

pub(crate) struct TestEnvironment {
    directory: TempDir,
}

/// How a run ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl TestEnvironment {
    /// An empty directory.
    pub(crate) fn empty() -> TestEnvironment {
        TestEnvironment { directory: tempfile::tempdir().unwrap() }
    }

    /// A directory with [`POLICY`] as its `policy.yaml`.
    pub(crate) fn new() -> TestEnvironment {
        TestEnvironment::with_policy(POLICY)
    }

    pub(crate) fn with_policy(text: &str) -> TestEnvironment {
        let environment = TestEnvironment::empty();
        environment.write("policy.yaml", text);
        environment
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    /// `aegis` with these arguments, in the directory, with an empty environment. In a process group of its own, so
    /// that it is in the background of whatever terminal runs the tests and never asks there.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aegis"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn aegis(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn aegis_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
        run_with_input(self.command(arguments), input.as_ref())
    }

    /// `aegis check` of one action, answered in JSON.
    pub(crate) fn check(&self, action: &str) -> Run {
        self.aegis_with_input(&["check", "--format", "json"], action)
    }

    /// The records of the trail.
    pub(crate) fn records(&self) -> Vec<Value> {
        let run = self.aegis(&["audit", "--format", "jsonl"]);
        assert_eq!(run.code, 0, "{run:?}");
        run.json_lines()
    }
}

pub(crate) fn run_with_input(mut command: Command, input: &[u8]) -> Run {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that refuses before it has read everything closes the pipe: that is its right.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Run::of(output)
}

impl Run {
    fn of(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
