//! A function of the embedding program that is asked.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use aegis_audit::Precedents;
use aegis_engine::{Action, Decision, Digest};

use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::contained::{Lost, contained, contained_call};
use crate::witness::Witness;

/// How long an answer is waited for, unless another deadline is set.
const DEADLINE: Duration = Duration::from_secs(5 * 60);
/// How this way of asking is called in records.
const VIA: &str = "callback";

/// What was asked, as it was when it was asked: nothing about it changes any more.
#[derive(Clone, Debug)]
pub struct QuestionSnapshot {
    action_id: String,
    action: Action,
    action_sha256: Digest,
    decision: Decision,
    policy_sha256: Digest,
    redacted: Vec<String>,
    precedents: Option<Precedents>,
}

impl QuestionSnapshot {
    fn of(request: &ApprovalRequest<'_>) -> QuestionSnapshot {
        QuestionSnapshot {
            action_id: request.action_id.to_owned(),
            action: request.action.clone(),
            action_sha256: request.action_sha256,
            decision: request.decision.clone(),
            policy_sha256: request.policy_sha256,
            redacted: request.redacted.to_vec(),
            precedents: request.precedents.cloned(),
        }
    }

    /// The question.
    #[must_use]
    pub fn request(&self) -> ApprovalRequest<'_> {
        ApprovalRequest {
            action_id: &self.action_id,
            action: &self.action,
            action_sha256: self.action_sha256,
            decision: &self.decision,
            policy_sha256: self.policy_sha256,
            redacted: &self.redacted,
            precedents: self.precedents.as_ref(),
        }
    }
}

/// What a callback says.
#[derive(Clone, Debug)]
#[must_use = "an answer that is not returned is none"]
pub struct CallbackAnswer {
    said: Said,
    by: Option<String>,
}

#[derive(Clone, Debug)]
enum Said {
    Yes,
    No(Option<String>),
    Nothing(String),
}

impl CallbackAnswer {
    const fn new(said: Said) -> CallbackAnswer {
        CallbackAnswer { said, by: None }
    }

    /// Somebody said yes.
    pub const fn approved() -> CallbackAnswer {
        CallbackAnswer::new(Said::Yes)
    }

    /// Somebody said no, and perhaps why.
    pub const fn denied(why: Option<String>) -> CallbackAnswer {
        CallbackAnswer::new(Said::No(why))
    }

    /// Nobody answered, for this reason.
    pub fn unanswered(why: impl Into<String>) -> CallbackAnswer {
        CallbackAnswer::new(Said::Nothing(why.into()))
    }

    /// Who it was, as far as the embedding program knows.
    pub fn by(self, user: impl Into<String>) -> CallbackAnswer {
        CallbackAnswer { by: Some(user.into()), ..self }
    }

    fn about(self, request: &ApprovalRequest<'_>) -> Approval {
        let Ok(by) = Witness::callback(VIA, self.by) else {
            return request.nobody(Unanswered::new("it cannot be told who answered"));
        };
        match self.said {
            Said::Yes => request.approve(by),
            Said::No(why) => request.deny(by, why),
            Said::Nothing(why) => request.nobody(Unanswered::new(why)),
        }
    }
}

/// Why there is no answer, in the words of whoever was asked.
type Failure = Box<dyn Error + Send + Sync>;
type Callback = Arc<dyn Fn(QuestionSnapshot, Duration) -> Result<CallbackAnswer, Failure> + Send + Sync>;

