//! What a policy says of an action before that is asked for.

use aegis_engine::{Action, Digest, Policy, RuleTrace, to_json_line};
use aegis_present::Named;
use aegis_present::json::v1::{DecisionV1, Subject};
use aegis_runtime::PlannedAction;
use chrono::{DateTime, Utc};
use pyo3::prelude::*;

use crate::border::outside;
use crate::failure::Failure;

/// An action of a plan, and what the policy said of it. It allows nothing: when the action is asked for, it
/// is decided again, and the stricter of both holds.
#[pyclass(frozen, module = "aegis._native")]
pub(crate) struct Preview {
    pub(crate) planned: PlannedAction,
}

#[pymethods]
impl Preview {
    /// The action in its canonical form.
    #[getter]
    fn action(&self) -> String {
        self.planned.action().canonical()
    }

    /// What the policy said: the JSON of `aegis check --dry-run`.
    fn decision(&self, py: Python<'_>) -> PyResult<String> {
        let planned = &self.planned;
        outside(py, || {
            let digest = planned.policy_sha256();
            evaluated_json(planned.action(), planned.decision(), digest, aegis_audit::now(), None)
        })
    }
}

/// What a policy says of an action, with each rule that was looked at.
pub(crate) fn explained_json(
    action: &Action,
    policy: &Policy,
    digest: Digest,
    at: Option<&str>,
) -> Result<String, Failure> {
    let at = match at {
        None => aegis_audit::now(),
        Some(text) => DateTime::parse_from_rfc3339(text)
            .map_err(|error| {
                Failure::usage(format!("the instant cannot be read: {error}"))
                    .help("write it as RFC 3339 has it: 2026-11-23T08:49:00Z")
            })?
            .with_timezone(&Utc),
    };
    let decision = policy.decide(action, at);
    let traces = policy.explain(action, at);
    evaluated_json(action, &decision, digest, at, Some(traces))
}

fn evaluated_json(
    action: &Action,
    decision: &aegis_engine::Decision,
    digest: Digest,
    at: DateTime<Utc>,
    explain: Option<Vec<RuleTrace>>,
) -> Result<String, Failure> {
    let policy_sha256 = digest.to_string();
    let named = Named { kind: action.kind(), target: action.target() };
    let subject = Subject { session_id: "", named, policy_sha256: &policy_sha256, explain, call: None };
    Ok(to_json_line(&DecisionV1::evaluated(&subject, action.digest(), decision, at))?)
}
