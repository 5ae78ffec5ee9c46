//! What the command finds: streams, files, environment, signals as they would be without Aegis.

use std::io::Read as _;
use std::process::{Command, Stdio};

use aegis_testkit::{Run, run_with_input};

use super::{place, program, result, sh};
use crate::environment::TestEnvironment;

/// What a script says without Aegis, and what it says with it.
fn both(environment: &TestEnvironment, script: &str) -> [Run; 2] {
    let mut alone = Command::new("/bin/sh");
    alone.args(["-c", script]).current_dir(environment.path()).env_clear().env("HOME", environment.path());
    let alone = alone.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    [Run::of(alone), sh(environment, script)]
}

#[test]
fn input_reaches_the_command_and_output_comes_as_it_is() {
    let environment = place();
    let input: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let mut command = environment.command(&["run", "-q", "--", "cat"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let (mut stdin, sent) = (child.stdin.take().unwrap(), input.clone());
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &sent).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success() && output.stdout == input);
    let run = run_with_input(environment.command(&["run", "-q", "--", "sh", "-c", "cat >&2"]), b"to stderr");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", "to stderr"));
}

#[test]
fn a_hundred_megabytes_of_output_go_through() {
    let environment = place();
    let mut command = environment.command(&["run", "-q", "--", "head", "-c", "100000000", "/dev/zero"]);
    let mut child = command.spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let (mut total, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match output.read(&mut buffer).unwrap() {
            0 => break,
            length => total += length,
        }
    }
    assert_eq!((total, child.wait().unwrap().code()), (100_000_000, Some(0)));
    assert_eq!(result(&environment), "success: null (auto)");
}

#[test]
fn a_reader_that_goes_away_ends_the_command_as_without_aegis() {
    let environment = place();
    let script = "{ \"$AEGIS\" run -q -- yes; echo status=$? >&2; } | head -n 1";
    let run = Run::of(environment.shell(script).output().unwrap());
    assert_eq!((run.stdout.as_str(), run.stderr.contains("status=141")), ("y\n", true), "{run:?}");
    assert_eq!(result(&environment), "failed: killed by SIGPIPE (auto)");
}

#[test]
fn no_file_of_aegis_is_open_in_the_command() {
    let environment = place();
    assert_eq!(sh(&environment, "true").code, 0);
    let [alone, gated] = both(&environment, "ls /proc/self/fd");
    assert_eq!((alone.stdout, gated.code), (gated.stdout, 0));
    // A script that runs from a sealed copy has that one, and no other.
    program(&environment, "list", "#!/bin/sh\nreadlink /proc/$$/fd/*; exit 0\n");
    let gated = environment.aegis(&["run", "--sealed", "--", "./list"]);
    assert_eq!(gated.code, 0, "{gated:?}");
    let of_ours: Vec<_> = gated
        .stdout
        .lines()
        .filter(|line| !["/dev/null", "pipe:"].iter().any(|it| line.starts_with(it)))
        .collect();
    assert!(!of_ours.iter().any(|line| line.contains("aegis_audit")), "{gated:?}");
    assert!(of_ours.iter().any(|line| line.starts_with("/memfd:list")), "{gated:?}");
}

#[test]
fn files_that_were_open_stay_open() {
    let environment = place();
    let run = Run::of(
        environment.shell("echo kept >kept; aegis run -q -- sh -c 'cat <&7' 7<kept").output().unwrap(),
    );
    assert_eq!((run.code, run.stdout.as_str()), (0, "kept\n"), "{run:?}");
}

#[test]
fn signals_limits_and_groups_are_as_without_aegis() {
    let environment = place();
    for script in [
        "grep -E 'Sig(Ign|Blk|Cgt)' /proc/self/status",
        "ulimit -c; ulimit -n; umask",
        "pwd -P; cat /proc/$$/comm | wc -c",
    ] {
        let [alone, gated] = both(&environment, script);
        if script.contains("comm") {
            assert_eq!(alone.stdout.lines().next(), gated.stdout.lines().next());
            continue;
        }
        assert_eq!((alone.stdout, gated.code), (gated.stdout, 0), "{script}");
    }
    // What is ignored stays so, as `nohup` wants it.
    let script =
        "trap '' INT HUP QUIT; aegis run -q -- grep SigIgn /proc/self/status; grep SigIgn /proc/self/status";
    let run = Run::of(environment.shell(script).output().unwrap());
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!((lines.len(), lines.first()), (2, lines.last()), "{run:?}");
}

#[test]
fn a_parent_that_ignores_the_ends_of_its_children_hides_none() {
    let environment = place();
    let script = "trap '' CHLD; exec \"$AEGIS\" run -q -- sh -c 'exit 7'";
    let run = Run::of(
        Command::new("/usr/bin/env")
            .args(["--ignore-signal=CHLD", "sh", "-c", script])
            .current_dir(environment.path())
            .env_clear()
            .env("AEGIS", env!("CARGO_BIN_EXE_aegis"))
            .output()
            .unwrap(),
    );
    assert_eq!(run.code, 7, "{run:?}");
    assert_eq!(result(&environment), "failed: exit status 7 (auto)");
}

#[test]
fn the_rest_of_the_environment_is_inherited() {
    let environment = place();
    let mut command = environment.command(&["run", "-q", "--", "env"]);
    command.envs([("LINES", "7"), ("SECRET_TOKEN", "t"), ("LD_NOTHING", "x"), ("PATH", "/usr/bin:/bin")]);
    let run = Run::of(command.output().unwrap());
    let mut lines: Vec<_> = run.stdout.lines().filter(|line| !line.starts_with("HOME=")).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["LD_NOTHING=x", "LINES=7", "PATH=/usr/bin:/bin", "SECRET_TOKEN=t"]);
    let env = environment.records().pop().unwrap()["action_params"]["env"].clone();
    assert_eq!(env["LD_NOTHING"], "x");
    assert!(env.get("SECRET_TOKEN").is_none() && env.get("LINES").is_none(), "{env}");
}
