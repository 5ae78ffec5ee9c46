//! `aegis schema`: the JSON Schemas, generated from the types that read and write.

use aegis_engine::{action_schema, policy_schema, schema_of, test_schema};
use aegis_ledger::record::Record;
use aegis_present::json::v1::{DecisionV1, StatisticsV1};
use aegis_runtime::ApprovalRequestV1;
use clap::{Args, ValueEnum};

use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Print the JSON Schema (draft 2020-12) of policies, test files, actions, questions, decisions, records or
/// statistics
#[derive(Debug, Args)]
#[command(after_help = "Example, for completion in an editor that runs yaml-language-server:\n  \
    aegis schema > aegis-policy.schema.json\n\nExit status: 0 printed, 2 wrong usage.")]
pub(crate) struct SchemaArgs {
    /// What to describe
    #[arg(long, value_enum, default_value_t = Subject::Policy)]
    of: Subject,
}

/// What a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// A policy file
    Policy,
    /// A file of examples, as `test` reads it
    Test,
    /// An action, as `check` reads it
    Action,
    /// A question, as the command of `--approver-cmd` gets it
    Question,
    /// A decision, as `check --format json` writes it
    Decision,
    /// A record, as `audit --format json` writes it
    Record,
    /// The statistics of a trail, as `audit stats --format json` writes them
    Statistics,
}

pub(crate) fn run(args: &SchemaArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let schema = match args.of {
        Subject::Policy => policy_schema(),
        Subject::Test => test_schema(),
        Subject::Action => action_schema(),
        Subject::Question => schema_of::<ApprovalRequestV1<'_>>(),
        Subject::Decision => schema_of::<DecisionV1<'_>>(),
        Subject::Record => schema_of::<Record>(),
        Subject::Statistics => schema_of::<StatisticsV1>(),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| CommandError::input(format!("cannot write the schema: {error}")))?;
    settings.console.answer(text)?;
    Ok(ExitStatus::Success)
}
