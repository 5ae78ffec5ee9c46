//! What was done without asking: in every view, and nowhere as allowed.

use aegis_engine::OBSERVED_RULE;
use aegis_ledger::answer::Answer;
use aegis_ledger::filter::Filter;
use aegis_ledger::history::State;
use aegis_testkit::{Append as _, Case, Place};

/// How many actions fill a block of the index, and stand in it as in the newest events.
const MANY: usize = 5000;

fn place() -> Place {
    let place = Place::with_decisions(1);
    let seen: Vec<_> = (0..MANY)
        .map(|number| Case::new(r#"{"type":"web_search","target":"host"}"#).id(&format!("seen-{number}")))
        .collect();
    let events: Vec<_> = seen.iter().map(Case::observed).collect();
    let _ = place.open().append(&events).unwrap();
    place
}

#[test]
fn it_is_listed_and_found_and_is_never_allowed() {
    let place = place();
    let all = place.records(&Filter::default());
    assert_eq!(all.len(), MANY + 1);
    for record in &all[1..] {
        assert_eq!((record.decision, record.result_status, record.approver.as_ref()), (None, None, None));
        assert_eq!(record.matched_rule, OBSERVED_RULE);
    }
    let by_rule = Filter { rule: Some(OBSERVED_RULE.to_owned()), ..Filter::default() };
    assert_eq!(place.records(&by_rule).len(), MANY);
    let by_type = Filter { action_type: Some("web_search".to_owned()), ..Filter::default() };
    assert_eq!(place.records(&by_type).len(), MANY);
    let allowed = Filter { decision: vec![Answer::Auto, Answer::Approved], ..Filter::default() };
    assert_eq!(place.records(&allowed).len(), 1);
}

#[test]
fn it_verifies_and_is_counted_apart() {
    let place = place();
    let reader = place.read();
    let found = reader.verify(Vec::new(), |_, _| {}).unwrap();
    assert!(found.is_sound(), "{:?}", found.damage);
    let statistics = reader.statistics(&Filter::default(), 2, |_| ()).unwrap();
    assert_eq!((statistics.observed, statistics.total.total()), (MANY as u64, 1));
    let history = reader.history("seen-7").unwrap().unwrap();
    assert_eq!((history.state(), history.result()), (State::Observed, None));
}

#[test]
fn nothing_can_follow_it_or_stand_before_it() {
    let case = Case::new(r#"{"type":"web_search","target":"host"}"#).id("a");
    for events in [[case.observed(), case.decided()], [case.decided(), case.observed()]] {
        let place = Place::new();
        let _ = place.open().append(&events).unwrap();
        let found = place.read().verify(Vec::new(), |_, _| {}).unwrap();
        assert!(!found.is_sound());
    }
}
