//! What a log may have of a failure: not the secrets of the action that failed.

use aegis_engine::{Action, Policy, hide_secrets};
use serde_json::Value;

/// What went wrong with an action, as a log may have it: without the secrets of the action, which whoever
/// does it may well repeat, and without those that the text itself announces.
#[must_use]
pub fn failure_text(text: &str, action: &Action, policy: &Policy) -> String {
    without_secrets(text, action, policy)
        .unwrap_or_else(|| "it failed; why cannot be told without secrets of the action".to_owned())
}

fn without_secrets(text: &str, action: &Action, policy: &Policy) -> Option<String> {
    let Value::Object(mut fields) = serde_json::to_value(action).ok()? else { return None };
    fields.insert("description".to_owned(), text.into());
    fields.retain(|_, value| !value.is_null());
    let spoken = Action::from_value(fields.into()).ok()?;
    let hidden = policy.redaction().hide(&spoken);
    let left = hidden.as_ref().map_or(text, |hidden| hidden.description());
    Some(hide_secrets(left).into_owned())
}

#[cfg(test)]
mod tests {
    use aegis_engine::{Source, load};

    use super::*;

    #[test]
    fn what_an_error_repeats_of_the_secrets_is_not_kept() {
        let policy = load(&[Source { text: b"version: 1\nrules: []\n" }]).policy.unwrap();
        let action = br#"{"type":"login","target":"crm","params":{"password":"hunter2 is it"}}"#;
        let action = Action::from_json(action).unwrap();
        let text = failure_text("wrong password: hunter2 is it", &action, &policy);
        assert!(!text.contains("hunter2") && text.starts_with("wrong password: "), "{text}");
        assert_eq!(failure_text("it is gone", &action, &policy), "it is gone");
    }
}
