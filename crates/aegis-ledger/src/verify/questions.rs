//! Whether replies to questions are by whom they say: each signature is verified again.

use std::collections::BTreeMap;

use aegis_engine::KnownBy;

use crate::event::RepliedBody;
use crate::question::{Question, Refused};
use crate::verify::bodies::Bodies;

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
    /// Remembers a question that a row asks.
    pub(super) fn remember(&mut self, row: u64, question: Question) {
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

    /// Whether a reply about the action of this id proves what it claims of who gave it, by the terms of its
    /// question. `is_gone` tells that a row was pruned, or is damaged itself.
    pub(super) fn check<S: AsRef<str>>(
        &self,
        (log, id): (&str, &str),
        body: &RepliedBody<S>,
        bodies: &mut Bodies<'_>,
        is_gone: impl Fn(u64) -> bool,
    ) -> Result<(), Refused> {
        // Which row it answers, and that this is one of its action, has been looked at.
        let row = body.requested_seq.unwrap_or_default();
        if let Some(question) = self.asked.get(&row) {
            return question.check_claim(log, body);
        }
        if body.signature.is_none() {
            Question::check_unsigned(body)?;
        }
        let question = if is_gone(row) {
            bodies.unchecked += u64::from(body.signature.is_some());
            return Ok(());
        } else if row > self.forgotten {
            // It was seen, and names no key, or is no question at all.
            None
        } else if let Some(lookup) = &mut bodies.lookup {
            lookup(row).and_then(|row| row.question)
        } else {
            bodies.unchecked += u64::from(body.signature.is_some());
            return Ok(());
        };
        match question.filter(|question| question.id() == id) {
            Some(question) => question.check_claim(log, body),
            None => Question::check_unsigned(body),
        }
    }
}
