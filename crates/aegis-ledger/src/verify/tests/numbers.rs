//! Rows that stand under another number than the one that they were written with.

use super::chain::{Log, at, codes, verify, whole};
use crate::verify::{Damage, DamageKind, Verifier};

fn moved(seq: i64, belongs: i64) -> Damage {
    at(seq, DamageKind::Moved { belongs })
}

#[test]
fn rows_that_changed_places_are_named() {
    for (low, high, rows) in [
        (5_u64, 6_u64, 12),
        (2, 11, 12),
        (1, 12, 12),
        (11, 12, 12),
        (1, 2, 12),
        (5, 90, 100),
        (30, 46, 100),
        (30, 47, 100),
    ] {
        let mut log = Log::of(rows);
        (log.row(low).seq, log.row(high).seq) = (high.cast_signed(), low.cast_signed());
        log.sort();
        let (low, high) = (low.cast_signed(), high.cast_signed());
        assert_eq!(log.damage(), [moved(low, high), moved(high, low)], "{low} and {high}");
    }
}

#[test]
fn a_row_that_was_put_elsewhere_is_not_missing_as_well() {
    for (seq, to) in [(5, 500), (5, 13), (12, 20), (1, 14)] {
        let mut log = Log::of(12);
        log.row(seq).seq = to;
        log.sort();
        assert_eq!(log.damage(), [moved(to, seq.cast_signed())], "{seq} to {to}");
    }
    // Rows before the number that it was written with are.
    let mut log = Log::of(12);
    log.row(12).seq = 20;
    log.rows.remove(10);
    assert_eq!(log.damage(), [at(11, DamageKind::Missing { last: 11 }), moved(20, 12)]);
    // What is missing beside it is.
    let mut log = Log::of(12);
    log.row(5).seq = 13;
    log.rows.retain(|row| row.seq < 3 || row.seq > 7);
    log.sort();
    let missing = |first, last| at(first, DamageKind::Missing { last });
    assert_eq!(log.damage(), [missing(3, 4), missing(6, 7), moved(13, 5)]);
    // At either end of the gap, too.
    for (to, left) in [(3, missing(4, 7)), (7, missing(3, 6))] {
        let mut log = Log::of(12);
        log.row(to).seq = 13;
        log.rows.retain(|row| row.seq < 3 || row.seq > 7);
        log.sort();
        assert_eq!(log.damage(), [left, moved(13, to.cast_signed())]);
    }
    // Rows that are gone elsewhere stay missing.
    let mut log = Log::of(12);
    log.row(9).seq = 30;
    log.rows.retain(|row| row.seq != 4);
    log.sort();
    assert_eq!(log.damage(), [missing(4, 4), moved(30, 9)]);
}

#[test]
fn a_gap_that_was_closed_is_found() {
    for (first, last) in [(5, 5), (3, 7), (3, 18)] {
        let mut log = Log::of(30);
        let by = last - first + 1;
        log.rows.retain(|row| !(first..=last).contains(&row.seq));
        log.rows.iter_mut().filter(|row| row.seq > last).for_each(|row| row.seq -= by);
        let expected = at(first, DamageKind::Renumbered { last: 30 - by, by: -by });
        assert_eq!(log.damage(), [expected], "{first} to {last}");
    }
}

#[test]
fn a_row_that_was_inserted_is_found() {
    let inserted = |by_content: bool| {
        let mut log = Log::of(12);
        let mut row = log.row(4).clone();
        log.rows[4..].iter_mut().for_each(|row| row.seq += 1);
        row.prev_hash.clone_from(&row.hash);
        (row.seq, row.action_id) = (5, "forged".to_owned());
        if by_content {
            row.seal();
        }
        log.rows.insert(4, row);
        log.damage()
    };
    let expected = [at(5, DamageKind::Inserted), at(6, DamageKind::Renumbered { last: 13, by: 1 })];
    assert_eq!(inserted(false), expected);
    assert_eq!(inserted(true), expected, "by somebody who gives it the right hash");
    // One without any hash, between rows that keep their numbers: the one behind it says so.
    let mut log = Log::of(12);
    let mut row = log.row(12).clone();
    row.seq = 13;
    (row.prev_hash, row.hash) = (vec![1; 32], vec![2; 32]);
    log.rows.push(row);
    assert_eq!(codes(&log.damage()), [(13, "edited")]);
}

