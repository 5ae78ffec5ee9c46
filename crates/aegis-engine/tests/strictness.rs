//! Policies that must be refused are, with the right code at the right place; what is merely unusual is read.
//!
//! In the tables `‸` marks where the finding must begin; it is taken out before the text is read.

#[cfg(test)]
mod policies {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use aegis_engine::{Action, Code, Loaded, MAX_POLICY_BYTES, Position, Severity, Source, load};

    /// Whole files.
    const FILES: &[(&str, &str)] = &[
        (
            "invalid-approver",
            "version: 1\napprovers: { ana: { account: ‸\"\" } }\nrules: [{ approval: { by: [ana] } }]\n",
        ),
        (
            "invalid-ssh-key",
            "version: 1\napprovers: { cy: { ssh_key: ‸\"ssh-ed25519 !\" } }\nrules: [{ approval: { by: [cy] } }]\n",
        ),
        (
            "duplicate-approver",
            "version: 1\napprovers:\n  ana: { account: ana }\n  ‸boss: { account: ana }\nrules: [{ approval: { by: [ana] } }]\n",
        ),
        (
            "empty-approvers",
            "version: 1\napprovers: { ana: { account: ana } }\nrules: [{ approval: { by: ‸[] } }, { approval: { by: [ana] } }]\n",
        ),
        ("yaml-documents", "‸"),
        ("yaml-documents", "‸# nothing but a comment\n"),
        ("yaml-documents", "version: 1\nrules: []\n---\n‸version: 1\nrules: []\n"),
        ("yaml-syntax", "version: 1\nrules: ‸["),
        ("yaml-syntax", "version: 1\nrules: ‸[}"),
        ("yaml-syntax", "version: 1\nrules:\n‸\t- name: a\n"),
        ("yaml-syntax", "version: 1\nrules: []\nname: ‸\"never closed\n"),
        ("wrong-type", "‸[version, rules]\n"),
        ("wrong-type", "‸version\n"),
        ("missing-key", "‸version: 1\n"),
        ("missing-key", "# a comment first\n\n‸rules: []\n"),
        ("missing-key", "‸{ rules: [] }"),
        ("unsupported-version", "version: ‸2\nrules: []\n"),
        ("unsupported-version", "version: ‸\"1.0\"\nrules: []\n"),
        ("unsupported-version", "version: ‸1.0\nrules: []\n"),
        ("unsupported-version", "version: ‸[1]\nrules: []\n"),
        ("duplicate-key", "version: 1\nrules: []\n‸version: 1\n"),
        ("duplicate-key", "{ version: 1, rules: [], ‸\"rules\": [] }"),
        ("unknown-key", "version: 1\nrules: []\n‸default: { approval: block }\n"),
        ("unknown-key", "version: 1\r\nrules: []\r\n# é 删 🙂\r\n‸rule: []\r\n"),
        ("unknown-key", "\u{FEFF}version: 1\nrules: []\n‸rule: []\n"),
        ("wrong-type", "version: 1\nrules: ‸{}\n"),
        ("wrong-type", "version: 1\nrules: ‸\"none\"\n"),
        ("wrong-type", "version: 1\nrules: []\ndefaults: ‸auto\n"),
        ("unknown-word", "version: 1\nrules: []\ndefaults: { approval: ‸allow }\n"),
        ("unknown-word", "version: 1\nrules: []\ndefaults: { risk_level: ‸'LOW' }\n"),
        ("invalid-timezone", "version: 1\nrules: []\ndefaults: { timezone: ‸Europe/Berlni }\n"),
        ("unknown-key", "version: 1\nrules: []\ndefaults: { ‸rule: x }\n"),
        ("yaml-unknown-alias", "version: 1\nrules: [‸*nowhere]\n"),
        ("yaml-unknown-alias", "version: 1\nrules: &rules [‸*rules]\n"),
        ("yaml-tag", "version: 1\nrules: ‸!!set []\n"),
        ("yaml-tag", "version: ‸!secret 1\nrules: []\n"),
        ("invalid-example", "version: 1\nrules: []\nexamples: [{ expect: auto, action: ‸{ type: a } }]\n"),
        (
            "invalid-example",
            "version: 1\nrules: []\nexamples: [{ expect: ‸{}, action: { type: a, target: b } }]\n",
        ),
        (
            "invalid-example",
            "version: 1\nrules: []\nexamples:\n- action: { type: a, target: b }\n  at: ‸2026-11-23\n  expect: auto\n",
        ),
        (
            "unknown-word",
            "version: 1\nrules: []\nexamples: [{ action: { type: a, target: b }, expect: ‸allow }]\n",
        ),
        ("missing-key", "version: 1\nrules: []\nexamples: [‸{ action: { type: a, target: b } }]\n"),
        ("empty-redact", "version: 1\nredact: ‸[]\nrules: []"),
        ("empty-redact", "version: 1\nredact: [iban, ‸'']\nrules: []"),
        ("wrong-type", "version: 1\nredact: ‸iban\nrules: []"),
        ("wrong-type", "version: 1\nredact: [‸7]\nrules: []"),
        ("invalid-glob", "version: 1\nredact: ['a‸[']\nrules: []"),
        ("invalid-pointer", "version: 1\nredact: [‸/a~2]\nrules: []"),
        (
            "duplicate-key",
            "version: 1\nrules: []\nexamples: [{ action: { type: a, target: b, ‸type: c }, expect: auto }]",
        ),
    ];

