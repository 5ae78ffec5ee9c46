//! A second, naive evaluator of the rule language, written from the language's description alone.
//!
//! It shares no code and no idea with the engine: globs are matched by recursion over characters, numbers are
//! compared as decimal digits, zones are computed from their laws, and an undecidable rule is decided by
//! trying it both ways. Each [`Fault`] breaks one sentence of the language on purpose, to show that the
//! comparison would notice.

pub(crate) mod generate;
pub(crate) mod letters;
pub(crate) mod number;
pub(crate) mod print;
pub(crate) mod zones;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::number::Number;
use self::zones::offset;

/// A JSON value whose numbers remember how they are written.
#[derive(Clone, Debug)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Test {
    Eq,
    Gt,
    Lt,
    Gte,
    Lte,
    Contains,
    Matches,
    Exists,
}

impl Test {
    pub(crate) const ALL: [Test; 8] =
        [Test::Eq, Test::Gt, Test::Lt, Test::Gte, Test::Lte, Test::Contains, Test::Matches, Test::Exists];

    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Test::Eq => "param_eq",
            Test::Gt => "param_gt",
            Test::Lt => "param_lt",
            Test::Gte => "param_gte",
            Test::Lte => "param_lte",
            Test::Contains => "param_contains",
            Test::Matches => "param_matches",
            Test::Exists => "param_exists",
        }
    }
}

/// `after`, `before`: minutes of the day; `weekdays`: 1 to 7.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<Vec<String>>,
    pub(crate) target: Option<Vec<String>>,
    pub(crate) agent: Option<Vec<String>>,
    pub(crate) ignore_case: Option<bool>,
    pub(crate) after: Option<i64>,
    pub(crate) before: Option<i64>,
    pub(crate) weekdays: Option<Vec<i64>>,
    pub(crate) zone: Option<&'static str>,
    pub(crate) params: Vec<(Test, String, Json)>,
    pub(crate) risk: Option<usize>,
    pub(crate) approval: Option<usize>,
    pub(crate) reason: Option<&'static str>,
}

pub(crate) const RISKS: [&str; 4] = ["low", "medium", "high", "critical"];
pub(crate) const APPROVALS: [&str; 3] = ["auto", "approve", "block"];
const MEDIUM: usize = 1;
const APPROVE: usize = 1;

#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) risk: Option<usize>,
    pub(crate) approval: Option<usize>,
    pub(crate) zone: Option<&'static str>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) kind: String,
    pub(crate) target: String,
    pub(crate) agent: Option<String>,
    pub(crate) params: Json,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) approval: usize,
    pub(crate) risk: usize,
    pub(crate) rule: String,
    /// What the author of that rule has to say.
    pub(crate) says: Option<String>,
    pub(crate) undecidable: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    False,
    True,
    Unknown,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

macro_rules! faults {
    ($($fault:ident),* $(,)?) => {
        /// One sentence of the language, broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault { $($fault),* }

        impl Fault {
            pub(crate) const ALL: &'static [Fault] = &[$(Fault::$fault),*];
        }
    };
}

faults! {
    LastMatchWins, RulesTakeDefaults, DefaultsOfLastFile, NamesCountPerFile,
    QuestionMarkIsAByte, ClassesAreAscii, StarStopsAtSlash, StarStopsAtNewline, GlobsIgnoreCase, GlobsSearch,
    IgnoreCaseHasNoEffect, IgnoreCaseIsAscii, IgnoreCaseIsOfLiterals, IgnoreCaseAlsoIfFalse, IgnoreCaseSparesAgents,
    BackslashEscapes, NegationIgnored, AlternativesDoNotNest, OnlyFirstGlob, AbsentAgentIsEmpty, AgentIgnored,
    TimeBeforeInclusive, TimeAfterExclusive, WindowsNeverWrap, WeekdaysInUtc, TimesInUtc, DefaultZoneIgnored,
    SundayIsFirst, SummerTimeIgnored,
    NumbersAsDoubles, NumbersByText, StringsByUtf16, NumericStringsCompare, BoolsAreNumbers, EqOfUnlikeIsUnknown,
    NullIsPresent, NullIsNoValue, PointersAreKeys, PointerEscapesIgnored, LeadingZerosIndex, ContainsIgnoresObjects,
    ContainsIgnoresElements, MatchesOnlyStrings, MatchesNumbersAsWritten, MatchesIsAnchored, ListsIgnoreOrder,
    UndecidableIsFalse, UndecidableIsTrue, UndecidableBeatsFalse, UndecidableStops, RiskIsNotRaised, TieGoesToTheLater,
    UndecidableAfterMatch, ReasonOfTheOther,
}

