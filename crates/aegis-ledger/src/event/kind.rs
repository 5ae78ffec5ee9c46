//! The kinds of event: the one list of them.

/// Calls a macro with every kind: its name, what is written down, what is stored of that, and the word that
/// is stored.
macro_rules! kinds {
    ($with:ident) => {
        $with! {
            /// A human is about to be asked.
            Requested: Requested, EntryBody, "requested";
            /// A human answered, or nobody did.
            Answered: Answered, AnsweredBody, "answered";
            /// An action was answered for good.
            Decided: Decided, EntryBody, "decided";
            /// What was allowed is about to be done.
            Started: Started, StartedBody, "started";
            /// What was done was looked at.
            Verified: Verified, VerifiedBody, "verified";
            /// An allowed action came to its end.
            Ended: Ended, EndedBody, "ended";
            /// Somebody answered a question that waits.
            Replied: Replied, RepliedBody, "replied";
            /// The answer to a question that waited was used.
            Consumed: Consumed, ConsumedBody, "consumed";
            /// A grant let an action happen.
            Used: Used, UsedBody, "used";
            /// A grant was taken back.
            Revoked: Revoked, RevokedBody, "revoked";
            /// An action was done without asking, and seen afterwards.
            Observed: Observed, EntryBody, "observed";
            /// A checkpoint of the log was handed out.
            Checkpoint: Checkpointed, CheckpointBody, "checkpoint";
            /// What may hold secrets was removed from an action's events.
            Redacted: Redacted, RedactedBody, "redacted";
            /// The oldest events were moved to an archive.
            Pruned: Pruned, PrunedBody, "pruned";
        }
    };
}
pub(super) use kinds;

macro_rules! event_kind {
    ($($(#[$doc:meta])+ $Kind:ident: $Written:ident, $Body:ident, $word:literal;)+) => {
        /// What kind of event it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[$doc])+ $Kind,)+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[EventKind] = &[$(EventKind::$Kind),+];

            /// The word that is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(EventKind::$Kind => $word,)+
                }
            }
        }
    };
}
kinds!(event_kind);

impl EventKind {
    /// The kind that a stored word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<EventKind> {
        EventKind::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether anything of its body is indexed, beside the kind itself. Only then is the body read to index
    /// it: a row that says something else is left to verification.
    #[must_use]
    pub const fn has_words(self) -> bool {
        matches!(self, EventKind::Requested | EventKind::Decided | EventKind::Ended | EventKind::Observed)
    }
}
