//! How long a durable record takes, alone and in company. What is measured is mostly the disk's sync.
//!
//! `cargo bench -p aegis-audit`

use std::time::Duration;

use aegis_audit::{Answer, ApproverIdentity, Entry, Event, PathSource, Stamped, Trail};
use aegis_engine::{Action, Decision, Digest, Redaction, Source, load};
use chrono::{DateTime, Utc};
use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

fn decided() -> (Action, Decision) {
    let text = b"version: '1'\nrules:\n  - { name: reads_are_fine, match: { type: read }, approval: auto }\n";
    let action = Action::from_json(br#"{"type":"read","target":"crm","params":{"id":7}}"#);
    match (load(&[Source { text }]).policy, action) {
        (Some(policy), Ok(action)) => {
            let decision = policy.decide(&action, DateTime::<Utc>::UNIX_EPOCH);
            (action, decision)
        }
        _ => std::process::abort(),
    }
}

#[divan::bench(args = [1, 10, 1000])]
fn append(bencher: Bencher<'_, '_>, events: usize) {
    let directory = tempfile::tempdir().unwrap_or_else(|_| std::process::abort());
    let mut trail = Trail::open(&directory.path().join("log.db"), Duration::from_secs(10))
        .unwrap_or_else(|_| std::process::abort());
    let (action, decision) = decided();
    let approver = ApproverIdentity::rule();
    let redaction = Redaction::default();
    let entry = Entry {
        action_id: "01a20843-3085-70ba-97dd-ed892e17345f",
        session_id: "415dc1299d89",
        action: &action,
        action_sha256: action.digest(),
        decision: &decision,
        redaction: &redaction,
        policy_sha256: Digest::of(b"policy"),
        host: "host",
        user: "user",
        policy_source: PathSource::Default,
        log_source: PathSource::Default,
    };
    let event =
        Event::Decided { entry, answer: Answer::Auto, approver: Some(&approver), reason: "it is fine" };
    let batch = vec![Stamped { at: DateTime::<Utc>::UNIX_EPOCH, event }; events];
    bencher.counter(ItemsCount::new(events)).bench_local(|| trail.append(&batch));
}
