//! Ways of asking, besides the terminal: a function of the embedding program, another command, the queue in
//! the log, and several of them behind one another. None of them decides: each is asked by the gate, which
//! records the question before and the answer after it.

mod callback;
mod chain;
mod command;
mod command_program;
mod fixed;
mod queue;
mod request_json;
mod stop_signals;

pub use callback::{CallbackAnswer, CallbackApprover, QuestionSnapshot};
pub use chain::ChainApprover;
pub use command::CommandApprover;
pub use command_program::ApproverCommandError;
pub use fixed::FixedApprover;
pub use queue::QueueApprover;
pub use request_json::ApprovalRequestV1;
