//! Events as they are stored: borrowed from wherever they are read, and compared with their own hashes.

use std::fmt;

use aegis_engine::Digest;
use chrono::DateTime;

use crate::chain::{Link, commitment};
use crate::event::{EventBody, EventKind, StoredPayload, Text};

/// One row of the log, as stored. The strings are what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredEvent<'a> {
    /// The number of the event, from 1.
    pub seq: u64,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The kind of event: `requested`, `answered`, `decided`, `ended`, `checkpoint`, `redacted` or `pruned`.
    pub kind: &'a str,
    /// The action that it belongs to; empty where it is about the log itself.
    pub action_id: &'a str,
    /// What is known about it: a JSON object.
    pub body: &'a str,
    /// What may hold secrets: a JSON object with `params` and `description`. Absent where there is none, or
    /// it was removed.
    pub payload: Option<&'a str>,
    /// What hides the payload behind its commitment. Absent where the payload was removed.
    pub salt: Option<&'a [u8]>,
    /// The hash of salt and payload.
    pub commitment: &'a [u8],
    /// The hash of the event before.
    pub prev_hash: &'a [u8],
    /// The event's own hash.
    pub hash: &'a [u8],
}

/// In which way a stored event does not fit its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The payload or its salt is not the one committed to.
    Payload,
    /// Something else is not what was hashed.
    Content,
}

impl fmt::Display for Misfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Misfit::Payload => "its payload is not the one that was hashed",
            Misfit::Content => "its hash does not fit its content",
        })
    }
}

impl<'a> StoredEvent<'a> {
    /// Reads what is known of it.
    ///
    /// # Errors
    /// When its kind is unknown, or its body is not what events of that kind have. The text says so.
    pub fn read_body(&self) -> Result<EventBody<Text<'a>>, String> {
        EventBody::read(self.known_kind()?, self.body)
            .map_err(|error| format!("its body cannot be read: {error}"))
    }

    /// Reads all of it that anybody reads: what is known of it, its payload where that says something, and
    /// its time. Whoever shows a row and whoever verifies it take the same for readable.
    ///
    /// # Errors
    /// When one of them is not what events have. The text says which, and in which way.
    pub fn read(&self) -> Result<(EventBody<Text<'a>>, Option<StoredPayload<'a>>), String> {
        let body = self.read_body()?;
        if DateTime::from_timestamp_millis(self.at).is_none() {
            return Err("its time is out of range".to_owned());
        }
        let payload = self.payload.filter(|_| body.entry().is_some());
        Ok((body, payload.map(StoredPayload::read).transpose()?))
    }

    /// What kind of event it is.
    ///
    /// # Errors
    /// When this program does not know the kind. The text says so.
    pub fn known_kind(&self) -> Result<EventKind, String> {
        EventKind::from_word(self.kind).ok_or_else(|| format!("there is no kind of event `{}`", self.kind))
    }

    /// The event's hash, if it is the one that its content has.
    ///
    /// # Errors
    /// When the event is not the one that was hashed, and in which way.
    pub fn checked_hash(&self, log_id: &[u8]) -> Result<Digest, Misfit> {
        let committed = match (self.payload, self.salt) {
            // A payload that was removed took its salt along; the commitment still stands for it.
            (None, None) => true,
            (Some(_), None) => false,
            (payload, Some(salt)) => commitment(payload, salt).as_bytes() == self.commitment,
        };
        if !committed {
            return Err(Misfit::Payload);
        }
        let Ok(seq) = i64::try_from(self.seq) else { return Err(Misfit::Content) };
        let hash = Link {
            log_id,
            seq,
            at: self.at,
            kind: self.kind,
            action_id: self.action_id,
            body: self.body,
            commitment: self.commitment,
            prev_hash: self.prev_hash,
        }
        .hash();
        if hash.as_bytes() == self.hash { Ok(hash) } else { Err(Misfit::Content) }
    }
}
