//! How much memory the patterns of a policy may take together: its regular expressions and its globs.
//!
//! Each pattern alone is limited by the libraries that compile it, but nobody limits how many there are. So
//! every one is paid for out of one budget, and the one that it does not suffice for is refused.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

/// What all patterns of a policy may take together, in bytes of compiled program.
const MOST: usize = 128 << 20;
/// The least that is paid for an expression.
const LEAST: usize = 4 << 10;
/// The most that one expression may take: the `regex` crate's own limit.
const MOST_OF_ONE: usize = 10 << 20;
/// What matchers without a program of known size take: so much for each byte of the pattern, and for each.
const PER_BYTE: usize = 64;

/// What helps where the budget does not suffice.
pub(crate) const EXHAUSTED_HELP: &str =
    "repeat large classes less often: `[a-z0-9_]` takes a hundredth of `\\w`, which holds all scripts";

/// Why a pattern was not compiled.
#[derive(Debug)]
pub(crate) enum PatternError {
    /// It is malformed.
    Malformed(regex::Error),
    /// It is too large by itself.
    TooLarge,
    /// It is too large beside those before it.
    Exhausted,
}

/// What is left for the patterns of a policy.
#[derive(Debug)]
pub(crate) struct PatternBudget {
    left: usize,
    /// What was compiled already: the same expression in many rules is there once.
    compiled: HashMap<String, Regex>,
}

impl PatternBudget {
    pub(crate) fn new() -> PatternBudget {
        PatternBudget { left: MOST, compiled: HashMap::new() }
    }

    /// Whether a pattern was refused for want of it.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// Compiles an expression in which `.` is any character but a newline.
    pub(crate) fn regex(&mut self, expression: &str) -> Result<Regex, PatternError> {
        if let Some(regex) = self.compiled.get(expression) {
            return Ok(regex.clone());
        }
        let regex = self.compile(expression)?;
        self.compiled.insert(expression.to_owned(), regex.clone());
        Ok(regex)
    }

    /// How large a program became is known to its compiler alone. So it is given little at first, and twice
    /// as much as long as that does not suffice: what is paid is less than twice what it takes.
    fn compile(&mut self, expression: &str) -> Result<Regex, PatternError> {
        self.pay(expression.len().saturating_mul(2))?;
        let mut size = LEAST;
        loop {
            if size > self.left {
                self.left = 0;
                return Err(PatternError::Exhausted);
            }
            match RegexBuilder::new(expression).size_limit(size).build() {
                Ok(regex) => {
                    self.left -= size;
                    return Ok(regex);
                }
                Err(regex::Error::CompiledTooBig(_)) if size < MOST_OF_ONE => {
                    size = size.saturating_mul(2).min(MOST_OF_ONE);
                }
                Err(regex::Error::CompiledTooBig(_)) => return Err(PatternError::TooLarge),
                Err(error) => return Err(PatternError::Malformed(error)),
            }
        }
    }

    /// Pays for a matcher of so many bytes of pattern, which somebody else compiles.
    pub(crate) fn pay(&mut self, bytes: usize) -> Result<(), PatternError> {
        let price = bytes.saturating_mul(PER_BYTE).saturating_add(LEAST / 4);
        self.left = self.left.checked_sub(price).ok_or_else(|| {
            self.left = 0;
            PatternError::Exhausted
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_again_costs_nothing() {
        let mut budget = PatternBudget::new();
        for _ in 0..10_000 {
            budget.regex(r"\w{20}").unwrap();
        }
        assert!(budget.left > MOST - (4 << 20), "{}", budget.left);
    }

    #[test]
    fn the_sum_is_bounded_and_later_patterns_get_nothing() {
        let mut budget = PatternBudget::new();
        let mut taken = 0;
        while budget.regex(&format!(r"\w{{{}}}", 100 + taken)).is_ok() {
            taken += 1;
        }
        assert!((5..40).contains(&taken), "{taken}");
        assert!(matches!(budget.regex("a"), Err(PatternError::Exhausted)));
        assert!(budget.pay(1).is_err());
    }

    #[test]
    fn one_pattern_is_as_large_as_before_or_malformed() {
        let mut budget = PatternBudget::new();
        assert!(budget.regex(r"\w{100}").is_ok());
        assert!(matches!(budget.regex(r"\w{1000}"), Err(PatternError::TooLarge)));
        assert!(matches!(budget.regex("("), Err(PatternError::Malformed(_))));
    }

    #[test]
    fn what_is_left_suffices_to_the_last_byte() {
        let price = PER_BYTE + LEAST / 4;
        let mut budget = PatternBudget { left: price, compiled: HashMap::new() };
        assert!(budget.pay(1).is_ok() && budget.left == 0);
        // The expression is paid for as two of its length, and its program as the least there is.
        let price = 2 * PER_BYTE + LEAST / 4 + LEAST;
        let mut budget = PatternBudget { left: price, compiled: HashMap::new() };
        assert!(budget.regex("a").is_ok() && budget.left == 0);
        let mut budget = PatternBudget { left: price - 1, compiled: HashMap::new() };
        assert!(!budget.is_exhausted());
        assert!(matches!(budget.regex("a"), Err(PatternError::Exhausted)));
        assert!(budget.is_exhausted());
        let mut budget = PatternBudget { left: PER_BYTE, compiled: HashMap::new() };
        assert!(budget.pay(1).is_err() && budget.is_exhausted());
    }
}
