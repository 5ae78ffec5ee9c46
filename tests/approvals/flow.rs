//! From the question to its use, in the order in which people meet it.

use aegis_testkit::Terminal;

use super::{ASK, ASK_IN_SHELL, approve, aside, ask, ask_for, deny, standing, verify};
use crate::environment::TestEnvironment;

/// The screen without what is said only where the kernel lets programs type into terminals, and without what
/// differs each time.
fn stable(screen: &str) -> String {
    let lines = screen.lines().filter(|line| !line.starts_with("  note   │"));
    lines.map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn one_terminal_waits_and_the_other_answers() {
    let environment = TestEnvironment::new();
    let agent = Terminal::shell(&environment, &format!("{ASK_IN_SHELL} --wait 50s; echo status=$?"));
    agent.wait_for("the question waits until");
    let listed = environment.aegis(&["approvals", "--format", "json"]).json_lines();
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!(listed[0]["type"], "bulk_update");

    let mut human =
        Terminal::aegis(&environment, &["approve", id.get(..13).unwrap(), "--reason", "as agreed"]);
    human.wait_for_question();
    let screen = stable(&human.contents()).replace(&human.word().unwrap(), "[word]");
    snapbox::assert_data_eq!(
        screen,
        snapbox::str![[r"
  Aegis: an agent asks for your approval
  agent  │ (not named)
  params │ count = 101
  rule   │ bulk_needs_approval
  before │ never approved
  asked  │ [..] ago by [..] on [..]
  waits  │ [..] more
  you    │ [..], with evidence 1
  Enter  │ leaves it open
  sha256 │ 7452772f428bc85c7ebbd4f3b04962e558e29957dbbc3eb64d3b4d30b2c237f5
  risk   │ high
  type   │ bulk_update
  target │ crm
  [..] left; ? helps
  To allow this, type [word]:[..]

"]]
    );
    human.allow();
    assert_eq!(human.code(), 0, "{}", human.contents());
    let said = human.wait_for_end();
    assert!(said.contains("approved  bulk_update crm  high risk  evidence 1  row "), "{said}");

    let shown = agent.wait_for("status=0");
    assert!(shown.contains("allowed  bulk_update crm  high risk  approved"), "{shown}");
    assert_eq!(standing(&environment, id), "used");
    let records = environment.records();
    assert_eq!(records.last().unwrap()["decision"], "approved");
    assert_eq!(records.last().unwrap()["approver"]["via"], "terminal");
    verify(&environment);
}

#[test]
fn an_approval_is_used_once_by_the_same_action_and_by_no_other() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    assert_eq!(ask(&environment), id, "the same question is asked once");
    assert_eq!(approve(&environment, &id), 0);
    assert_eq!(standing(&environment, &id), "approved");
    let other = aside(&environment, &["check", "bulk_update:crm", "--param", "count=102"]);
    assert_eq!(other.code, 3, "{other:?}");
    let used = aside(&environment, &ASK);
    assert_eq!(used.code, 0, "{used:?}");
    assert_ne!(ask(&environment), id, "it was used, so there is another question");
    verify(&environment);
}

#[test]
fn a_denial_answers_the_same_action_with_its_reason() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    assert_eq!(deny(&environment, &id, "not before \u{1b}[2J the audit"), 0);
    for _ in 0..2 {
        let run = aside(&environment, &ASK);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stdout.contains("denied it: not before \\u{1b}[2J the audit"), "{run:?}");
    }
    let shown = environment.aegis(&["approvals", "show", &id]);
    assert!(shown.stdout.contains("no by terminal:"), "{shown:?}");
    let history = environment.aegis(&["audit", "show", &id]);
    assert!(history.stdout.contains("(evidence 1) after "), "{history:?}");
    verify(&environment);
}

#[test]
fn whoever_denies_without_a_reason_is_asked_for_it_and_may_give_none() {
    for (typed, said) in [("not yet\n", "denied it: not yet"), ("\n", "denied it"), ("\u{3}", "denied it")] {
        let environment = TestEnvironment::new();
        let id = ask(&environment);
        let mut terminal = Terminal::aegis(&environment, &["deny", &id]);
        terminal.wait_for_question();
        terminal.type_text("y\n");
        terminal.wait_for("Why not?");
        terminal.type_text(typed);
        assert_eq!(terminal.code(), 0, "{typed:?}: {}", terminal.contents());
        assert_eq!(standing(&environment, &id), "denied");
        let run = aside(&environment, &ASK);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stdout.trim_end().ends_with(said), "{run:?}");
    }
}

