//! Whatever bytes are read as tool calls of any format: no panic, and each call is answered once.
#![no_main]

use aegis_adapters::{CallFormat, NativeAnswers, Reading, Verdict, read_calls};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, input)) = bytes.split_first() else { return };
    let format = CallFormat::ALL[usize::from(*choice) % CallFormat::ALL.len()];
    let Ok(calls) = read_calls(format, input, None) else { return };
    let mut answers = NativeAnswers::default();
    for call in &calls {
        answers.add(call, Some(Verdict::Allowed { action_id: "a" }));
        if let Reading::Refused(problem) = call.reading() {
            assert!(!problem.to_string().is_empty());
        }
    }
    let told = serde_json::to_value(&answers).unwrap();
    let lists = ["allowed", "results", "observed", "unanswerable"];
    let answered: usize = lists.iter().map(|list| told[list].as_array().unwrap().len()).sum();
    assert_eq!(answered, calls.len());
});
