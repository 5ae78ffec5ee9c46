//! The life of an action: which events of it can follow each other, and what each of them can say. Whoever
//! reads a log, whoever verifies one and whoever adds to one asks here.
//!
//! ```text
//! decided(auto | block)                                            nobody was asked
//! requested → answered(approved)   → decided(approved | block | unanswered)
//!           → answered(denied)     → decided(denied)
//!           → answered(unanswered) → decided(unanswered)
//!                                  → decided(unanswered)           the question was not put
//! decided(auto | approved) → ended                                 once
//! decided(unanswered)      → ended(skipped)                        it was given up
//! ```
//! An approval may lead to less: the action is decided again for the answer's own moment. An action is given
//! up where a copy of its record was not taken. What was `redacted` of an action is no part of its life.

use std::fmt;

use aegis_engine::ApprovalMode;
use chrono::{DateTime, SecondsFormat};

use crate::answer::{Answer, ResultStatus};
use crate::event::{EntryBody, EventBody, EventKind};

/// Before the first of January 2026 (UTC) there was no log of this kind: a time before that, in milliseconds
/// since the Unix epoch, is one of a clock that is wrong, or invented.
pub const EARLIEST: i64 = 1_767_225_600_000;

/// What an event says of the life of its action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A human is about to be asked.
    Requested,
    /// A human answered, or nobody did.
    Answered(Answer),
    /// It was answered for good.
    Decided(Answer),
    /// It came to its end.
    Ended {
        /// Whether it was not even tried.
        skipped: bool,
    },
}

/// Why an event cannot have happened, as whoever wrote it says it did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Impossible {
    /// Its time is one at which there was no such log.
    TooEarly {
        /// The time, in milliseconds since the Unix epoch.
        at: i64,
    },
    /// What it says contradicts itself.
    Contradiction(&'static str),
    /// Something happened twice that happens once.
    Twice {
        /// What.
        kind: EventKind,
        /// The row in which it happened first.
        first: u64,
    },
    /// It stands behind something that comes after it.
    Behind {
        /// What comes after it.
        kind: EventKind,
        /// The row of that.
        row: u64,
    },
    /// An answer to a question that was not put.
    NotAsked,
    /// A decision on a question to which there is no answer.
    NotAnswered {
        /// The row of the question.
        asked: u64,
    },
    /// A decision that the answer does not lead to.
    OtherAnswer {
        /// The row of the answer.
        row: u64,
        /// The answer.
        said: Answer,
        /// The decision.
        decided: Answer,
    },
    /// The end of an action that was not allowed.
    NotAllowed {
        /// The row of the decision.
        row: u64,
        /// The decision.
        answer: Answer,
    },
}

impl fmt::Display for Impossible {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Impossible::TooEarly { at } => {
                let at = DateTime::from_timestamp_millis(*at)
                    .map_or_else(|| at.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
                write!(formatter, "its time is {at}, when there was no such log")
            }
            Impossible::Contradiction(what) => formatter.write_str(what),
            Impossible::Twice { kind, first } => {
                write!(
                    formatter,
                    "row {first} is the action's `{}` event, and there is one only",
                    kind.as_str()
                )
            }
            Impossible::Behind { kind, row } => {
                write!(formatter, "the action's `{}` event is row {row}, before it", kind.as_str())
            }
            Impossible::NotAsked => formatter.write_str("it answers a question that was not put"),
            Impossible::NotAnswered { asked } => {
                write!(formatter, "the question in row {asked} has no answer that it could be based on")
            }
            Impossible::OtherAnswer { row, said, decided } => write!(
                formatter,
                "it is decided as `{}`, but row {row} says `{}`",
                decided.as_str(),
                said.as_str()
            ),
            Impossible::NotAllowed { row, answer } => write!(
                formatter,
                "the action was not allowed, so it has no end: row {row} says `{}`",
                answer.as_str()
            ),
        }
    }
}

impl Step {
    /// The step that an event is; `None` where it is about no action's life.
    #[must_use]
    pub fn of<S>(body: &EventBody<S>) -> Option<Step> {
        match body {
            EventBody::Requested(_) => Some(Step::Requested),
            EventBody::Answered(answered) => Some(Step::Answered(answered.decision)),
            // Without an answer, it is a contradiction; that is told elsewhere.
            EventBody::Decided(entry) => entry.decision.map(Step::Decided),
            EventBody::Ended(ended) => {
                Some(Step::Ended { skipped: ended.result_status == ResultStatus::Skipped })
            }
            _ => None,
        }
    }

