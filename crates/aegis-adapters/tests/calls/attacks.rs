//! What an attacker would write, or a model that was talked into it.

use aegis_adapters::{CallFormat, Reading, Refusal, Refused, read_calls};
use aegis_engine::MAX_MESSAGE_BYTES;
use serde_json::{Value, json};

use super::reading::{answers, read, refusal, told};

fn anthropic(input: &str) -> String {
    format!(r#"{{"type":"tool_use","id":"a","name":"pay","input":{input}}}"#)
}

fn chat(arguments: &str) -> String {
    let function = json!({ "name": "pay", "arguments": arguments });
    json!([{ "id": "a", "type": "function", "function": function }]).to_string()
}

/// Why an input is refused as a whole.
#[track_caller]
fn unreadable(format: CallFormat, input: &str) -> String {
    match read_calls(format, input.as_bytes(), None) {
        Err(error) => {
            assert!(!error.help().is_empty());
            error.to_string()
        }
        Ok(calls) => panic!("{:?}: {input}", told(&calls)),
    }
}

#[test]
fn what_two_programs_could_read_differently_is_refused_in_the_frame() {
    for (input, problem) in [
        (r#"{"n":1,"n":2}"#, "1:57: duplicate key `n`"),
        (r#"{"n":{"k":1,"\u006b":2}}"#, "duplicate key `k`"),
        (r#"{"n":"\ud800"}"#, "hex escape"),
        (r#"{"n":18446744073709551616}"#, "outside the 64-bit range"),
        (r#"{"n":1e400}"#, "1e400"),
        ("{\"n\":1} x", "expected"),
    ] {
        let told = unreadable(CallFormat::Anthropic, &anthropic(input));
        assert!(told.contains(problem), "{told}");
    }
    let twice = r#"{"type":"text","text":"","type":"tool_use","id":"a","name":"pay","input":{}}"#;
    assert!(unreadable(CallFormat::Anthropic, twice).contains("duplicate key `type`"));
    assert!(unreadable(CallFormat::Anthropic, "\u{FEFF}{}").contains("byte-order mark"));
    let long = format!("{}{}", " ".repeat(MAX_MESSAGE_BYTES), anthropic("{}"));
    assert!(unreadable(CallFormat::Anthropic, &long).contains("more than 8388608 bytes"));
    let deep = anthropic(&format!(r#"{{"n":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000)));
    assert!(unreadable(CallFormat::Anthropic, &deep).contains("nested more than"));
}

#[test]
fn what_two_programs_could_read_differently_is_refused_in_the_text_of_arguments() {
    for (arguments, problem) in [
        (r#"{"n":1,"n":2}"#, "1:8: duplicate key `n`"),
        (r#"{"n":[{"k":1,"\u006b":2}]}"#, "duplicate key `k`"),
        (r#"{"n":"\ud800"}"#, "hex escape"),
        (r#"{"n":18446744073709551616}"#, "outside the 64-bit range"),
        (r#"{"n":1}{"n":2}"#, "trailing characters"),
        (r#"{"n":"#, "EOF"),
        ("", "EOF"),
        (" ", "EOF"),
        ("null", "must be the text of a JSON object, not null"),
        ("[]", "must be the text of a JSON object, not a list"),
        ("\"{}\"", "must be the text of a JSON object, not a string"),
        ("{n:1}", "key must be a string"),
        ("\u{FEFF}{}", "byte-order mark"),
    ] {
        let told = refusal(CallFormat::OpenAi, &chat(arguments));
        assert!(told.contains(problem) && told.contains("/0/function/arguments"), "{told}");
    }
    let deep = format!(r#"{{"n":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    assert!(refusal(CallFormat::OpenAi, &chat(&deep)).contains("nested more than 64"));
    let long = format!(r#"{{"n":"{}"}}"#, "x".repeat(1 << 20));
    assert!(refusal(CallFormat::OpenAi, &chat(&long)).contains("more than 1048576 bytes"));
}

/// The frame may be larger than an action; what is made of it may not.
#[test]
fn an_action_is_held_to_its_own_limits() {
    let long = anthropic(&format!(r#"{{"n":"{}"}}"#, "x".repeat(1 << 20)));
    assert!(refusal(CallFormat::Anthropic, &long).contains("more than 1048576 bytes"));
    let many = anthropic(&format!(r#"{{"n":[{}]}}"#, vec!["0"; 10_000].join(",")));
    assert!(refusal(CallFormat::Anthropic, &many).contains("more than 10000 values"));
    let deep = anthropic(&format!(r#"{{"n":{}{}}}"#, "[".repeat(63), "]".repeat(63)));
    assert!(refusal(CallFormat::Anthropic, &deep).contains("nested more than 64"));
}

#[test]
fn names_of_other_languages_objects_are_names_like_others() {
    let input = r#"{"__proto__":{"polluted":true},"constructor":1,"$serde_json::private::Number":"1"}"#;
    let calls = read(CallFormat::Anthropic, &anthropic(input));
    let params = calls[0].action().unwrap().params();
    assert_eq!(Value::Object(params.clone()), serde_json::from_str::<Value>(input).unwrap());
    assert_eq!(params.len(), 3);
}

#[test]
fn arguments_of_reserved_names_are_refused() {
    for name in ["_caller", "_namespace", "_input_responses"] {
        let told = refusal(CallFormat::Anthropic, &anthropic(&format!(r#"{{"{name}":"direct"}}"#)));
        assert_eq!(told, format!("the argument `{name}` in `/input` has a name that is reserved"));
    }
}

#[test]
fn ids_are_kept_as_they_are_and_strange_ones_are_refused() {
    let id = "a\u{1b}[2J\u{202e}\"\n";
    let block = json!({ "type": "tool_use", "id": id, "name": "pay", "input": {} }).to_string();
    let calls = read(CallFormat::Anthropic, &block);
    assert_eq!(calls[0].id(), Some(id));
    assert_eq!(answers(&calls, false)["results"][0]["tool_use_id"], id);
    for (id, problem) in [
        (json!("a\0"), "`/id` contains a NUL character"),
        (json!(""), "`/id` is empty"),
        (json!("x".repeat(1025)), "`/id` is longer than 1024 bytes"),
        (json!(7), "`/id` must be a string, not a number"),
        (json!({ "a": 1 }), "`/id` must be a string, not an object"),
        (Value::Null, "`/id` is missing"),
    ] {
        let block = json!({ "type": "tool_use", "id": id, "name": "pay", "input": {} }).to_string();
        assert_eq!(refusal(CallFormat::Anthropic, &block), problem);
        let given = answers(&read(CallFormat::Anthropic, &block), true);
        assert_eq!((&given["allowed"], &given["unanswerable"][0]["id"]), (&json!([]), &Value::Null));
    }
}

#[test]
fn two_calls_with_one_id_are_both_refused() {
    let block = |id: &str, name: &str| json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
    let other = json!({ "type": "server_tool_use", "id": "b", "name": "web_search", "input": {} });
    let input = json!([block("a", "x"), block("b", "x"), block("a", "y"), other, block("c", "x")]);
    let problem = |id| format!("{id} refused the id `{id}` is that of several calls");
    let action = r#"c action {"target":"anthropic","type":"x"}"#.to_owned();
    assert_eq!(
        told(&read(CallFormat::Anthropic, &input.to_string())),
        [problem("a"), problem("b"), problem("a"), problem("b"), action]
    );
}

#[test]
fn keys_in_another_case_are_refused() {
    for (format, input, problem) in [
        (
            CallFormat::Anthropic,
            r#"{"type":"tool_use","id":"a","name":"read","Name":"drop","input":{}}"#,
            "`/Name` is spelt like a key of the format in another case",
        ),
        (
            CallFormat::OpenAi,
            r#"[{"id":"a","type":"function","function":{"name":"read","arguments":"{}","ARGUMENTS":"{\"all\":1}"}}]"#,
            "`/0/function/ARGUMENTS` is spelt like a key of the format in another case",
        ),
        (
            CallFormat::Bedrock,
            "{\"toolUseId\":\"a\",\"name\":\"read\",\"input\":{},\"toolU\u{17f}eId\":\"b\"}",
            "is spelt like a key of the format in another case",
        ),
        (
            CallFormat::Mcp,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","Arguments":{"all":true}}}"#,
            "`/params/Arguments` is spelt like a key of the format in another case",
        ),
        (
            CallFormat::Gemini,
            r#"{"functionCall":{"name":"read","Args":{"all":true}}}"#,
            "`/functionCall` is of an unknown kind: `{Args,name}`",
        ),
    ] {
        let told = refusal(format, input);
        assert!(told.contains(problem), "{told}");
    }
    for input in [
        r#"{"role":"assistant","content":[],"Content":[{"type":"tool_use","id":"a","name":"x","input":{}}]}"#,
        r#"{"type":"Message","role":"assistant","CONTENT":[]}"#,
    ] {
        let read = read_calls(CallFormat::Anthropic, input.as_bytes(), None);
        let refused = read.as_ref().map_or(true, |calls| {
            !calls.is_empty() && calls.iter().all(|call| matches!(call.reading(), Reading::Refused(_)))
        });
        assert!(refused, "{read:?}");
    }
    let input = r#"{"role":"assistant","tool_calls":[],"Tool_Calls":[{"id":"a"}]}"#;
    assert!(unreadable(CallFormat::OpenAi, input).contains("`/Tool_Calls` is spelt like"));
}

#[test]
fn a_call_in_an_unexpected_place_is_found() {
    let hidden = r#"{"type":"tool_use","id":"a","name":"drop","input":{}}"#;
    for (format, input, problem) in [
        (CallFormat::OpenAi, format!(r#"{{"role":"assistant","content":[{hidden}]}}"#), "unknown kind: `tool_use`"),
        (
            CallFormat::LangChain,
            format!(r#"{{"type":"ai","content":[{hidden}],"tool_calls":[]}}"#),
            "`/content/0` is a call in a place of its own",
        ),
        (
            CallFormat::LangChain,
            r#"{"type":"ai","content":"","tool_calls":[],"additional_kwargs":{"function_call":{"name":"drop","arguments":"{}"}}}"#.to_owned(),
            "`/additional_kwargs/function_call` is a call in a place of its own",
        ),
        (
            CallFormat::LangChain,
            r#"{"type":"ai","content":"","tool_calls":[],"additional_kwargs":{"tool_calls":[{"id":"a"}]}}"#.to_owned(),
            "`/additional_kwargs/tool_calls/0` is a call in a place of its own",
        ),
        (
            CallFormat::Bedrock,
            r#"[{"text":"hi","toolUse":{"toolUseId":"a","name":"drop","input":{}}}]"#.to_owned(),
            "`/0` is of an unknown kind: `{text,toolUse}`",
        ),
        (
            CallFormat::Gemini,
            r#"{"parts":[{"function_call":{"name":"drop","args":{}}}]}"#.to_owned(),
            "`/parts/0` is of an unknown kind: `{function_call}`",
        ),
        (CallFormat::Anthropic, r#"[{"type":"Tool_Use","id":"a","name":"drop","input":{}}]"#.to_owned(), "`Tool_Use`"),
        (CallFormat::OpenAiResponses, r#"[{"type":"mcp_call_v2","id":"a"}]"#.to_owned(), "unknown kind: `mcp_call_v2`"),
    ] {
        let told = refusal(format, &input);
        assert!(told.contains(problem), "{told}");
    }
    // As calls were written before there were tools.
    let input = r#"{"choices":[{"message":{"role":"assistant","content":null,"function_call":{"name":"drop","arguments":"{\"t\":1}"}}}]}"#;
    let calls = read(CallFormat::OpenAi, input);
    assert_eq!(told(&calls), [r#"- action {"params":{"t":1},"target":"openai","type":"drop"}"#]);
    assert_eq!(answers(&calls, false)["results"][0]["role"], "function");
    // What repeats a call is no other one.
    let input = r#"{"type":"ai","content":"","tool_calls":[{"name":"drop","args":{"t":1},"id":"a"}],"additional_kwargs":{"function_call":{"name":"drop","arguments":"{\"t\": 1}"}}}"#;
    assert_eq!(read(CallFormat::LangChain, input).len(), 1);
}

#[test]
fn what_is_no_models_message_or_not_a_whole_one_is_refused() {
    for (format, input, problem) in [
        (CallFormat::Anthropic, r#"{"role":"user","content":[]}"#, "is not a model's: it is of `user`"),
        (CallFormat::OpenAi, r#"{"choices":[{"delta":{"tool_calls":[]}}]}"#, "a piece of a message"),
        (
            CallFormat::LangChain,
            r#"{"type":"AIMessageChunk","content":"","tool_calls":[]}"#,
            "a piece of a message",
        ),
        (CallFormat::LangChain, r#"{"type":"human","content":""}"#, "is not a model's"),
        (CallFormat::Gemini, r#"{"role":"user","parts":[]}"#, "is not a model's"),
        (CallFormat::Mcp, r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, "its method is `tools/list`"),
        (
            CallFormat::Mcp,
            r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call"}]"#,
            "no call, message or response",
        ),
        (CallFormat::Mcp, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "no call, message or response"),
        (CallFormat::Bedrock, "{}", "no call, message or response of the format `bedrock`"),
        (CallFormat::Ollama, r#""text""#, "no call, message or response"),
        (CallFormat::OpenAiResponses, "7", "no call, message or response"),
    ] {
        let told = unreadable(format, input);
        assert!(told.contains(problem), "{told}");
    }
    for (input, problem) in [
        (r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#, "`/id` is missing"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"a"}}"#, "`/id` is missing"),
        (
            r#"{"jsonrpc":"2.0","id":7.0,"method":"tools/call","params":{"name":"a"}}"#,
            "a string or a whole number",
        ),
        (
            r#"{"jsonrpc":"1.0","id":7,"method":"tools/call","params":{"name":"a"}}"#,
            "`/jsonrpc` is of an unknown kind",
        ),
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#, "`/params` is missing"),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":null}}"#,
            "`/params/arguments` must be an object, not null",
        ),
    ] {
        let told = refusal(CallFormat::Mcp, input);
        assert!(told.contains(problem), "{told}");
    }
}

#[test]
fn calls_that_may_be_cut_off_are_refused() {
    let message = |stop: Value| {
        let block = |id: &str| json!({ "type": "tool_use", "id": id, "name": "x", "input": {} });
        json!({ "role": "assistant", "content": [block("a"), block("b")], "stop_reason": stop }).to_string()
    };
    let refused = |input: String| {
        let calls = read(CallFormat::Anthropic, &input);
        calls.iter().map(|call| call.action().is_none()).collect::<Vec<_>>()
    };
    for whole in [json!("tool_use"), json!("end_turn"), Value::Null] {
        assert_eq!(refused(message(whole)), [false, false]);
    }
    for cut in ["max_tokens", "model_context_window_exceeded", "stop_sequence", "refusal"] {
        assert_eq!(refused(message(json!(cut))), [false, true], "{cut}");
    }
    for unknown in ["tool_use ", "TOOL_USE", "brand_new", ""] {
        assert_eq!(refused(message(json!(unknown))), [true, true], "{unknown}");
    }
    assert!(
        unreadable(CallFormat::Anthropic, &message(json!(7))).contains("`/stop_reason` must be a string")
    );
    let responses = |status: &str, own: &str| {
        let call = |id: &str, own: &str| json!({ "type": "function_call", "call_id": id, "name": "x", "arguments": "{}", "status": own });
        let output = [call("a", "completed"), call("b", own)];
        let calls =
            read(CallFormat::OpenAiResponses, &json!({ "status": status, "output": output }).to_string());
        calls.iter().map(|call| call.action().is_none()).collect::<Vec<_>>()
    };
    assert_eq!(responses("completed", "completed"), [false, false]);
    assert_eq!(responses("incomplete", "completed"), [false, true]);
    assert_eq!(responses("completed", "incomplete"), [false, true]);
    assert_eq!(responses("completed", "in_progress"), [false, true]);
    assert_eq!(responses("failed", "completed"), [true, true]);
    // Of a message in which some could not be read, the last of the others.
    let calls = read(
        CallFormat::LangChain,
        r#"{"type":"ai","content":"","tool_calls":[{"name":"x","args":{},"id":"a"},{"name":"x","args":{},"id":"b"}],
            "invalid_tool_calls":[{"name":"x","args":"{","id":"c"}],"response_metadata":{"finish_reason":"length"}}"#,
    );
    assert_eq!(calls.iter().map(|call| call.action().is_some()).collect::<Vec<_>>(), [true, false, false]);
    let partial = r#"[{"functionCall":{"name":"x","args":{},"willContinue":true}},{"functionCall":{"name":"x","partialArgs":[]}}]"#;
    assert!(read(CallFormat::Gemini, partial).iter().all(|call| call.action().is_none()));
}

#[test]
fn ten_thousand_calls_are_each_read() {
    let block =
        |n: usize| json!({ "type": "tool_use", "id": format!("t{n}"), "name": "x", "input": { "n": n } });
    let input = json!({ "role": "assistant", "content": (0..10_000).map(block).collect::<Vec<_>>() });
    let calls = read(CallFormat::Anthropic, &input.to_string());
    assert_eq!(calls.iter().filter(|call| call.action().is_some()).count(), 10_000);
    assert_eq!(answers(&calls, true)["allowed"].as_array().unwrap().len(), 10_000);
}

/// Nothing that comes of a stranger's words can deceive a terminal.
#[test]
fn errors_are_escaped() {
    let evil = "x\u{1b}[2J\u{202e}";
    for input in [
        json!([{ "type": evil }]),
        json!([{ evil: 1 }]),
        json!({ "role": evil, "content": [] }),
        json!({ "role": "assistant", "content": [], "stop_reason": evil }),
        json!([{ "type": "tool_use", "id": evil, "name": "a", "input": {} }, { "type": "tool_use", "id": evil }]),
    ] {
        match read_calls(CallFormat::Anthropic, input.to_string().as_bytes(), None) {
            Ok(calls) => {
                for line in calls.iter().map(|call| match call.reading() {
                    Reading::Refused(problem) => problem.to_string(),
                    other => panic!("{other:?}"),
                }) {
                    assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line:?}");
                }
            }
            Err(error) => assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error}"),
        }
    }
}

#[test]
fn calls_in_two_places_of_one_document_are_refused() {
    for (format, input) in [
        (CallFormat::OpenAi, r#"{"choices":[],"tool_calls":[]}"#),
        (CallFormat::Ollama, r#"{"message":{"role":"assistant"},"tool_calls":[]}"#),
        (CallFormat::Bedrock, r#"{"output":{"message":{"content":[]}},"content":[]}"#),
        (CallFormat::Gemini, r#"{"candidates":[],"parts":[]}"#),
        (CallFormat::LangChain, r#"{"type":"ai","content":"","tool_calls":[],"data":{"content":""}}"#),
        (
            CallFormat::LangChain,
            r#"{"lc":1,"type":"constructor","id":["AIMessage"],"kwargs":{},"tool_calls":[]}"#,
        ),
    ] {
        let told = unreadable(format, input);
        assert!(told.contains("`/` is of an unknown kind"), "{told}");
    }
    let both = r#"[{"toolUseId":"a","name":"read","input":{},"toolUse":{"toolUseId":"b","name":"drop","input":{}}}]"#;
    assert!(refusal(CallFormat::Bedrock, both).contains("`/0` is of an unknown kind"));
    let both = r#"[{"name":"read","args":{},"functionCall":{"name":"drop","args":{}}}]"#;
    assert!(refusal(CallFormat::Gemini, both).contains("`/0` is of an unknown kind"));
}

/// What an id holds that reads like a secret is not written down, and ids as APIs make them are.
#[test]
fn ids_are_recorded_but_for_secrets() {
    for id in [
        "toolu_01A09q90qw90lq917835lq9",
        "call_DdmO9pD3xa9XTPNJ32zg2hcA",
        "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q",
        "fc_68a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607",
        "mcpr_682d498e3bd4819196a0ce1664f8e77b04ad1e533afccbfa",
        "chatcmpl-tool-0123456789abcdef0123456789abcdef",
        "functions.read_customer:0",
        "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    ] {
        let block = json!({ "type": "tool_use", "id": id, "name": "pay", "input": {} }).to_string();
        let calls = read(CallFormat::Anthropic, &block);
        assert_eq!(calls[0].action().unwrap().call().unwrap().id(), Some(id));
    }
    let block =
        json!({ "type": "tool_use", "id": "password=hunter22", "name": "pay", "input": {} }).to_string();
    let calls = read(CallFormat::Anthropic, &block);
    assert_eq!(calls[0].action().unwrap().call().unwrap().id(), Some("password=[secret]"));
    assert_eq!(calls[0].id(), Some("password=hunter22"));
}

/// A model is told what it can do now, and nothing of one refusal reads like another.
#[test]
fn each_refusal_says_what_to_do() {
    use Refused::{Blocked, Denied, Unanswered, Unrecorded, Waiting};
    let told = |how| {
        let refusal = Refusal { action_type: "pay\u{1b}", action_target: "bank", how, reason: "it is late" };
        refusal.to_string()
    };
    for (how, word) in [
        (Blocked, "The policy does not allow this call: do not repeat it."),
        (Denied, "A human was asked and said no: do not repeat it."),
        (Unanswered, "No human is being asked now"),
        (Waiting, "who is being asked now"),
        (Unrecorded, "It could not be recorded"),
    ] {
        let text = told(how);
        assert!(
            text.starts_with("error: aegis refused this call, and it was not run: `pay\\u{1b}` on `bank`.")
        );
        assert!(text.contains("Why: it is late. ") && text.contains(word), "{text}");
    }
    let long = Refusal { action_type: "a", action_target: "b", how: Blocked, reason: &"x".repeat(1 << 20) };
    assert!(long.to_string().len() < 2500);
}
