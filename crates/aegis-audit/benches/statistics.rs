//! How long it takes to count a log of a million events. `AEGIS_BENCH_ROWS` sets another number, and
//! `AEGIS_BENCH_LOG` names a log to make once and keep.
//!
//! `cargo bench -p aegis-audit --bench statistics`

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, TrailError};
use aegis_engine::{ApprovalMode, Source, load};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::Stamped;
use aegis_ledger::filter::Filter;
use aegis_testkit::{Append as _, Case, Chance, PATIENCE, Place};
use chrono::{DateTime, TimeDelta, Utc};
use divan::Bencher;

const POLICY: &[u8] = b"version: '1'\nrules:
  - { name: reads_are_fine, match: { type: [read, search, list] }, approval: auto, risk_level: low }
  - { name: deletes_are_blocked, match: { type: [delete, drop] }, approval: block, risk_level: critical }
  - { name: mail_needs_approval, match: { type: send_mail }, approval: approve, risk_level: medium }
  - { name: payments_need_approval, match: { type: pay }, approval: approve, risk_level: critical }
  - { name: web_is_fine, match: { target: 'web_*' }, approval: auto }\n";

/// Types of action, and how many of a hundred are of each.
const TYPES: [(&str, usize); 9] = [
    ("read", 40),
    ("search", 14),
    ("list", 12),
    ("update", 12),
    ("send_mail", 8),
    ("fetch", 7),
    ("delete", 4),
    ("pay", 2),
    ("drop", 1),
];
const TARGETS: [&str; 8] =
    ["crm", "ledger", "mailbox", "web_docs", "web_shop", "warehouse", "tickets", "calendar"];
const AGENTS: [&str; 5] = ["support-bot", "sales-bot", "research", "coder", "night-shift"];

fn main() {
    divan::main();
}

fn log() -> &'static Path {
    static LOG: OnceLock<(Option<Place>, PathBuf)> = OnceLock::new();
    &LOG.get_or_init(|| {
        let rows = std::env::var("AEGIS_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok());
        let (place, path) = match std::env::var_os("AEGIS_BENCH_LOG") {
            Some(path) => (None, PathBuf::from(path)),
            None => {
                let place = Place::new();
                let path = place.log.clone();
                (Some(place), path)
            }
        };
        if !path.exists() {
            Writer::new(&path).fill(rows.unwrap_or(1_000_000)).unwrap_or_else(|_| std::process::abort());
        }
        (place, path)
    })
    .1
}

/// An action that happened, and how it ended.
struct History {
    case: Case,
    status: Option<ResultStatus>,
}

impl History {
    fn events(&self) -> Vec<Stamped<'_>> {
        let mut events = Vec::new();
        if self.case.decision.approval() == ApprovalMode::Approve {
            events.extend([self.case.requested(), self.case.answered()]);
        }
        events.push(self.case.decided());
        if let Some(status) = self.status.filter(|_| self.case.answer.is_allowed()) {
            let error = (status == ResultStatus::Failed).then_some("the system did not answer");
            events.push(self.case.ended(status, error));
        }
        events
    }
}

/// Fills a log with the lives of actions.
struct Writer {
    trail: Journal,
    cases: Vec<Case>,
    chance: Chance,
}

impl Writer {
    fn new(path: &Path) -> Writer {
        let policy = load(&[Source { text: POLICY }]).policy.unwrap_or_else(|| std::process::abort());
        let mut chance = Chance::new(7);
        let mut types = Vec::new();
        for (kind, times) in TYPES {
            types.extend(std::iter::repeat_n(kind, times));
        }
        let cases = (0..5000)
            .map(|index| {
                let (kind, target, agent) =
                    (chance.one_of(&types), chance.one_of(&TARGETS), chance.one_of(&AGENTS));
                let json = format!(
                    r#"{{"type":"{kind}","target":"{target}","agent":"{agent}","params":{{"id":{index},"fields":["name","email"]}}}}"#,
                );
                Case::under(&policy, &json)
            })
            .collect();
        let trail = Journal::open(path, PATIENCE).unwrap_or_else(|_| std::process::abort());
        Writer { trail, cases, chance }
    }

    /// Three weeks of working days, however many events those have.
    fn fill(&mut self, rows: usize) -> Result<(), TrailError> {
        let step = 21 * 86_400_000 / rows.max(1) + 1;
        let mut at: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_760);
        let mut written = 0;
        while written < rows {
            let mut lives = Vec::new();
            for index in 0..500 {
                at += TimeDelta::milliseconds(i64::try_from(self.chance.below(3 * step)).unwrap_or(1));
                let quiet = !(7..19).contains(&(at.timestamp() / 3600 % 24));
                if quiet && self.chance.below(8) > 0 {
                    continue;
                }
                let case = self.chance.below(self.cases.len());
                let Some(case) = self.cases.get(case) else { continue };
                let case = Case { at, ..case.clone().number(written + index) };
                lives.push(life(case, (written + index) / 40, &mut self.chance));
            }
            let events: Vec<_> = lives.iter().flat_map(History::events).collect();
            written += events.len();
            let _ = self.trail.append(&events)?;
        }
        Ok(())
    }
}

fn life(case: Case, session: usize, chance: &mut Chance) -> History {
    let (answered, how) = (chance.below(100), chance.below(100));
    let waited_ms = 900 + (chance.below(300) * chance.below(300)) as u64 * 3;
    let case = Case { waited_ms: Some(waited_ms), ..case.session(&format!("{session:012x}")) };
    let user = if how < 70 { "ana" } else { "bo" };
    let case = match (case.decision.approval(), answered) {
        (ApprovalMode::Approve, 0..78) => case.answered_by(Answer::Approved, user),
        (ApprovalMode::Approve, 78..90) => case.answered_by(Answer::Denied, user),
        // As the policy says, or as where nobody answers.
        _ => case,
    };
    let status = match how {
        0..34 => Some(ResultStatus::Success),
        34..37 => Some(ResultStatus::Failed),
        _ => None,
    };
    History { case, status }
}

fn count(bencher: Bencher<'_, '_>, filter: &Filter) {
    let path = log();
    bencher.bench_local(|| {
        let read = TrailReader::open(path).and_then(|reader| reader.statistics(filter, 5, |_| ()));
        read.map_or_else(|_| std::process::abort(), |statistics| statistics.total)
    });
}

#[divan::bench(sample_count = 5)]
fn everything(bencher: Bencher<'_, '_>) {
    count(bencher, &Filter::default());
}

#[divan::bench(sample_count = 5)]
fn one_agent(bencher: Bencher<'_, '_>) {
    count(bencher, &Filter { agent: Some("coder".to_owned()), ..Filter::default() });
}

#[divan::bench(sample_count = 5)]
fn what_was_blocked(bencher: Bencher<'_, '_>) {
    count(bencher, &Filter { decision: vec![Answer::Block], ..Filter::default() });
}
