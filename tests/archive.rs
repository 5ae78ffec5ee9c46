//! `aegis audit --events`, `aegis audit prune` and `aegis audit verify FILE`.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aegis_testkit::{DELETE, READ, Run, file_names, limited, mode, scaled, without_triggers};
use chrono::{SecondsFormat, Utc};

use crate::environment::TestEnvironment;

/// Records so many actions in one stream, and gives the answers.
fn record(environment: &TestEnvironment, count: usize) -> String {
    let lines = [READ, DELETE].join("\n") + "\n";
    let run = environment.aegis_with_input(&["check", "--jsonl"], lines.repeat(count / 2));
    assert_eq!(run.code, 1, "{}", run.stderr);
    run.stdout
}

/// An instant behind everything that was recorded so far.
fn now() -> String {
    std::thread::sleep(Duration::from_millis(5));
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    std::thread::sleep(Duration::from_millis(5));
    now
}

fn prune(environment: &TestEnvironment, before: &str, archive: &str) -> Run {
    environment.aegis(&["audit", "prune", "--before", before, "--archive", archive, "--yes"])
}

fn verify(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    environment.aegis(&[&["audit", "verify", "--format", "json"], arguments].concat())
}

/// What is verified and sound: its first and last row.
fn sound(environment: &TestEnvironment, arguments: &[&str]) -> (u64, u64) {
    let run = verify(environment, arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    let answer = run.json();
    assert_eq!(answer["sound"], true);
    (answer["first"].as_u64().unwrap(), answer["last"].as_u64().unwrap())
}

/// How many rows the file of the log has, as somebody who knows nothing of its rules would count them.
fn rows(environment: &TestEnvironment) -> u64 {
    let first_last = sound(environment, &[]);
    first_last.1 + 1 - first_last.0
}

#[test]
fn an_export_round_trips_compressed_or_not() {
    let environment = TestEnvironment::new();
    let kept = record(&environment, 20);
    environment.write("kept.jsonl", &kept);
    for name in ["all.jsonl", "all.jsonl.zst"] {
        let run = environment.aegis(&["audit", "--events", "-o", name]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
        assert_eq!(run.stderr, format!("note: 20 events written to `{name}`\n"));
        assert_eq!(mode(environment.file(name)), 0o600);
        assert_eq!(sound(&environment, &[name, "--receipts", "kept.jsonl"]), (1, 20));
    }
    assert!(fs::read(environment.file("all.jsonl.zst")).unwrap().starts_with(&[0x28, 0xB5, 0x2F, 0xFD]));
    let stdout = environment.aegis(&["audit", "--events"]).stdout;
    assert_eq!(stdout, fs::read_to_string(environment.file("all.jsonl")).unwrap());
    // The magic number counts, not the name.
    fs::copy(environment.file("all.jsonl.zst"), environment.file("renamed.jsonl")).unwrap();
    assert_eq!(sound(&environment, &["renamed.jsonl"]), (1, 20));
    // And no log is needed.
    fs::remove_file(environment.file("aegis_audit.db")).unwrap();
    let run = environment.aegis_with_input(&["audit", "verify", "all.jsonl", "--receipts", "-"], &kept);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("20 of 20 hold") && run.stdout.contains("up to row 20; 0 rows"), "{run:?}");
}

#[test]
fn a_tampered_line_is_named_with_its_row() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 20);
    let whole = environment.aegis(&["audit", "--events"]).stdout;
    let lines: Vec<&str> = whole.lines().collect();
    let with = |line: usize, replacement: &str| {
        let mut lines = lines.clone();
        lines[line - 1] = replacement;
        environment.write("changed.jsonl", lines.join("\n") + "\n");
        (verify(&environment, &["changed.jsonl"]), environment.aegis(&["audit", "verify", "changed.jsonl"]))
    };
    let (json, text) = with(8, &lines[7].replace("crm", "web"));
    assert_eq!((json.code, text.code), (1, 1));
    let damage = json.json()["damage"][0].clone();
    assert_eq!((&damage["row"], &damage["kind"]), (&7.into(), &"edited".into()));
    assert_eq!((&damage["file"], &damage["line"]), (&"changed.jsonl".into(), &8.into()));
    assert!(
        text.stdout.contains("row 7") && text.stdout.contains("(changed.jsonl, line 8)"),
        "{}",
        text.stdout
    );
    // A line that is none, and one that was taken out.
    let (_, text) = with(8, "{\"seq\":7}\u{1b}[2J");
    assert_eq!(text.code, 1);
    assert!(text.stdout.contains("row 6") && text.stdout.contains("line 8 is damaged"), "{}", text.stdout);
    assert!(!text.stdout.contains('\u{1b}'));
    // What is no export at all.
    environment.write("other.jsonl", "{}\n");
    for (file, expected) in
        [("other.jsonl", "no exported events"), ("missing.jsonl", "cannot read"), (".", "directory")]
    {
        let run = verify(&environment, &[file]);
        assert_eq!(run.code, 5, "{run:?}");
        assert!(run.stderr.contains(expected), "{run:?}");
    }
}

