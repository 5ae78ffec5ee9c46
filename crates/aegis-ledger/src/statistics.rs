//! What a trail says as a whole: how many actions, answered how, by which rules, of whom, when, and how long
//! people took.
//!
//! Everything is counted in one pass, in memory that does not grow with the log: times fall into intervals
//! that widen, names beyond the first [`MAX_NAMES`] of their kind are counted together, and durations fall
//! into classes that are a few per cent wide.

mod counts;
mod names;
mod tally;
mod times;
mod totals;
mod waits;

pub use counts::Counts;
pub use names::{Distinct, MAX_NAMES, Named, Names};
pub use tally::{Asked, Habit, Results, Risks, Tally};
pub use times::{Series, Week};
pub use totals::{NewestEvent, Statistics};
pub use waits::{WAIT_BOUNDS_MS, Waits};
