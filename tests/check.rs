//! `aegis check` of one action.

use std::fs;
use std::os::unix::fs::symlink;

use aegis_testkit::{BULK, DELETE, POLICY, READ, run_with_input, set_mode};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

#[test]
fn the_exit_status_is_the_answer() {
    let environment = TestEnvironment::new();
    for (action, code, allowed, decision) in
        [(READ, 0, true, "auto"), (DELETE, 1, false, "block"), (BULK, 3, false, "unanswered")]
    {
        let run = environment.check(action);
        assert_eq!(run.code, code, "{run:?}");
        let answer = run.json();
        assert_eq!((&answer["allowed"], &answer["decision"]), (&json!(allowed), &json!(decision)));
    }
    let results: Vec<_> =
        environment.records().iter().map(|record| record["result_status"].clone()).collect();
    assert_eq!(results, [Value::Null, json!("blocked"), json!("skipped")]);
}

#[test]
fn a_decision_says_all_that_the_contract_lists_in_order() {
    let environment = TestEnvironment::new();
    let run = environment.aegis_with_input(&["check", "--format", "json", "--session", "s1"], READ);
    let answer = run.json();
    // A key is what stands between a quote and a quote with a colon.
    let before_colons = run.stdout.split("\":").collect::<Vec<_>>();
    let (_, before_colons) = before_colons.split_last().unwrap();
    let keys: Vec<_> = before_colons.iter().map(|text| text.rsplit('"').next().unwrap()).collect();
    assert_eq!(
        keys,
        [
            "action_id",
            "session_id",
            "timestamp",
            "type",
            "target",
            "allowed",
            "decision",
            "approval",
            "risk_level",
            "matched_rule",
            "reason",
            "approver",
            "via",
            "user",
            "evidence",
            "undecidable",
            "action_sha256",
            "policy_sha256",
            "receipt",
            "log",
            "seq",
            "head"
        ]
    );
    let record = &environment.records()[0];
    for (in_answer, in_record) in [
        ("action_id", "id"),
        ("session_id", "session_id"),
        ("timestamp", "timestamp"),
        ("type", "action_type"),
        ("target", "action_target"),
        ("decision", "decision"),
        ("approval", "approval"),
        ("risk_level", "risk_level"),
        ("matched_rule", "matched_rule"),
        ("approver", "approver"),
        ("action_sha256", "action_sha256"),
        ("policy_sha256", "policy_sha256"),
    ] {
        assert_eq!(answer[in_answer], record[in_record], "{in_answer}");
    }
    assert_eq!((&answer["receipt"]["seq"], &answer["receipt"]["head"]), (&record["seq"], &record["hash"]));
    assert_eq!(answer["session_id"], "s1");
}

#[test]
fn a_person_gets_a_line_and_a_reason_where_it_is_a_refusal() {
    let environment = TestEnvironment::new();
    let allowed = environment.aegis_with_input(&["check"], READ);
    assert_eq!(allowed.stdout, "allowed  read crm  low risk  auto  reads_are_fine\n");
    assert!(allowed.stderr.contains("the audit log was created at `aegis_audit.db`"), "{allowed:?}");
    let refused = environment.aegis_with_input(&["check"], DELETE);
    assert_eq!(
        refused.stdout,
        "refused  delete crm  critical risk  block  deletes_are_blocked\n\
         because  rule `deletes_are_blocked` blocks it\n"
    );
    assert_eq!(refused.stderr, "");
}

