//! A plan is a preview: what it says can make a decision stricter, and nothing else.

use aegis_ledger::answer::Answer;

use crate::governed::{Governed, POLICY, actions, policy, statuses};
use crate::scripted::Scripted;

const RELAXED: &str = "version: '1'\ndefaults: { approval: auto, risk_level: low }\nrules: []\n";
const STRICT: &str = "version: '1'\ndefaults: { approval: block, risk_level: high }\nrules: []\n";

#[test]
fn a_plan_records_nothing_and_allows_nothing() {
    let executor = Scripted::new();
    let governed = Governed::new(executor.clone());
    let plan = governed.runtime.plan(actions(&["read", "ask", "delete"]));
    assert_eq!(
        plan.summary().to_string(),
        "3 actions: 1 auto, 1 approve, 1 block; risk: 1 low, 1 high, 1 critical"
    );
    let again = governed.runtime.dry_run(&plan);
    assert_eq!(again.summary(), plan.summary());
    assert!(governed.records().is_empty() && executor.notes.all().is_empty());
}

#[test]
fn the_stricter_of_then_and_now_holds() {
    // What was strict when it was planned stays so.
    let governed = Governed::new(Scripted::new());
    let plan = governed.runtime.plan(actions(&["read", "ask_no", "delete"]));
    let (relaxed, digest) = policy(RELAXED);
    governed.runtime.update_policy(relaxed, digest);
    assert_eq!(governed.runtime.dry_run(&plan).summary(), plan.summary());
    let report = governed.runtime.blocking().execute(plan);
    assert_eq!(statuses(&report), ["success", "denied", "blocked"]);
    let records = governed.records();
    let rules: Vec<_> = records.iter().map(|record| record.matched_rule.as_str()).collect();
    assert_eq!(rules, ["<default>", "ask_first", "never"]);
    let digests: Vec<_> = records.iter().map(|record| record.policy_sha256.clone()).collect();
    let before = policy(POLICY).1.to_string();
    assert_eq!(digests, [digest.to_string(), before.clone(), before]);
    // What was relaxed when it was planned is not, once the policy says otherwise.
    let plan = governed.runtime.plan(actions(&["read", "ask", "delete"]));
    assert!(!plan.has_blocked() && !plan.requires_approval());
    let (strict, digest) = policy(STRICT);
    governed.runtime.update_policy(strict, digest);
    assert!(governed.runtime.dry_run(&plan).auto_only().is_empty());
    let report = governed.runtime.blocking().execute(plan);
    assert_eq!(statuses(&report), ["blocked"; 3]);
    assert_eq!(governed.records().len(), 6);
}

#[test]
fn what_was_planned_of_one_action_binds_no_other() {
    let governed = Governed::new(Scripted::new());
    let plan = governed.runtime.plan(actions(&["delete", "read", "delete"]));
    let (relaxed, digest) = policy(RELAXED);
    governed.runtime.update_policy(relaxed, digest);
    let reads = plan.clone().filter(|planned| planned.action().kind() == "read");
    assert_eq!(statuses(&governed.runtime.blocking().execute(reads)), ["success"]);
    assert!(governed.runtime.blocking().run_one(actions(&["delete"]).remove(0)).is_success());
    assert_eq!(statuses(&governed.runtime.blocking().execute(plan)), ["blocked", "success", "blocked"]);
}

#[test]
fn a_plan_that_is_executed_twice_is_decided_twice() {
    let governed = Governed::new(Scripted::new());
    let plan = governed.runtime.plan(actions(&["ask"]));
    for _ in 0..2 {
        assert!(governed.runtime.blocking().execute(plan.clone()).is_success());
    }
    let records = governed.records();
    assert_eq!(records.len(), 2);
    assert_ne!(records[0].id, records[1].id);
    assert!(records.iter().all(|record| record.decision == Some(Answer::Approved)));
}
