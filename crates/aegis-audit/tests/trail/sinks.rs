//! The sinks beside the log.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use aegis_audit::{Journal, JournaldSink, JsonlSink, Sink, SinkError, TracingSink, TrailError};
use aegis_ledger::answer::Answer;
use aegis_ledger::filter::Filter;
use aegis_testkit::{Case, PATIENCE, Place, mode};
use serde_json::Value;
use tracing::Level;

fn jsonl(place: &Place) -> PathBuf {
    place.directory.path().join("decisions.jsonl")
}

fn open(place: &Place) -> Result<JsonlSink, SinkError> {
    JsonlSink::open(&jsonl(place), PATIENCE)
}

fn journal_with(place: &Place, sink: impl Sink + 'static) -> Journal {
    place.open().with_sinks(vec![Box::new(sink)])
}

fn record(log: &mut Journal, id: &str) {
    let _ = log.record(vec![vec![Case::default().id(id).decided()]]).unwrap();
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_is_the_record_as_it_is_exported_and_fits_the_chain() {
    let place = Place::new();
    let mut log = journal_with(&place, open(&place).unwrap());
    let case = Case::new(r#"{"type":"update","target":"c\u202erm","params":{"n":18446744073709551615}}"#);
    let _ = log.record(vec![vec![case.requested()]]).unwrap();
    let _ = log.record(vec![vec![case.answered(), case.decided()]]).unwrap();
    record(&mut log, "b");
    let found = lines(&jsonl(&place));
    assert_eq!(mode(jsonl(&place)), 0o600);
    let numbers: Vec<_> = found.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!((numbers, &found[0]["decision"]), (vec![1, 3, 4], &Value::Null));
    let exported: Vec<_> = place
        .records(&Filter::default())
        .iter()
        .map(|record| serde_json::to_value(record).unwrap())
        .collect();
    assert_eq!(found[1..], exported);
    assert!(fs::read_to_string(jsonl(&place)).unwrap().is_ascii());
}

#[test]
fn files_that_must_not_be_trusted_are_refused() {
    let refused = |prepare: &dyn Fn(&Place)| {
        let place = Place::new();
        prepare(&place);
        let error = open(&place).unwrap_err();
        assert!(error.help().is_some(), "{error}");
        assert!(!error.to_string().contains("audit log"), "{error}");
        error
    };
    let other = |place: &Place| place.directory.path().join("other");
    let linked = refused(&|place| symlink(other(place), jsonl(place)).unwrap());
    assert!(matches!(linked, SinkError::File(TrailError::NotRegular { .. })), "{linked}");
    let fifo = refused(&|place| nix::unistd::mkfifo(&jsonl(place), nix::sys::stat::Mode::S_IRWXU).unwrap());
    assert!(matches!(fifo, SinkError::File(TrailError::NotRegular { .. })), "{fifo}");
    let hard = refused(&|place| {
        fs::write(other(place), "").unwrap();
        fs::hard_link(other(place), jsonl(place)).unwrap();
    });
    assert!(matches!(hard, SinkError::File(TrailError::HardLink { .. })), "{hard}");
    let writable = refused(&|place| {
        let file = fs::File::options().create(true).append(true).mode(0o600).open(jsonl(place)).unwrap();
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o622)).unwrap();
    });
    assert!(matches!(writable, SinkError::File(TrailError::Writable { .. })), "{writable}");
    let foreign = refused(&|place| fs::write(jsonl(place), "SQLite format 3\0").unwrap());
    assert!(matches!(foreign, SinkError::NotJsonLines { .. }), "{foreign}");
    let place = Place::new();
    assert!(JsonlSink::open(&place.directory.path().join("no/file"), PATIENCE).is_err());
}

