//! The executor that speaks HTTP: an action is a request to one server.

mod exchange;
mod host_names;
mod request;
mod set_up;
mod target;

use std::fmt;
use std::panic::resume_unwind;
use std::time::Duration;

use aegis_engine::Action;
pub use request::RequestError;
use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use set_up::HttpSetUpError;
pub use target::TargetError;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use self::exchange::{Bounds, exchange};
use self::request::{Onto, Request};
use self::set_up::{base_address, client, header, threads};
use crate::executor::{BoxFuture, Executed, Executor, ExecutorError};
use crate::gate::Proceed;

/// How long a request may take, unless the executor is told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes the body of an answer may have, unless the executor is told otherwise.
const ANSWER_BYTES: usize = 10 * 1024 * 1024;
/// How many redirects are followed, unless the executor is told otherwise.
const REDIRECTS: usize = 5;

/// Does actions that are requests to one server.
///
/// | of the action | is |
/// |---|---|
/// | `type` | the method: `get`, `post`, `put`, `patch`, `delete`, `head`, `options` |
/// | `target` | a path below the base, such as `/users` |
/// | `params.base` | if given, the executor's own [base](HttpExecutor::base), for policies to go by |
/// | `params.query` | an object, which becomes the query |
/// | `params.headers` | an object of headers besides those that every request has |
/// | `params.json` | the body, as JSON |
/// | `params.form` | the body, as a form |
/// | `params.timeout` | how long it may take, in seconds or as `"1m 30s"`; never longer than the executor's |
///
/// Nothing else is understood, and what is not understood is refused before anything is sent. Success is a
/// status of 2xx; any other is a failure, whose message names the status and whose output is the answer.
///
/// # What was decided is what is sent
/// A path has one spelling, since policies match its text: an address with a host, `..`, an empty part, a
/// query, and letters written as `%61` are refused. No header of an action names another host, method or
/// path, or replaces one of the executor's own. A redirect is followed below the base address alone,
/// unless [asked otherwise](HttpExecutorBuilder::leave_host), and only by a request that changes nothing;
/// headers stay behind where the host is left. No proxy of the environment is used, and names are resolved
/// without the system's name service.
///
/// The executor has a thread of its own, so that it can be polled by any runtime, and waited for without one.
///
/// # Example
/// ```
/// use std::time::Duration;
///
/// use aegis_runtime::HttpExecutor;
///
/// let executor = HttpExecutor::builder("https://api.example.com/v1")
///     .header("authorization", "Bearer from-a-vault")
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// # let _ = executor;
/// # Ok::<(), aegis_runtime::HttpSetUpError>(())
/// ```
pub struct HttpExecutor {
    onto: Onto,
    client: Client,
    bounds: Bounds,
    /// Always there, until the executor is dropped.
    threads: Option<Runtime>,
}

/// What an [`HttpExecutor`] is made from.
#[derive(Clone)]
#[must_use = "an executor is there once it is built"]
pub struct HttpExecutorBuilder {
    base: String,
    headers: Vec<(String, String)>,
    roots: Vec<Vec<u8>>,
    bounds: Bounds,
    encodes_slashes: bool,
}

impl HttpExecutor {
    /// Begins with the address that every target is below: `https://api.example.com/v1`.
    pub fn builder(base: impl Into<String>) -> HttpExecutorBuilder {
        let bounds =
            Bounds { timeout: TIMEOUT, answer_bytes: ANSWER_BYTES, redirects: REDIRECTS, leaves_host: false };
        let (headers, roots) = (Vec::new(), Vec::new());
        HttpExecutorBuilder { base: base.into(), headers, roots, bounds, encodes_slashes: false }
    }

    /// The address that every target is below, in the one spelling that an action may name it by.
    #[must_use]
    pub fn base(&self) -> &str {
        self.onto.base.as_str()
    }

