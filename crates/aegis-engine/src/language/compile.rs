//! From documents to a policy: globs, expressions, times and zones are checked and made ready.

use chrono::NaiveTime;

use crate::decide::condition::{Condition, Order, ParamTest, Test};
use crate::decide::decision::{ApprovalMode, DEFAULT_RULE, RiskLevel};
use crate::decide::glob::Glob;
use crate::decide::letter_case::Case;
use crate::decide::param_key::ParamKey;
use crate::decide::pattern_budget::{EXHAUSTED_HELP, PatternBudget, PatternError};
use crate::decide::policy::{Matches, Policy, Rule};
use crate::decide::redaction::Redaction;
use crate::decide::time::{Weekdays, Window, parse_time_of_day};
use crate::decide::zone::Zone;
use crate::language::code::{Code, Severity};
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{Conditions, Document, Globs, Params, RuleEntry};
use crate::language::policy_bytes::{Source, text_of};
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
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
    };
    let mut policy = Policy {
        rules: Vec::new(),
        risk_level: RiskLevel::DEFAULT,
        approval: ApprovalMode::DEFAULT,
        redaction: Redaction::default(),
    };
    let (mut names, mut pointers) = (Vec::new(), Vec::new());
    for (index, document) in documents.enumerate() {
        let defaults = &document.defaults;
        let zone = defaults.timezone.as_ref().and_then(|name| compiler.timezone(name));
        if index == 0 {
            compiler.zone = zone.unwrap_or(Zone::UTC);
            policy.risk_level = defaults.risk_level.map_or(RiskLevel::DEFAULT, |word| word.value);
            policy.approval = defaults.approval.map_or(ApprovalMode::DEFAULT, |word| word.value);
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
}

impl Compiler<'_> {
    fn rule(&mut self, index: usize, entry: &RuleEntry) -> Rule {
        let name = match &entry.name {
            None => format!("rule_{index}"),
            Some(name) => {
                if name.value.is_empty() || name.value == DEFAULT_RULE {
                    let message =
                        if name.value.is_empty() { "the name is empty" } else { "the name is reserved" };
                    self.diagnostics.push(Diagnostic::error(Code::EmptyName, name.span, message).help(
                        format!("name it after what it is for, or leave it out: it is `rule_{index}` then"),
                    ));
                }
                name.value.clone()
            }
        };
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
            risk_level: entry.risk_level.map_or(RiskLevel::DEFAULT, |word| word.value),
            approval: entry.approval.map_or(ApprovalMode::DEFAULT, |word| word.value),
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
                self.diagnostics.push(diagnostic);
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
        let (problem, help) = match self.budget.regex(&pattern.value) {
            Ok(regex) => return Some(ParamTest::Matches(regex)),
            Err(_) if self.is_known_to_be_exhausted() => return None,
            Err(PatternError::Exhausted) => {
                ("the patterns of this policy are too large together".to_owned(), Some(EXHAUSTED_HELP))
            }
            Err(PatternError::TooLarge) => {
                ("the regular expression is too large to be compiled".to_owned(), None)
            }
            Err(PatternError::Malformed(error)) => {
                // The crate's message is a small drawing of several lines; its last line says what is wrong.
                let text = error.to_string();
                let problem = text.lines().next_back().unwrap_or_default().trim_start_matches("error: ");
                (format!("the regular expression is malformed: {problem}"), None)
            }
        };
        let found = Diagnostic::error(Code::InvalidRegex, pattern.span, escape_capped(&problem, 300));
        self.diagnostics.push(match help {
            Some(help) => found.help(help),
            None => found,
        });
        None
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
            self.diagnostics.push(
                Diagnostic::error(Code::InvalidTime, text.span, message)
                    .help("write it as \"HH:MM\", from \"00:00\" to \"23:59\""),
            );
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
            let help = match nearest_timezone(&name.value) {
                Some(zone) => format!("did you mean `{zone}`?"),
                None => "write a name such as `UTC`, `Europe/Berlin` or `America/New_York`".to_owned(),
            };
            self.diagnostics.push(Diagnostic::error(Code::InvalidTimezone, name.span, message).help(help));
        }
        zone
    }
}

fn nearest_timezone(name: &str) -> Option<&'static str> {
    let names: Vec<_> = Zone::names().collect();
    let same_but_for_case = names.iter().find(|zone| zone.eq_ignore_ascii_case(name));
    let same_city = || {
        names.iter().find(|zone| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name)))
    };
    same_but_for_case.or_else(same_city).copied().or_else(|| nearest(name, &names))
}
