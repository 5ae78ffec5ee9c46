//! Writes generated policies as YAML and actions as JSON, in any of the styles that mean the same.

use std::fmt::Write as _;

use super::generate::Rng;
use super::{APPROVALS, Action, File, Json, Number, RISKS, Rule, Test};

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn object(rng: &mut Rng, members: Vec<(&str, Option<Json>)>) -> Json {
    let mut members: Vec<_> =
        members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    rng.shuffle(&mut members);
    Json::Object(members)
}

/// A policy file as a tree.
pub(crate) fn tree(rng: &mut Rng, file: &File) -> Json {
    let word = |words: &[&str], place: Option<usize>| place.map(|place| text(words[place]));
    let defaults = vec![
        ("risk_level", word(&RISKS, file.risk)),
        ("approval", word(&APPROVALS, file.approval)),
        ("timezone", file.zone.map(text)),
    ];
    let omit = defaults.iter().all(|(_, value)| value.is_none());
    let defaults = object(rng, defaults);
    let rules = file.rules.iter().map(|rule| rule_tree(rng, rule)).collect();
    let version = if rng.percent(50) { text("1") } else { Json::Number(Number::new("1", "1")) };
    object(
        rng,
        vec![
            ("version", Some(version)),
            ("defaults", (!omit).then_some(defaults)),
            ("rules", Some(Json::List(rules))),
        ],
    )
}

fn rule_tree(rng: &mut Rng, rule: &Rule) -> Json {
    let globs = |rng: &mut Rng, globs: &Option<Vec<String>>| {
        let globs = globs.as_ref()?;
        match globs.as_slice() {
            [one] if rng.percent(70) => Some(text(one)),
            many => Some(Json::List(many.iter().map(|glob| text(glob)).collect())),
        }
    };
    let fields = vec![
        ("type", globs(rng, &rule.kind)),
        ("target", globs(rng, &rule.target)),
        ("agent", globs(rng, &rule.agent)),
        ("ignore_case", rule.ignore_case.map(Json::Bool)),
    ];
    let empty = fields.iter().all(|(_, globs)| globs.is_none());
    let fields = object(rng, fields);
    let conditions = conditions_tree(rng, rule);
    let members = vec![
        ("name", rule.name.as_deref().map(text)),
        ("match", (!empty || rng.percent(20)).then_some(fields)),
        ("conditions", conditions),
        ("risk_level", rule.risk.map(|place| text(RISKS[place]))),
        ("approval", rule.approval.map(|place| text(APPROVALS[place]))),
        ("reason", rule.reason.map(text)),
    ];
    object(rng, members)
}

fn conditions_tree(rng: &mut Rng, rule: &Rule) -> Option<Json> {
    let time = |minutes: Option<i64>| minutes.map(|time| text(&format!("{:02}:{:02}", time / 60, time % 60)));
    let weekdays = rule.weekdays.as_ref().map(|days| {
        let name = |rng: &mut Rng, day: &i64| {
            if rng.percent(50) {
                return Json::Number(Number::new(&day.to_string(), ""));
            }
            text(["mon", "tue", "wed", "thu", "fri", "sat", "sun"][usize::try_from(day - 1).unwrap()])
        };
        Json::List(days.iter().map(|day| name(rng, day)).collect())
    });
    let mut members = vec![
        ("time_after", time(rule.after)),
        ("time_before", time(rule.before)),
        ("weekdays", weekdays),
        ("timezone", rule.zone.map(text)),
    ];
    for test in Test::ALL {
        let of_this = rule.params.iter().filter(|(other, ..)| *other == test);
        let params: Vec<_> = of_this.map(|(_, key, operand)| (key.as_str(), Some(operand.clone()))).collect();
        if !params.is_empty() {
            members.push((test.keyword(), Some(object(rng, params))));
        }
    }
    let any = members.iter().any(|(_, value)| value.is_some());
    any.then(|| object(rng, members))
}

// --- YAML ---

/// A tree as a YAML document, each part in a style of its own.
pub(crate) fn yaml(rng: &mut Rng, tree: &Json) -> String {
    let mut out = String::new();
    if rng.percent(5) {
        flow(rng, tree, &mut out);
        out.push('\n');
    } else {
        block(rng, tree, 0, &mut out);
    }
    match rng.below(12) {
        0 => format!("---\n{out}...\n"),
        1 => format!("# é\n\n{out}# end"),
        2 => out.replace('\n', "\r\n"),
        3 => format!("\u{FEFF}{out}"),
        _ => out,
    }
}

fn nested(value: &Json) -> bool {
    match value {
        Json::List(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
        _ => false,
    }
}

fn block(rng: &mut Rng, value: &Json, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Json::Object(members) if nested(value) => {
            for (key, value) in members {
                out.push_str(&pad);
                scalar(rng, key, false, out);
                out.push(':');
                below(rng, value, indent + 1 + rng.clone().below(3), out);
            }
        }
        Json::List(items) if nested(value) => {
            for item in items {
                if matches!(item, Json::Object(_)) && nested(item) && rng.percent(60) {
                    // The compact form: the first key on the line of the dash.
                    let mut inner = String::new();
                    block(rng, item, indent + 2, &mut inner);
                    let _ = write!(out, "{pad}- {}", inner.trim_start_matches(' '));
                } else {
                    let _ = write!(out, "{pad}-");
                    below(rng, item, indent + 2, out);
                }
            }
        }
        _ => {
            out.push_str(&pad);
            flow(rng, value, out);
            out.push('\n');
        }
    }
}

