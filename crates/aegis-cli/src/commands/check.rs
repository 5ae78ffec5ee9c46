//! `aegis check`: decides, asks, records, answers.

mod input;
mod reply;
mod stream;

use std::time::Duration;

use aegis_audit::{Recorder, Trail};
use aegis_engine::{Action, Digest};
use aegis_runtime::{Context, Gate, TerminalApprover, TerminalOptions, current_host, current_user};
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use self::reply::{Replier, Reply};
use crate::args::parse_digest;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::policy::load_policy;
use crate::settings::Settings;
use crate::sinks::{self, SinkSpec};

/// How long to wait for the lock of the log before giving up.
const LOG_WAIT: Duration = Duration::from_secs(10);

/// Decide whether an action may happen, ask where needed, and record the answer
///
/// Reads one action (JSON) from standard input, or takes it from the command line, or reads a stream of them with
/// --jsonl. Exits 0 only if the action is allowed and the record of that is on disk.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis check <action.json && do_it\n  aegis check delete:crm --param id=42 --dry-run\n  \
    agent | aegis check --jsonl\n  \
    aegis check read:crm --audit jsonl:decisions.jsonl --audit journald\n\nExit status: 0 allowed, 1 blocked or denied, 2 wrong usage, 3 approval required and \
    nobody answered, 4 the audit log or a sink could not be written, 5 unreadable input or policy. A stream exits with the first \
    of 4, 5, 3, 1, 0 that one of its lines has."
)]
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
    /// Where each record must go besides the audit log: jsonl:PATH, journald, or tracing (lines on stderr); may be given
    /// several times. What one of them does not take is not allowed
    #[arg(long, value_name = "SINK", conflicts_with = "dry_run")]
    audit: Vec<SinkSpec>,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How to answer one action. A stream is always answered in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for a person, and a second with the reason where it is a refusal
    Text,
    /// One object on one line
    Json,
}

fn parse_instant(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.with_timezone(&Utc))
        .map_err(|error| error.to_string())
}

/// Everything that answering an action takes.
struct Checker<'a> {
    replier: Replier<'a>,
    default_agent: Option<String>,
    mode: Mode<'a>,
}

enum Mode<'a> {
    /// Ask and record.
    Gate(Box<Gate<'a, TerminalApprover>>),
    /// Only evaluate, as of an instant or of now.
    DryRun(Option<DateTime<Utc>>),
}

pub(crate) fn run(args: &CheckArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let output = settings.output;
    let loaded = load_policy(&settings.policies, &args.policy_sha256, output)?;
    let session_id = settings.session_or_new()?;
    // One action is read before the log is touched; of a stream, nothing can be.
    let action = match (&args.action, args.jsonl) {
        (_, true) => None,
        (Some(short), _) => Some(input::from_arguments(short, &args.params, args.description.as_deref())?),
        (None, _) => Some(input::from_stdin(output)?),
    };
    let mut approver =
        TerminalApprover::new(TerminalOptions { timeout: args.timeout, color: output.colors_stderr() });
    let mode = if args.dry_run {
        Mode::DryRun(args.at)
    } else {
        let sinks = sinks::open(&args.audit, LOG_WAIT, output)?;
        let trail = Trail::open(&settings.db, LOG_WAIT)?;
        if trail.created() {
            let path = aegis_engine::escape(&settings.db.to_string_lossy());
            output.note(format!("the audit log was created at `{path}`"));
        }
        let context = Context {
            session_id: session_id.clone(),
            host: current_host(),
            user: current_user(),
            policy_source: settings.policy_source,
            log_source: settings.db_source,
        };
        Mode::Gate(Box::new(Gate::new(
            &loaded.policy,
            loaded.sha256,
            Recorder::new(trail, sinks),
            &mut approver,
            context,
        )))
    };
    let replier = Replier {
        loaded: &loaded,
        policy_sha256: loaded.sha256.to_string(),
        session_id,
        explain: args.explain,
        format: if args.jsonl { Format::Json } else { args.format },
    };
    let mut checker = Checker { replier, default_agent: settings.default_agent()?, mode };
    match action {
        None => stream::run(&mut checker, output),
        Some(action) => {
            let action = action.with_default_agent(checker.default_agent.as_deref())?;
            let reply = checker.check(&action)?;
            // The exit status is the answer; that it could not be written out as well is said, and changes nothing.
            if let Err(error) = output.answer(reply.text) {
                output.error(&error);
            }
            Ok(reply.status)
        }
    }
}

impl Checker<'_> {
    /// Answers one action.
    fn check(&mut self, action: &Action) -> Result<Reply, CommandError> {
        match &mut self.mode {
            Mode::DryRun(at) => self.replier.evaluated(action, at.unwrap_or_else(Utc::now)),
            Mode::Gate(gate) => self.replier.answered(action, gate.answer(action)?.answered()),
        }
    }

    /// Answers as many actions from the front as can be answered together, each in its place. What goes wrong with all
    /// of them is the answer to each.
    fn check_all(&mut self, actions: &[Action]) -> Vec<Result<Reply, CommandError>> {
        let replier = &self.replier;
        match &mut self.mode {
            Mode::DryRun(at) => {
                let evaluated = |action| replier.evaluated(action, at.unwrap_or_else(Utc::now));
                actions.iter().map(evaluated).collect()
            }
            Mode::Gate(gate) => match gate.answer_all(actions) {
                Ok(outcomes) => {
                    let pairs = actions.iter().zip(&outcomes);
                    pairs.map(|(action, outcome)| replier.answered(action, outcome.answered())).collect()
                }
                Err(failed) => {
                    let error = CommandError::from(failed.error);
                    (0..failed.size).map(|_| Err(error.clone())).collect()
                }
            },
        }
    }
}
