//! OCSF: the Open Cybersecurity Schema Framework, version 1.9.0, as JSON lines.
//!
//! A record is an event of the class API Activity (6003): an agent asked for an operation on a system. What
//! the policy or a person said is in the profile `security_control`, the agent in the profile `ai_operation`.
//! What has no home in the schema is under `unmapped`, with the names that records use.

use std::fmt;
use std::io::{self, Write};

use aegis_engine::{ApprovalMode, RiskLevel};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::answer::{Answer, ApproverIdentity, ResultStatus};
use crate::export::json::Line;
use crate::export::values::instant;
use crate::record::BorrowedRecord;

const CATEGORY: u32 = 6;
const CLASS: u32 = 6003;

/// The version of the Open Cybersecurity Schema Framework that exports follow.
pub const OCSF_VERSION: &str = "1.9.0";

/// Writes events.
#[derive(Debug)]
pub(super) struct OcsfWriter<W: Write> {
    writer: W,
    line: Line,
}

impl<W: Write> OcsfWriter<W> {
    pub(super) fn new(writer: W) -> OcsfWriter<W> {
        OcsfWriter { writer, line: Line::default() }
    }

    pub(super) fn write(&mut self, record: &BorrowedRecord<'_>) -> io::Result<()> {
        let event = ApiActivity::of(record, instant(record)?);
        self.writer.write_all(self.line.of(&event, "\n")?)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A number of an enumeration and the caption that belongs to it.
type Captioned<'a> = (u32, &'a str);

#[derive(Serialize)]
struct ApiActivity<'a> {
    activity_id: u32,
    activity_name: &'a str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: &'static str,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<i64>,
    message: Message<'a>,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<&'a str>,
    action_id: u32,
    action: &'static str,
    disposition_id: u32,
    disposition: &'static str,
    risk_level_id: u32,
    risk_level: &'static str,
    authorizations: [Authorization<'a>; 1],
    metadata: Metadata<'a>,
    actor: Actor<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ai_agent: Option<AiAgent<'a>>,
    api: Api<'a>,
    src_endpoint: Endpoint<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_endpoint: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[Named<'a>; 1]>,
    unmapped: Unmapped<'a>,
}

#[derive(Serialize)]
struct Authorization<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    policy: PolicyObject<'a>,
}

#[derive(Serialize)]
struct PolicyObject<'a> {
    name: &'a str,
    uid: &'a str,
}

#[derive(Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product,
    profiles: [&'static str; 2],
    uid: &'a str,
    original_event_uid: &'a str,
    correlation_uid: &'a str,
    original_time: &'a str,
    log_name: &'static str,
    log_provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<i32>,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Actor<'a> {
    user: Named<'a>,
    session: Identified<'a>,
}

#[derive(Serialize)]
struct AiAgent<'a> {
    uid: &'a str,
    name: &'a str,
    instance_uid: &'a str,
}

#[derive(Serialize)]
struct Api<'a> {
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Named<'a>>,
    request: Request<'a>,
}

#[derive(Serialize)]
struct Request<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Identified<'a> {
    uid: &'a str,
}

/// A machine by its host name; anything that no host name can be, by its name.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Endpoint<'a> {
    Hostname(&'a str),
    Name(&'a str),
}

#[derive(Serialize)]
struct Unmapped<'a> {
    approval: ApprovalMode,
    approver: Option<&'a ApproverIdentity>,
    action_desc: Option<&'a str>,
    duration_ms: Option<u64>,
    action_sha256: &'a str,
    policy_sha256: &'a str,
    seq: u64,
    hash: &'a str,
}

