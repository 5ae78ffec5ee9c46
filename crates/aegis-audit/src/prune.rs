//! Pruning: the oldest events move to an archive, and one event stands for them.
//!
//! 1. [`TrailReader::plan_prune`] says which events may go: a prefix of the log that cuts no action apart, and
//!    [`PrunePlan::verified`] demands that the log was verified and is sound.
//! 2. [`Archive::write`] copies them to a file beside the name that it is to have, verifying each; syncs it, reads it back
//!    and verifies it as a whole; and only then gives it its name.
//! 3. [`Trail::prune`] appends the `pruned` event in a transaction of its own, and then deletes what that stands for, in
//!    many short ones, so that writers wait for none of them long and the journal stays small.
//!
//! Before the event is synced nothing is deleted. From then on the log begins behind it; rows that are still there, because
//! the process was killed, count for nothing, and the next pruning deletes them.

mod archive;
mod plan;
mod remove;
mod standing;
mod verified;

pub use archive::{Archive, ArchiveError};
pub use plan::{Held, PrunePlan};
pub use remove::Space;
pub(crate) use standing::Pruned;
pub use verified::{DamagedLog, VerifiedPlan};
