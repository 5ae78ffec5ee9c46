//! Rows that are not what was hashed, or do not follow each other.

use super::chain::{Log, Row, at, codes, identity, verify, whole};
use crate::verify::{Damage, DamageKind, Start, Verifier};

/// A whole row, linked to the one of a number, that somebody made who can compute hashes.
fn forged(log: &Log, seq: i64, behind: u64) -> Row {
    let mut row = log.clone().row(behind).clone();
    row.prev_hash.clone_from(&row.hash);
    (row.seq, row.action_id) = (seq, "forged".to_owned());
    row.seal();
    row
}

#[test]
fn a_log_that_nobody_touched_is_sound() {
    let log = Log::of(12);
    let found = log.verify();
    assert!(found.is_sound(), "{:?}", found.damage);
    assert_eq!((found.rows, found.start, found.last, found.anchored), (12, 1, 12, None));
    assert_eq!((found.head, found.tree.as_ref()), (log.hash(12), Some(&log.tree(12))));
    assert_eq!((found.removed, found.more_damage, found.unchecked_references), (0, 0, 0));
    assert_eq!(found.log, "07".repeat(16));
    let empty = Log::default().verify();
    assert_eq!((empty.is_sound(), empty.rows, empty.last, empty.head), (true, 0, 0, identity().genesis()));
    // What was pruned is not asked for.
    let left = verify(log.start(9), Vec::new(), log.from(9));
    assert_eq!((left.damage.as_slice(), left.rows, left.start, left.last), (&[][..], 4, 9, 12));
    assert_eq!(left.tree, Some(log.tree(12)));
    let nothing = verify(log.start(9), Vec::new(), &[]);
    assert_eq!((nothing.is_sound(), nothing.last, nothing.head), (true, 8, log.hash(8)));
}

#[test]
fn where_it_has_come_to_is_known_on_the_way() {
    let log = Log::of(3);
    let mut verifier = Verifier::new(log.start(2), Vec::new());
    assert_eq!((verifier.first(), verifier.rows(), verifier.newest()), (2, 0, (1, log.hash(1))));
    verifier.push(2, Ok(log.rows[1].event()));
    assert_eq!((verifier.first(), verifier.rows(), verifier.newest()), (2, 1, (2, log.hash(2))));
}

/// A change of one row.
type Edit = fn(&mut Row);

/// Every way to change one row, and what it is called.
fn edits() -> Vec<(Edit, DamageKind)> {
    vec![
        (|row| row.body = "{}".to_owned(), DamageKind::Edited),
        (|row| row.at += 1, DamageKind::Edited),
        (|row| row.kind = "requested".to_owned(), DamageKind::Edited),
        (|row| row.action_id = "other".to_owned(), DamageKind::Edited),
        (|row| row.hash = vec![0; 32], DamageKind::Edited),
        (|row| row.hash = vec![0], DamageKind::Edited),
        (|row| row.prev_hash = vec![0; 32], DamageKind::Edited),
        (|row| row.prev_hash = vec![0], DamageKind::Edited),
        (|row| (row.body, row.hash) = ("{}".to_owned(), vec![0; 32]), DamageKind::Edited),
        (|row| row.payload = Some("{}".to_owned()), DamageKind::PayloadEdited),
        (|row| row.salt = Some(vec![0; 32]), DamageKind::PayloadEdited),
        (|row| row.salt = None, DamageKind::PayloadEdited),
        (|row| row.payload = None, DamageKind::PayloadEdited),
        (|row| (row.payload, row.salt) = (None, None), DamageKind::PayloadMissing),
    ]
}

#[test]
fn one_edit_is_one_damage_at_its_row() {
    for (number, (edit, kind)) in edits().into_iter().enumerate() {
        for seq in [1, 5, 12] {
            let mut log = Log::of(12);
            edit(log.row(seq));
            let found = log.verify();
            assert_eq!(found.damage, [at(seq.cast_signed(), kind.clone())], "{number} at {seq}");
            assert_eq!((found.rows, found.last, found.more_damage), (12, 12, 0));
            assert_eq!(found.tree.is_some(), kind != DamageKind::Edited, "{number} at {seq}");
        }
    }
    // The commitment is hashed, and the payload does not fit it any more.
    let mut log = Log::of(12);
    log.row(5).commitment = vec![0; 32];
    assert_eq!(log.damage(), [at(5, DamageKind::PayloadEdited), at(5, DamageKind::Edited)]);
}

#[test]
fn edits_of_neighbours_are_as_many_damages() {
    let mut log = Log::of(12);
    (4..=6).for_each(|seq| log.row(seq).at += 1);
    assert_eq!(log.damage(), [4, 5, 6].map(|seq| at(seq, DamageKind::Edited)));
    // Each beside something else.
    let mut log = Log::of(100);
    log.row(10).at += 1;
    log.row(30).payload = Some("x".to_owned());
    log.row(100).hash = vec![0];
    log.rows.drain(19..22);
    let missing = at(20, DamageKind::Missing { last: 22 });
    let expected =
        [at(10, DamageKind::Edited), missing, at(30, DamageKind::PayloadEdited), at(100, DamageKind::Edited)];
    assert_eq!(log.damage(), expected);
}

