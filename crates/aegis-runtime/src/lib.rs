//! Governs an action from policy to record: evaluate, approve, record.

mod approval;
mod gate;
mod identity;
mod policy_file;
mod terminal;

pub use approval::{Approval, ApprovalRequest, Approver, Unanswered};
pub use gate::{Answered, Context, Gate, GateError, Outcome, Proceed, Refusal};
pub use identity::{current_host, current_user, new_session_id};
pub use policy_file::{PolicyFile, PolicyFileError, Role, policy_sha256};
pub use terminal::{TerminalApprover, TerminalOptions};