/// The evaluator, right or with one fault, and a count of what each condition came to.
pub(crate) struct Reference {
    fault: Option<Fault>,
    pub(crate) seen: RefCell<BTreeMap<(&'static str, Truth), usize>>,
}

impl Reference {
    pub(crate) fn new(fault: Option<Fault>) -> Reference {
        Reference { fault, seen: RefCell::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// What the policy in `files` says of `action` at `instant`, in milliseconds since 1970.
    pub(crate) fn decide(&self, files: &[File], action: &Action, instant: i64) -> Answer {
        let defaults =
            if self.has(Fault::DefaultsOfLastFile) { files.last() } else { files.first() }.unwrap();
        let mut rules = Vec::new();
        for file in files {
            for (place, rule) in file.rules.iter().enumerate() {
                let index = if self.has(Fault::NamesCountPerFile) { place } else { rules.len() };
                rules.push((rule.name.clone().unwrap_or_else(|| format!("rule_{index}")), rule));
            }
        }
        if self.has(Fault::LastMatchWins) {
            rules.reverse();
        }
        self.decide_rest(&rules, defaults, action, instant)
    }

    fn decide_rest(
        &self,
        rules: &[(String, &Rule)],
        defaults: &File,
        action: &Action,
        instant: i64,
    ) -> Answer {
        let Some(((name, rule), rest)) = rules.split_first() else {
            return Answer {
                approval: defaults.approval.unwrap_or(APPROVE),
                risk: defaults.risk.unwrap_or(MEDIUM),
                rule: "<default>".to_owned(),
                says: None,
                undecidable: BTreeSet::new(),
            };
        };
        let omitted = if self.has(Fault::RulesTakeDefaults) {
            (defaults.approval, defaults.risk)
        } else {
            (None, None)
        };
        let this = Answer {
            approval: rule.approval.or(omitted.0).unwrap_or(APPROVE),
            risk: rule.risk.or(omitted.1).unwrap_or(MEDIUM),
            rule: name.clone(),
            says: rule.reason.map(|says| says.split_whitespace().collect::<Vec<_>>().join(" ")),
            undecidable: BTreeSet::new(),
        };
        match self.matches(rule, defaults.zone, action, instant) {
            Truth::False => self.decide_rest(rest, defaults, action, instant),
            Truth::True if self.has(Fault::UndecidableAfterMatch) => {
                let undecidable = self.decide_rest(rest, defaults, action, instant).undecidable;
                Answer { undecidable, ..this }
            }
            Truth::True => this,
            Truth::Unknown if self.has(Fault::UndecidableIsFalse) => {
                self.decide_rest(rest, defaults, action, instant)
            }
            Truth::Unknown if self.has(Fault::UndecidableIsTrue) => this,
            Truth::Unknown => self.strictest(this, self.decide_rest(rest, defaults, action, instant)),
        }
    }

    /// `this` if its rule matches, `other` if it does not, and nobody can tell which.
    fn strictest(&self, this: Answer, other: Answer) -> Answer {
        let keeps = match this.approval.cmp(&other.approval) {
            Ordering::Equal => !self.has(Fault::TieGoesToTheLater),
            order => order == Ordering::Greater,
        };
        let mut undecidable = other.undecidable;
        if self.has(Fault::UndecidableStops) {
            undecidable.clear();
        }
        undecidable.insert(this.rule.clone());
        let risk = this.risk.max(other.risk);
        let risk =
            if self.has(Fault::RiskIsNotRaised) { if keeps { this.risk } else { other.risk } } else { risk };
        Answer {
            approval: this.approval.max(other.approval),
            risk,
            rule: if keeps { this.rule } else { other.rule },
            says: if keeps == self.has(Fault::ReasonOfTheOther) { other.says } else { this.says },
            undecidable,
        }
    }

    fn matches(&self, rule: &Rule, default_zone: Option<&str>, action: &Action, instant: i64) -> Truth {
        let agent_globs = if self.has(Fault::AgentIgnored) { None } else { rule.agent.as_deref() };
        let any_case = match rule.ignore_case {
            Some(ignored) => {
                (ignored || self.has(Fault::IgnoreCaseAlsoIfFalse)) && !self.has(Fault::IgnoreCaseHasNoEffect)
            }
            None => false,
        };
        let any_case_of_agents = any_case && !self.has(Fault::IgnoreCaseSparesAgents);
        let fields = self.field(rule.kind.as_deref(), Some(&action.kind), any_case)
            && self.field(rule.target.as_deref(), Some(&action.target), any_case)
            && self.field(agent_globs, action.agent.as_deref(), any_case_of_agents);
        if !fields {
            return Truth::False;
        }
        let mut all = self.times(rule, default_zone, instant);
        for (test, key, operand) in &rule.params {
            let truth = self.holds(*test, self.lookup(&action.params, key), operand);
            self.note(test.keyword(), truth);
            all.push(truth);
        }
        let strongest = if self.has(Fault::UndecidableBeatsFalse) { Truth::Unknown } else { Truth::False };
        let order = [strongest, Truth::False, Truth::Unknown];
        order.into_iter().find(|truth| all.contains(truth)).unwrap_or(Truth::True)
    }

    fn note(&self, keyword: &'static str, truth: Truth) {
        *self.seen.borrow_mut().entry((keyword, truth)).or_default() += 1;
    }

    // --- globs ---

    fn field(&self, globs: Option<&[String]>, text: Option<&str>, any_case: bool) -> bool {
        let Some(globs) = globs else { return true };
        let globs = if self.has(Fault::OnlyFirstGlob) { &globs[..1] } else { globs };
        match text {
            Some(text) => globs.iter().any(|glob| self.glob(glob, text, any_case)),
            None if self.has(Fault::AbsentAgentIsEmpty) => {
                globs.iter().any(|glob| self.glob(glob, "", any_case))
            }
            None => globs.iter().any(|glob| glob == "*"),
        }
    }

    pub(crate) fn glob(&self, glob: &str, text: &str, any_case: bool) -> bool {
        let (mut glob, mut text) = (glob.to_owned(), text.to_owned());
        if self.has(Fault::GlobsIgnoreCase) {
            (glob, text) = (glob.to_lowercase(), text.to_lowercase());
        }
        if self.has(Fault::GlobsSearch) {
            glob = format!("*{glob}*");
        }
        let glob: Vec<char> = glob.chars().collect();
        let text: Vec<char> = text.chars().collect();
        alternatives(&glob, self.has(Fault::AlternativesDoNotNest))
            .iter()
            .any(|plain| self.plain(plain, &text, any_case))
    }

    /// The characters that a glob cannot tell from this one.
    fn same_letters(&self, c: char, any_case: bool) -> Vec<char> {
        if !any_case || (self.has(Fault::IgnoreCaseIsAscii) && !c.is_ascii()) {
            return vec![c];
        }
        letters::same_but_for_case(c)
    }

    /// A glob without alternatives.
    fn plain(&self, glob: &[char], text: &[char], any_case: bool) -> bool {
        let Some((first, rest)) = glob.split_first() else { return text.is_empty() };
        let next = || text.split_first();
        match first {
            '*' => {
                let stops = |c: &char| match c {
                    '/' => self.has(Fault::StarStopsAtSlash),
                    '\n' => self.has(Fault::StarStopsAtNewline),
                    _ => false,
                };
                self.plain(rest, text, any_case)
                    || next().is_some_and(|(c, tail)| !stops(c) && self.plain(glob, tail, any_case))
            }
            '?' => next().is_some_and(|(c, tail)| {
                (c.is_ascii() || !self.has(Fault::QuestionMarkIsAByte)) && self.plain(rest, tail, any_case)
            }),
            '[' => {
                let end = rest.iter().position(|c| *c == ']').unwrap();
                let (class, rest) = (&rest[..end], &rest[end + 1..]);
                let any_case_of_class = any_case && !self.has(Fault::IgnoreCaseIsOfLiterals);
                next().is_some_and(|(c, tail)| {
                    self.class(class, *c, any_case_of_class) && self.plain(rest, tail, any_case)
                })
            }
            '\\' if self.has(Fault::BackslashEscapes) && !rest.is_empty() => {
                next().is_some_and(|(c, tail)| *c == rest[0] && self.plain(&rest[1..], tail, any_case))
            }
            literal => next().is_some_and(|(c, tail)| {
                self.same_letters(*c, any_case).contains(literal) && self.plain(rest, tail, any_case)
            }),
        }
    }

    fn class(&self, class: &[char], c: char, any_case: bool) -> bool {
        if !c.is_ascii() && self.has(Fault::ClassesAreAscii) {
            return false;
        }
        let (negated, mut members) = match class.split_first() {
            Some(('!', members)) => (!self.has(Fault::NegationIgnored), members),
            _ => (false, class),
        };
        let mut within = false;
        while let Some((low, rest)) = members.split_first() {
            members = rest;
            let mut high = low;
            if let ['-', end, rest @ ..] = rest {
                high = end;
                members = rest;
            }
            within |= self.same_letters(c, any_case).iter().any(|same| (*low..=*high).contains(same));
        }
        within != negated
    }

    // --- times ---

    fn times(&self, rule: &Rule, default_zone: Option<&str>, instant: i64) -> Vec<Truth> {
        let default_zone = if self.has(Fault::DefaultZoneIgnored) { None } else { default_zone };
        let zone = rule.zone.or(default_zone).unwrap_or("UTC");
        let summer = !self.has(Fault::SummerTimeIgnored);
        let minutes = instant.div_euclid(60_000);
        let local = minutes + if self.has(Fault::TimesInUtc) { 0 } else { offset(zone, minutes, summer) };
        let clock = local.rem_euclid(1440);
        let mut all = Vec::new();
        if rule.after.is_some() || rule.before.is_some() {
            let late = rule.after.is_none_or(|after| {
                if self.has(Fault::TimeAfterExclusive) { clock > after } else { clock >= after }
            });
            let early = rule.before.is_none_or(|before| {
                if self.has(Fault::TimeBeforeInclusive) { clock <= before } else { clock < before }
            });
            let wraps = rule.after.zip(rule.before).is_some_and(|(after, before)| after > before);
            let within =
                if wraps && !self.has(Fault::WindowsNeverWrap) { late || early } else { late && early };
            let keyword = match (rule.after, rule.before) {
                (Some(_), None) => "time_after",
                (None, _) => "time_before",
                _ if wraps => "wrapping window",
                _ => "window",
            };
            self.note(keyword, within.into());
            all.push(within.into());
        }
        if let Some(weekdays) = &rule.weekdays {
            let days = if self.has(Fault::WeekdaysInUtc) { minutes } else { local }.div_euclid(1440);
            let first = if self.has(Fault::SundayIsFirst) { 4 } else { 3 };
            // 1970-01-01 was a Thursday, the fourth day.
            let today = (days + first).rem_euclid(7) + 1;
            self.note("weekdays", weekdays.contains(&today).into());
            all.push(weekdays.contains(&today).into());
        }
        all
    }

    // --- parameters ---

    fn lookup<'a>(&self, params: &'a Json, key: &str) -> Option<&'a Json> {
        let mut at = params;
        if !key.starts_with('/') || self.has(Fault::PointersAreKeys) {
            return self.present(member(at, key)?);
        }
        for token in key.split('/').skip(1) {
            let token = if self.has(Fault::PointerEscapesIgnored) {
                token.to_owned()
            } else {
                token.replace("~1", "/").replace("~0", "~")
            };
            at = match at {
                Json::List(items) => {
                    let plain = token == "0" || !token.starts_with('0') || self.has(Fault::LeadingZerosIndex);
                    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
                    let index = token.parse::<usize>().ok().filter(|_| plain && digits);
                    items.get(index?)?
                }
                other => member(other, &token)?,
            };
        }
        self.present(at)
    }

