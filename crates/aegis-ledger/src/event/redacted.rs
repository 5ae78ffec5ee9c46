//! `redacted`: what may hold secrets was removed from an action's events.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::operator::Operator;
use super::text::Text;

/// What may hold secrets was removed from an action's events.
#[derive(Clone, Copy, Debug)]
pub struct Redacted<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The numbers of the events whose payload was removed.
    pub events: &'a [u64],
    /// Why, in the words of whoever did it.
    pub note: Option<&'a str>,
    /// Who did it, and where.
    pub operator: Operator<'a>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactedBody<S = String> {
    /// The numbers of the events whose payload was removed.
    pub events: Vec<u64>,
    /// Why, in the words of whoever did it.
    pub note: Option<S>,
    /// The machine on which that was done.
    pub host: S,
    /// The account that did it.
    pub user: S,
    /// The account that logged in, where that is another one: behind `sudo`, who it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<S>,
}

impl<'a> Happening<'a> for Redacted<'a> {
    type Body = RedactedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn stored(&self, _: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = RedactedBody {
            events: self.events.to_vec(),
            note: self.note.map(Text::from),
            host: self.operator.host.into(),
            user: self.operator.user.into(),
            login: self.operator.login.map(Text::from),
        };
        (body, None)
    }
}

impl<S> Body for RedactedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::Removed(&self.events))
    }

    fn record(&self, _: u64) -> Option<u64> {
        // The newest event with a payload is the one that the action's record is made of.
        self.events.iter().max().copied()
    }
}
