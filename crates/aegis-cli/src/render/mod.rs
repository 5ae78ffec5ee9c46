//! What people see: diagnostics as a compiler shows them, decisions in a line, records in a table.

pub(crate) mod decision;
pub(crate) mod diagnostics;
pub(crate) mod examples;
pub(crate) mod records;
pub(crate) mod verification;
