//! One action: from standard input, or from the command line.

use std::io::{IsTerminal as _, Read as _};

use aegis_engine::{Action, MAX_ACTION_BYTES, canonical_json};
use serde_json::{Map, Value};

use crate::console::{Console, stdin};
use crate::error::CommandError;
use crate::named_action::{Param, Short, members};

/// Reads the whole of standard input as one action.
pub(super) fn from_stdin(console: Console) -> Result<Action, CommandError> {
    let bytes = stdin_bytes("an action", MAX_ACTION_BYTES, console)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(CommandError::input("standard input holds no action").help(
            "pipe one in, such as {\"type\":\"read\",\"target\":\"crm\"}, or name it: `aegis check read:crm`",
        ));
    }
    Action::from_json(&bytes).map_err(|error| CommandError::action(&error, None))
}

/// Reads the whole of standard input, or one byte more than may be in it.
pub(super) fn stdin_bytes(what: &str, most: usize, console: Console) -> Result<Vec<u8>, CommandError> {
    let stdin = stdin();
    if stdin.is_terminal() {
        console.note(format!("reading {what} (JSON) from the terminal; end it with ^D"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    stdin
        .lock()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| CommandError::input(format!("cannot read standard input: {error}")))?;
    Ok(bytes)
}

/// Makes an action from what the command line says.
pub(super) fn from_arguments(
    short: &Short,
    params: &[Param],
    description: Option<&str>,
) -> Result<Action, CommandError> {
    let mut action = Map::new();
    action.insert("type".to_owned(), short.kind.as_str().into());
    action.insert("target".to_owned(), short.target.as_str().into());
    action.insert("params".to_owned(), Value::Object(members(params)?));
    action.extend(description.map(|text| ("description".to_owned(), Value::from(text))));
    // Through the same reader as any other action, so that the same limits hold.
    Ok(Action::from_json(canonical_json(&Value::Object(action)).as_bytes())?)
}
