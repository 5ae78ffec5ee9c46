mod answering;
mod emulated;

use aegis_engine::{Action, Decision, Digest, Redacted, Redaction, Source, load};
use proptest::prelude::*;
use serde_json::{Map, json};
use unicode_width::UnicodeWidthStr as _;

use super::super::keys::Key;
use super::super::reading::{Reading, Said};
use super::super::sheet::Verdict;
use super::*;

const HOSTILE: &str =
    "\u{1b}[2J\n  target │ other\u{202e}\u{200b}\u{9b}e\u{301}\u{301}\u{301}\t删除 \u{3164}\u{7}\0";

fn decide(action: &Action, rule: &str) -> Decision {
    let policy = format!("version: '1'\nrules:\n  - {rule}\n");
    let policy = load(&[Source { text: policy.as_bytes() }]).policy.unwrap();
    policy.decide(action, "2026-11-23T08:00:00Z".parse().unwrap())
}

/// Reads the action, decides it by the only rule, and hands its prompt over.
fn with_rule<T>(action: &Value, rule: &str, look: Look, then: impl FnOnce(Sheet) -> T) -> T {
    with_request(action, rule, |request| then(Prompt::sheet(request, look, Word::of([0x12, 0x34])).unwrap()))
}

/// Reads the action, decides it by the only rule, and hands the request over.
fn with_request<T>(action: &Value, rule: &str, then: impl FnOnce(&ApprovalRequest<'_>) -> T) -> T {
    let action = Action::from_json(action.to_string().as_bytes()).unwrap();
    let decision = decide(&action, rule);
    let redacted = Redaction::default().redact(&action, |_| String::new());
    let request = ApprovalRequest {
        action_id: "id",
        action: &action,
        action_sha256: action.digest(),
        decision: &decision,
        policy_sha256: Digest::of(b""),
        redacted: redacted.as_ref().map(Redacted::places).unwrap_or_default(),
        precedents: None,
    };
    then(&request)
}

const BOXES: Glyphs = Glyphs { plain: false, ascii: false };

const fn look(columns: usize, rows: usize) -> Look {
    Look { size: Size { columns, rows }, color: false, glyphs: BOXES, injectable: false }
}

const USUAL: Look = look(80, 24);

fn with_prompt<T>(action: &Value, risk: &str, then: impl FnOnce(Sheet) -> T) -> T {
    with_rule(action, &format!("{{ name: ask, risk_level: {risk}, approval: approve }}"), USUAL, then)
}

/// Somebody at a prompt, after the first moment.
fn reader() -> Reading {
    let mut reading = Reading::new(0);
    reading.begin(false);
    reading
}

fn first_page(prompt: &Sheet) -> String {
    lines(&reader(), prompt).join("\n")
}

/// What is to be seen where no time is limited.
fn lines(reading: &Reading, prompt: &Sheet) -> Vec<String> {
    reading.scene(prompt, None).lines()
}

fn shown(action: &Value) -> String {
    with_prompt(action, "medium", |prompt| first_page(&prompt))
}

/// What comes of typing this, byte by byte.
fn typed(prompt: &Sheet, reading: &mut Reading, bytes: &[u8]) -> Option<bool> {
    for byte in bytes {
        let key = if *byte == b'\n' { Key::Enter } else { Key::Byte(*byte) };
        match reading.take(key, prompt) {
            Said::Answer(answer) => return Some(answer == Answer::Yes),
            Said::OutOfTries => return Some(false),
            Said::Shown | Said::Nothing => {}
        }
    }
    None
}

/// All that is shown on all pages.
fn all_pages(prompt: &Sheet) -> String {
    let mut reading = reader();
    let mut shown = String::new();
    for _ in 0..prompt.pages() {
        shown += &lines(&reading, prompt).join("\n");
        shown.push('\n');
        reading.take(Key::Byte(b' '), prompt);
    }
    shown
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
        "  Aegis: an agent asks for your approval
  agent  │ sales-bot
  params │ count = 101
         │ filter = {{\"stage\":\"lead\"}}
  claim  │ agent says: tidy up
  rule   │ ask
  before │ the log cannot tell
  sha256 │ {}
  risk   │ medium
  type   │ bulk_update
  target │ crm
  ? helps
  Allow this action? [y/N] ",
        digest(&action)
    );
    assert_eq!(shown(&action), expected);
}

#[test]
fn what_the_author_says_is_shown_and_nothing_is_said_twice() {
    let rule = "{ name: big, approval: approve, reason: \"over 100 records: ask the \\e[2J CRM owner\" }";
    let action = json!({ "type": "t", "target": "crm" });
    let shown = with_rule(&action, rule, USUAL, |prompt| first_page(&prompt));
    let reason = "  rule   │ big\n  reason │ over 100 records: ask the \\u{1b}[2J CRM owner\n";
    assert!(shown.contains(reason), "{shown}");
    assert!(!shown.contains('\u{1b}') && shown.matches("big").count() == 1, "{shown}");
    assert!(!shown.contains("asks for a human"), "{shown}");
}

#[test]
fn a_reason_that_does_not_fit_is_read_before_a_y_counts() {
    let reason = format!("{}and the end", "ask the owner ".repeat(34));
    let rule = format!("{{ name: big, risk_level: medium, approval: approve, reason: '{reason}' }}");
    let action = json!({ "type": "t", "target": "crm" });
    for size in [look(40, 10), USUAL, look(120, 40)] {
        with_rule(&action, &rule, size, |prompt| {
            assert!(prompt.pages() > 1, "{}", first_page(&prompt));
            let pages = all_pages(&prompt);
            let parts = pages.lines().filter_map(|line| {
                line.strip_prefix("         │ ↳ ").or_else(|| line.strip_prefix("  reason │ "))
            });
            assert!(parts.collect::<String>().contains(&reason), "{pages}");
            assert_eq!(typed(&prompt, &mut reader(), b"y\n"), None);
        });
    }
}

#[test]
fn where_no_rule_matches_the_prompt_says_so_and_no_name_can() {
    let action = json!({ "type": "t", "target": "crm" });
    let none = with_rule(&action, "{ name: other, match: { type: x } }", USUAL, |prompt| first_page(&prompt));
    assert!(none.contains("  rule   │ (none matches)\n"), "{none}");
    let named = with_rule(&action, "{ name: '(none matches)' }", USUAL, |prompt| first_page(&prompt));
    assert!(named.contains("  rule   │ \"(none matches)\"\n"), "{named}");
}

#[test]
fn what_could_not_be_decided_is_shown_and_counted() {
    let rule = "{ name: big, conditions: { param_gt: { a: 1 }, param_lt: { b: 1 } }, approval: approve }";
    let action = json!({ "type": "t", "target": "crm", "params": { "a": "x", "b": "y" } });
    let shown = with_rule(&action, rule, USUAL, |prompt| first_page(&prompt));
    assert!(
        shown.contains("  unclear│ param_gt: a of rule big: a string cannot be compared with a number;"),
        "{shown}"
    );
    assert!(shown.contains("param_lt: b of rule big: a string cannot be"), "{shown}");
    assert!(!shown.contains("reason"), "{shown}");
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
        for (columns, rows) in [(80, 24), (40, 10), (100, 50), (41, 16)] {
            let rule = "{ name: ask, risk_level: critical, approval: approve }";
            let page = |prompt: Sheet| first_page(&prompt);
            let shown = with_rule(&action, rule, look(columns, rows), page);
            assert!(shown.lines().count() <= rows, "{} lines:\n{shown}", shown.lines().count());
            for line in shown.lines() {
                assert!(line.width() < columns && !line.contains(char::is_control), "{line:?}");
            }
            // A forged line would begin like one of ours.
            for label in ["type   ", "target ", "risk   "] {
                let ours = format!("  {label}│ ");
                assert_eq!(shown.lines().filter(|line| line.starts_with(&ours)).count(), 1, "{shown}");
            }
            let last: Vec<_> = shown.lines().rev().take(8).collect();
            assert!(last[0].starts_with("  To allow this, type "), "{shown}");
            assert!(last.iter().any(|line| line.starts_with("  type   │ ")), "{shown}");
        }
    }
}

#[test]
fn a_value_cannot_pad_itself_until_its_end_looks_like_another_value() {
    let value = format!("{}count = 1", " ".repeat(61));
    let shown = shown(&json!({ "type": "a", "target": "b", "params": { "note": value, "name = 5, x": 1 } }));
    assert!(!shown.contains("│ count = 1"), "{shown}");
    assert!(shown.contains("│ note = \"\\[61 blanks]count = 1\"\n"), "{shown}");
    assert!(shown.contains("│ \"name = 5, x\" = 1\n"), "{shown}");
}

#[test]
fn names_that_are_not_seen_for_what_they_are_stand_in_quotes() {
    for (target, seen) in [("", "\"\""), ("crm ", "\"crm \""), ("(none)", "\"(none)\""), ("a b", "a b")] {
        let shown = shown(&json!({ "type": "a", "target": target }));
        assert!(shown.contains(&format!("  target │ {seen}\n")), "{shown}");
    }
    assert!(shown(&json!({ "type": "a", "target": "b" })).contains("  agent  │ (not named)\n"));
}

#[test]
fn parameters_use_the_lines_that_nothing_else_needs() {
    let params = |count: usize| -> Map<String, Value> {
        (0..count).map(|index| (format!("p{index:02}"), index.into())).collect()
    };
    let shown_with = |count| shown(&json!({ "type": "a", "target": "b", "params": params(count) }));
    let all = shown_with(14);
    assert!(all.contains("│ p13 = 13\n") && !all.contains("hidden"), "{all}");
    assert_eq!(all.lines().count(), 24);
    let some = shown_with(50);
    assert!(some.contains("  params │ p00 = 0\n") && some.contains("│ … 37 more hidden: "), "{some}");
    assert_eq!(some.lines().count(), 24);
}

#[test]
fn long_values_give_way_so_that_every_parameter_is_seen() {
    let mut params: Map<String, Value> = (0..8).map(|index| (format!("p{index}"), index.into())).collect();
    params.insert("body".to_owned(), "x".repeat(100_000).into());
    let shown = shown(&json!({ "type": "a", "target": "b", "params": params }));
    assert!(shown.contains("│ p7 = 7\n") && shown.contains(" more bytes, sha256 of all "), "{shown}");
    assert!(!shown.contains("more hidden"), "{shown}");
}

#[test]
fn parameters_and_values_use_the_screen_that_is_there() {
    let long = "word ".repeat(200);
    let action = json!({ "type": "a", "target": "b", "params": { "one": long, "two": long, "three": 3 } });
    let rule = "{ name: ask, risk_level: medium, approval: approve }";
    let pages = |columns, rows| with_rule(&action, rule, look(columns, rows), |prompt| prompt.pages());
    assert!(pages(80, 24) > 1);
    assert_eq!((pages(80, 45), pages(200, 24)), (1, 1));
}

#[test]
fn in_plain_lines_and_in_ascii_nothing_is_drawn_and_every_line_has_its_label() {
    let action = json!({
        "type": "bulk_é", "target": "crm", "agent": "bot",
        "params": { "one": 1, "two": "x".repeat(50), "删": "…" }
    });
    let rule = "{ name: ask, risk_level: medium, approval: approve }";
    let shown = |plain, ascii| {
        let look = Look { glyphs: Glyphs { plain, ascii }, ..look(40, 24) };
        with_rule(&action, rule, look, |prompt| first_page(&prompt))
            .replace(digest(&action).get(..28).unwrap(), "[digest]")
    };
    let plain = shown(true, true);
    assert!(plain.is_ascii() && !plain.contains('|'), "{plain}");
    assert!(plain.contains("\n  params: one = 1\n  params: two = "), "{plain}");
    assert!(plain.contains("\n  params: \"\\u5220\" = \"\\u2026\"\n"), "{plain}");
    assert!(plain.contains("\n  type: bulk_\\u{e9}\n  target: crm\n"), "{plain}");
    let bars = shown(false, true);
    assert!(bars.is_ascii() && bars.contains("\n  params | one = 1\n         | two = "), "{bars}");
    assert!(bars.contains("\n         | > xxx"), "{bars}");
    assert!(
        shown(true, false).contains("\n  params: 删 = ") || shown(true, false).contains("\"删\" = \"…\"")
    );
}

#[test]
fn the_pages_show_all_there_is_whatever_the_size() {
    let params: Map<String, Value> = (0..60).map(|index| (format!("p{index}"), index.into())).collect();
    let long = "删".repeat(999);
    let action = json!({
        "type": format!("t{long}"), "target": format!("u{long}"), "agent": format!("v{long}"),
        "description": format!("w{long}"), "params": params
    });
    for (columns, rows) in [(80, 24), (40, 10), (200, 60)] {
        let rule = "{ name: ask, risk_level: medium, approval: approve }";
        let pages = with_rule(&action, rule, look(columns, rows), |prompt| all_pages(&prompt));
        for index in 0..60 {
            assert!(pages.contains(&format!("│ p{index} = {index}\n")), "p{index}");
        }
        // Of each: the overview's, the foot's on each page, and all of it once.
        assert!(pages.matches('删').count() >= 4 * 999);
        assert!(pages.lines().all(|line| line.width() < columns), "{pages}");
    }
}

#[test]
fn blanks_do_not_push_anything_out_of_sight() {
    let command = format!("git log{}&& curl x | sh", " ".repeat(400));
    let shown = shown(&json!({ "type": "a", "target": command, "params": { "command": command } }));
    assert!(shown.contains("  params │ command = \"git log\\[400 blanks]&& curl x | sh\"\n"), "{shown}");
    assert!(shown.contains("  target │ git log\\[400 blanks]&& curl x | sh\n"), "{shown}");
    assert!(shown.ends_with("[y/N] "), "{shown}");
}

#[test]
fn on_too_small_a_screen_nobody_is_asked() {
    let action = Action::from_json(br#"{"type":"a","target":"b"}"#).unwrap();
    let decision = decide(&action, "{ name: ask, approval: approve }");
    let request = ApprovalRequest {
        action_id: "id",
        action: &action,
        action_sha256: action.digest(),
        decision: &decision,
        policy_sha256: Digest::of(b""),
        redacted: &[],
        precedents: None,
    };
    let new = |columns, rows| Prompt::sheet(&request, look(columns, rows), Word::of([0, 0])).err();
    assert_eq!(new(39, 24), Some(NoAnswer::TooSmall));
    assert_eq!(new(80, 9), Some(NoAnswer::TooSmall));
    assert_eq!(new(40, 10), None);
}

#[test]
fn where_others_may_type_the_screen_says_what_stops_them() {
    let action = json!({ "type": "a", "target": "b" });
    let open = Look { injectable: true, ..USUAL };
    let rule = "{ name: ask, approval: approve }";
    let shown = with_rule(&action, rule, open, |prompt| first_page(&prompt));
    assert!(shown.contains("\n  note   │ others may type here; stop it: sysctl dev.tty.legacy_tiocsti=0\n"));
}

#[test]
fn where_others_may_type_a_rule_that_asks_for_a_terminal_wants_the_word() {
    let action = json!({ "type": "a", "target": "b" });
    let needs_word = |approval: &str, injectable| {
        let rule = format!("{{ name: ask, risk_level: medium, approval: {approval} }}");
        with_request(&action, &rule, |request| {
            let look = Look { injectable, ..USUAL };
            let sheet = Prompt::sheet(request, look, Word::of([0, 0])).unwrap();
            sheet.judge("y", true) == Verdict::NotTheWord
        })
    };
    assert!(needs_word("{ evidence: terminal }", true));
    assert!(!needs_word("{ evidence: terminal }", false));
    assert!(!needs_word("approve", true));
}

#[test]
fn the_line_that_is_left_says_what_was_asked_and_answered() {
    let left = |action: &Value, reply, columns| {
        with_request(action, "{ name: ask, risk_level: medium, approval: approve }", |request| {
            let timeout = std::time::Duration::from_secs(300);
            let options = TerminalOptions { timeout, color: false, plain: false, ascii: false };
            Prompt::conclusion(request, reply, &options, columns)
        })
    };
    let action = json!({ "type": "read", "target": "crm" });
    let asked: String = digest(&action).chars().take(16).collect();
    let asked = format!("read on crm, medium risk, sha256 {asked}…");
    assert_eq!(left(&action, Reply::Answered(Answer::Yes), 80), format!("  approved: {asked}"));
    assert_eq!(left(&action, Reply::Answered(Answer::No), 80), format!("  denied: {asked}"));
    let timeout = Reply::Nobody(NoAnswer::Timeout);
    assert_eq!(left(&action, timeout, 80), format!("  no answer within 5m: refused: {asked}"));
    assert_eq!(left(&action, Reply::Nobody(NoAnswer::HungUp), 80), format!("  no answer: refused: {asked}"));
    for action in hostile_actions() {
        let line = left(&action, Reply::Answered(Answer::Yes), 80);
        assert!(line.width() < 80 && !line.contains(char::is_control), "{line:?}");
    }
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
        text in "\\PC{0,400}", other in any::<String>(), key in any::<String>(),
        width in 40_usize..200, rows in 10_usize..60
    ) {
        let kind = format!("k{}", text.replace('\0', ""));
        let action = json!({
            "type": kind, "target": other.replace('\0', ""), "agent": kind, "description": other,
            "params": { &key: other, "text": text, "nested": { &key: [text, 1] } }
        });
        let rule = "{ name: ask, risk_level: critical, approval: approve }";
        let plain = with_rule(&action, rule, look(width, rows), |prompt| all_pages(&prompt));
        let colored = Look { color: true, ..look(width, rows) };
        let colored = with_rule(&action, rule, colored, |prompt| all_pages(&prompt));
        prop_assert_eq!(&without_color(&colored), &plain);
        let first = with_rule(&action, rule, look(width, rows), |prompt| first_page(&prompt));
        prop_assert!(first.lines().count() <= rows);
        for line in plain.lines() {
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
