//! The words that a record is written in.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an action was answered: the field `decision`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Allowed by the policy, nobody was asked.
    Auto,
    /// Allowed by a human.
    Approved,
    /// Refused by a human.
    Denied,
    /// Refused by the policy, nobody was asked.
    Block,
    /// A human had to be asked, and nobody answered.
    Unanswered,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Answer; 5] =
        [Answer::Auto, Answer::Approved, Answer::Denied, Answer::Block, Answer::Unanswered];

    /// The word in answers and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Answer::Auto => "auto",
            Answer::Approved => "approved",
            Answer::Denied => "denied",
            Answer::Block => "block",
            Answer::Unanswered => "unanswered",
        }
    }

    /// The answer that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Answer> {
        Answer::ALL.into_iter().find(|answer| answer.as_str() == word)
    }

    /// Whether the action may happen.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Answer::Auto | Answer::Approved)
    }
}

/// What became of an action: the field `result_status`. It is absent while that is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResultStatus {
    /// It was done, and went well.
    Success,
    /// It was tried, and failed.
    Failed,
    /// The policy refused it.
    Blocked,
    /// A human refused it.
    Denied,
    /// It was not tried, because nobody answered.
    Skipped,
}

impl ResultStatus {
    /// Every status.
    pub const ALL: [ResultStatus; 5] = [
        ResultStatus::Success,
        ResultStatus::Failed,
        ResultStatus::Blocked,
        ResultStatus::Denied,
        ResultStatus::Skipped,
    ];

    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ResultStatus::Success => "success",
            ResultStatus::Failed => "failed",
            ResultStatus::Blocked => "blocked",
            ResultStatus::Denied => "denied",
            ResultStatus::Skipped => "skipped",
        }
    }

    /// The status that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ResultStatus> {
        ResultStatus::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// What an answer alone says of the result: refusals are final, allowed actions have yet to happen.
    #[must_use]
    pub const fn of(answer: Answer) -> Option<ResultStatus> {
        match answer {
            Answer::Auto | Answer::Approved => None,
            Answer::Denied => Some(ResultStatus::Denied),
            Answer::Block => Some(ResultStatus::Blocked),
            Answer::Unanswered => Some(ResultStatus::Skipped),
        }
    }
}

/// By which way an answer came: a word. Which words there are is open; each approver has its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Via(Cow<'static, str>);

impl Via {
    /// A rule of the policy allowed it.
    pub const RULE: Via = Via(Cow::Borrowed("rule"));

    /// Somebody had given a grant.
    pub const GRANT: Via = Via(Cow::Borrowed("grant"));

    /// The way of this name.
    #[must_use]
    pub const fn new(word: &'static str) -> Via {
        Via(Cow::Borrowed(word))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How strongly it is known who answered: from the weakest, as a number. A record says it; what makes a claim
/// true is the approver that earned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Evidence {
    /// A rule of the policy.
    Rule = 0,
    /// A terminal of the account that asks, or a program of that account.
    Terminal = 1,
    /// Another account, as the kernel knows it.
    Account = 2,
    /// A signature over the question.
    Signature = 3,
    /// A signature with the proof that a security key was touched.
    Touch = 4,
}

impl Evidence {
    /// Every strength, from the weakest.
    pub const ALL: [Evidence; 5] =
        [Evidence::Rule, Evidence::Terminal, Evidence::Account, Evidence::Signature, Evidence::Touch];

    /// The number in records.
    #[must_use]
    pub const fn level(self) -> u8 {
        self as u8
    }
}

impl From<Evidence> for u8 {
    fn from(evidence: Evidence) -> u8 {
        evidence.level()
    }
}

impl TryFrom<u8> for Evidence {
    type Error = String;

    fn try_from(level: u8) -> Result<Evidence, String> {
        Evidence::ALL
            .into_iter()
            .find(|evidence| evidence.level() == level)
            .ok_or_else(|| format!("there is no evidence of level {level}"))
    }
}

/// Who answered, and how strongly that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApproverIdentity {
    /// By which way the answer came.
    pub via: Via,
    /// The account that answered, as the kernel knows it; of a signature, the name that the policy gives to
    /// the key. Absent where no person was asked.
    pub user: Option<String>,
    /// The strength of the evidence: 0 a rule, 1 a terminal of the agent's own user, 2 another user (checked
    /// by the kernel), 3 a signature, 4 a signature with the proof that a security key was touched.
    #[schemars(with = "u8")]
    pub evidence: Evidence,
    /// Whether programs of the account could type into the terminal that was asked at (`TIOCSTI`), so that
    /// it may have been one of them that answered. Absent where they could not, and where a word from the
    /// screen was typed, which they do not know.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub injectable: bool,
}

impl ApproverIdentity {
    /// The policy itself allowed the action.
    #[must_use]
    pub const fn rule() -> Self {
        ApproverIdentity { via: Via::RULE, user: None, evidence: Evidence::Rule, injectable: false }
    }
}
