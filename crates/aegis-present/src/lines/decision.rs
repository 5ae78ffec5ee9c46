//! A decision in a line that a person reads at a glance; a second one says why where it is a refusal.

use std::fmt::Write as _;

use aegis_engine::{ApprovalMode, Decision, RuleOutcome, RuleTrace, escape, escape_capped};
use aegis_ledger::answer::Answer;
use anstyle::Style;

use crate::answered::{Answered, Named};
use crate::style::{BAD, FAINT, GOOD, UNSURE};

/// The most characters of an agent's word that a line shows.
pub(super) const MAX_WORD: usize = 60;

/// The answer of the gate.
#[must_use]
pub fn render_answer(named: Named<'_>, answered: &Answered<'_>) -> String {
    let (style, verdict) = match answered.answer {
        Answer::Auto | Answer::Approved => (GOOD, "allowed"),
        Answer::Denied | Answer::Block => (BAD, "refused"),
        Answer::Unanswered => (UNSURE, "refused"),
    };
    let how = answered.answer.as_str();
    render(
        style,
        verdict,
        how,
        named,
        answered.decision,
        // That nobody was asked is told as well.
        (!answered.answer.is_allowed() || answered.grant.is_some()).then_some(answered.reason),
    )
}

/// What the policy says, without anyone being asked.
#[must_use]
pub fn render_evaluation(named: Named<'_>, decision: &Decision) -> String {
    let (style, verdict, reason) = match decision.approval() {
        ApprovalMode::Auto => (GOOD, "would be allowed", None),
        ApprovalMode::Approve => (UNSURE, "would ask", Some(decision.reason())),
        ApprovalMode::Block => (BAD, "would be refused", Some(decision.reason())),
    };
    render(style, verdict, decision.approval().as_str(), named, decision, reason)
}

fn render(
    style: Style,
    verdict: &str,
    how: &str,
    named: Named<'_>,
    decision: &Decision,
    reason: Option<&str>,
) -> String {
    let (kind, target) = (escape_capped(named.kind, MAX_WORD), escape_capped(named.target, MAX_WORD));
    let (risk, rule) = (decision.risk_level(), escape(decision.matched_rule()));
    let mut line = format!("{style}{verdict}{style:#}  {kind} {target}  {risk} risk  {how}  {rule}");
    if let Some(reason) = reason {
        let _ = write!(line, "\n{FAINT}because{FAINT:#}  {}", escape_reason(reason));
    }
    line
}

/// A reason is escaped where it is made; this only makes sure that it stays on its line.
fn escape_reason(reason: &str) -> String {
    reason.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// How many near misses are shown where nothing matched.
const NEAR_MISSES: usize = 10;

/// Each rule that was looked at, in order; where none matched, those first that came nearest.
#[must_use]
pub fn render_trace(traces: &[RuleTrace], decision: &Decision) -> String {
    let mut text = String::new();
    let matched = traces.last().is_some_and(|trace| trace.outcome == RuleOutcome::Matched);
    let mut shown: Vec<_> = traces.iter().collect();
    if !matched {
        shown
            .sort_by_key(|trace| (trace.outcome != RuleOutcome::Undecidable, !trace.near_miss, trace.misses));
        shown.truncate(NEAR_MISSES);
    }
    for trace in &shown {
        let (style, outcome) = match trace.outcome {
            RuleOutcome::Matched => (GOOD, "matched    "),
            RuleOutcome::NotMatched if !matched && trace.near_miss => (UNSURE, "near miss  "),
            RuleOutcome::NotMatched => (FAINT, "not matched"),
            RuleOutcome::Undecidable => (UNSURE, "undecidable"),
        };
        let _ = writeln!(text, "  {style}{outcome}{style:#}  {}: {}", trace.rule, trace.why);
        // The reason of the decision is told above, unless the action is allowed.
        let is_told =
            decision.approval() != ApprovalMode::Auto && decision.rule_reason().map(escape) == trace.reason;
        if let Some(reason) = trace.reason.as_ref().filter(|_| !is_told) {
            let _ = writeln!(text, "  {FAINT}reason     {FAINT:#}  {reason}");
        }
    }
    if traces.len() > shown.len() {
        let _ = writeln!(
            text,
            "  {FAINT}and {} more rules that did not match{FAINT:#}",
            traces.len() - shown.len()
        );
    }
    if !matched {
        let _ = writeln!(text, "  {GOOD}default    {GOOD:#}  no rule matched");
    }
    let (approval, risk) = (decision.approval(), decision.risk_level());
    let _ = write!(text, "  decided by {}: {approval}, {risk} risk", escape(decision.matched_rule()));
    text
}
