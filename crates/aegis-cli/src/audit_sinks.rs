//! The sinks that the command line names: opened before anything happens, or the command does not begin.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use aegis_audit::{JournaldSink, JsonlSink, Sink, SinkError, SinkRecord, TracingSink, is_part_of_log};
use clap::builder::TypedValueParser;
use tracing_subscriber::fmt::MakeWriter;

use crate::console::{CheckedStderr, Console};
use crate::suggested::Suggested;

/// What the options say by which sinks are named where a record of the log changes.
pub(crate) const SINK_HELP: &str = "Where the changed record must go besides the audit log: jsonl:PATH, journald, or \
    tracing (lines on stderr); may be given several times";

/// Reads the name of a sink, and tells shells how they begin.
pub(crate) fn sink_parser() -> impl TypedValueParser<Value = SinkSpec> {
    Suggested::new(&["jsonl:", "journald", "tracing"]).try_map(|text| text.parse::<SinkSpec>())
}

/// Where records go besides the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SinkSpec {
    /// A file of JSON lines.
    Jsonl(PathBuf),
    /// The systemd journal.
    Journald,
    /// Structured lines on stderr.
    Tracing,
}

impl FromStr for SinkSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<SinkSpec, String> {
        match text.split_once(':') {
            Some(("jsonl", "-")) => {
                Err("standard output is for the answer: name a file, which is `./-` if it is called `-`"
                    .to_owned())
            }
            Some(("jsonl", path)) if !path.is_empty() => Ok(SinkSpec::Jsonl(path.into())),
            None if text == "journald" => Ok(SinkSpec::Journald),
            None if text == "tracing" => Ok(SinkSpec::Tracing),
            _ => Err("write it as jsonl:PATH, journald or tracing".to_owned()),
        }
    }
}

/// Opens sinks beside the log at `log`. None waits for longer than `wait` for others to let it write.
///
/// # Errors
/// When one of them cannot be used, or would write into the log's own files. None of them is made then.
pub(crate) fn open(
    specs: &[SinkSpec],
    wait: Duration,
    log: &Path,
    console: Console,
) -> Result<Vec<Box<dyn Sink>>, SinkError> {
    let own = |spec: &SinkSpec| match spec {
        SinkSpec::Jsonl(path) if is_part_of_log(path, log) => Some(path.clone()),
        _ => None,
    };
    if let Some(path) = specs.iter().find_map(own) {
        return Err(SinkError::PartOfLog { path });
    }
    specs
        .iter()
        .map(|spec| {
            Ok(match spec {
                SinkSpec::Jsonl(path) => Box::new(JsonlSink::open(path, wait)?) as Box<dyn Sink>,
                SinkSpec::Journald => Box::new(JournaldSink::connect(Path::new(JournaldSink::SOCKET), wait)?),
                SinkSpec::Tracing => Box::new(StderrSink::open(console)?),
            })
        })
        .collect()
}

/// `tracing` events on stderr. The subscriber drops what stderr does not take; this sink does not.
#[derive(Debug)]
struct StderrSink {
    stderr: CheckedStderr,
}

impl StderrSink {
    fn open(console: Console) -> Result<StderrSink, SinkError> {
        if CheckedStderr::leads_nowhere() {
            let error = io::Error::other("standard error is closed, or leads nowhere");
            return Err(SinkError::Other(Box::new(error)));
        }
        let stderr = CheckedStderr::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(stderr.clone())
            .with_ansi(console.colors_stderr())
            .with_max_level(tracing::Level::DEBUG)
            // What it would say of them, it would say on the very stream that failed.
            .log_internal_errors(false)
            .finish();
        // Somebody else's subscriber cannot be there: this program has no other.
        let _ = tracing::subscriber::set_global_default(subscriber);
        Ok(StderrSink { stderr })
    }
}

impl Sink for StderrSink {
    fn name(&self) -> String {
        TracingSink.name()
    }

    fn append(&mut self, records: &[SinkRecord]) -> Result<(), SinkError> {
        TracingSink.append(records)?;
        match self.stderr.failure() {
            Some(error) => Err(SinkError::Other(Box::new(error))),
            None => Ok(()),
        }
    }
}

impl<'a> MakeWriter<'a> for CheckedStderr {
    type Writer = CheckedStderr;

    fn make_writer(&'a self) -> CheckedStderr {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinks_are_written_as_the_help_says() {
        assert_eq!("jsonl:a:b".parse(), Ok(SinkSpec::Jsonl("a:b".into())));
        assert_eq!("journald".parse(), Ok(SinkSpec::Journald));
        assert_eq!("tracing".parse(), Ok(SinkSpec::Tracing));
        for wrong in ["", "jsonl", "jsonl:", "journald:x", "syslog", "JSONL:x"] {
            assert!(wrong.parse::<SinkSpec>().is_err(), "{wrong}");
        }
    }
}
