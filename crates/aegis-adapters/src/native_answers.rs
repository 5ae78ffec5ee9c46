//! The answers to all calls of an input, ready to be fed back.

use serde::Serialize;
use serde_json::Value;

use crate::call::{Call, Reading};
use crate::native_block::{allowing, refusing};
use crate::verdict::{Verdict, told};

/// The answers to all calls of an input. Each call stands in exactly one of the lists.
///
/// # Example: a refusal in the words of the API
/// ```
/// use aegis_adapters::{CallFormat, NativeAnswers, Refusal, Refused, Verdict, read_calls};
///
/// let input = br#"{"type":"tool_use","id":"toolu_01","name":"drop_table","input":{"table":"users"}}"#;
/// let calls = read_calls(CallFormat::Anthropic, input, Some("crm"))?;
/// let mut answers = NativeAnswers::default();
/// for call in &calls {
///     let refusal = Refusal {
///         action_type: "drop_table",
///         action_target: "crm",
///         how: Refused::Blocked,
///         reason: "what is deleted is gone",
///     };
///     answers.add(call, Some(Verdict::Refused(refusal)));
/// }
/// let block = &answers.results()[0];
/// assert_eq!((&block["tool_use_id"], &block["is_error"]), (&"toolu_01".into(), &true.into()));
/// # Ok::<(), aegis_adapters::ReadError>(())
/// ```
#[derive(Debug, Default, Serialize)]
#[must_use = "answers that are not fed back leave the model waiting"]
pub struct NativeAnswers {
    /// What may be run, once each. The program answers these itself.
    allowed: Vec<AllowedCall>,
    /// Blocks of the API, to be fed back with those of the calls that were run.
    results: Vec<Value>,
    /// Where the calls stand that these blocks answer, in the same order.
    result_places: Vec<String>,
    /// What the provider ran itself.
    observed: Vec<NamedCall>,
    /// What must not be run, and what the API has no block for.
    unanswerable: Vec<UnanswerableCall>,
}

/// Which call it is.
#[derive(Debug, Serialize)]
struct NamedCall {
    /// Where in the input it stands.
    place: String,
    id: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Serialize)]
struct AllowedCall {
    #[serde(flatten)]
    call: NamedCall,
    /// The action's id in the log.
    action_id: String,
}

#[derive(Debug, Serialize)]
struct UnanswerableCall {
    #[serde(flatten)]
    call: NamedCall,
    /// What the model would be told.
    error: String,
}

impl NativeAnswers {
    /// Answers a call. What was refused when it was read stays refused, whatever the verdict; what nobody
    /// decided about is refused.
    pub fn add(&mut self, call: &Call, verdict: Option<Verdict<'_>>) {
        match (call.reading(), verdict) {
            (Reading::Observed(_), _) => self.observed.push(NamedCall::of(call)),
            (Reading::Refused(problem), _) => self.refuse(call, told(problem)),
            (Reading::Action(_), Some(Verdict::Allowed { action_id })) => match allowing(call) {
                Some(block) => self.answer(call, block),
                None => {
                    let action_id = action_id.to_owned();
                    self.allowed.push(AllowedCall { call: NamedCall::of(call), action_id });
                }
            },
            (Reading::Action(_), Some(Verdict::Refused(refusal))) => self.refuse(call, refusal.to_string()),
            (Reading::Action(_), None) => {
                let text = "error: aegis did not decide about this call, and it was not run. Tell the user.";
                self.refuse(call, text.to_owned());
            }
        }
    }

    /// The blocks to be fed back.
    #[must_use]
    pub fn results(&self) -> &[Value] {
        &self.results
    }

    fn answer(&mut self, call: &Call, block: Value) {
        self.results.push(block);
        self.result_places.push(call.place().to_owned());
    }

    fn refuse(&mut self, call: &Call, text: String) {
        match refusing(call, &text) {
            Some(block) => self.answer(call, block),
            None => self.unanswerable.push(UnanswerableCall { call: NamedCall::of(call), error: text }),
        }
    }
}

impl NamedCall {
    fn of(call: &Call) -> NamedCall {
        let text = |text: Option<&str>| text.map(str::to_owned);
        NamedCall { place: call.place().to_owned(), id: text(call.id()), name: text(call.name()) }
    }
}
