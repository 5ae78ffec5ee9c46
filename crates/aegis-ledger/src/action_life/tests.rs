use proptest::prelude::*;

use super::*;

const DONE: Step = Step::Ended { skipped: false };
const SKIPPED: Step = Step::Ended { skipped: true };
const STEPS: [Step; 14] = [
    Step::Requested,
    Step::Answered(Answer::Approved),
    Step::Answered(Answer::Denied),
    Step::Answered(Answer::Unanswered),
    Step::Decided(Answer::Auto),
    Step::Decided(Answer::Approved),
    Step::Decided(Answer::Denied),
    Step::Decided(Answer::Block),
    Step::Decided(Answer::Unanswered),
    Step::Started,
    Step::Verified,
    Step::Observed,
    DONE,
    SKIPPED,
];

/// Every whole life that there is, written down by hand.
fn lives() -> Vec<Vec<Step>> {
    use Answer::{Approved, Auto, Block, Denied, Unanswered};
    let asked = |said, decided| vec![Step::Requested, Step::Answered(said), Step::Decided(decided)];
    let mut lives = vec![
        vec![Step::Decided(Auto)],
        vec![Step::Decided(Block)],
        asked(Approved, Approved),
        asked(Approved, Block),
        asked(Approved, Unanswered),
        asked(Denied, Denied),
        asked(Unanswered, Unanswered),
        vec![Step::Requested, Step::Decided(Unanswered)],
        vec![Step::Observed],
    ];
    for life in lives.clone() {
        match life.last() {
            Some(Step::Decided(Auto | Approved)) => {
                let done: [&[Step]; 3] = [&[], &[Step::Started], &[Step::Started, Step::Verified]];
                for done in done {
                    for end in [DONE, SKIPPED] {
                        lives.push([&life[..], done, &[end]].concat());
                    }
                }
            }
            Some(Step::Decided(Unanswered)) => lives.push([&life[..], &[SKIPPED]].concat()),
            _ => {}
        }
    }
    lives
}

fn lived(steps: &[Step], may_be_missing: bool) -> Result<Life, (usize, Impossible)> {
    let mut life = Life::default();
    for (place, step) in steps.iter().enumerate() {
        life.step(place as u64 + 1, *step, |_| may_be_missing).map_err(|why| (place, why))?;
    }
    Ok(life)
}

#[test]
fn every_life_and_every_beginning_of_one_is_possible() {
    for life in lives() {
        for length in 0..=life.len() {
            assert!(lived(&life[..length], false).is_ok(), "{life:?} to {length}");
        }
    }
}

/// Against the list of lives, for all that can be told in up to five events: what is possible is the
/// beginning of a life, and nothing else is. Where an event itself names another one that is not there,
/// that is told by its own words: of those, nothing is asked here.
#[test]
fn what_is_no_beginning_of_a_life_is_impossible() {
    let lives = lives();
    for number in 0..STEPS.len().pow(5) {
        let digits = (0..5).map(|place| number / STEPS.len().pow(place) % STEPS.len());
        let steps: Vec<Step> = digits.map(|digit| STEPS[digit]).collect();
        for length in 0..=steps.len() {
            let steps = &steps[..length];
            let is_decided = |end: &usize| steps[..*end].iter().any(|step| matches!(step, Step::Decided(_)));
            let ends = steps.iter().position(|step| matches!(step, Step::Started | Step::Ended { .. }));
            let first = steps.first();
            if ends.is_some_and(|end| !is_decided(&end))
                || matches!(
                    first,
                    Some(Step::Decided(Answer::Approved | Answer::Denied | Answer::Unanswered))
                )
            {
                continue;
            }
            let is_beginning = lives.iter().any(|life| life.starts_with(steps));
            assert_eq!(lived(steps, false).is_ok(), is_beginning, "{steps:?}");
        }
    }
}

proptest! {
    /// Where events may be missing, every life with some of its events taken out is possible.
    #[test]
    fn what_may_be_missing_is_not_held_against_the_rest(life in 0..lives().len(), kept in prop::collection::vec(any::<bool>(), 6)) {
        let life = lives().swap_remove(life);
        let kept: Vec<Step> = life.iter().zip(kept).filter(|(_, kept)| *kept).map(|(step, _)| *step).collect();
        prop_assert!(lived(&kept, true).is_ok(), "{:?}", kept);
    }
}

/// An event of a kind, as it is stored.
fn body(kind: EventKind, stored: &serde_json::Value) -> EventBody {
    EventBody::read(kind, &stored.to_string()).unwrap()
}

