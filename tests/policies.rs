//! The ready-made policies: valid without a finding, and every example in them holds.

use std::path::PathBuf;

use aegis_engine::{Document, Policy, Source, load};
use chrono::Utc;

fn shipped() -> Vec<PathBuf> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

fn load_one(path: &PathBuf) -> (Policy, Document) {
    let text = std::fs::read(path).unwrap();
    let mut loaded = load(&[Source { text: &text }]);
    assert!(loaded.diagnostics.is_empty(), "{}: {:#?}", path.display(), loaded.diagnostics);
    (loaded.policy.unwrap(), loaded.documents.remove(0).unwrap())
}

#[test]
fn every_shipped_policy_is_valid_without_a_finding() {
    let files = shipped();
    assert!(files.len() >= 11, "{files:?}");
    for path in files {
        assert!(load_one(&path).0.rules().len() >= 2, "{}", path.display());
    }
}

#[test]
fn every_rule_of_a_shipped_policy_says_why_it_is_there() {
    for path in shipped() {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("  - name:")) {
            assert!(lines[index - 1].trim_start().starts_with("# "), "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_example_of_a_shipped_policy_holds() {
    let mut held = 0;
    for path in shipped() {
        let (policy, document) = load_one(&path);
        let names = policy.rules().iter().map(|rule| Some(rule.name().to_owned()));
        let of_rules = document
            .rules
            .iter()
            .zip(names)
            .flat_map(|(rule, name)| rule.examples.iter().map(move |example| (example, name.clone())));
        for (example, rule) in document.examples.iter().map(|example| (example, None)).chain(of_rules) {
            let at = example.at.map_or_else(Utc::now, |at| at.value);
            let decision = policy.decide(&example.action, at);
            let place = format!("{}: {}\n{decision:#?}", path.display(), example.action.canonical());
            let expect = &example.expect;
            assert!(expect.approval.is_none_or(|word| word.value == decision.approval()), "{place}");
            assert!(expect.risk_level.is_none_or(|word| word.value == decision.risk_level()), "{place}");
            assert!(expect.rule.as_ref().is_none_or(|name| name.value == decision.matched_rule()), "{place}");
            assert!(rule.is_none_or(|name| name == decision.matched_rule()), "{place}");
            held += 1;
        }
    }
    assert!(held > 100, "{held}");
}
