//! A refusal, as Python gets it.

use aegis_adapters::{Refusal as Told, Refused};
use aegis_ledger::answer::Answer;
use aegis_runtime::Answered;
use pyo3::prelude::*;

use crate::answer_json::answer_json;
use crate::failure::Failure;

/// The answer no, or no answer.
#[pyclass(frozen, get_all, module = "aegis._native")]
pub(crate) struct Refusal {
    /// `blocked`, `denied` or `unanswered`.
    how: &'static str,
    /// The answer, as JSON.
    decision: String,
    /// Why, in a sentence for a person.
    reason: String,
    /// What a model is told.
    text: String,
}

impl Refusal {
    pub(crate) fn of(answered: &Answered, session_id: &str) -> Result<Refusal, Failure> {
        let (how, told) = match (answered.answer(), answered.waiting()) {
            (Answer::Block, _) => ("blocked", Refused::Blocked),
            (Answer::Denied, _) => ("denied", Refused::Denied),
            (_, Some(_)) => ("unanswered", Refused::Waiting),
            (_, None) => ("unanswered", Refused::Unanswered),
        };
        let names = answered.names();
        // Which rule it was, and for whom somebody waits, tells the model and its user whom to turn to.
        let rule = answered.decision().matched_rule();
        let mut reason = answered.reason().to_owned();
        if !reason.contains(rule) {
            reason = format!("by {rule}: {reason}");
        }
        if let Some(question) = answered.waiting() {
            reason = format!("{reason} (request {})", question.id);
        }
        let text = Told {
            action_type: names.action_type(),
            action_target: names.action_target(),
            how: told,
            reason: &reason,
        };
        Ok(Refusal {
            how,
            decision: answer_json(answered, session_id)?,
            reason: answered.reason().to_owned(),
            text: text.to_string(),
        })
    }
}
