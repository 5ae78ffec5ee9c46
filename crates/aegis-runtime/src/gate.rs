//! The gate: evaluate, approve, record. Nothing gets past it without a synced record.

use std::slice;
use std::time::Instant;

use aegis_audit::{
    Answer, ApproverIdentity, Entry, Event, PathSource, RecordError, Recorded, Recorder, Stamped,
};
use aegis_engine::{Action, ApprovalMode, Decision, Digest, Policy, Redacted, escape};
use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::identity::ActionIds;
use crate::outcome::{Outcome, Unrecorded};

/// Who and where: what every record says besides the action itself.
#[derive(Clone, Debug)]
pub struct Context {
    /// Groups the actions of one run of an agent.
    pub session_id: String,
    /// The name of this machine.
    pub host: String,
    /// The account that asks, as the kernel knows it.
    pub user: String,
    /// Where the policy's path was taken from.
    pub policy_source: PathSource,
    /// Where the log's path was taken from.
    pub log_source: PathSource,
}

/// Why the gate could not answer. The action must not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GateError {
    /// The log, or a sink beside it, did not take the record.
    #[error(transparent)]
    Audit(#[from] RecordError),
    /// The system has no randomness for the id of an action.
    #[error("no randomness for the id of an action: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The log took the record but gave no receipt for it.
    #[error("the audit log gave no receipt")]
    NoReceipt,
}

/// Why a group of actions could not be answered. None of them may happen.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct GroupError {
    /// How many actions, from the front of those that were given, this is the answer to.
    pub size: usize,
    /// What went wrong.
    #[source]
    pub error: GateError,
}

/// The gate between an agent's actions and the world.
#[derive(Debug)]
pub struct Gate<'a, A: Approver + ?Sized> {
    policy: &'a Policy,
    policy_sha256: Digest,
    recorder: Recorder,
    approver: &'a mut A,
    context: Context,
    ids: ActionIds,
}

impl<'a, A: Approver + ?Sized> Gate<'a, A> {
    /// Sets up a gate over a policy, a log (with or without sinks beside it) and somebody to ask.
    pub fn new(
        policy: &'a Policy,
        policy_sha256: Digest,
        log: impl Into<Recorder>,
        approver: &'a mut A,
        context: Context,
    ) -> Self {
        Gate { policy, policy_sha256, recorder: log.into(), approver, context, ids: ActionIds::default() }
    }

    /// Answers one action: evaluates it, asks a human where the policy says so, and records the answer.
    ///
    /// Returns only after the record is synced. A request is recorded before anyone is asked, so that a question that
    /// was cut short leaves a trace.
    ///
    /// # Errors
    /// When the log or a sink cannot be written; the action must not happen then.
    pub fn answer(&mut self, action: &Action) -> Result<Outcome, GateError> {
        let outcomes = self.answer_all(slice::from_ref(action)).map_err(|failed| failed.error)?;
        outcomes.into_iter().next().ok_or(GateError::NoReceipt)
    }

    /// Answers as many actions from the front of `actions` as can be answered together: their records are one synced
    /// transaction, and none of them is answered before it. Whoever has more calls again with the rest.
    ///
    /// An action for which a human must be asked is answered alone, after those before it, so that nobody's answer
    /// waits for a human who is asked something else; where [nobody is there](Approver::absent), nothing waits. There are as many outcomes as actions that were answered, in
    /// their order: at least one, unless `actions` is empty.
    ///
    /// # Errors
    /// When the log or a sink cannot be written. None of the first [`size`](GroupError::size) actions may happen then.
    pub fn answer_all(&mut self, actions: &[Action]) -> Result<Vec<Outcome>, GroupError> {
        let mut group: Vec<Judged<'_>> = Vec::with_capacity(actions.len());
        for action in actions {
            let at = Utc::now();
            let decision = self.policy.decide(action, at);
            let needs_human = decision.approval() == ApprovalMode::Approve;
            let nobody = if needs_human { self.approver.absent() } else { None };
            let asks = needs_human && nobody.is_none();
            if asks && !group.is_empty() {
                break;
            }
            let wanted = actions.len() - group.len();
            let judged = self.ids.next(wanted).map(|id| judged(id, action, decision, at));
            let judged = judged.map_err(|error| GroupError { size: group.len() + 1, error: error.into() })?;
            if asks {
                let outcome = self.ask(action, judged).map_err(|error| GroupError { size: 1, error })?;
                return Ok(vec![outcome]);
            }
            group.push(Judged::new(action, judged, nobody));
        }
        let size = group.len();
        if size == 0 {
            return Ok(Vec::new());
        }
        self.record_group(group).map_err(|error| GroupError { size, error })
    }

    /// Records answers that nobody was asked for, in one transaction.
    fn record_group(&mut self, group: Vec<Judged<'_>>) -> Result<Vec<Outcome>, GateError> {
        let mut events = Vec::with_capacity(group.len());
        // Where the record of each answer is among the events.
        let mut places = Vec::with_capacity(group.len());
        for Judged { action, answer, nobody } in &group {
            let entry = entry(self.policy, self.policy_sha256, &self.context, action, answer);
            let at = |event| Stamped { at: answer.at, event };
            if let Some((approval, why)) = nobody {
                events.push(at(Event::Requested { entry }));
                events.push(at(answered(answer, &self.context, approval, Some(why), Some(0))));
            }
            places.push(events.len());
            events.push(at(decided(entry, answer)));
        }
        let recorded = self.recorder.record(&events)?;
        let answers = group.into_iter().map(|judged| judged.answer).zip(places);
        answers
            .map(|(answer, place)| {
                Ok(answer.recorded(recorded.get(place).ok_or(GateError::NoReceipt)?.clone()))
            })
            .collect()
    }