#[test]
fn quiet_leaves_nothing_but_errors_and_what_was_asked_for_as_data() {
    let environment = TestEnvironment::new();
    let quiet = |arguments: &[&str], input: &str| {
        environment.aegis_with_input(&[&["--quiet"], arguments].concat(), input)
    };
    // The status says it all.
    for (action, status) in [(READ, 0), (DELETE, 1), (BULK, 3)] {
        let run = quiet(&["check"], action);
        assert_eq!((run.code, run.stdout.as_str()), (status, ""), "{action}");
        let run = quiet(&["check", "--dry-run"], action);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (status, "", ""), "{action}");
    }
    let id = environment.records()[0]["id"].as_str().unwrap().to_owned();
    environment.write("lax.yaml", "version: '1'\nrules: [{ approval: auto }]\n");
    for done in [
        &["audit", "record", &id, "--status", "success"][..],
        &["audit", "redact", &id, "--yes"],
        &["audit", "verify"],
        &["audit", "prune", "--before", "2020-01-01", "--archive", "old.jsonl", "--yes"],
        &["audit", "--target", "nothing"],
        &["audit", "-o", "records.txt"],
        &["validate", "policy.yaml"],
        &["validate", "lax.yaml"],
        &["init", "-o", "new.yaml"],
        &["test", "policy.yaml", "--allow-none"],
    ] {
        let run = quiet(done, "");
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""), "{done:?}");
    }
    for data in [
        &["check", "--format", "json"][..],
        &["check", "--dry-run", "--explain"],
        &["audit"],
        &["audit", "stats"],
        &["audit", "show", &id],
        &["audit", "verify", "--format", "json"],
        &["audit", "checkpoint"],
        &["validate", "policy.yaml", "--format", "json"],
        &["init", "--list"],
    ] {
        let run = quiet(data, READ);
        assert!(run.code == 0 && !run.stdout.is_empty() && run.stderr.is_empty(), "{data:?}: {run:?}");
    }
    // What is wrong is said.
    environment.write("bad.yaml", "version: '1'\nrules: [{ aproval: auto }]\n");
    for (wrong, status) in [
        (&["validate", "bad.yaml"][..], 1),
        (&["validate", "lax.yaml", "--deny", "warnings"], 1),
        (&["check", "-p", "bad.yaml"], 5),
        (&["audit", "verify", "--anchor", &format!("1:{}", "0".repeat(64))], 1),
    ] {
        let run = quiet(wrong, READ);
        assert!(run.code == status && !(run.stdout + &run.stderr).is_empty(), "{wrong:?}");
    }
}

#[test]
fn an_action_can_be_named_on_the_command_line() {
    let environment = TestEnvironment::new();
    let run = environment.aegis(&["check", "bulk_update:s3://b/k", "--param", "count=5", "--format", "json"]);
    assert_eq!(
        (run.code, &run.json()["target"], &run.json()["matched_rule"]),
        (0, &json!("s3://b/k"), &json!("small_bulk_is_fine"))
    );
    // A number in JSON quotes is a string, and the comparison cannot be decided: strictest.
    let run = environment.aegis(&["check", "bulk_update:crm", "--param", "count=\"5\"", "--format", "json"]);
    assert_eq!((run.code, run.json()["undecidable"].as_array().unwrap().len()), (3, 2));
    for bad in [
        &["check", "read"][..],
        &["check", ":crm"],
        &["check", "read:crm", "--param", "x"],
        &["check", "read:crm", "--param", "x=1", "--param", "x=2"],
        &["check", "read:crm", "--param", "x=99999999999999999999"],
        &["check", "read:crm", "--jsonl"],
        &["check", "--at", "2026-01-01T00:00:00Z"],
        &["check", "--dry-run", "--at", "yesterday"],
        &["check", "--no-such-flag"],
        &["check", "--timeout", "soon"],
        &["check", "--policy-sha256", "abc"],
    ] {
        let run = environment.aegis(bad);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{bad:?}: {run:?}");
    }
    assert!(!environment.records().iter().any(|record| record["action_type"] == "read"));
}

