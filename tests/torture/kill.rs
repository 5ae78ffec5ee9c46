//! `kill -9` at random, with several writers at once.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aegis_testkit::{Chance, Log, READ, Row, figures, scaled};

use crate::claim::{Claim, broken};
use crate::environment::TestEnvironment;
use crate::naive::{self, Fault};

const WRITERS: usize = 4;
/// How many lines a stream would answer if it were left alone.
const LINES: usize = 40;
/// Nothing takes longer, however slow the machine is; what does is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// What all the runs came to.
#[derive(Default)]
struct Tally {
    claims: Mutex<Vec<Claim>>,
    /// Sessions of one-shot runs that exited 0.
    allowed: Mutex<Vec<String>>,
    killed: AtomicUsize,
    ended: AtomicUsize,
}

#[test]
fn whoever_was_answered_has_a_row_however_many_are_killed() {
    let runs = scaled(160, 10_000);
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).code, 0);
    let start = Instant::now();
    let tally = kill_at_random(&environment, runs);
    let claims = tally.claims.into_inner().unwrap();
    let allowed = tally.allowed.into_inner().unwrap();
    let (killed, ended) = (tally.killed.into_inner(), tally.ended.into_inner());
    // The next run works, and nobody is in its way.
    let next = Instant::now();
    assert_eq!(environment.check(READ).code, 0);
    assert!(next.elapsed() < STUCK);
    let log = Log::verified(&environment.file("aegis_audit.db")).unwrap();
    let mut violations = broken(&claims, &log);
    let sessions: HashSet<String> = log.rows.iter().map(Row::session).collect();
    let lost = allowed.iter().filter(|session| !sessions.contains(*session));
    violations.extend(lost.map(|session| format!("lost: the row of {session}, which exited 0")));
    figures(
        "kill -9",
        format!(
            "{runs} runs, {killed} killed, {ended} came to their end, {} rows answered for, {} rows that nobody was \
             told of, {} violations, {:.1} s",
            claims.len(),
            log.rows.len() - claims.len(),
            violations.len(),
            start.elapsed().as_secs_f64()
        ),
    );
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(killed * 5 > runs && !claims.is_empty() && !allowed.is_empty(), "nothing was put to the test");
    assert_eq!(environment.records().len(), log.rows.len());
    let receipts = claims.iter().map(|Claim { log, seq, head, .. }| {
        format!("{{\"log\":\"{log}\",\"seq\":{seq},\"head\":\"{head}\"}}\n")
    });
    environment.write("receipts.jsonl", receipts.collect::<String>());
    let verified = environment.aegis(&["audit", "verify", "--receipts", "receipts.jsonl"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

/// Starts that many runs, a few at a time, and kills them within twice the life that they would have.
fn kill_at_random(environment: &TestEnvironment, runs: usize) -> Tally {
    let lives = [life(environment, one_shot), life(environment, stream)];
    let (tally, started) = (Tally::default(), AtomicUsize::new(0));
    let work = || {
        loop {
            let run = started.fetch_add(1, Ordering::Relaxed);
            if run >= runs {
                break;
            }
            let mut chance = Chance::new(run as u64);
            let streams = chance.percent(30);
            let delay = lives[usize::from(streams)].mul_f64(2.0 * chance.share());
            let session = format!("run-{run}");
            let begin = if streams { stream } else { one_shot };
            killed_after(delay, begin(environment, &session), &session, &tally);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(work);
        }
    });
    tally
}

fn one_shot(environment: &TestEnvironment, session: &str) -> Child {
    let arguments = ["check", "read:crm", "--format", "json", "--session", session];
    environment.command(&arguments).stderr(Stdio::null()).spawn().unwrap()
}

fn stream(environment: &TestEnvironment, session: &str) -> Child {
    let mut command = environment.command(&["check", "--jsonl", "--session", session]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Fits the pipe, so nobody waits; half of it comes at once, the rest in its own time.
    let mut stdin = child.stdin.take().unwrap();
    let half = format!("{READ}\n").repeat(LINES / 2);
    stdin.write_all(half.as_bytes()).unwrap();
    std::thread::spawn(move || {
        for _ in 0..LINES / 2 {
            if stdin.write_all(format!("{READ}\n").as_bytes()).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    child
}

/// How long a run takes that nobody kills.
fn life(environment: &TestEnvironment, begin: fn(&TestEnvironment, &str) -> Child) -> Duration {
    let mut lives: Vec<_> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let output = begin(environment, "life").wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0));
            start.elapsed()
        })
        .collect();
    lives.sort();
    lives[2]
}

/// Lets a run be for a while, kills it, and keeps what it claimed until then.
fn killed_after(delay: Duration, mut child: Child, session: &str, tally: &Tally) {
    let answers = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || read_answers(answers));
    std::thread::sleep(delay);
    let _ = child.kill();
    let begin = Instant::now();
    let status = child.wait().unwrap();
    assert!(begin.elapsed() < STUCK);
    let claims = reader.join().unwrap();
    match status.code() {
        None => tally.killed.fetch_add(1, Ordering::Relaxed),
        Some(0) => {
            tally.allowed.lock().unwrap().push(session.to_owned());
            tally.ended.fetch_add(1, Ordering::Relaxed)
        }
        Some(other) => panic!("session {session} exited {other}"),
    };
    tally.claims.lock().unwrap().extend(claims);
}

/// What is claimed on the lines that are whole.
fn read_answers(mut answers: impl std::io::BufRead) -> Vec<Claim> {
    let mut output = String::new();
    while answers.read_line(&mut output).is_ok_and(|length| length > 0) {}
    Claim::all_of(&output)
}

#[test]
fn a_writer_that_answers_before_it_commits_is_caught() {
    let runs = 40;
    let environment = TestEnvironment::new();
    let path = environment.file("naive.db");
    naive::create(&path);
    let mut claims = Vec::new();
    for run in 0..runs {
        let mut child = naive::writer(Fault::AnswersFirst, &path, 3).spawn().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        // Killed at once when it has answered, which is what a caller cannot tell from a power cut.
        let (mut output, answers_heard) = (String::new(), run % 3 + 1);
        while Claim::all_of(&output).len() < answers_heard && answers.read_line(&mut output).unwrap() > 0 {}
        child.kill().unwrap();
        let _ = child.wait();
        claims.extend(Claim::all_of(&output));
    }
    let log = Log::read(&path).unwrap();
    let lost = broken(&claims, &log).len();
    figures("kill -9, control", format!("{runs} runs, {lost} of {} answers without a row", claims.len()));
    assert!(lost > runs / 4, "a writer that answers too early got away with it");
}
