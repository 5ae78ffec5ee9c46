//! A log that was changed, cut, or exchanged takes nothing more.

use std::fs;

use aegis_audit::TrailError;
use aegis_ledger::filter::Filter;
use aegis_testkit::{Place, append_one};

use crate::child::child;

fn refuses_after(sql: &str) -> TrailError {
    let place = Place::with_decisions(3);
    place.tamper(sql);
    let error = append_one(&mut place.open(), "b").unwrap_err();
    assert_eq!(place.records(&Filter::default()).len(), 3);
    error
}

#[test]
fn nothing_is_appended_to_a_newest_row_that_was_changed() {
    for change in [
        "body = replace(body, 'crm', 'web')",
        "at = at + 1",
        "kind = 'ended'",
        "action_id = 'b'",
        "payload = replace(payload, '7', '8')",
        "payload = NULL",
        "salt = NULL",
        "salt = zeroblob(32)",
        "commitment = zeroblob(32)",
        "prev_hash = zeroblob(32)",
        "hash = zeroblob(32)",
        "hash = x''",
        "action_id = CAST(x'ff' AS TEXT)",
        "seq = 4",
        "seq = 9223372036854775807",
    ] {
        let place = Place::with_decisions(3);
        place.tamper(&format!("UPDATE events SET {change} WHERE seq = 3"));
        let error = append_one(&mut place.open(), "b").unwrap_err();
        assert!(matches!(error, TrailError::Tampered { .. }), "{change}: {error}");
        assert!(error.help().is_some_and(|help| help.contains("not repaired")));
    }
}

#[test]
fn nothing_is_appended_under_another_identity() {
    let error = refuses_after("UPDATE log SET id = zeroblob(16)");
    assert!(matches!(error, TrailError::Tampered { seq: 3, .. }), "{error}");
}

#[test]
fn a_trigger_that_swallows_rows_is_noticed() {
    for body in ["SELECT RAISE(IGNORE)", "DELETE FROM events WHERE seq = NEW.seq"] {
        let place = Place::with_decisions(3);
        let when = if body.starts_with("SELECT") { "BEFORE" } else { "AFTER" };
        let trigger = format!("CREATE TRIGGER quiet {when} INSERT ON events BEGIN {body}; END");
        let mut open = place.open();
        place.meddle().execute_batch(&trigger).unwrap();
        for error in [append_one(&mut open, "b").unwrap_err(), place.try_open().unwrap_err()] {
            assert!(matches!(error, TrailError::Corrupt { .. }), "{error}");
        }
    }
}

#[test]
fn a_log_that_is_cut_while_it_is_open_is_noticed() {
    let place = Place::with_decisions(3);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "last").unwrap();
    place.tamper("DELETE FROM events WHERE seq >= 3");
    let error = append_one(&mut trail, "b").unwrap_err();
    assert!(matches!(error, TrailError::Lost { seq: 4, .. }), "{error}");
}

#[test]
fn a_log_that_is_written_anew_while_it_is_open_is_noticed() {
    let place = Place::with_decisions(3);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "last").unwrap();
    place.tamper("DELETE FROM events WHERE seq >= 3");
    // Another process, which cannot know, goes on from there.
    assert!(child("append 20", &place.log).output().unwrap().status.success());
    let error = append_one(&mut trail, "b").unwrap_err();
    assert!(matches!(error, TrailError::Lost { seq: 4, .. }), "{error}");
}

#[test]
fn what_others_append_meanwhile_is_fine() {
    let place = Place::with_decisions(3);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "mine").unwrap();
    assert!(child("append 20", &place.log).output().unwrap().status.success());
    let _ = append_one(&mut trail, "mine again").unwrap();
    assert_eq!(place.records(&Filter::default()).len(), 25);
}

#[test]
fn a_log_whose_files_go_away_or_change_takes_nothing_more() {
    for suffix in ["", "-wal", "-shm"] {
        for exchanged in [false, true] {
            let place = Place::with_decisions(1);
            let mut trail = place.open();
            let _ = append_one(&mut trail, "a").unwrap();
            let file = place.beside(suffix);
            if exchanged {
                let copy = place.beside(".copy");
                fs::copy(&file, &copy).unwrap();
                fs::rename(&copy, &file).unwrap();
            } else {
                fs::remove_file(&file).unwrap();
            }
            let error = append_one(&mut trail, "b").unwrap_err();
            let TrailError::Replaced { path } = &error else { panic!("{suffix}: {error}") };
            assert_eq!(path.file_name(), file.file_name());
        }
    }
}

#[test]
fn a_log_that_was_moved_away_is_not_written_under_its_new_name() {
    let place = Place::with_decisions(1);
    let mut trail = place.open();
    fs::rename(&place.log, place.beside(".old")).unwrap();
    assert!(matches!(append_one(&mut trail, "b"), Err(TrailError::Replaced { .. })));
    // And a new log in its place is another one.
    let other = Place::with_decisions(1);
    fs::rename(&other.log, &place.log).unwrap();
    assert!(matches!(append_one(&mut trail, "b"), Err(TrailError::Replaced { .. })));
}

#[test]
fn a_process_that_dies_leaves_a_log_that_goes_on() {
    let place = Place::with_decisions(1);
    assert!(!child("append and abort", &place.log).output().unwrap().status.success());
    assert!(fs::metadata(place.beside("-wal")).unwrap().len() > 0);
    let mut trail = place.open();
    assert!(!trail.created());
    let [receipt] = append_one(&mut trail, "b").unwrap().try_into().unwrap();
    assert_eq!(receipt.seq(), 3);
}
