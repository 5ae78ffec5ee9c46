//! A policy from its files: trusted, compiled, and read again when they change.

use std::path::PathBuf;
use std::sync::Arc;

use aegis_engine::{Diagnostic, Digest, Policy, Severity, Source, load};
use thiserror::Error;

use crate::policy_file::{PolicyFile, PolicyFileError, policy_sha256};

/// Why no policy can be made of some files.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyLoadError {
    /// One of them cannot be read, or must not be trusted.
    #[error(transparent)]
    File(#[from] PolicyFileError),
    /// They hold errors.
    #[error("the policy is not valid: {}", first_error(.diagnostics))]
    Invalid {
        /// Everything that was found.
        diagnostics: Vec<Diagnostic>,
    },
    /// There is none.
    #[error("no policy file is named")]
    NoFile,
}

impl PolicyLoadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            PolicyLoadError::File(error) => error.help(),
            PolicyLoadError::Invalid { diagnostics } => {
                diagnostics.iter().find(|found| found.severity == Severity::Error)?.help.clone()
            }
            PolicyLoadError::NoFile => Some("name at least one".to_owned()),
        }
    }
}

/// The first error, and how many more there are.
fn first_error(diagnostics: &[Diagnostic]) -> String {
    let mut errors = diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let first = errors.next().map_or("it cannot be compiled", |first| first.message.as_str());
    match errors.count() {
        0 => first.to_owned(),
        1 => format!("{first}, and one more error"),
        more => format!("{first}, and {more} more errors"),
    }
}

/// Opens, checks, reads and compiles the files of a policy.
///
/// # Errors
/// When one of them cannot be read, must not be trusted, or holds an error.
pub(crate) fn load_policy_files(paths: &[PathBuf]) -> Result<(Arc<Policy>, Digest), PolicyLoadError> {
    if paths.is_empty() {
        return Err(PolicyLoadError::NoFile);
    }
    let files =
        paths.iter().map(|path| PolicyFile::open(path, None)).collect::<Result<Vec<_>, PolicyFileError>>()?;
    let sources: Vec<_> = files.iter().map(|file| Source { text: file.text() }).collect();
    let loaded = load(&sources);
    match loaded.policy {
        Some(policy) => Ok((Arc::new(policy), policy_sha256(&files))),
        None => Err(PolicyLoadError::Invalid { diagnostics: loaded.diagnostics }),
    }
}
