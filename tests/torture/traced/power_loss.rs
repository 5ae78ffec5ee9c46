//! Power cuts: real runs are recorded, and what a disk may hold after a cut at any moment of them is looked
//! at.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aegis_audit::Journal;
use aegis_audit::sqlite::TrailReader;
use aegis_ledger::filter::Filter;
use aegis_testkit::{BULK, Case, Chance, DELETE, Log, READ, figures, scaled, skipped};

use super::image::{Image, LOSSES, Loss, image, write};
use super::recorder::{Content, Recorder, Step};
use super::tracer::{Ending, Feed, Program, Verdict, trace, tracing};
use crate::claim::{Claim, broken, missing_in_copy};
use crate::environment::TestEnvironment;
use crate::naive::{self, Fault};

pub(crate) const LOG: &str = "aegis_audit.db";
/// A copy of the log in JSON lines, where one was asked for.
pub(crate) const COPY: &str = "copy.jsonl";
/// Asks for one.
pub(crate) const COPIED: [&str; 2] = ["--audit", "jsonl:copy.jsonl"];

/// `aegis check` of one action, or of a stream, in JSON.
pub(crate) fn check(environment: &TestEnvironment, arguments: &[&str], feed: Feed) -> Program {
    Program { command: environment.command(&[&["check", "--format", "json"], arguments].concat()), feed }
}

pub(crate) fn one(environment: &TestEnvironment) -> Program {
    check(environment, &[], Feed::Whole(READ.into()))
}

fn stream(environment: &TestEnvironment, lines: usize) -> Program {
    check(environment, &["--jsonl"], Feed::Whole(format!("{READ}\n").repeat(lines).into()))
}

fn conversation(environment: &TestEnvironment, lines: usize) -> Program {
    let lines = (0..lines).map(|line| [READ, READ, DELETE, BULK][line % 4].to_owned()).collect();
    check(environment, &["--jsonl"], Feed::Lines(lines))
}

/// Recorded runs, with the directory in which they ran.
struct Recording {
    what: &'static str,
    _environment: TestEnvironment,
    recorder: Recorder<'static>,
}

impl Recording {
    fn of(what: &'static str, run: impl FnOnce(&TestEnvironment, &mut Recorder<'static>)) -> Recording {
        let environment = TestEnvironment::new();
        let mut recorder = Recorder::new(environment.path());
        run(&environment, &mut recorder);
        assert!(recorder.claims().next().is_some(), "{what}: nothing was allowed");
        Recording { what, _environment: environment, recorder }
    }
}

fn all(programs: Vec<Program>, recorder: &mut Recorder<'_>) -> Vec<Ending> {
    let endings = trace(programs, recorder).unwrap();
    assert!(endings.iter().all(|ending| !ending.stuck), "{endings:?}");
    endings
}

fn recordings() -> Vec<Recording> {
    let one_by_one = Recording::of("one by one", |environment, recorder| {
        for _ in 0..3 {
            assert_eq!(all(vec![one(environment)], recorder)[0].code, Some(0));
        }
        all(vec![stream(environment, 12)], recorder);
        all(vec![one(environment)], recorder);
    });
    let together = Recording::of("several at once", |environment, recorder| {
        let programs = vec![
            conversation(environment, 12),
            conversation(environment, 12),
            one(environment),
            one(environment),
        ];
        all(programs, recorder);
        all(vec![one(environment)], recorder);
    });
    let killed = Recording::of("after kills", |environment, recorder| {
        for point in [150, 190, 220, 250, 270, 290] {
            let mut count = 0;
            recorder.plan = Box::new(move |_, _| {
                count += 1;
                if count == point { Verdict::Kill } else { Verdict::Proceed }
            });
            all(vec![stream(environment, 3)], recorder);
        }
        recorder.plan = Box::new(|_, _| Verdict::Proceed);
        assert_eq!(all(vec![one(environment)], recorder)[0].code, Some(0));
    });
    // So long that the write-ahead log is moved into the database, and begun anew, while it is open.
    let long = Recording::of("a long stream", |environment, recorder| {
        let (lines, endings) = (500, all(vec![conversation(environment, 600)], recorder));
        assert!(endings[0].stdout.lines().count() >= lines);
        let writes =
            recorder.steps.iter().filter(|step| matches!(step, Step::Write { offset: 0, .. })).count();
        assert!(writes > 3, "the write-ahead log was never begun anew");
    });
    // So many rows that a block of them is complete, and is entered in the index.
    let block = Recording::of("a full block", |environment, recorder| {
        let endings = all(vec![stream(environment, 4_090), conversation(environment, 20)], recorder);
        assert!(endings.iter().all(|ending| ending.stdout.lines().count() >= 20));
        all(vec![one(environment)], recorder);
    });
    let copied = Recording::of("with a copy", |environment, recorder| {
        for _ in 0..2 {
            all(vec![check(environment, &COPIED, Feed::Whole(READ.into()))], recorder);
        }
        let lines = |count: usize| Feed::Whole(format!("{READ}\n").repeat(count).into());
        let streams =
            [30, 5].map(|count| check(environment, &["--jsonl", COPIED[0], COPIED[1]], lines(count)));
        all(streams.into(), recorder);
    });
    vec![one_by_one, together, killed, long, block, copied]
}

