//! What rows say of other rows, and of the log.

use aegis_engine::Digest;

use super::chain::{Log, Row, at, codes, identity, verify, whole};
use crate::answer::{Answer, ResultStatus};
use crate::event::Body as _;
use crate::verify::{Damage, DamageKind, Referred, Start, Verification, Verifier};

/// A question, an answer, a decision and an end, in rows 1 to 4.
fn asked() -> Log {
    let mut log = Log::default();
    let (_, decided) = log.approved("u");
    log.ended("u", decided, ResultStatus::Success);
    log
}

/// The same, where a row names another one than it did.
fn naming(seq: u64, field: &str, from: u64, to: u64) -> Log {
    let mut log = asked();
    let row = log.row(seq);
    let body = row.body.replace(&format!("\"{field}\":{from}"), &format!("\"{field}\":{to}"));
    assert_ne!(body, row.body);
    row.body = body;
    link(&mut log);
    log
}

/// Gives every row the hash that its content has, and links the next one to it.
fn link(log: &mut Log) {
    let mut head = identity().genesis().as_bytes().to_vec();
    for row in &mut log.rows {
        row.prev_hash.clone_from(&head);
        row.seal();
        head.clone_from(&row.hash);
    }
}

fn problem(damage: &[Damage]) -> &str {
    match damage {
        [Damage { kind: DamageKind::False { problem }, .. }] => problem,
        _ => panic!("{damage:?}"),
    }
}

/// Verifies with an index that finds rows by their numbers.
fn with_lookup(rows: &[Row], found: impl Fn(u64) -> Option<Row>) -> Verification {
    let lookup = |seq| {
        let row = found(seq)?;
        let subject =
            row.event().read_body().ok().and_then(|body| Some(body.entry()?.action_sha256.to_string()));
        Some(Referred { kind: row.kind, action_id: row.action_id, action_sha256: subject, question: None })
    };
    let mut verifier = Verifier::new(whole(), Vec::new()).with_lookup(lookup);
    for row in rows {
        verifier.push(row.seq, Ok(row.event()));
    }
    verifier.finish()
}

#[test]
fn rows_that_refer_to_others_refer_to_the_right_ones() {
    let sound = asked().verify();
    assert_eq!((sound.damage.as_slice(), sound.unchecked_references), (&[][..], 0));
    for (to, kind) in [(1, "decided"), (2, "decided"), (4, "decided"), (99, "decided"), (0, "decided")] {
        let log = naming(4, "decided_seq", 3, to);
        let found = log.damage();
        assert_eq!(codes(&found), [(4, "false")], "{to}");
        assert_eq!(problem(&found), format!("row {to} is no `{kind}` event of its action"));
    }
    let found = naming(3, "requested_seq", 1, 2).damage();
    assert_eq!(problem(&found), "row 2 is no `requested` event of its action");
}

#[test]
fn an_event_of_another_action_is_no_event_of_this_one() {
    let mut log = asked();
    let other = log.auto("other");
    log.ended("u", other, ResultStatus::Success);
    assert_eq!(problem(&log.damage()[..1]), "row 5 is no `decided` event of its action");
    // Nor is one of another kind that begins alike and is as long.
    let mut log = Log::default();
    log.put("decidex", "u", "{}", None);
    log.ended("u", 1, ResultStatus::Success);
    assert_eq!(codes(&log.damage())[0], (1, "unreadable"));
}

#[test]
fn a_decision_is_on_the_very_action_that_was_asked_about() {
    let mut log = Log::default();
    let asked = log.requested("u");
    log.answered("u", Answer::Approved);
    let decided = log.decided(("update", "u"), Answer::Approved, Some(asked));
    assert_eq!(log.damage(), []);
    let row = log.row(decided);
    let from = row.event().read_body().unwrap().entry().unwrap().action_sha256.to_string();
    row.body = row.body.replace(&from, &Digest::of(b"another").to_string());
    link(&mut log);
    let told = "row 1 is about another action under the same id";
    assert_eq!(problem(&log.damage()), told);
    // However far away the question is.
    let rows = log.rows.clone();
    let mut far = log.clone();
    far.rows.remove(0);
    let found = with_lookup(&far.rows, |seq| rows.iter().find(|row| row.seq.unsigned_abs() == seq).cloned());
    let found: Vec<_> = found.damage.iter().filter(|damage| damage.kind.code() == "false").cloned().collect();
    assert_eq!(problem(&found), told);
}