impl<'a> ApiActivity<'a> {
    fn of(record: &'a BorrowedRecord<'_>, time: i64) -> ApiActivity<'a> {
        let activity = Activity::of(&record.action_type);
        let (severity_id, severity) = severity(record.risk_level);
        let (status_id, status) = status(record.result_status);
        let ((action_id, action), (disposition_id, disposition)) = outcome(record.decision);
        let (risk_level_id, risk_level) = risk_level(record.risk_level);
        // What has no name is left out: an empty one would stand for something.
        let target = Some(&*record.action_target).filter(|target| !target.is_empty());
        ApiActivity {
            activity_id: activity.id(),
            activity_name: activity.name(&record.action_type),
            category_uid: CATEGORY,
            category_name: "Application Activity",
            class_uid: CLASS,
            class_name: "API Activity",
            type_uid: CLASS * 100 + activity.id(),
            type_name: activity.type_name(),
            time,
            duration: record.duration_ms.and_then(|duration| duration.try_into().ok()),
            message: Message(record),
            severity_id,
            severity,
            status_id,
            status,
            status_code: record.result_status.map(ResultStatus::as_str),
            status_detail: record.result_error.as_deref(),
            action_id,
            action,
            disposition_id,
            disposition,
            risk_level_id,
            risk_level,
            authorizations: [Authorization {
                decision: record.decision.map(Answer::as_str),
                policy: PolicyObject { name: &record.matched_rule, uid: &record.policy_sha256 },
            }],
            metadata: metadata(record),
            actor: Actor {
                user: Named { name: &record.user },
                session: Identified { uid: &record.session_id },
            },
            ai_agent: record.agent.as_deref().map(|agent| AiAgent {
                uid: agent,
                name: agent,
                instance_uid: &record.session_id,
            }),
            api: Api {
                operation: &record.action_type,
                service: target.map(|name| Named { name }),
                request: Request { uid: record.id, data: record.action_params.as_deref() },
            },
            src_endpoint: Endpoint::of(&record.host),
            dst_endpoint: target.map(Endpoint::Name),
            resources: target.map(|name| [Named { name }]),
            unmapped: unmapped(record),
        }
    }
}

fn metadata<'a>(record: &'a BorrowedRecord<'_>) -> Metadata<'a> {
    Metadata {
        version: OCSF_VERSION,
        product: Product { name: "Aegis", vendor_name: "Aegis", version: env!("CARGO_PKG_VERSION") },
        profiles: ["security_control", "ai_operation"],
        uid: record.id,
        original_event_uid: record.id,
        correlation_uid: &record.session_id,
        original_time: record.timestamp,
        log_name: "audit",
        log_provider: "aegis",
        event_code: record.decision.map(Answer::as_str),
        sequence: record.seq.try_into().ok(),
    }
}

fn unmapped<'a>(record: &'a BorrowedRecord<'_>) -> Unmapped<'a> {
    Unmapped {
        approval: record.approval,
        approver: record.approver.as_ref(),
        action_desc: record.action_desc.as_deref(),
        duration_ms: record.duration_ms,
        action_sha256: &record.action_sha256,
        policy_sha256: &record.policy_sha256,
        seq: record.seq,
        hash: record.hash,
    }
}

/// What happened, in a sentence.
struct Message<'a>(&'a BorrowedRecord<'a>);

impl fmt::Display for Message<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message(record) = self;
        let answer = match record.decision {
            Some(Answer::Auto) => "allowed by the policy",
            Some(Answer::Approved) => "approved",
            Some(Answer::Denied) => "denied",
            Some(Answer::Block) => "blocked by the policy",
            Some(Answer::Unanswered) => "refused, because nobody answered",
            None => "asked about, without an answer",
        };
        write!(formatter, "`{}` on `{}` was {answer}", &*record.action_type, &*record.action_target)
    }
}

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

const fn severity(risk: RiskLevel) -> Captioned<'static> {
    match risk {
        RiskLevel::Low => (2, "Low"),
        RiskLevel::Medium => (3, "Medium"),
        RiskLevel::High => (4, "High"),
        RiskLevel::Critical => (5, "Critical"),
    }
}

const fn risk_level(risk: RiskLevel) -> Captioned<'static> {
    match risk {
        RiskLevel::Low => (1, "Low"),
        RiskLevel::Medium => (2, "Medium"),
        RiskLevel::High => (3, "High"),
        RiskLevel::Critical => (4, "Critical"),
    }
}

const fn status(result: Option<ResultStatus>) -> Captioned<'static> {
    match result {
        None => (0, "Unknown"),
        Some(ResultStatus::Success) => (1, "Success"),
        Some(ResultStatus::Failed | ResultStatus::Blocked | ResultStatus::Denied | ResultStatus::Skipped) => {
            (2, "Failure")
        }
    }
}

