//! What other programs read: JSON, JSON lines and CSV of the same records, from records or straight from the
//! log.

use aegis_engine::{ApprovalMode, RiskLevel, canonical_json, escape};
use aegis_ledger::answer::{Answer, ApproverIdentity, ResultStatus};
use aegis_ledger::export::{ExportFormat, RecordWriter, approver_word};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_testkit::{Append as _, Case, Place};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub(crate) fn export(format: ExportFormat, records: &[Record]) -> String {
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

pub(crate) fn record() -> Record {
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
    for (said, cell) in
        [("a;=1", r"a;\u{3d}1"), ("a,-1", r"a,\u{2d}1"), ("=1|+1", r"'=1|\u{2b}1"), ("a, -1", "a, -1")]
    {
        let row =
            cells(&export(ExportFormat::Csv, &[Record { user: said.to_owned(), ..record() }])).remove(1);
        assert_eq!(row[19], cell);
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
    for format in ExportFormat::ALL {
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

/// Parameters as a log has them: what is written in canonical form, read again.
fn any_object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(any::<String>(), any_json(), 0..4).prop_map(|map| {
        let canonical = canonical_json(&Value::Object(map.into_iter().collect()));
        serde_json::from_str(&canonical).unwrap()
    })
}

prop_compose! {
    pub(crate) fn any_record()(
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
        let approver = approver.map(|user| by.map_or_else(ApproverIdentity::rule, |_| aegis_testkit::at_a_terminal(&user)));
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

/// Whether a spreadsheet that splits a cell again, at another separator, could calculate a part of it.
fn begins_a_formula_within(cell: &str, is_json: bool) -> bool {
    cell.split([',', ';', '|']).skip(1).any(|part| {
        let part = part.trim_start_matches('"');
        // Outside of its strings, JSON has numbers, which end before anything could be called.
        let is_number =
            is_json && part.split([']', '}', ',']).next().unwrap().trim_matches('"').parse::<f64>().is_ok();
        !is_number && part.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
    })
}

/// A cell without the escapes of what could begin a formula behind a separator.
fn without_guards(cell: &str) -> String {
    "=+-@＝＋－＠".chars().fold(cell.to_owned(), |cell, character| {
        cell.replace(&character.escape_unicode().to_string(), &character.to_string())
    })
}

/// A text as a CSV cell: escaped, and marked where a spreadsheet would calculate.
fn cell(text: &str) -> String {
    let text = escape(text);
    let marked = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if marked { format!("'{text}") } else { text }
}

/// Strings that somebody could have made to break an export.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "\u{1b}[2J",
            "\r\n",
            "\n",
            "\t",
            "\u{202e}",
            "\u{200b}",
            "\u{e0041}",
            "\u{3164}",
            "\u{85}",
            "\u{2028}",
            "\u{301}\u{301}\u{301}",
            "p\u{430}y",
            "=1+1",
            "+",
            "-",
            "@",
            "＝1",
            ";=1",
            ",\"=1",
            "|-1",
            "\\",
            "\\\\n",
            "\"",
            "'",
            "|",
            "=",
            " cs1=x",
            "CEF:0|",
            "\",\"",
            "{",
            "</script>",
            "\u{10ffff}",
            "\u{e000}",
            "𐀀",
            "删除",
            "naïve",
            "",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(parts, 0..4).prop_map(|parts| parts.concat())
}

/// An action, and what becomes of it.
#[derive(Clone, Debug)]
struct Told {
    kind: String,
    texts: [String; 4],
    params: Map<String, Value>,
    answer: Answer,
    ended: bool,
    removed: bool,
}

prop_compose! {
    fn any_told()(
        texts in prop::array::uniform4(hostile()),
        params in any_object(),
        kind in prop::sample::select(vec!["read", "update", "delete", ""]),
        answer in prop::sample::select(Answer::ALL.to_vec()),
        ended in any::<bool>(),
        removed in any::<bool>(),
    ) -> Told {
        // Of all characters, only this one is refused in an action's words.
        let texts = texts.map(|text| text.replace('\0', "\u{1}"));
        let kind = if kind.is_empty() { format!("x{}", texts[0]) } else { kind.to_owned() };
        Told { kind, texts, params, answer, ended, removed }
    }
}

/// A log of these actions.
fn log_of(actions: &[Told]) -> Place {
    let place = Place::new();
    let mut trail = place.open();
    for (index, told) in actions.iter().enumerate() {
        let [target, agent, description, error] = &told.texts;
        let action = json!({
            "type": told.kind, "target": target, "agent": agent, "description": description, "params": told.params,
        });
        let case = Case::new(&action.to_string()).id(&format!("a{index}")).session(error);
        let case = case.answered_by(told.answer, agent);
        let _ = trail.append(&[case.requested(), case.decided()]).unwrap();
        if told.ended {
            let _ = trail.append(&[case.ended(ResultStatus::Failed, Some(error))]).unwrap();
        }
    }
    drop(trail);
    for (index, _) in actions.iter().enumerate().filter(|(_, told)| told.removed) {
        place.tamper(&format!("UPDATE events SET payload = NULL, salt = NULL WHERE action_id = 'a{index}'"));
    }
    place
}

fn exported(place: &Place, format: ExportFormat, filter: &Filter) -> String {
    let mut written = Vec::new();
    let mut writer = RecordWriter::new(format, &mut written).unwrap();
    let mut told = 0;
    let count = place.read().export(filter, &mut writer, |count| told = count).unwrap();
    assert_eq!(count, told);
    writer.finish().unwrap();
    String::from_utf8(written).unwrap()
}

/// Straight from the log or by way of records, an export is the same.
fn same_either_way(place: &Place, filter: &Filter) {
    let records = place.records(filter);
    for format in ExportFormat::ALL {
        assert_eq!(exported(place, format, filter), export(format, &records), "{format:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_export_of_the_log_is_that_of_its_records(actions in prop::collection::vec(any_told(), 1..5)) {
        let place = log_of(&actions);
        same_either_way(&place, &Filter::default());
        same_either_way(&place, &Filter { reverse: true, limit: Some(2), ..Filter::default() });
        // Numbers apart, which may be written in another way, a line is the record as it serialises.
        for (line, record) in
            exported(&place, ExportFormat::Jsonl, &Filter::default()).lines().zip(place.records(&Filter::default()))
        {
            prop_assert_eq!(&serde_json::from_str::<Record>(line).unwrap(), &record);
            let without = Record { action_params: None, ..record };
            let line = export(ExportFormat::Jsonl, std::slice::from_ref(&without));
            prop_assert_eq!(line.trim_end(), aegis_engine::to_json_line(&without).unwrap());
        }
    }
}

#[test]
fn rows_far_apart_and_in_any_order_are_found() {
    let place = Place::new();
    let mut trail = place.open();
    for index in 0..120 {
        let rare = index % 17 == 3 || index % 40 < 2;
        let case = Case::default().id(&format!("a{index}")).session(if rare { "rare" } else { "often" });
        let _ = trail.append(&[case.decided()]).unwrap();
    }
    for session in [None, Some("rare".to_owned())] {
        for (limit, reverse) in
            [(None, false), (None, true), (Some(7), false), (Some(7), true), (Some(0), false)]
        {
            let filter = Filter { session: session.clone(), limit, reverse, ..Filter::default() };
            same_either_way(&place, &filter);
        }
    }
}

#[test]
fn a_row_that_cannot_be_read_is_left_out_and_named() {
    let place = Place::with_decisions(3);
    let export = |place: &Place| {
        let mut writer = RecordWriter::new(ExportFormat::Jsonl, Vec::new()).unwrap();
        let reader = place.read();
        assert_eq!(reader.export(&Filter::default(), &mut writer, |_| ()).unwrap(), 2);
        reader.check_left_out().unwrap_err().to_string()
    };
    for (column, value) in [
        ("body", "'{}'"),
        ("payload", r#"'{"description":"","params":[1]}'"#),
        ("payload", r#"'{"params":{}}'"#),
        ("at", "9223372036854775807"),
    ] {
        let before =
            place.meddle().query_row(&format!("SELECT {column} FROM events WHERE seq = 2"), [], |row| {
                row.get::<_, rusqlite::types::Value>(0)
            });
        place.tamper(&format!("UPDATE events SET {column} = {value} WHERE seq = 2"));
        let said = export(&place);
        assert!(said.contains("a row that cannot be read is left out: row 2: "), "{column}: {said}");
        let before = match before.unwrap() {
            rusqlite::types::Value::Text(text) => format!("'{text}'"),
            rusqlite::types::Value::Integer(number) => number.to_string(),
            other => panic!("{other:?}"),
        };
        place.tamper(&format!("UPDATE events SET {column} = {before} WHERE seq = 2"));
    }
    same_either_way(&place, &Filter::default());
}

#[test]
fn a_row_that_is_indexed_but_missing_is_named() {
    let place = Place::new();
    let cases: Vec<_> = (0..5000).map(|index| Case::default().id(&format!("a{index}"))).collect();
    let events: Vec<_> = cases.iter().map(Case::decided).collect();
    let _ = place.open().append(&events).unwrap();
    same_either_way(&place, &Filter::default());
    place.tamper("DELETE FROM events WHERE seq = 2000");
    let mut writer = RecordWriter::new(ExportFormat::Jsonl, Vec::new()).unwrap();
    let refused = place.read().export(&Filter::default(), &mut writer, |_| ()).unwrap_err();
    assert!(refused.to_string().contains("damaged at row 2000: it is missing"), "{refused}");
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
            prop_assert!(!begins_a_formula_within(found, *field == "action_params"), "{field}: {found}");
            let is_text = |text: &str| without_guards(found) == without_guards(&cell(text));
            match &value[*field] {
                Value::Null => prop_assert_eq!(found, ""),
                Value::String(text) => prop_assert!(is_text(text), "{}: {}", field, found),
                Value::Number(number) => prop_assert_eq!(found, &number.to_string()),
                Value::Object(_) if *field == "approver" => {
                    prop_assert!(is_text(&approver_word(record.approver.as_ref().unwrap())));
                }
                object => prop_assert_eq!(&serde_json::from_str::<Value>(found).unwrap(), object),
            }
        }
    }
}
