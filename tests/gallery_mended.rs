//! Each help of the gallery's warnings about what a policy only seems to say, followed: the policy then has
//! no finding.

use std::fmt::Write as _;

use crate::environment::TestEnvironment;

/// The file of the gallery, what to replace in it, and by what.
const MENDED: &[(&str, &str, &str)] = &[
    ("glob-like-regex-alternatives", "run|exec", "{run,exec}"),
    ("glob-like-regex-group", "^(run|exec)$", "{run,exec}"),
    ("glob-like-regex-directory", "src/.*", "src/*"),
    ("glob-like-regex-anchors", "^run$", "run"),
    ("glob-like-regex-anywhere", ".*secret.*", "*secret*"),
    ("glob-like-regex-plus", "prod-.+", "prod-?*"),
    ("glob-like-regex-redact", "iban|bic", "{iban,bic}"),
    ("foreign-glob-negation", "\"!prod*\"", "\"[!p]*\""),
    ("foreign-glob-extended", "!(prod,staging)", "{prod,staging}"),
    ("foreign-glob-backslash", r"a\*b", "a[*]b"),
    ("foreign-glob-class", r"\d+", "[0-9]*"),
    ("foreign-glob-directories", "**/.env", "{,*/}.env"),
    ("foreign-glob-directories-within", "src/**/key.pem", "src/{,*/}key.pem"),
    ("foreign-glob-range", "{1..5}", "[1-5]"),
    ("foreign-glob-sql", "orders_%", "orders_*"),
    ("comma-in-glob", "\"delete, drop, truncate\"", "[\"delete\", \"drop\", \"truncate\"]"),
    ("comma-in-glob-agent", "\"web,api\"", "[\"web\", \"api\"]"),
    ("blank-at-end", "prod ", "prod"),
    ("blank-at-end-operand", "\" prod\"", "prod"),
    ("blank-at-end-key", "env ", "env"),
    ("blank-at-end-redact", " iban", "iban"),
    ("block-scalar", "|\n        prod", "'prod'"),
    ("block-scalar-folded", ">-\n          ^prod[.]\n          acme$", "'^prod[.]acme$'"),
    ("block-scalar-lines", "\"prod\n        staging\"", "'prod staging'"),
    ("hidden-character", "\u{200b}", ""),
    ("hidden-character", "\u{200b}", "\\u200B"),
    ("hidden-character-blank", "\u{a0}", " "),
    ("hidden-character-operand", "\u{202e}", "\\u202E"),
    ("look-alike-character-script", "\u{43e}", "o"),
    ("look-alike-character-script", "\u{43e}", "\\u043E"),
    ("look-alike-character-dash", "\u{2013}", "-"),
    ("look-alike-character-width", "\u{ff50}", "p"),
    ("lost-spelling-zeros", "01234", "\"01234\""),
    ("lost-spelling-hexadecimal", "0x1F", "31"),
    ("lost-spelling-version", "1.10", "\"1.10\""),
    ("lost-spelling-list", "007", "\"007\""),
    ("lost-spelling-order", "0100", "100"),
    ("word-for-boolean", "yes", "true"),
    ("word-for-boolean", "yes", "\"yes\""),
    ("word-for-boolean-contains", "off", "\"off\""),
    (
        "unused-ignore-case",
        "{ target: \"*\", ignore_case: true }",
        "{ type: \"deploy*\", ignore_case: true }",
    ),
    ("glob-in-operand", "param_eq: { env: \"prod*\" }", "param_matches: { env: '^prod.*$' }"),
    ("glob-in-operand-part", "\"*secret*\"", "\"secret\""),
    ("unescaped-dot", "docs.acme.com", "docs[.]acme[.]com"),
    ("unanchored-regex-anything-behind", ".*$", "[a-z]+$"),
    ("unanchored-regex-anything-before", "^.*[.]", "^[a-z]+[.]"),
    ("no-lower-bound", "param_lte:", "param_gte: { cents: 0 }, param_lte:"),
    ("no-lower-bound-pointer", "param_lt:", "param_gte: { /order/total: 0 }, param_lt:"),
    ("open-ended-command", "\"git status*\"", "[\"git status\", \"git status -s\"]"),
    ("open-ended-command-program", "ls*", "ls"),
    ("ends-at-midnight", "\"20:00\"", "\"20:00\", time_before: \"06:00\""),
    ("ends-at-midnight-auto", "\"18:00\"", "\"18:00\", time_before: \"06:00\""),
    ("strict-by-agent-word", ", agent: intern", ""),
];

#[test]
fn a_help_that_is_followed_leaves_no_finding() {
    let environment = TestEnvironment::empty();
    let mut failed = String::new();
    for (name, from, to) in MENDED {
        let path = format!("{}/../../tests/gallery/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let broken = std::fs::read_to_string(path).unwrap();
        let places = broken.matches(from).count();
        if places != 1 {
            writeln!(failed, "{name}: {from} stands there {places} times").unwrap();
        }
        environment.write("mended.yaml", broken.replace(from, to));
        let run = environment.aegis(&["validate", "--deny", "warnings", "mended.yaml"]);
        if run.code != 0 {
            writeln!(failed, "{name}:\n{}", run.stdout).unwrap();
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

/// A block that is moved before what it should stop stops it.
#[test]
fn a_block_that_is_moved_up_leaves_no_finding() {
    let environment = TestEnvironment::empty();
    for name in ["auto-before-block", "auto-before-block-time", "auto-before-block-condition"] {
        let path = format!("{}/../../tests/gallery/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let broken = std::fs::read_to_string(path).unwrap();
        let (head, rules) = broken.split_once("rules:\n").unwrap();
        let second = rules.rfind("  - name:").unwrap();
        let (auto, block) = rules.split_at(second);
        environment.write("mended.yaml", format!("{head}rules:\n{block}{auto}"));
        let run = environment.aegis(&["validate", "mended.yaml"]);
        assert!(run.code == 0 && !run.stdout.contains("auto-before-block"), "{run:?}");
    }
}
