//! CSV as RFC 4180 has it: a header, CRLF, quotes where they are needed. No cell can be taken for a formula,
//! whichever separator a spreadsheet splits at.

use std::io::{self, Write};

use aegis_engine::{escape_into, escape_json_into};
use csv::{Terminator, Writer, WriterBuilder};
use serde_json::value::RawValue;

use crate::answer::{Answer, ResultStatus};
use crate::export::values::{approver_word, push_shown};
use crate::record::{BorrowedRecord, Record};

/// Writes rows with a cell for each of [`Record::FIELDS`]; what is null is empty.
#[derive(Debug)]
pub(super) struct CsvWriter<W: Write> {
    writer: Box<Writer<W>>,
    cell: Cell,
}

impl<W: Write> CsvWriter<W> {
    pub(super) fn new(writer: W) -> io::Result<CsvWriter<W>> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(writer);
        writer.write_record(Record::FIELDS).map_err(io::Error::from)?;
        Ok(CsvWriter { writer: Box::new(writer), cell: Cell::default() })
    }

    pub(super) fn write(&mut self, record: &BorrowedRecord<'_>) -> io::Result<()> {
        let approver = record.approver.as_ref().map(approver_word);
        self.texts([Some(record.id), Some(&record.session_id), Some(record.timestamp)])?;
        self.texts([record.agent.as_deref(), Some(&record.action_type), Some(&record.action_target)])?;
        self.json(record.action_params.as_deref().map(RawValue::get))?;
        self.texts([
            record.action_desc.as_deref(),
            Some(record.risk_level.as_str()),
            Some(record.approval.as_str()),
            Some(&record.matched_rule),
            record.decision.map(Answer::as_str),
            approver.as_deref(),
            record.result_status.map(ResultStatus::as_str),
            record.result_error.as_deref(),
        ])?;
        self.number(record.duration_ms)?;
        self.texts([Some(&record.policy_sha256), Some(&record.action_sha256)])?;
        self.texts([Some(&record.host), Some(&record.user)])?;
        self.number(Some(record.seq))?;
        self.texts([Some(record.hash)])?;
        self.writer.write_record(None::<&[u8]>).map_err(io::Error::from)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn texts<const N: usize>(&mut self, texts: [Option<&str>; N]) -> io::Result<()> {
        for text in texts {
            let cell = text.map(|text| self.cell.text(text)).unwrap_or_default();
            self.writer.write_field(cell).map_err(io::Error::from)?;
        }
        Ok(())
    }

    fn json(&mut self, json: Option<&str>) -> io::Result<()> {
        let cell = json.map(|json| self.cell.json(json)).unwrap_or_default();
        self.writer.write_field(cell).map_err(io::Error::from)
    }

    fn number(&mut self, number: Option<u64>) -> io::Result<()> {
        let cell = number.map(|number| self.cell.number(number)).unwrap_or_default();
        self.writer.write_field(cell).map_err(io::Error::from)
    }
}

/// The content of a cell, in a buffer that is kept.
#[derive(Debug, Default)]
struct Cell {
    shown: String,
    guarded: String,
}

impl Cell {
    /// A stranger's text: escaped, and marked with a quote where a spreadsheet would calculate.
    fn text(&mut self, text: &str) -> &str {
        self.shown.clear();
        escape_into(text, &mut self.shown);
        if self.shown.starts_with(begins_formula) {
            self.shown.insert(0, '\'');
        }
        self.guard(|_| true, |shown, character| shown.extend(character.escape_unicode()))
    }

    /// JSON: the same value, but safe.
    fn json(&mut self, json: &str) -> &str {
        self.shown.clear();
        escape_json_into(json, &mut self.shown);
        let mut inside = Inside::default();
        self.guard(
            // Outside of strings, only numbers begin like a formula; they cannot go on like one.
            move |character| inside.string(character),
            |shown, character| push_shown(shown, format_args!("\\u{:04x}", u32::from(character))),
        )
    }

    fn number(&mut self, number: u64) -> &str {
        self.shown.clear();
        push_shown(&mut self.shown, number);
        &self.shown
    }

    /// A program that splits at another separator, or does not heed the quotes, begins a cell inside of this
    /// one. A formula could begin there only with a character that is escaped here.
    fn guard(
        &mut self,
        mut may_escape: impl FnMut(char) -> bool,
        escape: impl Fn(&mut String, char),
    ) -> &str {
        if !self.shown.contains(separates) {
            return &self.shown;
        }
        self.guarded.clear();
        let mut begins_cell = false;
        for character in self.shown.chars() {
            let escapable = may_escape(character);
            if begins_cell && escapable && begins_formula(character) {
                escape(&mut self.guarded, character);
            } else {
                self.guarded.push(character);
            }
            begins_cell = separates(character) || (begins_cell && character == '"');
        }
        &self.guarded
    }
}

/// Whether a place in JSON is inside of a string.
#[derive(Clone, Copy, Debug, Default)]
struct Inside {
    string: bool,
    escape: bool,
}

impl Inside {
    /// Whether the next character of the JSON stands inside of a string.
    fn string(&mut self, character: char) -> bool {
        let inside = self.string;
        match (inside, self.escape, character) {
            (true, true, _) => self.escape = false,
            (true, false, '\\') => self.escape = true,
            (_, _, '"') => self.string = !inside,
            _ => {}
        }
        inside
    }
}

/// What spreadsheets split at, in one country or another. A tab is never in a cell: it is escaped.
const fn separates(character: char) -> bool {
    matches!(character, ',' | ';' | '|')
}

/// Spreadsheets take a cell that begins with one of these for a formula.
const fn begins_formula(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_can_be_taken_for_a_formula() {
        let mut cell = Cell::default();
        for text in ["=1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠x"] {
            assert!(cell.text(text).starts_with('\''), "{text}");
        }
        // Escaped, a tab is a backslash and a letter.
        assert_eq!(cell.text("\t=1"), "\\t=1");
        assert_eq!(cell.text("crm"), "crm");
    }

    #[test]
    fn no_formula_begins_behind_a_separator_inside_of_a_cell() {
        let mut cell = Cell::default();
        for (text, shown) in [
            ("a;=1", r"a;\u{3d}1"),
            ("a,\"=1", r#"a,"\u{3d}1"#),
            ("a|+1;;-1", r"a|\u{2b}1;;\u{2d}1"),
            ("=1;@x", r"'=1;\u{40}x"),
            ("a;＝1", r"a;\u{ff1d}1"),
            ("a=1; b=2, -c", "a=1; b=2, -c"),
        ] {
            assert_eq!(cell.text(text), shown);
        }
        for (json, shown) in [
            (r#"{"a":[1,-2,"=1"],"b":";=1"}"#, r#"{"a":[1,-2,"\u003d1"],"b":";\u003d1"}"#),
            (r#"{"a,=1":"\\",":-x":"\",-1"}"#, r#"{"a,\u003d1":"\\",":-x":"\",\u002d1"}"#),
        ] {
            assert_eq!(cell.json(json), shown);
            let value = |json| serde_json::from_str::<serde_json::Value>(json).unwrap();
            assert_eq!(value(json), value(shown));
        }
    }
}
