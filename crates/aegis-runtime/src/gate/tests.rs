use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{RecordError, Sink, SinkError, SinkRecord, TrailError};
use aegis_engine::{RiskLevel, Source, load};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::{EventKind, PathSource, SessionSource};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_ledger::stored_event::StoredEvent;

use super::*;
use crate::approval::{Approval, ApprovalRequest, Unanswered};
use crate::gate_handle::{GateHandle, HandleError};
use crate::witness::Witness;

mod execution;
mod grants;
mod terms;
mod waiting;

const POLICY: &str = "version: '1'
rules:
  - { name: reads_are_fine, match: { type: read }, approval: auto }
  - { name: deletes_are_blocked, match: { type: delete }, approval: block }
";

fn policy() -> Arc<Policy> {
    Arc::new(load(&[Source { text: POLICY.as_bytes() }]).policy.unwrap())
}

fn actions(kinds: &[&str]) -> Vec<Action> {
    let action = |kind| Action::from_json(format!(r#"{{"type":"{kind}","target":"crm"}}"#).as_bytes());
    kinds.iter().map(|kind| action(kind).unwrap()).collect()
}

fn context() -> Context {
    Context {
        session_id: "s".to_owned(),
        session_source: SessionSource::Argument,
        host: "host".to_owned(),
        user: "ana".to_owned(),
        login: None,
        policy_source: PathSource::Argument,
        log_source: PathSource::Argument,
    }
}

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { directory: tempfile::tempdir().unwrap() }
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log.db")
    }

    fn journal(&self) -> Journal {
        Journal::open(&self.log(), Duration::from_secs(10)).unwrap()
    }

    fn records(&self) -> Vec<Record> {
        records(&self.log())
    }

    fn events(&self) -> Vec<String> {
        let mut kinds = Vec::new();
        let each = |_, event: Result<StoredEvent<'_>, String>| {
            kinds.push(event.unwrap().kind.to_owned());
            Ok::<_, TrailError>(ControlFlow::Continue(()))
        };
        TrailReader::open(&self.log()).unwrap().events(1..=u64::MAX, each).unwrap();
        kinds
    }
}

fn records(log: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    let each = |record| {
        records.push(record);
        Ok::<_, TrailError>(ControlFlow::Continue(()))
    };
    TrailReader::open(log).unwrap().records(&Filter::default(), each).unwrap();
    records
}

fn ana() -> Witness {
    Witness::callback("test", Some("ana".to_owned())).unwrap()
}

/// Approves everything, after a look at how many records there are by then.
#[derive(Clone)]
struct Looker {
    log: PathBuf,
    seen: Arc<Mutex<Vec<usize>>>,
}

impl Looker {
    fn new(place: &Place) -> Looker {
        Looker { log: place.log(), seen: Arc::default() }
    }

    fn seen(&self) -> Vec<usize> {
        self.seen.lock().unwrap().clone()
    }
}

impl Approver for Looker {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        self.seen.lock().unwrap().push(records(&self.log).len());
        request.approve(ana())
    }
}

/// Is not there.
struct Nobody;

impl Approver for Nobody {
    fn absent(&self) -> Option<Unanswered> {
        Some(Unanswered::new("there is no terminal to ask at"))
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.approve(ana())
    }
}

/// Notes what it takes; refuses while it is told to.
#[derive(Clone, Debug, Default)]
struct Notebook {
    taken: Arc<Mutex<Vec<(EventKind, Record)>>>,
    refuses: Arc<AtomicBool>,
}

impl Sink for Notebook {
    fn name(&self) -> String {
        "notebook".to_owned()
    }

    fn append(&mut self, records: &[SinkRecord]) -> Result<(), SinkError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(SinkError::Other("it is \u{1b}full".into()));
        }
        let taken = records.iter().map(|record| (record.kind(), record.record().clone()));
        self.taken.lock().unwrap().extend(taken);
        Ok(())
    }
}

fn answers(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes.iter().map(|outcome| outcome.answered().answer().as_str()).collect()
}

