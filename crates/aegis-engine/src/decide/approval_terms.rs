//! On what terms a human's answer to a question counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::grant_terms::GrantTerms;

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
    /// Whether an answer at a terminal into which other programs can type counts only if it is one that they
    /// could not give: a word from the screen, and no `y`. So it is wherever a rule writes its evidence out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uninjectable: bool,
    /// Whether whoever asks may also answer.
    pub self_approval: bool,
    /// Who may answer. Where nobody is named, whoever may write the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<NamedApprover>,
    /// What an approver can give together with a yes, where the rule lets them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantTerms>,
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
            uninjectable: false,
            self_approval: true,
            by: Vec::new(),
            grant: None,
        }
    }
}

impl ApprovalTerms {
    /// Terms that are met only by answers that meet both of these: of each number the stricter one, a
    /// grant only where both let one be given, and so many of all who are named that enough of either list
    /// are among them, whichever they are. It may be that nobody can meet them; then nobody approves.
    #[must_use]
    pub fn together_with(&self, other: &ApprovalTerms) -> ApprovalTerms {
        let mut by = self.by.clone();
        by.extend(other.by.iter().filter(|named| !self.by.contains(named)).cloned());
        let quorum_of = |terms: &ApprovalTerms| {
            // Without a list, everybody is on it.
            let strangers = if terms.by.is_empty() { 0 } else { by.len().saturating_sub(terms.by.len()) };
            terms.quorum.saturating_add(u32::try_from(strangers).unwrap_or(u32::MAX))
        };
        ApprovalTerms {
            ttl_ms: self.ttl_ms.min(other.ttl_ms),
            use_within_ms: self.use_within_ms.min(other.use_within_ms),
            quorum: quorum_of(self).max(quorum_of(other)),
            evidence: self.evidence.max(other.evidence),
            uninjectable: self.uninjectable || other.uninjectable,
            self_approval: self.self_approval && other.self_approval,
            by,
            grant: self
                .grant
                .as_ref()
                .zip(other.grant.as_ref())
                .map(|(ours, theirs)| ours.together_with(theirs)),
        }
    }

    /// Whether whoever asks can meet them alone, with evidence of this level.
    #[must_use]
    pub fn asker_suffices(&self, evidence: u8) -> bool {
        evidence >= self.evidence && self.quorum <= 1 && self.by.is_empty() && self.self_approval
    }
}

/// The weakest evidence that counts, in the words of a policy, from the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedEvidence {
    /// A terminal, of the account that asks or of any other.
    Terminal,
    /// Another account than the one that asks, as the kernel knows it.
    Account,
    /// An SSH signature over the question.
    Signature,
    /// A signature with the proof that a security key was touched.
    Touch,
}

impl WantedEvidence {
    /// Every word, from the weakest.
    pub const ALL: [WantedEvidence; 4] =
        [WantedEvidence::Terminal, WantedEvidence::Account, WantedEvidence::Signature, WantedEvidence::Touch];

