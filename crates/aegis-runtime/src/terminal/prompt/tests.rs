use aegis_engine::{Action, Decision, Digest, Redacted, Redaction, Source, load};
use proptest::prelude::*;
use serde_json::{Map, json};
use unicode_width::UnicodeWidthStr as _;

use super::*;

const HOSTILE: &str =
    "\u{1b}[2J\r\n  target │ other\u{202e}\u{200b}\u{9b}e\u{301}\u{301}\u{301}\t删除 \u{3164}\u{7}\0";

fn decide(action: &Action, rule: &str) -> Decision {
    let policy = format!("version: '1'\nrules:\n  - {rule}\n");
    let policy = load(&[Source { text: policy.as_bytes() }]).policy.unwrap();
    policy.decide(action, "2026-11-23T08:00:00Z".parse().unwrap())
}

/// Reads the action, decides it by the only rule, and hands its prompt over.
fn with_rule<T>(
    action: &Value,
    rule: &str,
    width: usize,
    color: bool,
    then: impl FnOnce(Prompt<'_>) -> T,
) -> T {
    let action = Action::from_json(action.to_string().as_bytes()).unwrap();
    let decision = decide(&action, rule);
    let redacted = Redaction::default().redact(&action, |_| String::new());
    let request = ApprovalRequest {
        action_id: "id",
        action: &action,
        action_sha256: action.digest(),
        decision: &decision,
        policy_sha256: Digest::of(b""),
        redacted: redacted.as_ref().map(Redacted::pointers).unwrap_or_default(),
    };
    then(Prompt::new(&request, color, width))
}

fn with_prompt<T>(action: &Value, risk: &str, then: impl FnOnce(Prompt<'_>) -> T) -> T {
    with_rule(action, &format!("{{ name: ask, risk_level: {risk}, approval: approve }}"), 80, false, then)
}

fn shown(action: &Value) -> String {
    with_prompt(action, "high", |prompt| prompt.description() + &prompt.question())
}

fn digest(action: &Value) -> String {
    Action::from_json(action.to_string().as_bytes()).unwrap().digest().to_string()
}

#[test]
fn the_action_is_shown_with_risk_target_and_digest_next_to_the_question() {
    let action = json!({
        "type": "bulk_update", "target": "crm", "agent": "sales-bot", "description": "tidy up",
        "params": { "count": 101, "filter": { "stage": "lead" } }
    });
    let expected = format!(
        "
  Aegis: an agent asks for your approval
  agent  │ sales-bot
  type   │ bulk_update
  params │ count = 101
         │ filter = {{\"stage\":\"lead\"}}
  claim  │ agent says: tidy up
  rule   │ ask
  reason │ rule `ask` asks for a human's approval
  risk   │ high
  target │ crm
  sha256 │ {}
  Allow this action? [y/N] ",
        digest(&action)
    );
    assert_eq!(shown(&action), expected.replace('\n', "\r\n"));
}

#[test]
fn what_could_not_be_decided_is_shown_and_counted() {
    let rule = "{ name: big, conditions: { param_gt: { a: 1 }, param_lt: { b: 1 } }, approval: approve }";
    let action = json!({ "type": "t", "target": "crm", "params": { "a": "x", "b": "y" } });
    let shown = with_rule(&action, rule, 80, false, |prompt| prompt.description());
    assert!(
        shown.contains("  reason │ rule `big` asks for a human's approval; `param_gt: a` of rule"),
        "{shown}"
    );
    assert!(
        shown.contains("  unclear│ also param_lt: b of rule big: a string cannot be compared"),
        "{shown}"
    );
    assert!(!shown.contains("more bytes"), "{shown}");
}

/// Every way in which a field can be filled by an attacker.
fn hostile_actions() -> Vec<Value> {
    let long = "x\u{1b}".repeat(12_000);
    let many: Map<_, _> = (0..500).map(|index| (format!("p{index}"), index.into())).collect();
    let padded = format!("{}count = 1", " ".repeat(60));
    let mut actions = vec![
        json!({ "type": "删".repeat(1000), "target": "é".repeat(1000), "params": many }),
        json!({ "type": "a", "target": "\u{1161}".repeat(9000), "agent": "e\u{301}\u{302}".repeat(9000) }),
        json!({ "type": padded, "target": padded, "description": padded, "params": { &padded: padded } }),
        json!({ "type": "🙂".repeat(999), "target": "🇩🇪".repeat(99), "description": "ـلا".repeat(99) }),
    ];
    // No field of an action that is matched can hold NUL.
    let printable = HOSTILE.replace('\0', "");
    for (text, other) in [(printable.as_str(), HOSTILE), (&long, &long)] {
        actions.push(json!({
            "type": text, "target": text, "agent": text, "description": other, "params": { other: other, "b": other }
        }));
    }
    actions
}

#[test]
fn no_action_breaks_out_of_its_lines_or_fills_the_screen() {
    for action in hostile_actions() {
        let shown = with_prompt(&action, "critical", |prompt| prompt.description() + &prompt.question());
        assert!(shown.lines().count() <= SCREEN, "{} lines:\n{shown}", shown.lines().count());
        for line in shown.split("\r\n") {
            assert!(line.width() < 80 && !line.contains(char::is_control), "{line:?}");
        }
        // A forged line would begin like one of ours.
        for label in ["agent  ", "type   ", "target ", "risk   ", "sha256 "] {
            let ours = format!("  {label}│ ");
            assert_eq!(shown.lines().filter(|line| line.starts_with(&ours)).count(), 1, "{shown}");
        }
    }
}

#[test]
fn a_value_cannot_pad_itself_until_its_end_looks_like_another_value() {
    let value = format!("{}count = 1", " ".repeat(61));
    let shown = shown(&json!({ "type": "a", "target": "b", "params": { "note": value, "name = 5, x": 1 } }));
    assert!(!shown.contains("│ count = 1"), "{shown}");
    assert!(shown.contains("\r\n         │ ↳ ") && shown.contains("│ \"name = 5, x\" = 1\r\n"), "{shown}");
}

#[test]
fn names_that_are_not_seen_for_what_they_are_stand_in_quotes() {
    for (target, seen) in [("", "\"\""), ("crm ", "\"crm \""), ("(none)", "\"(none)\""), ("a b", "a b")] {
        let shown = shown(&json!({ "type": "a", "target": target }));
        assert!(shown.contains(&format!("  target │ {seen}\r\n")), "{shown}");
    }
    assert!(shown(&json!({ "type": "a", "target": "b" })).contains("  agent  │ (not named)\r\n"));
}

#[test]
fn parameters_use_the_lines_that_nothing_else_needs() {
    let params = |count: usize| -> Map<String, Value> {
        (0..count).map(|index| (format!("p{index:02}"), index.into())).collect()
    };
    let shown_with = |count| shown(&json!({ "type": "a", "target": "b", "params": params(count) }));
    let all = shown_with(14);
    assert!(all.contains("│ p13 = 13\r\n") && !all.contains("hidden"), "{all}");
    assert_eq!(all.lines().count(), SCREEN);
    let some = shown_with(50);
    assert!(some.contains("  params │ p00 = 0\r\n") && some.contains("│ … 37 more hidden: "), "{some}");
    assert_eq!(some.lines().count(), SCREEN);
}

#[test]
fn long_values_give_way_so_that_every_parameter_is_seen() {
    let mut params: Map<String, Value> = (0..8).map(|index| (format!("p{index}"), index.into())).collect();
    params.insert("body".to_owned(), "x".repeat(100_000).into());
    let shown = shown(&json!({ "type": "a", "target": "b", "params": params }));
    assert!(shown.contains("│ p7 = 7\r\n") && shown.contains(" more bytes, sha256 of all "), "{shown}");
    assert!(!shown.contains("more hidden"), "{shown}");
}

#[test]
fn only_a_whole_typed_yes_is_a_yes() {
    with_prompt(&json!({ "type": "a", "target": "crm" }), "high", |prompt| {
        for yes in ["y\n", "Y\n", "yes\n", " YES \n"] {
            assert!(prompt.is_yes(yes.as_bytes()), "{yes:?}");
        }
        for no in [
            &b"\n"[..],
            b"n\n",
            b"yy\n",
            b"y",
            b"",
            b"crm\n",
            b"y\0\n",
            b"\xff\n",
            b"yes please\n",
            b"y\ny\n",
        ] {
            assert!(!prompt.is_yes(no), "{no:?}");
        }
        let padded = [b"y", &[b' '; 4094][..], b"\n"].concat();
        assert!(!prompt.is_yes(&padded), "the rest of it may have been cut off");
    });
}

#[test]
fn for_critical_risk_the_target_must_be_typed() {
    let ask = |target: &str, typed: &str| {
        with_prompt(&json!({ "type": "a", "target": target }), "critical", |prompt| {
            prompt.is_yes(format!("{typed}\n").as_bytes())
        })
    };
    assert!(ask("prod/db", "prod/db") && !ask("prod/db", "yes") && !ask("prod/db", "prod"));
    for target in ["", "a\u{1b}b", "ünïcode", " padded ", &"x".repeat(41)] {
        let digits: String = digest(&json!({ "type": "a", "target": target })).chars().take(8).collect();
        assert!(ask(target, &digits) && !ask(target, target) && !ask(target, "yes"), "{target:?}");
    }
}

#[test]
fn the_line_that_is_left_says_what_was_answered() {
    with_prompt(&json!({ "type": "a", "target": "crm" }), "high", |prompt| {
        let left = |reply| prompt.conclusion(reply, Duration::from_secs(300));
        assert_eq!(left(Reply::Yes), "  approved");
        assert_eq!(left(Reply::No), "  denied");
        assert_eq!(left(Reply::Nobody(NoAnswer::Timeout)), "  no answer within 5m: refused");
        assert_eq!(left(Reply::Nobody(NoAnswer::HungUp)), "  no answer: refused");
    });
}

/// Takes away what colour adds: CSI, digits and semicolons, `m`.
fn without_color(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        let (parameters, rest) = part.split_once('m').unwrap();
        assert!(
            parameters.chars().all(|character| character.is_ascii_digit() || character == ';'),
            "{part:?}"
        );
        plain + rest
    })
}

proptest! {
    #[test]
    fn whatever_the_action_holds_no_line_has_controls_or_is_too_wide(
        text in "\\PC{0,400}", other in any::<String>(), key in any::<String>(), width in 64_usize..200
    ) {
        let kind = format!("k{}", text.replace('\0', ""));
        let action = json!({
            "type": kind, "target": other.replace('\0', ""), "agent": kind, "description": other,
            "params": { &key: other, "text": text, "nested": { &key: [text, 1] } }
        });
        let rule = "{ name: ask, risk_level: critical, approval: approve }";
        let plain = with_rule(&action, rule, width, false, |prompt| prompt.description());
        let colored = with_rule(&action, rule, width, true, |prompt| prompt.description());
        prop_assert_eq!(&without_color(&colored), &plain);
        prop_assert!(plain.lines().count() < SCREEN);
        for line in plain.split("\r\n") {
            prop_assert!(line.width() < width && !line.contains(char::is_control), "{:?}", line);
        }
    }
}

#[test]
fn whoever_is_asked_sees_secrets_and_that_the_log_will_not() {
    let params = json!({ "password": "rm -rf /", "hosts": [{ "api_key": 7 }] });
    let screen = shown(&json!({ "type": "run", "target": "host", "params": params }));
    assert!(screen.contains("password = \"rm -rf /\""), "{screen}");
    assert!(screen.contains("secret │ kept out of the log: /hosts/0/api_key, /password"), "{screen}");
    assert!(!shown(&json!({ "type": "run", "target": "host" })).contains("secret"));
}
