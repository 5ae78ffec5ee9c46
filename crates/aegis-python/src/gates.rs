//! The gates of one runtime: one for what needs no human, and one for each question that stands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use aegis_engine::Policy;
use aegis_runtime::{GateHandle, QueueApprover, TerminalApprover, TerminalOptions};
use async_channel::Receiver;

use crate::callback::{Asked, Nobody, PythonApprover};
use crate::failure::Failure;
use crate::journal_opening::{OpenGate, Opening};

/// The most questions that one runtime asks at the same time. Each has a thread and a connection of its own.
const MOST_ASKING: usize = 256;

/// How long a fork waits for those who record a question or an answer.
const A_MOMENT: Duration = Duration::from_millis(250);

/// What is said of an action that a human must answer by the time that it reaches the gate for others: the
/// policy changed that very moment. The question waits in the log.
const OVERTAKEN: &str = "the policy changed while the action was on its way";

/// How a human is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// Python asks.
    Callback,
    /// At the terminal.
    Terminal(TerminalOptions),
    /// Whoever answers in the log.
    Queue,
    /// Nobody is asked; the question waits in the log.
    Nobody,
}

/// A gate that asks, and the questions that it hands out.
pub(crate) struct Asker {
    pub(crate) open: OpenGate,
    pub(crate) questions: Receiver<Asked>,
    /// Ends what it asks at a terminal.
    given_up: Arc<AtomicBool>,
}

/// The gate for what needs no human, and for the records of what becomes of actions.
#[derive(Default)]
struct Plain {
    open: Option<OpenGate>,
    /// Whether this process is being forked: nothing is opened then.
    is_parked: bool,
}

/// What a gate and all that it was asked have in common.
pub(crate) struct Gates {
    pub(crate) opening: Opening,
    pub(crate) process: u32,
    way: Way,
    /// How long a human is waited for.
    patience: Duration,
    plain: Mutex<Plain>,
    unparked: Condvar,
    /// Gates that ask, and are not asking at the moment.
    idle: Mutex<Vec<Asker>>,
    /// How many that ask there are.
    askers: Mutex<usize>,
}

impl Gates {
    /// Opens the first, and tells whether the log was made by that.
    pub(crate) fn open(opening: Opening, way: Way, patience: Duration) -> Result<(Gates, bool), Failure> {
        let open = opening.gate(Nobody(OVERTAKEN))?;
        let created = open.created;
        let gates = Gates {
            opening,
            process: std::process::id(),
            way,
            patience,
            plain: Mutex::new(Plain { open: Some(open), is_parked: false }),
            unparked: Condvar::new(),
            idle: Mutex::default(),
            askers: Mutex::default(),
        };
        Ok((gates, created))
    }

    /// Goes by another policy from now on.
    pub(crate) fn replace_policy(
        &self,
        policy: &Arc<Policy>,
        digest: aegis_engine::Digest,
    ) -> Result<(), Failure> {
        self.opening.policy.replace(Arc::clone(policy), digest);
        Ok(self.plain()?.replace_policy(Arc::clone(policy), digest).wait()?)
    }

    /// The gate that answers what needs no human, and records what becomes of actions. It is opened again
    /// where it was closed for a fork.
    pub(crate) fn plain(&self) -> Result<GateHandle, Failure> {
        let mut plain = self.unparked();
        if let Some(open) = &plain.open {
            return Ok(open.handle.clone());
        }
        let open = self.opening.gate(Nobody(OVERTAKEN))?;
        let handle = open.handle.clone();
        plain.open = Some(open);
        Ok(handle)
    }

    /// Closes the log, and keeps it closed until [`unpark`](Gates::unpark): for as long as this process is
    /// being forked. `SQLite` keeps in memory what is locked, and a child would take over what it has not
    /// locked. What is being asked goes on, and keeps its connection.
    pub(crate) fn park(&self) {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        plain.is_parked = true;
        let open = plain.open.take();
        drop(plain);
        if let Some(open) = open {
            open.close();
        }
        // Whoever records a question or its answer is through in a moment; a human may think for longer.
        let deadline = Instant::now() + A_MOMENT;
        while !self.close_idle() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Closes the gates that have nothing to ask, and tells whether there are no others.
    fn close_idle(&self) -> bool {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for asker in idle {
            asker.open.close();
            self.forget_one();
        }
        *self.askers.lock().unwrap_or_else(PoisonError::into_inner) == 0
    }

    fn forget_one(&self) {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        *askers = askers.saturating_sub(1);
    }

    /// Waits until nobody forks.
    fn unparked(&self) -> MutexGuard<'_, Plain> {
        let plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        self.unparked.wait_while(plain, |plain| plain.is_parked).unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the log be opened again.
    pub(crate) fn unpark(&self) {
        self.plain.lock().unwrap_or_else(PoisonError::into_inner).is_parked = false;
        self.unparked.notify_all();
    }

    /// A gate that asks: one that has nothing to do, or a new one.
    pub(crate) fn asker(&self) -> Result<Asker, Failure> {
        drop(self.unparked());
        let (policy, digest) = self.opening.policy.get();
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            drop(idle.open.handle.replace_policy(policy, digest));
            return Ok(idle);
        }
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if *askers >= MOST_ASKING {
            return Err(Failure::usage(format!("{MOST_ASKING} questions are being asked already")));
        }
        let asker = self.new_asker()?;
        *askers += 1;
        Ok(asker)
    }

    fn new_asker(&self) -> Result<Asker, Failure> {
        let (approver, questions) = PythonApprover::new(self.patience);
        let given_up = Arc::new(AtomicBool::new(false));
        let open = match self.way {
            Way::Callback => self.opening.gate(approver)?,
            Way::Terminal(options) => {
                self.opening.gate(TerminalApprover::new(options).until(Arc::clone(&given_up)))?
            }
            Way::Queue => self.opening.gate(QueueApprover::new(&self.opening.log, self.patience))?,
            Way::Nobody => self.opening.gate(Nobody("there is nobody to ask"))?,
        };
        Ok(Asker { open, questions, given_up })
    }

    /// Lets a gate go that asked for somebody who is not there any more.
    pub(crate) fn dismiss(&self, asker: Asker) {
        asker.given_up.store(true, Ordering::SeqCst);
        let Asker { open, questions, .. } = asker;
        drop(questions);
        if matches!(self.way, Way::Terminal(_)) {
            // Not before the terminal is as it was found.
            open.close();
        }
        self.forget_one();
    }

    /// Takes back a gate that asked.
    pub(crate) fn give_back(&self, asker: Asker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(asker);
    }
}
