//! What goes wrong, and how Python is told.

use std::any::Any;

use aegis_audit::TrailError;
use aegis_engine::ActionError;
use aegis_runtime::HandleError;
use pyo3::prelude::*;

/// What kind of error Python gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Action,
    Audit,
    Internal,
    Policy,
    Usage,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Kind::Action => "action",
            Kind::Audit => "audit",
            Kind::Internal => "internal",
            Kind::Policy => "policy",
            Kind::Usage => "usage",
        }
    }
}

/// What went wrong. It becomes one of the exceptions of `aegis.errors`.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    help: Option<String>,
    /// More of it for programs, as JSON.
    details: Option<String>,
}

impl Failure {
    fn new(kind: Kind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into(), help: None, details: None }
    }

    /// The action cannot be read.
    pub(crate) fn action(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Action, message)
    }

    /// The log cannot be read or written.
    pub(crate) fn audit(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Audit, message)
    }

    /// There is no policy.
    pub(crate) fn policy(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Policy, message)
    }

    /// It cannot be done like this.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Usage, message)
    }

    /// What a panic said.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Failure {
        let words = panic.downcast_ref::<&str>().copied();
        let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let words = words.unwrap_or("something that is no text");
        Failure::new(Kind::Internal, format!("aegis failed, which is a bug: {words}"))
    }

    /// With what would help.
    pub(crate) fn help(self, help: impl Into<Option<&'static str>>) -> Failure {
        self.advice(help.into().map(str::to_owned))
    }

    /// The same, where the advice was put together.
    pub(crate) fn advice(self, help: Option<String>) -> Failure {
        Failure { help, ..self }
    }

    /// With more of it for programs, as JSON.
    pub(crate) fn details(self, details: String) -> Failure {
        Failure { details: Some(details), ..self }
    }

    /// The exception.
    pub(crate) fn raise(self, py: Python<'_>) -> PyErr {
        let made = py.import("aegis.errors").and_then(|errors| {
            let made = errors.getattr("of_native")?;
            made.call1((self.kind.word(), self.message, self.help, self.details))
        });
        match made {
            Ok(error) => PyErr::from_value(error),
            Err(error) => error,
        }
    }
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Failure {
        Failure::action(error.to_string()).advice(error.help().map(str::to_owned))
    }
}

impl From<TrailError> for Failure {
    fn from(error: TrailError) -> Failure {
        Failure::audit(error.to_string()).advice(error.help())
    }
}

impl From<HandleError> for Failure {
    fn from(error: HandleError) -> Failure {
        Failure::audit(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::new(Kind::Internal, format!("what was found out cannot be written as JSON: {error}"))
    }
}
