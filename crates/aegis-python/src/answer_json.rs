//! What the gate answered, as JSON.

use aegis_engine::to_json_line;
use aegis_present::json::v1::{DecisionV1, Subject};
use aegis_present::{Answered as Shown, Named};
use aegis_runtime::Answered;

use crate::failure::Failure;

/// The JSON of `aegis check --format json`.
pub(crate) fn answer_json(answered: &Answered, session_id: &str) -> Result<String, Failure> {
    let policy_sha256 = answered.policy_sha256().to_string();
    let names = answered.names();
    let named = Named { kind: names.action_type(), target: names.action_target() };
    let subject = Subject { session_id, named, policy_sha256: &policy_sha256, explain: None, call: None };
    let shown = Shown {
        action_id: answered.action_id(),
        action_sha256: answered.action_sha256(),
        decision: answered.decision(),
        answer: answered.answer(),
        reason: answered.reason(),
        approver: answered.approver(),
        at: answered.at(),
        waits: answered.waiting().map(|question| (question.id.as_str(), question.expires_at)),
        grant: answered.grant(),
        receipt: answered.receipt(),
    };
    Ok(to_json_line(&DecisionV1::answered(&subject, &shown))?)
}
