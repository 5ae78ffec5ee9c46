use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Source, load};

fn policy(redact: &str) -> crate::Policy {
    let text = format!("version: '1'\nredact: {redact}\nrules: []\n");
    let loaded = load(&[Source { text: text.as_bytes() }]);
    loaded.policy.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn action(params: &Value, description: &str) -> Action {
    let fields = json!({ "type": "a", "target": "b", "params": params, "description": description });
    Action::from_value(fields).unwrap()
}

/// What is left of the parameters, and where something was replaced.
fn redact(list: &str, params: &Value) -> (Value, Vec<String>) {
    let redacted = policy(list).redaction().redact(&action(params, ""), |value| format!("<{value}>"));
    redacted.map_or((params.clone(), Vec::new()), |redacted| {
        (Value::Object(redacted.params().clone()), redacted.places().to_owned())
    })
}

#[test]
fn whole_values_go_by_their_names_at_any_depth() {
    let params =
        json!({ "a": [{ "password": { "x": [1, 2] } }, 7], "b": { "c": { "apiKey": null } }, "token": true });
    let (left, pointers) = redact("[zzz]", &params);
    assert_eq!(
        left,
        json!({
            "a": [{ "password": "<{\"x\":[1,2]}>" }, 7],
            "b": { "c": { "apiKey": "<null>" } },
            "token": "<true>",
        })
    );
    assert_eq!(pointers, ["/a/0/password", "/b/c/apiKey", "/token"]);
}

#[test]
fn what_has_no_secrets_is_left_alone() {
    let action = action(&json!({ "count": 7, "rows": [{ "id": 1 }] }), "hello");
    assert_eq!(Redaction::default().redact(&action, |_| panic!("nothing is to be replaced")), None);
    assert_eq!(policy("[x, /count/x, /rows/1]").redaction().redact(&action, |_| panic!("nothing")), None);
}

#[test]
fn globs_are_of_names_and_pointers_are_of_places() {
    let params = json!({
        "iban": 1,
        "to": { "iban": 2, "Iban": 3 },
        "rows": [{ "n": 4 }, { "n": 5 }],
        "a/b": { "~": 6 },
    });
    assert_eq!(redact("[iban]", &params).1, ["/iban", "/to/iban"]);
    assert_eq!(redact("['[iI]ban']", &params).1, ["/iban", "/to/Iban", "/to/iban"]);
    assert_eq!(redact("[/iban, /rows/1/n]", &params).1, ["/iban", "/rows/1/n"]);
    assert_eq!(redact("[/rows]", &params).1, ["/rows"]);
    assert_eq!(redact("[/a~1b/~0]", &params).1, ["/a~1b/~0"]);
    assert_eq!(redact("[/rows/*/n, /rows/-, /rows/01, 'rows.n']", &params).1, [""; 0]);
    assert_eq!(redact("['*']", &params).1, ["/a~1b", "/iban", "/rows", "/to"]);
}

#[test]
fn a_name_beside_its_value_counts_as_one() {
    let params = json!({
        "headers": [{ "name": "Authorization", "value": "Bearer x" }, { "name": "Accept", "value": "*" }],
        "env": [{ "Key": "DB_PASSWORD", "Value": 7 }, { "key": "iban", "values": [1] }],
    });
    let places = ["/env/0/Value", "/env/1/values", "/headers/0/value"];
    assert_eq!(redact("[iban]", &params).1, places);
}

#[test]
fn a_secret_that_shows_up_again_goes_there_too() {
    let params = json!({
        "password": "hunter22", "command": "login -p hunter22", "x": ["hunter22"],
        "id": 4_111_111, "card_number": 4_111_111, "count": 41_111_112,
    });
    let redacted =
        Redaction::default().redact(&action(&params, "with hunter22"), |_| "*".to_owned()).unwrap();
    assert_eq!(redacted.description(), "with *");
    assert_eq!(
        Value::Object(redacted.params().clone()),
        json!({
            "password": "*", "command": "login -p *", "x": ["*"],
            "id": "*", "card_number": "*", "count": 41_111_112,
        })
    );
    assert_eq!(redacted.places(), ["/card_number", "/command", "/id", "/password", "/x/0", "description"]);
}

#[test]
fn places_that_are_too_many_to_list_take_every_value_along() {
    let many: Map<_, _> = (0..2000).map(|index| (format!("password{index}"), json!(index))).collect();
    let params = json!({ "n".repeat(100_000): many, "x": "plain" });
    let redacted = Redaction::default().redact(&action(&params, "plain"), |_| "*".to_owned()).unwrap();
    let whole = format!("/{}", "n".repeat(100_000));
    assert_eq!(redacted.places(), [whole.as_str(), "/x", "description"]);
    assert!(redacted.params().values().all(|value| value == "*"));
    assert_eq!(redacted.description(), "*");
}

#[test]
fn as_many_places_are_listed_as_it_says_and_one_more_takes_every_value_along() {
    // One place, as long as all that may be listed; and after it one of four bytes more.
    let name = |length: usize| "n".repeat(length - "/".len() - "/password".len());
    let redacted = |length: usize, after: &Value| {
        let params = json!({ name(length): { "password": 7 }, "z": after, "zz": "plain" });
        Redaction::default().redact(&action(&params, ""), |_| "*".to_owned()).unwrap()
    };
    let most = 1 << 16;
    let left = redacted(most, &json!("plain"));
    assert_eq!(left.places(), [format!("/{}/password", name(most))]);
    assert_eq!(left.params()["zz"], "plain");
    for (length, after) in [(most + 1, json!("plain")), (most, json!({ "pin": 1 })), (most, json!("token=x"))]
    {
        let left = redacted(length, &after);
        assert_eq!(left.places(), [format!("/{}", name(length)), "/z".to_owned(), "/zz".to_owned()]);
        assert!(left.params().values().all(|value| value == "*"), "{length} {after}");
    }
}

#[test]
fn names_are_kept_where_they_read_like_some_and_announce_nothing() {
    let keeps = |kind: &str, target: &str| {
        let fields = json!({ "type": kind, "target": target, "params": { "password": "hunter22" } });
        Redaction::default().keeps_names(&Action::from_value(fields).unwrap())
    };
    assert!(keeps("read", "prod-db2.example"));
    assert!(!keeps("read", "x7Kq92LmPz") && !keeps("x7Kq92LmPz", "crm"));
    assert!(!keeps("read", "token=hunter"), "it announces a secret");
}

#[test]
fn the_first_word_of_a_longer_secret_is_looked_for_alone_where_it_is_a_key() {
    let params =
        json!({ "command": "PASSWORD=\"x7Kq92LmPz for prod\" run", "a": "x7Kq92LmPz", "b": "for prod" });
    assert_eq!(redact("[zzz]", &params).1, ["/a", "/command"]);
    let params = json!({ "command": "PASSWORD=\"correct horse\" run", "a": "correct", "b": "horse" });
    assert_eq!(redact("[zzz]", &params).1, ["/command"]);
}

#[test]
fn no_word_of_a_decision_quotes_a_parameter() {
    let text = b"version: '1'\nrules:\n\
        \x20 - { name: a, conditions: { param_gt: { n: 1 } }, approval: block }\n\
        \x20 - { name: b, conditions: { param_contains: { /n: 1 } }, approval: approve }\n\
        \x20 - { name: c, conditions: { param_matches: { o: x } } }\n\
        \x20 - { name: d, conditions: { param_lte: { /o/p: x } } }\n";
    let policy = load(&[Source { text }]).policy.unwrap();
    let params = json!({ "n": "canary-7f3a", "o": { "p": 73_736, "q": ["canary-7f3a"] } });
    let decision = policy.decide(&action(&params, "canary-7f3a"), chrono::DateTime::UNIX_EPOCH);
    assert_eq!(decision.undecidable().len(), 4);
    let words = format!("{decision:?}");
    assert!(!words.contains("canary") && !words.contains("73736"), "{words}");
}

#[test]
fn an_explanation_tells_what_is_secret_and_not_what_it_is() {
    let text = b"version: '1'\nredact: [/a/b]\nrules:\n\
        \x20 - { name: r, conditions: { param_eq: { password: x, /a/b: 1, /a: 2, /c/0: 3, n: 4 } } }\n";
    let policy = load(&[Source { text }]).policy.unwrap();
    let mut params =
        json!({ "password": "canary-7f3a", "a": { "b": 77_123_456 }, "c": ["my canary-7f3a"], "n": 5 });
    let mut why = Vec::new();
    for member in ["password", "a", "c", "n"] {
        let trace = policy.explain(&action(&params, ""), chrono::DateTime::UNIX_EPOCH);
        why.push(trace[0].why.clone());
        // The next condition is told of once this one holds.
        match member {
            "password" => {
                params = json!({ "password": "x", "a": { "b": 77_123_456 }, "token": "canary-7f3a",
                                 "c": ["my canary-7f3a"], "n": 5 });
            }
            "a" => params["a"] = json!({ "b": 1 }),
            _ => {}
        }
    }
    let whys = why.join("\n");
    assert!(!whys.contains("canary") && !whys.contains("77123456"), "{whys}");
    assert!(why[0].ends_with("`password` is secret") && why[1].ends_with("`/a/b` is secret"), "{whys}");
    assert!(why[2].ends_with("`/a` is {\"b\":\"[secret]\"}"), "{whys}");
}

#[test]
fn several_files_keep_secret_what_any_of_them_does() {
    let sources =
        [&b"version: '1'\nredact: [a]\nrules: []\n"[..], b"version: '1'\nredact: [/b]\nrules: []\n"];
    let loaded = load(&sources.map(|text| Source { text }));
    let redaction = loaded.policy.unwrap().redaction;
    let action = action(&json!({ "a": 1, "b": 2, "c": 3 }), "");
    assert_eq!(redaction.redact(&action, |_| String::new()).unwrap().places(), ["/a", "/b"]);
}

/// Values in which some members have secret names, and hold the canary.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z /~]{0,12}".prop_map(Value::from),
        Just(json!("redacted:hmac-sha256:00")),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let name = prop_oneof!["[a-z/~0]{0,4}", Just("password".to_owned()), Just("iban".to_owned())];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts the canary into every leaf below a secret name.
fn plant(value: &mut Value, secret: bool) -> usize {
    const CANARY: &str = "canary-7f3a";
    match value {
        Value::Object(members) => members
            .iter_mut()
            .map(|(name, member)| plant(member, secret || name == "password" || name == "iban"))
            .sum(),
        Value::Array(items) => items.iter_mut().map(|item| plant(item, secret)).sum(),
        leaf if secret => {
            *leaf = Value::from(CANARY);
            1
        }
        _ => 0,
    }
}

proptest! {
    #[test]
    fn no_secret_is_left_whatever_it_is_nested_in(
        params in proptest::collection::btree_map("[a-z]{1,3}|password", value(), 0..5),
    ) {
        let mut params = Value::Object(params.into_iter().collect());
        let planted = plant(&mut params, false);
        let action = action(&params, "say canary-7f3a");
        let policy = policy("[iban]");
        let stand_in = |value: &Value| format!("#{}", value.to_string().len());
        let Some(redacted) = policy.redaction().redact(&action, stand_in) else {
            prop_assert_eq!(planted, 0);
            return Ok(());
        };
        let left = serde_json::to_string(redacted.params()).unwrap();
        prop_assert!(!left.contains("canary"), "{}", left);
        prop_assert_eq!(planted > 0, !redacted.description().contains("canary"));
        // Every place that is named holds what stands for something, and all other places are as they were.
        let mut rest = Value::Object(redacted.params().clone());
        let mut original = params.clone();
        for pointer in redacted.places().iter().filter(|place| place.starts_with('/')) {
            let place = rest.pointer_mut(pointer).unwrap();
            prop_assert!(place.as_str().unwrap().contains('#'));
            *place = Value::Null;
            *original.pointer_mut(pointer).unwrap() = Value::Null;
        }
        prop_assert_eq!(rest, original);
        // It depends on nothing else, and finds the same places again.
        prop_assert_eq!(policy.redaction().redact(&action, stand_in), Some(redacted.clone()));
        let again = self::action(&Value::Object(redacted.params().clone()), "");
        let again = policy.redaction().redact(&again, stand_in).unwrap();
        prop_assert!(again.places().iter().all(|place| redacted.places().contains(place)));
    }
}
