//! The key of a parameter: a name at the top of `params`, or a JSON Pointer (RFC 6901) into them.

use std::fmt;

use serde_json::{Map, Value};

use crate::text::escape::escape_capped;

/// Which parameter a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParamKey {
    written: String,
    /// The reference tokens of an RFC 6901 pointer, unescaped; `None` for a top-level key.
    pointer: Option<Vec<String>>,
}

impl ParamKey {
    /// Reads a key. `None` if it starts with `/` and is not a JSON Pointer.
    pub(crate) fn new(written: &str) -> Option<ParamKey> {
        let pointer = match written.strip_prefix('/') {
            None => None,
            Some(tokens) => Some(tokens.split('/').map(unescape_pointer).collect::<Option<Vec<_>>>()?),
        };
        Some(ParamKey { written: written.to_owned(), pointer })
    }

    /// The key as it is written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// Puts a value where the key looks for it; what is in the way is replaced.
    pub(crate) fn put(&self, params: &mut Map<String, Value>, value: Value) {
        let Some(tokens) = &self.pointer else {
            params.insert(self.written.clone(), value);
            return;
        };
        let Some((first, rest)) = tokens.split_first() else { return };
        let mut place = params.entry(first.clone()).or_insert(Value::Null);
        for token in rest {
            let is_in_list = match place {
                Value::Array(items) => array_index(token).is_some_and(|index| index < items.len()),
                _ => false,
            };
            if !(is_in_list || place.is_object()) {
                *place = Value::Object(Map::new());
            }
            let next = match place {
                Value::Array(items) => array_index(token).and_then(|index| items.get_mut(index)),
                Value::Object(members) => Some(members.entry(token.clone()).or_insert(Value::Null)),
                _ => None,
            };
            let Some(next) = next else { return };
            place = next;
        }
        *place = value;
    }

    /// The steps from `params` to the parameter: `count` and `/count` lead to the same.
    pub(crate) fn path(&self) -> &[String] {
        self.pointer.as_deref().unwrap_or(std::slice::from_ref(&self.written))
    }

    pub(crate) fn find<'v>(&self, params: &'v Map<String, Value>) -> Option<&'v Value> {
        let Some(tokens) = &self.pointer else { return params.get(&self.written) };
        let (first, rest) = tokens.split_first()?;
        rest.iter().try_fold(params.get(first)?, |value, token| match value {
            Value::Object(members) => members.get(token),
            Value::Array(items) => items.get(array_index(token)?),
            _ => None,
        })
    }
}

impl fmt::Display for ParamKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&escape_capped(&self.written, 80))
    }
}

/// RFC 6901, section 4: `~1` is `/`, `~0` is `~`, and no other `~` may stand.
fn unescape_pointer(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = part.split_at_checked(1)?;
        unescaped.push(match escaped {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        unescaped.push_str(rest);
    }
    Some(unescaped)
}

/// RFC 6901, section 4: digits without a leading zero.
fn array_index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with('0');
    (plain && token.bytes().all(|byte| byte.is_ascii_digit())).then(|| token.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_reach_into_objects_and_lists() {
        let params = json!({ "a": { "b/c": [{ "~": 1 }] }, "/x": 2, "": { "": 3 } });
        let params = params.as_object().unwrap();
        let find = |key: &str| ParamKey::new(key).unwrap().find(params).cloned();
        assert_eq!(find("/a/b~1c/0/~0"), Some(json!(1)));
        assert_eq!(find("/a/b~1c/00"), None);
        assert_eq!(find("/a/b~1c/-"), None);
        assert_eq!(find("/~1x"), Some(json!(2)));
        assert_eq!(find("//"), Some(json!(3)));
        assert_eq!(find("b/c"), None);
        assert_eq!(ParamKey::new("/a~2"), None);
        assert_eq!(ParamKey::new("/a~"), None);
        assert_eq!(ParamKey::new("/a~é"), None);
    }

    #[test]
    fn a_value_is_put_where_it_is_found_again() {
        for (key, before, after) in [
            ("a/b", json!({}), json!({ "a/b": 7 })),
            ("/a", json!({ "a": 1, "b": 2 }), json!({ "a": 7, "b": 2 })),
            ("/a/b", json!({}), json!({ "a": { "b": 7 } })),
            ("/a/b", json!({ "a": { "c": 1 } }), json!({ "a": { "c": 1, "b": 7 } })),
            ("/a/b", json!({ "a": "in the way" }), json!({ "a": { "b": 7 } })),
            ("/a/0", json!({ "a": [1, 2] }), json!({ "a": [7, 2] })),
            ("/a/1/b", json!({ "a": [1, { "c": 2 }] }), json!({ "a": [1, { "c": 2, "b": 7 }] })),
            ("/a/1/b", json!({ "a": [1, [2]] }), json!({ "a": [1, { "b": 7 }] })),
            // A list that ends before it has no such place.
            ("/a/2", json!({ "a": [1, 2] }), json!({ "a": { "2": 7 } })),
            ("/a/3", json!({ "a": [1, 2] }), json!({ "a": { "3": 7 } })),
            ("/a/-", json!({ "a": [1, 2] }), json!({ "a": { "-": 7 } })),
        ] {
            let mut params = before.as_object().unwrap().clone();
            let key = ParamKey::new(key).unwrap();
            key.put(&mut params, json!(7));
            assert_eq!(Value::Object(params.clone()), after, "{key} {before}");
            assert_eq!(key.find(&params), Some(&json!(7)), "{key} {before}");
        }
    }
}
