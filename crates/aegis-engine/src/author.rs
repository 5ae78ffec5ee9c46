//! Help for those who write policies: lints, examples and what they cover, changes that no example notices, and drafts of
//! examples. No decision depends on any of it.
//!
//! The highest of the rooms. It names all three others: [`text`](crate::text), [`decide`](crate::decide) and
//! [`language`](crate::language).

pub(crate) mod coverage;
pub(crate) mod draft;
pub(crate) mod example;
pub(crate) mod lint;
pub(crate) mod mutation;
pub(crate) mod probe;

pub use coverage::{ConditionCoverage, Coverage, RuleCoverage, Share};
pub use draft::{Draft, DraftExample};
pub use example::{Difference, EXAMPLE_INSTANT, ExampleField, ExampleResult, Suite};
pub use lint::lint;
pub use mutation::{Change, Mutant, Mutation};
