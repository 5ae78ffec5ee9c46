//! Disks that are full from some call on, and stay so until the process has ended. Needs no rights, unlike a small disk.

use nix::errno::Errno;

use super::power_loss::{LOG, check, lost_if_cut};
use super::recorder::{Point, Recorder};
use super::tracer::{Feed, Verdict, trace, tracing};
use crate::chain::Log;
use crate::claim::{Claim, broken};
use crate::environment::{READ, TestEnvironment};
use crate::scale::{figures, scaled, skipped};

/// Whether a call needs space.
fn needs_space(point: &Point) -> bool {
    let of_log = point.about.starts_with(LOG);
    of_log && ["write", "pwrite64", "ftruncate", "fallocate"].contains(&point.name)
}

#[test]
fn a_disk_that_fills_at_any_write_refuses_from_there_on() {
    if let Err(why) = tracing() {
        return skipped("full disk from some write on", why);
    }
    let step = scaled(9, 1);
    let (mut runs, mut allowed, mut refused) = (0, 0, 0);
    for lines in [None, Some(10)] {
        let mut from = 0;
        loop {
            let environment = TestEnvironment::new();
            let (mut writes, mut full) = (0, false);
            let plan = |_: usize, point: &Point| {
                if !needs_space(point) {
                    return Verdict::Proceed;
                }
                writes += 1;
                full |= writes > from;
                if writes > from { Verdict::Fail(Errno::ENOSPC) } else { Verdict::Proceed }
            };
            let mut recorder = Recorder::with_plan(environment.path(), Box::new(plan));
            let program = match lines {
                None => check(&environment, &[], Feed::Whole(READ.into())),
                Some(lines) => check(&environment, &["--jsonl"], Feed::Lines(vec![READ.to_owned(); lines])),
            };
            let ending = trace(vec![program], &mut recorder).unwrap().remove(0);
            assert_eq!(
                lost_if_cut(&recorder),
                Vec::<String>::new(),
                "{lines:?} lines, full from write {from} on"
            );
            let claims: Vec<Claim> = recorder.claims().map(|(_, claim)| claim.clone()).collect();
            drop(recorder);
            runs += 1;
            allowed += claims.len();
            let what = format!("{lines:?} lines, full from write {from} on: {ending:?}");
            match ending.code {
                Some(0) => assert_eq!(claims.len(), lines.unwrap_or(1), "{what}"),
                Some(4) => {
                    refused += 1;
                    assert!(claims.len() < lines.unwrap_or(1), "{what}");
                    assert!((ending.stderr + &ending.stdout).contains("is full"), "{what}");
                }
                _ => panic!("{what}"),
            }
            let next = environment.check(READ);
            assert_eq!(next.code, 0, "{what}: {next:?}");
            let log = Log::read(&environment.file(LOG)).unwrap();
            assert_eq!(broken(&claims, &log), Vec::<String>::new(), "{what}");
            assert_eq!(log.rows.len(), claims.len() + 1, "{what}");
            if !full {
                break;
            }
            from += step;
        }
    }
    figures(
        "full disk from some write on",
        format!("{runs} runs, {allowed} allowed, {refused} runs refused, 0 violations"),
    );
    assert!(refused > 0 && allowed > 0);
}
