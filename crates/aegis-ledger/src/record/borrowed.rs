//! A record that borrows what it can: what exports write, millions of times, without a copy of each string.

use std::borrow::Cow;
use std::error::Error;

use aegis_engine::{ApprovalMode, RiskLevel, canonical_json};
use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answer::{Answer, ApproverIdentity, ResultStatus};
use crate::event::{EndedBody, EntryBody, StoredPayload, Text, params};
use crate::record::exported::Record;

/// The fields of a [`Record`], in the same order.
#[derive(Debug, Serialize)]
pub struct BorrowedRecord<'a> {
    /// The id of the action.
    pub id: &'a str,
    /// The session.
    pub session_id: Text<'a>,
    /// When it was answered (RFC 3339).
    pub timestamp: &'a str,
    /// Who acted.
    pub agent: Option<Text<'a>>,
    /// The kind of operation.
    pub action_type: Text<'a>,
    /// The system acted upon.
    pub action_target: Text<'a>,
    /// An object, as JSON.
    pub action_params: Option<Cow<'a, RawValue>>,
    /// The agent's own words.
    pub action_desc: Option<Text<'a>>,
    /// The risk.
    pub risk_level: RiskLevel,
    /// What the policy required.
    pub approval: ApprovalMode,
    /// The rule that decided.
    pub matched_rule: Text<'a>,
    /// The answer.
    pub decision: Option<Answer>,
    /// Who answered.
    pub approver: Option<ApproverIdentity>,
    /// What became of it.
    pub result_status: Option<ResultStatus>,
    /// What went wrong.
    pub result_error: Option<Text<'a>>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The SHA-256 of the policy.
    pub policy_sha256: Text<'a>,
    /// The SHA-256 of the action's canonical form.
    pub action_sha256: Text<'a>,
    /// The machine.
    pub host: Text<'a>,
    /// The account that asked.
    pub user: Text<'a>,
    /// The number of the answer in the log.
    pub seq: u64,
    /// The hash of the answer.
    pub hash: &'a str,
    /// The timestamp in milliseconds since the Unix epoch; none where it is not RFC 3339.
    #[serde(skip)]
    pub at: Option<i64>,
}

/// What of a stored `requested` or `decided` event its record is made of.
#[derive(Clone, Copy, Debug)]
pub struct RecordRow<'a> {
    /// The number of the event.
    pub seq: u64,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The id of the action.
    pub action_id: &'a str,
    /// The event's body, as JSON.
    pub body: &'a str,
    /// Its payload, as JSON; absent where it was removed.
    pub payload: Option<&'a str>,
    /// Its hash.
    pub hash: &'a [u8],
}

/// What a borrowed record holds that no row does. Kept from row to row.
#[derive(Debug, Default)]
pub struct Scratch {
    timestamp: String,
    hash: String,
}

