//! `aegis fmt`: policies in one style.

use std::path::{Path, PathBuf};

use aegis_engine::{Unformatted, escape, format_policy};
use aegis_present::diff::render_diff;
use clap::Args;

use crate::console::{Console, rewrite};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::policy_paths::policies_at;
use crate::standard_stream::is_standard;
use crate::unchecked_file::read_unchecked;

/// Write policies in one style: indentation, blanks and empty lines; comments stay
///
/// What a file says is not changed: it is read before and after, and left alone where that would differ. Of a
/// directory, every policy in it and below is written. Standard input goes to standard output.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis fmt policy.yaml\n  aegis fmt --check policies\n  aegis fmt - <policy.yaml\n\n\
    Exit status: 0 done, 1 a file is in another style (with --check) or is no valid YAML, 2 wrong usage, 5 a \
    file cannot be read or written."
)]
pub(crate) struct FmtArgs {
    /// The files and directories; `-` is standard input [default: the policy of --policy]
    #[arg(value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Write nothing: show what would change, and exit 1 if something would
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &FmtArgs, settings: &Settings) -> ExitStatus {
    let named = if args.files.is_empty() { &settings.policies } else { &args.files };
    let mut status = ExitStatus::Success;
    for path in named {
        let done = policies_at(path).map(|files| {
            files.iter().fold(ExitStatus::Success, |status, file| {
                status.worse(format_file(file, args.check, settings).unwrap_or_else(|error| {
                    // The other files are looked at all the same.
                    settings.console.error(&error);
                    error.status
                }))
            })
        });
        status = status.worse(done.unwrap_or_else(|error| {
            settings.console.error(&error);
            error.status
        }));
    }
    status
}

fn format_file(path: &Path, check: bool, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    let before = read_unchecked(path)?;
    let name = path.to_string_lossy();
    let formatted = format_policy(&before).map_err(|why| refused(&name, why))?;
    let is_same = formatted.as_bytes() == before.as_slice();
    if is_standard(path) && !check {
        return print(&formatted, console);
    }
    if is_same {
        return Ok(ExitStatus::Success);
    }
    if check {
        let text = String::from_utf8_lossy(&before);
        console.answer(render_diff(&name, &text, &formatted, console.colors_stdout()))?;
        return Ok(ExitStatus::No);
    }
    rewrite(path, &settings.db, &before, formatted.as_bytes())?;
    console.note(format!("`{}` was written anew", escape(&name)));
    Ok(ExitStatus::Success)
}

/// The very text, which ends in a line break of its own.
fn print(formatted: &str, console: Console) -> Result<ExitStatus, CommandError> {
    console.answer(formatted.strip_suffix('\n').unwrap_or(formatted))?;
    Ok(ExitStatus::Success)
}

fn refused(name: &str, why: Unformatted) -> CommandError {
    let shown = escape(name);
    match why {
        Unformatted::Unreadable => {
            CommandError::new(ExitStatus::No, format!("`{shown}` is no valid YAML, and was left alone"))
                .help(format!("`aegis validate {shown}` says what is wrong"))
        }
        _ => CommandError::new(
            ExitStatus::No,
            format!("`{shown}` was left alone: it would say something else"),
        ),
    }
}
