//! Files that are no log, or must not be trusted as one: each is refused by name, and nothing is left beside
//! it.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, TrailError};
use aegis_ledger::filter::Filter;
use aegis_testkit::{NOBODY, Place, append_one, as_nobody, is_root, limited, set_mode};
use rusqlite::Connection;

use crate::child::{child, said};

/// What opening says; whatever it is, it is one line, with a remedy where there is one.
fn refusal(place: &Place) -> TrailError {
    let error = Journal::open(&place.log, Duration::from_millis(100)).unwrap_err();
    let message = error.to_string();
    assert!(!message.contains('\n') && !message.ends_with('.'), "{message}");
    assert!(message.starts_with(|first: char| first.is_lowercase() || first == '`'), "{message}");
    error
}

/// Opening must fail, and must not make anything.
fn untouched_refusal(place: &Place) -> TrailError {
    let before = place.files();
    let error = refusal(place);
    assert_eq!(place.files(), before, "{error}");
    error
}

#[test]
fn a_missing_directory() {
    let mut place = Place::new();
    place.log = place.directory.path().join("no/log.db");
    let error = untouched_refusal(&place);
    assert!(matches!(error, TrailError::DirectoryMissing { .. }), "{error}");
    assert!(error.help().unwrap().contains("mkdir -p '"), "{error}");
    fs::write(place.directory.path().join("no"), "a file").unwrap();
    assert!(matches!(untouched_refusal(&place), TrailError::DirectoryMissing { .. }));
}

