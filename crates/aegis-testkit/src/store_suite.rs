//! What every store must do, whatever it keeps a log in.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use aegis_audit::store::{Appended, Likeness, Snapshot, Store, history_of};
use aegis_audit::{
    Check, EndStatus, Ending, Journal, LifeError, RecordError, RedactError, Sink, SinkError, SinkRecord,
    TrailError, precedents_of,
};
use aegis_engine::{ApprovalTerms, Digest};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::chain::Head;
use aegis_ledger::event::{Asked, Event, EventKind, Operator, Pruned, Stamped};
use aegis_ledger::merkle::Frontier;
use aegis_ledger::record::Record;
use aegis_ledger::verify::{Start, Verification, Verifier};

use crate::{Append as _, Case};

const OPERATOR: Operator<'_> = Operator { host: "host", user: "ana", login: None };
const SUCCESS: Ending<'_> = Ending { status: EndStatus::Success, error: None, duration_ms: Some(3) };

/// Where stores of one log come from, for the suite.
pub trait StorePlace {
    /// What is to pass the suite.
    type Store: Store + 'static;

    /// A new place, in which there is no log.
    fn new() -> Self;

    /// One more writer of the place's log, which is made where it is not there.
    fn open(&self) -> Self::Store;

    /// Looks at the place's log as it is.
    fn look<T>(&self, look: impl FnOnce(&dyn Snapshot) -> T) -> T;
}

/// Runs everything that a store must do. A store that passes can stand behind the journal.
pub fn store_suite<P: StorePlace>() {
    a_log_is_made_once_and_has_one_name::<P>();
    events_are_numbered_and_linked_in_the_order_in_which_they_came::<P>();
    what_fails_leaves_nothing::<P>();
    writers_take_turns_and_each_sees_what_the_others_wrote::<P>();
    whoever_found_nothing_in_a_log_goes_on_behind_what_others_wrote_first::<P>();
    an_action_ends_once_and_only_if_it_was_allowed::<P>();
    an_action_is_started_and_looked_at_once_before_it_ends::<P>();
    a_removed_payload_is_gone_and_the_chain_still_verifies::<P>();
    a_checkpoint_is_of_every_event_before_it::<P>();
    what_was_pruned_is_deleted_and_the_log_begins_behind_it::<P>();
    sinks_get_the_records_that_are_stored::<P>();
    a_look_stops_where_it_is_told_to::<P>();
    what_was_approved_of_the_like_is_counted_from_the_newest::<P>();
}

fn a_log_is_made_once_and_has_one_name<P: StorePlace>() {
    let place = P::new();
    let first = Journal::over(place.open());
    let second = Journal::over(place.open());
    assert!(first.created());
    assert_eq!((first.id(), first.id().len()), (second.id(), 32));
    assert_eq!(place.look(|log| log.identity().name()), first.id());
    assert_eq!(place.look(|log| log.origin().unwrap().through), 0);
}

fn events_are_numbered_and_linked_in_the_order_in_which_they_came<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    let asked = Case::new(r#"{"type":"update","target":"crm"}"#).id("a").answered_by(Answer::Approved, "ana");
    let first = journal.append(&[asked.requested()]).unwrap();
    let second = journal.append(&[asked.answered(), asked.decided()]).unwrap();
    let receipts: Vec<_> = first.into_iter().chain(second).map(|it| (it.seq(), it.head())).collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(heads(&place), receipts);
    assert_eq!(verify(&place).rows, 3);
    let history = place.look(|log| history_of(log, "a")).unwrap().unwrap();
    let kinds: Vec<_> = history.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["requested", "answered", "decided"]);
    // What was decided refers to what was requested.
    assert_eq!(history.decided().unwrap().entry().unwrap().requested_seq, Some(1));
    assert!(history.is_intact());
}

