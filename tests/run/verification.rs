//! What tells whether a command did what it should, and what undoes it.

use super::{assert_sound, events, exists, place, program, said};
use crate::environment::TestEnvironment;

/// What became of each action, in the order of their decisions.
fn results(environment: &TestEnvironment) -> Vec<String> {
    environment.records().iter().map(said).collect()
}

#[test]
fn a_verification_that_passes_is_recorded() {
    let environment = place();
    let run = environment.aegis(&["run", "-q", "--verify", "test -e made", "--", "touch", "made"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(exists(&environment.file("made")));
    assert_eq!(results(&environment), ["success: null (auto)", "success: null (auto)"]);
    assert_eq!(events(&environment), ["decided", "started", "ended"]);
    assert_sound(&environment);
}

#[test]
fn a_verification_that_fails_makes_the_command_a_failure() {
    let environment = place();
    let verify = "sh -c 'echo looked; exit 4'";
    let run = environment.aegis(&["run", "-q", "--verify", verify, "--", "echo", "done"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "done\nlooked\n"), "{run:?}");
    assert!(run.stderr.contains("error: verification failed: exit status 4"), "{run:?}");
    assert_eq!(
        results(&environment),
        ["failed: verification failed: exit status 4 (auto)", "failed: exit status 4 (auto)"]
    );
    let records = environment.records();
    let id = records[0]["id"].as_str().unwrap();
    let shown = environment.aegis(&["audit", "show", id]).stdout;
    let steps = ["decided", "started", "verified", "ended"];
    let places: Vec<_> = steps.iter().map(|step| shown.rfind(&format!("Z  {step}")).unwrap()).collect();
    assert!(places.is_sorted(), "{shown}");
    // The verification says of which action it is.
    assert_eq!(records[1]["action_params"]["verifies"], records[0]["action_sha256"]);
    assert_sound(&environment);
}

#[test]
fn what_may_not_be_verified_is_not_run() {
    let environment = place();
    environment.write(
        "policy.yaml",
        "version: '1'\nrules:\n  - { match: { target: touch }, approval: auto }\n  - { name: no, approval: block }\n",
    );
    let run = environment.aegis(&["run", "-q", "--verify", "test -e made", "--", "touch", "made"]);
    assert_eq!(run.code, 126, "{run:?}");
    assert!(run.stderr.contains("rule `no` blocks it"), "{run:?}");
    assert!(!exists(&environment.file("made")));
    assert_eq!(
        results(&environment),
        ["skipped: its verification was not allowed, so nothing was run (auto)", "blocked: null (block)"]
    );
    assert_sound(&environment);
}

#[test]
fn nothing_is_verified_after_a_failure() {
    let environment = place();
    let run = environment.aegis(&["run", "-q", "--verify", "touch looked", "--", "sh", "-c", "exit 6"]);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(!exists(&environment.file("looked")));
    assert_eq!(
        results(&environment),
        ["failed: exit status 6 (auto)", "skipped: there is nothing to verify: exit status 6 (auto)"]
    );
    assert_sound(&environment);
}

#[test]
fn what_fails_is_rolled_back_and_the_status_stays() {
    let environment = place();
    for (options, command, code) in [
        (&["--timeout", "1m"][..], "exit 6", 6),
        (&["--timeout", "1m", "--verify", "false"], "exit 0", 1),
        (&["--timeout", "300ms"], "sleep 60", 124),
    ] {
        let arguments = [
            &["run", "-q"],
            options,
            &["--rollback", "sh -c 'echo undone; exit 0'", "--", "sh", "-c", command],
        ]
        .concat();
        let run = environment.aegis(&arguments);
        assert_eq!((run.code, run.stdout.as_str()), (code, "undone\n"), "{run:?}");
    }
    let records = environment.records();
    let (undone, last) = (records.last().unwrap(), &records[records.len() - 2]);
    assert_eq!(said(undone), "success: null (auto)");
    assert_eq!(undone["action_params"]["compensates"], last["action_sha256"]);
    assert_sound(&environment);
}

#[test]
fn nothing_is_rolled_back_that_succeeded_or_never_ran() {
    let environment = place();
    let rollback = ["--rollback", "touch undone"];
    assert_eq!(environment.aegis(&[&["run"], &rollback[..], &["--", "true"]].concat()).code, 0);
    assert_eq!(environment.aegis(&[&["run", "never:x"], &rollback[..], &["--", "true"]].concat()).code, 126);
    program(&environment, "tool", "#!/no/such/interpreter\n");
    assert_eq!(environment.aegis(&[&["run"], &rollback[..], &["--", "./tool"]].concat()).code, 126);
    assert!(!exists(&environment.file("undone")));
}

#[test]
fn a_rollback_that_is_not_allowed_or_fails_is_told() {
    let environment = place();
    let failing =
        environment.aegis(&["run", "-q", "--rollback", "sh -c 'exit 8'", "--", "sh", "-c", "exit 6"]);
    assert_eq!(failing.code, 6, "{failing:?}");
    assert!(failing.stderr.contains("the rollback failed: exit status 8"), "{failing:?}");
    environment.write(
        "policy.yaml",
        "version: '1'\nrules:\n  - { name: undo, match: { type: exec }, conditions: { param_exists: { compensates: true } }, \
         approval: block }\n  - { match: { type: exec }, approval: auto }\n",
    );
    let refused = environment.aegis(&["run", "-q", "--rollback", "touch undone", "--", "sh", "-c", "exit 6"]);
    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(refused.stderr.contains("rule `undo` blocks it"), "{refused:?}");
    assert!(refused.stderr.contains("nothing was rolled back"), "{refused:?}");
    assert!(!exists(&environment.file("undone")));
    assert_sound(&environment);
}

#[test]
fn a_verification_that_the_command_exchanges_does_not_count() {
    let environment = place();
    program(&environment, "check", "#!/bin/sh\nexit 1\n");
    program(&environment, "forged", "#!/bin/sh\nexit 0\n");
    let run = environment.aegis(&["run", "-q", "--verify", "./check", "--", "mv", "forged", "check"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("changed since it was approved"), "{run:?}");
    assert_eq!(events(&environment), ["decided", "started", "ended"]);
}

#[test]
fn a_verification_is_read_as_a_shell_quotes_and_no_shell_reads_it() {
    let environment = place();
    let verify = "sh -c 'printf \"%s|\" \"$@\" >words' _ 'a b' \"c\\\"d\" $HOME '*' ; touch";
    let run = environment.aegis(&["run", "-q", "--verify", verify, "--", "true"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(std::fs::read_to_string(environment.file("words")).unwrap(), "a b|c\"d|$HOME|*|;|touch|");
}
