//! Actions that are requests to one server: what may be read is read, what would change something is not.
//!
//! Run it: `cargo run -p aegis-runtime --features http --example http -- https://api.github.com /zen`.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aegis_engine::{Action, Digest, Source, load, to_json_line};
use aegis_runtime::{HttpExecutor, Report, Runtime};

const POLICY: &[u8] = b"
version: 1
rules:
  - { name: reads_are_fine, match: { type: [get, head] }, approval: auto, risk_level: low }
  - { name: nothing_else, approval: block }
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(base), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("give the address of a server, and a path on it".into());
    };
    let directory = tempfile::tempdir()?;
    for result in govern(directory.path(), &base, &target)?.results() {
        let output = to_json_line(result.output())?;
        writeln!(std::io::stdout(), "{} {output}", result.status())?;
    }
    Ok(())
}

pub(crate) fn govern(directory: &Path, base: &str, target: &str) -> Result<Report, Box<dyn Error>> {
    // Headers of every request are no part of any action: no log has them, and no agent can change them.
    let executor = HttpExecutor::builder(base).header("user-agent", "aegis-example").build()?;
    let policy = load(&[Source { text: POLICY }]).policy.ok_or("the policy is not valid")?;
    let runtime = Runtime::builder()
        .policy(Arc::new(policy), Digest::of(POLICY))
        .log(directory.join("log.db"))
        .executor(executor)
        .build()?;
    let action = |kind: &str| Action::from_value(serde_json::json!({"type": kind, "target": target}));
    let plan = runtime.plan([action("get")?, action("delete")?]);
    Ok(runtime.blocking().execute(plan))
}
