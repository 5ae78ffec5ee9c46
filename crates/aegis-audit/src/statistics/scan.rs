//! One pass over the events that give a filter's records.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;
use std::path::Path;

use aegis_engine::RiskLevel;
use chrono::DateTime;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Deserialize;

use super::names::{Counter, MAX_NAMES, Sample};
use super::times::Times;
use super::waits::Durations;
use super::{Asked, Habit, NewestEvent, Results, Risks, Statistics, Tally};
use crate::answer::{Answer, ApproverIdentity, ResultStatus};
use crate::error::TrailError;
use crate::event::kind;
use crate::export::approver_word;
use crate::index::{Selection, block_of};
use crate::query::Filter;

/// How many rules and approvers have their answers' durations kept apart.
const MAX_ASKED: usize = 1000;
/// How many kinds of question are followed.
const MAX_HABITS: usize = 10_000;
/// Where at least one of so many neighbours is wanted, all of them are read: that costs less than finding each.
const DENSE: u64 = 4;

/// What of an entry's body is counted.
#[derive(Deserialize)]
struct Counted<'a> {
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    #[serde(borrow)]
    agent: Option<Word<'a>>,
    #[serde(borrow)]
    action_type: Cow<'a, str>,
    #[serde(borrow)]
    action_target: Cow<'a, str>,
    risk_level: RiskLevel,
    #[serde(borrow)]
    matched_rule: Cow<'a, str>,
    decision: Option<Answer>,
    approver: Option<ApproverIdentity>,
    result_status: Option<ResultStatus>,
}

/// A string that is borrowed where it can be; serde does that for `Cow` alone, not inside an `Option`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

/// How long a question stood, from the body of an `answered` event.
#[derive(Deserialize)]
struct Waited {
    #[serde(default)]
    waited_ms: Option<u64>,
}

/// What is counted for a rule or an approver.
#[derive(Debug, Default)]
struct Asking {
    tally: Tally,
    durations: Durations,
}

/// Reads what the filter lets through, and counts it. Tells `progress` how many actions it has counted, now and then.
///
/// Everything is read through one connection, on which a transaction should keep the log as it is.
pub(crate) fn read(
    connection: &Connection,
    path: &Path,
    filter: &Filter,
    often: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Statistics, TrailError> {
    // The order is of no matter; from the newest on, a limit needs no list of numbers.
    let filter = Filter { reverse: true, ..filter.clone() };
    let selection = Selection::new(connection, path, &filter)?;
    let mut scan =
        Scan { connection, path, selection: &selection, counts: Counts::new(), last_answered: None };
    let mut wanted = Vec::new();
    selection.for_each(|seq| {
        if wanted.last().is_some_and(|last| block_of(*last) != block_of(seq)) {
            scan.read_all(&mut wanted)?;
            progress(scan.counts.total.total());
        }
        wanted.push(seq);
        Ok::<_, TrailError>(ControlFlow::Continue(()))
    })?;
    scan.read_all(&mut wanted)?;
    let newest = connection
        .query_row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok(NewestEvent { seq: row.get(0)?, hash: hex::encode(row.get::<_, Vec<u8>>(1)?) })
        })
        .optional()
        .map_err(|error| TrailError::sqlite(path, error))?;
    Ok(Statistics { newest, ..scan.counts.finish(often) })
}

/// Reads events, of one block at a time.
struct Scan<'a> {
    connection: &'a Connection,
    path: &'a Path,
    selection: &'a Selection<'a>,
    counts: Counts,
    /// The action of the `answered` event that was read last, and how long it says that the question stood: mostly the
    /// next event is the decision that it led to.
    last_answered: Option<(String, Option<u64>)>,
}

