//! What is sent.

use std::io::Read as _;
use std::sync::mpsc::channel;
use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::{Either, select};
use serde_json::json;

use crate::server::{Client, Server, answer, request};

#[test]
fn each_type_is_its_method_onto_the_base() {
    let server = Server::saying(answer("200 OK", "", ""));
    let client = Client::new(&format!("{}/api/", server.address));
    let types = ["get", "post", "put", "patch", "delete", "head", "options"];
    for kind in types {
        let result = client.send(kind, "/users", &json!({"query": {"a": 1, "b": "2 3"}}));
        assert!(result.is_success(), "{kind}: {}", result.reason());
        assert_eq!(result.output()["status"], 200);
    }
    let lines: Vec<_> = server.received().into_iter().map(|request| request.line).collect();
    let expected = types.map(|kind| format!("{} /api/users?a=1&b=2+3", kind.to_uppercase()));
    assert_eq!(lines, expected);
    let statuses: Vec<_> =
        client.records().iter().map(|record| record.result_status.unwrap().as_str()).collect();
    assert_eq!(statuses, ["success"; 7]);
}

#[test]
fn bodies_and_headers_are_sent_as_they_are_written() {
    let server = Server::saying(answer("201 Created", "Content-Type: application/json\r\n", r#"{"id":7}"#));
    let client = Client::with(&server.address, |builder| builder.header("X-Team", "blue"));
    let body = json!({"json": {"name": "Ana", "n": 1.50}, "headers": {"Accept": "application/json"}});
    let result = client.send("post", "/users", &body);
    assert_eq!((&result.output()["status"], &result.output()["json"]["id"]), (&201.into(), &7.into()));
    assert!(client.send("post", "/form", &json!({"form": {"a": "b&c"}})).is_success());
    let [json, form] = &server.received()[..] else { panic!() };
    assert_eq!(json.body, br#"{"n":1.5,"name":"Ana"}"#);
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert_eq!(json.header("accept"), Some("application/json"));
    assert_eq!((json.header("x-team"), form.header("x-team")), (Some("blue"), Some("blue")));
    assert_eq!(form.body, b"a=b%26c");
    for request in [json, form] {
        assert!(request.header("referer").is_none() && request.header("cookie").is_none());
    }
}

#[test]
fn what_is_refused_is_a_failure_and_reaches_no_server() {
    let server = Server::saying(answer("200 OK", "", ""));
    let client = Client::with(&format!("{}/api", server.address), |builder| builder.header("X-Key", "k"));
    let nothing = json!({});
    for (kind, target, params) in [
        ("fetch", "/a", &nothing),
        ("get", "https://other.example/", &nothing),
        ("get", &server.address, &nothing),
        ("get", "//other.example/", &nothing),
        ("get", "/\\other.example/", &nothing),
        ("get", "@other.example/", &nothing),
        ("get", "/../secret", &nothing),
        ("get", "/%2e%2e/secret", &nothing),
        ("get", "/a/..%2F..%2Fsecret", &nothing),
        ("get", "/users?admin=1", &nothing),
        ("get", "/a", &json!({"body": 1})),
        ("get", "/a", &json!({"json": 1})),
        ("get", "/a", &json!({"headers": {"Host": "other.example"}})),
        ("get", "/a", &json!({"headers": {"X-HTTP-Method-Override": "DELETE"}})),
        ("get", "/a", &json!({"headers": {"x-key": "mine"}})),
    ] {
        let result = client.send(kind, target, params);
        assert_eq!(result.status().as_str(), "failed", "{kind} {target} {params}");
        assert!(result.failure().unwrap().help().is_some());
    }
    assert!(server.received().is_empty());
    assert_eq!(client.records().len(), 15);
    assert!(client.records().iter().all(|record| record.result_error.is_some()));
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    // Nobody listens at port 9 of this machine. The variables are set for a program of its own.
    const CHILD: &str = "AEGIS_TEST_PROXY";
    if std::env::var_os(CHILD).is_some() {
        let server = Server::saying(answer("200 OK", "", "direct"));
        let result = Client::new(&server.address).get("/");
        assert_eq!(result.output()["text"], "direct", "{}", result.reason());
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "requests::no_proxy_of_the_environment_is_used"]).env(CHILD, "1");
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, "http://127.0.0.1:9");
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[test]
fn a_name_of_this_machine_is_found_without_its_name_service() {
    let server = Server::saying(answer("200 OK", "", "hello"));
    let base = server.address.replace("127.0.0.1", "localhost");
    let result = Client::new(&base).get("/");
    assert_eq!(result.output()["text"], "hello", "{}", result.reason());
}

#[test]
fn any_runtime_polls_it_and_may_drop_it() {
    let server = Server::saying(answer("200 OK", "", "hello"));
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let client = Client::new(&server.address);
    other.block_on(async move {
        let result = client.runtime.run_one(request("get", "/", &json!({}))).await;
        assert_eq!(result.output()["text"], "hello", "{}", result.reason());
        // To wait for a thread would be a panic here.
        drop(client);
    });
}

#[test]
fn a_request_that_nobody_waits_for_is_broken_off() {
    let (hung_up, is_hung_up) = channel();
    let (arrived, has_arrived) = channel();
    let server = Server::new(move |_, stream| {
        let _ = arrived.send(());
        // Nothing more comes: this waits until the other end hangs up.
        let _ = stream.read(&mut [0]);
        let _ = hung_up.send(());
    });
    let client = Client::new(&server.address);
    let mut running = Box::pin(client.runtime.run_one(request("get", "/slow", &json!({}))));
    while has_arrived.try_recv().is_err() {
        let turn = Delay::new(Duration::from_millis(50));
        let Either::Right(((), still)) = pollster::block_on(select(running, turn)) else {
            panic!("it is never answered")
        };
        running = still;
    }
    assert!(is_hung_up.try_recv().is_err());
    drop(running);
    is_hung_up.recv_timeout(Duration::from_secs(60)).unwrap();
    pollster::block_on(client.runtime.settled());
    assert_eq!(client.records()[0].result_status.unwrap().as_str(), "failed");
}
