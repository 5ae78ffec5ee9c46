//! Futures of others, whose panics and delays go no further.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_timer::Delay;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use crate::executor::panic_message;

/// Why there is nothing of a future.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It panicked, with these words.
    Panicked(String),
    /// It took longer than this.
    Deadline(Duration),
}

/// Polls a future until it is done, panics, or takes too long; then it is dropped.
pub(crate) async fn contained<T>(
    future: impl Future<Output = T>,
    deadline: Option<Duration>,
) -> Result<T, Lost> {
    let mut future = Box::pin(AssertUnwindSafe(future).catch_unwind());
    // What nobody lives to see is none.
    let deadline = deadline.filter(|deadline| Instant::now().checked_add(*deadline).is_some());
    let done = match deadline {
        None => Ok(future.as_mut().await),
        Some(deadline) => match select(future.as_mut(), pin!(Delay::new(deadline))).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(((), _)) => Err(Lost::Deadline(deadline)),
        },
    };
    // Putting it away may panic as well.
    let put_away = contained_call(|| drop(future));
    let done = done?.map_err(|panic| Lost::Panicked(panic_message(&*panic).to_owned()))?;
    put_away.map(|()| done)
}

/// Calls what may panic; that goes no further.
pub(crate) fn contained_call<T>(call: impl FnOnce() -> T) -> Result<T, Lost> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| Lost::Panicked(panic_message(&*panic).to_owned()))
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    /// Panics when it is dropped.
    struct Grudge;

    impl Drop for Grudge {
        fn drop(&mut self) {
            panic!("not like this");
        }
    }

    /// Is ready at once, and keeps what it has until it is dropped.
    struct Quick {
        _grudge: Grudge,
    }

    impl Future for Quick {
        type Output = ();

        fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
            std::task::Poll::Ready(())
        }
    }

    #[test]
    fn a_future_of_others_does_no_harm() {
        let short = Some(Duration::from_millis(5));
        assert_eq!(pollster::block_on(contained(ready(1), None)), Ok(1));
        assert_eq!(pollster::block_on(contained(ready(1), Some(Duration::MAX))), Ok(1));
        let late = contained(pending::<()>(), short);
        assert_eq!(pollster::block_on(late), Err(Lost::Deadline(Duration::from_millis(5))));
        let panics = contained(async { assert!(pollster::block_on(ready(false)), "oh no") }, None);
        assert_eq!(pollster::block_on(panics), Err(Lost::Panicked("oh no".to_owned())));
        let grudge = async {
            let _grudge = Grudge;
            pending::<()>().await;
        };
        assert_eq!(
            pollster::block_on(contained(grudge, short)),
            Err(Lost::Deadline(Duration::from_millis(5)))
        );
        assert_eq!(
            pollster::block_on(contained(Quick { _grudge: Grudge }, None)),
            Err(Lost::Panicked("not like this".to_owned()))
        );
        let call = contained_call(|| drop(Grudge));
        assert_eq!(call, Err(Lost::Panicked("not like this".to_owned())));
    }
}
