use super::*;
use crate::decide::policy::Policy;
use crate::{Action, Source, load};

/// What a policy of one rule decides.
fn decided(rule: &str) -> Decision {
    let text = format!("version: '1'\nrules:\n  - {{ name: {rule} }}\n");
    let policy: Policy = load(&[Source { text: text.as_bytes() }]).policy.unwrap();
    let action = Action::from_json(br#"{"type":"read","target":"crm"}"#).unwrap();
    policy.decide(&action, chrono::DateTime::UNIX_EPOCH)
}

#[test]
fn every_word_names_what_it_is_the_word_of() {
    for (level, word, needs_word) in [
        (RiskLevel::Low, "low", false),
        (RiskLevel::Medium, "medium", false),
        (RiskLevel::High, "high", true),
        (RiskLevel::Critical, "critical", true),
    ] {
        assert_eq!((level.as_str(), level.to_string()), (word, word.to_owned()));
        assert_eq!((RiskLevel::from_word(word), level.needs_word()), (Some(level), needs_word));
    }
    for (mode, word) in
        [(ApprovalMode::Auto, "auto"), (ApprovalMode::Approve, "approve"), (ApprovalMode::Block, "block")]
    {
        assert_eq!((mode.as_str(), mode.to_string()), (word, word.to_owned()));
        assert_eq!(ApprovalMode::from_word(word), Some(mode));
    }
    assert_eq!((RiskLevel::from_word("Low"), ApprovalMode::from_word("")), (None, None));
    assert_eq!(format!("{:>8}|{:<5}|", RiskLevel::Low, ApprovalMode::Auto), "     low|auto |");
}

#[test]
fn of_two_decisions_the_stricter_holds_and_on_a_tie_the_earlier_is_named() {
    let low_block = || decided("low_block, approval: block, risk_level: low, reason: one");
    let high_auto = || decided("high_auto, approval: auto, risk_level: high");
    for ((stricter, is_later), expected) in
        [(low_block().or_stricter(high_auto()), false), (high_auto().or_stricter(low_block()), true)]
    {
        assert_eq!(is_later, expected);
        assert_eq!((stricter.approval(), stricter.risk_level()), (ApprovalMode::Block, RiskLevel::High));
        assert_eq!((stricter.matched_rule(), stricter.rule_reason()), ("low_block", Some("one")));
        assert!(stricter.reason().starts_with("one (rule `low_block` blocks it"), "{}", stricter.reason());
    }
    let auto = |name: &str, risk: &str| decided(&format!("{name}, approval: auto, risk_level: {risk}"));
    for (earlier, later, named, is_later) in
        [("low", "low", "a", false), ("low", "high", "b", true), ("high", "low", "a", false)]
    {
        let (stricter, said) = auto("a", earlier).or_stricter(auto("b", later));
        assert_eq!((stricter.matched_rule(), said), (named, is_later), "{earlier} {later}");
    }
}

#[test]
fn an_answer_must_meet_the_terms_of_both_where_both_ask() {
    let of =
        |terms: ApprovalTerms| Decision { terms: Some(Arc::new(terms)), ..decided("a, approval: approve") };
    let usual = || decided("b, approval: approve");
    let two = ApprovalTerms { quorum: 2, ..ApprovalTerms::default() };
    let signed = ApprovalTerms { evidence: 3, ..ApprovalTerms::default() };
    let terms = |earlier: Decision, later: Decision| earlier.or_stricter(later).0.terms();
    assert_eq!(terms(usual(), usual()), ApprovalTerms::default());
    assert_eq!(terms(of(two.clone()), of(two.clone())), two);
    assert_eq!(terms(of(two.clone()), usual()), two);
    assert_eq!(terms(usual(), of(two.clone())), two);
    let both = ApprovalTerms { evidence: 3, ..two.clone() };
    assert_eq!(terms(of(two.clone()), of(signed.clone())), both);
    assert_eq!(terms(of(signed), of(two.clone())), both);
    // Where only one of them asks, or blocks, its own terms are all there is.
    let auto = || Decision { terms: Some(Arc::default()), ..decided("c, approval: auto") };
    assert_eq!(terms(auto(), of(two.clone())), two);
    assert_eq!(terms(of(two.clone()), auto()), two);
}
