//! Verifying: each kind of damage is named with its row, and nothing else is found.

use aegis_engine::Digest;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::{Event, Operator, Redacted, Stamped};
use aegis_ledger::receipt::Receipt;
use aegis_ledger::verify::{Anchor, Claim, Damage, DamageKind, Standing, Verification};
use aegis_testkit::{Append as _, Case, Place, append_cases, rehash, without_triggers};

/// A log of 12 decisions, numbered 1 to 12, and their receipts.
fn twelve() -> (Place, Vec<Receipt>) {
    let place = Place::new();
    let mut trail = place.open();
    let receipts = (0..12)
        .map(|index| trail.append(&[Case::default().id(&format!("a{index}")).decided()]).unwrap().remove(0))
        .collect();
    (place, receipts)
}

/// Appends so many decisions.
fn decisions(place: &Place, count: usize) {
    let cases = (0..count).map(|number| Case::default().number(number));
    append_cases(&mut place.open(), cases, |_, case| vec![case.decided()]);
}

fn verify(place: &Place) -> Verification {
    place.read().verify(Vec::new(), |_, _| {}).unwrap()
}

fn damage(place: &Place) -> Vec<Damage> {
    verify(place).damage
}

fn at(seq: i64, kind: DamageKind) -> Damage {
    Damage { seq: Some(seq), kind }
}

#[test]
fn a_log_that_nobody_touched_is_sound() {
    let (place, receipts) = twelve();
    let found = verify(&place);
    assert_eq!(found.damage, []);
    assert_eq!((found.rows, found.start, found.last, found.anchored), (12, 1, 12, None));
    assert_eq!((found.head, found.removed), (receipts[11].head(), 0));
    assert_eq!(found.tree.unwrap().size(), 12);
    let empty = Place::new();
    drop(empty.open());
    let found = verify(&empty);
    assert!(found.is_sound());
    assert_eq!((found.rows, found.last), (0, 0));
}

#[test]
fn one_edit_is_one_damage_at_its_row() {
    for (change, kind) in [
        ("body = '{}'", DamageKind::Edited),
        ("at = at + 1", DamageKind::Edited),
        ("kind = 'requested'", DamageKind::Edited),
        ("action_id = 'other'", DamageKind::Edited),
        ("hash = zeroblob(32)", DamageKind::Edited),
        ("hash = x'00'", DamageKind::Edited),
        ("prev_hash = zeroblob(32)", DamageKind::Edited),
        ("payload = '{}'", DamageKind::PayloadEdited),
        ("salt = zeroblob(32)", DamageKind::PayloadEdited),
        ("salt = NULL", DamageKind::PayloadEdited),
        ("payload = NULL", DamageKind::PayloadEdited),
        ("payload = NULL, salt = NULL", DamageKind::PayloadMissing),
        ("body = '{}', hash = zeroblob(32)", DamageKind::Edited),
    ] {
        for seq in [1, 5, 12] {
            let (place, _) = twelve();
            place.tamper(&format!("UPDATE events SET {change} WHERE seq = {seq}"));
            assert_eq!(damage(&place), [at(seq, kind.clone())], "{change} at {seq}");
        }
    }
    // The commitment is hashed, and the payload does not fit it any more.
    let (place, _) = twelve();
    place.tamper("UPDATE events SET commitment = zeroblob(32) WHERE seq = 5");
    assert_eq!(damage(&place), [at(5, DamageKind::PayloadEdited), at(5, DamageKind::Edited)]);
}

#[test]
fn a_row_that_is_no_event_is_unreadable() {
    let (place, _) = twelve();
    place.tamper("UPDATE events SET body = CAST(x'ff' AS TEXT) WHERE seq = 5");
    let found = damage(&place);
    assert!(
        matches!(&found[..], [Damage { seq: Some(5), kind: DamageKind::Unreadable { .. } }]),
        "{found:?}"
    );
}

#[test]
fn rows_that_are_gone_are_missing() {
    for (condition, first, last) in [("seq = 5", 5, 5), ("seq BETWEEN 3 AND 7", 3, 7), ("seq < 4", 1, 3)] {
        let (place, _) = twelve();
        place.tamper(&format!("DELETE FROM events WHERE {condition}"));
        assert_eq!(damage(&place), [at(first, DamageKind::Missing { last })], "{condition}");
    }
    let (place, _) = twelve();
    place.tamper("DELETE FROM events WHERE seq IN (3, 8)");
    assert_eq!(
        damage(&place),
        [at(3, DamageKind::Missing { last: 3 }), at(8, DamageKind::Missing { last: 8 })]
    );
}

