//! Secrets that are told by what stands before them in a list: `["--password", "hunter2"]`,
//! `["Authorization", "Bearer x"]`.

use serde_json::Value;

use crate::text::announced::{password_behind_user, takes_secret, takes_user};
use crate::text::name_like::is_name_like;

/// How long the name in front of a value is at most.
const LONGEST_NAME: usize = 64;

/// What of an item is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing, as far as the list says.
    Nothing,
    /// The whole item.
    Whole,
    /// What stands from this byte on.
    Behind(usize),
}

/// What the items before it tell of one item of a list. Whether a name is that of a secret says `hides`.
pub(super) fn told(items: &[Value], index: usize, hides: impl FnOnce(&str) -> bool) -> Told {
    let text = |index: usize| items.get(index).and_then(Value::as_str);
    let Some(before) = index.checked_sub(1).and_then(text) else { return Told::Nothing };
    if takes_secret(before) {
        // Another option takes none of them.
        let is_option = text(index).is_some_and(|item| item.starts_with('-'));
        return if is_option { Told::Nothing } else { Told::Whole };
    }
    if takes_user(before) {
        let Some(item) = text(index) else { return Told::Nothing };
        return match password_behind_user(item) {
            Some(start) if item.get(..start).is_some_and(is_name_like) => Told::Behind(start),
            Some(_) => Told::Whole,
            None => Told::Nothing,
        };
    }
    let is_name = items.len() == 2
        && before.len() <= LONGEST_NAME
        && !before.starts_with('-')
        && !before.contains(char::is_whitespace);
    if is_name && hides(before.trim_end_matches(':')) { Told::Whole } else { Told::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::secret_names::looks_secret;
    use serde_json::json;

    fn told_of(list: &Value) -> Vec<Told> {
        // Two dashes are written as one of another kind: no library speaks of options.
        let list: Value = serde_json::from_str(&list.to_string().replace('–', "--")).unwrap();
        let items = list.as_array().unwrap();
        (0..items.len()).map(|index| told(items, index, looks_secret)).collect()
    }

    #[test]
    fn an_option_and_a_name_tell_of_what_follows() {
        use Told::{Behind, Nothing, Whole};
        assert_eq!(told_of(&json!(["mysql", "–password", "hunter2"])), [Nothing, Nothing, Whole]);
        assert_eq!(told_of(&json!(["x", "–pin", 1234, "y"])), [Nothing, Nothing, Whole, Nothing]);
        assert_eq!(told_of(&json!(["x", "–password", "–host", "y"])), [Nothing; 4]);
        assert_eq!(told_of(&json!(["curl", "-u", "ana:hunter2"])), [Nothing, Nothing, Behind(4)]);
        assert_eq!(told_of(&json!(["curl", "-u", "ana:Ünter7"])), [Nothing, Nothing, Behind(4)]);
        assert_eq!(told_of(&json!(["curl", "-su", "x7Kq92LmPz:y"])), [Nothing, Nothing, Whole]);
        assert_eq!(told_of(&json!(["docker", "-u", "1000:1000"])), [Nothing; 3]);
        assert_eq!(told_of(&json!(["Authorization", "Bearer x"])), [Nothing, Whole]);
        assert_eq!(told_of(&json!(["Cookie:", ["a", "b"]])), [Nothing, Whole]);
        assert_eq!(told_of(&json!(["password", "name", "mail"])), [Nothing; 3]);
        assert_eq!(told_of(&json!(["Accept", "*/*"])), [Nothing; 2]);
        assert_eq!(told_of(&json!(["–password-stdin", "x"])), [Nothing; 2]);
    }
}
