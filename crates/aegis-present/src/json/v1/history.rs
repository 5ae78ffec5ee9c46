//! One action in full.

use aegis_engine::{AgentSource, ApprovalMode, RiskLevel, RuleTrace, Undecidable};
use aegis_ledger::answer::{Answer, ApproverIdentity, ResultStatus};
use aegis_ledger::event::{PathSource, RecordedCall, SessionSource};
use aegis_ledger::history::{History, HistoryEvent};
use aegis_ledger::reconsidered::Reconsidered;
use serde::Serialize;
use serde_json::{Map, Value};

use super::grant::GrantUseV1;
use super::instant::timestamp;
use super::receipt::ReceiptV1;

/// One action in full.
#[derive(Debug, Serialize)]
pub struct HistoryV1<'a> {
    /// The id of the action.
    action_id: &'a str,
    /// `allowed`, `refused` or `open`.
    state: &'static str,
    /// Whether every event fits its hash and can be read.
    intact: bool,
    /// What stands out, in sentences for a person.
    warnings: &'a [String],
    /// What is recorded of the action; null where none of its events can be read.
    #[serde(flatten)]
    entry: Option<EntryV1<'a>>,
    /// How it ended; null while that is unknown.
    result_status: Option<ResultStatus>,
    /// Whether it is still being done; null where it was not started, or its end is recorded.
    running: Option<bool>,
    /// What went wrong.
    result_error: Option<&'a str>,
    /// How long it took, in milliseconds.
    duration_ms: Option<u64>,
    /// How long the question stood, in milliseconds; null where nobody was asked.
    waited_ms: Option<u64>,
    /// The place of the decision in the log; null while there is none.
    receipt: Option<ReceiptV1<'a>>,
    /// Every event, in the order of the log.
    events: Vec<EventV1<'a>>,
    /// What the policy that was given says of the action.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationV1<'a>>,
}

/// What is recorded of an action.
#[derive(Debug, Serialize)]
struct EntryV1<'a> {
    session_id: &'a str,
    agent: Option<&'a str>,
    r#type: &'a str,
    target: &'a str,
    /// Null if they were removed.
    params: Option<&'a Map<String, Value>>,
    /// The agent's own words; null if they were removed.
    description: Option<&'a str>,
    decision: Option<Answer>,
    approval: ApprovalMode,
    risk_level: RiskLevel,
    matched_rule: &'a str,
    reason: &'a str,
    undecidable: &'a [Undecidable],
    approver: Option<&'a ApproverIdentity>,
    /// The grant that allowed it; null where none did.
    grant: Option<GrantUseV1<'a>>,
    action_sha256: &'a str,
    policy_sha256: &'a str,
    host: &'a str,
    user: &'a str,
    /// The account that logged in; null where that is `user`, or nobody did, or before that was recorded.
    login: Option<&'a str>,
    policy_source: PathSource,
    log_source: PathSource,
    /// Who said which agent acted; null where nobody did, or before that was recorded.
    agent_source: Option<AgentSource>,
    /// Where the session's id was taken from; null before that was recorded.
    session_source: Option<SessionSource>,
    /// The call of a framework that it was read from: its format, and its id; null where it was read from
    /// none.
    call: Option<&'a RecordedCall>,
}

/// One event.
#[derive(Debug, Serialize)]
struct EventV1<'a> {
    seq: u64,
    /// When (RFC 3339, UTC); null where what is stored is no time.
    timestamp: Option<String>,
    kind: &'a str,
    hash: &'a str,
    intact: bool,
    /// What is wrong with it.
    damage: Option<&'a str>,
    /// Whether it had parameters and a description that were removed.
    payload_removed: bool,
    /// What is known about it, as it is stored.
    body: &'a Value,
}

