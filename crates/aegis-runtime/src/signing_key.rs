//! Keys that sign answers: from a file of OpenSSH's, or held by an SSH agent.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aegis_engine::escape;
use aegis_ledger::ssh_signature::{assemble, strings, to_be_signed};
use nix::fcntl::OFlag;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use ssh_key::private::{EcdsaKeypair, KeypairData};
use ssh_key::{HashAlg, Mpint, PrivateKey, PublicKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::approval::Unanswered;
use crate::ssh_agent::{AgentError, SshAgent};
use crate::terminal::{TerminalOptions, ask_passphrase};

/// The longest file of a key, in bytes.
const LONGEST: u64 = 64 << 10;
/// How often a passphrase may be typed.
const TRIES: u32 = 3;

/// Why a key cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// The file cannot be read.
    #[error("cannot read the key in `{}`: {error}", shown(.path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Others can read the private key.
    #[error("others can read the private key in `{}`: its mode is {mode:03o}", shown(.path))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no key.
    #[error("there is no SSH key in `{}`", shown(.path))]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// It is a private key in another format.
    #[error("the private key in `{}` is not written as OpenSSH writes it", shown(.path))]
    OtherFormat {
        /// The file.
        path: PathBuf,
    },
    /// Nothing signs with such a key here.
    #[error("a key of type `{}` does not sign from its file", escape(.kind))]
    NeedsAgent {
        /// The type.
        kind: String,
    },
    /// An agent is needed, and there is none.
    #[error("there is no SSH agent to sign with the key in `{}`", shown(.path))]
    NoAgent {
        /// The file.
        path: PathBuf,
    },
    /// The agent does not sign with it.
    #[error(transparent)]
    Agent(#[from] AgentError),
}

impl SigningKeyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            SigningKeyError::Exposed { path, .. } => format!("chmod 600 {}", shown(path)),
            SigningKeyError::OtherFormat { path } => {
                format!("`ssh-keygen -p -f {}` writes it anew in OpenSSH's format", shown(path))
            }
            SigningKeyError::NeedsAgent { .. } | SigningKeyError::Agent(AgentError::Unknown) => {
                "add the key to an agent with `ssh-add`, and name its `.pub` file; or sign elsewhere with \
                 `ssh-keygen -Y sign`"
                    .to_owned()
            }
            SigningKeyError::NoAgent { .. } => {
                "start one (`eval $(ssh-agent)`) and `ssh-add` the key, or name the file of the private key"
                    .to_owned()
            }
            SigningKeyError::NoKey { .. } => {
                "name a private key of OpenSSH's, or the `.pub` file of one that an agent holds".to_owned()
            }
            SigningKeyError::Io { .. } | SigningKeyError::Agent(_) => return None,
        })
    }
}

/// Why an answer was not signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningError {
    /// No passphrase was typed that opens it.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// Whoever was asked for the passphrase wants none of it.
    #[error("no passphrase was given, so that nothing was answered: the question stays open")]
    NoPassphrase,
    /// Nobody was there to type it.
    #[error("nobody typed the passphrase of the key: {0}")]
    Nobody(Unanswered),
    /// The agent does not sign.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The key is damaged, or the system gave no randomness.
    #[error("the key does not sign: it is damaged, or the system has no randomness to give")]
    Failed,
}

/// A key that can sign answers.
#[derive(Debug)]
pub struct SigningKey {
    path: PathBuf,
    line: String,
    blob: Vec<u8>,
    is_security_key: bool,
    held: Held,
}

/// Where the private key is.
enum Held {
    Here(Box<PrivateKey>),
    Agent(SshAgent),
}

impl std::fmt::Debug for Held {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Held::Here(_) => "Here",
            Held::Agent(_) => "Agent",
        })
    }
}

