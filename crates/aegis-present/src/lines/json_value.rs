//! JSON over several lines, safe to look at.

use aegis_engine::{Digest, canonical_json, saves, to_json_line};
use serde_json::Value;

/// The most characters of one string that are shown.
const LONGEST: usize = 2000;
/// The most lines that are shown.
const LINES: usize = 400;

/// A value over several lines. What is left out is said, with how long it is.
pub(crate) fn json_lines(value: &Value) -> Vec<String> {
    let mut lines = vec![String::new()];
    push(value, 0, &mut lines);
    // One line in the place of another hides something and saves nothing.
    if lines.len() > LINES + 1 {
        let hidden = lines.len() - LINES;
        lines.truncate(LINES);
        let digest = short(value);
        lines.push(format!("… [{hidden} more lines, sha256 of all {digest}…]"));
    }
    lines
}

fn push(value: &Value, depth: usize, lines: &mut Vec<String>) {
    match value {
        Value::Array(values) if !values.is_empty() => {
            push_all(["[", "]"], depth, lines, values.iter().map(|value| (String::new(), value)));
        }
        Value::Object(fields) if !fields.is_empty() => {
            let fields = fields.iter().map(|(name, value)| {
                let name = leaf(&Value::from(name.as_str()));
                (format!("{name}: "), value)
            });
            push_all(["{", "}"], depth, lines, fields);
        }
        leaf_value => append(lines, &leaf(leaf_value)),
    }
}

fn push_all<'a>(
    [open, close]: [&str; 2],
    depth: usize,
    lines: &mut Vec<String>,
    values: impl ExactSizeIterator<Item = (String, &'a Value)>,
) {
    append(lines, open);
    let last = values.len();
    for (index, (name, value)) in values.enumerate() {
        lines.push(format!("{}{name}", "  ".repeat(depth + 1)));
        push(value, depth + 1, lines);
        if index + 1 < last {
            append(lines, ",");
        }
    }
    lines.push(format!("{}{close}", "  ".repeat(depth)));
}

fn append(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// A value on one line. Deceptive characters are \uXXXX in it.
fn leaf(value: &Value) -> String {
    let text = to_json_line(value).unwrap_or_default();
    let Some((cut, _)) = text.char_indices().nth(LONGEST) else { return text };
    let head = text.get(..cut).unwrap_or_default();
    let said = format!("… [{} more bytes, sha256 of all {}…]", text.len() - cut, short(value));
    let rest = text.get(cut..).unwrap_or_default();
    if saves(rest, &said) { format!("{head}{said}") } else { text }
}

/// The first 16 digits of a value's digest.
fn short(value: &Value) -> String {
    Digest::of(canonical_json(value).as_bytes()).to_string().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_the_same_value_over_several_lines() {
        let value = json!({ "a": [1, { "b": null }, [], {}], "c": "x" });
        let lines = json_lines(&value);
        assert_eq!(lines[..4], ["{", "  \"a\": [", "    1,", "    {"]);
        assert_eq!(serde_json::from_str::<Value>(&lines.join("\n")).unwrap(), value);
        assert_eq!(json_lines(&json!({})), ["{}"]);
    }

    #[test]
    fn deceptive_characters_are_escaped_in_names_and_values() {
        assert_eq!(json_lines(&json!({ "\u{202e}": "\u{1b}[2J\n" }))[1], r#"  "\u202e": "\u001b[2J\n""#);
    }

    #[test]
    fn long_values_say_what_they_hide() {
        let shown = json_lines(&json!("x".repeat(5000)));
        assert!(shown[0].contains("[3002 more bytes, sha256 of all ") && shown[0].len() < 2100, "{shown:?}");
        let shown = json_lines(&json!("x".repeat(LONGEST + 20)));
        assert!(!shown[0].contains('…'), "{shown:?}");
        assert!(!json_lines(&json!(vec![1; LINES - 1])).concat().contains('…'));
        let shown = json_lines(&json!(vec![1; 5000]));
        assert!(
            shown.len() == LINES + 1 && shown[LINES].starts_with("… [4602 more lines, sha256"),
            "{shown:?}"
        );
    }
}
