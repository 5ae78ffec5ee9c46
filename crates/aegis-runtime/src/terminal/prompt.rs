//! What is shown to whoever is asked, and what counts as yes.
//!
//! Nothing in it can be mistaken for something else: every string is escaped, every line begins with a label
//! or a rule of ours, long values say how much of them is hidden, and target and digest stand last, next to
//! the question.

use std::time::Duration;

use aegis_engine::{AgentSource, RiskLevel, canonical_json, escape, escape_capped};
use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::layout::{JsonLine, Lines, short_digest};
use super::no_answer::NoAnswer;
use super::reply::Reply;
use crate::approval::ApprovalRequest;

/// How many lines the whole may take: what the lowest usual terminal shows.
const SCREEN: usize = 24;
/// How many lines parameters may take, however much else there is to show.
const FEWEST_PARAMETER_LINES: usize = 4;
/// How many characters of a parameter's name are shown.
const LONGEST_NAME: usize = 30;
/// The bytes of a line that may have been cut off: of all systems' terminals, the shortest lines have 1024.
const TOO_LONG: usize = 1024;
/// The longest target that a person can be asked to type.
const TYPEABLE: usize = 40;

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();

pub(super) struct Prompt<'a> {
    request: &'a ApprovalRequest<'a>,
    color: bool,
    width: usize,
}

/// What somebody has to type to say yes.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Yes,
    /// The target's name.
    Target(String),
    /// The first digits of the digest, where the name cannot be typed.
    Digest(String),
}

impl<'a> Prompt<'a> {
    pub(super) const fn new(request: &'a ApprovalRequest<'a>, color: bool, width: usize) -> Prompt<'a> {
        Prompt { request, color, width }
    }

    fn challenge(&self) -> Challenge {
        if self.request.decision.risk_level() != RiskLevel::Critical {
            return Challenge::Yes;
        }
        let target = self.request.action.target();
        let typeable = !target.is_empty()
            && target.trim() == target
            && target.chars().count() <= TYPEABLE
            && target.is_ascii()
            && escape(target) == target;
        if typeable {
            Challenge::Target(target.to_owned())
        } else {
            Challenge::Digest(self.request.action_sha256.to_string().chars().take(8).collect())
        }
    }

    /// Whether a typed line is a yes.
    pub(super) fn is_yes(&self, line: &[u8]) -> bool {
        // A line that is too long the terminal cuts off, and puts the newline behind what is left.
        if line.len() >= TOO_LONG {
            return false;
        }
        // Without a newline, it was cut off by ^D.
        let Some(typed) = line.strip_suffix(b"\n").and_then(|typed| std::str::from_utf8(typed).ok()) else {
            return false;
        };
        let typed = typed.trim();
        match self.challenge() {
            Challenge::Yes => typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes"),
            Challenge::Target(wanted) | Challenge::Digest(wanted) => typed == wanted,
        }
    }

    /// Everything above the question.
    pub(super) fn description(&self) -> String {
        let mut lines = self.head();
        let tail = self.tail();
        // The question takes a line, too.
        let room = SCREEN.saturating_sub(lines.count() + tail.count() + 1).max(FEWEST_PARAMETER_LINES);
        self.parameters(&mut lines, room);
        lines.append(tail);
        lines.to_string()
    }

    fn head(&self) -> Lines {
        let action = self.request.action;
        let mut lines = Lines::new(self.width, self.color);
        lines.plain("", PLAIN);
        lines.plain("  Aegis: an agent asks for your approval", BOLD);
        lines.field("agent", PLAIN, 2, |cap| match (action.agent(), action.agent_source()) {
            (None, _) => "(not named)".to_owned(),
            (Some(label), Some(AgentSource::Environment)) => {
                format!("(not named; the environment says {})", name(label, cap))
            }
            (Some(agent), _) => name(agent, cap),
        });
        lines.field("type", PLAIN, 2, |cap| name(action.kind(), cap));
        lines
    }

    fn tail(&self) -> Lines {
        let (action, decision) = (self.request.action, self.request.decision);
        let mut lines = Lines::new(self.width, self.color);
        if !action.description().is_empty() {
            lines.field("claim", PLAIN, 2, |cap| {
                format!("agent says: {}", escape_capped(action.description(), cap))
            });
        }
        lines.field("rule", PLAIN, 1, |cap| name(decision.matched_rule(), cap));
        // It tells of the first condition that could not be decided, and how many there are.
        lines.field("reason", PLAIN, 3, |cap| escape_capped(decision.reason(), cap));
        let others = decision.undecidable().iter().skip(1);
        let others: Vec<_> = others
            .map(|other| format!("{} of rule {}: {}", other.condition, other.rule, other.why))
            .collect();
        if !others.is_empty() {
            let others = others.join("; ");
            lines.field("unclear", PLAIN, 2, |cap| format!("also {}", escape_capped(&others, cap)));
        }
        let redacted = self.request.redacted;
        if !redacted.is_empty() {
            let places = redacted.join(", ");
            lines.field("secret", PLAIN, 1, |cap| {
                format!("kept out of the log: {}", escape_capped(&places, cap))
            });
        }
        let risk = decision.risk_level();
        lines.field("risk", risk_style(risk), 1, |_| risk.to_string());
        lines.field("target", BOLD, 2, |cap| name(action.target(), cap));
        lines.field("sha256", PLAIN, 1, |_| self.request.action_sha256.to_string());
        lines
    }

    /// The parameters on at most `room` lines: each on as many as lets all of them be shown, if that can be.
    fn parameters(&self, lines: &mut Lines, room: usize) {
        let params = self.request.action.params();
        if params.is_empty() {
            lines.field("params", PLAIN, 1, |_| "(none)".to_owned());
            return;
        }
        // More than there are lines cannot be shown anyway.
        let first: Vec<_> =
            params.iter().take(room + 1).map(|(name, value)| Parameter::new(name, value)).collect();
        let laid_out = |most: usize| -> Vec<String> {
            first.iter().map(|parameter| lines.fit(most, |cap| parameter.cut(cap))).collect()
        };
        let needed = |texts: &[String]| texts.iter().map(|text| lines.needed(text)).sum::<usize>();
        let texts = [4, 3, 2].into_iter().map(laid_out).find(|texts| needed(texts) <= room);
        let texts = texts.unwrap_or_else(|| laid_out(1));
        let all_fit = needed(&texts) <= room;
        let mut left = if all_fit { room } else { room - 1 };
        let mut label = "params";
        let mut shown = 0;
        for text in texts {
            let needed = lines.needed(&text);
            if needed > left {
                break;
            }
            lines.field(label, PLAIN, needed, |_| text.clone());
            (label, left, shown) = ("", left - needed, shown + 1);
        }
        if shown < params.len() {
            let hidden: serde_json::Map<_, _> =
                params.iter().skip(shown).map(|(name, value)| (name.clone(), value.clone())).collect();
            let count = hidden.len();
            let hidden = canonical_json(&Value::Object(hidden));
            let (bytes, digest) = (hidden.len(), short_digest(&hidden));
            lines
                .field(label, BOLD, 1, |_| format!("… {count} more hidden: {bytes} bytes, sha256 {digest}…"));
        }
    }

    /// The question itself, without a newline.
    pub(super) fn question(&self) -> String {
        let bold = if self.color { BOLD } else { PLAIN };
        match self.challenge() {
            Challenge::Yes => format!("  {bold}Allow this action? [y/N]{bold:#} "),
            Challenge::Target(_) => format!("  {bold}To allow this, type the target's name:{bold:#} "),
            Challenge::Digest(digits) => format!("  {bold}To allow this, type {digits}:{bold:#} "),
        }
    }

    /// The line that is left behind.
    pub(super) fn conclusion(&self, reply: Reply, timeout: Duration) -> String {
        let (color, said) = match reply {
            Reply::Yes => (AnsiColor::Green, "approved".to_owned()),
            Reply::No => (AnsiColor::Red, "denied".to_owned()),
            Reply::Nobody(NoAnswer::Timeout) => {
                let timeout = humantime::format_duration(timeout);
                (AnsiColor::Red, format!("no answer within {timeout}: refused"))
            }
            Reply::Nobody(_) => (AnsiColor::Red, "no answer: refused".to_owned()),
        };
        let style = if self.color { color.on_default() } else { PLAIN };
        format!("  {style}{said}{style:#}")
    }
}

