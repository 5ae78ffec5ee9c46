//! A record: one line for each action, owned or borrowed from the rows that it is made of.

mod borrowed;
mod exported;

pub use borrowed::{BorrowedRecord, RecordRow, Scratch};
pub use exported::Record;
