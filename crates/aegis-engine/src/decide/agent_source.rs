//! Who says which agent acts.

use serde::{Deserialize, Serialize};

/// Who says which agent acts. Nobody else than these can know it, and none of them proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentSource {
    /// Whoever asks for the decision: it is imposed on the action.
    Argument,
    /// The action itself: the agent's own word.
    Action,
    /// An environment variable, which the agent could have set: a label, that no rule goes by.
    Environment,
}
