//! Responses made by the types of each API's own SDK, read and answered: of `anthropic`, `openai`,
//! `google-genai`, `botocore`, `ollama`, `mcp` and `langchain-core` for Python, each written out by its own
//! means.

use aegis_adapters::CallFormat;
use serde_json::{Value, json};

use super::reading::{answers, read, told};

/// The text of every refusal of these tests.
const TEXT: &str = "error: aegis refused this call, and it was not run: `read_customer` on `crm`. Why: it stays. \
                    The policy does not allow this call: do not repeat it. Find another way, or tell the user.";

macro_rules! response {
    ($name:literal) => {
        include_str!(concat!("../responses/", $name, ".json"))
    };
}

/// The blocks that refuse, by the ids that they go by.
fn blocks(format: CallFormat, input: &str) -> Vec<Value> {
    let given = answers(&read(format, input), false);
    assert_eq!(given["allowed"], json!([]));
    given["results"].as_array().unwrap().clone()
}

#[test]
fn anthropic_messages() {
    let input = response!("anthropic");
    assert_eq!(
        told(&read(CallFormat::Anthropic, input)),
        [
            r#"srvtoolu_01WYG3ziw53XMcoyKL4XcZmE observed {"params":{"query":"retention law"},"target":"anthropic","type":"web_search"}"#,
            r#"toolu_01T1x1fJ34qAmk2tNTrN7Up6 action {"params":{"id":7},"target":"anthropic","type":"read_customer"}"#,
            r#"toolu_01A09q90qw90lq917835lq9 action {"params":{"_caller":{"tool_id":"srvtoolu_01Q","type":"code_execution_20260120"},"limit":100000,"older_than":"2019-01-01"},"target":"anthropic","type":"delete_customers"}"#,
        ]
    );
    let refused = &blocks(CallFormat::Anthropic, input)[0];
    let block = json!({ "type": "tool_result", "tool_use_id": "toolu_01T1x1fJ34qAmk2tNTrN7Up6",
                        "content": TEXT, "is_error": true });
    assert_eq!(*refused, block);
    let allowed = answers(&read(CallFormat::Anthropic, input), true);
    assert_eq!(allowed["results"], json!([]));
    assert_eq!(
        allowed["allowed"][0],
        json!({ "place": "/content/4", "id": "toolu_01T1x1fJ34qAmk2tNTrN7Up6", "name": "read_customer",
                "action_id": "a" })
    );
    assert_eq!(allowed["observed"][0]["place"], "/content/2");
}

#[test]
fn an_anthropic_message_that_was_cut_off() {
    let input = response!("anthropic_cut_off");
    assert_eq!(
        told(&read(CallFormat::Anthropic, input)),
        [
            r#"mcptoolu_014Q35RayjACSWkSj4X2yov1 observed {"params":{"param1":"value1"},"target":"example-mcp","type":"echo"}"#,
            r#"toolu_a action {"params":{"_namespace":"browser","x":1,"y":2},"target":"browser","type":"click"}"#,
            "toolu_b refused the call may be cut off: `/stop_reason` is `max_tokens`",
        ]
    );
    let blocks = blocks(CallFormat::Anthropic, input);
    assert_eq!(
        (&blocks[0]["toolset_name"], &blocks[1]["tool_use_id"]),
        (&json!("browser"), &json!("toolu_b"))
    );
}

#[test]
fn openai_chat_completions() {
    let input = response!("openai");
    assert_eq!(
        told(&read(CallFormat::OpenAi, input)),
        [
            r#"call_DdmO9pD3xa9XTPNJ32zg2hcA action {"params":{"id":7},"target":"openai","type":"read_customer"}"#,
            r#"call_7eJ2 action {"params":{"input":"*** Begin Patch\n*** Delete File: a\n*** End Patch"},"target":"openai","type":"apply_patch"}"#,
            "call_9 refused the arguments in `/choices/0/message/tool_calls/2/function/arguments` cannot be read: \
             1:14: duplicate key `limit`",
            r#"call_c1a action {"params":{"id":8},"target":"openai","type":"read_customer"}"#,
            "call_c1b refused the arguments in `/choices/1/message/tool_calls/1/function/arguments` cannot be read: \
             1:6: EOF while parsing a value",
        ]
    );
    let refused = &blocks(CallFormat::OpenAi, input)[0];
    assert_eq!(
        *refused,
        json!({ "role": "tool", "tool_call_id": "call_DdmO9pD3xa9XTPNJ32zg2hcA", "content": TEXT })
    );
}