#[test]
fn a_row_that_is_no_event_is_unreadable() {
    let log = Log::of(3);
    let mut verifier = Verifier::new(whole(), Vec::new());
    verifier.push(1, Ok(log.rows[0].event()));
    verifier.push(2, Err("its body is no text".to_owned()));
    verifier.push(3, Ok(log.rows[2].event()));
    let found = verifier.finish();
    let problem = "its body is no text".to_owned();
    assert_eq!(found.damage, [at(2, DamageKind::Unreadable { problem })]);
    assert_eq!((found.rows, found.last, found.tree), (3, 3, None));
}

#[test]
fn whole_rows_that_no_reader_understands_are_unreadable() {
    let whole = r#"{"session_id":"s","recorder":null,"decided_seq":1}"#;
    for (kind, id, body) in [("noted", "a1", "{}"), ("started", "a1", "{}"), ("started", "a1", "x")] {
        let mut log = Log::of(1);
        log.put(kind, id, body, None);
        assert_eq!(codes(&log.damage()), [(2, "unreadable")], "{kind} {body}");
    }
    // Its time is no time.
    let mut log = Log::of(1);
    log.put("started", "a1", whole, None);
    assert_eq!(log.damage(), []);
    log.row(2).at = i64::MAX;
    log.row(2).seal();
    assert_eq!(codes(&log.damage()), [(2, "unreadable")]);
    // Nor is its payload one.
    let mut log = Log::of(1);
    let body = log.row(1).body.clone();
    log.put("decided", "a2", &body, Some("[]"));
    assert_eq!(codes(&log.damage()), [(2, "unreadable")]);
}

#[test]
fn rows_that_are_gone_are_missing() {
    for (first, last) in [(5, 5), (3, 7), (1, 3), (1, 1), (11, 11)] {
        let mut log = Log::of(12);
        log.rows.retain(|row| !(first..=last).contains(&row.seq));
        let found = log.verify();
        assert_eq!(found.damage, [at(first, DamageKind::Missing { last })]);
        assert_eq!((found.tree.is_none(), found.last), (true, 12));
    }
    let mut log = Log::of(12);
    log.rows.retain(|row| row.seq != 3 && row.seq != 8);
    assert_eq!(log.damage(), [3, 8].map(|seq| at(seq, DamageKind::Missing { last: seq })));
    // Beside an edit on either side.
    for edited in [4, 6] {
        let mut log = Log::of(12);
        log.row(edited).at += 1;
        log.rows.retain(|row| row.seq != 5);
        let mut expected =
            [at(edited.cast_signed(), DamageKind::Edited), at(5, DamageKind::Missing { last: 5 })];
        expected.sort_by_key(|damage| damage.seq);
        assert_eq!(log.damage(), expected);
    }
}

#[test]
fn a_fork_is_found_near_and_far() {
    for from in [11, 3, 1] {
        let mut log = Log::of(12);
        let row = forged(&log, 13, from);
        log.rows.push(row);
        let with = from.cast_signed() + 1;
        assert_eq!(log.damage(), [at(13, DamageKind::Forked { with })], "{from}");
    }
}

#[test]
fn a_row_that_was_written_anew_with_its_hash_does_not_fit_the_next() {
    for seq in [1, 5, 11] {
        let mut log = Log::of(12);
        log.row(seq).action_id = "other".to_owned();
        log.row(seq).seal();
        assert_eq!(log.damage(), [at(seq.cast_signed() + 1, DamageKind::Unlinked)]);
    }
    // Nor does one of its own.
    let mut log = Log::of(12);
    log.row(5).prev_hash = vec![0; 32];
    log.row(5).seal();
    assert_eq!(log.damage(), [at(5, DamageKind::Unlinked), at(6, DamageKind::Unlinked)]);
    // One that is linked to nothing at all.
    let mut log = Log::of(12);
    (log.row(5).prev_hash, log.row(4).prev_hash) = (vec![0], vec![0]);
    log.row(4).seal();
    log.row(5).seal();
    assert_eq!(codes(&log.damage()), [(4, "unlinked"), (5, "unlinked"), (6, "unlinked")]);
}

