//! Exports of whole events: they verify without the log, and what is wrong with one is named with its row and
//! line.

use std::io::{self, BufReader, Read};

use aegis_audit::sqlite::RangeError;
use aegis_engine::Digest;
use aegis_ledger::event_lines::{Compression, EventReader};
use aegis_ledger::receipt::Receipt;
use aegis_ledger::verify::{
    Anchor, Claim, Damage, DamageKind, ExportVerification, Exports, ExportsError, Standing, verify_exports,
};
use aegis_testkit::{Append as _, Case, Place};
use chrono::{DateTime, Utc};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn export_of(place: &Place, since: Option<&str>, until: Option<&str>, compression: Compression) -> Vec<u8> {
    let reader = place.read();
    let range = reader.event_range(since.map(instant), until.map(instant)).unwrap();
    reader.write_events(&range, compression, Vec::new(), |_| {}).unwrap().0
}

fn export(place: &Place) -> String {
    String::from_utf8(export_of(place, None, None, Compression::None)).unwrap()
}

fn verify_all(
    exports: &[Vec<u8>],
    anchors: Vec<Anchor>,
    kept: Option<&str>,
    until: Option<u64>,
) -> Result<ExportVerification, ExportsError> {
    let names: Vec<_> = (0..exports.len()).map(|index| format!("{index}.jsonl")).collect();
    let mut open = |index: usize| Ok(Box::new(io::Cursor::new(exports[index].clone())) as Box<dyn Read>);
    let mut exports = Exports { names: &names, open: &mut open, until };
    let mut kept = kept.map(|kept| BufReader::new(kept.as_bytes()));
    let kept = kept.as_mut().map(|kept| kept as &mut dyn io::BufRead);
    verify_exports(&mut exports, anchors, kept, |_| {})
}

fn verify(export: &str) -> ExportVerification {
    verify_all(&[export.as_bytes().to_vec()], Vec::new(), None, None).unwrap()
}

/// A log with a decision for each month of a year.
fn year() -> (Place, Vec<Receipt>) {
    let place = Place::new();
    let mut trail = place.open();
    let receipts = (1..=12)
        .map(|month| {
            let case = Case::default().id(&format!("a{month}")).at(&format!("2026-{month:02}-01T00:00:00Z"));
            trail.append(&[case.decided()]).unwrap().remove(0)
        })
        .collect();
    (place, receipts)
}

fn receipt(receipt: &Receipt) -> String {
    format!(r#"{{"log":"{}","seq":{},"head":"{}"}}"#, receipt.log(), receipt.seq(), receipt.head())
}

#[test]
fn an_export_verifies_without_the_log() {
    let (place, _) = year();
    let log = place.read().verify(Vec::new(), |_, _| {}).unwrap();
    for compression in [Compression::None, Compression::Zstd] {
        let export = export_of(&place, None, None, compression);
        let found = verify_all(&[export], Vec::new(), None, None).unwrap();
        assert!(found.verification.is_sound(), "{found:?}");
        assert_eq!((found.verification.rows, found.verification.start), (12, 1));
        assert_eq!((found.verification.last, found.verification.head), (log.last, log.head));
        assert_eq!(found.verification.tree.unwrap().root(), log.tree.as_ref().unwrap().root());
        assert_eq!(found.log, place.read().id());
    }
}

#[test]
fn the_key_of_the_log_is_not_in_its_export() {
    let (place, _) = year();
    let key: Vec<u8> = place.meddle().query_row("SELECT key FROM log", [], |row| row.get(0)).unwrap();
    let key: Vec<_> = key.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!export(&place).contains(&key.concat()));
}

#[test]
fn what_was_changed_is_named_with_its_row_and_line() {
    let (place, _) = year();
    let whole = export(&place);
    let lines: Vec<&str> = whole.lines().collect();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let changed = |line: usize, from: &str, to: &str| {
        let replacement = lines[line - 1].replacen(from, to, 1);
        assert_ne!(replacement, lines[line - 1]);
        let mut lines = lines.clone();
        lines[line - 1] = &replacement;
        joined(&lines)
    };
    let zeros = "0".repeat(64);
    let hash = |line: usize| lines[line - 1].rsplit('"').nth(1).unwrap();
    for (export, row, kind) in [
        (changed(6, "crm", "web"), 5, DamageKind::Edited),
        (changed(6, "a look", "a book"), 5, DamageKind::PayloadEdited),
        (changed(6, "\"kind\":\"decided\"", "\"kind\":\"ended\""), 5, DamageKind::Edited),
        (changed(6, hash(6), &zeros), 5, DamageKind::Edited),
        (changed(6, "\"at\":1", "\"at\":2"), 5, DamageKind::Edited),
        (changed(2, hash(2), &zeros), 1, DamageKind::Edited),
    ] {
        let found = verify(&export);
        let damage = &found.verification.damage;
        assert!(damage.contains(&Damage { seq: Some(row), kind: kind.clone() }), "{kind:?}: {damage:?}");
        assert_eq!(found.places.of(row.unsigned_abs()), Some((0, row.unsigned_abs() + 1)));
    }
    // The header binds the rows to their log.
    for (from, to) in [("\"created_at\":", "\"created_at\":1"), ("\"log\":\"", "\"log\":\"0")] {
        let mut text = lines[0].replacen(from, to, 1);
        if from.starts_with("\"log\"") {
            let end = text.find("\",\"created").unwrap();
            text.remove(end - 1);
        }
        let mut changed = lines.clone();
        changed[0] = &text;
        let found = verify(&joined(&changed));
        assert!(!found.verification.is_sound(), "{from}");
    }
}

