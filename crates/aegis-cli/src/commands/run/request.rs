//! `aegis run --http`: an action that is a request, instead of a command.

use std::time::Instant;

use aegis_audit::{EndStatus, Ending};
use aegis_engine::{Action, canonical_json, to_json_line};
use aegis_runtime::HttpExecutor;
use serde_json::{Map, Value};

use super::arguments::RunArgs;
use super::job::Job;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::given_agent::GivenAgent;
use crate::named_action::members;

/// A request that can be sent, and what sends it.
pub(super) struct WantedRequest {
    pub(super) action: Action,
    executor: HttpExecutor,
}

impl WantedRequest {
    /// Makes the action. It names the server, so that whoever is asked sees it and a policy can go by it.
    ///
    /// # Errors
    /// When it is no request, or nothing can be sent.
    pub(super) fn of(base: &str, args: &RunArgs, agent: &GivenAgent) -> Result<WantedRequest, CommandError> {
        let failed = |message: String, help: &str| CommandError::new(ExitStatus::Failed, message).help(help);
        let mut builder = HttpExecutor::builder(base);
        if let Some(timeout) = args.timeout {
            builder = builder.timeout(timeout);
        }
        let executor = builder.build().map_err(|error| failed(error.to_string(), error.help()))?;
        let Some(name) = &args.action else {
            return Err(CommandError::usage("a request is named by its method and path, as in get:/users"));
        };
        let mut params = members(&args.params)?;
        if params.insert("base".to_owned(), executor.base().into()).is_some() {
            return Err(failed(
                "the parameter `base` says where a request goes, and is not yours to give".to_owned(),
                "leave it out: `--http` gives it",
            ));
        }
        let mut action = Map::new();
        action.insert("type".to_owned(), name.kind.as_str().into());
        action.insert("target".to_owned(), name.target.as_str().into());
        action.insert("params".to_owned(), Value::Object(params));
        action.extend(args.description.as_deref().map(|text| ("description".to_owned(), Value::from(text))));
        // Through the same reader as any other action, so that the same limits hold.
        let action = agent.of(Action::from_json(canonical_json(&Value::Object(action)).as_bytes())?)?;
        executor.check(&action).map_err(|error| failed(error.to_string(), &error.help()))?;
        Ok(WantedRequest { action, executor })
    }
}

impl Job<'_> {
    /// Asks, sends, records; the answer is a line of JSON on standard output.
    pub(super) fn send(mut self, wanted: &WantedRequest) -> Result<ExitStatus, CommandError> {
        let action = &wanted.action;
        let Some(leave) = self.leave_for(action)? else { return Ok(ExitStatus::Refused) };
        let running = self.gate.start(&leave)?;
        let begun = Instant::now();
        let done = wanted.executor.execute_blocking(action, leave);
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).ok();
        let (status, error) = match &done {
            Ok(_) => (EndStatus::Success, None),
            Err(error) => (EndStatus::Failed, Some(error.to_string())),
        };
        let recorded = self.gate.end(&running, Ending { status, error: error.as_deref(), duration_ms });
        let output = done.as_ref().map_or_else(|error| error.output().clone(), |done| done.output().clone());
        if !output.is_null() {
            // It was sent, whether or not anyone hears of the answer.
            if let Err(error) = self.console.answer(to_json_line(&output).unwrap_or_default()) {
                self.console.error(&error);
            }
        }
        let _receipt = recorded?;
        match done {
            Ok(_) => Ok(ExitStatus::Success),
            Err(error) => {
                let help = error.help().map(str::to_owned);
                let message = aegis_engine::escape_capped(&error.to_string(), 1024);
                self.console.error(&CommandError { status: ExitStatus::No, message, help });
                Ok(ExitStatus::Ran(1))
            }
        }
    }
}