#[test]
fn rows_that_changed_places_are_named() {
    for (low, high) in [(5, 6), (2, 11), (1, 12), (11, 12), (1, 2)] {
        let (place, _) = twelve();
        place.tamper(&format!(
            "UPDATE events SET seq = -1 WHERE seq = {low}; UPDATE events SET seq = {low} WHERE seq = {high};
             UPDATE events SET seq = {high} WHERE seq = -1;"
        ));
        assert_eq!(
            damage(&place),
            [at(low, DamageKind::Moved { belongs: high }), at(high, DamageKind::Moved { belongs: low })],
            "{low} and {high}"
        );
    }
}

#[test]
fn rows_that_changed_places_far_apart_are_named() {
    let place = Place::with_decisions(100);
    place.tamper(
        "UPDATE events SET seq = -1 WHERE seq = 5; UPDATE events SET seq = 5 WHERE seq = 90;
         UPDATE events SET seq = 90 WHERE seq = -1;",
    );
    assert_eq!(
        damage(&place),
        [at(5, DamageKind::Moved { belongs: 90 }), at(90, DamageKind::Moved { belongs: 5 })]
    );
}

#[test]
fn a_row_that_was_put_elsewhere_is_not_missing_as_well() {
    let (place, _) = twelve();
    place.tamper("UPDATE events SET seq = 500 WHERE seq = 5");
    assert_eq!(damage(&place), [at(500, DamageKind::Moved { belongs: 5 })]);
}

#[test]
fn a_gap_that_was_closed_is_found() {
    let (place, _) = twelve();
    place.tamper(
        "DELETE FROM events WHERE seq = 5; UPDATE events SET seq = -seq WHERE seq > 5;
         UPDATE events SET seq = -seq - 1 WHERE seq < 0;",
    );
    assert_eq!(damage(&place), [at(5, DamageKind::Renumbered { last: 11, by: -1 })]);
}

/// Makes room for a row 5, and puts a copy of row 4 there.
const INSERT: &str = "UPDATE events SET seq = -seq WHERE seq >= 5; UPDATE events SET seq = -seq + 1 WHERE seq < 0;
    INSERT INTO events SELECT 5, at, kind, 'forged', body, payload, salt, commitment, hash, hash FROM events WHERE seq = 4;";

#[test]
fn a_row_that_was_inserted_is_found() {
    let renumbered = at(6, DamageKind::Renumbered { last: 13, by: 1 });
    let (place, _) = twelve();
    place.tamper(INSERT);
    assert_eq!(damage(&place), [at(5, DamageKind::Inserted), renumbered.clone()]);
    // By somebody who gives it the right hash.
    let (place, _) = twelve();
    without_triggers(&place.meddle(), |connection| {
        connection.execute_batch(INSERT).unwrap();
        rehash(connection, 5);
    });
    assert_eq!(damage(&place), [at(5, DamageKind::Inserted), renumbered]);
}

#[test]
fn a_fork_is_found_near_and_far() {
    for from in [11, 3] {
        let (place, _) = twelve();
        without_triggers(&place.meddle(), |connection| {
            connection
                .execute_batch(&format!(
                    "INSERT INTO events SELECT 13, at, kind, 'forged', body, payload, salt, commitment, hash, hash
                     FROM events WHERE seq = {from}"
                ))
                .unwrap();
            rehash(connection, 13);
        });
        assert_eq!(damage(&place), [at(13, DamageKind::Forked { with: from + 1 })], "{from}");
    }
}

#[test]
fn a_row_that_was_written_anew_with_its_hash_does_not_fit_the_next() {
    let (place, _) = twelve();
    without_triggers(&place.meddle(), |connection| {
        connection.execute("UPDATE events SET action_id = 'other' WHERE seq = 5", []).unwrap();
        rehash(connection, 5);
    });
    assert_eq!(damage(&place), [at(6, DamageKind::Unlinked)]);
}

