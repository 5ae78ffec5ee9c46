//! Help for those who write policies: lints, examples and what they cover, changes that no example notices,
//! and drafts of examples. No decision depends on any of it.
//!
//! The highest of the rooms. It names all three others: [`text`](crate::text), [`decide`](crate::decide) and
//! [`language`](crate::language).

mod coverage;
mod draft;
mod example;
mod instants;
mod lint;
mod mutation;
mod probe;
mod test_run;

pub use coverage::{ConditionCoverage, Coverage, RuleCoverage, Share};
pub use draft::{Draft, DraftExample};
pub use example::{Difference, ExampleField, ExampleResult, Suite};
pub use instants::EXAMPLE_INSTANT;
pub use lint::lint;
pub use mutation::{Change, Mutant, Mutation};
pub use test_run::{Place, ReadTestFiles, TestChoice, TestFiles, TestRun};
