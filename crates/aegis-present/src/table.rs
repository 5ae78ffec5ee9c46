//! Records in columns, fitted to the terminal: all at once, or one by one as they come.
//!
//! Where there is too little room, whole columns give way in a fixed order, and what is left of long cells is
//! their beginning and their end.

mod column;
#[cfg(test)]
mod example;
mod fitted;
mod grants;
mod plan;
mod questions;
mod records;

pub use column::{Column, Times};
pub use grants::render_grants;
pub use questions::render_questions;
pub use records::{RecordLines, RecordTable, TableLook};
