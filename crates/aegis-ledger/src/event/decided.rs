//! `decided`: an action was answered for good.

use aegis_engine::ApprovalMode;

use super::body::{Happening, Key};
use super::entry::{Answered, Entry, EntryBody};
use super::kind::EventKind;
use super::offer::GrantUse;
use super::text::Text;
use crate::answer::{Answer, ApproverIdentity};

/// The action was answered for good.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// The action.
    pub entry: Entry<'a>,
    /// The answer.
    pub answer: Answer,
    /// Who gave it.
    pub approver: Option<&'a ApproverIdentity>,
    /// Why, in a sentence for a person.
    pub reason: &'a str,
    /// The grant that it was allowed by, if it was.
    pub grant: Option<&'a GrantUse>,
}

impl<'a> Happening<'a> for Decided<'a> {
    type Body = EntryBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.entry.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        // Where a rule allowed it, nothing was requested. A block may have come after a question: when the
        // policy was asked again for the answer's own moment.
        (self.entry.decision.approval() != ApprovalMode::Auto)
            .then_some((self.entry.action_id, EventKind::Requested))
    }

    fn stored(&self, requested_seq: Option<u64>, key: &Key) -> (Self::Body, Option<String>) {
        let Decided { answer, approver, reason, grant, .. } = *self;
        let answered = Answered { answer, approver, reason, grant, requested_seq };
        let (body, payload) = self.entry.stored(Some(answered), key);
        (body, Some(payload))
    }
}
