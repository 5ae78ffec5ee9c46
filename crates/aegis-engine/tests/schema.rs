//! The schemas and the reader agree: what one refuses for its shape, the other refuses.
//!
//! Policies that are valid are changed at random places. Numbers like `1.0` are left out: to JSON Schema they
//! are integers, to the reader they are not written as ones.

#[cfg(test)]
mod schema {
    use std::sync::LazyLock;

    use aegis_engine::{Code, Source, TestFiles, load, policy_schema, test_schema};
    use chrono::DateTime;
    use proptest::prelude::*;
    use regex::Regex;
    use serde_json::{Map, Value, json};

    /// What a schema cannot say, or need not: the texts inside of strings, and what follows from several.
    const OF_CONTENT: [Code; 12] = [
        Code::InvalidGlob,
        Code::InvalidRegex,
        Code::InvalidTimezone,
        Code::ImpossibleWindow,
        Code::InvalidPointer,
        Code::UnknownLint,
        Code::InvalidSshKey,
        Code::DuplicateApprover,
        Code::UnknownApprover,
        Code::DurationTooLong,
        Code::ImpossibleApproval,
        Code::TermsWithoutQuestion,
    ];

    static POLICY: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(policy_schema()).unwrap());
    static TESTS: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(test_schema()).unwrap());

    /// A policy with every key that there is.
    fn whole_policy() -> Value {
        json!({
            "version": "1",
            "defaults": { "risk_level": "medium", "approval": "approve", "timezone": "UTC" },
            "approvers": {
                "ana": { "account": "ana" },
                "bo": { "ssh_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN8VXXmqgheOGGGlINnoaiz1gNvkFivqZ5KVGQdHK2b8" },
                "cy": {
                    "ssh_key": "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHAAAABHNzaDo=",
                    "touch": true
                }
            },
            "redact": ["iban", "/order/notes"],
            "rules": [
                {
                    "name": "all_keys",
                    "match": { "type": "bulk_*", "target": ["crm", "erp"], "agent": "*" },
                    "conditions": {
                        "time_after": "08:00", "time_before": "18:00", "weekdays": [1, "tue"], "timezone": "UTC",
                        "param_eq": { "a": "x", "b": [1] }, "param_gt": { "count": 100 },
                        "param_lt": { "count": 500 }, "param_gte": { "name": "a" }, "param_lte": { "name": "z" },
                        "param_contains": { "tags": "x" }, "param_matches": { "path": "^a" },
                        "param_exists": { "id": true }
                    },
                    "risk_level": "high",
                    "approval": "approve",
                    "examples": [{
                        "action": {
                            "type": "bulk_update", "target": "crm", "params": { "count": 101 },
                            "description": "why", "agent": "bot"
                        },
                        "at": "2026-11-23T20:00:00Z",
                        "expect": { "approval": "approve", "risk_level": "high", "rule": "all_keys" }
                    }]
                },
                { "match": { "type": ["read"] }, "approval": "auto" },
                {
                    "match": { "type": "pay" },
                    "approval": {
                        "mode": "approve", "by": ["ana", "bo", "cy"], "quorum": 2, "evidence": "signature",
                        "self_approval": false, "ttl": "24h", "use_within": "15m",
                        "grant": { "for": "15m", "uses": 20, "same": ["target", "/region"] }
                    }
                }
            ],
            "examples": [{ "action": { "type": "read", "target": "x" }, "expect": "auto" }]
        })
    }

    fn whole_test_file() -> Value {
        json!({
            "policy": "policy.yaml",
            "examples": [{
                "action": { "type": "read", "target": "crm", "params": {} },
                "at": "2026-11-23T20:00:00Z",
                "expect": { "approval": "auto" }
            }]
        })
    }

    /// A change at a place that is drawn by walking down from the root.
    #[derive(Clone, Debug)]
    enum Change {
        Replace(Value),
        Remove,
        AddKey(String, Value),
        Rename(String),
        Wrap,
    }

    fn value() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just(""),
            Just("1"),
            Just("auto"),
            Just("high"),
            Just("mon"),
            Just("08:00"),
            Just("8:00"),
            Just("x"),
            Just("true"),
            Just("ana"),
            Just("15m"),
            Just("0s"),
            Just("90d"),
            Just("touch"),
            Just("block"),
            Just("2026-11-23T20:00:00Z")
        ];
        prop_oneof![
            3 => Just(Value::Null),
            2 => any::<bool>().prop_map(Value::from),
            2 => prop_oneof![Just(0), Just(1), Just(2), Just(7), Just(8), Just(-1)].prop_map(Value::from),
            1 => Just(json!(1.5)),
            3 => word.prop_map(Value::from),
            1 => Just(json!([])),
            1 => Just(json!({})),
            1 => Just(json!(["a"])),
            1 => Just(json!([1])),
            1 => Just(json!({ "count": 1 })),
            1 => Just(json!({ "a": null })),
        ]
    }

    fn change() -> impl Strategy<Value = Change> {
        let key = prop_oneof![
            Just("type"),
            Just("name"),
            Just("rules"),
            Just("approval"),
            Just("param_eq"),
            Just("account"),
            Just("touch"),
            Just("mode"),
            Just("unknown"),
            Just("")
        ];
        prop_oneof![
            4 => value().prop_map(Change::Replace),
            2 => Just(Change::Remove),
            2 => (key.clone(), value()).prop_map(|(key, value)| Change::AddKey(key.to_owned(), value)),
            1 => key.prop_map(|key| Change::Rename(key.to_owned())),
            1 => Just(Change::Wrap),
        ]
    }

    /// Makes a change at the place that some numbers lead to.
    fn make(value: &mut Value, way: &[usize], change: &Change) {
        let inner = match (&mut *value, way.split_first()) {
            (Value::Array(items), Some((step, rest))) if !items.is_empty() => {
                let index = step % items.len();
                if rest.is_empty() && matches!(change, Change::Remove) {
                    items.remove(index);
                    return;
                }
                items.get_mut(index).map(|item| (item, rest))
            }
            (Value::Object(members), Some((step, rest))) if !members.is_empty() => {
                let key = members.keys().nth(step % members.len()).unwrap().clone();
                match change {
                    Change::Remove if rest.is_empty() => {
                        members.remove(&key);
                        return;
                    }
                    Change::Rename(other) if rest.is_empty() => {
                        let value = members.remove(&key).unwrap();
                        members.insert(other.clone(), value);
                        return;
                    }
                    _ => members.get_mut(&key).map(|member| (member, rest)),
                }
            }
            _ => None,
        };
        if let Some((inner, rest)) = inner {
            return make(inner, rest, change);
        }
        match change {
            Change::Replace(other) => *value = other.clone(),
            Change::AddKey(key, other) => {
                if let Value::Object(members) = value {
                    members.insert(key.clone(), other.clone());
                }
            }
            Change::Wrap => *value = Value::Array(vec![value.take()]),
            Change::Remove | Change::Rename(_) => {}
        }
    }

    /// Whether a value is valid by a schema. A keyword that is not known here is an error of this test.
    fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
        let keywords = match schema {
            Value::Bool(all) => return *all,
            Value::Object(keywords) => keywords,
            other => panic!("no schema: {other}"),
        };
        keywords.iter().all(|(keyword, rule)| accepts_by(root, keywords, keyword, rule, value))
    }

    fn accepts_by(
        root: &Value,
        schema: &Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
    ) -> bool {
        let number = |rule: &Value| rule.as_u64().unwrap();
        let choices =
            || rule.as_array().unwrap().iter().filter(|choice| accepts(root, choice, value)).count();
        match keyword {
            "$schema" | "$defs" | "title" | "description" | "default" | "examples" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                accepts(root, root.pointer(pointer).unwrap(), value)
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|word| is_of_type(value, word.as_str().unwrap())),
                word => is_of_type(value, word.as_str().unwrap()),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "anyOf" => choices() > 0,
            "oneOf" => choices() == 1,
            "required" => value.as_object().is_none_or(|members| {
                rule.as_array().unwrap().iter().all(|key| members.contains_key(key.as_str().unwrap()))
            }),
            "properties" => value.as_object().is_none_or(|members| {
                let known = rule.as_object().unwrap();
                members
                    .iter()
                    .all(|(key, value)| known.get(key).is_none_or(|schema| accepts(root, schema, value)))
            }),
            "additionalProperties" => value.as_object().is_none_or(|members| {
                let known = schema.get("properties").and_then(Value::as_object);
                let others =
                    members.iter().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
                others.into_iter().all(|(_, value)| accepts(root, rule, value))
            }),
            "propertyNames" => value.as_object().is_none_or(|members| {
                members.keys().all(|key| accepts(root, rule, &Value::from(key.as_str())))
            }),
            "items" => {
                value.as_array().is_none_or(|items| items.iter().all(|item| accepts(root, rule, item)))
            }
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= number(rule)),
            "minProperties" => value.as_object().is_none_or(|members| members.len() as u64 >= number(rule)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= number(rule)),
            "minimum" => value.as_f64().is_none_or(|found| found >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|found| found <= rule.as_f64().unwrap()),
            "pattern" => {
                value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text))
            }
            "format" => {
                assert_eq!(rule, "date-time");
                value.as_str().is_none_or(|text| DateTime::parse_from_rfc3339(text).is_ok())
            }
            other => panic!("the keyword `{other}` is not known here"),
        }
    }

    fn is_of_type(value: &Value, word: &str) -> bool {
        match word {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("the type `{other}` is not known here"),
        }
    }

    /// What the reader refuses a policy for.
    fn refused_policy(policy: &Value) -> Vec<String> {
        let text = policy.to_string();
        let loaded = load(&[Source { text: text.as_bytes() }]);
        let of_shape = loaded.diagnostics.iter().filter(|found| !OF_CONTENT.contains(&found.code));
        of_shape.map(|found| format!("{}: {}", found.code, found.message)).collect()
    }

    fn refused_test_file(file: &Value) -> Vec<String> {
        let text = file.to_string();
        let policy = b"version: 1\nrules: []\n";
        let read = TestFiles::read(&[("p.yaml", policy)], &[("p.test.yaml", text.as_bytes())]);
        read.diagnostics.iter().map(|found| format!("{}: {}", found.code, found.message)).collect()
    }

    fn changes() -> impl Strategy<Value = Vec<(Vec<usize>, Change)>> {
        let way = proptest::collection::vec(0..64_usize, 0..9);
        proptest::collection::vec((way, change()), 1..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_policy_is_refused_for_its_shape_by_both_or_by_neither(changes in changes()) {
            let mut policy = whole_policy();
            for (way, change) in &changes {
                make(&mut policy, way, change);
            }
            let refused = refused_policy(&policy);
            let schema = &*POLICY;
            prop_assert_eq!(accepts(schema, schema, &policy), refused.is_empty(), "{:?}\n{}", refused, policy);
        }

        #[test]
        fn a_test_file_is_refused_for_its_shape_by_both_or_by_neither(changes in changes()) {
            let mut file = whole_test_file();
            for (way, change) in &changes {
                make(&mut file, way, change);
            }
            let refused = refused_test_file(&file);
            let schema = &*TESTS;
            prop_assert_eq!(accepts(schema, schema, &file), refused.is_empty(), "{:?}\n{}", refused, file);
        }
    }

    #[test]
    fn what_is_whole_is_accepted_and_no_key_of_it_may_be_null() {
        let schema = serde_json::to_value(policy_schema()).unwrap();
        assert_eq!(refused_policy(&whole_policy()), Vec::<String>::new());
        assert!(accepts(&schema, &schema, &whole_policy()));
        let mut places = Vec::new();
        walk(&whole_policy(), String::new(), &mut places);
        assert!(places.len() > 50, "{}", places.len());
        for place in places {
            let mut policy = whole_policy();
            *policy.pointer_mut(&place).unwrap() = Value::Null;
            // Values of an action's parameters, and inside of an operand, may be anything.
            let is_free = place.contains("/params/") || place.ends_with("/param_eq/b/0");
            assert_eq!(refused_policy(&policy).is_empty(), is_free, "{place}");
            assert_eq!(accepts(&schema, &schema, &policy), is_free, "{place}");
        }
    }

    /// The places of all values in one.
    fn walk(value: &Value, at: String, places: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    walk(value, format!("{at}/{}", key.replace('/', "~1")), places);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    walk(value, format!("{at}/{index}"), places);
                }
            }
            _ => {}
        }
        places.push(at);
    }
}
