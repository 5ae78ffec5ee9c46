//! CEF: `ArcSight`'s Common Event Format, version 0, an event a line and no syslog header.
//!
//! `CEF:0|vendor|product|version|signature|name|severity|key=value …`. Values are escaped as the format wants
//! it (`\`, `=` and ends of lines; in the header `\` and `|`), so that whoever reads them by its rules has
//! what is recorded. The format has no escape for what is not safe to look at, such as control characters: a
//! value that holds any is written as it is shown to people, and `AegisEscaped` names its key. So is what is
//! longer than the format lets its key be: it is cut, and says how much is hidden, with its digest.

use std::io::{self, Write};

use aegis_engine::{Digest, OBSERVED_RULE, RiskLevel, escape_capped, escape_into, escape_json_into};
use serde_json::value::RawValue;

use crate::answer::{Answer, ResultStatus};
use crate::export::values::{approver_word, instant, push_shown};
use crate::record::BorrowedRecord;

/// How long the values of most keys may be, in characters.
const LONG: usize = 1023;
/// How long those of custom strings may be.
const CUSTOM: usize = 4000;
/// How long a host name may be.
const HOST: usize = 100;
/// How long an id may be.
const ID: usize = 40;
/// More than the note takes that stands for what was cut off.
const NOTE: usize = 64;

/// Writes events.
#[derive(Debug)]
pub(super) struct CefWriter<W: Write> {
    writer: W,
    event: Event,
}

impl<W: Write> CefWriter<W> {
    pub(super) fn new(writer: W) -> CefWriter<W> {
        CefWriter { writer, event: Event::default() }
    }

