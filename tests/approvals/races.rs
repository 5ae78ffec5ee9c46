//! Many at once, and those that are killed on the way.

use aegis_ledger::answer::Answer;
use aegis_testkit::{Terminal, figures, scaled};
use nix::sys::signal::Signal;

use super::{ASK, approve, ask, reply, standing, verify, without_terminal};
use crate::environment::TestEnvironment;

/// A policy whose questions take a `y`.
const LOW: &str = "version: 1\nrules:\n  - { risk_level: low }\n";

#[test]
fn of_eight_processes_that_use_one_approval_one_does() {
    let rounds = scaled(50, 1000);
    let environment = TestEnvironment::with_policy(LOW);
    for round in 0..rounds {
        let id = ask(&environment);
        // Through the journal itself: a terminal for each of a thousand rounds would take hours.
        reply(&environment, &id, Answer::Approved, false);
        let asking: Vec<_> = (0..8).map(|_| without_terminal(&environment, &ASK).spawn().unwrap()).collect();
        let codes: Vec<_> =
            asking.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
        let allowed = codes.iter().filter(|code| **code == Some(0)).count();
        assert_eq!(allowed, 1, "round {round}: {codes:?}");
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 3))), "round {round}: {codes:?}");
        // The others opened the next question, which is one.
        let waiting = environment.aegis(&["approvals", "--format", "json"]).json_lines();
        assert_eq!(waiting.len(), 1, "round {round}");
        let next = waiting[0]["id"].as_str().unwrap();
        reply(&environment, next, Answer::Approved, false);
        assert!(without_terminal(&environment, &ASK).output().unwrap().status.success());
    }
    verify(&environment);
    figures("approvals", format!("{rounds} rounds, 8 processes each, one of which used the approval"));
}

#[test]
fn of_two_who_answer_at_once_one_is_too_late() {
    let environment = TestEnvironment::with_policy(LOW);
    let id = ask(&environment);
    let mut yes = Terminal::aegis(&environment, &["approve", &id]);
    let mut no = Terminal::aegis(&environment, &["deny", &id, "--reason", "no"]);
    yes.wait_for_question();
    no.wait_for_question();
    yes.type_text("y\n");
    no.type_text("y\n");
    let mut codes = [yes.code(), no.code()];
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "{}\n{}", yes.contents(), no.contents());
    verify(&environment);
}

#[test]
fn whoever_is_killed_leaves_the_whole_answer_or_none() {
    let environment = TestEnvironment::with_policy(LOW);
    let (mut whole, mut none) = (0, 0);
    for round in 0..scaled(12, 300) {
        let id = ask(&environment);
        let mut terminal = Terminal::aegis(&environment, &["approve", &id]);
        terminal.wait_for_question();
        terminal.type_text("y\n");
        std::thread::sleep(std::time::Duration::from_micros(u64::try_from(round).unwrap() * 1500 % 40_000));
        if !terminal.has_ended() {
            terminal.send(Signal::SIGKILL);
        }
        terminal.wait();
        match standing(&environment, &id).as_str() {
            "approved" => whole += 1,
            "open" => {
                none += 1;
                // It can still be answered.
                assert_eq!(approve(&environment, &id), 0);
            }
            other => panic!("{other}"),
        }
        assert!(without_terminal(&environment, &ASK).output().unwrap().status.success());
        assert_eq!(standing(&environment, &id), "used");
        verify(&environment);
    }
    figures("approve, killed", format!("{whole} whole answers, {none} without"));
}