#[test]
fn openai_responses() {
    let input = response!("openai_responses");
    let calls = read(CallFormat::OpenAiResponses, input);
    assert_eq!(
        told(&calls),
        [
            r#"ws_1 observed {"params":{"action":{"queries":["retention law"],"query":"retention law","sources":null,"type":"search"}},"target":"openai-responses","type":"web_search"}"#,
            r#"call_1 action {"params":{"_namespace":"mcp__x","host":"a"},"target":"mcp__x","type":"ping_tool"}"#,
            r#"call_2 action {"params":{"_caller":{"caller_id":"call_p","type":"program"},"id":7},"target":"openai-responses","type":"read_customer"}"#,
            r#"call_3 action {"params":{"input":"*** Begin Patch"},"target":"openai-responses","type":"apply_patch"}"#,
            r#"call_4 action {"params":{"action":{"commands":["ls -l","rm -rf /tmp/x"],"max_output_length":null,"timeout_ms":1000},"environment":{"type":"local"}},"target":"openai-responses","type":"shell"}"#,
            r#"call_5 observed {"params":{"action":{"commands":["uname"],"max_output_length":null,"timeout_ms":null},"environment":{"container_id":"cntr_1","type":"container_reference"}},"target":"openai-responses","type":"shell"}"#,
            r#"call_6 action {"params":{"action":{"command":["ls"],"env":{},"timeout_ms":null,"type":"exec","user":null,"working_directory":null}},"target":"openai-responses","type":"local_shell"}"#,
            r#"call_7 action {"params":{"operation":{"path":"a.txt","type":"delete_file"}},"target":"openai-responses","type":"apply_patch"}"#,
            r#"call_8 action {"params":{"action":{"button":"left","keys":null,"type":"click","x":1,"y":2},"pending_safety_checks":[]},"target":"openai-responses","type":"computer"}"#,
            r#"mcpr_1 action {"params":{"question":"q"},"target":"deepwiki","type":"ask_question"}"#,
            r#"mcp_1 observed {"params":{"repo":"a/b"},"target":"deepwiki","type":"read_wiki"}"#,
            r#"ci_1 observed {"params":{"code":"print(1)","container_id":"cntr_1"},"target":"openai-responses","type":"code_interpreter"}"#,
            r#"call_9 action {"params":{"goal":"mail"},"target":"openai-responses","type":"tool_search"}"#,
            r#"prog_1 observed {"params":{"code":"await tools.read_customer({id:7})"},"target":"openai-responses","type":"program"}"#,
        ]
    );
    let refused = blocks(CallFormat::OpenAiResponses, input);
    let told: Vec<_> = refused.iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(
        told,
        [
            "function_call_output",
            "function_call_output",
            "custom_tool_call_output",
            "shell_call_output",
            "local_shell_call_output",
            "apply_patch_call_output",
            "mcp_approval_response",
            "tool_search_output",
        ]
    );
    assert_eq!(refused[1]["caller"], json!({ "caller_id": "call_p", "type": "program" }));
    assert_eq!(
        (&refused[6]["approve"], &refused[6]["approval_request_id"]),
        (&json!(false), &json!("mcpr_1"))
    );
    // A computer is answered by a picture alone.
    let refused = answers(&calls, false);
    assert_eq!(refused["unanswerable"][0]["id"], "call_8");
    // What the API itself would run is allowed by a word to it, and not for the program to run.
    let allowed = answers(&calls, true);
    let approval =
        json!({ "type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": true });
    assert_eq!(allowed["results"], json!([approval]));
    assert_eq!(allowed["allowed"].as_array().unwrap().len(), 8);
}

#[test]
fn gemini() {
    let input = response!("gemini");
    assert_eq!(
        told(&read(CallFormat::Gemini, input)),
        [
            r#"- observed {"params":{"code":"print(1)","language":"PYTHON"},"target":"gemini","type":"code_execution"}"#,
            r#"fc-1 action {"params":{"id":7},"target":"gemini","type":"read_customer"}"#,
            r#"- action {"target":"gemini","type":"list_all"}"#,
            r#"tc-1 observed {"params":{"query":"q"},"target":"gemini","type":"GOOGLE_SEARCH_WEB"}"#,
            "fc-2 refused the call may be cut off: `/candidates/1/finishReason` is `MALFORMED_FUNCTION_CALL`",
        ]
    );
    let blocks = blocks(CallFormat::Gemini, input);
    let response = json!({ "id": "fc-1", "name": "read_customer", "response": { "error": TEXT } });
    assert_eq!(blocks[0], json!({ "functionResponse": response }));
    assert_eq!(blocks[1]["functionResponse"]["id"], Value::Null);
    assert_eq!(blocks[1]["functionResponse"]["name"], "list_all");
}

