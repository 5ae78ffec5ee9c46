//! The whole screen, as a person sees it.

use aegis_testkit::{Size, USUAL};
use serde_json::{Value, json};

use crate::program::read_action;
use crate::terminal::{QUESTION, Terminal};

/// What the screen shows after `no` was answered to an action, with its digest taken out.
#[track_caller]
fn screen_after_no(action: &Value, size: Size) -> String {
    let mut terminal = Terminal::script("exec \"$@\"", size, |settings| settings.action = action.clone());
    let asked = terminal.wait_for(QUESTION);
    assert!(asked.contains("Aegis: an agent asks"), "all of it fits on the screen:\n{asked}");
    terminal.type_text("n\n");
    let screen = terminal.wait_for("\n  denied");
    screen.replace(&read_action(action).digest().to_string(), "[digest]")
}

#[test]
fn a_plain_action() {
    let action = json!({
        "type": "bulk_update", "target": "salesforce", "agent": "sales-bot",
        "description": "Close the leads that nobody has touched since spring.",
        "params": { "count": 1240, "filter": { "stage": "lead", "idle_days": 180 }, "notify": false }
    });
    assert_eq!(
        screen_after_no(&action, USUAL),
        r#"
  Aegis: an agent asks for your approval
  agent  │ sales-bot
  type   │ bulk_update
  params │ count = 1240
         │ filter = {"idle_days":180,"stage":"lead"}
         │ notify = false
  claim  │ agent says: Close the leads that nobody has touched since spring.
  rule   │ bulk_changes
  reason │ rule `bulk_changes` asks for a human's approval
  risk   │ high
  target │ salesforce
  sha256 │ [digest]
  Allow this action? [y/N] n
  denied"#
    );
}

#[test]
fn hostile_strings_in_every_field() {
    let text = "\u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] y\t\u{202e}\u{200b}\u{9b}2Jq\u{301}\u{301}\u{301}\u{7}删";
    let action = json!({
        "type": text, "target": text, "agent": text, "description": text, "params": { text: text, "a": [text] }
    });
    assert_eq!(
        screen_after_no(&action, USUAL),
        r#"
  Aegis: an agent asks for your approval
  agent  │ \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] y\t\u{202e}\u{200
         │ ↳ b}\u{9b}2Jq́́\u{301}\u{7}删
  type   │ \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] y\t\u{202e}\u{200
         │ ↳ b}\u{9b}2Jq́́\u{301}\u{7}删
  params │ "\u001b[2J\u001b[1;1H\r\n  All… [66 more bytes, sha256 of all 3b16dc
         │ ↳ 3f22a9a0ec…] = "\u001b[2J\u001b[1;1H\r\n  Allow this action? [y/N]
         │ ↳  y\t\u202e\u200b\u009b2Jq́́\u0301\u0007删"
         │ a = ["\u001b[2J\u001b[1;1H\r\n  Allow this action? [y/N] y\t\u202e\u
         │ ↳ 200b\u009b2Jq́́\u0301\u0007删"]
  claim  │ agent says: \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] y\t\u
         │ ↳ {202e}\u{200b}\u{9b}2Jq́́\u{301}\u{7}删
  rule   │ bulk_changes
  reason │ rule `bulk_changes` asks for a human's approval
  risk   │ high
  target │ \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] y\t\u{202e}\u{200
         │ ↳ b}\u{9b}2Jq́́\u{301}\u{7}删
  sha256 │ [digest]
  Allow this action? [y/N] n
  denied"#
    );
}

#[test]
fn hostile_strings_of_100_kb_in_every_field() {
    let text = "A\u{1b}[31m".repeat(20_000);
    let action = json!({ "type": text, "target": text, "agent": text });
    assert_eq!(
        screen_after_no(&action, USUAL),
        r"
  Aegis: an agent asks for your approval
  agent  │ A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\
         │ ↳ u{1b}[31mA\u{1b}[31… [119953 more bytes, sha256 d7ef81b3a527a383…]
  type   │ A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\
         │ ↳ u{1b}[31mA\u{1b}[31… [119953 more bytes, sha256 d7ef81b3a527a383…]
  params │ (none)
  rule   │ bulk_changes
  reason │ rule `bulk_changes` asks for a human's approval
  risk   │ high
  target │ A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\
         │ ↳ u{1b}[31mA\u{1b}[31… [119953 more bytes, sha256 d7ef81b3a527a383…]
  sha256 │ [digest]
  Allow this action? [y/N] n
  denied"
    );
    let action = json!({ "type": "t", "target": "crm", "description": text, "params": { &text: text } });
    assert_eq!(
        screen_after_no(&action, USUAL),
        r#"
  Aegis: an agent asks for your approval
  agent  │ (not named)
  type   │ t
  params │ "A\u001b[31mA\u001b[31mA\u001b… [219972 more bytes, sha256 of all f8
         │ ↳ 04a2ac8b61cc08…] = "A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\
         │ ↳ u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\
         │ ↳ u001b[31mA\u… [219877 more bytes, sha256 of all f804a2ac8b61cc08…]
  claim  │ agent says: A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA
         │ ↳ \u{1b}[31mA\u{1b}[3… [119960 more bytes, sha256 f16145d1314325bd…]
  rule   │ bulk_changes
  reason │ rule `bulk_changes` asks for a human's approval
  risk   │ high
  target │ crm
  sha256 │ [digest]
  Allow this action? [y/N] n
  denied"#
    );
}

#[test]
fn lines_are_broken_for_a_narrow_terminal() {
    let action = json!({
        "type": "update", "target": "crm",
        "params": { "note": format!("{}  target │ elsewhere", "x".repeat(27)) }
    });
    assert_eq!(
        screen_after_no(&action, (40, 24)),
        r#"
  Aegis: an agent asks for your approval
  agent  │ (not named)
  type   │ update
  params │ note = "xxxxxxxxxxxxxxxxxxxx
         │ ↳ xxxxxxx  target │ elsewher
         │ ↳ e"
  rule   │ bulk_changes
  reason │ rule `bulk_changes` asks for
         │ ↳  a human's approval
  risk   │ high
  target │ crm
  sha256 │ f06d7d97c478171e61247c096a16
         │ ↳ 3bad537be2033366efe5e50185
         │ ↳ fefe18c811
  Allow this action? [y/N] n
  denied"#
    );
}

#[test]
fn color_is_used_only_where_it_is_wanted() {
    for color in [false, true] {
        let mut terminal = Terminal::start(|settings| settings.color = color);
        terminal.wait_for(QUESTION);
        assert_eq!(terminal.formatted().contains("\u{1b}[31"), color, "{}", terminal.formatted());
        terminal.type_text("y\n");
        terminal.wait_for("approved");
        assert_eq!(terminal.formatted().contains("\u{1b}[32"), color, "{}", terminal.formatted());
    }
}
