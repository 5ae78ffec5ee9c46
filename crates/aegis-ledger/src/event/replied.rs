//! `replied`: somebody answered a question that waits.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::kind::EventKind;
use super::operator::Operator;
use super::text::Text;
use crate::answer::{Answer, ApproverIdentity};

/// Somebody answered a question that waits.
#[derive(Clone, Copy, Debug)]
pub struct Replied<'a> {
    /// The id of the action that is asked about, which is the question's own.
    pub action_id: &'a str,
    /// The answer: yes or no.
    pub answer: Answer,
    /// Who gave it, and how strongly that is known.
    pub approver: &'a ApproverIdentity,
    /// Under which name the policy knows them, where it names its approvers.
    pub name: Option<&'a str>,
    /// Why, in their words.
    pub note: Option<&'a str>,
    /// Where they signed, the armoured SSH signature.
    pub signature: Option<&'a str>,
    /// The fingerprint of the key that it is by.
    pub key: Option<&'a str>,
    /// Whether the grant that is offered is given together with a yes.
    pub grant: bool,
    /// The account that wrote it down, and where.
    pub operator: Operator<'a>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepliedBody<S = String> {
    /// The answer.
    pub decision: Answer,
    /// Who gave it.
    pub approver: ApproverIdentity,
    /// Under which name the policy knows them.
    pub name: Option<S>,
    /// Why, in their words.
    pub note: Option<S>,
    /// Where they signed, the armoured SSH signature over the text of a
    /// [`SignedReply`](crate::signed_reply::SignedReply).
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub signature: Option<S>,
    /// The fingerprint of the key that it is by, as OpenSSH shows it.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub key: Option<S>,
    /// Whether the grant that is offered is given together with a yes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grant: bool,
    /// The machine on which it was written down.
    pub host: S,
    /// The account that wrote it down.
    pub user: S,
    /// The account that logged in, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<S>,
    /// The number of the `requested` event that asks.
    pub requested_seq: Option<u64>,
}

impl<'a> Happening<'a> for Replied<'a> {
    type Body = RepliedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        Some((self.action_id, EventKind::Requested))
    }

    fn stored(&self, requested_seq: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = RepliedBody {
            decision: self.answer,
            approver: self.approver.clone(),
            name: self.name.map(Text::from),
            note: self.note.map(Text::from),
            signature: self.signature.map(Text::from),
            key: self.key.map(Text::from),
            grant: self.grant,
            host: self.operator.host.into(),
            user: self.operator.user.into(),
            login: self.operator.login.map(Text::from),
            requested_seq,
        };
        (body, None)
    }
}

impl<S> Body for RepliedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::of_request(self.requested_seq))
    }
}
