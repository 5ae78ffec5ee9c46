//! Every call that has to do with files fails once, or the process dies at it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aegis_testkit::{Chance, Log, READ, figures, is_long, skipped};
use nix::errno::Errno;

use super::power_loss::{COPIED, COPY, LOG, check, lost_if_cut, one};
use super::recorder::{Point, RELEASE, Recorder};
use super::tracer::{Ending, Feed, Program, Verdict, trace, tracing};
use crate::claim::{Claim, broken, garbled_in_copy, missing_in_copy};
use crate::environment::TestEnvironment;

pub(super) const FAULTS: [Verdict; 5] = [
    Verdict::Fail(Errno::EIO),
    Verdict::Fail(Errno::ENOSPC),
    Verdict::Fail(Errno::EINTR),
    Verdict::Half,
    Verdict::Kill,
];

/// How many lines the stream has.
const LINES: usize = 20;

/// What is run, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scenario {
    /// The first check, which makes the log.
    First,
    /// A check of a log that is there.
    Another,
    /// A check after one that was killed when its row was synced.
    AfterKill,
    /// A stream.
    Stream,
    /// A check, with a copy that has a torn line.
    Copied,
    /// A stream, with a copy that is not there yet.
    StreamCopied,
}

const SCENARIOS: [Scenario; 6] = [
    Scenario::First,
    Scenario::Another,
    Scenario::AfterKill,
    Scenario::Stream,
    Scenario::Copied,
    Scenario::StreamCopied,
];

impl Scenario {
    /// What is in the directory beforehand.
    fn files(self) -> BTreeMap<String, Vec<u8>> {
        let environment = TestEnvironment::new();
        if self != Scenario::First {
            assert_eq!(environment.check(READ).code, 0);
        }
        if self == Scenario::AfterKill {
            let kill = |_: usize, point: &Point| match point.name {
                "unlink" => Verdict::Kill,
                _ => Verdict::Proceed,
            };
            let mut recorder = Recorder::with_plan(environment.path(), Box::new(kill));
            let ending = trace(vec![one(&environment)], &mut recorder).unwrap();
            assert_eq!(ending[0].code, None);
            assert!(environment.file(&format!("{LOG}-wal")).exists());
        }
        if self == Scenario::Copied {
            assert_eq!(environment.aegis(&["check", "read:crm", COPIED[0], COPIED[1]]).code, 0);
            let mut copy = fs::File::options().append(true).open(environment.file(COPY)).unwrap();
            copy.write_all(b"{\"id\":\"to").unwrap();
        }
        let entries = fs::read_dir(environment.path()).unwrap().map(Result::unwrap);
        entries
            .filter(|entry| entry.metadata().unwrap().is_file())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect()
    }

    fn is_copied(self) -> bool {
        matches!(self, Scenario::Copied | Scenario::StreamCopied)
    }

    fn program(self, environment: &TestEnvironment) -> Program {
        let streams = matches!(self, Scenario::Stream | Scenario::StreamCopied);
        let mut arguments = vec!["--session", "faulty"];
        arguments.extend(COPIED.into_iter().filter(|_| self.is_copied()));
        arguments.extend(["--jsonl"].into_iter().filter(|_| streams));
        let input = if streams { format!("{READ}\n").repeat(LINES) } else { READ.to_owned() };
        check(environment, &arguments, Feed::Whole(input.into()))
    }
}

