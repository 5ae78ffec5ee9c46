//! The `aegis` command: talks. It reads the command line, calls the libraries, and renders what they say.

mod args;
mod commands;
mod error;
mod exit;
mod output;
mod policy;
mod settings;
mod sinks;
mod source;
mod terminal;

use std::process::ExitCode;

use args::Command;
use exit::ExitStatus;
use settings::Settings;

fn main() -> ExitCode {
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // Help and version that were asked for are a success.
            return if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Success }.into();
        }
    };
    let settings = Settings::new(cli.global);
    let result = match cli.command {
        Command::Init(args) => commands::init::run(&args, &settings),
        Command::Validate(args) => commands::validate::run(&args, &settings),
        Command::Schema(args) => commands::schema::run(&args, &settings),
        Command::Check(args) => commands::check::run(&args, &settings),
        Command::Test(args) => commands::test::run(&args, &settings),
        Command::Audit(args) => commands::audit::run(&args, &settings),
        Command::Completions(args) => commands::completions::run(&args, &settings),
        Command::Man(args) => commands::man::run(&args, &settings),
    };
    match result {
        Ok(status) => status.into(),
        Err(error) => {
            settings.output.error(&error);
            error.status.into()
        }
    }
}
