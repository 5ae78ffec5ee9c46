//! `aegis audit record`: how an allowed action ended, said by whoever did it.

use aegis_testkit::{BULK, DELETE, READ};
use serde_json::json;

use crate::environment::TestEnvironment;

fn checked(environment: &TestEnvironment, action: &str) -> String {
    environment.check(action).json()["action_id"].as_str().unwrap().to_owned()
}

#[test]
fn an_end_is_recorded_once_with_a_receipt() {
    let environment = TestEnvironment::new();
    let id = checked(&environment, READ);
    let failed = ["--status", "failed", "--error", "no route", "--duration", "2s 5ms"];
    let run = environment.aegis(&[&["audit", "record", &id, "--format", "json"], &failed[..]].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let answer = run.json();
    assert_eq!((&answer["action_id"], &answer["result_status"]), (&json!(id), &json!("failed")));
    assert_eq!(answer["receipt"]["seq"], 2);
    let record = &environment.records()[0];
    assert_eq!(
        [&record["result_status"], &record["result_error"], &record["duration_ms"]],
        [&json!("failed"), &json!("no route"), &json!(2005)]
    );
    let again = environment.aegis(&["audit", "record", &id, "--status", "success"]);
    assert_eq!((again.code, again.stdout.as_str()), (1, ""));
    assert!(again.stderr.contains("has ended already: failed, in row 2\nhelp: "), "{again:?}");
    assert_eq!(environment.records()[0]["result_status"], "failed");
}

#[test]
fn a_person_reads_one_line() {
    let environment = TestEnvironment::new();
    let id = checked(&environment, READ);
    let run = environment.aegis(&["audit", "record", id.split_at(18).0, "--status", "success"]);
    assert_eq!((run.code, run.stdout), (0, format!("recorded  {id}  success  row 2\n")));
}

#[test]
fn what_was_not_allowed_does_not_end() {
    let environment = TestEnvironment::new();
    for (action, answer) in [(DELETE, "block"), (BULK, "unanswered")] {
        let id = checked(&environment, action);
        let run = environment.aegis(&["audit", "record", &id, "--status", "success"]);
        assert_eq!(run.code, 1);
        assert!(run.stderr.contains(&format!("was not allowed: {answer}\nhelp: ")), "{run:?}");
    }
    assert!(environment.records().iter().all(|record| record["result_status"] != "success"));
}

#[test]
fn wrong_ids_and_options_are_refused_with_help() {
    let environment = TestEnvironment::new();
    for (arguments, code) in [
        (&["nothing", "--status", "success"][..], 4),
        (&["x", "--status"], 2),
        (&["x", "--status", "denied"], 2),
        (&["x"], 2),
    ] {
        let run = environment.aegis(&[&["audit", "record"], arguments].concat());
        assert_eq!(run.code, code, "{run:?}");
    }
    assert!(!environment.file("aegis_audit.db").exists());
    let id = checked(&environment, READ);
    for (arguments, code) in [
        (&["nothing", "--status", "success"][..], 1),
        (&["seq:2", "--status", "success"], 1),
        (&["seq:x", "--status", "success"], 2),
        (&["abc", "--status", "success"], 2),
        (&[&id, "--status", "success", "--error", "x"], 2),
        (&[&id, "--status", "success", "--duration", "soon"], 2),
    ] {
        let run = environment.aegis(&[&["audit", "record"], arguments].concat());
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{run:?}");
        assert!(run.stderr.starts_with("error: "), "{run:?}");
    }
    assert_eq!(environment.records()[0]["result_status"], json!(null));
}

#[test]
fn a_long_error_is_capped_and_a_hostile_one_escaped() {
    let environment = TestEnvironment::new();
    let (long, hostile) = ("é".repeat(3000), "\u{1b}[2J\u{202e}\r\n=1+1");
    for error in [long.as_str(), hostile] {
        let id = checked(&environment, READ);
        let run = environment.aegis(&["audit", "record", &id, "--status", "failed", "--error", error]);
        assert_eq!(run.code, 0, "{run:?}");
    }
    let records = environment.records();
    assert_eq!(records[0]["result_error"], format!("{}… [1904 more bytes]", "é".repeat(2048)));
    assert_eq!(records[1]["result_error"], hostile);
    let shown = environment.aegis(&["audit", "show", "seq:3"]).stdout;
    assert!(shown.contains(r"failed: \u{1b}[2J\u{202e}\r\n=1+1"), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown:?}");
}

#[test]
fn of_processes_that_end_it_at_once_one_wins() {
    let environment = TestEnvironment::new();
    let id = checked(&environment, READ);
    let children: Vec<_> = (0..8)
        .map(|_| environment.command(&["audit", "record", &id, "--status", "success"]).spawn().unwrap())
        .collect();
    let mut codes: Vec<_> =
        children.into_iter().map(|child| child.wait_with_output().unwrap().status.code().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 1, 1, 1, 1, 1, 1, 1]);
}

/// The script in the command's help. Without `jq` there is nothing to try.
/// The scripts that say how an action ended: of the help, and of the documents.
fn scripts(environment: &TestEnvironment) -> [String; 2] {
    let help = environment.aegis(&["audit", "record", "--help"]).stdout;
    let (_, script) = help.split_once("  answer=").unwrap();
    let (script, _) = script.split_once("\n\n").unwrap();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/gate-a-script.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("## Say how it ended").unwrap();
    let documented = rest.split("```").nth(1).unwrap().strip_prefix("sh\n").unwrap().to_owned();
    [format!("answer={script}"), documented]
}

#[test]
fn the_scripts_that_say_how_it_ended_exit_as_the_action_did() {
    // What they need of jq, which may not be installed.
    const JQ: &str = "jq() { sed 's/.*\"action_id\":\"\\([^\"]*\\)\".*/\\1/'; }";
    for number in 0..2 {
        let environment = TestEnvironment::new();
        for (action, do_it, status, result) in [
            (READ, "true", 0, json!(["success", null])),
            (READ, "(exit 7)", 7, json!(["failed", "exit status 7"])),
            (DELETE, "touch done", 1, json!(["blocked", null])),
            ("{", "touch done", 5, json!(["blocked", null])),
        ] {
            environment.write("action.json", action);
            let script = scripts(&environment)[number].replace("do_it", do_it);
            let ended = environment.shell(&format!("{JQ}\n{script}")).output().unwrap();
            assert_eq!(ended.status.code(), Some(status), "{script}: {ended:?}");
            let record = environment.records().pop().unwrap();
            assert_eq!(json!([record["result_status"], record["result_error"]]), result, "{action}");
        }
        assert!(!environment.file("done").exists());
    }
}
