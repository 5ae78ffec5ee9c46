//! A place with a log, a policy, and what a runtime wrote there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_engine::{Action, Digest, Policy, Source, load};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_runtime::{
    Approval, ApprovalRequest, Approver, Executor, Report, Runtime, RuntimeBuilder, Witness,
};
use aegis_testkit::{Log, Place};

/// Everything is allowed, but for what is asked about and what is blocked.
pub(crate) const POLICY: &str = "version: '1'
defaults: { approval: auto, risk_level: low }
rules:
  - { name: ask_first, match: { type: 'ask*' }, approval: approve, risk_level: high }
  - { name: never, match: { type: 'delete*' }, approval: block, risk_level: critical }
";

pub(crate) fn policy(text: &str) -> (Arc<Policy>, Digest) {
    let loaded = load(&[Source { text: text.as_bytes() }]);
    (
        Arc::new(loaded.policy.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))),
        Digest::of(text.as_bytes()),
    )
}

pub(crate) fn action(kind: &str) -> Action {
    Action::from_json(format!(r#"{{"type":"{kind}","target":"crm"}}"#).as_bytes()).unwrap()
}

pub(crate) fn actions(kinds: &[&str]) -> Vec<Action> {
    kinds.iter().map(|kind| action(kind)).collect()
}

/// Says yes to `ask`, no to `ask_no`, and nothing to `ask_nobody`.
pub(crate) struct Ana;

impl Approver for Ana {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        let by = Witness::callback("test", Some("ana".to_owned())).unwrap();
        match request.action.kind() {
            "ask_no" => request.deny(by, Some("not today".to_owned())),
            "ask_nobody" => request.nobody(aegis_runtime::Unanswered::new("ana is away")),
            "ask_panic" => panic!("ana fell over"),
            _ => request.approve(by),
        }
    }
}

/// A runtime, and the place that it writes to.
pub(crate) struct Governed {
    pub(crate) place: Place,
    pub(crate) runtime: Runtime,
}

impl Governed {
    pub(crate) fn new(executor: impl Executor + 'static) -> Governed {
        Governed::with(executor, |builder| builder)
    }

    pub(crate) fn with(
        executor: impl Executor + 'static,
        more: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder,
    ) -> Governed {
        let place = Place::new();
        let (policy, digest) = policy(POLICY);
        let builder =
            Runtime::builder().policy(policy, digest).log(&place.log).executor(executor).approver(Ana);
        let runtime = more(builder).build().unwrap();
        Governed { place, runtime }
    }

    /// Plans these actions and executes the plan.
    pub(crate) fn execute(&self, kinds: &[&str]) -> Report {
        self.runtime.blocking().execute(self.runtime.plan(actions(kinds)))
    }

    /// What the log has, once it has all, checked by somebody who knows nothing but the format.
    pub(crate) fn records(&self) -> Vec<Record> {
        pollster::block_on(self.runtime.settled());
        let _ = Log::verified(&self.place.log).unwrap();
        self.place.records(&Filter::default())
    }

    /// Type and result of each action in the log.
    pub(crate) fn results(&self) -> Vec<String> {
        let line = |record: Record| {
            let result = record.result_status.map_or("unknown", |status| status.as_str());
            format!("{} {result}", record.action_type)
        };
        self.records().into_iter().map(line).collect()
    }

    /// The kinds of the events in the log.
    pub(crate) fn events(&self) -> Vec<String> {
        pollster::block_on(self.runtime.settled());
        let rows = Log::verified(&self.place.log).unwrap().rows;
        rows.into_iter().map(|row| row.kind).collect()
    }
}

/// The statuses of a report's results.
pub(crate) fn statuses(report: &Report) -> Vec<&'static str> {
    report.results().iter().map(|result| result.status().as_str()).collect()
}

/// Waits until something is so.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came to be so");
        std::thread::sleep(Duration::from_millis(2));
    }
}
