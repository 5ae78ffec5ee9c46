//! Programs and scripts that become others between the question and the answer, and after it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use aegis_testkit::{Terminal, set_mode};
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use super::{assert_sound, events, exists, place, program, result, run};
use crate::environment::TestEnvironment;

const GOOD: &str = "#!/bin/sh\ntouch good\n";
const EVIL: &str = "#!/bin/sh\ntouch evil\n";

/// Asks about a command, changes something while the question stands, and says yes.
#[track_caller]
fn changed_before_the_answer(
    environment: &TestEnvironment,
    command: &str,
    change: impl FnOnce(&Path),
) -> i32 {
    let mut terminal = Terminal::shell(environment, &format!("aegis run ask:x -- {command}"));
    terminal.wait_for_question();
    change(environment.path());
    terminal.allow();
    let code = terminal.code();
    assert!(!exists(&environment.file("evil")), "{}", terminal.contents());
    code
}

#[track_caller]
fn assert_refused(environment: &TestEnvironment, code: i32, why: &str) {
    assert_eq!(code, 126);
    assert!(!exists(&environment.file("good")));
    let result = result(environment);
    assert!(
        result.starts_with("failed: ") && result.contains(why) && result.ends_with("(approved)"),
        "{result}"
    );
    assert_eq!(events(environment), ["requested", "answered", "decided", "started", "ended"]);
    assert_sound(environment);
}

#[test]
fn what_stays_as_it_was_is_run() {
    let environment = place();
    program(&environment, "tool", GOOD);
    assert_eq!(changed_before_the_answer(&environment, "./tool", |_| {}), 0);
    assert!(exists(&environment.file("good")));
    assert_eq!(result(&environment), "success: null (approved)");
}

#[test]
fn a_program_that_is_exchanged_is_not_run() {
    let environment = place();
    program(&environment, "tool", GOOD);
    let code =
        changed_before_the_answer(&environment, "./tool", |_| drop(program(&environment, "tool", EVIL)));
    assert_refused(&environment, code, "changed since it was approved");
}

#[test]
fn a_program_that_is_edited_in_place_is_not_run() {
    let environment = place();
    let path = program(&environment, "tool", GOOD);
    let code = changed_before_the_answer(&environment, "./tool", |_| fs::write(path, EVIL).unwrap());
    assert_refused(&environment, code, "changed since it was approved");
}

#[test]
fn a_link_that_leads_elsewhere_still_runs_what_was_approved() {
    let environment = place();
    program(&environment, "one", GOOD);
    program(&environment, "two", EVIL);
    std::os::unix::fs::symlink("one", environment.file("tool")).unwrap();
    let code = changed_before_the_answer(&environment, "./tool", |place| {
        fs::remove_file(place.join("tool")).unwrap();
        std::os::unix::fs::symlink("two", place.join("tool")).unwrap();
    });
    assert_eq!(code, 0);
    assert!(exists(&environment.file("good")));
}

#[test]
fn a_program_that_goes_away_is_not_run() {
    let environment = place();
    program(&environment, "tool", GOOD);
    let code = changed_before_the_answer(&environment, "./tool", |place| {
        fs::remove_file(place.join("tool")).unwrap();
    });
    assert_eq!(code, 127);
    assert!(result(&environment).contains("was not found"), "{}", result(&environment));
}

#[test]
fn a_binary_that_is_exchanged_is_not_run() {
    let environment = place();
    program(&environment, "tool", fs::read("/usr/bin/true").unwrap());
    let code = changed_before_the_answer(&environment, "./tool evil", |_| {
        drop(program(&environment, "tool", fs::read("/usr/bin/touch").unwrap()));
    });
    assert_refused(&environment, code, "changed since it was approved");
}

#[test]
fn a_script_that_is_exchanged_is_not_run() {
    let environment = place();
    environment.write("script", GOOD);
    let code =
        changed_before_the_answer(&environment, "sh script", |_| drop(environment.write("script", EVIL)));
    assert_refused(&environment, code, "the script `");
}

#[test]
fn a_script_that_appears_or_goes_away_is_not_run() {
    let environment = place();
    let code =
        changed_before_the_answer(&environment, "sh script", |_| drop(environment.write("script", EVIL)));
    assert_refused(&environment, code, "changed since it was approved");
    let code = changed_before_the_answer(&environment, "sh script", |place| {
        fs::remove_file(place.join("script")).unwrap();
    });
    assert_refused(&environment, code, "changed since it was approved");
}

#[test]
fn a_script_that_may_not_be_executed_any_more_is_not_run() {
    let environment = place();
    let path = program(&environment, "tool", GOOD);
    let code = changed_before_the_answer(&environment, "./tool", |_| set_mode(&path, 0o644));
    assert_refused(&environment, code, "may not be executed");
}

/// Shells read on in a script while they run it.
#[test]
fn a_script_that_is_rewritten_while_it_runs_goes_on_as_it_was() {
    let environment = place();
    // As long as what stands in its place, so that a shell that reads on would find it.
    let body = "#!/bin/sh\n{ cat other >tool; }\n";
    let other = format!("{}touch evil\n", " ".repeat(body.len()));
    environment.write("other", other);
    program(&environment, "tool", format!("{body}touch good\n"));
    let done = run(&environment, &["./tool"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(exists(&environment.file("good")) && !exists(&environment.file("evil")));
}

/// Somebody exchanges two files as fast as they can; only one of them was ever approved.
#[test]
fn a_race_is_never_won() {
    let environment = place();
    let (tool, spare) = (program(&environment, "tool", GOOD), program(&environment, "spare", EVIL));
    let approved = aegis_engine::Digest::of(GOOD.as_bytes());
    let policy = format!(
        "version: '1'\nrules:\n  - {{ match: {{ type: exec }}, conditions: {{ param_eq: {{ program_sha256: '{approved}' }} }}, \
         approval: auto }}\ndefaults: {{ approval: block }}\n"
    );
    environment.write("policy.yaml", policy);
    let is_over = AtomicBool::new(false);
    let (mut ran, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let flags = RenameFlags::RENAME_EXCHANGE;
                renameat2(AT_FDCWD, &tool, AT_FDCWD, &spare, flags).unwrap();
            }
        });
        for _ in 0..aegis_testkit::scaled(60, 2000) {
            match run(&environment, &["./tool"]).code {
                0 => ran += 1,
                126 | 127 => refused += 1,
                other => panic!("{other}"),
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(!exists(&environment.file("evil")));
    assert!(ran > 0 && refused > 0, "{ran} ran, {refused} were refused: that was no race");
    assert_sound(&environment);
}
