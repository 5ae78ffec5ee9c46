//! A gate of its own thread, which many others ask.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use aegis_engine::Action;
use thiserror::Error;

use crate::gate::{Gate, GateError, Outcome};

/// How many actions are answered together, at most.
const LARGEST_GROUP: usize = 1024;

/// What many threads ask one gate through. Actions that come in while others are being recorded are answered
/// together, in one transaction, as a stream's are; a question to a human holds up those behind it. The gate
/// ends with its last handle.
#[derive(Clone, Debug)]
pub struct GateHandle {
    mailbox: Sender<Letter>,
}

/// An action, and where its answer goes.
struct Letter {
    action: Action,
    reply: Sender<Result<Outcome, HandleError>>,
}

/// Why there is no answer. The action must not happen.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The gate could not answer the group that the action was in.
    #[error("{0}")]
    Gate(Arc<GateError>),
    /// The gate answered about another action.
    #[error("the gate answered about another action")]
    AnotherAction,
    /// The gate is not there any more.
    #[error("the gate has stopped")]
    Stopped,
}

impl GateHandle {
    /// Answers one action, as [`Gate::answer`] does.
    ///
    /// # Errors
    /// When the gate cannot answer, or has stopped; the action must not happen then.
    pub fn answer(&self, action: Action) -> Result<Outcome, HandleError> {
        let (reply, answer) = channel();
        self.mailbox.send(Letter { action, reply }).map_err(|_| HandleError::Stopped)?;
        answer.recv().map_err(|_| HandleError::Stopped)?
    }
}

impl Gate {
    /// Gives the gate a thread of its own, and a handle that many others ask it through.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn into_handle(mut self) -> io::Result<GateHandle> {
        let (mailbox, letters) = channel();
        thread::Builder::new().name("aegis-gate".to_owned()).spawn(move || self.serve(&letters))?;
        Ok(GateHandle { mailbox })
    }

    /// Answers letters until nobody can send one any more.
    fn serve(&mut self, letters: &Receiver<Letter>) {
        while let Ok(first) = letters.recv() {
            let group = std::iter::once(first).chain(letters.try_iter()).take(LARGEST_GROUP);
            let (actions, replies): (Vec<_>, Vec<_>) =
                group.map(|letter| (letter.action, letter.reply)).unzip();
            self.answer_letters(&actions, replies);
        }
    }

    fn answer_letters(&mut self, actions: &[Action], replies: Vec<Sender<Result<Outcome, HandleError>>>) {
        let mut replies = replies.into_iter();
        let mut done = 0;
        while let Some(rest) = actions.get(done..).filter(|rest| !rest.is_empty()) {
            // Whoever does not wait any more is not told; the record is there all the same.
            match self.answer_all(rest) {
                Ok(outcomes) if outcomes.is_empty() => return,
                Ok(outcomes) => {
                    done += outcomes.len();
                    for ((outcome, action), reply) in outcomes.into_iter().zip(rest).zip(replies.by_ref()) {
                        // Leave for one action is never handed to who asked about another.
                        let is_its_own = outcome.answered().action_sha256() == action.digest();
                        let _ = reply.send(if is_its_own {
                            Ok(outcome)
                        } else {
                            Err(HandleError::AnotherAction)
                        });
                    }
                }
                Err(failed) => {
                    done += failed.size.max(1);
                    let error = Arc::new(failed.error);
                    for reply in replies.by_ref().take(failed.size.max(1)) {
                        let _ = reply.send(Err(HandleError::Gate(Arc::clone(&error))));
                    }
                }
            }
        }
    }
}
