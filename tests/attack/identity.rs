//! Who is who, and who may write policy and log.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Command;

use aegis_testkit::{Named, READ, Run, as_nobody, is_root, run_with_input, set_mode, share_by_access_list};

use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// Lets the janitor delete, and nobody else.
const BY_AGENT: &str = "version: '1'\nrules:\n  - { name: janitor, match: { type: delete, agent: janitor }, \
    approval: auto, risk_level: low }\n  - { name: deletes, match: { type: delete }, approval: block }\n";
const DELETE: &str = r#"{"type":"delete","target":"crm"}"#;
const AS_JANITOR: &str = r#"{"type":"delete","target":"crm","agent":"janitor"}"#;

/// Who named the agent of the newest decision, as its record says.
fn agent_source(environment: &TestEnvironment) -> Value {
    let newest = environment.records().last().unwrap()["id"].clone();
    environment.aegis(&["audit", "show", newest.as_str().unwrap(), "--format", "json"]).json()["agent_source"]
        .clone()
}

/// An agent that is allowed less names one that is allowed more.
#[test]
fn an_agent_that_names_another_than_is_imposed() {
    let environment = TestEnvironment::with_policy(BY_AGENT);
    let check = |arguments: &[&str], action: &str| {
        environment.aegis_with_input(&[&["check", "--format", "json"], arguments].concat(), action)
    };
    let run = check(&["--agent", "sales"], AS_JANITOR);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    assert!(run.stderr.contains("names the agent `janitor`, but it is asked for as `sales`"), "{run:?}");
    assert!(!environment.file("aegis_audit.db").exists() || environment.records().is_empty());
    // In a stream, and evaluated only.
    let run = check(&["--agent", "sales", "--jsonl"], &format!("{AS_JANITOR}\n{DELETE}\n"));
    let lines = run.json_lines();
    assert_eq!((run.code, &lines[0]["allowed"], &lines[1]["decision"]), (5, &json!(false), &json!("block")));
    assert!(lines[0]["error"].as_str().unwrap().contains("`sales`"), "{run:?}");
    assert_eq!(check(&["--agent", "sales", "--dry-run"], AS_JANITOR).code, 5);
    // What is imposed holds, and the record says that it was.
    assert_eq!(check(&["--agent", "janitor"], AS_JANITOR).code, 0);
    assert_eq!(agent_source(&environment), "argument");
    assert_eq!(check(&["--agent", "janitor"], DELETE).code, 0);
    assert_eq!(check(&["--agent", "sales"], DELETE).code, 1);
    assert_eq!(check(&[], AS_JANITOR).code, 0);
    assert_eq!(agent_source(&environment), "action");
}