pub(super) fn prepared(files: &BTreeMap<String, Vec<u8>>) -> TestEnvironment {
    use std::os::unix::fs::PermissionsExt as _;

    let environment = TestEnvironment::new();
    for (name, bytes) in files {
        let path = environment.write(name, bytes);
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    environment
}

/// A run in which one call goes wrong.
struct Faulty {
    scenario: Scenario,
    environment: TestEnvironment,
    recorder: Recorder<'static>,
    ending: Ending,
    hit: Option<Point>,
}

impl Faulty {
    fn run(scenario: Scenario, files: &BTreeMap<String, Vec<u8>>, place: usize, fault: Verdict) -> Faulty {
        let environment = prepared(files);
        let hit = Rc::new(RefCell::new(None));
        let injected = Rc::clone(&hit);
        // No two runs make quite the same calls: where the fault cannot befall this one, it is the next one's
        // turn.
        let plan = move |index: usize, point: &Point| {
            if index < place || injected.borrow().is_some() || !applies(fault, point) {
                return Verdict::Proceed;
            }
            *injected.borrow_mut() = Some(point.clone());
            fault
        };
        let mut recorder = Recorder::with_plan(environment.path(), Box::new(plan));
        let ending = trace(vec![scenario.program(&environment)], &mut recorder).unwrap().remove(0);
        let hit = hit.take();
        Faulty { scenario, environment, recorder, ending, hit }
    }

    /// What breaks the law, and how many rows there are that nobody was told of.
    fn judge(&self, rows_before: usize, fault: Verdict) -> (Vec<String>, usize) {
        let mut problems = Vec::new();
        if self.ending.stuck {
            problems.push("it did not end".to_owned());
        }
        // Without memory or seeds for its tables, a program of this language does not even begin.
        let at_begin = self.hit.as_ref().is_some_and(|point| ["mmap", "getrandom"].contains(&point.name));
        if self.ending.stderr.contains("panicked") && !at_begin {
            problems.push(format!("it panicked: {}", self.ending.stderr));
        }
        let may_die = fault == Verdict::Kill || at_begin;
        if self.ending.code.is_none() && !may_die {
            problems.push("it died".to_owned());
        }
        problems.extend(
            lost_if_cut(&self.recorder).into_iter().map(|problem| format!("after a power cut: {problem}")),
        );
        let told: Vec<&Claim> = self.recorder.claims().map(|(_, claim)| claim).collect();
        let arguments: &[&str] = if self.scenario.is_copied() { &COPIED } else { &[] };
        let next = self.environment.aegis(&[&["check", "read:crm"], arguments].concat());
        if next.code != 0 {
            problems.push(format!("the next run failed: {next:?}"));
        }
        let log = match Log::verified(&self.environment.file(LOG)) {
            Ok(log) => log,
            Err(problem) => return ([problems, vec![problem]].concat(), 0),
        };
        problems.extend(broken(told.iter().copied(), &log));
        if self.scenario.is_copied() {
            let copy = fs::read(self.environment.file(COPY)).unwrap_or_default();
            problems.extend(missing_in_copy(told.iter().copied(), &copy));
            problems.extend(garbled_in_copy(&copy));
        }
        let of_kind = |kind: &'static str| {
            log.rows.iter().filter(move |row| row.kind == kind && row.session() == "faulty")
        };
        let own = of_kind("decided").count();
        if self.ending.code == Some(0) && own == 0 {
            problems.push("it exited 0 without a row".to_owned());
        }
        // What a copy did not take is given up in the log; nobody was told that it is allowed.
        let given_up: Vec<&str> = of_kind("ended").map(|row| row.action_id.as_str()).collect();
        let both = told.iter().filter(|claim| given_up.contains(&claim.action_id.as_str()));
        problems.extend(both.map(|claim| format!("allowed and given up: {claim}")));
        if log.rows.len() != rows_before + own + given_up.len() + 1 || given_up.len() > own {
            problems
                .push(format!("{} rows after {rows_before}, {own} and 1 of the next run", log.rows.len()));
        }
        (problems, own.saturating_sub(told.len()))
    }
}

fn rows(files: &BTreeMap<String, Vec<u8>>) -> usize {
    let environment = prepared(files);
    let path = environment.file(LOG);
    if path.exists() { Log::read(&path).unwrap().rows.len() } else { 0 }
}

/// The calls of a run in which nothing goes wrong.
fn points(scenario: Scenario, files: &BTreeMap<String, Vec<u8>>) -> Vec<Point> {
    let faulty = Faulty::run(scenario, files, usize::MAX, Verdict::Proceed);
    assert_eq!(faulty.ending.code, Some(0), "{:?}", faulty.ending);
    let (problems, _) = faulty.judge(rows(files), Verdict::Proceed);
    assert!(problems.is_empty(), "{scenario:?}, without a fault: {problems:?}");
    faulty.recorder.points
}

/// Whether a fault can befall a call. No kernel refuses to take a lock back; if one did, the process would be
/// in its own way, and refuse line after line when it has waited long enough.
pub(super) fn applies(fault: Verdict, point: &Point) -> bool {
    if point.about.ends_with(RELEASE) {
        return fault == Verdict::Kill;
    }
    fault != Verdict::Half || ["read", "write", "pread64", "pwrite64"].contains(&point.name)
}

/// Some of them, from all over.
pub(super) fn sample<T>(mut all: Vec<T>, count: usize) -> Vec<T> {
    let mut chance = Chance::new(7);
    let mut some = Vec::with_capacity(count);
    while some.len() < count && !all.is_empty() {
        some.push(all.swap_remove(chance.below(all.len())));
    }
    some
}

/// A fault to inject: into which run, at which call.
type Injection = (Scenario, usize, Verdict);

