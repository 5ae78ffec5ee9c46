//! Many one-shot writers at once: no error, nobody starves; and how long they wait.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aegis_testkit::{Log, READ, Row, figures, is_long, scaled};

use crate::claim::{Claim, broken};
use crate::environment::TestEnvironment;

const WRITERS: usize = 32;
/// How often all the others together may get the log, for each of them, while one waits. Fair is about once:
/// the rest is for the system, which starts processes as it likes.
const PATIENCE: usize = 12;

#[test]
fn thirty_two_writers_all_get_their_turn() {
    let each = scaled(5, 100);
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).code, 0);
    let (waits, claims) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (environment, waits, claims) = (&environment, &waits, &claims);
            scope.spawn(move || {
                let session = format!("writer-{writer}");
                let arguments = ["check", "--format", "json", "--session", &session];
                for _ in 0..each {
                    let begin = Instant::now();
                    let run = environment.aegis_with_input(&arguments, READ);
                    let wait = begin.elapsed();
                    assert_eq!(run.code, 0, "{run:?}");
                    waits.lock().unwrap().push(wait);
                    claims.lock().unwrap().extend(Claim::all_of(&run.stdout));
                }
            });
        }
    });
    let (mut waits, claims) = (waits.into_inner().unwrap(), claims.into_inner().unwrap());
    let log = Log::verified(&environment.file("aegis_audit.db")).unwrap();
    let violations = broken(&claims, &log);
    let turns: Vec<usize> = log.rows.iter().filter_map(writer_of).collect();
    let overtaken = longest_wait(&turns, WRITERS);
    waits.sort();
    let [p50, p99, longest] = [50, 99, 100].map(|percent| percentile(&waits, percent));
    let mean = waits.iter().sum::<Duration>() / u32::try_from(waits.len()).unwrap();
    figures(
        "load",
        format!(
            "{} checks by {WRITERS} writers in {:.1} s; p50 {p50:.0?}, p99 {p99:.0?}, longest {longest:.0?}, mean \
             {mean:.0?}; at most {overtaken} others went first; {} violations",
            waits.len(),
            start.elapsed().as_secs_f64(),
            violations.len()
        ),
    );
    assert!(violations.is_empty(), "{violations:#?}");
    assert_eq!((claims.len(), turns.len()), (WRITERS * each, WRITERS * each));
    assert!(overtaken <= WRITERS * PATIENCE, "somebody waited while {overtaken} others went first");
    if is_long() && std::env::var_os("AEGIS_TORTURE_TIMES").is_some() {
        assert!(p99 < Duration::from_millis(250), "p99 is {p99:?}");
    }
}

fn writer_of(row: &Row) -> Option<usize> {
    row.session().strip_prefix("writer-")?.parse().ok()
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

/// The largest number of turns that went to others between two turns of one who wanted them all the time. At
/// the end, those who are done want no more.
fn longest_wait(turns: &[usize], writers: usize) -> usize {
    let mut last: HashMap<usize, usize> = (0..writers).map(|writer| (writer, 0)).collect();
    let mut longest = 0;
    for (turn, writer) in turns.iter().enumerate() {
        let before = last.insert(*writer, turn + 1).unwrap_or_default();
        longest = longest.max(turn - before);
    }
    longest
}

#[test]
fn who_starves_is_noticed() {
    let fair: Vec<usize> = (0..WRITERS * 20).map(|turn| turn % WRITERS).collect();
    assert_eq!(longest_wait(&fair, WRITERS), WRITERS - 1);
    // All of the others first, over and over; then the one that waited.
    let others = (0..(WRITERS - 1) * 20).map(|turn| turn % (WRITERS - 1));
    let unfair: Vec<usize> = others.chain(std::iter::repeat_n(WRITERS - 1, 20)).collect();
    assert!(longest_wait(&unfair, WRITERS) > WRITERS * PATIENCE);
    assert_eq!(percentile(&[Duration::from_secs(1), Duration::from_secs(2)], 99), Duration::from_secs(2));
    assert_eq!(percentile(&[Duration::from_secs(1), Duration::from_secs(2)], 50), Duration::from_secs(1));
}