#[test]
fn lines_that_are_missing_doubled_or_exchanged_show() {
    let (place, _) = year();
    let whole = export(&place);
    let lines: Vec<&str> = whole.lines().collect();
    let rebuilt = |order: &[usize]| {
        let head = lines[*order.last().unwrap()].rsplit('"').nth(1).unwrap();
        let end = format!("{{\"aegis_events_end\":1,\"events\":{},\"head\":\"{head}\"}}\n", order.len() - 1);
        let order: Vec<_> = order.iter().map(|line| lines[*line]).chain([end.as_str()]).collect();
        verify(&order.join("\n")).verification
    };
    let kinds = |order: &[usize]| -> Vec<_> {
        rebuilt(order).damage.into_iter().map(|damage| (damage.seq, damage.kind.code())).collect()
    };
    assert_eq!(kinds(&[0, 1, 2, 3]), []);
    assert_eq!(kinds(&[0, 1, 2, 5, 6]), [(Some(3), "missing")]);
    assert_eq!(kinds(&[0, 2, 3]), [(Some(1), "missing")]);
    assert_eq!(kinds(&[0, 1, 2, 2, 3]), [(Some(2), "out-of-order")]);
    assert!(kinds(&[0, 1, 3, 2, 4]).contains(&(Some(2), "out-of-order")));
}

