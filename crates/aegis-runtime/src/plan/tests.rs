use aegis_engine::{RiskLevel, Source, load, to_json_line};

use super::*;

const POLICY: &str = "version: '1'
rules:
  - { name: reads, match: { type: read }, approval: auto, risk_level: low }
  - { name: deletes, match: { type: delete }, approval: block, risk_level: critical }
  - { name: updates, match: { type: update }, risk_level: high, reason: ask the owner }
";

fn policy(text: &str) -> Arc<Policy> {
    Arc::new(load(&[Source { text: text.as_bytes() }]).policy.unwrap())
}

fn plan(kinds: &[&str]) -> Plan {
    let action = |kind: &&str| Action::from_json(format!(r#"{{"type":"{kind}","target":"crm"}}"#).as_bytes());
    let actions: Vec<_> = kinds.iter().map(|kind| action(kind).unwrap()).collect();
    Plan::new(actions, &policy(POLICY), Digest::of(POLICY.as_bytes()))
}

#[test]
fn a_plan_says_what_would_come_of_it() {
    let whole = plan(&["read", "update", "delete", "read"]);
    assert!(whole.has_blocked() && whole.requires_approval());
    assert_eq!(
        whole.summary().to_string(),
        "4 actions: 2 auto, 1 approve, 1 block; risk: 2 low, 1 high, 1 critical"
    );
    let auto = whole.clone().auto_only();
    assert!(!auto.has_blocked() && !auto.requires_approval());
    assert_eq!(auto.summary().to_string(), "2 actions: 2 auto; risk: 2 low");
    let without = whole.filter(|planned| planned.decision().risk_level() < RiskLevel::Critical);
    assert_eq!((without.len(), without.has_blocked()), (3, false));
    assert_eq!(plan(&[]).summary().to_string(), "no actions");
    assert!(plan(&[]).is_empty());
}

#[test]
fn a_plan_in_json_has_a_version_and_no_secrets() {
    let text =
        r#"{"type":"update","target":"c\u202erm","params":{"password":"hunter22"},"description":"hunter22"}"#;
    let action = Action::from_json(text.as_bytes()).unwrap();
    let plan = Plan::new([action.clone()], &policy(POLICY), Digest::of(b"p"));
    let line = to_json_line(&plan.to_json()).unwrap();
    assert!(!line.contains("hunter22") && !line.contains('\u{202e}'), "{line}");
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((json["version"].as_u64(), json["summary"]["approve"].as_u64()), (Some(1), Some(1)));
    let planned = &json["actions"][0];
    assert_eq!(planned["target"], "c\u{202e}rm");
    assert_eq!(planned["params"]["password"], "[secret]");
    assert_eq!((&planned["approval"], &planned["risk_level"]), (&"approve".into(), &"high".into()));
    assert_eq!(planned["matched_rule"], "updates");
    assert!(planned["reason"].as_str().unwrap().starts_with("ask the owner"));
    assert_eq!(planned["action_sha256"], action.digest().to_string());
    assert_eq!(planned["policy_sha256"], Digest::of(b"p").to_string());
}

#[test]
fn what_is_decided_again_is_never_less_strict() {
    let before = plan(&["read", "update", "delete"]);
    let relaxed = "version: '1'\ndefaults: { approval: auto, risk_level: low }\nrules: []\n";
    let now = before.decided_again(&policy(relaxed), Digest::of(b"relaxed"));
    let approvals = |plan: &Plan| -> Vec<_> {
        plan.actions().iter().map(|planned| planned.decision().approval()).collect()
    };
    assert_eq!(approvals(&now), approvals(&before));
    // What is as strict as before is said by the policy of now, the rest by the one that is stricter.
    let digests: Vec<_> = now.actions().iter().map(PlannedAction::policy_sha256).collect();
    let old = Digest::of(POLICY.as_bytes());
    assert_eq!(digests, [Digest::of(b"relaxed"), old, old]);
    let strict = "version: '1'\ndefaults: { approval: block, risk_level: low }\nrules: []\n";
    let now = before.decided_again(&policy(strict), Digest::of(b"strict"));
    assert_eq!(approvals(&now), [ApprovalMode::Block; 3]);
    let risks: Vec<_> = now.actions().iter().map(|planned| planned.decision().risk_level()).collect();
    assert_eq!(risks, [RiskLevel::Low, RiskLevel::High, RiskLevel::Critical]);
    assert_eq!(now.actions()[1].decision().matched_rule(), "<default>");
    assert_eq!(now.actions()[2].policy_sha256(), old);
}
