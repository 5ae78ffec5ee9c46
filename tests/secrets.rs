//! Secrets in actions: in no file and in no answer, whichever way they come and go.

use aegis_testkit::{Run, Terminal};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

const POLICY: &str = r#"version: "1"
redact: [iban, "customer_*", /order/notes, /rows/1/text]
rules:
  - name: reads_are_fine
    match: { type: read }
    approval: auto
  - name: deletes_are_blocked
    match: { type: delete }
    approval: block
  - name: guarded
    match: { type: guarded }
    conditions: { param_eq: { password: x }, param_gt: { /deep/0/token: 1 }, param_contains: { /order: y } }
    approval: auto
  - name: asks
    approval: approve
"#;

/// An action of this type in which every value that must not be written has a canary of its own.
fn telling(kind: &str) -> String {
    let mut number = 0;
    let mut secret = || {
        number += 1;
        format!("canary-{number:03}")
    };
    let params = json!({
        "password": secret(),
        "dbPassword": secret(),
        "X-Api-Key": secret(),
        "AWS_SECRET_ACCESS_KEY": secret(),
        "Authorization": format!("Bearer {}", secret()),
        "credentials": { "user": secret(), "list": [secret(), { "x": secret() }] },
        "deep": [{ "token": secret() }, [[{ "private_key": secret() }]]],
        "headers": [{ "name": "Cookie", "value": secret() }],
        "iban": secret(),
        "customer_name": secret(),
        "order": { "notes": { "a": secret() }, "id": "plain-order" },
        "rows": [{ "text": "plain-row" }, { "text": secret() }],
        "command": "login --password canary-001",
        "plain": "plain-text",
        "tokens_used": 17_171_717,
    });
    json!({ "type": kind, "target": "crm", "params": params, "description": "plain words and canary-001" })
        .to_string()
}

/// The names of the files in the directory that hold the text, other than those that the test wrote.
fn files_with(environment: &TestEnvironment, text: &str) -> Vec<String> {
    let mut found = aegis_testkit::files_with(environment.path(), text.as_bytes());
    found.retain(|name| name != "policy.yaml" && name != "action.json");
    found
}

#[track_caller]
fn assert_silent(run: &Run) {
    assert!(!run.stdout.contains("canary") && !run.stderr.contains("canary"), "{run:?}");
}

#[test]
fn no_answer_and_no_file_holds_a_secret() {
    let environment = TestEnvironment::with_policy(POLICY);
    for kind in ["read", "delete", "guarded", "other"] {
        for options in [
            &["check"][..],
            &["check", "--format", "json"],
            &["check", "--explain"],
            &["check", "--explain", "--format", "json", "--audit", "jsonl:sink.jsonl"],
            &["check", "--explain", "--dry-run"],
            &["check", "--audit", "tracing"],
        ] {
            assert_silent(&environment.aegis_with_input(options, telling(kind)));
        }
    }
    let stream = ["read", "delete", "guarded", "read"].map(telling).join("\n");
    assert_silent(
        &environment
            .aegis_with_input(&["check", "--jsonl", "--explain", "--audit", "jsonl:sink.jsonl"], stream),
    );
    for format in ["json", "jsonl", "csv", "table"] {
        assert_silent(&environment.aegis(&["audit", "--format", format]));
        let export = format!("export.{format}");
        assert_eq!(environment.aegis(&["audit", "--format", format, "-o", &export]).code, 0);
    }
    for record in environment.records() {
        assert_silent(&environment.aegis(&["audit", "show", record["id"].as_str().unwrap()]));
    }
    assert_eq!(files_with(&environment, "canary"), [""; 0]);
    // The control: what is not secret is found in the same files by the same search.
    for plain in
        ["plain-text", "plain-order", "plain-row", "plain words and ", "17171717", "login --password "]
    {
        let found = files_with(&environment, plain);
        assert_eq!(
            found,
            ["aegis_audit.db", "export.csv", "export.json", "export.jsonl", "sink.jsonl"],
            "{plain}"
        );
    }
}

#[test]
fn a_canary_under_an_innocent_name_is_found() {
    let environment = TestEnvironment::with_policy(POLICY);
    let action = telling("read").replace("\"password\":", "\"remark\":").replace("--password ", "with ");
    assert_eq!(environment.aegis_with_input(&["check"], action).code, 0);
    assert_eq!(files_with(&environment, "canary-001"), ["aegis_audit.db"]);
    assert_eq!(files_with(&environment, "canary-002"), [""; 0]);
}

