//! Setting an executor up once, and putting it away whatever happens.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use crate::contained::contained;
use crate::executor::{BoxFuture, Executor, ExecutorError};

/// An executor for the length of one plan.
pub(super) struct Bench {
    executor: Arc<dyn Executor>,
    state: State,
}

enum State {
    /// Nothing was set up.
    Untouched,
    /// It was begun, and must be put away.
    Begun,
    /// It is ready, or never will be.
    Done(Result<(), ExecutorError>),
    /// It is put away.
    PutAway,
}

impl Bench {
    pub(super) fn new(executor: Arc<dyn Executor>) -> Bench {
        Bench { executor, state: State::Untouched }
    }

    /// Sets the executor up, the first time. What came of that holds from then on.
    pub(super) async fn set_up(&mut self) -> Result<(), ExecutorError> {
        match &self.state {
            State::Untouched => {
                self.state = State::Begun;
                let done = self.executor.set_up().await;
                self.state = State::Done(done.clone());
                done
            }
            State::Done(done) => done.clone(),
            // It panicked, or took too long.
            State::Begun | State::PutAway => {
                Err(ExecutorError::new("it was not set up in time, or panicked"))
            }
        }
    }

    /// Puts the executor away, if it was set up, or that was begun.
    pub(super) async fn tear_down(mut self) {
        if let Some(putting_away) = self.putting_away() {
            putting_away.await;
        }
    }

    fn putting_away(&mut self) -> Option<PuttingAway> {
        match std::mem::replace(&mut self.state, State::PutAway) {
            State::Untouched | State::PutAway => None,
            State::Begun | State::Done(_) => Some(PuttingAway::of(Arc::clone(&self.executor))),
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Whoever waited has given up. It goes on by itself.
        drop(self.putting_away());
    }
}

/// Puts an executor away. If it is dropped before that is done, it goes on on a thread of its own.
struct PuttingAway(Option<BoxFuture<'static, ()>>);

impl PuttingAway {
    fn of(executor: Arc<dyn Executor>) -> PuttingAway {
        PuttingAway(Some(Box::pin(async move {
            let _ = contained(async { executor.tear_down().await }, None).await;
        })))
    }
}

impl Future for PuttingAway {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.0 else { return Poll::Ready(()) };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl Drop for PuttingAway {
    fn drop(&mut self) {
        let Some(future) = self.0.take() else { return };
        // Where there is no thread for it, it is done here all the same.
        let left = Arc::new(Mutex::new(Some(future)));
        let work = Arc::clone(&left);
        let thread = thread::Builder::new().name("aegis-tear-down".to_owned());
        if thread.spawn(move || finish(&work)).is_err() {
            finish(&left);
        }
    }
}

fn finish(left: &Mutex<Option<BoxFuture<'static, ()>>>) {
    let future = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(future) = future {
        pollster::block_on(future);
    }
}
