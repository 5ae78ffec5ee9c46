//! `aegis check`: decides, asks, records, answers.

mod input;
mod stream;

use std::time::Duration;

use aegis_audit::Trail;
use aegis_engine::{Action, ApprovalMode, Digest, to_json_line};
use aegis_runtime::{Context, Gate, TerminalApprover, TerminalOptions, current_host, current_user};
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use crate::args::parse_digest;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::json::v1::{DecisionV1, Subject};
use crate::policy::{LoadedPolicy, load_policy};
use crate::render::decision::{render_answer, render_evaluation, render_trace};
use crate::settings::Settings;

/// How long to wait for the lock of the log before giving up.
const LOG_WAIT: Duration = Duration::from_secs(10);

/// Decide whether an action may happen, ask where needed, and record the answer
///
/// Reads one action (JSON) from standard input, or takes it from the command line, or reads a stream of them with
/// --jsonl. Exits 0 only if the action is allowed and the record of that is on disk.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis check <action.json && do_it\n  aegis check delete:crm --param id=42 --dry-run\n  \
    agent | aegis check --jsonl\n\nExit status: 0 allowed, 1 blocked or denied, 2 wrong usage, 3 approval required and \
    nobody answered, 4 the audit log could not be written, 5 unreadable input or policy. A stream exits with the first \
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
    loaded: &'a LoadedPolicy,
    session_id: String,
    default_agent: Option<String>,
    explain: bool,
    mode: Mode<'a>,
}

enum Mode<'a> {
    /// Ask and record.
    Gate(Box<Gate<'a, TerminalApprover>>),
    /// Only evaluate, as of an instant or of now.
    DryRun(Option<DateTime<Utc>>),
}

/// An answer in both of its forms, and what it means for the exit status.
struct Reply {
    text: String,
    json: DecisionV1,
    status: ExitStatus,
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
        Mode::Gate(Box::new(Gate::new(&loaded.policy, loaded.sha256, trail, &mut approver, context)))
    };
    let mut checker = Checker {
        loaded: &loaded,
        session_id,
        default_agent: settings.default_agent()?,
        explain: args.explain,
        mode,
    };
    match action {
        None => stream::run(&mut checker, output),
        Some(action) => {
            let reply = checker.check(action)?;
            // The exit status is the answer; that it could not be written out as well is said, and changes nothing.
            let answer = match args.format {
                Format::Text => reply.text,
                Format::Json => to_json_line(&reply.json).unwrap_or_default(),
            };
            if let Err(error) = output.answer(answer) {
                output.error(&error);
            }
            Ok(reply.status)
        }
    }
}

impl Checker<'_> {
    fn check(&mut self, action: Action) -> Result<Reply, CommandError> {
        let action = action.with_default_agent(self.default_agent.as_deref())?;
        let policy = &self.loaded.policy;
        let policy_sha256 = self.loaded.sha256;
        let explain = self.explain;
        let subject = |traces| Subject {
            session_id: &self.session_id,
            action: &action,
            policy_sha256,
            explain: traces,
        };
        match &mut self.mode {
            Mode::DryRun(at) => {
                let at = at.unwrap_or_else(Utc::now);
                let decision = policy.decide(&action, at);
                let traces = explain.then(|| policy.explain(&action, at));
                let text = render_evaluation(&action, &decision);
                let status = match decision.approval() {
                    ApprovalMode::Auto => ExitStatus::Success,
                    ApprovalMode::Approve => ExitStatus::Unanswered,
                    ApprovalMode::Block => ExitStatus::No,
                };
                let text = with_trace(text, traces.as_deref(), &decision);
                Ok(Reply { text, json: DecisionV1::evaluated(subject(traces), &decision, at), status })
            }
            Mode::Gate(gate) => {
                let outcome = gate.answer(&action)?;
                let answered = outcome.answered();
                let traces = explain.then(|| policy.explain(&action, answered.evaluated_at()));
                let text = render_answer(&action, answered);
                let text = with_trace(text, traces.as_deref(), answered.decision());
                let status = ExitStatus::of(answered.answer());
                Ok(Reply { text, json: DecisionV1::answered(subject(traces), answered), status })
            }
        }
    }
}

fn with_trace(
    text: String,
    traces: Option<&[aegis_engine::RuleTrace]>,
    decision: &aegis_engine::Decision,
) -> String {
    match traces {
        None => text,
        Some(traces) => format!("{text}\n{}", render_trace(traces, decision)),
    }
}
