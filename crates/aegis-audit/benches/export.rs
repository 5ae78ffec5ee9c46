//! How many records a second each export writes, from a log of 300,000 actions. `AEGIS_BENCH_ROWS` sets another number.
//!
//! `cargo bench -p aegis-audit --bench export`

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use aegis_audit::{
    Answer, ApproverIdentity, Entry, Event, ExportFormat, Filter, PathSource, RecordWriter, ResultStatus,
    Stamped, Trail, TrailError, TrailReader,
};
use aegis_engine::{Action, Digest, Redaction, Source, load};
use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, counter::ItemsCount};

const POLICY: &[u8] =
    b"version: '1'\nrules:\n  - { name: reads_are_fine, match: { type: read }, approval: auto }\n";
/// Actions a transaction.
const BATCH: usize = 1000;

fn main() {
    divan::main();
}

/// What is in a log.
#[derive(Clone, Copy)]
enum Content {
    /// Printable ASCII alone.
    Plain,
    /// Words of other scripts, and characters that must be escaped.
    Foreign,
    /// Actions of which every other one ended.
    Ended,
}

fn rows() -> usize {
    std::env::var("AEGIS_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(300_000)
}

fn log(content: Content) -> &'static Path {
    static LOGS: [OnceLock<(tempfile::TempDir, PathBuf)>; 3] = [const { OnceLock::new() }; 3];
    let made = LOGS.get(content as usize).unwrap_or_else(|| std::process::abort());
    &made
        .get_or_init(|| {
            let directory = tempfile::tempdir().unwrap_or_else(|_| std::process::abort());
            let path = directory.path().join("log.db");
            fill(&path, content).unwrap_or_else(|_| std::process::abort());
            (directory, path)
        })
        .1
}

fn fill(path: &Path, content: Content) -> Result<(), TrailError> {
    let words = if matches!(content, Content::Foreign) { "删除 données\u{202e}\\n" } else { "look it up" };
    let json = format!(
        r#"{{"type":"read","target":"crm","agent":"assistant-7","description":"{words}, then go on",
        "params":{{"id":1234567,"fields":["name","email"],"where":"{words}","limit":2.5}}}}"#
    );
    let policy = load(&[Source { text: POLICY }]).policy.unwrap_or_else(|| std::process::abort());
    let action = Action::from_json(json.as_bytes()).unwrap_or_else(|_| std::process::abort());
    let decision = policy.decide(&action, DateTime::UNIX_EPOCH);
    let (action_sha256, approver) = (action.digest(), ApproverIdentity::rule());
    let mut trail = Trail::open(path, Duration::from_secs(10))?;
    let redaction = Redaction::default();
    for first in (0..rows()).step_by(BATCH) {
        let ids: Vec<_> =
            (first..first + BATCH).map(|row| format!("01a20843-3085-70ba-97dd-{row:012x}")).collect();
        let mut events = Vec::new();
        for (row, action_id) in (first..).zip(&ids) {
            let at =
                DateTime::<Utc>::UNIX_EPOCH + TimeDelta::milliseconds(i64::try_from(row).unwrap_or(0) * 1234);
            let entry = Entry {
                action_id,
                session_id: "415dc1299d89",
                action: &action,
                action_sha256,
                decision: &decision,
                policy_sha256: Digest::of(POLICY),
                host: "host-17.example.org",
                user: "ana",
                policy_source: PathSource::Default,
                log_source: PathSource::Default,
                redaction: &redaction,
            };
            let decided = Event::Decided {
                entry,
                answer: Answer::Auto,
                approver: Some(&approver),
                reason: "it is fine",
            };
            events.push(Stamped { at, event: decided });
            if matches!(content, Content::Ended) && row % 2 == 0 {
                let (session_id, status) = ("415dc1299d89", ResultStatus::Success);
                let event =
                    Event::Ended { action_id, session_id, status, error: None, duration_ms: Some(12) };
                events.push(Stamped { at, event });
            }
        }
        let _ = trail.append(&events)?;
    }
    Ok(())
}

/// Takes everything, as fast as can be, in pieces as large as the program writes.
fn sink() -> impl Write {
    BufWriter::with_capacity(256 * 1024, io::sink())
}

fn export(bencher: Bencher<'_, '_>, format: ExportFormat, content: Content) {
    let path = log(content);
    bencher.counter(ItemsCount::new(rows())).bench_local(|| {
        let reader = TrailReader::open(path)?;
        let mut writer = RecordWriter::new(format, sink())?;
        let count = reader.export(&Filter::default(), &mut writer, |_| ())?;
        writer.finish()?;
        Ok::<_, TrailError>(count)
    });
}

#[divan::bench(sample_count = 5, args = ExportFormat::ALL)]
fn plain(bencher: Bencher<'_, '_>, format: ExportFormat) {
    export(bencher, format, Content::Plain);
}

#[divan::bench(sample_count = 5, args = ExportFormat::ALL)]
fn foreign(bencher: Bencher<'_, '_>, format: ExportFormat) {
    export(bencher, format, Content::Foreign);
}

#[divan::bench(sample_count = 5)]
fn half_of_them_ended(bencher: Bencher<'_, '_>) {
    export(bencher, ExportFormat::Jsonl, Content::Ended);
}

#[divan::bench(sample_count = 5)]
fn newest_first(bencher: Bencher<'_, '_>) {
    let path = log(Content::Plain);
    let filter = Filter { reverse: true, ..Filter::default() };
    bencher.counter(ItemsCount::new(rows())).bench_local(|| {
        let mut writer = RecordWriter::new(ExportFormat::Jsonl, sink())?;
        TrailReader::open(path)?.export(&filter, &mut writer, |_| ())
    });
}
