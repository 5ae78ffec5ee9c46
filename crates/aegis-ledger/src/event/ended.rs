//! `ended`: an allowed action came to its end.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::kind::EventKind;
use super::text::Text;
use super::words::Words;
use crate::answer::ResultStatus;

/// An allowed action came to its end.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The session that it belongs to.
    pub session_id: &'a str,
    /// How it ended; none where nobody knows.
    pub status: Option<ResultStatus>,
    /// What went wrong.
    pub error: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedBody<S = String> {
    /// The session that the action belongs to.
    pub session_id: S,
    /// How it ended; null where nobody knows.
    pub result_status: Option<ResultStatus>,
    /// What went wrong.
    pub result_error: Option<S>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The number of the action's `decided` event, whose outcome this is.
    pub decided_seq: Option<u64>,
}

impl<'a> Happening<'a> for Ended<'a> {
    type Body = EndedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        Some((self.action_id, EventKind::Decided))
    }

    fn stored(&self, decided_seq: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = EndedBody {
            session_id: self.session_id.into(),
            result_status: self.status,
            result_error: self.error.map(Text::from),
            duration_ms: self.duration_ms,
            decided_seq,
        };
        (body, None)
    }
}

impl<S> Body for EndedBody<S> {
    fn words(&self) -> Words<'_> {
        // That nobody knows is what is so without this event, too.
        let outcome = self.decided_seq.zip(self.result_status.map(ResultStatus::as_str));
        Words { outcome, ..Words::default() }
    }

    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::of_decision(self.decided_seq))
    }

    fn record(&self, _: u64) -> Option<u64> {
        self.decided_seq
    }
}
