//! Version 1 of the JSON answers.

mod call;
mod decision;
mod ended;
mod grant;
mod history;
mod instant;
mod policy_report;
mod question;
mod receipt;
mod statistics;
mod test_report;
mod unread_file;
mod verification;

pub use call::{CallV1, ObservedCallV1, RefusedCallV1};
pub use decision::{DecisionV1, Subject, UnreadableV1};
pub use ended::EndedV1;
pub use grant::{GrantUseV1, GrantV1};
pub use history::HistoryV1;
pub use policy_report::PolicyReportV1;
pub use question::{QuestionV1, RequestV1};
pub use receipt::ReceiptV1;
pub use statistics::StatisticsV1;
pub use test_report::TestReportV1;
pub use verification::{ProofV1, VerificationV1};
