//! `aegis audit verify` and `aegis audit checkpoint`: what a person or a script sees.

use std::fs;

use aegis_testkit::{BULK, DELETE, READ, Run, mode, run_with_input, set_mode};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// Six decisions, as the caller kept them.
fn trail() -> (TestEnvironment, String) {
    let environment = TestEnvironment::new();
    let actions = format!("{READ}\n{DELETE}\n{READ}\nnot an action\n{BULK}\n{READ}\n");
    let run = environment.aegis_with_input(&["check", "--jsonl"], actions);
    assert_eq!(run.stdout.lines().count(), 6, "{run:?}");
    (environment, run.stdout)
}

fn verify(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    environment.aegis(&[&["audit", "verify"], arguments].concat())
}

fn verify_json(environment: &TestEnvironment, arguments: &[&str]) -> (i32, Value) {
    let run = verify(environment, &[&["--format", "json"], arguments].concat());
    (run.code, run.json())
}

/// Changes a text in the log's file, all of which must be in the database already.
fn edit(environment: &TestEnvironment, from: &str, to: &str) {
    let path = environment.file("aegis_audit.db");
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    bytes[place..place + from.len()].copy_from_slice(to.as_bytes());
    fs::write(&path, bytes).unwrap();
}

fn first_line(run: &Run) -> &str {
    run.stderr.lines().next().unwrap_or_default()
}

fn key(environment: &TestEnvironment, name: &str, file: &str) -> String {
    let run = environment.aegis(&["audit", "checkpoint", "--new-key", name, "-o", file]);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout.trim().to_owned()
}

#[test]
fn a_sound_log_says_so_and_that_its_end_is_not_anchored() {
    let (environment, kept) = trail();
    let run = verify(&environment, &[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let first = run.stdout.lines().next().unwrap();
    assert!(first.starts_with("sound ") && first.contains("rows verified, nothing is wrong"), "{run:?}");
    assert!(run.stdout.contains("by nothing: no receipt or checkpoint was given"), "{run:?}");
    let (code, found) = verify_json(&environment, &[]);
    let last: Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
    assert_eq!((code, &found["sound"], &found["log"]), (0, &json!(true), &last["receipt"]["log"]));
    assert_eq!((&found["last"], &found["head"]), (&last["receipt"]["seq"], &last["receipt"]["head"]));
    assert_eq!((&found["anchored"], &found["rows_behind_anchor"]), (&Value::Null, &found["rows"]));
}

#[test]
fn receipts_anchor_the_log_and_say_how_much_stands_behind_them() {
    let (environment, kept) = trail();
    let lines: Vec<_> = kept.lines().collect();
    environment.write("kept.jsonl", lines[..3].join("\n"));
    let (code, found) = verify_json(&environment, &["--receipts", "kept.jsonl"]);
    assert_eq!((code, &found["anchored"]), (0, &json!(3)));
    assert_eq!(found["rows_behind_anchor"], json!(found["last"].as_u64().unwrap() - 3));
    // Receipts alone do as well, in any order and from standard input.
    let receipts: Vec<_> = lines
        .iter()
        .rev()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["receipt"].to_string())
        .filter(|receipt| receipt != "null")
        .collect();
    let run = environment.aegis_with_input(&["audit", "verify", "--receipts", "-"], receipts.join("\n"));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout.contains("receipts  5 of 5 hold") && run.stdout.contains("; 0 rows stand behind"),
        "{run:?}"
    );
}

#[test]
fn whole_decisions_are_compared_field_by_field() {
    let (environment, kept) = trail();
    environment.write("kept.jsonl", &kept);
    let (code, found) = verify_json(&environment, &["--receipts", "kept.jsonl"]);
    assert_eq!(
        (code, &found["receipts"]["hold"], &found["receipts"]["lines_without_receipt"]),
        (0, &json!(5), &json!(1)),
        "{found}"
    );
    let lines: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (field, value) in [
        ("matched_rule", json!("other")),
        ("action_id", json!("other")),
        ("session_id", json!("other")),
        ("decision", json!("approved")),
        ("allowed", json!(false)),
        ("risk_level", json!("high")),
        ("action_sha256", json!("00")),
        ("approver", Value::Null),
        ("timestamp", json!("2020-01-01T00:00:00.000Z")),
    ] {
        let mut changed = lines.clone();
        changed[2][field] = value;
        let text: Vec<_> = changed.iter().map(Value::to_string).collect();
        environment.write("kept.jsonl", text.join("\n"));
        let (code, found) = verify_json(&environment, &["--receipts", "kept.jsonl"]);
        let damage = found["damage"].as_array().unwrap();
        assert_eq!((code, damage.len()), (1, 1), "{field}: {found}");
        assert_eq!((&damage[0]["row"], &damage[0]["kind"]), (&json!(3), &json!("differs")), "{field}");
        let message = damage[0]["message"].as_str().unwrap();
        assert!(message.contains("line 3") && message.contains(&format!("`{field}`")), "{message}");
    }
}

