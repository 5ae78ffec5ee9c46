//! `answered`: a human answered, or nobody did.

use serde::{Deserialize, Serialize};

use super::body::{Body, Happening, Key};
use super::text::Text;
use crate::answer::{Answer, ApproverIdentity};

/// The human answered, or nobody did.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The session that it belongs to.
    pub session_id: &'a str,
    /// The answer.
    pub answer: Answer,
    /// Who gave it.
    pub approver: Option<&'a ApproverIdentity>,
    /// Why nobody answered.
    pub note: Option<&'a str>,
    /// How long the question stood, in milliseconds.
    pub waited_ms: Option<u64>,
    /// Whether the grant that was offered was given together with a yes.
    pub grant: bool,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredBody<S = String> {
    /// The session that the action belongs to.
    pub session_id: S,
    /// The answer.
    pub decision: Answer,
    /// Who gave it.
    pub approver: Option<ApproverIdentity>,
    /// Why nobody answered.
    pub note: Option<S>,
    /// How long the question stood, in milliseconds.
    pub waited_ms: Option<u64>,
    /// Whether the grant that was offered was given together with a yes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grant: bool,
}

impl<'a> Happening<'a> for Answered<'a> {
    type Body = AnsweredBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn stored(&self, _: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = AnsweredBody {
            session_id: self.session_id.into(),
            decision: self.answer,
            approver: self.approver.cloned(),
            note: self.note.map(Text::from),
            waited_ms: self.waited_ms,
            grant: self.grant,
        };
        (body, None)
    }
}

impl<S> Body for AnsweredBody<S> {}
