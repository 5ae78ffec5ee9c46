//! `aegis man`: the manual pages, made from the same source as `--help`.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use aegis_engine::escape;
use clap::Args;
use clap_mangen::Man;

use crate::console::create_new;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// A directory that everybody may read.
const READABLE: u32 = 0o755;

/// Print the manual page of aegis, or of one of its commands
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aegis man check | man -l -\n  aegis man audit verify | man -l -")]
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
    mut root: clap::Command,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    root.build();
    if let Some(directory) = &args.dir {
        write_all(&root, directory)?;
        return Ok(ExitStatus::Success);
    }
    let mut command = &root;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            CommandError::usage(format!("there is no command `{}`", escape(&args.command.join(" "))))
                .help(format!("`{} --help` lists them", command.get_bin_name().unwrap_or("aegis")))
        })?;
    }
    let page =
        page(command).map_err(|error| CommandError::input(format!("cannot write the page: {error}")))?;
    settings.console.answer(String::from_utf8_lossy(&page).trim_end())?;
    Ok(ExitStatus::Success)
}

fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // `aegis check` is called aegis-check(1); the date is left out, so that the same source gives the same
    // page.
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    Man::new(command.clone().name(name)).date("").render(&mut page)?;
    Ok(page)
}

fn write_all(root: &clap::Command, directory: &Path) -> Result<(), CommandError> {
    let failed = |path: &Path, error: &io::Error| {
        CommandError::input(format!("cannot write `{}`: {error}", escape(&path.to_string_lossy())))
    };
    make_directory(directory).map_err(|error| failed(directory, &error))?;
    for command in with_commands(root) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = directory.join(format!("{name}.1"));
        page(command).and_then(|page| write(&path, &page)).map_err(|error| failed(&path, &error))?;
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

/// A command, its commands and theirs. Those that only help are left out.
fn with_commands(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().filter(|command| command.get_name() != "help");
    std::iter::once(command).chain(below.flat_map(with_commands)).collect()
}
