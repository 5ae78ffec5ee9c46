//! The Model Context Protocol: one request that calls a tool.

use serde_json::Value;

use crate::answer_form::AnswerForm;
use crate::call_error::CallError;
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    root.spelt(&["jsonrpc", "id", "method", "params"])?;
    let Some(method) = root.member("method") else {
        return Err(ReadError::NotOfFormat { format: CallFormat::Mcp });
    };
    let method = method.text()?;
    if method != "tools/call" {
        return Err(ReadError::OtherMethod { method: method.to_owned() });
    }
    let mut draft = Draft::new(root, AnswerForm::McpResult);
    match root.required("jsonrpc").and_then(|version| Ok((version.text()?, version))) {
        Ok(("2.0", _)) => {}
        Ok((_, version)) => draft.refuse(version.unknown()),
        Err(problem) => draft.refuse(problem),
    }
    id(&mut draft, root);
    match root.required("params") {
        Ok(params) => called(&mut draft, &params),
        Err(problem) => draft.refuse(problem),
    }
    gathered.add(draft);
    Ok(())
}

/// An id is a text or a whole number. `1` and `1.0` are two ids to some, and one to others.
fn id(draft: &mut Draft, root: &Place<'_>) {
    match root.required("id") {
        Ok(place) => match place.value() {
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                draft.id_text(number.to_string());
                draft.echo("id", Some(place));
            }
            Value::String(_) => {
                draft.echo("id", Some(place.clone()));
                draft.id(Ok(place));
            }
            other => draft.refuse(CallError::WrongType {
                place: place.pointer(),
                expected: "a string or a whole number",
                found: aegis_engine::type_name(other),
            }),
        },
        // Nobody waits for an answer, and a tool that is called has one.
        Err(problem) => draft.refuse(problem),
    }
}

fn called(draft: &mut Draft, params: &Place<'_>) {
    let names = ["name", "arguments", "inputResponses", "requestState", "task", "_meta"];
    draft.spelt(params, &names);
    draft.name(params.required("name"));
    // Arguments may be left out; null is none.
    match params.value().get("arguments") {
        None => {}
        Some(Value::Null) => draft.refuse(CallError::WrongType {
            place: format!("{}/arguments", params.pointer()),
            expected: "an object",
            found: "null",
        }),
        Some(_) => draft.object(params.required("arguments")),
    }
    draft.answers(params.member("inputResponses"));
}