fn what_fails_leaves_nothing<P: StorePlace>() {
    let place = P::new();
    let mut store = place.open();
    let case = Case::default();
    let refused = store.transact(&mut |log| {
        log.append(&[case.decided()])?;
        Err(TrailError::Outdated { path: log.location().to_owned() })
    });
    assert!(matches!(refused, Err(TrailError::Outdated { .. })), "{refused:?}");
    assert!(heads(&place).is_empty());
    let mut appended: Vec<Appended> = Vec::new();
    store
        .transact(&mut |log| {
            assert_eq!(log.head(), Head { seq: 0, hash: log.identity().genesis() });
            appended = log.append(&[case.decided()])?;
            assert_eq!(log.head(), appended[0].head);
            Ok(())
        })
        .unwrap();
    assert_eq!((appended[0].head.seq, appended[0].record), (1, Some(1)));
    // Nothing to say is nothing that a receipt could be for.
    let nothing = Journal::over(store).record(vec![Vec::<Stamped<'_>>::new()]);
    assert!(matches!(nothing, Err(RecordError::NoEvent)));
    assert_eq!(heads(&place).len(), 1);
}

fn writers_take_turns_and_each_sees_what_the_others_wrote<P: StorePlace>() {
    let place = P::new();
    let mut journals: Vec<_> = (0..4).map(|_| Journal::over(place.open())).collect();
    for round in 0..5 {
        for (number, journal) in journals.iter_mut().enumerate() {
            let _ = crate::append_one(journal, &format!("{round}-{number}")).unwrap();
        }
    }
    std::thread::scope(|scope| {
        for (number, journal) in journals.iter_mut().enumerate() {
            scope.spawn(move || {
                for round in 0..20 {
                    let _ = crate::append_one(journal, &format!("t{round}-{number}")).unwrap();
                }
            });
        }
    });
    assert_eq!(verify(&place).rows, 100);
}

fn whoever_found_nothing_in_a_log_goes_on_behind_what_others_wrote_first<P: StorePlace>() {
    let place = P::new();
    let (mut early, mut other) = (place.open(), Journal::over(place.open()));
    early.transact(&mut |_| Ok(())).unwrap();
    let mut early = Journal::over(early);
    assert!(matches!(early.end_action("a", SUCCESS), Err(LifeError::Unknown { .. })));
    let (digest, terms) = (Digest::of(b"a"), ApprovalTerms::default());
    let asked = Asked {
        action_sha256: digest,
        policy_sha256: digest,
        rule: "r",
        agent: None,
        user: "ana",
        login: None,
        terms: &terms,
    };
    assert!(!early.has_answer(&asked, None).unwrap());
    assert_eq!(crate::append_one(&mut other, "a").unwrap()[0].seq(), 1);
    assert_eq!(crate::append_one(&mut early, "b").unwrap()[0].seq(), 2);
    assert_eq!(verify(&place).rows, 2);
}

fn an_action_ends_once_and_only_if_it_was_allowed<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    let denied = Case::new(r#"{"type":"delete","target":"crm"}"#).id("denied");
    let _ = journal.append(&[Case::default().id("a").decided(), denied.decided()]).unwrap();
    assert_eq!(journal.end_action("a", SUCCESS).unwrap().seq(), 3);
    let again = Journal::over(place.open()).end_action("a", SUCCESS);
    assert!(matches!(again, Err(LifeError::AlreadyEnded { seq: 3, .. })), "{again:?}");
    let refused = journal.end_action("denied", SUCCESS);
    assert!(matches!(refused, Err(LifeError::NotAllowed { answer: Some(Answer::Block), .. })), "{refused:?}");
    for unknown in ["b", ""] {
        assert!(matches!(journal.end_action(unknown, SUCCESS), Err(LifeError::Unknown { .. })), "{unknown}");
    }
    let history = place.look(|log| history_of(log, "a")).unwrap().unwrap();
    assert_eq!(history.result(), Some(ResultStatus::Success));
    assert_eq!(verify(&place).rows, 3);
}

fn an_action_is_started_and_looked_at_once_before_it_ends<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    let denied = Case::new(r#"{"type":"delete","target":"crm"}"#).id("denied");
    let _ = journal.append(&[Case::default().id("a").decided(), denied.decided()]).unwrap();
    let check = Check { passed: true, error: None, duration_ms: None };
    for id in ["denied", "b", ""] {
        assert!(journal.start_action(id, None).is_err(), "{id}");
        assert!(journal.verify_action(id, check).is_err(), "{id}");
    }
    assert!(matches!(journal.verify_action("a", check), Err(LifeError::NotOpen { .. })));
    assert_eq!(journal.start_action("a", None).unwrap().seq(), 3);
    let again = Journal::over(place.open()).start_action("a", None);
    assert!(matches!(again, Err(LifeError::AlreadyStarted { seq: 3, .. })), "{again:?}");
    assert_eq!(journal.verify_action("a", check).unwrap().seq(), 4);
    assert!(matches!(journal.verify_action("a", check), Err(LifeError::NotOpen { .. })));
    let _ = journal.end_action("a", SUCCESS).unwrap();
    assert!(matches!(journal.start_action("a", None), Err(LifeError::AlreadyEnded { seq: 5, .. })));
    assert!(matches!(journal.verify_action("a", check), Err(LifeError::AlreadyEnded { seq: 5, .. })));
    assert_eq!(verify(&place).rows, 5);
}

fn a_removed_payload_is_gone_and_the_chain_still_verifies<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    let _ = journal.append(&[Case::default().id("a").decided(), Case::default().id("b").decided()]).unwrap();
    let removal = journal.redact("a", Some("asked for"), OPERATOR).unwrap();
    assert_eq!((&removal.events[..], removal.receipt.unwrap().seq()), (&[1][..], 3));
    assert_eq!(verify(&place).removed, 1);
    let payloads = |id: &str| {
        let history = place.look(|log| history_of(log, id)).unwrap().unwrap();
        history.events.iter().filter(|event| event.payload.is_some()).count()
    };
    assert_eq!((payloads("a"), payloads("b")), (0, 1));
    assert!(journal.redact("a", None, OPERATOR).unwrap().events.is_empty());
    assert!(matches!(journal.redact("c", None, OPERATOR), Err(RedactError::Unknown { .. })));
}

fn a_checkpoint_is_of_every_event_before_it<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    let _ = journal.append(&[Case::default().id("a").decided()]).unwrap();
    let verified = verify(&place);
    // What comes in after the log was verified is covered all the same.
    let _ = journal.append(&[Case::default().id("b").decided()]).unwrap();
    let at = Case::default().at;
    let (checkpoint, receipt) = journal.record_checkpoint(&verified, at, None, OPERATOR).unwrap();
    let mut tree = Frontier::default();
    for (_, hash) in heads(&place).iter().take(2) {
        tree.push(hash);
    }
    assert_eq!((checkpoint.size, checkpoint.root, receipt.seq()), (2, tree.root(), 3));
    assert_eq!(verify(&place).rows, 3);
    // Another log's verification vouches for nothing here.
    let other = P::new();
    let _ = Journal::over(other.open()).append(&[Case::default().id("c").decided()]).unwrap();
    assert!(journal.record_checkpoint(&verify(&other), at, None, OPERATOR).is_err());
}