/// An entry with these members instead of its own.
fn entry(kind: EventKind, members: serde_json::Value) -> EventBody {
    let mut stored = serde_json::json!({
        "session_id": "s", "agent": null, "action_type": "read", "action_target": "crm", "risk_level": "low",
        "approval": "auto", "matched_rule": "r", "decision": "auto", "approver": null, "result_status": null,
        "reason": "", "undecidable": [], "action_sha256": "", "policy_sha256": "", "host": "h", "user": "u",
        "policy_source": "default", "log_source": "default", "requested_seq": null
    });
    let serde_json::Value::Object(members) = members else { panic!("{members}") };
    stored.as_object_mut().unwrap().extend(members);
    body(kind, &stored)
}

fn answered(decision: &str, approver: Option<&str>) -> EventBody {
    let approver = approver.map(|via| serde_json::json!({ "via": via, "user": "ana", "evidence": 1 }));
    let stored = serde_json::json!({
        "session_id": "s", "decision": decision, "approver": approver, "note": null, "waited_ms": null
    });
    body(EventKind::Answered, &stored)
}

fn ended(result_status: &str, decided_seq: Option<u64>) -> EventBody {
    let stored = serde_json::json!({
        "session_id": "s", "result_status": result_status, "result_error": null, "duration_ms": null,
        "decided_seq": decided_seq
    });
    body(EventKind::Ended, &stored)
}

fn started(decided_seq: Option<u64>) -> EventBody {
    let recorder = serde_json::json!({ "pid": 7, "began": 8, "boot": "b" });
    let stored = serde_json::json!({ "session_id": "s", "recorder": recorder, "decided_seq": decided_seq });
    body(EventKind::Started, &stored)
}

fn verified(decided_seq: Option<u64>) -> EventBody {
    let stored = serde_json::json!({
        "session_id": "s", "passed": true, "error": null, "duration_ms": 3, "decided_seq": decided_seq
    });
    body(EventKind::Verified, &stored)
}

fn checkpoint() -> EventBody {
    let stored = serde_json::json!({ "size": 1, "root": "", "signed_by": null, "host": "h", "user": "u" });
    body(EventKind::Checkpoint, &stored)
}

fn pruned() -> EventBody {
    let stored = serde_json::json!({
        "through": 1, "head": "", "subtrees": [], "genesis": null, "archive_sha256": "", "archive": "",
        "host": "h", "user": "u"
    });
    body(EventKind::Pruned, &stored)
}

#[test]
fn each_event_is_the_step_that_it_tells_of() {
    let of = |told: &EventBody| Step::of(told);
    assert_eq!(of(&entry(EventKind::Requested, serde_json::json!({}))), Some(Step::Requested));
    for answer in Answer::ALL {
        let decided = entry(EventKind::Decided, serde_json::json!({ "decision": answer.as_str() }));
        assert_eq!(of(&decided), Some(Step::Decided(answer)));
        assert_eq!(of(&answered(answer.as_str(), None)), Some(Step::Answered(answer)));
    }
    assert_eq!(of(&entry(EventKind::Decided, serde_json::json!({ "decision": null }))), None);
    assert_eq!(of(&ended("success", None)), Some(DONE));
    assert_eq!(of(&ended("failed", None)), Some(DONE));
    assert_eq!(of(&ended("skipped", None)), Some(SKIPPED));
    assert_eq!(of(&entry(EventKind::Observed, serde_json::json!({}))), Some(Step::Observed));
    assert_eq!(of(&started(Some(1))), Some(Step::Started));
    assert_eq!(of(&verified(Some(1))), Some(Step::Verified));
    assert_eq!((of(&checkpoint()), of(&pruned())), (None, None));
    for step in STEPS {
        let kind = match step {
            Step::Requested => EventKind::Requested,
            Step::Answered(_) => EventKind::Answered,
            Step::Decided(_) => EventKind::Decided,
            Step::Started => EventKind::Started,
            Step::Verified => EventKind::Verified,
            Step::Observed => EventKind::Observed,
            Step::Ended { .. } => EventKind::Ended,
        };
        assert_eq!(step.kind(), kind);
    }
}

