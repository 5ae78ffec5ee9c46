//! Rules that come too late, end too early or can be left by a word: `auto-before-block`, `ends-at-midnight`
//! and `strict-by-agent-word`. Each is reported with an action that shows it.

use chrono::{Duration, NaiveTime};

use crate::author::lint::automaton::matches_all;
use crate::author::lint::globs::{fields, is_within, surely_apart};
use crate::author::lint::implication::{is_implied, settles};
use crate::author::lint::subject::{Linted, Subject};
use crate::author::lint::witness::{Trials, altered, comes_of, in_words};
use crate::author::probe::Probe;
use crate::decide::condition::{Condition, Test};
use crate::decide::decision::ApprovalMode;
use crate::decide::policy::Rule;
use crate::decide::time::Window;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;

/// What it costs to hold one rule against another, in rules that are judged.
const COMPARING: usize = 5_000;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut trials = Trials::of(subject.policy);
    let strict = subject.rules.iter().filter(|linted| linted.rule.approval != ApprovalMode::Auto);
    for linted in strict {
        found.extend(ends_at_midnight(linted, &mut trials));
        found.extend(strict_by_agent_word(linted, &mut trials));
    }
    let mut trials = Trials::of(subject.policy);
    for (place, block) in subject.rules.iter().enumerate() {
        if block.rule.approval == ApprovalMode::Block {
            found.extend(auto_before_block(subject, place, block, &mut trials));
        }
    }
}

/// A block behind a rule that allows some of what it is about. An exception is something else: all that it
/// allows is what the block is about.
fn auto_before_block(
    subject: &Subject<'_>,
    place: usize,
    block: &Linted<'_>,
    trials: &mut Trials<'_>,
) -> Option<Diagnostic> {
    let earlier = subject.rules.iter().take(place);
    for auto in earlier.filter(|linted| linted.rule.approval == ApprovalMode::Auto) {
        trials.spend(1)?;
        if surely_apart(auto.rule, block.rule) {
            continue;
        }
        trials.spend(COMPARING)?;
        if is_exception(auto.rule, block.rule) {
            continue;
        }
        // That it never decides at all is another finding.
        if settles(auto.rule, block.rule) && is_within(block.rule, auto.rule) {
            return None;
        }
        let Some(witness) = trials.decided_by_first(&[auto.rule, block.rule]) else { continue };
        let timed = block.rule.conditions.iter().any(Condition::is_about_time);
        let message =
            format!("rule `{}` blocks nothing of what rule `{}` allows before it", block.name(), auto.name());
        return Some(
            Diagnostic::new(Code::AutoBeforeBlock, block.head, message)
                .label("comes too late")
                .secondary(auto.head, "allows it first")
                .help(format!(
                    "{} is allowed: move the block before that rule, or say why it stands behind with \
                     `# aegis: allow(auto-before-block) — reason`",
                    in_words(&witness, timed)
                )),
        );
    }
    None
}

/// Whether all that the rule matches is what the block is about.
fn is_exception(auto: &Rule, block: &Rule) -> bool {
    let follows =
        |wanted: &Condition| auto.conditions.iter().any(|given| is_implied(&given.test, &wanted.test));
    block.conditions.iter().all(follows) && is_within(auto, block)
}

/// A window that begins in the afternoon and has no end, where less is asked after midnight.
fn ends_at_midnight(linted: &Linted<'_>, trials: &mut Trials<'_>) -> Option<Diagnostic> {
    let conditions = &linted.rule.conditions;
    if conditions.iter().any(|condition| matches!(condition.test, Test::Weekdays(..))) {
        return None;
    }
    let noon = NaiveTime::from_hms_opt(12, 0, 0)?;
    let is_open = |condition: &&Condition| matches!(&condition.test, Test::Window(Window { after: Some(after), before: None }, _) if *after >= noon);
    let window = conditions.iter().find(is_open)?;
    let witness = trials.decided_by_first(&[linted.rule])?;
    let half_hours = (1..=48).map(|count| Duration::minutes(30 * count));
    let later = half_hours
        .filter_map(|later| Some(Probe { at: witness.at.checked_add_signed(later)?, ..witness.clone() }))
        .find(|probe| !window.allows(probe.at))?;
    let approval = trials.approval(&later.action, later.at)?;
    if approval >= linted.rule.approval {
        return None;
    }
    let message = format!("`time_after` alone ends at midnight, and rule `{}` with it", linted.name());
    Some(Diagnostic::new(Code::EndsAtMidnight, window.span, message).label("until 24:00").help(format!(
        "{} is {}: add when it ends, as `time_before: \"06:00\"`",
        in_words(&later, true),
        comes_of(approval)
    )))
}

/// A rule that asks or blocks because of the agent that an action names, where one that names none, or
/// another, meets less.
fn strict_by_agent_word(linted: &Linted<'_>, trials: &mut Trials<'_>) -> Option<Diagnostic> {
    let [_, _, agent] = fields(linted.rule);
    let glob = linted.entry.matches.agent.as_ref()?.patterns.first()?;
    if matches_all(agent) {
        return None;
    }
    let witness = trials.decided_by_first(&[linted.rule])?;
    let approval = [None, Some("another")].into_iter().filter_map(|agent| {
        let action = altered(&witness.action, witness.action.target(), agent)?;
        trials.approval(&action, witness.at)
    });
    let approval = approval.min()?;
    if approval >= linted.rule.approval {
        return None;
    }
    let message = format!("rule `{}` holds only for actions that name this agent", linted.name());
    Some(
        Diagnostic::new(Code::StrictByAgentWord, glob.span, message)
            .label("any action may name another, or none")
            .help(format!(
                "without it, {} is {}: leave `agent` out, or impose the names of agents where they are \
                 started, and say so with `# aegis: allow(strict-by-agent-word) — reason`",
                in_words(&witness, false),
                comes_of(approval)
            )),
    )
}
