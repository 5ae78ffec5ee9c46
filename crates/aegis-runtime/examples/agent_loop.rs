//! The loop of an agent: the model calls tools, each call is governed, and the model is told what came of it.
//!
//! The model is a script here, and its messages are those of Anthropic's API; another format is another word
//! for [`read_calls`]. Run it: `cargo run -p aegis-runtime --example agent_loop`.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aegis_adapters::{CallFormat, NativeAnswers, Reading, Refusal, Refused, Verdict, read_calls};
use aegis_engine::{Digest, Source, load};
use aegis_runtime::{ActionResult, ActionStatus, Executed, ExecutorError, Runtime, executor_fn};
use serde_json::{Value, json};

const POLICY: &[u8] = br#"
version: "1"
rules:
  - { name: reads_are_fine, match: { type: read_orders }, approval: auto, risk_level: low }
  - name: small_refunds_are_fine
    match: { type: refund }
    conditions: { param_lt: { cents: 5000 }, param_gte: { cents: 0 } }
    approval: auto
    risk_level: medium
  - name: refunds_are_capped
    match: { type: refund }
    approval: block
    risk_level: high
    reason: "over 50.00, refunds are made by people"
"#;

/// What the model says, turn by turn.
const SCRIPT: [&str; 2] = [
    r#"{"role":"assistant","stop_reason":"tool_use","content":[
        {"type":"text","text":"I look the order up."},
        {"type":"tool_use","id":"toolu_1","name":"read_orders","input":{"customer":7}}]}"#,
    r#"{"role":"assistant","stop_reason":"tool_use","content":[
        {"type":"tool_use","id":"toolu_2","name":"refund","input":{"order":11,"cents":4200}},
        {"type":"tool_use","id":"toolu_3","name":"refund","input":{"order":12,"cents":99000}}]}"#,
];

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    for message in converse(&directory.path().join("log.db"))? {
        writeln!(std::io::stdout(), "{message:#}")?;
    }
    Ok(())
}

/// Plays the script, and gives what the model is told after each of its turns.
pub(crate) fn converse(log: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let policy = load(&[Source { text: POLICY }]).policy.ok_or("the policy is not valid")?;
    let tools = executor_fn(|action, _leave| match action.kind() {
        "read_orders" => Ok(Executed::with_output(json!([{ "order": 11, "cents": 4200 }]))),
        "refund" => Ok(Executed::with_output("refunded")),
        _ => Err(ExecutorError::new("there is no such tool")),
    });
    let runtime =
        Runtime::builder().policy(Arc::new(policy), Digest::of(POLICY)).log(log).executor(tools).build()?;
    SCRIPT.map(|message| answer(&runtime, message.as_bytes())).into_iter().collect()
}

/// Has the calls of a message governed, and writes the next message for the model: it answers every call.
fn answer(runtime: &Runtime, message: &[u8]) -> Result<Value, Box<dyn Error>> {
    let (mut results, mut refused) = (Vec::new(), NativeAnswers::default());
    for call in read_calls(CallFormat::Anthropic, message, Some("shop"))? {
        let Reading::Action(action) = call.reading() else {
            refused.add(&call, None);
            continue;
        };
        let result = runtime.blocking().run_one(action.clone());
        match refusal(&result) {
            Some(why) => refused.add(&call, Some(Verdict::Refused(why))),
            None => results.push(json!({
                "type": "tool_result",
                "tool_use_id": call.id(),
                "is_error": !result.is_success(),
                "content": if result.is_success() { result.output().to_string() } else { result.reason() },
            })),
        }
    }
    results.extend(refused.results().iter().cloned());
    Ok(json!({ "role": "user", "content": results }))
}

/// What the model is told of a call that was not run, in words of the policy's author where there are any.
fn refusal(result: &ActionResult) -> Option<Refusal<'_>> {
    let how = match result.status() {
        ActionStatus::Success | ActionStatus::Failed => return None,
        ActionStatus::Blocked => Refused::Blocked,
        ActionStatus::Denied => Refused::Denied,
        _ => Refused::Unanswered,
    };
    let answered = result.answered()?;
    let (action_type, action_target) = (answered.names().action_type(), answered.names().action_target());
    Some(Refusal { action_type, action_target, how, reason: answered.reason() })
}
