//! The sinks there are.

mod journald;
mod jsonl;
mod torn;
mod tracing;

pub use self::tracing::TracingSink;
pub use journald::JournaldSink;
pub use jsonl::JsonlSink;