#[test]
fn a_file_that_was_cut_off_is_found() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 20);
    for name in ["all.jsonl", "all.jsonl.zst"] {
        assert_eq!(environment.aegis(&["audit", "--events", "-o", name]).code, 0);
        let whole = fs::read(environment.file(name)).unwrap();
        for length in [whole.len() - 1, whole.len() - 40, whole.len() / 2] {
            environment.write("cut", &whole[..length]);
            let run = environment.aegis(&["audit", "verify", "cut"]);
            assert_eq!(run.code, 1, "{name} {length}: {run:?}");
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(said.contains("cut off") || said.contains("compressed data is damaged"), "{said}");
        }
    }
}

#[test]
fn filters_that_would_leave_gaps_are_refused() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 4);
    for filter in
        [["--type", "read"], ["--decision", "block"], ["--limit", "2"], ["--session", "x"], ["--agent", "x"]]
    {
        let run = environment.aegis(&[&["audit", "--events"], &filter[..]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{filter:?}");
        assert!(run.stderr.contains("cannot be verified"), "{run:?}");
    }
    let cut = now();
    let _ = record(&environment, 6);
    let run = environment.aegis(&["audit", "--events", "--since", &cut, "-o", "late.jsonl"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(sound(&environment, &["late.jsonl"]), (5, 10));
    let run = environment.aegis(&["audit", "--events", "-o", "aegis_audit.db"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn a_pruned_log_and_its_archives_verify_alone_and_together() {
    let environment = TestEnvironment::new();
    let mut kept = record(&environment, 20);
    let checkpoint = environment.aegis(&["audit", "checkpoint"]);
    environment.write("early.note", checkpoint.stdout);
    let first = now();
    kept += &record(&environment, 10);
    let run = prune(&environment, &first, "1.jsonl.zst");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with("pruned    rows 1 to 21 (21 events)\n"), "{run:?}");
    // 20 decisions and the checkpoint are gone; 10 decisions and the pruning stay.
    assert_eq!(sound(&environment, &[]), (22, 32));
    assert_eq!(environment.records().len(), 10);
    assert_eq!(sound(&environment, &["1.jsonl.zst"]), (1, 21));
    assert_eq!(mode(environment.file("1.jsonl.zst")), 0o600);
    let late = environment.aegis(&["audit", "checkpoint"]);
    environment.write("late.note", late.stdout);
    let second = now();
    kept += &record(&environment, 4);
    environment.write("kept.jsonl", &kept);
    assert_eq!(prune(&environment, &second, "2.jsonl").code, 0);
    assert_eq!(sound(&environment, &[]), (34, 38));
    let notes = ["--checkpoint", "early.note", "--checkpoint", "late.note", "--receipts", "kept.jsonl"];
    let all = [&["1.jsonl.zst", "2.jsonl", "--db", "aegis_audit.db"], &notes[..]].concat();
    assert_eq!(sound(&environment, &all), (1, 38));
    let text = environment.aegis(&[&["audit", "verify"], &all[..]].concat()).stdout;
    assert!(text.contains("receipts  34 of 34 hold") && text.matches("it holds").count() == 3, "{text}");
    // Without the first one, what it has cannot be told; in a wrong order or with a gap, it is said so.
    assert_eq!(sound(&environment, &["2.jsonl", "--db", "aegis_audit.db"]), (22, 38));
    assert_eq!(verify(&environment, &["2.jsonl", "1.jsonl.zst"]).code, 5);
    let gap = verify(&environment, &["1.jsonl.zst", "--db", "aegis_audit.db"]);
    assert_eq!((gap.code, &gap.json()["damage"][0]["kind"]), (1, &"missing".into()));
    // An archive that was exchanged, and a log that goes on behind another one.
    let archive = fs::read_to_string(environment.file("2.jsonl")).unwrap();
    environment.write("forged.jsonl", archive.replace("crm", "web"));
    assert_eq!(verify(&environment, &["forged.jsonl", "--db", "aegis_audit.db"]).code, 1);
    let other = TestEnvironment::new();
    let _ = record(&other, 4);
    let db = other.file("aegis_audit.db");
    assert_eq!(verify(&environment, &["2.jsonl", "--db", db.to_str().unwrap()]).code, 5);
}

#[test]
fn nothing_is_deleted_that_nobody_agreed_to() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 10);
    let cut = now();
    let nothing = prune(&environment, "90d", "old.jsonl.zst");
    assert_eq!((nothing.code, nothing.stderr.as_str()), (0, ""), "{nothing:?}");
    assert!(nothing.stdout.starts_with("nothing to prune: no event is older than "), "{nothing:?}");
    assert!(!environment.file("old.jsonl.zst").exists());
    let asked = environment.aegis(&["audit", "prune", "--before", &cut, "--archive", "old.jsonl"]);
    assert_eq!(asked.code, 2, "{asked:?}");
    assert!(asked.stderr.contains("--yes"), "{asked:?}");
    environment.write("there.jsonl", "mine");
    let there = prune(&environment, &cut, "there.jsonl");
    assert_eq!(there.code, 5, "{there:?}");
    assert!(there.stderr.contains("is there already"), "{there:?}");
    assert_eq!(fs::read(environment.file("there.jsonl")).unwrap(), b"mine");
    assert_eq!(prune(&environment, &cut, "no/where.jsonl").code, 5);
    assert_eq!(prune(&environment, &cut, "aegis_audit.db").code, 2);
    assert_eq!(prune(&environment, "yesterday", "old.jsonl").code, 2);
    assert_eq!(rows(&environment), 10);
    let missing =
        environment.aegis(&["audit", "prune", "--db", "no.db", "--before", "1d", "--archive", "a", "--yes"]);
    assert_eq!(missing.code, 4, "{missing:?}");
}

#[test]
fn no_archive_or_export_takes_a_name_that_belongs_to_the_log() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 10);
    let cut = now();
    // SQLite plays a journal back that it finds beside the log, and deletes it.
    for suffix in ["-wal", "-shm", "-journal", ".lock"] {
        let name = format!("aegis_audit.db{suffix}");
        let _ = fs::remove_file(environment.file(&name));
        let absolute = environment.file(&name).to_str().unwrap().to_owned();
        for archive in [&name, &format!("./{name}"), &absolute] {
            let run = prune(&environment, &cut, archive);
            assert_eq!(run.code, 2, "{run:?}");
            assert!(run.stderr.contains("is the audit log itself"), "{run:?}");
            let run = environment.aegis(&["audit", "--events", "-o", archive]);
            assert_eq!(run.code, 2, "{run:?}");
        }
    }
    assert_eq!(rows(&environment), 10);
}

#[test]
fn events_go_to_a_pipe_as_it_is_and_to_what_a_link_leads_to() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 10);
    let all = environment.aegis(&["audit", "--events"]).stdout;
    let pipe = environment.file("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let run = environment.aegis(&["audit", "--events", "-o", "pipe"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    assert_eq!(reader.join().unwrap(), all);
    environment.write("target.jsonl", "old");
    std::os::unix::fs::symlink("target.jsonl", environment.file("link")).unwrap();
    assert_eq!(environment.aegis(&["audit", "--events", "-o", "link"]).code, 5);
    assert!(environment.file("link").is_symlink());
    assert_eq!(fs::read_to_string(environment.file("target.jsonl")).unwrap(), "old");
    // A link that leads nowhere is not replaced either.
    std::os::unix::fs::symlink("nowhere", environment.file("dangling")).unwrap();
    assert_eq!(environment.aegis(&["audit", "--events", "-o", "dangling"]).code, 5);
    assert!(environment.file("dangling").is_symlink());
}

