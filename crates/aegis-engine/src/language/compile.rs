//! From documents to a policy: globs, expressions, times and zones are checked and made ready.

mod durations;
mod expression;
mod terms;
mod zones;

use chrono::NaiveTime;

use crate::decide::condition::{Condition, Order, ParamTest, Test};
use crate::decide::decision::{ApprovalMode, RESERVED_RULES, RiskLevel};
use crate::decide::glob::Glob;
use crate::decide::letter_case::Case;
use crate::decide::param_key::ParamKey;
use crate::decide::pattern_budget::{EXHAUSTED_HELP, PatternBudget, PatternError};
use crate::decide::policy::{Matches, Policy, Rule};
use crate::decide::redaction::Redaction;
use crate::decide::time::{Weekdays, Window, parse_time_of_day, time_meant};
use crate::decide::zone::Zone;
use crate::language::code::{Code, Severity};
use crate::language::compile::expression::ExpressionProblem;
use crate::language::compile::terms::KnownApprovers;
use crate::language::compile::zones::nearest_zone;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{ApprovalEntry, Conditions, Document, Globs, Params, RuleEntry};
use crate::language::fix::Fix;
use crate::language::policy_bytes::{Source, text_of};
use crate::language::yaml::slip::quoting::quoted;
use crate::text::escape::escape_capped;
use crate::text::span::{SourceId, Span, Spanned};

/// What came of reading policy files.
#[derive(Debug)]
#[must_use = "a policy that could not be read must refuse every action"]
pub struct Loaded {
    /// The policy: absent if any finding is an error.
    pub policy: Option<Policy>,
    /// The files as they say it, for tools that look at the text; absent ones could not be read at all.
    pub documents: Vec<Option<Document>>,
    /// Everything that was found, in the order of the files and of their lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads policy files and compiles them into one policy: rules in order, defaults from the first.
///
/// # Example: every problem is found at once
/// ```
/// use aegis_engine::{Source, load};
/// let loaded = load(&[Source { text: b"version: 2\nrules:\n  - { mtach: {}, approval: ask }\n" }]);
/// let codes: Vec<_> = loaded.diagnostics.iter().map(|found| found.code.as_str()).collect();
/// assert_eq!(codes, ["unsupported-version", "unknown-key", "unknown-word"]);
/// assert!(loaded.policy.is_none());
/// ```
pub fn load(sources: &[Source<'_>]) -> Loaded {
    let mut diagnostics = Vec::new();
    let documents: Vec<_> = sources
        .iter()
        .zip(0..)
        .map(|(source, id)| Document::read(SourceId(id), source.text, &mut diagnostics))
        .collect();
    let policy = compile(documents.iter().flatten(), sources, &mut diagnostics);
    diagnostics.sort_by_key(|found| found.primary.span);
    // What an alias stands for is read wherever it is used, and is wrong only once.
    diagnostics.dedup();
    let usable = !documents.is_empty() && diagnostics.iter().all(|found| found.severity < Severity::Error);
    Loaded { policy: usable.then_some(policy), documents, diagnostics }
}

fn compile<'d>(
    documents: impl Iterator<Item = &'d Document>,
    sources: &[Source<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Policy {
    let mut compiler = Compiler {
        diagnostics,
        sources,
        budget: PatternBudget::new(),
        exhausted: false,
        zone: Zone::UTC,
        zones: Vec::new(),
        compared: 0,
        approvers: KnownApprovers::default(),
    };
    let mut policy = Policy {
        rules: Vec::new(),
        risk_level: RiskLevel::DEFAULT,
        approval: ApprovalMode::DEFAULT,
        terms: None,
        redaction: Redaction::default(),
    };
    let (mut names, mut pointers) = (Vec::new(), Vec::new());
    let documents: Vec<_> = documents.collect();
    // Rules of each file may name those of any other.
    for approvers in documents.iter().filter_map(|document| document.approvers.as_ref()) {
        compiler.approvers.add(approvers, compiler.diagnostics);
    }
    for (index, document) in documents.into_iter().enumerate() {
        let defaults = &document.defaults;
        let zone = defaults.timezone.as_ref().and_then(|name| compiler.timezone(name));
        if index == 0 {
            compiler.zone = zone.unwrap_or(Zone::UTC);
            policy.risk_level = defaults.risk_level.map_or(RiskLevel::DEFAULT, |word| word.value);
            policy.approval = mode(defaults.approval.as_ref());
        }
        let risk = defaults.risk_level.map_or(RiskLevel::DEFAULT, |word| word.value);
        let terms = compiler.approvers.terms(defaults.approval.as_ref(), risk, compiler.diagnostics);
        if index == 0 {
            policy.terms = terms;
        }
        // No file can take back what another one keeps secret.
        for entry in document.redact.iter().flat_map(|redact| &redact.value) {
            compiler.redact(&mut names, &mut pointers, entry);
        }
        for entry in &document.rules {
            policy.rules.push(compiler.rule(policy.rules.len(), entry));
        }
    }
    policy.redaction = Redaction::new(names, pointers);
    policy
}

/// How many wrong names of zones get the nearest right one.
const MOST_COMPARED: usize = 1000;

/// What must happen before an action may.
fn mode(approval: Option<&ApprovalEntry>) -> ApprovalMode {
    approval.map_or(ApprovalMode::DEFAULT, |approval| approval.mode().value)
}

/// An error that is among the diagnostics already.
struct Reported;

struct Compiler<'a> {
    sources: &'a [Source<'a>],
    diagnostics: &'a mut Vec<Diagnostic>,
    /// What is left for the patterns of all files.
    budget: PatternBudget,
    /// Whether it was said that nothing is.
    exhausted: bool,
    /// The zone of conditions that name none.
    zone: Zone,
    /// The zones that were named so far: each is read once.
    zones: Vec<Zone>,
    /// How many names of zones were compared with all others.
    compared: usize,
    /// Who can be named as an approver.
    approvers: KnownApprovers,
}

impl Compiler<'_> {
    fn rule(&mut self, index: usize, entry: &RuleEntry) -> Rule {
        let name = match &entry.name {
            None => format!("rule_{index}"),
            Some(name) => {
                if name.value.is_empty() || RESERVED_RULES.contains(&name.value.as_str()) {
                    let message =
                        if name.value.is_empty() { "the name is empty" } else { "the name is reserved" };
                    self.diagnostics.push(Diagnostic::error(Code::EmptyName, name.span, message).help(
                        format!("name it after what it is for, or leave it out: it is `rule_{index}` then"),
                    ));
                }
                name.value.clone()
            }
        };
        let risk_level = entry.risk_level.map_or(RiskLevel::DEFAULT, |word| word.value);
        let case = Case::ignored_if(entry.matches.ignore_case.is_some_and(|flag| flag.value));
        Rule {
            name,
            span: entry.span,
            matches: Matches {
                case,
                kind: self.globs(entry.matches.kind.as_ref(), case),
                target: self.globs(entry.matches.target.as_ref(), case),
                agent: self.globs(entry.matches.agent.as_ref(), case),
            },
            conditions: self.conditions(&entry.conditions),
            risk_level,
            approval: mode(entry.approval.as_ref()),
            terms: self.approvers.terms(entry.approval.as_ref(), risk_level, self.diagnostics),
            reason: entry.reason.as_ref().map(|reason| reason.value.clone()),
        }
    }

