//! Waiting until somebody has answered a question that waits in a log.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{TrailError, Watch, Woken, question_of};
use aegis_ledger::question::Standing;
use thiserror::Error;

/// How long to wait at most before looking whether the wait was stopped.
const TURN: Duration = Duration::from_millis(200);
/// How long before looking at the log unasked: not every file system tells of changes.
const LONGEST_TURN: Duration = Duration::from_secs(2);

/// For how long an answer is waited for.
#[derive(Clone, Copy)]
pub struct ReplyWait<'a> {
    /// Since when.
    pub since: Instant,
    /// For how long from then on, at most.
    pub longest: Duration,
    /// What the answer would be written to: where nobody reads it any more, the wait is over.
    pub output: Option<BorrowedFd<'a>>,
    /// Whether the wait was stopped. It is asked several times a second.
    pub is_stopped: &'a dyn Fn() -> bool,
}

/// Why an answer cannot be waited for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplyWaitError {
    /// The log cannot be read.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The system cannot wait.
    #[error("cannot wait for an answer: {0}")]
    System(#[from] io::Error),
}

/// Waits until the question of this id in the log at this path does not wait any more, so that asking again
/// is of use. `false` where nothing came of it: the time, the question, or the wait itself is over.
///
/// # Errors
/// When the log cannot be read, or the system cannot wait.
pub fn wait_for_reply(log: &Path, id: &str, wait: ReplyWait<'_>) -> Result<bool, ReplyWaitError> {
    let watch = Watch::new(log)?;
    let reader = TrailReader::open(log)?;
    let mut looked: Option<Instant> = None;
    loop {
        if looked.is_none_or(|looked| looked.elapsed() >= LONGEST_TURN) {
            looked = Some(Instant::now());
            match standing(&reader, id) {
                Ok(Some(Standing::Expired) | None) => return Ok(false),
                // Where others hold it, there is another try.
                Ok(Some(Standing::Open { .. }))
                | Err(TrailError::Locked { .. } | TrailError::Changed { .. }) => {}
                Ok(Some(_)) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
        let left = wait.longest.saturating_sub(wait.since.elapsed());
        if left.is_zero() || (wait.is_stopped)() {
            return Ok(false);
        }
        match watch.wait(left.min(TURN), wait.output)? {
            Woken::Changed => looked = None,
            Woken::TimedOut => {}
            // Nobody is left who would hear of it.
            Woken::OutputClosed => return Ok(false),
        }
    }
}

fn standing(reader: &TrailReader, id: &str) -> Result<Option<Standing>, TrailError> {
    let question = question_of(reader, id)?;
    Ok(question.map(|question| question.standing(aegis_audit::now().timestamp_millis())))
}
