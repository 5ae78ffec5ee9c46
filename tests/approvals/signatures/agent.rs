//! Signing through an agent: OpenSSH's own. What others say is in the library's tests.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aegis_testkit::{PATIENCE, Terminal, skipped};

use super::{ask, has_openssh, key, policy};
use crate::approvals::{aside, standing, verify};
use crate::environment::TestEnvironment;

/// An agent that is ended with the test.
struct Agent(std::process::Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts an agent at the socket `agent`.
fn agent(environment: &TestEnvironment) -> Option<Agent> {
    let started = Command::new("ssh-agent")
        .args(["-D", "-a", "agent"])
        .current_dir(environment.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        skipped("signing through an agent", "there is no `ssh-agent`");
        return None;
    };
    let agent = Agent(child);
    let begun = Instant::now();
    while !environment.file("agent").exists() {
        assert!(begun.elapsed() < PATIENCE, "no agent came up");
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(agent)
}

fn ssh_add(environment: &TestEnvironment, arguments: &[&str]) {
    let mut command = Command::new("ssh-add");
    command.arg("-q").args(arguments).current_dir(environment.path());
    let run = command.env("SSH_AUTH_SOCK", environment.file("agent")).output().unwrap();
    assert!(run.status.success(), "{run:?}");
}

#[test]
fn an_agent_signs_what_somebody_said_at_the_terminal() {
    if !has_openssh("signing through an agent") {
        return;
    }
    let kinds: [&[&str]; 3] = [&["ed25519"], &["ecdsa", "-b", "384"], &["rsa", "-b", "2048"]];
    for kind in kinds {
        let environment = TestEnvironment::empty();
        let line = key(&environment, "bo", kind, "");
        let Some(_agent) = agent(&environment) else { return };
        ssh_add(&environment, &["bo"]);
        std::fs::remove_file(environment.file("bo")).unwrap();
        policy(&environment, &[("bo", &line)], "");
        let id = ask(&environment);
        let script = format!("SSH_AUTH_SOCK=agent \"$AEGIS\" approve {id} --sign bo.pub; echo status=$?");
        let mut terminal = Terminal::shell(&environment, &script);
        terminal.wait_for_question();
        terminal.allow();
        terminal.wait_for("status=0");
        let used = aside(&environment, &["check", "deploy:shop", "--format", "json"]);
        assert_eq!((used.code, used.json()["approver"]["evidence"].as_u64()), (0, Some(3)), "{used:?}");
        verify(&environment);
    }
}

#[test]
fn an_agent_without_the_key_and_one_that_is_gone_are_told_apart() {
    if !has_openssh("signing through an agent") {
        return;
    }
    let environment = TestEnvironment::empty();
    let line = key(&environment, "bo", &["ed25519"], "");
    let Some(running) = agent(&environment) else { return };
    policy(&environment, &[("bo", &line)], "");
    let id = ask(&environment);
    let with = |socket: &str| {
        let script = format!("SSH_AUTH_SOCK={socket} exec \"$AEGIS\" approve {id} --sign bo.pub");
        aegis_testkit::Run::of(environment.shell(&script).output().unwrap())
    };
    let unknown = with("agent");
    assert_eq!(unknown.code, 5, "{unknown:?}");
    assert!(unknown.stderr.contains("the SSH agent does not hold this key"), "{unknown:?}");
    drop(running);
    for (socket, why) in [
        ("agent", "no SSH agent answers at `agent`"),
        ("policy.yaml", "no SSH agent answers at `policy.yaml`"),
    ] {
        let gone = with(socket);
        assert!(gone.code == 5 && gone.stderr.contains(why), "{gone:?}");
    }
    assert_eq!(standing(&environment, &id), "open");
}
