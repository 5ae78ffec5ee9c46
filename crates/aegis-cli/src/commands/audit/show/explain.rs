//! Why a policy decides so about a recorded action.

use aegis_audit::{Life, LifeEntry, PathSource};
use aegis_engine::{Action, Decision, Digest, RuleTrace};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::error::CommandError;
use crate::policy::load_policy;
use crate::settings::Settings;

/// What a policy says of a recorded action.
#[derive(Debug)]
pub(crate) struct Explained {
    /// The digest of the policy that was given.
    pub(crate) policy_sha256: Digest,
    /// Whether it is the policy that the action was decided by.
    pub(crate) same_policy: bool,
    /// What it says, or why that cannot be told.
    pub(crate) says: Result<Says, String>,
}

/// The decision over the recorded parameters, as of the recorded instant.
#[derive(Debug)]
pub(crate) struct Says {
    pub(crate) at: DateTime<Utc>,
    /// Whether the recorded action is, byte for byte, the one that was decided about. It is not where secrets in it were
    /// replaced before writing.
    pub(crate) same_action: bool,
    pub(crate) decision: Decision,
    pub(crate) traces: Vec<RuleTrace>,
}

/// Asks the policy that was given on the command line. `None` if none was.
///
/// # Errors
/// When the policy cannot be read.
pub(super) fn explain(life: &Life, settings: &Settings) -> Result<Option<Explained>, CommandError> {
    if settings.policy_source != PathSource::Argument {
        return Ok(None);
    }
    let loaded = load_policy(&settings.policies, &[], settings.output)?;
    let entry = life.main_event().and_then(|event| event.entry());
    let same_policy = entry.is_some_and(|entry| entry.policy_sha256 == loaded.sha256.to_string());
    let says = recorded_action(life, entry).map(|(action, at, same_action)| Says {
        at,
        same_action,
        decision: loaded.policy.decide(&action, at),
        traces: loaded.policy.explain(&action, at),
    });
    Ok(Some(Explained { policy_sha256: loaded.sha256, same_policy, says }))
}

/// The action as it is recorded, when the policy was asked about it, and whether it is the one that was decided about.
fn recorded_action(life: &Life, entry: Option<&LifeEntry>) -> Result<(Action, DateTime<Utc>, bool), String> {
    let entry = entry.ok_or("what is recorded of the action cannot be read")?;
    let (params, description) = entry.payload.as_ref().ok_or("its parameters were removed from the log")?;
    let at = life.evaluated_at().ok_or("when it was evaluated cannot be read")?;
    let mut fields = Map::new();
    fields.insert("type".to_owned(), entry.action_type.clone().into());
    fields.insert("target".to_owned(), entry.action_target.clone().into());
    fields.insert("params".to_owned(), Value::Object(params.clone()));
    fields.insert("description".to_owned(), description.clone().into());
    if let Some(agent) = &entry.agent {
        fields.insert("agent".to_owned(), agent.clone().into());
    }
    let action = Action::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    let same_action = action.digest().to_string() == entry.action_sha256;
    Ok((action, at, same_action))
}
