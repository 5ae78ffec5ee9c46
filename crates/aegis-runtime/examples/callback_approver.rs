//! An approver of one's own: a question goes to a chat, and the answer of a person comes back from there.
//!
//! Run it: `cargo run -p aegis-runtime --example callback_approver`.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use aegis_engine::{Action, Digest, Source, escape, load};
use aegis_runtime::{
    Approval, ApprovalRequest, Approver, Executed, Report, Runtime, Unanswered, Witness, executor_fn,
};

/// Where questions go, and answers come from: here, two channels.
struct Chat {
    questions: Sender<String>,
    answers: Receiver<bool>,
    by: Witness,
}

impl Approver for Chat {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        // What is shown is the parsed action and its digest, and never as the agent wrote it.
        let (kind, target) = (escape(request.action.kind()), escape(request.action.target()));
        let question = format!("{kind} {target}, SHA-256 {}: yes or no?", request.action_sha256);
        if self.questions.send(question).is_err() {
            return request.nobody(Unanswered::new("nobody is in the chat"));
        }
        // Silence is no answer, and neither is an error.
        match self.answers.recv_timeout(Duration::from_secs(60)) {
            Ok(true) => request.approve(self.by.clone()),
            Ok(false) => request.deny(self.by.clone(), Some("not in business hours".to_owned())),
            Err(_) => request.nobody(Unanswered::new("nobody answered in the chat")),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    for result in govern(directory.path())?.results() {
        writeln!(std::io::stdout(), "{}: {}", result.status(), result.reason())?;
    }
    Ok(())
}

pub(crate) fn govern(directory: &Path) -> Result<Report, Box<dyn Error>> {
    let (questions, asked) = channel::<String>();
    let (answer, answers) = channel();
    // Ana reads the chat. She likes restarts, and nothing else.
    std::thread::spawn(move || {
        for question in asked {
            let _ = answer.send(question.starts_with("restart "));
        }
    });
    let by = Witness::callback("chat", Some("ana".to_owned()))?;
    let text = b"version: 1\nrules: []\n";
    let policy = load(&[Source { text }]).policy.ok_or("the policy is not valid")?;
    let runtime = Runtime::builder()
        .policy(Arc::new(policy), Digest::of(text))
        .log(directory.join("log.db"))
        .approver(Chat { questions, answers, by })
        .executor(executor_fn(|_action, _leave| Ok(Executed::without_output())))
        .build()?;
    let actions = [r#"{"type":"restart","target":"web"}"#, r#"{"type":"deploy","target":"web"}"#];
    let actions = actions.map(|text| Action::from_json(text.as_bytes()));
    let plan = runtime.plan(actions.into_iter().collect::<Result<Vec<_>, _>>()?);
    Ok(runtime.blocking().execute(plan))
}
