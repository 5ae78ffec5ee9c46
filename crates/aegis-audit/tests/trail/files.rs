//! The log's files: private, left as they are by readers, and safe when one process opens them twice.

use aegis_ledger::filter::Filter;
use aegis_testkit::{Place, append_one};

use crate::child::{child, said};

#[test]
fn every_file_is_private_whatever_the_umask_is() {
    let place = Place::new();
    let modes = said(&mut child("create under umask 0", &place.log));
    assert_eq!(modes, " 600\n-wal 600\n-shm 600\n.lock 600");
}

#[test]
fn opening_a_log_again_in_one_process_does_not_release_its_locks() {
    let place = Place::new();
    let mut trail = place.open();
    let _ = append_one(&mut trail, "a").unwrap();
    // POSIX locks are lost when a process closes *any* handle of the file. Without them, the next process to
    // close the log would take itself for the last, and delete the write-ahead log that is in use.
    let holder = || said(&mut child("who holds it", &place.log));
    let me = std::process::id().to_string();
    assert_eq!(holder(), me);
    drop(place.open());
    assert_eq!(place.records(&Filter::default()).len(), 1);
    assert_eq!(holder(), me);
    said(&mut child("open and close", &place.log));
    assert!(place.beside("-wal").exists(), "the write-ahead log was deleted while in use");
    let _ = append_one(&mut trail, "b").unwrap();
    drop(trail);
    assert_eq!(place.records(&Filter::default()).len(), 2);
}

#[test]
fn reading_leaves_no_file_behind() {
    let place = Place::with_decisions(3);
    let before = place.files();
    assert_eq!(before, ["log.db", "log.db.lock"]);
    assert_eq!(place.records(&Filter::default()).len(), 3);
    assert_eq!(place.files(), before);
}

#[test]
fn a_log_that_had_a_rollback_journal_gets_a_write_ahead_log() {
    let place = Place::with_decisions(1);
    // As it comes from a file system without shared memory.
    place.meddle().execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let mut trail = place.open();
    let _ = append_one(&mut trail, "b").unwrap();
    assert!(place.beside("-wal").exists());
    drop(trail);
    assert_eq!(place.records(&Filter::default()).len(), 2);
}
