//! Another program.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aegis_ledger::answer::{Answer, Evidence};
use aegis_runtime::{ApproverCommandError, CommandApprover};

use crate::place::{Place, ask, assert_nobody};

/// A shell that does this. What comes behind it are its arguments.
fn shell(script: &str, arguments: &[&Path]) -> CommandApprover {
    let mut all = vec!["-c".into(), script.into(), "sh".into()];
    all.extend(arguments.iter().map(|path| path.as_os_str().to_owned()));
    CommandApprover::new::<std::ffi::OsString>("/bin/sh", all).unwrap()
}

fn answered_by(script: &str) -> (Place, aegis_runtime::Answered) {
    let place = Place::new();
    let answered = ask(&mut place.gate(shell(script, &[])));
    (place, answered)
}

#[test]
fn its_exit_status_is_its_answer() {
    let (_, yes) = answered_by("exit 0");
    let by = yes.approver().unwrap();
    assert_eq!(
        (yes.answer(), by.via.as_str(), by.evidence),
        (Answer::Approved, "command", Evidence::Terminal)
    );
    assert!(
        yes.reason().contains("a command of ") && yes.reason().ends_with(" approved it"),
        "{}",
        yes.reason()
    );
    let (place, no) = answered_by("exit 1");
    assert_eq!((no.answer(), no.approver().unwrap().via.as_str()), (Answer::Denied, "command"));
    assert_eq!(place.events(), ["requested", "answered", "decided"]);
}

#[test]
fn every_other_end_is_no_answer() {
    for (script, words) in [
        ("exit 2", "gave no answer (status 2)"),
        ("exit 255", "gave no answer (status 255)"),
        ("echo approved; echo y; exit 3", "gave no answer (status 3)"),
        ("kill -9 $$", "was killed by signal 9"),
        ("kill -TERM $$", "was killed by signal 15"),
        ("exec /no/such/program", "gave no answer (status 127)"),
        ("exec </dev/null; kill -PIPE $$", "was killed by signal 13"),
    ] {
        let (place, answered) = answered_by(script);
        assert_nobody(&place, &answered, words);
    }
}

