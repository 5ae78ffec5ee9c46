//! A gate of its own thread, which many others ask.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;

use aegis_audit::{Check, EndStatus, Ending, LifeError};
use aegis_engine::{Action, Digest, Policy};
use aegis_ledger::receipt::Receipt;
use async_channel::{Receiver, Sender, bounded, unbounded};
use thiserror::Error;

use crate::execution::{Observation, Running};
use crate::foreseen::Foreseen;
use crate::gate::{Answered, Gate, GateError, Outcome, Proceed, Refusal};
use crate::plan::PlannedAction;

/// How many actions are answered together, at most.
const LARGEST_GROUP: usize = 1024;

/// What many threads ask one gate through. Actions that come in while others are being recorded are answered
/// together, in one transaction, as a stream's are; a question to a human holds up those behind it. The gate
/// ends with its last handle.
#[derive(Clone, Debug)]
pub struct GateHandle {
    mailbox: Sender<Letter>,
}

/// What the gate's thread is given.
enum Letter {
    /// An action, and where its answer goes.
    Answer(Action, Sender<Result<Outcome, HandleError>>),
    /// Anything else that is to be done with the gate.
    Work(Work),
}

/// Something that is to be done with the gate, on its own thread.
type Work = Box<dyn FnOnce(&mut Gate) + Send>;

/// What a gate will say. Whoever does not want to wait on a thread awaits it; it needs no particular runtime.
/// What it allows is given back if nobody hears it.
#[must_use = "what the gate says must be heard"]
pub struct Reply<T> {
    answer: Receiver<Result<T, HandleError>>,
    mailbox: Sender<Letter>,
    unheard: fn(T) -> Option<Work>,
}

impl<T> Reply<T> {
    /// Waits on this thread.
    ///
    /// # Errors
    /// When the gate could not do it, or has stopped; nothing must happen then.
    pub fn wait(self) -> Result<T, HandleError> {
        self.answer.recv_blocking().map_err(|_| HandleError::Stopped)?
    }

    /// Waits as a future. Dropping it does not take back what was asked.
    ///
    /// # Errors
    /// As [`wait`](Reply::wait).
    pub async fn get(self) -> Result<T, HandleError> {
        self.answer.recv().await.map_err(|_| HandleError::Stopped)?
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        // From here on the gate itself finds that nobody listens; what it said before is here.
        self.answer.close();
        if let Ok(Ok(said)) = self.answer.try_recv()
            && let Some(work) = (self.unheard)(said)
        {
            let _ = self.mailbox.try_send(Letter::Work(work));
        }
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reply")
    }
}

/// Nobody heard that an action is allowed, so nobody will do it.
fn give_back(outcome: Outcome) -> Option<Work> {
    let Outcome::Allowed(leave) = outcome else { return None };
    Some(Box::new(move |gate| {
        let _ = gate.give_back(leave, "nobody waited for the answer any more");
    }))
}

/// Nobody heard that an action may begin, so nobody will do it.
#[expect(clippy::unnecessary_wraps, reason = "what else nobody hears has nothing to be undone")]
fn give_up((leave, running): (Proceed, Running)) -> Option<Work> {
    Some(Box::new(move |gate| {
        let error = Some("nobody waited any more when it could begin");
        let _ = gate.end(&running, Ending { status: EndStatus::Skipped, error, duration_ms: None });
        drop(leave);
    }))
}

/// What came of asking for an action that is to be done at once.
#[derive(Debug)]
pub(crate) enum Beginning {
    /// It must not be done.
    Refused(Refusal),
    /// It is allowed, and the log has that it begins.
    Begun(Proceed, Running),
    /// It is allowed, and must not be done all the same: that it begins could not be recorded.
    NotBegun(Answered, HandleError),
}

fn give_up_beginning(beginning: Beginning) -> Option<Work> {
    match beginning {
        Beginning::Begun(leave, running) => give_up((leave, running)),
        Beginning::Refused(_) | Beginning::NotBegun(..) => None,
    }
}

/// What nobody heard is as it was.
fn leave_it<T>(_: T) -> Option<Work> {
    None
}