#[test]
fn the_digest_is_that_of_the_canonical_document() {
    let environment = TestEnvironment::new();
    let digest = |action: &str| environment.check(action).json()["action_sha256"].clone();
    // printf '{"target":"crm","type":"read"}' | sha256sum
    assert_eq!(digest(READ), "694de3c40073e6900619c2f5422e9abbc7e72bbc0e5e64a48805423f03bf98f9");
    assert_eq!(digest(READ), digest("{ \"target\" : \"cr\\u006d\", \"params\":{}, \"type\":\"read\"}\n"));
    assert_ne!(digest(READ), digest(r#"{"type":"read","target":"crm","agent":"a"}"#));
}

#[test]
fn a_dry_run_asks_nobody_and_leaves_nothing() {
    let environment = TestEnvironment::new();
    for (action, code, decision) in [(READ, 0, "auto"), (BULK, 3, "approve"), (DELETE, 1, "block")] {
        let run = environment.aegis_with_input(&["check", "--dry-run", "--format", "json"], action);
        let answer = run.json();
        assert_eq!((run.code, &answer["decision"]), (code, &json!(decision)));
        assert_eq!((&answer["allowed"], &answer["receipt"]), (&json!(decision == "auto"), &Value::Null));
    }
    assert!(!environment.file("aegis_audit.db").exists());
}

#[test]
fn a_dry_run_can_be_as_of_any_instant() {
    let environment = TestEnvironment::with_policy(
        "version: '1'\nrules:\n  - name: office_hours\n    conditions: { time_after: '08:00', time_before: '18:00', \
         timezone: Europe/Berlin }\n    approval: auto\n",
    );
    for (at, code) in [
        ("2026-07-01T05:59:59Z", 3),
        ("2026-07-01T06:00:00Z", 0),
        ("2026-12-01T06:59:59Z", 3),
        ("2026-12-01T16:59:59+00:00", 0),
        ("2026-12-01T18:00:00+01:00", 3),
    ] {
        let run = environment.aegis_with_input(&["check", "--dry-run", "--at", at], READ);
        assert_eq!(run.code, code, "{at}: {run:?}");
    }
}

#[test]
fn explain_shows_each_rule_that_was_looked_at() {
    let environment = TestEnvironment::new();
    let run = environment.aegis_with_input(&["check", "--dry-run", "--explain"], BULK);
    assert_eq!(
        run.stdout,
        "would ask  bulk_update crm  high risk  approve  bulk_needs_approval\n\
         because  rule `bulk_needs_approval` asks for a human's approval\n  \
         not matched  reads_are_fine: type `bulk_update` does not match `read`\n  \
         not matched  deletes_are_blocked: type `bulk_update` does not match `delete`\n  \
         matched      bulk_needs_approval: every glob and condition holds\n  \
         decided by bulk_needs_approval: approve, high risk\n"
    );
    let run = environment.aegis_with_input(&["check", "--dry-run", "--explain", "--format", "json"], BULK);
    assert_eq!(run.json()["explain"].as_array().unwrap().len(), 3);
}

#[test]
fn agents_and_sessions_come_from_the_flag_the_action_or_the_environment_in_that_order() {
    let environment = TestEnvironment::new();
    let with = |flags: &[&str], action: &str| {
        let mut command = environment.command(&[&["check", "--format", "json"], flags].concat());
        command.env("AEGIS_AGENT", "from-env").env("AEGIS_SESSION", "s-env");
        run_with_input(command, action.as_bytes()).json()
    };
    let named = r#"{"type":"read","target":"crm","agent":"own"}"#;
    with(&["--agent", "own"], named);
    with(&["--agent", "flag", "--session", "s-flag"], READ);
    with(&[], named);
    with(&[], READ);
    let said: Vec<_> = environment
        .records()
        .iter()
        .map(|record| (record["agent"].clone(), record["session_id"].clone()))
        .collect();
    assert_eq!(
        said,
        [
            (json!("own"), json!("s-env")),
            (json!("flag"), json!("s-flag")),
            (json!("own"), json!("s-env")),
            (json!("from-env"), json!("s-env")),
        ]
    );
    let session = environment.check(READ).json()["session_id"].clone();
    let session = session.as_str().unwrap();
    assert!(session.len() == 12 && session.bytes().all(|byte| byte.is_ascii_hexdigit()), "{session}");
}

#[test]
fn a_path_from_the_environment_is_used_where_no_flag_is_given_and_the_record_says_so() {
    let environment = TestEnvironment::empty();
    environment.write("other.yaml", POLICY);
    let mut command = environment.command(&["check"]);
    command.env("AEGIS_POLICY", "other.yaml").env("AEGIS_DB", "other.db");
    assert_eq!(run_with_input(command, READ.as_bytes()).code, 0);
    assert!(environment.file("other.db").exists() && !environment.file("aegis_audit.db").exists());
    let raw = fs::read(environment.file("other.db")).unwrap();
    assert!(String::from_utf8_lossy(&raw).contains("environment"));
}

#[test]
fn unreadable_actions_exit_5_and_say_where() {
    let environment = TestEnvironment::new();
    for (input, said) in [
        (&b""[..], "standard input holds no action"),
        (b"{", "1:1: EOF"),
        (b"{\"type\":\"read\",\"target\":\"crm\"} {}", "trailing"),
        (b"{\"type\":\"read\",\"target\":\"crm\",\"type\":\"x\"}", "1:31: duplicate key `type`"),
        (b"{\"type\":\"read\",\"target\":\"crm\",\"parms\":{}}", "did you mean `params`?"),
        (b"{\"type\":\"read\"}", "missing field `target`"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        (b"{\"type\":\"\xff\"}", "byte 9"),
        (b"[]", "not a list"),
    ] {
        let run = environment.aegis_with_input(&["check"], input);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
        assert!(run.stderr.contains(said), "{said}: {run:?}");
    }
    let huge = format!(r#"{{"type":"read","target":"crm","params":{{"x":"{}"}}}}"#, "y".repeat(2 << 20));
    assert_eq!(environment.aegis_with_input(&["check"], huge).code, 5);
    assert!(!environment.file("aegis_audit.db").exists());
}

#[test]
fn a_policy_that_is_missing_broken_or_untrusted_exits_5() {
    let environment = TestEnvironment::empty();
    let run = environment.check(READ);
    assert_eq!(run.code, 5);
    assert!(
        run.stderr.contains("there is no policy at `policy.yaml`") && run.stderr.contains("aegis init"),
        "{run:?}"
    );
    environment.write("policy.yaml", "version: '1'\nrules:\n  - mtach: {}\n  - approval: maybe\n");
    let run = environment.check(READ);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(run.stderr.contains("policy.yaml:3:5") && run.stderr.contains("policy.yaml:4:15"), "{run:?}");
    environment.write("policy.yaml", POLICY);
    set_mode(environment.file("policy.yaml"), 0o666);
    let run = environment.check(READ);
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains("help: chmod go-w policy.yaml"), "{run:?}");
    assert!(!environment.file("aegis_audit.db").exists());
}

#[test]
fn a_pinned_policy_may_belong_to_anyone_but_must_be_that_one() {
    let environment = TestEnvironment::new();
    set_mode(environment.file("policy.yaml"), 0o666);
    let digest = aegis_engine::Digest::of(POLICY.as_bytes()).to_string();
    let pinned = |digest: &str| environment.aegis_with_input(&["check", "--policy-sha256", digest], READ);
    assert_eq!(pinned(&digest).code, 0);
    let other = aegis_engine::Digest::of(b"").to_string();
    assert_eq!(pinned(&other).code, 5);
    assert_eq!(
        environment
            .aegis_with_input(&["check", "--policy-sha256", &digest, "--policy-sha256", &other], READ)
            .code,
        5
    );
}

#[test]
fn several_policies_are_joined_in_order() {
    let environment = TestEnvironment::new();
    environment.write("first.yaml", "version: '1'\ndefaults: { approval: block }\nrules:\n  - { name: no_crm, match: { target: crm }, approval: block }\n");
    let run = environment
        .aegis_with_input(&["check", "-p", "first.yaml", "-p", "policy.yaml", "--format", "json"], READ);
    assert_eq!((run.code, &run.json()["matched_rule"]), (1, &json!("no_crm")));
    let other = r#"{"type":"read","target":"web"}"#;
    let run = environment
        .aegis_with_input(&["check", "-p", "first.yaml", "-p", "policy.yaml", "--format", "json"], other);
    assert_eq!((run.code, &run.json()["matched_rule"]), (0, &json!("reads_are_fine")));
    let unknown = r#"{"type":"x","target":"web"}"#;
    let run = environment.aegis_with_input(&["check", "-p", "first.yaml", "-p", "policy.yaml"], unknown);
    assert_eq!(run.code, 1);
}

#[test]
fn a_log_that_cannot_be_written_exits_4_and_allows_nothing() {
    let environment = TestEnvironment::new();
    let refused = |db: &str| {
        let run = environment.aegis_with_input(&["check", "--db", db], READ);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{db}: {run:?}");
        assert!(run.stderr.starts_with("error: "), "{run:?}");
        run.stderr
    };
    assert!(refused("missing/log.db").contains("missing"));
    refused(".");
    environment.write("text.db", "this is not a database, however long it may be: ".repeat(200));
    refused("text.db");
    nix::unistd::mkfifo(&environment.file("fifo.db"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    refused("fifo.db");
    environment.check(READ);
    fs::hard_link(environment.file("aegis_audit.db"), environment.file("hard.db")).unwrap();
    assert!(refused("hard.db").contains("hard link"));
    fs::remove_file(environment.file("hard.db")).unwrap();
    symlink(environment.file("aegis_audit.db"), environment.file("soft.db")).unwrap();
    refused("soft.db");
    set_mode(environment.file("aegis_audit.db"), 0o666);
    refused("aegis_audit.db");
    set_mode(environment.file("aegis_audit.db"), 0o600);
    assert_eq!(environment.check(READ).code, 0);
    refused("/dev/full");
}

#[test]
fn an_answer_that_nobody_reads_is_still_an_answer() {
    let environment = TestEnvironment::new();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = environment.command(&["check", "read:crm"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = environment.command(&["check", "delete:crm"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(1), 0));
    assert_eq!(environment.records().len(), 2);
}

#[test]
fn where_nothing_matches_the_near_misses_come_first() {
    let environment = TestEnvironment::with_policy(
        "version: '1'\nrules:\n\
         \x20 - { name: far, match: { type: a, target: b }, conditions: { param_gt: { n: 1 } } }\n\
         \x20 - { name: nearer, match: { type: read, target: b }, conditions: { param_gt: { n: 1 } } }\n\
         \x20 - { name: near, match: { type: read, target: crm }, conditions: { param_gt: { n: 1 } } }\n",
    );
    let run = environment.aegis(&["check", "read:crm", "--param", "n=1", "--dry-run", "--explain"]);
    assert_eq!(
        run.stdout,
        "would ask  read crm  medium risk  approve  <default>\n\
         because  no rule matches, and the default asks for a human's approval\n  \
         near miss    near: `param_gt: { n: 1 }` does not hold: `n` is 1\n  \
         not matched  nearer: target `crm` does not match `b`\n  \
         not matched  far: type `read` does not match `a`\n  \
         default      no rule matched\n  \
         decided by <default>: approve, medium risk\n"
    );
}

#[test]
fn a_new_log_is_said_however_quiet_the_rest_is() {
    let environment = TestEnvironment::new();
    let quiet =
        |arguments: &[&str]| environment.aegis_with_input(&[&["check", "-q"], arguments].concat(), READ);
    let note = "note: the audit log was created at `aegis_audit.db`\n";
    assert_eq!(quiet(&[]).stderr, note);
    assert_eq!(quiet(&[]).stderr, "");
    // Whoever removed the log cannot do so unseen.
    std::fs::remove_file(environment.file("aegis_audit.db")).unwrap();
    assert_eq!(quiet(&["--format", "json"]).stderr, note);
}

#[test]
fn where_a_log_is_required_none_is_made() {
    let environment = TestEnvironment::new();
    let required = ["check", "--require-log", "--format", "json"];
    for empty in [false, true] {
        if empty {
            environment.write("aegis_audit.db", "");
            aegis_testkit::set_mode(environment.file("aegis_audit.db"), 0o600);
        }
        for stream in [&[][..], &["--jsonl"]] {
            let arguments = [&required[..], stream].concat();
            let run = environment.aegis_with_input(&arguments, READ);
            assert_eq!(run.code, 4, "{run:?}");
            assert!(run.stderr.contains("there is no audit log at `"), "{run:?}");
            assert!(!run.stdout.contains("\"allowed\":true"), "{run:?}");
        }
        let length = std::fs::metadata(environment.file("aegis_audit.db")).map_or(0, |file| file.len());
        assert_eq!((environment.file("aegis_audit.db").exists(), length), (empty, 0));
    }
    assert_eq!(environment.check(READ).code, 0);
    assert_eq!(environment.aegis_with_input(&required, READ).code, 0);
}

/// Everything is allowed, so that whatever is decided on shows.
const OPEN: &str = "version: '1'\ndefaults: { approval: auto }\nrules: []\n";

#[test]
fn slips_in_json_are_placed_and_each_kind_has_its_help() {
    let environment = TestEnvironment::with_policy(OPEN);
    for (input, place, help) in [
        ("{'type':'read','target':'crm'}", "stdin:1:2", "double quotes alone"),
        ("{“type”:\"read\"}", "stdin:1:2", "straight quotes"),
        ("{\"type\":\"read\",\n \"target\":\"crm\",}", "stdin:2:17", "remove the comma"),
        ("{\"type\":\"read\",\"target\":\"crm\"} {\"type\":\"read\"}", "stdin:1:32", "`--jsonl`"),
        ("{\"type\":\"read\",\"target\":\"crm\"}\n{\"type\":\"read\"}", "stdin:2:1", "`--jsonl`"),
        ("{type:\"read\"}", "stdin:1:2", "the key in double quotes"),
        ("{\"type\":read}", "stdin:1:9", "the text in double quotes"),
        ("{\"type\"=\"read\"}", "stdin:1:8", "a colon"),
        ("{\"type\":\"read\" \"target\":\"crm\"}", "stdin:1:16", "a comma between"),
        ("{\"é\":1,}", "stdin:1:8", "remove the comma"),
        ("{ // why\n}", "stdin:1:3", "remove the comment"),
        ("{\"type\":\"read\",\"target\":\"crm\",\"params\":{\"a\":True}}", "stdin:1:45", "in small letters"),
        ("{\"type\":\"read\",\"target\":\"crm\",\"params\":{\"a\":NaN}}", "stdin:1:45", "finite"),
        ("{\"type\":\"read\",\"target\":\"crm\",\"params\":{\"a\":01}}", "stdin:1:4", "leading zeros"),
        ("{\"type\":\"a\\qb\"}", "stdin:1:1", "double the backslash"),
        ("{\"type\":\"a\nb\"}", "stdin:", "line break"),
        ("{\"type\":\"read\"", "stdin:1:1", "close what is open"),
        ("{\"type\":\"read\",\"type\":\"delete\"}", "stdin:1:16", "remove one of the two"),
        ("[1]", "stdin: an action is a JSON object", "write an object"),
        ("{\"type\":\"read\"}", "stdin: missing field `target`", "at least a `type` and a `target`"),
        (
            "{\"type\":\"read\",\"target\":\"crm\",\"parms\":{}}",
            "did you mean `params`?",
            "belongs into `params`",
        ),
        ("{\"type\":\"read\",\"target\":\"crm\",\"agent\":null}", "`agent` must be", "leave it out"),
        ("\u{feff}{}", "byte-order mark", "U+FEFF"),
    ] {
        let run = environment.aegis_with_input(&["check"], input);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{input}: {run:?}");
        let (error, hint) = run.stderr.split_once("\nhelp: ").unwrap_or_else(|| panic!("{input}: {run:?}"));
        assert!(error.contains(place) && hint.contains(help), "{input}: {run:?}");
    }
    // In a stream, the line is that of the stream.
    let run = environment.aegis_with_input(&["check", "--jsonl"], format!("{READ}\n{{'type':1}}\n"));
    assert_eq!(run.code, 5);
    let answers = run.json_lines();
    assert!(answers[1]["error"].as_str().unwrap().contains("stdin:2:2: "), "{answers:?}");
}

#[test]
fn json_given_as_an_argument_is_refused_and_never_allowed() {
    let environment = TestEnvironment::with_policy(OPEN);
    for json in
        [READ, "{\"type\": \"read\", \"target\": \"crm\"}", " {a:b}", "[a:b]", "\"read:crm\"", "'read:crm'"]
    {
        for more in [&[][..], &["--dry-run"][..], &["--format", "json"][..]] {
            let run = environment.aegis(&[&["check", json], more].concat());
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{json}: {run:?}");
            assert!(run.stderr.contains("pipe it in"), "{json}: {run:?}");
        }
    }
    let run = environment.aegis(&["check", "action.json"]);
    assert!(run.code == 2 && run.stderr.contains("aegis check <action.json"), "{run:?}");
    let run = environment.aegis(&["check", "read:crm", "--param", "{\"a\":\"x=y\"}"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(!environment.file("aegis_audit.db").exists());
}
