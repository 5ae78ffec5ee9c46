//! What is shown of an action to whoever is asked to approve it.
//!
//! Nothing in it can be mistaken for something else: every string is escaped, every line begins with a label
//! or a rule of ours, and risk, type and target stand last, next to the question.

use aegis_engine::{Action, AgentSource, DEFAULT_RULE, Digest, RiskLevel, Undecidable, canonical_json};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::answers::{Answer, Asks, Choice, GRANT, YES};
use super::challenge::Word;
use super::glyphs::Glyphs;
use super::layout::{LONGEST, Lines};
use super::look::{BOLD, Look, PLAIN};
use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::reply::Reply;
use super::screen::Size;
use super::sheet::Sheet;
use super::shown::{Cut, Shown, short_digest};
use crate::approval::ApprovalRequest;
use crate::granted_actions::{Grantee, granted_to, granted_uses};
use crate::precedent_words::precedent_words;

/// How many lines parameters may take, however much else there is to show.
const FEWEST_PARAMETER_LINES: usize = 4;
/// How many characters of a parameter's name are shown.
const LONGEST_NAME: usize = 30;
/// From how many rows on there is room for two lines of type and of target.
const ROOMY: usize = 16;
/// The title, and the same where there is little room.
pub(super) const TITLES: (&str, &str) =
    ("  Aegis: an agent asks for your approval", "  Aegis: an agent asks for approval");

/// Asking whether an action may happen, without more than a `y`.
pub(super) const ALLOWS: Asks = Asks {
    whether: "Allow this action?",
    to: "allow",
    choices: &[YES],
    needs_word: false,
    reads_all: true,
    otherwise: "refused",
};

/// What somebody is asked about: an action, and what the policy said of it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) action: &'a Action,
    pub(crate) action_sha256: Digest,
    pub(crate) risk: RiskLevel,
    pub(crate) rule: &'a str,
    /// What the rule's author says.
    pub(crate) reason: Option<&'a str>,
    pub(crate) undecidable: &'a [Undecidable],
    /// What is said of parameters that the log does not hold.
    pub(crate) secret: Option<&'a str>,
    /// What else there is to know: labels of at most seven columns, and texts, which may be anybody's.
    pub(crate) facts: &'a [(&'static str, String)],
}

/// One request, to be shown on a screen.
#[derive(Clone, Copy)]
pub(super) struct Prompt<'a> {
    subject: Subject<'a>,
    look: Look,
}

impl<'a> Prompt<'a> {
    /// Lays a request out.
    ///
    /// # Errors
    /// When the screen is too small to show it.
    pub(super) fn sheet(request: &'a ApprovalRequest<'a>, look: Look, word: Word) -> Result<Sheet, NoAnswer> {
        let decision = request.decision;
        let places = (!request.redacted.is_empty())
            .then(|| format!("kept out of the log: {}", request.redacted.join(", ")));
        let now = aegis_audit::now().timestamp_millis();
        let mut facts = vec![("before", precedent_words(request.precedents, now))];
        let grantable = request.grantable();
        if let Some(grantable) = &grantable {
            let to = Grantee { rule: decision.matched_rule(), session: None, agent: request.action.agent() };
            facts.push(("grants", granted_uses(grantable.terms())));
            facts.push(("only", granted_to(grantable.terms(), to)));
        }
        let subject = Subject {
            action: request.action,
            action_sha256: request.action_sha256,
            risk: decision.risk_level(),
            rule: decision.matched_rule(),
            reason: decision.rule_reason(),
            undecidable: decision.undecidable(),
            secret: places.as_deref(),
            facts: &facts,
        };
        let needs_word = Prompt::needs_word(request, look);
        let choices: &[Choice] = if grantable.is_some() { &[YES, GRANT] } else { &[YES] };
        let asks = Asks { choices, needs_word, ..ALLOWS };
        Prompt::of(subject, TITLES, asks, look, word)
    }

    /// Whether a `y` is too little: by the risk, or because others could type it and the rule wants what they
    /// could not.
    pub(super) fn needs_word(request: &ApprovalRequest<'_>, look: Look) -> bool {
        request.decision.risk_level().needs_word()
            || (look.injectable && request.decision.terms().uninjectable)
    }

    /// Lays out what is asked about, below the first of these titles that there is room for.
    ///
    /// # Errors
    /// When the screen is too small to show it.
    pub(super) fn of(
        subject: Subject<'_>,
        titles: (&str, &str),
        asks: Asks,
        look: Look,
        word: Word,
    ) -> Result<Sheet, NoAnswer> {
        let prompt = Prompt { subject, look };
        let overview = |title, room| prompt.overview(title, room);
        Sheet::new((look, word), asks, prompt.title(titles), prompt.foot(), overview, || prompt.all())
    }

