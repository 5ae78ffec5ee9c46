//! Answers that are signed: with a key at hand, through an agent, or elsewhere.

use std::env;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aegis_engine::escape;
use aegis_ledger::signed_reply::NAMESPACE;
use aegis_ledger::ssh_signature::LONGEST;
use aegis_runtime::{RecordedQuestion, SigningError, SigningKey, SigningKeyError, Wish};
use clap::Args;
use nix::fcntl::OFlag;

use crate::console::stdin;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// How an answer is signed, if it is.
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Sign the answer with an SSH key: a private key of OpenSSH's, or the `.pub` file of one that an agent
    /// (`SSH_AUTH_SOCK`) holds. The question is asked at the terminal all the same
    #[arg(long, value_name = "KEYFILE", conflicts_with_all = ["signature", "print_request"])]
    sign: Option<PathBuf>,
    /// Take this answer from a signature that was made elsewhere, and ask nobody: the signature is the person
    #[arg(long, value_name = "FILE", conflicts_with = "print_request")]
    signature: Option<PathBuf>,
    /// Print what is to be signed elsewhere (`ssh-keygen -Y sign -n aegis-approval`), and do nothing else
    #[arg(long)]
    print_request: bool,
}

/// By what an answer is given.
pub(super) enum Means {
    /// At a terminal.
    Terminal,
    /// At a terminal, and signed.
    Key(Box<SigningKey>),
    /// By this signature.
    Signature(String),
    /// Not at all: what would be signed is printed.
    Printed,
}

impl SignArgs {
    /// Opens what an answer is given by, with the rights of whoever runs this.
    ///
    /// # Errors
    /// When the key or the signature cannot be read.
    pub(super) fn means(&self) -> Result<Means, CommandError> {
        if self.print_request {
            return Ok(Means::Printed);
        }
        if let Some(path) = &self.signature {
            return Ok(Means::Signature(read_signature(path)?));
        }
        let Some(path) = &self.sign else { return Ok(Means::Terminal) };
        // An agent of somebody else's makes no signature by a key that it does not have.
        let agent = env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from);
        Ok(Means::Key(Box::new(SigningKey::open(path, agent.as_deref())?)))
    }
}

/// Prints what is signed to give an answer.
pub(super) fn print_request(
    question: &RecordedQuestion,
    wish: Wish,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    let text = question.to_be_signed(wish.signable())?;
    settings.console.answer(text.trim_end())?;
    Ok(ExitStatus::Success)
}

/// Reads a signature from a file or standard input, as far as one can be long.
fn read_signature(path: &Path) -> Result<String, CommandError> {
    let name = escape(&path.to_string_lossy());
    let failed = |error: std::io::Error| {
        CommandError::input(format!("cannot read the signature in `{name}`: {error}"))
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    if path.as_os_str() == "-" {
        stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        // Not to wait for anybody to open the other end of a pipe.
        let flags = OFlag::O_NONBLOCK.bits();
        let file = File::options().read(true).custom_flags(flags).open(path).map_err(failed)?;
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    String::from_utf8(bytes).map_err(|_| {
        CommandError::input(format!("there is no SSH signature in `{name}`")).help(format!(
            "`ssh-keygen -Y sign -n {NAMESPACE} -f KEY` makes one of what --print-request prints"
        ))
    })
}

impl From<SigningKeyError> for CommandError {
    fn from(error: SigningKeyError) -> CommandError {
        CommandError { status: ExitStatus::Input, message: error.to_string(), help: error.help() }
    }
}

impl From<SigningError> for CommandError {
    fn from(error: SigningError) -> CommandError {
        CommandError::new(ExitStatus::Unanswered, error.to_string())
    }
}
