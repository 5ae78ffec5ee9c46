//! What is allowed before a wait, and must not be after it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use aegis_testkit::{READ, run_with_input};

use crate::environment::TestEnvironment;

const ALLOWED: &str = "version: '1'\nrules:\n  - { name: reads, match: { type: read }, approval: auto }\n";
const BLOCKED: &str = "version: '1'\nrules:\n  - { name: none, match: { type: read }, approval: block }\n";
const BROKEN: &str = "version: '1'\nrules: [\n";
/// Longer than a log that is free takes, by far.
const A_WHILE: Duration = Duration::from_millis(600);

/// A log with a record in it, and its lock, held by somebody who waits for the policy to change.
fn held() -> (TestEnvironment, File) {
    let environment = TestEnvironment::with_policy(ALLOWED);
    assert_eq!(environment.check(READ).code, 0);
    let lock = File::options().write(true).open(environment.file("aegis_audit.db.lock")).unwrap();
    lock.lock().unwrap();
    (environment, lock)
}

#[test]
fn what_waits_for_the_log_is_decided_by_the_policy_at_its_end() {
    for (later, code) in [(BLOCKED, 1), (BROKEN, 5), (ALLOWED, 0)] {
        let (environment, lock) = held();
        let command = environment.command(&["check", "--format", "json"]);
        let waiting = std::thread::spawn(move || run_with_input(command, READ.as_bytes()));
        std::thread::sleep(A_WHILE);
        environment.write("policy.yaml", later);
        std::thread::sleep(A_WHILE);
        lock.unlock().unwrap();
        let run = waiting.join().unwrap();
        assert_eq!(run.code, code, "{later}: {run:?}");
    }
}

#[test]
fn what_waits_in_a_stream_is_decided_again_too() {
    for (later, answer) in
        [(BLOCKED, "\"decision\":\"block\""), (BROKEN, "\"error\""), (ALLOWED, "\"decision\":\"auto\"")]
    {
        let (environment, lock) = held();
        lock.unlock().unwrap();
        let mut command = environment.command(&["check", "--jsonl"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut answers = BufReader::new(output).lines();
        writeln!(input, "{READ}").unwrap();
        assert!(answers.next().unwrap().unwrap().contains("\"allowed\":true"));
        lock.lock().unwrap();
        writeln!(input, "{READ}").unwrap();
        std::thread::sleep(A_WHILE);
        environment.write("policy.yaml", later);
        std::thread::sleep(A_WHILE);
        lock.unlock().unwrap();
        let line = answers.next().unwrap().unwrap();
        assert!(line.contains(answer), "{later}: {line}");
        drop(input);
        child.wait().unwrap();
        let records = environment.records();
        assert_eq!(records.len(), if later == BROKEN { 2 } else { 3 }, "{later}");
        assert_eq!(environment.aegis(&["audit", "verify"]).code, 0);
    }
}
