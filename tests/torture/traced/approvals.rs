//! Answers to questions that wait, and their use, with a fault or a kill at every call: the whole of it is in
//! the log, or nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, NewReply, open_questions, question_of};
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence, Via};
use aegis_ledger::event::Operator;
use aegis_ledger::question::Standing;
use aegis_testkit::{BULK, Log, figures, is_long, skipped};

use super::faults::{FAULTS, applies, prepared, sample};
use super::power_loss::{LOG, check};
use super::recorder::{Point, Recorder};
use super::tracer::{Ending, Feed, Program, Verdict, trace, tracing};
use crate::claim::{Claim, broken};
use crate::environment::TestEnvironment;

const REPLIES_TO: &str = "AEGIS_TORTURE_REPLIES_TO";
/// Questions and answers hold for longer than the longest of these tests.
const POLICY: &str =
    "version: 1\nrules:\n  - { risk_level: low, approval: { mode: approve, ttl: 7d, use_within: 1d } }\n";
/// How many faults are injected in the bounded run, into each of the two.
const BOUNDED: usize = 60;

/// Writes down a yes to the one question that waits in a log, as `aegis approve` does once somebody has
/// typed.
fn reply(log: &Path) -> Result<(), String> {
    let reader = TrailReader::open(log).map_err(|error| error.to_string())?;
    let asked = open_questions(&reader, aegis_audit::now()).map_err(|error| error.to_string())?;
    let asked = asked.first().ok_or("no question waits")?;
    let approver = ApproverIdentity {
        via: Via::new("terminal"),
        user: Some("bo".to_owned()),
        evidence: Evidence::Terminal,
        injectable: false,
    };
    let new = NewReply {
        answer: Answer::Approved,
        approver: &approver,
        signature: None,
        grant: false,
        note: None,
        operator: Operator { host: "host", user: "bo", login: None },
    };
    let mut journal =
        Journal::open_existing(log, Duration::from_secs(60)).map_err(|error| error.to_string())?;
    let id = journal.id().to_owned();
    journal.reply_to(asked, &id, new).map(|_| ()).map_err(|error| error.to_string())
}

/// The program that does so.
#[test]
fn plays_its_role() {
    let Some(log) = std::env::var_os(REPLIES_TO) else { return };
    reply(&PathBuf::from(log)).unwrap();
}

fn replier(environment: &TestEnvironment) -> Program {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "traced::approvals::plays_its_role", "--nocapture", "--test-threads=1"]);
    command.env(REPLIES_TO, environment.file(LOG)).current_dir(environment.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Program { command, feed: Feed::Whole(Vec::new()) }
}

fn asker(environment: &TestEnvironment) -> Program {
    check(environment, &[], Feed::Whole(BULK.into()))
}

/// Asks, in a session without a terminal, and gives the exit status.
fn ask(environment: &TestEnvironment) -> Option<i32> {
    environment.write("action.json", BULK);
    let mut command = environment.shell("exec setsid -w \"$AEGIS\" check <action.json");
    command.output().unwrap().status.code()
}

fn kinds(log: &Log) -> Vec<&str> {
    log.rows.iter().map(|row| row.kind.as_str()).collect()
}

/// How the first question of a log stands.
fn standing(environment: &TestEnvironment) -> Standing {
    let reader = TrailReader::open(&environment.file(LOG)).unwrap();
    let id = Log::read(&environment.file(LOG)).unwrap().rows[0].action_id.clone();
    question_of(&reader, &id).unwrap().unwrap().standing(aegis_audit::now().timestamp_millis())
}

type Files = BTreeMap<String, Vec<u8>>;

