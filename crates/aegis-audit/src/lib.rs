//! Remembers every decision in an append-only, hash-chained log.

mod answer;

pub use answer::{Answer, ApproverIdentity, ResultStatus, Via};
