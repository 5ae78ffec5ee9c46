//! Instants, as JSON has them.

use chrono::{DateTime, SecondsFormat, Utc};

/// RFC 3339, UTC, milliseconds.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
