//! What comes back, and what a server may do instead.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::server::{Client, Server, answer};

#[test]
fn only_two_hundred_and_something_is_a_success() {
    for (status, is_success) in [
        ("200 OK", true),
        ("204 No Content", true),
        ("299 Whatever", true),
        ("304 Not Modified", false),
        ("300 Multiple Choices", false),
        ("400 Bad Request", false),
        ("404 Obey The Server", false),
        ("500 Internal Server Error", false),
        ("599 Odd", false),
    ] {
        let server = Server::saying(answer(status, "Content-Type: text/plain\r\n", ""));
        let client = Client::new(&server.address);
        let result = client.get("/a");
        let number: u64 = status.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(result.is_success(), is_success, "{status}");
        assert_eq!(result.output()["status"], number);
        let record = client.records().remove(0);
        if !is_success {
            let told = format!("the server answered with status {number}");
            assert!(result.reason().starts_with(&told), "{}", result.reason());
            assert!(record.result_error.as_ref().unwrap().starts_with(&told));
            // A server's own words are not repeated.
            assert!(!result.reason().contains("Obey"), "{}", result.reason());
        }
    }
}

#[test]
fn the_answer_to_a_failure_is_there_all_the_same() {
    let problem = r#"{"title":"no such user"}"#;
    let server =
        Server::saying(answer("404 Not Found", "Content-Type: application/problem+json\r\n", problem));
    let result = Client::new(&server.address).get("/users/7");
    assert_eq!(result.status().as_str(), "failed");
    assert_eq!(result.output()["json"]["title"], "no such user");
    assert_eq!(result.output()["headers"]["content-type"], "application/problem+json");
}

#[test]
fn a_head_has_no_body_though_it_announces_one() {
    let server =
        Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n");
    let result = Client::new(&server.address).send("head", "/huge", &json!({}));
    assert!(result.is_success(), "{}", result.reason());
    assert_eq!(result.output()["headers"]["content-length"], "99999999999");
}

#[test]
fn an_answer_that_is_too_large_is_given_up() {
    for head in ["Content-Length: 5000000\r\n", "Transfer-Encoding: chunked\r\n", ""] {
        let (sent, is_chunked) = (Arc::new(AtomicUsize::new(0)), head.starts_with('T'));
        let counted = Arc::clone(&sent);
        let server = Server::new(move |_, stream| {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n{head}\r\n");
            for _ in 0..50_000 {
                let data = [b'x'; 100];
                let written = if is_chunked {
                    write!(stream, "64\r\n")
                        .and_then(|()| stream.write_all(&data))
                        .and_then(|()| write!(stream, "\r\n"))
                } else {
                    stream.write_all(&data)
                };
                if written.is_err() {
                    return;
                }
                counted.fetch_add(100, Ordering::Relaxed);
            }
        });
        let client = Client::with(&server.address, |builder| builder.most_answer_bytes(1000));
        let result = client.get("/huge");
        assert_eq!(result.reason(), "the answer (200 OK) has more than 1000 bytes", "{head}");
        assert_eq!(result.output()["status"], 200);
        assert!(client.records()[0].result_error.as_ref().unwrap().contains("1000 bytes"));
    }
    // What just fits is no failure.
    let server = Server::saying(answer("200 OK", "", &"x".repeat(1000)));
    let client = Client::with(&server.address, |builder| builder.most_answer_bytes(1000));
    assert_eq!(client.get("/").output()["text"].as_str().unwrap().len(), 1000);
    let client = Client::with(&server.address, |builder| builder.most_answer_bytes(999));
    assert!(!client.get("/").is_success());
}

#[test]
fn a_slow_server_is_waited_for_as_long_as_was_said() {
    // It says nothing; it trickles its head; it trickles its body.
    for what in ["", "HTTP/1.1 200 OK\r\nX-A: ", "HTTP/1.1 200 OK\r\n\r\n"] {
        let server = Server::new(move |_, stream| {
            let _ = stream.write_all(what.as_bytes());
            for _ in 0..200 {
                std::thread::sleep(Duration::from_millis(50));
                if !what.is_empty() && stream.write_all(b"x").is_err() {
                    return;
                }
            }
        });
        let client = Client::with(&server.address, |builder| builder.timeout(Duration::from_millis(300)));
        let begun = Instant::now();
        let result = client.get("/slow");
        assert_eq!(result.reason(), "there was no complete answer within 300ms", "{what}");
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert!(result.failure().unwrap().help().unwrap().contains("may have done it"));
    }
}

#[test]
fn an_action_may_wait_for_less_and_never_for_more() {
    let server = Server::new(|_, _| std::thread::sleep(Duration::from_secs(3)));
    let client = Client::with(&server.address, |builder| builder.timeout(Duration::from_millis(400)));
    for (timeout, told) in [(json!(0.1), "100ms"), (json!("150ms"), "150ms"), (json!(3600), "400ms")] {
        let result = client.send("get", "/", &json!({"timeout": timeout}));
        assert_eq!(result.reason(), format!("there was no complete answer within {told}"));
    }
}

#[test]
fn a_server_that_breaks_off_or_talks_nonsense_is_a_failure() {
    let broken: [&'static str; 8] = [
        "",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
    ];
    for text in broken {
        let server = Server::new(move |_, stream| {
            let _ = stream.write_all(text.as_bytes());
            let _ = stream.shutdown(Shutdown::Write);
        });
        let client = Client::new(&server.address);
        let result = client.send("post", "/things", &json!({"json": {}}));
        assert_eq!(result.status().as_str(), "failed", "{text:?}: {:?}", result.output());
        assert_eq!(client.records()[0].result_status.unwrap().as_str(), "failed");
        // It is tried once, since nobody knows what it did.
        assert_eq!(server.received().len(), 1, "{text:?}");
    }
}

#[test]
fn a_connection_that_is_reset_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").unwrap();
        // What is closed while there is more to read is reset.
    });
    let result = Client::new(&format!("http://{address}")).get("/");
    assert_eq!(result.status().as_str(), "failed");
    assert!(!result.reason().contains("127.0.0.1"), "{}", result.reason());
}

#[test]
fn where_nobody_listens_it_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let result = Client::new(&format!("http://{free}")).get("/");
    assert!(result.reason().contains("Connection refused"), "{}", result.reason());
    assert!(result.failure().unwrap().help().unwrap().contains("reached"));
}

#[test]
fn many_requests_are_under_way_at_once() {
    const REQUESTS: usize = 16;
    // None is answered before all of them are there.
    let all = std::sync::Arc::new(std::sync::Barrier::new(REQUESTS));
    let server = Server::new(move |_, stream| {
        all.wait();
        let _ = stream.write_all(answer("200 OK", "", "ok").as_bytes());
    });
    let client = Client::new(&server.address);
    std::thread::scope(|scope| {
        for _ in 0..REQUESTS {
            scope.spawn(|| assert!(client.get("/").is_success()));
        }
    });
}
