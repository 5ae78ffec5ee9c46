//! `OpenAI` Responses.

use crate::answer_form::AnswerForm;
use crate::call_error::CallError;
use crate::cut_off::{StopWords, refuse_cut_off};
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;

/// How a response ended.
const STATUSES: StopWords = StopWords { whole: &["completed"], cut: &["incomplete"] };
/// Items that are no calls.
const OTHERS: [&str; 16] = [
    "message",
    "reasoning",
    "compaction",
    "item_reference",
    "function_call_output",
    "custom_tool_call_output",
    "computer_call_output",
    "shell_call_output",
    "local_shell_call_output",
    "apply_patch_call_output",
    "tool_search_output",
    "program_output",
    "additional_tools",
    "mcp_list_tools",
    "mcp_approval_response",
    "compaction_trigger",
];
/// What an item has for the API's own purposes, and what came of it where it was run.
const BOOKKEEPING: [&str; 13] = [
    "type",
    "id",
    "call_id",
    "status",
    "created_by",
    "caller",
    "fingerprint",
    "execution",
    "output",
    "outputs",
    "result",
    "results",
    "error",
];
const KEYS: [&str; 16] = [
    "type",
    "id",
    "call_id",
    "name",
    "namespace",
    "arguments",
    "input",
    "caller",
    "status",
    "server_label",
    "action",
    "actions",
    "operation",
    "environment",
    "execution",
    "pending_safety_checks",
];

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    if root.value().is_array() {
        root.items()?.iter().for_each(|entry| item(entry, gathered));
        return Ok(());
    }
    if root.kind().is_some() {
        item(root, gathered);
        return Ok(());
    }
    root.spelt(&["output", "status"])?;
    let Some(output) = root.member("output") else {
        return Err(ReadError::NotOfFormat { format: CallFormat::OpenAiResponses });
    };
    output.items()?.iter().for_each(|entry| item(entry, gathered));
    Ok(refuse_cut_off(gathered, 0, root.member("status").as_ref(), STATUSES)?)
}

fn item(item: &Place<'_>, gathered: &mut Gathered<'_>) {
    let kind = item.kind().unwrap_or_default();
    if OTHERS.contains(&kind) {
        return;
    }
    let draft = match kind {
        "function_call" => function(item),
        "custom_tool_call" => custom(item),
        "mcp_approval_request" => hosted(item, AnswerForm::Approval),
        "mcp_call" => {
            let mut draft = hosted(item, AnswerForm::Nothing);
            draft.run_by_provider();
            draft
        }
        "shell_call" => shell(item),
        "local_shell_call" => built_in(item, "local_shell", AnswerForm::LocalShellOutput),
        "apply_patch_call" => built_in(item, "apply_patch", AnswerForm::PatchOutput),
        "computer_call" => built_in(item, "computer", AnswerForm::Nothing),
        "tool_search_call" => search(item),
        "web_search_call" => run_by_provider(item, "web_search"),
        "file_search_call" => run_by_provider(item, "file_search"),
        "code_interpreter_call" => run_by_provider(item, "code_interpreter"),
        "image_generation_call" => run_by_provider(item, "image_generation"),
        "program" => run_by_provider(item, "program"),
        _ => Draft::refused(item, item.unknown()),
    };
    let mut draft = draft;
    draft.spelt(item, &KEYS);
    gathered.add(draft);
}

/// A call by its own id, from whoever made it, back to whom the answer goes.
fn called(item: &Place<'_>, form: AnswerForm) -> Draft {
    let mut draft = Draft::new(item, form);
    draft.id(item.required("call_id"));
    draft.caller(item.member("caller"));
    draft.echo("caller", item.member("caller"));
    draft
}

fn function(item: &Place<'_>) -> Draft {
    let mut draft = called(item, AnswerForm::FunctionOutput);
    draft.name(item.required("name"));
    draft.namespace(item.member("namespace"));
    draft.json_text(item.required("arguments"));
    finished(&mut draft, item, &["completed"]);
    draft
}

fn custom(item: &Place<'_>) -> Draft {
    let mut draft = called(item, AnswerForm::CustomOutput);
    draft.name(item.required("name"));
    draft.namespace(item.member("namespace"));
    draft.free_text(item.required("input"));
    finished(&mut draft, item, &["completed"]);
    draft
}

/// A tool of an MCP server to which the API itself is connected.
fn hosted(item: &Place<'_>, form: AnswerForm) -> Draft {
    let mut draft = Draft::new(item, form);
    draft.id(item.required("id"));
    draft.name(item.required("name"));
    draft.server(item.required("server_label"));
    draft.json_text(item.required("arguments"));
    draft
}

/// A tool that the API defines and the program runs.
fn built_in(item: &Place<'_>, name: &str, form: AnswerForm) -> Draft {
    let mut draft = called(item, form);
    draft.fixed_name(name);
    draft.all_but(item, &BOOKKEEPING);
    // Of these, one that is in progress waits for the program.
    finished(&mut draft, item, &["completed", "in_progress"]);
    draft
}

/// A shell is the program's own, or in a container of the provider's.
fn shell(item: &Place<'_>) -> Draft {
    let environment = item.member("environment");
    match environment.as_ref().map(Place::kind) {
        None | Some(Some("local")) => built_in(item, "shell", AnswerForm::ShellOutput),
        Some(Some("container_reference")) => {
            let mut draft = called(item, AnswerForm::Nothing);
            draft.run_by_provider();
            draft.fixed_name("shell");
            draft.all_but(item, &BOOKKEEPING);
            draft
        }
        Some(_) => Draft::refused(item, environment.map_or_else(|| item.unknown(), |it| it.unknown())),
    }
}

/// A search for tools is done by whoever has them.
fn search(item: &Place<'_>) -> Draft {
    match item.member("execution").and_then(|execution| execution.value().as_str()) {
        Some("client") => {
            let mut draft = called(item, AnswerForm::SearchOutput);
            draft.fixed_name("tool_search");
            draft.object(item.required("arguments"));
            finished(&mut draft, item, &["completed"]);
            draft
        }
        Some("server") => run_by_provider(item, "tool_search"),
        _ => Draft::refused(item, item.unknown()),
    }
}

fn run_by_provider(item: &Place<'_>, name: &str) -> Draft {
    let mut draft = Draft::new(item, AnswerForm::Nothing);
    draft.run_by_provider();
    draft.id(item.required("id"));
    draft.fixed_name(name);
    draft.all_but(item, &BOOKKEEPING);
    draft
}

/// Refuses an item that says that it is not whole.
fn finished(draft: &mut Draft, item: &Place<'_>, whole: &[&str]) {
    let Some(status) = item.member("status") else { return };
    match status.text() {
        Ok(word) if whole.contains(&word) => {}
        Ok(word) => draft.refuse(CallError::CutOff { place: status.pointer(), word: word.to_owned() }),
        Err(problem) => draft.refuse(problem),
    }
}
