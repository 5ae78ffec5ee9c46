//! Who answered, as the approver that asked can vouch for it.

use std::fmt;

use aegis_ledger::answer::{ApproverIdentity, Evidence, Via};
use thiserror::Error;

/// The words that only this crate's own approvers may use.
const RESERVED: [&str; 7] = ["rule", "terminal", "account", "signature", "touch", "command", "fixed"];

/// Who answered, and how strongly that is known. What a witness vouches for is what the approver that made it
/// has earned: an approver of an embedding program makes one by [`callback`](Witness::callback) alone, and no
/// flag and no environment makes it stronger.
#[derive(Clone, PartialEq, Eq)]
pub struct Witness(ApproverIdentity);

/// Why a way of asking cannot be called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// Another approver is called so.
    #[error("`{0}` is the name of another way of asking")]
    Reserved(&'static str),
    /// It is not a word.
    #[error("a way of asking is named by 1 to 32 lower-case letters, digits and `-`")]
    NotAWord,
}

impl Witness {
    /// Somebody whom the embedding program asked, in a way that it names itself (`window`, `chat`): it counts
    /// as much as a terminal of the account that runs the program, since it is that account's program which
    /// says so. `user` is the account that answered, as far as the program knows.
    ///
    /// # Errors
    /// When the name is no word, or that of another way of asking.
    pub fn callback(via: &'static str, user: Option<String>) -> Result<Witness, WitnessError> {
        let is_word = (1..=32).contains(&via.len())
            && via.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_word {
            return Err(WitnessError::NotAWord);
        }
        if RESERVED.contains(&via) {
            return Err(WitnessError::Reserved(via));
        }
        let evidence = Evidence::Terminal;
        Ok(Witness(ApproverIdentity { via: Via::new(via), user, evidence, injectable: false }))
    }

    /// Somebody at the controlling terminal of `user`, or, where it is injectable, a program that types into
    /// it.
    pub(crate) const fn terminal(user: String, injectable: bool) -> Witness {
        Witness(ApproverIdentity {
            via: Via::new("terminal"),
            user: Some(user),
            evidence: Evidence::Terminal,
            injectable,
        })
    }

    /// Somebody at the controlling terminal of `user`, which is none of the accounts that asked, as the
    /// kernel knows both.
    pub(crate) const fn account(user: String, injectable: bool) -> Witness {
        Witness(ApproverIdentity {
            via: Via::new("account"),
            user: Some(user),
            evidence: Evidence::Account,
            injectable,
        })
    }

    /// A command that `user` runs, and nobody else by its word.
    pub(crate) const fn command(user: String) -> Witness {
        Witness(ApproverIdentity {
            via: Via::new("command"),
            user: Some(user),
            evidence: Evidence::Terminal,
            injectable: false,
        })
    }

    /// Nobody: the answer was fixed beforehand.
    pub(crate) const fn fixed() -> Witness {
        Witness(ApproverIdentity {
            via: Via::new("fixed"),
            user: None,
            evidence: Evidence::Terminal,
            injectable: false,
        })
    }

    pub(crate) const fn identity(&self) -> &ApproverIdentity {
        &self.0
    }

    pub(crate) fn into_identity(self) -> ApproverIdentity {
        self.0
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_borrows_the_name_of_another_way_of_asking() {
        for name in RESERVED {
            assert_eq!(Witness::callback(name, None), Err(WitnessError::Reserved(name)));
        }
        for name in ["", "A window", "fenêtre", "a\u{1b}b", "terminal "] {
            assert_eq!(Witness::callback(name, None), Err(WitnessError::NotAWord), "{name}");
        }
        let window = Witness::callback("window", Some("ana".to_owned())).unwrap().into_identity();
        assert_eq!((window.via.as_str(), window.evidence), ("window", Evidence::Terminal));
    }
}
