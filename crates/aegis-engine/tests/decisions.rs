//! Decisions, held against one another.

#[cfg(test)]
mod stricter {
    use aegis_engine::{Action, ApprovalMode, Decision, RiskLevel, Source, load};

    /// What a policy of one rule says of an action.
    fn decision(risk: RiskLevel, approval: ApprovalMode) -> Decision {
        let text = format!(
            "version: '1'\nrules:\n  - {{ name: {risk}_{approval}, risk_level: {risk}, approval: {approval} }}\n"
        );
        let policy = load(&[Source { text: text.as_bytes() }]).policy.unwrap();
        let action = Action::from_json(br#"{"type":"read","target":"crm"}"#).unwrap();
        policy.decide(&action, "2026-11-23T08:00:00Z".parse().unwrap())
    }

    const MODES: [ApprovalMode; 3] = [ApprovalMode::Auto, ApprovalMode::Approve, ApprovalMode::Block];

    fn all() -> Vec<(RiskLevel, ApprovalMode)> {
        RiskLevel::ALL.into_iter().flat_map(|risk| MODES.map(|mode| (risk, mode))).collect()
    }

    #[test]
    fn the_stricter_of_two_is_the_stricter_in_approval_and_in_risk_each_on_its_own() {
        for (risk, mode) in all() {
            for (later_risk, later_mode) in all() {
                let (first, later) = (decision(risk, mode), decision(later_risk, later_mode));
                let (strict, is_later) = first.clone().or_stricter(later.clone());
                assert_eq!(strict.approval(), mode.max(later_mode));
                assert_eq!(strict.risk_level(), risk.max(later_risk));
                // The later one tells of it only where it is stricter.
                let stricter = later_mode > mode || (later_mode == mode && later_risk > risk);
                assert_eq!(is_later, stricter, "{risk} {mode}, then {later_risk} {later_mode}");
                let said = if stricter { &later } else { &first };
                assert_eq!((strict.matched_rule(), strict.reason()), (said.matched_rule(), said.reason()));
            }
        }
    }

    /// Rules that ask on other terms: those of the first, then of the second.
    fn of_two_rules(first: &str, second: &str) -> Decision {
        let text = format!(
            "version: '1'\napprovers: {{ ana: {{ account: ana }}, bo: {{ account: bo }} }}\nrules:\n  \
             - {{ name: first, conditions: {{ param_gt: {{ n: 1 }} }}, approval: {first} }}\n  \
             - {{ name: second, approval: {second} }}\n"
        );
        let policy = load(&[Source { text: text.as_bytes() }]).policy.unwrap();
        // Whether the first one matches cannot be decided.
        let action = Action::from_json(br#"{"type":"pay","target":"bank","params":{"n":"5"}}"#).unwrap();
        policy.decide(&action, "2026-11-23T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn where_two_rules_may_ask_an_answer_must_do_for_both() {
        for (first, second) in [("approve", "{ quorum: 2, ttl: 5m }"), ("{ quorum: 2, ttl: 5m }", "approve")]
        {
            let decision = of_two_rules(first, second);
            assert_eq!((decision.matched_rule(), decision.undecidable().len()), ("first", 1));
            assert_eq!((decision.terms().quorum, decision.terms().ttl_ms), (2, 300_000), "{first} {second}");
        }
        let both = of_two_rules("{ by: [ana] }", "{ by: [bo], evidence: account }").terms();
        assert_eq!((both.by.len(), both.quorum, both.evidence), (2, 2, 2));
        // What does not ask has no say in it.
        for other in ["auto", "{ mode: auto }"] {
            assert_eq!(of_two_rules(other, "{ quorum: 2 }").terms().quorum, 2);
            assert_eq!(of_two_rules("{ quorum: 2 }", other).terms().quorum, 2);
        }
        assert_eq!(of_two_rules("block", "{ quorum: 2 }").approval(), ApprovalMode::Block);
    }

    #[test]
    fn of_two_decisions_that_ask_the_terms_of_both_hold() {
        let of = |approval: &str| of_two_rules("auto", approval);
        for (one, other) in [("approve", "{ quorum: 3 }"), ("{ quorum: 3 }", "approve")] {
            let (strict, is_later) = of(one).or_stricter(of(other));
            assert_eq!((strict.terms().quorum, is_later), (3, false));
        }
        let (strict, is_later) = of("auto").or_stricter(of("{ quorum: 3 }"));
        assert_eq!((strict.terms().quorum, is_later), (3, true));
        let (strict, is_later) = of("{ quorum: 3 }").or_stricter(of("auto"));
        assert_eq!((strict.terms().quorum, is_later), (3, false));
    }

    #[test]
    fn a_word_is_asked_for_from_high_risk_on() {
        let levels = RiskLevel::ALL.map(|level| (level.to_string(), level.needs_word()));
        let expected = [("low", false), ("medium", false), ("high", true), ("critical", true)];
        assert_eq!(levels, expected.map(|(name, needs)| (name.to_owned(), needs)));
    }

    #[test]
    fn a_decision_says_why_in_a_sentence_and_modes_are_words() {
        let reasons = [
            (ApprovalMode::Auto, "auto", "rule `low_auto` allows it"),
            (ApprovalMode::Approve, "approve", "rule `low_approve` asks for a human's approval"),
            (ApprovalMode::Block, "block", "rule `low_block` blocks it"),
        ];
        for (mode, word, reason) in reasons {
            assert_eq!((mode.to_string().as_str(), decision(RiskLevel::Low, mode).reason()), (word, reason));
            // Words keep to the width that they are given.
            assert_eq!(format!("{mode:>8}|"), format!("{word:>8}|"));
        }
    }

    #[test]
    fn an_explanation_says_what_was_compared_with_what() {
        for (conditions, params, why) in [
            (
                "param_gt: { count: 1e2 }",
                r#"{"count":5}"#,
                "`param_gt: { count: 100 }` does not hold: `count` is 5",
            ),
            (
                "param_lte: { day: \"m\" }",
                r#"{"day":"x"}"#,
                "`param_lte: { day: \"m\" }` does not hold: `day` is \"x\"",
            ),
            (
                "param_eq: { tags: [a, 1] }",
                r#"{"tags":[]}"#,
                "`param_eq: { tags: [\"a\",1] }` does not hold: `tags` is []",
            ),
            (
                "param_matches: { table: '^a\\.b' }",
                r#"{"table":"c"}"#,
                "`param_matches: { table: '^a\\\\.b' }` does not hold",
            ),
            (
                "param_exists: { id: true }",
                "{}",
                "`param_exists: { id: true }` does not hold: `id` is absent",
            ),
            (
                "param_contains: { to: x }",
                r#"{"to":"y"}"#,
                "`param_contains: { to: \"x\" }` does not hold: `to` is \"y\"",
            ),
            (
                "param_eq: { password: hunter2 }",
                r#"{"password":"x"}"#,
                "`param_eq: { password: … }` does not hold: `password` is secret",
            ),
            ("param_gt: { count: 1 }", r#"{"count":"5"}"#, "`param_gt: { count: 1 }` cannot be decided: "),
            (
                "time_before: \"07:30\", time_after: \"06:00\"",
                "{}",
                "`time_after: \"06:00\", time_before: \"07:30\"` does not hold: it was Mon 08:00 UTC",
            ),
            ("weekdays: [sun, 2]", "{}", "`weekdays: [tue, sun]` does not hold: it was Mon 08:00 UTC"),
        ] {
            let text = format!("version: '1'\nrules:\n  - {{ name: a, conditions: {{ {conditions} }} }}\n");
            let policy = load(&[Source { text: text.as_bytes() }]).policy.unwrap();
            let action = format!(r#"{{"type":"read","target":"crm","params":{params}}}"#);
            let action = Action::from_json(action.as_bytes()).unwrap();
            let traces = policy.explain(&action, "2026-11-23T08:00:00Z".parse().unwrap());
            assert!(traces[0].why.starts_with(why), "{conditions}: {}", traces[0].why);
        }
    }
}