/// Every approval with every decision, asked or not, by somebody or nobody, against what is written down
/// by hand.
#[test]
fn a_decision_contradicts_itself_unless_it_is_one_of_these() {
    let approver = serde_json::json!({ "via": "terminal", "user": "ana", "evidence": 1 });
    for approval in ["auto", "approve", "block"] {
        for answer in Answer::ALL {
            for (asked, by) in [(false, false), (false, true), (true, false), (true, true)] {
                let result = ResultStatus::of(answer).map(ResultStatus::as_str);
                let told = entry(
                    EventKind::Decided,
                    serde_json::json!({
                        "approval": approval, "decision": answer.as_str(), "result_status": result,
                        "requested_seq": asked.then_some(1), "approver": by.then_some(&approver)
                    }),
                );
                let can_be = match (approval, answer) {
                    ("auto", Answer::Auto) => !asked,
                    ("block", Answer::Block) => true,
                    ("approve", Answer::Approved) => asked && by,
                    ("approve", Answer::Denied | Answer::Unanswered) => asked,
                    _ => false,
                };
                let said = check_words("a", &told);
                assert_eq!(said.is_ok(), can_be, "{approval} {answer:?} {asked} {by}: {said:?}");
            }
        }
    }
    for wrong in [
        serde_json::json!({ "decision": null }),
        serde_json::json!({ "result_status": "success" }),
        serde_json::json!({ "decision": "block", "approval": "block" }),
    ] {
        assert!(check_words("a", &entry(EventKind::Decided, wrong.clone())).is_err(), "{wrong}");
    }
}

#[test]
fn a_question_an_answer_and_an_end_contradict_themselves_too() {
    let asked = |members: serde_json::Value| {
        let mut all = serde_json::json!({ "approval": "approve", "decision": null });
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        check_words("a", &entry(EventKind::Requested, all)).is_ok()
    };
    assert!(asked(serde_json::json!({})));
    for wrong in [
        serde_json::json!({ "approval": "auto" }),
        serde_json::json!({ "decision": "approved" }),
        serde_json::json!({ "result_status": "skipped" }),
        serde_json::json!({ "approver": { "via": "terminal", "user": "ana", "evidence": 1 } }),
    ] {
        assert!(!asked(wrong.clone()), "{wrong}");
    }
    let said = |decision, by| check_words("a", &answered(decision, by)).is_ok();
    assert!(said("approved", Some("terminal")) && !said("approved", None));
    assert!(said("denied", None) && said("unanswered", None));
    assert!(!said("auto", Some("terminal")) && !said("block", Some("terminal")));
    assert!(check_words("a", &ended("success", Some(1))).is_ok());
    assert!(check_words("a", &ended("success", None)).is_err());
    assert!(check_words("a", &started(Some(1))).is_ok() && check_words("a", &verified(Some(1))).is_ok());
    assert!(check_words("a", &started(None)).is_err() && check_words("a", &verified(None)).is_err());
    let seen = |members| check_words("a", &entry(EventKind::Observed, members)).is_ok();
    let undecided = || serde_json::json!({ "decision": null, "approver": null, "result_status": null, "requested_seq": null });
    assert!(seen(undecided()));
    for (member, value) in [
        ("decision", serde_json::json!("auto")),
        ("result_status", serde_json::json!("success")),
        ("approver", serde_json::json!({ "via": "rule", "user": null, "evidence": 0 })),
        ("requested_seq", serde_json::json!(1)),
    ] {
        let mut members = undecided();
        members[member] = value;
        assert!(!seen(members), "{member}");
    }
}

#[test]
fn what_is_about_the_log_names_no_action_and_all_else_does() {
    let decided = entry(EventKind::Decided, serde_json::json!({}));
    for (told, of_log) in [(checkpoint(), true), (pruned(), true), (decided, false)] {
        assert_eq!(check_words("", &told).is_ok(), of_log, "{told:?}");
        assert_eq!(check_words("a", &told).is_ok(), !of_log, "{told:?}");
    }
}

#[test]
fn what_is_known_of_a_life_can_be_asked() {
    let mut life = Life::default();
    assert!(!life.is_known());
    let never = |_| false;
    for (row, step) in (3..).zip(&lives()[2]) {
        life.step(row, *step, never).unwrap();
        assert!(life.is_known());
    }
    assert_eq!((life.decided(), life.ended()), (Some((5, Answer::Approved)), None));
    life.step(9, DONE, never).unwrap();
    assert_eq!(life.ended(), Some(9));
    let alone = [
        Step::Answered(Answer::Denied),
        Step::Decided(Answer::Auto),
        Step::Started,
        Step::Verified,
        Step::Observed,
        DONE,
    ];
    for step in alone {
        let mut alone = Life::default();
        alone.step(1, step, |_| true).unwrap();
        assert!(alone.is_known(), "{step:?}");
    }
}