#[test]
fn lines_that_are_no_receipts_are_named_and_damage_outweighs_them() {
    let (environment, kept) = trail();
    let long = "x".repeat(5 << 20);
    environment.write(
        "kept.jsonl",
        format!("{kept}\n\u{1b}[2J\n[1]\n{{}}\n{long}\n{{\"log\":\"a\",\"seq\":0,\"head\":\"\"}}\n"),
    );
    let run = verify(&environment, &["--receipts", "kept.jsonl"]);
    assert_eq!(run.code, 5, "{run:?}");
    for line in ["line 8 cannot", "line 9 cannot", "line 10 cannot", "line 11 cannot", "line 12 cannot"] {
        assert!(run.stdout.contains(line), "{line}: {run:?}");
    }
    assert!(!run.stdout.contains('\u{1b}'));
    edit(&environment, "\"crm\"", "\"erp\"");
    assert_eq!(verify(&environment, &["--receipts", "kept.jsonl"]).code, 1);
    assert_eq!(verify(&environment, &["--receipts", "missing.jsonl"]).code, 5);
}

#[test]
fn what_was_kept_of_another_log_is_told_in_a_line_and_is_no_damage() {
    let (environment, kept) = trail();
    let of = verify_json(&environment, &[]).1["log"].as_str().unwrap().to_owned();
    environment.write("kept.jsonl", &kept);
    assert_eq!(environment.aegis(&["audit", "--events", "-o", "events.jsonl"]).code, 0);
    fs::remove_file(environment.file("aegis_audit.db")).unwrap();
    let mine = environment.aegis_with_input(&["check", "--format", "json"], READ).stdout;
    let this = verify_json(&environment, &[]).1["log"].as_str().unwrap().to_owned();
    assert_eq!(environment.aegis(&["audit", "--events", "-o", "mine.jsonl"]).code, 0);
    let told = format!("error: the receipts in `kept.jsonl` are of the log {of}, this is the log {this}");
    for more in [&[][..], &["--format", "json"], &["mine.jsonl"], &["mine.jsonl", "--db", "aegis_audit.db"]] {
        let run = verify(&environment, &[&["--receipts", "kept.jsonl"], more].concat());
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{more:?}: {run:?}");
        assert_eq!((first_line(&run), run.stderr.lines().count()), (told.as_str(), 2), "{more:?}");
    }
    let run = environment.aegis_with_input(&["audit", "verify", "--receipts", "-"], &kept);
    assert_eq!(first_line(&run), told.replace("`kept.jsonl`", "standard input"));
    // Archives and exports, of this and of each other's logs.
    let run = verify(&environment, &["events.jsonl", "--db", "aegis_audit.db"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    assert_eq!(
        first_line(&run),
        format!("error: the files are of the log {of}, the one at `--db` is {this}")
    );
    let run = verify(&environment, &["events.jsonl", "mine.jsonl"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    let both = format!("error: `events.jsonl` is of the log {of}, `mine.jsonl` is of {this}");
    assert_eq!(first_line(&run), both);
    // Beside those of this log they are counted, and the answer is not a plain yes.
    environment.write("kept.jsonl", format!("{kept}{mine}"));
    let run = verify(&environment, &["--receipts", "kept.jsonl"]);
    assert_eq!((run.code, run.stderr.as_str()), (5, ""), "{run:?}");
    assert!(run.stdout.starts_with("unsure ") && run.stdout.contains("5 of what was given say"), "{run:?}");
    assert!(run.stdout.contains(&format!("receipts  1 of 6 hold; 5 of another log, {of};")), "{run:?}");
    let (code, found) = verify_json(&environment, &["--receipts", "kept.jsonl"]);
    assert_eq!((code, &found["sound"], &found["receipts"]["of_other_logs"]), (5, &json!(true), &json!(5)));
    // Damage outweighs them.
    environment.write("kept.jsonl", &kept);
    edit(&environment, "\"crm\"", "\"erp\"");
    let run = verify(&environment, &["--receipts", "kept.jsonl"]);
    assert!(run.code == 1 && run.stdout.starts_with("damaged   1 row read, 1 problem found"), "{run:?}");
}

#[test]
fn a_file_that_holds_no_receipts_is_told_in_a_line() {
    let (environment, _) = trail();
    for (name, text) in [
        ("policy.yaml", None),
        ("an array", Some("[\n  {}\n]\n".to_owned())),
        ("binary", Some("\u{0}\u{1}\u{1b}[2J\n".repeat(300))),
        ("a table", Some("ID  Session\nabc  def\n".to_owned())),
    ] {
        if let Some(text) = text {
            environment.write(name, text);
        }
        let run = verify(&environment, &["--receipts", name]);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{name}: {run:?}");
        let told = format!("error: there are no receipts in `{name}`: line 1 cannot be read: ");
        assert!(first_line(&run).starts_with(&told) && run.stderr.lines().count() == 2, "{name}: {run:?}");
        assert!(!run.stderr.contains('\u{1b}'), "{name}");
    }
}

#[test]
fn a_key_without_a_name_gets_the_logs_and_one_with_a_name_is_shown_under_it() {
    let (environment, _) = trail();
    let checkpoint = |arguments: &[&str]| environment.aegis(&[&["audit", "checkpoint"], arguments].concat());
    let own = checkpoint(&["-o", "own.key", "--new-key"]).stdout.trim().to_owned();
    let log = verify_json(&environment, &[]).1["log"].as_str().unwrap().to_owned();
    assert!(own.starts_with(&format!("aegis.log/{log}+")), "{own}");
    assert_eq!(checkpoint(&["--key", "own.key", "--show-key"]).stdout.trim(), own);
    let named = key(&environment, "example.com/audit", "named.key");
    let shown = checkpoint(&["--key", "named.key", "--show-key"]).stdout.trim().to_owned();
    assert!(shown.starts_with(&format!("aegis.log/{log}+")) && shown != own, "{shown}");
    let rows = verify_json(&environment, &[]).1["rows"].clone();
    assert_eq!(checkpoint(&["--key", "named.key", "-o", "one.note"]).code, 0);
    assert_eq!(verify_json(&environment, &[]).1["rows"], json!(rows.as_u64().unwrap() + 1));
    for (public, signature) in [(&named, "good"), (&shown, "good"), (&own, "bad")] {
        let (_, found) = verify_json(&environment, &["--checkpoint", "one.note", "--public-key", public]);
        assert_eq!(found["checkpoints"][0]["signature"], signature, "{public}");
    }
    let none = TestEnvironment::new();
    let run = none.aegis(&["audit", "checkpoint", "--new-key", "-o", "own.key"]);
    assert_eq!((run.code, none.file("own.key").exists()), (4, false), "{run:?}");
}

#[test]
fn a_log_on_a_read_only_file_system_says_so() {
    let (environment, _) = trail();
    // A file system of its own needs a privilege that not everybody has.
    let script =
        "unshare -rm sh -c 'mount -t tmpfs none /mnt && mkdir -m 700 /mnt/log && cp -a . /mnt/log && \
        cp -a /mnt/log /mnt/waits && printf x >/mnt/waits/aegis_audit.db-wal && \
        mount -o remount,ro /mnt && cd /mnt/log || exit 99
        aegis() { \"$AEGIS\" \"$@\"; echo $?; }
        aegis check read:crm; aegis check read:crm --db new.db; aegis audit checkpoint
        aegis audit --limit 1 --format jsonl; aegis audit --db /mnt/waits/aegis_audit.db'";
    let run = run_with_input(environment.shell(script), b"");
    if run.code == 99 || run.stderr.contains("unshare failed") {
        eprintln!("skipped: {}", run.stderr);
        return;
    }
    let (stdout, stderr) = (&run.stdout, &run.stderr);
    let lines: Vec<_> = stdout.lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(lines, ["4", "4", "4", "0", "4"], "{stdout}{stderr}");
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 4, "{stderr}");
    assert!(errors.iter().all(|line| line.contains("read-only")), "{stderr}");
    assert!(errors[3].contains("its newest rows wait in a file beside it"), "{stderr}");
}

#[test]
fn damage_is_named_with_its_row_and_exits_1() {
    let (environment, _) = trail();
    edit(&environment, "deletes_are_blocked", "deletes_are_allowed");
    let run = verify(&environment, &[]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("damaged "), "{run:?}");
    assert!(run.stdout.contains("row 2: its content was edited"), "{run:?}");
    let (_, found) = verify_json(&environment, &[]);
    assert_eq!((&found["damage"][0]["row"], &found["damage"][0]["kind"]), (&json!(2), &json!("edited")));
    // It gets no checkpoint either.
    let run = environment.aegis(&["audit", "checkpoint"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("row 2"), "{run:?}");
}

#[test]
fn a_checkpoint_is_recorded_signed_and_proves_consistency() {
    let (environment, _) = trail();
    let public = key(&environment, "example.com/audit", "audit.key");
    assert!(public.starts_with("example.com/audit+"));
    assert_eq!(mode(environment.file("audit.key")), 0o600);
    let before = verify_json(&environment, &[]).1["last"].as_u64().unwrap();
    let run = environment.aegis(&["audit", "checkpoint", "--key", "audit.key"]);
    assert_eq!(run.code, 0, "{run:?}");
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("aegis.log/") && lines[1] == before.to_string() && lines[3].is_empty());
    // It is signed under the name of its origin, whatever the key is called.
    let signer = lines[4].strip_prefix("\u{2014} ").and_then(|line| line.split(' ').next());
    assert!(signer == Some(lines[0]) && lines.len() == 5, "{run:?}");
    environment.write("one.note", &run.stdout);
    let arguments = ["--checkpoint", "one.note", "--public-key", &public];
    let (code, found) = verify_json(&environment, &arguments);
    assert_eq!(
        (code, &found["anchored"], &found["last"]),
        (0, &json!(before), &json!(before + 1)),
        "{found}"
    );
    assert_eq!(found["checkpoints"][0]["signature"], "good");
    let run = verify(&environment, &["--checkpoint", "one.note"]);
    assert!(run.code == 0 && run.stdout.contains("who signed it was not checked"), "{run:?}");
    // Another key, another log, another root.
    let other = key(&environment, "example.com/audit", "other.key");
    let run = verify(&environment, &["--checkpoint", "one.note", "--public-key", &other]);
    assert!(run.code == 1 && run.stdout.contains("the given key did not sign it"), "{run:?}");
    let elsewhere = TestEnvironment::new();
    let note = fs::read_to_string(environment.file("one.note")).unwrap();
    elsewhere.write("one.note", &note);
    assert_eq!(elsewhere.check(READ).code, 0);
    let run = verify(&elsewhere, &["--checkpoint", "one.note"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    let (of, this) = (lines[0], verify_json(&elsewhere, &[]).1["log"].as_str().unwrap().to_owned());
    assert_eq!(
        first_line(&run),
        format!("error: the checkpoint in `one.note` is of `{of}`, this is the log {this}")
    );
    let root = note.lines().nth(2).unwrap();
    environment.write("bad.note", note.replace(root, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
    let (code, found) = verify_json(&environment, &["--checkpoint", "bad.note"]);
    assert_eq!((code, &found["damage"][0]["kind"]), (1, &json!("differs")), "{found}");
    environment.write("more.note", note.replace(&format!("\n{before}\n"), "\n1000\n"));
    let (code, found) = verify_json(&environment, &["--checkpoint", "more.note"]);
    assert_eq!((code, &found["damage"][0]["kind"]), (1, &json!("truncated")), "{found}");
    environment.write("no.note", "no note");
    assert_eq!(verify(&environment, &["--checkpoint", "no.note"]).code, 5);
}

#[test]
fn checkpoints_follow_each_other_and_may_go_unrecorded() {
    let (environment, _) = trail();
    let size = |arguments: &[&str]| {
        let run = environment.aegis(&[&["audit", "checkpoint"], arguments].concat());
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout.lines().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let first = size(&["--no-record"]);
    assert_eq!((size(&["--no-record"]), size(&[]), size(&[])), (first, first, first + 1));
    assert_eq!(verify(&environment, &[]).code, 0);
    // They are no actions.
    assert_eq!(environment.records().len(), 5);
    let run = environment.aegis(&["audit", "checkpoint", "-o", "aegis_audit.db"]);
    assert_eq!(run.code, 2, "{run:?}");
    let none = TestEnvironment::new();
    assert_eq!((none.aegis(&["audit", "checkpoint"]).code, verify(&none, &[]).code), (4, 4));
    assert!(!none.file("aegis_audit.db").exists());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let (environment, _) = trail();
    key(&environment, "n", "audit.key");
    let path = environment.file("audit.key");
    set_mode(&path, 0o640);
    let run = environment.aegis(&["audit", "checkpoint", "--key", "audit.key"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(run.stderr.contains("may be read by others") && run.stderr.contains("chmod 600"), "{run:?}");
    // A key is never overwritten, and no name spoils a note.
    let again = environment.aegis(&["audit", "checkpoint", "--new-key", "n", "-o", "audit.key"]);
    assert_eq!(again.code, 5, "{again:?}");
    let named = environment.aegis(&["audit", "checkpoint", "--new-key", "a b", "-o", "b.key"]);
    assert_eq!((named.code, environment.file("b.key").exists()), (2, false), "{named:?}");
    fs::write(&path, "PRIVATE+KEY+nonsense").unwrap();
    set_mode(&path, 0o600);
    assert_eq!(environment.aegis(&["audit", "checkpoint", "--key", "audit.key"]).code, 5);
}

#[test]
fn a_decision_is_proven_without_the_log() {
    let (environment, kept) = trail();
    let public = key(&environment, "example.com/audit", "audit.key");
    for (line, id) in kept.lines().enumerate() {
        let decision: Value = serde_json::from_str(id).unwrap();
        let Some(id) = decision["action_id"].as_str() else { continue };
        let run = environment.aegis(&[
            "audit",
            "checkpoint",
            "--key",
            "audit.key",
            "--prove",
            id,
            "-o",
            "proof.json",
        ]);
        assert_eq!(run.code, 0, "{line}: {run:?}");
        let elsewhere = TestEnvironment::empty();
        let proof = fs::read_to_string(environment.file("proof.json")).unwrap();
        elsewhere.write("proof.json", &proof);
        let (code, found) = verify_json(&elsewhere, &["--proof", "proof.json", "--public-key", &public]);
        assert_eq!((code, &found["proven"], &found["event"]["action_id"]), (0, &json!(true), &json!(id)));
        for (from, to) in [
            ("crm", "erp"),
            ("\"seq\":", "\"seq\":1"),
            ("\"path\":[\"", "\"path\":[\"00"),
            ("aegis.log/", "aegis.log/0"),
        ] {
            elsewhere.write("bad.json", proof.replacen(from, to, 1));
            let run = verify(&elsewhere, &["--proof", "bad.json"]);
            assert!(run.code == 1 && run.stdout.starts_with("failed"), "{from}: {run:?}");
        }
    }
    let before = verify_json(&environment, &[]).1["last"].clone();
    for nothing in ["nobody", "seq:999"] {
        let run = environment.aegis(&["audit", "checkpoint", "--prove", nothing]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    }
    assert_eq!(verify_json(&environment, &[]).1["last"], before, "nothing is recorded for no proof");
    let id = environment.records()[0]["id"].as_str().unwrap().to_owned();
    let run = environment.aegis(&["audit", "checkpoint", "--no-record", "--prove", &id, "--no-payload"]);
    assert_eq!((&run.json()["event"]["payload"], &run.json()["event"]["salt"]), (&Value::Null, &Value::Null));
    environment.write("bare.json", &run.stdout);
    let by_number =
        environment.aegis(&["audit", "checkpoint", "--no-record", "--prove", "seq:1", "--no-payload"]);
    assert_eq!(by_number.json()["event"], run.json()["event"]);
    assert_eq!(verify(&environment, &["--proof", "bare.json"]).code, 0);
    environment.write("none.json", "{}");
    assert_eq!(verify(&environment, &["--proof", "none.json"]).code, 5);
}

#[test]
fn the_number_and_hash_of_a_row_are_an_anchor() {
    let (environment, _) = trail();
    let shown = verify(&environment, &[]).stdout;
    let head = shown.lines().find_map(|line| line.strip_prefix("head      ")).unwrap();
    let run = verify(&environment, &["--anchor", head]);
    assert!(run.code == 0 && run.stdout.contains("; 0 rows stand behind"), "{run:?}");
    let wrong = format!("1:{}", head.split(':').nth(1).unwrap());
    assert_eq!(verify(&environment, &["--anchor", &wrong]).code, 1);
    assert_eq!(verify(&environment, &["--anchor", "1:zz"]).code, 2);
}
