//! `used`: a grant let an action happen.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::kind::EventKind;
use super::text::Text;

/// A grant let an action happen. The action's `decided` event follows.
#[derive(Clone, Copy, Debug)]
pub struct Used<'a> {
    /// The grant's id, which is that of the action that was asked about.
    pub action_id: &'a str,
    /// The id of the action that was allowed by it.
    pub by: &'a str,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedBody<S = String> {
    /// The id of the action that was allowed by it.
    pub by: S,
    /// The number of the `requested` event that offered it.
    pub requested_seq: Option<u64>,
}

impl<'a> Happening<'a> for Used<'a> {
    type Body = UsedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        Some((self.action_id, EventKind::Requested))
    }

    fn stored(&self, requested_seq: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        (UsedBody { by: self.by.into(), requested_seq }, None)
    }
}

impl<S> Body for UsedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::of_request(self.requested_seq))
    }
}