    /// Asks a human, and records the question before and the answer after.
    fn ask(&mut self, action: &Action, mut answer: Unrecorded) -> Result<Outcome, GateError> {
        let requested = entry(self.policy, self.policy_sha256, &self.context, action, &answer);
        let requested = Stamped { at: answer.at, event: Event::Requested { entry: requested } };
        let _ = self.recorder.record(&[requested])?;
        // What stands for secrets is the log's own; here it counts only where they are.
        let redacted = self.policy.redaction().redact(action, |_| String::new());
        let asked = Instant::now();
        let approval = self.approver.ask(&ApprovalRequest {
            action_id: &answer.action_id,
            action,
            action_sha256: answer.action_sha256,
            decision: &answer.decision,
            policy_sha256: self.policy_sha256,
            redacted: redacted.as_ref().map(Redacted::pointers).unwrap_or_default(),
        });
        answer.at = Utc::now();
        // By the clock that cannot be set.
        let waited_ms = u64::try_from(asked.elapsed().as_millis()).ok();
        answer.answer = approval.answer();
        answer.approver = approval.approver().cloned();
        answer.reason = Some(reason(&answer.decision, &approval));
        let recorded = self.record_answer(action, &answer, &approval, waited_ms)?;
        Ok(answer.recorded(recorded))
    }

    /// Records the approver's answer and the gate's, in one transaction; what is returned is the gate's.
    fn record_answer(
        &mut self,
        action: &Action,
        answer: &Unrecorded,
        approval: &Approval,
        waited_ms: Option<u64>,
    ) -> Result<Recorded, GateError> {
        let why = approval.why_unanswered().map(|why| why.to_string());
        let answered = answered(answer, &self.context, approval, why.as_deref(), waited_ms);
        let decided = decided(entry(self.policy, self.policy_sha256, &self.context, action, answer), answer);
        let events = [answered, decided].map(|event| Stamped { at: answer.at, event });
        self.recorder.record(&events)?.into_iter().next_back().ok_or(GateError::NoReceipt)
    }
}

/// An action that can be answered at once: by the policy alone, or because nobody is there to be asked.
struct Judged<'g> {
    action: &'g Action,
    answer: Unrecorded,
    /// What came of not asking, and why, where a human should have been asked.
    nobody: Option<(Approval, String)>,
}

impl<'g> Judged<'g> {
    fn new(action: &'g Action, mut answer: Unrecorded, nobody: Option<Unanswered>) -> Judged<'g> {
        let nobody = nobody.map(|why| {
            let approval = Approval::unanswered(why);
            answer.reason = Some(reason(&answer.decision, &approval));
            (approval, why.to_string())
        });
        Judged { action, answer, nobody }
    }
}

fn answered<'e>(
    answer: &'e Unrecorded,
    context: &'e Context,
    approval: &'e Approval,
    note: Option<&'e str>,
    waited_ms: Option<u64>,
) -> Event<'e> {
    Event::Answered {
        action_id: &answer.action_id,
        session_id: &context.session_id,
        answer: approval.answer(),
        approver: approval.approver(),
        note,
        waited_ms,
    }
}

fn entry<'e>(
    policy: &'e Policy,
    policy_sha256: Digest,
    context: &'e Context,
    action: &'e Action,
    answer: &'e Unrecorded,
) -> Entry<'e> {
    Entry {
        action_id: &answer.action_id,
        session_id: &context.session_id,
        action,
        action_sha256: answer.action_sha256,
        decision: &answer.decision,
        redaction: policy.redaction(),
        policy_sha256,
        host: &context.host,
        user: &context.user,
        policy_source: context.policy_source,
        log_source: context.log_source,
    }
}

fn decided<'e>(entry: Entry<'e>, answer: &'e Unrecorded) -> Event<'e> {
    Event::Decided {
        entry,
        answer: answer.answer,
        approver: answer.approver.as_ref(),
        reason: answer.reason(),
    }
}

/// What is to be recorded of an action before anyone is asked: the policy's own answer, if it has one.
fn judged(action_id: String, action: &Action, decision: Decision, at: DateTime<Utc>) -> Unrecorded {
    let (answer, approver) = match decision.approval() {
        ApprovalMode::Auto => (Answer::Auto, Some(ApproverIdentity::rule())),
        ApprovalMode::Block => (Answer::Block, None),
        ApprovalMode::Approve => (Answer::Unanswered, None),
    };
    let action_sha256 = action.digest();
    Unrecorded { action_id, evaluated_at: at, at, action_sha256, decision, answer, approver, reason: None }
}

fn reason(decision: &Decision, approval: &Approval) -> String {
    let policy_says = decision.reason();
    let who =
        approval.approver().and_then(|by| by.user.as_deref()).map_or_else(|| "somebody".to_owned(), escape);
    match (approval.answer(), approval.why_unanswered()) {
        (_, Some(why)) => format!("{policy_says}; {why}"),
        (Answer::Approved, None) => format!("{policy_says}; {who} approved it"),
        (_, None) => format!("{policy_says}; {who} denied it"),
    }
}

#[cfg(test)]
mod tests;
