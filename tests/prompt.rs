//! The question at a real pseudo-terminal, and the screen that it leaves behind.

use std::time::Duration;

use aegis_testkit::{POLICY, Terminal};
use nix::sys::signal::Signal;

use crate::environment::TestEnvironment;

const ASK: [&str; 4] = ["check", "bulk_update:crm", "--param", "count=101"];
/// The actions are of high risk, so that a word must be typed.
const QUESTION: &str = "  To allow this, type ";
/// Stands in what is typed for the word on the screen.
const WORD: &str = "WORD";

/// Asks, types `answer`, and tells the exit status, the screen and the newest record's decision and result.
#[track_caller]
fn answer(typed: &str) -> (i32, String, String) {
    let environment = TestEnvironment::new();
    let mut terminal = Terminal::aegis(&environment, &ASK);
    terminal.wait_for_question();
    let asked = terminal.contents();
    let word = terminal.word().unwrap();
    let typed = typed.replace(WORD, &word);
    if typed.ends_with('\n') && (typed.trim() != word || typed.len() > 64) {
        terminal.refuse_with(&typed);
    } else {
        terminal.type_text(&typed);
    }
    let code = terminal.code();
    (
        code,
        format!("{}\n---\n{}", without_note(&asked).replace(&word, "[word]"), terminal.contents()),
        outcome(&environment),
    )
}

/// The screen without what is said only where the kernel lets programs type into terminals.
fn without_note(screen: &str) -> String {
    screen.lines().filter(|line| !line.starts_with("  note   │")).map(|line| line.to_owned() + "\n").collect()
}

fn outcome(environment: &TestEnvironment) -> String {
    let record = environment.records().pop().unwrap();
    format!("{} {}", record["decision"], record["result_status"]).replace('"', "")
}

