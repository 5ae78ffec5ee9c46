//! The log in one `SQLite` file: the first store there is. SQL stands here and nowhere else.
//!
//! [`SqliteStore`] appends, in one synced transaction at a time, for many processes; [`TrailReader`] reads
//! beside it.
//!
//! # The tables
//! `body` holds what is known of an event, as JSON, and `payload` what may hold secrets: parameters and
//! description. The hashed bytes are the only source of truth; the index over full blocks of events is
//! derived from them.

mod connection_settings;
mod deletion;
mod event_range;
mod follow;
mod head;
mod history;
mod index;
mod open_files;
mod open_questions;
mod origin;
mod precedents;
mod proof;
mod prune_plan;
mod reader;
mod record_rows;
mod row;
mod scan;
mod schema;
mod selection;
mod spot_check;
mod sqlite_error;
mod statistics;
mod store;
mod transaction;
mod verify;
mod work_limit;

pub use event_range::{EventRange, RangeError};
pub use follow::{Followed, Follower};
pub use prune_plan::{Held, PrunePlan};
pub use reader::TrailReader;
pub use store::SqliteStore;
