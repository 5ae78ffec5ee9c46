//! `aegis check`: decides, asks, records, answers.

mod answer_format;
mod calls;
mod checker;
mod input;
pub(crate) mod reply;
mod stream;

use std::time::Duration;

use aegis_adapters::{Call, CallFormat};
use aegis_engine::{Action, Digest};
use aegis_present::Format;
use chrono::{DateTime, Utc};
use clap::Args;

use self::answer_format::{AnswerFormat, answer_format};
use self::checker::{Checker, Mode};
use self::reply::Replier;
use crate::audit_sinks::{SinkSpec, sink_parser};
use crate::chosen_approver::ApproverArgs;
use crate::console::Console;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::named_action::{Param, Short, parse_param, parse_short};
use crate::open_gate::{WantedGate, open_gate};
use crate::trusted_policy::{load_policy, parse_digest};
use crate::waiting::{WaitArgs, Waiting};

/// Decide whether an action may happen, ask where needed, and record the answer
///
/// Reads one action (JSON) from standard input, or takes it from the command line, or reads a stream of them
/// with --jsonl, or the tool calls of a model's message with --from. Exits 0 only if the action is allowed
/// and the record of that is on disk.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis check <action.json && do_it\n  aegis check delete:crm --param id=42 \
    --dry-run\n  agent | aegis check --jsonl\n  aegis check read:crm --audit jsonl:decisions.jsonl --audit \
    journald\n  aegis check --from anthropic --target crm --format native <message.json\n\nExit \
    status: 0 allowed, 1 blocked or denied, 2 wrong usage, 3 approval required and nobody answered, 4 the audit log or a sink could not be written, 5 unreadable input or policy. A stream exits \
    with the first of 4, 5, 3, 1, 0 that one of its lines has, and a message with that of its calls; one without \
    a call to decide about exits with 5."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct CheckArgs {
    /// The action's type and target, instead of reading an action from standard input
    #[arg(value_name = "TYPE:TARGET", conflicts_with = "jsonl", value_parser = parse_short)]
    action: Option<Short>,
    /// A parameter of the action: VALUE is read as JSON if it is JSON, and is a string otherwise
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "action", value_parser = parse_param)]
    params: Vec<Param>,
    /// What the action is for, in the agent's words
    #[arg(long, value_name = "TEXT", requires = "action")]
    description: Option<String>,
    /// Read a stream of actions, one JSON object a line; answer each with a line of JSON
    #[arg(long)]
    jsonl: bool,
    /// Read the tool calls in a message of this API or framework: one call, a list of them, a message, or a
    /// whole response. Each is decided by itself
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["action", "jsonl"], value_parser = calls::call_format())]
    from: Option<CallFormat>,
    /// What the calls act upon, where a call does not name the server whose tool it is
    #[arg(long, value_name = "NAME", requires = "from")]
    target: Option<String>,
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
    asks: ApproverArgs,
    #[command(flatten)]
    waits: WaitArgs,
    /// Refuse where there is no audit log yet, instead of making one
    #[arg(long, conflicts_with = "dry_run")]
    require_log: bool,
    /// How to answer
    #[arg(long, default_value = "text", value_parser = answer_format())]
    format: AnswerFormat,
}

fn parse_instant(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.with_timezone(&Utc))
        .map_err(|error| error.to_string())
}

pub(crate) fn run(args: &CheckArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    let mut loaded = load_policy(&settings.policies, &args.policy_sha256, console)?;
    let (session_id, session_source) = settings.session_or_new()?;
    if args.waits.waits() && (args.jsonl || args.from.is_some()) {
        return Err(CommandError::usage(
            "where several actions are asked about, one would keep the others waiting",
        )
        .help("leave `--wait` out, and ask again for the one whose question was answered"));
    }
    if args.format == AnswerFormat::Native && args.from.is_none() {
        return Err(CommandError::usage("only calls of an API can be answered in its words")
            .help("say which API they are of: `--from anthropic`, say"));
    }
    if args.format == AnswerFormat::Native && (args.dry_run || args.explain) {
        return Err(CommandError::usage("the words of the API are for what was decided and recorded")
            .help("`--format json` shows what a policy would say, and why"));
    }
    let asked = Asked::read(args, console)?;
    let mode = if args.dry_run {
        Mode::DryRun(args.at)
    } else {
        let approver = args.asks.approver(args.timeout, console)?;
        let wanted =
            WantedGate { pins: &args.policy_sha256, sinks: &args.audit, must_exist: args.require_log };
        let opened = open_gate(settings, &wanted, loaded, approver, (session_id.clone(), session_source))?;
        loaded = opened.loaded;
        Mode::Gate(Box::new(opened.gate))
    };
    let replier = Replier {
        loaded: &loaded,
        session_id,
        explain: args.explain,
        format: if args.jsonl { Format::Json } else { args.format.own() },
    };
    let is_told = !args.jsonl && args.format == AnswerFormat::Own(Format::Text);
    let waiting = Waiting { args: &args.waits, is_told, settings };
    let mut checker = Checker { replier, agent: settings.given_agent()?, mode, waiting };
    match asked {
        Asked::Stream => stream::run(&mut checker, console),
        Asked::Calls(calls) => calls::run(&mut checker, &calls, args.format, console),
        Asked::One(action) => {
            let action = checker.agent.of(action)?;
            let reply = checker.check(&action)?;
            // The exit status is the answer; that it could not be written out as well is said, and changes
            // nothing.
            let told = match args.format.own() {
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

/// What is asked about.
enum Asked {
    One(Action),
    Calls(Vec<Call>),
    Stream,
}

impl Asked {
    /// Reads it before the log is touched; of a stream, nothing can be.
    fn read(args: &CheckArgs, console: Console) -> Result<Asked, CommandError> {
        if args.jsonl {
            return Ok(Asked::Stream);
        }
        if let Some(format) = args.from {
            return calls::from_stdin(format, args.target.as_deref(), console).map(Asked::Calls);
        }
        match &args.action {
            Some(short) => input::from_arguments(short, &args.params, args.description.as_deref()),
            None => input::from_stdin(console),
        }
        .map(Asked::One)
    }
}