#[test]
fn a_group_ends_before_an_action_for_which_a_human_is_asked() {
    let (place, policy) = (Place::new(), policy());
    let looker = Looker::new(&place);
    let mut gate = Gate::new(policy, Digest::of(b"p"), place.journal(), looker.clone(), context());
    let actions = actions(&["read", "delete", "read", "update", "read", "read"]);
    let first = gate.answer_all(&actions).unwrap();
    assert_eq!(answers(&first), ["auto", "block", "auto"]);
    assert_eq!(place.records().len(), 3);
    let second = gate.answer_all(&actions[3..]).unwrap();
    assert_eq!(answers(&second), ["approved"]);
    let third = gate.answer_all(&actions[4..]).unwrap();
    assert_eq!(answers(&third), ["auto", "auto"]);
    assert!(gate.answer_all(&[]).unwrap().is_empty());
    // The question itself was a record when it was put; nothing behind it was.
    assert_eq!(looker.seen(), [4]);
    let numbers: Vec<_> =
        [first, second, third].iter().flatten().map(|it| it.answered().receipt().seq()).collect();
    assert_eq!(numbers, [1, 2, 3, 6, 7, 8]);
    let ids: std::collections::HashSet<_> = place.records().into_iter().map(|record| record.id).collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn a_group_is_one_transaction() {
    let (place, policy) = (Place::new(), policy());
    let mut gate = Gate::new(policy, Digest::of(b"p"), place.journal(), Nobody, context());
    // Whoever watches sees all of a group or nothing of it.
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut counts = std::collections::BTreeSet::new();
            while counts.last() != Some(&5000) {
                counts.insert(TrailReader::open(&place.log()).unwrap().count(&Filter::default()).unwrap());
            }
            counts
        });
        for _ in 0..5 {
            assert_eq!(gate.answer_all(&actions(&["read"; 1000])).unwrap().len(), 1000);
        }
        assert!(watcher.join().unwrap().iter().all(|count| count % 1000 == 0));
    });
}

#[test]
fn where_nobody_is_there_to_be_asked_nothing_waits() {
    let (place, policy, notebook) = (Place::new(), policy(), Notebook::default());
    let journal = place.journal().with_sinks(vec![Box::new(notebook.clone())]);
    let mut gate = Gate::new(policy, Digest::of(b"p"), journal, Nobody, context());
    let outcomes = gate.answer_all(&actions(&["read", "update", "delete", "update"])).unwrap();
    assert_eq!(answers(&outcomes), ["auto", "unanswered", "block", "unanswered"]);
    let asked = ["requested", "answered", "decided"];
    assert_eq!(place.events(), [&["decided"][..], &asked, &["decided"], &asked].concat());
    let numbers: Vec<_> = outcomes.iter().map(|it| it.answered().receipt().seq()).collect();
    assert_eq!(numbers, [1, 4, 5, 8]);
    assert!(outcomes[1].answered().reason().ends_with("there is no terminal to ask at"));
    let records = place.records();
    assert_eq!(records.len(), 4);
    assert!(
        records.iter().zip(&outcomes).all(|(record, outcome)| record.id == outcome.answered().action_id())
    );
    // What a sink refuses is given up once.
    notebook.refuses.store(true, Ordering::SeqCst);
    assert!(gate.answer_all(&actions(&["read", "update"])).is_err());
    assert_eq!(place.events()[8..], [&["decided"][..], &asked, &["ended"]].concat());
}

#[test]
fn when_the_log_fails_the_whole_group_is_refused() {
    let (place, policy) = (Place::new(), policy());
    let looker = Looker::new(&place);
    let mut gate = Gate::new(policy, Digest::of(b"p"), place.journal(), looker.clone(), context());
    std::fs::rename(place.log(), place.directory.path().join("gone.db")).unwrap();
    let failed = gate.answer_all(&actions(&["read", "read", "update", "read"])).unwrap_err();
    assert!(matches!((failed.size, failed.error), (2, GateError::Audit(RecordError::Trail(_)))));
    // Without a record of the question, nobody is asked.
    let failed = gate.answer_all(&actions(&["update", "read"])).unwrap_err();
    assert_eq!(failed.size, 1);
    assert!(looker.seen().is_empty());
}