impl<'a> BorrowedRecord<'a> {
    /// Reads the record that a stored entry makes, given the body of the action's newest `ended` event.
    ///
    /// # Errors
    /// When one of them does not hold what every one holds. The text says so.
    pub fn read(
        entry: &RecordRow<'a>,
        ended: Option<&'a str>,
        scratch: &'a mut Scratch,
    ) -> Result<BorrowedRecord<'a>, Box<dyn Error>> {
        let RecordRow { seq, at, action_id, body, payload, hash } = *entry;
        let body: EntryBody<Text<'a>> = serde_json::from_str(body)?;
        let payload = payload.map(StoredPayload::read).transpose()?;
        let (action_params, action_desc) =
            payload.map(|payload| (payload.params, payload.description)).unzip();
        let ended: Option<EndedBody<Text<'a>>> = ended.map(serde_json::from_str).transpose()?;
        scratch.fill(at, hash)?;
        Ok(BorrowedRecord {
            id: action_id,
            session_id: body.session_id,
            timestamp: &scratch.timestamp,
            agent: body.agent,
            action_type: body.action_type,
            action_target: body.action_target,
            action_params,
            action_desc,
            risk_level: body.risk_level,
            approval: body.approval,
            matched_rule: body.matched_rule,
            decision: body.decision,
            approver: body.approver,
            result_status: match &ended {
                Some(ended) => ended.result_status,
                None => body.result_status,
            },
            duration_ms: ended.as_ref().and_then(|ended| ended.duration_ms),
            result_error: ended.and_then(|ended| ended.result_error),
            policy_sha256: body.policy_sha256,
            action_sha256: body.action_sha256,
            host: body.host,
            user: body.user,
            seq,
            hash: &scratch.hash,
            at: Some(at),
        })
    }

    /// The same record, borrowed.
    ///
    /// # Errors
    /// When its parameters cannot be put into JSON.
    pub fn of(record: &'a Record) -> Result<BorrowedRecord<'a>, serde_json::Error> {
        let optional = |text: &'a Option<String>| text.as_deref().map(Text::from);
        let params = record.action_params.as_ref().map(|params| canonical(params.clone())).transpose()?;
        Ok(BorrowedRecord {
            id: &record.id,
            session_id: record.session_id.as_str().into(),
            timestamp: &record.timestamp,
            agent: optional(&record.agent),
            action_type: record.action_type.as_str().into(),
            action_target: record.action_target.as_str().into(),
            action_params: params.map(Cow::Owned),
            action_desc: optional(&record.action_desc),
            risk_level: record.risk_level,
            approval: record.approval,
            matched_rule: record.matched_rule.as_str().into(),
            decision: record.decision,
            approver: record.approver.clone(),
            result_status: record.result_status,
            result_error: optional(&record.result_error),
            duration_ms: record.duration_ms,
            policy_sha256: record.policy_sha256.as_str().into(),
            action_sha256: record.action_sha256.as_str().into(),
            host: record.host.as_str().into(),
            user: record.user.as_str().into(),
            seq: record.seq,
            hash: &record.hash,
            at: DateTime::parse_from_rfc3339(&record.timestamp).ok().map(|at| at.timestamp_millis()),
        })
    }

    /// A record of its own.
    ///
    /// # Errors
    /// When its parameters are not JSON.
    pub fn to_record(&self) -> Result<Record, String> {
        let optional = |text: &Option<Text<'a>>| text.as_deref().map(str::to_owned);
        let params = self.action_params.as_deref().map(|stored| params::read(stored.get()));
        Ok(Record {
            id: self.id.to_owned(),
            session_id: self.session_id.to_string(),
            timestamp: self.timestamp.to_owned(),
            agent: optional(&self.agent),
            action_type: self.action_type.to_string(),
            action_target: self.action_target.to_string(),
            action_params: params.transpose()?,
            action_desc: optional(&self.action_desc),
            risk_level: self.risk_level,
            approval: self.approval,
            matched_rule: self.matched_rule.to_string(),
            decision: self.decision,
            approver: self.approver.clone(),
            result_status: self.result_status,
            result_error: optional(&self.result_error),
            duration_ms: self.duration_ms,
            policy_sha256: self.policy_sha256.to_string(),
            action_sha256: self.action_sha256.to_string(),
            host: self.host.to_string(),
            user: self.user.to_string(),
            seq: self.seq,
            hash: self.hash.to_owned(),
        })
    }
}

impl Scratch {
    fn fill(&mut self, at: i64, hash: &[u8]) -> Result<(), Box<dyn Error>> {
        let at = DateTime::<Utc>::from_timestamp_millis(at).ok_or("its time is out of range")?;
        self.timestamp.clear();
        push_timestamp(&mut self.timestamp, at);
        self.hash.clear();
        let mut digits = [0; 64];
        match hex::encode_to_slice(hash, &mut digits).map(|()| std::str::from_utf8(&digits)) {
            Ok(Ok(digits)) => self.hash.push_str(digits),
            // No hash has another length, but a row that somebody changed may.
            _ => self.hash.push_str(&hex::encode(hash)),
        }
        Ok(())
    }
}

/// Appends an instant as RFC 3339, UTC, with milliseconds.
fn push_timestamp(text: &mut String, at: DateTime<Utc>) {
    // Years of four digits are all that is ever seen; the library's own way is an order of magnitude slower.
    let Some(year) = u32::try_from(at.year()).ok().filter(|year| *year <= 9999) else {
        text.push_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true));
        return;
    };
    let parts = [
        (year / 100, ""),
        (year % 100, "-"),
        (at.month(), "-"),
        (at.day(), "T"),
        (at.hour(), ":"),
        (at.minute(), ":"),
        (at.second(), "."),
        (at.timestamp_subsec_millis() / 10, ""),
    ];
    let digit = |number: u32| char::from_digit(number % 10, 10).unwrap_or_default();
    for (number, after) in parts {
        text.push(digit(number / 10));
        text.push(digit(number));
        text.push_str(after);
    }
    text.push(digit(at.timestamp_subsec_millis()));
    text.push('Z');
}

fn canonical(params: serde_json::Map<String, Value>) -> Result<Box<RawValue>, serde_json::Error> {
    RawValue::from_string(canonical_json(&Value::Object(params)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn timestamps_are_those_of_the_library(at in prop_oneof![
            -62_200_000_000_000_i64..253_500_000_000_000,
            -8_334_601_228_800_000_i64..8_210_266_876_799_999,
        ]) {
            let at = DateTime::<Utc>::from_timestamp_millis(at).unwrap();
            let mut text = String::new();
            push_timestamp(&mut text, at);
            prop_assert_eq!(text, at.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
    }
}
