//! On what terms a human's answer to a question counts.

use serde::{Deserialize, Serialize};

/// How long a question waits where its rule does not say: an hour.
const TTL_MS: u64 = 60 * 60 * 1000;
/// How long an answer holds where its rule does not say: a quarter of an hour.
const USE_WITHIN_MS: u64 = 15 * 60 * 1000;
/// The weakest evidence that counts where a rule does not say: a terminal of the account that asks.
const EVIDENCE: u8 = 1;

/// On what terms a human's answer to a question counts. A question is recorded with its own, so that they
/// hold for it whatever becomes of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalTerms {
    /// How long a question waits for its answer, in milliseconds.
    pub ttl_ms: u64,
    /// How long an answer holds, from when it is complete, in milliseconds.
    pub use_within_ms: u64,
    /// How many different approvers must say yes.
    pub quorum: u32,
    /// The weakest evidence that counts, as a number: 1 a terminal of the account that asks, 2 another
    /// account, 3 a signature, 4 a signature with the proof of a touch.
    pub evidence: u8,
    /// Whether whoever asks may also answer.
    pub self_approval: bool,
    /// Who may answer. Where nobody is named, whoever may write the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<NamedApprover>,
}

/// Somebody whom a policy names as an approver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedApprover {
    /// The name that the policy gives them.
    pub name: String,
    /// How they are known.
    #[serde(flatten)]
    pub known_by: KnownBy,
}

/// How an approver is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", untagged)]
pub enum KnownBy {
    /// By an account, as the kernel names it.
    Account {
        /// The account.
        account: String,
    },
    /// By an SSH key, with which they sign.
    SshKey {
        /// The public key, as OpenSSH writes it, without a comment.
        ssh_key: String,
        /// Whether each signature must prove that somebody touched the key.
        #[serde(default)]
        touch: bool,
    },
}

impl Default for ApprovalTerms {
    fn default() -> ApprovalTerms {
        ApprovalTerms {
            ttl_ms: TTL_MS,
            use_within_ms: USE_WITHIN_MS,
            quorum: 1,
            evidence: EVIDENCE,
            self_approval: true,
            by: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_read_back() {
        let by = vec![
            NamedApprover {
                name: "ana".to_owned(),
                known_by: KnownBy::Account { account: "ana".to_owned() },
            },
            NamedApprover {
                name: "bo".to_owned(),
                known_by: KnownBy::SshKey { ssh_key: "ssh-ed25519 AAAA".to_owned(), touch: true },
            },
        ];
        for terms in [ApprovalTerms::default(), ApprovalTerms { by, quorum: 2, ..ApprovalTerms::default() }] {
            let text = serde_json::to_string(&terms).unwrap();
            assert_eq!(serde_json::from_str::<ApprovalTerms>(&text).unwrap(), terms, "{text}");
        }
    }
}
