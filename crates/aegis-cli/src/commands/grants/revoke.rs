//! `aegis grants revoke`: a grant is taken back.

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{act_as_owner, open_grants};
use aegis_engine::escape;
use aegis_ledger::grant::Grant;
use aegis_present::style::GOOD;
use clap::Args;

use crate::commands::approve::parse_reason;
use crate::commands::audit::find::{find_action, only_one};
use crate::current_operator::CurrentOperator;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::open_log::{LOG_WAIT, open_existing_log};

/// Take a grant back
///
/// From then on, nothing is allowed by it; what was allowed before stays allowed. Whoever may write the
/// log may do it, without being asked: it only takes away. The record says who did.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis grants revoke 0193a1b2-c3d4\n  aegis grants revoke 0193a1b2-c3d4 --reason \
    \"that was the wrong session\"\n\nExit status: 0 taken back, 1 too late (it is spent, has expired, or was \
    revoked before) or unknown, 2 wrong usage, 4 the audit log could not be read or written."
)]
pub(crate) struct RevokeArgs {
    /// A grant's id, or the beginning of one (at least 4 characters): `aegis grants` lists them
    #[arg(value_name = "ID")]
    id: String,
    /// Why, for the log
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    reason: Option<String>,
}

pub(super) fn run(args: &RevokeArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    // Who runs this is asked before anything else, and stays what it is.
    let current = CurrentOperator::new();
    act_as_owner(&settings.db)?;
    let id = find_grant(&TrailReader::open(&settings.db)?, &args.id)?;
    let mut journal = open_existing_log(settings, LOG_WAIT)?;
    let revoked = journal.revoke_grant(&id, args.reason.as_deref(), current.operator())?;
    let (used, uses) = (revoked.grant.used(), revoked.grant.terms().uses);
    let (shown, row) = (escape(&id), revoked.receipt.seq());
    let told = format!("{GOOD}revoked{GOOD:#}  grant {shown}  used {used} of {uses}  row {row}");
    // It is recorded, whether or not anyone hears of it.
    if let Err(error) = settings.console.tell(told) {
        settings.console.error(&error);
    }
    Ok(ExitStatus::Success)
}

/// The id that `text` stands for. Where several actions have an id that begins so, the grant that holds is
/// meant, if only one does.
fn find_grant(reader: &TrailReader, text: &str) -> Result<String, CommandError> {
    let open = open_grants(reader, aegis_audit::now())?;
    only_one(open.iter().map(Grant::id), text).map_or_else(|| find_action(reader, text), Ok)
}
