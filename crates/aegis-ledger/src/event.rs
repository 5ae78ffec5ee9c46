//! What is written down: the events of an action's life, and of the log's own. One file holds all that there
//! is to know of a kind: what it is given, what is stored of that, what it refers to, what verification asks
//! of it, and by which words it is found.

mod answered;
mod body;
mod checkpoint;
mod consumed;
mod decided;
mod ended;
mod entry;
mod grant_key;
mod kind;
mod observed;
mod offer;
mod opening;
mod operator;
pub(crate) mod params;
mod payload;
mod pruned;
mod recorded_call;
mod redacted;
mod replied;
mod requested;
mod revoked;
mod started;
mod text;
mod used;
mod verified;
mod words;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use answered::{Answered, AnsweredBody};
pub use body::{Body, Claimed};
use body::{Happening, Key};
pub use checkpoint::{CheckpointBody, Checkpointed};
pub use consumed::{Consumed, ConsumedBody};
pub use decided::Decided;
pub use ended::{Ended, EndedBody};
pub use entry::{Entry, EntryBody, PathSource, RecordedNames, SessionSource};
pub use grant_key::grant_key;
pub use kind::EventKind;
use kind::kinds;
pub use observed::Observed;
pub use offer::{GrantUse, Offer};
pub use opening::{Asked, Opening};
pub use operator::Operator;
pub use payload::{Payload, StoredPayload};
pub use pruned::{Pruned, PrunedBody};
pub use recorded_call::RecordedCall;
pub use redacted::{Redacted, RedactedBody};
pub use replied::{Replied, RepliedBody};
pub use requested::Requested;
pub use revoked::{Revoked, RevokedBody};
pub use started::{Recorder, Started, StartedBody};
pub use text::Text;
pub use used::{Used, UsedBody};
pub use verified::{Verified, VerifiedBody};
pub use words::{Field, Words};

use crate::answer::Answer;

/// An event and when it happened.
#[derive(Clone, Copy, Debug)]
pub struct Stamped<'a> {
    /// When, by the wall clock; kept to the millisecond. Advice only: the order is that of the log.
    pub at: DateTime<Utc>,
    /// What.
    pub event: Event<'a>,
}

/// An event in the form in which it is stored.
#[derive(Clone, Debug)]
pub struct Encoded<'a> {
    /// The action that it is about; empty where it is about the log itself.
    pub action_id: &'a str,
    /// What is known of it, as it is read back.
    pub body: EventBody<Text<'a>>,
    /// The same as JSON.
    pub json: String,
    /// What may hold secrets, as JSON. Absent where the kind has none.
    pub payload: Option<String>,
}

macro_rules! events {
    ($($(#[$doc:meta])+ $Kind:ident: $Written:ident, $Body:ident, $word:literal;)+) => {
        /// Something that happened to an action, or to the log.
        #[derive(Clone, Copy, Debug)]
        pub enum Event<'a> {
            $($(#[$doc])+ $Kind($Written<'a>),)+
        }

        /// What is known of an event, as it is stored. `S` is how its strings are held: owned, or as [`Text`]
        /// of the stored row.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum EventBody<S = String> {
            $($(#[$doc])+ $Kind($Body<S>),)+
        }

        impl<'a> Event<'a> {
            /// What kind of event it is.
            #[must_use]
            pub const fn kind(&self) -> EventKind {
                match self {
                    $(Event::$Kind(_) => EventKind::$Kind,)+
                }
            }

            /// The action that it is about; empty where it is about the log itself.
            #[must_use]
            pub fn action_id(&self) -> &'a str {
                match self {
                    $(Event::$Kind(it) => it.action_id(),)+
                }
            }

            /// The action and the kind of its event that this one refers to by number.
            #[must_use]
            pub fn refers_to(&self) -> Option<(&'a str, EventKind)> {
                match self {
                    $(Event::$Kind(it) => it.refers_to(),)+
                }
            }

            fn stored(&self, referred: Option<u64>, key: &Key) -> (EventBody<Text<'a>>, Option<String>) {
                match self {
                    $(Event::$Kind(it) => {
                        let (body, payload) = it.stored(referred, key);
                        (EventBody::$Kind(body), payload)
                    })+
                }
            }
        }

        impl<'b, S: Deserialize<'b>> EventBody<S> {
            /// Reads what is stored of an event of this kind.
            ///
            /// # Errors
            /// When it is not what events of that kind have.
            pub fn read(kind: EventKind, body: &'b str) -> Result<EventBody<S>, serde_json::Error> {
                Ok(match kind {
                    $(EventKind::$Kind => EventBody::$Kind(serde_json::from_str(body)?),)+
                })
            }
        }

        impl<S: AsRef<str>> EventBody<S> {
            /// What kind of event it is.
            #[must_use]
            pub const fn kind(&self) -> EventKind {
                match self {
                    $(EventBody::$Kind(_) => EventKind::$Kind,)+
                }
            }

            fn as_body(&self) -> &dyn Body {
                match self {
                    $(EventBody::$Kind(body) => body,)+
                }
            }
        }

        impl<S: Serialize> EventBody<S> {
            fn to_json(&self) -> Result<String, serde_json::Error> {
                match self {
                    $(EventBody::$Kind(body) => to_string(body),)+
                }
            }
        }
    };
}
kinds!(events);

impl<'a> Event<'a> {
    /// The answer that this event makes final, if it does.
    #[must_use]
    pub const fn final_answer(&self) -> Option<Answer> {
        match self {
            Event::Decided(decided) => Some(decided.answer),
            _ => None,
        }
    }

    /// The form to store, given the number of the event that this one refers to, and the key of the log.
    ///
    /// # Errors
    /// When it cannot be put into JSON.
    pub fn encode(&self, referred: Option<u64>, key: &[u8; 32]) -> Result<Encoded<'a>, serde_json::Error> {
        let (body, payload) = self.stored(referred, key);
        Ok(Encoded { action_id: self.action_id(), json: body.to_json()?, body, payload })
    }
}

impl<S: AsRef<str>> Body for EventBody<S> {
    fn words(&self) -> Words<'_> {
        self.as_body().words()
    }

    fn claim(&self) -> Result<Claimed<'_>, String> {
        self.as_body().claim()
    }

    fn record(&self, own: u64) -> Option<u64> {
        self.as_body().record(own)
    }
}

impl<S> EventBody<S> {
    /// The action and what the policy said of it, if this event says so.
    #[must_use]
    pub const fn entry(&self) -> Option<&EntryBody<S>> {
        match self {
            EventBody::Requested(entry) | EventBody::Decided(entry) | EventBody::Observed(entry) => {
                Some(entry)
            }
            _ => None,
        }
    }
}

fn to_string(body: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = Vec::with_capacity(1024);
    serde_json::to_writer(&mut text, body)?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

#[cfg(test)]
mod tests;
