//! What CI services read: SARIF, `JUnit` XML, and the annotations of GitHub Actions.

mod github;
mod junit;
mod sarif;

pub use github::{annotate_finding, annotate_runs, annotate_unread};
pub use junit::{JunitError, render_junit};
pub use sarif::SarifLog;
