//! How many records a second each export writes, from a log of 300,000 actions. `AEGIS_BENCH_ROWS` sets
//! another number.
//!
//! `cargo bench -p aegis-audit --bench export`

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::OnceLock;

use aegis_audit::TrailError;
use aegis_audit::sqlite::TrailReader;
use aegis_ledger::answer::ResultStatus;
use aegis_ledger::export::{ExportFormat, RecordWriter};
use aegis_ledger::filter::Filter;
use aegis_testkit::{Case, Place, append_cases};
use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, counter::ItemsCount};

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
    static LOGS: [OnceLock<Place>; 3] = [const { OnceLock::new() }; 3];
    let made = LOGS.get(content as usize).unwrap_or_else(|| std::process::abort());
    &made.get_or_init(|| filled(content)).log
}

fn filled(content: Content) -> Place {
    let words = if matches!(content, Content::Foreign) { "删除 données\u{202e}\\n" } else { "look it up" };
    let case = Case::new(&format!(
        r#"{{"type":"read","target":"crm","agent":"assistant-7","description":"{words}, then go on",
        "params":{{"id":1234567,"fields":["name","email"],"where":"{words}","limit":2.5}}}}"#
    ));
    let cases = (0..rows()).map(|row| {
        let after = TimeDelta::milliseconds(i64::try_from(row).unwrap_or(0) * 1234);
        Case { at: DateTime::<Utc>::UNIX_EPOCH + after, ..case.clone().number(row) }
    });
    let place = Place::new();
    append_cases(&mut place.open(), cases, |row, case| {
        let ends = matches!(content, Content::Ended) && row % 2 == 0;
        let ended = ends.then(|| case.ended(ResultStatus::Success, None));
        [case.decided()].into_iter().chain(ended).collect()
    });
    place
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