#[test]
fn decisions_see_the_real_value_and_records_what_stands_for_it() {
    let environment = TestEnvironment::with_policy(
        "version: '1'\nrules:\n\
         \x20 - { name: right, conditions: { param_eq: { pin: 2468 } }, approval: auto }\n\
         \x20 - { name: wrong, approval: block }\n",
    );
    let check = |pin: &str| {
        environment.check(&format!(r#"{{"type":"open","target":"door","params":{{"pin":{pin}}}}}"#))
    };
    let runs = ["2468", "2468", "\"2468\"", "1357"].map(check);
    assert_eq!(runs.each_ref().map(|run| run.code), [0, 0, 1, 1]);
    let pins: Vec<Value> =
        environment.records().into_iter().map(|record| record["action_params"]["pin"].clone()).collect();
    assert!(pins.iter().all(|pin| pin.as_str().unwrap().starts_with("redacted:hmac-sha256:")), "{pins:?}");
    assert_eq!(pins[0], pins[1]);
    assert!(pins[1] != pins[2] && pins[2] != pins[3]);
}

#[test]
fn whoever_is_asked_sees_the_secret_that_the_log_does_not_hold() {
    let environment = TestEnvironment::with_policy(POLICY);
    environment.write("action.json", r#"{"type":"login","target":"crm","params":{"password":"canary-001"}}"#);
    let mut terminal = Terminal::shell(&environment, "aegis check --color always <action.json");
    terminal.wait_for("password = \"canary-001\"");
    terminal.wait_for("kept out of the log: /password");
    terminal.wait_for_question();
    terminal.allow();
    assert_eq!(terminal.code(), 0);
    assert_eq!(files_with(&environment, "canary"), [""; 0]);
}

#[test]
fn a_parameter_that_cannot_be_read_is_not_repeated() {
    let environment = TestEnvironment::with_policy(POLICY);
    for value in ["{\"canary\":1,\"canary\":2}", "77777777777777777777777"] {
        let run = environment.aegis(&["check", "read:crm", "--param", &format!("password={value}")]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("'password=…'"), "{run:?}");
        assert!(!run.stderr.contains("canary") && !run.stderr.contains("777"), "{run:?}");
    }
    let run = environment.check(r#"{"type":"read","target":"crm","params":{"pin":77777777777777777777777}}"#);
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains("integer outside") && !run.stderr.contains("777"), "{run:?}");
}

/// A log with an action about which something must be forgotten, and its id.
fn with_canary() -> (TestEnvironment, String) {
    let environment = TestEnvironment::with_policy(POLICY);
    let action =
        r#"{"type":"read","target":"crm","description":"canary-001","params":{"remark":"canary-002"}}"#;
    let id = environment.check(action).json()["action_id"].as_str().unwrap().to_owned();
    environment.check(r#"{"type":"read","target":"crm","params":{"remark":"stays"}}"#);
    assert_eq!(files_with(&environment, "canary").len(), 1);
    (environment, id)
}

#[test]
fn what_was_written_can_be_removed() {
    let (environment, id) = with_canary();
    let run = environment.aegis(&[
        "audit",
        "redact",
        id.get(..18).unwrap(),
        "--yes",
        "--note",
        "a \u{1b}[31mmistake",
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert_eq!(run.stdout, format!("redacted  {id}  1 event  row 3\n"));
    assert_eq!(files_with(&environment, "canary"), [""; 0]);
    assert_eq!(files_with(&environment, "stays"), ["aegis_audit.db"]);
    let records = environment.records();
    assert_eq!((&records[0]["action_params"], &records[0]["action_desc"]), (&Value::Null, &Value::Null));
    assert_eq!(records[1]["action_params"], json!({ "remark": "stays" }));
    for format in ["table", "csv", "json"] {
        assert_eq!(environment.aegis(&["audit", "--format", format]).code, 0, "{format}");
    }
    let shown = environment.aegis(&["audit", "show", &id]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.stdout.contains("a \\u{1b}[31mmistake") && !shown.stdout.contains('\u{1b}'), "{shown:?}");
    let again = environment.aegis(&["audit", "redact", &id, "--yes"]);
    assert_eq!((again.code, again.stdout), (0, format!("redacted  {id}  nothing was left to remove\n")));
}

#[test]
fn nothing_is_removed_unasked() {
    let (environment, id) = with_canary();
    let run = environment.aegis(&["audit", "redact", &id]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.contains("no terminal") && run.stderr.contains("--yes"), "{run:?}");
    for (typed, code, left) in [("n\n", 1, 1), ("\u{1b}\n", 1, 1), ("y\n", 1, 1), ("WORD\n", 0, 0)] {
        let mut terminal = Terminal::aegis(&environment, &["audit", "redact", &id]);
        let screen = terminal.wait_for_question();
        assert!(screen.contains(&id) && screen.contains("  type   │ read\n  target │ crm\n"), "{screen}");
        terminal.type_text(&typed.replace("WORD", &terminal.word().unwrap()));
        if typed == "y\n" {
            terminal.wait_for("not the word");
            terminal.type_text("n\n");
        }
        assert_eq!(terminal.code(), code, "{typed:?}: {}", terminal.contents());
        assert_eq!(files_with(&environment, "canary").len(), left, "{typed:?}");
    }
}

#[test]
fn what_cannot_be_removed_is_refused_with_a_remedy() {
    let (environment, id) = with_canary();
    let long = "x".repeat(2000);
    for (arguments, code, said) in [
        (&["audit", "redact", "ffffffff", "--yes"][..], 1, "no action `ffffffff`"),
        (&["audit", "redact", "--yes"], 2, "<ID>"),
        (&["audit", "redact", &id, "--yes", "--note", &long], 2, "2000 bytes"),
        (&["audit", "redact", &id, "--yes", "--note", ""], 2, "empty"),
        (&["audit", "redact", &id, "--yes", "--db", "none.db"], 4, "there is no audit log"),
    ] {
        let run = environment.aegis(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{run:?}");
        assert!(run.stderr.contains(said), "{run:?}");
    }
    assert!(!environment.file("none.db").exists());
    assert_eq!(environment.records().len(), 2);
}