    /// The kind of event that it is.
    #[must_use]
    pub const fn kind(self) -> EventKind {
        match self {
            Step::Requested => EventKind::Requested,
            Step::Answered(_) => EventKind::Answered,
            Step::Decided(_) => EventKind::Decided,
            Step::Ended { .. } => EventKind::Ended,
        }
    }
}

/// Whether an event can have happened at this time, in milliseconds since the Unix epoch.
///
/// # Errors
/// When there was no such log then.
pub const fn check_time(at: i64) -> Result<(), Impossible> {
    if at < EARLIEST { Err(Impossible::TooEarly { at }) } else { Ok(()) }
}

/// Whether what an event says can be so, whatever other events there are: of the action with this id, or of
/// the log where that is empty.
///
/// # Errors
/// When it contradicts itself.
pub fn check_words<S>(action_id: &str, body: &EventBody<S>) -> Result<(), Impossible> {
    let contradiction = match body {
        EventBody::Checkpoint(_) | EventBody::Pruned(_) if !action_id.is_empty() => {
            Some("it is about the log, and names an action")
        }
        EventBody::Checkpoint(_) | EventBody::Pruned(_) => None,
        _ if action_id.is_empty() => Some("it is about an action, and names none"),
        EventBody::Requested(entry) => contradiction_of_request(entry),
        EventBody::Decided(entry) => contradiction_of_decision(entry),
        EventBody::Answered(answered) => match answered.decision {
            Answer::Auto | Answer::Block => Some("nobody is asked for what a rule answers"),
            Answer::Approved if answered.approver.is_none() => Some("it was approved by nobody"),
            Answer::Approved | Answer::Denied | Answer::Unanswered => None,
        },
        EventBody::Ended(ended) if ended.decided_seq.is_none() => {
            Some("it is the end of an action on which nothing was decided")
        }
        _ => None,
    };
    contradiction.map_or(Ok(()), |what| Err(Impossible::Contradiction(what)))
}

fn contradiction_of_request<S>(entry: &EntryBody<S>) -> Option<&'static str> {
    if entry.decision.is_some() || entry.result_status.is_some() || entry.approver.is_some() {
        return Some("a question was put that holds its own answer");
    }
    (entry.approval != ApprovalMode::Approve).then_some("a question was put that the policy does not ask")
}

fn contradiction_of_decision<S>(entry: &EntryBody<S>) -> Option<&'static str> {
    let Some(answer) = entry.decision else { return Some("it is decided without a decision") };
    if entry.result_status != ResultStatus::of(answer) {
        return Some("its result is not that of its decision");
    }
    let asked = entry.requested_seq.is_some();
    let by_human = matches!(answer, Answer::Approved | Answer::Denied | Answer::Unanswered);
    match (answer, entry.approval) {
        (Answer::Auto, ApprovalMode::Auto) => asked.then_some("a rule allowed it, but a question was put"),
        (Answer::Block, ApprovalMode::Block) => None,
        (_, ApprovalMode::Approve) if by_human && !asked => {
            Some("a human was to be asked, and no question was put")
        }
        (Answer::Approved, ApprovalMode::Approve) if entry.approver.is_none() => {
            Some("it was approved by nobody")
        }
        (_, ApprovalMode::Approve) if by_human => None,
        _ => Some("its decision is none that its approval leads to"),
    }
}

/// What is known of an action by its events so far, which are told in the order of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    requested: Option<u64>,
    answered: Option<(u64, Answer)>,
    decided: Option<(u64, Answer)>,
    ended: Option<u64>,
}

