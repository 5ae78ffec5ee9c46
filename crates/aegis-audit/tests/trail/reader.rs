//! Reading where nothing may be written, beside writers, and from a log that is damaged.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::process::Stdio;

use aegis_audit::TrailError;
use aegis_audit::sqlite::TrailReader;
use aegis_ledger::filter::Filter;
use aegis_testkit::{Place, append_one, as_nobody, is_root, records, set_mode};

use crate::child::{child, said};

#[test]
fn a_missing_log_is_not_made() {
    let place = Place::new();
    let error = TrailReader::open(&place.log).unwrap_err();
    assert!(matches!(&error, TrailError::NotFound { path } if *path == place.log), "{error}");
    assert!(error.help().is_some());
    assert!(matches!(TrailReader::open(&place.log.join("no/log.db")), Err(TrailError::NotFound { .. })));
    assert!(place.files().is_empty());
}

#[test]
fn reading_changes_no_byte() {
    let place = Place::with_decisions(3);
    let read = || place.files().into_iter().map(|name| fs::read(place.directory.path().join(name)).unwrap());
    let before: Vec<_> = read().collect();
    assert_eq!(place.records(&Filter::default()).len(), 3);
    assert_eq!(read().collect::<Vec<_>>(), before);
}

/// Reads as somebody who may write neither the log nor its directory.
fn read_from_outside(place: &Place) -> String {
    for name in place.files() {
        set_mode(place.directory.path().join(name), 0o444);
    }
    set_mode(place.directory.path(), 0o555);
    let mut reader = child("read", &place.log);
    let said = if is_root() { said(as_nobody(&mut reader)) } else { said(&mut reader) };
    set_mode(place.directory.path(), 0o755);
    said
}

#[test]
fn a_log_in_a_directory_that_may_not_be_written() {
    let place = Place::with_decisions(3);
    let files = place.files();
    assert_eq!(read_from_outside(&place), "3 records");
    assert_eq!(place.files(), files);
}

#[test]
fn a_log_with_an_empty_write_ahead_log_in_a_directory_that_may_not_be_written() {
    let place = Place::with_decisions(3);
    fs::write(place.beside("-wal"), "").unwrap();
    assert_eq!(read_from_outside(&place), "3 records");
}

#[test]
fn rows_that_are_still_in_the_write_ahead_log_are_never_left_out() {
    // After a crash, with and without the index.
    for suffix in ["", "-shm"] {
        let place = Place::with_decisions(3);
        assert!(!child("append and abort", &place.log).output().unwrap().status.success());
        if !suffix.is_empty() {
            fs::remove_file(place.beside(suffix)).unwrap();
        }
        let said = read_from_outside(&place);
        // Four, or an error: never three.
        assert!(said == "4 records" || said.contains("log.db"), "{said}");
        assert_eq!(place.records(&Filter::default()).len(), 4);
    }
    // Beside a writer.
    let place = Place::with_decisions(3);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "b").unwrap();
    assert_eq!(read_from_outside(&place), "4 records");
}

/// What somebody who reads without a lock hears in the end, when `meanwhile` happens after the first record.
fn read_without_a_lock(place: &Place, meanwhile: impl FnOnce()) -> String {
    set_mode(&place.log, 0o644);
    set_mode(place.directory.path(), 0o555);
    let mut command = child("read step by step", &place.log);
    if is_root() {
        as_nobody(&mut command);
    }
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = move || lines.find_map(|line| line.strip_prefix("said: ").map(str::to_owned)).unwrap();
    assert_eq!(said(), "a record");
    set_mode(place.directory.path(), 0o755);
    meanwhile();
    let mut stdin = process.stdin.take().unwrap();
    let last = loop {
        writeln!(stdin).unwrap();
        match said() {
            record if record == "a record" => {}
            last => break last,
        }
    };
    assert!(process.wait().unwrap().success());
    last
}

#[test]
fn what_was_read_without_a_lock_is_called_wrong_if_it_may_be() {
    let place = Place::with_decisions(3);
    assert_eq!(read_without_a_lock(&place, || {}), "the end");
    let last = read_without_a_lock(&place, || drop(append_one(&mut place.open(), "b").unwrap()));
    assert!(last.ends_with("was written while it was read"), "{last}");
}

#[test]
fn records_are_of_one_moment_whatever_is_appended_meanwhile() {
    let place = Place::with_decisions(3);
    let mut trail = place.open();
    let reader = place.read();
    let mut count = 0;
    reader
        .records(&Filter::default(), |_| {
            count += 1;
            let _ = append_one(&mut trail, &format!("b{count}"))?;
            Ok::<_, TrailError>(ControlFlow::Continue(()))
        })
        .unwrap();
    assert_eq!((count, records(&reader, &Filter::default()).len()), (3, 6));
}

#[test]
fn whoever_has_seen_enough_stops() {
    let place = Place::with_decisions(3);
    let mut count = 0;
    let stop = |_| {
        count += 1;
        Ok::<_, TrailError>(ControlFlow::Break(()))
    };
    place.read().records(&Filter::default(), stop).unwrap();
    assert_eq!(count, 1);
    let reader = place.read();
    let nested = |record: aegis_ledger::record::Record| {
        assert_eq!(reader.count(&Filter::default())?, 3);
        assert_eq!(records(&reader, &Filter { limit: Some(1), ..Filter::default() })[0].seq, 3);
        Ok::<_, TrailError>(if record.seq == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    reader.records(&Filter::default(), nested).unwrap();
}

#[test]
fn a_row_that_cannot_be_read_is_left_out_and_named() {
    for change in ["body = '{}'", "body = '[1]'", "payload = '{'", "at = 9223372036854775807"] {
        let place = Place::with_decisions(3);
        place.tamper(&format!("UPDATE events SET {change} WHERE seq = 2"));
        let mut seen = 0;
        let each = |_| {
            seen += 1;
            Ok::<_, TrailError>(ControlFlow::Continue(()))
        };
        let reader = place.read();
        reader.check_left_out().unwrap();
        reader.records(&Filter::default(), each).unwrap();
        assert_eq!(seen, 2, "{change}: the others are shown");
        let error = reader.check_left_out().unwrap_err();
        assert!(matches!(error, TrailError::LeftOut { .. }), "{change}: {error}");
        assert!(error.to_string().contains("a row that cannot be read is left out: row 2: "), "{error}");
    }
}
