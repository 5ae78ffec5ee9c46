//! Events, written and read again; and what is refused.

use std::io::Read;

use proptest::prelude::*;

use std::path::Path;

use aegis_engine::Digest;

use super::line::MAX_LINE;
use super::*;
use crate::merkle::Frontier;
use crate::origin::Preceding;
use crate::stored_event::StoredEvent;

/// An event of a reader's, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    seq: u64,
    at: i64,
    kind: String,
    action_id: String,
    body: String,
    payload: Option<String>,
    salt: Option<Vec<u8>>,
    hashes: [Vec<u8>; 3],
}

impl Kept {
    fn new(seq: u64, body: &str, payload: Option<&str>) -> Kept {
        let (body, payload) = (body.to_owned(), payload.map(str::to_owned));
        let (kind, action_id) = ("decided".to_owned(), format!("a{seq}"));
        let salt = payload.as_ref().map(|_| vec![9; 32]);
        Kept {
            seq,
            at: -5,
            kind,
            action_id,
            body,
            payload,
            salt,
            hashes: [1, 2, 3].map(|byte| vec![byte; 32]),
        }
    }

    fn event(&self) -> StoredEvent<'_> {
        let [commitment, prev_hash, hash] = &self.hashes;
        StoredEvent {
            seq: self.seq,
            at: self.at,
            kind: &self.kind,
            action_id: &self.action_id,
            body: &self.body,
            payload: self.payload.as_deref(),
            salt: self.salt.as_deref(),
            commitment,
            prev_hash,
            hash,
        }
    }
}

fn header() -> EventsHeader {
    EventsHeader { log: vec![0xAB; 16], created_at: 7, key_sha256: Digest::of(b"key"), after: None }
}

fn write(events: &[Kept], compression: Compression) -> Vec<u8> {
    let mut writer = EventWriter::new(Vec::new(), compression, &header()).unwrap();
    for event in events {
        writer.write(&event.event()).unwrap();
    }
    writer.finish().unwrap().0
}

fn read(bytes: impl Read) -> Result<Vec<Kept>, EventLinesError> {
    let reader = EventReader::new(bytes)?;
    assert_eq!(reader.header(), &header());
    let mut kept = Vec::new();
    reader.events(|line, event| {
        assert_eq!(line, kept.len() as u64 + 2);
        kept.push(Kept {
            seq: event.seq,
            at: event.at,
            kind: event.kind.to_owned(),
            action_id: event.action_id.to_owned(),
            body: event.body.to_owned(),
            payload: event.payload.map(str::to_owned),
            salt: event.salt.map(<[u8]>::to_vec),
            hashes: [event.commitment, event.prev_hash, event.hash].map(<[u8]>::to_vec),
        });
        Ok::<_, EventLinesError>(())
    })?;
    Ok(kept)
}

