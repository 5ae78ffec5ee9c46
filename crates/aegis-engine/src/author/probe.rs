//! Probes: actions made from a policy's own words, to find out what a change to it could do.
//!
//! Texts come from the globs and regular expressions, values from the operands of conditions and their
//! neighbours, instants from the times and days. What is made is checked against the rules before it is used,
//! so a probe may be missing but is never wrong.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Number, Value, json};

use crate::author::instants::turning_points;
use crate::decide::action::Action;
use crate::decide::condition::{ParamTest, Test, Truth};
use crate::decide::glob::Glob;
use crate::decide::operand::OrderOperand;
use crate::decide::param_key::ParamKey;
use crate::decide::policy::{Field, Judgement, Rule};

/// What stands for `*` in texts that are made up.
const FILLER: &str = "any";
/// How many texts of a field, sets of parameters and instants are combined with one another.
const MAX_TEXTS: usize = 8;
const MAX_PARAMS: usize = 4;
const MAX_INSTANTS: usize = 2;
/// The longest text that is made from a regular expression.
const MAX_TEXT: usize = 1000;
/// An action at an instant.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub(crate) action: Action,
    pub(crate) at: DateTime<Utc>,
}

/// Actions that each of `rules`, judged by itself, matches; the plainest first. None where none was found.
pub(crate) fn probes(rules: &[&Rule]) -> Vec<Probe> {
    let [kinds, targets, agents] =
        [Field::Kind, Field::Target, Field::Agent].map(|field| texts(rules, field));
    let params = params(rules);
    let instants = instants(rules);
    let mut probes = Vec::new();
    for kind in &kinds {
        for target in &targets {
            for agent in &agents {
                for params in &params {
                    let action = action(kind.as_deref(), target.as_deref(), agent.as_deref(), params);
                    let made = action.into_iter().flat_map(|action| {
                        instants.iter().map(move |at| Probe { action: action.clone(), at: *at })
                    });
                    probes.extend(made.filter(|probe| probe.is_matched_by(rules)));
                }
            }
        }
    }
    probes
}

impl Probe {
    fn is_matched_by(&self, rules: &[&Rule]) -> bool {
        rules.iter().all(|rule| matches!(rule.judge(&self.action, self.at), Judgement::Matches))
    }
}

fn action(
    kind: Option<&str>,
    target: Option<&str>,
    agent: Option<&str>,
    params: &Map<String, Value>,
) -> Option<Action> {
    let mut fields = Map::new();
    fields.insert("type".to_owned(), kind?.into());
    fields.insert("target".to_owned(), target?.into());
    fields.insert("params".to_owned(), params.clone().into());
    fields.extend(agent.map(|agent| ("agent".to_owned(), agent.into())));
    Action::from_value(fields.into()).ok()
}

/// Texts of a field that a glob of each rule matches; `None` is an absent agent.
fn texts(rules: &[&Rule], field: Field) -> Vec<Option<String>> {
    let sets: Vec<&[Glob]> = rules.iter().filter_map(|rule| rule.matches.of(field)).collect();
    let globs = || sets.iter().copied().flatten();
    let mut texts = Vec::new();
    if field == Field::Agent && globs().all(Glob::is_any) {
        texts.push(None);
    }
    if sets.is_empty() && field != Field::Agent {
        texts.push(Some(FILLER.to_owned()));
    }
    let samples: Vec<_> = globs().flat_map(|glob| glob.samples(FILLER)).collect();
    texts.extend(samples.iter().cloned().map(Some));
    if sets.len() > 1 {
        // `reset_*` and `*password*` have `reset_password` in common.
        let bare: Vec<_> = globs().flat_map(|glob| glob.samples("")).collect();
        let joined = bare.iter().flat_map(|left| bare.iter().map(move |right| format!("{left}{right}")));
        texts.extend(joined.map(Some));
    }
    let matched = |text: &Option<String>| {
        sets.iter().all(|globs| {
            globs.iter().any(|glob| text.as_deref().map_or(glob.is_any(), |text| glob.is_match(text)))
        })
    };
    let mut found: Vec<Option<String>> = Vec::new();
    for text in texts {
        if found.len() < MAX_TEXTS && !found.contains(&text) && matched(&text) {
            found.push(text);
        }
    }
    found
}

