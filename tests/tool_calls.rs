//! `aegis check --from`: tool calls as APIs write them.

use std::fs::File;

use aegis_testkit::{Run, Terminal, run_with_input};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// A message with one call of each sort: run by the provider, allowed, blocked, to be approved, unreadable.
fn message() -> Value {
    let call = |id: &str, name: &str, input: Value| json!({ "type": "tool_use", "id": id, "name": name, "input": input, "caller": { "type": "direct" } });
    let content = json!([
        { "type": "text", "text": "I do all of that." },
        { "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": { "query": "law" } },
        call("toolu_1", "read", json!({ "id": 7 })),
        call("toolu_2", "delete", json!({ "password": "hunter22" })),
        call("toolu_3", "bulk_update", json!({ "count": 101 })),
        call("toolu_4", "read", json!([])),
    ]);
    json!({ "type": "message", "role": "assistant", "stop_reason": "tool_use", "content": content })
}

fn one(name: &str) -> String {
    json!([{ "type": "tool_use", "id": "toolu_1", "name": name, "input": {} }]).to_string()
}

fn check(environment: &TestEnvironment, options: &[&str], input: &str) -> Run {
    let arguments = [&["check", "--from", "anthropic"], options].concat();
    environment.aegis_with_input(&arguments, input)
}

