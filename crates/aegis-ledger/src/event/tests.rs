use aegis_engine::{Action, CallOrigin, Policy, Source, load};
use serde_json::{Map, Value, json};

use super::*;
use crate::answer::{ApproverIdentity, Evidence, ResultStatus, Via};
use crate::record::{BorrowedRecord, Record, RecordRow, Scratch};

const KEY: [u8; 32] = [7; 32];

/// Asks for every action, and knows a secret parameter.
fn policy() -> Policy {
    let text =
        b"version: 1\nredact: [pin]\ndefaults: { approval: { grant: { for: 15m, same: [n, pin] } } }\nrules:\n  - name: sized\n    \
          conditions: { param_gt: { n: 1 } }\n    approval: { grant: { for: 15m, same: [n, pin] } }\n";
    load(&[Source { text }]).policy.unwrap()
}

fn action() -> Action {
    let action = json!({
        "type": "update", "target": "crm", "agent": "bot", "description": "why",
        "params": { "n": "two", "pin": "1234" },
    });
    Action::from_value(action).unwrap().of_call(CallOrigin::new("mcp", Some("7")))
}

/// Every kind of event, each with everything that it can say.
fn every_event(each: impl Fn(Event<'_>)) {
    let (policy, action, at) = (policy(), action(), "2026-11-23T08:49:00Z".parse().unwrap());
    let decision = policy.decide(&action, at);
    let digest = aegis_engine::Digest::of(b"x");
    let entry = Entry {
        action_id: "a",
        session_id: "s",
        session_source: SessionSource::Environment,
        action: &action,
        action_sha256: action.digest(),
        decision: &decision,
        redaction: policy.redaction(),
        policy_sha256: digest,
        host: "host",
        user: "ana",
        login: None,
        policy_source: PathSource::Argument,
        log_source: PathSource::Environment,
    };
    let approver = ApproverIdentity {
        via: Via::new("window"),
        user: Some("bo".to_owned()),
        evidence: Evidence::Account,
        injectable: false,
    };
    let by = Some(&approver);
    let opening = Opening {
        key: "k".to_owned(),
        expires_at: 1_764_000_000_000,
        terms: aegis_engine::ApprovalTerms::default(),
    };
    let recorder = Recorder { pid: 7, began: 8, boot: "b".to_owned() };
    let operator = Operator { host: "host", user: "root", login: None };
    let grant = GrantUse { id: "g".to_owned(), given_at: 1, expires_at: 2, uses_left: 3 };
    let subtrees = [digest, digest];
    let (action_id, session_id, answer) = ("a", "s", Answer::Approved);
    for kind in EventKind::ALL {
        let (status, note) = (Some(ResultStatus::Failed), Some("no\u{1b}route"));
        each(match kind {
            EventKind::Requested => {
                Event::Requested(Requested { entry, opening: Some(&opening), is_put: true })
            }
            EventKind::Answered => Event::Answered(Answered {
                action_id,
                session_id,
                answer,
                approver: by,
                note,
                waited_ms: Some(7),
                grant: true,
            }),
            EventKind::Decided => Event::Decided(Decided {
                entry,
                answer,
                approver: by,
                reason: "because",
                grant: Some(&grant),
            }),
            EventKind::Ended => {
                Event::Ended(Ended { action_id, session_id, status, error: note, duration_ms: Some(3) })
            }
            EventKind::Started => {
                Event::Started(Started { action_id, session_id, recorder: Some(&recorder) })
            }
            EventKind::Verified => Event::Verified(Verified {
                action_id,
                session_id,
                passed: false,
                error: note,
                duration_ms: Some(3),
            }),
            EventKind::Observed => Event::Observed(Observed { entry }),
            EventKind::Replied => Event::Replied(Replied {
                action_id,
                answer,
                approver: &approver,
                name: Some("bo"),
                note,
                signature: Some("signed"),
                key: Some("SHA256:key"),
                grant: true,
                operator,
            }),
            EventKind::Consumed => Event::Consumed(Consumed { action_id, by: "b" }),
            EventKind::Used => Event::Used(Used { action_id, by: "b" }),
            EventKind::Revoked => Event::Revoked(Revoked { action_id, note, operator }),
            EventKind::Checkpoint => {
                Event::Checkpoint(Checkpointed { size: 4, root: digest, signed_by: Some("key"), operator })
            }
            EventKind::Redacted => Event::Redacted(Redacted { action_id, events: &[1, 3], note, operator }),
            EventKind::Pruned => Event::Pruned(Pruned {
                through: 3,
                head: digest,
                subtrees: &subtrees,
                genesis: digest,
                archive_sha256: digest,
                archive: "old.jsonl",
                operator,
            }),
        });
    }
}

#[test]
fn every_kind_is_read_back_as_it_was_written() {
    every_event(|event| {
        let encoded = event.encode(Some(2), &KEY).unwrap();
        let (kind, json) = (event.kind(), encoded.json.as_str());
        assert_eq!(EventKind::from_word(kind.as_str()), Some(kind));
        let borrowed: EventBody<Text<'_>> = EventBody::read(kind, json).unwrap();
        assert_eq!((&borrowed, borrowed.kind()), (&encoded.body, kind));
        let owned: EventBody = EventBody::read(kind, json).unwrap();
        assert_eq!(owned.to_json().unwrap(), json);
        // The index, verification and sinks ask the very same type, whoever holds its strings.
        assert_eq!(borrowed.words(), owned.words());
        assert_eq!(borrowed.claim(), owned.claim());
        assert_eq!(borrowed.record(9), owned.record(9));
        // What is missing, or of another kind, is not read.
        let mut object: Map<String, Value> = serde_json::from_str(json).unwrap();
        object.remove(json.split('"').nth(1).unwrap()).unwrap();
        assert!(EventBody::<String>::read(kind, &Value::Object(object).to_string()).is_err(), "{kind:?}");
    });
    assert_eq!(EventKind::from_word("noted"), None);
}

#[test]
fn the_stored_bytes_are_those_of_the_format() {
    every_event(|event| {
        let encoded = event.encode(Some(2), &KEY).unwrap();
        let fields: Vec<_> = encoded.json.split('"').skip(1).step_by(2).collect();
        let expected: &[&str] = match event.kind() {
            EventKind::Requested | EventKind::Decided | EventKind::Observed => {
                &["session_id", "s", "agent", "bot", "action_type"]
            }
            EventKind::Answered => &["session_id", "s", "decision", "approved", "approver", "via", "window"],
            EventKind::Started => &["session_id", "s", "recorder", "pid", "began", "boot", "b"],
            EventKind::Replied => &["decision", "approved", "approver", "via", "window"],
            EventKind::Consumed | EventKind::Used => &["by", "b", "requested_seq"],
            EventKind::Revoked => {
                &["host", "host", "user", "root", "note", "no\\u001broute", "requested_seq"]
            }
            EventKind::Verified => &["session_id", "s", "passed", "error"],
            EventKind::Ended => &["session_id", "s", "result_status", "failed", "result_error"],
            EventKind::Checkpoint => &["size", "root"],
            EventKind::Redacted => &["events", "note"],
            EventKind::Pruned => &["through", "head"],
        };
        assert_eq!(fields[..expected.len()], *expected, "{}", encoded.json);
        let last = match event.kind() {
            EventKind::Requested | EventKind::Decided | EventKind::Observed => {
                let call = "\"call\":{\"format\":\"mcp\",\"id\":\"7\"},\"requested_seq\":";
                assert!(encoded.json.contains(call), "{}", encoded.json);
                "\"redacted\":[\"/pin\"]}"
            }
            EventKind::Answered => "\"waited_ms\":7,\"grant\":true}",
            EventKind::Replied => "\"host\":\"host\",\"user\":\"root\",\"requested_seq\":2}",
            EventKind::Consumed | EventKind::Used | EventKind::Revoked => "\"requested_seq\":2}",
            EventKind::Started => "\"decided_seq\":2}",
            EventKind::Ended | EventKind::Verified => "\"duration_ms\":3,\"decided_seq\":2}",
            _ => "\"host\":\"host\",\"user\":\"root\"}",
        };
        assert!(encoded.json.ends_with(last), "{}", encoded.json);
        assert_eq!(encoded.payload.is_some(), encoded.body.entry().is_some());
    });
}

/// A record, a history and the index are made of the same entry. What none of them shows is named here.
#[test]
fn no_field_of_an_entry_is_missed() {
    const IN_NO_RECORD: [&str; 12] = [
        "reason",
        "undecidable",
        "policy_source",
        "log_source",
        "agent_source",
        "session_source",
        "call",
        "requested_seq",
        "redacted",
        "question",
        "offer",
        "grant",
    ];
    const OF_THE_ROW: [&str; 8] =
        ["id", "timestamp", "action_params", "action_desc", "result_error", "duration_ms", "seq", "hash"];
    every_event(|event| {
        let encoded = event.encode(Some(2), &KEY).unwrap();
        let Some(entry) = encoded.body.entry() else { return };
        let stored: Map<String, Value> = serde_json::from_str(&encoded.json).unwrap();
        let row = RecordRow {
            seq: 5,
            at: 1_764_000_000_000,
            action_id: "a",
            body: &encoded.json,
            payload: encoded.payload.as_deref(),
            hash: &[1; 32],
        };
        let mut scratch = Scratch::default();
        let record = BorrowedRecord::read(&row, None, &mut scratch).unwrap().to_record().unwrap();
        let shown = json!(record);
        for (field, value) in &stored {
            let shows = shown.get(field);
            assert_eq!(shows.is_none(), IN_NO_RECORD.contains(&field.as_str()), "{field}");
            assert!(shows.is_none_or(|shown| shown == value), "{field}: {value}");
        }
        for field in Record::FIELDS {
            assert_ne!(stored.contains_key(field), OF_THE_ROW.contains(&field), "{field}");
        }
        // Every word by which records are asked for is one of the entry's.
        for (field, word) in entry.words().terms.unwrap() {
            let within = ["question", "offer"].map(|field| stored.get(field).map(|within| &within["key"]));
            let stands =
                stored.values().chain(within.into_iter().flatten()).any(|value| value.as_str() == word);
            assert!(stands, "{field:?}: {word:?}");
        }
        // Nothing secret is in what is written.
        assert!(!format!("{}{:?}", encoded.json, encoded.payload).contains("1234"));
    });
}

#[test]
fn an_action_that_was_read_from_no_call_is_stored_as_before() {
    every_event(|event| {
        let encoded = event.encode(Some(2), &KEY).unwrap();
        let Some(EventBody::Decided(mut entry)) = encoded.body.entry().is_some().then_some(encoded.body)
        else {
            return;
        };
        entry.call = None;
        let stored = serde_json::to_string(&entry).unwrap();
        assert!(!stored.contains("call"), "{stored}");
        assert_eq!(serde_json::from_str::<EntryBody>(&stored).unwrap().call, None);
    });
}
