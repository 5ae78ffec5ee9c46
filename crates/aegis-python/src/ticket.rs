//! What came of asking for an action, or comes of it yet.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use aegis_runtime::{HandleError, Outcome, Reply as GateReply};
use async_channel::{Receiver, Sender, bounded};
use futures_util::future::{Either, select};
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;

use crate::border::{check_process, outside};
use crate::callback::{Asked, Reply};
use crate::failure::Failure;
use crate::gates::{Asker, Gates};
use crate::leave::Leave;
use crate::refusal::Refusal;

type Pending = Pin<Box<dyn Future<Output = Result<Outcome, HandleError>> + Send>>;

/// An action that was asked for. Who wants to know what came of it waits; in between, there may be a
/// question that Python has to put to somebody.
#[pyclass(frozen, module = "aegis._native")]
pub(crate) struct Ticket {
    shared: Arc<Gates>,
    /// What the gate says, as long as it has not said it.
    pending: Mutex<Option<Pending>>,
    /// Who asks, where somebody is asked.
    asker: Mutex<Option<Asker>>,
    /// Where the answer to the question goes that was handed out.
    answer: Mutex<Option<Sender<Reply>>>,
    /// Closed when nobody wants to know any more.
    wanted: (Sender<()>, Receiver<()>),
}

/// A question that somebody has to answer.
#[pyclass(frozen, get_all, module = "aegis._native")]
pub(crate) struct Question {
    /// The question as JSON: the whole action, risk, rule, and why.
    request: String,
}

enum Step {
    Question(Asked),
    Said(Box<Result<Outcome, HandleError>>),
    GivenUp,
}

impl Ticket {
    pub(crate) fn plain(shared: Arc<Gates>, reply: GateReply<Outcome>) -> Ticket {
        Ticket::new(shared, None, reply)
    }

    pub(crate) fn asking(shared: Arc<Gates>, asker: Asker, reply: GateReply<Outcome>) -> Ticket {
        Ticket::new(shared, Some(asker), reply)
    }

    fn new(shared: Arc<Gates>, asker: Option<Asker>, reply: GateReply<Outcome>) -> Ticket {
        Ticket {
            shared,
            pending: Mutex::new(Some(Box::pin(reply.get()))),
            asker: Mutex::new(asker),
            answer: Mutex::default(),
            wanted: bounded(1),
        }
    }
}

#[pymethods]
impl Ticket {
    /// Waits for what comes next: a `Question`, a `Leave`, or a `Refusal`.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let step = outside(py, || self.step())?;
        match step {
            Next::Question(question) => question.into_py_any(py),
            Next::Leave(leave) => (*leave).into_py_any(py),
            Next::Refusal(refusal) => refusal.into_py_any(py),
        }
    }

    /// Answers the question that was handed out: `True`, `False`, or `None` for no answer. Nothing else is
    /// one.
    #[pyo3(signature = (answer, why=None, user=None))]
    fn answer(
        &self,
        py: Python<'_>,
        answer: Option<bool>,
        why: Option<String>,
        user: Option<String>,
    ) -> PyResult<()> {
        outside(py, || {
            check_process(self.shared.process)?;
            let sender = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let sender = sender.ok_or_else(|| Failure::usage("no question is open on this ticket"))?;
            // Whoever is gone by now has said that nobody answered.
            let _ = sender.try_send(Reply { answer, why, user });
            Ok(())
        })
    }

    /// Nobody wants to know any more: an open question is none any more, and what is allowed is given back.
    fn abandon(&self, py: Python<'_>) -> PyResult<()> {
        outside(py, || {
            check_process(self.shared.process)?;
            self.give_up();
            Ok(())
        })
    }
}

enum Next {
    Question(Question),
    Leave(Box<Leave>),
    Refusal(Refusal),
}

impl Ticket {
    fn step(&self) -> Result<Next, Failure> {
        check_process(self.shared.process)?;
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting =
            pending.take().ok_or_else(|| Failure::usage("nothing comes of this ticket any more"))?;
        let questions = {
            let asker = self.asker.lock().unwrap_or_else(PoisonError::into_inner);
            asker.as_ref().map(|asker| asker.questions.clone())
        };
        let (step, waiting) = self.next(waiting, questions);
        match step {
            Step::Question(asked) => {
                *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked.answer);
                if self.wanted.1.is_closed() {
                    self.let_go();
                    return Err(Failure::usage("the question was given up"));
                }
                *pending = waiting;
                Ok(Next::Question(Question { request: asked.request }))
            }
            Step::Said(said) => {
                if let Some(asker) = self.take_asker() {
                    self.shared.give_back(asker);
                }
                let session = &self.shared.opening.session_id;
                match (*said)? {
                    Outcome::Allowed(leave) => Ok(Next::Leave(Box::new(Leave::new(leave, &self.shared)?))),
                    Outcome::Refused(refusal) => Ok(Next::Refusal(Refusal::of(refusal.answered(), session)?)),
                }
            }
            Step::GivenUp => {
                drop(waiting);
                self.let_go();
                Err(Failure::usage("the question was given up"))
            }
        }
    }

    /// Waits for whichever comes first.
    fn next(&self, waiting: Pending, questions: Option<Receiver<Asked>>) -> (Step, Option<Pending>) {
        let wanted = self.wanted.1.clone();
        let question = async move {
            match questions {
                Some(questions) => match questions.recv().await {
                    Ok(asked) => asked,
                    Err(_) => std::future::pending().await,
                },
                None => std::future::pending().await,
            }
        };
        pollster::block_on(async {
            let given_up = Box::pin(wanted.recv());
            let asked_or_given_up = Box::pin(select(Box::pin(question), given_up));
            match select(waiting, asked_or_given_up).await {
                Either::Left((said, _)) => (Step::Said(Box::new(said)), None),
                Either::Right((Either::Left((asked, _)), waiting)) => (Step::Question(asked), Some(waiting)),
                Either::Right((Either::Right(_), waiting)) => (Step::GivenUp, Some(waiting)),
            }
        })
    }

    fn give_up(&self) {
        self.wanted.1.close();
        drop(self.answer.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Whoever waits drops it by themselves.
        if let Ok(mut pending) = self.pending.try_lock() {
            drop(pending.take());
            self.let_go();
        }
    }

    /// Whoever asks here may still be about to hand a question out: they ask for nobody else, and end.
    fn let_go(&self) {
        drop(self.answer.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(asker) = self.take_asker() {
            self.shared.dismiss(asker);
        }
    }

    fn take_asker(&self) -> Option<Asker> {
        self.asker.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if check_process(self.shared.process).is_ok() {
            self.give_up();
        }
    }
}
