//! Coverage: which parts of a policy its examples reach.
//!
//! A rule is covered if it decides an example. A condition is covered twice: if it holds for an example, and
//! if it does not. A condition is judged for every example that the globs of its rule match, whether or not
//! an earlier rule has decided by then and whatever the conditions beside it say; an outcome that cannot be
//! decided counts as neither.

use crate::author::example::Suite;
use crate::decide::condition::{Condition, Truth};
use crate::decide::policy::Rule;
use crate::text::escape::escape;
use crate::text::span::Spanned;

/// What the examples of a policy reach.
#[derive(Clone, Debug)]
pub struct Coverage<'a> {
    /// Each rule, in order.
    pub rules: Vec<RuleCoverage<'a>>,
}

/// What the examples reach of one rule.
#[derive(Clone, Debug)]
pub struct RuleCoverage<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Whether it decides an example.
    pub decides: bool,
    /// Each condition, in order.
    pub conditions: Vec<ConditionCoverage>,
}

/// What the examples reach of one condition.
#[derive(Clone, Debug)]
pub struct ConditionCoverage {
    /// Its keyword and parameter, escaped.
    pub condition: Spanned<String>,
    /// Whether it holds for an example.
    pub seen_true: bool,
    /// Whether it does not hold for an example.
    pub seen_false: bool,
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many are covered.
    pub covered: usize,
    /// How many there are.
    pub total: usize,
}

impl Share {
    fn of(parts: impl Iterator<Item = bool>) -> Share {
        parts.fold(Share::default(), |share, covered| Share {
            covered: share.covered + usize::from(covered),
            total: share.total + 1,
        })
    }

    /// The share in tenths of a percent, rounded down: only what is complete has 1000. Nothing is wholly
    /// covered.
    #[must_use]
    pub const fn permille(self) -> usize {
        match self.covered.saturating_mul(1000).checked_div(self.total) {
            Some(permille) => permille,
            None => 1000,
        }
    }
}

impl Coverage<'_> {
    /// Rules that decide an example.
    #[must_use]
    pub fn rules_share(&self) -> Share {
        Share::of(self.rules.iter().map(|rule| rule.decides))
    }

    /// Conditions that hold for an example.
    #[must_use]
    pub fn true_share(&self) -> Share {
        Share::of(self.conditions().map(|condition| condition.seen_true))
    }

    /// Conditions that do not hold for an example.
    #[must_use]
    pub fn false_share(&self) -> Share {
        Share::of(self.conditions().map(|condition| condition.seen_false))
    }

    /// All three together.
    #[must_use]
    pub fn share(&self) -> Share {
        let parts = [self.rules_share(), self.true_share(), self.false_share()];
        parts.into_iter().fold(Share::default(), |sum, part| Share {
            covered: sum.covered + part.covered,
            total: sum.total + part.total,
        })
    }

    /// What is not covered, each with its place, in words that are escaped.
    #[must_use]
    pub fn gaps(&self) -> Vec<Spanned<String>> {
        let mut gaps = Vec::new();
        for RuleCoverage { rule, decides, conditions } in &self.rules {
            let name = escape(rule.name());
            if !decides {
                gaps.push(Spanned::new(format!("`{name}` decides no example"), rule.span()));
            }
            for ConditionCoverage { condition, seen_true, seen_false } in conditions {
                let missing = match (seen_true, seen_false) {
                    (true, true) => continue,
                    (true, false) => "holds for every example that its rule is about",
                    (false, true) => "holds for no example",
                    (false, false) => "is never decided",
                };
                let message = format!("`{}` of `{name}` {missing}", condition.value);
                gaps.push(Spanned::new(message, condition.span));
            }
        }
        gaps
    }

    fn conditions(&self) -> impl Iterator<Item = &ConditionCoverage> {
        self.rules.iter().flat_map(|rule| &rule.conditions)
    }
}

impl<'a> Suite<'a> {
    /// Which rules decide an example, and which conditions hold for one and do not for another.
    #[must_use]
    pub fn coverage(&self) -> Coverage<'a> {
        let deciding: Vec<_> =
            self.cases.iter().filter_map(|case| self.policy.outcome(case.action(), case.at()).rule).collect();
        let rules = self.policy.rules.iter().map(|rule| RuleCoverage {
            rule,
            decides: deciding.iter().any(|decider| std::ptr::eq(*decider, rule)),
            conditions: self.conditions_of(rule),
        });
        Coverage { rules: rules.collect() }
    }

    fn conditions_of(&self, rule: &Rule) -> Vec<ConditionCoverage> {
        let matching: Vec<_> = if rule.conditions.is_empty() {
            Vec::new()
        } else {
            self.cases.iter().filter(|case| rule.matches.failing(case.action()).is_none()).collect()
        };
        let cover = |condition: &Condition| {
            let seen = |truth: &Truth| {
                matching.iter().any(|case| condition.judge(case.action(), case.at()) == *truth)
            };
            ConditionCoverage {
                condition: Spanned::new(condition.to_string(), condition.span),
                seen_true: seen(&Truth::True),
                seen_false: seen(&Truth::False),
            }
        };
        rule.conditions.iter().map(cover).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::compile::load;
    use crate::language::policy_bytes::Source;

    #[test]
    fn rules_and_both_outcomes_of_conditions_are_counted() {
        let text = b"version: '1'\nrules:\n\
            - { name: a, match: { type: w }, \
            conditions: { param_gt: { n: 1 }, param_exists: { m: true } } }\n\
            - { name: b, match: { type: w } }\n\
            - { name: c, match: { type: x }, conditions: { param_lt: { n: 1 } } }\n\
            examples:\n\
            - { action: { type: w, target: t, params: { n: 2 } }, expect: approve }\n\
            - { action: { type: x, target: t, params: { n: text } }, expect: approve }\n";
        let loaded = load(&[Source { text }]);
        let policy = loaded.policy.unwrap();
        let coverage = Suite::new(&policy, loaded.documents.iter().flatten(), &[]).coverage();
        let share = |covered, total| Share { covered, total };
        // Rule `c` decides by being undecidable; its condition has neither outcome.
        assert_eq!(coverage.rules_share(), share(2, 3));
        assert_eq!((coverage.true_share(), coverage.false_share()), (share(1, 3), share(1, 3)));
        assert_eq!((coverage.share(), coverage.share().permille()), (share(4, 9), 444));
        assert_eq!(Share::default().permille(), 1000);
    }
}