    /// One rule, in flow style and after a rule that is sound.
    const RULES: &[(&str, &str)] = &[
        ("unknown-approver", "{ approval: { by: [‸ana] } }"),
        ("invalid-quorum", "{ approval: { quorum: ‸0 } }"),
        ("invalid-quorum", "{ approval: { quorum: ‸\"2\" } }"),
        ("invalid-duration", "{ approval: { ttl: ‸PT1H } }"),
        ("duration-too-long", "{ approval: { ttl: ‸30d } }"),
        ("duration-too-long", "{ approval: { use_within: ‸2d } }"),
        ("impossible-approval", "{ approval: { evidence: ‸signature } }"),
        ("terms-without-question", "{ approval: { mode: ‸auto, ttl: 1h } }"),
        ("missing-key", "{ approval: { grant: ‸{ uses: 1 } } }"),
        ("duration-too-long", "{ approval: { grant: { for: ‸2d } } }"),
        ("invalid-grant", "{ approval: { grant: { for: 1m, uses: ‸0 } } }"),
        ("invalid-grant", "{ approval: { grant: { for: 1m, same: ‸[] } } }"),
        ("invalid-grant", "{ approval: { grant: { for: 1m, same: [type, ‸session] } } }"),
        ("invalid-pointer", "{ approval: { grant: { for: 1m, same: [‸/~] } } }"),
        ("critical-grant", "{ risk_level: critical, approval: { grant: ‸{ for: 1m } } }"),
        ("wrong-type", "‸block"),
        ("unknown-key", "{ ‸mtach: { type: a } }"),
        ("unknown-key", "{ ‸type: a }"),
        ("unknown-key", "{ ‸Approval: block }"),
        ("unknown-key", "{ ‸<<: { approval: block } }"),
        ("duplicate-key", "{ approval: block, ‸approval: auto }"),
        ("duplicate-key", "{ approval: block, ‸\"appr\\x6fval\": auto }"),
        ("empty-name", "{ name: ‸'' }"),
        ("empty-name", "{ name: ‸<default> }"),
        ("invalid-reason", "{ reason: ‸'' }"),
        ("invalid-reason", "{ reason: ‸\" \\n\\t\" }"),
        ("wrong-type", "{ reason: ‸7 }"),
        ("wrong-type", "{ reason: ‸[because] }"),
        ("wrong-type", "{ match: { ignore_case: ‸yes } }"),
        ("wrong-type", "{ match: { ignore_case: ‸1 } }"),
        ("unknown-key", "{ ‸ignore_case: true }"),
        ("wrong-type", "{ name: ‸12 }"),
        ("wrong-type", "{ name: ‸true }"),
        ("unknown-word", "{ approval: ‸no }"),
        ("wrong-type", "{ approval: ‸false }"),
        ("wrong-type", "{ risk_level: ‸~ }"),
        ("unknown-word", "{ risk_level: ‸hgih }"),
        ("wrong-type", "{ match: ‸'*' }"),
        ("wrong-type", "{ match: { type: ‸1 } }"),
        ("wrong-type", "{ match: { type: [a, ‸[b]] } }"),
        ("unknown-key", "{ match: { ‸tpye: a } }"),
        ("empty-globs", "{ match: { target: ‸[] } }"),
        ("invalid-glob", "{ match: { type: 'ab‸[' } }"),
        ("invalid-glob", "{ match: { type: [ok, \"é‸{a,b\"] } }"),
        ("invalid-glob", "{ match: { agent: 'a‸}' } }"),
        ("invalid-glob", "{ match: { type: 'x[‸z-a]' } }"),
        ("invalid-glob", "{ match: &m { type: '‸[a' } }"),
        ("wrong-type", "{ conditions: ‸[] }"),
        ("wrong-type", "{ ‸[a]: b }"),
    ];