/// Each fault at each call of each scenario.
fn injections(prepared: &[Prepared]) -> Vec<Injection> {
    let mut all = Vec::new();
    for (scenario, prepared) in SCENARIOS.into_iter().zip(prepared) {
        for (place, point) in points(scenario, &prepared.files).iter().enumerate() {
            let faults = FAULTS.into_iter().filter(|fault| applies(*fault, point));
            all.extend(faults.map(|fault| (scenario, place, fault)));
        }
    }
    all
}

/// What is in a directory beforehand, and how many rows that is.
struct Prepared {
    files: BTreeMap<String, Vec<u8>>,
    rows: usize,
}

#[test]
fn no_fault_makes_an_answer_without_a_row() {
    if let Err(why) = tracing() {
        return skipped("faults", why);
    }
    let start = Instant::now();
    let prepare = |scenario: Scenario| {
        let files = scenario.files();
        Prepared { rows: rows(&files), files }
    };
    let prepared = SCENARIOS.map(prepare);
    let all = injections(&prepared);
    let known = all.len();
    let all = if is_long() { all } else { sample(all, 200) };
    let (next, problems, tally) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Tally::default()));
    let work = || {
        while let Some((scenario, place, fault)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Prepared { files, rows } = &prepared[*scenario as usize];
            let faulty = Faulty::run(*scenario, files, *place, *fault);
            let (found, unanswered) = faulty.judge(*rows, *fault);
            tally.lock().unwrap().count(&faulty, unanswered);
            if !found.is_empty() {
                let what = format!("{scenario:?}, {fault:?} at call {place}, {:?}", faulty.hit);
                problems.lock().unwrap().push(format!("{what}: {found:?}"));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let (problems, tally) = (problems.into_inner().unwrap(), tally.into_inner().unwrap());
    figures(
        "faults",
        format!(
            "{} of {known} faults injected, {tally}, {} violations, {:.1} s",
            all.len(),
            problems.len(),
            start.elapsed().as_secs_f64()
        ),
    );
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(tally.refused > 0 && tally.allowed > 0 && tally.killed > 0);
}

/// How the runs ended.
#[derive(Default)]
struct Tally {
    allowed: usize,
    refused: usize,
    killed: usize,
    unanswered: usize,
    most_unanswered: usize,
}

impl Tally {
    fn count(&mut self, faulty: &Faulty, unanswered: usize) {
        match faulty.ending.code {
            Some(0) => self.allowed += 1,
            Some(_) => self.refused += 1,
            None => self.killed += 1,
        }
        self.unanswered += unanswered;
        self.most_unanswered = self.most_unanswered.max(unanswered);
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} allowed all the same, {} refused, {} died, {} rows that nobody was told of (at most {} at once)",
            self.allowed, self.refused, self.killed, self.unanswered, self.most_unanswered
        )
    }
}

/// The control: syncs that do nothing and say that they did.
#[test]
fn an_answer_without_a_sync_is_noticed() {
    if let Err(why) = tracing() {
        return skipped("faults, control", why);
    }
    let mut noticed = Vec::new();
    for scenario in SCENARIOS {
        let environment = prepared(&scenario.files());
        let plan = |_: usize, point: &Point| match point.name {
            "fsync" | "fdatasync" => Verdict::Pretend,
            _ => Verdict::Proceed,
        };
        let mut recorder = Recorder::with_plan(environment.path(), Box::new(plan));
        let ending = trace(vec![scenario.program(&environment)], &mut recorder).unwrap().remove(0);
        assert_eq!(ending.code, Some(0), "{ending:?}");
        let lost = lost_if_cut(&recorder).len();
        assert!(lost > 0, "{scenario:?}: no sync was made, and nothing was missed");
        noticed.push(format!("{scenario:?} {lost}"));
    }
    figures("faults, control", format!("answers lost without syncs: {}", noticed.join(", ")));
}

/// What is tried must have been there to be tried.
#[test]
fn the_calls_that_matter_are_among_those_that_fail() {
    if tracing().is_err() {
        return;
    }
    let of = |scenario: Scenario| points(scenario, &scenario.files());
    let has = |points: &[Point], name: &str, about: &str| {
        points.iter().any(|point| point.name == name && Path::new(&point.about) == Path::new(about))
    };
    let first = of(Scenario::First);
    for (name, about) in [
        ("openat", LOG),
        ("pwrite64", "aegis_audit.db-wal"),
        ("fsync", "aegis_audit.db-wal"),
        ("fsync", LOG),
        ("fsync", ""),
        ("flock", "aegis_audit.db.lock"),
        ("unlink", "aegis_audit.db-wal"),
        ("write", "standard output"),
        ("getrandom", ""),
    ] {
        assert!(has(&first, name, about), "{name} {about}: {first:#?}");
    }
    assert!(of(Scenario::Stream).len() > of(Scenario::Another).len());
}