/// Why there is no answer. The action must not happen.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The gate could not answer the group that the action was in.
    #[error("{0}")]
    Gate(Arc<GateError>),
    /// A step of an allowed action could not be recorded.
    #[error("{0}")]
    Life(Arc<LifeError>),
    /// The gate answered about another action.
    #[error("the gate answered about another action")]
    AnotherAction,
    /// The gate is not there any more.
    #[error("the gate has stopped")]
    Stopped,
}

impl From<GateError> for HandleError {
    fn from(error: GateError) -> HandleError {
        HandleError::Gate(Arc::new(error))
    }
}

impl From<LifeError> for HandleError {
    fn from(error: LifeError) -> HandleError {
        HandleError::Life(Arc::new(error))
    }
}

impl GateHandle {
    /// Answers one action, as [`Gate::answer`] does, and waits for that on this thread.
    ///
    /// # Errors
    /// When the gate cannot answer, or has stopped; the action must not happen then.
    pub fn answer(&self, action: Action) -> Result<Outcome, HandleError> {
        self.ask(action).wait()
    }

    /// The same, without waiting. If nobody hears the answer, what it allows is given back, and ends as
    /// skipped.
    pub fn ask(&self, action: Action) -> Reply<Outcome> {
        let (reply, answer) = bounded(1);
        // Where the gate is gone, so is the other end, and that is what the reply says.
        let _ = self.mailbox.try_send(Letter::Answer(action, reply));
        Reply { answer, mailbox: self.mailbox.clone(), unheard: give_back }
    }

    /// The same for an action of a plan: the stricter of what the plan says and of what is said now holds.
    pub fn ask_planned(&self, planned: PlannedAction) -> Reply<Outcome> {
        let (action, foreseen) = planned.into_parts();
        self.tell(give_back, move |gate| Ok(gate.answer_foreseen(&action, foreseen)?))
    }

    /// Answers an action, and records that it begins where it is allowed, in one turn of the gate: nobody's
    /// question comes between the leave and its use. Where something was said of the action before, the
    /// stricter of that and of what is said now holds. If nobody hears of it, what began ends as skipped.
    pub(crate) fn begin(&self, action: Action, foreseen: Option<Foreseen>) -> Reply<Beginning> {
        self.tell(give_up_beginning, move |gate| {
            let outcome = match foreseen {
                Some(foreseen) => gate.answer_foreseen(&action, foreseen)?,
                None => gate.answer(&action)?,
            };
            Ok(match outcome {
                Outcome::Refused(refusal) => Beginning::Refused(refusal),
                Outcome::Allowed(leave) => match gate.start(&leave) {
                    Ok(running) => Beginning::Begun(leave, running),
                    Err(error) => Beginning::NotBegun(leave.answered().clone(), error.into()),
                },
            })
        })
    }

    /// Records that an action begins, as [`Gate::start`] does.
    pub fn start(&self, leave: Proceed) -> Reply<(Proceed, Running)> {
        self.tell(give_up, move |gate| {
            let running = gate.start(&leave)?;
            Ok((leave, running))
        })
    }

    /// Records how looking at what was done came out, as [`Gate::verified`] does.
    pub fn verified(
        &self,
        running: &Running,
        passed: bool,
        error: Option<String>,
        duration_ms: Option<u64>,
    ) -> Reply<Receipt> {
        let running = running.share();
        self.tell(leave_it, move |gate| {
            Ok(gate.verified(&running, Check { passed, error: error.as_deref(), duration_ms })?)
        })
    }

    /// Records how an action ended, as [`Gate::end`] does: whether or not anybody waits for that.
    pub fn end(
        &self,
        running: Running,
        status: EndStatus,
        error: Option<String>,
        duration_ms: Option<u64>,
    ) -> Reply<Receipt> {
        self.tell(leave_it, move |gate| {
            Ok(gate.end(&running, Ending { status, error: error.as_deref(), duration_ms })?)
        })
    }

    /// Gives leave back that was not used, as [`Gate::give_back`] does.
    pub fn give_back(&self, leave: Proceed, why: String) -> Reply<Receipt> {
        self.tell(leave_it, move |gate| Ok(gate.give_back(leave, &why)?))
    }

    /// Decides and records what will not be done, as [`Gate::skip_all`] does.
    pub fn skip_all(&self, actions: Vec<Action>, why: String) -> Reply<Vec<Outcome>> {
        self.tell(leave_it, move |gate| Ok(gate.skip_all(&actions, &why)?))
    }

