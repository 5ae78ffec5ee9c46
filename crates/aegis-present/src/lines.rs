//! Lines for people at a terminal, painted.

mod call;
mod decision;
mod foreign_text;
mod history;
mod json_value;
mod labelled;
mod question;
mod statistics;
mod test_run;
mod verification;

pub use call::{render_call, render_observed_call, render_refused_call};
pub use decision::{render_answer, render_evaluation, render_trace};
pub use history::render_history;
pub use question::render_question;
pub use statistics::{Look, render_statistics};
pub(crate) use test_run::{render_action, render_decider, render_difference, render_percent, summary};
pub use test_run::{render_run, render_summary};
pub use verification::{render_proof, render_verification};
