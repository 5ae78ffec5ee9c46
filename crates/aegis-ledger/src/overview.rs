//! A trail as a whole: what was counted, which records that was, and which rules of a policy decided none of
//! them.

use crate::statistics::Statistics;

/// A trail as a whole, and what was asked of it.
#[derive(Debug)]
pub struct Overview {
    /// The id of the log.
    pub log: String,
    /// What the records were selected by, in the words of whoever asked: the name of a filter, and its value
    /// as it was given.
    pub filters: Vec<(&'static str, String)>,
    /// From how many answers on a question that was always answered alike is listed.
    pub often: u64,
    /// What was counted.
    pub statistics: Statistics,
    /// The rules of a policy that decided none of the records, where a policy was given and that can be told.
    pub idle_rules: Option<Vec<String>>,
}

impl Statistics {
    /// Whether every rule that decided something was counted by its name.
    #[must_use]
    pub const fn knows_every_rule(&self) -> bool {
        self.rules.other_names.count == 0
    }

    /// Those of `rules` that decided nothing. `None` where that cannot be told: where there were too many
    /// names to count each, nothing is known of one that is missing.
    #[must_use]
    pub fn idle_rules<'r>(&self, rules: impl IntoIterator<Item = &'r str>) -> Option<Vec<String>> {
        let decided = |name: &str| self.rules.named.iter().any(|rule| rule.name.as_deref() == Some(name));
        let idle = rules.into_iter().filter(|name| !decided(name)).map(str::to_owned);
        self.knows_every_rule().then(|| idle.collect())
    }
}