/// What was done about the action, and how exactly. A question that was cut short is not known to have been
/// refused, nor was it allowed.
const fn outcome(answer: Option<Answer>) -> (Captioned<'static>, Captioned<'static>) {
    const ALLOWED: Captioned<'static> = (1, "Allowed");
    const DENIED: Captioned<'static> = (2, "Denied");
    match answer {
        Some(Answer::Auto) => (ALLOWED, (1, "Allowed")),
        Some(Answer::Approved) => (ALLOWED, (8, "Approved")),
        Some(Answer::Denied) => (DENIED, (25, "Rejected")),
        Some(Answer::Block) => (DENIED, (2, "Blocked")),
        Some(Answer::Unanswered) => (DENIED, (26, "Unauthorized")),
        None => ((0, "Unknown"), (0, "Unknown")),
    }
}

/// The kinds of activity that the class knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    Create,
    Read,
    Update,
    Delete,
    Other,
}

/// The words of an action's type that say which activity it is.
const WORDS: [(Activity, &[&str]); 4] = [
    (Activity::Create, &["create", "insert", "add", "new"]),
    (Activity::Read, &["read", "get", "list", "query", "search", "select", "view", "fetch"]),
    (Activity::Update, &["update", "modify", "edit", "set", "patch", "upsert", "write"]),
    (Activity::Delete, &["delete", "remove", "drop", "purge"]),
];

impl Activity {
    /// The activity that the words of a type such as `bulk_update` name, if they name only one.
    fn of(action_type: &str) -> Activity {
        let mut found = None;
        for word in action_type.split(|character: char| !character.is_ascii_alphanumeric()) {
            let named =
                WORDS.iter().find(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word)));
            match (named, found) {
                (Some((activity, _)), None) => found = Some(*activity),
                (Some((activity, _)), Some(other)) if *activity != other => return Activity::Other,
                _ => {}
            }
        }
        found.unwrap_or(Activity::Other)
    }

    const fn id(self) -> u32 {
        match self {
            Activity::Create => 1,
            Activity::Read => 2,
            Activity::Update => 3,
            Activity::Delete => 4,
            Activity::Other => 99,
        }
    }

    /// The caption; of another activity, the word of the source itself.
    const fn name(self, action_type: &str) -> &str {
        match self {
            Activity::Create => "Create",
            Activity::Read => "Read",
            Activity::Update => "Update",
            Activity::Delete => "Delete",
            Activity::Other => action_type,
        }
    }

    const fn type_name(self) -> &'static str {
        match self {
            Activity::Create => "API Activity: Create",
            Activity::Read => "API Activity: Read",
            Activity::Update => "API Activity: Update",
            Activity::Delete => "API Activity: Delete",
            Activity::Other => "API Activity: Other",
        }
    }
}

impl<'a> Endpoint<'a> {
    fn of(host: &'a str) -> Endpoint<'a> {
        let is_label = |label: &str| {
            let bytes = label.as_bytes();
            bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
                && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
                && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        };
        match host {
            // The schema requires where it came from, and that has no name.
            "" => Endpoint::Name("unknown"),
            host if host.split('.').all(is_label) => Endpoint::Hostname(host),
            host => Endpoint::Name(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_type_name_its_activity() {
        for (action_type, activity) in [
            ("read", Activity::Read),
            ("bulk_update", Activity::Update),
            ("db.Table.DROP", Activity::Delete),
            ("user-create", Activity::Create),
            ("create_or_update", Activity::Other),
            ("get_list", Activity::Read),
            ("send_email", Activity::Other),
            ("readiness", Activity::Other),
            ("", Activity::Other),
            ("\u{1b}[2J", Activity::Other),
        ] {
            assert_eq!(Activity::of(action_type), activity, "{action_type}");
        }
    }

    #[test]
    fn only_a_host_name_is_given_as_one() {
        for (host, is_hostname) in [
            ("host", true),
            ("a-b.example.org", true),
            ("1", true),
            ("", false),
            ("a..b", false),
            ("-a", false),
            ("a_b", false),
            ("hôst", false),
        ] {
            assert_eq!(matches!(Endpoint::of(host), Endpoint::Hostname(_)), is_hostname, "{host}");
        }
    }
}