#[test]
fn bedrock_converse() {
    let input = response!("bedrock");
    assert_eq!(
        told(&read(CallFormat::Bedrock, input)),
        [
            r#"tooluse_kZJMlvQmRJ6eAyJE5GIl7Q action {"params":{"id":7},"target":"bedrock","type":"read_customer"}"#,
            r#"tooluse_srv observed {"params":{"q":"x"},"target":"bedrock","type":"nova_grounding"}"#,
            r#"tooluse_2 action {"params":{"limit":100000},"target":"bedrock","type":"delete_customers"}"#,
        ]
    );
    let result = json!({ "toolUseId": "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "content": [{ "text": TEXT }],
                         "status": "error" });
    assert_eq!(blocks(CallFormat::Bedrock, input)[0], json!({ "toolResult": result }));
}

#[test]
fn ollama() {
    let input = response!("ollama");
    let calls = read(CallFormat::Ollama, input);
    let action = r#"- action {"params":{"id":7},"target":"ollama","type":"read_customer"}"#;
    assert_eq!(told(&calls), [action, action]);
    assert_eq!(calls[1].place(), "/message/tool_calls/1");
    let message = json!({ "role": "tool", "tool_name": "read_customer", "content": TEXT });
    assert_eq!(blocks(CallFormat::Ollama, input), [message.clone(), message]);
}

#[test]
fn mcp_requests() {
    let input = response!("mcp");
    let calls = read(CallFormat::Mcp, input);
    assert_eq!(told(&calls), [r#"7 action {"params":{"id":7},"target":"mcp","type":"read_customer"}"#]);
    let content = json!([{ "type": "text", "text": TEXT }]);
    let result = json!({ "resultType": "complete", "content": content, "isError": true });
    assert_eq!(blocks(CallFormat::Mcp, input), [json!({ "jsonrpc": "2.0", "id": 7, "result": result })]);
    // A text stays a text.
    let as_text = input.replace("\"id\": 7,\n \"method\"", "\"id\": \"7\",\n \"method\"");
    assert_ne!(as_text, input);
    assert_eq!(blocks(CallFormat::Mcp, &as_text)[0]["id"], "7");
}

#[test]
fn langchain_messages_in_every_way_they_are_written_out() {
    for input in [response!("langchain"), response!("langchain_data"), response!("langchain_lc")] {
        let calls = read(CallFormat::LangChain, input);
        let told = told(&calls);
        assert_eq!(
            told[..2],
            [
                r#"toolu_1 action {"params":{"id":7},"target":"langchain","type":"read_customer"}"#,
                r#"- action {"target":"langchain","type":"list_all"}"#,
            ]
        );
        assert!(told[2].starts_with("toolu_2 refused `/") && told[2].contains("could not read"), "{told:?}");
        assert_eq!(told.len(), 3);
        let given = answers(&calls, false);
        let message = json!({ "type": "tool", "tool_call_id": "toolu_1", "name": "read_customer",
                              "content": TEXT, "status": "error" });
        assert_eq!(given["results"][0], message);
        assert_eq!(given["results"][1]["tool_call_id"], "toolu_2");
        // A message goes by an id, and one of the calls has none.
        assert_eq!(given["unanswerable"][0]["name"], "list_all");
    }
}

/// Other programs' numbers, in the text that they are written with.
#[test]
fn numbers_keep_their_text() {
    for input in [
        r#"{"type":"tool_use","id":"a","name":"pay","input":{"n":100.00000000000000001}}"#,
        r#"[{"type":"tool_use","id":"a","name":"pay","input":{"n":100.00000000000000001}}]"#,
    ] {
        let calls = read(CallFormat::Anthropic, input);
        assert_eq!(calls[0].action().unwrap().params()["n"].to_string(), "100.00000000000000001");
    }
}