#[test]
fn a_file_that_was_cut_off_is_found() {
    let (place, _) = year();
    for compression in [Compression::None, Compression::Zstd] {
        let whole = export_of(&place, None, None, compression);
        for length in [whole.len() - 1, whole.len() - 60, whole.len() / 2] {
            let found = verify_all(&[whole[..length].to_vec()], Vec::new(), None, None);
            match found {
                Ok(found) => {
                    let kinds: Vec<_> =
                        found.verification.damage.iter().map(|damage| damage.kind.code()).collect();
                    assert_eq!(kinds, ["storage"], "{length}");
                }
                Err(ExportsError::Unreadable { source, .. }) => assert!(source.is_damage(), "{source}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
    // Cut off and given a new end, it is a shorter log: only what was kept of it can tell.
    let anchor = Anchor { name: "kept".to_owned(), claim: Claim::Head { seq: 12, hash: Digest::of(b"") } };
    let text = export(&place);
    let lines: Vec<&str> = text.lines().take(9).collect();
    let head = lines[8].rsplit('"').nth(1).unwrap();
    let short =
        lines.join("\n") + &format!("\n{{\"aegis_events_end\":1,\"events\":8,\"head\":\"{head}\"}}\n");
    assert!(verify(&short).verification.is_sound());
    let found = verify_all(&[short.into_bytes()], vec![anchor], None, None).unwrap();
    assert_eq!(found.verification.damage[0].kind.code(), "truncated");
}

#[test]
fn a_time_can_be_exported_if_its_events_stand_together() {
    let (place, _) = year();
    let part =
        export_of(&place, Some("2026-04-01T00:00:00Z"), Some("2026-07-01T00:00:00Z"), Compression::None);
    let found = verify_all(std::slice::from_ref(&part), Vec::new(), None, None).unwrap();
    assert!(found.verification.is_sound(), "{found:?}");
    assert_eq!((found.verification.start, found.verification.last), (4, 6));
    let rest = export_of(&place, Some("2026-07-01T00:00:00Z"), None, Compression::Zstd);
    let first = export_of(&place, None, Some("2026-04-01T00:00:00Z"), Compression::Zstd);
    let found = verify_all(&[first.clone(), part.clone(), rest.clone()], Vec::new(), None, None).unwrap();
    assert!(found.verification.is_sound(), "{found:?}");
    assert_eq!((found.verification.start, found.verification.last), (1, 12));
    assert_eq!(found.places.of(8), Some((2, 3)));
    for (exports, begins) in [([part, first.clone()], 1), ([first, rest], 7)] {
        let error = verify_all(&exports, Vec::new(), None, None).unwrap_err();
        assert!(matches!(error, ExportsError::Order { begins: found, .. } if found == begins), "{error}");
        assert!(error.help().is_some());
    }
    // Nothing happened then.
    let nothing = export_of(&place, Some("2027-01-01T00:00:00Z"), None, Compression::None);
    let found = verify_all(&[nothing], Vec::new(), None, None).unwrap();
    assert_eq!((found.verification.rows, found.verification.is_sound()), (0, true));
    // The clock was set back.
    let _ = place.open().append(&[Case::default().at("2026-04-15T00:00:00Z").decided()]).unwrap();
    let range = place
        .read()
        .event_range(Some(instant("2026-04-01T00:00:00Z")), Some(instant("2026-05-01T00:00:00Z")));
    assert!(matches!(range, Err(RangeError::Split { row: 5 })), "{range:?}");
}

#[test]
fn exports_of_different_logs_are_not_joined() {
    let ((one, _), (two, _)) = (year(), year());
    let exports = [export(&one).into_bytes(), export(&two).into_bytes()];
    let error = verify_all(&exports, Vec::new(), None, None).unwrap_err();
    assert!(matches!(error, ExportsError::OtherLog { .. }), "{error}");
    let part = export_of(&two, Some("2026-04-01T00:00:00Z"), None, Compression::None);
    let first = export_of(&one, None, Some("2026-04-01T00:00:00Z"), Compression::None);
    // A header that was written anew does not help.
    let text = String::from_utf8(part).unwrap();
    let header = String::from_utf8(first.clone()).unwrap().lines().next().unwrap().to_owned();
    let (own_header, events) = text.split_once('\n').unwrap();
    let (_, after) = own_header.split_once("\"after\"").unwrap();
    let forged = header.replace("\"after\":null}", &format!("\"after\"{after}")) + "\n" + events;
    let found = verify_all(&[first, forged.into_bytes()], Vec::new(), None, None).unwrap();
    assert!(!found.verification.is_sound());
}

#[test]
fn receipts_and_anchors_are_held_against_an_export() {
    let (place, receipts) = year();
    let exported = export(&place).into_bytes();
    let mut kept: String = receipts.iter().rev().map(|kept| receipt(kept) + "\n").collect();
    let anchor =
        Anchor { name: "kept".to_owned(), claim: Claim::Head { seq: 12, hash: receipts[11].head() } };
    let found = verify_all(std::slice::from_ref(&exported), vec![anchor], Some(&kept), None).unwrap();
    assert!(found.verification.is_sound(), "{found:?}");
    let report = found.receipts.unwrap();
    assert_eq!((report.receipts, report.hold, report.pruned), (12, 12, 0));
    assert_eq!(found.verification.anchors[0].1, Standing::Holds);
    assert_eq!(found.verification.anchored, Some(12));

    let (_, others) = year();
    kept.clear();
    kept += &receipt(&receipts[2]).replace(&receipts[2].head().to_string(), &Digest::of(b"").to_string());
    kept.extend(["\n", &receipt(&others[3]), "\n"]);
    kept += &receipt(&receipts[4]).replace("\"seq\":5", "\"seq\":500");
    let found = verify_all(&[exported], Vec::new(), Some(&kept), None).unwrap();
    let damage: Vec<_> =
        found.verification.damage.iter().map(|damage| (damage.kind.code(), damage.to_string())).collect();
    assert_eq!(damage.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["differs", "truncated"]);
    assert!(damage[0].1.contains("the receipt in line 1"), "{damage:?}");
    // Of another log's, nothing is said but that.
    let report = found.receipts.unwrap();
    assert_eq!((report.of_other_logs, report.other_log.as_deref()), (1, Some(others[3].log())));
    assert_eq!((report.wrong_log(), report.wrong_file()), (None, None));
    // A part of the log says nothing of receipts from before it, and leaves later ones to the log.
    let part = export_of(&place, Some("2026-04-01T00:00:00Z"), None, Compression::None);
    let kept: String = receipts.iter().map(|kept| receipt(kept) + "\n").collect();
    let report = verify_all(&[part], Vec::new(), Some(&kept), Some(10)).unwrap().receipts.unwrap();
    assert_eq!((report.receipts, report.hold, report.pruned), (12, 6, 3));
}

#[test]
fn more_receipts_than_fit_into_one_pass_are_compared() {
    let (place, receipts) = year();
    let line = receipt(&receipts[6]) + &" ".repeat(1 << 20) + "\n";
    let wrong = receipt(&receipts[7]).replace(&receipts[7].head().to_string(), &Digest::of(b"").to_string());
    let kept = line.repeat(10) + &wrong;
    let found = verify_all(&[export(&place).into_bytes()], Vec::new(), Some(&kept), None).unwrap();
    assert_eq!(found.verification.damage.len(), 1);
    assert_eq!(found.receipts.unwrap().hold, 10);
}

#[test]
fn an_export_says_what_stands_before_it() {
    let (place, _) = year();
    let part = export_of(&place, Some("2026-04-01T00:00:00Z"), None, Compression::None);
    let reader = EventReader::new(part.as_slice()).unwrap();
    let after = reader.header().after().unwrap();
    assert_eq!((after.seq, after.tree.is_none()), (3, true));
    // What the first row is linked to is checked against it.
    let text = String::from_utf8(part.clone()).unwrap();
    let forged = text.replacen(&after.head.to_string(), &Digest::of(b"").to_string(), 1);
    let damage = verify(&forged).verification.damage;
    assert_eq!(damage, [Damage { seq: Some(4), kind: DamageKind::WrongStart }]);
}