/// Looks at what is left after a cut. Gives what is wrong with it.
fn examine(left: &Image, copied: bool, claims: &[&Claim], chance: &mut Chance) -> Vec<String> {
    let mut problems = Vec::new();
    if copied {
        let copy = left.get(COPY).map(Vec::as_slice).unwrap_or_default();
        problems = missing_in_copy(claims.iter().copied(), copy);
    }
    problems.extend(examine_log(left, claims, chance));
    problems
}

fn examine_log(left: &Image, claims: &[&Claim], chance: &mut Chance) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    write(left, directory.path());
    let path = directory.path().join(LOG);
    if chance.percent(25) {
        // What it held before the cut, or anything else; nobody may rely on it.
        let noise: Vec<u8> = (0..32 << 10).map(|_| chance.next().to_le_bytes()[0]).collect();
        write(&[(format!("{LOG}-shm"), noise)].into(), directory.path());
    }
    if chance.percent(50) {
        let read = TrailReader::open(&path).and_then(|reader| reader.count(&Filter::default()));
        match read {
            Ok(count) if count >= claims.len() as u64 => {}
            // There may be no log yet, if nobody was told anything.
            Err(_) if claims.is_empty() => {}
            other => return vec![format!("read as {other:?} where {} were allowed", claims.len())],
        }
    }
    if let Err(error) = append(&path) {
        return vec![format!("the next run failed: {error}")];
    }
    match Log::verified(&path) {
        Err(problem) => vec![problem],
        Ok(log) if log.rows.last().is_none_or(|row| row.action_id != "next") => {
            vec!["the next run's row is not the last one".to_owned()]
        }
        Ok(log) => {
            let mut problems = broken(claims.iter().copied(), &log);
            // What is kept beside the rows, for finding them, is as good as they are.
            let asked = log.rows.iter().filter(|row| row.kind == "decided" || row.kind == "requested");
            let actions: HashSet<&str> = asked.map(|row| row.action_id.as_str()).collect();
            let found = TrailReader::open(&path).and_then(|reader| reader.count(&Filter::default()));
            if !matches!(found, Ok(count) if count == actions.len() as u64) {
                problems.push(format!("{found:?} found where there are {} actions", actions.len()));
            }
            problems
        }
    }
}

fn append(path: &Path) -> Result<(), aegis_audit::RecordError> {
    let mut journal = Journal::open(path, Duration::from_secs(60))?;
    journal.record(vec![Case::default().id("next").decided()]).map(drop)
}

/// After how many steps the power fails: often when somebody has just been told something.
fn moment(recorder: &Recorder<'_>, chance: &mut Chance) -> usize {
    let told: Vec<usize> = recorder.claims().map(|(step, _)| step + 1).collect();
    if chance.percent(40) && !told.is_empty() {
        told[chance.below(told.len())]
    } else {
        chance.below(recorder.steps.len() + 1)
    }
}

fn told_before<'a>(recorder: &'a Recorder<'_>, at: usize) -> Vec<&'a Claim> {
    recorder.claims().filter(|(step, _)| *step < at).map(|(_, claim)| claim).collect()
}

/// What the disk may hold at a moment, and what is wrong with that.
fn cut(recorder: &Recorder<'_>, at: usize, loss: Loss, chance: &mut Chance) -> Vec<String> {
    let left = image(&recorder.before, &recorder.steps[..at], loss, chance);
    examine(&left, recorder.knows(COPY), &told_before(recorder, at), chance)
}

/// The worst that a power cut can do at each moment at which somebody was told something: all of it is lost
/// that was not synced. Gives what is wrong then.
pub(crate) fn lost_if_cut(recorder: &Recorder<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    // Whoever was told something at the same time has the same image.
    let mut told: Vec<usize> = recorder.claims().map(|(step, _)| step + 1).collect();
    let is_told = |step: Option<&Step>| matches!(step, Some(Step::Told { .. }));
    told.retain(|at| !is_told(recorder.steps.get(*at)));
    for at in told {
        problems.extend(cut(recorder, at, Loss::Everything, &mut Chance::new(at as u64)));
    }
    problems
}