#[test]
fn all_else_than_a_yes_leaves_the_question_open() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    for command in [&["approve", &id][..], &["deny", &id, "--reason", "no"]] {
        for typed in ["\n", "n\n", "no\n", "\u{3}", "\u{4}", "\u{1c}"] {
            let mut terminal = Terminal::aegis(&environment, command);
            terminal.wait_for_question();
            terminal.type_text(typed);
            assert_eq!(terminal.code(), 3, "{command:?} {typed:?}: {}", terminal.contents());
            let said = terminal.wait_for_end();
            assert!(said.contains("the question stays open"), "{typed:?}: {said}");
            assert_eq!(standing(&environment, &id), "open");
        }
    }
    // A mere `y` is too little for this risk.
    let mut terminal = Terminal::aegis(&environment, &["approve", &id]);
    terminal.wait_for_question();
    for said in ["2 tries left", "one try left", ""] {
        terminal.type_text("y\n");
        terminal.wait_for(said);
    }
    assert_eq!((terminal.code(), standing(&environment, &id).as_str()), (3, "open"));
}

#[test]
fn whoever_comes_too_late_is_told_why() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    let told = |command: &[&str]| {
        let run = environment.aegis(command);
        assert_eq!(run.code, 1, "{run:?}");
        run.stderr
    };
    assert!(told(&["approve", "no-such-id"]).contains("no action `no-such-id` is in the audit log"));
    assert_eq!(approve(&environment, &id), 0);
    assert!(told(&["approve", &id]).contains("it is answered already: approved"));
    assert!(told(&["deny", &id, "--reason", "no"]).contains("it is answered already: approved"));
    assert_eq!(aside(&environment, &ASK).code, 0);
    assert!(told(&["approve", &id]).contains("it was answered `approved` already, and that was used"));
    let denied = ask(&environment);
    assert_eq!(deny(&environment, &denied, "no"), 0);
    assert!(told(&["approve", &denied]).contains("it is answered already: denied"));
    // An action about which nobody was asked.
    let read = environment.check(aegis_testkit::READ).json();
    let read = read["action_id"].as_str().unwrap();
    assert!(told(&["approve", read]).contains("no question about an action"), "{read}");
    assert_eq!(environment.aegis(&["approve", "abc"]).code, 2);
    assert_eq!(environment.aegis(&["deny", &denied]).code, 1, "it is answered already");
    assert_eq!(environment.aegis(&["deny", &denied, "--reason", " "]).code, 2);
    assert_eq!(environment.aegis(&["approve", &id, "--db", "missing.db"]).code, 4);
}

#[test]
fn secrets_are_shown_as_digests_and_want_the_word_whatever_the_risk() {
    let environment = TestEnvironment::with_policy("version: 1\nrules:\n  - { risk_level: low }\n");
    let id = ask_for(&environment, r#"{"type":"login","target":"crm","params":{"password":"canary-1"}}"#);
    let mut terminal = Terminal::aegis(&environment, &["approve", &id]);
    let screen = terminal.wait_for_question();
    assert!(screen.contains("kept out of the log") && screen.contains("/password"), "{screen}");
    assert!(!screen.contains("canary") && terminal.word().is_some(), "{screen}");
    terminal.allow();
    assert_eq!(terminal.code(), 0);
    assert!(!terminal.said().contains("canary"));
}

#[test]
fn what_was_removed_from_the_log_cannot_be_approved() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    assert_eq!(environment.aegis(&["audit", "redact", &id, "--yes"]).code, 0);
    let run = environment.aegis(&["approve", &id]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stderr.contains("its parameters were removed"), "{run:?}");
}

#[test]
fn waiting_in_vain_leaves_the_question_and_says_nobody_answered() {
    let environment = TestEnvironment::new();
    let run = aside(&environment, &[&ASK[..], &["--wait", "1s", "--format", "json"]].concat());
    assert_eq!((run.code, run.json()["decision"].as_str()), (3, Some("unanswered")), "{run:?}");
    assert!(run.stderr.contains("note: nobody answered within 1s"), "{run:?}");
    let id = run.json()["request"]["id"].as_str().unwrap().to_owned();
    assert_eq!(standing(&environment, &id), "open");
    // Told to stop: the same.
    let script =
        format!("{ASK_IN_SHELL} --wait 50s & sleep 1; kill -TERM -- $(pgrep -P $!); wait $!; echo $?");
    let script = script.replace("kill -TERM -- $(pgrep -P $!)", "pkill -TERM -P $! || kill -TERM $!");
    let run = aegis_testkit::Run::of(environment.shell(&script).output().unwrap());
    assert!(run.stdout.ends_with("\n3\n"), "{run:?}");
    assert_eq!(standing(&environment, &id), "open");
    let stream = environment.aegis_with_input(&["check", "--jsonl", "--wait", "1s"], aegis_testkit::BULK);
    assert_eq!(stream.code, 2, "{stream:?}");
}

