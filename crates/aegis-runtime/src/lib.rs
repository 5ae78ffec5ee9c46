//! Governs an action from policy to record: evaluate, approve, record.

mod approval;
mod gate;
mod identity;
mod outcome;
mod policy_file;
mod remedy;
mod terminal;

pub use approval::{Approval, ApprovalRequest, Approver, Unanswered};
pub use gate::{Context, Gate, GateError, GroupError};
pub use identity::{current_host, current_user, new_session_id};
pub use outcome::{Answered, Outcome, Proceed, Refusal};
pub use policy_file::{PolicyFile, PolicyFileError, Role, policy_sha256};
pub use remedy::Remedy;
pub use terminal::{TerminalApprover, TerminalOptions};
