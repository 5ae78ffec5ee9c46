//! Secrets that announce themselves, in actions.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// An action of these fields as it may be written down: as JSON, and where something was replaced.
fn redact(fields: &Value) -> (Value, Vec<String>) {
    // Two dashes are written as one of another kind: no library speaks of options.
    let text = fields.to_string().replace('–', "--");
    let fields = &serde_json::from_str::<Value>(&text).unwrap();
    let action = Action::from_value(fields.clone()).unwrap();
    let redacted = Redaction::default().redact(&action, |value| format!("<{}>", value.to_string().len()));
    let Some(redacted) = redacted else { return (fields.clone(), Vec::new()) };
    let kept = (redacted.kind(), redacted.target()) == (action.kind(), action.target());
    assert!(kept || !Redaction::default().keeps_names(&action), "{fields}");
    let mut left = fields.clone();
    for (field, text) in [
        ("type", Some(redacted.kind())),
        ("target", Some(redacted.target())),
        ("agent", redacted.agent()),
        ("description", Some(redacted.description()).filter(|text| !text.is_empty())),
    ] {
        if let Some(text) = text {
            left[field] = text.into();
        }
    }
    left["params"] = Value::Object(redacted.params().clone());
    (left, redacted.places().to_vec())
}

#[test]
fn the_secret_alone_goes_from_every_field() {
    let (left, places) = redact(&json!({
        "type": "run PASSWORD=hunter2",
        "target": "https://ana:hunter2@host/",
        "agent": "bot token=hunter2",
        "description": "with Bearer hunter2-x",
        "params": { "a": [{ "b": "GITHUB_TOKEN=hunter2 gh" }], "type": "x", "url": "https://h/?page=2" },
    }));
    assert_eq!(
        left,
        json!({
            "type": "run PASSWORD=<9>",
            "target": "https://ana:<9>@host/",
            "agent": "bot token=<9>",
            "description": "with Bearer <11>",
            "params": { "a": [{ "b": "GITHUB_TOKEN=<9> gh" }], "type": "x", "url": "https://h/?page=2" },
        })
    );
    assert_eq!(places, ["/a/0/b", "agent", "description", "target", "type"]);
}

#[test]
fn lists_tell_of_what_is_in_them() {
    let (left, places) = redact(&json!({ "type": "x", "target": "y", "params": {
        "headers": [["Accept", "*/*"], ["Authorization", "Bearer hunter2"]],
        "argv": ["curl", "-u", "ana:hunter2x", "-H", "X-Api-Key: hunter3", "–token", "hunter4"],
        "other": ["hunter2x", "token", "count"],
    } }));
    let params = json!({
        "headers": [["Accept", "*/*"], ["Authorization", "<16>"]],
        "argv": ["curl", "-u", "ana:<10>", "-H", "X-Api-Key: <9>", "–token", "<9>"],
        "other": ["<10>", "token", "count"],
    });
    assert_eq!(left["params"].to_string(), params.to_string().replace('–', "--"));
    assert_eq!(places, ["/argv/2", "/argv/4", "/argv/6", "/headers/1/1", "/other/0"]);
}

#[test]
fn what_was_found_in_one_text_is_looked_for_in_the_others() {
    let (left, places) = redact(&json!({
        "type": "x", "target": "https://h/botx7Kq92LmPz/send", "description": "uses x7Kq92LmPz",
        "params": { "command": "TOKEN=x7Kq92LmPz run", "note": "not x7Kq92Lm" },
    }));
    assert_eq!(left["target"], "https://h/bot<12>/send");
    assert_eq!(left["description"], "uses <12>");
    assert_eq!(left["params"], json!({ "command": "TOKEN=<12> run", "note": "not x7Kq92Lm" }));
    assert_eq!(places, ["/command", "description", "target"]);
}

#[test]
fn where_places_are_too_many_only_names_are_left() {
    let many: Map<_, _> = (0..2000).map(|index| (format!("password{index}"), json!(index))).collect();
    let (left, places) = redact(&json!({
        "type": "read", "target": "https://ana:hunter2@host/", "agent": "x7Kq92LmPz",
        "params": { "n".repeat(100_000): many },
    }));
    assert_eq!(
        (&left["type"], &left["target"], &left["agent"]),
        (&json!("read"), &json!("<27>"), &json!("<12>"))
    );
    assert_eq!(places[1..], ["agent", "target"]);
}

proptest! {
    #[test]
    fn a_secret_behind_a_name_is_in_no_field(
        front in "[ -~]{0,20}",
        secret in "[a-zA-Z0-9]{8,20}",
        back in "[ -~]{0,20}",
        field in 0_usize..5,
    ) {
        let text = format!("{front}\nPASSWORD={secret} {back}");
        let mut fields = json!({ "type": "x", "target": "y", "params": { "a": ["z"] } });
        match field {
            0 => fields["type"] = text.into(),
            1 => fields["target"] = text.into(),
            2 => fields["agent"] = text.into(),
            3 => fields["description"] = text.into(),
            _ => fields["params"]["a"][0] = text.into(),
        }
        let (left, places) = redact(&fields);
        prop_assert!(!left.to_string().contains(&secret), "{left}");
        // Every place that is listed is there, and differs; all others are as they were.
        let mut rest = left.clone();
        for place in &places {
            let path = if place.starts_with('/') { format!("/params{place}") } else { format!("/{place}") };
            prop_assert_ne!(left.pointer(&path), fields.pointer(&path));
            *rest.pointer_mut(&path).unwrap() = fields.pointer(&path).unwrap().clone();
        }
        prop_assert_eq!(&rest, &fields);
        // What is left hides nothing elsewhere when it is redacted again.
        let (_, again) = redact(&left);
        prop_assert!(again.iter().all(|place| places.contains(place)), "{again:?} {places:?}");
    }
}