#[test]
fn a_torn_line_is_kept_elsewhere_and_a_line_says_so() {
    // Shorter and longer than what is read at once, and a file without any whole line.
    for (whole, torn) in
        [("{}\n", "{\"id\":".to_owned()), ("{}\n", "{".repeat(200_000)), ("", "{\"".to_owned())]
    {
        let place = Place::new();
        let mut log = journal_with(&place, open(&place).unwrap());
        fs::write(jsonl(&place), format!("{whole}{torn}")).unwrap();
        record(&mut log, "a");
        record(&mut log, "b");
        let found = lines(&jsonl(&place));
        let [note, a, b] = &found[whole.lines().count()..] else { panic!("{found:?}") };
        assert_eq!((&note["event"], note["bytes"].as_u64()), (&"torn_tail".into(), Some(torn.len() as u64)));
        assert_eq!((&a["id"], &b["id"]), (&"a".into(), &"b".into()));
        let kept = place.directory.path().join(note["kept_in"].as_str().unwrap());
        assert_eq!(fs::read_to_string(&kept).unwrap(), torn);
        assert_eq!(mode(&kept), 0o600);
        assert_eq!(note["sha256"], aegis_engine::Digest::of(torn.as_bytes()).to_string());
        assert_eq!(place.files().iter().filter(|name| name.contains(".torn-")).count(), 1);
    }
}

#[test]
fn rotation_at_any_time_loses_nothing() {
    let place = Place::new();
    let mut log = journal_with(&place, open(&place).unwrap());
    let old = place.directory.path().join("decisions.jsonl.1");
    record(&mut log, "a");
    // As logrotate does it: by a new name, by a copy that is followed by truncation, and by a file that was
    // made anew.
    fs::rename(jsonl(&place), &old).unwrap();
    record(&mut log, "b");
    fs::OpenOptions::new().write(true).open(jsonl(&place)).unwrap().set_len(0).unwrap();
    record(&mut log, "c");
    fs::remove_file(jsonl(&place)).unwrap();
    fs::File::options().create_new(true).append(true).mode(0o600).open(jsonl(&place)).unwrap();
    record(&mut log, "d");
    assert_eq!((lines(&old).len(), &lines(&jsonl(&place))[0]["id"]), (1, &"d".into()));
    assert_eq!(mode(jsonl(&place)), 0o600);
}

#[test]
fn many_writers_of_one_file_do_not_mix_their_lines() {
    let place = Place::new();
    let (writers, each) = (8, 30);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let place = &place;
            scope.spawn(move || {
                let mut log = journal_with(place, open(place).unwrap());
                for index in 0..each {
                    let ids: Vec<_> = (0..3).map(|part| format!("{writer}-{index}-{part}")).collect();
                    let cases: Vec<_> = ids.iter().map(|id| Case::default().id(id)).collect();
                    let events: Vec<_> = cases.iter().map(Case::decided).collect();
                    let _ = log.record(vec![events]).unwrap();
                }
            });
        }
    });
    let found = lines(&jsonl(&place));
    assert_eq!(found.len(), writers * each * 3);
    // What was recorded together stands together.
    for group in found.chunks(3) {
        let stem = |line: &Value| line["id"].as_str().unwrap().rsplit_once('-').unwrap().0.to_owned();
        assert!(group.iter().all(|line| stem(line) == stem(&group[0])), "{group:?}");
    }
}

#[test]
fn a_file_that_somebody_else_keeps_locked_refuses() {
    let place = Place::new();
    let wait = std::time::Duration::from_millis(50);
    let sink = JsonlSink::open(&jsonl(&place), wait).unwrap();
    let mut log = journal_with(&place, sink);
    let held = fs::File::open(jsonl(&place)).unwrap();
    held.lock().unwrap();
    let refused = log.record(vec![vec![Case::default().decided()]]).unwrap_err();
    assert!(refused.to_string().contains("is locked by another process"), "{refused}");
    assert!(lines(&jsonl(&place)).is_empty());
    drop(held);
    record(&mut log, "b");
    assert_eq!(lines(&jsonl(&place)).len(), 1);
}