    /// The word in policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            WantedEvidence::Terminal => "terminal",
            WantedEvidence::Account => "account",
            WantedEvidence::Signature => "signature",
            WantedEvidence::Touch => "touch",
        }
    }

    /// The number in terms and records.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            WantedEvidence::Terminal => 1,
            WantedEvidence::Account => 2,
            WantedEvidence::Signature => 3,
            WantedEvidence::Touch => 4,
        }
    }

    /// The evidence that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<WantedEvidence> {
        WantedEvidence::ALL.into_iter().find(|evidence| evidence.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody whose key is called as they are.
    fn named(name: &str) -> NamedApprover {
        NamedApprover { name: name.to_owned(), known_by: KnownBy::Account { account: name.to_owned() } }
    }

    fn terms(quorum: u32, names: &[&str]) -> ApprovalTerms {
        let by = names.iter().map(|name| named(name)).collect();
        ApprovalTerms { quorum, by, ..ApprovalTerms::default() }
    }

    /// Whether a set of people is enough.
    fn are_enough(terms: &ApprovalTerms, people: &[&str]) -> bool {
        let counted = people
            .iter()
            .filter(|person| terms.by.is_empty() || terms.by.iter().any(|named| named.name == **person));
        counted.count() >= terms.quorum as usize
    }

    #[test]
    fn whoever_meets_two_terms_together_meets_each() {
        const PEOPLE: [&str; 4] = ["ana", "bo", "cy", "di"];
        let subset = |bits: usize| -> Vec<&str> {
            PEOPLE.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1).map(|(_, it)| *it).collect()
        };
        let all: Vec<_> = (0..16).flat_map(|bits| (1..4).map(move |quorum| (bits, quorum))).collect();
        for (bits, quorum) in &all {
            let one = terms(*quorum, &subset(*bits));
            assert_eq!(one.together_with(&one), one);
            for (other_bits, other_quorum) in &all {
                let other = terms(*other_quorum, &subset(*other_bits));
                let both = one.together_with(&other);
                for people in (0..16).map(subset) {
                    let is_enough = are_enough(&both, &people);
                    let each = are_enough(&one, &people) && are_enough(&other, &people);
                    assert!(!is_enough || each, "{one:?} {other:?} {people:?}");
                }
                // Where each list can do its part, all of both can do it together.
                let can =
                    |terms: &ApprovalTerms| !terms.by.is_empty() && terms.quorum as usize <= terms.by.len();
                assert!(!can(&one) || !can(&other) || are_enough(&both, &PEOPLE), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn of_two_terms_the_stricter_holds_in_each_respect() {
        let strict = ApprovalTerms {
            ttl_ms: 1,
            use_within_ms: 2,
            quorum: 3,
            evidence: 4,
            uninjectable: true,
            self_approval: false,
            by: Vec::new(),
            grant: None,
        };
        let usual = ApprovalTerms::default();
        assert_eq!(strict.together_with(&usual), strict);
        assert_eq!(usual.together_with(&strict), strict);
        let granting =
            ApprovalTerms { grant: Some(GrantTerms { for_ms: 1, uses: 1, same: None }), ..usual.clone() };
        assert_eq!(granting.together_with(&usual), usual, "a grant takes both");
        assert_eq!(granting.together_with(&granting), granting);
        // One man's name is not another's: keys tell.
        let key = |key: &str| NamedApprover {
            name: "ana".to_owned(),
            known_by: KnownBy::SshKey { ssh_key: key.to_owned(), touch: false },
        };
        let of = |key| ApprovalTerms { by: vec![key], ..ApprovalTerms::default() };
        let both = of(key("a")).together_with(&of(key("b")));
        assert_eq!((both.by.len(), both.quorum), (2, 2));
    }

    #[test]
    fn an_asker_is_enough_only_where_nobody_else_is_wanted() {
        assert!(ApprovalTerms::default().asker_suffices(1));
        for terms in [
            terms(2, &[]),
            terms(1, &["ana"]),
            ApprovalTerms { evidence: 2, ..ApprovalTerms::default() },
            ApprovalTerms { self_approval: false, ..ApprovalTerms::default() },
        ] {
            assert!(!terms.asker_suffices(1), "{terms:?}");
        }
    }

    #[test]
    fn each_evidence_has_its_word_and_its_level() {
        for (evidence, level) in WantedEvidence::ALL.into_iter().zip(1..) {
            assert_eq!(evidence.level(), level);
            assert_eq!(WantedEvidence::from_word(evidence.as_str()), Some(evidence));
        }
        assert_eq!(WantedEvidence::from_word("Touch"), None);
    }

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
        let strict = ApprovalTerms { by, quorum: 2, uninjectable: true, ..ApprovalTerms::default() };
        for terms in [ApprovalTerms::default(), strict] {
            let text = serde_json::to_string(&terms).unwrap();
            assert_eq!(serde_json::from_str::<ApprovalTerms>(&text).unwrap(), terms, "{text}");
            assert_eq!(text.contains("\"uninjectable\""), terms.uninjectable, "{text}");
        }
    }
}
