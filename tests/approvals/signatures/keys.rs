//! Signing with a private key at hand: somebody is asked, and a passphrase is shown nowhere.

use aegis_testkit::{Terminal, set_mode};
use nix::sys::signal::Signal;

use super::{ask, has_openssh, key, policy};
use crate::approvals::{aside, standing, verify};
use crate::environment::TestEnvironment;

const PASSPHRASE: &str = "correct horse ü";

/// A question that waits, and the key of its approver, in the file `bo`.
fn waiting(kind: &[&str], passphrase: &str) -> (TestEnvironment, String) {
    let environment = TestEnvironment::empty();
    let line = key(&environment, "bo", kind, passphrase);
    policy(&environment, &[("bo", &line)], "");
    let id = ask(&environment);
    (environment, id)
}

/// Signs in a shell at a terminal, and says afterwards whether that shows what is typed.
fn signing(environment: &TestEnvironment, id: &str) -> Terminal {
    let look = "stty -a | tr ' ;' '\\n\\n' | grep -x -e echo -e -echo -e icanon -e -icanon | tr '\\n' ' '";
    Terminal::shell(
        environment,
        &format!("\"$AEGIS\" approve {id} --sign bo; echo status=$?; {look}; echo end"),
    )
}

#[track_caller]
fn ends_as_found(terminal: &Terminal, status: i32) -> String {
    let screen = terminal.wait_for("end");
    assert!(screen.contains(&format!("status={status}")), "{screen}");
    assert!(screen.contains("icanon echo end"), "{screen}");
    screen
}

#[test]
fn a_key_signs_what_somebody_said_at_the_terminal() {
    if !has_openssh("signing with a key") {
        return;
    }
    let kinds: [&[&str]; 3] = [&["ed25519"], &["ecdsa", "-b", "256"], &["ecdsa", "-b", "384"]];
    for kind in kinds {
        let (environment, id) = waiting(kind, "");
        let mut terminal = signing(&environment, &id);
        let screen = terminal.wait_for_question();
        assert!(screen.contains("bo, by a signature, with evidence 3"), "{screen}");
        terminal.allow();
        ends_as_found(&terminal, 0);
        assert_eq!(standing(&environment, &id), "approved");
        let used = aside(&environment, &["check", "deploy:shop", "--format", "json"]);
        assert_eq!((used.code, used.json()["approver"]["evidence"].as_u64()), (0, Some(3)), "{used:?}");
        verify(&environment);
    }
}

#[test]
fn a_no_or_no_terminal_signs_nothing() {
    if !has_openssh("signing with a key") {
        return;
    }
    let (environment, id) = waiting(&["ed25519"], "");
    // Whoever runs as the account that has the key is no person yet.
    let run = aside(&environment, &["approve", &id, "--sign", "bo"]);
    assert_eq!(run.code, 3, "{run:?}");
    let mut terminal = signing(&environment, &id);
    terminal.wait_for_question();
    terminal.type_text("n\n");
    ends_as_found(&terminal, 3);
    assert_eq!(standing(&environment, &id), "open");
    assert!(!environment.aegis(&["audit", "show", &id]).stdout.contains("replied"));
}

#[test]
fn a_passphrase_is_asked_for_and_shown_nowhere() {
    if !has_openssh("a key with a passphrase") {
        return;
    }
    let (environment, id) = waiting(&["ed25519"], PASSPHRASE);
    let mut terminal = signing(&environment, &id);
    terminal.wait_for("Passphrase of the key in bo: ");
    terminal.type_text("wrong\n");
    terminal.wait_for("That is not it. Passphrase of the key in bo: ");
    // What is typed wrong can be taken back.
    terminal.type_text(&format!("x\u{15}{PASSPHRASE}é\u{7f}\n"));
    terminal.wait_for_question();
    terminal.allow();
    let screen = ends_as_found(&terminal, 0);
    for secret in ["wrong", "correct", "horse"] {
        assert!(!screen.contains(secret) && !terminal.said().contains(secret), "{screen}");
    }
    assert_eq!(standing(&environment, &id), "approved");
    verify(&environment);
}

#[test]
fn whoever_does_not_know_the_passphrase_answers_nothing() {
    if !has_openssh("a key with a passphrase") {
        return;
    }
    let (environment, id) = waiting(&["ed25519"], PASSPHRASE);
    let mut terminal = signing(&environment, &id);
    for attempt in 1..=3 {
        terminal.wait_for_times("Passphrase of the key in bo: ", attempt);
        terminal.type_text("wrong\n");
    }
    let screen = ends_as_found(&terminal, 3);
    assert!(screen.contains("the passphrase does not open the key"), "{screen}");
    // ^C, the end of input and a signal leave the terminal as it was.
    for (keys, signal) in [("\u{3}", None), ("\u{4}", None), ("half", Some(Signal::SIGTERM))] {
        let mut terminal = Terminal::aegis(&environment, &["approve", &id, "--sign", "bo"]);
        terminal.wait_for("Passphrase of the key in bo: ");
        terminal.type_text(keys);
        if let Some(signal) = signal {
            terminal.send(signal);
        }
        assert_ne!(terminal.code(), 0, "{}", terminal.contents());
    }
    let mut terminal = signing(&environment, &id);
    terminal.wait_for("Passphrase of the key in bo: ");
    terminal.type_text("\u{4}");
    ends_as_found(&terminal, 3);
    assert_eq!(standing(&environment, &id), "open");
    let run = aside(&environment, &["approve", &id, "--sign", "bo"]);
    assert_eq!(run.code, 3, "{run:?}");
}

#[test]
fn a_key_that_cannot_be_used_is_told_with_what_helps() {
    if !has_openssh("keys that cannot be used") {
        return;
    }
    let (environment, id) = waiting(&["ed25519"], "");
    key(&environment, "rsa", &["rsa"], "");
    key(&environment, "pem", &["rsa", "-m", "PEM"], "");
    key(&environment, "mallory", &["ed25519"], "");
    environment.write("none", "no key\u{1b}[2J\n");
    environment.write("large", vec![b'x'; 1 << 20]);
    environment.write("exposed", std::fs::read(environment.file("bo")).unwrap());
    set_mode(environment.file("exposed"), 0o644);
    for (file, code, why) in [
        ("nowhere", 5, "cannot read the key in `nowhere`"),
        ("none", 5, "there is no SSH key in `none`"),
        ("large", 5, "there is no SSH key in `large`"),
        ("/dev/zero", 5, "there is no SSH key in `/dev/zero`"),
        ("exposed", 5, "others can read the private key in `exposed`: its mode is 644"),
        ("pem", 5, "is not written as OpenSSH writes it"),
        ("rsa", 5, "a key of type `ssh-rsa` does not sign from its file"),
        ("bo.pub", 5, "there is no SSH agent to sign with the key in `bo.pub`"),
        ("mallory", 1, "this is none of them"),
    ] {
        let run = aside(&environment, &["approve", &id, "--sign", file]);
        assert_eq!(run.code, code, "{file}: {run:?}");
        assert!(run.stderr.contains(why) && run.stderr.contains("help: ") || file == "nowhere", "{run:?}");
        assert!(!run.stderr.contains('\u{1b}'), "{run:?}");
    }
    assert_eq!(standing(&environment, &id), "open");
}
