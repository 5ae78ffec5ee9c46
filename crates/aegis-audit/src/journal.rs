//! The one door to a log: every verb that writes goes through the [`Journal`], and sinks stand behind it.

mod account;
mod checkpoint;
mod committed;
mod end;
mod error;
mod prune;
mod record;
mod redact;

pub use account::Account;
pub use committed::Committed;
pub use end::{Ending, EndingError};
pub use error::RecordError;
pub use record::{A_WAIT, Journal};
pub use redact::{RedactError, Removal};