fn what_was_pruned_is_deleted_and_the_log_begins_behind_it<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    for id in ["a", "b", "c"] {
        let _ = crate::append_one(&mut journal, id).unwrap();
    }
    let (heads_before, sound) = (heads(&place), verify(&place));
    let mut tree = Frontier::default();
    for (_, hash) in heads_before.iter().take(2) {
        tree.push(hash);
    }
    let pruned = Pruned {
        through: 2,
        head: heads_before[1].1,
        subtrees: tree.subtrees(),
        genesis: place.look(|log| log.identity().genesis()),
        archive_sha256: Digest::of(b""),
        archive: "old.jsonl",
        operator: OPERATOR,
    };
    let event = Stamped { at: Case::default().at, event: Event::Pruned(pruned) };
    let _ = journal.append(&[event]).unwrap();
    assert_eq!(journal.delete_pruned(&sound, |_| {}).unwrap(), 2);
    assert_eq!(journal.delete_pruned(&sound, |_| {}).unwrap(), 0);
    let origin = place.look(|log| log.origin().unwrap());
    assert_eq!((origin.through, origin.head), (2, heads_before[1].1));
    assert_eq!(heads(&place).iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [3, 4]);
    let _ = crate::append_one(&mut journal, "d").unwrap();
    assert_eq!((verify(&place).start, verify(&place).last), (3, 5));
}

/// Keeps what it is given.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<(EventKind, Record)>>>);

impl Sink for Kept {
    fn name(&self) -> String {
        "kept".to_owned()
    }

    fn append(&mut self, records: &[SinkRecord]) -> Result<(), SinkError> {
        self.0.lock().unwrap().extend(records.iter().map(|record| (record.kind(), record.record().clone())));
        Ok(())
    }
}

