//! The engine agrees with a naive second implementation of the rule language, on a great many random cases.
//!
//! `AEGIS_TORTURE=1` runs at least a million cases, `AEGIS_TORTURE=10` ten times as many; without it a few
//! seconds' worth are run. Every disagreement prints all that is needed to see it again.

#[cfg(test)]
#[path = "reference/reachability.rs"]
mod reachability;
#[cfg(test)]
mod reference;

#[cfg(test)]
mod oracle {
    use std::collections::BTreeSet;
    use std::sync::OnceLock;

    use aegis_engine::{Policy, Source, escape, load};
    use chrono::{DateTime, Utc};

    use crate::reference::generate::{Rng, World};
    use crate::reference::{APPROVALS, Answer, Fault, File, RISKS, Reference, Test, Truth, print};

    const POLICIES: u64 = 1_000;
    const ACTIONS_PER_POLICY: u64 = 50;

    /// A policy as the engine reads it, and as it was meant.
    struct Case {
        seed: u64,
        rng: Rng,
        world: World,
        files: Vec<File>,
        texts: Vec<String>,
        policy: Policy,
    }

    impl Case {
        fn new(seed: u64) -> Case {
            let mut rng = Rng(seed);
            let world = World::new(&mut rng);
            let files = world.policy(&mut rng);
            let texts: Vec<String> = files
                .iter()
                .map(|file| {
                    let tree = print::tree(&mut rng, file);
                    print::yaml(&mut rng, &tree)
                })
                .collect();
            let sources: Vec<_> = texts.iter().map(|text| Source { text: text.as_bytes() }).collect();
            let loaded = load(&sources);
            let policy = loaded.policy.unwrap_or_else(|| {
                panic!("seed {seed}: refused: {:#?}\n{}", loaded.diagnostics, texts.join("\n====\n"))
            });
            Case { seed, rng, world, files, texts, policy }
        }

        /// Asks both about one action; returns what both say, or panics. Faults that show are taken off the
        /// list.
        fn ask(&mut self, reference: &Reference, faults: &mut Vec<Fault>) -> Answer {
            let action = self.world.action(&mut self.rng);
            let instant = self.world.instant(&mut self.rng);
            let text = print::action(&mut self.rng, &action);
            let at: DateTime<Utc> = DateTime::from_timestamp_millis(instant).unwrap();
            let parsed = aegis_engine::Action::from_json(text.as_bytes())
                .unwrap_or_else(|error| panic!("seed {}: {error}: {text}", self.seed));
            let decision = self.policy.decide(&parsed, at);
            let engine = Answer {
                approval: APPROVALS.iter().position(|word| *word == decision.approval().as_str()).unwrap(),
                risk: RISKS.iter().position(|word| *word == decision.risk_level().as_str()).unwrap(),
                rule: decision.matched_rule().to_owned(),
                says: decision.rule_reason().map(str::to_owned),
                undecidable: decision.undecidable().iter().map(|each| each.rule.clone()).collect(),
            };
            let begins = decision.rule_reason().map(escape).unwrap_or_default();
            assert!(decision.reason().starts_with(&begins), "{begins}: {}", decision.reason());
            let oracle = reference.decide(&self.files, &action, instant);
            assert!(
                engine == oracle,
                "seed {}\n{}\naction {text}\nat {at}\nengine {engine:?}\noracle {oracle:?}\nengine's reason: {}\n{:#?}",
                self.seed,
                self.texts.join("\n==== next file\n"),
                decision.reason(),
                decision.undecidable(),
            );
            faults
                .retain(|fault| Reference::new(Some(*fault)).decide(&self.files, &action, instant) == oracle);
            oracle
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long to run is the caller's to say, and how fast is reported"
    )]
    fn run(policies: u64, faults: &mut Vec<Fault>) -> Tally {
        let reference = Reference::new(None);
        let start = std::time::Instant::now();
        let mut tally = Tally::default();
        for seed in 0..policies {
            let mut case = Case::new(seed);
            for _ in 0..ACTIONS_PER_POLICY {
                let answer = case.ask(&reference, faults);
                tally.cases += 1;
                tally.by_rule += usize::from(answer.rule != "<default>");
                tally.undecidable += usize::from(!answer.undecidable.is_empty());
            }
        }
        tally.per_second = tally.cases as u128 * 1000 / start.elapsed().as_millis().max(1);
        tally.seen = reference.seen.into_inner().into_keys().collect();
        tally
    }

    #[derive(Debug, Default)]
    struct Tally {
        cases: usize,
        by_rule: usize,
        undecidable: usize,
        per_second: u128,
        seen: BTreeSet<(&'static str, Truth)>,
    }

    #[expect(clippy::disallowed_methods, reason = "how long to run is the caller's to say")]
    fn policies() -> u64 {
        let times = std::env::var("AEGIS_TORTURE").ok().map(|times| times.parse::<u64>().unwrap());
        times.map_or(POLICIES, |times| times * 1_000_000 / ACTIONS_PER_POLICY)
    }

    /// The one run that every test below looks at: its tally, and the faults that it did not show.
    fn outcome() -> &'static (Tally, Vec<Fault>) {
        static OUTCOME: OnceLock<(Tally, Vec<Fault>)> = OnceLock::new();
        OUTCOME.get_or_init(|| {
            let mut hidden = Fault::ALL.to_vec();
            (run(policies(), &mut hidden), hidden)
        })
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "how fast it ran is worth seeing under --nocapture")]
    fn engine_and_reference_agree_on_every_case() {
        let (tally, _) = outcome();
        println!("{} cases, {} in a second", tally.cases, tally.per_second);
        assert!(tally.cases > 0);
    }

    #[test]
    fn the_cases_reach_rules_and_every_condition_both_ways() {
        let (tally, _) = outcome();
        assert!(tally.by_rule * 5 >= tally.cases, "a fifth must be decided by a rule: {tally:?}");
        assert!(tally.undecidable * 33 >= tally.cases, "3 % must be undecidable: {tally:?}");
        let times = ["time_after", "time_before", "window", "wrapping window", "weekdays"];
        for keyword in times.into_iter().chain(Test::ALL.map(Test::keyword)) {
            for truth in [Truth::True, Truth::False] {
                assert!(tally.seen.contains(&(keyword, truth)), "{keyword} was never {truth:?}");
            }
        }
        for test in [Test::Gt, Test::Lt, Test::Gte, Test::Lte, Test::Contains, Test::Matches] {
            assert!(tally.seen.contains(&(test.keyword(), Truth::Unknown)), "{test:?} was never undecidable");
        }
    }

    #[test]
    fn every_broken_reading_of_the_language_would_have_been_noticed() {
        assert_eq!(outcome().1, []);
    }
}
