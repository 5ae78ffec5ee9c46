//! `aegis run --http`: an action that is a request, decided like any other.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::environment::TestEnvironment;

/// A server that gives these answers, one for each connection, and what it was asked.
fn server(answers: &[&'static str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/api", listener.local_addr().unwrap());
    let answers = answers.to_vec();
    let served = std::thread::spawn(move || {
        let serve = |answer: &str| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        answers.into_iter().map(serve).collect()
    });
    (base, served)
}

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{\"a\":1.0}";
const GONE: &str = "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Lets requests of one method to one server through.
fn environment(base: &str) -> TestEnvironment {
    let policy = format!(
        "version: '1'\nrules:\n  - {{ name: reads, match: {{ type: get, target: '/*' }}, conditions: {{ \
         param_eq: {{ base: '{base}' }} }}, approval: auto, risk_level: low }}\n  - {{ name: rest, approval: block }}\n"
    );
    TestEnvironment::with_policy(&policy)
}

#[test]
fn what_is_allowed_is_sent_and_its_answer_is_a_line_of_json() {
    let (base, served) = server(&[HELLO]);
    let environment = environment(&base);
    let run = environment.aegis(&["run", "--http", &base, "get:/users", "--param", r#"query={"page":2}"#]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((answer["status"].as_u64(), run.stdout.contains(r#""json":{"a":1.0}"#)), (Some(200), true));
    assert!(served.join().unwrap()[0].starts_with("GET /api/users?page=2 HTTP/1.1\r\n"));
    let record = environment.records().remove(0);
    assert_eq!((&record["action_target"], &record["result_status"]), (&"/users".into(), &"success".into()));
    assert_eq!(record["action_params"]["base"], base.as_str());
}

#[test]
fn a_failure_is_recorded_with_its_status_and_is_no_success() {
    let (base, served) = server(&[GONE]);
    let environment = environment(&base);
    let run = environment.aegis(&["run", "--http", &base, "get:/users"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error: the server answered with status 410 Gone"), "{}", run.stderr);
    assert_eq!(served.join().unwrap().len(), 1);
    let record = environment.records().remove(0);
    assert_eq!(record["result_status"], "failed");
    assert_eq!(record["result_error"], "the server answered with status 410 Gone");
}

#[test]
fn what_is_refused_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let base = format!("http://{}/api", listener.local_addr().unwrap());
    let environment = environment(&base);
    for (arguments, code) in [
        (&["delete:/users"][..], 126),
        (&["get:http://other.example/users"], 125),
        (&["get://other.example/users"], 125),
        (&["get:/../admin"], 125),
        (&["get:/users", "--param", "base=http://other.example/"], 125),
        (&["get:/users", "--param", r#"headers={"Host":"other.example"}"#], 125),
        (&["fetch:/users"], 125),
        (&["get:/users", "--param", "unknown=1"], 125),
        (&["get:/users", "--", "true"], 2),
        (&[], 2),
    ] {
        let run = environment.aegis(&[&["run", "--http", &base][..], arguments].concat());
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
    }
    assert!(listener.accept().is_err(), "nothing was sent");
}

#[test]
fn secrets_in_headers_stay_out_of_the_log() {
    let (base, served) = server(&[HELLO]);
    let environment = environment(&base);
    let headers = r#"headers={"Authorization":"Bearer hunter2hunter2","X-Api-Key":"hunter3hunter3"}"#;
    let run = environment.aegis(&["run", "--http", &base, "get:/users", "--param", headers]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let sent = served.join().unwrap().remove(0).to_lowercase();
    assert!(
        sent.contains("authorization: bearer hunter2hunter2") && sent.contains("x-api-key: hunter3hunter3")
    );
    let log = std::fs::read(environment.file("aegis_audit.db")).unwrap();
    assert!(!String::from_utf8_lossy(&log).contains("hunter"));
}
