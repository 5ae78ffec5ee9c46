//! Reading and answering calls, as every test of these does.

use aegis_adapters::{Call, CallFormat, NativeAnswers, Reading, Refusal, Refused, Verdict, read_calls};
use serde_json::Value;

/// Reads calls that can be looked for.
#[track_caller]
pub(super) fn read(format: CallFormat, input: &str) -> Vec<Call> {
    read_calls(format, input.as_bytes(), None).unwrap_or_else(|error| panic!("{error}: {input}"))
}

/// Each call in a line: its id, what became of it, and its canonical action or what is wrong with it.
pub(super) fn told(calls: &[Call]) -> Vec<String> {
    let line = |call: &Call| {
        let id = call.id().unwrap_or("-");
        match call.reading() {
            Reading::Action(action) => format!("{id} action {}", action.canonical()),
            Reading::Observed(action) => format!("{id} observed {}", action.canonical()),
            Reading::Refused(problem) => format!("{id} refused {problem}"),
        }
    };
    calls.iter().map(line).collect()
}

/// What is wrong with the first call.
#[track_caller]
pub(super) fn refusal(format: CallFormat, input: &str) -> String {
    let calls = read(format, input);
    match calls[0].reading() {
        Reading::Refused(problem) => problem.to_string(),
        other => panic!("{other:?}: {input}"),
    }
}

/// The answers where every call that can be decided about is refused, or allowed.
pub(super) fn answers(calls: &[Call], allowed: bool) -> Value {
    let mut answers = NativeAnswers::default();
    for call in calls {
        let refusal = Refusal {
            action_type: call.name().unwrap_or_default(),
            action_target: "crm",
            how: Refused::Blocked,
            reason: "it stays",
        };
        let verdict = if allowed { Verdict::Allowed { action_id: "a" } } else { Verdict::Refused(refusal) };
        answers.add(call, Some(verdict));
    }
    serde_json::to_value(answers).unwrap()
}
