//! Governs an action from policy to record: evaluate, approve, record.

mod approval;

pub use approval::{Approval, ApprovalRequest, Approver, Unanswered};