    fn present<'a>(&self, value: &'a Json) -> Option<&'a Json> {
        let is_null = matches!(value, Json::Null);
        (!is_null || self.has(Fault::NullIsPresent)).then_some(value)
    }

    pub(crate) fn holds(&self, test: Test, value: Option<&Json>, operand: &Json) -> Truth {
        if test == Test::Exists {
            return (matches!(operand, Json::Bool(true)) == value.is_some()).into();
        }
        let Some(value) = value else {
            return if self.has(Fault::NullIsNoValue) { Truth::Unknown } else { Truth::False };
        };
        match test {
            Test::Eq if self.has(Fault::EqOfUnlikeIsUnknown) && kind(value) != kind(operand) => {
                Truth::Unknown
            }
            Test::Eq => self.equal(value, operand).into(),
            Test::Gt => self.ordered(value, operand, &[Ordering::Greater]),
            Test::Lt => self.ordered(value, operand, &[Ordering::Less]),
            Test::Gte => self.ordered(value, operand, &[Ordering::Greater, Ordering::Equal]),
            Test::Lte => self.ordered(value, operand, &[Ordering::Less, Ordering::Equal]),
            Test::Contains => self.contains(value, operand),
            Test::Matches | Test::Exists => self.searched(value, operand),
        }
    }

    fn ordered(&self, value: &Json, operand: &Json, wanted: &[Ordering]) -> Truth {
        let order = match (value, operand) {
            (Json::Number(left), Json::Number(right)) => self.compare(left, right),
            (Json::Text(left), Json::Text(right)) if self.has(Fault::StringsByUtf16) => {
                left.encode_utf16().cmp(right.encode_utf16())
            }
            (Json::Text(left), Json::Text(right)) => left.chars().cmp(right.chars()),
            (Json::Text(left), Json::Number(right)) if self.has(Fault::NumericStringsCompare) => {
                match left.parse::<f64>() {
                    Ok(_) => Number::new(&format!("{left}e0"), left).compare(right),
                    Err(_) => return Truth::Unknown,
                }
            }
            (Json::Bool(left), Json::Number(right)) if self.has(Fault::BoolsAreNumbers) => {
                Number::new(if *left { "1" } else { "0" }, "").compare(right)
            }
            _ => return Truth::Unknown,
        };
        wanted.contains(&order).into()
    }

    fn compare(&self, left: &Number, right: &Number) -> Ordering {
        if self.has(Fault::NumbersAsDoubles) {
            let double = |number: &Number| number.text.parse::<f64>().unwrap();
            return double(left).partial_cmp(&double(right)).unwrap();
        }
        left.compare(right)
    }

    fn equal(&self, left: &Json, right: &Json) -> bool {
        match (left, right) {
            (Json::Null, Json::Null) => true,
            (Json::Bool(left), Json::Bool(right)) => left == right,
            (Json::Number(left), Json::Number(right)) if self.has(Fault::NumbersByText) => {
                left.text == right.text
            }
            (Json::Number(left), Json::Number(right)) => self.compare(left, right).is_eq(),
            (Json::Text(left), Json::Text(right)) => left == right,
            (Json::List(left), Json::List(right)) => {
                let within = |list: &[Json], item: &Json| list.iter().any(|other| self.equal(item, other));
                let in_any_order =
                    self.has(Fault::ListsIgnoreOrder) && left.iter().all(|item| within(right, item));
                let in_order = left.iter().zip(right).all(|(left, right)| self.equal(left, right));
                left.len() == right.len() && (in_order || in_any_order)
            }
            (Json::Object(left), Json::Object(_)) => {
                let same = |(key, value): &(String, Json)| {
                    member(right, key).is_some_and(|other| self.equal(value, other))
                };
                left.len() == size(right) && left.iter().all(same)
            }
            _ => false,
        }
    }

    fn contains(&self, value: &Json, operand: &Json) -> Truth {
        match (value, operand) {
            (Json::Text(text), Json::Text(part)) => {
                let text: Vec<char> = text.chars().collect();
                let part: Vec<char> = part.chars().collect();
                (0..=text.len()).any(|start| text[start..].starts_with(&part)).into()
            }
            (Json::List(_), _) if self.has(Fault::ContainsIgnoresElements) => Truth::Unknown,
            (Json::List(items), operand) => items.iter().any(|item| self.equal(item, operand)).into(),
            (Json::Object(_), _) if self.has(Fault::ContainsIgnoresObjects) => Truth::Unknown,
            (object @ Json::Object(_), Json::Text(key)) => member(object, key).is_some().into(),
            _ => Truth::Unknown,
        }
    }

    fn searched(&self, value: &Json, operand: &Json) -> Truth {
        let text = match value {
            Json::Text(text) => text.clone(),
            Json::Number(_) | Json::Bool(_) if self.has(Fault::MatchesOnlyStrings) => return Truth::Unknown,
            Json::Number(number) if self.has(Fault::MatchesNumbersAsWritten) => number.text.clone(),
            Json::Number(number) => number.canonical.clone(),
            Json::Bool(flag) => flag.to_string(),
            _ => return Truth::Unknown,
        };
        let Json::Text(pattern) = operand else { return Truth::Unknown };
        let searches = generate::REGEXES.iter().find(|(known, _)| known == pattern).unwrap().1;
        if self.has(Fault::MatchesIsAnchored) && !pattern.starts_with('^') {
            return (searches(&text) && text.chars().count() == 1).into();
        }
        searches(&text).into()
    }
}