/// What a policy says of a recorded action.
#[derive(Debug, Serialize)]
struct ExplanationV1<'a> {
    policy_sha256: String,
    /// Whether it is the policy that the action was decided by.
    same_policy: bool,
    /// Whether the recorded action is the one that was decided about, byte for byte.
    same_action: Option<bool>,
    evaluated_at: Option<String>,
    approval: Option<ApprovalMode>,
    risk_level: Option<RiskLevel>,
    matched_rule: Option<&'a str>,
    explain: Option<&'a [RuleTrace]>,
    /// Why it cannot be told what the policy says.
    problem: Option<&'a str>,
}

impl<'a> HistoryV1<'a> {
    /// With what stands out, what a policy that was given says of the action, and whether it is still being
    /// done, where it was started and no end is recorded.
    #[must_use]
    pub fn new(
        history: &'a History,
        warnings: &'a [String],
        reconsidered: Option<&'a Reconsidered>,
        is_running: Option<bool>,
    ) -> HistoryV1<'a> {
        let ended = history.ended();
        HistoryV1 {
            action_id: &history.action_id,
            state: history.state().as_str(),
            intact: history.is_intact(),
            warnings,
            entry: history.main_event().and_then(entry),
            result_status: history.result(),
            running: is_running.filter(|_| history.unfinished().is_some()),
            result_error: ended.and_then(|ended| ended.error),
            duration_ms: ended.and_then(|ended| ended.duration_ms),
            waited_ms: history.waited_ms(),
            receipt: history.decided().map(|event| ReceiptV1 {
                volatile: false,
                log: &history.log,
                seq: event.seq,
                head: event.hash.clone(),
            }),
            events: history.events.iter().map(event).collect(),
            explanation: reconsidered.map(explanation),
        }
    }
}

fn entry(event: &HistoryEvent) -> Option<EntryV1<'_>> {
    let entry = event.entry()?;
    Some(EntryV1 {
        session_id: &entry.session_id,
        agent: entry.agent.as_deref(),
        r#type: &entry.action_type,
        target: &entry.action_target,
        params: event.payload.as_ref().map(|payload| &payload.params),
        description: event.payload.as_ref().map(|payload| payload.description.as_str()),
        decision: entry.decision,
        approval: entry.approval,
        risk_level: entry.risk_level,
        matched_rule: &entry.matched_rule,
        reason: &entry.reason,
        undecidable: &entry.undecidable,
        approver: entry.approver.as_ref(),
        grant: entry.grant.as_ref().map(GrantUseV1::new),
        action_sha256: &entry.action_sha256,
        policy_sha256: &entry.policy_sha256,
        host: &entry.host,
        user: &entry.user,
        login: entry.login.as_deref(),
        policy_source: entry.policy_source,
        log_source: entry.log_source,
        agent_source: entry.agent_source,
        session_source: entry.session_source,
        call: entry.call.as_ref(),
    })
}

fn event(event: &HistoryEvent) -> EventV1<'_> {
    EventV1 {
        seq: event.seq,
        timestamp: event.at.map(timestamp),
        kind: &event.kind,
        hash: &event.hash,
        intact: event.damage.is_none(),
        damage: event.damage.as_deref(),
        payload_removed: event.entry().is_some() && event.payload.is_none(),
        body: &event.body,
    }
}

fn explanation(reconsidered: &Reconsidered) -> ExplanationV1<'_> {
    let says = reconsidered.verdict.as_ref().ok();
    ExplanationV1 {
        policy_sha256: reconsidered.policy_sha256.to_string(),
        same_policy: reconsidered.same_policy,
        same_action: says.map(|says| says.same_action),
        evaluated_at: says.map(|says| timestamp(says.at)),
        approval: says.map(|says| says.decision.approval()),
        risk_level: says.map(|says| says.decision.risk_level()),
        matched_rule: says.map(|says| says.decision.matched_rule()),
        explain: says.map(|says| says.traces.as_slice()),
        problem: reconsidered.verdict.as_ref().err().map(String::as_str),
    }
}
