//! `consumed`: the answer to a question that waited was used.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::kind::EventKind;
use super::text::Text;

/// The answer to a question that waited was used, once and for all.
#[derive(Clone, Copy, Debug)]
pub struct Consumed<'a> {
    /// The id of the action that was asked about, which is the question's own.
    pub action_id: &'a str,
    /// The id of the action that was answered by it.
    pub by: &'a str,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumedBody<S = String> {
    /// The id of the action that was answered by it.
    pub by: S,
    /// The number of the `requested` event that asked.
    pub requested_seq: Option<u64>,
}

impl<'a> Happening<'a> for Consumed<'a> {
    type Body = ConsumedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        Some((self.action_id, EventKind::Requested))
    }

    fn stored(&self, requested_seq: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        (ConsumedBody { by: self.by.into(), requested_seq }, None)
    }
}

impl<S> Body for ConsumedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::of_request(self.requested_seq))
    }
}
