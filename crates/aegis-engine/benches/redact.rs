//! How long it takes to find out that an action has no secrets, and to replace those that it has.
//!
//! `cargo bench -p aegis-engine --bench redact`

use aegis_engine::{Action, Policy, Source, load};
use divan::Bencher;

fn main() {
    divan::main();
}

/// A policy that names some parameters besides those that look secret.
fn policy(redact: &str) -> Policy {
    let text = format!("version: '1'\n{redact}rules: []\n");
    load(&[Source { text: text.as_bytes() }]).policy.unwrap_or_else(|| std::process::abort())
}

fn action(params: &str) -> Action {
    let text = format!(r#"{{"type":"bulk_update","target":"crm","params":{params}}}"#);
    Action::from_json(text.as_bytes()).unwrap_or_else(|_| std::process::abort())
}

const PLAIN: [&str; 5] = [
    r#"{"command":"git log --author=ana --since=2026-11-01 --format=%h -- src/main.rs && ls -la target","cwd":"/home/ana/shop"}"#,
    r#"{"url":"https://api.example.com/v2/orders?page=2&sort=created","headers":{"accept":"*/*"},"body":"{\"id\":7,\"note\":\"call before noon: ring twice\"}"}"#,
    r#"{"id":7}"#,
    r#"{"count":150,"filter":{"stage":"lead","owner_id":17},"dry_run":false}"#,
    r#"{"amount_cents":100,"day_total_cents":100,"currency":"EUR","payee":{"verified":true,"screening":"clear","age_days":30},"reference":"INV-7","due":"2026-11-23"}"#,
];

#[divan::bench(args = PLAIN)]
fn nothing_by_name(bencher: Bencher<'_, '_>, params: &str) {
    let (policy, action) = (policy(""), action(params));
    bencher.bench_local(|| policy.redaction().redact(&action, |_| String::new()));
}

#[divan::bench(args = PLAIN)]
fn nothing_by_policy(bencher: Bencher<'_, '_>, params: &str) {
    let (policy, action) = (policy("redact: [iban, \"customer_*\", /notes/text]\n"), action(params));
    bencher.bench_local(|| policy.redaction().redact(&action, |_| String::new()));
}

/// About 12 kB of a program's text.
#[divan::bench]
fn a_long_text(bencher: Bencher<'_, '_>) {
    let line =
        r#"let total = items.iter().map(|item| item.price * item.count).sum::<u64>(); // see #17: \"why\"\n"#;
    let (policy, action) = (policy(""), action(&format!(r#"{{"text":"{}"}}"#, line.repeat(120))));
    bencher.bench_local(|| policy.redaction().redact(&action, |_| String::new()));
}

#[divan::bench]
fn a_password(bencher: Bencher<'_, '_>) {
    let (policy, action) =
        (policy(""), action(r#"{"user":"ana","password":"hunter22","host":"db.example"}"#));
    bencher.bench_local(|| policy.redaction().redact(&action, |_| "redacted".to_owned()));
}
