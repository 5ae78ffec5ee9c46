//! The question that a `requested` event opens, where it is to wait.

use aegis_engine::{ApprovalTerms, Digest, canonical_json};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a question is about, and until when it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What makes two questions the same one.
    pub key: String,
    /// When it expires, in milliseconds since the Unix epoch: from then on nobody can answer it.
    pub expires_at: i64,
    /// On what terms an answer counts.
    pub terms: ApprovalTerms,
}

/// Who asks for what by which rule: questions are the same where all of that is.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The digest of the action.
    pub action_sha256: Digest,
    /// The digest of the policy.
    pub policy_sha256: Digest,
    /// The rule that asks.
    pub rule: &'a str,
    /// The agent, as rules are matched by it, or by its label.
    pub agent: Option<&'a str>,
    /// The account that asks.
    pub user: &'a str,
    /// The account that logged in, where that is another one.
    pub login: Option<&'a str>,
    /// On what terms an answer counts: which rules may have asked can change with the time of day.
    pub terms: &'a ApprovalTerms,
}

impl Asked<'_> {
    /// What makes two questions the same one: 64 hexadecimal digits, the SHA-256 of the canonical JSON of all
    /// of it.
    #[must_use]
    pub fn key(&self) -> String {
        let all = json!([
            self.action_sha256.to_string(),
            self.policy_sha256.to_string(),
            self.rule,
            self.agent,
            self.user,
            self.login,
            self.terms
        ]);
        Digest::of(canonical_json(&all).as_bytes()).to_string()
    }
}
