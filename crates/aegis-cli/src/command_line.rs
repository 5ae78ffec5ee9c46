//! The command line.

use std::ffi::OsString;

use aegis_engine::{escape_capped, hide_secrets, looks_secret, zone_edition};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::{audit, check, completions, fmt, init, man, schema, test, validate};
use crate::global_options::GlobalOptions;

/// The sudo of AI agents: decides whether an action may happen, asks a human where the policy says so, and
/// keeps the proof.
#[derive(Debug, Parser)]
#[command(
    name = "aegis",
    version,
    long_version = long_version(),
    arg_required_else_help = true,
    after_help = AFTER_HELP,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The version, and the edition of the time zones that are compiled in: laws on time change between two
/// versions.
fn long_version() -> String {
    format!("{}\ntime zones: IANA {}", env!("CARGO_PKG_VERSION"), zone_edition())
}

const AFTER_HELP: &str = "\
Exit status: 0 allowed or done, 1 the answer is no (or invalid), 2 wrong usage, 3 approval required and \
nobody \
answered, 4 the audit log could not be written or read, 5 unreadable input or policy.

Environment: AEGIS_POLICY, AEGIS_DB and AEGIS_SESSION stand in for the flags of the same name where those \
are not given. AEGIS_AGENT labels actions that name no agent in the record; no rule goes by it. NO_COLOR turns \
colour off. Scripts should pass --policy and --db themselves.";

/// What to do. What each command is for stands at its arguments: a comment here would hide all but its first
/// line.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Fmt(fmt::FmtArgs),
    Schema(schema::SchemaArgs),
    Check(check::CheckArgs),
    Test(test::TestArgs),
    Audit(Box<audit::AuditArgs>),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// The command line as it is defined, for what is made from that: completions and manual pages.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

/// Reads the command line; what is wrong with it is escaped before it is shown.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(arguments).map_err(|mut error| {
        use clap::error::{ContextKind, ContextValue};
        // A secret is not repeated.
        let is_param = error
            .get(ContextKind::InvalidArg)
            .is_some_and(|argument| argument.to_string().starts_with("--param "));
        let escaped: Vec<_> = error
            .context()
            .filter_map(|(kind, value)| match value {
                ContextValue::String(text) if is_param && kind == ContextKind::InvalidValue => {
                    let name = text.split_once('=').map(|(name, _)| name).filter(|name| looks_secret(name));
                    let text =
                        name.map_or_else(|| shown(text), |name| format!("{}=…", escape_capped(name, 200)));
                    Some((kind, ContextValue::String(text)))
                }
                // Words of ours hold nothing to escape; words of the caller's may.
                ContextValue::String(text) => Some((kind, ContextValue::String(shown(text)))),
                ContextValue::Strings(texts) => {
                    let texts = texts.iter().map(|text| shown(text)).collect();
                    Some((kind, ContextValue::Strings(texts)))
                }
                _ => None,
            })
            .collect();
        for (kind, value) in escaped {
            error.insert(kind, value);
        }
        error
    })
}

/// A word of the command line as a message repeats it.
fn shown(text: &str) -> String {
    escape_capped(&hide_secrets(text), 200)
}