impl Scan<'_> {
    /// Counts the events of these numbers, which are of one block, newest first. Leaves the list empty.
    fn read_all(&mut self, wanted: &mut Vec<u64>) -> Result<(), TrailError> {
        let (Some(last), Some(first)) = (wanted.first().copied(), wanted.last().copied()) else {
            return Ok(());
        };
        if (wanted.len() as u64).saturating_mul(DENSE) > last - first {
            self.read_neighbours(first, last, wanted)?;
        } else {
            self.read_each(wanted)?;
        }
        wanted.clear();
        Ok(())
    }

    /// Reads all events from the first to the last, and counts those that are wanted.
    fn read_neighbours(&mut self, first: u64, last: u64, wanted: &[u64]) -> Result<(), TrailError> {
        let (connection, path) = (self.connection, self.path);
        let failed = |error| TrailError::sqlite(path, error);
        let mut statement = connection
            .prepare_cached(
                "SELECT seq, at, body, kind, action_id FROM events WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
            )
            .map_err(failed)?;
        let mut rows = statement.query([first, last]).map_err(failed)?;
        let mut wanted = wanted.iter().rev().copied().peekable();
        self.last_answered = None;
        while let Some(row) = rows.next().map_err(failed)? {
            let seq = row.get(0).map_err(failed)?;
            if wanted.next_if_eq(&seq).is_some() {
                self.count(seq, row)?;
            } else if row.get_ref(3).and_then(|kind| Ok(kind.as_str()?)).is_ok_and(|it| it == kind::ANSWERED)
            {
                self.last_answered = remember_answered(row).ok();
            }
        }
        Ok(())
    }

    /// Finds each of the events, and counts it.
    fn read_each(&mut self, wanted: &[u64]) -> Result<(), TrailError> {
        let (connection, path) = (self.connection, self.path);
        let failed = |error| TrailError::sqlite(path, error);
        let mut statement = connection
            .prepare_cached("SELECT seq, at, body, kind, action_id FROM events WHERE seq = ?1")
            .map_err(failed)?;
        self.last_answered = None;
        for seq in wanted {
            let mut rows = statement.query([seq]).map_err(failed)?;
            if let Some(row) = rows.next().map_err(failed)? {
                self.count(*seq, row)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, seq: u64, row: &Row<'_>) -> Result<(), TrailError> {
        let (at, body) = time_and_body(row).map_err(|problem| self.unreadable(seq, &problem))?;
        let body: Counted<'_> =
            serde_json::from_str(body).map_err(|error| self.unreadable(seq, &error.to_string()))?;
        let answered = matches!(body.decision, Some(Answer::Approved | Answer::Denied));
        let waited = if answered { self.waited(row)? } else { None };
        let result = self.selection.outcome(seq).and_then(ResultStatus::from_word).or(body.result_status);
        self.counts.count(at, &body, result, waited);
        Ok(())
    }

    /// How long the question stood before the answer that led to this decision.
    fn waited(&self, row: &Row<'_>) -> Result<Option<u64>, TrailError> {
        let failed = |error| TrailError::sqlite(self.path, error);
        let action_id = row.get_ref(4).and_then(|id| Ok(id.as_str()?)).map_err(failed)?;
        if let Some((last, waited)) = &self.last_answered
            && last == action_id
        {
            return Ok(*waited);
        }
        let body: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT body FROM events WHERE action_id = ?1 AND kind = 'answered' ORDER BY seq DESC LIMIT 1",
            )
            .and_then(|mut statement| statement.query_row([action_id], |row| row.get(0)).optional())
            .map_err(failed)?;
        Ok(body.and_then(|body| serde_json::from_str::<Waited>(&body).ok()?.waited_ms))
    }

    fn unreadable(&self, seq: u64, problem: &str) -> TrailError {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        TrailError::Unreadable { path: self.path.to_owned(), seq, problem: problem.to_owned() }
    }
}

fn remember_answered(row: &Row<'_>) -> rusqlite::Result<(String, Option<u64>)> {
    let waited = serde_json::from_str::<Waited>(row.get_ref(2)?.as_str()?).ok();
    Ok((row.get(4)?, waited.and_then(|body| body.waited_ms)))
}

fn time_and_body<'r>(row: &'r Row<'_>) -> Result<(i64, &'r str), String> {
    let at = row.get_ref(1).ok().and_then(|at| at.as_i64().ok()).ok_or("its `at` has a wrong type")?;
    if DateTime::from_timestamp_millis(at).is_none() {
        return Err("its time is out of range".to_owned());
    }
    let body = row.get_ref(2).ok().and_then(|body| body.as_str().ok()).ok_or("its `body` is not text")?;
    Ok((at, body))
}

/// What has been counted so far.
#[derive(Debug)]
struct Counts {
    total: Tally,
    risks: Risks,
    results: Results,
    sessions: Sample,
    last_session: String,
    rules: Counter<Tally>,
    agents: Counter<Tally>,
    types: Counter<Tally>,
    targets: Counter<Tally>,
    times: Times,
    durations: Durations,
    asked_by_rule: Counter<Asking>,
    approvers: Counter<Asking>,
    /// By the numbers of rule, type and target.
    habits: HashMap<[usize; 3], Tally>,
    habits_left_out: u64,
}

impl Counts {
    fn new() -> Counts {
        Counts {
            total: Tally::default(),
            risks: Risks::default(),
            results: Results::default(),
            sessions: Sample::default(),
            last_session: String::new(),
            rules: Counter::new(MAX_NAMES),
            agents: Counter::new(MAX_NAMES),
            types: Counter::new(MAX_NAMES),
            targets: Counter::new(MAX_NAMES),
            times: Times::new(),
            durations: Durations::default(),
            asked_by_rule: Counter::new(MAX_ASKED),
            approvers: Counter::new(MAX_ASKED),
            habits: HashMap::new(),
            habits_left_out: 0,
        }
    }

