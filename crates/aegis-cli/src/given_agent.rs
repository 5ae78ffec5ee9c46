//! The agent that acts, as the command line or the environment has it.

use aegis_engine::{Action, ActionError};

/// Who acts, besides what an action says itself.
#[derive(Clone, Debug)]
pub(crate) enum GivenAgent {
    /// This one, whatever the action says: `--agent`.
    Imposed(String),
    /// Somebody whom the environment calls so. A label, for actions that name nobody.
    Label(String),
    /// Nobody says.
    Nobody,
}

impl GivenAgent {
    /// The action with the agent that acts.
    ///
    /// # Errors
    /// When it names another one than is imposed, or the name cannot be one.
    pub(crate) fn of(&self, action: Action) -> Result<Action, ActionError> {
        match self {
            GivenAgent::Imposed(agent) => action.imposed(agent),
            GivenAgent::Label(agent) => action.labelled(agent),
            GivenAgent::Nobody => Ok(action),
        }
    }
}