    fn title(&self, (long, short): (&str, &str)) -> Lines {
        let mut lines = self.look.new_lines();
        let fits = long.width() < self.look.size.columns;
        lines.plain(if fits { long } else { short }, BOLD);
        lines
    }

    /// As much of everything as fits into `room` lines, or little more.
    fn overview(&self, title: Lines, room: usize) -> Lines {
        let mut lines = title;
        lines.field("agent", PLAIN, 2, |cap| self.agent().cut(cap));
        let tail = self.tail();
        // The question takes a line, too.
        let room = room.saturating_sub(lines.count() + tail.count()).max(FEWEST_PARAMETER_LINES);
        self.parameters(&mut lines, room);
        lines.append(tail);
        lines
    }

    /// Everything, as long as it is.
    fn all(&self) -> Lines {
        let action = self.subject.action;
        let mut lines = self.look.new_lines();
        lines.own("agent", PLAIN, self.agent().whole());
        lines.own("type", BOLD, self.name(action.kind()).whole());
        lines.own("target", BOLD, self.name(action.target()).whole());
        let mut label = "params";
        for (name, value) in action.params() {
            lines.own(label, PLAIN, &Parameter::new(name, value, self.look.glyphs).whole());
            label = "";
        }
        for (label, text) in self.words() {
            lines.own(label, PLAIN, text.whole());
        }
        self.look.note(&mut lines);
        lines.own("sha256", PLAIN, &self.subject.action_sha256.to_string());
        lines
    }

    fn text(&self, text: &str) -> Shown {
        Shown::text(text, self.look.glyphs)
    }

    fn name(&self, name: &str) -> Shown {
        Shown::name(name, self.look.glyphs)
    }

    fn agent(&self) -> Shown {
        let action = self.subject.action;
        match (action.agent(), action.agent_source()) {
            (None, _) => self.text("(not named)"),
            (Some(label), Some(AgentSource::Environment)) => {
                self.text(&format!("(not named; the environment says {label})"))
            }
            (Some(agent), _) => self.name(agent),
        }
    }

    /// What is said about the action: by the agent, by the policy, and by the log's rules.
    fn words(&self) -> Vec<(&'static str, Shown)> {
        let Subject { action, rule, reason, undecidable, secret, facts, .. } = self.subject;
        let mut words = Vec::new();
        if !action.description().is_empty() {
            words.push(("claim", self.text(&format!("agent says: {}", action.description()))));
        }
        // That a rule asks is why somebody reads this; only what its author says of it is more.
        words.push(match rule {
            DEFAULT_RULE => ("rule", self.text("(none matches)")),
            name => ("rule", self.name(name)),
        });
        if let Some(reason) = reason {
            words.push(("reason", self.text(reason)));
        }
        let unclear: Vec<_> = undecidable
            .iter()
            .map(|each| format!("{} of rule {}: {}", each.condition, each.rule, each.why))
            .collect();
        if !unclear.is_empty() {
            words.push(("unclear", self.text(&unclear.join("; "))));
        }
        if let Some(secret) = secret {
            words.push(("secret", self.text(secret)));
        }
        words.extend(facts.iter().map(|(label, text)| (*label, self.text(text))));
        words
    }

    fn tail(&self) -> Lines {
        let mut lines = self.look.new_lines();
        for (label, text) in self.words() {
            let most = match label {
                "reason" | "unclear" => 3,
                "rule" | "secret" => 1,
                _ => 2,
            };
            lines.field(label, PLAIN, most, |cap| text.cut(cap));
        }
        self.look.note(&mut lines);
        lines.own("sha256", PLAIN, &self.subject.action_sha256.to_string());
        lines
    }

    /// What stands next to the question, whatever the page.
    fn foot(&self) -> Lines {
        let Subject { action, risk, .. } = self.subject;
        let mut lines = self.look.new_lines();
        let most = if self.look.size.rows < ROOMY { 1 } else { 2 };
        lines.own("risk", risk_style(risk), risk.as_str());
        for (label, name) in [("type", action.kind()), ("target", action.target())] {
            let name = self.name(name);
            // What is left out here is on the pages, with its digest.
            lines.beginning(label, BOLD, most, &name);
        }
        lines
    }

