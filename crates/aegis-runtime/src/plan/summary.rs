//! How many actions of a plan are of which kind.

use std::fmt;

use aegis_engine::{ApprovalMode, Decision, RiskLevel};
use serde::Serialize;

/// How many actions a plan has, of each approval and of each risk. As text it is one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanSummary {
    /// How many there are.
    pub actions: usize,
    /// Those that would be done without asking anybody.
    pub auto: usize,
    /// Those about which a human would be asked.
    pub approve: usize,
    /// Those that the policy blocks.
    pub block: usize,
    /// Those of low risk.
    pub low: usize,
    /// Those of medium risk.
    pub medium: usize,
    /// Those of high risk.
    pub high: usize,
    /// Those of critical risk.
    pub critical: usize,
}

impl PlanSummary {
    pub(crate) fn of<'d>(decisions: impl Iterator<Item = &'d Decision>) -> PlanSummary {
        let mut summary = PlanSummary::default();
        for decision in decisions {
            summary.actions += 1;
            *match decision.approval() {
                ApprovalMode::Auto => &mut summary.auto,
                ApprovalMode::Approve => &mut summary.approve,
                ApprovalMode::Block => &mut summary.block,
            } += 1;
            *match decision.risk_level() {
                RiskLevel::Low => &mut summary.low,
                RiskLevel::Medium => &mut summary.medium,
                RiskLevel::High => &mut summary.high,
                RiskLevel::Critical => &mut summary.critical,
            } += 1;
        }
        summary
    }
}

impl fmt::Display for PlanSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |counts: &[(usize, &str)]| {
            let some = counts.iter().filter(|(count, _)| *count > 0);
            some.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
        };
        let approvals = some(&[(self.auto, "auto"), (self.approve, "approve"), (self.block, "block")]);
        let risks = some(&[
            (self.low, "low"),
            (self.medium, "medium"),
            (self.high, "high"),
            (self.critical, "critical"),
        ]);
        match self.actions {
            0 => formatter.write_str("no actions"),
            1 => write!(formatter, "1 action: {approvals}; risk: {risks}"),
            several => write!(formatter, "{several} actions: {approvals}; risk: {risks}"),
        }
    }
}
