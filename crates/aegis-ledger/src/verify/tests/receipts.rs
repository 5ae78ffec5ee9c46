//! What callers kept of their answers.

use aegis_engine::Digest;
use serde_json::{Map, Value, json};

use super::chain::{AT, Log, at, codes, identity, verify};
use crate::answer::{Answer, ResultStatus};
use crate::verify::{DamageKind, ReceiptReport, ReceiptRow, Verification, check_receipts};

/// The receipt of a row.
pub(super) fn receipt(log: &Log, seq: u64) -> Value {
    json!({ "log": identity().name(), "seq": seq, "head": log.hash(seq).to_string() })
}

/// A decision as its caller has it, with its receipt.
fn decision(log: &Log, seq: u64) -> Map<String, Value> {
    let row = &log.rows[usize::try_from(seq).unwrap() - 1];
    let body: Value = serde_json::from_str(&row.body).unwrap();
    let answer = body["decision"].as_str().unwrap();
    let whole = json!({
        "action_id": row.action_id,
        "timestamp": format!("2026-01-01T00:00:01.{:03}Z", row.at - AT),
        "allowed": answer == "auto" || answer == "approved",
        "session_id": body["session_id"],
        "type": body["action_type"],
        "target": body["action_target"],
        "decision": answer,
        "approval": body["approval"],
        "risk_level": body["risk_level"],
        "matched_rule": body["matched_rule"],
        "reason": body["reason"],
        "approver": body["approver"],
        "undecidable": body["undecidable"],
        "action_sha256": body["action_sha256"],
        "policy_sha256": body["policy_sha256"],
        "receipt": receipt(log, seq),
    });
    let Value::Object(whole) = whole else { panic!() };
    whole
}

fn row(log: &Log, seq: u64) -> Option<ReceiptRow> {
    let row = log.rows.iter().find(|row| row.seq.unsigned_abs() == seq)?;
    Some(ReceiptRow {
        hash: row.hash.clone(),
        kind: row.kind.clone(),
        action_id: row.action_id.clone(),
        at: row.at,
        body: row.body.clone(),
    })
}

/// Holds lines against a log of which everything before `first` was pruned.
fn check_from(log: &Log, first: u64, lines: &[u8]) -> (Verification, ReceiptReport) {
    let mut found = verify(log.start(first), Vec::new(), log.from(first));
    let look_up = |seq| Ok::<_, std::io::Error>(row(log, seq));
    let mut lines = lines;
    let name = identity().name();
    let report = check_receipts((&name, first), &mut lines, &mut found, look_up).unwrap();
    (found, report)
}

fn check(log: &Log, lines: &[Value]) -> (Verification, ReceiptReport) {
    check_from(log, 1, text(lines).as_bytes())
}

