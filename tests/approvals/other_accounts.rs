//! Approvers with an account of their own, where the tests may use one: they run as root.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

use aegis_testkit::{NOBODY, Program as _, Run, Terminal, is_root, set_mode, skipped};
use nix::unistd::{Gid, Uid, chown};

use crate::environment::{Aegis, TestEnvironment};

/// A place that belongs to another account, with the program in it.
struct Foreign {
    environment: TestEnvironment,
    program: PathBuf,
}

impl Foreign {
    /// `None` where there is no second account to be had.
    fn new() -> Option<Foreign> {
        Foreign::with_rule("{ risk_level: low }")
    }

    /// The same with a policy that names root and the other account as approvers, and has this rule.
    fn with_rule(rule: &str) -> Option<Foreign> {
        let named = "approvers:\n  root: { account: root }\n  them: { account: nobody }\n";
        let named = if rule.contains("by:") { named } else { "" };
        Foreign::with_policy(&format!("version: 1\n{named}rules:\n  - {rule}\n"))
    }

    fn with_policy(policy: &str) -> Option<Foreign> {
        if !is_root() {
            skipped("approvals of another account", "only root may become another account");
            return None;
        }
        let environment = TestEnvironment::with_policy(policy);
        let program = environment.file("aegis");
        std::fs::copy(Aegis::PATH, &program).unwrap();
        set_mode(&program, 0o755);
        let (user, group) = (Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)));
        for path in [environment.path().to_owned(), environment.file("policy.yaml")] {
            chown(&path, user, group).unwrap();
        }
        Some(Foreign { environment, program })
    }

    /// What the other account runs.
    fn theirs(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new("/usr/bin/setsid");
        let own = ["-w", "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        command.args(own).arg(&self.program).args(arguments);
        command.current_dir(self.environment.path()).env_clear();
        Run::of(command.output().unwrap())
    }

    fn ask(&self) -> String {
        let run = self.theirs(&["check", "pay:shop", "--format", "json"]);
        assert_eq!(run.code, 3, "{run:?}");
        run.json()["request"]["id"].as_str().unwrap().to_owned()
    }

    /// Says yes at a terminal of the other account, and gives the exit status and what was said.
    fn they_approve(&self, id: &str) -> (i32, String) {
        let own = "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups";
        answered(Terminal::shell(&self.environment, &format!("exec {own} ./aegis approve {id}")))
    }

    /// The same at a terminal of root.
    fn root_approves(&self, id: &str) -> (i32, String) {
        answered(Terminal::aegis(&self.environment, &["approve", id]))
    }

    fn standing(&self, id: &str) -> String {
        let shown = self.theirs(&["approvals", "show", id, "--format", "json"]);
        shown.json()["standing"].as_str().unwrap().to_owned()
    }

    /// Who owns the files of the log.
    fn owners(&self) -> Vec<(String, u32)> {
        let mut owners = Vec::new();
        for entry in std::fs::read_dir(self.environment.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_str().unwrap().to_owned();
            if name.starts_with("aegis_audit") {
                owners.push((name, entry.metadata().unwrap().uid()));
            }
        }
        owners
    }
}

/// Says yes if it is asked.
fn answered(mut terminal: Terminal) -> (i32, String) {
    terminal.wait_until("a question, or the end", |screen| {
        let contents = screen.contents();
        contents.contains("llow this") || contents.contains("error:")
    });
    if !terminal.contents().contains("error:") {
        terminal.wait_for_question();
        terminal.allow();
    }
    (terminal.code(), terminal.wait_for_end())
}

#[test]
fn an_account_that_the_rule_does_not_name_cannot_answer() {
    let rule = "{ risk_level: low, approval: { mode: approve, by: [root] } }";
    let Some(foreign) = Foreign::with_rule(rule) else { return };
    let id = foreign.ask();
    let (code, said) = foreign.they_approve(&id);
    assert!(said.contains("the rule names its approvers, and this is none of them"), "{said}");
    assert_eq!((code, foreign.standing(&id).as_str()), (1, "open"), "{said}");
    assert_eq!(foreign.theirs(&["check", "pay:shop"]).code, 3);
    let (code, said) = foreign.root_approves(&id);
    assert_eq!((code, foreign.standing(&id).as_str()), (0, "approved"), "{said}");
    assert_eq!(foreign.theirs(&["check", "pay:shop"]).code, 0);
}

#[test]
fn whoever_asks_does_not_approve_it_where_others_are_wanted() {
    for approval in ["{ mode: approve, self_approval: false }", "{ mode: approve, evidence: account }"] {
        let rule = format!("{{ risk_level: low, approval: {approval} }}");
        let Some(foreign) = Foreign::with_rule(&rule) else { return };
        let id = foreign.ask();
        let (code, said) = foreign.they_approve(&id);
        assert_eq!((code, foreign.standing(&id).as_str()), (1, "open"), "{approval}: {said}");
        assert_eq!(foreign.theirs(&["check", "pay:shop"]).code, 3);
        let (code, said) = foreign.root_approves(&id);
        assert_eq!((code, foreign.standing(&id).as_str()), (0, "approved"), "{approval}: {said}");
        assert_eq!(foreign.theirs(&["audit", "verify"]).code, 0);
    }
}