    /// Whether an action is a request that can be sent. Nobody needs to be asked about one that cannot.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self, action: &Action) -> Result<(), RequestError> {
        Request::of(action, &self.onto).map(|_| ())
    }

    /// Does an action, and waits for that on this thread.
    ///
    /// # Errors
    /// As [`execute`](Executor::execute).
    pub fn execute_blocking(&self, action: &Action, leave: Proceed) -> Result<Executed, ExecutorError> {
        pollster::block_on(self.execute(action, leave))
    }
}

impl Executor for HttpExecutor {
    fn execute<'a>(
        &'a self,
        action: &'a Action,
        leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
        Box::pin(async move {
            if leave.answered().action_sha256() != action.digest() {
                return Err(ExecutorError::new("leave was given for another action than this one"));
            }
            // What it is leave for is done below, once.
            drop(leave);
            let request = Request::of(action, &self.onto)
                .map_err(|error| ExecutorError::new(error.to_string()).with_help(error.help()))?;
            let threads =
                self.threads.as_ref().ok_or_else(|| ExecutorError::new("the executor is put away"))?;
            let mut task = Task(threads.spawn(exchange(self.client.clone(), request, self.bounds)));
            match (&mut task.0).await {
                Ok(done) => done,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => Err(ExecutorError::new("the request was given up")),
                },
            }
        })
    }
}

/// A request under way, which ends with whoever waits for it.
struct Task(JoinHandle<Result<Executed, ExecutorError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for HttpExecutor {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            // It waits for nothing, since that may happen on a thread that must not.
            threads.shutdown_background();
        }
    }
}

impl fmt::Debug for HttpExecutor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers are secrets.
        formatter.debug_struct("HttpExecutor").field("base", &self.onto.base.as_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpExecutorBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpExecutorBuilder").finish_non_exhaustive()
    }
}

impl HttpExecutorBuilder {
    /// With a header that every request has. It is no part of any action, so that no log has it, and no
    /// action can change it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> HttpExecutorBuilder {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a limit for how long a request may take, redirects and the reading of the answer included.
    pub fn timeout(mut self, timeout: Duration) -> HttpExecutorBuilder {
        self.bounds.timeout = timeout;
        self
    }

    /// With a limit for how many bytes the body of an answer may have.
    pub fn most_answer_bytes(mut self, bytes: usize) -> HttpExecutorBuilder {
        self.bounds.answer_bytes = bytes;
        self
    }

    /// With a limit for how many redirects are followed; 0 follows none.
    pub fn most_redirects(mut self, redirects: usize) -> HttpExecutorBuilder {
        self.bounds.redirects = redirects;
        self
    }

    /// Lets redirects lead out of the base address, and to other hosts. No header of the request goes to
    /// those.
    pub fn leave_host(mut self) -> HttpExecutorBuilder {
        self.bounds.leaves_host = true;
        self
    }

    /// Lets targets have `%2F` in them, as some servers want it for names that hold a `/`. Others take it for
    /// `/`, and so for another path than a policy saw; for those, leave this out.
    pub fn encoded_slashes(mut self) -> HttpExecutorBuilder {
        self.encodes_slashes = true;
        self
    }

    /// Trusts the authorities of these certificates (PEM) too, besides those that browsers do.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> HttpExecutorBuilder {
        self.roots.push(pem.into());
        self
    }

    /// Makes the executor, and starts its thread. Nothing is sent yet.
    ///
    /// # Errors
    /// When the base, a header or a certificate is not what it should be, or the system has no thread to
    /// give.
    pub fn build(self) -> Result<HttpExecutor, HttpSetUpError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let (name, value): (HeaderName, HeaderValue) = header(name, value)?;
            headers.append(name, value);
        }
        Ok(HttpExecutor {
            onto: Onto { base: base_address(&self.base)?, headers, encodes_slashes: self.encodes_slashes },
            client: client(&self.roots)?,
            bounds: self.bounds,
            threads: Some(threads()?),
        })
    }
}
