//! `aegis audit --format …`: every format from a trail of strings that try to break it, to a pipe, a file and
//! nowhere.

use std::fs;

use aegis_testkit::{file_names, is_safe_line};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

const FORMATS: [&str; 5] = ["json", "jsonl", "csv", "ocsf", "cef"];

/// Strings that end lines, cells and values early, or lie to whoever looks at them.
const HOSTILE: [&str; 8] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "a\r\nCEF:0|Aegis|aegis|9|auto|Fake|0|act=allowed",
    "x act=allowed cs1=forged | \\| \\= \\",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{e0041}\u{9b}31m\u{3164}",
    "=HYPERLINK(\"http://x\")",
    "a;=1+1,\"=2|-3",
    "p\u{430}ypal\u{301}\u{301}\u{301}\u{301}",
    "\"},{\"decision\":\"auto\"}\\u0041",
];

/// A trail with an allowed read and a blocked deletion for each of the strings.
fn trail() -> TestEnvironment {
    let environment = TestEnvironment::new();
    for text in HOSTILE {
        for kind in ["read", "delete"] {
            let action = json!({
                "type": kind, "target": text, "agent": text, "description": text,
                "params": { text: [text, 1.5, -7], "count": 18_446_744_073_709_551_615_u64 },
            });
            assert!(environment.check(&action.to_string()).code <= 1);
        }
    }
    environment
}

fn lines(environment: &TestEnvironment, format: &str) -> Vec<String> {
    let run = environment.aegis(&["audit", "--format", format]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn every_format_holds_every_record_and_nothing_that_is_unsafe() {
    let environment = trail();
    let count = 2 * HOSTILE.len();
    for format in FORMATS {
        let lines = lines(&environment, format);
        let around = match format {
            "json" => 2,
            "csv" => 1,
            _ => 0,
        };
        assert_eq!(lines.len(), count + around, "{format}");
        for line in lines {
            assert!(is_safe_line(&line), "{line}");
        }
    }
}

#[test]
fn an_event_of_ocsf_is_a_valid_line_of_json_with_the_same_content() {
    let environment = trail();
    let records = environment.records();
    for (line, record) in lines(&environment, "ocsf").iter().zip(&records) {
        let event: Value = serde_json::from_str(line).unwrap();
        let allowed = record["decision"] == "auto";
        assert_eq!((&event["class_uid"], &event["metadata"]["version"]), (&json!(6003), &json!("1.9.0")));
        assert_eq!(event["type_uid"], if allowed { 600_302 } else { 600_304 });
        assert_eq!(event["action_id"], if allowed { 1 } else { 2 });
        assert_eq!(event["severity_id"], if allowed { 2 } else { 5 });
        assert_eq!(event["ai_agent"]["uid"], record["agent"]);
        assert_eq!(event["api"]["service"]["name"], record["action_target"]);
        assert_eq!(event["api"]["request"]["data"], record["action_params"]);
        assert_eq!(event["unmapped"]["action_desc"], record["action_desc"]);
        assert_eq!(event["unmapped"]["hash"], record["hash"]);
        assert_eq!(event["metadata"]["original_time"], record["timestamp"]);
    }
}

#[test]
fn nothing_in_an_action_makes_an_event_or_a_key_of_cef() {
    let environment = trail();
    for (line, record) in lines(&environment, "cef").iter().zip(environment.records()) {
        let decision = record["decision"].as_str().unwrap();
        assert!(line.starts_with("CEF:0|Aegis|aegis|"), "{line}");
        assert_eq!(line.split('|').nth(4), Some(decision), "{line}");
        // What stands before an equals sign that is not escaped is a key; each is there once.
        let unescaped = line.replace("\\\\", "").replace("\\=", "");
        let mut keys: Vec<_> =
            unescaped.split('=').map(|part| part.rsplit([' ', '|']).next().unwrap().to_owned()).collect();
        keys.pop();
        assert!(keys.contains(&"act".to_owned()) && keys.contains(&"AegisHash".to_owned()), "{keys:?}");
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all, "{line}");
        let act = if decision == "auto" { " act=allowed " } else { " act=denied " };
        assert!(line.contains(act) && !unescaped.contains("forged="), "{line}");
    }
}

#[test]
fn no_part_of_a_csv_row_begins_a_formula_wherever_it_is_split() {
    let environment = trail();
    let csv = environment.aegis(&["audit", "--format", "csv"]).stdout;
    for line in csv.lines().skip(1) {
        for part in line.split([',', ';', '|', '\t']) {
            let part = part.trim_start_matches('"');
            let number = part.trim_end_matches([']', '}', '"']).parse::<f64>().is_ok();
            assert!(number || !part.starts_with(['=', '+', '-', '@', '＝']), "{part} in {line}");
        }
    }
}

#[test]
fn every_format_goes_to_a_file_whole() {
    let environment = trail();
    for format in FORMATS {
        let stdout = environment.aegis(&["audit", "--format", format]).stdout;
        let run = environment.aegis(&["audit", "--format", format, "-o", "out"]);
        let said = "note: 16 records written to `out`\n";
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", said));
        assert_eq!(fs::read_to_string(environment.file("out")).unwrap(), stdout);
    }
    assert!(!file_names(environment.path()).iter().any(|name| name.contains(".new")));
}

#[test]
fn a_pipe_that_closes_is_no_error_and_a_full_device_is() {
    let environment = trail();
    for format in FORMATS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = environment.command(&["audit", "--format", format]).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{format}");
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = environment.command(&["audit", "--format", format]).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{format}");
        assert!(said.starts_with("error: cannot write to standard output"), "{format}: {said}");
    }
}

#[test]
fn an_empty_trail_is_an_empty_export() {
    let environment = trail();
    for (format, lines) in FORMATS.into_iter().zip([2, 0, 1, 0, 0]) {
        let run = environment.aegis(&["audit", "--format", format, "--target", "nothing of the kind"]);
        assert_eq!((run.code, run.stdout.lines().count()), (0, lines), "{format}");
    }
}

#[test]
fn the_activities_of_ocsf_are_those_that_the_reference_lists() {
    let environment = TestEnvironment::with_policy("version: 1\nrules: [{ approval: auto }]\n");
    let page =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/formats.md")).unwrap();
    let (mut types, mut expected) = (Vec::new(), Vec::new());
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.split(" | ").collect();
        let number = cells[0].trim_start_matches("| ").split(" (").next().unwrap();
        let (Some(words), Ok(1..=4)) = (cells.get(1), number.parse::<i64>()) else { continue };
        for word in words.split('`').skip(1).step_by(2) {
            types.extend([word.to_owned(), format!("bulk_{}", word.to_uppercase()), format!("{word}s-x")]);
            let number: i64 = number.parse().unwrap();
            expected.extend([number, number, 99]);
        }
    }
    assert_eq!(types.len(), 3 * 23, "{types:?}");
    let actions: Vec<_> =
        types.iter().map(|kind| json!({ "type": kind, "target": "x" }).to_string()).collect();
    assert_eq!(environment.aegis_with_input(&["check", "--jsonl", "-q"], actions.join("\n")).code, 0);
    let found: Vec<_> = lines(&environment, "ocsf")
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["activity_id"].as_i64().unwrap())
        .collect();
    assert_eq!(found, expected);
}
