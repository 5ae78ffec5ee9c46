//! The record that the tests of tables draw.

use aegis_engine::{ApprovalMode, RiskLevel};
use aegis_ledger::answer::Answer;
use aegis_ledger::record::Record;

/// An action at `target` that nobody answered.
pub(super) fn record(target: &str) -> Record {
    Record {
        id: "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned(),
        session_id: "a1b2c3d4e5f6".to_owned(),
        timestamp: "2026-11-23T08:49:00.123Z".to_owned(),
        agent: None,
        action_type: "bulk_update".to_owned(),
        action_target: target.to_owned(),
        action_params: None,
        action_desc: None,
        risk_level: RiskLevel::Critical,
        approval: ApprovalMode::Approve,
        matched_rule: "bulk_needs_approval".to_owned(),
        decision: Some(Answer::Unanswered),
        approver: None,
        result_status: None,
        result_error: None,
        duration_ms: None,
        policy_sha256: String::new(),
        action_sha256: String::new(),
        host: "vm".to_owned(),
        user: "root".to_owned(),
        seq: 1,
        hash: String::new(),
    }
}
