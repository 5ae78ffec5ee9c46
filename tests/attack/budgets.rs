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
    holds(&environment.aegis(&["audit", "--format", "jsonl", "--events"]));
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
