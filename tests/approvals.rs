//! What waits for a human: listed, answered from another terminal, used once.

mod approver_command;
mod attacks;
mod flow;
mod list;
mod notified;
mod other_accounts;
mod races;
mod signatures;
mod unattended;

use std::process::Command;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, NewReply, question_of};
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence, Via};
use aegis_ledger::event::Operator;
use aegis_testkit::{PATIENCE, Run, Terminal};

use crate::environment::TestEnvironment;

/// Asks for something of high risk, as an agent does that has no terminal.
const ASK: [&str; 4] = ["check", "bulk_update:crm", "--param", "count=101"];
/// The same within a script.
const ASK_IN_SHELL: &str = "setsid -w \"$AEGIS\" check bulk_update:crm --param count=101";

/// `aegis` with these arguments, in a session that has no terminal.
pub(crate) fn without_terminal(environment: &TestEnvironment, arguments: &[&str]) -> Command {
    let mut command = environment.shell("exec setsid -w \"$AEGIS\" \"$@\"");
    command.arg("sh").args(arguments);
    command
}

/// Runs it.
fn aside(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    Run::of(without_terminal(environment, arguments).output().unwrap())
}

/// Asks, and gives the id of the question that waits by then.
#[track_caller]
fn ask(environment: &TestEnvironment) -> String {
    let run = aside(environment, &[&ASK[..], &["--format", "json"]].concat());
    assert_eq!(run.code, 3, "{run:?}");
    run.json()["request"]["id"].as_str().unwrap().to_owned()
}

/// Asks for this action, and gives the id of the question that waits by then.
#[track_caller]
fn ask_for(environment: &TestEnvironment, action: &str) -> String {
    environment.write("action.json", action);
    let mut command = environment.shell("exec setsid -w \"$AEGIS\" check --format json <action.json");
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 3, "{run:?}");
    run.json()["request"]["id"].as_str().unwrap().to_owned()
}

/// Says yes at a terminal, in the way that the question asks for, and gives the exit status.
#[track_caller]
fn approve(environment: &TestEnvironment, id: &str) -> i32 {
    let mut terminal = Terminal::aegis(environment, &["approve", id]);
    terminal.wait_for_question();
    terminal.allow();
    terminal.code()
}

/// Says no at a terminal.
#[track_caller]
fn deny(environment: &TestEnvironment, id: &str, reason: &str) -> i32 {
    let mut terminal = Terminal::aegis(environment, &["deny", id, "--reason", reason]);
    terminal.wait_for_question();
    terminal.type_text("y\n");
    terminal.code()
}

/// Answers as somebody did who used another program.
pub(crate) fn reply(environment: &TestEnvironment, id: &str, answer: Answer, grant: bool) {
    let (via, user) = (Via::new("terminal"), Some("bo".to_owned()));
    let approver = ApproverIdentity { via, user, evidence: Evidence::Terminal, injectable: false };
    let operator = Operator { host: "host", user: "bo", login: None };
    let (signature, note) = (None, None);
    let new = NewReply { answer, approver: &approver, signature, grant, note, operator };
    let path = environment.file("aegis_audit.db");
    let mut journal = Journal::open_existing(&path, PATIENCE).unwrap();
    let log = TrailReader::open(&path).unwrap();
    let asked = question_of(&log, id).unwrap().unwrap();
    let log = journal.id().to_owned();
    let _ = journal.reply_to(&asked, &log, new).unwrap();
}

/// How a question stands.
fn standing(environment: &TestEnvironment, id: &str) -> String {
    let run = environment.aegis(&["approvals", "show", id, "--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.json()["standing"].as_str().unwrap().to_owned()
}

#[track_caller]
fn verify(environment: &TestEnvironment) {
    let run = environment.aegis(&["audit", "verify"]);
    assert_eq!(run.code, 0, "{run:?}");
}
