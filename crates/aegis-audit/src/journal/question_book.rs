//! The questions and grants that matter at one instant, as a log has them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use aegis_ledger::event::{Asked, EventBody};
use aegis_ledger::grant::Grant;
use aegis_ledger::question::{MOST_OPEN, MOST_OPEN_OF_ACCOUNT, Party, Question, Standing};
use chrono::{DateTime, Utc};

use crate::error::TrailError;
use crate::journal::action_events::each_event_of_action;
use crate::journal::grant_book::grants_for;
use crate::store::{Snapshot, Transaction};

/// For how long after it was asked a question can matter, at most, in milliseconds: eight days. A policy
/// allows no longer terms.
pub(super) const LONGEST_LIFE: i64 = 8 * 24 * 60 * 60 * 1000;

/// Whose questions are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// Those of one agent, by its name.
    OfAgent,
    /// Those of one account, by whatever names its agents go.
    OfAccount,
}

/// The questions and grants that matter at one instant. They are read when one is asked for.
#[derive(Debug)]
pub struct QuestionBook {
    now: DateTime<Utc>,
    questions: Option<Vec<Question>>,
    /// By what actions that they hold for have in common.
    grants: BTreeMap<String, Vec<Grant>>,
}

impl QuestionBook {
    /// Nothing is read yet.
    #[must_use]
    pub const fn as_of(now: DateTime<Utc>) -> QuestionBook {
        QuestionBook { now, questions: None, grants: BTreeMap::new() }
    }

    /// The instant: never one before the newest event.
    #[must_use]
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The question about just this that is answered, or else the one that is open. A no comes before a yes.
    ///
    /// # Errors
    /// When the log cannot be read, or an event of a question does not fit its hash.
    pub fn find(
        &mut self,
        log: &dyn Snapshot,
        asked: &Asked<'_>,
    ) -> Result<Option<&mut Question>, TrailError> {
        let now = self.now.timestamp_millis();
        let rank = |question: &&mut Question| match question.standing(now) {
            Standing::Denied { .. } => Some(0),
            Standing::Approved { .. } => Some(1),
            Standing::Open { .. } => Some(2),
            Standing::Expired | Standing::Lapsed(_) | Standing::Used(_) => None,
        };
        let key = asked.key();
        let same = self.loaded(log)?.iter_mut().filter(|question| question.key() == key);
        let same = same.filter(|question| question.is_about(asked));
        let standing = same.filter(|question| rank(question).is_some());
        Ok(standing.min_by_key(|question| rank(question)))
    }

    /// Whose open questions are as many as they may be: those of an agent, or of the account that asks.
    ///
    /// # Errors
    /// As [`find`](QuestionBook::find).
    pub fn flood(
        &mut self,
        log: &dyn Snapshot,
        agent: Option<&str>,
        asker: &Party,
    ) -> Result<Option<Flood>, TrailError> {
        let now = self.now.timestamp_millis();
        let is_open = |question: &&Question| matches!(question.standing(now), Standing::Open { .. });
        let open: Vec<_> = self.loaded(log)?.iter().filter(is_open).collect();
        let of_agent = open.iter().filter(|question| question.agent() == agent).count();
        let of_account = open.iter().filter(|question| question.asker().counts_as(asker)).count();
        Ok(if of_agent >= MOST_OPEN {
            Some(Flood::OfAgent)
        } else if of_account >= MOST_OPEN_OF_ACCOUNT {
            Some(Flood::OfAccount)
        } else {
            None
        })
    }

    /// The grant that holds for actions of this key; of several, the one that ends first.
    ///
    /// # Errors
    /// As [`find`](QuestionBook::find).
    pub fn find_grant(&mut self, log: &dyn Snapshot, key: &str) -> Result<Option<&mut Grant>, TrailError> {
        if !self.grants.contains_key(key) {
            let (grants, now) = grants_for(log, Some(key), self.now)?;
            self.now = now;
            self.grants.insert(key.to_owned(), grants);
        }
        let now = self.now.timestamp_millis();
        let open =
            self.grants.get_mut(key).into_iter().flatten().filter(|grant| grant.check(key, now).is_ok());
        Ok(open.min_by_key(|grant| grant.expires_at()))
    }

    /// Notes a question that is about to be opened.
    pub fn add(&mut self, question: Question) {
        self.questions.get_or_insert_default().push(question);
    }

    fn loaded(&mut self, log: &dyn Snapshot) -> Result<&mut Vec<Question>, TrailError> {
        if self.questions.is_none() {
            self.questions = Some(open_questions(log, self.now)?);
        }
        Ok(self.questions.get_or_insert_default())
    }
}

/// The questions that still matter at an instant, in the order in which they were asked.
///
/// # Errors
/// When the log cannot be read, or an event of a question does not fit its hash.
pub fn open_questions(log: &dyn Snapshot, now: DateTime<Utc>) -> Result<Vec<Question>, TrailError> {
    let now = now.timestamp_millis();
    let mut ids = Vec::new();
    log.each_question(now.saturating_sub(LONGEST_LIFE), &mut |seq, event| {
        let unreadable = |problem| TrailError::Unreadable { path: log.location().to_owned(), seq, problem };
        let event = event.map_err(unreadable)?;
        let (body, _) = event.read().map_err(unreadable)?;
        let question = body.entry().and_then(|entry| Question::opened(event.action_id, event.at, entry));
        // What nobody has answered matters until it expires, and its answer for some time after that.
        let could_matter = |question: &Question| {
            let use_within = i64::try_from(question.terms().use_within_ms).unwrap_or(i64::MAX);
            question.expires_at().saturating_add(use_within) > now
        };
        ids.extend(question.filter(could_matter).map(|question| question.id().to_owned()));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut questions = Vec::with_capacity(ids.len());
    for id in ids {
        questions.extend(question_of(log, &id)?);
    }
    Ok(questions)
}

/// The question about the action of this id; `None` if none was opened. What cannot have happened to it
/// counts for nothing.
///
/// # Errors
/// When the log cannot be read, or an event of the action does not fit its hash.
pub fn question_of(log: &dyn Snapshot, id: &str) -> Result<Option<Question>, TrailError> {
    let mut question = None;
    let log_id = hex::encode(&log.identity().id);
    each_event_of_action(log, id, |event| {
        match (event.body, &mut question) {
            (EventBody::Requested(entry), None) => question = Question::opened(id, event.at, &entry),
            (EventBody::Replied(body), Some(question)) => {
                let _ = question.take_replied(&log_id, event.at, &body);
            }
            (EventBody::Consumed(body), Some(question)) => {
                let _ = question.take_consumed(event.at, &body);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(question)
}

/// Now, as a log counts: never before its newest event, whatever the clock was set to.
pub(super) fn now_in(log: &dyn Transaction) -> Result<DateTime<Utc>, TrailError> {
    let newest = log.head().seq.unsigned_abs();
    let mut latest = None;
    log.each_event(newest..=newest, &mut |_, event| {
        latest = event.ok().and_then(|event| DateTime::from_timestamp_millis(event.at));
        Ok(ControlFlow::Break(()))
    })?;
    let now = crate::clock::now();
    Ok(latest.map_or(now, |latest| latest.max(now)))
}
