//! What the globs of rules say about one another: whether what one rule matches is matched by others, and
//! whether two match nothing in common.

use crate::author::lint::automaton::{Budget, Overlap, Universe, matches_all, overlaps, sample};
use crate::decide::glob::Glob;
use crate::decide::letter_case::{Case, folded};
use crate::decide::policy::Rule;

/// How many combinations of the three fields are looked at.
const MAX_COMBINATIONS: usize = 65_536;
/// How much work it may take to hold one rule against another.
const WORK_PER_PAIR: u64 = 20_000;

/// Type, target and agent: an action's type is never empty, and only its agent may be absent.
const UNIVERSES: [Universe; 3] = [
    Universe { empty: false, absent: false },
    Universe { empty: true, absent: false },
    Universe { empty: true, absent: true },
];

/// The values of type, target and agent.
pub(super) type Values = [Option<String>; 3];

/// What a search for an action came to.
#[derive(Debug)]
pub(super) enum Point {
    At(Values),
    Nowhere,
}

/// The globs of type, target and agent; `None` matches everything.
pub(super) fn fields(rule: &Rule) -> [Option<&[Glob]>; 3] {
    let matches = &rule.matches;
    [&matches.kind, &matches.target, &matches.agent].map(|globs| globs.as_deref())
}

/// Any action that the rule's globs match; [`Point::Nowhere`] if there is none.
pub(super) fn some_point(rule: &Rule, budget: &mut Budget) -> Option<Point> {
    let [kind, target, agent] = fields(rule);
    let [kinds, targets, agents] = UNIVERSES;
    match (sample(kind, kinds), sample(target, targets), sample(agent, agents)) {
        (Some(kind), Some(target), Some(agent)) => Some(Point::At([Some(kind), Some(target), Some(agent)])),
        _ => uncovered(rule, &[], budget),
    }
}

/// An action that the rule's globs match and those of none of the others; [`Point::Nowhere`] if there is
/// none.
pub(super) fn uncovered(rule: &Rule, others: &[&Rule], budget: &mut Budget) -> Option<Point> {
    let own = fields(rule);
    let others: Vec<_> = others.iter().map(|other| fields(other)).collect();
    let mut ways: [Vec<Overlap>; 3] = Default::default();
    for (field, (ways, universe)) in ways.iter_mut().zip(UNIVERSES).enumerate() {
        let others: Vec<_> = others.iter().map(|fields| fields.get(field).copied().flatten()).collect();
        *ways = overlaps(own.get(field).copied().flatten(), &others, universe, budget)?;
    }
    let [kinds, targets, agents] = &ways;
    if kinds.len().saturating_mul(targets.len()).saturating_mul(agents.len()) > MAX_COMBINATIONS {
        return None;
    }
    for kind in kinds {
        for target in targets {
            for agent in agents {
                budget.spend(1)?;
                if !kind.others.meets(&target.others, &agent.others) {
                    return Some(Point::At([kind, target, agent].map(|way| way.witness.clone())));
                }
            }
        }
    }
    Some(Point::Nowhere)
}

/// Whether the rule's globs match these values.
pub(super) fn matches_point(rule: &Rule, point: &Values) -> bool {
    fields(rule).into_iter().zip(point).all(|(globs, value)| match (globs, value) {
        (None, _) => true,
        (globs, None) => matches_all(globs),
        (Some(globs), Some(text)) => globs.iter().any(|glob| glob.is_match(text)),
    })
}

/// Whether no action is matched by both, as far as the literal beginnings of their globs tell.
pub(super) fn surely_apart(left: &Rule, right: &Rule) -> bool {
    fields(left).into_iter().zip(fields(right)).any(|pair| match pair {
        (Some(left), Some(right)) => {
            left.iter().all(|left| right.iter().all(|right| globs_apart(left, right)))
        }
        _ => false,
    })
}

fn globs_apart(left: &Glob, right: &Glob) -> bool {
    match (left.is_literal(), right.is_literal()) {
        (true, _) => !right.is_match(left.pattern()),
        (_, true) => !left.is_match(right.pattern()),
        _ => {
            let blind = left.case() == Case::Ignored || right.case() == Case::Ignored;
            let prefix = |glob: &Glob| {
                let prefix = glob.written().literal_prefix();
                if blind { folded(&prefix) } else { prefix }
            };
            let (left, right) = (prefix(left), prefix(right));
            !left.starts_with(&right) && !right.starts_with(&left)
        }
    }
}

/// Whether everything that `inner` matches is matched by `outer`'s globs too.
pub(super) fn is_within(inner: &Rule, outer: &Rule) -> bool {
    matches!(uncovered(inner, &[outer], &mut Budget(WORK_PER_PAIR)), Some(Point::Nowhere))
}
