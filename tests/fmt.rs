//! `aegis fmt`: policies in one style.

use aegis_testkit::paths_ending;

use crate::environment::TestEnvironment;

const UNTIDY: &str = "version: '1'\nrules:\n- name:  reads # why\n  match: {type: read}\n\n\n  # auto is fine\n  \
    approval: auto\n";
const TIDY: &str = "version: '1'\nrules:\n  - name: reads # why\n    match: { type: read }\n\n    # auto is fine\n    \
    approval: auto\n";

#[test]
fn files_are_written_in_one_style_and_comments_stay() {
    let environment = TestEnvironment::with_policy(UNTIDY);
    aegis_testkit::set_mode(environment.file("policy.yaml"), 0o600);
    let run = environment.aegis(&["fmt", "--check"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert!(
        run.stdout.contains("-- name:  reads # why\n") && run.stdout.contains("+  - name: reads # why\n"),
        "{run:?}"
    );
    assert_eq!(std::fs::read_to_string(environment.file("policy.yaml")).unwrap(), UNTIDY);
    let run = environment.aegis(&["fmt"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(environment.file("policy.yaml")).unwrap(), TIDY);
    assert_eq!(aegis_testkit::mode(environment.file("policy.yaml")), 0o600);
    let run = environment.aegis(&["fmt", "--check", "policy.yaml"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    let run = environment.aegis_with_input(&["fmt", "-"], UNTIDY);
    assert_eq!((run.code, run.stdout.as_str()), (0, TIDY));
}

#[test]
fn what_cannot_be_read_is_left_alone_and_the_rest_is_written() {
    let environment = TestEnvironment::with_policy(UNTIDY);
    environment.write("broken.yaml", "version: [\n");
    let run = environment.aegis(&["fmt", "missing.yaml", "broken.yaml", "policy.yaml"]);
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains("there is no policy at `missing.yaml`"), "{run:?}");
    assert!(run.stderr.contains("`broken.yaml` is no valid YAML, and was left alone"), "{run:?}");
    assert_eq!(std::fs::read_to_string(environment.file("broken.yaml")).unwrap(), "version: [\n");
    assert_eq!(std::fs::read_to_string(environment.file("policy.yaml")).unwrap(), TIDY);
    assert_eq!(environment.aegis(&["fmt", "broken.yaml"]).code, 1);
}

#[test]
fn shipped_policies_say_the_same_in_one_style_with_every_comment() {
    let environment = TestEnvironment::empty();
    let policies = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let comments = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter_map(|line| line.split_once('#').map(|(_, comment)| comment.trim().to_owned()));
        lines.collect()
    };
    for path in paths_ending(policies.as_ref(), ".yaml") {
        let before = std::fs::read_to_string(&path).unwrap();
        let run = environment.aegis_with_input(&["fmt", "-"], &before);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", path.display());
        assert_eq!(comments(&run.stdout), comments(&before), "{}", path.display());
        let again = environment.aegis_with_input(&["fmt", "-"], &run.stdout);
        assert_eq!(again.stdout, run.stdout, "{}", path.display());
    }
}
