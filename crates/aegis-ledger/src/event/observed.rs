//! `observed`: somebody did an action without asking, and it was seen afterwards.

use aegis_engine::OBSERVED_RULE;

use super::body::{Happening, Key};
use super::entry::{Entry, EntryBody};
use super::text::Text;

/// An action was done without asking: what a provider runs itself. It is undecided for good.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The action, and what the policy would have said of it.
    pub entry: Entry<'a>,
}

impl<'a> Happening<'a> for Observed<'a> {
    type Body = EntryBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.entry.action_id
    }

    fn stored(&self, _: Option<u64>, key: &Key) -> (Self::Body, Option<String>) {
        let (body, payload) = self.entry.stored(None, key);
        (EntryBody { matched_rule: OBSERVED_RULE.into(), ..body }, Some(payload))
    }
}
