//! `aegis test`: what people and programs see of examples that hold, that do not, and that are missing.

use aegis_testkit::{POLICY, paths_ending};

use crate::environment::TestEnvironment;

/// A policy with an example that holds, three that do not, and a threshold that nothing tests.
const TESTED: &str = r#"version: "1"
rules:
  - name: deletes_are_blocked
    match: { type: delete }
    risk_level: critical
    approval: block
    examples:
      - action: { type: delete, target: crm }
        expect: { approval: block, risk_level: critical }
  - name: large_updates_need_approval
    match: { type: update }
    conditions: { param_gt: { count: 100 } }
    risk_level: high
    examples:
      - action: { type: update, target: crm, params: { count: 100 } }
        expect: { approval: approve, risk_level: high }
  - name: updates_by_day
    match: { type: update }
    conditions: { time_after: "08:00", time_before: "18:00" }
    approval: auto
examples:
  - action: { type: update, target: crm }
    expect: { approval: auto, rule: updates_by_dya }
  - action: { type: update, target: crm }
    expect: auto
"#;

#[test]
fn everything_about_a_policy_is_shown_at_once() {
    let environment = TestEnvironment::with_policy(TESTED);
    let run = environment.aegis(&["test", "--coverage", "--mutate"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(run.stdout, snapbox::str![[r#"
pass  policy.yaml:8  delete crm  block, critical risk
FAIL  policy.yaml:15  update crm {"count":100}  approve → auto
        approval: expected approve, got auto
        risk_level: expected high, got medium
        rule: expected large_updates_need_approval, got updates_by_day
        help: an example under a rule must be decided by that rule
        decided by updates_by_day (policy.yaml:17)
FAIL  policy.yaml:22  update crm  updates_by_dya → updates_by_day
        rule: expected updates_by_dya, got updates_by_day
        help: the policy has no such rule; did you mean `updates_by_day`?
        decided by updates_by_day (policy.yaml:17)
FAIL  policy.yaml:24  update crm  needs `at`
        depends on the time, and the example names none: it holds as of 2026-01-05T12:00:00Z, and does not hold as of 2026-01-05T00:00:00Z
        help: say when it is: `at: "2026-01-05T12:00:00Z"`
        decided by updates_by_day (policy.yaml:17)
coverage  policy.yaml: 57.1 %; 2 of 3 rules decide an example, 1 of 2 conditions hold for one, 1 of 2 do not for one
  policy.yaml:10  `large_updates_need_approval` decides no example
  policy.yaml:12  `param_gt: count` of `large_updates_need_approval` holds for no example
  policy.yaml:19  `time_after, time_before` of `updates_by_day` holds for every example that its rule is about
mutation  policy.yaml: 14 of 22 changes noticed; 1 more would make no difference
  unnoticed  policy.yaml:10  `large_updates_need_approval`: no example fails if it is dropped
  unnoticed  policy.yaml:10  `large_updates_need_approval`: no example fails if it is moved after `updates_by_day`
  unnoticed  policy.yaml:10  `large_updates_need_approval`: no example fails if its approval is `auto`
  unnoticed  policy.yaml:10  `large_updates_need_approval`: no example fails if its approval is `block`
  unnoticed  policy.yaml:10  `large_updates_need_approval`: no example fails if its risk level is `low`
  unnoticed  policy.yaml:10  `large_updates_need_approval`: no example fails if its risk level is `medium`
  unnoticed  policy.yaml:10  `large_updates_need_approval`: no example fails if its risk level is `critical`
  unnoticed  policy.yaml:12  `large_updates_need_approval`: no example fails if `param_gt: count 100` is `param_gt: count 101`
failed  4 examples, 3 failed, 8 unnoticed changes

"#]]);
}

#[test]
fn examples_that_all_hold_end_in_success() {
    let environment = TestEnvironment::with_policy(
        "version: '1'\nrules: []\nexamples: [{ action: { type: read, target: crm }, expect: approve }]\n",
    );
    let run = environment.aegis(&["test"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout, "pass  policy.yaml:3  read crm  approve, medium risk\nok  1 example, 0 failed\n");
}

#[test]
fn a_policy_without_examples_fails_unless_that_is_allowed_and_covers_nothing() {
    let environment = TestEnvironment::new();
    let run = environment.aegis(&["test"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "failed  0 examples, 0 failed\n"));
    assert!(run.stderr.contains("policy.yaml has no examples; `aegis test --init`"), "{run:?}");
    let run = environment.aegis(&["test", "--allow-none"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "ok  0 examples, 0 failed\n"));
    assert_eq!(environment.aegis(&["test", "--format", "json"]).json()["passed"], false);
    let junit = environment.aegis(&["test", "--format", "junit"]);
    assert!(junit.code == 1 && junit.stdout.contains("failures=\"1\""), "{junit:?}");
    assert_eq!(environment.aegis(&["test", "--coverage"]).code, 1);
    assert_eq!(environment.aegis(&["test", "--coverage", "--allow-none"]).code, 0);
    assert_eq!(environment.aegis(&["test", "--min-coverage", "1"]).code, 1);
    assert_eq!(environment.aegis(&["test", "--mutate"]).code, 1);
    environment.write("empty.yaml", "version: '1'\nrules: []\n");
    assert_eq!(environment.aegis(&["test", "empty.yaml", "--min-coverage", "1"]).code, 1);
    assert_eq!(environment.aegis(&["test", "empty.yaml", "--min-coverage", "1", "--allow-none"]).code, 1);
    assert_eq!(environment.aegis(&["test", "empty.yaml", "--min-coverage", "0", "--allow-none"]).code, 0);
    // One that has examples does not make up for one that has none.
    environment.write(
        "good.yaml",
        "version: '1'\nrules: []\nexamples: [{ action: { type: read, target: x }, expect: approve }]\n",
    );
    assert_eq!(environment.aegis(&["test", "good.yaml"]).code, 0);
    assert_eq!(environment.aegis(&["test", "good.yaml", "empty.yaml"]).code, 1);
}

#[test]
fn a_filter_that_matches_nothing_fails_unless_that_is_allowed() {
    let environment = TestEnvironment::with_policy(TESTED);
    for format in ["text", "json", "junit", "github"] {
        let run = environment.aegis(&["test", "--filter", "no such thing", "--format", format]);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stderr.contains("no example mentions `no such thing`"), "{run:?}");
        assert!(!run.stdout.starts_with("ok"), "{run:?}");
    }
    let run = environment.aegis(&["test", "--filter", "no such thing", "--allow-none"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    // It is enough that one of several policies has what is looked for.
    environment.write(
        "other.yaml",
        "version: '1'\nrules: []\nexamples: [{ action: { type: list, target: x }, expect: approve }]\n",
    );
    assert_eq!(environment.aegis(&["test", "policy.yaml", "other.yaml", "--filter", "list"]).code, 0);
}

#[test]
fn coverage_must_reach_what_is_asked_for() {
    let environment = TestEnvironment::with_policy(
        "version: '1'\nrules:\n- { name: a, match: { type: x } }\n- { name: b, match: { type: y } }\n\
         examples: [{ action: { type: x, target: t }, expect: approve }]\n",
    );
    for (percent, code) in [("50", 0), ("51", 1), ("100", 1), ("101", 2)] {
        assert_eq!(environment.aegis(&["test", "--min-coverage", percent]).code, code, "{percent}");
    }
    let run = environment.aegis(&["test", "--min-coverage", "51"]);
    assert!(
        run.stdout.contains("coverage  policy.yaml: 50.0 %;") && run.stdout.contains("too little covered"),
        "{run:?}"
    );
    assert!(run.stdout.contains("policy.yaml:4  `b` decides no example"), "{run:?}");
}

#[test]
fn a_test_file_beside_a_policy_is_picked_up_and_may_be_given_itself() {
    let environment = TestEnvironment::new();
    let failing = "examples:\n  - action: { type: delete, target: crm }\n    expect: auto\n";
    environment.write("policy.test.yaml", failing);
    for arguments in [
        &["test"][..],
        &["test", "policy.yaml"],
        &["test", "policy.test.yaml"],
        &["test", "policy.yaml", "policy.test.yaml"],
    ] {
        let run = environment.aegis(arguments);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stdout.starts_with("FAIL  policy.test.yaml:2  delete crm  auto → block\n"), "{run:?}");
        assert!(run.stdout.contains("decided by deletes_are_blocked (policy.yaml:7)"), "{run:?}");
        assert!(run.stdout.ends_with("failed  1 example, 1 failed\n"), "{run:?}");
    }
    // By the name in it, from its own directory.
    std::fs::create_dir(environment.file("tests")).unwrap();
    environment.write("tests/other.test.yaml", format!("policy: ../policy.yaml\n{failing}"));
    let run = environment.aegis(&["test", "tests/other.test.yaml"]);
    assert!(run.code == 1 && run.stdout.contains("2 examples, 2 failed"), "{run:?}");
}

#[test]
fn a_test_file_beside_one_policy_and_about_another_is_refused() {
    let environment = TestEnvironment::new();
    environment.write("other.yaml", POLICY);
    environment.write("policy.test.yaml", "policy: other.yaml\nexamples: []\n");
    let run = environment.aegis(&["test", "policy.yaml"]);
    assert!(
        run.code == 5 && run.stderr.contains("`policy.test.yaml` stands beside `policy.yaml`"),
        "{run:?}"
    );
    assert_eq!(environment.aegis(&["test", "policy.test.yaml", "--allow-none"]).code, 0);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_tested() {
    let environment = TestEnvironment::with_policy(TESTED);
    environment.write("broken.yaml", "version: '1'\nrules: []\nexamples: [{ acton: {}, expect: auto }]\n");
    let run = environment.aegis(&["test", "missing.yaml", "broken.yaml", "policy.yaml"]);
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains("there is no policy at `missing.yaml`"), "{run:?}");
    assert!(run.stderr.contains("broken.yaml:3:14") && run.stdout.contains("4 examples"), "{run:?}");
    environment.write("policy.test.yaml", "polcy: policy.yaml\nexamples: {}\n");
    let run = environment.aegis(&["test"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(
        run.stderr.contains("policy.test.yaml:1:1") && run.stderr.contains("did you mean `policy`"),
        "{run:?}"
    );
    assert_eq!(environment.aegis(&["test", "policy.test.yaml"]).code, 5);
}

#[test]
fn several_policies_are_joined_by_the_flag_and_apart_as_arguments() {
    let environment = TestEnvironment::empty();
    environment
        .write("a.yaml", "version: '1'\nrules: [{ name: a, match: { type: read }, approval: auto }]\n");
    environment.write(
        "b.yaml",
        "version: '1'\nrules: []\nexamples: [{ action: { type: read, target: x }, expect: auto }]\n",
    );
    assert_eq!(environment.aegis(&["test", "-p", "a.yaml", "-p", "b.yaml"]).code, 0);
    let run = environment.aegis(&["test", "a.yaml", "b.yaml"]);
    assert!(run.code == 1 && run.stdout.contains("FAIL  b.yaml:3"), "{run:?}");
}

#[test]
fn a_filter_runs_only_what_mentions_it() {
    let environment = TestEnvironment::with_policy(TESTED);
    let run = environment.aegis(&["test", "--filter", "delete"]);
    assert!(run.code == 0 && run.stdout.ends_with("ok  1 example, 0 failed\n"), "{run:?}");
    let run = environment.aegis(&["test", "--filter", "policy.yaml:15"]);
    assert!(run.code == 1 && run.stdout.contains("1 example, 1 failed"), "{run:?}");
    assert_eq!(environment.aegis(&["test", "--filter", "x", "--mutate"]).code, 2);
}

#[test]
fn programs_read_the_same_report() {
    let environment = TestEnvironment::with_policy(TESTED);
    let run = environment.aegis(&["test", "--format", "json", "--coverage", "--mutate"]);
    assert_eq!((run.code, run.stdout.lines().count()), (1, 1));
    let report = run.json();
    let policy = &report["policies"][0];
    assert_eq!((&report["passed"], &policy["files"][0]), (&false.into(), &"policy.yaml".into()));
    let failing = &policy["examples"][1];
    assert_eq!((&failing["file"], &failing["line"]), (&"policy.yaml".into(), &15.into()));
    assert_eq!((&failing["passed"], &failing["matched_rule"]), (&false.into(), &"updates_by_day".into()));
    assert_eq!(
        (&failing["at"], &failing["decided_by"]["line"]),
        (&"2026-01-05T12:00:00.000Z".into(), &17.into())
    );
    assert_eq!(failing["action"]["params"]["count"], 100);
    assert_eq!(failing["differences"][0]["field"], "approval");
    assert_eq!(policy["coverage"]["rules"], serde_json::json!({ "covered": 2, "total": 3 }));
    let kinds: Vec<_> =
        policy["mutation"]["survivors"].as_array().unwrap().iter().map(|found| &found["kind"]).collect();
    assert!(kinds.contains(&&"threshold".into()) && kinds.contains(&&"approval".into()), "{kinds:?}");
    let plain = environment.aegis(&["test", "--format", "json"]).json();
    assert!(plain["policies"][0].get("coverage").is_none(), "{plain}");
}

#[test]
fn a_junit_report_is_well_formed_and_counts() {
    let environment = TestEnvironment::with_policy(TESTED);
    let run = environment.aegis(&["test", "--format", "junit", "--min-coverage", "90", "--mutate"]);
    assert_eq!(run.code, 1);
    let report = quick_junit::Report::deserialize_from_str(&run.stdout).unwrap();
    let suites: Vec<_> = report.test_suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(suites, ["policy.yaml", "policy.yaml: coverage", "policy.yaml: mutation"]);
    let examples = &report.test_suites[0];
    assert_eq!((examples.tests, examples.failures), (4, 3));
    assert_eq!(report.test_suites[1].failures, 1);
    assert!(report.test_suites[2].failures > 0);
    // The attributes that Jenkins' schema has for all suites, and for one.
    for (element, known) in [
        ("<testsuites ", &["name", "time", "tests", "failures", "disabled", "errors"][..]),
        (
            "<testsuite ",
            &[
                "name",
                "tests",
                "failures",
                "errors",
                "time",
                "disabled",
                "skipped",
                "timestamp",
                "hostname",
                "id",
                "package",
            ],
        ),
    ] {
        for tag in run.stdout.split(element).skip(1).map(|rest| rest.split('>').next().unwrap()) {
            let names = tag.split('"').step_by(2).map(|name| name.trim().trim_end_matches('='));
            let unknown: Vec<_> = names.filter(|name| !name.is_empty() && !known.contains(name)).collect();
            assert_eq!(unknown, Vec::<&str>::new(), "{element}{tag}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_tested_is_named_in_every_report() {
    let environment = TestEnvironment::with_policy(
        "version: '1'\nrules:\n  - name: a\n    examples:\n      - { action: { type: b, target: c }, expect: { \
         approval: approve } }\n",
    );
    environment.write("bad.yaml", "version: '1'\nrules: [{ nmae: a }]\n");
    for files in [&["policy.yaml", "none.yaml", "bad.yaml"][..], &["none.yaml", "bad.yaml"]] {
        let test = |format: &str| {
            let run = environment.aegis(&[&["test", "--format", format], files].concat());
            assert_eq!(run.code, 5, "{run:?}");
            run
        };
        let report = test("json").json();
        let unread = report["unreadable"].as_array().unwrap();
        let names: Vec<_> = unread.iter().map(|file| file["file"].as_str().unwrap()).collect();
        assert_eq!((&report["passed"], names), (&false.into(), vec!["none.yaml", "bad.yaml"]));
        let report = quick_junit::Report::deserialize_from_str(&test("junit").stdout).unwrap();
        assert_eq!((report.errors, report.test_suites.len()), (2, files.len()));
        let annotations = test("github").stdout;
        for name in ["none.yaml", "bad.yaml"] {
            assert!(
                annotations.contains(&format!("::error file={name},title=unreadable::")),
                "{annotations}"
            );
        }
        assert_eq!(test("text").stdout.is_empty(), files.len() == 2);
    }
}

#[test]
fn annotations_are_at_the_places_of_failures() {
    let environment = TestEnvironment::with_policy(TESTED);
    let run = environment.aegis(&["test", "--format", "github", "--coverage", "--mutate"]);
    assert_eq!(run.code, 1);
    let errors = run.stdout.lines().filter(|line| line.starts_with("::error file=policy.yaml,line=")).count();
    assert!(errors > 3, "{run:?}");
    assert!(run.stdout.contains("::error file=policy.yaml,line=15,endLine=16,title=update crm"), "{run:?}");
    assert!(run.stdout.contains("%0Adecided by updates_by_day (policy.yaml:17)"), "{run:?}");
    assert!(run.stdout.lines().last().unwrap().starts_with("failed  4 examples, 3 failed"), "{run:?}");
}

#[test]
fn a_draft_says_what_the_policy_says_and_passes_as_it_is() {
    let environment = TestEnvironment::with_policy(TESTED);
    let draft = environment.aegis(&["test", "--init"]);
    assert_eq!((draft.code, draft.stderr.as_str()), (0, ""));
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(draft.stdout, snapbox::str![[r#"
# What the policy says now of actions made from its own words, by `aegis test --init`.
# Read each one: what is not as it should be is a mistake in the policy.
policy: "policy.yaml"
examples:
  # deletes_are_blocked (line 3)
  - {"action":{"target":"any","type":"delete"},"expect":{"approval":"block","risk_level":"critical","rule":"deletes_are_blocked"}}

  # large_updates_need_approval (line 10)
  - {"action":{"params":{"count":101},"target":"any","type":"update"},"at":"2026-01-05T12:00:00Z","expect":{"approval":"approve","risk_level":"high","rule":"large_updates_need_approval"}}
  - {"action":{"params":{"count":100},"target":"any","type":"update"},"at":"2026-01-05T12:00:00Z","expect":{"approval":"auto","risk_level":"medium","rule":"updates_by_day"}}
  - {"action":{"params":{"count":99},"target":"any","type":"update"},"at":"2026-01-05T12:00:00Z","expect":{"approval":"auto","risk_level":"medium","rule":"updates_by_day"}}

  # updates_by_day (line 17)
  - {"action":{"target":"any","type":"update"},"at":"2026-01-05T12:00:00Z","expect":{"approval":"auto","risk_level":"medium","rule":"updates_by_day"}}

  # <default>
  - {"action":{"target":"any","type":"any"},"expect":{"approval":"approve","risk_level":"medium","rule":"<default>"}}

"#]]);
    environment.write("policy.yaml", POLICY);
    let run = environment.aegis(&["test", "--init", "-o", "policy.test.yaml"]);
    assert!(run.code == 0 && run.stdout.contains("wrote policy.test.yaml: "), "{run:?}");
    let run = environment.aegis(&["test", "--min-coverage", "90", "--mutate"]);
    assert_eq!(run.code, 0, "{run:?}");
    // Never overwritten, always found again, and one policy at a time.
    assert_eq!(environment.aegis(&["test", "--init", "-o", "examples.yaml"]).code, 2);
    assert_eq!(environment.aegis(&["test", "--init", "-o", "policy.test.yaml"]).code, 5);
    environment.write("other.yaml", POLICY);
    assert_eq!(environment.aegis(&["test", "--init", "policy.yaml", "other.yaml"]).code, 2);
    // From elsewhere, too.
    std::fs::create_dir(environment.file("tests")).unwrap();
    assert_eq!(environment.aegis(&["test", "other.yaml", "--init", "-o", "tests/other.test.yaml"]).code, 0);
    assert_eq!(environment.aegis(&["test", "tests/other.test.yaml"]).code, 0);
}

#[test]
fn drafts_of_the_shipped_policies_pass() {
    let environment = TestEnvironment::empty();
    let policies = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    for path in paths_ending(policies.as_ref(), ".yaml") {
        if path.to_string_lossy().ends_with(".test.yaml") {
            continue;
        }
        environment.write("policy.yaml", std::fs::read(&path).unwrap());
        let draft = environment.aegis(&["test", "--init"]);
        // What a rule needs cannot always be made from its words; it is said then, and is the exception.
        let missing = draft.stdout.matches("no action was found").count();
        assert!(draft.code == 0 && missing <= 1, "{path:?}: {draft:?}");
        environment.write("policy.test.yaml", draft.stdout);
        let run = environment.aegis(&["test"]);
        assert_eq!(run.code, 0, "{path:?}: {run:?}");
        std::fs::remove_file(environment.file("policy.test.yaml")).unwrap();
    }
}
