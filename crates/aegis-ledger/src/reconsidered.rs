//! What a policy says of an action that was recorded, over the recorded parameters and as of the recorded
//! instant.

use aegis_engine::{Action, AgentSource, Decision, Digest, Policy, RuleTrace};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::history::{History, HistoryEvent};

/// What a policy says of a recorded action.
#[derive(Debug)]
pub struct Reconsidered {
    /// The digest of the policy that was asked.
    pub policy_sha256: Digest,
    /// Whether it is the policy that the action was decided by.
    pub same_policy: bool,
    /// What it says, or why that cannot be told.
    pub verdict: Result<Verdict, String>,
}

/// The decision over the recorded parameters, as of the recorded instant.
#[derive(Debug)]
pub struct Verdict {
    /// The instant.
    pub at: DateTime<Utc>,
    /// Whether the recorded action is, byte for byte, the one that was decided about. It is not where secrets
    /// in it were replaced before writing.
    pub same_action: bool,
    /// The decision.
    pub decision: Decision,
    /// Each rule that was looked at.
    pub traces: Vec<RuleTrace>,
}

impl Reconsidered {
    /// Asks a policy, whose files have this digest, about a recorded action.
    #[must_use]
    pub fn new(history: &History, policy: &Policy, policy_sha256: Digest) -> Reconsidered {
        let event = history.main_event();
        let entry = event.and_then(HistoryEvent::entry);
        let same_policy = entry.is_some_and(|entry| entry.policy_sha256 == policy_sha256.to_string());
        let verdict = recorded_action(history, event).map(|(action, at, same_action)| Verdict {
            at,
            same_action,
            decision: policy.decide(&action, at),
            traces: policy.explain(&action, at),
        });
        Reconsidered { policy_sha256, same_policy, verdict }
    }
}

/// The action as it is recorded, when the policy was asked about it, and whether it is the one that was
/// decided about.
fn recorded_action(
    history: &History,
    event: Option<&HistoryEvent>,
) -> Result<(Action, DateTime<Utc>, bool), String> {
    let event = event.ok_or("what is recorded of the action cannot be read")?;
    let entry = event.entry().ok_or("what is recorded of the action cannot be read")?;
    let payload = event.payload.as_ref().ok_or("its parameters were removed from the log")?;
    let at = history.evaluated_at().ok_or("when it was evaluated cannot be read")?;
    let mut fields = Map::new();
    fields.insert("type".to_owned(), entry.action_type.clone().into());
    fields.insert("target".to_owned(), entry.action_target.clone().into());
    fields.insert("params".to_owned(), Value::Object(payload.params.clone()));
    fields.insert("description".to_owned(), payload.description.clone().into());
    // Of logs that do not say who named the agent, the action did, as far as anybody knows.
    let label = entry.agent.as_ref().filter(|_| entry.agent_source == Some(AgentSource::Environment));
    if let Some(agent) = entry.agent.as_ref().filter(|_| label.is_none()) {
        fields.insert("agent".to_owned(), agent.clone().into());
    }
    let action = Action::from_value(Value::Object(fields));
    let action = match label {
        Some(label) => action.and_then(|action| action.labelled(label)),
        None => action,
    };
    let action = action.map_err(|error| error.to_string())?;
    let same_action = action.digest().to_string() == entry.action_sha256;
    Ok((action, at, same_action))
}