/// Sets of parameters for which every condition of the rules on parameters holds; empty if none was found.
fn params(rules: &[&Rule]) -> Vec<Map<String, Value>> {
    let mut tests: BTreeMap<String, (&ParamKey, Vec<&ParamTest>)> = BTreeMap::new();
    for condition in rules.iter().flat_map(|rule| &rule.conditions) {
        if let Test::Param(key, test) = &condition.test {
            tests.entry(key.to_string()).or_insert_with(|| (key, Vec::new())).1.push(test);
        }
    }
    let chosen: Vec<_> = tests.into_values().map(|(key, tests)| (key, values(&tests))).collect();
    if chosen.iter().any(|(_, values)| values.is_empty()) {
        return Vec::new();
    }
    let variants = chosen.iter().map(|(_, values)| values.len()).max().unwrap_or(1).min(MAX_PARAMS);
    let variant = |index: usize| {
        let mut params = Map::new();
        for (key, values) in &chosen {
            if let Some(Some(value)) = values.iter().cycle().nth(index) {
                key.put(&mut params, value.clone());
            }
        }
        params
    };
    (0..variants).map(variant).collect()
}

/// Values of one parameter for which all of `tests` hold; `None` is an absent one.
fn values(tests: &[&ParamTest]) -> Vec<Option<Value>> {
    let candidates = tests.iter().flat_map(|test| candidates(test));
    let mut found: Vec<Option<Value>> = Vec::new();
    for value in candidates {
        let holds = tests.iter().all(|test| test.judge_any(value.as_ref()) == Truth::True);
        if holds && !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// Values for which a condition may hold.
fn candidates(test: &ParamTest) -> Vec<Option<Value>> {
    let values = match test {
        ParamTest::Exists(false) => return vec![None],
        ParamTest::Exists(true) => vec![json!(FILLER), json!(1), json!(true)],
        ParamTest::Eq(value) => vec![value.clone()],
        ParamTest::Order(_, operand) => neighbours(operand),
        ParamTest::Contains(Value::String(part)) => vec![json!(part), json!([part]), json!({ part: true })],
        ParamTest::Contains(element) => vec![json!([element])],
        ParamTest::Matches(regex) => {
            let matching = regex_syntax::parse(regex.as_str()).ok().and_then(|hir| {
                let mut made = String::new();
                write_match(&hir, &mut made).then_some(made)
            });
            matching
                .into_iter()
                .chain([String::new(), FILLER.to_owned(), "1".to_owned()])
                .map(Value::from)
                .collect()
        }
    };
    values.into_iter().map(Some).collect()
}

/// Values at, just below and just above an operand.
pub(crate) fn neighbours(operand: &OrderOperand) -> Vec<Value> {
    match operand {
        OrderOperand::String(text) => vec![json!(text), json!(format!("{text}x")), json!("")],
        OrderOperand::Number(number) => {
            let whole = [0, 1, -1, 2, -2].into_iter().filter_map(|step| nudged(number, step));
            let halves = [0.5, -0.5].into_iter().filter_map(|step| Number::from_f64(number.as_f64()? + step));
            whole.chain(halves).map(Value::Number).collect()
        }
    }
}

/// The number `step` further on, if that is another number that can be written.
pub(crate) fn nudged(number: &Number, step: i64) -> Option<Number> {
    if let Some(integer) = number.as_i64() {
        return integer.checked_add(step).map(Number::from);
    }
    if let Some(integer) = number.as_u64() {
        return integer.checked_add_signed(step).map(Number::from);
    }
    let float = number.as_f64()?;
    #[expect(clippy::cast_precision_loss, reason = "steps are small")]
    let further = float + step as f64;
    #[expect(clippy::float_cmp, reason = "a step too small for the number leaves it exactly as it is")]
    let is_same = step != 0 && further == float;
    if is_same { None } else { Number::from_f64(further) }
}

/// Writes a text that an expression could match, by its first alternatives and least repetitions. False if
/// there is none or if it would be too long. Anchors and word boundaries are not looked at: what comes out is
/// tried anyway.
fn write_match(hir: &Hir, text: &mut String) -> bool {
    if text.len() > MAX_TEXT {
        return false;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(literal) => {
                text.push_str(literal);
                true
            }
            Err(_) => false,
        },
        HirKind::Class(Class::Unicode(class)) => {
            let plain = class.ranges().iter().find(|range| range.end() >= '0' && range.start() <= 'z');
            let character =
                plain.map(|range| range.start().max('0')).or_else(|| Some(class.ranges().first()?.start()));
            text.extend(character);
            character.is_some()
        }
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => (0..repetition.min).all(|_| write_match(&repetition.sub, text)),
        HirKind::Capture(capture) => write_match(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().all(|part| write_match(part, text)),
        HirKind::Alternation(branches) => branches.first().is_some_and(|branch| write_match(branch, text)),
    }
}

/// Instants at which all conditions of the rules on the time hold; the instant of examples first, if it is
/// one.
fn instants(rules: &[&Rule]) -> Vec<DateTime<Utc>> {
    let conditions = || rules.iter().flat_map(|rule| &rule.conditions);
    let holds = |at: &DateTime<Utc>| conditions().all(|condition| condition.allows(*at));
    turning_points(conditions()).into_iter().filter(holds).take(MAX_INSTANTS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::policy::Policy;
    use crate::language::compile::load;
    use crate::language::policy_bytes::Source;

    fn policy(text: &str) -> Policy {
        load(&[Source { text: text.as_bytes() }]).policy.unwrap()
    }

    #[test]
    fn a_rule_of_any_kind_has_a_probe() {
        for rule in [
            "",
            "match: { type: 'a?[!b]{c,d*}', target: ['', x], agent: '*' }",
            "match: { agent: 'bot_*' }",
            "conditions: { param_gt: { n: 1 }, param_lte: { n: 2.5 } }",
            "conditions: { param_gt: { n: 18446744073709551614 } }",
            "conditions: { param_lt: { n: -9223372036854775807 } }",
            "conditions: { param_gt: { s: m } }",
            "conditions: { param_eq: { a: { b: [1] } }, param_exists: { c: false, d: true } }",
            "conditions: { param_contains: { s: x, l: 1 }, param_matches: { s: '^x$' } }",
            "conditions: { param_matches: { s: '(?i)^(drop|alter)\\s+table\\s+[^a-z]{2,}' } }",
            "conditions: { param_eq: { /a/b/0: 1, /a/c: 2, '/a~1b': 3 } }",
            "conditions: { time_after: '23:59', weekdays: [sun], timezone: Asia/Kathmandu }",
            "conditions: { time_after: '22:00', time_before: '06:00' }",
        ] {
            let policy = policy(&format!("version: '1'\nrules: [{{ name: a, {rule} }}]\n"));
            assert!(!probes(&policy.rules.iter().collect::<Vec<_>>()).is_empty(), "{rule}");
        }
    }

    #[test]
    fn two_rules_that_overlap_have_a_probe_in_common() {
        for (first, second, overlap) in [
            ("match: { type: 'reset_*' }", "match: { type: '*password*' }", true),
            ("match: { type: a }", "match: { target: b }", true),
            ("match: { type: a }", "match: { type: b }", false),
            ("conditions: { param_gt: { n: 1 } }", "conditions: { param_gt: { n: 5 } }", true),
            ("conditions: { param_gt: { n: 1 } }", "conditions: { param_lte: { n: 1 } }", false),
            ("conditions: { weekdays: [mon] }", "conditions: { weekdays: [tue] }", false),
        ] {
            let policy = policy(&format!("version: '1'\nrules: [{{ {first} }}, {{ {second} }}]\n"));
            let found = probes(&policy.rules.iter().collect::<Vec<_>>());
            assert_eq!(!found.is_empty(), overlap, "{first} and {second}");
        }
    }
}