fn kind(value: &Json) -> std::mem::Discriminant<Json> {
    std::mem::discriminant(value)
}

fn member<'a>(value: &'a Json, key: &str) -> Option<&'a Json> {
    let Json::Object(members) = value else { return None };
    members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

fn size(value: &Json) -> usize {
    if let Json::Object(members) = value { members.len() } else { 0 }
}

/// Every glob without alternatives that a glob stands for.
fn alternatives(glob: &[char], only_first_level: bool) -> Vec<Vec<char>> {
    let mut depth = 0;
    let mut in_class = false;
    let mut open = None;
    let mut cuts = Vec::new();
    for (place, c) in glob.iter().enumerate() {
        match c {
            '[' if !in_class => in_class = true,
            ']' if in_class => in_class = false,
            _ if in_class => {}
            '{' => {
                depth += 1;
                open = open.or(Some(place));
            }
            ',' if depth == 1 => cuts.push(place),
            '}' if depth > 1 => depth -= 1,
            '}' if depth == 1 => {
                cuts.insert(0, open.unwrap());
                cuts.push(place);
                let parts = cuts.windows(2).map(|cut| &glob[cut[0] + 1..cut[1]]);
                return parts
                    .filter(|part| !(only_first_level && part.contains(&'{')))
                    .flat_map(|part| {
                        let whole = [&glob[..cuts[0]], part, &glob[place + 1..]].concat();
                        alternatives(&whole, only_first_level)
                    })
                    .collect();
            }
            _ => {}
        }
    }
    vec![glob.to_vec()]
}