#[test]
fn a_log_of_another_identity_is_one_damage() {
    for change in ["id = zeroblob(16)", "created_at = created_at + 1", "key = zeroblob(32)"] {
        let (place, _) = twelve();
        place.tamper(&format!("UPDATE log SET {change}"));
        assert_eq!(damage(&place), [Damage { seq: None, kind: DamageKind::WrongLog }], "{change}");
    }
}

#[test]
fn tables_triggers_and_indexes_are_compared() {
    for change in [
        "DROP TRIGGER events_stay",
        "CREATE TABLE more (x)",
        "DROP INDEX events_by_action",
        "DROP INDEX events_about_the_log",
    ] {
        let (place, _) = twelve();
        place.meddle().execute_batch(change).unwrap();
        let found = damage(&place);
        let tables = |damage: &Damage| matches!(damage.kind, DamageKind::Tables { .. });
        assert!(!found.is_empty() && found.iter().all(tables), "{change}: {found:?}");
    }
}

#[test]
fn an_index_that_does_not_list_its_rows_is_found() {
    let (place, _) = twelve();
    without_triggers(&place.meddle(), |connection| {
        // An index that is taken for one over other rows: `SQLite` keeps both apart only while it knows them.
        connection.execute_batch("PRAGMA writable_schema = ON").unwrap();
        let sql: String = connection
            .query_row("SELECT sql FROM sqlite_schema WHERE name = 'events_by_action'", [], |row| row.get(0))
            .unwrap();
        connection
            .execute_batch(
                "DELETE FROM sqlite_schema WHERE name = 'events_by_action'; PRAGMA schema_version = 1000;",
            )
            .unwrap();
        connection.execute_batch("DROP INDEX IF EXISTS events_by_action").unwrap();
        connection.execute_batch(&format!("{sql}_; ").replace("_; ", " WHERE seq <> 5")).unwrap();
        connection
            .execute("UPDATE sqlite_schema SET sql = ?1 WHERE name = 'events_by_action'", [sql])
            .unwrap();
        connection.execute_batch("PRAGMA schema_version = 2000; PRAGMA writable_schema = OFF").unwrap();
    });
    let found = damage(&place);
    assert!(
        matches!(&found[..], [Damage { seq: None, kind: DamageKind::Tables { problem } }] if problem.contains("events_by_action")),
        "{found:?}"
    );
}

fn head(name: &str, seq: u64, hash: Digest) -> Anchor {
    Anchor { name: name.to_owned(), claim: Claim::Head { seq, hash } }
}

fn standings(found: &Verification) -> Vec<Standing> {
    found.anchors.iter().map(|(_, standing)| *standing).collect()
}

#[test]
fn an_end_that_was_cut_off_shows_against_an_anchor_alone() {
    let (place, receipts) = twelve();
    let tree = verify(&place).tree.unwrap();
    place.tamper("DELETE FROM events WHERE seq > 9");
    assert_eq!(damage(&place), []);
    let anchors = || {
        vec![
            head("the receipt", 12, receipts[11].head()),
            head("an older one", 7, receipts[6].head()),
            Anchor { name: "the note".to_owned(), claim: Claim::Root { size: 12, root: tree.root() } },
        ]
    };
    let found = place.read().verify(anchors(), |_, _| {}).unwrap();
    let cut = |anchor: &str| at(9, DamageKind::Truncated { anchor: anchor.to_owned(), claimed: 12 });
    assert_eq!(found.damage, [cut("the receipt"), cut("the note")]);
    assert_eq!(standings(&found), [Standing::Holds, Standing::Broken, Standing::Broken]);
    assert_eq!((found.anchored, found.last), (Some(7), 9));
}