    fn count(&mut self, at: i64, body: &Counted<'_>, result: Option<ResultStatus>, waited: Option<u64>) {
        let answer = body.decision;
        self.total.count(answer);
        self.risks.of_mut(body.risk_level).count(answer);
        self.results.count(result);
        self.times.count(at, answer);
        // Actions of one session mostly stand together.
        if self.total.total() == 1 || self.last_session != body.session_id {
            self.sessions.add(&body.session_id);
            self.last_session.clear();
            self.last_session.push_str(&body.session_id);
        }
        match &body.agent {
            Some(Word(agent)) => self.agents.of(agent).1.count(answer),
            None => self.agents.unnamed().count(answer),
        }
        let (rule, tally) = self.rules.of(&body.matched_rule);
        tally.count(answer);
        let (kind, tally) = self.types.of(&body.action_type);
        tally.count(answer);
        let (target, tally) = self.targets.of(&body.action_target);
        tally.count(answer);
        if !matches!(answer, Some(Answer::Auto | Answer::Block)) {
            self.count_asked(body, [rule, kind, target], waited);
        }
    }

    /// Counts a question that a human had to be asked.
    fn count_asked(&mut self, body: &Counted<'_>, question: [Option<usize>; 3], waited: Option<u64>) {
        let asking = self.asked_by_rule.of(&body.matched_rule).1;
        asking.tally.count(body.decision);
        if let Some(waited) = waited {
            asking.durations.add(waited);
            self.durations.add(waited);
        }
        if let Some(approver) = &body.approver {
            let answering = self.approvers.of(&approver_word(approver)).1;
            answering.tally.count(body.decision);
            if let Some(waited) = waited {
                answering.durations.add(waited);
            }
        }
        match question {
            [Some(rule), Some(kind), Some(target)] => {
                let full = self.habits.len() >= MAX_HABITS;
                match self.habits.entry([rule, kind, target]) {
                    Entry::Vacant(_) if full => self.habits_left_out += 1,
                    entry => entry.or_default().count(body.decision),
                }
            }
            _ => self.habits_left_out += 1,
        }
    }

    fn finish(self, often: u64) -> Statistics {
        let often = often.max(1);
        let alike = |times: fn(&Tally) -> u64| {
            // What is still open says nothing either way.
            move |tally: &Tally| times(tally) >= often && times(tally) == tally.asked() - tally.open
        };
        let always_approved = self.habits(alike(|tally| tally.approved));
        let always_denied = self.habits(alike(|tally| tally.denied));
        let asked = |asking: Asking| Asked { tally: asking.tally, waits: asking.durations.finish() };
        let by_asked = |asked: &Asked| asked.tally.total();
        let period = self.times.period();
        let (series, week) = self.times.finish();
        Statistics {
            newest: None,
            period,
            total: self.total,
            risks: self.risks,
            results: self.results,
            sessions: self.sessions.distinct(),
            rules: self.rules.finish(|tally| tally, Tally::total),
            agents: self.agents.finish(|tally| tally, Tally::total),
            types: self.types.finish(|tally| tally, Tally::total),
            targets: self.targets.finish(|tally| tally, Tally::total),
            series,
            week,
            waits: self.durations.finish(),
            asked_by_rule: self.asked_by_rule.finish(asked, by_asked),
            approvers: self.approvers.finish(asked, by_asked),
            always_approved,
            always_denied,
            habits_left_out: self.habits_left_out,
        }
    }

    /// The questions whose tallies are as wanted, most frequent first.
    fn habits(&self, wanted: impl Fn(&Tally) -> bool) -> Vec<Habit> {
        let (rules, types, targets) = (self.rules.names(), self.types.names(), self.targets.names());
        let name = |names: &[&str], number: usize| names.get(number).copied().unwrap_or_default().to_owned();
        let mut habits: Vec<_> = self
            .habits
            .iter()
            .filter(|(_, tally)| wanted(tally))
            .map(|([rule, kind, target], tally)| Habit {
                rule: name(&rules, *rule),
                action_type: name(&types, *kind),
                target: name(&targets, *target),
                times: tally.asked() - tally.open,
            })
            .collect();
        habits.sort_by(|a, b| {
            let key = |habit: &Habit| (habit.rule.clone(), habit.action_type.clone(), habit.target.clone());
            b.times.cmp(&a.times).then_with(|| key(a).cmp(&key(b)))
        });
        habits
    }
}
