//! What other programs read: JSON, JSON lines and CSV of the same records.

use aegis_audit::{
    Answer, ApproverIdentity, ExportFormat, Filter, Record, RecordWriter, ResultStatus, approver_word,
};
use aegis_engine::{ApprovalMode, RiskLevel, escape};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{Case, Place};

fn export(format: ExportFormat, records: &[Record]) -> String {
    let mut written = Vec::new();
    let mut writer = RecordWriter::new(format, &mut written).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap();
    String::from_utf8(written).unwrap()
}

fn cells(csv: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn record() -> Record {
    let place = Place::new();
    let case = Case::new(r#"{"type":"update","target":"crm","params":{"b":[1,null],"a":1.5}}"#);
    let _ = place.open().append(&[case.answered_by(Answer::Approved, "ana").decided()]).unwrap();
    place.records(&Filter::default()).remove(0)
}

#[test]
fn a_record_has_the_documented_fields_in_order() {
    let documented = "id, session_id, timestamp, agent, action_type, action_target, action_params, action_desc, \
        risk_level, approval, matched_rule, decision, approver, result_status, result_error, duration_ms, \
        policy_sha256, action_sha256, host, user, seq, hash";
    let documented: Vec<_> = documented.split(", ").collect();
    assert_eq!(Record::FIELDS.to_vec(), documented);
    let line = export(ExportFormat::Jsonl, &[record()]);
    let places: Vec<_> =
        documented.iter().map(|field| line.rfind(&format!("\"{field}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{line}");
    let schema = serde_json::to_value(schemars::schema_for!(Record)).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), documented.len());
    for field in documented {
        assert!(properties[field]["description"].is_string(), "{field} is not documented");
    }
}

#[test]
fn json_is_a_line_a_record() {
    let line = export(ExportFormat::Jsonl, &[record()]);
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["action_params"], json!({ "a": 1.5, "b": [1, null] }));
    assert_eq!(value["approver"], json!({ "via": "terminal", "user": "ana", "evidence": 1 }));
    assert_eq!(value["agent"], Value::Null);
    assert_eq!(value["timestamp"], "2026-11-23T08:49:00.123Z");
    assert_eq!(line.matches('\n').count(), 1);
    let array = export(ExportFormat::Json, &[record(), record()]);
    assert_eq!(array.lines().count(), 4);
    assert_eq!(serde_json::from_str::<Vec<Record>>(&array).unwrap().len(), 2);
}

#[test]
fn nothing_is_still_something_to_parse() {
    assert_eq!(serde_json::from_str::<Value>(&export(ExportFormat::Json, &[])).unwrap(), json!([]));
    assert_eq!(export(ExportFormat::Jsonl, &[]), "");
    assert_eq!(export(ExportFormat::Csv, &[]), Record::FIELDS.join(",") + "\r\n");
}

#[test]
fn csv_is_rfc_4180_with_compact_cells() {
    let csv = export(ExportFormat::Csv, &[record()]);
    assert_eq!((csv.matches("\r\n").count(), csv.lines().count()), (2, 2));
    let rows = cells(&csv);
    let cell = |field: &str| {
        let index = Record::FIELDS.iter().position(|name| *name == field).unwrap();
        rows[1][index].as_str()
    };
    assert_eq!(cell("approver"), "terminal:ana");
    assert_eq!(cell("action_params"), r#"{"a":1.5,"b":[1,null]}"#);
    assert_eq!((cell("agent"), cell("result_status"), cell("duration_ms")), ("", "", ""));
}

#[test]
fn what_an_agent_says_is_neither_a_formula_nor_an_escape_sequence() {
    for (said, cell) in [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\u{ff1d}1", "'\u{ff1d}1"),
        ("\u{ff0b}1", "'\u{ff0b}1"),
        ("\u{ff0d}1", "'\u{ff0d}1"),
        ("\u{ff20}1", "'\u{ff20}1"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        ("\n=1", r"\n=1"),
        ("a\u{1b}[2J", r"a\u{1b}[2J"),
        ("a\u{202e}b", r"a\u{202e}b"),
        ("a\",\"b", "a\",\"b"),
    ] {
        let everywhere = Record {
            id: said.to_owned(),
            session_id: said.to_owned(),
            agent: Some(said.to_owned()),
            action_type: said.to_owned(),
            action_target: said.to_owned(),
            action_desc: Some(said.to_owned()),
            matched_rule: said.to_owned(),
            result_error: Some(said.to_owned()),
            host: said.to_owned(),
            user: said.to_owned(),
            ..record()
        };
        let row = cells(&export(ExportFormat::Csv, &[everywhere])).remove(1);
        // Full-width forms may be written as escapes; then they begin with a backslash, which is safe too.
        let wanted = if escape(said).starts_with('\\') { escape(said) } else { cell.to_owned() };
        assert_eq!(row.iter().filter(|found| **found == wanted).count(), 10, "{said:?}: {row:?}");
        assert!(row.iter().all(|found| !found.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])));
    }
    let line =
        export(ExportFormat::Jsonl, &[Record { agent: Some("a\u{1b}[2J\u{202e}".to_owned()), ..record() }]);
    assert!(!line.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["agent"], "a\u{1b}[2J\u{202e}");
}

#[test]
fn a_removed_payload_is_null() {
    let removed = Record { action_params: None, action_desc: None, ..record() };
    let value: Value =
        serde_json::from_str(&export(ExportFormat::Jsonl, std::slice::from_ref(&removed))).unwrap();
    assert!(value["action_params"].is_null() && value["action_desc"].is_null());
    assert_eq!(cells(&export(ExportFormat::Csv, &[removed]))[1][6..8], ["", ""]);
}

#[test]
fn a_writer_that_takes_nothing_more_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    for format in [ExportFormat::Json, ExportFormat::Jsonl, ExportFormat::Csv] {
        let written = RecordWriter::new(format, Full).and_then(|mut writer| {
            writer.write(&record())?;
            writer.finish()
        });
        assert!(written.is_err(), "{format:?}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(any::<String>(), any_json(), 0..4).prop_map(|map| map.into_iter().collect())
}

prop_compose! {
    fn any_record()(
        texts in prop::array::uniform10(any::<String>()),
        options in prop::array::uniform4(prop::option::of(any::<String>())),
        action_params in prop::option::of(any_object()),
        risk_level in prop::sample::select(RiskLevel::ALL.to_vec()),
        approval in prop::sample::select(ApprovalMode::ALL.to_vec()),
        decision in prop::option::of(prop::sample::select(Answer::ALL.to_vec())),
        approver in prop::option::of(any::<String>()),
        result_status in prop::option::of(prop::sample::select(ResultStatus::ALL.to_vec())),
        duration_ms in prop::option::of(any::<u64>()),
        seq in any::<u64>(),
    ) -> Record {
        let [id, session_id, action_type, action_target, matched_rule, host, user, hash, policy, digest] = texts;
        let [agent, action_desc, result_error, by] = options;
        let hex = |text: &str| aegis_engine::Digest::of(text.as_bytes()).to_string();
        let approver = approver.map(|user| by.map_or_else(ApproverIdentity::rule, |_| ApproverIdentity::terminal(user)));
        Record {
            id, session_id, agent, action_type, action_target, action_params, action_desc, risk_level, approval,
            matched_rule, decision, approver, result_status, result_error, duration_ms, host, user, seq,
            timestamp: "2026-11-23T08:49:00.123Z".to_owned(),
            policy_sha256: hex(&policy),
            action_sha256: hex(&digest),
            hash: hex(&hash),
        }
    }
}

/// A text as a CSV cell: escaped, and marked where a spreadsheet would calculate.
fn cell(text: &str) -> String {
    let text = escape(text);
    let marked = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if marked { format!("'{text}") } else { text }
}

proptest! {
    #[test]
    fn json_gives_every_record_back(records in prop::collection::vec(any_record(), 0..4)) {
        let array = export(ExportFormat::Json, &records);
        prop_assert_eq!(&serde_json::from_str::<Vec<Record>>(&array).unwrap(), &records);
        let lines = export(ExportFormat::Jsonl, &records);
        prop_assert_eq!(lines.matches('\n').count(), records.len());
        let back: Vec<Record> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&back, &records);
        prop_assert!(!lines.chars().any(|character| character.is_control() && character != '\n'));
    }

    #[test]
    fn csv_gives_every_cell_back(record in any_record()) {
        let rows = cells(&export(ExportFormat::Csv, std::slice::from_ref(&record)));
        prop_assert_eq!(rows.len(), 2);
        let value = serde_json::to_value(&record).unwrap();
        for (field, found) in Record::FIELDS.iter().zip(&rows[1]) {
            match &value[*field] {
                Value::Null => prop_assert_eq!(found, ""),
                Value::String(text) => prop_assert_eq!(found, &cell(text), "{}", field),
                Value::Number(number) => prop_assert_eq!(found, &number.to_string()),
                Value::Object(_) if *field == "approver" => {
                    prop_assert_eq!(found, &cell(&approver_word(record.approver.as_ref().unwrap())));
                }
                object => prop_assert_eq!(&serde_json::from_str::<Value>(found).unwrap(), object),
            }
        }
    }
}