#[test]
fn what_is_not_a_regular_file() {
    let place = Place::new();
    fs::create_dir(&place.log).unwrap();
    assert!(matches!(untouched_refusal(&place), TrailError::NotRegular { .. }));

    let place = Place::new();
    nix::unistd::mkfifo(&place.log, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(matches!(untouched_refusal(&place), TrailError::NotRegular { .. }));
    assert!(matches!(TrailReader::open(&place.log), Err(TrailError::NotRegular { .. })));

    let place = Place::new();
    let _socket = UnixListener::bind(&place.log).unwrap();
    assert!(matches!(untouched_refusal(&place), TrailError::NotRegular { .. }));

    let place = Place::with_decisions(1);
    fs::rename(&place.log, place.beside(".real")).unwrap();
    symlink(place.beside(".real"), &place.log).unwrap();
    assert!(matches!(untouched_refusal(&place), TrailError::NotRegular { .. }));
    assert!(matches!(TrailReader::open(&place.log), Err(TrailError::NotRegular { .. })));

    let place = Place::new();
    symlink(place.beside(".nowhere"), &place.log).unwrap();
    assert!(matches!(untouched_refusal(&place), TrailError::NotRegular { .. }));
    assert!(!place.beside(".nowhere").exists());

    for path in ["/dev/null", "/dev/full", "/", ".."] {
        let refused = Journal::open(Path::new(path), Duration::ZERO);
        assert!(matches!(refused, Err(TrailError::NotRegular { .. })), "{path}: {refused:?}");
    }
}

#[test]
fn a_second_name() {
    let place = Place::with_decisions(1);
    fs::hard_link(&place.log, place.beside(".other")).unwrap();
    let error = untouched_refusal(&place);
    assert!(matches!(error, TrailError::HardLink { .. }) && error.help().is_some(), "{error}");
}

#[test]
fn what_others_may_write() {
    for mode in [0o620, 0o602, 0o666] {
        let place = Place::with_decisions(1);
        set_mode(&place.log, mode);
        let error = untouched_refusal(&place);
        assert!(matches!(error, TrailError::Writable { mode: found, .. } if found == mode), "{error}");
        assert!(error.help().unwrap().starts_with("chmod go-w '"));
    }
    // What others may only read is the owner's decision.
    let place = Place::with_decisions(1);
    set_mode(&place.log, 0o644);
    let _ = append_one(&mut place.open(), "b").unwrap();
}

#[test]
fn what_belongs_to_somebody_else() {
    let place = Place::with_decisions(1);
    // Others may make files in it, and exchange none.
    set_mode(place.directory.path(), 0o1777);
    if is_root() {
        chown(&place.log, Some(12_345), None).unwrap();
        let error = untouched_refusal(&place);
        assert!(matches!(error, TrailError::ForeignOwner { owner: 12_345, .. }), "{error}");
        // Root's files are trusted, but only root may write them.
        chown(&place.log, Some(0), None).unwrap();
        assert!(said(as_nobody(&mut child("open", &place.log))).ends_with("is denied"));
        chown(&place.log, Some(NOBODY), None).unwrap();
        chown(place.beside(".lock"), Some(NOBODY), None).unwrap();
        assert_eq!(said(as_nobody(&mut child("open", &place.log))), "opened");
    } else {
        // Without the right to give files away, another owner's file is only to be found, not made.
        let refused = Journal::open(Path::new("/etc/hostname"), Duration::ZERO);
        assert!(refused.is_err());
    }
}

#[test]
fn files_beside_the_log_that_lead_elsewhere() {
    for suffix in [".lock", "-wal", "-shm", "-journal"] {
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        fs::write(elsewhere.path(), "precious").unwrap();
        let place = Place::with_decisions(1);
        let file = place.beside(suffix);
        let _ = fs::remove_file(&file);
        symlink(elsewhere.path(), &file).unwrap();
        assert!(
            matches!(refusal(&place), TrailError::NotRegular { path } if path.ends_with(file.file_name().unwrap()))
        );
        fs::remove_file(&file).unwrap();
        fs::hard_link(elsewhere.path(), &file).unwrap();
        assert!(matches!(refusal(&place), TrailError::HardLink { .. }), "{suffix}");
        fs::remove_file(&file).unwrap();
        nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(matches!(refusal(&place), TrailError::NotRegular { .. }), "{suffix}");
        fs::remove_file(&file).unwrap();
        fs::write(&file, "").unwrap();
        set_mode(&file, 0o666);
        assert!(matches!(refusal(&place), TrailError::Writable { .. }), "{suffix}");
        fs::remove_file(&file).unwrap();
        assert_eq!(fs::read_to_string(elsewhere.path()).unwrap(), "precious");
        let _ = append_one(&mut place.open(), "b").unwrap();
    }
}

#[test]
fn what_may_only_be_read() {
    if is_root() {
        // Root writes whatever it likes, so somebody else tries.
        let place = Place::with_decisions(1);
        chown(place.directory.path(), Some(NOBODY), None).unwrap();
        chown(place.beside(".lock"), Some(NOBODY), None).unwrap();
        chown(&place.log, Some(NOBODY), None).unwrap();
        set_mode(&place.log, 0o400);
        assert!(said(as_nobody(&mut child("open", &place.log))).ends_with("it is read-only"));
        assert_eq!(said(as_nobody(&mut child("read", &place.log))), "1 records");
        set_mode(&place.log, 0);
        assert!(said(as_nobody(&mut child("open", &place.log))).ends_with("is denied"));
        assert!(said(as_nobody(&mut child("read", &place.log))).ends_with("is denied"));
    } else {
        let place = Place::with_decisions(1);
        set_mode(&place.log, 0o400);
        assert!(matches!(refusal(&place), TrailError::ReadOnly { .. }));
    }
}

#[test]
fn a_directory_that_may_not_be_written() {
    let place = Place::new();
    set_mode(place.directory.path(), 0o555);
    let refused =
        if is_root() { said(as_nobody(&mut child("open", &place.log))) } else { refusal(&place).to_string() };
    set_mode(place.directory.path(), 0o755);
    assert!(refused.starts_with("permission to use") && refused.ends_with("is denied"), "{refused}");
}

#[test]
fn what_is_no_database() {
    for text in
        ["not a database, but long enough to look like one to SQLite ".repeat(100), "short".to_owned()]
    {
        let place = Place::new();
        fs::write(&place.log, &text).unwrap();
        set_mode(&place.log, 0o600);
        let error = untouched_refusal(&place);
        assert!(matches!(error, TrailError::Corrupt { .. }), "{error}");
        assert!(matches!(TrailReader::open(&place.log), Err(TrailError::Corrupt { .. })));
        assert_eq!(fs::read_to_string(&place.log).unwrap(), text);
    }
}

#[test]
fn a_database_that_is_no_log() {
    for sql in ["CREATE TABLE notes (note)", "PRAGMA application_id = 1", "PRAGMA user_version = 1"] {
        let place = Place::new();
        Connection::open(&place.log).unwrap().execute_batch(sql).unwrap();
        set_mode(&place.log, 0o600);
        let bytes = fs::read(&place.log).unwrap();
        let error = untouched_refusal(&place);
        assert!(matches!(error, TrailError::NotALog { .. }), "{sql}: {error}");
        assert!(matches!(TrailReader::open(&place.log), Err(TrailError::NotALog { .. })));
        assert_eq!(fs::read(&place.log).unwrap(), bytes);
    }
}

#[test]
fn another_format() {
    for (format, message) in [
        (3, "has format 3; this program knows formats up to 2"),
        (1, "has format 1, which is older than format 2 of this program"),
    ] {
        let place = Place::with_decisions(1);
        place.meddle().execute_batch(&format!("PRAGMA user_version = {format}")).unwrap();
        let bytes = fs::read(&place.log).unwrap();
        let error = untouched_refusal(&place);
        assert!(matches!(error, TrailError::Newer { .. } | TrailError::Older { .. }), "{error}");
        assert!(error.to_string().ends_with(message) && error.help().is_some(), "{error}");
        assert_eq!(TrailReader::open(&place.log).unwrap_err().to_string(), error.to_string());
        assert_eq!(fs::read(&place.log).unwrap(), bytes);
    }
}

#[test]
fn a_log_that_lost_half_of_itself() {
    let place = Place::with_decisions(200);
    let length = fs::metadata(&place.log).unwrap().len();
    fs::File::options().write(true).open(&place.log).unwrap().set_len(length / 2).unwrap();
    let opened = Journal::open(&place.log, Duration::ZERO).and_then(|mut trail| append_one(&mut trail, "b"));
    assert!(matches!(opened, Err(TrailError::Corrupt { .. })), "{opened:?}");
}

#[test]
fn pages_of_noise() {
    let place = Place::with_decisions(200);
    let mut bytes = fs::read(&place.log).unwrap();
    bytes[100..8000].fill(0xA5);
    fs::write(&place.log, bytes).unwrap();
    assert!(matches!(untouched_refusal(&place), TrailError::Corrupt { .. }));
    assert!(matches!(TrailReader::open(&place.log), Err(TrailError::Corrupt { .. })));
}

#[test]
fn a_lock_that_somebody_holds() {
    let place = Place::with_decisions(1);
    let mut open = Journal::open(&place.log, Duration::from_millis(100)).unwrap();
    let lock = fs::File::open(place.beside(".lock")).unwrap();
    lock.lock().unwrap();
    let start = Instant::now();
    assert!(matches!(refusal(&place), TrailError::Locked { .. }));
    assert!(matches!(append_one(&mut open, "b"), Err(TrailError::Locked { .. })));
    assert!(start.elapsed() >= Duration::from_millis(200) && start.elapsed() < Duration::from_secs(10));
    // Readers do not care.
    assert_eq!(place.records(&Filter::default()).len(), 1);
    lock.unlock().unwrap();
    let _ = append_one(&mut open, "b").unwrap();
}

#[test]
fn a_database_that_somebody_else_writes() {
    let place = Place::with_decisions(1);
    let mut open = Journal::open(&place.log, Duration::from_millis(300)).unwrap();
    // A program that knows nothing of the lock.
    let other = place.meddle();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    assert!(matches!(append_one(&mut open, "b"), Err(TrailError::Locked { .. })));
    assert!(start.elapsed() >= Duration::from_millis(300) && start.elapsed() < Duration::from_secs(10));
    // Whoever is patient enough gets through.
    let mut patient = place.open();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| append_one(&mut patient, "c").map(|receipts| receipts.len()));
        std::thread::sleep(Duration::from_millis(50));
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(waiter.join().unwrap().unwrap(), 1);
    });
}

