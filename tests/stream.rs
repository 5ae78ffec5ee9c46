//! `aegis check --jsonl`: a stream of actions.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::json;

use crate::environment::{BULK, DELETE, READ, TestEnvironment};

#[test]
fn every_line_is_answered_in_its_place_and_the_worst_one_is_the_exit_status() {
    let environment = TestEnvironment::new();
    let input = [READ, "{", "", DELETE, BULK, READ].join("\n");
    let run = environment.aegis_with_input(&["check", "--jsonl"], input);
    let answers = run.json_lines();
    let allowed: Vec<_> = answers.iter().map(|answer| answer["allowed"].as_bool().unwrap()).collect();
    assert_eq!(allowed, [true, false, false, false, false, true]);
    assert_eq!((&answers[1]["line"], &answers[2]["line"]), (&json!(2), &json!(3)));
    assert!(answers[1]["error"].is_string() && answers[3]["error"].is_null());
    assert_eq!(answers[1].as_object().unwrap().len(), 3);
    assert_eq!(run.code, 5);
    let session = &answers[0]["session_id"];
    assert_eq!((session, environment.records().len()), (&answers[5]["session_id"], 4));
    for (lines, code) in [(&[READ, READ][..], 0), (&[READ, DELETE], 1), (&[DELETE, BULK, READ], 3)] {
        assert_eq!(environment.aegis_with_input(&["check", "--jsonl"], lines.join("\n")).code, code);
    }
}

#[test]
fn a_stream_without_an_action_allows_nothing() {
    let environment = TestEnvironment::new();
    let run = environment.aegis_with_input(&["check", "--jsonl"], "");
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
}

#[test]
fn each_answer_comes_before_the_next_question() {
    let environment = TestEnvironment::new();
    let mut child = environment.command(&["check", "--jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for action in [READ, DELETE, READ] {
        writeln!(stdin, "{action}").unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["allowed"], action == READ);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn an_endless_line_is_refused_and_the_stream_goes_on() {
    let environment = TestEnvironment::new();
    let mut input = vec![b'x'; 8 << 20];
    input.extend(format!("\n{READ}\n").bytes());
    let run = environment.aegis_with_input(&["check", "--jsonl", "--dry-run"], input);
    let answers = run.json_lines();
    assert_eq!(answers.len(), 2);
    assert!(answers[0]["error"].as_str().unwrap().contains("more than 1048576 bytes"));
    assert_eq!((&answers[1]["allowed"], run.code), (&json!(true), 5));
}

#[test]
fn a_log_that_fails_in_the_middle_allows_nothing_more() {
    let environment = TestEnvironment::new();
    let mut child = environment.command(&["check", "--jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    writeln!(stdin, "{READ}").unwrap();
    assert!(answers.next().unwrap().unwrap().contains("\"allowed\":true"));
    std::fs::rename(environment.file("aegis_audit.db"), environment.file("gone.db")).unwrap();
    writeln!(stdin, "{READ}").unwrap();
    assert!(answers.next().unwrap().unwrap().contains("\"allowed\":false"));
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

#[test]
fn when_nobody_listens_any_more_the_stream_ends() {
    let environment = TestEnvironment::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = environment.command(&["check", "--jsonl", "--dry-run"]);
    command.stdout(writer);
    let run = crate::environment::run_with_input(command, format!("{READ}\n").repeat(100_000).as_bytes());
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains("could not be written"), "{run:?}");
}

#[test]
fn memory_does_not_grow_with_the_stream() {
    let environment = TestEnvironment::new();
    let mut child =
        environment.command(&["check", "--jsonl", "--dry-run"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut exchange = |count: usize| {
        for _ in 0..count {
            writeln!(stdin, "{READ}").unwrap();
            answers.next().unwrap().unwrap();
        }
        resident_kilobytes(child.id())
    };
    let early = exchange(100);
    let late = exchange(3000);
    assert!(late < early + 1024, "{early} kB, then {late} kB");
    drop(stdin);
    child.wait().unwrap();
}

fn resident_kilobytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
