//! How long it takes to ask a log of a million actions. `AEGIS_BENCH_ROWS` sets another number.
//!
//! `cargo bench -p aegis-audit --bench query`

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use aegis_audit::{
    Answer, ApproverIdentity, Entry, Event, Filter, PathSource, Stamped, Trail, TrailError, TrailReader,
};
use aegis_engine::{Action, Digest, Redaction, RiskLevel, Source, load};
use chrono::{DateTime, TimeDelta, Utc};
use divan::Bencher;

const POLICY: &[u8] = b"version: '1'\nrules:
  - { name: reads_are_fine, match: { type: read }, approval: auto, risk_level: low }
  - { name: deletes_are_blocked, match: { type: delete }, approval: block, risk_level: critical }\n";

fn main() {
    divan::main();
}

/// A log of as many actions as wanted: of ten agents, of which one is rare; one in 10,000 is a refused deletion.
fn log() -> &'static PathBuf {
    static LOG: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    &LOG.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap_or_else(|_| std::process::abort());
        let path = directory.path().join("log.db");
        let rows = std::env::var("AEGIS_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok());
        fill(&path, rows.unwrap_or(1_000_000)).unwrap_or_else(|_| std::process::abort());
        (directory, path)
    })
    .1
}

fn fill(path: &std::path::Path, rows: usize) -> Result<(), TrailError> {
    let policy = load(&[Source { text: POLICY }]).policy.unwrap_or_else(|| std::process::abort());
    let mut trail = Trail::open(path, Duration::from_secs(10))?;
    let approver = ApproverIdentity::rule();
    let mut at = DateTime::<Utc>::UNIX_EPOCH;
    let cases: Vec<_> = (0..10_000)
        .map(|index| {
            let (kind, agent) = match index {
                5000 => ("delete", "rare".to_owned()),
                _ => ("read", format!("agent-{}", index % 9)),
            };
            let json = format!(
                r#"{{"type":"{kind}","target":"system-{}","agent":"{agent}","params":{{"id":{index},"fields":["name","email"]}}}}"#,
                index % 40
            );
            let action = Action::from_json(json.as_bytes()).unwrap_or_else(|_| std::process::abort());
            let decision = policy.decide(&action, at);
            (action, decision)
        })
        .collect();
    let sha256: Vec<_> = cases.iter().map(|(action, _)| action.digest()).collect();
    let cases: Vec<_> = cases.iter().zip(&sha256).collect();
    let redaction = Redaction::default();
    for first in (0..rows).step_by(1000) {
        let ids: Vec<_> =
            (first..first + 1000).map(|row| format!("01a20843-3085-70ba-97dd-{row:012x}")).collect();
        let events: Vec<_> = ids
            .iter()
            .zip(cases.iter().cycle().skip(first % cases.len()))
            .map(|(action_id, ((action, decision), action_sha256))| {
                at += TimeDelta::seconds(1);
                let entry = Entry {
                    action_id,
                    session_id: "415dc1299d89",
                    action,
                    action_sha256: **action_sha256,
                    decision,
                    redaction: &redaction,
                    policy_sha256: Digest::of(POLICY),
                    host: "host",
                    user: "user",
                    policy_source: PathSource::Default,
                    log_source: PathSource::Default,
                };
                let answer = if action.kind() == "delete" { Answer::Block } else { Answer::Auto };
                let event = Event::Decided { entry, answer, approver: Some(&approver), reason: "it is fine" };
                Stamped { at, event }
            })
            .collect();
        let _ = trail.append(&events)?;
    }
    Ok(())
}

fn page(bencher: Bencher<'_, '_>, filter: &Filter) {
    let path = log();
    // Opening is part of every question that is asked of the program.
    bencher.bench_local(|| {
        let mut found = 0;
        let read = TrailReader::open(path).and_then(|reader| {
            reader.records(filter, |_| {
                found += 1;
                Ok::<_, TrailError>(ControlFlow::Continue(()))
            })
        });
        (read.is_ok(), found)
    });
}

fn of(change: impl FnOnce(&mut Filter)) -> Filter {
    let mut filter = Filter { limit: Some(50), reverse: true, ..Filter::default() };
    change(&mut filter);
    filter
}

#[divan::bench(sample_count = 20)]
fn newest(bencher: Bencher<'_, '_>) {
    page(bencher, &of(|_| ()));
}

#[divan::bench(sample_count = 20)]
fn by_a_rare_agent(bencher: Bencher<'_, '_>) {
    page(bencher, &of(|filter| filter.agent = Some("rare".to_owned())));
}

#[divan::bench(sample_count = 20)]
fn by_a_frequent_agent_target_and_risk(bencher: Bencher<'_, '_>) {
    page(
        bencher,
        &of(|filter| {
            filter.agent = Some("agent-3".to_owned());
            filter.target = Some("system-3".to_owned());
            filter.risk = vec![RiskLevel::Low];
        }),
    );
}

#[divan::bench(sample_count = 20)]
fn by_what_never_comes_together(bencher: Bencher<'_, '_>) {
    page(
        bencher,
        &of(|filter| {
            filter.agent = Some("agent-3".to_owned());
            filter.risk = vec![RiskLevel::Critical];
        }),
    );
}

#[divan::bench(sample_count = 20)]
fn of_an_hour(bencher: Bencher<'_, '_>) {
    page(
        bencher,
        &of(|filter| {
            let start = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::hours(100);
            (filter.since, filter.until) = (Some(start), Some(start + TimeDelta::hours(1)));
        }),
    );
}
