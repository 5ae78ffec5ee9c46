//! How long it takes to read a policy, to read an action, and to decide.
//!
//! `cargo bench -p aegis-engine`

use std::fmt::Write as _;
use std::hint::black_box;

use aegis_engine::{Action, Policy, Source, load};
use chrono::{DateTime, Utc};
use divan::Bencher;

const STARTER: &str = include_str!("../../../policies/starter.yaml");
const ACTION: &[u8] =
    br#"{"type":"bulk_update","target":"crm","params":{"count":150,"filter":{"stage":"lead"}}}"#;

fn main() {
    divan::main();
}

/// A policy of so many rules, none of which matches [`ACTION`].
fn policy_text(rules: usize) -> String {
    let mut text = String::from("version: '1'\nrules:\n");
    for rule in 0..rules {
        let _ = writeln!(
            text,
            "  - name: rule_no_{rule}\n    match: {{ type: ['bulk_{rule}_*', 'x{rule}?'], target: 'crm{rule}/*' }}\n    \
             conditions: {{ param_gt: {{ count: {rule} }}, param_matches: {{ path: '^/srv/{rule}/[a-z]+$' }} }}"
        );
    }
    text
}

fn policy(text: &str) -> Policy {
    load(&[Source { text: text.as_bytes() }]).policy.unwrap_or_else(|| std::process::abort())
}

fn action() -> Action {
    Action::from_json(ACTION).unwrap_or_else(|_| std::process::abort())
}

#[divan::bench]
fn load_the_starter_policy() {
    let _ = black_box(load(black_box(&[Source { text: STARTER.as_bytes() }])));
}

#[divan::bench(sample_count = 10)]
fn load_10_000_rules(bencher: Bencher<'_, '_>) {
    let text = policy_text(10_000);
    bencher.bench(|| load(black_box(&[Source { text: text.as_bytes() }])));
}

#[divan::bench]
fn read_an_action() {
    let _ = black_box(Action::from_json(black_box(ACTION)));
}

#[divan::bench]
fn digest_an_action(bencher: Bencher<'_, '_>) {
    let action = action();
    bencher.bench(|| black_box(&action).digest());
}

#[divan::bench]
fn decide_by_the_starter_policy(bencher: Bencher<'_, '_>) {
    let (policy, action) = (policy(STARTER), action());
    bencher.bench(|| policy.decide(black_box(&action), DateTime::<Utc>::UNIX_EPOCH));
}

#[divan::bench]
fn decide_past_10_000_rules(bencher: Bencher<'_, '_>) {
    let (policy, action) = (policy(&policy_text(10_000)), action());
    bencher.bench(|| policy.decide(black_box(&action), DateTime::<Utc>::UNIX_EPOCH));
}
