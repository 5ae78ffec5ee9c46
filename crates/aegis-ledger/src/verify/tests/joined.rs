//! Exports, and the log that goes on behind them.

use super::chain::{Log, at, codes, standings, verify};
use super::exports::{Given, check};
use super::receipts::{receipt, text};
use crate::verify::{Claim, DamageKind, ExportVerification, ReceiptReport, Standing, Verification};

fn exported(log: &Log, first: u64, last: u64) -> ExportVerification {
    check(&[log.export(first, last)], Given { until: Some(last + 1), ..Given::default() }).unwrap()
}

/// The log behind a row, with the end of the exports as its anchor.
fn behind(log: &Log, exports: &ExportVerification, row: u64) -> Verification {
    verify(log.start(row + 1), exports.end("the end of the archive"), log.from(row + 1))
}

#[test]
fn an_archive_and_its_log_are_one_chain() {
    let log = Log::of(12);
    let exports = exported(&log, 1, 5);
    let end = exports.end("the end of the archive");
    let claims: Vec<Claim> = end.iter().map(|anchor| anchor.claim).collect();
    assert_eq!(claims, [log.head(5).claim, log.root(5).claim]);
    assert!(end.iter().all(|anchor| anchor.name == "the end of the archive"));
    let behind = behind(&log, &exports, 5);
    let joined = exports.join(behind, None);
    let found = joined.verification;
    assert_eq!((found.damage.as_slice(), found.more_damage, found.rows), (&[][..], 0, 12));
    assert_eq!((found.start, found.last, found.head), (1, 12, log.hash(12)));
    assert_eq!((found.tree, found.anchored), (Some(log.tree(12)), Some(5)));
    assert!(joined.receipts.is_none());
    // Where damage keeps the tree from being known, the newest row is all that is left.
    let mut log = Log::of(12);
    log.row(2).at += 1;
    let exports = exported(&log, 1, 5);
    assert_eq!(exports.end("x").len(), 1);
}

#[test]
fn rows_between_an_archive_and_its_log_are_missing() {
    let log = Log::of(12);
    let exports = exported(&log, 1, 5);
    let later = verify(log.start(8), Vec::new(), log.from(8));
    let found = exports.join(later, None).verification;
    assert_eq!(found.damage, [at(6, DamageKind::Missing { last: 7 })]);
    // One that is there twice is not.
    let exports = exported(&log, 1, 8);
    let later = verify(log.start(6), Vec::new(), log.from(6));
    assert_eq!(exports.join(later, None).verification.damage, []);
}

#[test]
fn what_either_has_is_added_up() {
    let mut log = Log::of(12);
    log.row(2).at += 1;
    log.row(9).at += 1;
    log.row(4).payload = None;
    let mut exports = exported(&log, 1, 5);
    exports.verification.more_damage = 2;
    exports.verification.removed = 3;
    exports.verification.anchored = Some(4);
    exports.verification.unchecked_references = 5;
    let mut later = behind(&log, &exports, 5);
    later.more_damage = 4;
    later.removed = 6;
    later.anchored = Some(3);
    later.unchecked_references = 7;
    let found = exports.join(later, None).verification;
    assert_eq!(codes(&found.damage), [(2, "edited"), (4, "payload-edited"), (9, "edited")]);
    assert_eq!((found.more_damage, found.removed, found.unchecked_references), (6, 9, 12));
    assert_eq!((found.anchored, found.rows), (Some(4), 12));
}

#[test]
fn what_the_exports_cannot_tell_the_log_tells() {
    let mut log = Log::of(5);
    (log.row(2).payload, log.row(2).salt) = (None, None);
    (log.row(3).payload, log.row(3).salt) = (None, None);
    log.redacted("a3", &[3]);
    let exports = exported(&log, 1, 5);
    assert_eq!(exports.verification.unchecked_references, 2);
    let later = behind(&log, &exports, 5);
    let found = exports.join(later, None).verification;
    assert_eq!(found.damage, [at(2, DamageKind::PayloadMissing)]);
    assert_eq!((found.unchecked_references, found.removed), (0, 2));
}

#[test]
fn what_was_left_unchecked_is_what_the_log_says_of_it() {
    let log = Log::of(12);
    let anchors = vec![log.head(3), log.head(9)];
    let given = Given { anchors: anchors.clone(), until: Some(6), ..Given::default() };
    let exports = check(&[log.export(1, 5)], given).unwrap();
    assert_eq!(standings(&exports.verification), [Standing::Holds, Standing::Unchecked]);
    let later = verify(log.start(6), anchors[1..].to_vec(), log.from(6));
    let found = exports.join(later, None).verification;
    assert_eq!(standings(&found), [Standing::Holds, Standing::Holds]);
    assert_eq!(found.anchored, Some(9));
}

#[test]
fn receipts_of_both_are_one_report() {
    let log = Log::of(12);
    let lines = text(&[receipt(&log, 2), receipt(&log, 9)]);
    let given = Given { receipts: Some(&lines), until: Some(6), ..Given::default() };
    let exports = check(&[log.export(1, 5)], given).unwrap();
    let report = ReceiptReport {
        receipts: 2,
        hold: 1,
        pruned: 1,
        covered: [2, 9].into_iter().collect(),
        without: 3,
        uncovered: vec![6, 7],
        more_uncovered: 4,
        ..ReceiptReport::default()
    };
    let later = behind(&log, &exports, 5);
    let joined = exports.join(later, Some(report)).receipts.unwrap();
    assert_eq!((joined.receipts, joined.hold, joined.pruned, joined.without), (2, 2, 0, 3));
    assert_eq!(joined.covered.iter().collect::<Vec<_>>(), [2, 9]);
    assert_eq!((joined.uncovered.as_slice(), joined.more_uncovered), (&[1, 3, 4, 5, 6, 7][..], 4));
    // Only so many are listed.
    let many = ReceiptReport {
        covered: [9].into_iter().collect(),
        uncovered: (2000..3000).collect(),
        ..ReceiptReport::default()
    };
    let given = Given { receipts: Some(&lines), until: Some(6), ..Given::default() };
    let exports = check(&[log.export(1, 5)], given).unwrap();
    let later = behind(&log, &exports, 5);
    let joined = exports.join(later, Some(many)).receipts.unwrap();
    assert_eq!((joined.uncovered.len(), joined.more_uncovered), (1000, 4));
    assert_eq!(joined.covered.iter().collect::<Vec<_>>(), [2, 9], "what either of them covers");
    // Where only one of them has a report, that is it.
    let exports = exported(&log, 1, 5);
    let later = behind(&log, &exports, 5);
    let one = ReceiptReport { hold: 7, ..ReceiptReport::default() };
    assert_eq!(exports.join(later, Some(one)).receipts.unwrap().hold, 7);
}