/// One line for each.
pub(super) fn text(lines: &[Value]) -> String {
    let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

#[test]
fn receipts_of_a_log_hold() {
    let log = Log::of(5);
    let (found, report) = check(&log, &[receipt(&log, 4), receipt(&log, 2), receipt(&log, 4)]);
    assert_eq!((found.damage.as_slice(), found.anchored), (&[][..], Some(4)));
    assert_eq!((report.receipts, report.hold, report.pruned, report.without), (3, 3, 0, 0));
    assert_eq!((report.uncovered.as_slice(), report.more_uncovered), (&[1, 3, 5][..], 0));
    assert_eq!((report.volatile, report.of_other_logs, report.other_log.as_deref()), (0, 0, None));
    assert_eq!((report.wrong_log(), report.wrong_file()), (None, None));
    // An anchor that reaches further still does.
    let mut found = verify(log.start(1), vec![log.head(5)], &log.rows);
    let mut lines = &b""[..];
    let none = |_| Ok::<_, std::io::Error>(None);
    let report = check_receipts((&identity().name(), 1), &mut lines, &mut found, none).unwrap();
    assert_eq!((found.anchored, report.receipts, report.uncovered.len()), (Some(5), 0, 5));
    let text = text(&[receipt(&log, 2)]);
    let _ = check_receipts((&identity().name(), 1), &mut text.as_bytes(), &mut found, |seq| {
        Ok::<_, std::io::Error>(row(&log, seq))
    })
    .unwrap();
    assert_eq!(found.anchored, Some(5));
}

#[test]
fn only_rows_that_allowed_something_are_uncovered() {
    let mut log = Log::of(1);
    log.approved("u");
    log.decided(("delete", "b"), Answer::Block, None);
    let asked = log.requested("v");
    log.answered("v", Answer::Denied);
    log.decided(("update", "v"), Answer::Denied, Some(asked));
    let (found, report) = check(&log, &[]);
    assert_eq!((found.damage.as_slice(), report.uncovered.as_slice()), (&[][..], &[1, 4][..]));
    // What is of a damaged row covers nothing.
    let (_, report) = check(&Log::of(1200), &[]);
    assert_eq!((report.uncovered.len(), report.more_uncovered), (1000, 200));
}

#[test]
fn a_receipt_of_another_hash_is_damage() {
    let log = Log::of(5);
    let mut other = receipt(&log, 3);
    other["head"] = json!("0".repeat(64));
    let (found, report) = check(&log, &[receipt(&log, 2), other]);
    let problem = "row 3 has another hash: what stands up to there was written anew".to_owned();
    let anchor = "the receipt in line 2".to_owned();
    assert_eq!(found.damage, [at(3, DamageKind::Differs { anchor, problem })]);
    assert_eq!((found.anchored, report.receipts, report.hold), (Some(2), 2, 1));
    assert_eq!(report.uncovered, [1, 3, 4, 5]);
}

#[test]
fn a_receipt_of_a_row_that_is_not_there() {
    let mut log = Log::of(5);
    let lines = [receipt(&log, 5), receipt(&log, 3), receipt(&log, 4)];
    log.rows.truncate(4);
    let (found, report) = check(&log, &lines);
    let kind = DamageKind::Truncated { anchor: "the receipt in line 1".to_owned(), claimed: 5 };
    assert_eq!((found.damage.as_slice(), report.hold), (&[at(4, kind)][..], 2));
    // That it is missing has been said.
    log.rows.remove(2);
    let (found, report) = check(&log, &lines[1..]);
    assert_eq!((codes(&found.damage), report.hold), (vec![(3, "missing")], 1));
}

#[test]
fn what_was_pruned_is_left_to_the_archive() {
    let log = Log::of(5);
    let lines = text(&[receipt(&log, 2), receipt(&log, 3), receipt(&log, 5)]);
    let (found, report) = check_from(&log, 3, lines.as_bytes());
    assert_eq!((found.damage.as_slice(), report.pruned, report.hold), (&[][..], 1, 2));
    assert_eq!((found.anchored, report.uncovered.as_slice()), (Some(5), &[4][..]));
    // Rows that are still there, and count as pruned.
    let mut found = log.verify();
    let look_up = |seq| Ok::<_, std::io::Error>(row(&log, seq));
    let name = identity().name();
    let report = check_receipts((&name, 4), &mut lines.as_bytes(), &mut found, look_up).unwrap();
    assert_eq!((report.pruned, report.hold), (2, 1));
}

#[test]
fn receipts_of_other_logs_say_nothing_of_this_one() {
    let log = Log::of(5);
    let mut other = receipt(&log, 3);
    other["log"] = json!("ab");
    let mut third = receipt(&log, 4);
    (third["log"], third["seq"]) = (json!("cd"), json!(9));
    let (found, report) = check(&log, &[other.clone(), third.clone()]);
    assert!(found.is_sound() && found.anchored.is_none());
    assert_eq!((report.receipts, report.of_other_logs, report.hold), (2, 2, 0));
    assert_eq!(report.wrong_log(), Some("ab"));
    let (_, report) = check(&log, &[receipt(&log, 1), other]);
    assert_eq!(
        (report.wrong_log(), report.of_other_logs, report.other_log.as_deref()),
        (None, 1, Some("ab"))
    );
}

#[test]
fn every_field_of_an_answer_is_compared() {
    let mut log = Log::of(2);
    log.approved("u");
    log.decided(("delete", "b"), Answer::Block, None);
    let rows = [1, 2, 5, 6];
    let whole: Vec<Value> = rows.map(|seq| Value::Object(decision(&log, seq))).to_vec();
    let (found, report) = check(&log, &whole);
    assert_eq!((found.damage.as_slice(), report.hold), (&[][..], 4));
    for seq in rows {
        let whole = decision(&log, seq);
        for field in whole.keys().filter(|field| *field != "receipt") {
            let mut changed = whole.clone();
            let stored = changed.insert(field.clone(), json!("x")).unwrap();
            let (found, report) = check(&log, &[Value::Object(changed)]);
            let problem = format!("its `{field}` is \"x\", in the log it is {stored}");
            let anchor = "the receipt in line 1".to_owned();
            assert_eq!(found.damage, [at(seq.cast_signed(), DamageKind::Differs { anchor, problem })]);
            assert_eq!((report.hold, found.anchored), (0, None));
            // What is not claimed is not compared.
            let mut less = whole.clone();
            less.remove(field);
            assert!(check(&log, &[Value::Object(less)]).0.is_sound());
        }
    }
    // A field that this program does not know says nothing.
    let mut more = decision(&log, 1);
    more.insert("more".to_owned(), json!(1));
    assert!(check(&log, &[Value::Object(more)]).0.is_sound());
}

#[test]
fn an_answer_is_of_a_decision() {
    let mut log = Log::of(1);
    log.ended("a1", 1, ResultStatus::Success);
    let mut wrong = decision(&log, 1);
    wrong.insert("receipt".to_owned(), receipt(&log, 2));
    let (found, _) = check(&log, &[Value::Object(wrong)]);
    let problem = "the row that it names is a `ended` event".to_owned();
    let anchor = "the receipt in line 1".to_owned();
    assert_eq!(found.damage, [at(2, DamageKind::Differs { anchor, problem })]);
    // The receipt of such a row alone holds.
    assert_eq!(check(&log, &[receipt(&log, 2)]).1.hold, 1);
    // What the row is, if nobody can read it, has been told.
    let mut log = Log::of(1);
    log.put("decided", "a2", "x", None);
    let mut of_it = decision(&log, 1);
    of_it.insert("receipt".to_owned(), receipt(&log, 2));
    let (found, report) = check(&log, &[Value::Object(of_it)]);
    assert_eq!((codes(&found.damage), report.hold), (vec![(2, "unreadable")], 1));
}

#[test]
fn lines_that_are_no_receipts_are_counted_or_named() {
    let log = Log::of(2);
    let mut volatile = receipt(&log, 1);
    volatile["volatile"] = json!(true);
    let mut lasting = receipt(&log, 2);
    lasting["volatile"] = json!(false);
    let (_, report) = check(&log, &[volatile, lasting]);
    assert_eq!((report.volatile, report.hold), (1, 2));
    let zero = text(&[json!({ "log": identity().name(), "seq": 0, "head": "0".repeat(64) })]);
    let short = text(&[json!({ "log": identity().name(), "seq": 1, "head": "0".repeat(63) })]);
    let text = format!(
        "{{\"allowed\":true}}\n\n  \t\n{{\"allowed\":false,\"receipt\":null}}\n{{}}\nx\n[]\n{{\"receipt\":null}}\n{{\"receipt\":1}}\n{zero}{short}{}",
        receipt(&log, 2)
    );
    let (found, report) = check_from(&log, 1, text.as_bytes());
    assert!(found.is_sound());
    assert_eq!((report.without, report.receipts, report.hold), (2, 1, 1));
    let lines: Vec<_> = report.unreadable.iter().map(|(line, _)| *line).collect();
    assert_eq!((lines.as_slice(), report.more_unreadable), (&[5, 6, 7, 8, 9, 10, 11][..], 0));
    let problem = |place: usize| report.unreadable[place].1.as_str();
    assert_eq!(problem(0), "it is neither a receipt nor a decision");
    assert!(problem(4).starts_with("its receipt is none: "), "{}", problem(4));
    let form = "its receipt is none: `seq` is from 1, `head` has 64 hexadecimal digits";
    assert_eq!((problem(5), problem(6)), (form, form));
    assert_eq!(report.wrong_file(), None, "one line is a receipt");
    // Where not one is, it is another file.
    let (_, report) = check_from(&log, 1, b"\nx\ny\n");
    let (line, _) = report.wrong_file().unwrap();
    assert_eq!(line, 2);
    let (_, report) = check_from(&log, 1, b"x\n{\"allowed\":true}\n");
    assert_eq!(report.wrong_file(), None);
    let (_, report) = check_from(&log, 1, b"");
    assert_eq!((report.wrong_file(), report.wrong_log()), (None, None));
    // Only so many are listed.
    let (_, report) = check_from(&log, 1, "x\n".repeat(1200).as_bytes());
    assert_eq!((report.unreadable.len(), report.more_unreadable), (1000, 200));
    // A decision within which there is a head is none the less one.
    let mut whole = decision(&log, 1);
    whole.insert("head".to_owned(), json!("HEAD"));
    assert_eq!(check(&log, &[Value::Object(whole)]).1.hold, 1);
}

#[test]
fn a_line_that_is_too_long_is_none_of_ours_and_the_next_one_is() {
    const MOST: usize = 4 << 20;
    let log = Log::of(2);
    let of = |seq: u64, length: usize| {
        let line = receipt(&log, seq).to_string();
        let padding = " ".repeat(length - line.len() - 1);
        format!("{line}{padding}\n")
    };
    for (length, is_read) in [(MOST - 1, true), (MOST, true), (MOST + 1, false), (MOST + 70_000, false)] {
        let text = format!("{}{}", of(1, length), of(2, 200));
        let (_, report) = check_from(&log, 1, text.as_bytes());
        assert_eq!((report.hold, report.unreadable.len()), if is_read { (2, 0) } else { (1, 1) }, "{length}");
        assert!(is_read || report.unreadable == [(1, "it is too long".to_owned())]);
    }
    // Of what it holds, nothing is read, and lines are counted on.
    let text = format!("{}\n{}\ny\n", "x".repeat(MOST + 70_000), receipt(&log, 2));
    let (_, report) = check_from(&log, 1, text.as_bytes());
    let lines: Vec<_> = report.unreadable.iter().map(|(line, _)| *line).collect();
    assert_eq!((report.hold, lines.as_slice()), (1, &[1, 3][..]));
    // As the last line, without its end.
    let text = of(1, MOST + 10).trim_end_matches('\n').to_owned() + "  ";
    let (_, report) = check_from(&log, 1, text.as_bytes());
    assert_eq!((report.hold, report.unreadable.len()), (0, 1));
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    let log = Log::of(2);
    let text = text(&[receipt(&log, 1)]);
    let failed = check_receipts((&identity().name(), 1), &mut text.as_bytes(), &mut log.verify(), |_| {
        Err(std::io::Error::other("no"))
    });
    assert!(failed.is_err());
}

#[test]
fn a_damage_more_than_can_be_listed_is_counted() {
    let log = Log::of(2);
    let wrong = json!({ "log": identity().name(), "seq": 1, "head": Digest::of(b"x").to_string() });
    let (found, _) = check(&log, &vec![wrong; 1003]);
    assert_eq!((found.damage.len(), found.more_damage), (1000, 3));
}
