//! Counting in one pass gives what counting record by record gives.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::identity;

use aegis_audit::TrailError;
use aegis_engine::RiskLevel;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::Stamped;
use aegis_ledger::export::approver_word;
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_ledger::statistics::{Distinct, Named, Names, Statistics, Tally, WAIT_BOUNDS_MS};
use aegis_testkit::{Append as _, Case, Place, append_one, scaled};
use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;

/// What happened to one action, by numbers.
#[derive(Clone, Debug)]
struct History {
    kind: &'static str,
    target: &'static str,
    agent: Option<&'static str>,
    session: u8,
    minutes: i64,
    answer: Option<Answer>,
    approver: &'static str,
    waited_ms: Option<u64>,
    /// How the action ended, as was said once or twice.
    ends: Vec<ResultStatus>,
    /// Whether other events stand between the answer and the decision.
    apart: bool,
}

fn life() -> impl Strategy<Value = History> {
    let asked = prop_oneof![
        4 => Just(Some(Answer::Approved)),
        2 => Just(Some(Answer::Denied)),
        1 => Just(Some(Answer::Unanswered)),
        1 => Just(None),
    ];
    (
        (
            select(&["read", "update", "update", "delete"][..]),
            select(&["crm", "web", "a \"quoted\" \u{1b} target"][..]),
        ),
        (option::of(select(&["ana", "bo"][..])), 0..4_u8, -60_000..60_000_i64),
        (asked, select(&["ana", "cy"][..]), option::of(0..200_000_u64)),
        vec(select(&[ResultStatus::Success, ResultStatus::Failed][..]), 0..3),
        any::<bool>(),
    )
        .prop_map(
            |((kind, target), (agent, session, minutes), (answer, approver, waited_ms), ends, apart)| {
                History { kind, target, agent, session, minutes, answer, approver, waited_ms, ends, apart }
            },
        )
}