#[test]
fn yes_allows_and_leaves_a_readable_screen() {
    let (code, screen, outcome) = answer("WORD\n");
    assert_eq!((code, outcome.as_str()), (0, "approved null"));
    snapbox::assert_data_eq!(
        screen,
        snapbox::str![[r"
  Aegis: an agent asks for your approval
  agent  │ (not named)
  params │ count = 101
  rule   │ bulk_needs_approval
  before │ never approved
  sha256 │ 7452772f428bc85c7ebbd4f3b04962e558e29957dbbc3eb64d3b4d30b2c237f5
  risk   │ high
  type   │ bulk_update
  target │ crm
  [..] left; ? helps
  To allow this, type [word]:[..]

---
note: the audit log was created at `aegis_audit.db`

  approved: bulk_update on crm, high risk, sha256 7452772f428bc85c…
allowed  bulk_update crm  high risk  approved  bulk_needs_approval
"]]
    );
    assert_eq!(answer("  WORD \n").0, 0);
}

#[test]
fn how_often_the_like_was_approved_before_is_said() {
    let environment = TestEnvironment::new();
    for said in [
        "  before │ never approved\n",
        "  before │ approved once, last ",
        "  before │ approved 2 times, last ",
    ] {
        let mut terminal = Terminal::aegis(&environment, &ASK);
        let screen = terminal.wait_for_question();
        let user = aegis_runtime::current_user();
        assert!(screen.contains(said), "{screen}");
        assert!(said.contains("never") || screen.contains(&format!(" ago by {user}\n")), "{screen}");
        terminal.allow();
        assert_eq!(terminal.code(), 0);
    }
    // What was denied, is of another target or decided by another rule is not the like of it.
    let mut terminal = Terminal::aegis(&environment, &["check", "bulk_update:shop", "--param", "count=101"]);
    assert!(terminal.wait_for_question().contains("  before │ never approved\n"));
    terminal.refuse();
    assert_eq!(terminal.code(), 1);
    let terminal = Terminal::aegis(&environment, &["check", "bulk_update:shop", "--param", "count=101"]);
    assert!(terminal.wait_for_question().contains("  before │ never approved\n"));
}

#[test]
fn a_reason_for_a_no_is_recorded_and_the_agent_hears_it_escaped() {
    let environment = TestEnvironment::new();
    let mut terminal = Terminal::aegis(&environment, &ASK);
    terminal.wait_for_question();
    terminal.type_text("n\n");
    terminal.wait_for("Why not?");
    terminal.type_text("ask the \u{202e}owner first\n");
    assert_eq!(terminal.code(), 1);
    let screen = terminal.wait_for("because");
    assert!(screen.contains("denied it: ask the \\u{202e}owner first"), "{screen}");
    let record = environment.records().pop().unwrap();
    let reason = record["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason.is_empty() || reason.ends_with("denied it: ask the \\u{202e}owner first"), "{record}");
    let history = environment.aegis(&["audit", "show", record["id"].as_str().unwrap()]);
    assert!(history.stdout.contains("owner first"), "{history:?}");
}

#[test]
fn everything_else_that_can_be_typed_is_a_no() {
    let keys = ["n\n", "\n", "\u{4}", "WORD\u{4}\u{4}", "\u{3}", "WORD\u{3}", "\u{1c}"];
    for typed in keys {
        let (code, screen, outcome) = answer(typed);
        assert_eq!((code, outcome.as_str()), (1, "denied denied"), "{typed:?}:\n{screen}");
        assert!(screen.contains("\n  denied: bulk_update on crm, high risk, sha256 "), "{screen}");
    }
}

#[test]
fn a_line_without_end_is_a_no() {
    let (code, _, outcome) = answer(&format!("WORD{}\n", " ".repeat(5000)));
    assert_eq!((code, outcome.as_str()), (1, "denied denied"));
}

#[test]
fn no_answer_in_time_is_no_permission() {
    let environment = TestEnvironment::new();
    let mut terminal = Terminal::aegis(&environment, &[&ASK[..], &["--timeout", "1s"]].concat());
    terminal.wait_for_question();
    terminal.wait_for("no answer within 1s: refused");
    assert_eq!((terminal.code(), outcome(&environment).as_str()), (3, "unanswered skipped"));
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let environment = TestEnvironment::new();
    let mut terminal =
        Terminal::shell(&environment, "echo ready; sleep 1; aegis check bulk_update:crm --param count=101");
    terminal.wait_for("ready");
    terminal.type_text("y\ny\n");
    terminal.wait_for_question();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!terminal.has_ended(), "it must still wait:\n{}", terminal.contents());
    terminal.refuse();
    assert_eq!((terminal.code(), outcome(&environment).as_str()), (1, "denied denied"));
}

#[test]
fn the_action_may_come_by_standard_input_all_the_same() {
    let environment = TestEnvironment::new();
    let script =
        r#"echo '{"type":"bulk_update","target":"crm","params":{"count":101}}' | aegis check && echo did-it"#;
    let mut terminal = Terminal::shell(&environment, script);
    terminal.wait_for_question();
    terminal.allow();
    terminal.wait_for("did-it");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_background_process_neither_asks_nor_stops() {
    let environment = TestEnvironment::new();
    let script = "set -m; aegis check bulk_update:crm --param count=101 </dev/null & wait $!; echo status=$?";
    let mut terminal = Terminal::shell(&environment, script);
    terminal.wait_for("status=3");
    assert_eq!(terminal.code(), 0);
    assert!(!terminal.contents().contains(QUESTION));
    assert!(terminal.contents().contains("in the background"), "{}", terminal.contents());
    assert_eq!(outcome(&environment), "unanswered skipped");
}

#[test]
fn being_told_to_stop_is_no_answer() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let environment = TestEnvironment::new();
        let mut terminal = Terminal::aegis(&environment, &ASK);
        terminal.wait_for_question();
        terminal.send(signal);
        assert_eq!((terminal.code(), outcome(&environment).as_str()), (3, "unanswered skipped"), "{signal}");
    }
}

#[test]
fn whatever_would_end_the_process_is_no_answer_and_leaves_the_terminal_as_it_was_found() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGALRM,
        Signal::SIGVTALRM,
        Signal::SIGPROF,
        Signal::SIGXCPU,
    ] {
        let environment = TestEnvironment::new();
        let script = "stty -g >before; aegis check bulk_update:crm --param count=101; code=$?; stty -g >after; echo status=$code";
        let survive = "trap : TERM USR1 USR2 ALRM VTALRM PROF XCPU";
        let mut terminal = Terminal::shell(&environment, &format!("{survive}; {script}"));
        terminal.wait_for_question();
        terminal.send_to_all(signal);
        terminal.wait_for("status=3");
        assert_eq!(terminal.code(), 0);
        let read = |name: &str| std::fs::read_to_string(environment.file(name)).unwrap();
        assert_eq!(read("before"), read("after"), "{signal}");
        assert_eq!(outcome(&environment), "unanswered skipped", "{signal}");
    }
}

