//! `aegis check --jsonl`: a stream of actions.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::ops::Range;
use std::process::Stdio;
use std::time::Duration;

use aegis_testkit::{BULK, DELETE, Process, READ, run_with_input, scaled};
use serde_json::json;

use crate::environment::TestEnvironment;

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
fn lines_that_are_there_together_are_answered_together_and_in_order() {
    let environment = TestEnvironment::new();
    // Two groups of the greatest size and a bit, with unreadable lines and questions in between.
    let kinds = [READ, READ, "{", DELETE, READ, "", READ, DELETE, READ, READ];
    let line = |index: usize| if index % 3000 == 2999 { BULK } else { kinds[index % kinds.len()] };
    let input: Vec<_> = (0..9000).map(line).collect();
    let run = environment.aegis_with_input(&["check", "--jsonl", "--quiet"], input.join("\n"));
    let answers = run.json_lines();
    assert_eq!((run.code, answers.len()), (5, input.len()));
    let mut seq = 0;
    for (index, (action, answer)) in input.iter().zip(&answers).enumerate() {
        match *action {
            "{" | "" => assert_eq!((&answer["line"], &answer["allowed"]), (&json!(index + 1), &json!(false))),
            action => {
                assert_eq!(answer["allowed"], action == READ);
                // A question takes three events: it, the answer, and the decision.
                seq += if action == BULK { 3 } else { 1 };
                assert_eq!(answer["receipt"]["seq"], seq);
            }
        }
    }
}

#[test]
fn of_a_stream_that_is_killed_every_answer_has_its_row() {
    let logs = u64::try_from(scaled(5, 100)).unwrap();
    let cut_short: usize = (0..logs).map(|log| kill_streams(log * 3..(log + 1) * 3)).sum();
    assert!(cut_short > 0);
}

/// Kills streams of one log, and looks for what they had answered. Tells how many of them were not through.
fn kill_streams(rounds: Range<u64>) -> usize {
    let environment = TestEnvironment::new();
    let input = format!("{READ}\n{DELETE}\n").repeat(20_000);
    let mut acknowledged = HashSet::new();
    let mut cut_short = 0;
    for round in rounds {
        let mut child = environment.command(&["check", "--jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        std::thread::scope(|scope| {
            let input = &input;
            scope.spawn(move || drop(stdin.write_all(input.as_bytes())));
            let (first, answered) = std::sync::mpsc::channel();
            let reader = scope.spawn(move || {
                let mut text = String::new();
                answers.read_line(&mut text).unwrap();
                let _ = first.send(());
                answers.read_to_string(&mut text).unwrap();
                text
            });
            // Some before anything was answered, most while groups are being recorded and answered.
            if round % 5 > 0 {
                answered.recv().unwrap();
            }
            std::thread::sleep(Duration::from_millis(31 * (round % 20)));
            child.kill().unwrap();
            child.wait().unwrap();
            let text = reader.join().unwrap();
            // What was cut off within a line is no answer.
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            cut_short += usize::from(whole.lines().count() < 40_000);
            for answer in whole.lines() {
                let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
                acknowledged.insert(answer["action_id"].as_str().unwrap().to_owned());
            }
        });
    }
    let recorded: HashSet<_> =
        environment.records().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    assert!(!acknowledged.is_empty() && acknowledged.is_subset(&recorded));
    cut_short
}

#[test]
fn memory_is_bounded_however_much_there_is_to_read() {
    let (plain, heavy) = (scaled(15_000, 1_000_000), scaled(30, 300));
    let environment = TestEnvironment::new();
    let mut child = environment.command(&["check", "--jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || answers.lines().map(Result::unwrap).take(plain + heavy).count());
    // Of little text, much to remember.
    let many =
        format!(r#"{{"type":"read","target":"crm","params":{{"x":[{}{{}}]}}}}"#, r#"{"a":0},"#.repeat(4_900));
    let action = r#"{"type":"read","target":"crm","params":{"id":12345,"table":"accounts"},"agent":"bot"}"#;
    for _ in 0..heavy {
        writeln!(stdin, "{many}").unwrap();
    }
    let plenty = format!("{action}\n").repeat(1000);
    for _ in 0..plain / 1000 {
        stdin.write_all(plenty.as_bytes()).unwrap();
    }
    assert_eq!(reader.join().unwrap(), plain + heavy);
    let peak = Process(child.id()).peak_kib().unwrap();
    let micros = Process(child.id()).processor_time().as_micros() / (plain + heavy) as u128;
    println!("{peak} kB at most, {micros} µs of processor time for each decision");
    assert!(peak < 64 * 1024, "{peak} kB");
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn when_nobody_listens_any_more_the_stream_ends() {
    let environment = TestEnvironment::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = environment.command(&["check", "--jsonl", "--dry-run"]);
    command.stdout(writer);
    let run = run_with_input(command, format!("{READ}\n").repeat(100_000).as_bytes());
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
        Process(child.id()).resident_kib()
    };
    let early = exchange(100);
    let late = exchange(3000);
    assert!(late < early + 1024, "{early} kB, then {late} kB");
    drop(stdin);
    child.wait().unwrap();
}
