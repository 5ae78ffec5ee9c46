//! The one door to a log: every verb that writes goes through the [`Journal`], and sinks stand behind it.

mod account;
mod action_events;
mod checkpoint;
mod committed;
mod end;
mod error;
mod grant_book;
mod known_action;
mod life_error;
mod precedents;
mod prune;
mod question_book;
mod record;
mod redact;
mod reply;
mod revoke;
mod start;

pub use account::Account;
pub use committed::Committed;
pub use end::{EndStatus, Ending};
pub use error::RecordError;
pub use grant_book::{offered_grant_of, open_grants};
pub use life_error::LifeError;
pub use question_book::{Flood, QuestionBook, open_questions, question_of};
pub use record::{A_WAIT, Journal};
pub use redact::{RedactError, Removal};
pub use reply::{NewReply, Replied, ReplyError};
pub use revoke::{Revocation, RevokeError};
pub use start::Check;