#[test]
fn killed_while_asking_leaves_a_record_that_somebody_was_asked() {
    let environment = TestEnvironment::new();
    let mut terminal = Terminal::aegis(&environment, &ASK);
    terminal.wait_for_question();
    terminal.send(Signal::SIGKILL);
    assert_eq!((terminal.code(), outcome(&environment).as_str()), (-1, "null null"));
}

#[test]
fn the_terminal_is_left_as_it_was_found() {
    let environment = TestEnvironment::new();
    for typed in [WORD, "\u{3}", "\u{4}", "n\n"] {
        let script = "stty raw -echo; stty -g >before; aegis check bulk_update:crm --param count=101; stty -g >after; stty sane; echo finished";
        let mut terminal = Terminal::shell(&environment, &format!("trap : INT; {script}"));
        terminal.wait_for_question();
        let word = terminal.word().unwrap();
        if typed == "n\n" {
            terminal.refuse();
        } else {
            terminal.type_text(&typed.replace(WORD, &(word + "\n")));
        }
        terminal.wait_for("finished");
        terminal.code();
        let read = |name: &str| std::fs::read_to_string(environment.file(name)).unwrap();
        assert_eq!(read("before"), read("after"), "{typed:?}");
        assert!(!read("before").is_empty());
    }
}

#[test]
fn between_the_questions_of_a_stream_signals_do_what_they_always_do() {
    let environment = TestEnvironment::new();
    let script = r#"(echo '{"type":"bulk_update","target":"crm","params":{"count":101}}'; sleep 60) | aegis check --jsonl"#;
    let mut terminal = Terminal::shell(&environment, script);
    terminal.wait_for_question();
    terminal.allow();
    terminal.wait_for("\"allowed\":true");
    terminal.type_text("\u{3}");
    assert_ne!(terminal.code(), 0);
}

#[test]
fn hostile_strings_neither_move_the_cursor_nor_push_the_question_away() {
    const HOSTILE: &str = "\u{1b}[2J\u{1b}[1;1H\r\n  Allow this action? [y/N] y\u{202e}\u{200b}\u{9b}2J\u{7}";
    let long = format!("{}{}", "A\u{1b}[31m".repeat(1000), "B".repeat(100_000));
    for text in [HOSTILE, &long] {
        let environment = TestEnvironment::with_policy("version: '1'\nrules: []\n");
        let action = serde_json::json!({
            "type": text, "target": text, "agent": text, "description": text, "params": { text: text, "b": text }
        });
        environment.write("action.json", action.to_string());
        let mut terminal = Terminal::shell(&environment, "aegis check --color always <action.json");
        let screen = terminal.wait_for_question();
        let lines: Vec<_> = screen.lines().collect();
        assert!(lines[..3].iter().any(|line| line.contains("Aegis: an agent asks")), "{screen}");
        assert_eq!(
            lines
                .iter()
                .filter(|line| ["  Read on, or type ", "  Allow this action? "]
                    .iter()
                    .any(|question| line.starts_with(question)))
                .count(),
            1,
            "{screen}"
        );
        assert_eq!(lines.iter().filter(|line| line.starts_with("  target │")).count(), 1, "{screen}");
        terminal.refuse_with("\n");
        assert_eq!(terminal.code(), 1);
    }
}

