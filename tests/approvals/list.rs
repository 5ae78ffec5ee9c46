//! What waits, as it is listed and watched.

use std::io::{BufRead as _, BufReader};

use aegis_testkit::{Terminal, is_safe_line};
use unicode_width::UnicodeWidthStr as _;

use super::{approve, ask, ask_for};
use crate::environment::TestEnvironment;

#[test]
fn nothing_that_waits_is_an_answer_too() {
    let environment = TestEnvironment::new();
    assert_eq!(environment.aegis(&["approvals"]).code, 4, "there is no log");
    assert_eq!(environment.check(aegis_testkit::READ).code, 0);
    for format in ["text", "json"] {
        let run = environment.aegis(&["approvals", "--format", format]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
        assert!(run.stderr.contains("nothing waits for an answer"), "{run:?}");
    }
}

#[test]
fn what_waits_is_listed_until_it_is_answered() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    let listed = environment.aegis(&["approvals"]).stdout;
    snapbox::assert_data_eq!(
        &listed,
        snapbox::str![[r"
ID             Age  Left  Agent  Risk  Type         Target  Rule                 Missing
[..]  [..]  high  bulk_update  crm     bulk_needs_approval  1

"]]
    );
    assert!(listed.contains(id.get(..13).unwrap()), "{listed}");
    assert_eq!(approve(&environment, id.get(..13).unwrap()), 0);
    assert_eq!(environment.aegis(&["approvals"]).stdout, "");
}

#[test]
fn whatever_an_agent_says_a_question_is_a_line() {
    let hostile = [
        "\\u001b[2J\\u001b]0;owned\\u0007",
        "a\\n01a21fec  forged",
        "\\u202e\\u200b\\u2066evil",
        "删除 everything 删除 everything",
        "e\\u0301\\u0301\\u0301",
        "\\u3164\\u115f\\u2800",
        "\\r\\t\\u009b31m",
        "x",
    ];
    let environment = TestEnvironment::with_policy("version: 1\nrules: []\n");
    for text in hostile {
        let long = text.repeat(20);
        ask_for(&environment, &format!(r#"{{"type":"{text}","target":"{long}","agent":"{text}"}}"#));
    }
    for columns in [40, 80, 200] {
        let mut terminal = Terminal::shell_of(&environment, "aegis approvals; echo end", (columns, 60));
        terminal.wait_for("end");
        assert_eq!(terminal.code(), 0);
        let shown = terminal.contents();
        assert_eq!(shown.lines().count(), hostile.len() + 2, "{columns}: {shown}");
        for line in shown.lines() {
            assert!(line.width() < usize::from(columns), "{columns}: {line}");
            assert!(is_safe_line(line), "{line:?}");
        }
    }
    // In full, too.
    for question in environment.aegis(&["approvals", "--format", "json"]).json_lines() {
        let shown = environment.aegis(&["approvals", "show", question["id"].as_str().unwrap()]);
        assert_eq!(shown.code, 0);
        assert!(shown.stdout.lines().all(is_safe_line), "{shown:?}");
    }
}

#[test]
fn a_watched_terminal_shows_what_comes_and_goes() {
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(aegis_testkit::READ).code, 0);
    let mut watched = Terminal::aegis(&environment, &["approvals", "--watch"]);
    watched.wait_for("nothing waits for an answer");
    let id = ask(&environment);
    let screen = watched.wait_for(id.get(..13).unwrap());
    assert!(!screen.contains("nothing waits"), "it is drawn anew: {screen}");
    assert_eq!(approve(&environment, &id), 0);
    watched.wait_for("nothing waits for an answer");
    watched.type_text("\u{3}");
    watched.wait();
}

#[test]
fn elsewhere_each_change_is_a_line() {
    let environment = TestEnvironment::new();
    let mut command = environment.command(&["approvals", "--watch", "--format", "json"]);
    let mut watcher = command.spawn().unwrap();
    let mut lines = BufReader::new(watcher.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap().unwrap()).unwrap();
    let id = ask(&environment);
    let came = next();
    assert_eq!((came["id"].as_str(), came["standing"].as_str()), (Some(id.as_str()), Some("open")));
    assert_eq!(approve(&environment, &id), 0);
    let went = next();
    assert_eq!((went["id"].as_str(), went["standing"].as_str()), (Some(id.as_str()), Some("approved")));
    watcher.kill().unwrap();
    watcher.wait().unwrap();
}
