//! What an agent could do with its own account, and what the log says of it then.

use aegis_testkit::{Run, Terminal, skipped};

use super::{ASK, ASK_IN_SHELL, approve, aside, ask, ask_for, standing, verify};
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

/// Makes a user namespace in which this account is called otherwise, and a root of its own in which the list
/// of accounts says so, and runs the program there.
const DISGUISED: &str = r#"set -e
mkdir -p jail/log jail/etc jail/dev jail/proc
cp "$AEGIS" jail/aegis
echo "somebody:x:1234:1234::/:" >jail/etc/passwd
echo "somebody:x:1234:" >jail/etc/group
J=$PWD/jail
export J
exec unshare --map-root-user --mount sh -c '
mount --bind "$J" "$J" && mount --bind . "$J/log" && mount --rbind /dev "$J/dev" &&
mount --rbind /proc "$J/proc" && MOUNTS && exec unshare --map-user=1234 --root="$J" /aegis ARGUMENTS --db /log/aegis_audit.db'"#;

fn disguised(mounts: &str, arguments: &str) -> String {
    DISGUISED.replace("MOUNTS", mounts).replace("ARGUMENTS", arguments)
}

/// Whether this machine lets an account make such a namespace.
fn can_be_disguised(environment: &TestEnvironment) -> bool {
    let made = environment.shell("unshare --map-root-user --mount unshare --map-user=1234 true").output();
    made.is_ok_and(|made| made.status.success())
}

/// Within a user namespace, an account has the name that whoever made it chose. So nobody is another account
/// there, and nobody whom a rule names, whatever is mounted over what the kernel says of it.
#[test]
fn an_account_that_calls_itself_otherwise_is_not_another_one() {
    let rules = "version: 1\napprovers: { bob: { account: somebody } }\nrules:\n\
        \x20 - { match: { type: pay }, approval: { mode: approve, by: [bob] } }\n\
        \x20 - { match: { type: buy }, approval: { mode: approve, evidence: account } }\n\
        \x20 - { match: { type: give }, approval: { mode: approve, self_approval: false } }\n\
        \x20 - { match: { type: see }, approval: approve }\n";
    let environment = TestEnvironment::with_policy(rules);
    if !can_be_disguised(&environment) {
        return skipped("approvals from a user namespace", "this account may not make one");
    }
    let file = "printf \"         0          0 4294967295\\n\" >\"$J/map\"";
    let disguises = [
        "true".to_owned(),
        format!("{file} && mount --bind \"$J/map\" \"$J/proc/$$/uid_map\""),
        format!(
            "mkdir -p \"$J/fake/self\" && {file} && cp \"$J/map\" \"$J/fake/self/uid_map\" && mount --rbind \
             \"$J/fake\" \"$J/proc\""
        ),
        "mount --bind \"/proc/$PPID/uid_map\" \"$J/proc/$$/uid_map\"".to_owned(),
    ];
    for kind in ["pay", "buy", "give"] {
        let id = ask_for(&environment, &format!("{{\"type\":\"{kind}\",\"target\":\"x\"}}"));
        for mounts in &disguises {
            let script = disguised(mounts, &format!("approve {id}"));
            let mut terminal = Terminal::shell(&environment, &script);
            assert_eq!(terminal.code(), 1, "{kind} {mounts}: {}", terminal.contents());
            assert_eq!(standing(&environment, &id), "open", "{kind} {mounts}");
        }
    }
    // Where anybody may answer, the record says that it is not known who did.
    let id = ask_for(&environment, "{\"type\":\"see\",\"target\":\"x\"}");
    let mut terminal = Terminal::shell(&environment, &disguised("true", &format!("approve {id}")));
    terminal.wait_for_question();
    terminal.allow();
    assert_eq!(terminal.code(), 0, "{}", terminal.contents());
    let shown = environment.aegis(&["approvals", "show", &id, "--format", "json"]).json();
    assert_eq!(shown["replies"][0]["approver"]["evidence"], 1, "{shown}");
    assert!(shown.to_string().contains("somebody (unproven)"), "{shown}");
    verify(&environment);
}

/// A wait is as long for the policy as it is for the agent: what is blocked by the time that the answer comes
/// is not done.
#[test]
fn a_yes_to_somebody_who_waits_counts_for_the_policy_of_its_own_moment() {
    let commands =
        ["check bulk_update:crm --param count=101", "run bulk_update:crm --param count=101 -- touch made"];
    for (command, status) in commands.into_iter().zip([1, 126]) {
        let environment = TestEnvironment::new();
        let script = format!("setsid -w \"$AEGIS\" {command} --wait 50s; echo status=$?");
        let script = script.replace(" -- touch made --wait 50s", " --wait 50s -- touch made");
        let agent = Terminal::shell(&environment, &script);
        agent.wait_for("the question waits until");
        let id =
            environment.aegis(&["approvals", "--format", "json"]).json()["id"].as_str().unwrap().to_owned();
        environment.write("policy.yaml", "version: 1\nrules:\n  - { name: none, approval: block }\n");
        assert_eq!(approve(&environment, &id), 0);
        let shown = agent.wait_for("status=");
        assert!(shown.contains(&format!("status={status}")), "{command}: {shown}");
        assert!(!environment.file("made").exists());
        assert_eq!(environment.records().last().unwrap()["decision"], "block");
        verify(&environment);
    }
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

#[test]
fn a_flood_under_many_names_is_cut_off_with_a_word() {
    let environment = TestEnvironment::new();
    let lines: Vec<_> = (0..105)
        .map(|index| {
            format!("{{\"type\":\"bulk_update\",\"target\":\"crm\",\"params\":{{\"count\":101}},\"agent\":\"a{index}\"}}\n")
        })
        .collect();
    environment.write("lines", lines.concat());
    let mut command = environment.shell("exec setsid -w \"$AEGIS\" check --jsonl <lines");
    let run = Run::of(command.output().unwrap());
    let of_account = "100 questions of this account wait already, so this one does not";
    assert_eq!(run.stdout.lines().filter(|line| line.contains(of_account)).count(), 5, "{run:?}");
    assert_eq!(environment.aegis(&["approvals", "--format", "json"]).json_lines().len(), 100);
}
