//! The command line.

use std::ffi::OsString;

use aegis_engine::{escape_capped, hide_secrets, looks_secret, zone_edition};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::{
    approvals, approve, audit, check, completions, deny, fmt, grants, init, man, run, schema, test, validate,
};
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
answered, 4 the audit log could not be written or read, 5 unreadable input or policy. `run` exits with the \
command's own status, 125 when Aegis failed, 126 when the command was refused, 127 when it was not found.

Environment: AEGIS_POLICY, AEGIS_DB and AEGIS_SESSION stand in for the flags of the same name where those \
are not given. AEGIS_AGENT labels actions that name no agent in the record; no rule goes by it. AEGIS_PLAIN=1 \
writes questions in plain lines, for screen readers. TZ says by which clock `audit` shows times. NO_COLOR turns \
colour off. Scripts should pass --policy and --db themselves.";

/// What to do. What each command is for stands at its arguments: a comment here would hide all but its first
/// line.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Fmt(fmt::FmtArgs),
    Schema(schema::SchemaArgs),
    Check(Box<check::CheckArgs>),
    Run(Box<run::RunArgs>),
    Test(test::TestArgs),
    Approvals(approvals::ApprovalsArgs),
    Approve(approve::ApproveArgs),
    Deny(deny::DenyArgs),
    Grants(grants::GrantsArgs),
    Audit(Box<audit::AuditArgs>),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Which of the common options a command heeds, of those that not every command does. Where a command is not
/// named, it heeds them all.
const HEEDED: [(&str, &[&str]); 24] = [
    ("init", &[]),
    ("validate", &["policy"]),
    ("fmt", &["policy"]),
    ("schema", &[]),
    ("test", &["policy"]),
    ("approvals", &["db"]),
    ("approvals show", &["db"]),
    ("approve", &["db"]),
    ("deny", &["db"]),
    ("grants", &["db"]),
    ("grants revoke", &["db"]),
    ("audit", &["db", "session", "agent"]),
    ("audit verify", &["db"]),
    ("audit checkpoint", &["db"]),
    ("audit redact", &["db"]),
    ("audit prune", &["db"]),
    ("audit show", &["db", "policy"]),
    ("audit stats", &["db", "policy", "session", "agent"]),
    ("audit report", &["db", "policy", "session", "agent"]),
    ("audit record", &["db"]),
    ("completions", &[]),
    ("man", &[]),
    ("check", &["policy", "db", "session", "agent"]),
    ("run", &["policy", "db", "session", "agent"]),
];
/// The options of which that table speaks.
const SOMETIMES_HEEDED: [&str; 4] = ["policy", "db", "session", "agent"];

/// The command line as it is defined. Each command's help names the options that it heeds; the others are
/// taken, so that they can stand before any command.
pub(crate) fn definition() -> clap::Command {
    let root = Cli::command();
    let options: Vec<clap::Arg> = SOMETIMES_HEEDED
        .iter()
        .filter_map(|id| root.get_arguments().find(|option| option.get_id() == *id).cloned())
        .collect();
    root.mut_subcommands(|command| {
        let above = command.get_name().to_owned();
        let command = command.mut_subcommands(|below| {
            let path = format!("{above} {}", below.get_name());
            heeding(below, &path, &options)
        });
        heeding(command, &above, &options)
    })
}

/// A command whose help leaves out the options that it does not heed.
fn heeding(command: clap::Command, path: &str, options: &[clap::Arg]) -> clap::Command {
    let Some((_, heeded)) = HEEDED.iter().find(|(name, _)| *name == path) else { return command };
    let shown = |option: &clap::Arg| heeded.iter().any(|id| option.get_id() == *id);
    command.args(options.iter().map(|option| option.clone().hide(!shown(option))))
}

fn parse_as_defined(arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let mut definition = definition();
    let read = definition
        .try_get_matches_from_mut(arguments)
        .and_then(|mut found| Cli::from_arg_matches_mut(&mut found));
    read.map_err(|error| error.with_cmd(&definition))
}

/// Reads the command line; what is wrong with it is escaped before it is shown.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    // What each command heeds is told in help alone, and costs every start what it takes to be worked out.
    Cli::try_parse_from(&arguments).or_else(|_| parse_as_defined(arguments)).map_err(|mut error| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_says_which_options_it_heeds() {
        let mut root = definition();
        root.build();
        let mut paths = Vec::new();
        for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
            paths.push(command.get_name().to_owned());
            let below = command.get_subcommands().filter(|below| below.get_name() != "help");
            paths.extend(below.map(|below| format!("{} {}", command.get_name(), below.get_name())));
        }
        paths.sort();
        let mut named = HEEDED.map(|(path, _)| path);
        named.sort_unstable();
        assert_eq!(paths, named);
        assert!(HEEDED.iter().flat_map(|(_, heeded)| *heeded).all(|id| SOMETIMES_HEEDED.contains(id)));
    }

    #[test]
    fn options_that_are_not_heeded_are_taken_and_not_shown() {
        for (path, heeded) in HEEDED {
            let mut root = definition();
            root.build();
            let command =
                path.split(' ').fold(&mut root, |command, name| command.find_subcommand_mut(name).unwrap());
            let help = command.render_long_help().to_string();
            for id in SOMETIMES_HEEDED {
                let is_shown = help.contains(&format!("--{id} <"));
                assert_eq!(is_shown, heeded.contains(&id), "{path} --{id}: {help}");
            }
        }
        let cli = parse(["aegis", "--db", "x", "init", "--agent", "a"].map(OsString::from)).unwrap();
        assert_eq!((cli.global.db, cli.global.agent.as_deref()), (Some("x".into()), Some("a")));
        let cli = parse(["aegis", "-p", "a", "audit", "show", "x", "-p", "b"].map(OsString::from)).unwrap();
        assert_eq!(cli.global.policy.len(), 1);
    }
}
