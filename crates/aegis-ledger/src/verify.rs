//! Verifying a chain of events: one after another, in bounded memory, and never stopping at the first damage.
//!
//! A row that is not what was hashed is one damage, not one for every row behind it: the chain is taken up
//! again where rows fit each other. What the rows say about each other, and about the log, is compared too.

mod anchor;
mod anchoring;
mod bodies;
mod damage;
mod exports;
mod grants;
mod impossible;
mod lives;
mod misplaced;
mod observer;
mod previous;
mod questions;
mod receipts;
mod renumbered;
mod row_set;
mod start;
mod succession;
mod verification;
mod verifier;

pub use anchor::{Anchor, Claim, Standing};
pub use bodies::Referred;
pub use damage::{Damage, DamageKind};
pub use exports::{ExportVerification, Exports, ExportsError, Places, verify_exports};
pub use observer::{FullBlock, IndexObserver, Observer, SoFar};
pub use receipts::{ReceiptReport, ReceiptRow, check_receipts};
pub use start::Start;
pub use verification::Verification;
pub use verifier::Verifier;

#[cfg(test)]
mod tests;
