//! JSON: one object a line, alone or as the elements of an array.

use std::io::{self, Write};

use aegis_engine::{escape_json_into, is_printable_ascii};
use serde::Serialize;

use crate::record::BorrowedRecord;

/// Writes objects in the form of [`Record`](crate::record::Record).
#[derive(Debug)]
pub(super) struct JsonWriter<W: Write> {
    writer: W,
    line: Line,
    /// What stands before the next element; nothing where there is no array.
    separator: Option<&'static str>,
}

impl<W: Write> JsonWriter<W> {
    pub(super) fn array(mut writer: W) -> io::Result<JsonWriter<W>> {
        writer.write_all(b"[")?;
        Ok(JsonWriter { writer, line: Line::default(), separator: Some("\n") })
    }

    pub(super) fn lines(writer: W) -> JsonWriter<W> {
        JsonWriter { writer, line: Line::default(), separator: None }
    }

    pub(super) fn write(&mut self, record: &BorrowedRecord<'_>) -> io::Result<()> {
        match &mut self.separator {
            Some(separator) => {
                self.writer.write_all(std::mem::replace(separator, ",\n").as_bytes())?;
                self.writer.write_all(self.line.of(record, "")?)
            }
            None => self.writer.write_all(self.line.of(record, "\n")?),
        }
    }

    /// Closes the array, if there is one.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if self.separator.is_some() { self.writer.write_all(b"\n]\n") } else { Ok(()) }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Values as lines that are safe to look at, in buffers that are kept.
#[derive(Debug, Default)]
pub(super) struct Line {
    json: Vec<u8>,
    shown: String,
}

impl Line {
    /// The value as [`to_json_line`](aegis_engine::to_json_line) has it, and what ends it.
    pub(super) fn of(&mut self, value: &impl Serialize, end: &str) -> io::Result<&[u8]> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, value)?;
        if is_printable_ascii(&self.json) {
            self.json.extend_from_slice(end.as_bytes());
            return Ok(&self.json);
        }
        let json = std::str::from_utf8(&self.json).map_err(io::Error::other)?;
        self.shown.clear();
        escape_json_into(json, &mut self.shown);
        self.shown.push_str(end);
        Ok(self.shown.as_bytes())
    }
}
