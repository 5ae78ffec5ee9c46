//! `verified`: what was done was looked at, before its end was recorded.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::kind::EventKind;
use super::text::Text;

/// What was done was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The session that it belongs to.
    pub session_id: &'a str,
    /// Whether it was found to be as it should be.
    pub passed: bool,
    /// What was found instead, or why nobody could look.
    pub error: Option<&'a str>,
    /// How long looking took, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedBody<S = String> {
    /// The session that the action belongs to.
    pub session_id: S,
    /// Whether it was found to be as it should be.
    pub passed: bool,
    /// What was found instead, or why nobody could look.
    pub error: Option<S>,
    /// How long looking took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The number of the action's `decided` event.
    pub decided_seq: Option<u64>,
}

impl<'a> Happening<'a> for Verified<'a> {
    type Body = VerifiedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        Some((self.action_id, EventKind::Decided))
    }

    fn stored(&self, decided_seq: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = VerifiedBody {
            session_id: self.session_id.into(),
            passed: self.passed,
            error: self.error.map(Text::from),
            duration_ms: self.duration_ms,
            decided_seq,
        };
        (body, None)
    }
}

impl<S> Body for VerifiedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::of_decision(self.decided_seq))
    }

    fn record(&self, _: u64) -> Option<u64> {
        self.decided_seq
    }
}
