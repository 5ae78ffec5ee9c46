//! How a command ended.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::launch::LaunchError;
use super::opened_file::show;

/// The exit status for a command that ran for too long, as `timeout` has it.
const TIMED_OUT: u8 = 124;
/// The exit status where the failure was not the command's.
const FAILED: u8 = 125;
/// The exit status of what is there and was not run.
const NOT_RUN: u8 = 126;
/// The exit status of what is not there.
const MISSING: u8 = 127;

/// How a command ended, and how long it took.
#[derive(Debug)]
#[must_use = "how a command ended belongs into the log"]
pub struct CommandEnd {
    /// How it ended.
    pub how: HowItEnded,
    /// How long it ran.
    pub duration: Duration,
    /// The script that changed while it ran, if one did: nobody can tell whether what ran is what was
    /// approved.
    pub changed: Option<PathBuf>,
}

/// How a command ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum HowItEnded {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal of this number.
    Killed(i32),
    /// It was ended when its time was over.
    TimedOut {
        /// How long it might have run.
        limit: Duration,
        /// Whether something of it could not be ended.
        is_left: bool,
    },
    /// It was ended because it was not wanted any more.
    Stopped {
        /// Whether something of it could not be ended.
        is_left: bool,
    },
    /// It never ran.
    NotStarted(LaunchError),
    /// It ran, and the system does not say what became of it.
    Unknown(String),
}

impl CommandEnd {
    pub(super) fn not_started(error: impl Into<LaunchError>) -> CommandEnd {
        let how = HowItEnded::NotStarted(error.into());
        CommandEnd { how, duration: Duration::ZERO, changed: None }
    }

    /// Whether it did what it should, by its own word, and was what was approved.
    #[must_use]
    pub const fn succeeded(&self) -> bool {
        matches!(self.how, HowItEnded::Exited(0)) && self.changed.is_none()
    }

    /// Whether it ever ran.
    #[must_use]
    pub const fn was_started(&self) -> bool {
        !matches!(self.how, HowItEnded::NotStarted(_))
    }

    /// Whether it is known how it ended.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self.how, HowItEnded::Unknown(_))
    }

    /// What went wrong, for the log; `None` where nothing did.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        const LEFT: &str = "; some of its processes could not be ended";
        let left = |is_left: bool| if is_left { LEFT } else { "" };
        let how = match &self.how {
            HowItEnded::Exited(0) if self.changed.is_none() => return None,
            HowItEnded::Exited(status) => format!("exit status {status}"),
            HowItEnded::Killed(signal) => format!("killed by {}", signal_name(*signal)),
            HowItEnded::TimedOut { limit, is_left } => {
                format!("timed out after {}{}", humantime::format_duration(*limit), left(*is_left))
            }
            HowItEnded::Stopped { is_left } => format!("stopped before its end{}", left(*is_left)),
            HowItEnded::NotStarted(error) => error.to_string(),
            HowItEnded::Unknown(why) => format!("nobody knows how it ended: {why}"),
        };
        Some(match &self.changed {
            None => how,
            Some(path) => format!(
                "{how}; the file `{}` changed while it ran, so that nobody can tell what ran",
                show(path)
            ),
        })
    }

    /// What a shell would say of it: the command's own status; 128 and its number for a signal; 124 when its
    /// time was over; 126 for what was not run, 127 for what is not there; and 125 where the failure was not
    /// the command's, or it succeeded and nobody can tell whether it was what was approved.
    #[must_use]
    pub fn status(&self) -> u8 {
        match &self.how {
            HowItEnded::Exited(0) if self.changed.is_some() => FAILED,
            HowItEnded::Exited(status) => u8::try_from(status & 0xff).unwrap_or(FAILED),
            HowItEnded::Killed(signal) => u8::try_from(128 + signal).unwrap_or(FAILED),
            HowItEnded::TimedOut { .. } => TIMED_OUT,
            HowItEnded::NotStarted(error) if error.is_missing() => MISSING,
            HowItEnded::NotStarted(error) if error.is_refusal() => NOT_RUN,
            HowItEnded::NotStarted(_) | HowItEnded::Stopped { .. } | HowItEnded::Unknown(_) => FAILED,
        }
    }

    /// How long it ran, in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        self.was_started().then(|| u64::try_from(self.duration.as_millis()).ok()).flatten()
    }
}

/// The name of a signal; the number of one that has none.
fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(how: HowItEnded) -> CommandEnd {
        CommandEnd { how, duration: Duration::from_millis(1500), changed: None }
    }

    #[test]
    fn an_end_is_told_as_a_shell_tells_it() {
        let limit = Duration::from_secs(5);
        for (how, status, error) in [
            (HowItEnded::Exited(0), 0, None),
            (HowItEnded::Exited(3), 3, Some("exit status 3")),
            (HowItEnded::Killed(9), 137, Some("killed by SIGKILL")),
            (HowItEnded::Killed(40), 168, Some("killed by signal 40")),
            (HowItEnded::TimedOut { limit, is_left: false }, 124, Some("timed out after 5s")),
            (
                HowItEnded::TimedOut { limit, is_left: true },
                124,
                Some("timed out after 5s; some of its processes could not be ended"),
            ),
            (HowItEnded::Stopped { is_left: false }, 125, Some("stopped before its end")),
            (HowItEnded::Unknown("gone".to_owned()), 125, Some("nobody knows how it ended: gone")),
        ] {
            let end = end(how);
            assert_eq!((end.status(), end.error().as_deref()), (status, error));
            assert_eq!((end.succeeded(), end.duration_ms()), (status == 0, Some(1500)));
        }
        let changed = CommandEnd { changed: Some("/x".into()), ..end(HowItEnded::Exited(0)) };
        assert_eq!((changed.status(), changed.succeeded()), (125, false));
        assert!(changed.error().unwrap().starts_with("exit status 0; the file `/x` changed while it ran"));
        let changed = CommandEnd { changed: Some("/x".into()), ..end(HowItEnded::Exited(3)) };
        assert_eq!(changed.status(), 3);
        let refused = CommandEnd::not_started(LaunchError::AnotherAction);
        assert_eq!((refused.status(), refused.duration_ms(), refused.was_started()), (126, None, false));
    }
}
