//! How long it takes to ask a log of a million actions. `AEGIS_BENCH_ROWS` sets another number.
//!
//! `cargo bench -p aegis-audit --bench query`

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;

use aegis_audit::TrailError;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::RiskLevel;
use aegis_ledger::filter::Filter;
use aegis_testkit::{Case, Place, append_cases};
use chrono::{DateTime, TimeDelta, Utc};
use divan::Bencher;

fn main() {
    divan::main();
}

/// A log of as many actions as wanted: of ten agents, of which one is rare; one in 10,000 is a refused
/// deletion.
fn log() -> &'static PathBuf {
    static LOG: OnceLock<Place> = OnceLock::new();
    &LOG.get_or_init(|| {
        let rows = std::env::var("AEGIS_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok());
        filled(rows.unwrap_or(1_000_000))
    })
    .log
}

fn filled(rows: usize) -> Place {
    let cases: Vec<_> = (0..10_000)
        .map(|index| {
            let (kind, agent) = match index {
                5000 => ("delete", "rare".to_owned()),
                _ => ("read", format!("agent-{}", index % 9)),
            };
            Case::new(&format!(
                r#"{{"type":"{kind}","target":"system-{}","agent":"{agent}","params":{{"id":{index},"fields":["name","email"]}}}}"#,
                index % 40
            ))
        })
        .collect();
    let mut at = DateTime::<Utc>::UNIX_EPOCH;
    let happened = (0..rows).zip(cases.iter().cycle()).map(|(row, case)| {
        at += TimeDelta::seconds(1);
        Case { at, ..case.clone().number(row) }
    });
    let place = Place::new();
    append_cases(&mut place.open(), happened, |_, case| vec![case.decided()]);
    place
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
