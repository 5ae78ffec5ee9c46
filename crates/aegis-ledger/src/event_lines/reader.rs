//! Reading events from JSON lines: strictly, one at a time, in bounded memory.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use aegis_engine::{Digest, escape_capped};
use serde::{Deserialize, Deserializer};

use crate::event::Text;
use crate::event_lines::error::EventLinesError;
use crate::event_lines::header::{EventsEnd, EventsHeader};
use crate::event_lines::line::{EndLine, HeaderLine, MAX_LINE, VERSION, nullable};
use crate::stored_event::StoredEvent;

/// How much is read at once.
const BUFFER: usize = 256 << 10;
/// What every zstd file begins with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// How far back zstd may refer, as a power of two: 8 MiB, which is what its level 19 uses. More would cost
/// more memory.
const ZSTD_WINDOW_LOG: u32 = 23;
/// No header is longer: it has at most 64 subtrees.
const MAX_HEADER: usize = 8192;
/// How many bytes a hash or a salt of a damaged event may have and still be told.
const MAX_BYTES: usize = 64;
/// How much of what is wrong with a line is told.
const MAX_SHOWN: usize = 200;
/// The largest number that the log has room for.
const MAX_SEQ: u64 = i64::MAX as u64;

/// Reads exported events, compressed or not.
pub struct EventReader<R: Read> {
    inner: Inner<R>,
    header: EventsHeader,
    /// How many whole lines were read.
    lines: u64,
    line: Vec<u8>,
}

enum Inner<R: Read> {
    Plain(BufReader<Peeked<R>>),
    Zstd(Box<BufReader<zstd::Decoder<'static, BufReader<Peeked<R>>>>>),
}

/// What was read already, and the rest.
type Peeked<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

impl<R: Read> fmt::Debug for EventReader<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("EventReader");
        shown.field("header", &self.header).field("lines", &self.lines).finish_non_exhaustive()
    }
}

/// A line that holds an event. What is not borrowed is what had to be unescaped.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine<'a> {
    seq: u64,
    at: i64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    action_id: Cow<'a, str>,
    #[serde(borrow)]
    body: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "nullable")]
    payload: Option<Text<'a>>,
    #[serde(deserialize_with = "nullable")]
    salt: Option<Bytes>,
    commitment: Bytes,
    prev_hash: Bytes,
    hash: Bytes,
}

/// Bytes, written as hexadecimal digits of lower case.
#[derive(Clone, Copy, Debug)]
struct Bytes {
    bytes: [u8; MAX_BYTES],
    length: usize,
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let digits = <&str>::deserialize(deserializer)?;
        let mut bytes = [0; MAX_BYTES];
        let length = digits.len() / 2;
        let is_lower = !digits.bytes().any(|digit| digit.is_ascii_uppercase());
        match bytes.get_mut(..length).map(|bytes| hex::decode_to_slice(digits, bytes)) {
            Some(Ok(())) if is_lower => Ok(Bytes { bytes, length }),
            _ => Err(serde::de::Error::custom("it has bytes that are not hexadecimal digits of lower case")),
        }
    }
}

impl<R: Read> EventReader<R> {
    /// Reads the header. Whether the rest is compressed, its first bytes say.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn new(reader: R) -> Result<EventReader<R>, EventLinesError> {
        let (start, reader) = peek(reader)?;
        let is_zstd = start == ZSTD_MAGIC;
        let reader = BufReader::with_capacity(BUFFER, io::Cursor::new(start).chain(reader));
        let mut inner = if is_zstd {
            let mut decoder = zstd::Decoder::with_buffer(reader)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Inner::Zstd(Box::new(BufReader::with_capacity(BUFFER, decoder)))
        } else {
            Inner::Plain(reader)
        };
        let mut line = Vec::with_capacity(MAX_HEADER);
        let found = read_line(inner.as_read(), &mut line, MAX_HEADER);
        let found = found.map_err(|error| inner.error(0, error))?;
        let header = if found == Found::Line { header(&line)? } else { None };
        let header = header.ok_or(EventLinesError::NotEvents)?;
        Ok(EventReader { inner, header, lines: 1, line })
    }

    /// What the export says of its log.
    #[must_use]
    pub const fn header(&self) -> &EventsHeader {
        &self.header
    }

    /// Calls `each` with every event and the number of its line, to the end of the export. Hashes are not
    /// compared with anything.
    ///
    /// # Errors
    /// When a line is damaged or the end is missing, or `each` says so.
    pub fn events<E: From<EventLinesError>>(
        mut self,
        mut each: impl FnMut(u64, &StoredEvent<'_>) -> Result<(), E>,
    ) -> Result<EventsEnd, E> {
        let mut end = EventsEnd { events: 0, head: None };
        loop {
            let number = self.lines + 1;
            self.read_line()?;
            if self.line.trim_ascii_start().starts_with(b"{\"aegis_events_end\"") {
                self.check_end(number, end)?;
                return Ok(end);
            }
            let line: EventLine<'_> =
                serde_json::from_slice(&self.line).map_err(|error| damaged(number, &error))?;
            if line.seq > MAX_SEQ {
                let problem = format!("no event has the number {}", line.seq);
                return Err(EventLinesError::Line { line: number, problem }.into());
            }
            each(number, &line.event())?;
            end.events += 1;
            end.head = line.hash.as_slice().try_into().ok().map(Digest::from_bytes);
        }
    }

    fn read_line(&mut self) -> Result<(), EventLinesError> {
        let after = self.lines;
        match read_line(self.inner.as_read(), &mut self.line, MAX_LINE) {
            Ok(Found::Line) => {
                self.lines += 1;
                Ok(())
            }
            Ok(Found::Nothing | Found::Part) => Err(EventLinesError::CutOff { after }),
            Ok(Found::TooLong) => {
                let problem = format!("it is longer than {MAX_LINE} bytes");
                Err(EventLinesError::Line { line: after + 1, problem })
            }
            Err(error) => Err(self.inner.error(after, error)),
        }
    }

    /// Compares the last line, which was just read, with what stood before it.
    fn check_end(&mut self, number: u64, found: EventsEnd) -> Result<(), EventLinesError> {
        let line: EndLine<'_> =
            serde_json::from_slice(&self.line).map_err(|error| damaged(number, &error))?;
        if line.aegis_events_end != VERSION {
            let problem = format!("its format is {}", line.aegis_events_end);
            return Err(EventLinesError::Line { line: number, problem });
        }
        let problem = if line.events != found.events {
            format!("it tells of {} events where there are {}", line.events, found.events)
        } else if line.head.map(Digest::from_hex) != found.head.map(Some) {
            "its `head` is not the last event's hash".to_owned()
        } else {
            return match read_line(self.inner.as_read(), &mut self.line, 1) {
                Ok(Found::Nothing) => Ok(()),
                Ok(_) => Err(EventLinesError::After { line: number + 1 }),
                Err(error) => Err(self.inner.error(number, error)),
            };
        };
        Err(EventLinesError::End { line: number, problem })
    }
}