#[test]
fn where_the_system_has_no_randomness_those_before_are_answered_and_the_next_is_refused() {
    fn draws_once(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        static HAS_DRAWN: AtomicBool = AtomicBool::new(false);
        if HAS_DRAWN.swap(true, Ordering::SeqCst) {
            return Err(getrandom::Error::UNSUPPORTED);
        }
        getrandom::fill(bytes)
    }
    let place = Place::new();
    let mut gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), Nobody, context());
    gate.ids = ActionIds::drawn_from(draws_once);
    let all = actions(&["read"; 600]);
    let answered = gate.answer_all(&all).unwrap().len();
    assert!(0 < answered && answered < all.len());
    assert_eq!(place.records().len(), answered);
    let failed = gate.answer_all(&all[answered..]).unwrap_err();
    assert!(matches!((failed.size, failed.error), (1, GateError::Randomness(_))));
    assert_eq!(place.records().len(), answered);
}

#[test]
fn sinks_get_what_is_stored() {
    let (place, policy, notebook) = (Place::new(), policy(), Notebook::default());
    let looker = Looker::new(&place);
    let journal = place.journal().with_sinks(vec![Box::new(notebook.clone())]);
    let mut gate = Gate::new(policy, Digest::of(b"p"), journal, looker.clone(), context());
    let all = actions(&["read", "delete", "update"]);
    assert_eq!(gate.answer_all(&all).unwrap().len(), 2);
    assert_eq!(gate.answer_all(&all[2..]).unwrap().len(), 1);
    let taken = notebook.taken.lock().unwrap();
    let happenings: Vec<_> = taken.iter().map(|(happening, _)| *happening).collect();
    assert_eq!(
        happenings,
        [EventKind::Decided, EventKind::Decided, EventKind::Requested, EventKind::Decided]
    );
    assert_eq!(taken[2].1.decision, None);
    let decided: Vec<_> = taken
        .iter()
        .filter(|(happening, _)| *happening == EventKind::Decided)
        .map(|(_, record)| record.clone())
        .collect();
    assert_eq!(decided, place.records());
}

#[test]
fn an_action_that_a_sink_does_not_take_is_given_up() {
    let (place, policy) = (Place::new(), policy());
    let (first, second) = (Notebook::default(), Notebook::default());
    let sinks: Vec<Box<dyn Sink>> = vec![Box::new(first.clone()), Box::new(second.clone())];
    let looker = Looker::new(&place);
    let journal = place.journal().with_sinks(sinks);
    let mut gate = Gate::new(policy, Digest::of(b"p"), journal, looker.clone(), context());
    second.refuses.store(true, Ordering::SeqCst);
    let failed = gate.answer_all(&actions(&["read", "delete", "read"])).unwrap_err();
    assert_eq!(failed.size, 3);
    assert_eq!(failed.to_string(), "the audit sink `notebook` refused the record: it is \\u{1b}full");
    assert_eq!(place.events(), ["decided", "decided", "decided", "ended", "ended"]);
    let results: Vec<_> = place.records().iter().map(|record| record.result_status).collect();
    let (skipped, blocked) = (Some(ResultStatus::Skipped), Some(ResultStatus::Blocked));
    assert_eq!(results, [skipped, blocked, skipped]);
    assert!(place.records()[0].result_error.as_ref().unwrap().contains("refused"));
    // The sink that had taken the records is told; the one that refuses is not asked again.
    let ended: Vec<_> =
        first.taken.lock().unwrap().iter().skip(3).map(|(it, record)| (*it, record.result_status)).collect();
    assert_eq!(ended, [(EventKind::Ended, skipped); 2]);
    assert!(second.taken.lock().unwrap().is_empty());
    // Nobody is asked when the question cannot be recorded, and the trail says how that ended.
    let failed = gate.answer_all(&actions(&["update"])).unwrap_err();
    assert_eq!(failed.size, 1);
    assert_eq!(place.events()[5..], ["requested", "decided", "ended"]);
    let last = place.records().pop().unwrap();
    assert_eq!((last.decision, last.result_status), (Some(Answer::Unanswered), skipped));
    second.refuses.store(false, Ordering::SeqCst);
    assert_eq!(answers(&gate.answer_all(&actions(&["read"])).unwrap()), ["auto"]);
    assert!(looker.seen().is_empty());
}

