//! `started`: what was allowed is about to be done.

use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::kind::EventKind;
use super::text::Text;

/// Which process sees to an action, and will record its end: so that it can be told later whether it still
/// does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorder {
    /// Its number on its machine.
    pub pid: u32,
    /// When it began, in the kernel's ticks since the machine was started. Numbers of processes are used
    /// again.
    pub began: u64,
    /// Which start of the machine that counts from, as the kernel names it.
    pub boot: String,
}

/// What was allowed is about to be done.
#[derive(Clone, Copy, Debug)]
pub struct Started<'a> {
    /// The id of the action.
    pub action_id: &'a str,
    /// The session that it belongs to.
    pub session_id: &'a str,
    /// Which process sees to it, where the system tells.
    pub recorder: Option<&'a Recorder>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedBody<S = String> {
    /// The session that the action belongs to.
    pub session_id: S,
    /// Which process sees to it.
    pub recorder: Option<Recorder>,
    /// The number of the action's `decided` event, by whose leave it is done.
    pub decided_seq: Option<u64>,
}

impl<'a> Happening<'a> for Started<'a> {
    type Body = StartedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        self.action_id
    }

    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        Some((self.action_id, EventKind::Decided))
    }

    fn stored(&self, decided_seq: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let (session_id, recorder) = (self.session_id.into(), self.recorder.cloned());
        (StartedBody { session_id, recorder, decided_seq }, None)
    }
}

impl<S> Body for StartedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::of_decision(self.decided_seq))
    }

    fn record(&self, _: u64) -> Option<u64> {
        self.decided_seq
    }
}