#[test]
fn whoever_was_told_something_finds_it_after_a_power_cut() {
    if let Err(why) = tracing() {
        return skipped("power cuts", why);
    }
    let images = scaled(120, 5_000);
    let start = Instant::now();
    let recordings = recordings();
    let steps: usize = recordings.iter().map(|recording| recording.recorder.steps.len()).sum();
    let recorded = start.elapsed().as_secs_f64();
    // Of a recording, only what does not change any more is shared.
    let histories: Vec<History<'_>> = recordings.iter().map(History::from).collect();
    let (next, problems, checked) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicUsize::new(0));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= images {
                break;
            }
            let history = &histories[number % histories.len()];
            let loss = LOSSES[number / histories.len() % LOSSES.len()];
            let cut = history.cut(loss, &mut Chance::new(number as u64));
            checked.fetch_add(cut.claims, Ordering::Relaxed);
            if !cut.problems.is_empty() {
                let what = format!("{}, cut after step {}, {loss:?}, image {number}", history.what, cut.at);
                problems.lock().unwrap().push(format!("{what}: {:?}", cut.problems));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let problems = problems.into_inner().unwrap();
    figures(
        "power cuts",
        format!(
            "{images} images of {steps} steps (recorded in {recorded:.1} s), {} answers looked for, {} violations, \
             {:.1} s",
            checked.into_inner(),
            problems.len(),
            start.elapsed().as_secs_f64()
        ),
    );
    assert!(problems.is_empty(), "{problems:#?}");
}

/// A power cut, and what is wrong after it.
struct Cut {
    at: usize,
    claims: usize,
    problems: Vec<String>,
}

/// What a recording came to.
struct History<'a> {
    what: &'static str,
    before: &'a Content,
    steps: &'a [Step],
    claims: Vec<(usize, &'a Claim)>,
    copied: bool,
    /// At which the power may fail.
    moments: Vec<usize>,
}

impl<'a> From<&'a Recording> for History<'a> {
    fn from(recording: &'a Recording) -> History<'a> {
        let recorder = &recording.recorder;
        let mut chance = Chance::new(0);
        History {
            what: recording.what,
            before: &recorder.before,
            steps: &recorder.steps,
            claims: recorder.claims().collect(),
            copied: recorder.knows(COPY),
            moments: (0..10_000).map(|_| moment(recorder, &mut chance)).collect(),
        }
    }
}

impl History<'_> {
    /// The power fails at some moment.
    fn cut(&self, loss: Loss, chance: &mut Chance) -> Cut {
        let at = self.moments[chance.below(self.moments.len())];
        let left = image(self.before, &self.steps[..at], loss, chance);
        let told = self.claims.iter().filter(|(step, _)| *step < at);
        let claims: Vec<&Claim> = told.map(|(_, claim)| *claim).collect();
        Cut { at, claims: claims.len(), problems: examine(&left, self.copied, &claims, chance) }
    }
}

/// The control: a writer that differs in nothing but `synchronous=NORMAL`.
#[test]
fn a_writer_that_syncs_later_loses_what_it_answered() {
    if let Err(why) = tracing() {
        return skipped("power cuts, control", why);
    }
    let environment = TestEnvironment::empty();
    let path = environment.file(LOG);
    naive::create(&path);
    let mut recorder = Recorder::new(environment.path());
    let program =
        Program { command: naive::writer(Fault::SyncsLater, &path, 20), feed: Feed::Whole(Vec::new()) };
    let ending = &all(vec![program], &mut recorder)[0];
    assert_eq!(ending.code, Some(0), "{ending:?}");
    let told = recorder.claims().count();
    assert_eq!(told, 20, "{ending:?}");
    let lost = lost_if_cut(&recorder).len();
    let mut chance = Chance::new(1);
    let images = 60;
    let bad = (0..images)
        .filter(|number| {
            let at = moment(&recorder, &mut chance);
            !cut(&recorder, at, LOSSES[number % LOSSES.len()], &mut chance).is_empty()
        })
        .count();
    figures(
        "power cuts, control",
        format!("{lost} rows lost at worst; {bad} of {images} images have lost some"),
    );
    assert!(lost > 0 && bad > images / 4, "a writer that does not sync got away with it");
}