impl EventLine<'_> {
    fn event(&self) -> StoredEvent<'_> {
        StoredEvent {
            seq: self.seq,
            at: self.at,
            kind: &self.kind,
            action_id: &self.action_id,
            body: &self.body,
            payload: self.payload.as_deref(),
            salt: self.salt.as_ref().map(Bytes::as_slice),
            commitment: self.commitment.as_slice(),
            prev_hash: self.prev_hash.as_slice(),
            hash: self.hash.as_slice(),
        }
    }
}

impl<R: Read> Inner<R> {
    fn as_read(&mut self) -> &mut dyn BufRead {
        match self {
            Inner::Plain(reader) => reader,
            Inner::Zstd(reader) => reader,
        }
    }

    /// What an error after so many lines means: zstd's own are about the data.
    fn error(&self, after: u64, error: io::Error) -> EventLinesError {
        match self {
            Inner::Zstd(_) if error.raw_os_error().is_none() => {
                EventLinesError::Compressed { after, problem: error.to_string() }
            }
            _ => EventLinesError::Io(error),
        }
    }
}

/// The first bytes, as many as zstd's magic number has, if there are so many.
fn peek<R: Read>(mut reader: R) -> io::Result<(Vec<u8>, R)> {
    let mut start = Vec::with_capacity(ZSTD_MAGIC.len());
    reader.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok((start, reader))
}

/// What was found where a line was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Line,
    /// The end.
    Nothing,
    /// A line without its end.
    Part,
    TooLong,
}

/// Reads a line, without its newline, that has at most `limit` bytes.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>, limit: usize) -> io::Result<Found> {
    line.clear();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(most).read_until(b'\n', line)?;
    Ok(match line.pop() {
        None => Found::Nothing,
        Some(b'\n') => Found::Line,
        Some(_) if line.len() >= limit => Found::TooLong,
        Some(_) => Found::Part,
    })
}

fn header(line: &[u8]) -> Result<Option<EventsHeader>, EventLinesError> {
    /// What every version of the format has.
    #[derive(Deserialize)]
    struct Any {
        aegis_events: u64,
    }
    match serde_json::from_slice::<Any>(line) {
        Ok(Any { aegis_events: found }) if found > VERSION => {
            return Err(EventLinesError::Newer { found, known: VERSION });
        }
        Ok(Any { aegis_events: VERSION }) => {}
        _ => return Ok(None),
    }
    let line: HeaderLine<'_> = serde_json::from_slice(line).map_err(|error| damaged(1, &error))?;
    let after = match &line.after {
        None => Some(None),
        Some(after) => after.parse().map(Some),
    };
    match (hex::decode(line.log), Digest::from_hex(line.key_sha256), after) {
        (Ok(log), Some(key_sha256), Some(after)) if log.len() == 16 => {
            Ok(Some(EventsHeader { log, created_at: line.created_at, key_sha256, after }))
        }
        _ => {
            let problem = "its `log`, `key_sha256` or `after` is no such thing".to_owned();
            Err(EventLinesError::Line { line: 1, problem })
        }
    }
}

/// The line, and where in it something is wrong.
fn damaged(line: u64, error: &serde_json::Error) -> EventLinesError {
    let (text, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
    let problem = match text.strip_suffix(&place) {
        Some(problem) => format!("{}, at column {}", escape_capped(problem, MAX_SHOWN), error.column()),
        None => escape_capped(&text, MAX_SHOWN),
    };
    EventLinesError::Line { line, problem }
}
