//! The whole screen, as a person sees it.

use aegis_testkit::{Size, USUAL};
use serde_json::{Value, json};

use crate::program::read_action;
use crate::terminal::Terminal;

/// What the screen shows while an action is asked about, with its digest taken out.
#[track_caller]
fn screen_for(action: &Value, size: Size) -> String {
    let mut terminal = Terminal::script("exec \"$@\"", size, |settings| settings.action = action.clone());
    let asked = terminal.wait_for_question();
    assert!(asked.contains("Aegis: an agent asks"), "all of it fits on the screen:\n{asked}");
    terminal.refuse();
    terminal.wait_for("\n  denied: ");
    without_note(&asked).replace(&read_action(action).digest().to_string(), "[digest]")
}

/// The screen without what is said only where the kernel lets programs type into terminals, and without the
/// random word and the number of pages.
fn without_note(screen: &str) -> String {
    let mut is_note = false;
    let kept = screen.lines().filter(|line| {
        is_note = line.starts_with("  note   │") || (is_note && line.starts_with("         │ ↳"));
        !is_note
    });
    let kept = kept.map(without_time).collect::<Vec<_>>();
    let kept = kept.iter().map(|line| match line.split_once("or type ") {
        Some((before, after)) => format!("{before}or type [word]{}", after.get(4..).unwrap()),
        // How many pages there are, the note decides, too.
        None => match line.split_once("page 1 of ") {
            Some((before, _)) => format!("{before}page 1 of [pages]: v reads on"),
            None => line.clone(),
        },
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// A line with the time that is left taken out.
fn without_time(line: &str) -> String {
    match line.split_once(" left") {
        Some((before, after))
            if line.starts_with("  ") && before.ends_with(|it: char| it.is_ascii_digit()) =>
        {
            let before = before.trim_end_matches(|it: char| it.is_ascii_digit() || it == ':');
            format!("{before}[time] left{after}")
        }
        _ => line.to_owned(),
    }
}

#[test]
fn a_plain_action() {
    let action = json!({
        "type": "bulk_update", "target": "salesforce", "agent": "sales-bot",
        "description": "Close the leads that nobody has touched since spring.",
        "params": { "count": 1240, "filter": { "stage": "lead", "idle_days": 180 }, "notify": false }
    });
    assert_eq!(
        screen_for(&action, USUAL),
        r#"  Aegis: an agent asks for your approval
  agent  │ sales-bot
  params │ count = 1240
         │ filter = {"idle_days":180,"stage":"lead"}
         │ notify = false
  claim  │ agent says: Close the leads that nobody has touched since spring.
  rule   │ bulk_changes
  before │ never approved
  sha256 │ [digest]
  risk   │ medium
  type   │ bulk_update
  target │ salesforce
  [time] left; ? helps
  Allow this action? [y/N] "#
    );
}

#[test]
fn hostile_strings_in_every_field() {
    let text = "\u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] y\t\u{202e}\u{200b}\u{9b}2Jq\u{301}\u{301}\u{301}\u{7}删";
    let action = json!({
        "type": text, "target": text, "agent": text, "description": text, "params": { text: text, "a": [text] }
    });
    assert_eq!(
        screen_for(&action, USUAL),
        r#"  Aegis: an agent asks for your approval
  agent  │ \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] 
         │ ↳ y\t\u{202e}\u{200b}\u{9b}2Jq́́\u{301}\u{7}删
  params │ "\u001b[2J\u001b[1;1H\r\n  All… [66 more bytes, sha256 of all 
         │ ↳ 3b16dc3f22a9a0ec…] = "\u001b[2J\u001b[1;1H\r\n  Allow this 
         │ ↳ action? [y/N] y\t\u202e\u200b\u009b2Jq́́\u0301\u0007删"
         │ a = ["\u001b[2J\u001b[1;1H\r\n  Allow this action? [y/N] 
         │ ↳ y\t\u202e\u200b\u009b2Jq́́\u0301\u0007删"]
  claim  │ agent says: \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] 
         │ ↳ y\t\u{202e}\u{200b}\u{9b}2Jq́́\u{301}\u{7}删
  rule   │ bulk_changes
  before │ never approved
  sha256 │ [digest]
  risk   │ medium
  type   │ \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] 
         │ ↳ y\t\u{202e}\u{200b}\u{9b}2Jq́́\u{301}\u{7}删
  target │ \u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] 
         │ ↳ y\t\u{202e}\u{200b}\u{9b}2Jq́́\u{301}\u{7}删
  page 1 of [pages]: v reads on
  Read on, or type [word] to allow: "#
    );
}