#[test]
fn what_a_damaged_row_was_is_not_held_against_others() {
    for kind in ["requested", "decided"] {
        let mut log = asked();
        let row = log.rows.iter_mut().find(|row| row.kind == kind).unwrap();
        row.action_id = "other".to_owned();
        let seq = row.seq;
        assert_eq!(log.damage(), [at(seq, DamageKind::Edited)], "{kind}");
    }
    // Nor what a row was that was pruned.
    let mut log = Log::of(3);
    log.ended("a2", 2, ResultStatus::Success);
    let found = verify(log.start(3), Vec::new(), log.from(3));
    assert_eq!((found.damage.as_slice(), found.unchecked_references), (&[][..], 0));
}

#[test]
fn rows_far_away_are_looked_up_or_counted() {
    let mut log = Log::of(2);
    // As far behind row 1 as rows are remembered.
    let mut row = Log::of(1).row(1).clone();
    row.seq = 1 + (1 << 15);
    row.action_id = "far".to_owned();
    row.seal();
    log.rows.push(row);
    let mut end = Log::default();
    end.ended("a1", 1, ResultStatus::Success);
    let mut end = end.rows.remove(0);
    end.seq = 2 + (1 << 15);
    end.prev_hash.clone_from(&log.rows[2].hash);
    end.seal();
    log.rows.push(end);
    let missing = at(3, DamageKind::Missing { last: 1 << 15 });
    let unchecked = log.verify();
    assert_eq!((unchecked.damage.as_slice(), unchecked.unchecked_references), (&[missing.clone()][..], 1));
    let rows = log.rows.clone();
    let same = |seq: u64| rows.iter().find(|row| row.seq.unsigned_abs() == seq).cloned();
    let found = with_lookup(&log.rows, same);
    assert_eq!((found.damage.as_slice(), found.unchecked_references), (&[missing.clone()][..], 0));
    let of_other_action = |seq| same(seq).map(|row| Row { action_id: "other".to_owned(), ..row });
    let of_other_kind = |seq| same(seq).map(|row| Row { kind: "requested".to_owned(), ..row });
    let code = |found: Verification| codes(&found.damage);
    let expected = vec![(3, "missing"), (2 + (1 << 15), "false")];
    assert_eq!(code(with_lookup(&log.rows, of_other_action)), expected);
    assert_eq!(code(with_lookup(&log.rows, of_other_kind)), expected);
    // That it is gone is said elsewhere.
    assert_eq!(with_lookup(&log.rows, |_| None).damage, [missing]);
}

#[test]
fn removed_payloads_are_accounted_for_by_events() {
    let mut log = asked();
    log.redacted("u", &[1, 3]);
    let found = log.verify();
    assert_eq!((found.damage.as_slice(), found.removed), (&[][..], 2));
    // What is said to be gone must be gone.
    let mut log = asked();
    let kept = log.clone();
    log.redacted("u", &[1, 3]);
    log.rows[..4].clone_from_slice(&kept.rows);
    let found = log.verify();
    assert_eq!(found.damage, [1, 3].map(|seq| at(seq, DamageKind::PayloadKept)));
    assert_eq!(found.removed, 0);
    // An event that never had a payload has none to keep.
    let mut log = asked();
    let salt = log.rows[3].salt.clone();
    log.redacted("u", &[4]);
    log.row(4).salt = salt;
    assert_eq!(log.damage(), []);
    // What is gone must be said to be.
    let mut log = asked();
    log.redacted("u", &[3]);
    (log.row(1).payload, log.row(1).salt) = (None, None);
    assert_eq!(log.damage(), [at(1, DamageKind::PayloadMissing)]);
}

#[test]
fn payloads_of_rows_that_are_damaged_or_gone_are_not_told_of_as_well() {
    let mut log = asked();
    log.redacted("u", &[1, 3]);
    log.row(3).at += 1;
    assert_eq!(codes(&log.damage()), [(3, "edited")]);
    log.rows.remove(2);
    assert_eq!(codes(&log.damage()), [(3, "missing")]);
    // The row behind a gap, neither.
    let mut log = Log::of(5);
    log.redacted("a4", &[4]);
    log.rows.remove(2);
    assert_eq!(codes(&log.damage()), [(3, "missing")]);
}

#[test]
fn what_was_pruned_may_have_been_redacted_before() {
    let mut log = Log::of(5);
    log.redacted("a2", &[2]);
    let found = verify(log.start(4), Vec::new(), log.from(4));
    assert_eq!((found.damage.as_slice(), found.removed), (&[][..], 0));
    // Up to the very row before the first one, and not that one.
    let mut log = Log::of(5);
    log.redacted("a3", &[3, 4]);
    let found = verify(log.start(4), Vec::new(), log.from(4));
    assert_eq!((found.damage.as_slice(), found.removed), (&[][..], 1));
}

#[test]
fn what_did_not_exist_yet_was_not_removed() {
    for later in [6, 7] {
        let mut log = Log::of(5);
        log.redacted("a2", &[2, later]);
        log.auto("a6");
        let told = format!("it removed the payload of row {later}, which did not exist yet");
        assert_eq!(problem(&log.damage()), told);
    }
}

