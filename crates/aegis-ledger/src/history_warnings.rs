//! What somebody who looks at an action should not overlook.

use aegis_engine::AgentSource;

use crate::event::PathSource;
use crate::history::{History, HistoryEvent};

impl History {
    /// What stands out, in sentences. Each is escaped.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for event in &self.events {
            if let Some(damage) = &event.damage {
                let damage = aegis_engine::escape_capped(damage, 200);
                warnings
                    .push(format!("row {} is damaged: {damage}; nothing in it is to be believed", event.seq));
            }
        }
        differences(self, &mut warnings);
        if let Some(entry) = self.main_event().and_then(HistoryEvent::entry) {
            for (what, source) in [("policy", entry.policy_source), ("audit log", entry.log_source)] {
                if source == PathSource::Environment {
                    warnings.push(format!(
                        "the path of the {what} came from the environment, where the agent could have set it"
                    ));
                }
            }
            if entry.agent_source == Some(AgentSource::Environment) {
                warnings.push(
                    "the agent's name came from the environment, where the agent could have set it; no rule \
                     went by it"
                        .to_owned(),
                );
            }
        }
        warnings
    }
}

/// What was asked and what was decided must be about the same.
fn differences(history: &History, warnings: &mut Vec<String>) {
    let entries: Vec<_> = history.events.iter().filter_map(HistoryEvent::entry).collect();
    for pair in entries.windows(2) {
        let [before, after] = pair else { continue };
        if before.action_sha256 != after.action_sha256 {
            warnings.push("what was decided about is not the action that was asked about".to_owned());
        }
        if before.policy_sha256 != after.policy_sha256 {
            warnings.push("it was decided by another policy than it was asked about by".to_owned());
        }
    }
}