/// Asks a function of the embedding program, on a thread of its own. What it answers counts as evidence 1,
/// whoever it says it was, since it is a program of the asking account that says so.
///
/// An error, a panic and a deadline are no answer, and what is said after the deadline is said to nobody.
/// While the function has not come back from a question before, nobody can be asked.
///
/// # Example: a function that blocks
/// ```
/// use aegis_runtime::{CallbackAnswer, CallbackApprover};
/// use std::time::Duration;
///
/// let approver = CallbackApprover::new(|question| {
///     let request = question.request();
///     // Show the parsed action and its digest to somebody, and wait for an answer. An error is no answer.
///     let answer = if request.action.target() == "staging" { "yes" } else { "no" }.to_owned();
///     Ok::<_, std::io::Error>(match answer.as_str() {
///         "yes" => CallbackAnswer::approved().by("ana"),
///         _ => CallbackAnswer::denied(Some("not today".to_owned())).by("ana"),
///     })
/// })
/// .deadline(Duration::from_secs(60));
/// # let _ = approver;
/// ```
///
/// # Example: a future
/// The future is polled on that thread, by no runtime in particular. What needs one does its work there, and
/// sends the answer back; where that end is dropped, nobody answered.
/// ```
/// use aegis_runtime::{CallbackAnswer, CallbackApprover, QuestionSnapshot};
/// use async_channel::{Sender, bounded};
///
/// // The other end is read by a task of the program's own runtime.
/// let (questions, asked) = async_channel::unbounded::<(QuestionSnapshot, Sender<CallbackAnswer>)>();
/// let approver = CallbackApprover::future(move |question| {
///     let questions = questions.clone();
///     async move {
///         let (answer, answered) = bounded(1);
///         questions.send((question, answer)).await.map_err(|_| "nobody reads questions")?;
///         answered.recv().await.map_err(|_| "the question was dropped")
///     }
/// });
/// # let _ = (approver, asked);
/// ```
pub struct CallbackApprover {
    callback: Callback,
    deadline: Duration,
    /// Whether a question before is still being asked.
    is_asking: Arc<AtomicBool>,
}

impl std::fmt::Debug for CallbackApprover {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CallbackApprover").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// Says that nobody is asking any more, however that came about.
struct Asking(Arc<AtomicBool>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl CallbackApprover {
    /// Asks this function, which may block.
    pub fn new<E: Into<Failure>>(
        callback: impl Fn(QuestionSnapshot) -> Result<CallbackAnswer, E> + Send + Sync + 'static,
    ) -> CallbackApprover {
        CallbackApprover::with(Arc::new(move |question, _| callback(question).map_err(Into::into)))
    }

    /// Asks by this future, which is dropped at the deadline.
    pub fn future<F, E>(callback: impl Fn(QuestionSnapshot) -> F + Send + Sync + 'static) -> CallbackApprover
    where
        F: Future<Output = Result<CallbackAnswer, E>>,
        E: Into<Failure>,
    {
        CallbackApprover::with(Arc::new(move |question, deadline| {
            pollster::block_on(contained(callback(question), Some(deadline)))
                .map_err(|lost| Failure::from(lost_words(lost)))?
                .map_err(Into::into)
        }))
    }

    fn with(callback: Callback) -> CallbackApprover {
        CallbackApprover { callback, deadline: DEADLINE, is_asking: Arc::default() }
    }

    /// Waits so long for an answer, instead of five minutes.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> CallbackApprover {
        CallbackApprover { deadline, ..self }
    }

    fn begin(&self, question: QuestionSnapshot, answers: SyncSender<Result<CallbackAnswer, String>>) -> bool {
        self.is_asking.store(true, Ordering::SeqCst);
        let (asking, callback) = (Asking(Arc::clone(&self.is_asking)), Arc::clone(&self.callback));
        let deadline = self.deadline;
        let ask = move || {
            // What an error says is put together by others, too.
            let said = contained_call(|| callback(question, deadline).map_err(|error| error.to_string()));
            let said = said.unwrap_or_else(|lost| Err(lost_words(lost)));
            drop(asking);
            let _ = answers.send(said);
        };
        thread::Builder::new().name("aegis-approver".to_owned()).spawn(ask).is_ok()
    }
}

fn lost_words(lost: Lost) -> String {
    match lost {
        Lost::Panicked(words) => format!("whoever asks for approval panicked: {words}"),
        Lost::Deadline(_) => "nobody answered in time".to_owned(),
    }
}

impl Approver for CallbackApprover {
    fn absent(&self) -> Option<Unanswered> {
        let is_asking = self.is_asking.load(Ordering::SeqCst);
        is_asking.then(|| Unanswered::new("the callback has not come back from a question before"))
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        if let Some(absent) = self.absent() {
            return request.nobody(absent);
        }
        let (answers, answer) = sync_channel(1);
        if !self.begin(QuestionSnapshot::of(request), answers) {
            return request.nobody(Unanswered::new("the system has no thread to ask on"));
        }
        match answer.recv_timeout(self.deadline) {
            Ok(Ok(answer)) => answer.about(request),
            Ok(Err(why)) => request.nobody(Unanswered::new(why)),
            Err(RecvTimeoutError::Timeout) => request.nobody(Unanswered::new("nobody answered in time")),
            Err(RecvTimeoutError::Disconnected) => {
                request.nobody(Unanswered::new("the callback ended without an answer"))
            }
        }
    }
}
