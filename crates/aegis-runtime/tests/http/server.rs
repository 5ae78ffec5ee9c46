//! A server that answers as a test wants, byte for byte, and a runtime that speaks to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_engine::{Action, Digest, Source, load};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_runtime::{ActionResult, HttpExecutor, HttpExecutorBuilder, Runtime};
use aegis_testkit::{Log, Place};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// `GET /users HTTP/1.1`, without the version.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A server for the length of a test. It closes each connection after one answer.
pub(crate) struct Server {
    pub(crate) address: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Answers each request by what `answer` writes.
    pub(crate) fn new(answer: impl Fn(&Received, &mut TcpStream) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (all, answer) = (Arc::clone(&received), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    if let Some(request) = read(&stream) {
                        all.lock().unwrap().push(request.clone());
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Server { address, received }
    }

    /// Answers each request by this text.
    pub(crate) fn saying(answer: impl Into<String>) -> Server {
        let answer = answer.into();
        Server::new(move |_, stream| {
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let line = lines.remove(0).strip_suffix(" HTTP/1.1")?.to_owned();
    let headers: Vec<_> = lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line, headers, body })
}

/// An answer with this body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

/// An action that is a request.
pub(crate) fn request(kind: &str, target: &str, params: &serde_json::Value) -> Action {
    let action = serde_json::json!({"type": kind, "target": target, "params": params}).to_string();
    Action::from_json(action.as_bytes()).unwrap()
}

/// A runtime that allows everything, over a server.
pub(crate) struct Client {
    pub(crate) place: Place,
    pub(crate) runtime: Runtime,
}

impl Client {
    pub(crate) fn new(base: &str) -> Client {
        Client::with(base, |builder| builder)
    }

    pub(crate) fn with(base: &str, more: impl FnOnce(HttpExecutorBuilder) -> HttpExecutorBuilder) -> Client {
        let builder = HttpExecutor::builder(base).timeout(Duration::from_secs(10));
        let executor = more(builder).build().unwrap();
        let text = b"version: '1'\ndefaults: { approval: auto, risk_level: low }\nrules: []\n";
        let policy = Arc::new(load(&[Source { text }]).policy.unwrap());
        let place = Place::new();
        let builder = Runtime::builder().policy(policy, Digest::of(text)).log(&place.log);
        Client { runtime: builder.executor(executor).build().unwrap(), place }
    }

    /// Does one action.
    pub(crate) fn send(&self, kind: &str, target: &str, params: &serde_json::Value) -> ActionResult {
        self.runtime.blocking().run_one(request(kind, target, params))
    }

    pub(crate) fn get(&self, target: &str) -> ActionResult {
        self.send("get", target, &serde_json::json!({}))
    }

    /// What the log has, checked.
    pub(crate) fn records(&self) -> Vec<Record> {
        let _ = Log::verified(&self.place.log).unwrap();
        self.place.records(&Filter::default())
    }
}
