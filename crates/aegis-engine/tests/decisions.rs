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
