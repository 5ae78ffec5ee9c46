//! `aegis run`: gates a command, runs exactly what was approved, records how it ended.

mod arguments;
mod job;
#[cfg(feature = "http")]
mod request;
mod wanted;

use aegis_engine::Action;
use aegis_present::Format;
use nix::sys::resource::rlim_t;

pub(crate) use self::arguments::RunArgs;
use self::job::Job;
#[cfg(feature = "http")]
use self::request::WantedRequest;
use self::wanted::Wanted;
use crate::commands::check::reply::Replier;
use crate::core_dumps;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::given_agent::GivenAgent;
use crate::open_gate::{WantedGate, open_gate};
use crate::trusted_policy::load_policy;
use crate::waiting::Waiting;

/// Runs the command. `dumped` is how large the core dumps of commands may be.
pub(crate) fn run(
    args: &RunArgs,
    settings: &Settings,
    dumped: Option<rlim_t>,
) -> Result<ExitStatus, CommandError> {
    let status = gated(args, settings, dumped);
    status.map_err(|error| CommandError { status: error.status.of_run(), ..error })
}

fn gated(args: &RunArgs, settings: &Settings, dumped: Option<rlim_t>) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    let loaded = load_policy(&settings.policies, &args.policy_sha256, console)?;
    let asked = Asked::of(args, settings.given_agent()?)?;
    let (session_id, session_source) = settings.session_or_new()?;
    let replier =
        |loaded, session_id| Replier { loaded, session_id, explain: args.explain, format: Format::Text };
    if args.dry_run {
        let replier = replier(&loaded, session_id);
        let mut worst = ExitStatus::Success;
        for action in asked.actions() {
            let reply = replier.evaluated(action, aegis_audit::now(), None)?;
            console.tell(reply.text)?;
            worst = worst.worse(reply.status);
        }
        return Ok(worst);
    }
    let approver = args.asks.approver(args.ask_timeout, console)?;
    let gate = WantedGate { pins: &args.policy_sha256, sinks: &args.audit, must_exist: args.require_log };
    let opened = open_gate(settings, &gate, loaded, approver, (session_id.clone(), session_source))?;
    core_dumps::let_others(dumped);
    let replier = replier(&opened.loaded, session_id);
    let waiting = Waiting { args: &args.waits, is_told: true, settings };
    let job = Job { gate: opened.gate, replier, console, waiting, limit: args.timeout };
    match &asked {
        Asked::Command(wanted) => job.run(wanted),
        #[cfg(feature = "http")]
        Asked::Request(wanted) => job.send(wanted),
    }
}

/// What is to be done.
enum Asked {
    Command(Box<Wanted>),
    #[cfg(feature = "http")]
    Request(Box<WantedRequest>),
}

impl Asked {
    fn of(args: &RunArgs, agent: GivenAgent) -> Result<Asked, CommandError> {
        #[cfg(feature = "http")]
        if let Some(base) = &args.http {
            return Ok(Asked::Request(Box::new(WantedRequest::of(base, args, &agent)?)));
        }
        Ok(Asked::Command(Box::new(Wanted::of(args, agent)?)))
    }

    /// What is decided on before anything is done.
    fn actions(&self) -> Vec<&Action> {
        match self {
            Asked::Command(wanted) => std::iter::once(&wanted.main).chain(&wanted.verification).collect(),
            #[cfg(feature = "http")]
            Asked::Request(wanted) => vec![&wanted.action],
        }
    }
}
