//! What the events of an action tell can have happened.

use super::chain::{Log, at, codes, verify, whole};
use crate::action_life::{EARLIEST, Impossible};
use crate::answer::{Answer, ResultStatus};
use crate::event::EventKind;
use crate::verify::{Damage, DamageKind, Verification, Verifier};

/// Verifies with an index, which gives the events of each action one after another.
fn indexed(log: &Log) -> Verification {
    let mut verifier = Verifier::new(whole(), Vec::new()).with_lookup(|_| None);
    log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    let mut index: Vec<_> =
        log.rows.iter().map(|row| (row.action_id.as_str(), row.kind.as_str(), row.seq)).collect();
    index.sort_unstable();
    let mut last = None;
    for (action, kind, seq) in index {
        verifier.indexed(last.replace(action) != Some(action), kind, seq);
    }
    verifier.finish()
}

/// What is wrong, told either way.
fn damage(log: &Log) -> Vec<Damage> {
    let mut found = log.damage();
    let mut with_index = indexed(log).damage;
    found.sort_by_key(|damage| damage.seq);
    with_index.sort_by_key(|damage| damage.seq);
    assert_eq!(found, with_index);
    found
}

fn impossible(seq: i64, why: Impossible) -> Damage {
    at(seq, DamageKind::Impossible(why))
}

#[test]
fn every_life_that_is_documented_can_have_happened() {
    let mut log = Log::default();
    let auto = log.auto("auto");
    log.started("auto", auto);
    log.verified("auto", auto);
    log.ended("auto", auto, ResultStatus::Success);
    let (_, approved) = log.approved("approved");
    log.started("approved", approved);
    log.ended("approved", approved, ResultStatus::Failed);
    log.decided(("delete", "block"), Answer::Block, None);
    for (id, said, decided) in [
        ("denied", Answer::Denied, Answer::Denied),
        ("nobody", Answer::Unanswered, Answer::Unanswered),
        ("stricter", Answer::Approved, Answer::Unanswered),
    ] {
        let asked = log.requested(id);
        log.answered(id, said);
        log.decided(("update", id), decided, Some(asked));
    }
    let asked = log.requested("not put");
    let given_up = log.decided(("update", "not put"), Answer::Unanswered, Some(asked));
    log.ended("not put", given_up, ResultStatus::Skipped);
    log.observed("observed");
    log.requested("open");
    assert_eq!(damage(&log), []);
}

#[test]
fn nothing_happens_twice() {
    let mut log = Log::of(2);
    log.auto("a1");
    let twice = |kind, first| Impossible::Twice { kind, first };
    assert_eq!(damage(&log), [impossible(3, twice(EventKind::Decided, 1))]);
    let mut log = Log::of(1);
    let ended = log.ended("a1", 1, ResultStatus::Success);
    log.ended("a1", 1, ResultStatus::Success);
    log.ended("a1", 1, ResultStatus::Success);
    let expected = [3, 4].map(|seq| impossible(seq, twice(EventKind::Ended, ended)));
    assert_eq!(damage(&log), expected);
}

#[test]
fn what_was_not_allowed_was_not_done() {
    let mut log = Log::default();
    let row = log.decided(("delete", "b"), Answer::Block, None);
    log.started("b", row);
    log.ended("b", row, ResultStatus::Success);
    let not_allowed = Impossible::NotAllowed { row, answer: Answer::Block };
    assert_eq!(damage(&log), [2, 3].map(|seq| impossible(seq, not_allowed.clone())));
    // Giving up is not doing.
    for (status, expected) in [(ResultStatus::Skipped, 0), (ResultStatus::Success, 1)] {
        let mut log = Log::default();
        let asked = log.requested("u");
        let row = log.decided(("update", "u"), Answer::Unanswered, Some(asked));
        log.ended("u", row, status);
        assert_eq!(damage(&log).len(), expected, "{status:?}");
    }
}

#[test]
fn answers_and_decisions_follow_each_other() {
    let mut log = Log::of(1);
    log.answered("u", Answer::Denied);
    assert_eq!(damage(&log), [impossible(2, Impossible::NotAsked)]);
    let mut log = Log::default();
    let asked = log.requested("u");
    log.decided(("update", "u"), Answer::Approved, Some(asked));
    assert_eq!(damage(&log), [impossible(2, Impossible::NotAnswered { asked })]);
    let mut log = Log::default();
    let asked = log.requested("u");
    let row = log.answered("u", Answer::Denied);
    log.decided(("update", "u"), Answer::Approved, Some(asked));
    let other = Impossible::OtherAnswer { row, said: Answer::Denied, decided: Answer::Approved };
    assert_eq!(damage(&log), [impossible(3, other)]);
    // What was looked at was done.
    let mut log = Log::of(1);
    log.verified("a1", 1);
    assert_eq!(damage(&log), [impossible(2, Impossible::NotStarted)]);
    // What is observed has nothing before it.
    let mut log = Log::of(1);
    log.observed("a1");
    let behind = Impossible::Behind { kind: EventKind::Decided, row: 1 };
    assert_eq!(damage(&log), [impossible(2, behind)]);
    // What comes last was not before.
    let mut log = Log::of(1);
    log.ended("a1", 1, ResultStatus::Success);
    log.started("a1", 1);
    let behind = Impossible::Behind { kind: EventKind::Ended, row: 2 };
    assert_eq!(damage(&log), [impossible(3, behind)]);
}