/// Answers what it was asked the first time, for ever.
#[derive(Default)]
struct Parrot(Option<Approval>);

impl Approver for Parrot {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        self.0.get_or_insert_with(|| request.approve(ana())).clone()
    }
}

#[test]
fn an_answer_to_another_request_is_none() {
    let place = Place::new();
    let mut gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), Parrot::default(), context());
    let all = actions(&["update", "update"]);
    assert_eq!(answers(&gate.answer_all(&all).unwrap()), ["approved"]);
    let second = gate.answer_all(&all[1..]).unwrap();
    assert_eq!(answers(&second), ["unanswered"]);
    assert!(second[0].answered().reason().ends_with("the answer was to another request"));
}

#[test]
fn many_threads_ask_one_gate_and_each_gets_its_own_answer() {
    let place = Place::new();
    let gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), Nobody, context());
    let handle = gate.into_handle().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let handle = handle.clone();
            scope.spawn(move || {
                for kind in ["read", "delete", "update", "read"].into_iter().cycle().take(100) {
                    let action = actions(&[kind]).remove(0);
                    let outcome = handle.answer(action).unwrap();
                    let expected = match kind {
                        "read" => Answer::Auto,
                        "delete" => Answer::Block,
                        _ => Answer::Unanswered,
                    };
                    assert_eq!(outcome.answered().answer(), expected);
                }
            });
        }
    });
    let mut seen: Vec<_> = place.records().into_iter().map(|record| record.seq).collect();
    assert_eq!(seen.len(), 800);
    seen.dedup();
    assert_eq!(seen.len(), 800);
}

#[test]
fn a_handle_says_which_actions_were_not_answered() {
    let place = Place::new();
    let gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), Nobody, context());
    let handle = gate.into_handle().unwrap();
    std::fs::rename(place.log(), place.directory.path().join("gone.db")).unwrap();
    // Each is told once, and the gate is there for the next.
    for _ in 0..2 {
        let refused = handle.answer(actions(&["read"]).remove(0));
        assert!(matches!(refused, Err(HandleError::Gate(_))), "{refused:?}");
    }
}

#[test]
fn a_gate_can_be_sent_to_another_thread() {
    const fn is_send<T: Send>() {}
    is_send::<Gate>();
    is_send::<GateHandle>();
}

/// What `update`, which is of medium risk, is decided as before and while somebody is asked.
fn ask_while_the_policy_becomes(later: Result<&'static str, String>) -> (Outcome, Record, Vec<String>) {
    ask_while_the_policy_of("medium", later)
}

/// The same for an `update` of this risk.
fn ask_while_the_policy_of(
    risk: &str,
    later: Result<&'static str, String>,
) -> (Outcome, Record, Vec<String>) {
    let first =
        format!("version: '1'\nrules:\n  - {{ name: first, risk_level: {risk}, approval: approve }}\n");
    let load_text = |text: &str| Arc::new(load(&[Source { text: text.as_bytes() }]).policy.unwrap());
    let place = Place::new();
    let gate = Gate::new(
        load_text(&first),
        Digest::of(first.as_bytes()),
        place.journal(),
        Looker::new(&place),
        context(),
    );
    let mut gate = gate.rereading(move || {
        later.clone().map(|text| {
            let text = format!("version: '1'\nrules:\n  - {text}\n");
            (load_text(&text), Digest::of(text.as_bytes()))
        })
    });
    let outcome = gate.answer(&actions(&["update"])[0]).unwrap();
    let mut records = place.records();
    assert_eq!(records.len(), 1, "one line for one action");
    (outcome, records.remove(0), place.events())
}

