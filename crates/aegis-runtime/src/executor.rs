//! Whoever does what was allowed: an executor takes the leave by value, and does it once.

use std::any::Any;
use std::fmt;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::thread;

use aegis_engine::Action;
use async_channel::bounded;
use serde_json::Value;
use thiserror::Error;

use crate::gate::Proceed;

/// A future on the heap that may be sent elsewhere; which runtime polls it is the caller's choice.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What came of an action that was done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Executed {
    output: Value,
}

impl Executed {
    /// It was done, and this came of it. The value goes to whoever asked for the action, and into no log.
    pub fn with_output(output: impl Into<Value>) -> Executed {
        Executed { output: output.into() }
    }

    /// It was done, and there is nothing more to say about it.
    #[must_use]
    pub fn without_output() -> Executed {
        Executed::default()
    }

    /// What came of it; null where there is nothing to say.
    #[must_use]
    pub fn output(&self) -> &Value {
        &self.output
    }

    /// What came of it, to be kept.
    #[must_use]
    pub fn into_output(self) -> Value {
        self.output
    }
}

/// Why an action was not done, or went wrong. The message is recorded.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{message}")]
pub struct ExecutorError {
    message: String,
    help: Option<String>,
    output: Value,
}

impl ExecutorError {
    /// It went wrong, for this reason.
    pub fn new(message: impl Into<String>) -> ExecutorError {
        ExecutorError { message: message.into(), help: None, output: Value::Null }
    }

    /// It went wrong because of an error: its message, and those of what caused it.
    #[must_use]
    pub fn caused_by(error: &(dyn std::error::Error + 'static)) -> ExecutorError {
        let causes = std::iter::successors(Some(error), |error| error.source());
        let mut messages: Vec<_> = causes.map(ToString::to_string).collect();
        // Some errors say what their cause says.
        messages.dedup();
        ExecutorError::new(messages.join(": "))
    }

    /// With what could be done about it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> ExecutorError {
        ExecutorError { help: Some(help.into()), ..self }
    }

    /// With what came of it all the same, such as the answer of a server that says no.
    #[must_use]
    pub fn with_output(self, output: impl Into<Value>) -> ExecutorError {
        ExecutorError { output: output.into(), ..self }
    }

    /// What could be done about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// What came of it all the same; null where nothing did.
    #[must_use]
    pub fn output(&self) -> &Value {
        &self.output
    }
}

/// Does actions that were allowed.
///
/// What it is given to do is decided, and recorded as started, before it is called. Its error, its panic, and
/// a future of it that is dropped before its end are all recorded as failures of the action.
///
/// # Example: an executor of one's own
/// ```
/// use aegis_engine::Action;
/// use aegis_runtime::{BoxFuture, Executed, Executor, ExecutorError, Proceed};
///
/// struct Greeter;
///
/// impl Executor for Greeter {
///     fn execute<'a>(
///         &'a self,
///         action: &'a Action,
///         _leave: Proceed,
///     ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
///         Box::pin(async move { Ok(Executed::with_output(format!("hello, {}", action.target()))) })
///     }
/// }
/// ```
pub trait Executor: Send + Sync {
    /// Does the action, and nothing else. The leave is used up by it.
    fn execute<'a>(
        &'a self,
        action: &'a Action,
        leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>>;

    /// Checks what was done: `None` where there is nothing to check. What fails its check is a failure of the
    /// action, though it was done.
    fn verify<'a>(
        &'a self,
        action: &'a Action,
        executed: &'a Executed,
    ) -> BoxFuture<'a, Option<Result<(), ExecutorError>>> {
        let _ = (action, executed);
        Box::pin(ready(None))
    }

    /// The actions that undo what was done, in the order in which they have to be done. They are asked for
    /// when a later action of the same plan failed, and are decided and recorded like any other.
    fn rollback(&self, action: &Action, executed: &Executed) -> Vec<Action> {
        let _ = (action, executed);
        Vec::new()
    }

    /// Prepares whatever the executor needs, before the first action of a plan that is allowed.
    fn set_up(&self) -> BoxFuture<'_, Result<(), ExecutorError>> {
        Box::pin(ready(Ok(())))
    }

    /// Puts it away again. Called once for each time that [`set_up`](Executor::set_up) was, whatever came of
    /// that and of the actions: also after a panic, and also where the caller has given up waiting, on a
    /// thread of its own then.
    fn tear_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }
}

impl<E: Executor + ?Sized> Executor for Arc<E> {
    fn execute<'a>(
        &'a self,
        action: &'a Action,
        leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
        (**self).execute(action, leave)
    }

    fn verify<'a>(
        &'a self,
        action: &'a Action,
        executed: &'a Executed,
    ) -> BoxFuture<'a, Option<Result<(), ExecutorError>>> {
        (**self).verify(action, executed)
    }

    fn rollback(&self, action: &Action, executed: &Executed) -> Vec<Action> {
        (**self).rollback(action, executed)
    }

    fn set_up(&self) -> BoxFuture<'_, Result<(), ExecutorError>> {
        (**self).set_up()
    }

    fn tear_down(&self) -> BoxFuture<'_, ()> {
        (**self).tear_down()
    }
}

/// An executor that is a function, which may block: each call has a thread of its own.
pub struct FunctionExecutor<F>(Arc<F>);

/// Makes an executor of a function. It may block, as most do that touch files or talk to servers: each call
/// has a thread of its own, and whoever waits for it holds up nothing else. A call whose caller has given up
/// waiting is recorded as failed, and goes on to its end.
///
/// # Example
/// ```
/// use aegis_runtime::{Executed, ExecutorError, executor_fn};
///
/// let executor = executor_fn(|action, _leave| match action.kind() {
///     "read" => Ok(Executed::with_output("forty-two")),
///     other => Err(ExecutorError::new(format!("nobody here can {other}"))),
/// });
/// # let _: &dyn aegis_runtime::Executor = &executor;
/// ```
pub fn executor_fn<F>(act: F) -> FunctionExecutor<F>
where
    F: Fn(&Action, Proceed) -> Result<Executed, ExecutorError> + Send + Sync + 'static,
{
    FunctionExecutor(Arc::new(act))
}

impl<F> fmt::Debug for FunctionExecutor<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FunctionExecutor")
    }
}

impl<F> Executor for FunctionExecutor<F>
where
    F: Fn(&Action, Proceed) -> Result<Executed, ExecutorError> + Send + Sync + 'static,
{
    fn execute<'a>(
        &'a self,
        action: &'a Action,
        leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
        Box::pin(async move {
            let (act, action) = (Arc::clone(&self.0), action.clone());
            let (reply, done) = bounded(1);
            let work = move || {
                let done = catch_unwind(AssertUnwindSafe(|| act(&action, leave)));
                // Whoever does not wait any more has been recorded as gone.
                let _ = reply.try_send(done);
            };
            let thread = thread::Builder::new().name("aegis-executor".to_owned());
            thread.spawn(work).map_err(|error| {
                ExecutorError::new(format!("the system has no thread to do it on: {error}"))
                    .with_help("try again when fewer actions are being done")
            })?;
            match done.recv().await {
                Ok(Ok(done)) => done,
                // The panic goes on here, where it is told of.
                Ok(Err(panic)) => resume_unwind(panic),
                Err(_) => Err(ExecutorError::new("the thread that did it is gone")),
            }
        })
    }
}

/// What somebody who panicked had to say.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why")
}