    fn globs(&mut self, globs: Option<&Globs>, case: Case) -> Option<Vec<Glob>> {
        let patterns = &globs?.patterns;
        Some(patterns.iter().filter_map(|pattern| self.glob(pattern, case)).collect())
    }

    fn glob(&mut self, pattern: &Spanned<String>, case: Case) -> Option<Glob> {
        match Glob::within(&mut self.budget, &pattern.value, case) {
            Err(_) if self.is_known_to_be_exhausted() => None,
            Ok(glob) => Some(glob),
            Err(problem) => {
                let span = self.part_of_scalar(pattern, problem.offset, problem.len);
                let mut diagnostic = Diagnostic::error(Code::InvalidGlob, span, problem.message);
                diagnostic.help = problem.help;
                let fix = problem.meant.and_then(|meant| self.rewritten(pattern, &meant));
                self.diagnostics.push(diagnostic.fix(fix));
                None
            }
        }
    }

    /// The place of a part of a scalar, where its text stands in the file as it is; of the whole scalar
    /// otherwise.
    fn part_of_scalar(&self, scalar: &Spanned<String>, offset: usize, len: usize) -> Span {
        let range = scalar.span.range();
        let written = text_of(scalar.span, self.sources).get(range).unwrap_or_default();
        if written == scalar.value.as_bytes() {
            return scalar.span.part(offset, len);
        }
        // In quotes, and without an escape.
        match written {
            [b'"' | b'\'', inner @ .., b'"' | b'\''] if inner == scalar.value.as_bytes() => {
                scalar.span.part(offset + 1, len)
            }
            [quote @ (b'"' | b'\''), inner @ .., _] => {
                let place = |at| written_offset(*quote, inner, &scalar.value, at);
                match (place(offset), place(offset.saturating_add(len))) {
                    (Some(start), Some(end)) => scalar.span.part(start + 1, end.saturating_sub(start)),
                    _ => scalar.span,
                }
            }
            _ => scalar.span,
        }
    }