#[test]
fn there_was_no_such_log_before_2026() {
    for (early, is_sound) in [(EARLIEST - 1, false), (EARLIEST, true)] {
        let mut log = Log::of(2);
        log.row(2).at = early;
        log.row(2).seal();
        let found = damage(&log);
        assert_eq!(found.is_empty(), is_sound, "{found:?}");
        if !is_sound {
            assert_eq!(found, [impossible(2, Impossible::TooEarly { at: early })]);
        }
    }
}

#[test]
fn what_contradicts_itself_did_not_happen() {
    let mut log = Log::of(1);
    let body = log.row(1).body.replace("\"decision\":\"auto\"", "\"decision\":null");
    log.put("decided", "a2", &body, None);
    assert_eq!(codes(&damage(&log)), [(2, "impossible")]);
}

#[test]
fn what_may_be_missing_is_not_held_against_others() {
    // The answer is damaged, or gone.
    for gone in [false, true] {
        let mut log = Log::default();
        log.approved("u");
        log.ended("u", 3, ResultStatus::Success);
        if gone {
            log.rows.remove(1);
        } else {
            log.row(2).at += 1;
        }
        assert_eq!(codes(&damage(&log)), [(2, if gone { "missing" } else { "edited" })]);
    }
    // Damage before the question is none between it and the decision.
    let mut log = Log::of(3);
    let asked = log.requested("u");
    log.decided(("update", "u"), Answer::Approved, Some(asked));
    log.auto("b");
    log.row(2).at += 1;
    assert_eq!(codes(&damage(&log)), [(2, "edited"), (5, "impossible")]);
    // Nor is damage behind the decision.
    log.row(2).at -= 1;
    log.row(6).at += 1;
    assert_eq!(codes(&damage(&log)), [(5, "impossible"), (6, "edited")]);
    // The question may have been pruned, where the log begins later.
    let mut log = Log::of(3);
    log.answered("u", Answer::Denied);
    assert_eq!(verify(log.start(4), Vec::new(), log.from(4)).damage, []);
    assert_eq!(verify(log.start(2), Vec::new(), log.from(2)).damage, []);
    assert_eq!(codes(&log.damage()), [(4, "impossible")]);
    // What was pruned cannot stand behind what was not.
    let mut log = Log::of(3);
    let asked = log.requested("u");
    log.decided(("update", "u"), Answer::Approved, Some(asked));
    assert_eq!(codes(&verify(log.start(3), Vec::new(), log.from(3)).damage), [(5, "impossible")]);
}

#[test]
fn an_event_that_is_not_believed_makes_a_life_incomplete() {
    let mut log = Log::default();
    let asked = log.requested("u");
    log.answered("u", Answer::Approved);
    log.decided(("update", "u"), Answer::Approved, Some(asked));
    // The answer's time is one at which there was no such log.
    log.row(2).at = 5;
    log.row(2).seal();
    let hash = log.row(2).hash.clone();
    log.row(3).prev_hash = hash;
    log.row(3).seal();
    assert_eq!(codes(&damage(&log)), [(2, "impossible")]);
}

#[test]
fn an_index_names_the_last_action_as_well_and_only_kinds_that_there_are() {
    let mut log = Log::of(1);
    log.auto("a1");
    let mut verifier = Verifier::new(whole(), Vec::new()).with_lookup(|_| None);
    log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    verifier.indexed(true, "decided", 1);
    verifier.indexed(true, "noted", 2);
    verifier.indexed(true, "decided", 2);
    assert_eq!(verifier.finish().damage, [], "another action");
    // What a row does not say, an index cannot make it say.
    let log = Log::of(1);
    let mut verifier = Verifier::new(whole(), Vec::new()).with_lookup(|_| None);
    verifier.push(1, Ok(log.rows[0].event()));
    verifier.indexed(true, "requested", 1);
    verifier.indexed(false, "decided", 1);
    verifier.indexed(false, "checkpoint", 1);
    assert_eq!(verifier.finish().damage, []);
    // Nor is it held against an action that its index leads astray: that is told elsewhere.
    let mut log = Log::of(1);
    log.started("a1", 1);
    let asked = log.requested("u");
    log.decided(("update", "u"), Answer::Approved, Some(asked));
    for (kind, expected) in [("answered", 0), ("checkpoint", 1)] {
        let mut verifier = Verifier::new(whole(), Vec::new()).with_lookup(|_| None);
        log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
        verifier.indexed(true, kind, 2);
        verifier.indexed(false, "decided", 4);
        verifier.indexed(false, "requested", 3);
        verifier.indexed(true, "decided", 1);
        assert_eq!(verifier.finish().damage.len(), expected, "{kind}");
    }
}
