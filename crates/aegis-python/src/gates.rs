//! The gates of one runtime: one for what needs no human, and one for each question that stands.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_engine::Policy;
use aegis_runtime::{GateHandle, QueueApprover, TerminalApprover, TerminalOptions};
use async_channel::Receiver;

use crate::callback::{Asked, Nobody, PythonApprover};
use crate::failure::Failure;
use crate::journal_opening::Opening;

/// The most questions that one runtime asks at the same time. Each has a thread and a connection of its own.
const MOST_ASKING: usize = 256;

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
    pub(crate) handle: GateHandle,
    pub(crate) questions: Receiver<Asked>,
}

/// What a gate and all that it was asked have in common.
pub(crate) struct Gates {
    pub(crate) opening: Opening,
    pub(crate) process: u32,
    way: Way,
    /// How long a human is waited for.
    patience: Duration,
    /// Answers what needs no human, and records what becomes of actions.
    pub(crate) plain: GateHandle,
    /// Gates that ask, and are not asking at the moment.
    idle: Mutex<Vec<Asker>>,
    /// How many that ask there are.
    askers: Mutex<usize>,
}

impl Gates {
    /// Opens the first, and tells whether the log was made by that.
    pub(crate) fn open(opening: Opening, way: Way, patience: Duration) -> Result<(Gates, bool), Failure> {
        // What it meets that a human must answer, because the policy changed that very moment, waits.
        let (plain, created) = opening.gate(Nobody("the policy changed while the action was on its way"))?;
        let gates = Gates {
            opening,
            process: std::process::id(),
            way,
            patience,
            plain,
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
        Ok(self.plain.replace_policy(Arc::clone(policy), digest).wait()?)
    }

    /// A gate that asks: one that has nothing to do, or a new one.
    pub(crate) fn asker(&self) -> Result<Asker, Failure> {
        let (policy, digest) = self.opening.policy.get();
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            drop(idle.handle.replace_policy(policy, digest));
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
        let (handle, _) = match self.way {
            Way::Callback => self.opening.gate(approver)?,
            Way::Terminal(options) => self.opening.gate(TerminalApprover::new(options))?,
            Way::Queue => self.opening.gate(QueueApprover::new(&self.opening.log, self.patience))?,
            Way::Nobody => self.opening.gate(Nobody("there is nobody to ask"))?,
        };
        Ok(Asker { handle, questions })
    }

    /// Lets a gate go that asked for somebody who is not there any more.
    pub(crate) fn dismiss(&self, asker: Asker) {
        drop(asker);
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        *askers = askers.saturating_sub(1);
    }

    /// Takes back a gate that asked.
    pub(crate) fn give_back(&self, asker: Asker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(asker);
    }
}