    /// Reads an entry of `redact`: a pointer if it starts with `/`, a glob of names otherwise.
    fn redact(&mut self, names: &mut Vec<Glob>, pointers: &mut Vec<ParamKey>, entry: &Spanned<String>) {
        if entry.value.is_empty() {
            let message = "an entry of `redact` is empty, so it names no parameter";
            self.diagnostics.push(
                Diagnostic::error(Code::EmptyRedact, entry.span, message)
                    .help("name a parameter, or remove the entry"),
            );
        } else if entry.value.starts_with('/') {
            pointers.extend(self.param_key(entry));
        } else {
            names.extend(self.glob(entry, Case::Exact));
        }
    }

    /// Reads the key of a parameter, or a pointer to one.
    fn param_key(&mut self, key: &Spanned<String>) -> Option<ParamKey> {
        let param = ParamKey::new(&key.value);
        if param.is_none() {
            let message = format!("`{}` is not a JSON Pointer", escape_capped(&key.value, 64));
            self.diagnostics.push(
                Diagnostic::error(Code::InvalidPointer, key.span, message)
                    .help("in a pointer `~` is written `~0`, and `/` inside a name `~1`"),
            );
        }
        param
    }

    fn conditions(&mut self, conditions: &Conditions) -> Vec<Condition> {
        let zone = conditions
            .timezone
            .as_ref()
            .and_then(|name| self.timezone(name))
            .unwrap_or_else(|| self.zone.clone());
        let mut compiled: Vec<Condition> = self.window(conditions, &zone).into_iter().collect();
        if let Some(days) = &conditions.weekdays
            && let Some(span) = days.iter().map(|day| day.span).reduce(Span::to)
        {
            let set = Weekdays::of(days.iter().map(|day| day.value));
            compiled.push(Condition { span, test: Test::Weekdays(set, zone) });
        }
        self.params(&mut compiled, conditions.param_eq.as_ref(), |_, operand| {
            Some(ParamTest::Eq(operand.value.0.clone()))
        });
        for (order, params) in [
            (Order::Greater, &conditions.param_gt),
            (Order::Less, &conditions.param_lt),
            (Order::GreaterOrEqual, &conditions.param_gte),
            (Order::LessOrEqual, &conditions.param_lte),
        ] {
            self.params(&mut compiled, params.as_ref(), |_, operand| {
                Some(ParamTest::Order(order, operand.value.clone()))
            });
        }
        self.params(&mut compiled, conditions.param_contains.as_ref(), |_, operand| {
            Some(ParamTest::Contains(operand.value.0.clone()))
        });
        self.params(&mut compiled, conditions.param_matches.as_ref(), Self::regex);
        self.params(&mut compiled, conditions.param_exists.as_ref(), |_, operand| {
            Some(ParamTest::Exists(operand.value))
        });
        compiled
    }

    fn params<T>(
        &mut self,
        compiled: &mut Vec<Condition>,
        params: Option<&Params<T>>,
        mut test: impl FnMut(&mut Self, &Spanned<T>) -> Option<ParamTest>,
    ) {
        for (key, operand) in params.into_iter().flat_map(|params| &params.entries) {
            let test = test(self, operand);
            let Some(param) = self.param_key(key) else { continue };
            compiled.extend(
                test.map(|test| Condition {
                    span: key.span.to(operand.span),
                    test: Test::Param(param, test),
                }),
            );
        }
    }

    fn regex(&mut self, pattern: &Spanned<String>) -> Option<ParamTest> {
        let too_large =
            |message: &str, help| Diagnostic::error(Code::InvalidRegex, pattern.span, message).help(help);
        let found = match self.budget.regex(&pattern.value) {
            Ok(regex) => return Some(ParamTest::Matches(regex)),
            Err(_) if self.is_known_to_be_exhausted() => return None,
            Err(PatternError::Exhausted) => {
                too_large("the patterns of this policy are too large together", EXHAUSTED_HELP)
            }
            Err(PatternError::TooLarge) => {
                let help = "repeat less, or a smaller class: `[a-z0-9_]` takes a hundredth of `\\w`";
                too_large("the regular expression is too large to be compiled", help)
            }
            Err(PatternError::Malformed(error)) => match expression::problem(&pattern.value) {
                Some(problem) => self.malformed(pattern, problem),
                None => {
                    // The crate's message is a small drawing of several lines; its last line says what is
                    // wrong.
                    let text = error.to_string();
                    let told = text.lines().next_back().unwrap_or_default().trim_start_matches("error: ");
                    let message =
                        format!("the regular expression is malformed: {}", escape_capped(told, 300));
                    Diagnostic::error(Code::InvalidRegex, pattern.span, message)
                }
            },
        };
        self.diagnostics.push(found);
        None
    }

