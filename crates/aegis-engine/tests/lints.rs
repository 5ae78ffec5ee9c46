//! What each lint finds, and what it must leave alone.

#[cfg(test)]
mod lints {
    use std::fmt::Write as _;

    use aegis_engine::{Source, lint, load};

    fn found(rules: &[&str]) -> Vec<&'static str> {
        let mut text = String::from("version: '1'\nrules:\n");
        for rule in rules {
            writeln!(text, "  {rule}").unwrap();
        }
        let sources = [Source { text: text.as_bytes() }];
        let loaded = load(&sources);
        assert!(loaded.policy.is_some(), "{:#?}\n{text}", loaded.diagnostics);
        lint(&loaded, &sources).iter().map(|found| found.code.as_str()).collect()
    }

    /// Rules that ask on other terms are not the same, whatever their words.
    #[test]
    fn terms_make_a_difference() {
        let rule = "- { match: { type: pay }, approval: { quorum: 2 } }";
        assert_eq!(found(&[rule]), Vec::<&str>::new());
        assert_eq!(found(&["- { match: { type: pay }, approval: { quorum: 1 } }"]), ["same-outcome"]);
        let later = |approval: &str| {
            format!(
                "- {{ match: {{ type: a }}, conditions: {{ param_gt: {{ n: 9 }} }}, approval: {approval} }}"
            )
        };
        let first = "- { match: { type: a }, conditions: { param_gt: { n: 5 } }, approval: { quorum: 2 } }";
        assert_eq!(found(&[first, &later("{ quorum: 3 }")]), Vec::<&str>::new());
        assert_eq!(found(&[first, &later("{ quorum: 2 }")]), ["unreachable-rule"]);
    }

    /// Who is the only approver, and who is none.
    #[test]
    fn approvers_are_looked_over() {
        let found = |approval: &str| -> Vec<&str> {
            let text = format!(
                "version: '1'\napprovers: {{ ana: {{ account: ana }}, bo: {{ account: bo }} }}\nrules:\n  \
                 - {{ match: {{ type: pay }}, approval: {approval} }}\n  \
                 - {{ match: {{ type: sell }}, approval: {{ by: [ana, bo] }} }}\n"
            );
            let sources = [Source { text: text.as_bytes() }];
            lint(&load(&sources), &sources).iter().map(|found| found.code.as_str()).collect()
        };
        assert_eq!(found("{ by: [ana] }"), ["asker-approves"]);
        assert_eq!(found("{ by: [ana], evidence: terminal }"), ["asker-approves"]);
        for other in [
            "{ by: [ana, bo] }",
            "{ by: [ana], self_approval: false }",
            "{ by: [ana], self_approval: true }",
            "{ by: [ana], evidence: account }",
            "{ quorum: 2 }",
        ] {
            assert_eq!(found(other), Vec::<&str>::new(), "{other}");
        }
    }

    /// Policies that come close to a finding, and have none.
    #[test]
    fn near_misses_are_left_alone() {
        for rules in [
            // One character is left over, an empty target, or an absent agent.
            &[
                "- { match: { type: '[a-m]' }, approval: block }",
                "- { match: { type: '[a-n]' }, risk_level: high }",
            ][..],
            &["- { match: { target: '?*' }, approval: block }", "- { risk_level: high }"],
            &[
                "- { match: { agent: '{*,x}' }, risk_level: critical }",
                "- { match: { agent: '*' }, risk_level: high }",
            ],
            &[
                "- { match: { type: 'a*', target: 'b*' }, approval: block }",
                "- { match: { type: 'a*' }, risk_level: high }",
            ],
            // A value of another type makes both undecidable, and the stricter second then counts.
            &[
                "- { match: { type: a }, conditions: { param_gt: { n: 10 } }, risk_level: high }",
                "- { match: { type: a }, conditions: { param_gt: { n: 100 } }, risk_level: critical }",
            ],
            // The earlier condition is the narrower one, or about the same by another test.
            &[
                "- { match: { type: a }, conditions: { param_gt: { n: 100 } }, risk_level: critical }",
                "- { match: { type: a }, conditions: { param_gt: { n: 10 } }, risk_level: high }",
            ],
            &[
                "- { match: { type: a }, conditions: { param_gte: { n: 10 } }, risk_level: critical }",
                "- { match: { type: a }, conditions: { param_exists: { n: true } }, risk_level: high }",
            ],
            &[
                "- { match: { type: a }, conditions: { param_gte: { n: 10 }, param_lte: { n: 10 } }, risk_level: high }",
            ],
            &[
                "- { match: { type: a }, conditions: { param_eq: { n: 10 }, param_gt: { n: 9.5 } }, risk_level: high }",
            ],
            &[
                "- { match: { type: a }, conditions: { param_eq: { n: ab }, param_contains: { n: b } }, risk_level: high }",
            ],
            &[
                "- { name: a, match: { type: a }, risk_level: high }",
                "- { name: A, match: { type: b }, risk_level: high }",
            ],
            // Of the defaults' outcome, but before a rule that is not.
            &["- { match: { type: 'a*' } }", "- { match: { type: '*b' }, approval: block }"],
            &["- { match: { target: x }, approval: auto }"],
            &[
                "- { match: { type: a }, conditions: { param_gt: { n: 1 } }, risk_level: high }",
                "- { match: { type: b }, conditions: { param_gt: { n: x } }, risk_level: high }",
            ],
            &["- { conditions: { weekdays: [sat, sun], timezone: UTC }, approval: auto }"],
            &["- { match: { type: a }, conditions: { param_exists: { force: true } }, approval: block }"],
            &["- { match: { type: a }, conditions: { param_matches: { p: '^(a|b)$' } }, approval: auto }"],
            &["- { match: { type: a }, conditions: { param_matches: { p: 'a' } }, risk_level: high }"],
            &["- { match: { type: a }, conditions: { param_gt: { day: '2026-11-23' } }, risk_level: high }"],
        ] {
            assert_eq!(found(rules), Vec::<&str>::new(), "{rules:#?}");
        }
    }

    /// What comes close to the findings about looks, and about what a rule leaves open.
    #[test]
    fn what_is_meant_as_it_stands_is_left_alone() {
        let auto = "risk_level: low, approval: auto";
        for rule in [
            "- { match: { target: '{,*/}.env' }, approval: block }",
            "- { match: { type: 'a', target: [x, 'C:\\x'] }, approval: block }",
            "- { name: 'über straße 删除', match: { target: 'プロd-删除' }, approval: block }",
            "- { match: { target: \"prod\\u200B\" }, approval: block }",
            "- { match: { target: \"pr\\u043Ed\" }, approval: block }",
            "- { match: { type: a }, conditions: { param_eq: { code: '01234', n: 0, m: 10, v: 1.5 } }, approval: block }\n  \
             - { match: { type: a }, approval: block, risk_level: low }",
            "- { match: { type: a }, conditions: { param_eq: { s: 'yes', t: \"no\" } }, risk_level: high }",
            "- { match: { type: a }, conditions: { param_eq: { s: say yes } }, risk_level: high }",
            "- { match: { type: a }, conditions: { param_contains: { s: ' rm ' } }, risk_level: high }",
            "- { match: { type: a }, conditions: { param_gt: { n: 1e6 } }, risk_level: high }",
            "- name: a\n    match:\n      target: |-\n        prod\n    approval: block",
            "- { match: { type: a }, conditions: { time_after: '20:00', weekdays: [fri], timezone: UTC }, risk_level: high }",
            "- { match: { type: a }, conditions: { time_after: '08:00', timezone: UTC }, risk_level: high }",
            "- { match: { type: a, agent: bot }, approval: approve }\n  - { match: { type: a }, approval: block }",
        ] {
            let codes = found(&[rule]);
            let of_looks: Vec<_> =
                codes.iter().filter(|code| **code != "same-outcome" && **code != "avoidable-block").collect();
            assert!(of_looks.is_empty(), "{of_looks:?}: {rule}");
        }
        for rule in [
            "match: { type: a, target: 'crm/*' }",
            "match: { type: shell, target: '*' }",
            "match: { type: '*', target: 'crm*' }",
            "match: { type: shell, target: 'git status' }",
            "match: { type: a }, conditions: { param_lte: { n: 9 }, param_gte: { n: 1 } }",
            "match: { type: a }, conditions: { param_lte: { n: 9 }, param_eq: { n: 3 } }",
            "match: { type: a }, conditions: { param_lte: { n: 9 }, param_matches: { n: '^[0-9]$' } }",
            "match: { type: a }, conditions: { param_lte: { day: '2026-11-23' } }",
            "match: { type: a }, conditions: { param_matches: { p: '^/tmp/[a-z.]*$' } }",
            "match: { type: a }, conditions: { param_matches: { p: '^v1.2$' } }",
            "match: { type: a }, conditions: { param_matches: { p: '^a[.]com$' } }",
        ] {
            assert_eq!(found(&[&format!("- {{ {rule}, {auto} }}")]), Vec::<&str>::new(), "{rule}");
        }
    }

    #[test]
    fn a_rule_before_that_holds_it_back_ends_a_finding_about_what_is_left_open() {
        let auto = "risk_level: low, approval: auto }";
        for (code, rule, before) in [
            (
                "no-lower-bound",
                "- { match: { type: pay }, conditions: { param_lte: { n: 9 } },",
                "- { match: { type: pay }, conditions: { param_lt: { n: 0 } }, risk_level: high }",
            ),
            (
                "open-ended-command",
                "- { match: { type: shell, target: 'git status*' },",
                "- { match: { type: shell, target: '*[;&|<>$()]*' }, approval: block }",
            ),
        ] {
            let rule = format!("{rule} {auto}");
            assert_eq!(found(&[&rule]), [code]);
            assert_eq!(found(&[before, &rule]), Vec::<&str>::new(), "{rule}");
        }
    }

    /// Each witness is an action that the policy really decides so.
    #[test]
    fn a_block_behind_what_it_does_not_stop_is_found_and_an_exception_is_not() {
        let allow = "- { match: { type: list }, conditions: { param_gte: { n: 1 }, param_lte: { n: 9 } }, \
             risk_level: low, approval: auto }";
        let found = |block: &str| found(&[allow, block]).contains(&"auto-before-block");
        for block in [
            "- { match: { target: '*secret*' }, approval: block }",
            "- { match: { type: 'l*', target: 'S*', ignore_case: true }, approval: block }",
            "- { conditions: { weekdays: [sat, sun], timezone: UTC }, approval: block }",
            "- { match: { type: list }, conditions: { param_contains: { tags: x } }, approval: block }",
            "- { match: { type: list }, conditions: { param_gt: { n: 5 } }, approval: block }",
        ] {
            assert!(found(block), "{block}");
        }
        for block in [
            "- { match: { type: list }, approval: block }",
            "- { match: { type: '*' }, approval: block }",
            "- { match: { type: list }, conditions: { param_gt: { n: 9 } }, approval: block }",
            "- { match: { type: list }, conditions: { param_gt: { n: 0 } }, approval: block }",
            "- { match: { type: read, target: '*secret*' }, approval: block }",
        ] {
            assert!(!found(block), "{block}");
        }
    }

    #[test]
    fn several_files_are_looked_at_as_one_policy() {
        let first = b"version: '1'\nrules:\n  - { name: reads, match: { type: read }, risk_level: low, approval: auto }\n";
        let second =
            b"version: '1'\nrules:\n  - { name: payroll, match: { target: payroll }, approval: block }\n";
        let codes = |texts: &[&[u8]]| {
            let sources: Vec<_> = texts.iter().map(|text| Source { text }).collect();
            let found = lint(&load(&sources), &sources);
            found.iter().map(|found| (found.code.as_str(), found.primary.span.source.0)).collect::<Vec<_>>()
        };
        assert_eq!(codes(&[first, second]), [("auto-before-block", 1)]);
        assert_eq!(codes(&[second, first]), []);
    }

    #[test]
    fn conditions_that_follow_from_the_rules_own_let_a_rule_cover_it() {
        let first = "risk_level: critical, approval: block";
        for (earlier, later) in [
            ("param_gt: { n: 10 }", "param_gte: { n: 11 }"),
            ("param_lte: { n: 10 }", "param_lt: { /n: 10 }"),
            ("param_exists: { n: true }", "param_eq: { n: x }"),
            ("param_contains: { n: a }", "param_eq: { n: [a, b] }"),
            ("param_matches: { n: 'a' }", "param_eq: { n: cab }, param_exists: { m: true }"),
            ("weekdays: [1, 2, 3], timezone: UTC", "weekdays: [tue], timezone: UTC"),
            (
                "time_after: '20:00', time_before: '06:00', timezone: UTC",
                "time_after: '22:00', timezone: UTC",
            ),
        ] {
            let earlier = format!("- {{ match: {{ type: a }}, conditions: {{ {earlier} }}, {first} }}");
            let later = format!("- {{ match: {{ type: a }}, conditions: {{ {later} }}, risk_level: high }}");
            let rules = [earlier.as_str(), later.as_str()];
            assert!(found(&rules).contains(&"unreachable-rule"), "{rules:#?} {:?}", found(&rules));
        }
    }

    #[test]
    fn the_remedy_of_an_avoidable_block_ends_it_wherever_it_stands() {
        let block = "- { match: { type: delete }, conditions: { param_gt: { n: 9 } }, approval: block }";
        let remedy =
            "- { match: { type: 'del*' }, conditions: { param_exists: { n: false } }, approval: block }";
        assert_eq!(found(&[block]), ["avoidable-block"]);
        assert_eq!(found(&[block, remedy]), Vec::<&str>::new());
        assert_eq!(found(&[remedy, block]), Vec::<&str>::new());
    }

    #[test]
    fn a_comment_is_about_the_rule_below_it_alone() {
        let rule = "- { match: { type: a }, risk_level: high, approval: auto }";
        let allow = "# aegis: allow(auto-high-risk): harmless";
        assert_eq!(found(&[allow, rule]), Vec::<&str>::new());
        assert_eq!(found(&[allow, "# more words", rule]), Vec::<&str>::new());
        assert_eq!(found(&[&format!("{rule} {allow}")]), Vec::<&str>::new());
        assert_eq!(found(&[allow, "", rule]), ["unused-allow", "auto-high-risk"]);
        assert_eq!(found(&[rule, allow]), ["auto-high-risk", "unused-allow"]);
        assert_eq!(found(&["# aegis: allow(auto-high-risk) harmless", rule]), ["allow-without-reason"]);
        assert_eq!(found(&["# aegis: allow(auto-high-risk, same-outcome) — x", rule]), ["unused-allow"]);
        assert_eq!(
            found(&["- { name: '# aegis: nothing', match: { type: a }, risk_level: high }"]),
            Vec::<&str>::new()
        );
    }
}