#[test]
fn a_log_can_shrink() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 400);
    let cut = now();
    let _ = record(&environment, 10);
    let size = || fs::metadata(environment.file("aegis_audit.db")).unwrap().len();
    let before = size();
    assert_eq!(prune(&environment, &cut, "1.jsonl.zst").code, 0);
    assert!((before..before + 3 * 4096).contains(&size()), "{} {before}", size());
    let cut = now();
    let _ = record(&environment, 10);
    let run = environment.aegis(&[
        "audit",
        "prune",
        "--before",
        &cut,
        "--archive",
        "2.jsonl.zst",
        "--yes",
        "--shrink",
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(size() < before / 2, "{} {before}", size());
    assert_eq!(sound(&environment, &["1.jsonl.zst", "2.jsonl.zst", "--db", "aegis_audit.db"]), (1, 422));
}

#[test]
fn an_archive_that_may_not_grow_is_removed_and_nothing_is_pruned() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 400);
    let cut = now();
    let (code, _, stderr) = prune_with_limit(&environment, 64, &["--before", &cut, "--archive", "old.jsonl"]);
    assert_eq!(code, Some(5), "{stderr}");
    assert!(stderr.contains("cannot be written") && stderr.contains("nothing was pruned"), "{stderr}");
    let mut left = file_names(environment.path());
    left.retain(|name| name.contains("old"));
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(rows(&environment), 400);
}