#[test]
fn a_checkpoint_that_was_recorded_is_what_was_there() {
    let mut log = Log::of(5);
    log.checkpoint(5, log.tree(5).root());
    assert_eq!(log.damage(), []);
    let (size, wrong, right) = (6, Digest::of(b"wrong"), log.tree(6).root());
    log.checkpoint(size, wrong);
    let told = format!("a checkpoint with the root {wrong}, where it is {right}");
    assert_eq!(problem(&log.damage()), told);
    for size in [4, 6] {
        let mut log = Log::of(5);
        let root = log.tree(size.min(5)).root();
        log.checkpoint(size, root);
        assert_eq!(problem(&log.damage()), format!("a checkpoint of {size} events"));
    }
    // Behind damage, nobody can tell.
    let mut log = Log::of(5);
    log.row(2).at += 1;
    log.checkpoint(5, wrong);
    assert_eq!(codes(&log.damage()), [(2, "edited")]);
}

#[test]
fn what_a_pruned_event_stands_for_is_what_was_there() {
    let genesis = identity().genesis();
    let mut log = Log::of(8);
    let (head, tree) = (log.hash(6), log.tree(6));
    log.pruned(6, head, &tree, genesis);
    assert_eq!(verify(log.start(7), Vec::new(), log.from(7)).damage, [], "the log begins behind it");
    assert_eq!(verify(log.start(8), Vec::new(), log.from(8)).damage, [], "it was pruned once more");
    let found = verify(log.start(6), Vec::new(), log.from(6));
    assert_eq!(problem(&found.damage), "everything up to row 6 was pruned; it begins with row 6");
    assert_eq!(problem(&log.damage()), "everything up to row 6 was pruned; it begins with row 1");
    // It stands for no rows that come later than itself.
    for through in [9, 10] {
        let mut log = Log::of(10);
        let tree = log.tree(through);
        log.rows.truncate(8);
        log.pruned(through, head, &tree, genesis);
        assert_eq!(problem(&log.damage()), "what it says was pruned makes no sense", "{through}");
    }
    // It names the beginning of its log.
    let mut log = Log::of(8);
    log.pruned(6, head, &tree, Digest::of(b"other"));
    log.pruned(6, head, &tree, Digest::of(b"other"));
    let found = verify(log.start(7), Vec::new(), log.from(7));
    assert_eq!(found.damage, [Damage { seq: None, kind: DamageKind::WrongLog }], "told once");
    let mut verifier = Verifier::new(log.start(7), Vec::new());
    let tables = DamageKind::Tables { problem: "x".to_owned() };
    verifier.damage(None, tables.clone());
    log.from(7).iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    let of_the_log = [tables, DamageKind::WrongLog].map(|kind| Damage { seq: None, kind });
    assert_eq!(verifier.finish().damage, of_the_log, "beside what else is wrong with it");
    // Where that is not known, nobody can tell.
    let start = Start::after(&identity().id, 6, log.hash(6), Some(log.tree(6)));
    assert_eq!(verify(start, Vec::new(), log.from(7)).damage, []);
    // What makes no sense by itself is false.
    let mut log = Log::of(2);
    let body = r#"{"through":1,"head":"x","subtrees":[],"genesis":null,"archive_sha256":"x","archive":"x","host":"h","user":"u"}"#;
    log.put("pruned", "", body, None);
    assert!(log.rows[2].event().read_body().unwrap().claim().is_err());
    assert_eq!(problem(&log.damage()), "what it says was pruned makes no sense");
}

#[test]
fn a_row_that_says_what_is_not_so_counts_as_damaged() {
    // What refers to it is not held against that.
    let mut log = Log::default();
    let asked = log.requested("u");
    log.answered("u", Answer::Approved);
    log.decided(("update", "u"), Answer::Approved, Some(2));
    log.ended("u", 3, ResultStatus::Success);
    assert_eq!((asked, codes(&log.damage())), (1, vec![(3, "false")]));
}

#[test]
fn rows_numbered_further_apart_than_those_of_any_log_are_damage() {
    let template = Log::light(1).rows.remove(0);
    let mut verifier = Verifier::new(whole(), Vec::new());
    for number in 0..=1 << 16 {
        let mut row = Row { seq: 1 + (number << 16), salt: None, ..template.clone() };
        row.seal();
        verifier.resume_at(row.seq);
        verifier.push(row.seq, Ok(row.event()));
    }
    let problem = "its rows are numbered further apart than those of any log".to_owned();
    let expected = Damage { seq: None, kind: DamageKind::Unreadable { problem } };
    assert_eq!(verifier.finish().damage, [expected]);
}