    fn malformed(&self, pattern: &Spanned<String>, problem: ExpressionProblem) -> Diagnostic {
        let span = self.part_of_scalar(pattern, problem.offset, problem.len);
        let fix = problem.meant.and_then(|meant| self.rewritten(pattern, &meant));
        Diagnostic::error(Code::InvalidRegex, span, problem.message).help(problem.help).fix(fix)
    }

    /// Another text in the place of a scalar on one line.
    fn rewritten(&self, scalar: &Spanned<String>, text: &str) -> Option<Fix> {
        let written = text_of(scalar.span, self.sources).get(scalar.span.range())?;
        let on_one_line = !written.contains(&b'\n') && !text.contains(char::is_control);
        on_one_line.then(|| Fix::replace(scalar.span, quoted(text), false))
    }

    /// Whether a pattern got nothing for the reason that one before it got nothing: that is said once.
    fn is_known_to_be_exhausted(&mut self) -> bool {
        self.budget.is_exhausted() && std::mem::replace(&mut self.exhausted, true)
    }

    fn window(&mut self, conditions: &Conditions, zone: &Zone) -> Option<Condition> {
        let after = self.time(conditions.time_after.as_ref());
        let before = self.time(conditions.time_before.as_ref());
        let spans =
            [&conditions.time_after, &conditions.time_before].into_iter().flatten().map(|text| text.span);
        let span = spans.reduce(Span::to)?;
        // A time that could not be read has been reported; the window without it says nothing.
        let window = Window { after: after.ok()?, before: before.ok()? };
        if !window.is_possible() {
            let message = match window.after {
                Some(_) => "the window begins when it ends, so it never holds",
                None => "no time is before 00:00, so this never holds",
            };
            self.diagnostics.push(Diagnostic::error(Code::ImpossibleWindow, span, message).help(
                "`time_after` is inclusive and `time_before` exclusive; leave both out for the whole day",
            ));
        }
        Some(Condition { span, test: Test::Window(window, zone.clone()) })
    }

    /// Reads a time of day: absent is fine, unreadable is an error that has been reported.
    fn time(&mut self, text: Option<&Spanned<String>>) -> Result<Option<NaiveTime>, Reported> {
        let Some(text) = text else { return Ok(None) };
        let time = parse_time_of_day(&text.value);
        if time.is_none() {
            let message = format!("`{}` is not a time of day", escape_capped(&text.value, 64));
            let found = Diagnostic::error(Code::InvalidTime, text.span, message);
            self.diagnostics.push(match time_meant(&text.value) {
                Some(time) => found.help(format!("write it as `\"{time}\"`")).fix(Fix::replace(
                    text.span,
                    format!("\"{time}\""),
                    true,
                )),
                None => found.help(format!(
                    "write it as \"HH:MM\", from \"00:00\" to \"23:59\"{}",
                    after_midnight(&text.value)
                )),
            });
        }
        time.map(Some).ok_or(Reported)
    }

    fn timezone(&mut self, name: &Spanned<String>) -> Option<Zone> {
        if let Some(known) = self.zones.iter().find(|zone| zone.name() == name.value) {
            return Some(known.clone());
        }
        let zone = Zone::named(&name.value);
        self.zones.extend(zone.clone());
        if zone.is_none() {
            let message = format!("`{}` is not an IANA time zone", escape_capped(&name.value, 64));
            let found = Diagnostic::error(Code::InvalidTimezone, name.span, message);
            self.compared += 1;
            // Comparing takes its time, and nobody mends so many by hand.
            let nearest = Some(()).filter(|()| self.compared <= MOST_COMPARED);
            self.diagnostics.push(match nearest.and_then(|()| nearest_zone(&name.value)) {
                Some(zone) => {
                    let certain = zone.eq_ignore_ascii_case(&name.value);
                    let fix = Fix::replace(name.span, zone, certain);
                    found.help(format!("did you mean `{zone}`?")).fix(fix)
                }
                None => found.help("write a name such as `UTC`, `Europe/Berlin` or `America/New_York`"),
            });
        }
        zone
    }
}

/// Where the byte of a quoted text is written, if all escapes before it stand for the character behind their
/// backslash, or for one quote.
fn written_offset(quote: u8, written: &[u8], value: &str, offset: usize) -> Option<usize> {
    let mut at = 0;
    for byte in value.as_bytes().get(..offset)? {
        let here = *written.get(at)?;
        let next = written.get(at + 1);
        let escaped = if quote == b'"' { here == b'\\' } else { here == b'\'' };
        at += usize::from(escaped);
        let stands = if escaped { *next? } else { here };
        if stands != *byte {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// What is said besides of a day's end, which is no time of that day.
fn after_midnight(text: &str) -> &'static str {
    if matches!(text, "24:00" | "24:00:00") {
        "; `time_after` alone holds up to midnight, and with a `time_before` earlier than it beyond"
    } else {
        ""
    }
}
