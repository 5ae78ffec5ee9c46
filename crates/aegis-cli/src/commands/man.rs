//! `aegis man`: the manual pages, made from the same source as `--help`.

mod page;

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use aegis_engine::escape;
use clap::Args;

use crate::console::create_new;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// A directory that everybody may read.
const READABLE: u32 = 0o755;

/// Print the manual page of aegis, or of one of its commands
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis man check | man -l -\n  aegis man audit verify | man -l -\n\nExit status: 0 written, 2 there is no such command, 5 the pages cannot be written."
)]
pub(crate) struct ManArgs {
    /// The command to describe: one word, or two where it is a command of a command
    #[arg(value_name = "COMMAND", num_args = 0..=2)]
    command: Vec<String>,
    /// Write the pages of aegis and of all its commands into this directory
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

/// Prints or writes the pages of `root`, or of commands below it.
pub(crate) fn run(
    args: &ManArgs,
    root: clap::Command,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    // It has no page of its own.
    let mut root = without_help_command(root);
    root.build();
    if let Some(directory) = &args.dir {
        write_all(&root, directory)?;
        return Ok(ExitStatus::Success);
    }
    let (mut command, mut above) = (&root, None);
    for name in &args.command {
        above = Some(command);
        command = command.find_subcommand(name).ok_or_else(|| {
            CommandError::usage(format!("there is no command `{}`", escape(&args.command.join(" "))))
                .help(format!("`{} --help` lists them", command.get_bin_name().unwrap_or("aegis")))
        })?;
    }
    let page = page::page(command, &family(command, above))
        .map_err(|error| CommandError::input(format!("cannot write the page: {error}")))?;
    settings.console.answer(page.trim_end())?;
    Ok(ExitStatus::Success)
}

/// The pages beside that of a command: of the command it belongs to, of the others of that, and of its own.
fn family(command: &clap::Command, above: Option<&clap::Command>) -> Vec<String> {
    let beside = above.map(|above| std::iter::once(above).chain(above.get_subcommands()));
    let others = beside.into_iter().flatten().filter(|other| other.get_name() != command.get_name());
    others.chain(command.get_subcommands()).map(page::name).collect()
}

fn without_help_command(command: clap::Command) -> clap::Command {
    let command = command.disable_help_subcommand(true);
    command.mut_subcommands(without_help_command)
}

fn write_all(root: &clap::Command, directory: &Path) -> Result<(), CommandError> {
    let failed = |path: &Path, error: &io::Error| {
        CommandError::input(format!("cannot write `{}`: {error}", escape(&path.to_string_lossy())))
    };
    make_directory(directory).map_err(|error| failed(directory, &error))?;
    for (command, above) in with_commands(root, None) {
        let path = directory.join(format!("{}.1", page::name(command)));
        page::page(command, &family(command, above))
            .and_then(|page| write(&path, page.as_bytes()))
            .map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// Makes a directory that is missing, and those above it. A umask could keep even its owner out.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(above) = directory.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_directory(above)?;
    }
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => fs::set_permissions(directory, Permissions::from_mode(READABLE)),
    }
}

/// Writes a page, over the one that is there.
fn write(path: &Path, page: &[u8]) -> io::Result<()> {
    match create_new(path) {
        Ok(mut file) => file.write_all(page),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::write(path, page),
        Err(error) => Err(error),
    }
}

/// A command, its commands and theirs, each with the one that it belongs to.
fn with_commands<'c>(
    command: &'c clap::Command,
    above: Option<&'c clap::Command>,
) -> Vec<(&'c clap::Command, Option<&'c clap::Command>)> {
    let below = command.get_subcommands().flat_map(|below| with_commands(below, Some(command)));
    std::iter::once((command, above)).chain(below).collect()
}
