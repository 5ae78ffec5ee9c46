//! One action in full, for a person.

use std::time::Duration;

use aegis_engine::AgentSource;
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence, ResultStatus};
use aegis_ledger::event::{AnsweredBody, EntryBody, EventBody, PathSource, Payload, SessionSource};
use aegis_ledger::history::{History, HistoryEvent, State};
use aegis_ledger::reconsidered::Reconsidered;
use anstyle::Style;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::decision::render_trace;
use super::foreign_text::{on_one_line, short, subject, text};
use super::json_value::json_lines;
use super::labelled::LabelledLines;
use crate::style::{BAD, FAINT, GOOD, HELP, UNSURE};

const PLAIN: Style = Style::new();

/// Everything about an action, for a terminal of `width` columns, or for none. `is_running` tells of one that
/// was started, and of which no end is recorded, whether it is still being done.
#[must_use]
pub fn render_history(
    history: &History,
    warnings: &[String],
    reconsidered: Option<&Reconsidered>,
    is_running: Option<bool>,
    width: Option<usize>,
) -> String {
    let mut fields = LabelledLines::new(width);
    let main = history.main_event();
    let entry = main.and_then(HistoryEvent::entry);
    let (style, verdict) = match history.state() {
        State::Allowed => (GOOD, "allowed"),
        State::Refused => (BAD, "refused"),
        State::Open => (UNSURE, "open"),
        State::Observed => (UNSURE, "observed, and undecided"),
    };
    let verdict = match history.result() {
        Some(result) if history.ended().is_some() => format!("{verdict}, and ended: {}", result.as_str()),
        None if is_running == Some(true) => format!("{verdict}, and running"),
        None if history.ended().is_some() || history.unfinished().is_some() => {
            format!("{verdict}, and how it went is unknown")
        }
        _ => verdict.to_owned(),
    };
    let subject =
        entry.map(|entry| format!("  {} {}", short(&entry.action_type), short(&entry.action_target)));
    fields.painted(&format!("{style}{verdict}{style:#}{}", subject.unwrap_or_default()));
    for warning in warnings {
        fields.field("warning", BAD, warning);
    }
    fields.blank();
    fields.field("Action", PLAIN, &text(&history.action_id));
    if let Some(entry) = entry {
        action(&mut fields, entry, main.and_then(|event| event.payload.as_ref()));
        answer(&mut fields, history, entry, is_running);
        origin(&mut fields, history, entry);
    }
    fields.blank();
    fields.plain(HELP, "Events");
    let asked_at = history.events.iter().find(|event| event.entry().is_some()).and_then(|event| event.at);
    for event in &history.events {
        let (style, text) = describe(event, asked_at);
        fields.field(&format!("#{}", event.seq), style, &text);
    }
    if let Some(reconsidered) = reconsidered {
        fields.blank();
        explanation(&mut fields, reconsidered);
    }
    fields.to_string()
}

/// What was to be done.
fn action(fields: &mut LabelledLines, entry: &EntryBody, payload: Option<&Payload>) {
    subject(fields, &entry.action_type, &entry.action_target, entry.agent.as_deref());
    fields.field("Session", PLAIN, &text(&entry.session_id));
    match payload {
        None => {
            fields.field("Parameters", UNSURE, "removed from the log");
            fields.field("Agent says", UNSURE, "removed from the log");
        }
        Some(Payload { params, description }) => {
            fields.block("Parameters", PLAIN, &json_lines(&Value::Object(params.clone())));
            match description.as_str() {
                "" => fields.field("Agent says", FAINT, "nothing"),
                words => fields.field("Agent says", PLAIN, &format!("“{}”", text(words))),
            }
        }
    }
}

