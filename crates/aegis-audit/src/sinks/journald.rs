//! The systemd journal, by its native protocol, with every send checked.

use std::fs::File;
use std::io::{self, IoSlice, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_engine::{RiskLevel, escape};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};

use crate::sink::{Sink, SinkError, SinkRecord};

/// Sends each record to the journal, with a priority by its risk: low debug, medium info, high warning,
/// critical error.
///
/// `AEGIS_RECORD` holds the whole record as JSON; the other fields are for filters, and escaped. A record
/// that was taken is in the journal's hands; when it reaches the disk is for journald to decide.
#[derive(Debug)]
pub struct JournaldSink {
    path: PathBuf,
    wait: Duration,
    socket: UnixDatagram,
}

impl JournaldSink {
    /// Where journald listens.
    pub const SOCKET: &'static str = "/run/systemd/journal/socket";

    /// Connects to the journal's socket. Waits for at most `wait` where the journal is too busy to take a
    /// record.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(path: &Path, wait: Duration) -> Result<JournaldSink, SinkError> {
        let socket = connect(path, wait).map_err(|source| failed(path, source))?;
        Ok(JournaldSink { path: path.to_owned(), wait, socket })
    }

    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        match send(&self.socket, datagram) {
            // The journal was started anew; its socket is another one then.
            Err(error) if is_gone(&error) => {
                self.socket = connect(&self.path, self.wait)?;
                send(&self.socket, datagram)
            }
            sent => sent,
        }
    }
}

impl Sink for JournaldSink {
    fn name(&self) -> String {
        "journald".to_owned()
    }

    fn append(&mut self, records: &[SinkRecord]) -> Result<(), SinkError> {
        for record in records {
            let datagram = encode(record)?;
            self.send(&datagram).map_err(|source| failed(&self.path, source))?;
        }
        Ok(())
    }
}

fn failed(path: &Path, source: io::Error) -> SinkError {
    SinkError::Journal { path: path.to_owned(), source }
}

fn connect(path: &Path, wait: Duration) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_write_timeout(Some(wait.max(Duration::from_millis(1))))?;
    Ok(socket)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected
    )
}

/// Sends a datagram, or a sealed memory file with the same content where it is too large to be one.
fn send(socket: &UnixDatagram, datagram: &[u8]) -> io::Result<()> {
    let sent = loop {
        match socket.send(datagram) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            sent => break sent,
        }
    };
    match sent {
        Ok(length) if length == datagram.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EMSGSIZE | Errno::ENOBUFS) => send_file(socket, datagram),
            _ => Err(error),
        },
    }
}

fn send_file(socket: &UnixDatagram, content: &[u8]) -> io::Result<()> {
    let mut file =
        File::from(memfd_create("aegis-record", MFdFlags::MFD_ALLOW_SEALING | MFdFlags::MFD_CLOEXEC)?);
    file.write_all(content)?;
    // The journal takes no file that could still change.
    let seals =
        SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    let descriptors = [file.as_raw_fd()];
    let message = [ControlMessage::ScmRights(&descriptors)];
    sendmsg::<UnixAddr>(socket.as_raw_fd(), &[IoSlice::new(&[])], &message, MsgFlags::empty(), None)?;
    Ok(())
}

/// A record in the journal's native protocol.
fn encode(record: &SinkRecord) -> Result<Vec<u8>, SinkError> {
    let mut datagram = Vec::with_capacity(2048);
    let mut field = |name: &str, value: &str| push_field(&mut datagram, name, value);
    let line = record.line()?;
    let (happening, sentence, record) = (record.kind(), record.sentence(), record.record());
    field("MESSAGE", &sentence);
    field("PRIORITY", priority(record.risk_level));
    field("SYSLOG_IDENTIFIER", "aegis");
    field("AEGIS_EVENT", happening.as_str());
    field("AEGIS_ACTION_ID", &escape(&record.id));
    field("AEGIS_SESSION_ID", &escape(&record.session_id));
    field("AEGIS_ACTION_TYPE", &escape(&record.action_type));
    field("AEGIS_ACTION_TARGET", &escape(&record.action_target));
    field("AEGIS_RISK", record.risk_level.as_str());
    field("AEGIS_APPROVAL", record.approval.as_str());
    field("AEGIS_RULE", &escape(&record.matched_rule));
    field("AEGIS_SEQ", &record.seq.to_string());
    field("AEGIS_HASH", &record.hash);
    let optional = [
        ("AEGIS_AGENT", record.agent.as_deref().map(escape)),
        ("AEGIS_DECISION", record.decision.map(|answer| answer.as_str().to_owned())),
        ("AEGIS_RESULT", record.result_status.map(|status| status.as_str().to_owned())),
        ("AEGIS_ERROR", record.result_error.as_deref().map(escape)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            field(name, &value);
        }
    }
    field("AEGIS_RECORD", &line);
    Ok(datagram)
}

/// `NAME=value`, or with the length before the value where that has several lines.
fn push_field(datagram: &mut Vec<u8>, name: &str, value: &str) {
    datagram.extend(name.bytes());
    if value.contains('\n') {
        datagram.push(b'\n');
        datagram.extend((value.len() as u64).to_le_bytes());
    } else {
        datagram.push(b'=');
    }
    datagram.extend(value.bytes());
    datagram.push(b'\n');
}

/// The priority of syslog.
const fn priority(risk: RiskLevel) -> &'static str {
    match risk {
        RiskLevel::Low => "7",
        RiskLevel::Medium => "6",
        RiskLevel::High => "4",
        RiskLevel::Critical => "3",
    }
}