#[test]
fn a_creation_that_was_cut_off_is_taken_up() {
    let place = Place::new();
    fs::write(&place.log, "").unwrap();
    set_mode(&place.log, 0o600);
    assert!(matches!(TrailReader::open(&place.log), Err(TrailError::NotALog { .. })));
    let mut trail = place.open();
    assert!(trail.created());
    let _ = append_one(&mut trail, "a").unwrap();
    drop(trail);
    assert!(!place.open().created());

    // So far that there is a header, but no table.
    let place = Place::new();
    Connection::open(&place.log)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE x (x); DROP TABLE x; VACUUM")
        .unwrap();
    set_mode(&place.log, 0o600);
    assert!(place.open().created());
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let place = Place::new();
    let path = place.directory.path().join("no\u{1b}[2J/log.db");
    let error = Journal::open(&path, Duration::ZERO).unwrap_err();
    assert!(!error.to_string().contains('\u{1b}') && !error.help().unwrap().contains('\u{1b}'));
}

#[test]
fn names_that_mean_something_to_sqlite_are_only_names() {
    let place = Place::new();
    for name in ["file:x.db?mode=memory", ":memory:", "a%20b?immutable=1", "- -.db", "é#1.db"] {
        let path = place.directory.path().join(name);
        let _ = append_one(&mut Journal::open(&path, Duration::ZERO).unwrap(), "a").unwrap();
        assert!(path.exists(), "{name}");
        assert_eq!(TrailReader::open(&path).unwrap().count(&Filter::default()).unwrap(), 1);
    }
}

#[test]
fn a_database_that_cannot_be_written_to_its_end() {
    // The journal still fits, the database does not.
    let place = Place::new();
    let said = said(&mut limited(&child("open", &place.log), 1));
    assert!(said.ends_with("disk I/O error"), "{said}");
    // Where there is space again, the log goes on as if nothing had been.
    assert!(place.open().created());
    let _ = append_one(&mut place.open(), "a").unwrap();
}