    pub(super) fn write(&mut self, record: &BorrowedRecord<'_>) -> io::Result<()> {
        let at = instant(record)?;
        self.event.line.clear();
        self.event.shown.clear();
        self.event.header(record);
        self.event.outcome(record, at);
        self.event.action(record);
        self.event.evidence(record);
        self.event.say_what_is_shown();
        self.event.line.push('\n');
        self.writer.write_all(self.event.line.as_bytes())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// One line, in buffers that are kept.
#[derive(Debug, Default)]
struct Event {
    line: String,
    value: String,
    /// The keys whose values are written as they are shown to people.
    shown: Vec<&'static str>,
}

impl Event {
    /// All of it is this program's own words, which need no escapes.
    fn header(&mut self, record: &BorrowedRecord<'_>) {
        let (signature, name) = match record.decision {
            None if &*record.matched_rule == OBSERVED_RULE => OBSERVED,
            decision => signature(decision),
        };
        let version = env!("CARGO_PKG_VERSION");
        for part in
            ["CEF:0|Aegis|aegis|", version, "|", signature, "|", name, "|", severity(record.risk_level), "|"]
        {
            self.line.push_str(part);
        }
        self.line.push_str("rt=");
    }

    fn outcome(&mut self, record: &BorrowedRecord<'_>, at: i64) {
        push_shown(&mut self.line, at);
        self.id(record.id);
        let act = match record.decision {
            Some(answer) if answer.is_allowed() => "allowed",
            Some(_) => "denied",
            None if &*record.matched_rule == OBSERVED_RULE => "observed",
            None => "asked",
        };
        self.word("act", act);
        if let Some(status) = record.result_status {
            self.word("outcome", if status == ResultStatus::Success { "success" } else { "failure" });
            self.word("AegisResult", status.as_str());
        }
        self.text("reason", record.result_error.as_deref(), LONG);
        self.number("cn2", "durationMs", record.duration_ms);
    }

    fn action(&mut self, record: &BorrowedRecord<'_>) {
        self.text("cat", Some(&record.action_type), LONG);
        self.text("destinationServiceName", Some(&record.action_target), LONG);
        self.text("sourceServiceName", record.agent.as_deref(), LONG);
        self.text("suser", Some(&record.user), LONG);
        self.text("dvchost", Some(&record.host), HOST);
        self.custom("cs1", "rule", Some(&record.matched_rule), CUSTOM);
        self.custom("cs2", "session", Some(&record.session_id), CUSTOM);
        self.custom("cs3", "approval", Some(record.approval.as_str()), CUSTOM);
        let approver = record.approver.as_ref().map(approver_word);
        self.custom("cs4", "approver", approver.as_deref(), CUSTOM);
        self.params(record.action_params.as_deref().map(RawValue::get));
        self.custom("flexString1", "agentDescription", record.action_desc.as_deref(), LONG);
    }

    fn evidence(&mut self, record: &BorrowedRecord<'_>) {
        self.custom("cs6", "policySha256", Some(&record.policy_sha256), CUSTOM);
        self.text("AegisActionSha256", Some(&record.action_sha256), LONG);
        self.number("cn1", "seq", Some(record.seq));
        self.text("AegisHash", Some(record.hash), LONG);
    }

    fn key(&mut self, key: &str) {
        self.line.push(' ');
        self.line.push_str(key);
        self.line.push('=');
    }

    /// One of this program's own words.
    fn word(&mut self, key: &str, word: &str) {
        self.key(key);
        self.line.push_str(word);
    }

    /// A stranger's text; nothing where there is none, since the format has no empty values.
    fn text(&mut self, key: &'static str, text: Option<&str>, cap: usize) -> bool {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return false };
        self.take(key, text);
        self.capped(key, text, cap);
        true
    }

    /// The text of a key that has a label.
    fn custom(&mut self, key: &'static str, label: &str, text: Option<&str>, cap: usize) {
        if self.text(key, text, cap) {
            self.label(key, label);
        }
    }

    /// The parameters: JSON, unless they are cut.
    fn params(&mut self, json: Option<&str>) {
        let Some(json) = json else { return };
        self.value.clear();
        escape_json_into(json, &mut self.value);
        self.capped("cs5", json, CUSTOM);
        self.label("cs5", "params");
    }

    fn number(&mut self, key: &str, label: &str, number: Option<u64>) {
        let Some(number) = number else { return };
        self.key(key);
        push_shown(&mut self.line, number);
        self.label(key, label);
    }

    /// An id that is too long for the note is its digest.
    fn id(&mut self, id: &str) {
        self.take("externalId", id);
        if self.value.chars().count() > ID {
            let digest = Digest::of(id.as_bytes()).to_string();
            self.value.clear();
            self.value.extend("sha256:".chars().chain(digest.chars()).take(ID));
        }
        self.push_value("externalId");
    }

    fn label(&mut self, key: &str, label: &str) {
        self.line.push(' ');
        self.line.push_str(key);
        self.line.push_str("Label=");
        self.line.push_str(label);
    }

    /// The value, or as much of `text`, which it shows, as the key may hold.
    fn capped(&mut self, key: &'static str, text: &str, cap: usize) {
        if self.value.len() > cap && self.value.chars().count() > cap {
            self.value = escape_capped(text, cap.saturating_sub(NOTE));
            self.show(key);
        }
        self.push_value(key);
    }

    /// Takes a text for the value of a key: as it is, where the format's own escapes make it safe to look at.
    fn take(&mut self, key: &'static str, text: &str) {
        self.value.clear();
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            self.value.push_str(text);
            return;
        }
        escape_into(text, &mut self.value);
        if is_only_formatted(text, &self.value) {
            self.value.clear();
            self.value.push_str(text);
        } else {
            self.show(key);
        }
    }

    fn show(&mut self, key: &'static str) {
        if !self.shown.contains(&key) {
            self.shown.push(key);
        }
    }

    fn say_what_is_shown(&mut self) {
        for (index, key) in std::mem::take(&mut self.shown).into_iter().enumerate() {
            self.line.push_str(if index == 0 { " AegisEscaped=" } else { "," });
            self.line.push_str(key);
        }
    }

    fn push_value(&mut self, key: &str) {
        self.key(key);
        let mut rest = self.value.as_str();
        while let Some((before, special, after)) = next_special(rest) {
            self.line.push_str(before);
            self.line.push_str(special);
            rest = after;
        }
        self.line.push_str(rest);
    }
}

/// Whether what is shown of a text differs from it in nothing but backslashes and ends of lines, for which
/// the format has escapes of its own.
fn is_only_formatted(text: &str, mut shown: &str) -> bool {
    for part in text.split_inclusive(['\\', '\n', '\r']) {
        let (plain, escaped) = match part.char_indices().next_back() {
            Some((at, '\\')) => (part.get(..at), r"\\"),
            Some((at, '\n')) => (part.get(..at), r"\n"),
            Some((at, '\r')) => (part.get(..at), r"\r"),
            _ => (Some(part), ""),
        };
        let rest = plain.and_then(|plain| shown.strip_prefix(plain)?.strip_prefix(escaped));
        let Some(rest) = rest else { return false };
        shown = rest;
    }
    shown.is_empty()
}

/// What stands before the first character that the format escapes, what that is written as, and the rest.
fn next_special(text: &str) -> Option<(&str, &'static str, &str)> {
    let at = text.find(['\\', '=', '\n', '\r'])?;
    let (before, rest) = text.split_at_checked(at)?;
    let mut characters = rest.chars();
    let special = match characters.next()? {
        '\\' => r"\\",
        '=' => r"\=",
        '\n' => r"\n",
        _ => r"\r",
    };
    Some((before, special, characters.as_str()))
}

/// The same of what was done without asking.
const OBSERVED: (&str, &str) = ("observed", "Action done without asking");

/// What kind of event it is: a stable word, and what people read.
const fn signature(answer: Option<Answer>) -> (&'static str, &'static str) {
    match answer {
        Some(Answer::Auto) => ("auto", "Action allowed by the policy"),
        Some(Answer::Approved) => ("approved", "Action approved"),
        Some(Answer::Denied) => ("denied", "Action denied"),
        Some(Answer::Block) => ("block", "Action blocked by the policy"),
        Some(Answer::Unanswered) => ("unanswered", "Action refused because nobody answered"),
        None => ("requested", "Action asked about, without an answer"),
    }
}

const fn severity(risk: RiskLevel) -> &'static str {
    match risk {
        RiskLevel::Low => "3",
        RiskLevel::Medium => "5",
        RiskLevel::High => "8",
        RiskLevel::Critical => "10",
    }
}
