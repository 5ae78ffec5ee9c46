//! `revoked`: a grant was taken back.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::kind::EventKind;
use super::operator::Operator;
use super::text::Text;

/// A grant was taken back.
#[derive(Clone, Copy, Debug)]
pub struct Revoked<'a> {
    /// The grant's id, which is that of the action that was asked about.
    pub action_id: &'a str,
    /// Why, in the words of whoever did it.
    pub note: Option<&'a str>,
    /// Who did it, and where.
    pub operator: Operator<'a>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedBody<S = String> {
    /// The machine on which that was done.
    pub host: S,
    /// The account that did it.
    pub user: S,
    /// The account that logged in, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<S>,
    /// Why, in the words of whoever did it.
    pub note: Option<S>,
    /// The number of the `requested` event that offered it.
    pub requested_seq: Option<u64>,
}

impl<'a> Happening<'a> for Revoked<'a> {
    type Body = RevokedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        Some((self.action_id, EventKind::Requested))
    }

    fn stored(&self, requested_seq: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = RevokedBody {
            host: self.operator.host.into(),
            user: self.operator.user.into(),
            login: self.operator.login.map(Text::from),
            note: self.note.map(Text::from),
            requested_seq,
        };
        (body, None)
    }
}

impl<S> Body for RevokedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::of_request(self.requested_seq))
    }
}
