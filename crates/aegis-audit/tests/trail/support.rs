//! A private directory with a log in it, actions to record, and this program started again as another process.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::Duration;

use aegis_audit::{
    Answer, ApproverIdentity, Entry, Event, Filter, PathSource, Receipt, Record, ResultStatus, Stamped,
    Trail, TrailError, TrailReader,
};
use aegis_engine::{Action, Decision, Digest, Policy, Redaction, Source, load};
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tempfile::TempDir;

/// Long enough for any queue in these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that goes away with the test, and the log in it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) directory: TempDir,
    pub(crate) log: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log.db");
        Place { directory, log }
    }

    /// A place whose log holds `count` decisions.
    pub(crate) fn with_decisions(count: usize) -> Place {
        let place = Place::new();
        let mut trail = place.open();
        for index in 0..count {
            let _ = trail.append(&[Case::default().id(&format!("a{index}")).decided()]).unwrap();
        }
        place
    }

    pub(crate) fn open(&self) -> Trail {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Trail, TrailError> {
        Trail::open(&self.log, PATIENCE)
    }

    pub(crate) fn read(&self) -> TrailReader {
        TrailReader::open(&self.log).unwrap()
    }

    pub(crate) fn records(&self, filter: &Filter) -> Vec<Record> {
        records(&self.read(), filter)
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.log.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// The log as a program that knows nothing of its rules would open it.
    pub(crate) fn meddle(&self) -> Connection {
        Connection::open(&self.log).unwrap()
    }

    /// Runs SQL that the log's triggers would refuse, as whoever holds the file can.
    pub(crate) fn tamper(&self, sql: &str) {
        without_triggers(&self.meddle(), |connection| connection.execute_batch(sql).unwrap());
    }

    /// What is in the directory, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Meddles with a log without its triggers, and gives them back.
pub(crate) fn without_triggers<T>(connection: &Connection, meddle: impl FnOnce(&Connection) -> T) -> T {
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let done = meddle(connection);
    for (_, sql) in triggers {
        connection.execute_batch(&sql).unwrap();
    }
    done
}

pub(crate) fn records(reader: &TrailReader, filter: &Filter) -> Vec<Record> {
    let mut found = Vec::new();
    reader
        .records(filter, |record| {
            found.push(record);
            Ok::<_, TrailError>(ControlFlow::Continue(()))
        })
        .unwrap();
    found
}

/// An action, what a policy says of it, and how it was answered.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) action: Action,
    pub(crate) decision: Decision,
    pub(crate) redaction: Redaction,
    pub(crate) answer: Answer,
    pub(crate) approver: Option<ApproverIdentity>,
    pub(crate) at: DateTime<Utc>,
}

/// Rules that give every risk level and every approval, by the action's type.
const POLICY: &str = "version: '1'
rules:
  - { name: reads_are_fine, match: { type: read }, risk_level: low, approval: auto }
  - { name: updates_need_approval, match: { type: update }, risk_level: high, approval: approve }
  - { name: deletes_are_blocked, match: { type: delete }, risk_level: critical, approval: block }
";

impl Default for Case {
    fn default() -> Case {
        Case::new(r#"{"type":"read","target":"crm","params":{"id":7},"description":"a look","agent":"bot"}"#)
    }
}

static LOADED: LazyLock<Policy> =
    LazyLock::new(|| load(&[Source { text: POLICY.as_bytes() }]).policy.unwrap());

impl Case {
    pub(crate) fn new(action: &str) -> Case {
        let action = Action::from_json(action.as_bytes()).unwrap();
        let at = "2026-11-23T08:49:00.123Z".parse().unwrap();
        let decision = LOADED.decide(&action, at);
        let answer = match decision.matched_rule() {
            "reads_are_fine" => Answer::Auto,
            "deletes_are_blocked" => Answer::Block,
            _ => Answer::Unanswered,
        };
        Case {
            id: "0193".to_owned(),
            session: "a1b2c3d4e5f6".to_owned(),
            approver: answer.is_allowed().then(ApproverIdentity::rule),
            action,
            decision,
            redaction: Redaction::default(),
            answer,
            at,
        }
    }

    pub(crate) fn id(mut self, id: &str) -> Case {
        id.clone_into(&mut self.id);
        self
    }

    pub(crate) fn session(mut self, session: &str) -> Case {
        session.clone_into(&mut self.session);
        self
    }

    pub(crate) fn at(mut self, at: &str) -> Case {
        self.at = at.parse().unwrap();
        self
    }

    pub(crate) fn answered_by(mut self, answer: Answer, user: &str) -> Case {
        self.answer = answer;
        self.approver = Some(ApproverIdentity::terminal(user.to_owned()));
        self
    }

    pub(crate) fn entry(&self) -> Entry<'_> {
        Entry {
            action_id: &self.id,
            session_id: &self.session,
            action: &self.action,
            action_sha256: self.action.digest(),
            decision: &self.decision,
            redaction: &self.redaction,
            policy_sha256: Digest::of(POLICY.as_bytes()),
            host: "host",
            user: "ana",
            policy_source: PathSource::Argument,
            log_source: PathSource::Default,
        }
    }

    pub(crate) fn requested(&self) -> Stamped<'_> {
        Stamped { at: self.at, event: Event::Requested { entry: self.entry() } }
    }

    pub(crate) fn answered(&self) -> Stamped<'_> {
        let event = Event::Answered {
            action_id: &self.id,
            session_id: &self.session,
            answer: self.answer,
            approver: self.approver.as_ref(),
            note: None,
            waited_ms: Some(1500),
        };
        Stamped { at: self.at, event }
    }

    pub(crate) fn decided(&self) -> Stamped<'_> {
        let (entry, answer, approver) = (self.entry(), self.answer, self.approver.as_ref());
        Stamped { at: self.at, event: Event::Decided { entry, answer, approver, reason: "it is so" } }
    }

    pub(crate) fn ended<'a>(&'a self, status: ResultStatus, error: Option<&'a str>) -> Stamped<'a> {
        let (action_id, session_id) = (self.id.as_str(), self.session.as_str());
        let event = Event::Ended { action_id, session_id, status, error, duration_ms: Some(1234) };
        Stamped { at: self.at, event }
    }
}

/// Appends one decision.
pub(crate) fn append_one(trail: &mut Trail, id: &str) -> Result<Vec<Receipt>, TrailError> {
    trail.append(&[Case::default().id(id).decided()])
}

/// What a child process is told to do, by the environment; see `child`.
const ROLE: &str = "AEGIS_TEST_ROLE";
const LOG: &str = "AEGIS_TEST_LOG";

/// This program again, as another process that plays `role` on `log`.
pub(crate) fn child(role: &str, log: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child::plays_its_role", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(LOG, log);
    command
}

/// The role of this process and the log to play it on, if it is such a child.
pub(crate) fn my_role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(LOG)?.into()))
}

/// As another account, which is not root.
pub(crate) fn as_nobody(command: &mut Command) -> &mut Command {
    command.uid(NOBODY).gid(NOBODY)
}

pub(crate) const NOBODY: u32 = 65_534;

/// Whether this process may become another account.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs a child, and gives what it said between its markers.
pub(crate) fn said(command: &mut Command) -> String {
    let output: Output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter_map(|line| line.strip_prefix("said: ")).collect::<Vec<_>>().join("\n")
}

pub(crate) fn mode(path: impl AsRef<OsStr>) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::symlink_metadata(Path::new(path.as_ref())).unwrap().permissions().mode() & 0o7777
}
