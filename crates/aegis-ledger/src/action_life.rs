//! The life of an action: which events of it can follow each other, and what each of them can say. Whoever
//! reads a log, whoever verifies one and whoever adds to one asks here.
//!
//! ```text
//! decided(auto | block)                                            nobody was asked
//! requested → answered(approved)   → decided(approved | block | unanswered)
//!           → answered(denied)     → decided(denied)
//!           → answered(unanswered) → decided(unanswered)
//!                                  → decided(unanswered)           the question was not put
//! decided(auto | approved) → started → verified → ended            once each; none of them must follow
//! decided(unanswered)      → ended(skipped)                        it was given up
//! observed                                                         somebody did it without asking
//! ```
//! An approval may lead to less: the action is decided again for the answer's own moment. An action is given
//! up where a copy of its record was not taken. What was `redacted` of an action is no part of its life.

mod grants;

use std::fmt;

use aegis_engine::ApprovalMode;
use chrono::{DateTime, SecondsFormat};

use crate::answer::{Answer, ResultStatus};
use crate::event::{ConsumedBody, EntryBody, EventBody, EventKind, RepliedBody};
use crate::grant::NoGrant;
use crate::question::Refused;

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
    /// It is about to be done.
    Started,
    /// What was done was looked at.
    Verified,
    /// It was done without asking.
    Observed,
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
    /// What is told of a grant that is not so.
    Grant(NoGrant),
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
    /// What was not done was looked at.
    NotStarted,
    /// A decision that the answer does not lead to.
    OtherAnswer {
        /// The row of the answer.
        row: u64,
        /// The answer.
        said: Answer,
        /// The decision.
        decided: Answer,
    },
    /// The doing, or the end, of an action that was not allowed.
    NotAllowed {
        /// The row of the decision.
        row: u64,
        /// The decision.
        answer: Answer,
    },
    /// A reply, or a decision by it, that claims more of who gave it than is proved.
    Unproven(Refused),
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
            Impossible::Grant(why) => why.fmt(formatter),
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
            Impossible::NotStarted => {
                formatter.write_str("it tells how something turned out that was not done")
            }
            Impossible::OtherAnswer { row, said, decided } => write!(
                formatter,
                "it is decided as `{}`, but row {row} says `{}`",
                decided.as_str(),
                said.as_str()
            ),
            Impossible::Unproven(why) => write!(formatter, "who answered is not proved: {why}"),
            Impossible::NotAllowed { row, answer } => write!(
                formatter,
                "the action was not allowed, so it was not done: row {row} says `{}`",
                answer.as_str()
            ),
        }
    }
}

impl Impossible {
    /// The same as a sentence about the event.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("what it tells cannot have happened: {self}")
    }
}

impl Step {
    /// The step that an event of this time is, which is about the action with this id (or about the log where
    /// that is empty); `None` where it is about no action's life.
    ///
    /// # Errors
    /// When it cannot have happened, whatever other events there are.
    pub fn told<S>(at: i64, action_id: &str, body: &EventBody<S>) -> Result<Option<Step>, Impossible> {
        check_time(at)?;
        check_words(action_id, body)?;
        Ok(Step::of(body))
    }