fn sinks_get_the_records_that_are_stored<P: StorePlace>() {
    let (place, kept) = (P::new(), Kept::default());
    let mut journal = Journal::over(place.open()).with_sinks(vec![Box::new(kept.clone())]);
    let asked = Case::new(r#"{"type":"update","target":"crm"}"#).id("a").answered_by(Answer::Approved, "ana");
    let _ = journal.append(&[asked.requested(), asked.answered(), asked.decided()]).unwrap();
    let _ = journal.end_action("a", SUCCESS).unwrap();
    let _ = journal.redact("a", None, OPERATOR).unwrap();
    let _ = journal.record_checkpoint(&verify(&place), asked.at, None, OPERATOR).unwrap();
    let kept = kept.0.lock().unwrap();
    let told: Vec<_> = kept.iter().map(|(kind, record)| (*kind, record.seq, record.result_status)).collect();
    let success = Some(ResultStatus::Success);
    assert_eq!(
        told,
        [
            (EventKind::Requested, 1, None),
            (EventKind::Decided, 3, None),
            (EventKind::Ended, 4, success),
            (EventKind::Redacted, 5, success)
        ]
    );
    assert!(kept[2].1.action_params.is_some() && kept[3].1.action_params.is_none());
    let hashes: Vec<_> = kept.iter().map(|(_, record)| record.hash.clone()).collect();
    let heads = heads(&place);
    assert_eq!(hashes, [0, 2, 3, 4].map(|index: usize| heads[index].1.to_string()));
}

fn a_look_stops_where_it_is_told_to<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    for id in ["a", "b", "c", "d"] {
        let _ = crate::append_one(&mut journal, id).unwrap();
    }
    let mut seen = Vec::new();
    place.look(|log| {
        log.each_event(2..=u64::MAX, &mut |seq, _| {
            seen.push(seq);
            Ok(if seq == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .unwrap();
        // What is to be looked at may be nothing.
        let nothing = std::ops::RangeInclusive::new(5, 4);
        log.each_event(nothing, &mut |_, _| panic!("there is nothing there")).unwrap();
        let error = log.each_event(1..=4, &mut |_, _| Err(TrailError::NotALog { path: "x".into() }));
        assert!(matches!(error, Err(TrailError::NotALog { .. })), "{error:?}");
    });
    assert_eq!(seen, [2, 3]);
}

/// The number and hash of every event.
fn what_was_approved_of_the_like_is_counted_from_the_newest<P: StorePlace>() {
    let place = P::new();
    let mut journal = Journal::over(place.open());
    let like =
        |target| Likeness { action_type: "update", action_target: target, rule: "updates_need_approval" };
    let found = |target| place.look(|log| log.approved_like(like(target), 3)).unwrap();
    let precedents = |target| place.look(|log| precedents_of(log, like(target))).unwrap();
    assert_eq!(found("crm"), [0_u64; 0]);
    assert_eq!(precedents("crm").last, None);
    let answers = [("crm", Answer::Approved), ("crm", Answer::Denied), ("shop", Answer::Approved)];
    for round in 0..4 {
        for (index, (target, answer)) in answers.into_iter().enumerate() {
            let action = format!(r#"{{"type":"update","target":"{target}"}}"#);
            let case = Case::new(&action).id(&format!("{round}{index}")).answered_by(answer, "ana");
            journal.append(&[case.decided()]).unwrap();
        }
    }
    assert_eq!(found("crm"), [10, 7, 4], "no more than were asked for, the newest first");
    assert_eq!((found("shop"), found("other")), (vec![12, 9, 6], Vec::new()));
    let precedents = precedents("crm");
    assert_eq!((precedents.count, precedents.has_more), (4, false));
    assert_eq!(precedents.last.unwrap().by.as_deref(), Some("ana"));
    let other = Likeness { rule: "another", ..like("crm") };
    assert_eq!(place.look(|log| log.approved_like(other, 3)).unwrap(), [0_u64; 0]);
}

fn heads(place: &impl StorePlace) -> Vec<(u64, Digest)> {
    let mut heads = Vec::new();
    place.look(|log| {
        log.each_event(0..=u64::MAX, &mut |_, event| {
            let event = event.unwrap();
            heads.push((event.seq, Digest::from_bytes(event.hash.try_into().unwrap())));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    });
    heads
}

/// Verifies the place's log, which must be sound.
fn verify(place: &impl StorePlace) -> Verification {
    place.look(|log| {
        let (identity, origin) = (log.identity(), log.origin().unwrap());
        let start = match origin.through {
            0 => Start::of_log(&identity.id, identity.created_at, Digest::of(&identity.key)),
            through => Start::after(&identity.id, through, origin.head, Some(origin.tree)),
        };
        let mut verifier = Verifier::new(start, Vec::new());
        log.each_event(0..=u64::MAX, &mut |seq, event| {
            verifier.push(seq, event);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        let verification = verifier.finish();
        assert!(verification.is_sound(), "{:?}", verification.damage);
        verification
    })
}
