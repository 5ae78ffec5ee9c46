//! Answers that are signed, by the keys and programs of OpenSSH.

mod agent;
mod forged;
mod keys;

use std::path::Path;
use std::process::{Command, Stdio};

use aegis_testkit::{Run, skipped};

use super::{aside, standing, verify};
use crate::environment::TestEnvironment;

/// What is asked for in these tests.
const DEPLOY: [&str; 3] = ["check", "deploy:shop", "--format"];

/// Whether there is what makes keys and signatures here.
pub(super) fn has_openssh(what: &str) -> bool {
    let found = Command::new("ssh-keygen").arg("-?").stderr(Stdio::null()).stdout(Stdio::null()).status();
    if found.is_err() {
        skipped(what, "there is no `ssh-keygen`");
    }
    found.is_ok()
}

#[track_caller]
fn ssh_keygen(environment: &TestEnvironment, arguments: &[&str]) {
    let run = Command::new("ssh-keygen").args(arguments).current_dir(environment.path()).output().unwrap();
    assert!(run.status.success(), "{arguments:?}: {run:?}");
}

/// Makes a key of a type, with a passphrase or none, in a file of this name, and gives its line.
#[track_caller]
pub(super) fn key(environment: &TestEnvironment, name: &str, kind: &[&str], passphrase: &str) -> String {
    let file = ["-q", "-C", "", "-N", passphrase, "-f", name];
    ssh_keygen(environment, &[&file[..], &["-t"], kind].concat());
    let line = std::fs::read_to_string(environment.file(&format!("{name}.pub"))).unwrap();
    line.trim().to_owned()
}

