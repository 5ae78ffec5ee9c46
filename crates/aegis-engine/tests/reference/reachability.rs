//! Rules that are reported never to decide never do, and on small policies all others do.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aegis_engine::{Action, Code, Loaded, Policy, Source, lint, load};
use chrono::{DateTime, Utc};

use crate::reference::generate::{Rng, World};
use crate::reference::print;

const POLICIES: u64 = 2_500;
const ACTIONS_PER_POLICY: u64 = 50;
const SMALL_POLICIES: u64 = 250;

fn read(text: &str) -> Loaded {
    let loaded = load(&[Source { text: text.as_bytes() }]);
    assert!(loaded.policy.is_some(), "{:#?}\n{text}", loaded.diagnostics);
    loaded
}

/// The names of the rules with such a finding.
fn reported(loaded: &Loaded, text: &str, codes: &[Code]) -> BTreeSet<String> {
    let found = lint(loaded, &[Source { text: text.as_bytes() }]);
    let policy = loaded.policy.as_ref().unwrap();
    let places = found.iter().filter(|found| codes.contains(&found.code)).map(|found| found.primary.span);
    places
        .map(|place| {
            let is_it = |span: aegis_engine::Span| span.start <= place.start && place.start < span.end;
            policy.rules().iter().find(|rule| is_it(rule.span())).unwrap().name().to_owned()
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "how long to run is the caller's to say")]
fn times() -> Option<u64> {
    std::env::var("AEGIS_TORTURE").ok().map(|times| times.parse::<u64>().unwrap())
}

#[test]
fn a_rule_reported_unreachable_never_decides() {
    let policies = times().map_or(POLICIES, |times| times * 1_000_000 / ACTIONS_PER_POLICY);
    let (mut unreachable, mut with_conditions, mut undecidable) = (0, 0, 0);
    for seed in 0..policies {
        let mut rng = Rng(seed ^ 0x5EED);
        let world = World::new(&mut rng);
        let mut file = world.policy(&mut rng).remove(0);
        // Rules that stand again further down, with another outcome or for fewer actions, are what is looked
        // for.
        for _ in 0..2 {
            if !file.rules.is_empty() {
                let mut again = rng.pick(&file.rules).clone();
                again.approval = Some(rng.below(3));
                again.risk = Some(rng.below(4));
                let more = rng.pick(&file.rules).clone();
                again.target = again.target.or(more.target);
                again.agent = again.agent.or(more.agent);
                file.rules.push(again);
            }
        }
        // By their index, so that each has its own name.
        file.rules.iter_mut().for_each(|rule| rule.name = None);
        let tree = print::tree(&mut rng, &file);
        let text = print::yaml(&mut rng, &tree);
        let loaded = read(&text);
        let policy = loaded.policy.as_ref().unwrap();
        let dead = reported(&loaded, &text, &[Code::UnreachableRule]);
        unreachable += dead.len();
        let conditioned = |name: &String| {
            policy.rules().iter().any(|rule| rule.name() == name && rule.conditions().count() > 0)
        };
        with_conditions += dead.iter().filter(|name| conditioned(name)).count();
        for _ in 0..ACTIONS_PER_POLICY {
            let action = print::action(&mut rng.clone(), &world.action(&mut rng));
            let at: DateTime<Utc> = DateTime::from_timestamp_millis(world.instant(&mut rng)).unwrap();
            let action = Action::from_json(action.as_bytes()).unwrap();
            let decision = policy.decide(&action, at);
            undecidable += usize::from(decision.undecidable().iter().any(|each| dead.contains(&each.rule)));
            assert!(
                !dead.contains(decision.matched_rule()),
                "seed {seed}\n{text}\n{action:?} at {at}\n{decision:?}"
            );
        }
    }
    let found = (unreachable, with_conditions, undecidable);
    assert!(
        unreachable > 500 && with_conditions > 100 && undecidable > 0,
        "too few to tell anything: {found:?}"
    );
}

/// A glob of a few parts over `a`, `b` and all else.
fn small_glob(rng: &mut Rng, parts: usize) -> String {
    (0..=rng.below(parts))
        .map(|_| rng.word(&["a", "b", "a", "b", "?", "*", "[ab]", "[!a]", "{a,b*}", "{,b}"]))
        .collect()
}

fn small_globs(rng: &mut Rng, parts: usize) -> String {
    let globs: Vec<_> = (0..*rng.pick(&[1, 1, 2])).map(|_| format!("'{}'", small_glob(rng, parts))).collect();
    format!("[{}]", globs.join(", "))
}

/// Every string over `a`, `b` and `c` up to a length, the empty one first.
fn strings(length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut longest = all.clone();
    for _ in 0..length {
        longest = longest.iter().flat_map(|text| ["a", "b", "c"].map(|c| format!("{text}{c}"))).collect();
        all.extend(longest.iter().cloned());
    }
    all
}

fn deciding(
    policy: &Policy,
    kinds: &[String],
    targets: &[String],
    agents: &[Option<String>],
) -> BTreeSet<String> {
    let at: DateTime<Utc> = DateTime::from_timestamp_millis(0).unwrap();
    let mut deciding = BTreeSet::new();
    for kind in kinds.iter().filter(|kind| !kind.is_empty()) {
        for target in targets {
            for agent in agents {
                let action = serde_json::json!({ "type": kind, "target": target });
                let mut action = action.as_object().unwrap().clone();
                action.extend(agent.iter().map(|agent| ("agent".to_owned(), agent.as_str().into())));
                let text = serde_json::Value::Object(action).to_string();
                let action = Action::from_json(text.as_bytes()).unwrap();
                let name = policy.decide(&action, at).matched_rule().to_owned();
                deciding.insert(name);
            }
        }
    }
    deciding
}

fn agree(text: &str, kinds: &[String], targets: &[String], agents: &[Option<String>]) -> usize {
    let loaded = read(text);
    let dead = reported(&loaded, text, &[Code::UnreachableRule, Code::ImpossibleRule]);
    let policy = loaded.policy.as_ref().unwrap();
    let deciding = deciding(policy, kinds, targets, agents);
    let names: BTreeSet<_> = policy.rules().iter().map(|rule| rule.name().to_owned()).collect();
    let never: BTreeSet<_> = names.difference(&deciding).cloned().collect();
    assert_eq!(dead, never, "reported, and never deciding:\n{text}");
    dead.len()
}

#[test]
fn on_small_policies_exactly_the_rules_that_never_decide_are_reported() {
    let rounds = SMALL_POLICIES * times().map_or(1, |times| times * 8);
    let mut dead = 0;
    for seed in 0..rounds {
        let mut rng = Rng(seed ^ 0xA11);
        let mut one_field = String::from("version: 1\nrules:\n");
        for _ in 0..5 {
            writeln!(one_field, "  - match: {{ type: {} }}", small_globs(&mut rng, 3)).unwrap();
        }
        dead += agree(&one_field, &strings(7), &["x".to_owned()], &[None]);
        let mut all_fields = String::from("version: 1\nrules:\n");
        for _ in 0..7 {
            let mut fields = Vec::new();
            for field in ["type", "target", "agent"] {
                if rng.percent(70) {
                    fields.push(format!("{field}: {}", small_globs(&mut rng, 1)));
                }
            }
            writeln!(all_fields, "  - match: {{ {} }}", fields.join(", ")).unwrap();
        }
        let agents: Vec<_> = std::iter::once(None).chain(strings(2).into_iter().map(Some)).collect();
        dead += agree(&all_fields, &strings(2), &strings(2), &agents);
    }
    assert!(dead > 100, "too few to tell anything: {dead}");
}