#[test]
fn an_answer_counts_for_the_policy_of_its_own_moment() {
    let (outcome, record, events) =
        ask_while_the_policy_becomes(Ok("{ name: later, risk_level: low, approval: block }"));
    assert!(matches!(outcome, Outcome::Refused(_)));
    assert_eq!(events, ["requested", "answered", "decided"]);
    assert_eq!((record.decision, record.approver), (Some(Answer::Block), None));
    // The stricter of both, in each.
    assert_eq!((record.matched_rule.as_str(), record.risk_level), ("later", RiskLevel::Medium));
    let answered = outcome.answered();
    assert_eq!(record.policy_sha256, answered.policy_sha256().to_string());
    assert_ne!(answered.policy_sha256(), Digest::of(b"p"));
    assert_eq!(answered.evaluated_at(), answered.at());
    assert_eq!(
        answered.reason(),
        "rule `later` blocks it, by the time that ana approved it; the policy changed while the question stood"
    );
}

#[test]
fn a_policy_that_was_relaxed_meanwhile_changes_nothing() {
    let (outcome, record, _) =
        ask_while_the_policy_becomes(Ok("{ name: later, risk_level: low, approval: auto }"));
    assert!(matches!(outcome, Outcome::Allowed(_)));
    assert_eq!((record.decision, record.matched_rule.as_str()), (Some(Answer::Approved), "first"));
    assert_eq!(record.risk_level, RiskLevel::Medium);
    assert!(
        outcome
            .answered()
            .reason()
            .ends_with("; ana approved it; the policy changed while the question stood")
    );
}

#[test]
fn a_yes_for_less_risk_is_none_for_more() {
    for level in ["high", "critical"] {
        let later: &'static str = format!("{{ name: later, risk_level: {level}, approval: approve }}").leak();
        let (outcome, record, _) = ask_while_the_policy_becomes(Ok(later));
        assert!(matches!(outcome, Outcome::Refused(_)));
        assert_eq!((record.decision, record.risk_level.as_str()), (Some(Answer::Unanswered), level));
        let why = format!("the risk rose from medium to {level} while the question stood");
        assert!(outcome.answered().reason().contains(&why), "{}", outcome.answered().reason());
    }
    let (outcome, record, _) =
        ask_while_the_policy_becomes(Ok("{ name: later, risk_level: medium, approval: approve }"));
    assert!(matches!(outcome, Outcome::Allowed(_)));
    assert_eq!(record.matched_rule, "first");
}

#[test]
fn a_word_for_high_risk_holds_where_the_risk_stays_as_it_is_or_falls() {
    for level in ["low", "high", "critical"] {
        let later: &'static str = format!("{{ name: later, risk_level: {level}, approval: approve }}").leak();
        let (outcome, record, _) = ask_while_the_policy_of("high", Ok(later));
        assert!(matches!(outcome, Outcome::Allowed(_)), "{level}");
        assert_eq!(record.decision, Some(Answer::Approved));
    }
}

#[test]
fn an_answer_names_who_gave_it_and_the_log_has_its_reason() {
    let place = Place::new();
    let mut gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), Looker::new(&place), context());
    for (kind, via, user, reason) in [
        ("update", Some("test"), Some("ana"), "; ana approved it"),
        ("read", Some("rule"), None, "rule `reads_are_fine` allows it"),
        ("delete", None, None, "rule `deletes_are_blocked` blocks it"),
    ] {
        let outcome = gate.answer(&actions(&[kind])[0]).unwrap();
        let answered = outcome.answered();
        let by = answered.approver();
        assert_eq!(by.map(|by| by.via.as_str()), via, "{kind}");
        assert_eq!(by.and_then(|by| by.user.as_deref()), user, "{kind}");
        assert!(answered.reason().ends_with(reason), "{kind}: {}", answered.reason());
        let history =
            TrailReader::open(&place.log()).unwrap().history(answered.action_id()).unwrap().unwrap();
        let entry = history.decided().and_then(|event| event.entry()).unwrap();
        assert_eq!(entry.reason, answered.reason());
    }
}