/// Prunes while no file may grow beyond so many blocks of 512 bytes.
fn prune_with_limit(
    environment: &TestEnvironment,
    blocks: usize,
    arguments: &[&str],
) -> (Option<i32>, String, String) {
    let command = environment.command(&[&["audit", "prune", "--yes"], arguments].concat());
    let run = limited(&command, blocks).env_clear().output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

#[test]
fn a_log_that_is_damaged_behind_what_would_go_is_left_alone() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 10);
    let cut = now();
    let _ = record(&environment, 10);
    let log = rusqlite::Connection::open(environment.file("aegis_audit.db")).unwrap();
    let sql = "UPDATE events SET at = at + 1 WHERE seq = 15";
    without_triggers(&log, |log| log.execute_batch(sql).unwrap());
    drop(log);
    let run = prune(&environment, &cut, "old.jsonl");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("row 15") && run.stderr.contains("nothing was pruned"), "{run:?}");
    assert!(!environment.file("old.jsonl").exists());
    assert_eq!(verify(&environment, &[]).json()["last"], 20);
}

#[test]
fn an_answer_that_cannot_be_written_is_no_pruning_that_failed() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 20);
    let cut = now();
    let mut command =
        environment.command(&["audit", "prune", "--before", &cut, "--archive", "old.jsonl", "--yes"]);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let run = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && stderr.contains("standard output"), "{stderr}");
    assert_eq!(sound(&environment, &[]), (21, 21));
}

#[test]
fn a_pruning_whose_space_cannot_be_freed_says_what_it_did() {
    let environment = TestEnvironment::new();
    let kept = record(&environment, 20);
    let cut = now();
    let _ = record(&environment, 600);
    let arguments = ["--before", &cut, "--archive", "old.jsonl", "--shrink"];
    let (code, stdout, stderr) = prune_with_limit(&environment, 512, &arguments);
    assert_eq!(code, Some(4), "{stdout} {stderr}");
    assert!(stdout.contains("pruned    rows 1 to 20") && stdout.contains("recorded  621:"), "{stdout}");
    assert!(stderr.contains("nothing is lost"), "{stderr}");
    environment.write("kept.jsonl", kept);
    let both = verify(&environment, &["old.jsonl", "--db", "aegis_audit.db", "--receipts", "kept.jsonl"]);
    assert_eq!((both.code, &both.json()["receipts"]["hold"]), (0, &20.into()), "{both:?}");
    assert_eq!(sound(&environment, &["old.jsonl", "--db", "aegis_audit.db"]), (1, 621));
}