#[test]
fn the_first_row_binds_what_stands_before_it() {
    let of_nowhere = |mut log: Log| {
        log.row(1).prev_hash = vec![5; 32];
        log.row(1).seal();
        let hash = log.row(1).hash.clone();
        log.row(2).prev_hash = hash;
        log.row(2).seal();
        log
    };
    let log = of_nowhere(Log::of(2));
    assert_eq!(log.damage(), [Damage { seq: None, kind: DamageKind::WrongLog }]);
    let mut log = Log::of(3);
    let start = log.start(2);
    log.row(2).prev_hash = vec![5; 32];
    log.row(2).seal();
    let found = verify(start.clone(), Vec::new(), &log.rows[1..2]);
    assert_eq!(found.damage, [at(2, DamageKind::WrongStart)]);
    // Behind a gap, nothing is known of what the first row must be linked to.
    let found = verify(start, Vec::new(), &log.rows[2..]);
    assert_eq!(found.damage, [at(2, DamageKind::Missing { last: 2 })]);
}

#[test]
fn a_log_of_another_identity_is_one_damage() {
    let other = |log_id: &[u8]| Start::of_log(log_id, 1, aegis_engine::Digest::of(b"key"));
    for rows in [2, 12] {
        for id in [vec![7; 16], vec![8; 16]] {
            let found = verify(other(&id), Vec::new(), &Log::of(rows).rows);
            assert_eq!(found.damage, [Damage { seq: None, kind: DamageKind::WrongLog }], "{rows} {id:?}");
        }
    }
    // More than can be listed is no other damage.
    let found = verify(other(&[8; 16]), Vec::new(), &Log::of(1200).rows);
    assert_eq!((found.damage.len(), found.more_damage), (1, 0));
    // One row alone may as well have been edited.
    let found = verify(other(&[8; 16]), Vec::new(), &Log::of(1).rows);
    assert_eq!(found.damage, [at(1, DamageKind::Edited)]);
    // A log whose rows were all edited begins where it always did.
    let mut log = Log::of(12);
    log.rows.iter_mut().for_each(|row| row.at += 1);
    assert_eq!(codes(&log.damage()), (1..=12).map(|seq| (seq, "edited")).collect::<Vec<_>>());
    // Where it begins is another matter, too, if the rows do not fit each other.
    let mut log = Log::of(12);
    log.row(7).prev_hash = vec![0; 32];
    let found = verify(other(&[8; 16]), Vec::new(), &log.rows);
    assert_eq!(found.damage.len(), 12);
    // Nor if there is something else.
    let mut log = Log::of(12);
    log.row(7).payload = None;
    let found = verify(other(&[8; 16]), Vec::new(), &log.rows);
    assert_eq!(found.damage.len(), 13);
    // Nor if one of them is what was hashed.
    let mut log = Log::of(12);
    log.rows[..11].iter_mut().for_each(|row| row.at += 1);
    log.row(1).prev_hash = vec![3; 32];
    assert_eq!(log.damage().len(), 11);
}

#[test]
fn what_is_left_of_another_log_is_one_damage_where_many_rows_agree() {
    let log = Log::of(20);
    let other = |seq: u64| Start { log_id: vec![8; 16], ..log.start(seq) };
    let found = verify(other(12), Vec::new(), log.from(12));
    assert_eq!(found.damage, [Damage { seq: None, kind: DamageKind::WrongLog }]);
    let found = verify(other(13), Vec::new(), log.from(13));
    assert_eq!(codes(&found.damage), (13..=20).map(|seq| (seq, "edited")).collect::<Vec<_>>());
}

#[test]
fn more_damage_than_can_be_listed_is_counted() {
    let mut log = Log::of(1500);
    log.rows.iter_mut().for_each(|row| row.payload = Some("x".to_owned()));
    let found = log.verify();
    assert_eq!((found.damage.len(), found.more_damage), (1000, 500));
    assert!(!found.is_sound());
    assert_eq!(found.damage.last(), Some(&at(1000, DamageKind::PayloadEdited)));
}

#[test]
fn reading_can_stop_and_be_taken_up_again() {
    let log = Log::of(12);
    let mut verifier = Verifier::new(whole(), vec![log.head(12), log.root(12), log.head(12)]);
    (0..4).for_each(|place| verifier.push(log.rows[place].seq, Ok(log.rows[place].event())));
    assert_eq!(verifier.stop("a page is damaged"), 4);
    assert_eq!(verifier.stop("it still is"), 4);
    verifier.resume_at(9);
    (8..12).for_each(|place| verifier.push(log.rows[place].seq, Ok(log.rows[place].event())));
    let found = verifier.finish();
    let problem = "a page is damaged".to_owned();
    assert_eq!(found.damage, [at(4, DamageKind::Storage { problem })], "the rows between are not missing");
    assert_eq!((found.rows, found.last, found.tree.is_none()), (8, 12, true));
    // A head holds by its own hash; what the root would be, nobody can tell.
    assert_eq!(found.anchored, Some(12));
}

#[test]
fn what_was_found_elsewhere_is_told_as_well() {
    let mut verifier = Verifier::new(whole(), Vec::new());
    let kind = DamageKind::Index { problem: "x".to_owned() };
    verifier.damage(Some(3), kind.clone());
    assert_eq!(verifier.finish().damage, [at(3, kind)]);
}