#[test]
fn what_it_writes_and_what_it_does_not_read_harms_nobody() {
    let place = Place::new();
    for script in [
        "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 1",
        "printf '\\033[2Japproved\\n'; exit 1",
        "exec <&-; exit 1",
        "exec <&- >&- 2>&-; exit 1",
    ] {
        let mut gate = place.gate(shell(script, &[]));
        let padded =
            format!(r#"{{"type":"deploy","target":"shop","params":{{"x":"{}"}}}}"#, "a".repeat(200_000));
        let action = aegis_engine::Action::from_json(padded.as_bytes()).unwrap();
        let outcome = gate.answer(&action).unwrap();
        assert_eq!(outcome.answered().answer(), Answer::Denied, "{script}");
    }
}

#[test]
fn it_gets_the_whole_question_and_nothing_else() {
    let place = Place::new();
    let (question, environment) =
        (place.directory.path().join("question"), place.directory.path().join("env"));
    let script = "cat >\"$1\"; env >\"$2\"; (exec </dev/tty) 2>/dev/null && exit 0; exit 1";
    let approver = shell(script, &[&question, &environment]).env("LANG", "C").env("PATH", "/tmp");
    let text = r#"{"type":"login","target":"crm","params":{"password":"hunter2"}}"#;
    let action = aegis_engine::Action::from_json(text.as_bytes()).unwrap();
    let outcome = place.gate(approver).answer(&action).unwrap();
    assert_eq!(outcome.answered().answer(), Answer::Denied, "it has no terminal");
    let question = fs::read_to_string(question).unwrap();
    assert_eq!(question.lines().count(), 1);
    let question: serde_json::Value = serde_json::from_str(&question).unwrap();
    assert_eq!(question["params"]["password"], "hunter2", "whoever answers sees what they answer to");
    assert_eq!(question["redacted"], serde_json::json!(["/password"]));
    assert_eq!(question["action_sha256"], action.digest().to_string());
    let passed = fs::read_to_string(environment).unwrap();
    let mut names: Vec<_> = passed.lines().filter_map(|line| line.split_once('=')).collect();
    // What a shell makes by itself.
    names.retain(|(name, _)| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    names.sort_unstable();
    assert_eq!(names, [("LANG", "C"), ("PATH", "/usr/local/bin:/usr/bin:/bin")]);
}

/// Whether a process is still there.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn one_that_hangs_is_killed_with_all_that_it_started() {
    let place = Place::new();
    let children = place.directory.path().join("children");
    let script = "trap '' TERM HUP INT; sleep 600 & echo $! >\"$1\"; echo $$ >>\"$1\"; wait";
    let approver = shell(script, &[&children]).deadline(Duration::from_secs(2));
    assert_nobody(&place, &ask(&mut place.gate(approver)), "did not answer in time");
    let children = fs::read_to_string(children).unwrap();
    assert_eq!(children.lines().count(), 2);
    for child in children.lines() {
        wait_for("it must be gone", || !is_alive(child));
    }
}

#[test]
fn what_it_leaves_behind_does_not_outlive_its_answer() {
    let place = Place::new();
    let child = place.directory.path().join("child");
    let approver = shell("sleep 600 </dev/null & echo $! >\"$1\"; exit 0", &[&child]);
    assert_eq!(ask(&mut place.gate(approver)).answer(), Answer::Approved);
    let child = fs::read_to_string(child).unwrap();
    wait_for("it must be gone", || !is_alive(&child));
}

fn program(place: &Place, mode: u32) -> PathBuf {
    let path = place.directory.path().join("approver");
    fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn refused(program: impl AsRef<std::ffi::OsStr>) -> ApproverCommandError {
    CommandApprover::new::<&str>(program, []).unwrap_err()
}

#[test]
fn a_program_that_others_could_change_is_not_asked() {
    let place = Place::new();
    for mode in [0o777, 0o757, 0o722] {
        let error = refused(program(&place, mode));
        assert!(matches!(error, ApproverCommandError::Distrusted(_)), "{mode:o}: {error}");
        assert!(error.help().is_some_and(|help| help.starts_with("chmod go-w ")), "{error}");
    }
    let path = program(&place, 0o700);
    assert!(CommandApprover::new::<&str>(&path, []).is_ok());
    fs::set_permissions(place.directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(refused(&path), ApproverCommandError::Distrusted(_)), "it could be exchanged");
}

#[test]
fn what_is_no_program_is_not_asked() {
    let place = Place::new();
    let path = program(&place, 0o600);
    assert!(matches!(refused(&path), ApproverCommandError::NotExecutable { .. }));
    assert!(matches!(refused(place.directory.path()), ApproverCommandError::NotExecutable { .. }));
    for missing in ["", "no-such-program", "/no/such/program", "approver\u{1b}"] {
        let error = refused(missing);
        assert!(matches!(error, ApproverCommandError::NotFound { .. }), "{missing:?}: {error}");
        assert!(!error.to_string().contains('\u{1b}') && error.help().is_some());
    }
    let fifo = place.directory.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o700)).unwrap();
    assert!(matches!(refused(&fifo), ApproverCommandError::NotExecutable { .. }));
}

#[test]
fn trust_is_looked_at_each_time_that_it_is_asked() {
    let place = Place::new();
    let path = program(&place, 0o700);
    let approver = CommandApprover::new::<&str>(&path, []).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    let mut gate = place.gate(approver);
    assert_nobody(&place, &ask(&mut gate), "so it cannot be trusted as an approver's file");
    fs::remove_file(&path).unwrap();
    let gone = ask(&mut gate);
    assert!(gone.reason().contains("there is no program"), "{}", gone.reason());
    assert_eq!(gone.answer(), Answer::Unanswered);
}

#[test]
fn rules_that_want_more_do_not_ask_it() {
    for approval in [
        "{ mode: approve, evidence: account }",
        "{ mode: approve, quorum: 2 }",
        "{ mode: approve, self_approval: false }",
    ] {
        let place = Place::new();
        let asked = place.directory.path().join("asked");
        let text = format!("version: 1\nrules:\n  - {{ risk_level: low, approval: {approval} }}\n");
        let answered = ask(&mut place.gate_by(&text, shell("touch \"$1\"; exit 0", &[&asked])));
        assert_eq!(answered.answer(), Answer::Unanswered, "{approval}");
        assert!(answered.waiting().is_some() && !asked.exists(), "{approval}");
    }
}
