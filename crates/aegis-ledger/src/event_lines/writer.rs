//! Writing events as JSON lines.

use std::fmt;
use std::io::{self, BufWriter, Write};

use aegis_engine::{Digest, to_json_line};

use crate::event_lines::error::EventLinesError;
use crate::event_lines::header::{Compression, EventsEnd, EventsHeader};
use crate::event_lines::line::{EndLine, HeaderLine, MAX_LINE, PrecedingLine, VERSION};
use crate::stored_event::StoredEvent;

/// How much is handed on at once.
const BUFFER: usize = 256 << 10;
/// As much as zstd does by default: little work, and a third of the size.
const LEVEL: i32 = 3;

/// Writes events one after another, in order.
pub struct EventWriter<W: Write> {
    inner: Inner<W>,
    line: Vec<u8>,
    end: EventsEnd,
}

enum Inner<W: Write> {
    Plain(BufWriter<W>),
    Zstd(BufWriter<zstd::Encoder<'static, W>>),
}

impl<W: Write> fmt::Debug for EventWriter<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EventWriter").field("end", &self.end).finish_non_exhaustive()
    }
}

impl<W: Write> EventWriter<W> {
    /// Begins an export.
    ///
    /// # Errors
    /// When `writer` takes nothing.
    pub fn new(
        writer: W,
        compression: Compression,
        header: &EventsHeader,
    ) -> Result<EventWriter<W>, EventLinesError> {
        let inner = match compression {
            Compression::None => Inner::Plain(BufWriter::with_capacity(BUFFER, writer)),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(writer, LEVEL)?;
                encoder.include_checksum(true)?;
                Inner::Zstd(BufWriter::with_capacity(BUFFER, encoder))
            }
        };
        let end = EventsEnd { events: 0, head: None };
        let mut writer = EventWriter { inner, line: Vec::with_capacity(4096), end };
        let (log, key_sha256) = (header.log(), header.key_sha256.to_string());
        writer.write_line(&HeaderLine {
            aegis_events: VERSION,
            log: &log,
            created_at: header.created_at,
            key_sha256: &key_sha256,
            after: header.after.as_ref().map(PrecedingLine::from),
        })?;
        Ok(writer)
    }

    /// Writes one event as it is, damaged or not.
    ///
    /// # Errors
    /// When the writer takes nothing more, or the event is longer than any that a log takes.
    pub fn write(&mut self, event: &StoredEvent<'_>) -> Result<(), EventLinesError> {
        self.line.clear();
        put_event(&mut self.line, event)?;
        if self.line.len() > MAX_LINE {
            return Err(EventLinesError::TooLong { seq: event.seq });
        }
        self.inner.as_write().write_all(&self.line)?;
        self.end.events += 1;
        self.end.head = event.hash.try_into().ok().map(Digest::from_bytes);
        Ok(())
    }

    /// Ends the export, and hands the writer back once it took everything.
    ///
    /// # Errors
    /// When the writer does not take the rest.
    pub fn finish(mut self) -> Result<(W, EventsEnd), EventLinesError> {
        let head = self.end.head.map(|head| head.to_string());
        let (events, head) = (self.end.events, head.as_deref());
        self.write_line(&EndLine { aegis_events_end: VERSION, events, head })?;
        let mut writer = match self.inner {
            Inner::Plain(writer) => writer.into_inner().map_err(io::IntoInnerError::into_error)?,
            Inner::Zstd(writer) => writer.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?,
        };
        writer.flush()?;
        Ok((writer, self.end))
    }

    fn write_line(&mut self, line: &impl serde::Serialize) -> Result<(), EventLinesError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(io::Error::from)?;
        self.line.push(b'\n');
        Ok(self.inner.as_write().write_all(&self.line)?)
    }
}

impl<W: Write> Inner<W> {
    fn as_write(&mut self) -> &mut dyn Write {
        match self {
            Inner::Plain(writer) => writer,
            Inner::Zstd(writer) => writer,
        }
    }
}

fn put_event(line: &mut Vec<u8>, event: &StoredEvent<'_>) -> io::Result<()> {
    write!(line, "{{\"seq\":{},\"at\":{},\"kind\":", event.seq, event.at)?;
    put_text(line, event.kind)?;
    line.extend_from_slice(b",\"action_id\":");
    put_text(line, event.action_id)?;
    line.extend_from_slice(b",\"body\":");
    put_text(line, event.body)?;
    line.extend_from_slice(b",\"payload\":");
    match event.payload {
        None => line.extend_from_slice(b"null"),
        Some(payload) => put_text(line, payload)?,
    }
    line.extend_from_slice(b",\"salt\":");
    match event.salt {
        None => line.extend_from_slice(b"null"),
        Some(salt) => put_hex(line, salt),
    }
    for (name, bytes) in
        [("commitment", event.commitment), ("prev_hash", event.prev_hash), ("hash", event.hash)]
    {
        line.extend_from_slice(b",\"");
        line.extend_from_slice(name.as_bytes());
        line.extend_from_slice(b"\":");
        put_hex(line, bytes);
    }
    line.extend_from_slice(b"}\n");
    Ok(())
}

/// Puts a string in quotes, safe to look at. What is printable ASCII needs no closer look.
fn put_text(line: &mut Vec<u8>, text: &str) -> io::Result<()> {
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        serde_json::to_writer(line, text)?;
    } else {
        line.extend_from_slice(to_json_line(&text)?.as_bytes());
    }
    Ok(())
}

fn put_hex(line: &mut Vec<u8>, bytes: &[u8]) {
    line.push(b'"');
    let start = line.len();
    line.resize(start + 2 * bytes.len(), b'0');
    if let Some(digits) = line.get_mut(start..) {
        // The room is made for exactly these.
        let _ = hex::encode_to_slice(bytes, digits);
    }
    line.push(b'"');
}
