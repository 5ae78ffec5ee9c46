//! One line for each action, filtered, ordered and limited.

use aegis_engine::{ApprovalMode, RiskLevel};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_testkit::{Append as _, Case, Place};
use chrono::{DateTime, Utc};

/// Five actions, of which one was asked about and never answered, and two came to an end.
fn place() -> Place {
    let place = Place::new();
    let mut trail = place.open();
    let read = Case::default().id("read").at("2026-11-23T08:00:00Z");
    let delete = Case::new(r#"{"type":"delete","target":"web"}"#).id("delete").at("2026-11-23T09:00:00Z");
    let update = r#"{"type":"update","target":"crm","agent":"bot' OR 1=1 --"}"#;
    let approved = Case::new(update)
        .id("approved")
        .session("other")
        .at("2026-11-23T10:00:00.500Z")
        .answered_by(Answer::Approved, "ana");
    let cut = Case::new(update).id("cut short").at("2026-11-23T11:00:00Z");
    let denied = Case::new(update).id("denied").at("2026-11-23T07:00:00Z").answered_by(Answer::Denied, "bo");
    let _ = trail.append(&[read.decided(), delete.decided()]).unwrap();
    let _ = trail.append(&[approved.requested()]).unwrap();
    let _ = trail.append(&[cut.requested()]).unwrap();
    let _ = trail.append(&[approved.answered(), approved.decided()]).unwrap();
    let _ = trail.append(&[denied.requested(), denied.answered(), denied.decided()]).unwrap();
    let _ = trail.append(&[read.ended(ResultStatus::Success, None)]).unwrap();
    let _ = trail.append(&[approved.ended(ResultStatus::Success, None)]).unwrap();
    let _ = trail.append(&[approved.ended(ResultStatus::Failed, Some("no such row"))]).unwrap();
    place
}

fn ids(filter: &Filter) -> Vec<String> {
    let place = place();
    let found: Vec<_> = place.records(filter).into_iter().map(|record| record.id).collect();
    assert_eq!(place.read().count(filter).unwrap(), found.len() as u64, "{filter:?}");
    found
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn all() -> Filter {
    Filter::default()
}

#[test]
fn each_action_is_one_line_at_the_place_of_its_answer() {
    let records = place().records(&all());
    let lines: Vec<_> = records
        .iter()
        .map(|record| {
            (record.seq, record.id.as_str(), record.decision.map(Answer::as_str), record.result_status)
        })
        .collect();
    assert_eq!(
        lines,
        [
            (1, "read", Some("auto"), Some(ResultStatus::Success)),
            (2, "delete", Some("block"), Some(ResultStatus::Blocked)),
            (4, "cut short", None, None),
            (6, "approved", Some("approved"), Some(ResultStatus::Failed)),
            (9, "denied", Some("denied"), Some(ResultStatus::Denied)),
        ]
    );
    let Record { result_error, duration_ms, approver, .. } = &records[3];
    assert_eq!((result_error.as_deref(), *duration_ms), (Some("no such row"), Some(1234)));
    assert_eq!(approver.as_ref().and_then(|approver| approver.user.as_deref()), Some("ana"));
    assert_eq!((&records[1].agent, &records[1].approver), (&None, &None));
    assert_eq!(records[3].timestamp, "2026-11-23T10:00:00.500Z");
    assert_eq!(records[3].action_params.as_ref().map(serde_json::Map::len), Some(0));
}

#[test]
fn strings_are_exact() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(ids(&Filter { session: some("other"), ..all() }), ["approved"]);
    assert_eq!(ids(&Filter { agent: some("bot"), ..all() }), ["read"]);
    assert_eq!(ids(&Filter { action_type: some("update"), ..all() }), ["cut short", "approved", "denied"]);
    assert_eq!(ids(&Filter { target: some("web"), ..all() }), ["delete"]);
    assert_eq!(ids(&Filter { rule: some("deletes_are_blocked"), ..all() }), ["delete"]);
    for nothing in ["*", "%", "", "UPDATE", "updat", "update "] {
        assert!(ids(&Filter { action_type: some(nothing), ..all() }).is_empty(), "{nothing}");
    }
    // SQL in a filter is a string like any other.
    let agent = some("bot' OR 1=1 --");
    assert_eq!(ids(&Filter { agent, ..all() }), ["cut short", "approved", "denied"]);
    assert!(ids(&Filter { session: some("' OR '1'='1"), ..all() }).is_empty());
}

#[test]
fn words_are_any_of_several() {
    use ResultStatus::{Blocked, Failed, Success};
    assert_eq!(ids(&Filter { risk: vec![RiskLevel::Low, RiskLevel::Critical], ..all() }), ["read", "delete"]);
    assert_eq!(ids(&Filter { approval: vec![ApprovalMode::Block], ..all() }), ["delete"]);
    let decision = vec![Answer::Approved, Answer::Denied];
    assert_eq!(ids(&Filter { decision, ..all() }), ["approved", "denied"]);
    // The result is that of the end, not that of the answer, and of the last end.
    assert_eq!(ids(&Filter { result: vec![Success], ..all() }), ["read"]);
    assert_eq!(ids(&Filter { result: vec![Blocked, Failed], ..all() }), ["delete", "approved"]);
}

#[test]
fn times_include_the_first_instant_and_exclude_the_last() {
    let between =
        |since: &str, until: &str| ids(&Filter { since: Some(at(since)), until: Some(at(until)), ..all() });
    assert_eq!(between("2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"), ["read"]);
    assert_eq!(between("2026-11-23T08:00:00.001Z", "2026-11-23T09:00:00.001Z"), ["delete"]);
    // Kept are milliseconds; asked for may be less.
    assert_eq!(between("2026-11-23T10:00:00.4999Z", "2026-11-23T10:00:00.5001Z"), ["approved"]);
    assert!(between("2026-11-23T10:00:00.5001Z", "2026-11-23T10:30:00Z").is_empty());
    assert_eq!(ids(&Filter { until: Some(at("2026-11-23T08:00:00Z")), ..all() }), ["denied"]);
    assert_eq!(ids(&Filter { since: Some(at("2026-11-23T10:30:00Z")), ..all() }), ["cut short"]);
    assert!(between("2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z").is_empty());
    let (since, until) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    assert_eq!(ids(&Filter { since: Some(since), until: Some(until), ..all() }).len(), 5);
}

#[test]
fn a_limit_takes_the_newest_and_the_order_stays() {
    let limited = |limit, reverse| ids(&Filter { limit: Some(limit), reverse, ..all() });
    assert_eq!(limited(2, false), ["approved", "denied"]);
    assert_eq!(limited(2, true), ["denied", "approved"]);
    assert!(limited(0, false).is_empty());
    assert_eq!(limited(u64::MAX, false).len(), 5);
    assert_eq!(ids(&Filter { reverse: true, ..all() })[0], "denied");
    let target = Some("crm".to_owned());
    assert_eq!(ids(&Filter { target, limit: Some(3), ..all() }), ["cut short", "approved", "denied"]);
    // Among the newest of those that match, not those that match among the newest.
    let since = Some(at("2026-11-23T08:00:00Z"));
    assert_eq!(ids(&Filter { since, limit: Some(1), ..all() }), ["approved"]);
}

#[test]
fn every_filter_together() {
    let filter = Filter {
        session: Some("other".to_owned()),
        agent: Some("bot' OR 1=1 --".to_owned()),
        action_type: Some("update".to_owned()),
        target: Some("crm".to_owned()),
        rule: Some("updates_need_approval".to_owned()),
        risk: RiskLevel::ALL.into(),
        approval: ApprovalMode::ALL.into(),
        decision: Answer::ALL.into(),
        result: ResultStatus::ALL.into(),
        since: Some(at("2026-11-23T00:00:00Z")),
        until: Some(at("2026-11-24T00:00:00Z")),
        after_seq: Some(1),
        limit: Some(10),
        reverse: true,
    };
    assert_eq!(ids(&filter), ["approved"]);
    assert!(ids(&Filter { risk: vec![RiskLevel::Low], ..filter }).is_empty());
}

#[test]
fn an_empty_log_has_no_records() {
    let place = Place::new();
    drop(place.open());
    assert!(place.records(&all()).is_empty());
    assert_eq!(place.read().count(&all()).unwrap(), 0);
}
