//! A question that waits, in full, for a person.

use aegis_engine::{ApprovalTerms, KnownBy};
use aegis_ledger::answer::Answer;
use aegis_ledger::export::approver_word;
use aegis_ledger::question::{Reply, Standing};
use anstyle::Style;
use chrono::DateTime;
use serde_json::Value;

use super::foreign_text::{on_one_line, short, subject, text};
use super::json_value::json_lines;
use super::labelled::LabelledLines;
use crate::asked::Asked;
use crate::quantity::{brief_duration, counted};
use crate::style::{BAD, FAINT, GOOD, HELP, UNSURE};

const PLAIN: Style = Style::new();

/// How a question stands, what it is about, on what terms it is answered, and what was said to it: for a
/// terminal of `width` columns, or for none, as of an instant in milliseconds since the Unix epoch.
#[must_use]
pub fn render_question(asked: &Asked<'_>, now: i64, width: Option<usize>) -> String {
    let Asked { question, entry, payload, .. } = *asked;
    let mut fields = LabelledLines::new(width);
    let (style, standing) = describe(question.standing(now), now);
    let (kind, target) = (short(&entry.action_type), short(&entry.action_target));
    fields.painted(&format!("{style}{standing}{style:#}  {kind} {target}"));
    fields.blank();
    fields.field("Question", PLAIN, &text(question.id()));
    subject(&mut fields, &entry.action_type, &entry.action_target, entry.agent.as_deref());
    match payload {
        None => fields.field("Parameters", UNSURE, "removed from the log: it cannot be approved"),
        Some(payload) => {
            fields.block("Parameters", PLAIN, &json_lines(&Value::Object(payload.params.clone())));
            if !payload.description.is_empty() {
                fields.field("Agent says", PLAIN, &format!("“{}”", text(&payload.description)));
            }
        }
    }
    if !entry.redacted.is_empty() {
        let places = entry.redacted.join(", ");
        fields.field("Kept out", UNSURE, &format!("{}: only digests are in the log", text(&places)));
    }
    fields.field("Action hash", PLAIN, &text(&entry.action_sha256));
    fields.blank();
    fields.field("Risk", PLAIN, entry.risk_level.as_str());
    fields.field("Rule", PLAIN, &text(&entry.matched_rule));
    fields.field("Reason", PLAIN, &on_one_line(&entry.reason));
    fields.field("Policy hash", PLAIN, &text(&entry.policy_sha256));
    fields.blank();
    let login = entry.login.as_deref().map_or_else(String::new, |it| format!(", logged in as {}", text(it)));
    fields.field("Asked by", PLAIN, &format!("{} on {}{login}", text(&entry.user), text(&entry.host)));
    fields.field("Asked", PLAIN, &instant(question.asked_at()));
    fields.field("Expires", PLAIN, &instant(question.expires_at()));
    terms(&mut fields, question.terms());
    fields.blank();
    fields.plain(HELP, "Replies");
    if question.replies().is_empty() {
        fields.field("", FAINT, "none yet");
    }
    for reply in question.replies() {
        let (style, line) = replied(reply, question.asked_at());
        fields.field("", style, &line);
    }
    fields.to_string()
}

fn describe(standing: Standing, now: i64) -> (Style, String) {
    let left = |until: i64| brief_duration(until.saturating_sub(now));
    match standing {
        Standing::Open { missing: 1 } => (UNSURE, "open: a yes is missing".to_owned()),
        Standing::Open { missing } => (UNSURE, format!("open: {missing} yeses are missing")),
        Standing::Approved { until } => (GOOD, format!("approved, to be used within {}", left(until))),
        Standing::Denied { until } => (BAD, format!("denied, for {} more", left(until))),
        Standing::Expired => (FAINT, "expired: nobody answered in time".to_owned()),
        Standing::Lapsed(answer) => {
            (FAINT, format!("lapsed: it was {}, and not used in time", answer.as_str()))
        }
        Standing::Used(answer) => (FAINT, format!("used: it was {}", answer.as_str())),
    }
}

/// On what terms an answer counts.
fn terms(fields: &mut LabelledLines, terms: &ApprovalTerms) {
    let duration = |millis: u64| brief_duration(i64::try_from(millis).unwrap_or(i64::MAX));
    let quorum = match terms.quorum {
        0 | 1 => "one yes".to_owned(),
        quorum => format!("{quorum} yeses of different approvers"),
    };
    let evidence = match terms.evidence {
        0 | 1 => "known at least by a terminal of the asker's account",
        2 => "known at least as another account than the asker's",
        3 => "known at least by a signature",
        _ => "known by a signature with the proof of a touch",
    };
    let own = if terms.self_approval { "" } else { "; not by whoever asks" };
    fields.field("Needs", PLAIN, &format!("{quorum}, {evidence}{own}; any no is final"));
    let within = duration(terms.use_within_ms);
    fields.field("Use", PLAIN, &format!("once, within {within} of the answer, by the same action again"));
    if let Some(grant) = &terms.grant {
        let (uses, within) = (counted(u64::from(grant.uses), "further action"), duration(grant.for_ms));
        let same = grant.same.as_ref().map_or_else(
            || "all of it the same".to_owned(),
            |same| {
                format!("the same {}", same.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            },
        );
        let line = format!("can be given with a yes: {uses} within {within}, {same}");
        fields.field("Grant", PLAIN, &line);
    }
    for named in &terms.by {
        let by = match &named.known_by {
            KnownBy::Account { account } => format!("account {}", text(account)),
            KnownBy::SshKey { ssh_key, touch } => {
                format!("{}{}", text(ssh_key), if *touch { ", touched" } else { "" })
            }
        };
        fields.field("Approver", PLAIN, &format!("{}: {by}", text(&named.name)));
    }
}

/// A reply in a line, and how it is painted.
fn replied(reply: &Reply, asked_at: i64) -> (Style, String) {
    let style = if reply.answer == Answer::Approved { GOOD } else { BAD };
    let word = match (reply.answer, reply.grant) {
        (Answer::Approved, true) => "yes, with the grant,",
        (Answer::Approved, false) => "yes",
        _ => "no",
    };
    let evidence = reply.approver.evidence.level();
    let by = text(&approver_word(&reply.approver));
    let name = reply.name.as_deref().map_or_else(String::new, |name| format!(", as {}", text(name)));
    let after = brief_duration(reply.at.saturating_sub(asked_at));
    let note = reply.note.as_deref().map_or_else(String::new, |note| format!(": {}", text(note)));
    (style, format!("{word} by {by} (evidence {evidence}){name} after {after}{note}"))
}

fn instant(millis: i64) -> String {
    let at = DateTime::from_timestamp_millis(millis);
    at.map_or_else(|| "at no time".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%SZ").to_string())
}
