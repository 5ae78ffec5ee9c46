//! `aegis approve`: a yes to a question that waits.

pub(super) mod signing;

use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Replied, act_as_owner};
use aegis_engine::escape_capped;
use aegis_ledger::question::Standing;
use aegis_present::style::{BAD, GOOD, UNSURE};
use aegis_runtime::{Answerer, RecordedQuestion, Wish};
use clap::Args;

use self::signing::{Means, SignArgs, print_request};
use super::approvals::find::find_question;
use crate::console::terminal_options;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::open_log::{LOG_WAIT, open_existing_log};

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 1024;

/// Approve what waits for an answer
///
/// Shows the recorded action and asks, at the terminal of whoever runs this. A yes lets the very same action
/// happen once, when it is asked for again in time. Anything else than a yes leaves the question open; `aegis
/// deny` says no.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis approve 0193a1b2-c3d4\n  aegis approve 0193a1b2-c3d4 --reason \"as \
    agreed with the owner\"\n  aegis approve 0193a1b2-c3d4 --grant\n  sudo aegis approve 0193a1b2-c3d4 --db \
    /home/agent/aegis_audit.db\n  aegis approve \
    0193a1b2-c3d4 --sign ~/.ssh/id_ed25519\n  aegis approve 0193a1b2-c3d4 --print-request | ssh-keygen -Y sign -n \
    aegis-approval -f KEY | aegis approve 0193a1b2-c3d4 --signature -\n\nThe account \
    counts that runs this, as the kernel names it: where it is not the one that asked, the record says so \
    (evidence 2). Root acts on the log as the account that the log belongs to. Somebody whom \
    the policy knows by an SSH key signs (evidence 3, or 4 where a security key was touched): the signature is \
    verified, and recorded with the answer.\n\nExit status: 0 recorded, also \
    where others must still say yes, 1 too late, unknown, or it does not count, 2 wrong usage, 3 nobody answered \
    or signed, or there is no terminal, 4 the audit log could not be read or written, 5 the key or the signature \
    cannot be read or used."
)]
pub(crate) struct ApproveArgs {
    /// A question's id, or the beginning of one (at least 4 characters): `aegis approvals` lists them
    #[arg(value_name = "ID")]
    id: String,
    /// Why, for the log and for whoever asked
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    reason: Option<String>,
    /// Give the grant that the rule offers as well: further actions like this one, so many and for so long
    /// as the question then says, are allowed without asking anybody
    #[arg(long, conflicts_with_all = ["sign", "signature", "print_request"])]
    grant: bool,
    /// How long to wait for an answer at the terminal
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    sign: SignArgs,
}

/// Reads a reason: it is hashed into the chain, and can never be removed.
pub(super) fn parse_reason(text: &str) -> Result<String, String> {
    match text.len() {
        _ if text.trim().is_empty() => Err("it is empty".to_owned()),
        length if length > LONGEST_REASON => {
            Err(format!("it has {length} bytes, and may have {LONGEST_REASON}"))
        }
        _ => Ok(text.to_owned()),
    }
}

pub(crate) fn run(args: &ApproveArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let wish = if args.grant { Wish::ApproveWithGrant } else { Wish::Approve };
    answer(wish, (&args.id, args.reason.clone(), args.timeout), &args.sign, settings)
}

/// Shows a question, asks whether it is to be answered so, and records that.
pub(super) fn answer(
    wish: Wish,
    (id, reason, timeout): (&str, Option<String>, Duration),
    sign: &SignArgs,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    // Who runs this is asked before anything else, and stays what it is.
    let answerer = Answerer::current();
    let means = sign.means()?;
    act_as_owner(&settings.db)?;
    // A reader that stays open would be in nobody's way, but has nothing to do while a person reads.
    let question = find_question(&TrailReader::open(&settings.db)?, id)?;
    let options = terminal_options(timeout, settings.console);
    let (level, replied) = match means {
        Means::Printed => return print_request(&question, wish, settings),
        Means::Terminal => {
            let reply = answerer.ask(&question, wish, reason, options)?;
            let level = reply.evidence().level();
            (level, reply.record(&mut open_existing_log(settings, LOG_WAIT)?)?)
        }
        Means::Key(mut key) => {
            answerer.check_key(&question, wish, &key)?;
            key.unlock(options)?;
            let reply = answerer.ask_to_sign(&question, wish, reason, options, &mut key)?;
            let level = reply.evidence().level();
            (level, reply.record(&mut open_existing_log(settings, LOG_WAIT)?)?)
        }
        Means::Signature(signature) => {
            let reply = answerer.bring(&question, wish, reason, &signature)?;
            let level = reply.evidence().level();
            (level, reply.record(&mut open_existing_log(settings, LOG_WAIT)?)?)
        }
    };
    // It is recorded, whether or not anyone hears of it.
    if let Err(error) = settings.console.tell(told(&question, &replied, level, wish)) {
        settings.console.error(&error);
    }
    Ok(ExitStatus::Success)
}

/// What was recorded, and what follows from it.
fn told(question: &RecordedQuestion, replied: &Replied, evidence: u8, wish: Wish) -> String {
    let entry = question.entry();
    let within = humantime::format_duration(Duration::from_millis(question.question().terms().use_within_ms));
    let (style, word, then) = match replied.standing {
        Standing::Open { missing: 1 } => (UNSURE, "counted", "one more yes is missing".to_owned()),
        Standing::Open { missing } => (UNSURE, "counted", format!("{missing} more yeses are missing")),
        Standing::Denied { .. } => (BAD, "denied", format!("that is the answer for {within}")),
        _ => {
            let grant = granted(question, replied, wish).unwrap_or_default();
            (GOOD, "approved", format!("once, by the same action again within {within}{grant}"))
        }
    };
    let (kind, target) = (escape_capped(&entry.action_type, 60), escape_capped(&entry.action_target, 60));
    let (risk, row) = (entry.risk_level, replied.receipt.seq());
    format!("{style}{word}{style:#}  {kind} {target}  {risk} risk  evidence {evidence}  row {row}  {then}")
}

/// What is granted beyond that, where the last of those who answered gave a grant.
fn granted(question: &RecordedQuestion, replied: &Replied, wish: Wish) -> Option<String> {
    let grant = question.entry().offer.as_ref()?.terms.grant.as_ref()?;
    if wish != Wish::ApproveWithGrant || !replied.grants {
        return (wish == Wish::ApproveWithGrant)
            .then(|| "; no grant: not everybody who approved it gave one".to_owned());
    }
    let within = humantime::format_duration(Duration::from_millis(grant.for_ms));
    Some(format!("; and {} more by the grant, within {within}", grant.uses))
}
