//! Verifying, by what the documentation promises: each kind of damage is named with its row, nothing else is
//! found, and what holds is said to hold.

mod anchors;
mod bodies;
mod chain;
mod exports;
mod grants;
mod index;
mod joined;
mod lives;
mod numbers;
mod receipts;
mod replies;
mod rows;
mod sentences;