    /// The conditions of a rule, in block style.
    const CONDITIONS: &[(&str, &str)] = &[
        ("unknown-key", "‸parm_gt: { count: 100 }"),
        ("unknown-key", "‸param_startswith: { count: a }"),
        ("duplicate-key", "param_gt: { count: 1, ‸count: 2 }"),
        ("duplicate-key", "param_gt: { count: 1 }\n      ‸param_gt: { count: 2 }"),
        ("invalid-time", "time_after: ‸\"24:00\""),
        ("invalid-time", "time_after: ‸8:00"),
        ("invalid-time", "time_before: ‸0800"),
        ("invalid-time", "time_before: ‸\"08:00:00\""),
        ("wrong-type", "time_before: ‸[\"08:00\"]"),
        ("impossible-window", "time_after: ‸12:00\n      time_before: 12:00"),
        ("impossible-window", "time_before: ‸00:00"),
        ("unknown-word", "weekdays: [1, ‸8]"),
        ("unknown-word", "weekdays: [‸0]"),
        ("unknown-word", "weekdays: [mon, ‸Tue]"),
        ("unknown-word", "weekdays: [‸1.5]"),
        ("empty-condition", "weekdays: ‸[]"),
        ("wrong-type", "weekdays: ‸mon"),
        ("invalid-timezone", "time_after: 08:00\n      timezone: ‸\"+02:00\""),
        ("invalid-timezone", "time_after: 08:00\n      timezone: ‸europe/berlin"),
        ("empty-condition", "param_eq: ‸{}"),
        ("wrong-type", "param_eq: ‸count"),
        ("wrong-type", "param_eq: ‸[count]"),
        ("invalid-operand", "param_eq: { count: ‸null }"),
        ("invalid-operand", "param_contains: { tags‸: }"),
        ("invalid-operand", "param_gt: { count: ‸true }"),
        ("invalid-operand", "param_lte: { count: ‸[1] }"),
        ("wrong-type", "param_exists: { count: ‸yes }"),
        ("wrong-type", "param_exists: { count: ‸1 }"),
        ("wrong-type", "param_matches: { path: ‸1 }"),
        ("invalid-regex", "param_matches: { path: 'a‸(' }"),
        ("invalid-regex", "param_matches: { path: '‸(?=a)' }"),
        ("invalid-regex", "param_matches: { path: ‸'(a{1000}){1000}' }"),
        ("invalid-pointer", "param_gt: { ‸/a~2b: 1 }"),
        ("invalid-pointer", "param_gt: { ‸\"/a~\": 1 }"),
        ("yaml-number", "param_gt: { count: ‸.inf }"),
        ("yaml-number", "param_gt: { count: ‸-.INF }"),
        ("yaml-number", "param_eq: { count: [‸.NaN] }"),
        ("yaml-number", "param_gt: { count: ‸1e999 }"),
        ("yaml-number", "param_gt: { count: ‸18446744073709551616 }"),
        ("yaml-number", "param_gt: { count: ‸-9223372036854775809 }"),
        ("yaml-number", "param_gt: { count: ‸0xFFFFFFFFFFFFFFFFF }"),
        ("yaml-tag", "param_gt: { count: ‸!!int x }"),
        ("duplicate-key", "param_eq: { a: { b: 1, ‸b: 2 } }"),
    ];

