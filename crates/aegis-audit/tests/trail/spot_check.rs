//! What an append finds of damage to older rows: all of it among the newest, at the beginning and in a short
//! log's numbers, and some of the rest each time.

use aegis_audit::TrailError;
use aegis_testkit::{Append as _, Case, Place, append_cases, append_one, relink, without_triggers};

use crate::prune::prune_through;

/// A log with so many decisions, written in few transactions.
fn log(count: usize) -> Place {
    let place = Place::new();
    append_cases(&mut place.open(), (0..count).map(|number| Case::default().number(number)), |_, case| {
        vec![case.decided()]
    });
    place
}

/// How an append ends after somebody changed the log.
fn appended_after(place: &Place, sql: &str) -> Result<(), TrailError> {
    place.tamper(sql);
    append_one(&mut place.open(), "b").map(drop)
}

/// At which row an append was refused.
fn refused_at(place: &Place, sql: &str) -> i64 {
    match appended_after(place, sql) {
        Err(
            TrailError::Damaged { seq, .. }
            | TrailError::Tampered { seq, .. }
            | TrailError::Unreadable { seq, .. },
        ) => seq,
        other => panic!("{sql}: {other:?}"),
    }
}

const CHANGES: [&str; 12] = [
    "body = replace(body, 'crm', 'web')",
    "at = at + 1",
    "kind = 'ended'",
    "action_id = 'b'",
    "payload = replace(payload, '7', '8')",
    "payload = NULL",
    "salt = NULL",
    "commitment = zeroblob(32)",
    "prev_hash = zeroblob(32)",
    "hash = zeroblob(32)",
    "hash = x''",
    "body = CAST(x'ff' AS TEXT)",
];

#[test]
fn nothing_is_appended_behind_a_recent_row_that_was_changed() {
    for (index, change) in CHANGES.iter().enumerate() {
        let place = log(60);
        // Each change at another row, the farthest one that is compared among them.
        let seq = 28 + i64::try_from(index).unwrap() * 31 / 11;
        assert_eq!(refused_at(&place, &format!("UPDATE events SET {change} WHERE seq = {seq}")), seq);
    }
}

#[test]
fn a_log_that_nobody_touched_takes_more_whatever_its_length() {
    for count in [0, 1, 2, 31, 32, 33, 34, 66, 100, 4095, 4096, 4097, 8192, 9000] {
        let place = log(count);
        for id in ["b", "c", "d"] {
            let _ = append_one(&mut place.open(), id).unwrap();
        }
        assert!(place.read().verify(Vec::new(), |_, _| {}).unwrap().is_sound());
    }
}

#[test]
fn payloads_that_were_removed_are_no_damage() {
    let place = log(60);
    place.tamper("UPDATE events SET payload = NULL, salt = NULL");
    let _ = append_one(&mut place.open(), "b").unwrap();
}

#[test]
fn the_beginning_is_looked_at_each_time() {
    for (sql, seq) in [
        ("UPDATE events SET body = replace(body, 'crm', 'web') WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq <= 5000", 1),
        ("UPDATE events SET seq = 0 WHERE seq = 1", 0),
        ("UPDATE events SET seq = -5 WHERE seq = 3000", -5),
    ] {
        assert_eq!(refused_at(&log(6000), sql), seq, "{sql}");
    }
    // A log whose own row is another's, all of whose rows fit.
    for change in ["created_at = created_at + 1", "key = zeroblob(32)"] {
        let refused = refused_at(&log(100), &format!("UPDATE log SET {change}"));
        assert_eq!(refused, 1, "{change}");
    }
}

#[test]
fn the_beginning_of_a_pruned_log_is_what_its_event_says() {
    let pruned = || {
        let place = log(200);
        let cases: Vec<_> = (1000..1200).map(|number| Case::default().number(number)).collect();
        let events: Vec<_> = cases.iter().map(Case::decided).collect();
        let receipts = place.open().append(&events[..100]).unwrap();
        prune_through(&place, &receipts[0]);
        let _ = place.open().append(&events[100..]).unwrap();
        place
    };
    let _ = append_one(&mut pruned().open(), "b").unwrap();
    for (sql, seq) in [
        ("UPDATE events SET at = at + 1 WHERE seq = 202", 202),
        ("DELETE FROM events WHERE seq = 202", 202),
        ("UPDATE events SET at = at + 1 WHERE kind = 'pruned'", 301),
        (
            "UPDATE events SET body = replace(body, '\"through\":201', '\"through\":200') WHERE kind = 'pruned'",
            301,
        ),
    ] {
        assert_eq!(refused_at(&pruned(), sql), seq, "{sql}");
    }
    let refused = appended_after(&pruned(), "UPDATE log SET created_at = created_at + 1");
    assert!(matches!(refused, Err(TrailError::Corrupt { .. })), "{refused:?}");
}

