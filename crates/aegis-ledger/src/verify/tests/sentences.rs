//! What is told of damage: a code for programs, a sentence for people.

use std::collections::HashSet;

use super::chain::at;
use crate::action_life::Impossible;
use crate::verify::{Damage, DamageKind};

/// Every kind, its code, and what is said of it at row 5.
fn every_kind() -> Vec<(DamageKind, &'static str, &'static str)> {
    let text = || "x\u{1b}".to_owned();
    let problem = text();
    vec![
        (DamageKind::Edited, "edited", "row 5: its content was edited: it does not fit its hash"),
        (
            DamageKind::PayloadEdited,
            "payload-edited",
            "row 5: its payload or salt was edited: it does not fit its commitment",
        ),
        (DamageKind::Unreadable { problem: text() }, "unreadable", "row 5: it cannot be read: x\\u{1b}"),
        (DamageKind::Missing { last: 5 }, "missing", "row 5 is missing"),
        (DamageKind::Missing { last: 6 }, "missing", "rows 5 to 6 are missing"),
        (
            DamageKind::Inserted,
            "inserted",
            "row 5: it was inserted: the next row is linked to the one before it",
        ),
        (DamageKind::Moved { belongs: 9 }, "moved", "row 5: it was written as row 9"),
        (
            DamageKind::Renumbered { last: 7, by: 2 },
            "renumbered",
            "rows 5 to 7: numbered 2 higher than when written; something was inserted before",
        ),
        (
            DamageKind::Renumbered { last: 7, by: -1 },
            "renumbered",
            "rows 5 to 7: numbered 1 lower than when written; as many are missing before",
        ),
        (DamageKind::OutOfOrder { after: 6 }, "out-of-order", "row 5: it stands behind row 6"),
        (
            DamageKind::Forked { with: 3 },
            "forked",
            "row 5: it forks the chain: row 3 is linked to the same row",
        ),
        (
            DamageKind::Unlinked,
            "unlinked",
            "row 5: it is not linked to the row before it; one of the two was put in the place of another",
        ),
        (
            DamageKind::WrongLog,
            "wrong-log",
            "row 5: its id, time of creation or key is not the one that its chain begins with",
        ),
        (
            DamageKind::WrongStart,
            "wrong-start",
            "row 5: it is not linked to the last row before it, which was taken out",
        ),
        (
            DamageKind::PayloadMissing,
            "payload-missing",
            "row 5: its payload was removed, and no `redacted` event accounts for that",
        ),
        (
            DamageKind::PayloadKept,
            "payload-kept",
            "row 5: a `redacted` event says that its payload was removed; it is there",
        ),
        (DamageKind::False { problem: text() }, "false", "row 5: what it says is not so: x\\u{1b}"),
        (
            DamageKind::Impossible(Impossible::NotAsked),
            "impossible",
            "row 5: what it tells cannot have happened: it answers a question that was not put",
        ),
        (
            DamageKind::Truncated { anchor: text(), claimed: 9 },
            "truncated",
            "row 5: it was the last one, but x\\u{1b} names row 9: the end was cut off",
        ),
        (DamageKind::Differs { anchor: text(), problem: text() }, "differs", "row 5: x\\u{1b}: x\\u{1b}"),
        (DamageKind::Index { problem: text() }, "index", "row 5: the index of its block is wrong: x\\u{1b}"),
        (
            DamageKind::Storage { problem: text() },
            "storage",
            "row 5: what comes next cannot be read: x\\u{1b}",
        ),
        (DamageKind::Tables { problem }, "tables", "row 5: x\\u{1b}"),
    ]
}

#[test]
fn every_kind_has_a_code_and_a_sentence() {
    let mut codes = HashSet::new();
    for (kind, code, sentence) in every_kind() {
        assert_eq!(kind.code(), code);
        assert_eq!(at(5, kind).to_string(), sentence);
        codes.insert(code);
    }
    assert_eq!(codes.len(), 21);
}

#[test]
fn several_rows_are_named_from_the_first_to_the_last() {
    for (kind, last) in [
        (DamageKind::Missing { last: 9 }, Some(9)),
        (DamageKind::Renumbered { last: 8, by: 1 }, Some(8)),
        (DamageKind::Edited, None),
        (DamageKind::Moved { belongs: 9 }, None),
    ] {
        assert_eq!(kind.last(), last);
    }
    let of_the_log = Damage { seq: None, kind: DamageKind::WrongLog };
    assert!(of_the_log.to_string().starts_with("the log: its id"), "{of_the_log}");
}

#[test]
fn long_texts_from_a_log_are_cut() {
    let problem = "x".repeat(100_000);
    for kind in [
        DamageKind::Unreadable { problem: problem.clone() },
        DamageKind::False { problem: problem.clone() },
        DamageKind::Differs { anchor: "it".to_owned(), problem: problem.clone() },
        DamageKind::Index { problem: problem.clone() },
        DamageKind::Storage { problem: problem.clone() },
        DamageKind::Tables { problem: problem.clone() },
    ] {
        let length = at(5, kind).to_string().len();
        assert!((200..400).contains(&length), "{length}");
    }
}
