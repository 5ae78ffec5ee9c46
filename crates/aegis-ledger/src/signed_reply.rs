//! The text that an approver signs: one answer to one question of one log.
//!
//! ```text
//! aegis-approval-v1
//! log: 5ad5…
//! question: 01939f2b-4a5c-7…
//! action: e880365a…
//! policy: 0c4f9a1b…
//! expires: 2026-11-23T09:49:00.123Z
//! answer: approve
//! ```
//! Each line ends with a line feed, the last one too. What is signed can be used for nothing else: another
//! question, log, action, policy or answer is another text. The time bounds for how long it is of use to
//! somebody who can write a log anew.

use std::fmt;

use chrono::{DateTime, SecondsFormat};

use crate::answer::Answer;

/// The namespace of a signature over an answer: one over anything else is none.
pub const NAMESPACE: &str = "aegis-approval";
/// The first line of the text.
const VERSION: &str = "aegis-approval-v1";

/// An answer, as it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedReply<'a> {
    /// The id of the log that asks.
    pub log: &'a str,
    /// The id of the question.
    pub question: &'a str,
    /// The SHA-256 of the action that is asked about.
    pub action_sha256: &'a str,
    /// The SHA-256 of the policy by which it is asked.
    pub policy_sha256: &'a str,
    /// From when on nobody can answer, in milliseconds since the Unix epoch.
    pub expires_at: i64,
    /// What is answered.
    pub answer: Signable,
}

/// What can be said by a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signable {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

impl Signable {
    /// The word in the text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Signable::Approve => "approve",
            Signable::Deny => "deny",
        }
    }

    /// The answer that it gives.
    #[must_use]
    pub const fn answer(self) -> Answer {
        match self {
            Signable::Approve => Answer::Approved,
            Signable::Deny => Answer::Denied,
        }
    }

    /// What is signed to give this answer; `None` where nobody gives it.
    #[must_use]
    pub const fn of(answer: Answer) -> Option<Signable> {
        match answer {
            Answer::Approved => Some(Signable::Approve),
            Answer::Denied => Some(Signable::Deny),
            Answer::Auto | Answer::Block | Answer::Unanswered => None,
        }
    }
}

impl fmt::Display for SignedReply<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expires = DateTime::from_timestamp_millis(self.expires_at).unwrap_or(DateTime::UNIX_EPOCH);
        let expires = expires.to_rfc3339_opts(SecondsFormat::Millis, true);
        let lines = [
            ("log", self.log),
            ("question", self.question),
            ("action", self.action_sha256),
            ("policy", self.policy_sha256),
            ("expires", &expires),
            ("answer", self.answer.as_str()),
        ];
        writeln!(formatter, "{VERSION}")?;
        for (key, value) in lines {
            // What stands in a log can be anybody's: no value is two lines.
            let value = aegis_engine::escape(value);
            writeln!(formatter, "{key}: {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: SignedReply<'_> = SignedReply {
        log: "aa",
        question: "01",
        action_sha256: "bb",
        policy_sha256: "cc",
        expires_at: 1_795_427_340_123,
        answer: Signable::Approve,
    };

    #[test]
    fn the_text_says_what_is_answered_to_which_question() {
        let expected = "aegis-approval-v1\nlog: aa\nquestion: 01\naction: bb\npolicy: cc\nexpires: \
                        2026-11-23T09:49:00.123Z\nanswer: approve\n";
        assert_eq!(REPLY.to_string(), expected);
    }

    #[test]
    fn another_answer_is_another_text_and_no_value_makes_a_line() {
        let others = [
            SignedReply { log: "ab", ..REPLY },
            SignedReply { question: "02", ..REPLY },
            SignedReply { question: "01\naction: bb", ..REPLY },
            SignedReply { action_sha256: "bc", ..REPLY },
            SignedReply { policy_sha256: "cd", ..REPLY },
            SignedReply { policy_sha256: "cc\nanswer: approve", ..REPLY },
            SignedReply { expires_at: REPLY.expires_at + 1, ..REPLY },
            SignedReply { answer: Signable::Deny, ..REPLY },
        ];
        let mut texts: Vec<_> = others.iter().map(ToString::to_string).collect();
        texts.push(REPLY.to_string());
        assert!(texts.iter().all(|text| text.lines().count() == 7), "{texts:?}");
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), others.len() + 1);
    }

    #[test]
    fn only_a_yes_and_a_no_can_be_signed() {
        for answer in Answer::ALL {
            let signable = Signable::of(answer);
            assert_eq!(signable.is_some(), matches!(answer, Answer::Approved | Answer::Denied));
            assert!(signable.is_none_or(|signable| signable.answer() == answer));
        }
    }
}
