//! `aegis audit show`: one action in full.

use aegis_testkit::{BULK, DELETE, POLICY, READ, Run, Terminal, run_with_input, without_triggers};
use serde_json::json;

use crate::environment::TestEnvironment;

fn show(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    environment.aegis(&[&["audit", "show"], arguments].concat())
}

/// Runs SQL that the log's triggers refuse, as whoever holds the file can.
fn tamper(environment: &TestEnvironment, sql: &str) {
    let connection = rusqlite::Connection::open(environment.file("aegis_audit.db")).unwrap();
    without_triggers(&connection, |connection| connection.execute_batch(sql).unwrap());
}

#[test]
fn everything_about_an_action_is_shown() {
    let environment = TestEnvironment::new();
    let answer = environment.check(BULK).json();
    let id = answer["action_id"].as_str().unwrap();
    let run = show(&environment, &[id]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let receipt = &answer["receipt"];
    for part in [
        "refused  bulk_update crm",
        id,
        "\"count\": 101",
        "Agent says   nothing",
        "Decision     unanswered",
        "Rule         bulk_needs_approval, which requires: approve",
        "Answered by  nobody",
        "Policy path  the default",
        answer["policy_sha256"].as_str().unwrap(),
        answer["action_sha256"].as_str().unwrap(),
        &format!("row 3 of log {}", receipt["log"].as_str().unwrap()),
        receipt["head"].as_str().unwrap(),
        "Z  requested  high risk, to be approved by rule bulk_needs_approval",
        "Z  answered  unanswered by nobody after ",
        "Z  decided  unanswered, high risk, by rule bulk_needs_approval",
    ] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
    // The beginning of the id, and any event's number, show the same.
    for other in [id.split_at(8).0, "seq:1", "seq:2", "seq:3"] {
        assert_eq!(show(&environment, &[other]).stdout, run.stdout, "{other}");
    }
}

#[test]
fn json_has_every_event_and_says_the_same() {
    let environment = TestEnvironment::new();
    let answer = environment.check(BULK).json();
    let shown = show(&environment, &["seq:1", "--format", "json"]).json();
    for (field, expected) in [
        ("action_id", &answer["action_id"]),
        ("state", &json!("refused")),
        ("intact", &json!(true)),
        ("warnings", &json!([])),
        ("type", &json!("bulk_update")),
        ("params", &json!({ "count": 101 })),
        ("decision", &json!("unanswered")),
        ("result_status", &json!("skipped")),
        ("receipt", &answer["receipt"]),
        ("policy_source", &json!("default")),
    ] {
        assert_eq!(&shown[field], expected, "{field}");
    }
    let kinds: Vec<_> = shown["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["requested", "answered", "decided"]);
    assert!(shown["waited_ms"].is_u64() && shown.get("explanation").is_none());
    assert_eq!(shown["events"][2]["hash"], answer["receipt"]["head"]);
}

#[test]
fn a_path_from_the_environment_is_warned_of() {
    let environment = TestEnvironment::new();
    let mut command = environment.command(&["check", "read:crm"]);
    command.env("AEGIS_POLICY", "policy.yaml").env("AEGIS_DB", "aegis_audit.db");
    assert!(command.status().unwrap().success());
    let run = show(&environment, &["seq:1"]);
    assert_eq!(run.code, 0);
    for what in ["policy", "audit log"] {
        assert!(run.stdout.contains(&format!("the path of the {what} came from the environment")), "{run:?}");
    }
}

#[test]
fn an_unknown_or_ambiguous_id_gets_help() {
    let environment = TestEnvironment::new();
    let ids: Vec<_> =
        (0..12).map(|_| environment.check(READ).json()["action_id"].as_str().unwrap().to_owned()).collect();
    let run = show(&environment, &[ids[0].split_at(4).0]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.starts_with("error: several actions have an id that begins with `"), "{run:?}");
    for id in &ids[..10] {
        assert!(run.stderr.contains(&format!("  {id}  2")), "{run:?}");
    }
    assert!(run.stderr.contains("read crm\n") && run.stderr.ends_with("  and more\n"), "{run:?}");
    for (id, code) in [("zzzz", 1), ("seq:0", 1), ("seq:99", 1), ("seq:", 2), ("abc", 2), ("", 2)] {
        let run = show(&environment, &[id]);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{id}");
        assert!(run.stderr.contains("\nhelp: "), "{run:?}");
    }
    assert_eq!(show(&environment, &["zzzz", "--db", "missing.db"]).code, 4);
}

#[test]
fn a_damaged_event_is_marked_and_the_exit_says_so() {
    let environment = TestEnvironment::new();
    for action in [READ, DELETE] {
        environment.check(action);
    }
    tamper(&environment, "UPDATE events SET body = replace(body, '\"block\"', '\"auto\"') WHERE seq = 2");
    let run = show(&environment, &["seq:2"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("warning      row 2 is damaged: its hash does not fit its content"),
        "{run:?}"
    );
    assert!(run.stdout.contains("#2           DAMAGED (its hash does not fit its content)"), "{run:?}");
    assert!(run.stderr.starts_with("error: the audit log is damaged at row 2\nhelp: "), "{run:?}");
    let json = show(&environment, &["seq:2", "--format", "json"]);
    assert_eq!((json.code, &json.json()["intact"]), (1, &json!(false)));
    // The other action is not touched.
    assert_eq!(show(&environment, &["seq:1"]).code, 0);
    tamper(&environment, "UPDATE events SET body = 'none' WHERE seq = 1");
    let run = show(&environment, &["seq:1"]);
    assert!(run.code == 1 && run.stdout.contains("DAMAGED"), "{run:?}");
}

#[test]
fn a_policy_that_is_given_explains_the_recorded_action() {
    let environment = TestEnvironment::new();
    environment.check(BULK);
    let run = show(&environment, &["seq:1", "--policy", "policy.yaml"]);
    assert_eq!(run.code, 0, "{run:?}");
    for part in [
        "the one that it was decided by",
        "not matched  reads_are_fine: type `bulk_update` does not match `read`",
        "matched      bulk_needs_approval: every glob and condition holds",
        "decided by bulk_needs_approval: approve, high risk",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    environment.write("other.yaml", POLICY.replace("count: 100", "count: 1000"));
    let json = show(&environment, &["seq:1", "--policy", "other.yaml", "--format", "json"]).json();
    let explanation = &json["explanation"];
    assert_eq!(explanation["same_policy"], false);
    assert_eq!(explanation["same_action"], true);
    assert_eq!(
        (&explanation["approval"], &explanation["matched_rule"]),
        (&json!("auto"), &json!("small_bulk_is_fine"))
    );
    // A policy from elsewhere than the command line says nothing, and one that cannot be read is an error.
    let mut command = environment.command(&["audit", "show", "seq:1"]);
    let run = run_with_input(
        {
            command.env("AEGIS_POLICY", "other.yaml");
            command
        },
        b"",
    );
    assert!(!run.stdout.contains("The policy that was given"));
    assert_eq!(show(&environment, &["seq:1", "--policy", "missing.yaml"]).code, 5);
}

#[test]
fn the_policy_is_asked_as_of_the_recorded_instant() {
    let environment = TestEnvironment::new();
    environment.check(READ);
    let at = show(&environment, &["seq:1", "--format", "json"]).json()["events"][0]["timestamp"].clone();
    // A window of the minute in which it was recorded, and none other.
    let minute: chrono::DateTime<chrono::Utc> = at.as_str().unwrap().parse().unwrap();
    let next = minute + chrono::TimeDelta::minutes(1);
    environment.write(
        "window.yaml",
        format!(
            "version: '1'\nrules:\n  - {{ name: then, conditions: {{ time_after: \"{}\", time_before: \"{}\" }}, approval: block }}\n",
            minute.format("%H:%M"),
            next.format("%H:%M")
        ),
    );
    let shown = show(&environment, &["seq:1", "-p", "window.yaml", "--format", "json"]).json();
    assert_eq!(shown["explanation"]["matched_rule"], "then");
    assert_eq!(shown["explanation"]["evaluated_at"], at);
}

#[test]
fn removed_parameters_are_said_to_be_removed_and_explain_nothing() {
    let environment = TestEnvironment::new();
    environment.check(BULK);
    tamper(&environment, "UPDATE events SET payload = NULL, salt = NULL");
    let run = show(&environment, &["seq:1", "-p", "policy.yaml"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("Parameters   removed from the log"), "{run:?}");
    assert!(run.stdout.contains("cannot be told: its parameters were removed from the log"), "{run:?}");
    let json = show(&environment, &["seq:1", "-p", "policy.yaml", "--format", "json"]).json();
    assert_eq!((&json["params"], &json["explanation"]["explain"]), (&json!(null), &json!(null)));
    assert_eq!(json["events"][0]["payload_removed"], true);
}

#[test]
fn on_a_terminal_lines_are_broken_and_coloured() {
    let environment = TestEnvironment::new();
    let target = "x".repeat(200);
    environment.check(&json!({ "type": "read", "target": target }).to_string());
    let mut terminal =
        Terminal::shell(&environment, "aegis audit show seq:1 | cat; clear; aegis audit show seq:1");
    assert_eq!(terminal.code(), 0);
    let screen = terminal.contents();
    assert!(screen.contains("\nAction hash  ") && screen.contains("\n             ↳ "), "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() < 80), "{screen}");
    let piped = show(&environment, &["seq:1"]).stdout;
    assert!(piped.contains(&target) && !piped.contains(['\u{1b}', '↳']), "{piped}");
    assert!(show(&environment, &["seq:1", "--color", "always"]).stdout.contains('\u{1b}'));
}

#[test]
fn whatever_an_agent_says_is_escaped() {
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\u{202e}gnp.exe\u{200b}\u{9b}31m\u{3164}";
    let environment = TestEnvironment::new();
    let action = json!({
        "type": "read", "target": hostile, "agent": hostile, "description": hostile,
        "params": { hostile: [hostile, { hostile: hostile }] },
    });
    environment.aegis_with_input(&["check", "--session", hostile], action.to_string());
    environment.aegis(&["audit", "record", "seq:1", "--status", "failed", "--error", hostile]);
    for arguments in
        [&["seq:1"][..], &["seq:1", "-p", "policy.yaml"], &["seq:1", "--format", "json"], &[hostile]]
    {
        let run = show(&environment, arguments);
        for text in [&run.stdout, &run.stderr] {
            let deceptive = |character: char| {
                (character.is_control() && character != '\n')
                    || "\u{202e}\u{200b}\u{3164}".contains(character)
            };
            assert!(!text.contains(deceptive), "{arguments:?}: {text:?}");
        }
    }
    let shown = show(&environment, &["seq:1"]).stdout;
    // Nothing begins a line but what is said here.
    assert!(shown.lines().all(|line| !line.starts_with("gnp") && !line.starts_with("31m")), "{shown}");
}

#[test]
fn behind_sudo_the_account_that_logged_in_is_in_the_record() {
    let environment = TestEnvironment::new();
    // What a login does once, and what `sudo` leaves as it is. It needs a privilege that not everybody has.
    let script = "echo 4242 >/proc/self/loginuid || exit 99; SUDO_USER=eve aegis check read:crm >&2; \
        aegis audit checkpoint >&2; aegis audit redact seq:1 --yes >&2; aegis audit show seq:1 --format json";
    let run = run_with_input(environment.shell(script), b"");
    if run.code == 99 {
        eprintln!("skipped: {}", run.stderr);
        return;
    }
    let shown = run.json();
    assert_eq!((&shown["login"], shown["user"] == "uid 4242"), (&"uid 4242".into(), false), "{shown}");
    assert_eq!(shown["events"][0]["body"]["login"], "uid 4242", "{shown}");
    assert_eq!(shown["events"][1]["body"]["login"], "uid 4242", "whoever removed it: {shown}");
    let text = environment.aegis(&["audit", "show", "seq:1"]).stdout;
    assert_eq!(text.matches(", logged in as uid 4242").count(), 2, "{text}");
    let events = environment.aegis(&["audit", "--events"]).stdout;
    let checkpoint = events.lines().find(|line| line.contains("\"kind\":\"checkpoint\"")).unwrap();
    assert!(checkpoint.contains(r#"\"login\":\"uid 4242\""#), "{checkpoint}");
    // Where nobody logged in, or the same account did, there is nothing to say.
    let id = environment.check(READ).json()["action_id"].as_str().unwrap().to_owned();
    let shown = environment.aegis(&["audit", "show", &id, "--format", "json"]).json();
    let recorded = shown["events"][0]["body"].as_object().unwrap().get("login");
    assert_eq!((&shown["login"], recorded), (&json!(null), None), "{shown}");
}
