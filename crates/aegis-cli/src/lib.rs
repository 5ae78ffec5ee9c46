//! The `aegis` command: talks. It reads the command line, calls the libraries, and says what they found.
//!
//! Here, and nowhere else, there are arguments, streams, prompts and exit statuses. What is shown is rendered
//! by `aegis-present`, and what would help is known to the libraries; only this crate knows by which flag or
//! command.
//!
//! # Example: the whole program
//! ```
//! let status: std::process::ExitCode = aegis_cli::run(["aegis".into(), "--version".into()]);
//! ```

mod audit_sinks;
mod chosen_approver;
mod command_line;
mod command_text;
mod commands;
mod console;
mod core_dumps;
mod current_operator;
mod effective_settings;
mod error;
mod exit;
mod format_option;
mod given_agent;
mod global_options;
mod named_action;
mod notification;
mod open_gate;
mod open_log;
mod policy_paths;
mod remedies;
mod standard_stream;
mod suggested;
mod trusted_policy;
mod unchecked_file;
mod waiting;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGBUS;

use command_line::Command;
use effective_settings::Settings;
use exit::ExitStatus;

/// Does what a command line says, of which the first word is the program's name, and gives the exit status.
///
/// Answers go to standard output, everything else to standard error. `aegis check` also reads standard input,
/// and asks at the terminal of the process.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Before anything is read that could be secret.
    let undumpable = core_dumps::forbid();
    // Whoever cuts off a file that is mapped into memory, as the index of the log's write-ahead log is, would
    // kill this process by a signal. That is a refusal like any other, though there is nobody left to say
    // why.
    let refuse = Arc::new(AtomicBool::new(true));
    let code = ExitStatus::AuditLog.code().into();
    let _ = signal_hook::flag::register_conditional_shutdown(SIGBUS, code, Arc::clone(&refuse));
    let cli = match command_line::parse(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // Help and version that were asked for are a success.
            return if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Success }.into();
        }
    };
    if matches!(cli.command, Command::Run(_)) {
        // Its small statuses are the command's.
        refuse.store(false, Ordering::SeqCst);
        let (code, refuse) = (ExitStatus::Failed.code().into(), Arc::new(AtomicBool::new(true)));
        let _ = signal_hook::flag::register_conditional_shutdown(SIGBUS, code, refuse);
    }
    let settings = Settings::new(cli.global);
    let dumped = undumpable.ok();
    if let Err(error) = undumpable {
        // Nothing that was promised rests on it, and a refusal would keep the program out of every sandbox
        // that knows not this call.
        settings.console.note(format!("this process may be dumped to disk if it crashes: {error}"));
    }
    let log = standard_stream::require_file(&settings.db, "an audit log is a file");
    let result = log.and_then(|()| match cli.command {
        Command::Init(args) => commands::init::run(&args, &settings),
        Command::Validate(args) => commands::validate::run(&args, &settings),
        Command::Fmt(args) => Ok(commands::fmt::run(&args, &settings)),
        Command::Schema(args) => commands::schema::run(&args, &settings),
        Command::Check(args) => commands::check::run(&args, &settings),
        Command::Run(args) => commands::run::run(&args, &settings, dumped),
        Command::Test(args) => commands::test::run(&args, &settings),
        Command::Approvals(args) => commands::approvals::run(&args, &settings),
        Command::Grants(args) => commands::grants::run(&args, &settings),
        Command::Approve(args) => commands::approve::run(&args, &settings),
        Command::Deny(args) => commands::deny::run(&args, &settings),
        Command::Audit(args) => commands::audit::run(&args, &settings),
        Command::Completions(args) => {
            commands::completions::run(&args, command_line::definition(), &settings)
        }
        Command::Man(args) => commands::man::run(&args, command_line::definition(), &settings),
    });
    match result {
        Ok(status) => status.into(),
        Err(error) => {
            settings.console.error(&error);
            error.status.into()
        }
    }
}
