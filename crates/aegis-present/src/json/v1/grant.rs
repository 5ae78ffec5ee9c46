//! A grant: what an approver gave together with a yes.

use aegis_engine::{RiskLevel, SameField};
use aegis_ledger::answer::ApproverIdentity;
use aegis_ledger::event::GrantUse;
use aegis_ledger::grant::GrantStanding;
use chrono::DateTime;
use schemars::JsonSchema;
use serde::Serialize;

use super::instant::timestamp;
use crate::granted::Granted;

/// The grant that allowed an action, and what was left of it then.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GrantUse")]
pub struct GrantUseV1<'a> {
    /// Its id, which is that of the action that was asked about.
    id: &'a str,
    /// When it was given (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    given_at: Option<String>,
    /// From when on it does not hold any more.
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
    /// For how many further actions it is good behind this one.
    uses_left: u32,
}

impl<'a> GrantUseV1<'a> {
    /// What was used, and what was left.
    #[must_use]
    pub fn new(used: &'a GrantUse) -> GrantUseV1<'a> {
        let (given_at, expires_at) = (instant(used.given_at), instant(used.expires_at));
        GrantUseV1 { id: &used.id, given_at, expires_at, uses_left: used.uses_left }
    }
}

/// A grant that was given.
#[derive(Debug, Serialize)]
pub struct GrantV1<'a> {
    /// Its id, which is that of the action that was asked about.
    id: &'a str,
    /// `open`, `spent`, `expired` or `revoked`.
    standing: &'static str,
    given_at: Option<String>,
    /// From when on it does not hold any more.
    expires_at: Option<String>,
    /// For how many further actions it was given.
    uses: u32,
    /// For how many it is still good; 0 where it is over.
    uses_left: u32,
    /// What of an action must be as it was; null where all of it must.
    same: Option<&'a [SameField]>,
    /// Who gave it.
    giver: &'a ApproverIdentity,
    session_id: &'a str,
    agent: Option<&'a str>,
    matched_rule: &'a str,
    risk_level: RiskLevel,
    /// Of the action that was asked about, without secrets.
    r#type: &'a str,
    target: &'a str,
    /// The account that asked.
    user: &'a str,
    login: Option<&'a str>,
    policy_sha256: &'a str,
    log: &'a str,
}

impl<'a> GrantV1<'a> {
    /// As it stands at an instant, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn new(granted: &Granted<'a>, now: i64) -> GrantV1<'a> {
        let Granted { grant, entry, log } = *granted;
        let standing = grant.standing(now);
        let uses_left = match standing {
            GrantStanding::Open { uses_left, .. } => uses_left,
            GrantStanding::Spent | GrantStanding::Expired | GrantStanding::Revoked => 0,
        };
        GrantV1 {
            id: grant.id(),
            standing: standing.as_str(),
            given_at: instant(grant.given_at()),
            expires_at: instant(grant.expires_at()),
            uses: grant.terms().uses,
            uses_left,
            same: grant.terms().same.as_deref(),
            giver: grant.giver(),
            session_id: &entry.session_id,
            agent: entry.agent.as_deref(),
            matched_rule: &entry.matched_rule,
            risk_level: entry.risk_level,
            r#type: &entry.action_type,
            target: &entry.action_target,
            user: &entry.user,
            login: entry.login.as_deref(),
            policy_sha256: &entry.policy_sha256,
            log,
        }
    }
}

fn instant(millis: i64) -> Option<String> {
    DateTime::from_timestamp_millis(millis).map(timestamp)
}
