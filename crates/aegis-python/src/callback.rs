//! Asking through Python: the question is handed out, and the answer handed in.

use std::time::Duration;

use aegis_engine::{escape, to_json_line};
use aegis_runtime::{Approval, ApprovalRequest, Approver, Unanswered, Witness};
use async_channel::{Receiver, RecvError, Sender, bounded};
use futures_util::future::{Either, select};

/// How this way of asking is called in records.
const VIA: &str = "callback";

/// What Python says.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Yes, no, or nothing.
    pub(crate) answer: Option<bool>,
    /// Why.
    pub(crate) why: Option<String>,
    /// Who, as far as the program knows.
    pub(crate) user: Option<String>,
}

/// A question, and where its answer goes. Where that end is dropped, nobody answered.
pub(crate) struct Asked {
    pub(crate) request: String,
    pub(crate) answer: Sender<Reply>,
}

/// Hands questions out.
pub(crate) struct PythonApprover {
    questions: Sender<Asked>,
    deadline: Duration,
}

impl PythonApprover {
    /// One whose questions are received at the other end.
    pub(crate) fn new(deadline: Duration) -> (PythonApprover, Receiver<Asked>) {
        let (questions, asked) = bounded(1);
        (PythonApprover { questions, deadline }, asked)
    }
}

impl Approver for PythonApprover {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        let Ok(text) = to_json_line(&request.to_json()) else {
            return request.nobody(Unanswered::new("the question cannot be written as JSON"));
        };
        let (answer, answered) = bounded(1);
        if self.questions.send_blocking(Asked { request: text, answer }).is_err() {
            return request.nobody(Unanswered::new("there is nobody to ask any more"));
        }
        match wait(&answered, self.deadline) {
            Some(Ok(reply)) => approval(request, reply),
            Some(Err(RecvError)) => request.nobody(Unanswered::new("the question was given up")),
            None => request.nobody(Unanswered::new("nobody answered in time")),
        }
    }
}

fn wait(answered: &Receiver<Reply>, deadline: Duration) -> Option<Result<Reply, RecvError>> {
    let timer = futures_timer::Delay::new(deadline);
    pollster::block_on(async {
        match select(Box::pin(answered.recv()), timer).await {
            Either::Left((reply, _)) => Some(reply),
            Either::Right(_) => None,
        }
    })
}

fn approval(request: &ApprovalRequest<'_>, reply: Reply) -> Approval {
    let user = reply.user.as_deref().map(escape);
    let Ok(by) = Witness::callback(VIA, user) else {
        return request.nobody(Unanswered::new("it cannot be told who answered"));
    };
    match reply.answer {
        Some(true) => request.approve(by),
        Some(false) => request.deny(by, reply.why),
        None => request.nobody(Unanswered::new(reply.why.unwrap_or_else(|| "nobody answered".to_owned()))),
    }
}

/// Nobody, for actions that need none.
pub(crate) struct Nobody(pub(crate) &'static str);

impl Approver for Nobody {
    fn absent(&self) -> Option<Unanswered> {
        Some(Unanswered::new(self.0))
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.nobody(Unanswered::new(self.0))
    }
}
