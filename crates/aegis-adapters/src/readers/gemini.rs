//! Gemini `generateContent`.

use crate::answer_form::AnswerForm;
use crate::call_error::CallError;
use crate::cut_off::{StopWords, refuse_cut_off};
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;
use crate::speaker::of_model;

/// Why a model stopped. Of all other words none says that the calls are whole.
const STOPS: StopWords = StopWords { whole: &["STOP"], cut: &["MAX_TOKENS"] };
/// Members of a part that are no calls.
const OTHERS: [&str; 17] = [
    "text",
    "thought",
    "thoughtSignature",
    "inlineData",
    "fileData",
    "functionResponse",
    "codeExecutionResult",
    "toolResponse",
    "videoMetadata",
    "mediaResolution",
    "partMetadata",
    "audioTranscription",
    "mediaProcessing",
    "speechMetadata",
    "documentMetadata",
    "spreadsheetMetadata",
    "audioMetadata",
];
/// Members of a part that are calls.
const CALLS: [&str; 3] = ["functionCall", "executableCode", "toolCall"];
/// Members of a call.
const KEYS: [&str; 5] = ["id", "name", "args", "partialArgs", "willContinue"];

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    if root.value().is_array() {
        root.items()?.iter().for_each(|item| part_or_call(item, gathered));
        return Ok(());
    }
    root.spelt(&["candidates", "content", "parts"])?;
    root.at_most_one_of(&["candidates", "content", "parts", "functionCall"])?;
    if let Some(candidates) = root.member("candidates") {
        // Which of them a program goes on with is its own affair.
        return candidates.items()?.iter().try_for_each(|item| candidate(item, gathered));
    }
    if root.member("content").is_some() {
        return candidate(root, gathered);
    }
    if root.member("parts").is_some() {
        return content(root, gathered);
    }
    let known = CALLS.iter().chain(&OTHERS).chain(&["name", "args"]);
    if known.into_iter().any(|name| root.member(name).is_some()) {
        part_or_call(root, gathered);
        return Ok(());
    }
    Err(ReadError::NotOfFormat { format: CallFormat::Gemini })
}

fn candidate(candidate: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    candidate.object()?;
    candidate.spelt(&["content", "finishReason"])?;
    let since = gathered.len();
    // A candidate that was held back has none.
    if let Some(found) = candidate.member("content") {
        content(&found, gathered)?;
    }
    Ok(refuse_cut_off(gathered, since, candidate.member("finishReason").as_ref(), STOPS)?)
}

fn content(content: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    content.object()?;
    content.spelt(&["role", "parts"])?;
    of_model(content, "model")?;
    content.items_of("parts")?.iter().for_each(|item| part(item, gathered));
    Ok(())
}

/// An item of a list: a part, or a call by itself.
fn part_or_call(item: &Place<'_>, gathered: &mut Gathered<'_>) {
    if item.member("name").is_some() {
        gathered.add(function(item));
    } else {
        part(item, gathered);
    }
}

fn part(part: &Place<'_>, gathered: &mut Gathered<'_>) {
    // A part is told by its members: one that nobody knows could be a call.
    let is_known = part.value().as_object().is_some_and(|members| {
        let known = |name: &str| OTHERS.contains(&name) || CALLS.contains(&name);
        members.iter().all(|(name, value)| value.is_null() || known(name))
    });
    if !is_known {
        return gathered.add(Draft::refused(part, part.unknown()));
    }
    if let Some(call) = part.member("functionCall") {
        gathered.add(function(&call));
    }
    if let Some(code) = part.member("executableCode") {
        let mut draft = Draft::new(&code, AnswerForm::Nothing);
        draft.run_by_provider();
        draft.id_if_any(code.member("id"));
        draft.fixed_name("code_execution");
        draft.all_but(&code, &["id"]);
        gathered.add(draft);
    }
    if let Some(tool) = part.member("toolCall") {
        let mut draft = Draft::new(&tool, AnswerForm::Nothing);
        draft.run_by_provider();
        draft.id_if_any(tool.member("id"));
        draft.name(tool.required("toolType"));
        if let Some(args) = tool.member("args") {
            draft.object(Ok(args));
        }
        gathered.add(draft);
    }
}

fn function(call: &Place<'_>) -> Draft {
    let mut draft = Draft::new(call, AnswerForm::FunctionResponse);
    draft.id_if_any(call.member("id"));
    draft.name(call.required("name"));
    // A function without parameters is called without any.
    if let Some(args) = call.member("args") {
        draft.object(Ok(args));
    }
    if let Some(partial) = call.member("partialArgs") {
        draft.refuse(CallError::CutOff { place: partial.pointer(), word: "partial".to_owned() });
    }
    match call.member("willContinue").map(|goes_on| (goes_on.flag(), goes_on.pointer())) {
        Some((Ok(true), place)) => draft.refuse(CallError::CutOff { place, word: "true".to_owned() }),
        Some((Err(problem), _)) => draft.refuse(problem),
        Some((Ok(false), _)) | None => {}
    }
    // Arguments under another name would be no arguments.
    let members = call.value().as_object();
    if members.is_some_and(|members| !members.keys().all(|name| KEYS.contains(&name.as_str()))) {
        draft.refuse(call.unknown());
    }
    draft
}