fn below(rng: &mut Rng, value: &Json, indent: usize, out: &mut String) {
    if nested(value) && rng.percent(65) {
        out.push_str(if rng.percent(5) { " # why\n" } else { "\n" });
        return block(rng, value, indent, out);
    }
    match value {
        Json::Text(text) if is_line(text) && rng.percent(10) => {
            let style = rng.word(&["|-", ">-"]);
            let _ = write!(out, " {style}\n{}{text}\n", " ".repeat(indent));
        }
        _ => {
            out.push(' ');
            flow(rng, value, out);
            out.push_str(if rng.percent(5) { " # why: {[\n" } else { "\n" });
        }
    }
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains(char::is_control)
}

fn flow(rng: &mut Rng, value: &Json, out: &mut String) {
    let space = if rng.percent(20) { " " } else { "" };
    match value {
        Json::Null => out.push_str(rng.word(&["null", "~", "Null", "NULL"])),
        Json::Bool(flag) => {
            out.push_str(rng.word(if *flag { &["true", "True"] } else { &["false", "FALSE"] }));
        }
        Json::Number(number) => out.push_str(&number.text),
        Json::Text(text) => scalar(rng, text, true, out),
        Json::List(items) => {
            let _ = write!(out, "[{space}");
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                flow(rng, item, out);
            }
            out.push_str(if !items.is_empty() && rng.percent(10) { ",]" } else { "]" });
        }
        Json::Object(members) => {
            let _ = write!(out, "{{{space}");
            for (place, (key, value)) in members.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                scalar(rng, key, true, out);
                out.push_str(": ");
                flow(rng, value, out);
            }
            let _ = write!(out, "{space}}}");
        }
    }
}

/// A string: plain where that is safe, or in quotes of either kind.
fn scalar(rng: &mut Rng, text: &str, in_flow: bool, out: &mut String) {
    if is_plain(text, in_flow) && rng.percent(60) {
        out.push_str(text);
    } else if !text.contains(char::is_control) && rng.percent(50) {
        let _ = write!(out, "'{}'", text.replace('\'', "''"));
    } else {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                _ if c.is_control() || rng.percent(3) => {
                    let _ = write!(out, "\\U{:08x}", u32::from(c));
                }
                _ => out.push(c),
            }
        }
        out.push('"');
    }
}

fn is_plain(text: &str, in_flow: bool) -> bool {
    let is_time = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    let words = ["true", "false", "null"];
    let safe = |c: char| c.is_alphanumeric() || "_/.@-*?!^$+".contains(c) || (!in_flow && "[]{}".contains(c));
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '^');
    is_time || (starts && text.chars().all(safe) && !words.contains(&text.to_lowercase().as_str()))
}

// --- JSON ---

/// A tree as JSON, with keys in any order, any white space, and characters escaped at will.
pub(crate) fn json(rng: &mut Rng, value: &Json) -> String {
    let mut out = String::new();
    let wild = rng.percent(40);
    write_json(rng, value, wild, &mut out);
    out
}

fn write_json(rng: &mut Rng, value: &Json, wild: bool, out: &mut String) {
    let space = |rng: &mut Rng, out: &mut String| {
        if wild && rng.percent(20) {
            out.push_str(rng.word(&[" ", "\n", "\t\r\n"]));
        }
    };
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number.text),
        Json::Text(text) => write_string(rng, text, wild, out),
        Json::List(items) => {
            for (place, item) in items.iter().enumerate() {
                out.push(if place == 0 { '[' } else { ',' });
                space(rng, out);
                write_json(rng, item, wild, out);
                space(rng, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Json::Object(members) => {
            let mut members = members.clone();
            rng.shuffle(&mut members);
            for (place, (key, value)) in members.iter().enumerate() {
                out.push(if place == 0 { '{' } else { ',' });
                space(rng, out);
                write_string(rng, key, wild, out);
                space(rng, out);
                out.push(':');
                write_json(rng, value, wild, out);
                space(rng, out);
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
    }
}

fn write_string(rng: &mut Rng, text: &str, wild: bool, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '/' if wild && rng.percent(30) => out.push_str("\\/"),
            _ if c.is_control() || (wild && rng.percent(15)) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// An action document.
pub(crate) fn action(rng: &mut Rng, action: &Action) -> String {
    let members = vec![
        ("type", Some(text(&action.kind))),
        ("target", Some(text(&action.target))),
        ("agent", action.agent.as_deref().map(text)),
        ("params", Some(action.params.clone()).filter(|params| nested(params) || rng.percent(50))),
        ("description", rng.percent(10).then(|| text("as told: \"yes\""))),
    ];
    let tree = object(rng, members);
    json(rng, &tree)
}
