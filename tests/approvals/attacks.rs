//! What an agent could do with its own account, and what the log says of it then.

use aegis_testkit::{Run, Terminal};

use super::{ASK, ASK_IN_SHELL, approve, aside, ask, standing, verify};
use crate::environment::TestEnvironment;

#[test]
fn nobody_answers_without_a_terminal() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    let ways = [
        "setsid -w \"$AEGIS\" approve QUESTION </dev/null",
        "yes | setsid -w \"$AEGIS\" approve QUESTION",
        "yes y | setsid -w \"$AEGIS\" deny QUESTION --reason no",
        "setsid -w \"$AEGIS\" approve QUESTION <&-",
        "setsid -w \"$AEGIS\" approve QUESTION <&- >&- 2>&-",
        // No variable stands in for an answer, an account or a kind of evidence.
        "AEGIS_YES=1 AEGIS_ANSWER=y AEGIS_USER=root USER=root LOGNAME=root SUDO_UID=0 SUDO_USER=root \
         AEGIS_EVIDENCE=4 setsid -w \"$AEGIS\" approve QUESTION",
    ];
    for way in ways {
        let run = Run::of(environment.shell(&way.replace("QUESTION", &id)).output().unwrap());
        assert_eq!(run.code, 3, "{way}: {run:?}");
        assert_eq!(standing(&environment, &id), "open", "{way}");
    }
    for flag in ["--yes", "-y", "--all", "--force", "--evidence=2", "--user=root"] {
        let run = environment.aegis(&["approve", &id, flag]);
        assert_eq!(run.code, 2, "{flag}: {run:?}");
    }
    assert_eq!(environment.aegis(&["approve"]).code, 2, "there is no way to mean all of them");
    verify(&environment);
}

#[test]
fn what_was_typed_ahead_approves_nothing() {
    let environment = TestEnvironment::with_policy("version: 1\nrules:\n  - { risk_level: low }\n");
    let id = ask(&environment);
    for command in [format!("aegis approve {id}"), format!("aegis deny {id} --reason no")] {
        let mut terminal = Terminal::shell(&environment, &format!("echo ready; sleep 1; {command}"));
        terminal.wait_for("ready");
        terminal.type_text("y\ny\nyes\n");
        terminal.wait_for_question();
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!terminal.has_ended(), "it must still wait:\n{}", terminal.contents());
        assert_eq!(standing(&environment, &id), "open");
        terminal.type_text("n\n");
        assert_eq!(terminal.code(), 3);
    }
    assert_eq!(standing(&environment, &id), "open");
}

/// A program can give a child a terminal and type into it. That cannot be told from a person, so it is worth
/// what it is worth, and the record says so, whatever the environment says.
#[test]
fn a_terminal_of_the_agents_own_is_the_weakest_evidence_and_no_environment_makes_it_more() {
    let environment = TestEnvironment::with_policy("version: 1\nrules:\n  - { risk_level: low }\n");
    let id = ask(&environment);
    let forged = "SUDO_UID=4711 SUDO_USER=boss USER=boss LOGNAME=boss AEGIS_USER=boss aegis approve";
    let mut terminal = Terminal::shell(&environment, &format!("{forged} {id}"));
    terminal.wait_for_question();
    terminal.allow();
    assert_eq!(terminal.code(), 0);
    let shown = environment.aegis(&["approvals", "show", &id, "--format", "json"]).json();
    let reply = &shown["replies"][0];
    assert_eq!(
        (reply["approver"]["via"].as_str(), reply["approver"]["evidence"].as_u64()),
        (Some("terminal"), Some(1))
    );
    assert_eq!(reply["approver"]["user"], shown["user"]);
    assert!(!shown.to_string().contains("boss"), "{shown}");
}

#[test]
fn another_session_policy_or_agent_does_not_use_it() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    assert_eq!(approve(&environment, &id), 0);
    let other_agent = aside(&environment, &[&ASK[..], &["--agent", "eve"]].concat());
    assert_eq!(other_agent.code, 3, "{other_agent:?}");
    let labelled = Run::of(environment.shell(&format!("AEGIS_AGENT=eve {ASK_IN_SHELL}")).output().unwrap());
    assert_eq!(labelled.code, 3, "{labelled:?}");
    environment.write("other.yaml", format!("{}\n# other\n", aegis_testkit::POLICY));
    let other_policy = aside(&environment, &[&ASK[..], &["--policy", "other.yaml"]].concat());
    assert_eq!(other_policy.code, 3, "{other_policy:?}");
    assert_eq!(aside(&environment, &ASK).code, 0);
}

/// The log is exchanged for another one, or a copy that was made before, while somebody reads.
#[test]
fn what_was_answered_in_one_log_is_no_answer_in_another() {
    let environment = TestEnvironment::new();
    let id = ask(&environment);
    let mut terminal = Terminal::aegis(&environment, &["approve", &id]);
    terminal.wait_for_question();
    std::fs::rename(environment.file("aegis_audit.db"), environment.file("kept.db")).unwrap();
    assert_eq!(ask(&environment).len(), id.len());
    terminal.allow();
    assert_eq!(terminal.code(), 4);
    assert!(terminal.wait_for_end().contains("asks about something else"), "{}", terminal.contents());
    let other = environment.aegis(&["approvals", "--format", "json"]).json_lines();
    assert_eq!(other[0]["standing"], "open");
}

#[test]
fn a_flood_is_cut_off_with_a_word() {
    let environment = TestEnvironment::new();
    for number in 0..20 {
        let run =
            aside(&environment, &["check", "bulk_update:crm", "--param", &format!("count={}", 200 + number)]);
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains("the question waits until"), "{run:?}");
    }
    let run = aside(&environment, &["check", "bulk_update:crm", "--param", "count=999"]);
    assert_eq!(run.code, 3);
    assert!(run.stdout.contains("20 questions of this agent wait already"), "{run:?}");
    assert!(!run.stderr.contains("the question waits"), "{run:?}");
    assert_eq!(environment.aegis(&["approvals", "--format", "json"]).json_lines().len(), 20);
}