impl SigningKey {
    /// Reads a private key, or, from a public one, finds it held by the agent at a socket. The key of a
    /// security key is always the agent's to use.
    ///
    /// # Errors
    /// When there is no such key, others can read it, or the agent does not hold it.
    pub fn open(path: &Path, agent: Option<&Path>) -> Result<SigningKey, SigningKeyError> {
        let (text, mode) = read(path)?;
        let no_key = || SigningKeyError::NoKey { path: path.to_owned() };
        if !text.contains("PRIVATE KEY-----") {
            let line = text.trim_ascii();
            let key = PublicKey::from_openssh(line).map_err(|_| no_key())?;
            return SigningKey::held_by_agent(path, &key, agent);
        }
        if mode & 0o077 != 0 {
            return Err(SigningKeyError::Exposed { path: path.to_owned(), mode: mode & 0o777 });
        }
        if !text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
            return Err(SigningKeyError::OtherFormat { path: path.to_owned() });
        }
        let key = PrivateKey::from_openssh(text.as_bytes()).map_err(|_| no_key())?;
        let kind = key.algorithm();
        let public = key.public_key();
        if is_security_key(public) && agent.is_some() {
            return SigningKey::held_by_agent(path, public, agent);
        }
        let signs_here = public.key_data().is_ed25519()
            || public.key_data().ecdsa().is_some_and(|key| key.curve() != ssh_key::EcdsaCurve::NistP521);
        if !signs_here {
            return Err(SigningKeyError::NeedsAgent { kind: kind.to_string() });
        }
        let (line, blob) = written(public).ok_or_else(no_key)?;
        let held = Held::Here(Box::new(key));
        Ok(SigningKey { path: path.to_owned(), line, blob, is_security_key: false, held })
    }

    fn held_by_agent(
        path: &Path,
        key: &PublicKey,
        agent: Option<&Path>,
    ) -> Result<SigningKey, SigningKeyError> {
        let agent = agent.ok_or_else(|| SigningKeyError::NoAgent { path: path.to_owned() })?;
        let (line, blob) = written(key).ok_or_else(|| SigningKeyError::NoKey { path: path.to_owned() })?;
        let mut agent = SshAgent::connect(agent)?;
        if !agent.holds(&blob)? {
            return Err(AgentError::Unknown.into());
        }
        let (path, is_security_key) = (path.to_owned(), is_security_key(key));
        Ok(SigningKey { path, line, blob, is_security_key, held: Held::Agent(agent) })
    }

    /// The public key, as OpenSSH writes it on a line, without a comment.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Whether it is that of a security key, whose signatures can prove a touch.
    #[must_use]
    pub const fn is_security_key(&self) -> bool {
        self.is_security_key
    }

    /// Asks at the terminal for the passphrase, where the key needs one. It is shown nowhere.
    ///
    /// # Errors
    /// When nobody types it, or it is not the one.
    pub fn unlock(&mut self, options: TerminalOptions) -> Result<(), SigningError> {
        let Held::Here(key) = &mut self.held else { return Ok(()) };
        let name = escape(&self.path.to_string_lossy());
        for attempt in 0..TRIES {
            if !key.is_encrypted() {
                return Ok(());
            }
            let again = if attempt > 0 { "That is not it. " } else { "" };
            let prompt = format!("{again}Passphrase of the key in {name}: ");
            let typed = ask_passphrase(&prompt, options).map_err(SigningError::Nobody)?;
            let typed = typed.ok_or(SigningError::NoPassphrase)?;
            if let Ok(opened) = key.decrypt(&*typed) {
                **key = opened;
            }
        }
        if key.is_encrypted() { Err(SigningError::WrongPassphrase) } else { Ok(()) }
    }

    /// Signs a text: gives the armoured signature, which nobody has verified yet.
    ///
    /// # Errors
    /// When the key is still locked, or the agent does not sign.
    pub fn sign(&mut self, text: &str) -> Result<String, SigningError> {
        let signed = to_be_signed(text, HashAlg::Sha512).map_err(|_| SigningError::Failed)?;
        let signature = match &mut self.held {
            Held::Here(key) => sign(key, &signed).ok_or(SigningError::Failed)?,
            Held::Agent(agent) => agent.sign(&self.blob, &signed)?,
        };
        Ok(assemble(&self.blob, &signature))
    }
}

/// Signs with a private key at hand.
fn sign(key: &PrivateKey, signed: &[u8]) -> Option<Vec<u8>> {
    match key.key_data() {
        KeypairData::Ed25519(pair) => {
            let seed = Zeroizing::new(pair.private.to_bytes());
            let pair = Ed25519KeyPair::from_seed_and_public_key(&*seed, &pair.public.0).ok()?;
            Some(strings(&[b"ssh-ed25519", pair.sign(signed).as_ref()]))
        }
        KeypairData::Ecdsa(pair) => {
            let (kind, algorithm) = match pair {
                EcdsaKeypair::NistP256 { .. } => ("ecdsa-sha2-nistp256", &ECDSA_P256_SHA256_FIXED_SIGNING),
                EcdsaKeypair::NistP384 { .. } => ("ecdsa-sha2-nistp384", &ECDSA_P384_SHA384_FIXED_SIGNING),
                EcdsaKeypair::NistP521 { .. } => return None,
            };
            let (private, public) = (pair.private_key_bytes(), pair.public_key_bytes());
            let random = SystemRandom::new();
            let pair =
                EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, &random).ok()?;
            let fixed = pair.sign(&random, signed).ok()?;
            let (r, s) = fixed.as_ref().split_at_checked(fixed.as_ref().len() / 2)?;
            let numbers = [Mpint::from_positive_bytes(r).ok()?, Mpint::from_positive_bytes(s).ok()?];
            let [r, s] = &numbers;
            Some(strings(&[kind.as_bytes(), &strings(&[r.as_bytes(), s.as_bytes()])]))
        }
        _ => None,
    }
}

fn is_security_key(key: &PublicKey) -> bool {
    key.key_data().is_sk_ed25519() || key.key_data().is_sk_ecdsa_p256()
}

/// A public key as a line without a comment, and as bytes.
fn written(key: &PublicKey) -> Option<(String, Vec<u8>)> {
    let bare = PublicKey::from(key.key_data().clone());
    Some((bare.to_openssh().ok()?, bare.to_bytes().ok()?))
}

/// What stands in a file, which is no longer than a key, and the file's mode.
fn read(path: &Path) -> Result<(Zeroizing<String>, u32), SigningKeyError> {
    let failed = |error: std::io::Error| SigningKeyError::Io { path: path.to_owned(), error };
    // Not to wait for anybody at the other end of a pipe.
    let file =
        File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let no_key = || SigningKeyError::NoKey { path: path.to_owned() };
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(no_key());
    }
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1));
    file.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| no_key())?;
    Ok((Zeroizing::new(text.to_owned()), metadata.mode()))
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