#[test]
fn neighbours_that_are_off_by_the_same_are_one_damage() {
    // Two runs beside each other: a row went, and some rows later one came.
    let mut log = Log::of(20);
    log.rows.retain(|row| row.seq != 5 && row.seq != 11 && row.seq != 12);
    for row in &mut log.rows {
        row.seq -= i64::from(row.seq > 5) + 2 * i64::from(row.seq > 12);
    }
    let renumbered = |first, last, by| at(first, DamageKind::Renumbered { last, by });
    assert_eq!(log.damage(), [renumbered(5, 9, -1), renumbered(10, 17, -3)]);
    // A run ends where rows are what they say again.
    let mut log = Log::of(20);
    log.rows.retain(|row| row.seq != 5);
    log.rows.iter_mut().filter(|row| (6..=9).contains(&row.seq)).for_each(|row| row.seq -= 1);
    let found = codes(&log.damage());
    assert!(found.contains(&(5, "renumbered")), "{found:?}");
    assert!(found.iter().all(|(seq, _)| (5..=10).contains(seq)), "{found:?}");
    // An edited row within a run is one more, and the run is told in two.
    let mut log = Log::of(20);
    log.rows.retain(|row| row.seq != 5);
    log.rows.iter_mut().filter(|row| row.seq > 5).for_each(|row| row.seq -= 1);
    log.rows[10].at += 1;
    assert_eq!(log.damage(), [renumbered(5, 10, -1), at(11, DamageKind::Edited), renumbered(12, 19, -1)]);
}

#[test]
fn rows_in_disorder_are_named_and_are_not_missing() {
    let mut log = Log::of(12);
    let row = log.rows.remove(4);
    log.rows.insert(7, row);
    let found = log.verify();
    assert_eq!(found.damage, [at(5, DamageKind::OutOfOrder { after: 8 })]);
    assert_eq!((found.rows, found.last, found.tree), (12, 12, None));
    // What is wrong with such a row besides is told as well, but for where it stands.
    log.rows[7].payload = Some("x".to_owned());
    assert_eq!(codes(&log.damage()), [(5, "out-of-order"), (5, "payload-edited")]);
    // The same row twice.
    let mut log = Log::of(3);
    log.rows.push(log.rows[2].clone());
    assert_eq!(log.damage()[0], at(3, DamageKind::OutOfOrder { after: 3 }));
}

#[test]
fn a_second_look_is_only_taken_where_it_can_explain_something() {
    let log = Log::of(12);
    let mut verifier = Verifier::new(whole(), Vec::new());
    log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    assert!(!verifier.has_suspects());
    assert_eq!(verifier.suspects(), Vec::<i64>::new());
    // An edited row whose link leads to nothing needs not be read again.
    let mut log = Log::of(12);
    log.row(5).prev_hash = vec![1; 32];
    let mut verifier = Verifier::new(whole(), Vec::new());
    log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    assert!(verifier.has_suspects());
    verifier.explain(log.rows.iter().filter_map(|row| Some((row.seq, row.digest()?))));
    assert_eq!(verifier.suspects(), Vec::<i64>::new());
    // One that leads somewhere needs to be.
    let mut log = Log::of(12);
    log.row(5).at += 1;
    let mut verifier = Verifier::new(whole(), Vec::new());
    log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    verifier.explain(log.rows.iter().filter_map(|row| Some((row.seq, row.digest()?))));
    assert_eq!(verifier.suspects(), [5]);
    verifier.settle(4, &log.rows[3].event());
    verifier.settle(5, &log.rows[4].event());
    assert_eq!(verifier.finish().damage, [at(5, DamageKind::Edited)]);
}