    /// The parameters on at most `room` lines: each on as many as lets all of them be shown, if that can be.
    fn parameters(&self, lines: &mut Lines, room: usize) {
        let params = self.subject.action.params();
        if params.is_empty() {
            lines.own("params", PLAIN, "(none)");
            return;
        }
        // More than there are lines cannot be shown anyway.
        let first: Vec<_> = params
            .iter()
            .take(room + 1)
            .map(|(name, value)| Parameter::new(name, value, self.look.glyphs))
            .collect();
        let whole: Vec<usize> =
            first.iter().map(|parameter| lines.needed(&parameter.cut(LONGEST).text)).collect();
        // The most lines that one may take, so that all can be shown.
        let fits = |most: &usize| whole.iter().map(|needed| needed.min(most)).sum::<usize>() <= room;
        let most = (1..=room).rev().find(fits).unwrap_or(1);
        let cuts: Vec<Cut> =
            first.iter().map(|parameter| lines.fit(most, |cap| parameter.cut(cap))).collect();
        let all_fit = cuts.iter().map(|cut| lines.needed(&cut.text)).sum::<usize>() <= room;
        let mut left = if all_fit { room } else { room - 1 };
        let mut label = "params";
        let mut shown = 0;
        for cut in cuts {
            let needed = lines.needed(&cut.text);
            if needed > left {
                break;
            }
            lines.field(label, PLAIN, needed, |_| cut.clone());
            (label, left, shown) = ("", left - needed, shown + 1);
        }
        if shown < params.len() {
            let hidden: serde_json::Map<_, _> =
                params.iter().skip(shown).map(|(name, value)| (name.clone(), value.clone())).collect();
            let count = hidden.len();
            let hidden = canonical_json(&Value::Object(hidden));
            let (bytes, digest) = (hidden.len(), short_digest(&hidden));
            let ellipsis = self.look.glyphs.ellipsis();
            let text = format!("{ellipsis} {count} more hidden: {bytes} bytes, sha256 {digest}{ellipsis}");
            lines.field(label, BOLD, 1, |_| Cut { text: text.clone(), hides: true });
        }
    }

    /// The line that is left behind: what was asked, and what was answered.
    pub(super) fn conclusion(
        request: &ApprovalRequest<'_>,
        reply: Reply,
        options: &TerminalOptions,
        columns: usize,
    ) -> String {
        let (color, said) = match reply {
            Reply::Answered(Answer::Yes) => (AnsiColor::Green, "approved".to_owned()),
            Reply::Answered(Answer::Grant) => (AnsiColor::Green, "approved and granted".to_owned()),
            Reply::Answered(Answer::No) => (AnsiColor::Red, "denied".to_owned()),
            Reply::Nobody(NoAnswer::Timeout) => {
                let timeout = humantime::format_duration(options.timeout);
                (AnsiColor::Red, format!("no answer within {timeout}: refused"))
            }
            Reply::Nobody(_) => (AnsiColor::Red, "no answer: refused".to_owned()),
        };
        let risk = request.decision.risk_level();
        let digest: String = request.action_sha256.to_string().chars().take(16).collect();
        let glyphs = Glyphs { plain: options.plain, ascii: options.ascii };
        let ellipsis = glyphs.ellipsis();
        let rest = format!("  {said}:  on , {risk} risk, sha256 {digest}{ellipsis}");
        // One line, wherever it is looked at: what it names is on the screen and in the record.
        let room =
            columns.clamp(Size::SMALLEST.columns, Size::ASSUMED.columns).saturating_sub(rest.width() + 1);
        let room = (room / 2).max(8);
        let kind = Shown::name(request.action.kind(), glyphs).brief(room);
        let target = Shown::name(request.action.target(), glyphs).brief(room);
        let style = if options.color && !options.plain { color.on_default() } else { PLAIN };
        format!("  {style}{said}{style:#}: {kind} on {target}, {risk} risk, sha256 {digest}{ellipsis}")
    }
}

const fn risk_style(level: RiskLevel) -> Style {
    match level {
        RiskLevel::Low => PLAIN,
        RiskLevel::Medium => AnsiColor::Yellow.on_default(),
        RiskLevel::High | RiskLevel::Critical => AnsiColor::Red.on_default().bold(),
    }
}

/// A parameter, ready to be shown.
struct Parameter {
    /// As it is where it can be mistaken for nothing else. Other names are shown as JSON: with ` = ` in it,
    /// a name would look like another name and value.
    name: Shown,
    value: Shown,
}

impl Parameter {
    fn new(name: &str, value: &Value, glyphs: Glyphs) -> Parameter {
        let simple = !name.is_empty()
            && name.chars().all(|character| character.is_ascii_alphanumeric() || "_-.".contains(character));
        let name = if simple { Shown::text(name, glyphs) } else { Shown::json(&Value::from(name), glyphs) };
        Parameter { name, value: Shown::json(value, glyphs) }
    }

    fn whole(&self) -> String {
        format!("{} = {}", self.name.whole(), self.value.whole())
    }

    fn cut(&self, cap: usize) -> Cut {
        let name = self.name.cut(cap.min(LONGEST_NAME));
        let mut cut = self.value.cut(cap).behind(&format!("{} = ", name.text));
        cut.hides |= name.hides;
        cut
    }
}

#[cfg(test)]
mod tests;
