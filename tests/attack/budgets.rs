//! Limits for each thing, and for their sum; numbers as they are written.

use aegis_testkit::Run;

use crate::environment::TestEnvironment;

const LIMITED: &str = r#"version: "1"
defaults: { approval: block }
rules:
  - name: small
    match: { type: pay }
    conditions: { param_lte: { amount: 100 } }
    approval: auto
  - name: exact
    match: { type: pick }
    conditions: { param_eq: { amount: 0.1000000000000000055 } }
    approval: auto
"#;

fn pay(amount: &str) -> String {
    format!(r#"{{"type":"pay","target":"bank","params":{{"amount":{amount}}}}}"#)
}

#[test]
fn a_fraction_that_floats_forget_does_not_slip_past_a_limit() {
    let environment = TestEnvironment::with_policy(LIMITED);
    for (amount, code) in [
        ("100", 0),
        ("100.0000000000000000000000", 0),
        ("10000000000000000000000e-20", 0),
        ("99.99999999999999999999999", 0),
        ("100.00000000000000001", 1),
        ("100.00000000000000000000000000000000000000000000000000001", 1),
        ("1e-400", 0),
        ("1e-999999999", 5),
        ("1e999999999", 5),
    ] {
        let run = environment.check(&pay(amount));
        assert_eq!(run.code, code, "{amount}: {run:?}");
    }
    let pick = |amount: &str| environment.check(&pay(amount).replace("pay", "pick")).code;
    assert_eq!((pick("0.1000000000000000055"), pick("0.1"), pick("0.1000000000000000056")), (0, 1, 1));
}

#[test]
fn two_numbers_have_two_digests_and_one_number_has_one() {
    let environment = TestEnvironment::with_policy(LIMITED);
    let digest = |amount: &str| environment.check(&pay(amount)).json()["action_sha256"].clone();
    assert_ne!(digest("99"), digest("99.00000000000000001"));
    assert_ne!(digest("9007199254740992.0"), digest("9007199254740993.0"));
    assert_ne!(digest("0"), digest("1e-400"));
    assert_eq!(digest("0.5"), digest("5e-1"));
    assert_eq!(digest("1"), digest("1.000"));
    // The digest that this number always had.
    let canonical = r#"{"params":{"amount":99.5},"target":"bank","type":"pay"}"#;
    assert_eq!(digest("9.95e1"), aegis_engine::Digest::of(canonical.as_bytes()).to_string());
}

#[test]
fn what_is_recorded_and_copied_has_every_digit() {
    let environment = TestEnvironment::with_policy(LIMITED);
    let amount = "99.00000000000000001";
    assert_eq!(environment.check(&pay(amount)).code, 0);
    let holds = |run: &Run| assert!(run.stdout.contains(amount), "{run:?}");
    for format in ["json", "jsonl", "csv", "ocsf", "cef"] {
        holds(&environment.aegis(&["audit", "--format", format]));
    }
    holds(&environment.aegis(&["audit", "--events"]));
    holds(&environment.aegis(&["audit", "show", "seq:1"]));
    holds(&environment.aegis(&["audit", "show", "seq:1", "--format", "json"]));
    let verified = environment.aegis(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn an_object_that_the_json_library_takes_for_a_number_stays_an_object() {
    let environment = TestEnvironment::with_policy(LIMITED);
    for word in ["Number", "RawValue"] {
        let object = format!(r#"{{"$serde_json::private::{word}":"1"}}"#);
        assert_eq!(environment.check(&pay(&object)).code, 1, "an object is no amount");
    }
    // Not read here: that library would read them.
    for (seq, word) in [("seq:1", "Number"), ("seq:2", "RawValue")] {
        for view in [&["show", seq, "--format", "json"][..], &["--format", "json"]] {
            let shown = environment.aegis(&[&["audit"], view].concat());
            assert!(shown.stdout.contains(&format!("$serde_json::private::{word}")), "{shown:?}");
        }
    }
}

/// Runs `aegis` with no more memory and time than given: megabytes, and seconds of computing.
fn within(environment: &TestEnvironment, arguments: &str, megabytes: u32, seconds: u32) -> Run {
    let script = format!("ulimit -v {}; ulimit -t {seconds}; exec \"$AEGIS\" {arguments}", megabytes * 1024);
    Run::of(environment.shell(&script).output().unwrap())
}

/// A policy of so many rules, each with an expression.
fn expressions(count: usize, expression: impl Fn(usize) -> String) -> String {
    let rule = |number: usize| {
        let expression = expression(number);
        format!(
            "  - {{ match: {{ type: read }}, conditions: {{ param_matches: {{ q: '{expression}' }} }}, approval: block }}\n"
        )
    };
    let rules: String = (0..count).map(rule).collect();
    format!("version: \"1\"\ndefaults: {{ approval: auto }}\nrules:\n{rules}")
}

#[test]
fn many_large_expressions_are_too_large_together() {
    let check = "check read:crm --param q=x -p policy.yaml";
    let environment =
        TestEnvironment::with_policy(&expressions(200, |number| format!(r"\w{{{}}}", 40 + number)));
    let run = within(&environment, check, 1024, 30);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("the patterns of this policy are too large together"), "{run:?}");
    assert_eq!(run.stderr.matches("too large together").count(), 1, "it is said once: {run:?}");
    assert!(run.stderr.contains("help: repeat large classes less often"), "{run:?}");
    // The same expression many times is one, and many small ones are fine.
    for policy in
        [expressions(200, |_| r"\w{150}".to_owned()), expressions(5000, |number| format!("^x{number}$"))]
    {
        let environment = TestEnvironment::with_policy(&policy);
        let run = within(&environment, check, 1024, 30);
        assert_eq!(run.code, 0, "{run:?}");
    }
}

#[test]
fn globs_have_a_part_in_the_budget() {
    let glob = |number: usize| format!("  - {{ match: {{ type: '{number}{}' }} }}\n", "[!x]".repeat(300));
    let rules: String = (0..1000).map(glob).collect();
    let environment = TestEnvironment::with_policy(&format!("version: \"1\"\nrules:\n{rules}"));
    let run = within(&environment, "check read:crm -p policy.yaml", 1024, 30);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("the patterns of this policy are too large together"), "{run:?}");
}

#[test]
fn ten_thousand_globs_of_names_meet_ten_thousand_names() {
    let globs: Vec<String> = (0..10_000).map(|number| format!("\"*field{number}z*\"")).collect();
    let policy = format!("version: \"1\"\nredact: [{}]\nrules: [{{ approval: auto }}]\n", globs.join(","));
    let environment = TestEnvironment::with_policy(&policy);
    let params: Vec<String> = (0..9_990).map(|number| format!("\"a_field{number}y\":0")).collect();
    let params = format!("{},\"a_field7z\":\"canary\"", params.join(","));
    environment.write("action.json", format!(r#"{{"type":"read","target":"crm","params":{{{params}}}}}"#));
    let run = within(&environment, "check -p policy.yaml < action.json", 1024, 15);
    assert_eq!(run.code, 0, "{run:?}");
    let shown = environment.aegis(&["audit", "--format", "jsonl"]);
    assert!(!shown.stdout.contains("canary") && shown.stdout.contains("a_field7y\":0"));
}

#[test]
fn a_long_table_is_shown_in_parts() {
    let environment = TestEnvironment::with_policy("version: \"1\"\nrules: [{ approval: auto }]\n");
    let action = "{\"type\":\"read\",\"target\":\"crm\"}\n";
    let run = environment.aegis_with_input(&["check", "--jsonl", "--quiet"], action.repeat(40_000));
    assert_eq!(run.code, 0);
    // All of it at once would take a hundred megabytes.
    let whole = within(&environment, "audit -n 40000", 80, 120);
    assert_eq!((whole.code, whole.stdout.lines().count()), (0, 40_001), "{}", whole.stderr);
    let table = environment.aegis(&["audit", "-n", "2500"]).stdout;
    assert_eq!(table.lines().count(), 2501);
    let place = table.lines().next().unwrap().find("Decision").unwrap();
    assert!(table.lines().skip(1).all(|line| line.get(place..).unwrap().starts_with("auto")), "{table}");
}

#[test]
fn many_findings_on_one_line_are_shown_as_fast_as_on_many() {
    let environment = TestEnvironment::empty();
    let rules = vec!["{x: 1}"; 15_000].join(", ");
    environment.write("policy.yaml", format!("version: \"1\"\nrules: [é, {rules}]\n"));
    for format in ["text", "json", "sarif", "github"] {
        let run = within(&environment, &format!("validate --format {format} policy.yaml"), 1024, 30);
        assert_eq!(run.code, 1, "{format}: {}", run.stderr.len());
    }
    assert_eq!(within(&environment, "check read:crm -p policy.yaml", 1024, 30).code, 5);
}

#[test]
fn what_would_help_is_found_as_fast_for_many_findings_on_one_line() {
    let environment = TestEnvironment::empty();
    let rules = |rule: &str| format!("version: 1\nrules: [{}]\n", vec![rule; 15_000].join(", "));
    let keys = |key: &str| format!("{{ version: 1, rules: [], {} }}\n", vec![key; 15_000].join(", "));
    for text in [
        rules("{ match: }"),
        rules("{ match: { “x”: a } }"),
        rules("{ match: read }"),
        rules("{ match: { type: {a,b} } }"),
        rules("{ conditions: { timezone: Nowhere/Att } }"),
        rules("{ conditions: { param_matches: { a: '(' } } }"),
        keys("redact: [a]"),
        keys("defaults: { a: 1 }"),
        "\t- a\n".repeat(100_000),
    ] {
        environment.write("policy.yaml", &text);
        let run = within(&environment, "validate --format json policy.yaml", 1024, 30);
        assert_eq!(run.code, 1, "{}", text.chars().take(80).collect::<String>());
    }
}
