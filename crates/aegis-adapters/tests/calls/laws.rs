//! What holds of every input.

use std::collections::BTreeMap;

use aegis_adapters::{Call, CallFormat, NativeAnswers, Reading, Verdict, read_calls};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Words that mean something in one of the formats, so that random documents come near to real ones.
const WORDS: [&str; 44] = [
    "type",
    "id",
    "name",
    "input",
    "args",
    "arguments",
    "function",
    "custom",
    "tool_calls",
    "content",
    "role",
    "assistant",
    "model",
    "message",
    "choices",
    "candidates",
    "parts",
    "functionCall",
    "toolUse",
    "toolUseId",
    "output",
    "status",
    "completed",
    "call_id",
    "tool_use",
    "server_tool_use",
    "function_call",
    "tool_call",
    "shell_call",
    "mcp_call",
    "mcp_approval_request",
    "server_label",
    "jsonrpc",
    "2.0",
    "method",
    "tools/call",
    "params",
    "ai",
    "text",
    "stop_reason",
    "max_tokens",
    "{}",
    "{\"a\":1}",
    "a",
];

/// A document of words, near to nothing and near to everything.
fn document() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(WORDS.to_vec());
    let leaf = prop_oneof![
        6 => word.clone().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => "\\PC{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::btree_map(word.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|members: BTreeMap<String, Value>| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A call by any API, as a stranger would write it: with any id, name and arguments.
fn called(format: CallFormat, id: &Value, name: &Value, arguments: &Value) -> Value {
    let text = arguments.to_string();
    let function = json!({ "name": name, "arguments": text });
    match format {
        CallFormat::Anthropic => json!({ "type": "tool_use", "id": id, "name": name, "input": arguments }),
        CallFormat::OpenAi => json!({ "id": id, "type": "function", "function": function }),
        CallFormat::OpenAiResponses => {
            json!({ "type": "function_call", "call_id": id, "name": name, "arguments": text })
        }
        CallFormat::Gemini => json!({ "functionCall": { "id": id, "name": name, "args": arguments } }),
        CallFormat::Bedrock => json!({ "toolUse": { "toolUseId": id, "name": name, "input": arguments } }),
        CallFormat::Ollama => json!({ "id": id, "function": { "name": name, "arguments": arguments } }),
        CallFormat::Mcp => {
            let params = json!({ "name": name, "arguments": arguments });
            json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
        }
        CallFormat::LangChain => json!({ "type": "tool_call", "id": id, "name": name, "args": arguments }),
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[a-c]{1,2}".prop_map(Value::from),
        2 => document(),
        1 => ".{0,3}".prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn format() -> impl Strategy<Value = CallFormat> {
    prop::sample::select(CallFormat::ALL.to_vec())
}

/// Where each call went: allowed, results, observed, unanswerable.
fn counts(calls: &[Call], allow: impl Fn(usize) -> bool) -> [usize; 4] {
    let mut answers = NativeAnswers::default();
    for (index, call) in calls.iter().enumerate() {
        answers.add(call, allow(index).then_some(Verdict::Allowed { action_id: "a" }));
    }
    let answers = serde_json::to_value(answers).unwrap();
    ["allowed", "results", "observed", "unanswerable"].map(|list| answers[list].as_array().unwrap().len())
}

/// What holds of calls, however they came to be.
fn hold(calls: &[Call]) -> Result<(), TestCaseError> {
    let of = |wanted: fn(&Reading) -> bool| calls.iter().filter(|call| wanted(call.reading())).count();
    let actions = of(|reading| matches!(reading, Reading::Action(_)));
    let observed = of(|reading| matches!(reading, Reading::Observed(_)));
    // Each call is answered once, whatever is decided; what was refused in reading is never allowed.
    for allow in [true, false] {
        let [allowed, results, seen, unanswerable] = counts(calls, |_| allow);
        prop_assert_eq!(allowed + results + seen + unanswerable, calls.len());
        prop_assert_eq!(seen, observed);
        let most = if allow { actions } else { 0 };
        prop_assert!(allowed <= most);
    }
    for call in calls {
        if let Reading::Action(action) | Reading::Observed(action) = call.reading() {
            prop_assert!(!action.kind().is_empty() && action.call().is_some());
            prop_assert_eq!(action.call().unwrap().format(), call.format().as_str());
        }
        if let Reading::Refused(problem) = call.reading() {
            prop_assert!(!problem.to_string().is_empty() && !problem.help().is_empty());
        }
    }
    // Nobody shares an id with what may be run.
    let mut ids: Vec<_> = calls.iter().filter(|call| call.action().is_some()).filter_map(Call::id).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    prop_assert_eq!(ids.len(), all);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_do_harm(format in format(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(calls) = read_calls(format, &bytes, None) {
            hold(&calls)?;
        }
    }

    #[test]
    fn every_document_is_read_or_refused(format in format(), document in document()) {
        match read_calls(format, document.to_string().as_bytes(), Some("crm")) {
            Ok(calls) => hold(&calls)?,
            Err(error) => prop_assert!(!error.to_string().is_empty() && !error.help().is_empty()),
        }
    }

    #[test]
    fn a_call_is_what_it_says_or_refused(
        format in format(), id in value(), name in value(), arguments in document(),
    ) {
        let input = called(format, &id, &name, &arguments);
        let calls = read_calls(format, input.to_string().as_bytes(), None).unwrap();
        hold(&calls)?;
        prop_assert_eq!(calls.len(), 1);
        if let Some(action) = calls[0].action() {
            prop_assert_eq!(Some(action.kind()), name.as_str());
            prop_assert_eq!(action.target(), format.as_str());
            // What is no object never becomes an empty one; where none is needed, null is none.
            let none = Value::Object(Map::new());
            let given = if arguments.is_null() && format == CallFormat::Gemini { &none } else { &arguments };
            prop_assert_eq!(&Value::Object(action.params().clone()), given);
            match (calls[0].id(), &id) {
                (Some(kept), Value::String(id)) => prop_assert_eq!(kept, id),
                (Some(kept), Value::Number(id)) => prop_assert_eq!(kept, id.to_string()),
                (kept, _) => prop_assert_eq!(kept, None),
            }
        }
    }

    #[test]
    fn several_calls_are_read_in_order(
        format in format().prop_filter("one message is one call", |format| *format != CallFormat::Mcp),
        calls in prop::collection::vec((value(), value(), document()), 0..6),
    ) {
        let items: Vec<_> =
            calls.iter().map(|(id, name, arguments)| called(format, id, name, arguments)).collect();
        let read = read_calls(format, Value::from(items).to_string().as_bytes(), None).unwrap();
        hold(&read)?;
        prop_assert_eq!(read.len(), calls.len());
        for (index, (call, (_, name, _))) in read.iter().zip(&calls).enumerate() {
            let place = format!("/{index}");
            prop_assert!(call.place().starts_with(&place));
            prop_assert!(call.action().is_none() || call.name() == name.as_str());
        }
    }
}
