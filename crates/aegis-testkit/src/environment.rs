//! A private world for one test: its own directory, no environment, no terminal.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Run, private_directory, run_with_input, set_mode};

/// A policy with a rule for each approval.
pub const POLICY: &str = r#"version: "1"
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

/// An action that [`POLICY`] allows.
pub const READ: &str = r#"{"type":"read","target":"crm"}"#;
/// An action that [`POLICY`] blocks.
pub const DELETE: &str = r#"{"type":"delete","target":"crm"}"#;
/// An action for which [`POLICY`] wants an approval.
pub const BULK: &str = r#"{"type":"bulk_update","target":"crm","params":{"count":101}}"#;

/// The program under test.
pub trait Program {
    /// Where it is: `env!("CARGO_BIN_EXE_aegis")`, which cargo sets for the integration tests of its crate.
    const PATH: &'static str;
}

/// What takes the terminal away from a command, and becomes it: the number of the process stays.
pub const AWAY: &str = "/usr/bin/setsid";

/// A directory that goes away with the test, in which the program runs.
#[derive(Debug)]
pub struct TestEnvironment<P> {
    directory: TempDir,
    program: PhantomData<fn() -> P>,
}

impl<P: Program> TestEnvironment<P> {
    /// An empty directory.
    pub fn empty() -> TestEnvironment<P> {
        TestEnvironment { directory: private_directory(), program: PhantomData }
    }

    /// A directory with [`POLICY`] as its `policy.yaml`.
    pub fn new() -> TestEnvironment<P> {
        TestEnvironment::with_policy(POLICY)
    }

    /// A directory with this text as its `policy.yaml`.
    pub fn with_policy(text: &str) -> TestEnvironment<P> {
        let environment = TestEnvironment::empty();
        environment.write("policy.yaml", text);
        environment
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The path of a file in the directory, there or not.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file that only its owner may change, and gives its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        set_mode(&path, 0o644);
        path
    }

    /// `aegis` with these arguments, in the directory, with an empty environment, [away](AWAY) from whatever
    /// terminal runs the tests, so that it never asks there.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(AWAY);
        command.arg(P::PATH).args(arguments).current_dir(self.path()).env_clear().env("HOME", self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A shell that runs a script in the directory, in which `aegis` and `"$AEGIS"` are the program; away
    /// from the terminal as well.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = Command::new(AWAY);
        command.args(["/bin/sh", "-c", &with_aegis(script)]).current_dir(self.path()).env_clear();
        command.envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("AEGIS", P::PATH)]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `aegis` with these arguments, and nothing to read.
    pub fn aegis(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs `aegis` with these arguments and this standard input.
    pub fn aegis_with_input(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
        run_with_input(self.command(arguments), input.as_ref())
    }

    /// `aegis check` of one action, answered in JSON.
    pub fn check(&self, action: &str) -> Run {
        self.aegis_with_input(&["check", "--format", "json"], action)
    }

    /// The records of the trail.
    pub fn records(&self) -> Vec<Value> {
        let run = self.aegis(&["audit", "--format", "jsonl"]);
        assert_eq!(run.code, 0, "{run:?}");
        run.json_lines()
    }
}

/// A script in which `aegis` is the program that the variable `AEGIS` names.
pub(crate) fn with_aegis(script: &str) -> String {
    format!("aegis() {{ \"$AEGIS\" \"$@\"; }}; {script}")
}
