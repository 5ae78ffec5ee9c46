//! An executor that does what the type of an action says.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use aegis_engine::Action;
use aegis_runtime::{BoxFuture, Executed, Executor, ExecutorError, Proceed};

/// What was asked of the executor, in order.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(crate) fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, note: &str) -> usize {
        self.all().iter().filter(|other| *other == note).count()
    }
}

/// Does what the type of an action says.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    pub(crate) notes: Notes,
    /// What becomes of setting it up: `fail`, `panic`, `hang`, or anything else for nothing in particular.
    pub(crate) set_up: &'static str,
    /// The same for putting it away.
    pub(crate) tear_down: &'static str,
}

impl Scripted {
    pub(crate) fn new() -> Scripted {
        Scripted::default()
    }
}

/// Is pending once, and wakes at once.
pub(crate) async fn pause() {
    let mut has_paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn act(what: &str) -> Result<(), ExecutorError> {
    pause().await;
    match what {
        "fail" => return Err(ExecutorError::new("it is broken").with_help("mend it").with_output(17)),
        "panic" => panic!("oh no"),
        "hang" => pending().await,
        _ => {}
    }
    pause().await;
    Ok(())
}

impl Executor for Scripted {
    fn execute<'a>(
        &'a self,
        action: &'a Action,
        leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
        assert_eq!(leave.answered().action_sha256(), action.digest(), "leave is for one action");
        assert_ne!(action.kind(), "panic_at_once", "oh no");
        Box::pin(async move {
            let _leave = leave;
            self.notes.add(format!("do {}", action.kind()));
            act(action.kind()).await?;
            if let Some(secret) = action.params().get("password") {
                return Err(ExecutorError::new(format!("no such user, with {secret} as the password")));
            }
            Ok(Executed::with_output(format!("did {}", action.kind())))
        })
    }

    fn verify<'a>(
        &'a self,
        action: &'a Action,
        executed: &'a Executed,
    ) -> BoxFuture<'a, Option<Result<(), ExecutorError>>> {
        Box::pin(async move {
            let what = action.kind().strip_prefix("verify_")?;
            assert_eq!(executed.output(), &format!("did {}", action.kind()));
            self.notes.add(format!("verify {}", action.kind()));
            Some(act(what).await)
        })
    }

    fn rollback(&self, action: &Action, executed: &Executed) -> Vec<Action> {
        assert_eq!(executed.output(), &format!("did {}", action.kind()));
        let undoing: &[&str] = match action.kind() {
            "create" => &["uncreate"],
            "create_two" => &["undo_first", "fail", "undo_last"],
            "create_blocked" => &["delete_again"],
            "create_panic" => panic!("it cannot be undone"),
            _ => &[],
        };
        undoing.iter().map(|kind| crate::governed::action(kind)).collect()
    }

    fn set_up(&self) -> BoxFuture<'_, Result<(), ExecutorError>> {
        self.notes.add("set up");
        Box::pin(act(self.set_up))
    }

    fn tear_down(&self) -> BoxFuture<'_, ()> {
        self.notes.add("tear down");
        Box::pin(async {
            let _ = act(self.tear_down).await;
            self.notes.add("torn down");
        })
    }
}
