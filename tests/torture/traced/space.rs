//! Disks that are full from some call on, and stay so until the process has ended. Needs no rights, unlike a
//! small disk.

use aegis_testkit::{Log, READ, figures, scaled, skipped};
use nix::errno::Errno;

use super::power_loss::{LOG, check, lost_if_cut};
use super::recorder::{Point, Recorder};
use super::tracer::{Feed, Verdict, trace, tracing};
use crate::claim::{Claim, broken};
use crate::environment::TestEnvironment;

/// Whether a call needs space. What only changes a file's length does not.
fn needs_space(point: &Point) -> bool {
    let of_log = point.about.starts_with(LOG);
    of_log && ["write", "pwrite64", "fallocate"].contains(&point.name)
}

/// What a run on such a disk came to.
struct Run {
    allowed: usize,
    refused: bool,
    /// Whether any write was refused to it at all.
    full: bool,
}

/// A check of one action, or a stream of some lines, whose writes fail after the first few.
fn run(lines: Option<usize>, writes: usize) -> Run {
    let environment = TestEnvironment::new();
    let (mut seen, mut full) = (0, false);
    let plan = |_: usize, point: &Point| {
        seen += usize::from(needs_space(point));
        if !needs_space(point) || seen <= writes {
            return Verdict::Proceed;
        }
        full = true;
        Verdict::Fail(Errno::ENOSPC)
    };
    let mut recorder = Recorder::with_plan(environment.path(), Box::new(plan));
    let program = match lines {
        None => check(&environment, &[], Feed::Whole(READ.into())),
        Some(lines) => check(&environment, &["--jsonl"], Feed::Lines(vec![READ.to_owned(); lines])),
    };
    let ending = trace(vec![program], &mut recorder).unwrap().remove(0);
    let what = format!("{lines:?} lines, full after write {writes}: {ending:?}");
    assert_eq!(lost_if_cut(&recorder), Vec::<String>::new(), "{what}");
    let claims: Vec<Claim> = recorder.claims().map(|(_, claim)| claim.clone()).collect();
    drop(recorder);
    let refused = claims.len() < lines.unwrap_or(1);
    assert_eq!(ending.code, Some(if refused { 4 } else { 0 }), "{what}");
    assert!(!refused || (ending.stderr + &ending.stdout).contains("is full"), "{what}");
    let next = environment.check(READ);
    assert_eq!(next.code, 0, "{what}: {next:?}");
    let log = Log::verified(&environment.file(LOG)).unwrap();
    assert_eq!(broken(&claims, &log), Vec::<String>::new(), "{what}");
    assert_eq!(log.rows.len(), claims.len() + 1, "{what}");
    Run { allowed: claims.len(), refused, full }
}

#[test]
fn a_disk_that_fills_at_any_write_refuses_from_there_on() {
    if let Err(why) = tracing() {
        return skipped("full disk from some write on", why);
    }
    let step = scaled(9, 1);
    let (mut runs, mut allowed, mut refused) = (0, 0, 0);
    for lines in [None, Some(10)] {
        // Up to where the disk has space for all of it.
        for writes in (0..).step_by(step) {
            let run = run(lines, writes);
            runs += 1;
            allowed += run.allowed;
            refused += usize::from(run.refused);
            if !run.full {
                break;
            }
        }
    }
    figures(
        "full disk from some write on",
        format!("{runs} runs, {allowed} lines allowed, {refused} runs refused, 0 violations"),
    );
    assert!(refused > 0 && allowed > 0);
}