/// The environment is the agent's own, more often than not.
#[test]
fn an_agent_that_the_environment_names() {
    let environment = TestEnvironment::with_policy(BY_AGENT);
    let check = |arguments: &[&str], action: &str| {
        let mut command = environment.command(&[&["check", "--format", "json"], arguments].concat());
        run_with_input(
            std::mem::replace(command.env("AEGIS_AGENT", "janitor"), Command::new("true")),
            action.as_bytes(),
        )
    };
    let labelled = check(&[], DELETE);
    assert_eq!((labelled.code, &labelled.json()["matched_rule"]), (1, &json!("deletes")), "{labelled:?}");
    // The label is recorded, as one, and is no part of what was decided about.
    assert_eq!(environment.records()[0]["agent"], "janitor");
    assert_eq!(agent_source(&environment), "environment");
    let unlabelled = environment.check(DELETE).json();
    assert_eq!(labelled.json()["action_sha256"], unlabelled["action_sha256"]);
    assert_eq!(agent_source(&environment), Value::Null);
    let id = labelled.json()["action_id"].clone();
    let shown = environment.aegis(&["audit", "show", id.as_str().unwrap(), "--policy", "policy.yaml"]).stdout;
    assert!(shown.contains("from the environment") && !shown.contains("janitor: every"), "{shown}");
    let again =
        environment.aegis(&["audit", "show", id.as_str().unwrap(), "-p", "policy.yaml", "--format", "json"]);
    let explanation = &again.json()["explanation"];
    assert_eq!(
        (&explanation["matched_rule"], &explanation["same_action"]),
        (&json!("deletes"), &json!(true))
    );
    // In a stream, evaluated only, and against the flag: never more than a label.
    assert_eq!(check(&["--jsonl"], &format!("{DELETE}\n")).code, 1);
    assert_eq!(check(&["--dry-run"], DELETE).code, 1);
    assert_eq!(check(&["--agent", "sales"], DELETE).code, 1);
    // What the action says itself is not overridden by it.
    assert_eq!(check(&[], r#"{"type":"delete","target":"crm","agent":"sales"}"#).code, 1);
    assert_eq!(environment.records().last().unwrap()["agent"], "sales");
    // A rule for everybody is for whoever is labelled, too.
    environment.write("policy.yaml", "version: '1'\nrules: [{ match: { agent: '*' }, approval: auto }]\n");
    assert_eq!(check(&[], DELETE).code, 0);
}

/// `aegis check` in a directory below the environment's, with a policy that allows it.
fn check_below(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    environment.aegis_with_input(&[&["check"], arguments].concat(), READ)
}

/// Refused, for this reason, with this command against it, and without a word about flags.
#[track_caller]
fn assert_refused(run: &Run, code: i32, reason: &str, command: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{run:?}");
    assert!(run.stderr.contains(reason), "{run:?}");
    let help = run.stderr.lines().find_map(|line| line.strip_prefix("help: ")).unwrap_or_default();
    assert!(help.starts_with(command) && !help.contains("--"), "{run:?}");
}

/// Whoever may write a directory far above can put another tree in its place.
#[test]
fn a_directory_far_above_that_others_may_write() {
    let environment = TestEnvironment::new();
    fs::create_dir_all(environment.file("a/b/c")).unwrap();
    fs::copy(environment.file("policy.yaml"), environment.file("a/b/c/policy.yaml")).unwrap();
    let below = ["--policy", "a/b/c/policy.yaml"];
    let log_below = ["--db", "a/b/c/log.db"];
    assert_eq!(check_below(&environment, &below).code, 0);
    assert_eq!(check_below(&environment, &log_below).code, 0);
    for (directory, mode) in [("a", 0o757), ("a/b", 0o777), ("a/b/c", 0o757)] {
        set_mode(environment.file(directory), mode);
        let (reason, command) = (format!("{directory}` may be written by others"), "chmod go-w ");
        assert_refused(&check_below(&environment, &below), 5, &reason, command);
        assert_refused(&check_below(&environment, &log_below), 4, &reason, command);
        set_mode(environment.file(directory), 0o755);
    }
    // The command that was named mends it.
    set_mode(environment.file("a"), 0o777);
    let run = check_below(&environment, &log_below);
    let help = run.stderr.lines().find_map(|line| line.strip_prefix("help: ")).unwrap();
    assert!(
        Command::new("/bin/sh")
            .args(["-c", help])
            .current_dir(environment.path())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(check_below(&environment, &log_below).code, 0);
}

/// A link may lead through a directory that others may write, and out of it again.
#[test]
fn a_directory_in_the_middle_of_a_link() {
    let environment = TestEnvironment::new();
    fs::create_dir(environment.file("lax")).unwrap();
    symlink(environment.path(), environment.file("lax/out")).unwrap();
    symlink(environment.file("lax/out"), environment.file("in")).unwrap();
    let through = ["--policy", "in/policy.yaml"];
    let log_through = ["--db", "in/log.db"];
    assert_eq!(check_below(&environment, &through).code, 0);
    set_mode(environment.file("lax"), 0o777);
    assert_refused(&check_below(&environment, &through), 5, "lax` may be written by others", "chmod go-w ");
    assert_refused(
        &check_below(&environment, &log_through),
        4,
        "lax` may be written by others",
        "chmod go-w ",
    );
}

/// The permission bits of the group are the mask of an access control list.
#[test]
fn another_account_in_an_access_control_list() {
    let environment = TestEnvironment::new();
    let policy = environment.file("policy.yaml");
    if !share_by_access_list(&policy, Named::User(12_345)) {
        return; // The file system has no such lists.
    }
    let said = "may be written by user 12345, as its access control list says";
    assert_refused(&environment.aegis_with_input(&["check"], READ), 5, said, "setfacl -b ");
    set_mode(&policy, 0o644);
    assert_eq!(environment.aegis_with_input(&["check"], READ).code, 0);
    // The log's directory like the policy's.
    fs::create_dir(environment.file("logs")).unwrap();
    assert!(share_by_access_list(&environment.file("logs"), Named::User(12_345)));
    let run = check_below(&environment, &["--db", "logs/log.db"]);
    assert_refused(&run, 4, said, "setfacl -b ");
    assert!(!environment.file("logs/log.db").exists());
}

/// An account without an entry has a number and no group of its own.
#[test]
fn a_group_that_is_nobodys_own() {
    const STRANGER: u32 = 54_321;
    if !is_root() {
        return; // Only root can become another account.
    }
    let environment = TestEnvironment::new();
    for name in ["", "policy.yaml"] {
        chown(environment.file(name), Some(STRANGER), Some(STRANGER)).unwrap();
    }
    let check = |uid: u32| {
        let mut command = environment.command(&["check"]);
        std::os::unix::process::CommandExt::uid(&mut command, uid);
        std::os::unix::process::CommandExt::gid(&mut command, uid);
        run_with_input(command, READ.as_bytes())
    };
    assert_eq!(check(STRANGER).code, 0);
    set_mode(environment.file("policy.yaml"), 0o664);
    let run = check(STRANGER);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("may be written by others (mode 0664)"), "{run:?}");
}

/// Two accounts: what belongs to another one is not trusted, not even far above.
#[test]
fn a_directory_of_another_account() {
    if !is_root() {
        return;
    }
    let environment = TestEnvironment::new();
    fs::create_dir_all(environment.file("theirs/mine")).unwrap();
    chown(environment.file("theirs"), Some(aegis_testkit::NOBODY), None).unwrap();
    let run = check_below(&environment, &["--db", "theirs/mine/log.db"]);
    assert_refused(&run, 4, "theirs` belongs to ", "sudo chown ");
    // For its owner it is fine, and so is what is root's above it.
    fs::copy(environment.file("policy.yaml"), environment.file("theirs/policy.yaml")).unwrap();
    set_mode(environment.file("theirs/policy.yaml"), 0o644);
    set_mode(environment.path(), 0o755);
    let mut command =
        environment.command(&["check", "--db", "theirs/log.db", "--policy", "theirs/policy.yaml"]);
    let run =
        run_with_input(std::mem::replace(as_nobody(&mut command), Command::new("true")), READ.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
}

/// Whoever puts a link where a person will write chooses what is overwritten.
#[test]
fn an_output_file_that_is_a_link() {
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).code, 0);
    let precious = environment.write("precious", "precious");
    symlink(&precious, environment.file("link")).unwrap();
    symlink(environment.file("nowhere"), environment.file("dangling.test.yaml")).unwrap();
    let writers: [&[&str]; 7] = [
        &["audit", "-o", "link"],
        &["audit", "--events", "-o", "link"],
        &["audit", "report", "-o", "link"],
        &["audit", "checkpoint", "-o", "link"],
        &["audit", "checkpoint", "--new-key", "k", "-o", "link"],
        &["init", "--force", "-o", "link"],
        &["test", "--init", "-o", "dangling.test.yaml", "policy.yaml"],
    ];
    for arguments in writers {
        let run = environment.aegis(arguments);
        assert_eq!(run.code, 5, "{arguments:?}: {run:?}");
    }
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert!(environment.file("link").is_symlink() && !environment.file("nowhere").exists());
    // The names of one's own streams are links, too.
    let run = environment.aegis(&["audit", "--format", "jsonl", "-o", "/dev/stdout"]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{run:?}");
    let script =
        "aegis audit --format jsonl -o /dev/stdout >>kept && aegis audit --format jsonl -o /dev/fd/1 >>kept";
    assert_eq!(Run::of(environment.shell(script).output().unwrap()).code, 0);
    assert_eq!(fs::read_to_string(environment.file("kept")).unwrap().lines().count(), 2);
    assert_eq!(environment.aegis(&["audit", "-o", "/dev/null"]).code, 0);
}

/// What a core file would hold is asked of the kernel: of a process that is not dumpable, others of its own
/// account may not even read the environment.
#[test]
fn a_core_file() {
    let environment = TestEnvironment::new();
    let mut shell = environment.shell("ulimit -S -c $(ulimit -H -c); exec \"$AEGIS\" check");
    let mut child = shell.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let process = Path::new("/proc").join(child.id().to_string());
    let is_closed = || {
        let limits = fs::read_to_string(process.join("limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        let soft = core.split_whitespace().nth(4) == Some("0");
        // Without that, its files in /proc belong to root, whoever it is; of root's own, nothing shows.
        let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(process.join("environ")).unwrap());
        soft && owner == 0
    };
    let closed = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        is_closed()
    });
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(closed);
}
