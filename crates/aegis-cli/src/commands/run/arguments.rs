//! What the command line says of a command that is to run.

use std::ffi::OsString;
use std::time::Duration;

use aegis_engine::Digest;
use clap::Args;

use crate::audit_sinks::{SinkSpec, sink_parser};
use crate::chosen_approver::ApproverArgs;
use crate::named_action::{Param, Short, parse_param, parse_short};
use crate::trusted_policy::parse_digest;
use crate::waiting::WaitArgs;

/// Run a command if it is allowed, exactly as it was approved, and record how it ended
///
/// The action that is decided on holds the command's words, the program that was found with the SHA-256 of
/// what is in it, the directory, the environment variables that change what programs do, and the script that
/// an interpreter is given. What runs is what was approved, without a shell; what changed meanwhile is
/// refused. Input, output, signals and terminal are the command's own.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis run -- make test\n  aegis run deploy:shop --param stage=staging -- ./deploy.sh \
    staging\n  aegis run --timeout 10m --verify 'curl -fsS localhost/health' --rollback './deploy.sh --undo' -- \
    ./deploy.sh\n  aegis run --dry-run -- rm -r build\n  aegis run --http https://api.example.com get:/users --param \
    'query={\"page\":2}'\n\nExit status: the command's own, 128 and the number of the \
    signal that killed it, 124 it ran for too long, 125 Aegis failed (its log, policy or sinks), 126 refused, or \
    not executable, 127 not found, 1 the command succeeded and its verification did not, or the request failed, 2 wrong usage. With \
    --dry-run: 0 allowed, 1 blocked, 3 a human would be asked."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct RunArgs {
    /// The action's type and target [default: exec, and the program's name]
    #[arg(value_name = "TYPE:TARGET", value_parser = parse_name)]
    pub(super) action: Option<Short>,
    /// The command, and what it is given
    #[cfg_attr(feature = "http", arg(last = true, required_unless_present = "http", value_name = "COMMAND"))]
    #[cfg_attr(not(feature = "http"), arg(last = true, required = true, value_name = "COMMAND"))]
    pub(super) command: Vec<OsString>,
    /// Send a request to the server at this address instead of running a command: the action's type is the
    /// method (get, post, put, patch, delete, head, options), its target a path below the address, and its
    /// parameters are `json`, `form`, `headers`, `query` and `timeout`
    #[arg(long, value_name = "BASE", requires = "action",
        conflicts_with_all = ["command", "verify", "rollback", "sealed"])]
    #[cfg(feature = "http")]
    pub(super) http: Option<String>,
    /// A parameter of the action besides those of the command: VALUE is read as JSON if it is JSON, and is a
    /// string otherwise
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    pub(super) params: Vec<Param>,
    /// What the command is for, in the agent's words
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// How long the command may run; then it is told to end, with all that it started, and after 10 seconds
    /// made to
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(super) timeout: Option<Duration>,
    /// How long to wait for an answer at the terminal
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
    pub(super) ask_timeout: Duration,
    /// A command that tells by its exit status whether the first one did what it should. Quotes are read as a
    /// shell's, and no shell runs it. It is decided on before anything runs
    #[arg(long, value_name = "COMMAND")]
    pub(super) verify: Option<String>,
    /// A command that undoes the first one. It is decided on and run if that one, or its verification, failed
    #[arg(long, value_name = "COMMAND")]
    pub(super) rollback: Option<String>,
    /// Run a script from a copy in memory that nobody can change any more. Its own path is another one then,
    /// so that it does not find what lies beside it
    #[arg(long)]
    pub(super) sealed: bool,
    /// Only evaluate: ask nobody, record nothing and run nothing; exits 3 where a human would be asked
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Show each rule that was looked at, and why it did or did not match
    #[arg(long, requires = "dry_run")]
    pub(super) explain: bool,
    /// The SHA-256 that the policy must have, whoever owns the file; once for each --policy
    #[arg(long, value_name = "HEX", value_parser = parse_digest)]
    pub(super) policy_sha256: Vec<Digest>,
    /// Where each record must go besides the audit log: jsonl:PATH, journald, or tracing (lines on stderr);
    /// may be given several times. What one of them does not take is not run
    #[arg(long, value_name = "SINK", conflicts_with = "dry_run", value_parser = sink_parser(),
        hide_possible_values = true)]
    pub(super) audit: Vec<SinkSpec>,
    #[command(flatten)]
    pub(super) asks: ApproverArgs,
    #[command(flatten)]
    pub(super) waits: WaitArgs,
    /// Refuse where there is no audit log yet, instead of making one
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) require_log: bool,
}

/// Reads `TYPE:TARGET`, and tells where the command belongs.
fn parse_name(text: &str) -> Result<Short, String> {
    parse_short(text)
        .map_err(|_| "write it as TYPE:TARGET, as in deploy:shop; the command comes after `--`".to_owned())
}