impl History {
    fn case(&self, index: usize) -> Case {
        let agent = self.agent.map(|agent| format!(",\"agent\":\"{agent}\"")).unwrap_or_default();
        let target = serde_json::to_string(self.target).unwrap();
        let start: DateTime<Utc> = "2026-11-23T08:00:00Z".parse().unwrap();
        let case = Case::new(&format!(r#"{{"type":"{}","target":{target}{agent}}}"#, self.kind))
            .id(&format!("a{index}"))
            .session(&format!("s{}", self.session))
            .at(&(start + TimeDelta::minutes(self.minutes)).to_rfc3339());
        let case = Case { waited_ms: self.waited_ms, ..case };
        match (self.kind, self.answer) {
            ("update", Some(answer @ (Answer::Approved | Answer::Denied))) => {
                case.answered_by(answer, self.approver)
            }
            _ => case,
        }
    }

    fn is_asked(&self) -> bool {
        self.kind == "update"
    }

    fn is_answered(&self) -> bool {
        !self.is_asked() || self.answer.is_some()
    }
}

/// A log in which these lives were lived one after another, and outcomes became known at the end.
fn place(lives: &[History]) -> Place {
    let cases: Vec<_> = lives.iter().enumerate().map(|(index, life)| life.case(index)).collect();
    let mut events: Vec<Stamped<'_>> = Vec::new();
    for (life, case) in lives.iter().zip(&cases) {
        if life.is_asked() {
            events.push(case.requested());
        }
        if life.is_asked() && life.is_answered() {
            events.push(case.answered());
        }
        if !life.apart && life.is_answered() {
            events.push(case.decided());
        }
    }
    events.extend(
        lives
            .iter()
            .zip(&cases)
            .filter(|(life, _)| life.apart && life.is_answered())
            .map(|(_, case)| case.decided()),
    );
    for (life, case) in lives.iter().zip(&cases).rev().filter(|(_, case)| case.answer.is_allowed()) {
        events.extend(life.ends.iter().filter(|_| life.is_answered()).map(|end| case.ended(*end, None)));
    }
    let place = Place::new();
    let mut trail = place.open();
    for batch in events.chunks(1000) {
        let _ = trail.append(batch).unwrap();
    }
    place
}

fn counted(place: &Place, filter: &Filter) -> Statistics {
    place.read().statistics(filter, 2, |_| ()).unwrap()
}

fn tally(records: &[&Record]) -> Tally {
    let mut tally = Tally::default();
    for record in records {
        *match record.decision {
            Some(Answer::Auto) => &mut tally.auto,
            Some(Answer::Approved) => &mut tally.approved,
            Some(Answer::Denied) => &mut tally.denied,
            Some(Answer::Block) => &mut tally.block,
            Some(Answer::Unanswered) => &mut tally.unanswered,
            None => &mut tally.open,
        } += 1;
    }
    tally
}

fn grouped<'r, K: Ord>(records: &'r [Record], key: impl Fn(&'r Record) -> K) -> BTreeMap<K, Tally> {
    let mut groups = BTreeMap::<K, Vec<&Record>>::new();
    for record in records {
        groups.entry(key(record)).or_default().push(record);
    }
    groups.into_iter().map(|(key, records)| (key, tally(&records))).collect()
}

fn named<T: Clone, V>(names: &Names<T>, value: impl Fn(T) -> V) -> BTreeMap<Option<&str>, V> {
    names.named.iter().map(|Named { name, value: it }| (name.as_deref(), value(it.clone()))).collect()
}

/// Compares with what the records say.
fn compare(lives: &[History], records: &[Record], found: &Statistics) {
    let at = |record: &Record| record.timestamp.parse::<DateTime<Utc>>().unwrap();
    let all: Vec<_> = records.iter().collect();
    assert_eq!(found.total, tally(&all));
    let times = || records.iter().map(at);
    assert_eq!(found.period, times().min().zip(times().max()));
    assert_eq!(named(&found.rules, identity), grouped(records, |it| Some(it.matched_rule.as_str())));
    assert_eq!(named(&found.agents, identity), grouped(records, |it| it.agent.as_deref()));
    assert_eq!(named(&found.types, identity), grouped(records, |it| Some(it.action_type.as_str())));
    assert_eq!(named(&found.targets, identity), grouped(records, |it| Some(it.action_target.as_str())));
    let risks = grouped(records, |record| record.risk_level.as_str());
    for risk in RiskLevel::ALL {
        assert_eq!(*found.risks.of(risk), risks.get(risk.as_str()).copied().unwrap_or_default());
    }
    for result in ResultStatus::ALL.into_iter().map(Some).chain([None]) {
        let wanted = records.iter().filter(|record| record.result_status == result).count() as u64;
        assert_eq!(found.results.of(result), wanted, "{result:?}");
    }
    let sessions: BTreeSet<_> = records.iter().map(|record| &record.session_id).collect();
    assert_eq!(found.sessions, Distinct { count: sessions.len() as u64, estimated: false });
    let week = grouped(records, |record| {
        let at = at(record);
        (at.weekday().num_days_from_monday() as usize, at.hour() as usize)
    });
    for (day, hours) in found.week.days.iter().enumerate() {
        for (hour, tally) in hours.iter().enumerate() {
            assert_eq!(*tally, week.get(&(day, hour)).copied().unwrap_or_default(), "{day} {hour}");
        }
    }
    compare_series(records, found);
    compare_waits(lives, records, found);
    compare_habits(records, found);
}

fn compare_series(records: &[Record], found: &Statistics) {
    let series = &found.series;
    for (index, tally) in series.tallies.iter().enumerate() {
        let within = |record: &&Record| {
            let at = record.timestamp.parse::<DateTime<Utc>>().unwrap();
            series.time(index) <= at && at < series.time(index + 1)
        };
        let wanted: Vec<_> = records.iter().filter(within).collect();
        assert_eq!(*tally, self::tally(&wanted), "{index} of {series:?}");
        let edge = index == 0 || index + 1 == series.tallies.len();
        assert!(!edge || !wanted.is_empty());
    }
    assert_eq!(series.tallies.iter().map(Tally::total).sum::<u64>(), records.len() as u64);
}

/// How long the questions of these records stood that somebody answered, by the lives that made them.
fn waits<'r>(lives: &[History], records: impl Iterator<Item = &'r Record>) -> Vec<u64> {
    let mut waits: Vec<_> = records
        .filter(|record| matches!(record.decision, Some(Answer::Approved | Answer::Denied)))
        .filter_map(|record| lives[record.id.strip_prefix('a').unwrap().parse::<usize>().unwrap()].waited_ms)
        .collect();
    waits.sort_unstable();
    waits
}

fn compare_waits(lives: &[History], records: &[Record], found: &Statistics) {
    let check = |waits: &[u64], found: &aegis_ledger::statistics::Waits| {
        assert_eq!(found.count, waits.len() as u64);
        let rank = |percent: usize| waits.get((waits.len() * percent).div_ceil(100).saturating_sub(1));
        for (quantile, percent) in [(found.median_ms, 50), (found.p90_ms, 90), (found.p99_ms, 99)] {
            let exact = rank(percent).copied().unwrap_or_default();
            assert!(quantile.abs_diff(exact) * 50 <= exact, "{quantile} for {exact}");
        }
        assert_eq!(found.min_ms, waits.first().copied().unwrap_or_default());
        assert_eq!(found.max_ms, waits.last().copied().unwrap_or_default());
        let mut from = None;
        for (count, bound) in found.histogram.iter().zip(WAIT_BOUNDS_MS.into_iter().chain([u64::MAX])) {
            let within = waits.iter().filter(|wait| **wait <= bound && from.is_none_or(|from| **wait > from));
            assert_eq!(*count, within.count() as u64);
            from = Some(bound);
        }
    };
    check(&waits(lives, records.iter()), &found.waits);
    let asked = |record: &&Record| !matches!(record.decision, Some(Answer::Auto | Answer::Block));
    for named in &found.asked_by_rule.named {
        let of_rule =
            || records.iter().filter(asked).filter(|it| named.name.as_ref() == Some(&it.matched_rule));
        check(&waits(lives, of_rule()), &named.value.waits);
        assert_eq!(named.value.tally, tally(&of_rule().collect::<Vec<_>>()));
    }
    let mut answered = 0;
    for named in &found.approvers.named {
        let of_approver = || {
            let word = |record: &Record| record.approver.as_ref().map(approver_word);
            records.iter().filter(asked).filter(move |record| word(record) == named.name)
        };
        check(&waits(lives, of_approver()), &named.value.waits);
        assert_eq!(named.value.tally, tally(&of_approver().collect::<Vec<_>>()));
        answered += named.value.tally.total();
    }
    assert_eq!(answered, found.total.approved + found.total.denied);
}

fn compare_habits(records: &[Record], found: &Statistics) {
    let questions =
        grouped(records, |it| (it.matched_rule.clone(), it.action_type.clone(), it.action_target.clone()));
    for (habits, times) in [
        (&found.always_approved, (|tally| tally.approved) as fn(&Tally) -> u64),
        (&found.always_denied, |tally| tally.denied),
    ] {
        let wanted: BTreeSet<_> = questions
            .iter()
            .filter(|(_, it)| times(it) >= 2 && times(it) == it.approved + it.denied + it.unanswered)
            .map(|(key, tally)| (key.clone(), times(tally)))
            .collect();
        let listed: BTreeSet<_> = habits
            .iter()
            .map(|it| ((it.rule.clone(), it.action_type.clone(), it.target.clone()), it.times))
            .collect();
        assert_eq!(listed, wanted);
        assert!(habits.is_sorted_by(|a, b| a.times >= b.times));
    }
    assert_eq!(found.habits_left_out, 0);
}

fn filters() -> impl Strategy<Value = Filter> {
    let some = |words: &'static [&'static str]| option::of(select(words).prop_map(str::to_owned));
    let start: DateTime<Utc> = "2026-11-23T08:00:00Z".parse().unwrap();
    let instant = option::of((-70_000..70_000_i64).prop_map(move |it| start + TimeDelta::minutes(it)));
    (
        (some(&["ana", "bo"]), some(&["update", "read"]), some(&["crm"]), some(&["s1", "s2"])),
        vec(select(&Answer::ALL[..]), 0..2),
        vec(select(&ResultStatus::ALL[..]), 0..2),
        instant,
        option::of(0..40_u64),
    )
        .prop_map(|((agent, action_type, target, session), decision, result, since, limit)| Filter {
            agent,
            action_type,
            target,
            session,
            decision,
            result,
            since,
            limit,
            ..Filter::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(scaled(40, 2000).try_into().unwrap()))]

