//! An executor of one's own: what it takes to do what was allowed, and to check and undo it.
//!
//! Run it: `cargo run -p aegis-runtime --example own_executor`.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aegis_engine::{Action, Digest, Source, load};
use aegis_runtime::{BoxFuture, Executed, Executor, ExecutorError, Proceed, Report, Runtime};

/// Keeps notes in a directory: `write` writes the parameter `text` into the file that the target names.
struct Notebook;

impl Executor for Notebook {
    fn execute<'a>(
        &'a self,
        action: &'a Action,
        _leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
        Box::pin(async move {
            let text = action.params().get("text").and_then(|text| text.as_str()).unwrap_or_default();
            std::fs::write(action.target(), text).map_err(|error| ExecutorError::caused_by(&error))?;
            Ok(Executed::with_output(text.len()))
        })
    }

    fn verify<'a>(
        &'a self,
        action: &'a Action,
        executed: &'a Executed,
    ) -> BoxFuture<'a, Option<Result<(), ExecutorError>>> {
        Box::pin(async move {
            let length = std::fs::metadata(action.target()).map(|it| it.len());
            let is_there = length.is_ok_and(|length| executed.output() == length);
            Some(is_there.then_some(()).ok_or_else(|| ExecutorError::new("the note is not there")))
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    for result in govern(directory.path())?.results() {
        writeln!(std::io::stdout(), "{}: {}", result.status(), result.reason())?;
    }
    Ok(())
}

/// Writes a note that is allowed, and tries one where no directory is.
pub(crate) fn govern(directory: &Path) -> Result<Report, Box<dyn Error>> {
    let text =
        b"version: 1\nrules: [{ name: notes, match: { type: write }, approval: auto, risk_level: low }]\n";
    let policy = load(&[Source { text }]).policy.ok_or("the policy is not valid")?;
    let builder = Runtime::builder().policy(Arc::new(policy), Digest::of(text));
    let runtime = builder.log(directory.join("log.db")).executor(Notebook).build()?;
    let note = |name: &str| {
        let target = directory.join(name);
        let action = serde_json::json!({"type": "write", "target": target, "params": {"text": "milk"}});
        Action::from_value(action)
    };
    let plan = runtime.plan([note("shopping")?, note("nowhere/shopping")?]);
    Ok(runtime.blocking().execute(plan))
}
