//! The program at the terminal: asks as its settings say, and writes what came of it to a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use aegis_engine::{Action, Decision, Digest, Source, load};
use aegis_runtime::{Approval, ApprovalRequest, Approver, Precedents, TerminalApprover, TerminalOptions};
use aegis_testkit::PATIENCE;
use nix::libc;
use nix::sys::termios::{
    FlowArg, SetArg, SpecialCharacterIndices, Termios, cfmakeraw, tcflow, tcgetattr, tcsetattr,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Tells this program to be the one that asks. The value names the file of its [`Settings`].
pub(crate) const SETTINGS: &str = "AEGIS_TEST_PROGRAM";
/// Names the file for the result, where the settings' own name will not do.
pub(crate) const RESULT: &str = "AEGIS_TEST_RESULT";
/// The name of the test that is the program.
pub(crate) const PROGRAM: &str = "program::asks_at_the_terminal";

/// What the program does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Settings {
    /// Where files are exchanged.
    pub(crate) directory: PathBuf,
    pub(crate) action: Value,
    pub(crate) risk: String,
    pub(crate) timeout_ms: u64,
    pub(crate) color: bool,
    /// How many approvers ask, one after the other.
    pub(crate) questions: u32,
    /// Leaves the terminal as a program that reads keys would.
    pub(crate) raw: bool,
    /// Stops the terminal's output, as ^S does.
    pub(crate) output_stopped: bool,
    /// Says `ready` and waits for the file `go` before asking.
    pub(crate) waits_before: bool,
    /// Says `asked` and waits for the file `go` after asking.
    pub(crate) waits_after: bool,
    /// Handles SIGINT itself.
    pub(crate) handles_sigint: bool,
    /// In plain lines.
    pub(crate) plain: bool,
    /// Nothing beyond ASCII.
    pub(crate) ascii: bool,
    /// Holds signals from before the first question until the end, as the gate does.
    pub(crate) holds: bool,
}

impl Settings {
    pub(crate) fn new(directory: &Path) -> Settings {
        Settings {
            directory: directory.to_owned(),
            action: json!({ "type": "bulk_update", "target": "crm" }),
            risk: "medium".to_owned(),
            timeout_ms: 2 * u64::try_from(PATIENCE.as_millis()).unwrap(),
            color: false,
            questions: 1,
            raw: false,
            output_stopped: false,
            waits_before: false,
            waits_after: false,
            handles_sigint: false,
            plain: false,
            ascii: false,
            holds: false,
        }
    }
}

pub(crate) fn read_action(action: &Value) -> Action {
    Action::from_json(action.to_string().as_bytes()).unwrap()
}

/// Not a test of its own: what the tests start at a pseudo-terminal.
#[test]
fn asks_at_the_terminal() {
    let Ok(settings) = std::env::var(SETTINGS) else { return };
    let settings: Settings = serde_json::from_str(&fs::read_to_string(settings).unwrap()).unwrap();
    let action = read_action(&settings.action);
    let decision = decide(&action, &settings.risk);
    let precedents = Precedents { count: 0, has_more: false, last: None };
    let request = ApprovalRequest {
        action_id: "0193b1a5-0000-7000-8000-000000000000",
        action: &action,
        action_sha256: action.digest(),
        decision: &decision,
        policy_sha256: Digest::of(b"a policy"),
        redacted: &[],
        precedents: Some(&precedents),
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    if settings.handles_sigint {
        signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&interrupted)).unwrap();
    }
    prepare_terminal(&settings);
    let mut approver = approver(&settings);
    let _hold = settings.holds.then(|| approver.hold());
    if settings.waits_before {
        wait_to_go(&settings, "ready");
    }
    let before = terminal_settings();
    let mut results = Vec::new();
    for _ in 0..settings.questions {
        if !settings.holds {
            // Another approver for each question.
            approver = self::approver(&settings);
        }
        results.push(describe(&approver.ask(&request)));
    }
    let kept = match (before, terminal_settings()) {
        (Some(before), Some(after)) if before == after => "kept",
        (Some(_), Some(_)) => "changed",
        _ => "gone",
    };
    let handled = if interrupted.load(Ordering::SeqCst) { ", SIGINT handled" } else { "" };
    write_result(&settings, &format!("{}; settings {kept}{handled}", results.join(", ")));
    if settings.waits_after {
        wait_to_go(&settings, "asked");
    }
}

fn approver(settings: &Settings) -> TerminalApprover {
    let timeout = Duration::from_millis(settings.timeout_ms);
    let Settings { color, plain, ascii, .. } = *settings;
    TerminalApprover::new(TerminalOptions { timeout, color, plain, ascii })
}

fn describe(approval: &Approval) -> String {
    match (approval.approver(), approval.why()) {
        (Some(by), why) => {
            let evidence = by.evidence.level();
            let why = why.map(|why| format!(" because {why:?}")).unwrap_or_default();
            format!("{:?} by {} ({evidence}){why}", approval.answer(), by.user.as_deref().unwrap_or_default())
        }
        (None, Some(why)) => short(why).to_owned(),
        (None, None) => "nothing".to_owned(),
    }
}

/// A word for each reason that nobody answered.
fn short(why: &str) -> &str {
    match why {
        "there is no terminal to ask at" => "NoTerminal",
        "the process is in the background of its terminal" => "Background",
        "nobody answered in time" => "Timeout",
        "the terminal went away before anyone answered" => "HungUp",
        "the process was told to stop before anyone answered" => "Stopped",
        "the terminal could not be used" => "TerminalFailed",
        other if other.starts_with("the terminal is too small") => "TooSmall",
        other => other,
    }
}

fn decide(action: &Action, risk: &str) -> Decision {
    let policy = format!(
        "version: '1'\nrules:\n  - {{ name: bulk_changes, risk_level: {risk}, approval: approve }}\n"
    );
    let policy = load(&[Source { text: policy.as_bytes() }]).policy.unwrap();
    policy.decide(action, "2026-11-23T08:00:00Z".parse().unwrap())
}

fn terminal() -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open("/dev/tty").ok()
}

fn terminal_settings() -> Option<Termios> {
    tcgetattr(terminal()?).ok()
}

fn prepare_terminal(settings: &Settings) {
    let Some(terminal) = terminal() else { return };
    if settings.raw {
        let mut raw = tcgetattr(&terminal).unwrap();
        cfmakeraw(&mut raw);
        raw.control_chars[SpecialCharacterIndices::VINTR as usize] = 0;
        tcsetattr(&terminal, SetArg::TCSANOW, &raw).unwrap();
    }
    if settings.output_stopped {
        tcflow(&terminal, FlowArg::TCOOFF).unwrap();
    }
}

/// Says `word` at the terminal, and waits for the file `go`.
fn wait_to_go(settings: &Settings, word: &str) {
    use std::io::Write as _;
    terminal().unwrap().write_all(format!("{word}\r\n").as_bytes()).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !settings.directory.join("go").exists() && Instant::now() < deadline {
        sleep(Duration::from_millis(10));
    }
}

/// Writes the result so that it is there as a whole or not at all.
fn write_result(settings: &Settings, result: &str) {
    let name = std::env::var(RESULT).unwrap_or_else(|_| "result".to_owned());
    let draft = settings.directory.join(format!("{name}.draft"));
    fs::write(&draft, result).unwrap();
    fs::rename(draft, settings.directory.join(name)).unwrap();
}