    struct Broken {
        code: &'static str,
        text: Vec<u8>,
        at: Position,
    }

    /// Takes the mark out and counts for itself where it stood.
    fn marked(code: &'static str, text: &str) -> Broken {
        let (before, after) = text.split_once('‸').unwrap();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        Broken { code, text: format!("{before}{after}").into_bytes(), at: Position { line, column } }
    }

    /// Those that are too large to be written down here.
    fn made() -> Vec<Broken> {
        let start = Position { line: 1, column: 1 };
        let deep = |open: &str| format!("version: 1\nrules: {}", open.repeat(100_000));
        let mut laughs =
            "version: 1\nrules: []\nexamples:\n- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..7 {
            let alias = format!("*a{}", level - 1);
            let _ = writeln!(laughs, "- &a{level} [{}]", vec![alias; 10].join(", "));
        }
        let not_utf8 = [b"version: 1\nrules: []\n# ".as_slice(), b"\xC3\x28\n"].concat();
        vec![
            Broken { code: "file-too-large", text: vec![b' '; MAX_POLICY_BYTES + 1], at: start },
            Broken { code: "not-utf8", text: not_utf8, at: Position { line: 3, column: 3 } },
            Broken {
                code: "yaml-too-deep",
                text: deep("[").into(),
                at: Position { line: 2, column: 8 + 64 },
            },
            Broken {
                code: "yaml-too-deep",
                text: deep("{a: ").into(),
                at: Position { line: 2, column: 8 + 4 * 64 },
            },
            Broken {
                code: "yaml-alias-expansion",
                text: laughs.into(),
                at: Position { line: 9, column: 43 },
            },
        ]
    }

    fn broken() -> Vec<Broken> {
        let files = FILES.iter().map(|(code, text)| marked(code, text));
        let rules = RULES
            .iter()
            .map(|(code, rule)| marked(code, &format!("version: 1\nrules: [{{ name: é🙂 }},\n  {rule}]\n")));
        let conditions = CONDITIONS.iter().map(|(code, conditions)| {
            marked(
                code,
                &format!("version: \"1\"\nrules:\n  - name: sound\n  - conditions:\n      {conditions}\n"),
            )
        });
        files.chain(rules).chain(conditions).chain(made()).collect()
    }

    fn read(text: &[u8]) -> Loaded {
        load(&[Source { text }])
    }

    fn shown(text: &[u8]) -> String {
        String::from_utf8_lossy(&text[..text.len().min(300)]).into_owned()
    }

    #[test]
    fn every_broken_policy_is_refused_with_one_finding_at_its_place() {
        let mut wrong = Vec::new();
        for case in broken() {
            let loaded = read(&case.text);
            assert!(loaded.policy.is_none(), "{}", shown(&case.text));
            // Columns of a text that is not UTF-8 are counted in what is valid before.
            let text = String::from_utf8_lossy(&case.text);
            let place =
                |found: &aegis_engine::Diagnostic| Position::of(&text, found.primary.span.range().start);
            let found: Vec<_> =
                loaded.diagnostics.iter().map(|found| format!("{} {}", place(found), found.code)).collect();
            if found != [format!("{} {}", case.at, case.code)] {
                wrong.push(format!(
                    "{}\n  wanted {} {}, found {found:?}",
                    shown(&case.text),
                    case.at,
                    case.code
                ));
            }
        }
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn every_code_of_loading_is_among_the_broken_policies() {
        let covered: BTreeSet<_> = broken().iter().map(|case| case.code).collect();
        // Comments that silence warnings are looked at with the warnings, after loading.
        let of_loading = |code: &&Code| {
            code.level() == Severity::Error && !matches!(code, Code::UnknownLint | Code::AllowWithoutReason)
        };
        let missing: Vec<_> =
            Code::ALL.iter().filter(of_loading).filter(|code| !covered.contains(code.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(covered.iter().all(|word| Code::ALL.iter().any(|code| code.as_str() == *word)));
    }

    #[test]
    fn all_findings_of_a_file_come_at_once_and_in_order() {
        let text = b"version: 3\nrules:\n- &r { nmae: a, match: { type: '[' } }\n- *r\n- { approval: ask }\n";
        let found: Vec<_> = read(text)
            .diagnostics
            .iter()
            .map(|found| {
                let at = Position::of(std::str::from_utf8(text).unwrap(), found.primary.span.range().start);
                format!("{at} {}", found.code)
            })
            .collect();
        let mut distinct = found.clone();
        distinct.dedup();
        let wanted =
            ["1:10 unsupported-version", "3:8 unknown-key", "3:33 invalid-glob", "5:15 unknown-word"];
        assert_eq!(distinct, wanted, "{found:?}");
    }

    #[test]
    fn a_finding_in_a_second_file_is_placed_in_that_file() {
        let sound = Source { text: b"version: 1\nrules: []\n" };
        let loaded = load(&[sound, Source { text: b"version: 1\nrule: []\n" }]);
        let sources: BTreeSet<_> =
            loaded.diagnostics.iter().map(|found| found.primary.span.source.0).collect();
        assert_eq!(sources, BTreeSet::from([1]));
        assert!(loaded.policy.is_none());
    }

    #[test]
    fn a_place_never_cuts_a_character_in_two() {
        for text in [
            "é: 1\n",
            "{ 删: 1 }\n",
            // The escape `\L` is longer when read, `\t` shorter, so the text is as long as what it stands
            // for.
            "version: 1\nrules: [{ match: { type: \"\\L[é-a]\\t\" } }]\n",
            "version: 1\nrules: [{ match: { type: '[é-a]' } }]\n",
            "version: 1\nrules: [{ name: é\u{1} }]\n",
            "version: 1\nrules: [é\n",
        ] {
            for found in read(text.as_bytes()).diagnostics {
                let range = found.primary.span.range();
                assert!(text.get(range.clone()).is_some(), "{} at {range:?} of {text:?}", found.code);
            }
        }
    }

    #[test]
    fn aliases_do_not_nest_values_deeper_than_they_may_be_written() {
        let mut text = "version: 1\nrules:\n- conditions:\n    param_eq:\n      k0: &a0 [x]\n".to_owned();
        for level in 1..100 {
            let _ = writeln!(text, "      k{level}: &a{level} [*a{}]", level - 1);
        }
        let loaded = read(text.as_bytes());
        assert!(loaded.policy.is_none(), "a value 100 levels deep is accepted");
        assert!(loaded.diagnostics.iter().any(|found| found.code == Code::YamlTooDeep));
    }

    /// Rules in unusual writing, and whether each matches
    /// `{"type":"no","target":"on","params":{"a":1,"01":2,...}}`.
    const UNUSUAL: &[(&str, bool)] = &[
        ("{ match: { type: no } }", true),
        ("{ match: { type: [yes, no, off] } }", true),
        ("{ match: { type: off } }", false),
        ("{ name: no, match: { target: on } }", true),
        ("{ match: { type: !!str no } }", true),
        ("{ match: { type: ! no } }", true),
        ("{ \"match\": { 'type': \"n\\x6f\" } }", true),
        ("{ match: { type: \"\\u006e\\U0000006f\" } }", true),
        ("{ match: {} }", true),
        ("{}", true),
        ("{ conditions: {} }", true),
        ("{ conditions: { time_after: 01:58 } }", true),
        ("{ conditions: { time_after: 12:31, time_before: 01:58 } }", false),
        ("{ conditions: { time_after: 22:00, time_before: 12:31 } }", true),
        ("{ conditions: { weekdays: [7, sun] } }", true),
        ("{ conditions: { timezone: Asia/Tokyo, time_after: 21:30, time_before: 21:31 } }", true),
        ("{ conditions: { param_eq: { a: 0x1 } } }", true),
        ("{ conditions: { param_eq: { a: 0o1 } } }", true),
        ("{ conditions: { param_eq: { a: +1 } } }", true),
        ("{ conditions: { param_eq: { a: 1. } } }", true),
        ("{ conditions: { param_eq: { a: !!float 1 } } }", true),
        ("{ conditions: { param_eq: { a: !!str 1 } } }", false),
        ("{ conditions: { param_eq: { a: 1_0 } } }", false),
        ("{ conditions: { param_eq: { b: 2026-01-01 } } }", true),
        ("{ conditions: { param_eq: { c: yes } } }", false),
        ("{ conditions: { param_eq: { c: TRUE } } }", true),
        ("{ conditions: { param_eq: { \"\": empty } } }", true),
        ("{ conditions: { param_eq: { /: empty } } }", true),
        ("{ conditions: { param_eq: { \"01\": zero } } }", true),
        ("{ conditions: { param_eq: { é: [1, { x: null }] } } }", true),
        ("{ conditions: { param_contains: { é: { x: ~ } } } }", true),
        ("&rule { match: &globs { type: &word no, target: *word } }", false),
    ];

    fn matches(rule: &str) -> bool {
        let action =
            br#"{"type":"no","target":"on","params":{"a":1,"b":"2026-01-01","c":true,"":"empty","01":"zero",
            "1":"one","null":"null","\u00e9":[1,{"x":null}]}}"#;
        let text = format!("version: 1\nrules:\n- {rule}\n");
        let loaded = read(text.as_bytes());
        let policy = loaded.policy.unwrap_or_else(|| panic!("{rule}: {:?}", loaded.diagnostics));
        let decision =
            policy.decide(&Action::from_json(action).unwrap(), "2026-11-22T12:30:00Z".parse().unwrap());
        assert!(decision.undecidable().is_empty(), "{rule}: {decision:?}");
        decision.matched_rule() != "<default>"
    }

    #[test]
    fn unusual_writing_means_what_yaml_1_2_says() {
        for (rule, expected) in UNUSUAL {
            assert_eq!(matches(rule), *expected, "{rule}");
        }
    }

    #[test]
    fn a_parameter_key_that_looks_like_a_number_is_not_another_key() {
        assert!(!matches("{ conditions: { param_exists: { 01: false } } }"), "`01` is there, and is not `1`");
        assert!(!matches("{ conditions: { param_eq: { 01: one } } }"), "`01` is not `1`");
        assert!(!matches("{ conditions: { param_eq: { 0x1: one } } }"), "`0x1` is not `1`");
        assert!(!matches("{ conditions: { param_eq: { ~: \"null\" } } }"), "`~` is not `null`");
    }

    #[test]
    fn a_policy_in_any_file_form_is_read() {
        for text in [
            "version: \"1\"\nrules: []",
            "version: 1\r\nrules: []\r\n",
            "\u{FEFF}version: 1\nrules: []\n",
            "%YAML 1.2\n---\nversion: 1\nrules: []\n...\n",
            "---\n# comment\nversion: 1 # one\nrules: # none\n  []\n# end",
            "{\"version\":\"1\",\"rules\":[],\"defaults\":{}}",
            "\n\n\nrules: []\nversion: '1'\n",
            "? version\n: 1\n? rules\n: []\n",
            "version: 1\nrules:\n- name: |-\n    a b\n  match:\n    type: >-\n      a\n      b\n",
            "version: 1\nrules:\n- &a { name: a, approval: &block block }\n- { name: b, approval: *block }\n- *a\n",
            "version: 1\nrules: []\nexamples: []\n",
        ] {
            let loaded = read(text.as_bytes());
            assert!(loaded.policy.is_some(), "{text:?}: {:?}", loaded.diagnostics);
            assert!(loaded.diagnostics.is_empty(), "{text:?}: {:?}", loaded.diagnostics);
        }
    }
}