#[test]
fn an_answer_is_for_one_action_only() {
    let environment = TestEnvironment::with_policy(POLICY);
    let script = r#"printf '%s\n' '{"type":"bulk_a","target":"crm","params":{"count":101}}' '{"type":"bulk_b","target":"crm","params":{"count":101}}' | aegis check --jsonl; echo status=$?"#;
    let mut terminal = Terminal::shell(&environment, script);
    terminal.wait_for_question();
    assert!(terminal.contents().contains("type   │ bulk_a"));
    let word = terminal.word().unwrap();
    terminal.type_text(&format!("{word}\n{word}\ny\n"));
    let screen = terminal.wait_for_question_number(2);
    assert!(screen.contains("type   │ bulk_b"), "{screen}");
    terminal.refuse();
    terminal.wait_for("status=1");
    terminal.code();
}

#[test]
fn the_screen_in_the_readme_is_the_one_that_people_see() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let mut blocks = readme.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap());
    let (command, asked) = blocks.next().unwrap().split_once('\n').unwrap();
    let left = blocks.next().unwrap();
    let environment = TestEnvironment::empty();
    assert_eq!(environment.aegis(&["init"]).code, 0);
    let command = command.trim_start_matches("$ ").replace("./update", "true");
    let mut terminal = Terminal::shell(&environment, &command);
    let screen = terminal.wait_for_question();
    let word = terminal.word().unwrap();
    snapbox::assert_data_eq!(
        without_note(&screen).replace(&word, "khwp").replace("4:59 left", "5:00 left").trim_end().to_owned()
            + " khwp",
        asked.trim_matches('\n').to_owned()
    );
    terminal.allow();
    assert_eq!(terminal.code(), 0);
    let screen = terminal.wait_for("allowed");
    let (_, screen) = screen.split_once("\n\n").unwrap();
    snapbox::assert_data_eq!(screen.trim_end(), left.trim_end().to_owned());
}

/// Lines whose texts are of one moment and machine, without those texts.
fn lasting(lines: &str) -> String {
    let changes = ["  asked  │ ", "  waits  │ ", "  you    │ "];
    let kept = lines.lines().map(|line| match changes.iter().find(|label| line.starts_with(**label)) {
        Some(label) => label.trim_end(),
        None => line.trim_end(),
    });
    kept.collect::<Vec<_>>().join("\n").replace("4:59 left", "5:00 left")
}

#[test]
fn the_screens_in_the_page_on_approving_are_those_that_people_see() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/approve.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut blocks = page.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap());
    let (drawn, plain) = (blocks.next().unwrap(), blocks.next().unwrap());

    let policy = "version: '1'\nrules:\n  - { name: deploys, match: { type: deploy }, risk_level: high, approval: approve }\n";
    let environment = TestEnvironment::with_policy(policy);
    let asked = environment.aegis(&["check", "deploy:shop", "--param", "stage=live", "--format", "json"]);
    let id = asked.json()["request"]["id"].as_str().unwrap().to_owned();
    let terminal = Terminal::aegis(&environment, &["approve", &id]);
    let screen = without_note(&terminal.wait_for_question());
    let screen = screen.replace(&terminal.word().unwrap(), "khwp");
    snapbox::assert_data_eq!(lasting(&screen), lasting(drawn));

    let (command, written) = plain.split_once('\n').unwrap();
    let policy = "version: '1'\nrules:\n  - { name: large_refunds_need_approval, risk_level: high, approval: approve }\n";
    let environment = TestEnvironment::with_policy(policy);
    let terminal = Terminal::shell(&environment, command.trim_start_matches("$ "));
    let screen = terminal.wait_for_question().replace(&terminal.word().unwrap(), "khwp");
    let (_, screen) = screen.split_once("  Aegis:").unwrap();
    let mut is_note = false;
    let own = screen.lines().filter(|line| {
        is_note = line.starts_with("  note: ") || (is_note && line.starts_with("  > "));
        !is_note
    });
    let own = own.collect::<Vec<_>>().join("\n");
    snapbox::assert_data_eq!(lasting(&format!("  Aegis:{own}")), lasting(written));
}