#[test]
fn a_quorum_is_not_met_by_one_person_at_two_terminals() {
    let rule = "{ risk_level: low, approval: { mode: approve, quorum: 2 } }";
    let Some(foreign) = Foreign::with_rule(rule) else { return };
    let id = foreign.ask();
    assert_eq!(foreign.root_approves(&id).0, 0);
    assert_eq!(foreign.standing(&id), "open");
    let (code, said) = foreign.root_approves(&id);
    assert!(said.contains("this approver has said yes already"), "{said}");
    assert_eq!((code, foreign.standing(&id).as_str()), (1, "open"), "{said}");
    assert_eq!(foreign.theirs(&["check", "pay:shop"]).code, 3);
    // Two accounts are two people, as far as the kernel knows.
    let (code, said) = foreign.they_approve(&id);
    assert_eq!((code, foreign.standing(&id).as_str()), (0, "approved"), "{said}");
    assert_eq!(foreign.theirs(&["check", "pay:shop"]).code, 0);
    assert_eq!(foreign.theirs(&["audit", "verify"]).code, 0);
}

/// What a login does once, and what `sudo` leaves as it is, is in the record of an answer too; what the
/// environment says is not.
#[test]
fn behind_sudo_the_account_that_logged_in_is_in_the_answer() {
    let Some(foreign) = Foreign::with_rule("{ risk_level: low, approval: { mode: approve, quorum: 2 } }")
    else {
        return;
    };
    let id = foreign.ask();
    let login = |login: &str, environment: &str| {
        let script =
            format!("echo {login} >/proc/self/loginuid || exit 99; {environment} ./aegis approve {id}");
        let terminal = Terminal::shell(&foreign.environment, &script);
        answered_or_skipped(terminal)
    };
    let Some((code, said)) = login("4242", "SUDO_UID=1 SUDO_USER=mallory LOGNAME=mallory") else { return };
    assert_eq!(code, 0, "{said}");
    let shown = foreign.theirs(&["approvals", "show", &id, "--format", "json"]).json();
    let reply = &shown["replies"][0];
    assert_eq!(
        (reply["user"].as_str(), reply["login"].as_str()),
        (Some("root"), Some("uid 4242")),
        "{reply}"
    );
    assert!(!shown.to_string().contains("mallory"), "{shown}");
    // The same person once more, whatever they call themselves.
    let (code, said) = login("4242", "SUDO_UID=2 SUDO_USER=bo").unwrap();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("this approver has said yes already"), "{said}");
    let (code, said) = login("4243", "SUDO_UID=4242").unwrap();
    assert_eq!((code, foreign.standing(&id).as_str()), (0, "approved"), "{said}");
}

/// Says yes if it is asked; `None` where the system does not let anybody log in.
fn answered_or_skipped(terminal: Terminal) -> Option<(i32, String)> {
    let seen = terminal.wait_until("a question, or the end", |screen| {
        let contents = screen.contents();
        ["llow this", "error:", "loginuid"].iter().any(|word| contents.contains(word))
    });
    if seen.contains("loginuid") {
        skipped("logins behind sudo", "the system does not let a login be set");
        return None;
    }
    Some(answered(terminal))
}

#[test]
fn root_answers_in_a_log_of_another_account_and_leaves_nothing_of_its_own() {
    let Some(foreign) = Foreign::new() else { return };
    let id = foreign.ask();
    let listed = foreign.environment.aegis(&["approvals", "--format", "json"]);
    assert_eq!((listed.code, listed.json_lines().len()), (0, 1), "{listed:?}");
    let mut terminal = Terminal::aegis(&foreign.environment, &["approve", &id]);
    let screen = terminal.wait_for_question();
    assert!(screen.contains("root, with evidence 2"), "{screen}");
    terminal.allow();
    assert_eq!(terminal.code(), 0, "{}", terminal.contents());
    assert!(foreign.owners().iter().all(|(_, owner)| *owner == NOBODY), "{:?}", foreign.owners());
    let shown = foreign.theirs(&["approvals", "show", &id, "--format", "json"]).json();
    let reply = &shown["replies"][0];
    assert_eq!(
        (reply["approver"]["via"].as_str(), reply["approver"]["evidence"].as_u64()),
        (Some("account"), Some(2))
    );
    assert_eq!((reply["user"].as_str(), shown["user"].as_str()), (Some("root"), Some("nobody")));
    let used = foreign.theirs(&["check", "pay:shop", "--format", "json"]);
    assert_eq!(used.code, 0, "{used:?}");
    assert_eq!(used.json()["approver"]["evidence"], 2);
    let history = foreign.theirs(&["audit", "show", used.json()["action_id"].as_str().unwrap()]);
    assert!(history.stdout.contains("at a terminal of their own account"), "{history:?}");
    assert_eq!(foreign.theirs(&["audit", "verify"]).code, 0);
}