/// What the policy said, who answered, and what came of it.
fn answer(fields: &mut LabelledLines, history: &History, entry: &EntryBody, is_running: Option<bool>) {
    fields.blank();
    let (style, word) = match entry.decision {
        Some(answer) if answer.is_allowed() => (GOOD, answer.as_str()),
        Some(answer) => (BAD, answer.as_str()),
        None if history.state() == State::Observed => (UNSURE, "none: it was done without asking"),
        None => (UNSURE, "none yet: somebody is being asked, or the question was cut short"),
    };
    fields.field("Decision", style, word);
    fields.field("Risk", PLAIN, entry.risk_level.as_str());
    let rule = text(&entry.matched_rule);
    fields.field("Rule", PLAIN, &format!("{rule}, which requires: {}", entry.approval));
    fields.field("Reason", PLAIN, &on_one_line(&entry.reason));
    for undecidable in &entry.undecidable {
        let (rule, condition) = (text(&undecidable.rule), on_one_line(&undecidable.condition));
        let why = on_one_line(&undecidable.why);
        fields.field("Undecidable", UNSURE, &format!("{condition} of {rule}: {why}"));
    }
    if let Some(answer) = entry.decision {
        fields.field("Answered by", PLAIN, &who(entry.approver.as_ref(), answer));
    }
    if let Some(grant) = &entry.grant {
        let given = time(DateTime::from_timestamp_millis(grant.given_at));
        let (until, left) = (time(DateTime::from_timestamp_millis(grant.expires_at)), grant.uses_left);
        let id = text(&grant.id);
        fields.field(
            "Grant",
            PLAIN,
            &format!("{id}, given {given} until {until}, {left} uses left behind this one"),
        );
    }
    if let Some(waited) = history.waited_ms() {
        fields.field("Waited", PLAIN, &duration(waited));
    }
    match history.ended() {
        Some(ended) => {
            let style = match ended.status {
                Some(ResultStatus::Success) => GOOD,
                Some(_) => BAD,
                None => UNSURE,
            };
            fields.field("Result", style, &result(ended.status, ended.error, ended.duration_ms));
        }
        None if history.unfinished().is_some() => fields.field(
            "Result",
            UNSURE,
            match is_running {
                Some(true) => "none yet: it is running",
                _ => "unknown: it was started, and whatever saw to it is gone without recording its end",
            },
        ),
        None if history.state() == State::Allowed => fields.field("Result", FAINT, "not recorded"),
        None => {}
    }
}

/// Where all of this comes from, and what proves it.
fn origin(fields: &mut LabelledLines, history: &History, entry: &EntryBody) {
    fields.blank();
    let login = entry.login.as_deref().map(logged_in).unwrap_or_default();
    let asked = format!("{} on {}{login}", text(&entry.user), text(&entry.host));
    fields.field("Asked by", PLAIN, &asked);
    for (label, source) in [("Policy path", entry.policy_source), ("Log path", entry.log_source)] {
        let (style, words) = match source {
            PathSource::Argument => (PLAIN, "given as an argument"),
            PathSource::Environment => (BAD, "from the environment"),
            PathSource::Default => (PLAIN, "the default"),
        };
        fields.field(label, style, words);
    }
    if let Some(source) = entry.agent_source {
        let (style, words) = match source {
            AgentSource::Argument => (PLAIN, "given as an argument"),
            AgentSource::Action => (PLAIN, "by the action's own word"),
            AgentSource::Environment => (BAD, "from the environment, and no rule went by it"),
        };
        fields.field("Agent name", style, words);
    }
    if let Some(source) = entry.session_source {
        let words = match source {
            SessionSource::Argument => "given as an argument",
            SessionSource::Environment => "from the environment",
            SessionSource::Generated => "made up for this call",
        };
        fields.field("Session id", PLAIN, words);
    }
    if let Some(call) = &entry.call {
        let id = call.id.as_deref().map_or_else(|| "without an id".to_owned(), text);
        fields.field("Call", PLAIN, &format!("{id} ({})", text(&call.format)));
    }
    // Without the word `sha256` before it, a digest fits on a line of 80 columns.
    fields.field("Policy hash", PLAIN, &text(&entry.policy_sha256));
    fields.field("Action hash", PLAIN, &text(&entry.action_sha256));
    match history.decided() {
        Some(decided) => {
            fields.field("Receipt", PLAIN, &format!("row {} of log {}", decided.seq, history.log));
            fields.field("Row hash", PLAIN, &decided.hash);
        }
        None => fields.field("Receipt", FAINT, "none: it is not decided"),
    }
}

