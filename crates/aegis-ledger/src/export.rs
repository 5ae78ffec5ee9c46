//! Records for other programs. Written as they come, so memory does not grow with the log.

mod cef;
mod csv;
mod json;
mod ocsf;
mod values;

use std::io::{self, Write};

pub use ocsf::OCSF_VERSION;
pub use values::approver_word;

use crate::record::{BorrowedRecord, Record};

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One array, an element a line.
    Json,
    /// One object a line.
    Jsonl,
    /// RFC 4180, with a header; no cell can be taken for a formula.
    Csv,
    /// One event of the Open Cybersecurity Schema Framework a line: API Activity (class 6003) of version
    /// [`OCSF_VERSION`], with the profiles `security_control` and `ai_operation`.
    Ocsf,
    /// One event in `ArcSight`'s Common Event Format (CEF:0) a line, without a syslog header.
    Cef,
}

impl ExportFormat {
    /// Every format.
    pub const ALL: [ExportFormat; 5] =
        [ExportFormat::Json, ExportFormat::Jsonl, ExportFormat::Csv, ExportFormat::Ocsf, ExportFormat::Cef];
}

/// Writes records one after another.
#[derive(Debug)]
pub struct RecordWriter<W: Write>(Inner<W>);

#[derive(Debug)]
enum Inner<W: Write> {
    Json(json::JsonWriter<W>),
    Csv(csv::CsvWriter<W>),
    Ocsf(ocsf::OcsfWriter<W>),
    Cef(cef::CefWriter<W>),
}

impl<W: Write> RecordWriter<W> {
    /// Begins an export. Every record is a write of its own, so `writer` should hold a buffer.
    ///
    /// # Errors
    /// When `writer` takes nothing.
    pub fn new(format: ExportFormat, writer: W) -> io::Result<RecordWriter<W>> {
        Ok(RecordWriter(match format {
            ExportFormat::Json => Inner::Json(json::JsonWriter::array(writer)?),
            ExportFormat::Jsonl => Inner::Json(json::JsonWriter::lines(writer)),
            ExportFormat::Csv => Inner::Csv(csv::CsvWriter::new(writer)?),
            ExportFormat::Ocsf => Inner::Ocsf(ocsf::OcsfWriter::new(writer)),
            ExportFormat::Cef => Inner::Cef(cef::CefWriter::new(writer)),
        }))
    }

    /// Writes one record. Its parameters are written in canonical form, as the log has them.
    ///
    /// # Errors
    /// When the writer takes nothing more, or the format needs an instant that the record's timestamp does
    /// not say.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        self.write_borrowed(&BorrowedRecord::of(record)?)
    }

    /// Writes one record that is borrowed, as [`write`](RecordWriter::write) does.
    ///
    /// # Errors
    /// As there.
    pub fn write_borrowed(&mut self, record: &BorrowedRecord<'_>) -> io::Result<()> {
        match &mut self.0 {
            Inner::Json(writer) => writer.write(record),
            Inner::Csv(writer) => writer.write(record),
            Inner::Ocsf(writer) => writer.write(record),
            Inner::Cef(writer) => writer.write(record),
        }
    }

    /// Hands on what is still held back, for whoever waits for it.
    ///
    /// # Errors
    /// When the writer does not take it.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Json(writer) => writer.flush(),
            Inner::Csv(writer) => writer.flush(),
            Inner::Ocsf(writer) => writer.flush(),
            Inner::Cef(writer) => writer.flush(),
        }
    }

    /// Ends the export.
    ///
    /// # Errors
    /// When the writer does not take the rest.
    pub fn finish(mut self) -> io::Result<()> {
        if let Inner::Json(writer) = &mut self.0 {
            writer.end()?;
        }
        self.flush()
    }
}