fn samples() -> Vec<Kept> {
    vec![
        Kept::new(1, r#"{"a":"b\"\\"}"#, Some("{\"params\":{}}")),
        Kept::new(2, "{}", None),
        Kept::new(3, "\u{202e}\u{1b}[2Jé删\n\u{7f}\u{1F600}\u{E0041}p\u{430}ypal", Some("")),
    ]
}

#[test]
fn what_is_written_is_read_again() {
    for events in [vec![], samples()] {
        for compression in [Compression::None, Compression::Zstd] {
            assert_eq!(read(write(&events, compression).as_slice()).unwrap(), events);
        }
    }
}

#[test]
fn the_lines_are_those_that_are_documented_and_hide_nothing() {
    let text = String::from_utf8(write(&samples(), Compression::None)).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let key = Digest::of(b"key");
    let log = "ab".repeat(16);
    assert_eq!(
        lines[0],
        format!(r#"{{"aegis_events":1,"log":"{log}","created_at":7,"key_sha256":"{key}","after":null}}"#)
    );
    let [salt, one, two, three] = ["09", "01", "02", "03"].map(|byte| byte.repeat(32));
    assert_eq!(
        lines[1],
        format!(
            "{{\"seq\":1,\"at\":-5,\"kind\":\"decided\",\"action_id\":\"a1\",\"body\":\"{{\\\"a\\\":\\\"b\\\\\\\"\\\\\\\\\\\"}}\",\
             \"payload\":\"{{\\\"params\\\":{{}}}}\",\"salt\":\"{salt}\",\"commitment\":\"{one}\",\
             \"prev_hash\":\"{two}\",\"hash\":\"{three}\"}}"
        )
    );
    assert!(lines[2].contains("\"payload\":null,\"salt\":null"));
    assert_eq!(lines[4], format!(r#"{{"aegis_events_end":1,"events":3,"head":"{three}"}}"#));
    assert_eq!(lines.len(), 5);
    for hidden in ['\u{202e}', '\u{1b}', '\u{7f}', '\u{E0041}', '\u{430}'] {
        assert!(!text.contains(hidden), "{hidden:?}");
    }
}

#[test]
fn every_cut_shows() {
    for compression in [Compression::None, Compression::Zstd] {
        let whole = write(&samples(), compression);
        for length in 0..whole.len() {
            let error = read(&whole[..length]).unwrap_err();
            match (compression, &error) {
                (Compression::None, EventLinesError::NotEvents) => assert!(length <= whole.len() / 2),
                (Compression::None, EventLinesError::CutOff { .. }) => {}
                (Compression::Zstd, _) => assert!(!matches!(error, EventLinesError::Io(_)), "{error}"),
                _ => panic!("{length}: {error}"),
            }
        }
    }
}

#[test]
fn an_error_says_which_line_and_why() {
    let text = String::from_utf8(write(&samples(), Compression::None)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let with = |line: usize, replacement: &str| {
        let mut changed = lines.clone();
        changed[line - 1] = replacement;
        read((changed.join("\n") + "\n").as_bytes()).unwrap_err().to_string()
    };
    for (line, from, to, expected) in [
        (2, "\"seq\":1", "\"seq\":1,\"seq\":1", "line 2 is damaged: duplicate field `seq`"),
        (2, "\"seq\":1", "\"more\":1,\"seq\":1", "line 2 is damaged: unknown field `more`"),
        (3, "\"seq\":2,", "", "line 3 is damaged: missing field `seq`"),
        (3, "\"payload\":null,", "", "line 3 is damaged: missing field `payload`"),
        (3, "\"salt\":null,", "", "line 3 is damaged: missing field `salt`"),
        (4, "\"seq\":3", "\"seq\":-3", "line 4 is damaged: invalid value"),
        (4, "\"seq\":3", "\"seq\":3.0", "line 4 is damaged: invalid type"),
        (4, "03030303\"", "0303030\"", "line 4 is damaged: it has bytes that are not hexadecimal digits"),
        (2, "09090909\"", "0909090A\"", "line 2 is damaged: it has bytes that are not hexadecimal digits"),
        (2, ",\"hash\"", " \"hash\"", "line 2 is damaged: expected `,` or `}`, at column "),
        (
            5,
            "\"events\":3",
            "\"events\":2",
            "line 5 does not fit what stands before it: it tells of 2 events where",
        ),
        (5, "0303\"", "0304\"", "line 5 does not fit what stands before it: its `head`"),
        (5, "_end\":1", "_end\":2", "line 5 is damaged: its format is 2"),
        (1, "\"log\":\"ab", "\"log\":\"", "line 1 is damaged"),
        (
            1,
            "\"after\":null",
            "\"after\":{\"seq\":0,\"head\":\"\",\"subtrees\":null}",
            "line 1 is damaged: its `log`, ",
        ),
        (1, ",\"after\":null", "", "line 1 is damaged: missing field `after`"),
        (1, "{", "{\"x\":1,", "line 1 is damaged: unknown field `x`"),
        (1, "_events\":1", "_events\":2", "the exported events have format 2; this program knows format 1"),
        (1, "_events\":1", "_events\":0", "these are no exported events"),
    ] {
        let changed = lines[line - 1].replacen(from, to, 1);
        assert_ne!(changed, lines[line - 1], "{from}");
        let error = with(line, &changed);
        assert!(error.starts_with(expected), "{from} -> {to}: {error}");
    }
    let error = read((text.clone() + "{}\n").as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "something follows the end of the exported events in line 6");
}

#[test]
fn damage_in_compressed_data_is_found() {
    let whole = write(&samples(), Compression::Zstd);
    for place in 4..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        let result = read(changed.as_slice());
        assert!(result.is_err() || result.unwrap() == samples(), "{place}");
    }
    let trailing = [whole.as_slice(), b"more"].concat();
    let error = read(trailing.as_slice()).unwrap_err();
    assert!(error.is_damage(), "{error}");
}

#[test]
fn a_line_is_not_read_beyond_its_limit() {
    let start = write(&[], Compression::None);
    let header = start.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    let endless = header.chain(std::io::repeat(b' '));
    let error = read(endless).unwrap_err();
    assert!(matches!(error, EventLinesError::Line { line: 2, .. }), "{error}");
    let error = EventReader::new(std::io::repeat(b'{')).unwrap_err();
    assert!(matches!(error, EventLinesError::NotEvents), "{error}");
    let long = Kept::new(7, &"x".repeat(MAX_LINE), None);
    let mut writer = EventWriter::new(std::io::sink(), Compression::None, &self::header()).unwrap();
    assert!(matches!(writer.write(&long.event()), Err(EventLinesError::TooLong { seq: 7 })));
}

#[test]
fn compressed_data_that_needs_much_memory_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.include_contentsize(false).unwrap();
    std::io::Write::write_all(&mut encoder, &write(&samples(), Compression::None)).unwrap();
    let error = read(encoder.finish().unwrap().as_slice()).unwrap_err();
    assert!(error.is_damage(), "{error}");
}

#[test]
fn what_stands_before_is_written_too() {
    let head = Digest::of(b"head");
    let mut tree = Frontier::default();
    (0..3).for_each(|_| tree.push(&head));
    for tree in [None, Some(tree)] {
        let after = Some(Preceding { seq: 3, head, tree });
        let header = EventsHeader { after, ..header() };
        let (bytes, _) = EventWriter::new(Vec::new(), Compression::None, &header).unwrap().finish().unwrap();
        assert_eq!(EventReader::new(bytes.as_slice()).unwrap().header(), &header);
    }
    // A tree of another size is none.
    let text = String::from_utf8(write(&[], Compression::None)).unwrap();
    let after = format!("\"after\":{{\"seq\":4,\"head\":\"{head}\",\"subtrees\":[\"{head}\",\"{head}\"]}}");
    let error = EventReader::new(text.replace("\"after\":null", &after).as_bytes()).unwrap_err();
    assert!(matches!(error, EventLinesError::Line { line: 1, .. }), "{error}");
}

#[test]
fn a_name_says_whether_to_compress() {
    for (name, compression) in [
        ("a.jsonl", Compression::None),
        ("a.jsonl.zst", Compression::Zstd),
        ("a.ZST", Compression::Zstd),
        ("zst", Compression::None),
    ] {
        assert_eq!(Compression::of_name(Path::new(name)), compression, "{name}");
    }
}

proptest! {
    #[test]
    fn any_text_survives(body in any::<String>(), payload in any::<Option<String>>(), kind in any::<String>()) {
        let mut event = Kept::new(1, &body, payload.as_deref());
        event.kind = kind;
        let events = vec![event];
        prop_assert_eq!(read(write(&events, Compression::None).as_slice()).unwrap(), events);
    }
}
