//! `aegis audit --follow`: records as they are appended.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use aegis_testkit::{Process, READ, Terminal, without_triggers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// How long anything may take before a test fails instead of waiting on.
const PATIENCE: Duration = Duration::from_secs(30);

/// A follower whose lines arrive one by one.
struct Follower {
    child: Child,
    lines: Receiver<String>,
    stderr: BufReader<ChildStderr>,
}

impl Follower {
    fn start(environment: &TestEnvironment, arguments: &[&str]) -> Follower {
        let arguments = [&["audit", "--follow"], arguments].concat();
        let mut child = environment.command(&arguments).spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Follower { child, lines, stderr }
    }

    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line in time")
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Ends it; gives the signal that ended it and what it said on stderr. Not as ^C does, which whoever runs
    /// the tests in the background of a shell has switched off for all of them.
    fn stop(mut self) -> (Option<i32>, String) {
        use std::os::unix::process::ExitStatusExt as _;
        self.signal(Signal::SIGTERM);
        let status = self.child.wait().unwrap();
        (status.signal(), self.said())
    }

    fn said(&mut self) -> String {
        let mut text = String::new();
        self.stderr.read_to_string(&mut text).unwrap();
        text
    }

    /// The next line that it says on stderr.
    fn note(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// How it ended of itself, and what it said on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), self.said());
            }
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                panic!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn id(environment: &TestEnvironment, action: &str) -> String {
    environment.check(action).json()["action_id"].as_str().unwrap().to_owned()
}

#[test]
fn the_newest_come_first_then_what_is_appended_until_it_is_stopped() {
    let environment = TestEnvironment::new();
    let ids: Vec<_> = (0..12).map(|_| id(&environment, READ)).collect();
    let follower = Follower::start(&environment, &["--format", "jsonl"]);
    for id in &ids[2..] {
        assert_eq!(follower.json()["id"], json!(id));
    }
    let new = id(&environment, READ);
    assert_eq!(follower.json()["id"], json!(new));
    assert_eq!(environment.aegis(&["audit", "record", &new, "--status", "success"]).code, 0);
    let ended = follower.json();
    assert_eq!((&ended["id"], &ended["result_status"]), (&json!(new), &json!("success")));
    assert_eq!(follower.stop(), (Some(15), String::new()));
}

#[test]
fn records_of_many_writers_arrive_in_order_exactly_once() {
    let environment = TestEnvironment::new();
    let mut follower = Follower::start(&environment, &["--format", "jsonl", "--type", "read"]);
    // Before there is one.
    let said = follower.note();
    assert_eq!(said, "note: there is no audit log at `aegis_audit.db`; waiting for one\n");
    let (writers, each) = (4, 6);
    std::thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                for action in [READ, r#"{"type":"delete","target":"crm"}"#].iter().cycle().take(2 * each) {
                    environment.check(action);
                }
            });
        }
    });
    let seen: Vec<_> = (0..writers * each).map(|_| follower.json()["seq"].as_u64().unwrap()).collect();
    let run = environment.aegis(&["audit", "--type", "read", "--format", "jsonl"]);
    let expected: Vec<_> = run.json_lines().iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    assert_eq!((seen.len(), seen), (writers * each, expected));
    assert!(follower.lines.recv_timeout(Duration::from_millis(300)).is_err());
    follower.stop();
}