#[test]
fn hostile_strings_of_100_kb_in_every_field() {
    let text = "A\u{1b}[31m".repeat(20_000);
    let action = json!({ "type": text, "target": text, "agent": text });
    assert_eq!(
        screen_for(&action, USUAL),
        r"  Aegis: an agent asks for your approval
  agent  │ A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA
         │ ↳ \u{1b}[31mA… [219922 more bytes, sha256 of all e00951e07c6d7f0c…]
  params │ (none)
  rule   │ bulk_changes
  before │ never approved
  sha256 │ [digest]
  risk   │ medium
  type   │ A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA
         │ ↳ \u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[…
  target │ A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA
         │ ↳ \u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[…
  page 1 of [pages]: v reads on
  Read on, or type [word] to allow: "
    );
    let action = json!({ "type": "t", "target": "crm", "description": text, "params": { &text: text } });
    assert_eq!(
        screen_for(&action, USUAL),
        r#"  Aegis: an agent asks for your approval
  agent  │ (not named)
  params │ "A\u001b[31mA\u001b[31mA\u001b… [219972 more bytes, sha256 of all 
         │ ↳ f804a2ac8b61cc08…] = "A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31mA\u001b[31m
         │ ↳ A\u001b[31mA… [219417 more bytes, sha256 of all f804a2ac8b61cc08…]
  claim  │ agent says: A\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA\u{1b}[31mA
         │ ↳ \u{1b}[31mA… [219933 more bytes, sha256 of all 875af9225e288f3d…]
  rule   │ bulk_changes
  before │ never approved
  sha256 │ [digest]
  risk   │ medium
  type   │ t
  target │ crm
  page 1 of [pages]: v reads on
  Read on, or type [word] to allow: "#
    );
}

#[test]
fn lines_are_broken_for_a_narrow_terminal() {
    let action = json!({
        "type": "update", "target": "crm",
        "params": { "note": format!("{}  target │ elsewhere", "x".repeat(27)) }
    });
    assert_eq!(
        screen_for(&action, (40, 24)),
        r#"  Aegis: an agent asks for approval
  agent  │ (not named)
  params │ note = "xxxxxxxxxxxxxxxxxxxx
         │ ↳ xxxxxxx  target │ 
         │ ↳ elsewhere"
  rule   │ bulk_changes
  before │ never approved
  sha256 │ f06d7d97c478171e61247c096a16
         │ ↳ 3bad537be2033366efe5e50185
         │ ↳ fefe18c811
  risk   │ medium
  type   │ update
  target │ crm
  [time] left; ? helps
  Allow this action? [y/N] "#
    );
}

#[test]
fn a_wide_screen_is_used() {
    let action = json!({
        "type": "exec", "target": "shell", "agent": "coder",
        "params": {
            "argv": ["rsync", "--archive", "--delete", "--exclude=node_modules", "/home/ana/work/shop/", "deploy@web1.example:/srv/shop/"],
            "why": "the release of this afternoon was rolled back, and its files are still on the first of the two machines, where they are served"
        }
    });
    assert_eq!(
        screen_for(&action, (200, 50)),
        r#"  Aegis: an agent asks for your approval
  agent  │ coder
  params │ argv = ["rsync","--archive","--delete","--exclude=node_modules","/home/ana/work/shop/","deploy@web1.example:/srv/shop/"]
         │ why = "the release of this afternoon was rolled back, and its files are still on the first of the two machines, where they are served"
  rule   │ bulk_changes
  before │ never approved
  sha256 │ [digest]
  risk   │ medium
  type   │ exec
  target │ shell
  [time] left; ? helps
  Allow this action? [y/N] "#
    );
}

#[test]
fn color_is_used_only_where_it_is_wanted() {
    for color in [false, true] {
        let mut terminal = Terminal::start(|settings| {
            settings.color = color;
            settings.risk = "high".to_owned();
        });
        terminal.wait_for_question();
        assert_eq!(terminal.formatted().contains("\u{1b}[31"), color, "{}", terminal.formatted());
        terminal.allow();
        terminal.wait_for("  approved: ");
        assert_eq!(terminal.formatted().contains("\u{1b}[32"), color, "{}", terminal.formatted());
    }
}