/// The directory belongs to somebody who would have root write elsewhere.
#[test]
fn links_in_such_a_directory_lead_root_nowhere() {
    let Some(foreign) = Foreign::new() else { return };
    let id = foreign.ask();
    let roots = TestEnvironment::new();
    let victim = roots.write("victim", "precious");
    set_mode(&victim, 0o600);
    for suffix in ["-wal", "-shm", "-journal", ".lock"] {
        let link = foreign.environment.file(&format!("aegis_audit.db{suffix}"));
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let mut terminal = Terminal::aegis(&foreign.environment, &["approve", &id, "--timeout", "5s"]);
        let _ = terminal.code();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious", "{suffix}");
        assert_eq!(std::fs::metadata(&victim).unwrap().uid(), 0);
        std::fs::remove_file(&link).unwrap();
    }
    // The log itself is a link to one of root's.
    assert_eq!(roots.check(aegis_testkit::READ).code, 0);
    let log = foreign.environment.file("aegis_audit.db");
    std::fs::rename(&log, foreign.environment.file("kept.db")).unwrap();
    std::os::unix::fs::symlink(roots.file("aegis_audit.db"), &log).unwrap();
    let run = foreign.environment.aegis(&["approve", &id]);
    assert_eq!(run.code, 4, "{run:?}");
}

#[test]
fn an_account_that_may_not_write_the_log_cannot_answer() {
    let Some(foreign) = Foreign::new() else { return };
    let id = foreign.ask();
    set_mode(foreign.environment.path(), 0o755);
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(["--reuid=1", "--regid=1", "--clear-groups"]).arg(&foreign.program).args(["approve", &id]);
    command.current_dir(foreign.environment.path()).env_clear();
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, 4, "{run:?}");
}

/// The account that asks must not answer; another one brings what somebody signed, whose key it never sees.
#[test]
fn a_signature_is_brought_by_another_account_than_the_one_that_asks() {
    if !super::signatures::has_openssh("a signature that another account brings") {
        return;
    }
    let Some(foreign) = Foreign::new() else { return };
    let elsewhere = TestEnvironment::empty();
    let line = super::signatures::key(&elsewhere, "bo", &["ed25519"], "");
    foreign.environment.write(
        "policy.yaml",
        format!(
            "version: 1\napprovers: {{ bo: {{ ssh_key: \"{line}\" }} }}\nrules:\n  - approval: {{ by: [bo], evidence: \
             signature, self_approval: false }}\n"
        ),
    );
    let id = foreign.ask();
    let text = foreign.theirs(&["approve", &id, "--print-request"]).stdout;
    let signature = super::signatures::sign(&elsewhere, "bo", "aegis-approval", &text);
    let path = foreign.environment.write("signature", signature);
    set_mode(&path, 0o644);
    let own = foreign.theirs(&["approve", &id, "--signature", "signature"]);
    assert!(own.code == 1 && own.stderr.contains("whoever asks may not answer"), "{own:?}");
    let brought = foreign.environment.aegis(&["approve", &id, "--signature", "signature"]);
    assert_eq!(brought.code, 0, "{brought:?}");
    assert!(foreign.owners().iter().all(|(_, owner)| *owner == NOBODY), "{:?}", foreign.owners());
    let used = foreign.theirs(&["check", "pay:shop", "--format", "json"]);
    assert_eq!((used.code, used.json()["approver"]["user"].as_str()), (0, Some("bo")), "{used:?}");
    let shown = foreign.theirs(&["approvals", "show", &id, "--format", "json"]).json();
    assert_eq!(shown["replies"][0]["user"], "root", "who brought it is recorded as well");
    assert_eq!(foreign.theirs(&["audit", "verify"]).code, 0);
}

/// A grant of root for what another account asks is worth what root's answer was; whoever asks has none to
/// give.
#[test]
fn a_grant_of_another_account_is_worth_what_its_answer_was() {
    let policy = "version: 1\nrules:\n  - { risk_level: low, approval: { self_approval: false, grant: { for: 15m, \
                  same: [target] } } }\n";
    let Some(foreign) = Foreign::with_policy(policy) else { return };
    let ask = |number: &str| {
        foreign.theirs(&["check", "note:wiki", "--param", number, "--session", "s", "--format", "json"])
    };
    let id = ask("n=0").json()["request"]["id"].as_str().unwrap().to_owned();
    let become_them = "setpriv --reuid=65534 --regid=65534 --clear-groups ./aegis approve";
    let mut own = Terminal::shell(&foreign.environment, &format!("{become_them} {id} --grant"));
    assert_eq!(own.code(), 1, "{}", own.contents());
    assert!(own.contents().contains("whoever asks may not answer"), "{}", own.contents());
    let mut terminal = Terminal::aegis(&foreign.environment, &["approve", &id, "--grant"]);
    terminal.wait_for_question();
    terminal.allow();
    assert_eq!(terminal.code(), 0, "{}", terminal.contents());
    let used = ask("n=1");
    assert_eq!(used.code, 0, "{used:?}");
    let by = &used.json()["approver"];
    assert_eq!(
        (by["via"].as_str(), by["user"].as_str(), by["evidence"].as_u64()),
        (Some("grant"), Some("root"), Some(2))
    );
    assert_eq!(foreign.theirs(&["audit", "verify"]).code, 0);
}
