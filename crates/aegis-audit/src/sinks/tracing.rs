//! Records as `tracing` events, for programs that have a subscriber.

use crate::sink::{Sink, SinkError, SinkRecord};
use aegis_engine::{RiskLevel, escape};

/// Emits each record as an event of the `tracing` crate with the target `aegis::audit`, at a level by its
/// risk: low debug, medium info, high warn, critical error. Every field is escaped.
///
/// What a subscriber does with an event is beyond this sink's knowledge; but where the subscriber says that
/// it takes no such events at all, the record is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSink;

impl TracingSink {
    /// The target of the events.
    pub const TARGET: &'static str = "aegis::audit";
}

/// Emits an event at a level, which must be a constant, or tells that nobody takes it.
macro_rules! emit {
    ($level:ident, $record:expr) => {{
        let (happening, record, message) = ($record.kind(), $record.record(), $record.sentence());
        if !tracing::enabled!(target: TracingSink::TARGET, tracing::Level::$level) {
            let (level, target) = (stringify!($level), TracingSink::TARGET);
            return Err(SinkError::NobodyListens { level, target });
        }
        tracing::event!(
            target: TracingSink::TARGET,
            tracing::Level::$level,
            event = happening.as_str(),
            id = %escape(&record.id),
            session_id = %escape(&record.session_id),
            agent = record.agent.as_deref().map(|agent| tracing::field::display(escape(agent))),
            action_type = %escape(&record.action_type),
            action_target = %escape(&record.action_target),
            risk_level = record.risk_level.as_str(),
            approval = record.approval.as_str(),
            matched_rule = %escape(&record.matched_rule),
            decision = record.decision.map(|answer| answer.as_str()),
            result_status = record.result_status.map(|status| status.as_str()),
            result_error = record.result_error.as_deref().map(|error| tracing::field::display(escape(error))),
            action_sha256 = record.action_sha256,
            policy_sha256 = record.policy_sha256,
            seq = record.seq,
            hash = record.hash,
            "{message}"
        );
    }};
}

impl Sink for TracingSink {
    fn name(&self) -> String {
        "tracing".to_owned()
    }

    fn append(&mut self, records: &[SinkRecord]) -> Result<(), SinkError> {
        for record in records {
            match record.record().risk_level {
                RiskLevel::Low => emit!(DEBUG, record),
                RiskLevel::Medium => emit!(INFO, record),
                RiskLevel::High => emit!(WARN, record),
                RiskLevel::Critical => emit!(ERROR, record),
            }
        }
        Ok(())
    }
}