#[test]
fn a_denial_ends_the_wait_too() {
    let environment = TestEnvironment::new();
    let agent = Terminal::shell(&environment, &format!("{ASK_IN_SHELL} --wait 50s; echo status=$?"));
    agent.wait_for("the question waits until");
    let id = environment.aegis(&["approvals", "--format", "json"]).json_lines()[0]["id"].clone();
    assert_eq!(deny(&environment, id.as_str().unwrap(), "no"), 0);
    let shown = agent.wait_for("status=1");
    assert!(shown.contains("denied it: no"), "{shown}");
}

/// How a question stands, once it stands so.
fn wait_for_standing(environment: &TestEnvironment, id: &str, wanted: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while standing(environment, id) != wanted {
        assert!(std::time::Instant::now() < deadline, "it is {}", standing(environment, id));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn what_expired_or_lapsed_is_told_apart_and_cannot_be_answered() {
    let short = |terms: &str| {
        let text = format!(
            "version: 1\nrules:\n  - {{ risk_level: low, approval: {{ mode: approve, {terms} }} }}\n"
        );
        TestEnvironment::with_policy(&text)
    };
    let environment = short("ttl: 1s");
    let id = ask(&environment);
    wait_for_standing(&environment, &id, "expired");
    for command in [&["approve", &id][..], &["deny", &id, "--reason", "no"]] {
        let run = environment.aegis(command);
        assert_eq!((run.code, run.stderr.contains("the question has expired")), (1, true), "{run:?}");
    }
    assert_ne!(ask(&environment), id, "it is asked anew");

    let environment = short("use_within: 1s");
    let id = ask(&environment);
    assert_eq!(approve(&environment, &id), 0);
    wait_for_standing(&environment, &id, "lapsed");
    let run = environment.aegis(&["approve", &id]);
    assert_eq!((run.code, run.stderr.contains("and that was not used in time")), (1, true), "{run:?}");
    assert_ne!(ask(&environment), id, "it is asked anew");
    verify(&environment);
}

/// The question expires while somebody sits before it.
#[test]
fn a_yes_that_comes_after_the_question_expired_is_none() {
    let text = "version: 1\nrules:\n  - { risk_level: low, approval: { mode: approve, ttl: 3s } }\n";
    let environment = TestEnvironment::with_policy(text);
    let id = ask(&environment);
    let mut terminal = Terminal::aegis(&environment, &["approve", &id]);
    terminal.wait_until("the question, or its end", |screen| {
        let contents = screen.contents();
        contents.contains("llow this") || contents.contains("error:")
    });
    wait_for_standing(&environment, &id, "expired");
    if !terminal.has_ended() {
        terminal.type_text("y\n");
    }
    let (code, said) = (terminal.code(), terminal.wait_for_end());
    assert!(matches!(code, 1 | 3), "{code}: {said}");
    assert_eq!(standing(&environment, &id), "expired");
    assert_ne!(ask(&environment), id);
    verify(&environment);
}

/// Whoever may write the log's file can put back a copy of it from before the approval was used. It cannot be
/// kept from being used again then, and a receipt that somebody kept tells.
#[test]
fn a_log_that_was_put_back_is_found_by_the_receipt_of_the_use() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    assert_eq!(approve(&environment, &id), 0);
    let before = std::fs::read(environment.file("aegis_audit.db")).unwrap();
    let used = aside(&environment, &[&ASK[..], &["--format", "json"]].concat());
    assert_eq!(used.code, 0, "{used:?}");
    environment.write("receipts.jsonl", format!("{}\n", used.json()["receipt"]));
    assert_eq!(environment.aegis(&["audit", "verify", "--receipts", "receipts.jsonl"]).code, 0);
    environment.write("aegis_audit.db", before);
    assert_eq!(aside(&environment, &ASK).code, 0, "this is not promised to be found out by itself");
    let found = environment.aegis(&["audit", "verify", "--receipts", "receipts.jsonl"]);
    assert_ne!(found.code, 0, "{found:?}");
}