#[test]
fn a_policy_that_cannot_be_read_any_more_refuses() {
    let (outcome, record, _) = ask_while_the_policy_becomes(Err("it is \u{1b}gone".to_owned()));
    assert!(matches!(outcome, Outcome::Refused(_)));
    assert_eq!((record.decision, record.approver), (Some(Answer::Unanswered), None));
    let reason = outcome.answered().reason();
    assert!(reason.contains("the policy cannot be read any more: it is \\u{1b}gone"), "{reason}");
}

#[test]
fn a_window_that_closes_while_the_question_stands_holds() {
    let text = "version: '1'
rules:
  - { name: day, conditions: { time_before: '18:00' }, approval: approve }
  - { name: night, approval: block }
";
    let policy = Arc::new(load(&[Source { text: text.as_bytes() }]).policy.unwrap());
    let ground =
        Ground { policy, policy_sha256: Digest::of(b"p"), context: Arc::new(context()), foreseen: None };
    let action = actions(&["update"]).remove(0);
    let [asked, answered] = ["2026-11-23T17:59:59Z", "2026-11-23T18:00:00Z"].map(|it| it.parse().unwrap());
    let draft = Draft { at: asked, ..Draft::new(&ground, &action, "id".to_owned()) };
    let decision = ground.policy.decide(&action, asked);
    let mut draft = Draft { decision, ..draft };
    assert!(draft.needs_human());
    draft.reconsider(ground, answered);
    assert_eq!((draft.decision.matched_rule(), draft.at), ("night", answered));
}

/// An answer and the rule that it goes by, or why there is none.
type Expected = Result<(Answer, &'static str), &'static str>;

/// What is allowed while the log is held by somebody else counts by what holds when the log is free.
#[test]
fn what_waited_for_the_log_is_decided_again() {
    let text = |rule: &str| {
        format!("version: '1'\nrules:\n  - {{ name: later, match: {{ type: read }}, {rule} }}\n")
    };
    let cases: [(Result<String, &str>, Expected, &[&str]); 5] = [
        (Ok(text("approval: auto")), Ok((Answer::Auto, "reads_are_fine")), &["decided"]),
        (Ok(text("approval: auto, risk_level: high")), Ok((Answer::Auto, "later")), &["decided"]),
        (Ok(text("approval: block")), Ok((Answer::Block, "later")), &["decided"]),
        (Ok(text("approval: approve")), Ok((Answer::Unanswered, "later")), &["requested", "decided"]),
        (Err("it is gone"), Err("the policy cannot be read any more: it is gone"), &[]),
    ];
    for (later, expected, events) in cases {
        let place = Place::new();
        let read = move || {
            let text = later.clone().map_err(str::to_owned)?;
            let policy = load(&[Source { text: text.as_bytes() }]).policy.unwrap();
            Ok((Arc::new(policy), Digest::of(text.as_bytes())))
        };
        let gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), Looker::new(&place), context());
        let mut gate = gate.rereading(read);
        let lock = std::fs::File::options().write(true).open(place.directory.path().join("log.db.lock"));
        let lock = lock.unwrap();
        lock.lock().unwrap();
        let release = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            lock.unlock().unwrap();
        });
        let answered = gate.answer(&actions(&["read"])[0]);
        release.join().unwrap();
        match (answered, expected) {
            (Ok(outcome), Ok((answer, rule))) => {
                let answered = outcome.answered();
                assert_eq!((answered.answer(), answered.decision().matched_rule()), (answer, rule));
                assert_eq!(place.records()[0].decision, Some(answer));
            }
            (Err(error), Err(why)) => assert!(error.to_string().ends_with(why), "{error}"),
            (answered, expected) => panic!("{expected:?}: {answered:?}"),
        }
        assert_eq!(place.events(), events);
        let found = TrailReader::open(&place.log()).unwrap().verify(Vec::new(), |_, _| {}).unwrap();
        assert!(found.is_sound(), "{:?}", found.damage);
    }
}
