//! The calls of an input, while it is being read.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::call::{Call, Reading};
use crate::call_error::CallError;
use crate::draft::Draft;
use crate::format::CallFormat;

/// Every call so far, in order.
#[derive(Debug)]
pub(crate) struct Gathered<'t> {
    format: CallFormat,
    target: Option<&'t str>,
    calls: Vec<Call>,
}

impl<'t> Gathered<'t> {
    pub(crate) const fn new(format: CallFormat, target: Option<&'t str>) -> Gathered<'t> {
        Gathered { format, target, calls: Vec::new() }
    }

    pub(crate) fn add(&mut self, draft: Draft) {
        self.calls.push(draft.finish(self.format, self.target));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// The ids of those so far.
    pub(crate) fn ids(&self) -> HashSet<String> {
        self.calls.iter().filter_map(|call| call.id.clone()).collect()
    }

    /// Whether one of them is to be decided about that has this name and these arguments.
    pub(crate) fn holds(&self, name: &str, arguments: &Map<String, Value>) -> bool {
        let mut actions = self.calls.iter().filter_map(Call::action);
        actions.any(|action| action.kind() == name && action.params() == arguments)
    }

    /// Refuses the last one that was not run yet, of those from `since` on. Of those that are refused already
    /// it is left at that.
    pub(crate) fn refuse_last(&mut self, since: usize, problem: CallError) {
        let own = self.calls.iter_mut().skip(since);
        let last = own.filter(|call| !matches!(call.reading, Reading::Observed(_))).last();
        if let Some(call) = last.filter(|call| matches!(call.reading, Reading::Action(_))) {
            call.reading = Reading::Refused(problem);
        }
    }

    /// Refuses the last one that can be decided about, where those that cannot do not stand in their order.
    pub(crate) fn refuse_last_action(&mut self, problem: CallError) {
        let actions = self.calls.iter_mut().filter(|call| call.action().is_some());
        if let Some(call) = actions.last() {
            call.reading = Reading::Refused(problem);
        }
    }

    /// Refuses all that were not run yet, of those from `since` on.
    pub(crate) fn refuse_all(&mut self, since: usize, problem: &CallError) {
        for call in self.calls.iter_mut().skip(since) {
            if matches!(call.reading, Reading::Action(_)) {
                call.reading = Reading::Refused(problem.clone());
            }
        }
    }

    /// The calls. Of several with one id none is left: which one an answer is for could not be told.
    pub(crate) fn finish(mut self) -> Vec<Call> {
        let mut times: HashMap<String, usize> = HashMap::new();
        for id in self.calls.iter().filter_map(|call| call.id.clone()) {
            *times.entry(id).or_default() += 1;
        }
        for call in &mut self.calls {
            if let Some(id) = call.id.as_ref().filter(|id| times.get(*id).is_some_and(|times| *times > 1))
                && !matches!(call.reading, Reading::Refused(_))
            {
                call.reading = Reading::Refused(CallError::RepeatedId { id: id.clone() });
            }
        }
        self.calls
    }
}
