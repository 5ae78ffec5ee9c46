//! What a yes to a question could let happen beyond it, and what of that an action was allowed by.

use aegis_engine::ApprovalTerms;
use serde::{Deserialize, Serialize};

use super::text::Text;

/// What whoever is asked can give together with a yes: a grant. It stands in the `requested` event, so that
/// what was given is what was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What an action must have in common with the one that is asked about: 64 hexadecimal digits.
    pub key: String,
    /// On what terms answers to the question count, the grant's own among them.
    pub terms: ApprovalTerms,
}

/// By which grant an action was allowed, and what was left of it then. `S` is how its strings are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantUse<S = String> {
    /// Its id, which is that of the action that was asked about.
    pub id: S,
    /// When it was given, in milliseconds since the Unix epoch.
    pub given_at: i64,
    /// From when on it does not hold any more.
    pub expires_at: i64,
    /// For how many further actions it is good behind this one.
    pub uses_left: u32,
}

impl GrantUse {
    /// The same, to be stored.
    pub(super) fn stored(&self) -> GrantUse<Text<'_>> {
        let GrantUse { id, given_at, expires_at, uses_left } = self;
        let (given_at, expires_at, uses_left) = (*given_at, *expires_at, *uses_left);
        GrantUse { id: id.as_str().into(), given_at, expires_at, uses_left }
    }
}
