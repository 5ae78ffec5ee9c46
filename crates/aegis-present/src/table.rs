//! Records in columns: all at once, as wide as they need, or one by one, as wide as the terminal.

#[cfg(test)]
mod example;
mod line_by_line;
mod whole;

pub use line_by_line::RecordLines;
pub use whole::RecordTable;