/// A policy by which these approvers, with these lines of keys, answer on these terms.
fn policy(environment: &TestEnvironment, approvers: &[(&str, &str)], terms: &str) {
    let lines: Vec<_> =
        approvers.iter().map(|(name, line)| format!("  {name}: {{ ssh_key: \"{line}\" }}\n")).collect();
    let names: Vec<_> = approvers.iter().map(|(name, _)| *name).collect();
    let text = format!(
        "version: 1\napprovers:\n{}rules:\n  - name: deploys\n    match: {{ type: deploy }}\n    risk_level: \
         low\n    approval: {{ mode: approve, by: [{}], evidence: signature, {terms} }}\n",
        lines.concat(),
        names.join(", ")
    );
    environment.write("policy.yaml", text);
    let run = environment.aegis(&["validate", "policy.yaml"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[track_caller]
fn ask(environment: &TestEnvironment) -> String {
    let run = aside(environment, &[&DEPLOY[..], &["json"]].concat());
    assert_eq!(run.code, 3, "{run:?}");
    run.json()["request"]["id"].as_str().unwrap().to_owned()
}

/// What is to be signed to answer so.
#[track_caller]
fn request(environment: &TestEnvironment, command: &str, id: &str) -> String {
    let run = aside(environment, &[command, id, "--print-request"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout
}

/// Signs a text with the key in a file, as `ssh-keygen` does it.
#[track_caller]
pub(super) fn sign(environment: &TestEnvironment, name: &str, namespace: &str, text: &str) -> String {
    let text = environment.write("text", text);
    let signature = environment.file("text.sig");
    let _ = std::fs::remove_file(&signature);
    let text = text.to_str().unwrap();
    ssh_keygen(environment, &["-q", "-Y", "sign", "-n", namespace, "-f", name, text]);
    std::fs::read_to_string(signature).unwrap()
}

/// Brings a signature, from no terminal.
fn bring(environment: &TestEnvironment, command: &str, id: &str, signature: impl AsRef<[u8]>) -> Run {
    environment.write("signature", signature);
    aside(environment, &[command, id, "--reason", "as agreed", "--signature", "signature"])
}

/// The question stands as it did, whatever was brought.
#[track_caller]
fn is_refused(environment: &TestEnvironment, id: &str, run: &Run, why: &str) {
    assert_eq!(run.code, 1, "{why}: {run:?}");
    assert!(run.stderr.contains(why), "{why}: {run:?}");
    assert_eq!(standing(environment, id), "open", "{why}");
}

fn exists(environment: &TestEnvironment, name: &str) -> bool {
    Path::new(&environment.file(name)).exists()
}

#[test]
fn what_ssh_keygen_signed_is_an_answer_without_a_terminal() {
    if !has_openssh("signatures of `ssh-keygen`") {
        return;
    }
    let kinds: [&[&str]; 4] =
        [&["ed25519"], &["ecdsa", "-b", "256"], &["ecdsa", "-b", "384"], &["rsa", "-b", "2048"]];
    for kind in kinds {
        let environment = TestEnvironment::empty();
        let line = key(&environment, "bo", kind, "");
        policy(&environment, &[("bo", &line)], "");
        let id = ask(&environment);
        let text = request(&environment, "approve", &id);
        assert!(
            text.starts_with("aegis-approval-v1\nlog: ") && text.ends_with("\nanswer: approve\n"),
            "{text}"
        );
        let signature = sign(&environment, "bo", "aegis-approval", &text);
        let run = bring(&environment, "approve", &id, &signature);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.stdout.contains("approved  deploy shop  low risk  evidence 3  row "), "{run:?}");
        let used = aside(&environment, &[&DEPLOY[..], &["json"]].concat());
        assert_eq!(used.code, 0, "{used:?}");
        let by = &used.json()["approver"];
        assert_eq!((by["via"].as_str(), by["user"].as_str()), (Some("signature"), Some("bo")));
        assert_eq!(by["evidence"], 3);
        verify(&environment);
        let shown = environment.aegis(&["audit", "show", &id]).stdout;
        assert!(shown.contains("approved by signature:bo (evidence 3), as bo, key SHA256:"), "{shown}");
        let decided = used.json()["action_id"].as_str().unwrap().to_owned();
        let shown = environment.aegis(&["audit", "show", &decided]).stdout;
        assert!(shown.contains("bo, by the SSH key that the policy names, with a signature"), "{shown}");
        // It is used up, and signs nothing else.
        let again = ask(&environment);
        assert_ne!(again, id);
        let replayed = bring(&environment, "approve", &again, &signature);
        is_refused(&environment, &again, &replayed, "it is not a signature over this answer");
    }
}

#[test]
fn a_signed_no_is_final() {
    if !has_openssh("a signed no") {
        return;
    }
    let environment = TestEnvironment::empty();
    let line = key(&environment, "bo", &["ed25519"], "");
    policy(&environment, &[("bo", &line)], "");
    let id = ask(&environment);
    let text = request(&environment, "deny", &id);
    assert!(text.ends_with("\nanswer: deny\n"), "{text}");
    let signature = sign(&environment, "bo", "aegis-approval", &text);
    let run = bring(&environment, "approve", &id, &signature);
    is_refused(&environment, &id, &run, "it is not a signature over this answer");
    assert_eq!(bring(&environment, "deny", &id, &signature).code, 0);
    assert_eq!(standing(&environment, &id), "denied");
    let run = aside(&environment, &[&DEPLOY[..], &["json"]].concat());
    assert_eq!(run.code, 1, "{run:?}");
    verify(&environment);
}

#[test]
fn what_is_not_signed_by_the_right_key_for_this_is_refused() {
    if !has_openssh("signatures of `ssh-keygen`") {
        return;
    }
    let environment = TestEnvironment::empty();
    let line = key(&environment, "bo", &["ed25519"], "");
    key(&environment, "mallory", &["ed25519"], "");
    policy(&environment, &[("bo", &line)], "");
    let id = ask(&environment);
    let text = request(&environment, "approve", &id);
    let signature = sign(&environment, "bo", "aegis-approval", &text);
    let refused = |signature: &[u8], why: &str| {
        let run = bring(&environment, "approve", &id, signature);
        is_refused(&environment, &id, &run, why);
    };
    refused(sign(&environment, "mallory", "aegis-approval", &text).as_bytes(), "this is none of them");
    refused(sign(&environment, "bo", "file", &text).as_bytes(), "it was made for `file`");
    for (from, to) in [("log: ", "log: 0"), ("question: ", "question: 0"), ("action: ", "action: 0")] {
        let other = sign(&environment, "bo", "aegis-approval", &text.replace(from, to));
        refused(other.as_bytes(), "it is not a signature over this answer");
    }
    refused(b"", "it is no SSH signature");
    refused(format!("{signature}x").as_bytes(), "it is no SSH signature");
    refused(format!("{signature}{signature}").as_bytes(), "it is no SSH signature");
    refused("A".repeat(1 << 20).as_bytes(), "it is longer than any signature is");
    // Every fifth character, since all of them are changed where signatures are read.
    let begin = signature.find('\n').unwrap() + 1;
    for place in (begin..begin + 180).step_by(5) {
        let mut changed = signature.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let run = bring(&environment, "approve", &id, &changed);
        assert_eq!(run.code, 1, "{place}: {run:?}");
    }
    assert_eq!(standing(&environment, &id), "open");
    let missing = aside(&environment, &["approve", &id, "--signature", "nowhere"]);
    assert_eq!(missing.code, 5, "{missing:?}");
    let binary = bring(&environment, "approve", &id, b"\xff\xfe");
    assert_eq!(binary.code, 5, "{binary:?}");
    // Nobody whom the policy knows by a key answers otherwise.
    let mut terminal = aegis_testkit::Terminal::aegis(&environment, &["approve", &id]);
    assert_eq!(terminal.code(), 1, "{}", terminal.contents());
    assert_eq!(bring(&environment, "approve", &id, &signature).code, 0);
    let late = bring(&environment, "approve", &id, &signature);
    assert_eq!(late.code, 1, "{late:?}");
    assert!(late.stderr.contains("it is answered already"), "{late:?}");
    verify(&environment);
}

#[test]
fn a_certificate_is_no_key_that_a_policy_names() {
    if !has_openssh("a signature by a certificate") {
        return;
    }
    let environment = TestEnvironment::empty();
    let line = key(&environment, "bo", &["ed25519"], "");
    key(&environment, "ca", &["ed25519"], "");
    ssh_keygen(&environment, &["-q", "-s", "ca", "-I", "bo", "-n", "bo", "bo.pub"]);
    assert!(exists(&environment, "bo-cert.pub"));
    policy(&environment, &[("bo", &line)], "");
    let id = ask(&environment);
    let text = request(&environment, "approve", &id);
    let signature = sign(&environment, "bo-cert.pub", "aegis-approval", &text);
    let run = bring(&environment, "approve", &id, &signature);
    is_refused(&environment, &id, &run, "the signature does not count");
}

#[test]
fn a_quorum_is_of_different_keys() {
    if !has_openssh("a quorum of signatures") {
        return;
    }
    let environment = TestEnvironment::empty();
    let (bo, cy) = (key(&environment, "bo", &["ecdsa"], ""), key(&environment, "cy", &["ed25519"], ""));
    policy(&environment, &[("bo", &bo), ("cy", &cy)], "quorum: 2");
    let id = ask(&environment);
    let text = request(&environment, "approve", &id);
    assert_eq!(
        bring(&environment, "approve", &id, sign(&environment, "bo", "aegis-approval", &text)).code,
        0
    );
    // Another signature by the same key, since ECDSA makes another one each time.
    let again = bring(&environment, "approve", &id, sign(&environment, "bo", "aegis-approval", &text));
    is_refused(&environment, &id, &again, "this approver has said yes already");
    assert_eq!(aside(&environment, &[&DEPLOY[..], &["json"]].concat()).code, 3);
    assert_eq!(
        bring(&environment, "approve", &id, sign(&environment, "cy", "aegis-approval", &text)).code,
        0
    );
    assert_eq!(aside(&environment, &[&DEPLOY[..], &["json"]].concat()).code, 0);
    verify(&environment);
}

/// The asker's account may carry anybody's signature, unless the rule says that it answers nothing.
#[test]
fn whoever_asks_brings_no_answer_where_that_is_refused() {
    if !has_openssh("a signature that the asker brings") {
        return;
    }
    let environment = TestEnvironment::empty();
    let bo = key(&environment, "bo", &["ed25519"], "");
    policy(&environment, &[("bo", &bo)], "self_approval: false");
    let id = ask(&environment);
    let signature = sign(&environment, "bo", "aegis-approval", &request(&environment, "approve", &id));
    let run = bring(&environment, "approve", &id, signature);
    is_refused(&environment, &id, &run, "whoever asks may not answer");
}
