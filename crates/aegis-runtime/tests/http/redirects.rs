//! Where redirects lead.

use aegis_runtime::HttpExecutorBuilder;
use serde_json::json;

use crate::server::{Client, Server, answer};

fn redirect(status: &str, place: &str) -> String {
    answer(status, &format!("Location: {place}\r\n"), "")
}

/// A server whose `/from` leads elsewhere, and which says `here` otherwise.
fn leading(status: &'static str, place: String) -> Server {
    Server::new(move |request, stream| {
        use std::io::Write as _;
        let is_from = request.line.ends_with("/from");
        let text = if is_from { redirect(status, &place) } else { answer("200 OK", "", "here") };
        let _ = stream.write_all(text.as_bytes());
    })
}

#[test]
fn the_same_host_is_followed() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let server = leading(status, "/to?a=1".to_owned());
        let client = Client::with(&server.address, |builder| builder.header("X-Key", "k"));
        assert_eq!(client.get("/from").output()["text"], "here", "{status}");
        let received = server.received();
        assert_eq!(received[1].line, "GET /to?a=1");
        assert_eq!(received[1].header("x-key"), Some("k"));
    }
}

#[test]
fn another_host_is_not_unless_asked_and_gets_no_header() {
    let other = Server::saying(answer("200 OK", "", "other"));
    let server = leading("302 Found", format!("{}/there", other.address));
    let params = json!({"headers": {"X-Mine": "m", "Cookie": "c=1", "Authorization": "Basic x"}});
    let client = Client::with(&server.address, |builder| builder.header("X-Key", "k"));
    let result = client.send("get", "/from", &params);
    assert_eq!(
        result.reason(),
        "the server answered with status 302 Found, and the redirect leads to another host"
    );
    assert_eq!(result.output()["status"], 302);
    assert!(other.received().is_empty());

    let client = Client::with(&server.address, |builder| builder.header("X-Key", "k").leave_host());
    assert_eq!(client.send("get", "/from", &params).output()["text"], "other");
    let received = other.received();
    assert_eq!(received[0].line, "GET /there");
    for name in ["x-key", "x-mine", "cookie", "authorization", "referer"] {
        assert!(received[0].header(name).is_none(), "{name}");
    }
}

#[test]
fn what_changes_something_is_not_done_elsewhere() {
    for (kind, status) in [
        ("post", "307 Temporary Redirect"),
        ("post", "308 Permanent Redirect"),
        ("delete", "301 Moved Permanently"),
        ("put", "302 Found"),
    ] {
        let server = leading(status, "/to".to_owned());
        let result = Client::new(&server.address).send(kind, "/from", &json!({}));
        assert!(result.reason().ends_with("to do the same elsewhere would be another action"), "{kind}");
        assert_eq!(server.received().len(), 1);
    }
    // What was done, and can be looked at elsewhere, is.
    let server = leading("303 See Other", "/to".to_owned());
    let result = Client::new(&server.address).send("post", "/from", &json!({"json": {"a": 1}}));
    assert!(result.is_success());
    let received = server.received();
    assert_eq!(received[1].line, "GET /to");
    assert!(received[1].body.is_empty() && received[1].header("content-type").is_none());
}

#[test]
fn a_circle_ends() {
    let server = leading("302 Found", "/from".to_owned());
    let result = Client::new(&server.address).get("/from");
    assert!(result.reason().ends_with("there were too many redirects"), "{}", result.reason());
    assert_eq!(server.received().len(), 6);
    let server = leading("302 Found", "/to".to_owned());
    let client = Client::with(&server.address, |builder| builder.most_redirects(0));
    assert!(client.get("/from").reason().ends_with("there were too many redirects"));
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_redirect_that_leads_nowhere_is_a_failure() {
    for place in ["http://", "file:///etc/passwd", "http://a:b@127.0.0.1/", "gopher://127.0.0.1/"] {
        let server = leading("302 Found", place.to_owned());
        let client = Client::with(&server.address, HttpExecutorBuilder::leave_host);
        let result = client.get("/from");
        assert_eq!(result.status().as_str(), "failed", "{place}");
        assert_eq!(server.received().len(), 1);
    }
}
