//! One policy and three actions: one is done, one is asked about first, one is blocked.
//!
//! Run it at a terminal: `cargo run -p aegis-runtime --example quickstart`. It leaves its log,
//! `aegis_audit.db`, in the directory where it is run.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aegis_engine::{Action, Digest, Source, escape, load};
use aegis_runtime::{Approver, Executed, Runtime, TerminalApprover, TerminalOptions, executor_fn};

const POLICY: &[u8] = br#"
version: "1"
rules:
  - { name: reads_are_fine, match: { type: read }, approval: auto, risk_level: low }
  - { name: updates_are_asked_about, match: { type: bulk_update }, approval: approve, risk_level: medium }
  - { name: deletes_are_blocked, match: { type: delete }, approval: block, risk_level: critical }
"#;

const ACTIONS: [&str; 3] = [
    r#"{"type":"read","target":"crm"}"#,
    r#"{"type":"bulk_update","target":"crm","params":{"count":5}}"#,
    r#"{"type":"delete","target":"crm","params":{"id":7}}"#,
];

fn main() -> Result<(), Box<dyn Error>> {
    let options =
        TerminalOptions { timeout: Duration::from_secs(300), color: true, plain: false, ascii: false };
    let table = govern(Path::new("aegis_audit.db"), TerminalApprover::new(options))?;
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}

pub(crate) fn govern(log: &Path, approver: impl Approver + 'static) -> Result<String, Box<dyn Error>> {
    let policy = load(&[Source { text: POLICY }]).policy.ok_or("the policy is not valid")?;
    let runtime = Runtime::builder()
        .policy(Arc::new(policy), Digest::of(POLICY))
        .log(log)
        .approver(approver)
        .executor(executor_fn(|action, _leave| Ok(Executed::with_output(action.target()))))
        .build()?;
    let actions = ACTIONS.map(|text| Action::from_json(text.as_bytes()));
    let plan = runtime.plan(actions.into_iter().collect::<Result<Vec<_>, _>>()?);
    let report = runtime.blocking().execute(plan);

    let mut table = String::new();
    for result in report.results() {
        let (kind, decision) =
            (escape(result.action().kind()), result.answered().map(|it| it.answer().as_str()));
        writeln!(table, "{kind:<12}  {:<9}  {}", decision.unwrap_or("-"), result.status())?;
    }
    Ok(table)
}