/// The fields of a datagram in the journal's native protocol.
fn fields(datagram: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(datagram.to_owned()).unwrap();
    text.lines()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn field(fields: &[(String, String)], name: &str) -> String {
    let found: Vec<_> = fields.iter().filter(|field| field.0 == name).collect();
    assert_eq!(found.len(), 1, "{name} in {fields:?}");
    found[0].1.clone()
}

/// A socket on which a test listens like the journal.
fn listen(place: &Place) -> (PathBuf, UnixDatagram) {
    let path = place.directory.path().join("journal");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    (path, socket)
}

fn receive(journal: &UnixDatagram) -> Vec<u8> {
    let mut datagram = vec![0; 1 << 20];
    let length = journal.recv(&mut datagram).unwrap();
    datagram.truncate(length);
    datagram
}

#[test]
fn the_journal_gets_every_field_and_a_priority_by_risk() {
    let place = Place::new();
    let (path, journal) = listen(&place);
    let mut log = journal_with(&place, JournaldSink::connect(&path, PATIENCE).unwrap());
    let cases = [("read", "7"), ("other", "6"), ("update", "4"), ("delete", "3")];
    for (kind, priority) in cases {
        let action = format!(r#"{{"type":"{kind}","target":"a\nPRIORITY=0\u001b","agent":"b=c"}}"#);
        let _ = log.record(vec![vec![Case::new(&action).decided()]]).unwrap();
        let fields = fields(&receive(&journal));
        assert_eq!(field(&fields, "PRIORITY"), priority);
        assert_eq!(field(&fields, "AEGIS_ACTION_TARGET"), "a\\nPRIORITY=0\\u{1b}");
        assert_eq!(
            (field(&fields, "AEGIS_AGENT"), field(&fields, "AEGIS_EVENT")),
            ("b=c".into(), "decided".into())
        );
        assert!(field(&fields, "MESSAGE").starts_with(&format!("{kind} on a\\nPRIORITY")), "{fields:?}");
        let record: Value = serde_json::from_str(&field(&fields, "AEGIS_RECORD")).unwrap();
        assert_eq!(record["action_target"], "a\nPRIORITY=0\u{1b}");
        assert_eq!(record["hash"], field(&fields, "AEGIS_HASH"));
    }
}

#[test]
fn a_record_that_is_too_large_for_a_datagram_goes_in_a_file() {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixAddr, recvmsg};
    use std::os::fd::AsRawFd as _;

    let place = Place::new();
    let (path, journal) = listen(&place);
    let mut log = journal_with(&place, JournaldSink::connect(&path, PATIENCE).unwrap());
    let text = "x".repeat(900_000);
    let case = Case::new(&format!(r#"{{"type":"read","target":"b","params":{{"x":"{text}"}}}}"#));
    let _ = log.record(vec![vec![case.decided()]]).unwrap();
    let mut space = nix::cmsg_space!([std::os::fd::RawFd; 1]);
    let message =
        recvmsg::<UnixAddr>(journal.as_raw_fd(), &mut [], Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)
            .unwrap();
    let Some(ControlMessageOwned::ScmRights(files)) = message.cmsgs().unwrap().next() else {
        panic!("no file")
    };
    let path = format!("/proc/self/fd/{}", files[0]);
    let fields = fields(&fs::read(&path).unwrap());
    assert!(field(&fields, "AEGIS_RECORD").contains(&text));
    // What could still change, the journal does not take.
    assert!(
        fs::OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(b"x")).is_err()
    );
}

#[test]
fn a_journal_that_is_not_there_refuses_and_one_that_comes_back_does_not() {
    let place = Place::new();
    let (path, journal) = listen(&place);
    let mut log = journal_with(&place, JournaldSink::connect(&path, PATIENCE).unwrap());
    drop(journal);
    let refused = log.record(vec![vec![Case::default().id("a").decided()]]).unwrap_err();
    assert!(refused.to_string().contains("the journal at"), "{refused}");
    fs::remove_file(&path).unwrap();
    let missing = JournaldSink::connect(&path, PATIENCE).unwrap_err();
    assert!(missing.help().unwrap().contains("journald"));
    let (_, journal) = listen(&place);
    record(&mut log, "b");
    assert_eq!(field(&fields(&receive(&journal)), "AEGIS_ACTION_ID"), "b");
}

#[test]
fn a_journal_that_takes_nothing_refuses_in_time() {
    let place = Place::new();
    let (path, _journal) = listen(&place);
    let wait = std::time::Duration::from_millis(50);
    let mut log = journal_with(&place, JournaldSink::connect(&path, wait).unwrap());
    let refused = (0..10_000).find_map(|_| log.record(vec![vec![Case::default().decided()]]).err());
    assert!(refused.unwrap().to_string().contains("the journal at"));
}

/// A subscriber that keeps the level of each event, and takes no events below one.
#[derive(Clone)]
struct Levels {
    least: Level,
    seen: Arc<Mutex<Vec<(String, Level)>>>,
}

impl tracing::Subscriber for Levels {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.level() <= &self.least
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let metadata = event.metadata();
        self.seen.lock().unwrap().push((metadata.target().to_owned(), *metadata.level()));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn events_have_a_level_by_risk_and_are_not_emitted_to_nobody() {
    let place = Place::new();
    let mut log = journal_with(&place, TracingSink);
    let case = |kind: &str| Case::new(&format!(r#"{{"type":"{kind}","target":"b"}}"#));
    let refused = log.record(vec![vec![case("read").decided()]]).unwrap_err();
    assert!(refused.to_string().contains("no subscriber"), "{refused}");
    let levels = Levels { least: Level::DEBUG, seen: Arc::default() };
    tracing::subscriber::with_default(levels.clone(), || {
        for kind in ["read", "other", "update", "delete"] {
            let _ = log.record(vec![vec![case(kind).decided()]]).unwrap();
        }
    });
    let expected = [Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
    assert_eq!(*levels.seen.lock().unwrap(), expected.map(|level| ("aegis::audit".to_owned(), level)));
    let levels = Levels { least: Level::INFO, seen: Arc::default() };
    tracing::subscriber::with_default(levels, || {
        assert!(log.record(vec![vec![case("read").decided()]]).is_err());
        assert!(log.record(vec![vec![case("delete").decided()]]).is_ok());
    });
}

/// Takes nothing.
#[derive(Debug)]
struct Full;

impl Sink for Full {
    fn name(&self) -> String {
        "full".to_owned()
    }

    fn append(&mut self, _: &[aegis_audit::SinkRecord]) -> Result<(), SinkError> {
        Err(SinkError::Other("it is full".into()))
    }
}

#[test]
fn what_one_account_asked_and_another_decided_is_given_up_once() {
    let place = Place::new();
    let mut log = journal_with(&place, Full);
    let denied = Case::new(r#"{"type":"update","target":"crm"}"#).id("a").answered_by(Answer::Denied, "ana");
    let approved =
        Case::new(r#"{"type":"update","target":"crm"}"#).id("b").answered_by(Answer::Approved, "ana");
    let events = [denied.requested(), denied.decided(), approved.requested(), approved.decided()];
    assert!(log.record(events.to_vec()).is_err());
    let kinds = |id: &str| -> Vec<String> {
        let history = place.read().history(id).unwrap().unwrap();
        history.events.into_iter().map(|event| event.kind).collect()
    };
    assert_eq!(kinds("a"), ["requested", "decided"]);
    assert_eq!(kinds("b"), ["requested", "decided", "ended"]);
    // Nothing to say is refused before anything is said.
    let nothing = log.record(vec![vec![denied.decided()], vec![]]);
    assert!(matches!(nothing, Err(aegis_audit::RecordError::NoEvent)), "{nothing:?}");
    assert_eq!(kinds("a").len(), 2);
}