    #[test]
    fn one_pass_counts_what_the_records_say(lives in vec(life(), 0..60), filter in filters()) {
        let place = place(&lives);
        for filter in [Filter::default(), filter] {
            compare(&lives, &place.records(&filter), &counted(&place, &filter));
        }
    }
}

#[test]
fn blocks_make_no_difference() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let lives = vec(life(), 5000..5001).new_tree(&mut runner).unwrap().current();
    let place = place(&lives);
    let target = Some("crm".to_owned());
    for filter in [
        Filter::default(),
        Filter { target, decision: vec![Answer::Denied], ..Filter::default() },
        Filter { limit: Some(4500), ..Filter::default() },
    ] {
        let records = place.records(&filter);
        assert!(records.len() > 100);
        compare(&lives, &records, &counted(&place, &filter));
    }
    let mut told = Vec::new();
    let found = place.read().statistics(&Filter::default(), 5, |count| told.push(count)).unwrap();
    assert!(told.len() > 1 && told.is_sorted() && told.iter().all(|count| *count <= found.total.total()));
}

#[test]
fn an_empty_log_counts_nothing() {
    let place = Place::new();
    drop(place.open());
    assert_eq!(counted(&place, &Filter::default()), Statistics::default());
}

#[test]
fn the_newest_event_is_that_of_the_log_whatever_is_counted() {
    let place = Place::with_decisions(3);
    let found = counted(&place, &Filter { agent: Some("nobody".to_owned()), ..Filter::default() });
    let newest = found.newest.unwrap();
    assert_eq!((newest.seq, found.total.total()), (3, 0));
    assert_eq!(newest.hash, place.records(&Filter::default())[2].hash);
}

#[test]
fn a_record_that_cannot_be_read_is_left_out_and_named() {
    let place = Place::with_decisions(3);
    place.tamper("UPDATE events SET body = '{\"session_id\":7}' WHERE seq = 2");
    let reader = place.read();
    let found = reader.statistics(&Filter::default(), 5, |_| ()).unwrap();
    assert_eq!(found.total.total(), 2, "the others are counted");
    let left_out = reader.check_left_out().unwrap_err().to_string();
    assert!(left_out.contains("a row that cannot be read is left out: row 2: "), "{left_out}");
}

#[test]
fn questions_at_one_moment_agree() {
    let place = Place::with_decisions(2);
    let mut trail = place.open();
    let (before, after) = place
        .read()
        .at_one_moment(|reader| {
            let before = reader.count(&Filter::default())?;
            let _ = append_one(&mut trail, "later")?;
            let after = reader.statistics(&Filter::default(), 5, |_| ())?.total.total();
            Ok::<_, TrailError>((before, after))
        })
        .unwrap();
    assert_eq!((before, after), (2, 2));
    assert_eq!(counted(&place, &Filter::default()).total.total(), 3);
}
