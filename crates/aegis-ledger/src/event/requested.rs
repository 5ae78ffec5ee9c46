//! `requested`: a human is about to be asked.

use super::body::{Happening, Key};
use super::entry::{Entry, EntryBody};
use super::offer::Offer;
use super::opening::Opening;
use super::text::Text;

/// A human is about to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Requested<'a> {
    /// The action.
    pub entry: Entry<'a>,
    /// The question that it opens, where that is to wait for its answer.
    pub opening: Option<&'a Opening>,
    /// Whether somebody is asked who can give a grant together with a yes, where the rule lets them.
    pub is_put: bool,
}

impl<'a> Happening<'a> for Requested<'a> {
    type Body = EntryBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.entry.action_id
    }

    fn stored(&self, _: Option<u64>, key: &Key) -> (Self::Body, Option<String>) {
        let (body, payload) = self.entry.stored(None, key);
        let terms = self.entry.decision.terms();
        let offered = self.is_put.then(|| self.entry.grant_key(key)).flatten();
        let offer = offered.map(|key| Offer { key, terms });
        (EntryBody { question: self.opening.cloned(), offer, ..body }, Some(payload))
    }
}
