//! How much memory a long stream takes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Instant;

use aegis_testkit::{Log, Process, figures, scaled, skipped};

use crate::environment::TestEnvironment;

const LIMIT_KIB: u64 = 64 * 1024;

#[test]
fn a_long_stream_takes_little_memory() {
    if Process(std::process::id()).peak_kib().is_none() {
        return skipped("memory", "there is no /proc to read it from");
    }
    let lines = scaled(20_000, 100_000);
    let environment = TestEnvironment::new();
    let start = Instant::now();
    let mut command = environment.command(&["check", "--jsonl"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The stream stays open until the memory was looked at.
    let writer = std::thread::spawn(move || {
        for line in 0..lines {
            let text = "x".repeat(line % 2_000);
            writeln!(stdin, r#"{{"type":"read","target":"crm","params":{{"n":{line},"text":"{text}"}}}}"#)
                .unwrap();
        }
        stdin
    });
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let allowed = answers
        .by_ref()
        .take(lines)
        .filter(|answer| answer.as_ref().unwrap().contains(r#""allowed":true"#))
        .count();
    let peak = Process(child.id()).peak_kib().unwrap();
    drop(writer.join().unwrap());
    assert_eq!((child.wait().unwrap().code(), allowed), (Some(0), lines));
    let seconds = start.elapsed().as_secs_f64();
    let rows = Log::verified(&environment.file("aegis_audit.db")).unwrap().rows.len();
    figures("memory", format!("{lines} lines, {} MiB at most, {seconds:.1} s", peak.div_ceil(1024)));
    assert_eq!(rows, lines);
    assert!(peak < LIMIT_KIB, "{peak} KiB");
}

#[test]
fn a_process_that_takes_more_is_noticed() {
    let Some(before) = Process(std::process::id()).peak_kib() else { return };
    let much = vec![1_u8; usize::try_from(LIMIT_KIB).unwrap() * 1024 + (8 << 20)];
    let after = Process(std::process::id()).peak_kib().unwrap();
    assert!(after > LIMIT_KIB && after >= before, "{after} KiB with {} bytes in use", much.len());
}
