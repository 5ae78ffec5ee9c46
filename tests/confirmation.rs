//! What asks before it does something that cannot be undone, by the rules of the approval prompt.

use std::time::Duration;

use aegis_testkit::{READ, Terminal};

use crate::environment::TestEnvironment;

const REDACT: &str = "aegis audit redact seq:1";
const PRUNE: &str = "aegis audit prune --before 2030-01-01 --archive old.jsonl";
const OVERWRITE: &str = "aegis init";

/// A log with an action in it that is over, and a policy that is there already.
fn place() -> TestEnvironment {
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).code, 0);
    environment.write("mine", std::fs::read(environment.file("policy.yaml")).unwrap());
    environment
}

/// Whether nothing has come of it.
fn is_untouched(environment: &TestEnvironment) -> bool {
    let log = environment.aegis(&["audit", "show", "seq:1"]);
    let policy = std::fs::read(environment.file("policy.yaml")).unwrap();
    log.code == 0
        && environment.aegis(&["audit", "verify"]).code == 0
        && environment.records().len() == 1
        && !environment.file("old.jsonl").exists()
        && policy == std::fs::read(environment.file("mine")).unwrap()
        && !log.stdout.contains("redacted")
}

#[test]
fn what_was_typed_ahead_confirms_nothing() {
    for command in [REDACT, PRUNE, OVERWRITE] {
        let environment = place();
        let mut terminal = Terminal::shell(&environment, &format!("echo ready; sleep 1; {command}"));
        terminal.wait_for("ready");
        terminal.type_text("y\ny\nyyy\n");
        terminal.wait_for_question();
        std::thread::sleep(Duration::from_millis(300));
        assert!(!terminal.has_ended(), "{command}: it must still wait:\n{}", terminal.contents());
        assert!(is_untouched(&environment), "{command}");
        terminal.type_text("n\n");
        assert_ne!(terminal.code(), 0, "{command}");
        assert!(is_untouched(&environment), "{command}");
    }
}

#[test]
fn one_key_is_no_answer_and_everything_but_a_yes_is_a_no() {
    let no = [
        (REDACT, 1, "nothing was removed"),
        (PRUNE, 2, "nothing was pruned"),
        (OVERWRITE, 5, "exists already"),
    ];
    for (command, code, said) in no {
        for typed in ["\n", "n\n", "\u{3}", "\u{4}", "no\n"] {
            let environment = place();
            let mut terminal = Terminal::shell(&environment, &format!("trap : INT; {command}"));
            terminal.wait_for_question();
            terminal.type_text("y");
            std::thread::sleep(Duration::from_millis(100));
            assert!(!terminal.has_ended(), "{command}: a key is no line");
            terminal.type_text(&format!("\u{15}{typed}"));
            assert_eq!(terminal.code(), code, "{command} {typed:?}");
            terminal.wait_for(said);
            assert!(is_untouched(&environment), "{command} {typed:?}");
        }
    }
}

#[test]
fn what_cannot_be_undone_wants_its_word_and_a_file_a_yes() {
    for (command, said) in [(REDACT, "redacted"), (PRUNE, "pruned"), (OVERWRITE, "wrote")] {
        let environment = place();
        let mut terminal = Terminal::shell(&environment, command);
        terminal.wait_for_question();
        assert_eq!(terminal.word().is_some(), command != OVERWRITE, "{}", terminal.contents());
        terminal.allow();
        terminal.wait_for(said);
        assert_eq!(terminal.code(), 0, "{command}");
        assert!(!is_untouched(&environment), "{command}");
    }
    for command in [REDACT, PRUNE] {
        let environment = place();
        let mut terminal = Terminal::shell(&environment, command);
        terminal.wait_for_question();
        for said in ["2 tries left", "one try left", ""] {
            terminal.type_text("y\n");
            terminal.wait_for(said);
        }
        assert_ne!(terminal.code(), 0, "{command}");
        assert!(is_untouched(&environment), "{command}");
    }
}

#[test]
fn the_question_stands_once_on_a_screen_of_any_width() {
    for columns in [40, 80, 120] {
        let environment = place();
        let terminal = Terminal::shell(&environment, &format!("echo ready; sleep 0.5; {PRUNE}"));
        terminal.resize((columns, 24));
        terminal.wait_for("ready");
        let screen = terminal.wait_for_question();
        let word = terminal.word().unwrap();
        let screen = screen.replace(&word, "[word]");
        let lines: Vec<_> = screen.lines().filter(|line| !line.starts_with("  note   │")).collect();
        let wanted = [
            "  Aegis: move these out of the log?",
            "  rows   │ 1 to 1 (1 event)",
            "  to     │ old.jsonl",
            "  stay   │ 0 events",
            "  [time] left; ? helps",
            "  To do this, type [word]:",
        ];
        // Where others may type, what stops them takes several lines of a narrow screen.
        let own = lines.iter().filter(|line| !line.starts_with("         │"));
        let own = own.map(|line| match line.split_once(" left;") {
            Some((_, after)) => format!("  [time] left;{after}"),
            None => line.trim_end().to_owned(),
        });
        assert_eq!(own.collect::<Vec<_>>(), wanted, "{columns}");
    }
}

#[test]
fn without_a_terminal_nobody_is_asked_and_nothing_is_done() {
    let environment = place();
    let redact = environment.aegis(&["audit", "redact", "seq:1"]);
    assert_eq!(redact.code, 1, "{redact:?}");
    let prune = environment.aegis(&["audit", "prune", "--before", "2030-01-01", "--archive", "old.jsonl"]);
    assert_eq!(prune.code, 2, "{prune:?}");
    for run in [redact, prune] {
        assert!(
            run.stderr.contains("there is no terminal to ask at") && run.stderr.contains("--yes"),
            "{run:?}"
        );
    }
    assert!(is_untouched(&environment));
}

#[test]
fn a_policy_is_chosen_from_the_list_at_a_terminal_only() {
    let environment = TestEnvironment::empty();
    let run = environment.aegis(&["init", "--choose"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("no template was chosen"), "{run:?}");
    let mut terminal = Terminal::shell(&environment, "aegis init --choose");
    terminal.wait_for("read-only");
    terminal.type_text("\u{1b}[B\n");
    terminal.wait_for("wrote");
    assert_eq!(terminal.code(), 0);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/browser.yaml");
    let wrote = std::fs::read(environment.file("policy.yaml")).unwrap();
    assert!(wrote == std::fs::read(shipped).unwrap());
}
