//! `aegis validate`: what people see of a broken policy.

use aegis_testkit::POLICY;
use nix::sys::stat::Mode;

use crate::environment::TestEnvironment;

#[test]
fn every_error_of_a_file_is_shown_at_once_with_its_place_and_a_remedy() {
    let environment = TestEnvironment::with_policy(
        "version: \"1\"\n\
         defaults: { approval: aprove }\n\
         rules:\n\
         \x20 - nam: x\n\
         \x20   match: { type: \"bulk[\" }\n\
         \x20   conditions:\n\
         \x20     time_after: \"8:00\"\n\
         \x20     param_matches: { path: \"(\" }\n\
         \x20     timezone: Berlin\n\
         \x20 - match: { type: [] }\n\
         \x20   risk_level: 3\n",
    );
    let run = environment.aegis(&["validate", "policy.yaml"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    snapbox::assert_data_eq!(
        run.stdout,
        snapbox::str![[r#"
error[unknown-word]: `aprove` is not an approval
 --> policy.yaml:2:23
  |
2 | defaults: { approval: aprove }
  |                       ^^^^^^
  |
  = help: did you mean `approve`?

error[unknown-key]: a rule has no key `nam`
 --> policy.yaml:4:5
  |
4 |   - nam: x
  |     ^^^
  |
  = help: did you mean `name`?

error[invalid-glob]: `[` is never closed
 --> policy.yaml:5:25
  |
5 |     match: { type: "bulk[" }
  |                         ^
  |
  = help: close the set with `]`, or write `[[]` for the character itself

error[invalid-time]: `8:00` is not a time of day
 --> policy.yaml:7:19
  |
7 |       time_after: "8:00"
  |                   ^^^^^^
  |
  = help: write it as `"08:00"`

error[invalid-regex]: the regular expression is malformed: unclosed group
 --> policy.yaml:8:31
  |
8 |       param_matches: { path: "(" }
  |                               ^
  |
  = help: close the group with `)`, or write `[(]` for the character itself

error[invalid-timezone]: `Berlin` is not an IANA time zone
 --> policy.yaml:9:17
  |
9 |       timezone: Berlin
  |                 ^^^^^^
  |
  = help: did you mean `Europe/Berlin`?

error[empty-globs]: `type` is an empty list, so the rule can never match
  --> policy.yaml:10:20
   |
10 |   - match: { type: [] }
   |                    ^^
   |
   = help: leave it out to match everything

error[wrong-type]: a risk level must be a word, not a number
  --> policy.yaml:11:17
   |
11 |     risk_level: 3
   |                 ^
   |
   = help: write one of `low`, `medium`, `high`, `critical`

policy.yaml: 8 errors

"#]]
    );
}

#[test]
fn a_valid_file_is_said_to_be_so() {
    let policy = POLICY.replace("{ param_lte: {", "{ param_gte: { count: 1 }, param_lte: {");
    let environment = TestEnvironment::with_policy(&policy);
    let run = environment.aegis(&["validate", "policy.yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "ok  policy.yaml: 4 rules\n"));
    assert_eq!(environment.aegis(&["validate"]).code, 0);
    assert_eq!(environment.aegis_with_input(&["validate", "-"], POLICY).code, 0);
}

#[test]
fn several_files_are_all_looked_at() {
    let environment = TestEnvironment::new();
    environment.write("bad.yaml", "version: 2\nrules: []\n");
    let run = environment.aegis(&["validate", "missing.yaml", "bad.yaml", "policy.yaml"]);
    assert_eq!(run.code, 5);
    assert!(run.stdout.contains("unsupported-version") && run.stdout.contains("ok  policy.yaml"), "{run:?}");
    assert!(run.stderr.contains("there is no policy at `missing.yaml`"), "{run:?}");
    assert_eq!(environment.aegis(&["validate", "bad.yaml", "policy.yaml"]).code, 1);
}

#[test]
fn findings_can_be_read_by_programs() {
    let environment = TestEnvironment::with_policy("version: '1'\nrules:\n  - approvel: auto\n  - é: 1\n");
    let run = environment.aegis(&["validate", "--format", "json"]);
    let report = run.json();
    assert_eq!((run.code, &report["valid"]), (1, &serde_json::json!(false)));
    let finding = &report["diagnostics"][0];
    assert_eq!(finding["code"], "unknown-key");
    assert_eq!(
        (&finding["line"], &finding["column"], &finding["end_column"]),
        (&3.into(), &5.into(), &13.into())
    );
    assert_eq!(finding["help"], "did you mean `approval`?");
    assert_eq!(report["diagnostics"][1]["end_column"], 6);
}

#[test]
fn whatever_is_no_policy_gets_a_finding_and_never_a_hang() {
    let environment = TestEnvironment::empty();
    let bomb = (1..40).fold("a0: &a0 [x]\n".to_owned(), |bomb, level| {
        format!("{bomb}a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "))
    });
    for (name, bytes) in [
        ("empty", b"".to_vec()),
        ("binary", (0..=255).cycle().take(100_000).collect()),
        ("brackets", vec![b'['; 100_000]),
        ("braces", "{a: ".repeat(100_000).into_bytes()),
        ("dashes", "- ".repeat(100_000).into_bytes()),
        ("bomb", bomb.into_bytes()),
        ("utf16", vec![0xff, 0xfe, b'v', 0]),
        ("tabs", b"version: '1'\nrules:\n\t- name: x\n".to_vec()),
        ("large", vec![b'#'; (64 << 20) + 1]),
        ("scalar", b"42".to_vec()),
        ("list", b"[1, 2]".to_vec()),
        ("two", b"version: '1'\nrules: []\n---\nversion: '1'\nrules: []\n".to_vec()),
    ] {
        environment.write("bad.yaml", bytes);
        let run = environment.aegis(&["validate", "bad.yaml"]);
        assert_eq!(run.code, 1, "{name}: {run:?}");
        assert!(run.stdout.contains("error[") && run.stdout.len() < 20_000, "{name}: {run:?}");
    }
    nix::unistd::mkfifo(&environment.file("fifo"), Mode::S_IRWXU).unwrap();
    assert_eq!(environment.aegis(&["validate", "fifo"]).code, 5);
    environment.write("bad.yaml", "version: 2\nrules: []\n");
    assert_eq!(environment.aegis(&["validate", "."]).code, 1);
    assert_eq!(environment.aegis(&["check", "read:crm", "-p", "."]).code, 5);
}

#[test]
fn unusual_but_valid_files_are_fine() {
    let environment = TestEnvironment::empty();
    for text in [
        "\u{feff}version: 1\r\nrules: []\r\n",
        "version: \"1\"\nrules:\n  - { name: no, match: { type: no } }\n",
        "version: '1'\nrules: [{conditions: {time_after: 01:58}}]\n",
        "--- # a comment\nversion: '1'\nrules: &r []\n...\n",
    ] {
        environment.write("policy.yaml", text);
        let run = environment.aegis(&["validate"]);
        assert_eq!(run.code, 0, "{text:?}: {run:?}");
    }
}

#[test]
fn the_files_of_a_repeated_policy_are_looked_at_together() {
    let environment = TestEnvironment::empty();
    environment.write(
        "base.yaml",
        "version: '1'\nrules:\n  - { name: reads, match: { type: read }, risk_level: low, approval: auto }\n",
    );
    environment.write(
        "team.yaml",
        "version: '1'\nrules:\n  - { name: payroll, match: { target: payroll }, approval: block }\n",
    );
    let both = ["validate", "--policy", "base.yaml", "--policy", "team.yaml", "--deny", "warnings"];
    let run = environment.aegis(&both);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{run:?}");
    assert!(run.stdout.contains("--> team.yaml:3:13\n"), "{run:?}");
    assert!(run.stdout.contains("(base.yaml:3:13: allows it first)\n"), "{run:?}");
    assert!(run.stdout.contains("\nteam.yaml: 1 warning, denied\n"), "{run:?}");
    let run = environment.aegis(&[&both[..], &["--format", "json"]].concat());
    let found = run.json();
    assert_eq!((found["files"].as_u64(), found["valid"].as_bool()), (Some(2), Some(false)));
    assert_eq!(found["diagnostics"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&found["diagnostics"][0]["file"], &found["diagnostics"][0]["line"]),
        (&"team.yaml".into(), &3.into())
    );
    // Files that are named are policies of their own, and so is the other order.
    assert_eq!(environment.aegis(&["validate", "--deny", "warnings", "base.yaml", "team.yaml"]).code, 0);
    let swapped = ["validate", "--policy", "team.yaml", "--policy", "base.yaml", "--deny", "warnings"];
    assert_eq!(environment.aegis(&swapped).code, 0);
    environment.write("team.yaml", "version: '1'\nrules:\n  - { nmae: x }\n");
    let run = environment.aegis(&["validate", "--policy", "base.yaml", "--policy", "team.yaml"]);
    assert!(run.code == 1 && run.stdout.contains("team.yaml:3:7"), "{run:?}");
    // Each is mended where it is, and they are looked at as they are then.
    let swapped_and_broken = [&swapped[..], &["--fix", "--yes"]].concat();
    environment.write(
        "team.yaml",
        "version: '1'\nrules:\n  - { name: payroll, match: { type: pay, target: * }, approval: block }\n",
    );
    let run = environment.aegis(&swapped_and_broken);
    assert_eq!(run.code, 0, "{run:?}");
    let mended = std::fs::read_to_string(environment.file("team.yaml")).unwrap();
    assert!(mended.contains("target: \"*\""), "{mended}");
    let run = environment.aegis(&["validate", "--policy", "base.yaml", "--policy", "nowhere.yaml"]);
    assert!(run.code == 5 && run.stdout.contains("ok  base.yaml: 1 rule\n"), "{run:?}");
}

#[test]
fn a_directory_stands_for_the_policies_in_it_and_below() {
    let environment = TestEnvironment::empty();
    let sound = "version: '1'\nrules: []\n";
    std::fs::create_dir_all(environment.file("policies/team/.git")).unwrap();
    environment.write("policies/b.yaml", sound);
    environment.write("policies/team/a.yml", "version: 2\nrules: []\n");
    environment.write("policies/b.test.yaml", "examples: []\n");
    environment.write("policies/team/.git/c.yaml", "no policy\n");
    environment.write("policies/notes.md", "no policy\n");
    std::os::unix::fs::symlink("..", environment.file("policies/team/up")).unwrap();
    let run = environment.aegis(&["validate", "policies"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert!(run.stdout.starts_with("ok  policies/b.yaml: 0 rules\n"), "{run:?}");
    assert!(run.stdout.ends_with("policies/team/a.yml: 1 error\n"), "{run:?}");
    assert_eq!(run.stdout.matches("no policy").count(), 0);
    let report = environment.aegis(&["validate", "policies", "--format", "json"]).json();
    assert_eq!((&report["files"], &report["valid"]), (&2.into(), &false.into()));
    std::fs::create_dir(environment.file("empty")).unwrap();
    let run = environment.aegis(&["validate", "empty", "policies/b.yaml"]);
    assert_eq!(run.code, 5);
    assert!(
        run.stderr.contains("`empty` holds no policy") && run.stdout.contains("ok  policies/b.yaml"),
        "{run:?}"
    );
}

/// What has one right answer, and what somebody has to decide.
const MENDABLE: &str = "version: \"1\"\nrules:\n  - name: late # a comment\n    match: { target: * }\n    \
    conditions: { time_after: 9:00, timezone: europe/berlin }\n    approval: deny\n";

#[test]
fn what_has_one_right_answer_is_shown_and_written_only_when_confirmed() {
    let environment = TestEnvironment::with_policy(MENDABLE);
    aegis_testkit::set_mode(environment.file("policy.yaml"), 0o640);
    // Nobody can be asked here, so nothing is written.
    let run = environment.aegis(&["validate", "--fix", "policy.yaml"]);
    assert_eq!(run.code, 1);
    for line in ["-    match: { target: * }\n", "+    match: { target: \"*\" }\n", "     approval: deny\n"] {
        assert!(run.stdout.contains(line), "{run:?}");
    }
    assert!(run.stderr.contains("nothing was written") && run.stderr.contains("`--yes`"), "{run:?}");
    assert_eq!(std::fs::read_to_string(environment.file("policy.yaml")).unwrap(), MENDABLE);
    let run = environment.aegis(&["validate", "--fix", "--yes", "policy.yaml"]);
    assert_eq!(run.code, 1, "what `deny` means is not for a program to say: {run:?}");
    let mended = std::fs::read_to_string(environment.file("policy.yaml")).unwrap();
    assert_eq!(
        mended,
        MENDABLE
            .replace("{ target: * }", "{ target: \"*\" }")
            .replace("9:00", "\"09:00\"")
            .replace("europe/b", "Europe/B")
    );
    assert_eq!(aegis_testkit::mode(environment.file("policy.yaml")), 0o640);
    assert!(run.stdout.contains("error[unknown-word]: `deny` is not an approval"), "{run:?}");
    // Done again, there is nothing to do.
    let run = environment.aegis(&["validate", "--fix", "policy.yaml"]);
    assert!(!run.stdout.contains("+++") && run.stderr.is_empty(), "{run:?}");
    // Neither through a link, nor of what is no file.
    environment.write("target.yaml", MENDABLE);
    std::os::unix::fs::symlink("target.yaml", environment.file("link.yaml")).unwrap();
    let run = environment.aegis(&["validate", "--fix", "--yes", "link.yaml"]);
    assert!(run.code == 5 && run.stderr.contains("symbolic link"), "{run:?}");
    assert_eq!(std::fs::read_to_string(environment.file("target.yaml")).unwrap(), MENDABLE);
    assert_eq!(environment.aegis_with_input(&["validate", "--fix", "--yes", "-"], MENDABLE).code, 2);
    assert_eq!(environment.aegis(&["validate", "--yes", "policy.yaml"]).code, 2);
}

#[test]
fn a_fix_is_told_to_programs_with_its_place() {
    let environment =
        TestEnvironment::with_policy("version: '1'\nrules:\n  - approval: AUTO\n  - approval: deny\n");
    let report = environment.aegis(&["validate", "--format", "json"]).json();
    let fix = &report["diagnostics"][0]["fix"];
    assert_eq!((&fix["certain"], &fix["edits"][0]["text"]), (&true.into(), &"auto".into()));
    assert_eq!((&fix["edits"][0]["line"], &fix["edits"][0]["column"]), (&3.into(), &15.into()));
    assert_eq!(report["diagnostics"][1]["fix"]["certain"], false);
}
