use aegis_engine::{ApprovalMode, ApprovalTerms, GrantTerms, RiskLevel, SameField};
use aegis_ledger::answer::{ApproverIdentity, Evidence, Via};
use aegis_ledger::event::{EntryBody, Offer, PathSource};
use aegis_ledger::grant::Grant;

use super::*;

const GIVEN_AT: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

fn entry(session: &str, target: &str) -> EntryBody {
    EntryBody {
        session_id: session.to_owned(),
        agent: None,
        action_type: "note".to_owned(),
        action_target: target.to_owned(),
        risk_level: RiskLevel::Medium,
        approval: ApprovalMode::Approve,
        matched_rule: "notes".to_owned(),
        decision: None,
        approver: None,
        result_status: None,
        reason: String::new(),
        undecidable: Vec::new(),
        action_sha256: String::new(),
        policy_sha256: String::new(),
        host: "vm".to_owned(),
        user: "agent".to_owned(),
        login: None,
        policy_source: PathSource::Argument,
        log_source: PathSource::Argument,
        agent_source: None,
        session_source: None,
        question: None,
        offer: None,
        grant: None,
        call: None,
        requested_seq: None,
        redacted: Vec::new(),
    }
}

fn grant(same: Option<&[&str]>) -> Grant {
    let same = same.map(|same| same.iter().map(|written| SameField::new(written).unwrap()).collect());
    let grant = Some(GrantTerms { for_ms: 900_000, uses: 20, same });
    let offer = Offer { key: "k".to_owned(), terms: ApprovalTerms { grant, ..ApprovalTerms::default() } };
    let giver = ApproverIdentity {
        via: Via::new("terminal"),
        user: Some("ana".to_owned()),
        evidence: Evidence::Terminal,
        injectable: false,
    };
    Grant::given("01939f2b-4a5c-7000-8000-000000000000", &offer, giver, GIVEN_AT).unwrap()
}

fn drawn(grant: &Grant, entry: &EntryBody, after: i64, width: Option<usize>) -> Vec<String> {
    let text = render_grants(&[Granted { grant, entry, log: "l" }], GIVEN_AT + after, width);
    anstream::adapter::strip_str(&text).to_string().lines().map(str::to_owned).collect()
}

#[test]
fn a_line_says_what_is_left_for_whom_and_of_what() {
    let mut grant = grant(Some(&["target", "/a/b"]));
    grant.take_use(GIVEN_AT).unwrap();
    let lines = drawn(&grant, &entry("s1", "wi\u{1b}ki"), 3 * MINUTE, None);
    assert_eq!(
        lines[0],
        "ID             Age  Left  Uses      Agent  Session  Rule   Same                     By"
    );
    assert_eq!(
        lines[1],
        "01939f2b-4a5c  3m   12m   19 of 20  -      s1       notes  target wi\\u{1b}ki, /a/b  terminal:ana"
    );
    let narrow = drawn(&grant, &entry("s1", "wiki"), 3 * MINUTE, Some(60));
    assert!(narrow.iter().all(|line| line.chars().count() < 60), "{narrow:?}");
    assert!(narrow[0].starts_with("ID             Left  Uses"), "{narrow:?}");
}

#[test]
fn a_grant_that_is_over_says_so() {
    let mut grant = grant(None);
    let over = |grant: &Grant, after| drawn(grant, &entry("s", "t"), after, None).remove(1);
    assert!(over(&grant, 15 * MINUTE).contains("expired  0 used"), "{}", over(&grant, 15 * MINUTE));
    assert!(over(&grant, MINUTE).contains("the whole action"));
    grant.revoke(GIVEN_AT).unwrap();
    assert!(over(&grant, MINUTE).contains("revoked  0 used"));
}
