//! `aegis check`: decides, asks, records, answers.

mod checker;
mod input;
mod reply;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_audit::A_WAIT;
use aegis_engine::Digest;
use aegis_present::Format;
use aegis_runtime::{Context, Gate, TerminalApprover, current_host, current_login, current_user};
use chrono::{DateTime, Utc};
use clap::Args;

use self::checker::{Checker, Mode};
use self::reply::Replier;
use crate::audit_sinks::{self, SinkSpec, sink_parser};
use crate::console::terminal_options;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::format_option::text_or_json;
use crate::open_log::{open_existing_log, open_log};
use crate::trusted_policy::{TrustedPolicy, load_policy};
use crate::waiting::{WaitArgs, Waiting};

/// How long to wait for the lock of the log before giving up.
const LOG_WAIT: Duration = Duration::from_secs(10);

/// Decide whether an action may happen, ask where needed, and record the answer
///
/// Reads one action (JSON) from standard input, or takes it from the command line, or reads a stream of them
/// with --jsonl. Exits 0 only if the action is allowed and the record of that is on disk.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis check <action.json && do_it\n  aegis check delete:crm --param id=42 \
    --dry-run\n  agent | aegis check --jsonl\n  aegis check read:crm --audit jsonl:decisions.jsonl --audit \
    journald\n\nExit status: 0 allowed, 1 blocked or denied, 2 wrong usage, 3 approval required and nobody \
    answered, 4 the audit log or a sink could not be written, 5 unreadable input or policy. A stream exits \
    with the first of 4, 5, 3, 1, 0 that one of its lines has."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct CheckArgs {
    /// The action's type and target, instead of reading an action from standard input
    #[arg(value_name = "TYPE:TARGET", conflicts_with = "jsonl", value_parser = input::parse_short)]
    action: Option<input::Short>,
    /// A parameter of the action: VALUE is read as JSON if it is JSON, and is a string otherwise
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "action", value_parser = input::parse_param)]
    params: Vec<input::Param>,
    /// What the action is for, in the agent's words
    #[arg(long, value_name = "TEXT", requires = "action")]
    description: Option<String>,
    /// Read a stream of actions, one JSON object a line; answer each with a line of JSON
    #[arg(long)]
    jsonl: bool,
    /// Only evaluate: ask nobody and record nothing; exits 3 where a human would be asked
    #[arg(long)]
    dry_run: bool,
    /// Evaluate as of this instant, such as 2026-11-23T08:49:00Z
    #[arg(long, value_name = "RFC3339", requires = "dry_run", value_parser = parse_instant)]
    at: Option<DateTime<Utc>>,
    /// Show each rule that was looked at, and why it did or did not match
    #[arg(long)]
    explain: bool,
    /// How long to wait for an answer at the terminal
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// The SHA-256 that the policy must have, whoever owns the file; once for each --policy
    #[arg(long, value_name = "HEX", value_parser = parse_digest)]
    policy_sha256: Vec<Digest>,
    /// Where each record must go besides the audit log: jsonl:PATH, journald, or tracing (lines on stderr);
    /// may be given several times. What one of them does not take is not allowed
    #[arg(long, value_name = "SINK", conflicts_with = "dry_run", value_parser = sink_parser(),
        hide_possible_values = true)]
    audit: Vec<SinkSpec>,
    #[command(flatten)]
    waits: WaitArgs,
    /// Refuse where there is no audit log yet, instead of making one
    #[arg(long, conflicts_with = "dry_run")]
    require_log: bool,
    /// How to answer
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "One line for a person, and a second with the reason where it is a refusal",
        "One object on one line",
    ))]
    format: Format,
}

fn parse_instant(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.with_timezone(&Utc))
        .map_err(|error| error.to_string())
}

/// Reads a pinned digest.
fn parse_digest(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text).ok_or_else(|| "a SHA-256 is 64 hexadecimal digits".to_owned())
}

pub(crate) fn run(args: &CheckArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    let mut loaded = load_policy(&settings.policies, &args.policy_sha256, console)?;
    let (session_id, session_source) = settings.session_or_new()?;
    if args.jsonl && args.waits.waits() {
        return Err(CommandError::usage("a stream does not wait: the other lines would wait as well")
            .help("leave `--wait` out, and send the line again once its question is answered"));
    }
    // One action is read before the log is touched; of a stream, nothing can be.
    let action = match (&args.action, args.jsonl) {
        (_, true) => None,
        (Some(short), _) => Some(input::from_arguments(short, &args.params, args.description.as_deref())?),
        (None, _) => Some(input::from_stdin(console)?),
    };
    let approver = TerminalApprover::new(terminal_options(args.timeout, console));
    let mode = if args.dry_run {
        Mode::DryRun(args.at)
    } else {
        let sinks = audit_sinks::open(&args.audit, LOG_WAIT, &settings.db, console)?;
        let begun = Instant::now();
        let open = if args.require_log { open_existing_log } else { open_log };
        let journal = open(settings, LOG_WAIT)?;
        if begun.elapsed() >= A_WAIT {
            // Whatever waited is decided by the policy as it is when the wait is over.
            loaded = load_policy(&settings.policies, &args.policy_sha256, console)?;
        }
        if journal.created() {
            let path = aegis_engine::escape(&settings.db.to_string_lossy());
            // A log that was removed shows by this.
            console.notice(format!("the audit log was created at `{path}`"));
        }
        let context = Context {
            session_id: session_id.clone(),
            session_source,
            host: current_host(),
            user: current_user(),
            login: current_login(),
            policy_source: settings.policy_source,
            log_source: settings.db_source,
        };
        let gate = Gate::new(
            Arc::clone(&loaded.policy),
            loaded.sha256,
            journal.with_sinks(sinks),
            approver,
            context,
        );
        // The same files, checked as they were at the start: an answer counts for what they say by then.
        let (paths, pins) = (settings.policies.clone(), args.policy_sha256.clone());
        let reread = move || match load_policy(&paths, &pins, console) {
            Ok(TrustedPolicy { policy, sha256 }) => Ok((policy, sha256)),
            Err(error) if error.message.is_empty() => Err("it holds errors".to_owned()),
            Err(error) => Err(error.message),
        };
        Mode::Gate(Box::new(gate.rereading(reread)))
    };
    let replier = Replier {
        loaded: &loaded,
        session_id,
        explain: args.explain,
        format: if args.jsonl { Format::Json } else { args.format },
    };
    let is_told = !args.jsonl && args.format == Format::Text;
    let waiting = Waiting { args: &args.waits, is_told, settings };
    let mut checker = Checker { replier, agent: settings.given_agent()?, mode, waiting };
    match action {
        None => stream::run(&mut checker, console),
        Some(action) => {
            let action = checker.agent.of(action)?;
            let reply = checker.check(&action)?;
            // The exit status is the answer; that it could not be written out as well is said, and changes
            // nothing.
            let told = match args.format {
                // What `--explain` says is asked for by name.
                Format::Text if !args.explain => console.tell(reply.text),
                _ => console.answer(reply.text),
            };
            if let Err(error) = told {
                console.error(&error);
            }
            Ok(reply.status)
        }
    }
}