#[test]
fn every_format_that_streams_does_and_the_others_are_refused() {
    let environment = TestEnvironment::new();
    let first = id(&environment, READ);
    let csv = Follower::start(&environment, &["--format", "csv"]);
    assert!(csv.line().starts_with("id,session_id,timestamp,"));
    assert!(csv.line().starts_with(&first));
    csv.stop();
    let table = Follower::start(&environment, &["-n", "0"]);
    assert_eq!(
        table.line().split_whitespace().collect::<Vec<_>>(),
        ["Time", "ID", "Session", "Agent", "Action", "Target", "Risk", "Decision", "By", "Rule", "Result"]
    );
    let hostile = json!({ "type": "read", "target": "\u{1b}[2J\u{202e}\n" }).to_string();
    environment.check(&hostile);
    let line = table.line();
    assert!(line.contains(r"  read  ") && line.contains(r"  \u{1b}[2J\u{202e}\n  "), "{line:?}");
    table.stop();
    for refused in [&["--format", "json"][..], &["--reverse"], &["-o", "out"]] {
        let run = environment.aegis(&[&["audit", "-f"], refused].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    }
}

#[test]
fn a_closed_pipe_ends_it_even_when_nothing_is_appended() {
    let environment = TestEnvironment::new();
    environment.check(READ);
    let mut command = environment.command(&["audit", "--follow", "--format", "jsonl"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let follower = Follower { child, lines: channel().1, stderr };
    assert_eq!(follower.end(), (Some(0), String::new()));
}

#[test]
fn a_log_that_is_replaced_is_said_and_followed() {
    let environment = TestEnvironment::new();
    environment.check(READ);
    let follower = Follower::start(&environment, &["--format", "jsonl"]);
    assert_eq!(follower.json()["seq"], 1);
    std::fs::create_dir(environment.file("old")).unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let name = format!("aegis_audit.db{suffix}");
        let _ = std::fs::rename(environment.file(&name), environment.file(&format!("old/{name}")));
    }
    let new = id(&environment, READ);
    let record = follower.json();
    assert_eq!((&record["seq"], &record["id"]), (&json!(1), &json!(new)));
    let log = environment.check(READ).json()["receipt"]["log"].as_str().unwrap().to_owned();
    let (_, said) = follower.stop();
    assert!(said.ends_with(&format!("note: the audit log at `aegis_audit.db` is {log} now\n")), "{said}");
}

#[test]
fn a_log_that_is_cut_off_ends_it_with_an_error() {
    let environment = TestEnvironment::new();
    environment.check(READ);
    environment.check(READ);
    let follower = Follower::start(&environment, &["--format", "jsonl"]);
    assert_eq!((follower.json()["seq"].as_u64(), follower.json()["seq"].as_u64()), (Some(1), Some(2)));
    let log = rusqlite::Connection::open(environment.file("aegis_audit.db")).unwrap();
    log.execute_batch("BEGIN IMMEDIATE").unwrap();
    without_triggers(&log, |log| log.execute_batch("DELETE FROM events WHERE seq = 2").unwrap());
    log.execute_batch("COMMIT").unwrap();
    let (code, said) = follower.end();
    assert_eq!(code, Some(4));
    assert!(said.starts_with("error: the audit log `"), "{said}");
    assert!(
        said.contains("is damaged: row 2, which was there before, was changed or cut off\nhelp: "),
        "{said}"
    );
}

#[test]
fn a_missing_directory_is_an_error() {
    let environment = TestEnvironment::new();
    let run = environment.aegis(&["audit", "-f", "--db", "no/such.db"]);
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
}

#[test]
fn while_nothing_happens_it_does_next_to_nothing() {
    let environment = TestEnvironment::new();
    environment.check(READ);
    let follower = Follower::start(&environment, &["--format", "jsonl"]);
    follower.line();
    // After a change it looks again for a while, ever less often.
    std::thread::sleep(Duration::from_secs(4));
    let process = Process(follower.child.id());
    let (before, waited) = (process.processor_time(), process.waits());
    std::thread::sleep(Duration::from_secs(4));
    let used = process.processor_time().checked_sub(before).unwrap();
    assert!(used <= Duration::from_millis(200), "it used {used:?}");
    assert!(process.waits() - waited <= 40, "it waited {} times", process.waits() - waited);
    follower.stop();
}

#[test]
fn at_a_terminal_lines_come_as_they_are_recorded_and_ctrl_c_ends_it() {
    let environment = TestEnvironment::new();
    environment.check(r#"{"type":"read","target":"first"}"#);
    let mut terminal = Terminal::shell(&environment, "trap : INT; aegis audit -f; echo exit $?");
    terminal.wait_for("first");
    environment.check(&json!({ "type": "read", "target": "x".repeat(60) }).to_string());
    terminal.wait_for("xxx…xx");
    let screen = terminal.contents();
    let titles: Vec<_> = screen.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(titles, ["Time", "ID", "Agent", "Action", "Target", "Decision"], "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() < 80), "{screen}");
    terminal.type_text("\u{3}");
    terminal.wait_for("exit 130");
    assert_eq!(terminal.code(), 0);
}
