//! How long it takes to count a log of a million events. `AEGIS_BENCH_ROWS` sets another number, and `AEGIS_BENCH_LOG` names
//! a log to make once and keep.
//!
//! `cargo bench -p aegis-audit --bench statistics`

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use aegis_audit::{
    Answer, ApproverIdentity, Entry, Event, Filter, PathSource, ResultStatus, Stamped, Trail, TrailError,
    TrailReader,
};
use aegis_engine::{Action, ApprovalMode, Decision, Digest, Redaction, Source, load};
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
    static LOG: OnceLock<(Option<tempfile::TempDir>, PathBuf)> = OnceLock::new();
    &LOG.get_or_init(|| {
        let rows = std::env::var("AEGIS_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok());
        let (directory, path) = match std::env::var_os("AEGIS_BENCH_LOG") {
            Some(path) => (None, PathBuf::from(path)),
            None => {
                let directory = tempfile::tempdir().unwrap_or_else(|_| std::process::abort());
                let path = directory.path().join("log.db");
                (Some(directory), path)
            }
        };
        if !path.exists() {
            Writer::new(&path).fill(rows.unwrap_or(1_000_000)).unwrap_or_else(|_| std::process::abort());
        }
        (directory, path)
    })
    .1
}

/// Numbers without a pattern, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }
}

static REDACTION: LazyLock<Redaction> = LazyLock::new(Redaction::default);

/// An action, what the policy says of it, and its digest.
struct Case {
    action: Action,
    decision: Decision,
    sha256: Digest,
}

/// An action that happened.
struct Life<'a> {
    case: &'a Case,
    id: String,
    session: String,
    at: DateTime<Utc>,
    answer: Answer,
    approver: Option<ApproverIdentity>,
    waited_ms: u64,
    status: Option<ResultStatus>,
}

impl Life<'_> {
    fn events(&self) -> Vec<Stamped<'_>> {
        let entry = Entry {
            action_id: &self.id,
            session_id: &self.session,
            action: &self.case.action,
            action_sha256: self.case.sha256,
            decision: &self.case.decision,
            policy_sha256: Digest::of(POLICY),
            host: "build-17",
            user: "agent",
            policy_source: PathSource::Argument,
            log_source: PathSource::Argument,
            redaction: &REDACTION,
        };
        let (action_id, session_id, approver) =
            (self.id.as_str(), self.session.as_str(), self.approver.as_ref());
        let mut events = Vec::new();
        if self.case.decision.approval() == ApprovalMode::Approve {
            events.push(Event::Requested { entry });
            events.push(Event::Answered {
                action_id,
                session_id,
                answer: self.answer,
                approver,
                note: None,
                waited_ms: Some(self.waited_ms),
            });
        }
        events.push(Event::Decided {
            entry,
            answer: self.answer,
            approver,
            reason: self.case.decision.reason(),
        });
        if let Some(status) = self.status.filter(|_| self.answer.is_allowed()) {
            let error = (status == ResultStatus::Failed).then_some("the system did not answer");
            events.push(Event::Ended { action_id, session_id, status, error, duration_ms: Some(120) });
        }
        events.into_iter().map(|event| Stamped { at: self.at, event }).collect()
    }
}

/// Fills a log with the lives of actions.
struct Writer {
    trail: Trail,
    cases: Vec<Case>,
    numbers: Numbers,
}

impl Writer {
    fn new(path: &Path) -> Writer {
        let policy = load(&[Source { text: POLICY }]).policy.unwrap_or_else(|| std::process::abort());
        let mut numbers = Numbers(7);
        let mut types = Vec::new();
        for (kind, times) in TYPES {
            types.extend(std::iter::repeat_n(kind, times));
        }
        let cases = (0..5000)
            .map(|index| {
                let (kind, target, agent) =
                    (numbers.one_of(&types), numbers.one_of(&TARGETS), numbers.one_of(&AGENTS));
                let json = format!(
                    r#"{{"type":"{kind}","target":"{target}","agent":"{agent}","params":{{"id":{index},"fields":["name","email"]}}}}"#,
                );
                let action = Action::from_json(json.as_bytes()).unwrap_or_else(|_| std::process::abort());
                let decision = policy.decide(&action, DateTime::<Utc>::UNIX_EPOCH);
                Case { sha256: action.digest(), action, decision }
            })
            .collect();
        let trail = Trail::open(path, Duration::from_secs(10)).unwrap_or_else(|_| std::process::abort());
        Writer { trail, cases, numbers }
    }

    /// Three weeks of working days, however many events those have.
    fn fill(&mut self, rows: usize) -> Result<(), TrailError> {
        let step = 21 * 86_400_000 / rows.max(1) + 1;
        let mut at: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_760);
        let mut written = 0;
        while written < rows {
            let mut lives = Vec::new();
            for index in 0..500 {
                at += TimeDelta::milliseconds(i64::try_from(self.numbers.below(3 * step)).unwrap_or(1));
                let quiet = !(7..19).contains(&(at.timestamp() / 3600 % 24));
                if quiet && self.numbers.below(8) > 0 {
                    continue;
                }
                let case = self.numbers.below(self.cases.len());
                let chance = (self.numbers.below(100), self.numbers.below(100));
                let waited_ms = 900 + (self.numbers.below(300) * self.numbers.below(300)) as u64 * 3;
                let Some(case) = self.cases.get(case) else { continue };
                lives.push(life(case, written + index, at, chance, waited_ms));
            }
            let events: Vec<_> = lives.iter().flat_map(Life::events).collect();
            written += events.len();
            let _ = self.trail.append(&events)?;
        }
        Ok(())
    }
}

fn life(case: &Case, number: usize, at: DateTime<Utc>, chance: (usize, usize), waited_ms: u64) -> Life<'_> {
    let answer = match (case.decision.approval(), chance.0) {
        (ApprovalMode::Auto, _) => Answer::Auto,
        (ApprovalMode::Block, _) => Answer::Block,
        (ApprovalMode::Approve, 0..78) => Answer::Approved,
        (ApprovalMode::Approve, 78..90) => Answer::Denied,
        (ApprovalMode::Approve, _) => Answer::Unanswered,
    };
    let approver = match answer {
        Answer::Auto => Some(ApproverIdentity::rule()),
        Answer::Approved | Answer::Denied => {
            Some(ApproverIdentity::terminal(if chance.1 < 70 { "ana" } else { "bo" }.to_owned()))
        }
        Answer::Block | Answer::Unanswered => None,
    };
    let status = match chance.1 {
        0..34 => Some(ResultStatus::Success),
        34..37 => Some(ResultStatus::Failed),
        _ => None,
    };
    let session = format!("{:012x}", number / 40);
    Life {
        case,
        id: format!("01a20843-3085-70ba-97dd-{number:012x}"),
        session,
        at,
        answer,
        approver,
        waited_ms,
        status,
    }
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