#[test]
fn anchors_of_rows_that_are_gone_hold_nothing() {
    let environment = TestEnvironment::new();
    environment.write("kept.jsonl", record(&environment, 10));
    let head = verify(&environment, &[]).json()["head"].as_str().unwrap().to_owned();
    let note = environment.aegis(&["audit", "checkpoint", "--no-record"]).stdout;
    let _ = record(&environment, 2);
    environment.write("old.note", note);
    let cut = now();
    let _ = record(&environment, 10);
    assert_eq!(prune(&environment, &cut, "old.jsonl").code, 0);
    let inside = format!("9:{head}");
    for given in [["--receipts", "kept.jsonl"], ["--checkpoint", "old.note"], ["--anchor", &inside]] {
        let run = verify(&environment, &given);
        assert_eq!((run.code, &run.json()["anchored"]), (5, &serde_json::Value::Null), "{given:?}: {run:?}");
        let text = environment.aegis(&[&["audit", "verify"], &given[..]].concat()).stdout;
        assert!(text.starts_with("unsure "), "{text}");
    }
    let archive = ["old.jsonl", "--db", "aegis_audit.db"];
    for given in [["--receipts", "kept.jsonl"], ["--checkpoint", "old.note"]] {
        assert_eq!(sound(&environment, &[&archive[..], &given[..]].concat()), (1, 23));
    }
}

/// Kills a pruning at some moment. Says whether it was killed, and did not end by itself.
fn kill_after(environment: &TestEnvironment, cut: &str, archive: &str, delay: Duration) -> bool {
    let mut command =
        environment.command(&["audit", "prune", "--before", cut, "--archive", archive, "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    let _ = child.kill();
    !child.wait().unwrap().success()
}

#[test]
fn a_pruning_that_is_killed_leaves_everything_or_can_be_finished() {
    let runs = u32::try_from(scaled(8, 200)).unwrap();
    let original = TestEnvironment::new();
    let old = 12_000;
    let kept = record(&original, old);
    let cut = now();
    let _ = record(&original, 100);
    let copy = || {
        let environment = TestEnvironment::new();
        fs::copy(original.file("aegis_audit.db"), environment.file("aegis_audit.db")).unwrap();
        environment.write("kept.jsonl", &kept);
        environment
    };
    let environment = copy();
    let begun = Instant::now();
    assert_eq!(prune(&environment, &cut, "old.jsonl.zst").code, 0);
    let life = begun.elapsed();
    let (old, all) = (old as u64, old as u64 + 100);
    let (mut killed, mut before, mut behind) = (0, 0, 0);
    for run in 0..runs {
        let environment = copy();
        // Most kills fall into the second half, in which the log is written.
        let share = f64::from(run) / f64::from(runs);
        let delay = life.mul_f64(0.1 + 0.9 * share);
        killed += u32::from(kill_after(&environment, &cut, "old.jsonl.zst", delay));
        let (first, last) = sound(&environment, &[]);
        if last == all {
            before += 1;
            assert_eq!(first, 1);
        } else {
            behind += 1;
            assert_eq!(last, all + 1);
            // The archive was whole before anything was deleted.
            let together = ["old.jsonl.zst", "--db", "aegis_audit.db", "--receipts", "kept.jsonl"];
            assert_eq!(sound(&environment, &together), (1, all + 1));
        }
        // Others go on, and the next pruning finishes what is left.
        assert_eq!(environment.check(READ).code, 0);
        let again = prune(&environment, &cut, "again.jsonl.zst");
        assert_eq!(again.code, 0, "{again:?}");
        assert_eq!(sound(&environment, &[]), (old + 1, all + 2));
        let archive = if last == all { "again.jsonl.zst" } else { "old.jsonl.zst" };
        assert_eq!(
            sound(&environment, &[archive, "--db", "aegis_audit.db", "--receipts", "kept.jsonl"]).0,
            1
        );
        assert_eq!(environment.records().len(), 101);
    }
    println!("prune: {killed} of {runs} killed, {before} before the event, {behind} behind it");
    assert!(killed > 0 && before > 0);
}

#[test]
fn what_a_killed_pruning_left_is_named() {
    let environment = TestEnvironment::new();
    let _ = record(&environment, 10);
    let cut = now();
    environment.write("old.jsonl.Ab3xYz.new", "half");
    let run = prune(&environment, &cut, "old.jsonl");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("`old.jsonl.Ab3xYz.new` is left over"), "{run:?}");
}