    /// The step that an event is; `None` where it is about no action's life.
    fn of<S>(body: &EventBody<S>) -> Option<Step> {
        match body {
            EventBody::Requested(_) => Some(Step::Requested),
            EventBody::Answered(answered) => Some(Step::Answered(answered.decision)),
            // Without an answer, it is a contradiction; that is told elsewhere.
            EventBody::Decided(entry) => entry.decision.map(Step::Decided),
            EventBody::Ended(ended) => {
                Some(Step::Ended { skipped: ended.result_status == Some(ResultStatus::Skipped) })
            }
            EventBody::Started(_) => Some(Step::Started),
            EventBody::Verified(_) => Some(Step::Verified),
            EventBody::Observed(_) => Some(Step::Observed),
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
            Step::Started => EventKind::Started,
            Step::Verified => EventKind::Verified,
            Step::Observed => EventKind::Observed,
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
fn check_words<S>(action_id: &str, body: &EventBody<S>) -> Result<(), Impossible> {
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
        EventBody::Observed(entry) => contradiction_of_observation(entry),
        EventBody::Started(started) if started.decided_seq.is_none() => {
            Some("it is the start of an action on which nothing was decided")
        }
        EventBody::Verified(verified) if verified.decided_seq.is_none() => {
            Some("it tells how an action turned out on which nothing was decided")
        }
        EventBody::Ended(ended) if ended.decided_seq.is_none() => {
            Some("it is the end of an action on which nothing was decided")
        }
        EventBody::Replied(replied) if !matches!(replied.decision, Answer::Approved | Answer::Denied) => {
            Some("a question was answered neither by yes nor by no")
        }
        EventBody::Replied(RepliedBody { requested_seq: None, .. })
        | EventBody::Consumed(ConsumedBody { requested_seq: None, .. }) => {
            Some("it answers a question that was not put")
        }
        _ => None,
    };
    contradiction
        .or_else(|| grants::contradiction(body))
        .map_or(Ok(()), |what| Err(Impossible::Contradiction(what)))
}

fn contradiction_of_request<S>(entry: &EntryBody<S>) -> Option<&'static str> {
    if entry.decision.is_some() || entry.result_status.is_some() || entry.approver.is_some() {
        return Some("a question was put that holds its own answer");
    }
    (entry.approval != ApprovalMode::Approve).then_some("a question was put that the policy does not ask")
}

fn contradiction_of_observation<S>(entry: &EntryBody<S>) -> Option<&'static str> {
    let is_decided = entry.decision.is_some()
        || entry.result_status.is_some()
        || entry.approver.is_some()
        || entry.requested_seq.is_some();
    is_decided.then_some("what was done without asking is said to be decided")
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
    started: Option<u64>,
    verified: Option<u64>,
    ended: Option<u64>,
    observed: Option<u64>,
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
            Step::Started => {
                self.check_allowed(false)?;
                self.started = Some(row);
            }
            Step::Verified => {
                self.check_allowed(false)?;
                if self.started.is_none() && !may_be_missing(self.decided.map_or(0, |(row, _)| row)) {
                    return Err(Impossible::NotStarted);
                }
                self.verified = Some(row);
            }
            Step::Observed => self.observed = Some(row),
            Step::Ended { skipped } => {
                self.check_allowed(skipped)?;
                self.ended = Some(row);
            }
        }
        Ok(())
    }

    /// Whether what was decided can be done, or, where `skipped` says so, be given up.
    fn check_allowed(&self, skipped: bool) -> Result<(), Impossible> {
        // Where no decision is there, the number that the event names it by says so.
        let can_be = |answer: Answer| answer.is_allowed() || (skipped && answer == Answer::Unanswered);
        match self.decided.filter(|(_, answer)| !can_be(*answer)) {
            Some((row, answer)) => Err(Impossible::NotAllowed { row, answer }),
            None => Ok(()),
        }
    }

    /// Each step is taken once, and none behind one that comes after it.
    fn check_place(&self, step: Step) -> Result<(), Impossible> {
        let taken = [
            (EventKind::Requested, self.requested),
            (EventKind::Answered, self.answered.map(|(row, _)| row)),
            (EventKind::Decided, self.decided.map(|(row, _)| row)),
            (EventKind::Started, self.started),
            (EventKind::Verified, self.verified),
            (EventKind::Ended, self.ended),
            (EventKind::Observed, self.observed),
        ];
        let kind = step.kind();
        // What was done without asking has no other event, neither before nor behind it.
        if kind == EventKind::Observed
            && let Some((kind, row)) = taken.iter().find_map(|(kind, row)| Some((*kind, (*row)?)))
            && kind != EventKind::Observed
        {
            return Err(Impossible::Behind { kind, row });
        }
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

    /// The row that says that it was about to be done.
    #[must_use]
    pub const fn started(&self) -> Option<u64> {
        self.started
    }

    /// The row that says how looking at it came out.
    #[must_use]
    pub const fn verified(&self) -> Option<u64> {
        self.verified
    }

    /// The row of the end.
    #[must_use]
    pub const fn ended(&self) -> Option<u64> {
        self.ended
    }

    /// Whether anything is known of the action.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let rows = [self.requested, self.started, self.verified, self.ended, self.observed];
        self.answered.is_some() || self.decided.is_some() || rows.iter().any(Option::is_some)
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
mod tests;
