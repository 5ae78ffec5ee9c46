//! A question that waits in the log.

use chrono::{DateTime, Utc};

/// A question that waits for somebody to answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingQuestion {
    /// Its id, which is that of the action that was asked about first.
    pub id: String,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}
