//! The rules of a policy as its files say them, for programs that look at them.

use aegis_engine::language::document::{Conditions, Globs, OrderOperand, Params, RuleEntry};
use aegis_engine::{Document, Policy, Rule};
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// The rules in order, and the defaults of the policy.
pub(crate) fn rules_json(policy: &Policy, documents: &[Option<Document>]) -> Result<String, Failure> {
    let entries = documents.iter().flatten().flat_map(|document| &document.rules);
    let rules: Vec<_> =
        policy.rules().iter().zip(entries).map(|(rule, entry)| rule_json(rule, entry)).collect();
    let whole = json!({
        "default_risk_level": policy.default_risk_level(),
        "default_approval": policy.default_approval(),
        "rules": rules,
    });
    Ok(serde_json::to_string(&whole)?)
}

fn rule_json(rule: &Rule, entry: &RuleEntry) -> Value {
    let globs = |globs: &Option<Globs>| match globs.as_ref().map(|globs| globs.patterns.as_slice()) {
        None => json!("*"),
        Some([one]) => json!(one.value),
        Some(several) => several.iter().map(|glob| glob.value.clone()).collect(),
    };
    json!({
        "name": rule.name(),
        "match_type": globs(&entry.matches.kind),
        "match_target": globs(&entry.matches.target),
        "match_agent": globs(&entry.matches.agent),
        "risk_level": rule.risk_level(),
        "approval": rule.approval(),
        "reason": rule.reason(),
        "conditions": conditions_json(&entry.conditions),
    })
}

fn conditions_json(conditions: &Conditions) -> Value {
    let mut all = Map::new();
    let texts = [
        ("time_after", &conditions.time_after),
        ("time_before", &conditions.time_before),
        ("timezone", &conditions.timezone),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            all.insert(name.to_owned(), json!(text.value));
        }
    }
    if let Some(days) = &conditions.weekdays {
        let days: Vec<_> = days.iter().map(|day| day.value.number()).collect();
        all.insert("weekdays".to_owned(), json!(days));
    }
    let orders = [
        ("param_gt", &conditions.param_gt),
        ("param_lt", &conditions.param_lt),
        ("param_gte", &conditions.param_gte),
        ("param_lte", &conditions.param_lte),
    ];
    for (name, params) in orders {
        add(&mut all, name, params.as_ref(), |operand| match operand {
            OrderOperand::Number(number) => Value::Number(number.clone()),
            OrderOperand::String(text) => json!(text),
        });
    }
    add(&mut all, "param_eq", conditions.param_eq.as_ref(), |operand| operand.0.clone());
    add(&mut all, "param_contains", conditions.param_contains.as_ref(), |operand| operand.0.clone());
    add(&mut all, "param_matches", conditions.param_matches.as_ref(), |text| json!(text));
    add(&mut all, "param_exists", conditions.param_exists.as_ref(), |exists| json!(exists));
    Value::Object(all)
}

fn add<T>(all: &mut Map<String, Value>, name: &str, params: Option<&Params<T>>, value: impl Fn(&T) -> Value) {
    if let Some(params) = params {
        let operands = params.entries.iter().map(|(key, operand)| (key.value.clone(), value(&operand.value)));
        all.insert(name.to_owned(), Value::Object(operands.collect()));
    }
}