impl Life {
    /// Takes the next event of the action. `may_be_missing` tells whether an event could be missing that
    /// stood behind the row of this number: then what is not there is not held against the others.
    ///
    /// # Errors
    /// When it cannot follow those before it. It is left out then: what follows is measured by the others.
    pub fn step(
        &mut self,
        row: u64,
        step: Step,
        may_be_missing: impl Fn(u64) -> bool,
    ) -> Result<(), Impossible> {
        self.check_place(step)?;
        match step {
            Step::Requested => self.requested = Some(row),
            Step::Answered(answer) => {
                if self.requested.is_none() && !may_be_missing(0) {
                    return Err(Impossible::NotAsked);
                }
                self.answered = Some((row, answer));
            }
            Step::Decided(answer) => {
                match (self.requested, self.answered) {
                    (_, Some((row, said))) if !leads_to(said, answer) => {
                        return Err(Impossible::OtherAnswer { row, said, decided: answer });
                    }
                    (Some(asked), None) if answer != Answer::Unanswered && !may_be_missing(asked) => {
                        return Err(Impossible::NotAnswered { asked });
                    }
                    _ => {}
                }
                self.decided = Some((row, answer));
            }
            Step::Ended { skipped } => {
                // Of an end without a decision, the decision that it names says whether it is there.
                let can_end =
                    |answer: Answer| answer.is_allowed() || (skipped && answer == Answer::Unanswered);
                if let Some((row, answer)) = self.decided.filter(|(_, answer)| !can_end(*answer)) {
                    return Err(Impossible::NotAllowed { row, answer });
                }
                self.ended = Some(row);
            }
        }
        Ok(())
    }

    /// Each step is taken once, and none behind one that comes after it.
    fn check_place(&self, step: Step) -> Result<(), Impossible> {
        let taken = [
            (EventKind::Requested, self.requested),
            (EventKind::Answered, self.answered.map(|(row, _)| row)),
            (EventKind::Decided, self.decided.map(|(row, _)| row)),
            (EventKind::Ended, self.ended),
        ];
        let kind = step.kind();
        let from = taken.iter().position(|(other, _)| *other == kind).unwrap_or_default();
        for (other, row) in taken.into_iter().skip(from) {
            match row {
                Some(first) if other == kind => return Err(Impossible::Twice { kind, first }),
                Some(row) => return Err(Impossible::Behind { kind: other, row }),
                None => {}
            }
        }
        Ok(())
    }

    /// The row of the decision, and what it says.
    #[must_use]
    pub const fn decided(&self) -> Option<(u64, Answer)> {
        self.decided
    }

    /// The row of the end.
    #[must_use]
    pub const fn ended(&self) -> Option<u64> {
        self.ended
    }

    /// Whether anything is known of the action.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.requested.is_some() || self.answered.is_some() || self.decided.is_some() || self.ended.is_some()
    }
}

/// Whether an answer can lead to a decision.
const fn leads_to(said: Answer, decided: Answer) -> bool {
    match said {
        Answer::Approved => matches!(decided, Answer::Approved | Answer::Block | Answer::Unanswered),
        Answer::Denied => matches!(decided, Answer::Denied),
        Answer::Unanswered => matches!(decided, Answer::Unanswered),
        Answer::Auto | Answer::Block => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DONE: Step = Step::Ended { skipped: false };
    const SKIPPED: Step = Step::Ended { skipped: true };
    const STEPS: [Step; 11] = [
        Step::Requested,
        Step::Answered(Answer::Approved),
        Step::Answered(Answer::Denied),
        Step::Answered(Answer::Unanswered),
        Step::Decided(Answer::Auto),
        Step::Decided(Answer::Approved),
        Step::Decided(Answer::Denied),
        Step::Decided(Answer::Block),
        Step::Decided(Answer::Unanswered),
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
        ];
        for life in lives.clone() {
            match life.last() {
                Some(Step::Decided(Auto | Approved)) => {
                    lives.push([&life[..], &[DONE]].concat());
                    lives.push([&life[..], &[SKIPPED]].concat());
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
                let is_decided =
                    |end: &usize| steps[..*end].iter().any(|step| matches!(step, Step::Decided(_)));
                let ends = steps.iter().position(|step| matches!(step, Step::Ended { .. }));
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
        fn what_may_be_missing_is_not_held_against_the_rest(life in 0..lives().len(), kept in prop::collection::vec(any::<bool>(), 4)) {
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

    fn checkpoint() -> EventBody {
        let stored =
            serde_json::json!({ "size": 1, "root": "", "signed_by": null, "host": "h", "user": "u" });
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
        assert_eq!((of(&checkpoint()), of(&pruned())), (None, None));
        for step in STEPS {
            let kind = match step {
                Step::Requested => EventKind::Requested,
                Step::Answered(_) => EventKind::Answered,
                Step::Decided(_) => EventKind::Decided,
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
        for step in [Step::Answered(Answer::Denied), Step::Decided(Answer::Auto), DONE] {
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
        assert_eq!(
            told(&[block, SKIPPED]),
            "the action was not allowed, so it has no end: row 1 says `block`"
        );
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
}
