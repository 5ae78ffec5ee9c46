//! A question that waits in a log, with the action that it is about, as the log has both.

use aegis_audit::sqlite::TrailReader;
use aegis_audit::store::Likeness;
use aegis_audit::{Precedents, TrailError, open_questions, precedents_of, question_of};
use aegis_engine::{Action, AgentSource, escape};
use aegis_ledger::event::{EntryBody, EventBody, Payload};
use aegis_ledger::question::Question;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use thiserror::Error;

/// A question that waits in a log, or waited, with the action that it is about, as the log has both.
#[derive(Clone, Debug)]
pub struct RecordedQuestion {
    question: Question,
    entry: EntryBody,
    payload: Option<Payload>,
    log: String,
    seq: u64,
    precedents: Option<Precedents>,
}

/// Why a question cannot be shown.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// The log cannot be read.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// No question was opened about this action.
    #[error("no question about an action `{}` is in the audit log", escape(.id))]
    Unknown {
        /// The id of the action.
        id: String,
    },
    /// What the log says of it is not to be believed.
    #[error("the question in row {seq} of the audit log is damaged: {}", escape(.why))]
    Damaged {
        /// The number of the event that opened it.
        seq: u64,
        /// What is wrong.
        why: String,
    },
}

impl RecordedQuestion {
    /// Reads the question about the action of this id.
    ///
    /// # Errors
    /// When there is none, or what the log says of it does not fit its hash.
    pub fn read(log: &TrailReader, id: &str) -> Result<RecordedQuestion, QuestionError> {
        log.at_one_moment(|log| {
            let unknown = || QuestionError::Unknown { id: id.to_owned() };
            let question = question_of(log, id)?.ok_or_else(unknown)?;
            let mut recorded = RecordedQuestion::of(log, question)?;
            let like = Likeness {
                action_type: &recorded.entry.action_type,
                action_target: &recorded.entry.action_target,
                rule: &recorded.entry.matched_rule,
            };
            recorded.precedents = precedents_of(log, like).ok();
            Ok(recorded)
        })
    }

    /// Those that matter at an instant: that wait, or whose answer can still be used, in the order in which
    /// they were asked.
    ///
    /// # Errors
    /// When the log cannot be read, or one of them is not to be believed.
    pub fn all(log: &TrailReader, now: DateTime<Utc>) -> Result<Vec<RecordedQuestion>, QuestionError> {
        log.at_one_moment(|log| {
            let questions = open_questions(log, now)?.into_iter();
            questions.map(|question| RecordedQuestion::of(log, question)).collect()
        })
    }

    fn of(log: &TrailReader, question: Question) -> Result<RecordedQuestion, QuestionError> {
        let unknown = || QuestionError::Unknown { id: question.id().to_owned() };
        let history = log.history(question.id())?.ok_or_else(unknown)?;
        for event in history.events {
            let seq = event.seq;
            let entry = match event.told {
                Some(EventBody::Requested(entry)) if entry.question.is_some() => entry,
                _ => continue,
            };
            if let Some(why) = event.damage {
                return Err(QuestionError::Damaged { seq, why });
            }
            let (payload, log) = (event.payload, history.log);
            return Ok(RecordedQuestion { question, entry, payload, log, seq, precedents: None });
        }
        Err(unknown())
    }

    /// What is asked, and what was said to it so far.
    #[must_use]
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// The action, and what the policy said of it.
    #[must_use]
    pub const fn entry(&self) -> &EntryBody {
        &self.entry
    }

    /// What the operation is given, and the agent's own words; absent where they were removed from the log.
    #[must_use]
    pub const fn payload(&self) -> Option<&Payload> {
        self.payload.as_ref()
    }

    /// How often the like of the action was approved; absent where the log cannot tell.
    pub(crate) const fn precedents(&self) -> Option<&Precedents> {
        self.precedents.as_ref()
    }

    /// The id of the log.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The action as the log has it: where it keeps a secret out, its digest stands there.
    ///
    /// # Errors
    /// When its parameters were removed, or it is not the one whose digest is recorded.
    pub(crate) fn action(&self) -> Result<Action, QuestionError> {
        let damaged = |why: String| QuestionError::Damaged { seq: self.seq, why };
        let entry = &self.entry;
        let payload =
            self.payload.as_ref().ok_or_else(|| damaged("its parameters were removed".to_owned()))?;
        let is_label = entry.agent_source == Some(AgentSource::Environment);
        let mut members = Map::new();
        members.insert("type".to_owned(), entry.action_type.as_str().into());
        members.insert("target".to_owned(), entry.action_target.as_str().into());
        members.insert("params".to_owned(), Value::Object(payload.params.clone()));
        members.insert("description".to_owned(), payload.description.as_str().into());
        if let Some(agent) = entry.agent.as_deref().filter(|_| !is_label) {
            members.insert("agent".to_owned(), agent.into());
        }
        let wrong = |error: aegis_engine::ActionError| damaged(error.to_string());
        let mut action = Action::from_value(Value::Object(members)).map_err(wrong)?;
        if let Some(label) = entry.agent.as_deref().filter(|_| is_label) {
            action = action.labelled(label).map_err(wrong)?;
        }
        // Where something is kept out, the digest is over what nobody can look up any more.
        if entry.redacted.is_empty() && action.digest().to_string() != entry.action_sha256 {
            return Err(damaged("its action does not fit the digest that is recorded".to_owned()));
        }
        Ok(action)
    }
}