/// What could be missing is asked for behind the row that it would stand behind.
#[test]
fn only_what_stood_behind_the_question_can_be_missing() {
    for (missing, possible) in [(2, true), (1, false)] {
        let mut life = Life::default();
        life.step(2, Step::Requested, |_| false).unwrap();
        let found = life.step(4, Step::Decided(Answer::Denied), |behind| behind == missing);
        assert_eq!(found.is_ok(), possible);
    }
    let mut life = Life::default();
    assert!(life.step(4, Step::Answered(Answer::Denied), |behind| behind == 0).is_ok());
}

#[test]
fn what_is_impossible_is_told_with_its_reason() {
    let told = |steps: &[Step]| lived(steps, false).unwrap_err().1.to_string();
    let (auto, block) = (Step::Decided(Answer::Auto), Step::Decided(Answer::Block));
    assert_eq!(told(&[auto, auto]), "row 1 is the action's `decided` event, and there is one only");
    assert_eq!(told(&[auto, Step::Requested]), "the action's `decided` event is row 1, before it");
    assert_eq!(told(&[Step::Answered(Answer::Approved)]), "it answers a question that was not put");
    assert_eq!(
        told(&[Step::Requested, Step::Decided(Answer::Approved)]),
        "the question in row 1 has no answer that it could be based on"
    );
    assert_eq!(
        told(&[Step::Requested, Step::Answered(Answer::Denied), Step::Decided(Answer::Approved)]),
        "it is decided as `approved`, but row 2 says `denied`"
    );
    assert_eq!(told(&[auto, Step::Verified]), "it tells how something turned out that was not done");
    assert_eq!(told(&[auto, Step::Observed]), "the action's `decided` event is row 1, before it");
    assert_eq!(told(&[Step::Observed, auto]), "the action's `observed` event is row 1, before it");
    assert_eq!(told(&[block, SKIPPED]), "the action was not allowed, so it was not done: row 1 says `block`");
    assert_eq!(
        check_time(0).unwrap_err().to_string(),
        "its time is 1970-01-01T00:00:00.000Z, when there was no such log"
    );
    assert_eq!(check_time(i64::MIN).unwrap_err(), Impossible::TooEarly { at: i64::MIN });
    assert!(check_time(EARLIEST).is_ok());
}

#[test]
fn a_step_that_is_impossible_changes_nothing() {
    let mut life = lived(&lives()[3], false).unwrap();
    let before = life;
    for step in STEPS {
        assert!(life.step(9, step, |_| true).is_err(), "{step:?}");
        assert_eq!(life, before);
    }
}

#[test]
fn what_cannot_have_happened_is_said_in_a_sentence() {
    let why = Impossible::NotAllowed { row: 7, answer: Answer::Denied };
    assert_eq!(
        why.sentence(),
        "what it tells cannot have happened: the action was not allowed, so it was not done: row 7 says `denied`"
    );
}

#[test]
fn a_life_tells_the_row_of_each_step() {
    let mut life = Life::default();
    let steps = [Step::Decided(Answer::Auto), Step::Started, Step::Verified, DONE];
    let rows =
        |life: &Life| [life.decided().map(|(row, _)| row), life.started(), life.verified(), life.ended()];
    assert_eq!(rows(&life), [None; 4]);
    let mut told = [None; 4];
    for (place, step) in steps.into_iter().enumerate() {
        let row = 10 + 2 * place as u64;
        life.step(row, step, |_| false).unwrap();
        told[place] = Some(row);
        assert_eq!(rows(&life), told);
    }
}

#[test]
fn a_reply_and_its_use_are_of_a_question_and_a_reply_is_yes_or_no() {
    let replied = |decision: &str, requested_seq: Option<u64>| {
        let approver = serde_json::json!({ "via": "approve", "user": "ana", "evidence": 1 });
        let stored = serde_json::json!({
            "decision": decision, "approver": approver, "name": null, "note": null, "host": "h", "user": "ana",
            "requested_seq": requested_seq
        });
        check_words("a", &body(EventKind::Replied, &stored))
    };
    let consumed = |requested_seq: Option<u64>| {
        let stored = serde_json::json!({ "by": "b", "requested_seq": requested_seq });
        check_words("a", &body(EventKind::Consumed, &stored))
    };
    let not_put = Err(Impossible::Contradiction("it answers a question that was not put"));
    for decision in ["approved", "denied"] {
        assert_eq!(replied(decision, Some(1)), Ok(()), "{decision}");
        assert_eq!(replied(decision, None), not_put, "{decision}");
    }
    for decision in ["auto", "block", "unanswered"] {
        let neither = Impossible::Contradiction("a question was answered neither by yes nor by no");
        assert_eq!(replied(decision, Some(1)), Err(neither), "{decision}");
    }
    assert_eq!((consumed(Some(1)), consumed(None)), (Ok(()), not_put));
}
