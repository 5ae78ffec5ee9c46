//! What people see: diagnostics as a compiler shows them, decisions in a line, records in a table, a trail as a whole.

pub(crate) mod chart;
pub(crate) mod columns;
pub(crate) mod decision;
pub(crate) mod diagnostics;
pub(crate) mod examples;
pub(crate) mod fields;
pub(crate) mod intervals;
pub(crate) mod life;
pub(crate) mod pretty;
pub(crate) mod quantity;
pub(crate) mod record_lines;
pub(crate) mod records;
pub(crate) mod report;
pub(crate) mod stats;
pub(crate) mod verification;