#[test]
fn a_row_that_has_no_hash_and_rows_behind_it_are_told_apart() {
    let mut log = Log::of(12);
    log.row(4).hash = vec![];
    log.row(6).hash = vec![0; 31];
    assert_eq!(codes(&log.damage()), [(4, "edited"), (6, "edited")]);
    let found = verify(whole(), vec![log.head(3), log.head(12)], &log.rows);
    assert_eq!(found.anchored, Some(12));
}

/// Rows of somebody's who cannot compute hashes, before the fifth of a log.
fn garbage_before_the_fifth(count: i64) -> Log {
    let mut log = Log::of(40);
    let template = log.row(1).clone();
    log.rows[4..].iter_mut().for_each(|row| row.seq += count);
    for number in 0..count {
        let mut row = template.clone();
        (row.seq, row.prev_hash) = (5 + number, vec![u8::try_from(number).unwrap(); 32]);
        log.rows.push(row);
    }
    log.sort();
    log
}

#[test]
fn rows_far_from_their_numbers_are_recognised_by_what_they_are_linked_to() {
    let log = garbage_before_the_fifth(17);
    let mut expected: Vec<Damage> = (5..21).map(|seq| at(seq, DamageKind::Edited)).collect();
    expected.push(at(21, DamageKind::Inserted));
    expected.push(at(22, DamageKind::Renumbered { last: 57, by: 17 }));
    assert_eq!(log.damage(), expected);
    // One more among them, with the hash that the number of the next one gives.
    let mut log = garbage_before_the_fifth(17);
    let mut row = log.row(30).clone();
    row.action_id = "forged".to_owned();
    row.seq -= 17;
    row.seal();
    row.seq += 17;
    log.rows[29..].iter_mut().for_each(|row| row.seq += 1);
    log.rows.insert(29, row);
    expected.pop();
    expected.push(at(22, DamageKind::Renumbered { last: 30, by: 17 }));
    expected.push(at(31, DamageKind::Renumbered { last: 58, by: 18 }));
    assert_eq!(log.damage(), expected);
}

#[test]
fn a_row_that_was_edited_and_put_elsewhere_is_edited() {
    let mut log = Log::of(100);
    (log.row(5).seq, log.row(90).seq) = (90, 5);
    log.row(5).at += 1;
    log.sort();
    assert_eq!(codes(&log.damage()), [(5, "moved"), (90, "edited")]);
}

#[test]
fn what_stands_between_two_linked_rows_was_inserted() {
    let mut log = Log::of(5);
    log.row(5).hash = log.row(4).hash.clone();
    log.auto("a6");
    log.auto("a7");
    log.row(5).hash = vec![0; 32];
    assert_eq!(log.damage(), [at(5, DamageKind::Inserted)]);
    // Among rows that are numbered too low.
    let mut log = Log::of(20);
    log.rows.retain(|row| row.seq != 5);
    let mut row = log.row(1).clone();
    row.prev_hash = vec![0; 32];
    log.rows.iter_mut().filter(|row| (6..=10).contains(&row.seq)).for_each(|row| row.seq -= 1);
    row.seq = 10;
    log.rows.push(row);
    log.sort();
    assert_eq!(
        log.damage(),
        [at(5, DamageKind::Renumbered { last: 9, by: -1 }), at(10, DamageKind::Inserted)]
    );
    // Behind one that was moved.
    let mut log = Log::of(20);
    let (mut first, mut second) = (log.row(9).clone(), log.row(1).clone());
    log.rows[4..].iter_mut().for_each(|row| row.seq += 2);
    (first.seq, second.seq, second.prev_hash) = (5, 6, vec![0; 32]);
    log.rows.extend([first, second]);
    log.sort();
    let moved = at(5, DamageKind::Moved { belongs: 9 });
    let renumbered = at(7, DamageKind::Renumbered { last: 22, by: 2 });
    assert_eq!(log.damage(), [moved, at(6, DamageKind::Inserted), renumbered]);
}
