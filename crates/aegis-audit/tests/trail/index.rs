//! The index answers what reading everything would, across blocks, whatever is combined.

use std::collections::HashMap;

use aegis_engine::RiskLevel;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::Stamped;
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_testkit::{Append as _, Case, Chance, Place, append_cases, relink, without_triggers};
use chrono::{DateTime, TimeDelta, Utc};

/// How many events fill a block; the index begins to matter beyond.
const BLOCK: usize = 4096;

fn case(chance: &mut Chance, index: usize) -> Case {
    let kind = ["read", "update", "delete"][chance.below(3)];
    let (target, agent) = (["crm", "web", "shop"][chance.below(3)], ["ana", "bo"][chance.below(2)]);
    let rare = if chance.below(900) == 0 { "rare" } else { target };
    let case = Case::new(&format!(r#"{{"type":"{kind}","target":"{rare}","agent":"{agent}"}}"#));
    let start: DateTime<Utc> = "2026-11-23T00:00:00Z".parse().unwrap();
    // Clocks go back now and then.
    let at = start
        + TimeDelta::seconds(i64::try_from(index).unwrap() * 10 - i64::try_from(chance.below(3000)).unwrap());
    let case = case.id(&format!("a{index}")).session(&format!("s{}", index / 700)).at(&at.to_rfc3339());
    match (kind, chance.below(3)) {
        ("update", 0) => case.answered_by(Answer::Approved, "ana"),
        ("update", 1) => case.answered_by(Answer::Denied, "ana"),
        _ => case,
    }
}

/// A trail of some blocks, in which questions stay open for long, and outcomes come late and more than once.
fn place(count: usize) -> Place {
    place_by(count, |place, events| {
        let mut trail = place.open();
        for batch in events.chunks(777) {
            let _ = trail.append(batch).unwrap();
        }
    })
}

/// The same, appended by somebody else.
fn place_by(count: usize, append: impl FnOnce(&Place, &[Stamped<'_>])) -> Place {
    let mut chance = Chance::new(count as u64);
    let cases: Vec<_> = (0..count).map(|index| case(&mut chance, index)).collect();
    let (mut events, mut open, mut running): (Vec<Stamped<'_>>, Vec<&Case>, Vec<&Case>) = Default::default();
    for case in &cases {
        if case.action.kind() == "update" {
            events.push(case.requested());
            open.push(case);
        } else {
            events.push(case.decided());
            running.push(case);
        }
        if !open.is_empty() && chance.below(3) == 0 {
            let case = open.swap_remove(chance.below(open.len()));
            events.extend([case.answered(), case.decided()]);
            running.push(case);
        }
        if !running.is_empty() && chance.below(4) == 0 {
            let case = running[chance.below(running.len())];
            let status = if chance.below(2) == 0 { ResultStatus::Success } else { ResultStatus::Failed };
            events.push(case.ended(status, None));
        }
    }
    let place = Place::new();
    append(&place, &events);
    place
}

fn filter(chance: &mut Chance) -> Filter {
    let mut some =
        |words: &[&str]| (chance.below(3) == 0).then(|| words[chance.below(words.len())].to_owned());
    let mut filter = Filter {
        session: some(&["s0", "s5", "s7", "nobody"]),
        agent: some(&["ana", "bo"]),
        action_type: some(&["read", "update", "delete"]),
        target: some(&["crm", "rare", "nothing"]),
        rule: some(&["reads_are_fine", "updates_need_approval", "<default>"]),
        ..Filter::default()
    };
    let start: DateTime<Utc> = "2026-11-23T00:00:00Z".parse().unwrap();
    let mut instant = || {
        let seconds = i64::try_from(chance.below(120_000)).unwrap();
        (chance.below(3) == 0).then(|| start + TimeDelta::seconds(seconds))
    };
    (filter.since, filter.until) = (instant(), instant());
    if chance.below(3) == 0 {
        filter.risk = vec![[RiskLevel::Low, RiskLevel::High, RiskLevel::Critical][chance.below(3)]];
    }
    if chance.below(3) == 0 {
        filter.decision = vec![Answer::ALL[chance.below(5)], Answer::ALL[chance.below(5)]];
    }
    if chance.below(3) == 0 {
        filter.result = vec![ResultStatus::ALL[chance.below(5)]];
    }
    filter.after_seq = (chance.below(4) == 0).then(|| chance.below(15_000) as u64);
    filter.limit = (chance.below(2) == 0).then(|| chance.below(60) as u64);
    filter.reverse = chance.below(2) == 0;
    filter
}

/// What the filter means, said in another way.
fn expected(all: &[Record], filter: &Filter) -> Vec<u64> {
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let at = |record: &Record| record.timestamp.parse::<DateTime<Utc>>().unwrap();
    let mut found: Vec<u64> = all
        .iter()
        .filter(|record| {
            is(&filter.session, &record.session_id)
                && is(&filter.agent, record.agent.as_deref().unwrap())
                && is(&filter.action_type, &record.action_type)
                && is(&filter.target, &record.action_target)
                && is(&filter.rule, &record.matched_rule)
                && (filter.risk.is_empty() || filter.risk.contains(&record.risk_level))
                && (filter.decision.is_empty()
                    || record.decision.is_some_and(|it| filter.decision.contains(&it)))
                && (filter.result.is_empty()
                    || record.result_status.is_some_and(|it| filter.result.contains(&it)))
                && filter.since.is_none_or(|since| at(record) >= since)
                && filter.until.is_none_or(|until| at(record) < until)
                && filter.after_seq.is_none_or(|after| record.seq > after)
        })
        .map(|record| record.seq)
        .rev()
        .take(filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap()))
        .collect();
    if !filter.reverse {
        found.reverse();
    }
    found
}

#[test]
fn every_combination_of_filters_finds_what_reading_everything_does() {
    let place = place(9_000);
    let all = place.records(&Filter::default());
    assert_eq!(all.len(), 9_000);
    // Each action once, at its last answer, with the newest outcome that the events tell.
    let mut standing = HashMap::new();
    let mut outcomes = HashMap::new();
    let mut total = 0;
    place
        .read()
        .events(1..=u64::MAX, |seq, event| {
            let event = event.unwrap();
            total += 1;
            match event.kind {
                "requested" | "decided" => drop(standing.insert(event.action_id.to_owned(), seq)),
                "ended" => {
                    let body: serde_json::Value = serde_json::from_str(event.body).unwrap();
                    outcomes.insert(
                        event.action_id.to_owned(),
                        body["result_status"].as_str().unwrap().to_owned(),
                    );
                }
                _ => {}
            }
            Ok::<_, aegis_audit::TrailError>(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    assert!(total > 3 * BLOCK, "{total}");
    for record in &all {
        assert_eq!(standing.remove(&record.id), Some(i64::try_from(record.seq).unwrap()));
        if let Some(outcome) = outcomes.get(&record.id) {
            assert_eq!(record.result_status.map(ResultStatus::as_str), Some(outcome.as_str()), "{record:?}");
        }
    }
    assert!(standing.is_empty());
    let (mut chance, mut found) = (Chance::new(7), 0);
    for _ in 0..120 {
        let filter = filter(&mut chance);
        let seqs: Vec<_> = place.records(&filter).into_iter().map(|record| record.seq).collect();
        assert_eq!(seqs, expected(&all, &filter), "{filter:?}");
        assert_eq!(place.read().count(&filter).unwrap(), seqs.len() as u64, "{filter:?}");
        found += usize::from(!seqs.is_empty());
    }
    assert!(found > 15, "{found} filters found something");
}

#[test]
fn a_block_that_the_index_lost_is_read_instead() {
    let place = place(5_000);
    let filter = Filter { target: Some("rare".to_owned()), ..Filter::default() };
    let before = place.records(&filter);
    assert!(before.len() > 1);
    place.tamper("DELETE FROM blocks WHERE block = 0");
    assert_eq!(place.records(&filter), before);
}

#[test]
fn a_block_is_indexed_by_the_writer_that_completes_it() {
    let place = Place::new();
    let cases: Vec<_> = (0..=BLOCK).map(|index| Case::default().id(&format!("a{index}"))).collect();
    let events: Vec<_> = cases.iter().map(Case::decided).collect();
    let blocks =
        || -> i64 { place.meddle().query_row("SELECT count(*) FROM blocks", [], |row| row.get(0)).unwrap() };
    let _ = place.open().append(&events[..BLOCK - 1]).unwrap();
    assert_eq!(blocks(), 0);
    let _ = place.open().append(&events[BLOCK - 1..]).unwrap();
    assert_eq!(blocks(), 1);
}

#[test]
fn a_writer_indexes_its_own_events_as_it_would_read_them() {
    let terms = |place: &Place| -> Vec<String> {
        let connection = place.meddle();
        let sql = "SELECT format('%d %s %d %s', field, value, block, hex(events)) FROM terms ORDER BY 1";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let (by_one, by_many) = (
        place(5_000),
        place_by(5_000, |place, events| {
            for batch in events.chunks(500) {
                let _ = place.open().append(batch).unwrap();
            }
        }),
    );
    assert!(terms(&by_one).len() > 20);
    assert_eq!(terms(&by_one), terms(&by_many));
}

/// What has no words to be indexed by is not read for the index: one row of it that says something else stops
/// nobody who asks for other actions, or adds to them.
#[test]
fn a_row_that_no_question_is_about_stops_nobody() {
    let place = Place::new();
    let asked = Case::new(r#"{"type":"update","target":"crm"}"#).id("a").answered_by(Answer::Approved, "ana");
    let _ = place.open().append(&[asked.requested(), asked.answered(), asked.decided()]).unwrap();
    without_triggers(&place.meddle(), |connection| {
        connection.execute("UPDATE events SET body = '{}' WHERE kind = 'answered'", []).unwrap();
        relink(connection, 2);
    });
    assert_eq!(place.records(&Filter::default()).len(), 1);
    // Of that action itself, too little is known to say that it may end.
    let ending =
        aegis_audit::Ending { status: aegis_audit::EndStatus::Success, error: None, duration_ms: None };
    let refused = place.open().end_action("a", ending).unwrap_err().to_string();
    assert!(refused.contains("damaged at row 2: "), "{refused}");
    // Until the block is full, and beyond.
    let mut trail = place.open();
    append_cases(&mut trail, (0..4200).map(|number| Case::default().number(number)), |_, case| {
        vec![case.decided()]
    });
    assert_eq!(place.records(&Filter::default()).len(), 4201);
}
