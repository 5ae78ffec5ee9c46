//! What SIEMs read: OCSF, checked against the schema's constraints, and CEF, read back by another parser.

use std::collections::BTreeMap;

use aegis_engine::{Digest, RiskLevel, escape, escape_capped};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::export::{ExportFormat, OCSF_VERSION, approver_word};
use aegis_ledger::record::Record;
use aegis_testkit::is_safe_line;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::export::{any_record, export, hostile, record};

fn ocsf(record: &Record) -> Value {
    let line = export(ExportFormat::Ocsf, std::slice::from_ref(record));
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line}");
    serde_json::from_str(&line).unwrap()
}

/// What an attribute must hold.
enum Form {
    Text,
    /// A text that is not empty.
    Name,
    Integer,
    /// A number, and the captions that its sibling may have; none where any text will do.
    Enumeration(&'static str, &'static [(i64, Option<&'static str>)]),
    Constant(Value),
    Anything,
    Object(&'static [Attribute]),
    Objects(&'static [Attribute]),
    Texts,
}

/// Name, whether it is required, and the form.
type Attribute = (&'static str, bool, fn() -> Form);

const RISKS: &[(i64, Option<&str>)] = &[
    (0, Some("Info")),
    (1, Some("Low")),
    (2, Some("Medium")),
    (3, Some("High")),
    (4, Some("Critical")),
    (99, None),
];
const SEVERITIES: &[(i64, Option<&str>)] = &[
    (0, Some("Unknown")),
    (1, Some("Informational")),
    (2, Some("Low")),
    (3, Some("Medium")),
    (4, Some("High")),
    (5, Some("Critical")),
    (6, Some("Fatal")),
    (99, None),
];
const ACTIVITIES: &[(i64, Option<&str>)] = &[
    (0, Some("Unknown")),
    (1, Some("Create")),
    (2, Some("Read")),
    (3, Some("Update")),
    (4, Some("Delete")),
    (99, None),
];
const STATUSES: &[(i64, Option<&str>)] =
    &[(0, Some("Unknown")), (1, Some("Success")), (2, Some("Failure")), (99, None)];
const ACTIONS: &[(i64, Option<&str>)] = &[(0, Some("Unknown")), (1, Some("Allowed")), (2, Some("Denied"))];
/// Those of the schema that could be meant here.
const DISPOSITIONS: &[(i64, Option<&str>)] = &[
    (0, Some("Unknown")),
    (1, Some("Allowed")),
    (2, Some("Blocked")),
    (8, Some("Approved")),
    (25, Some("Rejected")),
    (26, Some("Unauthorized")),
    (99, None),
];

const NAMED: &[Attribute] = &[("name", true, || Form::Text)];
const SYSTEM: &[Attribute] = &[("name", true, || Form::Name)];
const ENDPOINT: &[Attribute] = &[("name", false, || Form::Name), ("hostname", false, || Form::Name)];

/// API Activity of OCSF 1.9.0 with the profiles `security_control` and `ai_operation`: what the schema
/// requires, and of the rest what is written here.
const API_ACTIVITY: &[Attribute] = &[
    ("activity_id", true, || Form::Enumeration("activity_name", ACTIVITIES)),
    ("activity_name", false, || Form::Text),
    ("category_uid", true, || Form::Constant(json!(6))),
    ("category_name", false, || Form::Constant(json!("Application Activity"))),
    ("class_uid", true, || Form::Constant(json!(6003))),
    ("class_name", false, || Form::Constant(json!("API Activity"))),
    ("type_uid", true, || Form::Integer),
    ("type_name", false, || Form::Text),
    ("time", true, || Form::Integer),
    ("duration", false, || Form::Integer),
    ("message", false, || Form::Text),
    ("severity_id", true, || Form::Enumeration("severity", SEVERITIES)),
    ("severity", false, || Form::Text),
    ("status_id", false, || Form::Enumeration("status", STATUSES)),
    ("status", false, || Form::Text),
    ("status_code", false, || Form::Text),
    ("status_detail", false, || Form::Text),
    ("action_id", false, || Form::Enumeration("action", ACTIONS)),
    ("action", false, || Form::Text),
    ("disposition_id", false, || Form::Enumeration("disposition", DISPOSITIONS)),
    ("disposition", false, || Form::Text),
    ("risk_level_id", false, || Form::Enumeration("risk_level", RISKS)),
    ("risk_level", false, || Form::Text),
    ("authorizations", false, || {
        Form::Objects(&[
            ("decision", false, || Form::Text),
            ("policy", false, || {
                Form::Object(&[("name", true, || Form::Text), ("uid", false, || Form::Text)])
            }),
        ])
    }),
    ("metadata", true, || {
        Form::Object(&[
            ("version", true, || Form::Constant(json!("1.9.0"))),
            ("product", true, || {
                Form::Object(&[
                    ("name", true, || Form::Constant(json!("Aegis"))),
                    ("vendor_name", false, || Form::Text),
                    ("version", false, || Form::Constant(json!(env!("CARGO_PKG_VERSION")))),
                ])
            }),
            ("profiles", false, || Form::Texts),
            ("uid", false, || Form::Text),
            ("original_event_uid", false, || Form::Text),
            ("correlation_uid", false, || Form::Text),
            ("original_time", false, || Form::Text),
            ("log_name", false, || Form::Text),
            ("log_provider", false, || Form::Text),
            ("event_code", false, || Form::Text),
            ("sequence", false, || Form::Integer),
        ])
    }),
    // At least one of a dozen attributes; `user` is one.
    ("actor", true, || {
        Form::Object(&[
            ("user", true, || Form::Object(NAMED)),
            ("session", false, || Form::Object(&[("uid", true, || Form::Text)])),
        ])
    }),
    ("ai_agent", false, || {
        Form::Object(&[
            ("uid", true, || Form::Text),
            ("name", false, || Form::Text),
            ("instance_uid", false, || Form::Text),
        ])
    }),
    ("api", true, || {
        Form::Object(&[
            ("operation", true, || Form::Text),
            ("service", false, || Form::Object(SYSTEM)),
            ("request", false, || {
                Form::Object(&[("uid", true, || Form::Text), ("data", false, || Form::Anything)])
            }),
        ])
    }),
    ("src_endpoint", true, || Form::Object(ENDPOINT)),
    ("dst_endpoint", false, || Form::Object(ENDPOINT)),
    ("resources", false, || Form::Objects(SYSTEM)),
    ("unmapped", false, || Form::Anything),
];

/// Where a value is not what the attributes allow.
fn problems(place: &str, value: &Value, attributes: &[Attribute]) -> Vec<String> {
    let Some(members) = value.as_object() else { return vec![format!("{place} is no object")] };
    let mut found: Vec<_> = members
        .keys()
        .filter(|key| attributes.iter().all(|(name, ..)| name != key))
        .map(|key| format!("{place}.{key} is unknown"))
        .collect();
    if attributes.iter().all(|(_, required, _)| !required) && members.is_empty() {
        found.push(format!("{place} is empty"));
    }
    for (name, required, form) in attributes {
        let place = format!("{place}.{name}");
        let Some(value) = members.get(*name) else {
            found.extend(required.then(|| format!("{place} is missing")));
            continue;
        };
        let fits = match form() {
            Form::Text => value.is_string(),
            Form::Name => value.as_str().is_some_and(|name| !name.is_empty()),
            Form::Integer => value.is_i64(),
            Form::Constant(constant) => *value == constant,
            Form::Anything => true,
            Form::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Form::Enumeration(sibling, captions) => captions.iter().any(|(number, caption)| {
                let sibling = members.get(sibling).and_then(Value::as_str);
                value.as_i64() == Some(*number)
                    && sibling.is_some()
                    && caption.is_none_or(|is| sibling == Some(is))
            }),
            Form::Object(attributes) => {
                found.extend(problems(&place, value, attributes));
                true
            }
            Form::Objects(attributes) => {
                let items = value.as_array();
                found.extend(items.into_iter().flatten().flat_map(|item| problems(&place, item, attributes)));
                items.is_some()
            }
        };
        found.extend((!fits).then(|| format!("{place} is wrong: {value}")));
    }
    found
}

/// Every way in which an event is not one of the class, including what holds between attributes.
fn all_problems(event: &Value) -> Vec<String> {
    let mut found = problems("event", event, API_ACTIVITY);
    let number = |name: &str| event[name].as_i64().unwrap_or(-1);
    if number("type_uid") != number("class_uid") * 100 + number("activity_id") {
        found.push("type_uid".to_owned());
    }
    let dispositions: &[i64] = match number("action_id") {
        1 => &[1, 8],
        2 => &[2, 25, 26],
        _ => &[0],
    };
    if !dispositions.contains(&number("disposition_id")) {
        found.push("disposition_id does not conform to action_id".to_owned());
    }
    if event["metadata"]["profiles"] != json!(["security_control", "ai_operation"]) {
        found.push("profiles".to_owned());
    }
    if let Some(hostname) = event["src_endpoint"]["hostname"].as_str() {
        let letters =
            |label: &str| label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        let whole = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
        if !hostname.split('.').all(|label| letters(label) && whole(label)) {
            found.push("hostname".to_owned());
        }
    }
    found
}

#[test]
fn the_constraints_find_what_is_wrong() {
    let good = ocsf(&record());
    assert_eq!(all_problems(&good), Vec::<String>::new());
    for pointer in [
        "/activity_id",
        "/category_uid",
        "/class_uid",
        "/type_uid",
        "/severity_id",
        "/time",
        "/metadata",
        "/metadata/version",
        "/metadata/product",
        "/metadata/product/name",
        "/actor",
        "/actor/user",
        "/api",
        "/api/operation",
        "/src_endpoint",
        "/severity",
        "/api/request/uid",
    ] {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut without = good.clone();
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        assert!(!all_problems(&without).is_empty(), "{pointer} may be absent");
    }
    for (pointer, wrong) in [
        ("/time", json!("2026-11-23T08:49:00.123Z")),
        ("/time", json!(1.5)),
        ("/severity_id", json!(7)),
        ("/severity", json!("Low-ish")),
        ("/action_id", json!(99)),
        ("/disposition_id", json!(1)),
        ("/type_uid", json!(600_301)),
        ("/resources", json!({})),
        ("/metadata/version", json!("1.5.0")),
        ("/metadata/more", json!(1)),
    ] {
        let mut changed = good.clone();
        changed["disposition_id"] = json!(2);
        changed["disposition"] = json!("Blocked");
        changed["action_id"] = json!(2);
        changed["action"] = json!("Denied");
        assert_eq!(all_problems(&changed), Vec::<String>::new());
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[name] = wrong;
        assert!(!all_problems(&changed).is_empty(), "{pointer}");
    }
}

#[test]
fn an_event_of_ocsf_says_what_the_record_says() {
    let record = Record { agent: Some("bot".to_owned()), duration_ms: Some(7), ..record() };
    let hash = record.hash.clone();
    let expected = json!({
        "activity_id": 3, "activity_name": "Update", "category_uid": 6, "category_name": "Application Activity",
        "class_uid": 6003, "class_name": "API Activity", "type_uid": 600_303, "type_name": "API Activity: Update",
        "time": 1_795_423_740_123_i64, "duration": 7, "message": "`update` on `crm` was approved",
        "severity_id": 4, "severity": "High", "status_id": 0, "status": "Unknown",
        "action_id": 1, "action": "Allowed", "disposition_id": 8, "disposition": "Approved",
        "risk_level_id": 3, "risk_level": "High",
        "authorizations": [{ "decision": "approved",
            "policy": { "name": "updates_need_approval", "uid": record.policy_sha256 } }],
        "metadata": {
            "version": OCSF_VERSION,
            "product": { "name": "Aegis", "vendor_name": "Aegis", "version": env!("CARGO_PKG_VERSION") },
            "profiles": ["security_control", "ai_operation"], "uid": "0193", "original_event_uid": "0193",
            "correlation_uid": "a1b2c3d4e5f6", "original_time": "2026-11-23T08:49:00.123Z",
            "log_name": "audit", "log_provider": "aegis", "event_code": "approved", "sequence": 1 },
        "actor": { "user": { "name": "ana" }, "session": { "uid": "a1b2c3d4e5f6" } },
        "ai_agent": { "uid": "bot", "name": "bot", "instance_uid": "a1b2c3d4e5f6" },
        "api": { "operation": "update", "service": { "name": "crm" },
            "request": { "uid": "0193", "data": { "a": 1.5, "b": [1, null] } } },
        "src_endpoint": { "hostname": "host" }, "dst_endpoint": { "name": "crm" }, "resources": [{ "name": "crm" }],
        "unmapped": { "approval": "approve", "approver": { "via": "terminal", "user": "ana", "evidence": 1 },
            "action_desc": "", "duration_ms": 7, "action_sha256": record.action_sha256,
            "policy_sha256": record.policy_sha256, "seq": 1, "hash": hash },
    });
    assert_eq!(ocsf(&record), expected);
}

#[test]
fn risks_and_answers_have_their_places_in_both() {
    for (risk, severity, cef_severity) in [
        (RiskLevel::Low, "Low", "3"),
        (RiskLevel::Medium, "Medium", "5"),
        (RiskLevel::High, "High", "8"),
        (RiskLevel::Critical, "Critical", "10"),
    ] {
        let record = Record { risk_level: risk, ..record() };
        assert_eq!(ocsf(&record)["severity"], severity);
        assert_eq!(cef(&record).0[6], cef_severity);
    }
    for (answer, action, disposition, act) in [
        (Some(Answer::Auto), "Allowed", "Allowed", "allowed"),
        (Some(Answer::Approved), "Allowed", "Approved", "allowed"),
        (Some(Answer::Denied), "Denied", "Rejected", "denied"),
        (Some(Answer::Block), "Denied", "Blocked", "denied"),
        (Some(Answer::Unanswered), "Denied", "Unauthorized", "denied"),
        (None, "Unknown", "Unknown", "asked"),
    ] {
        let record = Record { decision: answer, ..record() };
        let event = ocsf(&record);
        assert_eq!((&event["action"], &event["disposition"]), (&json!(action), &json!(disposition)));
        let (header, extension) = cef(&record);
        assert_eq!(
            (header[4].as_str(), extension["act"].as_str()),
            (answer.map_or("requested", Answer::as_str), act)
        );
    }
}

/// A line of CEF, taken apart: what stands between the bars, and the keys with their values.
fn cef(record: &Record) -> (Vec<String>, BTreeMap<String, String>) {
    let line = export(ExportFormat::Cef, std::slice::from_ref(record));
    let line = line.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n') && line.starts_with("CEF:0|"), "{line}");
    read_cef(line)
}

fn read_cef(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut header, mut part, mut characters) = (Vec::new(), String::new(), line.chars());
    while header.len() < 7 {
        match characters.next().unwrap() {
            '\\' => part.push(characters.next().unwrap()),
            '|' => header.push(std::mem::take(&mut part)),
            character => part.push(character),
        }
    }
    // A key is the word before an equals sign that is not escaped; what precedes it belongs to the value
    // before.
    let (mut extension, mut key, mut value) = (BTreeMap::new(), None::<String>, String::new());
    while let Some(character) = characters.next() {
        match character {
            '\\' => value.push(match characters.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                escaped @ ('\\' | '=') => escaped,
                other => panic!("\\{other} is no escape"),
            }),
            '=' => {
                let (before, next) = value.rsplit_once(' ').unwrap_or(("", &value));
                if let Some(key) = key.replace(next.to_owned()) {
                    assert_eq!(extension.insert(key, before.to_owned()), None, "{line}");
                }
                value.clear();
            }
            character => value.push(character),
        }
    }
    extension.insert(key.unwrap(), value);
    (header, extension)
}

#[test]
fn an_event_of_cef_says_what_the_record_says() {
    let record = Record {
        agent: Some("bot".to_owned()),
        action_desc: Some("a | b = c\\d\n".to_owned()),
        result_status: Some(ResultStatus::Failed),
        result_error: Some("no".to_owned()),
        duration_ms: Some(7),
        ..record()
    };
    let (version, Record { policy_sha256, action_sha256, hash, .. }) = (env!("CARGO_PKG_VERSION"), &record);
    assert_eq!(
        export(ExportFormat::Cef, std::slice::from_ref(&record)),
        format!(
            "CEF:0|Aegis|aegis|{version}|approved|Action approved|8|rt=1795423740123 externalId=0193 act=allowed \
             outcome=failure AegisResult=failed reason=no cn2=7 cn2Label=durationMs cat=update \
             destinationServiceName=crm sourceServiceName=bot suser=ana dvchost=host cs1=updates_need_approval \
             cs1Label=rule cs2=a1b2c3d4e5f6 cs2Label=session cs3=approve cs3Label=approval cs4=terminal:ana \
             cs4Label=approver cs5={{\"a\":1.5,\"b\":[1,null]}} cs5Label=params \
             flexString1=a | b \\= c\\\\d\\n flexString1Label=agentDescription cs6={policy_sha256} \
             cs6Label=policySha256 AegisActionSha256={action_sha256} cn1=1 cn1Label=seq AegisHash={hash}\n"
        )
    );
}

#[test]
fn what_is_too_long_for_cef_is_cut_and_says_so() {
    let long = "é=\\".repeat(5000);
    let record = Record {
        id: long.clone(),
        host: long.clone(),
        user: long.clone(),
        matched_rule: long.clone(),
        action_params: json!({ "a": long }).as_object().cloned(),
        ..record()
    };
    let (_, extension) = cef(&record);
    let digest = Digest::of(long.as_bytes()).to_string();
    assert_eq!(extension["externalId"], format!("sha256:{}", digest.get(..33).unwrap()));
    for (key, limit) in [("dvchost", 100), ("suser", 1023), ("cs1", 4000), ("cs5", 4000)] {
        let value = &extension[key];
        let length = value.chars().count();
        assert!(length <= limit && length > limit - 64, "{key} has {length} characters");
        assert!(value.contains(" more bytes, sha256 "), "{key}={value}");
    }
    assert_eq!(extension["suser"], escape_capped(&long, 1023 - 64));
    assert_eq!(extension["AegisEscaped"], "suser,dvchost,cs1,cs5");
}

#[test]
fn a_value_of_cef_read_by_the_formats_rules_is_the_recorded_one() {
    for text in
        ["C:\\Users\\ana", "a\\nb", "a=b\\=c|d", "two\nlines\r\nand more", "\\", "é \\ 删除", "x=\\\n"]
    {
        let (_, extension) = cef(&Record { action_target: text.to_owned(), ..record() });
        assert_eq!(extension["destinationServiceName"], text);
        assert_eq!(extension.get("AegisEscaped"), None, "{text}");
    }
    // What the format cannot make safe to look at is shown as it is to people, and said to be.
    for text in ["\u{1b}[2J", "\t", "a\\\u{202e}", "p\u{430}ypal"] {
        let record = Record { action_target: text.to_owned(), agent: Some(text.to_owned()), ..record() };
        let (_, extension) = cef(&record);
        assert_eq!(extension["destinationServiceName"], escape(text));
        assert_eq!(extension["AegisEscaped"], "destinationServiceName,sourceServiceName");
    }
}

#[test]
fn nothing_without_a_name_is_named_in_an_event_of_ocsf() {
    let event = ocsf(&Record { action_target: String::new(), host: String::new(), ..record() });
    assert_eq!(all_problems(&event), Vec::<String>::new());
    assert_eq!(event["src_endpoint"], json!({ "name": "unknown" }));
    for absent in [&event["dst_endpoint"], &event["resources"], &event["api"]["service"]] {
        assert_eq!(absent, &Value::Null);
    }
}

proptest! {
    #[test]
    fn every_event_of_ocsf_satisfies_the_schema(record in any_record(), texts in prop::array::uniform4(hostile())) {
        let [agent, target, host, error] = texts;
        let more = Record { agent: Some(agent), action_target: target, host, result_error: Some(error), ..record.clone() };
        for record in [record, more] {
            let line = export(ExportFormat::Ocsf, std::slice::from_ref(&record));
            prop_assert!(is_safe_line(line.trim_end_matches('\n')), "{line}");
            let event = ocsf(&record);
            prop_assert_eq!(all_problems(&event), Vec::<String>::new());
            prop_assert_eq!(&event["api"]["operation"], &record.action_type);
            prop_assert_eq!(event["api"]["request"].get("data").cloned(), record.action_params.map(Value::Object));
            prop_assert_eq!(event["ai_agent"]["uid"].as_str(), record.agent.as_deref());
            prop_assert_eq!(event["status_detail"].as_str(), record.result_error.as_deref());
            prop_assert_eq!(&event["unmapped"]["hash"], &record.hash);
        }
    }

    #[test]
    fn cef_gives_every_value_back(record in any_record(), texts in prop::array::uniform6(hostile())) {
        let [agent, target, host, error, session, user] = texts;
        let record = Record {
            agent: Some(agent),
            action_target: target,
            host,
            result_error: Some(error),
            session_id: session,
            approver: Some(aegis_testkit::at_a_terminal(&user)),
            ..record
        };
        let line = export(ExportFormat::Cef, std::slice::from_ref(&record));
        prop_assert!(is_safe_line(line.trim_end_matches('\n')), "{line}");
        let (header, extension) = cef(&record);
        prop_assert_eq!(header.len(), 7);
        let approver = record.approver.as_ref().map(approver_word);
        for (key, text, limit) in [
            ("cat", Some(&record.action_type), 1023),
            ("destinationServiceName", Some(&record.action_target), 1023),
            ("sourceServiceName", record.agent.as_ref(), 1023),
            ("suser", Some(&record.user), 1023),
            ("dvchost", Some(&record.host), 100),
            ("reason", record.result_error.as_ref(), 1023),
            ("cs1", Some(&record.matched_rule), 4000),
            ("cs2", Some(&record.session_id), 4000),
            ("cs4", approver.as_ref(), 4000),
            ("flexString1", record.action_desc.as_ref(), 1023),
        ] {
            let whole = text.filter(|text| !text.is_empty()).map(|text| escape(text));
            let shown = extension.get("AegisEscaped").is_some_and(|keys| keys.split(',').any(|one| one == key));
            let expected = whole.map(|whole| match text.unwrap() {
                text if text.chars().count() > limit => escape_capped(text, limit - 64),
                text if !shown => text.clone(),
                text if whole.chars().count() > limit => escape_capped(text, limit - 64),
                _ => whole,
            });
            prop_assert_eq!(extension.get(key), expected.as_ref(), "{}", key);
            // Only what is not safe to look at is not the recorded text.
            let is_safe = |text: &String| is_safe_line(&text.replace(['\n', '\r'], " "));
            prop_assert!(!shown || text.is_some_and(|text| !is_safe(text) || text.chars().count() > limit
                || escape(text) != text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")), "{}", key);
        }
        if let Some(params) = extension.get("cs5").filter(|params| !params.contains(" more bytes, sha256 ")) {
            prop_assert_eq!(serde_json::from_str::<Map<_, _>>(params).ok(), record.action_params);
        }
        prop_assert_eq!(&extension["cn1"], &record.seq.to_string());
        prop_assert_eq!(extension.get("cn2").cloned(), record.duration_ms.map(|duration| duration.to_string()));
    }
}
