//! Keys that sign checkpoints, in files.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use aegis_audit::{PRIVATE, set_mode};
use aegis_engine::{escape, escape_capped};
use aegis_ledger::note::SignerKey;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use crate::console::Console;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// A file that is longer holds no key.
const MAX_KEY: u64 = 4096;
/// Makes a new key, and prints the public one.
pub(super) fn make(name: &str, path: &Path, console: Console) -> Result<ExitStatus, CommandError> {
    let shown = escape(&path.to_string_lossy());
    let key = SignerKey::generate(name)
        .map_err(|error| CommandError::usage(format!("`{}`: {error}", escape_capped(name, 200))))?;
    let write = || -> io::Result<()> {
        // An older key is never overwritten: what it signed could not be told from forgeries any more.
        let mut file = File::options().write(true).create_new(true).mode(PRIVATE).open(path)?;
        set_mode(&file, PRIVATE)?;
        writeln!(file, "{}", key.to_text()).and_then(|()| file.sync_all())
    };
    write().map_err(|error| {
        let wrong = CommandError::input(format!("cannot write `{shown}`: {error}"));
        if error.kind() == io::ErrorKind::AlreadyExists {
            wrong.help("name a file that is not there yet")
        } else {
            wrong
        }
    })?;
    console.note(format!(
        "the private key is in `{shown}`: keep it where the log's writers cannot read it; the public key, \
         for `verify --public-key`, is:"
    ));
    console.answer(key.verifier())?;
    Ok(ExitStatus::Success)
}

/// Reads a private key from a file that nobody else can read.
pub(super) fn read(path: &Path) -> Result<SignerKey, CommandError> {
    let shown = escape(&path.to_string_lossy());
    let failed = |error: io::Error| CommandError::input(format!("cannot read `{shown}`: {error}"));
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path).map_err(failed)?;
    // What was opened is looked at, not what the name leads to by now.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(CommandError::input(format!("`{shown}` is not a regular file")));
    }
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o7777;
        return Err(CommandError::input(format!(
            "the key in `{shown}` may be read by others (mode {mode:04o})"
        ))
        .help(format!("chmod 600 '{shown}'; if somebody may have read it, make a new one")));
    }
    let owner = metadata.uid();
    if owner != 0 && owner != geteuid().as_raw() {
        return Err(CommandError::input(format!("the key in `{shown}` belongs to user {owner}"))
            .help("it must belong to you or to root"));
    }
    let mut text = String::new();
    file.take(MAX_KEY).read_to_string(&mut text).map_err(failed)?;
    SignerKey::from_text(&text).map_err(|error| {
        CommandError::input(format!("`{shown}` holds no key: {error}"))
            .help("`aegis audit checkpoint --new-key NAME -o FILE` makes one")
    })
}
