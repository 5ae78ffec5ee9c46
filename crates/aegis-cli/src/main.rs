//! The `aegis` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    aegis_cli::run(std::env::args_os())
}