/// One event of an action that was asked for then, in a line, and how it is painted.
fn describe(event: &HistoryEvent, asked_at: Option<DateTime<Utc>>) -> (Style, String) {
    let what = match &event.told {
        Some(EventBody::Requested(entry)) => {
            format!("{} risk, to be approved by rule {}", entry.risk_level, text(&entry.matched_rule))
        }
        Some(EventBody::Answered(answered)) => answer_given(answered),
        Some(EventBody::Decided(entry)) => {
            let answer = entry.decision.map_or("without an answer", Answer::as_str);
            let grant = entry.grant.as_ref().map(|grant| format!(", by grant {}", text(&grant.id)));
            let (risk, rule) = (entry.risk_level, text(&entry.matched_rule));
            format!("{answer}, {risk} risk, by rule {rule}{}", grant.unwrap_or_default())
        }
        Some(EventBody::Started(started)) => match &started.recorder {
            Some(recorder) => format!("by process {}", recorder.pid),
            None => "by a process that is not recorded".to_owned(),
        },
        Some(EventBody::Verified(verified)) => {
            let word = if verified.passed { "found as it should be" } else { "not found as it should be" };
            outcome(word, verified.error.as_deref(), verified.duration_ms)
        }
        Some(EventBody::Replied(replied)) => {
            let by = short_who(Some(&replied.approver));
            let name =
                replied.name.as_deref().map_or_else(String::new, |name| format!(", as {}", text(name)));
            let why = replied.note.as_deref().map_or_else(String::new, |note| format!(": {}", text(note)));
            let evidence = replied.approver.evidence.level();
            let waited = event.at.zip(asked_at).map(|(at, asked)| (at - asked).num_milliseconds());
            let after = waited.and_then(|waited| u64::try_from(waited).ok()).map(duration);
            let after = after.map_or_else(String::new, |after| format!(" after {after}"));
            let key = replied.key.as_deref().map_or_else(String::new, |key| format!(", key {}", text(key)));
            let grant = if replied.grant { ", with the grant" } else { "" };
            let word = replied.decision.as_str();
            format!("{word}{grant} by {by} (evidence {evidence}){name}{key}{after}{why}")
        }
        Some(EventBody::Consumed(consumed)) => format!("used by action {}", text(&consumed.by)),
        Some(EventBody::Used(used)) => format!("the grant let action {} happen", text(&used.by)),
        Some(EventBody::Revoked(revoked)) => {
            let (user, host) = (text(&revoked.user), text(&revoked.host));
            let why = revoked.note.as_deref().map_or_else(String::new, |note| format!(": {}", text(note)));
            let login = revoked.login.as_deref().map(logged_in).unwrap_or_default();
            format!("the grant taken back by {user} on {host}{login}{why}")
        }
        Some(EventBody::Observed(entry)) => {
            format!(
                "done without asking; the policy would have said: {}, {} risk",
                entry.approval, entry.risk_level
            )
        }
        Some(EventBody::Ended(ended)) => {
            result(ended.result_status, ended.result_error.as_deref(), ended.duration_ms)
        }
        Some(EventBody::Redacted(redacted)) => {
            let rows: Vec<_> = redacted.events.iter().map(u64::to_string).collect();
            let (rows, user, host) = (rows.join(", "), text(&redacted.user), text(&redacted.host));
            let why = redacted.note.as_deref().map_or_else(String::new, |note| format!(": {}", text(note)));
            let login = redacted.login.as_deref().map(logged_in).unwrap_or_default();
            format!("parameters and description of row {rows} removed by {user} on {host}{login}{why}")
        }
        // What is about the log itself belongs to no action.
        Some(EventBody::Checkpoint(_) | EventBody::Pruned(_)) | None => "cannot be read".to_owned(),
    };
    let line = format!("{}  {}  {what}", time(event.at), text(&event.kind));
    match &event.damage {
        None => (PLAIN, line),
        Some(damage) => (BAD, format!("DAMAGED ({})  {line}", text(damage))),
    }
}

/// Who it was behind `sudo`.
fn logged_in(login: &str) -> String {
    format!(", logged in as {}", text(login))
}

