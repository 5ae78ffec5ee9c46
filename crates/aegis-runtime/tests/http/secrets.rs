//! What no log may have.

use serde_json::json;

use crate::server::{Client, Server, answer};

#[test]
fn no_secret_of_a_request_reaches_the_log() {
    let server =
        Server::saying(answer("500 Internal Server Error", "Set-Cookie: id=in-the-answer\r\n", "words"));
    let client = Client::with(&server.address, |builder| builder.header("X-Operator", "of-the-operator"));
    let headers = json!({
        "Authorization": "Bearer in-authorization",
        "Cookie": "session=in-a-cookie",
        "X-Api-Key": "in-a-key",
        "X-Auth-Token": "in-a-token",
    });
    let result = client.send(
        "post",
        "/token=in-the-target-1",
        &json!({"headers": headers, "form": {"user": "ana", "password": "in-a-form"}, "query": {"api_key": "in-a-query"}}),
    );
    assert_eq!(result.status().as_str(), "failed");
    let received = &server.received()[0];
    // They were sent.
    assert_eq!(received.header("authorization"), Some("Bearer in-authorization"));
    assert_eq!(received.header("x-operator"), Some("of-the-operator"));
    assert!(received.line.contains("in-a-query"));
    // What stands in the log is the rest.
    let record = client.records().remove(0);
    assert_eq!(record.action_type, "post");
    assert_eq!(record.action_params.unwrap()["form"]["user"], "ana");
    for secret in [
        "in-authorization",
        "in-a-cookie",
        "in-a-key",
        "in-a-token",
        "in-a-form",
        "in-a-query",
        "in-the-target-1",
        "of-the-operator",
        "in-the-answer",
    ] {
        assert!(client.place.files_with(secret.as_bytes()).is_empty(), "{secret}");
    }
}

#[test]
fn an_error_on_the_way_tells_no_address() {
    let server = Server::new(|_, _| {});
    let client = Client::new(&server.address);
    let result = client.send("get", "/users", &json!({"query": {"api_key": "in-a-query"}}));
    assert_eq!(result.status().as_str(), "failed");
    assert!(!result.reason().contains("in-a-query"), "{}", result.reason());
    assert!(client.place.files_with(b"in-a-query").is_empty());
}