#[test]
fn a_log_that_was_written_anew_shows_against_an_anchor_alone() {
    let (old, receipts) = twelve();
    let tree = verify(&old).tree.unwrap();
    let (new, _) = twelve();
    let (id, created, key): (Vec<u8>, i64, Vec<u8>) = old
        .meddle()
        .query_row("SELECT id, created_at, key FROM log", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    without_triggers(&new.meddle(), |connection| {
        connection
            .execute("UPDATE log SET id = ?1, created_at = ?2, key = ?3", (&id, created, key.clone()))
            .unwrap();
        let genesis: Vec<u8> = old
            .meddle()
            .query_row("SELECT prev_hash FROM events WHERE seq = 1", [], |row| row.get(0))
            .unwrap();
        connection.execute("UPDATE events SET prev_hash = ?1 WHERE seq = 1", [genesis]).unwrap();
        for seq in 1..=12 {
            rehash(connection, seq);
            connection
                .execute(
                    "UPDATE events SET prev_hash = (SELECT hash FROM events WHERE seq = ?1) WHERE seq = ?1 + 1",
                    [seq],
                )
                .unwrap();
        }
    });
    assert_eq!(damage(&new), []);
    let anchors = vec![
        head("the receipt", 7, receipts[6].head()),
        Anchor { name: "the note".to_owned(), claim: Claim::Root { size: 12, root: tree.root() } },
    ];
    let found = new.read().verify(anchors, |_, _| {}).unwrap();
    let differs: Vec<_> = found.damage.iter().map(|damage| (damage.seq, damage.kind.code())).collect();
    assert_eq!(differs, [(Some(7), "differs"), (Some(12), "differs")]);
    assert_eq!(found.anchored, None);
}

#[test]
fn several_kinds_of_damage_are_all_found() {
    let place = Place::with_decisions(100);
    place.tamper(
        "UPDATE events SET body = '{}' WHERE seq = 10; DELETE FROM events WHERE seq BETWEEN 20 AND 22;
         UPDATE events SET payload = 'x' WHERE seq = 30; UPDATE events SET hash = x'00' WHERE seq = 100;",
    );
    assert_eq!(
        damage(&place),
        [
            at(10, DamageKind::Edited),
            at(20, DamageKind::Missing { last: 22 }),
            at(30, DamageKind::PayloadEdited),
            at(100, DamageKind::Edited),
        ]
    );
}

#[test]
fn more_damage_than_can_be_listed_is_counted() {
    let place = Place::new();
    decisions(&place, 1500);
    place.tamper("UPDATE events SET payload = 'x'");
    let found = verify(&place);
    assert_eq!((found.damage.len(), found.more_damage), (1000, 500));
}

/// The events of an action for which a human was asked, and one that says nothing about an action.
fn asked(place: &Place) {
    let case = Case::new(r#"{"type":"update","target":"crm"}"#).id("u").answered_by(Answer::Approved, "ana");
    let mut trail = place.open();
    let _ = trail.append(&[case.requested()]).unwrap();
    let _ = trail.append(&[case.answered(), case.decided()]).unwrap();
    let _ = trail.append(&[case.ended(ResultStatus::Success, None)]).unwrap();
}

#[test]
fn removed_payloads_are_accounted_for_by_events() {
    let place = Place::new();
    asked(&place);
    let operator = Operator { host: "host", user: "ana", login: None };
    let event = Event::Redacted(Redacted { action_id: "u", events: &[1, 3], note: None, operator });
    let _ = place.open().append(&[Stamped { at: Case::default().at, event }]).unwrap();
    assert_eq!(damage(&place), [at(1, DamageKind::PayloadKept), at(3, DamageKind::PayloadKept)]);
    place
        .meddle()
        .execute_batch("UPDATE events SET payload = NULL, salt = NULL WHERE seq IN (1, 3)")
        .unwrap();
    let found = verify(&place);
    assert_eq!((found.damage.as_slice(), found.removed), (&[][..], 2));
}

#[test]
fn rows_that_refer_to_others_refer_to_the_right_ones() {
    let place = Place::new();
    asked(&place);
    assert_eq!(damage(&place), []);
    // Somebody who knows the format may append what is whole, and not so.
    for (field, wrong) in [("decided_seq", "1"), ("decided_seq", "4"), ("decided_seq", "99")] {
        let place = Place::new();
        asked(&place);
        without_triggers(&place.meddle(), |connection| {
            connection
                .execute(
                    &format!("UPDATE events SET body = replace(body, '\"{field}\":3', '\"{field}\":{wrong}') WHERE seq = 4"),
                    [],
                )
                .unwrap();
            rehash(connection, 4);
        });
        let found = damage(&place);
        assert!(matches!(&found[..], [Damage { seq: Some(4), kind: DamageKind::False { .. } }]), "{found:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_on_is_read_as_far_as_it_goes() {
    let place = Place::with_decisions(400);
    place.meddle().execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE").unwrap();
    // A page in the middle of the table: one whose text is that of a decision.
    let mut bytes = std::fs::read(&place.log).unwrap();
    let needle = b"a200";
    let place_of = bytes
        .windows(needle.len())
        .enumerate()
        .filter(|(_, window)| window == needle)
        .map(|(offset, _)| offset / 4096)
        .find(|page| bytes[page * 4096] == 13)
        .unwrap();
    bytes[place_of * 4096..place_of * 4096 + 100].fill(0xff);
    std::fs::write(&place.log, bytes).unwrap();
    let found = verify(&place);
    let kinds: Vec<_> = found.damage.iter().map(|damage| damage.kind.code()).collect();
    assert!(kinds.contains(&"storage"), "{:?}", found.damage);
    let row = found.damage.iter().find(|damage| damage.kind.code() == "storage").unwrap().seq.unwrap();
    assert!((190..=201).contains(&row), "{row}");
    // It went on behind that page.
    assert!(found.rows > 380 && found.last == 400, "{} {}", found.rows, found.last);
}

#[test]
fn progress_is_told() {
    let place = Place::new();
    decisions(&place, 20_000);
    let mut told = Vec::new();
    let found = place.read().verify(Vec::new(), |done, total| told.push((done, total))).unwrap();
    assert!(found.is_sound(), "{:?}", found.damage);
    assert_eq!(told, [(8192, 20_000), (16_384, 20_000)]);
}

#[test]
fn the_index_over_full_blocks_is_derived_again_and_compared() {
    let original = Place::new();
    decisions(&original, 9000);
    let bytes = std::fs::read(&original.log).unwrap();
    let sealed = || {
        let place = Place::new();
        std::fs::write(&place.log, &bytes).unwrap();
        place
    };
    assert_eq!(damage(&sealed()), []);
    for change in [
        "UPDATE blocks SET root = zeroblob(32) WHERE block = 1",
        "UPDATE blocks SET earliest = earliest + 1 WHERE block = 1",
        "UPDATE terms SET events = x'00' WHERE block = 1 AND field = 4",
        "UPDATE terms SET value = 'other' WHERE block = 1 AND field = 4",
        "DELETE FROM terms WHERE block = 1 AND field = 4",
        "DELETE FROM blocks WHERE block = 0",
        "INSERT INTO terms VALUES (4, 'other', 1, x'00')",
    ] {
        let place = sealed();
        place.meddle().execute_batch(change).unwrap();
        let found = damage(&place);
        let index = |damage: &Damage| damage.kind.code() == "index";
        assert!(!found.is_empty() && found.iter().all(index), "{change}: {found:?}");
    }
    // A page of it that cannot be read keeps no row from being looked at.
    for table in ["terms", "blocks"] {
        let place = sealed();
        place
            .meddle()
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")
            .unwrap();
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        let page: usize = place.meddle().query_row(sql, [table], |row| row.get(0)).unwrap();
        let mut bytes = std::fs::read(&place.log).unwrap();
        bytes[(page - 1) * 4096..][..100].fill(0xff);
        std::fs::write(&place.log, bytes).unwrap();
        place.tamper("UPDATE events SET body = replace(body, 'crm', 'erp') WHERE seq = 4000");
        let found = verify(&place);
        let edited = found.damage.iter().any(|damage| *damage == at(4000, DamageKind::Edited));
        let index = found.damage.iter().any(|damage| damage.kind.code() == "index");
        assert!(found.rows == 9000 && index && edited, "{table}: {:?}", found.damage);
    }
    // The index remembers an end that was cut off.
    let place = sealed();
    place.tamper("DELETE FROM events WHERE seq > 5000");
    let found = damage(&place);
    assert!(
        matches!(&found[..], [Damage { kind: DamageKind::Truncated { claimed: 8192, .. }, .. }]),
        "{found:?}"
    );
    // An edited row is one damage, although its block's index does not fit it either.
    let place = sealed();
    place.tamper("UPDATE events SET body = replace(body, 'crm', 'erp') WHERE seq = 100");
    assert_eq!(damage(&place), [at(100, DamageKind::Edited)]);
}
