//! Every example of this crate is run, and does what it says.

use std::collections::BTreeSet;

use aegis_runtime::{ActionResult, Approval, ApprovalRequest, Approver, Report, Witness};
use aegis_testkit::{Log, Place};

#[path = "../examples/agent_loop.rs"]
#[expect(dead_code, reason = "`main` is for those who run it")]
mod agent_loop;
#[path = "../examples/callback_approver.rs"]
#[expect(dead_code, reason = "`main` is for those who run it")]
mod callback_approver;
#[cfg(feature = "http")]
#[path = "../examples/http.rs"]
#[expect(dead_code, reason = "`main` is for those who run it")]
mod http;
#[path = "../examples/own_executor.rs"]
#[expect(dead_code, reason = "`main` is for those who run it")]
mod own_executor;
#[path = "../examples/quickstart.rs"]
#[expect(dead_code, reason = "`main` is for those who run it")]
mod quickstart;

struct Yes(Witness);

impl Approver for Yes {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.approve(self.0.clone())
    }
}

fn statuses(report: &Report) -> Vec<&str> {
    report.results().iter().map(|result| result.status().as_str()).collect()
}

/// The table that the README shows.
#[test]
fn the_quickstart_does_one_asks_about_one_and_blocks_one() {
    let place = Place::new();
    let table = quickstart::govern(&place.log, Yes(Witness::callback("test", None).unwrap())).unwrap();
    assert_eq!(
        table,
        "read          auto       success\nbulk_update   approved   success\ndelete        block      blocked\n"
    );
    assert_eq!(place.records(&aegis_ledger::filter::Filter::default()).len(), 3);
    let _ = Log::verified(&place.log).unwrap();
}

#[test]
fn an_own_executor_does_checks_and_fails() {
    let place = Place::new();
    let report = own_executor::govern(place.directory.path()).unwrap();
    assert_eq!(statuses(&report), ["success", "failed"]);
    assert_eq!(std::fs::read_to_string(place.directory.path().join("shopping")).unwrap(), "milk");
    assert!(report.failed().unwrap().reason().contains("No such file"));
    let kinds: BTreeSet<_> =
        Log::verified(&place.log).unwrap().rows.into_iter().map(|row| row.kind).collect();
    assert!(kinds.contains("verified"));
}

#[test]
fn a_callback_approver_says_yes_and_no() {
    let place = Place::new();
    let report = callback_approver::govern(place.directory.path()).unwrap();
    assert_eq!(statuses(&report), ["success", "denied"]);
    let by = |result: &ActionResult| result.answered().unwrap().approver().unwrap().clone();
    assert_eq!(by(&report.results()[0]).via.as_str(), "chat");
    assert!(report.results()[1].reason().ends_with("ana denied it: not in business hours"));
}

#[cfg(feature = "http")]
#[test]
fn an_http_executor_reads_and_changes_nothing() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let place = Place::new();
    let report = http::govern(place.directory.path(), &base, "/zen").unwrap();
    assert_eq!(statuses(&report), ["success", "blocked"]);
    assert_eq!(report.results()[0].output()["text"], "hello");
    assert!(server.join().unwrap().starts_with("GET /zen HTTP/1.1\r\n"));
}

#[test]
fn an_agent_loop_answers_every_call_of_the_model() {
    let place = Place::new();
    let told = agent_loop::converse(&place.log).unwrap();
    let ids = |message: &serde_json::Value| -> Vec<(String, bool)> {
        let results = message["content"].as_array().unwrap();
        let id = |it: &serde_json::Value| it["tool_use_id"].as_str().unwrap().to_owned();
        results.iter().map(|it| (id(it), it["is_error"] == true)).collect()
    };
    assert_eq!(ids(&told[0]), [("toolu_1".to_owned(), false)]);
    assert_eq!(ids(&told[1]), [("toolu_2".to_owned(), false), ("toolu_3".to_owned(), true)]);
    let text = told[1]["content"][1]["content"].to_string();
    assert!(text.contains("over 50.00, refunds are made by people"), "{text}");
    let results = place.records(&aegis_ledger::filter::Filter::default());
    let results: Vec<_> = results.iter().map(|it| it.result_status.unwrap().as_str()).collect();
    assert_eq!(results, ["success", "success", "blocked"]);
    let _ = Log::verified(&place.log).unwrap();
}

/// None is forgotten.
#[test]
fn every_example_is_run_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let names: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let here = include_str!("examples.rs");
    for name in &names {
        assert!(here.contains(&format!("../examples/{name}")), "{name}");
    }
    assert_eq!(names.len(), 5);
}