#[test]
fn each_call_is_answered_in_its_place() {
    let environment = TestEnvironment::new();
    let run = check(&environment, &["--target", "crm", "--format", "json"], &message().to_string());
    let answers = run.json_lines();
    let told: Vec<_> = answers
        .iter()
        .map(|answer| (answer["call"]["id"].as_str().unwrap(), &answer["allowed"], &answer["decision"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(
        told,
        [
            ("srvtoolu_1", &no, &Value::Null),
            ("toolu_1", &yes, &json!("auto")),
            ("toolu_2", &no, &json!("block")),
            ("toolu_3", &no, &json!("unanswered")),
            ("toolu_4", &no, &Value::Null),
        ]
    );
    assert_eq!(answers[0]["observed"], json!(true));
    assert_eq!(answers[4]["error"], "`/content/5/input` must be an object, not a list");
    assert_eq!(answers[1]["call"], json!({ "format": "anthropic", "id": "toolu_1", "place": "/content/2" }));
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("note: /content/5: `/content/5/input` must be an object"), "{run:?}");
    // What cannot be decided about is in no record, and what the provider ran is in one that decides nothing.
    let records = environment.records();
    let recorded: Vec<_> = records.iter().map(|record| &record["decision"]).collect();
    assert_eq!(recorded, [&Value::Null, &json!("auto"), &json!("block"), &json!("unanswered")]);
    assert_eq!(
        (&records[0]["matched_rule"], &records[0]["result_status"]),
        (&json!("<observed>"), &Value::Null)
    );
    assert_eq!((&records[1]["action_type"], &records[1]["action_target"]), (&json!("read"), &json!("crm")));
    assert_eq!(environment.aegis(&["audit", "verify"]).code, 0);
}

#[test]
fn native_answers_say_what_may_be_run_and_refuse_the_rest() {
    let environment = TestEnvironment::new();
    let run = check(&environment, &["--target", "crm", "--format", "native"], &message().to_string());
    let answers = run.json();
    let records = environment.records();
    assert_eq!(
        answers["allowed"],
        json!([{ "id": "toolu_1", "name": "read", "place": "/content/2", "action_id": records[1]["id"] }])
    );
    let results = answers["results"].as_array().unwrap();
    let ids: Vec<_> = results.iter().map(|block| block["tool_use_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["toolu_2", "toolu_3", "toolu_4"]);
    assert_eq!(answers["result_places"], json!(["/content/3", "/content/4", "/content/5"]));
    assert!(results.iter().all(|block| block["is_error"] == true && block["type"] == "tool_result"));
    let text = |index: usize| results[index]["content"].as_str().unwrap();
    assert!(
        text(0).contains("`delete` on `crm`") && text(0).contains("rule `deletes_are_blocked` blocks it")
    );
    assert!(text(1).contains("a human, who is being asked now: go on with something else"), "{}", text(1));
    assert!(text(2).contains("`/content/5/input` must be an object"), "{}", text(2));
    assert_eq!(
        answers["observed"],
        json!([{ "id": "srvtoolu_1", "name": "web_search", "place": "/content/1" }])
    );
    assert_eq!((run.code, &answers["unanswerable"]), (5, &json!([])));
    assert!(!run.stdout.contains("hunter22"), "{run:?}");
    // What was allowed can be said to have ended, by the id that the answer has.
    let id = answers["allowed"][0]["action_id"].as_str().unwrap();
    assert_eq!(environment.aegis(&["audit", "record", id, "--status", "success"]).code, 0);
}

#[test]
fn the_worst_call_is_the_exit_status() {
    let environment = TestEnvironment::new();
    let calls = |names: &[&str]| {
        let call = |(index, name): (usize, &&str)| json!({ "type": "tool_use", "id": format!("t{index}"), "name": name, "input": {} });
        Value::from(names.iter().enumerate().map(call).collect::<Vec<_>>()).to_string()
    };
    for (names, code) in [
        (&["read"][..], 0),
        (&["read", "read"], 0),
        (&["read", "delete"], 1),
        (&["delete", "update", "read"], 3),
        (&["read", "", "update"], 5),
    ] {
        for format in ["text", "json", "native"] {
            assert_eq!(check(&environment, &["--format", format], &calls(names)).code, code, "{names:?}");
        }
    }
}

#[test]
fn a_message_without_a_call_allows_nothing() {
    let environment = TestEnvironment::new();
    for (input, problem) in [
        (r#"{"role":"assistant","content":"hello"}"#, "the message holds no tool call"),
        ("[]", "the message holds no tool call"),
        ("", "standard input holds no message"),
        ("{", "stdin:1:1: EOF while parsing an object"),
        ("{\"a\":1,\n\"a\":2}", "stdin:2:1: duplicate key `a`"),
        (r#"{"jsonrpc":"2.0"}"#, "this is no call, message or response of the format `anthropic`"),
    ] {
        for format in ["text", "json", "native"] {
            let run = check(&environment, &["--format", format], input);
            assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
            assert!(run.stderr.contains(problem) && run.stderr.contains("help: "), "{run:?}");
        }
    }
    // Nothing was touched for that.
    assert!(!environment.file("aegis_audit.db").exists());
}

#[test]
fn what_the_provider_ran_is_recorded_and_allowed_by_nobody() {
    let environment = TestEnvironment::new();
    let input = r#"{"id":"ws_1","type":"web_search_call","status":"completed","action":{"query":"law"}}"#;
    for format in ["text", "json", "native"] {
        let arguments = ["check", "--from", "openai-responses", "--format", format];
        let run = environment.aegis_with_input(&arguments, input);
        assert_eq!(run.code, 5, "{run:?}");
        assert!(run.stderr.contains("the provider ran every call by itself"), "{run:?}");
        assert!(run.stdout.contains("observed") && !run.stdout.contains("\"allowed\":true"), "{run:?}");
    }
    let records = environment.records();
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|record| record["decision"].is_null() && record["approver"].is_null()));
    let dry = environment
        .aegis_with_input(&["check", "--from", "openai-responses", "--dry-run", "--format", "json"], input);
    assert_eq!((dry.code, &dry.json()["receipt"]), (5, &Value::Null));
    assert_eq!(environment.records().len(), 3);
}

#[test]
fn a_record_names_its_call_and_a_call_made_again_is_the_same_action() {
    let environment = TestEnvironment::new();
    let call = |id: &str| json!([{ "type": "tool_use", "id": id, "name": "read", "input": {} }]).to_string();
    let first = check(&environment, &["--format", "json"], &call("toolu_1")).json();
    let again = check(&environment, &["--format", "json"], &call("toolu_2")).json();
    assert_eq!(first["action_sha256"], again["action_sha256"]);
    let id = again["action_id"].as_str().unwrap();
    let shown = environment.aegis(&["audit", "show", id, "--format", "json"]).json();
    assert_eq!(shown["call"], json!({ "format": "anthropic", "id": "toolu_2" }));
    let shown = environment.aegis(&["audit", "show", id]).stdout;
    assert!(shown.contains("Call         toolu_2 (anthropic)"), "{shown}");
    // What was read from no call is of none.
    let other = environment.aegis(&["check", "read:crm", "--format", "json"]).json();
    assert!(other.get("call").is_none());
    let shown =
        environment.aegis(&["audit", "show", other["action_id"].as_str().unwrap(), "--format", "json"]);
    assert_eq!(shown.json()["call"], Value::Null);
}

#[test]
fn strange_ids_are_kept_for_the_api_and_harmless_to_people() {
    let environment = TestEnvironment::new();
    let id = "a\u{1b}[2J\u{202e}b\nsk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";
    let input = json!([{ "type": "tool_use", "id": id, "name": "delete", "input": {} }]).to_string();
    let text = check(&environment, &[], &input);
    assert!(!text.stdout.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    let native = check(&environment, &["--format", "native"], &input);
    assert!(!native.stdout.contains('\u{202e}') && native.stdout.lines().count() == 1, "{native:?}");
    assert_eq!(native.json()["results"][0]["tool_use_id"], id);
    let record = environment.records()[0]["id"].as_str().unwrap().to_owned();
    for format in ["text", "json"] {
        let shown = environment.aegis(&["audit", "show", &record, "--format", format]).stdout;
        assert!(!shown.contains(['\u{1b}', '\u{202e}']) && !shown.contains("abcdefghijklmnop"), "{shown}");
    }
}

#[test]
fn what_cannot_be_recorded_is_refused_in_every_form() {
    let environment = TestEnvironment::new();
    // A copy of each record goes where nothing can be written.
    let check = |format: &str, input: &str| {
        let arguments = ["check", "--from", "anthropic", "--format", format, "--audit", "tracing"];
        let mut command = environment.command(&arguments);
        command.stderr(File::options().write(true).open("/dev/full").unwrap());
        run_with_input(command, input.as_bytes())
    };
    let run = check("native", &one("read"));
    assert_eq!(run.code, 4, "{run:?}");
    let answers = run.json();
    assert_eq!(answers["allowed"], json!([]));
    let text = answers["results"][0]["content"].as_str().unwrap();
    assert!(text.contains("It could not be recorded, so that it must not happen"), "{text}");
    let run = check("json", &one("read"));
    assert_eq!((run.code, &run.json()["allowed"]), (4, &json!(false)));
    assert!(check("text", &one("read")).stdout.starts_with("refused  read  "));
    // What the provider ran comes first, and nothing is allowed where that is not recorded.
    let observed = json!([
        { "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} },
        { "type": "tool_use", "id": "t", "name": "read", "input": {} },
    ]);
    let run = check("native", &observed.to_string());
    assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{run:?}");
}

#[test]
fn a_human_is_asked_about_each_call_that_needs_it() {
    let environment = TestEnvironment::new();
    let call = |id: &str, name: &str| json!({ "type": "tool_use", "id": id, "name": name, "input": { "count": 101 } });
    let calls = json!([call("a", "bulk_update"), call("b", "read"), call("c", "bulk_update")]);
    environment.write("calls.json", calls.to_string());
    let script = "exec \"$AEGIS\" check --from anthropic --format native <calls.json >answers.json";
    let mut terminal = Terminal::shell(&environment, script);
    terminal.wait_for_question_number(1);
    terminal.allow();
    terminal.wait_for_question_number(2);
    terminal.refuse_with("\n");
    assert_eq!(terminal.code(), 1);
    let answers: Value =
        serde_json::from_slice(&std::fs::read(environment.file("answers.json")).unwrap()).unwrap();
    assert_eq!((&answers["allowed"][0]["id"], &answers["allowed"][1]["id"]), (&json!("a"), &json!("b")));
    assert_eq!(answers["results"].as_array().unwrap().len(), 1);
    let text = answers["results"][0]["content"].as_str().unwrap();
    assert!(text.contains("A human was asked and said no: do not repeat it."), "{text}");
    let decisions: Vec<_> = environment.records().iter().map(|record| record["decision"].clone()).collect();
    assert_eq!(decisions, ["approved", "auto", "denied"]);
}

#[test]
fn answers_that_cannot_be_written_are_no_leave() {
    let environment = TestEnvironment::new();
    for format in ["text", "json", "native"] {
        let mut command = environment.command(&["check", "--from", "anthropic", "--format", format]);
        command.stdin(File::open(environment.write("calls.json", one("read"))).unwrap());
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        assert_eq!(Run::of(command.output().unwrap()).code, 5, "{format}");
    }
}

#[test]
fn a_dry_run_records_nothing_and_speaks_no_api() {
    let environment = TestEnvironment::new();
    let run = check(&environment, &["--dry-run", "--format", "json", "--explain"], &one("read"));
    let answer = run.json();
    assert_eq!((run.code, &answer["allowed"], &answer["receipt"]), (0, &json!(true), &Value::Null));
    assert!(answer["explain"].is_array());
    assert!(!environment.file("aegis_audit.db").exists());
}

#[test]
fn options_that_do_not_go_together_are_wrong_usage() {
    let environment = TestEnvironment::new();
    for arguments in [
        &["check", "read:crm", "--format", "native"][..],
        &["check", "--format", "native"],
        &["check", "--jsonl", "--format", "native"],
        &["check", "--from", "anthropic", "--format", "native", "--dry-run"],
        &["check", "--from", "anthropic", "--format", "native", "--explain"],
        &["check", "--from", "anthropic", "read:crm"],
        &["check", "--from", "anthropic", "--jsonl"],
        &["check", "--from", "cohere"],
        &["check", "--target", "crm"],
    ] {
        let run = environment.aegis_with_input(arguments, one("read"));
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {run:?}");
    }
    assert!(!environment.file("aegis_audit.db").exists());
}

#[test]
fn who_acts_can_be_imposed_on_calls() {
    let environment = TestEnvironment::new();
    let run = check(&environment, &["--agent", "bot"], &one("read"));
    assert_eq!((run.code, &environment.records()[0]["agent"]), (0, &json!("bot")));
}

/// More than one transaction takes.
#[test]
fn five_thousand_calls_are_each_answered() {
    let environment = TestEnvironment::new();
    let call = |n: usize| json!({ "type": "tool_use", "id": format!("t{n}"), "name": "read", "input": {} });
    let input = Value::from((0..5000).map(call).collect::<Vec<_>>()).to_string();
    let run = check(&environment, &["--format", "native"], &input);
    let allowed = run.json()["allowed"].as_array().unwrap().clone();
    assert_eq!((run.code, allowed.len()), (0, 5000));
    assert_eq!(allowed[4999]["id"], "t4999");
    assert_eq!(environment.records().len(), 5000);
}