fn answer_given(answered: &AnsweredBody) -> String {
    let grant = if answered.grant { ", with the grant" } else { "" };
    let by = short_who(answered.approver.as_ref());
    let mut what = format!("{}{grant} by {by}", answered.decision.as_str());
    if let Some(waited) = answered.waited_ms {
        what = format!("{what} after {}", duration(waited));
    }
    match &answered.note {
        Some(note) => format!("{what}: {}", text(note)),
        None => what,
    }
}

/// What the policy that was given says of the action.
fn explanation(fields: &mut LabelledLines, reconsidered: &Reconsidered) {
    fields.plain(HELP, "The policy that was given");
    fields.field("Policy hash", PLAIN, &reconsidered.policy_sha256.to_string());
    if reconsidered.same_policy {
        fields.field("", GOOD, "the one that it was decided by");
    } else {
        fields.field("", UNSURE, "another one than it was decided by");
    }
    match &reconsidered.verdict {
        Err(problem) => fields.field("Decides", UNSURE, &format!("cannot be told: {}", text(problem))),
        Ok(says) => {
            fields.field("As of", PLAIN, &time(Some(says.at)));
            if !says.same_action {
                let note = "the recorded parameters are not those that were evaluated: secrets in them were \
                replaced before writing, and conditions on them may read otherwise";
                fields.field("warning", BAD, note);
            }
            for line in render_trace(&says.traces, &says.decision).lines() {
                fields.painted(line);
            }
        }
    }
}

/// Who answered, and how strongly that is known, in words.
fn who(approver: Option<&ApproverIdentity>, answer: Answer) -> String {
    let Some(approver) = approver else {
        return match answer {
            Answer::Block => "nobody was asked: the policy refuses it".to_owned(),
            Answer::Unanswered => "nobody".to_owned(),
            _ => "not recorded".to_owned(),
        };
    };
    let user = approver.user.as_deref().map_or_else(|| "somebody".to_owned(), text);
    let way = match approver.via.as_str() {
        "rule" => "by a rule".to_owned(),
        "terminal" => "at a terminal".to_owned(),
        "account" => "at a terminal of their own account".to_owned(),
        "signature" | "touch" => "by the SSH key that the policy names".to_owned(),
        "grant" => match approver.evidence {
            Evidence::Account => "by a grant given at a terminal of their own account".to_owned(),
            Evidence::Signature | Evidence::Touch => "by a grant".to_owned(),
            Evidence::Rule | Evidence::Terminal => "by a grant given at a terminal".to_owned(),
        },
        other => format!("by way of `{}`", text(other)),
    };
    match approver.evidence {
        Evidence::Rule => "a rule of the policy; nobody was asked (evidence 0)".to_owned(),
        Evidence::Terminal => format!(
            "{user}, {way} of the user who asked, where a program could have answered too (evidence 1)"
        ),
        Evidence::Account => {
            format!("{user}, {way}, which is not the one that asked, as the kernel says (evidence 2)")
        }
        Evidence::Signature => format!("{user}, {way}, with a signature (evidence 3)"),
        Evidence::Touch => {
            format!("{user}, {way}, with a signature by a security key that was touched (evidence 4)")
        }
    }
}

fn short_who(approver: Option<&ApproverIdentity>) -> String {
    match approver {
        None => "nobody".to_owned(),
        Some(approver) => text(&aegis_ledger::export::approver_word(approver)),
    }
}

fn result(status: Option<ResultStatus>, error: Option<&str>, duration_ms: Option<u64>) -> String {
    outcome(status.map_or("unknown", ResultStatus::as_str), error, duration_ms)
}

fn outcome(word: &str, error: Option<&str>, duration_ms: Option<u64>) -> String {
    let mut result = word.to_owned();
    if let Some(took) = duration_ms {
        result = format!("{result} after {}", duration(took));
    }
    match error {
        Some(error) => format!("{result}: {}", text(error)),
        None => result,
    }
}

fn duration(millis: u64) -> String {
    humantime::format_duration(Duration::from_millis(millis)).to_string()
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "at no time".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S%.3fZ").to_string())
}

/// A word of the agent in the headline.
#[cfg(test)]
mod tests;
