//! Records for other programs: JSON, JSON lines, CSV. Written as they come, so memory does not grow with the log.

use std::io::{self, Write};

use aegis_engine::{escape, to_json_line};

use crate::answer::{ApproverIdentity, Via};
use crate::record::Record;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One array, an element a line.
    Json,
    /// One object a line.
    Jsonl,
    /// RFC 4180, with a header; no cell can be taken for a formula.
    Csv,
}

/// Writes records one after another.
#[derive(Debug)]
pub struct RecordWriter<W: Write>(Inner<W>);

#[derive(Debug)]
enum Inner<W: Write> {
    Json { writer: W, first: bool },
    Jsonl(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> RecordWriter<W> {
    /// Begins an export.
    ///
    /// # Errors
    /// When `writer` takes nothing.
    pub fn new(format: ExportFormat, mut writer: W) -> io::Result<RecordWriter<W>> {
        Ok(RecordWriter(match format {
            ExportFormat::Json => {
                writer.write_all(b"[")?;
                Inner::Json { writer, first: true }
            }
            ExportFormat::Jsonl => Inner::Jsonl(writer),
            ExportFormat::Csv => {
                let mut writer =
                    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(writer);
                writer.write_record(Record::FIELDS).map_err(io::Error::from)?;
                Inner::Csv(Box::new(writer))
            }
        }))
    }

    /// Writes one record.
    ///
    /// # Errors
    /// When the writer takes nothing more.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        match &mut self.0 {
            Inner::Json { writer, first } => {
                let separator = if std::mem::take(first) { "\n" } else { ",\n" };
                write!(writer, "{separator}{}", to_json_line(record)?)
            }
            Inner::Jsonl(writer) => writeln!(writer, "{}", to_json_line(record)?),
            Inner::Csv(writer) => writer.write_record(cells(record)?).map_err(io::Error::from),
        }
    }

    /// Hands on what was written so far, to readers who wait for it.
    ///
    /// # Errors
    /// When the writer does not take it.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Json { writer, .. } | Inner::Jsonl(writer) => writer.flush(),
            Inner::Csv(writer) => writer.flush(),
        }
    }

    /// Ends the export.
    ///
    /// # Errors
    /// When the writer does not take the rest.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Inner::Json { mut writer, .. } => {
                writer.write_all(b"\n]\n")?;
                writer.flush()
            }
            Inner::Jsonl(mut writer) => writer.flush(),
            Inner::Csv(mut writer) => writer.flush(),
        }
    }
}

/// The approver in one word: the way, and the account if a person was asked.
///
/// ```
/// use aegis_audit::{ApproverIdentity, approver_word};
/// assert_eq!(approver_word(&ApproverIdentity::terminal("ana".to_owned())), "terminal:ana");
/// assert_eq!(approver_word(&ApproverIdentity::rule()), "rule");
/// ```
#[must_use]
pub fn approver_word(approver: &ApproverIdentity) -> String {
    let via = match approver.via {
        Via::Rule => "rule",
        Via::Terminal => "terminal",
    };
    match &approver.user {
        Some(user) => format!("{via}:{user}"),
        None => via.to_owned(),
    }
}

/// The cells of a record, in the order of [`Record::FIELDS`]; what is null is empty.
fn cells(record: &Record) -> Result<[String; 22], serde_json::Error> {
    let text = |text: &str| guard(escape(text));
    let optional = |value: &Option<String>| value.as_deref().map(text).unwrap_or_default();
    Ok([
        text(&record.id),
        text(&record.session_id),
        record.timestamp.clone(),
        optional(&record.agent),
        text(&record.action_type),
        text(&record.action_target),
        record.action_params.as_ref().map(to_json_line).transpose()?.unwrap_or_default(),
        optional(&record.action_desc),
        record.risk_level.to_string(),
        record.approval.to_string(),
        text(&record.matched_rule),
        record.decision.map(|answer| answer.as_str().to_owned()).unwrap_or_default(),
        record.approver.as_ref().map(|approver| text(&approver_word(approver))).unwrap_or_default(),
        record.result_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        optional(&record.result_error),
        record.duration_ms.map(|duration| duration.to_string()).unwrap_or_default(),
        record.policy_sha256.clone(),
        record.action_sha256.clone(),
        text(&record.host),
        text(&record.user),
        record.seq.to_string(),
        record.hash.clone(),
    ])
}

/// Spreadsheets take a cell that begins with one of these for a formula; a leading quote makes it text again.
fn guard(cell: String) -> String {
    let formula =
        |first: char| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if cell.chars().next().is_some_and(formula) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_can_be_taken_for_a_formula() {
        for cell in ["=1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠x"] {
            assert!(guard(escape(cell)).starts_with('\''), "{cell}");
        }
        // Escaped, a tab is a backslash and a letter.
        assert_eq!(guard(escape("\t=1")), "\\t=1");
        assert_eq!(guard(escape("crm")), "crm");
    }
}
