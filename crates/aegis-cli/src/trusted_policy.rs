//! The policy that a command works with: trusted files, compiled; or every reason why not.

use std::sync::Arc;

use aegis_engine::{Digest, Policy, Source, SourceText, load};
use aegis_present::diagnostics::render_diagnostics;
use aegis_runtime::{PolicyFile, policy_sha256};

use crate::console::Console;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::remedies;
use crate::standard_stream::require_file;

/// A policy that is ready, and the digest of its files.
#[derive(Debug)]
pub(crate) struct TrustedPolicy {
    pub(crate) policy: Arc<Policy>,
    pub(crate) sha256: Digest,
}

/// Opens, checks, reads and compiles the policy of the settings.
///
/// # Errors
/// When a file must not be trusted or holds errors; the diagnostics are on stderr by then.
pub(crate) fn load_policy(
    paths: &[std::path::PathBuf],
    pins: &[Digest],
    console: Console,
) -> Result<TrustedPolicy, CommandError> {
    for path in paths {
        require_file(path, "a policy that decides must be a file, whose owner can be told")?;
    }
    if !pins.is_empty() && pins.len() != paths.len() {
        let (pins, paths) = (pins.len(), paths.len());
        return Err(CommandError::input(format!("{pins} digests are pinned for {paths} policy files"))
            .help("give one `--policy-sha256` for each `--policy`, in the same order"));
    }
    let pin = |index: usize| pins.get(index).copied();
    let files = paths
        .iter()
        .enumerate()
        .map(|(index, path)| PolicyFile::open(path, pin(index)))
        .collect::<Result<Vec<_>, _>>()?;
    let sources: Vec<_> = files.iter().map(|file| Source { text: file.text() }).collect();
    let loaded = load(&sources);
    match loaded.policy {
        Some(policy) => Ok(TrustedPolicy { policy: Arc::new(policy), sha256: policy_sha256(&files) }),
        None => {
            let texts: Vec<_> = files
                .iter()
                .map(|file| SourceText::new(&file.path().to_string_lossy(), file.text()))
                .collect();
            let found = remedies::of_policy(loaded.diagnostics);
            console.diagnostics(&render_diagnostics(&found, &texts, console.colors_stderr()));
            Err(CommandError::shown(ExitStatus::Input))
        }
    }
}

/// Reads a pinned digest.
///
/// # Errors
/// When it is none.
pub(crate) fn parse_digest(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text).ok_or_else(|| "a SHA-256 is 64 hexadecimal digits".to_owned())
}
