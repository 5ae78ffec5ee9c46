//! Two messages to an SSH agent (`draft-miller-ssh-agent`): which keys it holds, and that one of them sign.
//!
//! The agent is a stranger: what it says is bounded in length and in time, and a signature of its is verified
//! like anybody's.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aegis_engine::escape;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use thiserror::Error;

/// The longest message of an agent, in bytes: OpenSSH's own limit.
const LONGEST: u32 = 256 << 10;
/// How long an agent may take to say which keys it holds.
const LISTING: Duration = Duration::from_secs(10);
/// How long it may take to sign: somebody may have to touch a key, or to confirm.
const SIGNING: Duration = Duration::from_secs(60);
/// How long before another attempt where an agent has too many callers.
const PAUSE: Duration = Duration::from_millis(20);

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// RSA keys sign SHA-512.
const RSA_SHA2_512: u32 = 4;

/// Why an agent did not sign.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AgentError {
    /// There is nobody at that socket.
    #[error("no SSH agent answers at `{}`: {error}", escape(&.path.to_string_lossy()))]
    Absent {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It does not hold this key.
    #[error("the SSH agent does not hold this key")]
    Unknown,
    /// It would not sign.
    #[error("the SSH agent did not sign: it is locked, nobody touched the key in time, or somebody refused")]
    Refused,
    /// It took too long.
    #[error("the SSH agent did not answer in time")]
    Slow,
    /// It closed the connection.
    #[error("the SSH agent closed the connection")]
    Closed,
    /// What it says is not of this protocol.
    #[error("the SSH agent says something else than an SSH agent does")]
    Garbage,
}

/// A connection to an agent.
#[derive(Debug)]
pub struct SshAgent {
    stream: UnixStream,
    listing: Duration,
    signing: Duration,
}

impl SshAgent {
    /// Connects to the agent at a socket.
    ///
    /// # Errors
    /// When nobody is there.
    pub fn connect(path: &Path) -> Result<SshAgent, AgentError> {
        let absent = |error: std::io::Error| AgentError::Absent { path: path.to_owned(), error };
        let stream = connected(path, Instant::now() + LISTING).map_err(|errno| absent(errno.into()))?;
        let stream = UnixStream::from(stream);
        stream.set_nonblocking(false).map_err(absent)?;
        Ok(SshAgent { stream, listing: LISTING, signing: SIGNING })
    }

    /// Whether it holds the key of these bytes.
    ///
    /// # Errors
    /// When it does not say so in time, or says something else.
    pub fn holds(&mut self, key: &[u8]) -> Result<bool, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES], Instant::now() + self.listing)?;
        let Some((IDENTITIES_ANSWER, listed)) = answer.split_first().map(|(kind, rest)| (*kind, rest)) else {
            return Err(if answer.first() == Some(&FAILURE) {
                AgentError::Refused
            } else {
                AgentError::Garbage
            });
        };
        let (count, mut rest) = listed.split_first_chunk::<4>().ok_or(AgentError::Garbage)?;
        let mut found = false;
        for _ in 0..u32::from_be_bytes(*count) {
            // Each has a comment, too.
            for part in 0..2 {
                let (string, others) = split_string(rest).ok_or(AgentError::Garbage)?;
                found |= part == 0 && string == key;
                rest = others;
            }
        }
        if rest.is_empty() { Ok(found) } else { Err(AgentError::Garbage) }
    }

    /// Lets the key of these bytes sign, and gives what SSH writes of a signature: its type, and the rest.
    ///
    /// # Errors
    /// When it does not in time, or says something else.
    pub fn sign(&mut self, key: &[u8], data: &[u8]) -> Result<Vec<u8>, AgentError> {
        let mut request = vec![SIGN_REQUEST];
        for string in [key, data] {
            request.extend(u32::try_from(string.len()).map_err(|_| AgentError::Garbage)?.to_be_bytes());
            request.extend(string);
        }
        request.extend(RSA_SHA2_512.to_be_bytes());
        let answer = self.ask(&request, Instant::now() + self.signing)?;
        match answer.split_first() {
            Some((&SIGN_RESPONSE, rest)) => match split_string(rest) {
                Some((signature, [])) => Ok(signature.to_vec()),
                _ => Err(AgentError::Garbage),
            },
            Some((&FAILURE, [])) => Err(AgentError::Refused),
            _ => Err(AgentError::Garbage),
        }
    }

    fn ask(&mut self, request: &[u8], deadline: Instant) -> Result<Vec<u8>, AgentError> {
        let length = u32::try_from(request.len()).map_err(|_| AgentError::Garbage)?;
        self.write(&[&length.to_be_bytes()[..], request].concat(), deadline)?;
        let mut length = [0; 4];
        self.read(&mut length, deadline)?;
        let length = u32::from_be_bytes(length);
        // A message has a kind, at least.
        if length == 0 || length > LONGEST {
            return Err(AgentError::Garbage);
        }
        let mut answer = vec![0; usize::try_from(length).map_err(|_| AgentError::Garbage)?];
        self.read(&mut answer, deadline)?;
        Ok(answer)
    }

    fn write(&mut self, mut bytes: &[u8], deadline: Instant) -> Result<(), AgentError> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(Some(left(deadline)?)).map_err(|_| AgentError::Closed)?;
            let written = self.stream.write(bytes);
            bytes = bytes.get(progress(written)?..).unwrap_or_default();
        }
        Ok(())
    }

    fn read(&mut self, mut bytes: &mut [u8], deadline: Instant) -> Result<(), AgentError> {
        while !bytes.is_empty() {
            self.stream.set_read_timeout(Some(left(deadline)?)).map_err(|_| AgentError::Closed)?;
            let read = self.stream.read(bytes);
            if matches!(read, Ok(0)) {
                return Err(AgentError::Closed);
            }
            bytes = bytes.get_mut(progress(read)?..).unwrap_or_default();
        }
        Ok(())
    }
}

/// How far reading or writing has come.
fn progress(done: std::io::Result<usize>) -> Result<usize, AgentError> {
    match done {
        Ok(count) => Ok(count),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(AgentError::Slow)
        }
        Err(_) => Err(AgentError::Closed),
    }
}

/// How long there still is; a time of nothing would be no limit at all.
fn left(deadline: Instant) -> Result<Duration, AgentError> {
    Some(deadline.saturating_duration_since(Instant::now()))
        .filter(|left| !left.is_zero())
        .ok_or(AgentError::Slow)
}

/// A socket that is connected, in bounded time: where too many wait for an agent, the system has everybody
/// wait.
fn connected(path: &Path, deadline: Instant) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    let address = UnixAddr::new(path)?;
    loop {
        use std::os::fd::AsRawFd as _;
        match connect(socket.as_raw_fd(), &address) {
            Ok(()) => return Ok(socket),
            Err(Errno::EAGAIN) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// The first string, behind its length, and the rest.
fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests;
