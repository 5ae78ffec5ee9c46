//! How many rows a second are verified, alone and beside other checks.
//!
//! `cargo bench -p aegis-audit --bench verify`

use std::time::Duration;

use aegis_audit::{
    Answer, ApproverIdentity, Entry, Event, PathSource, ResultStatus, Stamped, Trail, TrailReader,
};
use aegis_engine::{Action, Decision, Digest, Redaction, Source, load};
use chrono::{DateTime, Utc};
use divan::{Bencher, counter::ItemsCount};

/// How many decisions the log has; half of them ended.
const DECISIONS: usize = 100_000;

fn main() {
    divan::main();
}

fn decided() -> (Action, Decision) {
    let text = b"version: '1'\nrules:\n  - { name: reads_are_fine, match: { type: read }, approval: auto }\n";
    let action = Action::from_json(br#"{"type":"read","target":"crm","params":{"id":7},"agent":"bot"}"#);
    match (load(&[Source { text }]).policy, action) {
        (Some(policy), Ok(action)) => {
            let decision = policy.decide(&action, DateTime::<Utc>::UNIX_EPOCH);
            (action, decision)
        }
        _ => std::process::abort(),
    }
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn verify(bencher: Bencher<'_, '_>) {
    let directory = tempfile::tempdir().unwrap_or_else(|_| std::process::abort());
    let path = directory.path().join("log.db");
    let mut trail = Trail::open(&path, Duration::from_secs(10)).unwrap_or_else(|_| std::process::abort());
    let (action, decision) = decided();
    let approver = ApproverIdentity::rule();
    let ids: Vec<_> = (0..DECISIONS).map(|id| format!("01a20843-3085-70ba-97dd-{id:012x}")).collect();
    let redaction = Redaction::default();
    for (number, ids) in ids.chunks(1000).enumerate() {
        let session_id = format!("session-{number}");
        let mut batch = Vec::new();
        for (index, action_id) in ids.iter().enumerate() {
            let entry = Entry {
                action_id,
                session_id: &session_id,
                action: &action,
                action_sha256: action.digest(),
                decision: &decision,
                policy_sha256: Digest::of(b"policy"),
                host: "host",
                user: "user",
                policy_source: PathSource::Default,
                log_source: PathSource::Default,
                redaction: &redaction,
            };
            let (answer, approver, reason) = (Answer::Auto, Some(&approver), "it is fine");
            let at = DateTime::<Utc>::UNIX_EPOCH;
            batch.push(Stamped { at, event: Event::Decided { entry, answer, approver, reason } });
            if index % 2 == 0 {
                let (status, session_id) = (ResultStatus::Success, session_id.as_str());
                let event =
                    Event::Ended { action_id, session_id, status, error: None, duration_ms: Some(12) };
                batch.push(Stamped { at, event });
            }
        }
        let _ = trail.append(&batch).unwrap_or_else(|_| std::process::abort());
    }
    drop(trail);
    let reader = TrailReader::open(&path).unwrap_or_else(|_| std::process::abort());
    bencher.counter(ItemsCount::new(DECISIONS * 3 / 2)).bench_local(|| {
        let found = reader.verify(Vec::new(), |_, _| {}).unwrap_or_else(|_| std::process::abort());
        assert!(found.is_sound());
    });
}