/// What a log with a question in it consists of, answered or not.
fn files(is_answered: bool) -> Files {
    let environment = TestEnvironment::with_policy(POLICY);
    assert_eq!(ask(&environment), Some(3));
    if is_answered {
        reply(&environment.file(LOG)).unwrap();
    }
    let entries = fs::read_dir(environment.path()).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.metadata().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

/// One run, in which the first call from a place on at which this fault can befall it goes wrong.
struct Run {
    environment: TestEnvironment,
    ending: Ending,
    points: Vec<Point>,
    claims: Vec<Claim>,
    /// The call that went wrong.
    hit: Option<Point>,
}

impl Run {
    fn of(files: &Files, program: fn(&TestEnvironment) -> Program, place: usize, fault: Verdict) -> Run {
        let environment = prepared(files);
        let hit = Rc::new(RefCell::new(None));
        let injected = Rc::clone(&hit);
        let plan = move |index: usize, point: &Point| {
            if index < place || injected.borrow().is_some() || !applies(fault, point) {
                return Verdict::Proceed;
            }
            *injected.borrow_mut() = Some(point.clone());
            fault
        };
        let mut recorder = Recorder::with_plan(environment.path(), Box::new(plan));
        let ending = trace(vec![program(&environment)], &mut recorder).unwrap().remove(0);
        let claims = recorder.claims().map(|(_, claim)| claim.clone()).collect();
        let points = std::mem::take(&mut recorder.points);
        drop(recorder);
        let hit = hit.take();
        Run { environment, ending, points, claims, hit }
    }

    /// Whether the names of accounts could not be read, or were not proven.
    fn is_nameless(&self) -> bool {
        self.hit.as_ref().is_some_and(|point| {
            // It may be a look at what the kernel says of the process.
            let is_unnamed = point.about.is_empty() || point.about.starts_with("/proc");
            let looks = ["open", "openat2", "fstatfs", "fstat", "read"];
            point.about == "/etc/passwd" || is_unnamed && looks.contains(&point.name)
        })
    }
}

/// Every run that is to be made: each fault at each call that has to do with files.
fn runs(files: &Files, program: fn(&TestEnvironment) -> Program) -> (Vec<(usize, Verdict)>, usize) {
    let sound = Run::of(files, program, usize::MAX, Verdict::Proceed);
    assert_eq!(sound.ending.code, Some(0), "{:?}", sound.ending);
    let mut all = Vec::new();
    for (place, point) in sound.points.iter().enumerate() {
        all.extend(FAULTS.into_iter().filter(|fault| applies(*fault, point)).map(|fault| (place, fault)));
    }
    let known = all.len();
    (if is_long() { all } else { sample(all, BOUNDED) }, known)
}

#[test]
fn an_answer_is_in_the_log_as_a_whole_or_not_at_all() {
    if let Err(why) = tracing() {
        return skipped("answers, faults", why);
    }
    let files = files(false);
    let (runs, known) = runs(&files, replier);
    let (mut whole, mut none, mut killed) = (0, 0, 0);
    for (place, fault) in &runs {
        let run = Run::of(&files, replier, *place, *fault);
        let what = format!("{fault:?} at call {place}, {:?}: {:?}", run.hit, run.ending);
        assert!(!run.ending.stuck, "{what}");
        killed += usize::from(run.ending.code.is_none());
        let log = Log::verified(&run.environment.file(LOG)).unwrap_or_else(|why| panic!("{what}: {why}"));
        match kinds(&log)[..] {
            ["requested", "answered", "decided"] => {
                none += 1;
                assert_ne!(run.ending.code, Some(0), "{what}: it was said that it is written down");
                assert!(matches!(standing(&run.environment), Standing::Open { missing: 1 }), "{what}");
                reply(&run.environment.file(LOG)).unwrap_or_else(|why| panic!("{what}: {why}"));
            }
            ["requested", "answered", "decided", "replied"] => whole += 1,
            ref other => panic!("{what}: {other:?}"),
        }
        assert!(matches!(standing(&run.environment), Standing::Approved { .. }), "{what}");
        assert_eq!(ask(&run.environment), Some(0), "{what}");
    }
    figures(
        "answers, faults",
        format!("{} of {known} faults, {killed} died, {whole} whole answers, {none} without one", runs.len()),
    );
    assert!(whole > 0 && none > 0 && killed > 0);
}

#[test]
fn an_answer_is_used_as_a_whole_or_not_at_all() {
    if let Err(why) = tracing() {
        return skipped("used answers, faults", why);
    }
    let files = files(true);
    let (runs, known) = runs(&files, asker);
    let (mut used, mut unused, mut killed) = (0, 0, 0);
    for (place, fault) in &runs {
        let run = Run::of(&files, asker, *place, *fault);
        let what = format!("{fault:?} at call {place}, {:?}: {:?}", run.hit, run.ending);
        assert!(!run.ending.stuck, "{what}");
        killed += usize::from(run.ending.code.is_none());
        let log = Log::verified(&run.environment.file(LOG)).unwrap_or_else(|why| panic!("{what}: {why}"));
        assert_eq!(broken(&run.claims, &log), Vec::<String>::new(), "{what}");
        match kinds(&log)[4..] {
            [] => {
                unused += 1;
                assert_ne!(run.ending.code, Some(0), "{what}: it was allowed without a row");
                assert!(matches!(standing(&run.environment), Standing::Approved { .. }), "{what}");
                assert_eq!(ask(&run.environment), Some(0), "{what}: it can still be used");
            }
            ["requested", "answered", "consumed", "decided"] => used += 1,
            // Whoever cannot be told by their name is not known to be the one who asked before.
            ["requested", "answered", "decided"] if run.is_nameless() => {
                unused += 1;
                assert_eq!((run.ending.code, run.claims.len()), (Some(3), 0), "{what}");
                assert_eq!(ask(&run.environment), Some(0), "{what}: whoever asked can still use it");
            }
            ref other => panic!("{what}: {other:?}"),
        }
        assert!(matches!(standing(&run.environment), Standing::Used(Answer::Approved)), "{what}");
        assert_eq!(ask(&run.environment), Some(3), "{what}: once is all");
    }
    figures(
        "used answers, faults",
        format!("{} of {known} faults, {killed} died, {used} used, {unused} not", runs.len()),
    );
    assert!(used > 0 && unused > 0 && killed > 0);
}
