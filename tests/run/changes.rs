//! Programs and scripts that become others between the question and the answer, and after it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aegis_testkit::{Run, Terminal, set_mode};
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

/// What an interpreter or a starter is given before the file that it runs leads nobody away from that file.
#[test]
fn a_file_behind_a_decoy_that_is_exchanged_is_not_run() {
    for command in [
        "sh -o errexit ./file",
        "bash --rcfile decoy ./file",
        "mawk -f./file decoy",
        "flock decoy ./file",
        "env -S 'sh decoy ./file' decoy",
        "env -S 'sh ./file'",
        "setpriv --no-new-privs ./file",
        "timeout 9 flock decoy sh ./file",
        "find decoy -exec ./file {} \\;",
        "script -qc ./file /dev/null",
        "xargs -a decoy ./file",
    ] {
        let environment = place();
        environment.write("decoy", "");
        environment.write("errexit", "");
        program(&environment, "file", GOOD);
        let code =
            changed_before_the_answer(&environment, command, |_| drop(program(&environment, "file", EVIL)));
        assert_eq!(code, 126, "{command}");
        assert_refused(&environment, code, "changed since it was approved");
    }
}

#[test]
fn a_file_besides_the_script_that_appears_goes_away_or_leads_elsewhere_is_refused() {
    let environment = place();
    environment.write("one", GOOD);
    let command = "flock one sh ./file";
    let code = changed_before_the_answer(&environment, command, |_| drop(environment.write("file", EVIL)));
    assert_refused(&environment, code, "the file `");
    let remove = |place: &Path| fs::remove_file(place.join("file")).unwrap();
    let code = changed_before_the_answer(&environment, command, remove);
    assert_refused(&environment, code, "the file `");
    std::os::unix::fs::symlink("one", environment.file("file")).unwrap();
    environment.write("two", EVIL);
    let code = changed_before_the_answer(&environment, command, |place| {
        remove(place);
        std::os::unix::fs::symlink("two", place.join("file")).unwrap();
    });
    assert_refused(&environment, code, "the file `");
}

#[test]
fn a_yes_is_none_for_another_file_behind_the_first() {
    let environment = place();
    environment.write("decoy", "");
    let mut digests = Vec::new();
    for text in [GOOD, GOOD, EVIL] {
        environment.write("file", text);
        let run = run(&environment, &["flock", "decoy", "sh", "./file"]);
        assert_eq!(run.code, 0, "{run:?}");
        let record = environment.records().pop().unwrap();
        assert!(record["action_params"]["script"].as_str().unwrap().ends_with("/decoy"));
        let files = record["action_params"]["files"].as_object().unwrap();
        assert!(files.keys().all(|path| path.ends_with("/file")) && files.len() == 1, "{files:?}");
        digests.push(record["action_sha256"].as_str().unwrap().to_owned());
    }
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[1], digests[2]);
}

#[test]
fn a_script_writes_to_the_files_that_it_is_given() {
    let environment = place();
    environment.write("script", "cat \"$1\" >>\"$2\"\n");
    environment.write("in", "a");
    environment.write("out", "b");
    for times in 1..3 {
        let done = run(&environment, &["sh", "script", "in", "out"]);
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(fs::read_to_string(environment.file("out")).unwrap(), format!("b{}", "a".repeat(times)));
    }
    assert_sound(&environment);
}

#[test]
fn a_script_that_may_not_be_executed_any_more_is_not_run() {
    let environment = place();
    let path = program(&environment, "tool", GOOD);
    let code = changed_before_the_answer(&environment, "./tool", |_| set_mode(&path, 0o644));
    assert_refused(&environment, code, "may not be executed");
}

/// What a shell that reads on in a script finds there, after what the script has done to itself.
fn rewrites_itself(environment: &TestEnvironment) {
    let body = "#!/bin/sh\n{ sleep 1; cat other >tool; }\n";
    environment.write("other", format!("{}touch evil\n", " ".repeat(body.len())));
    program(environment, "tool", format!("{body}touch good\n"));
}

#[test]
fn a_sealed_script_that_is_rewritten_while_it_runs_goes_on_as_it_was() {
    for words in [&["./tool"][..], &["sh", "./tool"]] {
        let environment = place();
        rewrites_itself(&environment);
        let done = environment.aegis(&[&["run", "--sealed", "--"], words].concat());
        assert_eq!(done.code, 0, "{done:?}");
        assert!(exists(&environment.file("good")) && !exists(&environment.file("evil")));
        assert_eq!(result(&environment), "success: null (auto)");
    }
}

#[test]
fn a_script_that_is_rewritten_while_it_runs_is_no_success() {
    for words in [&["./tool"][..], &["sh", "./tool"]] {
        let environment = place();
        rewrites_itself(&environment);
        let done = run(&environment, words);
        assert_eq!(done.code, 125, "{done:?}");
        assert!(done.stderr.contains("changed while it ran, so that nobody can tell what ran"), "{done:?}");
        assert!(
            result(&environment).starts_with("failed: exit status 0; the file `"),
            "{}",
            result(&environment)
        );
        assert_sound(&environment);
    }
}

/// Somebody exchanges two files as fast as they can, of which only one may run, while `attempt` is made over
/// and over again. It is told whether what must not run did.
fn race(environment: &TestEnvironment, words: &[&str], digest: &str, attempt: &mut dyn FnMut(&Run, bool)) {
    let (tool, spare) = (program(environment, "tool", GOOD), program(environment, "spare", EVIL));
    let approved = aegis_engine::Digest::of(GOOD.as_bytes());
    let policy = format!(
        "version: '1'\nrules:\n  - {{ match: {{ type: exec }}, conditions: {{ param_eq: {{ {digest}: '{approved}' }} }}, \
         approval: auto }}\ndefaults: {{ approval: block }}\n"
    );
    environment.write("policy.yaml", policy);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let flags = RenameFlags::RENAME_EXCHANGE;
                renameat2(AT_FDCWD, &tool, AT_FDCWD, &spare, flags).unwrap();
                std::thread::sleep(Duration::from_micros(300));
            }
        });
        for _ in 0..aegis_testkit::scaled(40, 2000) {
            let run = environment.aegis(&[&["run", "-q"], words].concat());
            attempt(&run, exists(&environment.file("evil")));
            let _ = fs::remove_file(environment.file("evil"));
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_sound(environment);
}

#[test]
fn a_race_for_a_sealed_script_is_never_won() {
    for (words, digest) in [
        (&["--sealed", "--", "./tool"][..], "program_sha256"),
        (&["--sealed", "--", "sh", "./tool"], "script_sha256"),
    ] {
        let environment = place();
        let (mut ran, mut refused) = (0, 0);
        race(&environment, words, digest, &mut |run, is_evil| {
            assert!(!is_evil, "{run:?}");
            match run.code {
                0 => ran += 1,
                126 | 127 => refused += 1,
                _ => panic!("{run:?}"),
            }
        });
        assert!(ran > 0 && refused > 0, "{ran} ran, {refused} were refused: that was no race");
    }
}

/// An interpreter opens its script by its path. Who exchanges it in that moment is found out.
#[test]
fn a_race_for_a_script_that_is_won_is_no_success() {
    for (words, digest) in
        [(&["--", "./tool"][..], "program_sha256"), (&["--", "sh", "./tool"], "script_sha256")]
    {
        let environment = place();
        race(&environment, words, digest, &mut |run, is_evil| {
            assert!(!is_evil || run.code != 0, "{run:?}");
        });
    }
}