const fn risk_style(level: RiskLevel) -> Style {
    match level {
        RiskLevel::Low => PLAIN,
        RiskLevel::Medium => AnsiColor::Yellow.on_default(),
        RiskLevel::High | RiskLevel::Critical => AnsiColor::Red.on_default().bold(),
    }
}

/// A name, in quotes where it would not be seen for what it is without.
fn name(text: &str, cap: usize) -> String {
    let unclear = text.is_empty() || text.trim() != text || text.starts_with(['"', '(']);
    let shown = escape_capped(text, cap);
    if unclear { format!("\"{shown}\"") } else { shown }
}

/// A parameter, ready to be shown.
struct Parameter<'a> {
    /// A name that can be mistaken for nothing else.
    simple_name: Option<&'a str>,
    /// Other names are shown as JSON: with ` = ` in it, a name would look like another name and value.
    name: JsonLine,
    value: JsonLine,
}

impl<'a> Parameter<'a> {
    fn new(name: &'a str, value: &Value) -> Parameter<'a> {
        let simple = !name.is_empty()
            && name.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character));
        Parameter {
            simple_name: simple.then_some(name),
            name: JsonLine::new(&Value::from(name)),
            value: JsonLine::new(value),
        }
    }

    fn cut(&self, cap: usize) -> String {
        let longest_name = cap.min(LONGEST_NAME);
        let name = match self.simple_name {
            Some(name) => escape_capped(name, longest_name),
            None => self.name.cut(longest_name),
        };
        format!("{name} = {}", self.value.cut(cap))
    }
}

#[cfg(test)]
mod tests;
