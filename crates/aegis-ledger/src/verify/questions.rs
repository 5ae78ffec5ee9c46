//! Whether replies to questions are by whom they say: each signature is verified again.

use std::collections::BTreeMap;

use aegis_engine::KnownBy;

use crate::action_life::Impossible;
use crate::event::{EventBody, RepliedBody};
use crate::question::Question;
use crate::stored_event::StoredEvent;
use crate::verify::observer::Observer;
use crate::verify::verifier::Verifier;

/// How many questions, the newest, are remembered: only those that somebody can answer by a signature.
const REMEMBERED: usize = 1 << 12;

/// The questions that passed by, by their rows.
#[derive(Default)]
pub(super) struct Questions {
    asked: BTreeMap<u64, Question>,
    /// The newest row of those that were forgotten.
    forgotten: u64,
}

impl Questions {
    fn remember(&mut self, row: u64, question: Question) {
        let is_by_key = |by: &KnownBy| matches!(by, KnownBy::SshKey { .. });
        if !question.terms().by.iter().any(|named| is_by_key(&named.known_by)) {
            return;
        }
        self.asked.insert(row, question);
        if self.asked.len() > REMEMBERED
            && let Some((row, _)) = self.asked.pop_first()
        {
            self.forgotten = self.forgotten.max(row);
        }
    }
}

impl<O: Observer> Verifier<'_, O> {
    /// Whether a reply proves what it claims of who gave it, by the terms of its question.
    pub(super) fn check_reply<S: AsRef<str>>(
        &mut self,
        seq: i64,
        event: &StoredEvent<'_>,
        body: &EventBody<S>,
    ) -> Result<(), Impossible> {
        match body {
            EventBody::Requested(entry) => {
                if let Some(question) = Question::opened(event.action_id, event.at, entry) {
                    self.questions.remember(seq.unsigned_abs(), question);
                }
                Ok(())
            }
            EventBody::Replied(body) => self.check_claim(event.action_id, body),
            _ => Ok(()),
        }
    }

    fn check_claim<S: AsRef<str>>(&mut self, id: &str, body: &RepliedBody<S>) -> Result<(), Impossible> {
        // Which row it answers, and that this is one of its action, has been looked at.
        let row = body.requested_seq.unwrap_or_default();
        let log = hex::encode(&self.start.log_id);
        if let Some(question) = self.questions.asked.get(&row) {
            return question.check_claim(&log, body).map_err(Impossible::Unproven);
        }
        let unsigned = body.signature.is_none();
        if unsigned {
            Question::check_unsigned(body).map_err(Impossible::Unproven)?;
        }
        if row < self.start.seq || self.damaged.rows().contains(row) {
            self.bodies.unchecked += u64::from(!unsigned);
            return Ok(());
        }
        let question = if row > self.questions.forgotten {
            // It was seen, and names no key, or is no question at all.
            None
        } else if let Some(lookup) = &mut self.bodies.lookup {
            lookup(row).and_then(|row| row.question)
        } else {
            self.bodies.unchecked += u64::from(!unsigned);
            return Ok(());
        };
        let question = question.filter(|question| question.id() == id);
        match question {
            Some(question) => question.check_claim(&log, body),
            None => Question::check_unsigned(body),
        }
        .map_err(Impossible::Unproven)
    }
}