    /// Records what was done without asking, as [`Gate::observe`] does.
    pub fn observe(&self, actions: Vec<Action>) -> Reply<Vec<Observation>> {
        self.tell(leave_it, move |gate| Ok(gate.observe(&actions)?))
    }

    /// Goes by another policy from now on, as [`Gate::replace_policy`] does.
    pub fn replace_policy(&self, policy: Arc<Policy>, policy_sha256: Digest) -> Reply<()> {
        self.tell(leave_it, move |gate| {
            gate.replace_policy(policy, policy_sha256);
            Ok(())
        })
    }

    /// Says so once everything is done and recorded that the gate was told before.
    pub fn settle(&self) -> Reply<()> {
        self.tell(leave_it, |_| Ok(()))
    }

    /// Has something done on the gate's own thread, in its turn.
    fn tell<T: Send + 'static>(
        &self,
        unheard: fn(T) -> Option<Work>,
        work: impl FnOnce(&mut Gate) -> Result<T, HandleError> + Send + 'static,
    ) -> Reply<T> {
        let (reply, answer) = bounded(1);
        let work: Work = Box::new(move |gate| {
            let said = work(gate);
            if let Err(error) = reply.try_send(said)
                && let Ok(said) = error.into_inner()
                && let Some(work) = unheard(said)
            {
                work(gate);
            }
        });
        let _ = self.mailbox.try_send(Letter::Work(work));
        Reply { answer, mailbox: self.mailbox.clone(), unheard }
    }
}

impl Gate {
    /// Gives the gate a thread of its own, and a handle that many others ask it through.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn into_handle(mut self) -> io::Result<GateHandle> {
        let (mailbox, letters) = unbounded();
        thread::Builder::new().name("aegis-gate".to_owned()).spawn(move || self.serve(&letters))?;
        Ok(GateHandle { mailbox })
    }

    /// Does what letters say, in their order, until nobody can send one any more. Actions that come in one
    /// after another are answered together.
    fn serve(&mut self, letters: &Receiver<Letter>) {
        let (mut actions, mut replies) = (Vec::new(), Vec::new());
        while let Ok(first) = letters.recv_blocking() {
            let more = std::iter::from_fn(|| letters.try_recv().ok());
            for letter in std::iter::once(first).chain(more).take(LARGEST_GROUP) {
                match letter {
                    Letter::Answer(action, reply) => {
                        actions.push(action);
                        replies.push(reply);
                    }
                    Letter::Work(work) => {
                        self.answer_letters(&actions, std::mem::take(&mut replies));
                        actions.clear();
                        work(self);
                    }
                }
            }
            self.answer_letters(&actions, std::mem::take(&mut replies));
            actions.clear();
        }
    }

    fn answer_letters(&mut self, actions: &[Action], replies: Vec<Sender<Result<Outcome, HandleError>>>) {
        let mut replies = replies.into_iter();
        let mut done = 0;
        while let Some(rest) = actions.get(done..).filter(|rest| !rest.is_empty()) {
            match self.answer_all(rest) {
                Ok(outcomes) if outcomes.is_empty() => return,
                Ok(outcomes) => {
                    done += outcomes.len();
                    for ((outcome, action), reply) in outcomes.into_iter().zip(rest).zip(replies.by_ref()) {
                        // Leave for one action is never handed to who asked about another.
                        let is_its_own = outcome.answered().action_sha256() == action.digest();
                        let answer = if is_its_own {
                            self.seen_through(action, outcome)
                                .map_err(|error| HandleError::Gate(Arc::new(error)))
                        } else {
                            Err(HandleError::AnotherAction)
                        };
                        if let Err(error) = reply.try_send(answer)
                            && let Ok(outcome) = error.into_inner()
                            && let Some(work) = give_back(outcome)
                        {
                            work(self);
                        }
                    }
                }
                Err(failed) => {
                    done += failed.size.max(1);
                    let error = Arc::new(failed.error);
                    for reply in replies.by_ref().take(failed.size.max(1)) {
                        let _ = reply.try_send(Err(HandleError::Gate(Arc::clone(&error))));
                    }
                }
            }
        }
    }
}