#[test]
fn a_gap_in_a_short_log_is_found_wherever_it_is() {
    for seq in [2, 3, 500, 900, 1000] {
        let place = log(1020);
        assert_eq!(refused_at(&place, &format!("DELETE FROM events WHERE seq = {seq}")), seq);
    }
}

#[test]
fn a_row_that_was_written_anew_does_not_fit_the_next() {
    let place = log(60);
    let connection = place.meddle();
    without_triggers(&connection, |connection| {
        connection
            .execute_batch("UPDATE events SET body = replace(body, 'crm', 'web') WHERE seq = 40")
            .unwrap();
        aegis_testkit::rehash(connection, 40);
    });
    assert_eq!(refused_at(&place, ""), 41);
    // One who writes everything anew behind it leaves nothing to be found here: receipts kept elsewhere tell.
    without_triggers(&connection, |connection| relink(connection, 40));
    let _ = append_one(&mut place.open(), "b").unwrap();
}

#[test]
fn the_index_has_every_full_block_once_and_lists_its_rows() {
    for sql in [
        "DELETE FROM blocks",
        "DELETE FROM blocks WHERE block = 1",
        "DELETE FROM blocks WHERE block = 0",
        "INSERT INTO blocks SELECT 2, earliest, latest, root FROM blocks WHERE block = 1",
        "INSERT INTO blocks SELECT -1, earliest, latest, root FROM blocks WHERE block = 1",
        // What concerns every row of a block is seen at any one of them.
        "UPDATE blocks SET earliest = latest + 1 WHERE block = 1",
        "DELETE FROM terms WHERE block = 1",
        "UPDATE terms SET events = x'' WHERE value = 'decided'",
        "UPDATE terms SET value = 'x' WHERE value = 'crm' AND block = 1",
        "DELETE FROM events WHERE seq > 5000",
    ] {
        let refused = appended_after(&log(8200), sql);
        assert!(
            matches!(refused, Err(TrailError::Corrupt { .. } | TrailError::Damaged { .. })),
            "{sql}: {refused:?}"
        );
    }
}

#[test]
fn an_older_row_is_found_with_the_chance_that_is_documented() {
    let place = log(300);
    place.tamper("UPDATE events SET at = at + 1 WHERE seq = 100");
    // At three of some 267 places it shows, and 11 are drawn: one append of nine.
    let mut found = 0;
    for _ in 0..400 {
        let mut trail = place.open();
        found += i32::from(trail.settle(false).is_err());
    }
    assert!((15..150).contains(&found), "{found} of 400");
}

#[test]
fn a_writer_that_stays_compares_what_others_wrote() {
    let place = log(60);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "mine").unwrap();
    let _ = place.open().append(&vec![Case::default().decided(); 10]).unwrap();
    place.tamper("UPDATE events SET at = at + 1 WHERE seq = 65");
    let refused = append_one(&mut trail, "b");
    assert!(matches!(refused, Err(TrailError::Tampered { seq: 65, .. })), "{refused:?}");
    // Many rows are not all compared, but the newest are.
    let place = log(60);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "mine").unwrap();
    let _ = place.open().append(&vec![Case::default().decided(); 500]).unwrap();
    place.tamper("UPDATE events SET at = at + 1 WHERE seq = 540");
    let refused = append_one(&mut trail, "b");
    assert!(matches!(refused, Err(TrailError::Tampered { seq: 540, .. })), "{refused:?}");
}

/// However long rows are, no append waits for all of them.
#[test]
fn rows_that_are_long_are_not_all_read() {
    let place = Place::new();
    let long = format!(r#"{{"type":"read","target":"crm","params":{{"x":"{}"}}}}"#, "x".repeat(300_000));
    let _ = place.open().append(&vec![Case::new(&long).decided(); 40]).unwrap();
    let _ = append_one(&mut place.open(), "b").unwrap();
    assert_eq!(refused_at(&place, "UPDATE events SET at = at + 1 WHERE seq = 40"), 40);
}
