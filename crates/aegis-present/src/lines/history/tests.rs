use aegis_engine::{ApprovalMode, Digest, RiskLevel, Source, Undecidable, load};
use serde_json::json;

use super::*;
use aegis_ledger::answer::Via;
use aegis_ledger::event::{EndedBody, Recorder, RedactedBody, SessionSource, StartedBody, VerifiedBody};
use aegis_ledger::reconsidered::Verdict;

fn at_a_terminal(user: &str) -> ApproverIdentity {
    let (via, user) = (Via::new("terminal"), Some(user.to_owned()));
    ApproverIdentity { via, user, evidence: Evidence::Terminal, injectable: false }
}

fn payload() -> Payload {
    let params = json!({ "count": 101, "note": "\u{202e}x" });
    let params = params.as_object().cloned().unwrap();
    Payload { params, description: "the nightly \u{1b}[2J run".to_owned() }
}

fn entry(decision: Option<Answer>) -> EntryBody {
    EntryBody {
        session_id: "a1b2c3d4e5f6".to_owned(),
        agent: Some("bot".to_owned()),
        action_type: "bulk_update".to_owned(),
        action_target: "crm".to_owned(),
        risk_level: RiskLevel::High,
        approval: ApprovalMode::Approve,
        matched_rule: "bulk_needs_approval".to_owned(),
        decision,
        approver: decision.map(|_| at_a_terminal("ana")),
        reason: "rule `bulk_needs_approval` asks for a human's approval".to_owned(),
        undecidable: vec![Undecidable {
            rule: "first".to_owned(),
            condition: "param_gt: count".to_owned(),
            why: "a string cannot be compared with a number".to_owned(),
        }],
        action_sha256: "a".repeat(64),
        policy_sha256: "b".repeat(64),
        host: "vm".to_owned(),
        user: "root".to_owned(),
        login: Some("ana".to_owned()),
        policy_source: PathSource::Argument,
        agent_source: None,
        session_source: Some(SessionSource::Generated),
        log_source: PathSource::Environment,
        result_status: decision.and_then(ResultStatus::of),
        question: None,
        offer: None,
        grant: None,
        call: None,
        requested_seq: None,
        redacted: Vec::new(),
    }
}

fn event(seq: u64, kind: &str, told: EventBody) -> HistoryEvent {
    let payload = told.entry().map(|_| payload());
    HistoryEvent {
        seq,
        at: format!("2026-11-23T08:49:0{}.123Z", seq % 10).parse().ok(),
        kind: kind.to_owned(),
        hash: "c".repeat(64),
        damage: None,
        body: Value::Null,
        told: Some(told),
        payload,
    }
}

fn life(events: Vec<HistoryEvent>) -> History {
    History {
        action_id: "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".to_owned(),
        log: "0123456789abcdef0123456789abcdef".to_owned(),
        events,
    }
}

fn whole_life() -> History {
    let answered = EventBody::Answered(AnsweredBody {
        session_id: "a1b2c3d4e5f6".to_owned(),
        decision: Answer::Approved,
        approver: Some(at_a_terminal("ana")),
        note: None,
        waited_ms: Some(12_300),
        grant: false,
    });
    let ended = EventBody::Ended(EndedBody {
        session_id: "a1b2c3d4e5f6".to_owned(),
        result_status: Some(ResultStatus::Failed),
        result_error: Some("no route\r\n\u{1b}[2J".to_owned()),
        duration_ms: Some(3000),
        decided_seq: Some(17),
    });
    let redacted = EventBody::Redacted(RedactedBody {
        events: vec![15, 17],
        note: Some("asked for".to_owned()),
        host: "vm".to_owned(),
        user: "root".to_owned(),
        login: None,
    });
    life(vec![
        event(15, "requested", EventBody::Requested(entry(None))),
        event(16, "answered", answered),
        event(17, "decided", EventBody::Decided(entry(Some(Answer::Approved)))),
        event(18, "ended", ended),
        event(19, "redacted", redacted),
    ])
}

fn plain(
    life: &History,
    warnings: &[String],
    reconsidered: Option<&Reconsidered>,
    width: Option<usize>,
) -> String {
    let painted = render_history(life, warnings, reconsidered, None, width);
    assert!(painted.contains('\u{1b}'));
    anstream::adapter::strip_str(&painted).to_string()
}

#[test]
fn a_whole_life_at_80_columns() {
    let warnings =
        ["the path of the audit log came from the environment, where the agent could have set it".to_owned()];
    let shown = plain(&whole_life(), &warnings, None, Some(80));
    assert!(shown.lines().all(|line| line.chars().count() < 80), "{shown}");
    snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").eq(
        shown,
        snapbox::str![[r#"
allowed, and ended: failed  bulk_update crm
warning      the path of the audit log came from the environment, where the
             ↳ agent could have set it

Action       0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b
Type         bulk_update
Target       crm
Agent        bot
Session      a1b2c3d4e5f6
Parameters   {
               "count": 101,
               "note": "\u202ex"
             }
Agent says   “the nightly \u{1b}[2J run”

Decision     approved
Risk         high
Rule         bulk_needs_approval, which requires: approve
Reason       rule `bulk_needs_approval` asks for a human's approval
Undecidable  param_gt: count of first: a string cannot be compared with a
             ↳ number
Answered by  ana, at a terminal of the user who asked, where a program could
             ↳ have answered too (evidence 1)
Waited       12s 300ms
Result       failed after 3s: no route\r\n\u{1b}[2J

Asked by     root on vm, logged in as ana
Policy path  given as an argument
Log path     from the environment
Session id   made up for this call
Policy hash  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
Action hash  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
Receipt      row 17 of log 0123456789abcdef0123456789abcdef
Row hash     cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc

Events
#15          2026-11-23 08:49:05.123Z  requested  high risk, to be approved by
             ↳ rule bulk_needs_approval
#16          2026-11-23 08:49:06.123Z  answered  approved by terminal:ana
             ↳ after 12s 300ms
#17          2026-11-23 08:49:07.123Z  decided  approved, high risk, by rule
             ↳ bulk_needs_approval
#18          2026-11-23 08:49:08.123Z  ended  failed after 3s: no
             ↳ route\r\n\u{1b}[2J
#19          2026-11-23 08:49:09.123Z  redacted  parameters and description of
             ↳ row 15, 17 removed by root on vm: asked for
"#]],
    );
}

#[test]
fn a_whole_life_on_a_narrow_terminal() {
    let shown = plain(&whole_life(), &[], None, Some(34));
    assert!(shown.lines().all(|line| line.chars().count() < 34), "{shown}");
    snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").eq(
        shown,
        snapbox::str![[r#"
allowed, and ended: failed
  bulk_update crm

Action
  0193a1b2-c3d4-7e5f-8a9b-0c1d2e3
  ↳ f4a5b
Type
  bulk_update
Target
  crm
Agent
  bot
Session
  a1b2c3d4e5f6
Parameters
  {
    "count": 101,
    "note": "\u202ex"
  }
Agent says
  “the nightly \u{1b}[2J run”

Decision
  approved
Risk
  high
Rule
  bulk_needs_approval, which
  ↳ requires: approve
Reason
  rule `bulk_needs_approval`
  ↳ asks for a human's approval
Undecidable
  param_gt: count of first: a
  ↳ string cannot be compared
  ↳ with a number
Answered by
  ana, at a terminal of the user
  ↳ who asked, where a program
  ↳ could have answered too
  ↳ (evidence 1)
Waited
  12s 300ms
Result
  failed after 3s: no
  ↳ route\r\n\u{1b}[2J

Asked by
  root on vm, logged in as ana
Policy path
  given as an argument
Log path
  from the environment
Session id
  made up for this call
Policy hash
  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
  ↳ bbbbbbbbbbbbbbbbbbbbbbbbbbbbb
  ↳ bbbb
Action hash
  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  ↳ aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  ↳ aaaa
Receipt
  row 17 of log 0123456789abcdef0
  ↳ 123456789abcdef
Row hash
  ccccccccccccccccccccccccccccccc
  ↳ ccccccccccccccccccccccccccccc
  ↳ cccc

Events
#15
  2026-11-23 08:49:05.123Z
  ↳ requested  high risk, to be
  ↳ approved by rule
  ↳ bulk_needs_approval
#16
  2026-11-23 08:49:06.123Z
  ↳ answered  approved by
  ↳ terminal:ana after 12s 300ms
#17
  2026-11-23 08:49:07.123Z
  ↳ decided  approved, high
  ↳ risk, by rule bulk_needs_appr
  ↳ oval
#18
  2026-11-23 08:49:08.123Z
  ↳ ended  failed after 3s: no
  ↳ route\r\n\u{1b}[2J
#19
  2026-11-23 08:49:09.123Z
  ↳ redacted  parameters and
  ↳ description of row 15, 17
  ↳ removed by root on vm: asked
  ↳ for
"#]],
    );
}

#[test]
fn a_damaged_event_an_open_question_and_an_explanation() {
    let mut asked = event(15, "requested", EventBody::Requested(entry(None)));
    asked.damage = Some("its hash does not fit its content".to_owned());
    let policy = "version: '1'\nrules:\n- { name: only, match: { type: read }, approval: auto }\n";
    let policy = load(&[Source { text: policy.as_bytes() }]).policy.unwrap();
    let action = aegis_engine::Action::from_json(br#"{"type":"bulk_update","target":"crm"}"#).unwrap();
    let at = "2026-11-23T08:49:00.123Z".parse().unwrap();
    let says = Verdict {
        at,
        same_action: false,
        decision: policy.decide(&action, at),
        traces: policy.explain(&action, at),
    };
    let reconsidered =
        Reconsidered { policy_sha256: Digest::of(b"other"), same_policy: false, verdict: Ok(says) };
    let shown = plain(&life(vec![asked]), &[], Some(&reconsidered), None);
    snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").eq(shown, snapbox::str![[r#"
open  bulk_update crm

Action       0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b
Type         bulk_update
Target       crm
Agent        bot
Session      a1b2c3d4e5f6
Parameters   {
               "count": 101,
               "note": "\u202ex"
             }
Agent says   “the nightly \u{1b}[2J run”

Decision     none yet: somebody is being asked, or the question was cut short
Risk         high
Rule         bulk_needs_approval, which requires: approve
Reason       rule `bulk_needs_approval` asks for a human's approval
Undecidable  param_gt: count of first: a string cannot be compared with a number

Asked by     root on vm, logged in as ana
Policy path  given as an argument
Log path     from the environment
Session id   made up for this call
Policy hash  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
Action hash  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
Receipt      none: it is not decided

Events
#15          DAMAGED (its hash does not fit its content)  2026-11-23 08:49:05.123Z  requested  high risk, to be approved by rule bulk_needs_approval

The policy that was given
Policy hash  d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
             another one than it was decided by
As of        2026-11-23 08:49:00.123Z
warning      the recorded parameters are not those that were evaluated: secrets in them were replaced before writing, and conditions on them may read otherwise
  not matched  only: type `bulk_update` does not match `read`
  default      no rule matched
  decided by <default>: approve, medium risk
"#]]);
}

#[test]
fn evidence_is_said_in_words() {
    let by = |evidence| ApproverIdentity { evidence, ..at_a_terminal("a\u{202e}") };
    let words: Vec<_> =
        Evidence::ALL.iter().map(|evidence| who(Some(&by(*evidence)), Answer::Approved)).collect();
    for (evidence, words) in words.iter().enumerate() {
        assert!(words.contains(&format!("(evidence {evidence}")), "{words}");
        assert!(!words.contains('\u{202e}'), "{words}");
    }
    assert_eq!(words.iter().collect::<std::collections::HashSet<_>>().len(), words.len());
    assert_eq!(who(None, Answer::Block), "nobody was asked: the policy refuses it");
}

/// An action that was allowed and started, and of which these events follow.
fn started(more: Vec<HistoryEvent>) -> History {
    let recorder = Recorder { pid: 4242, began: 7, boot: "b".to_owned() };
    let session_id = "a1b2c3d4e5f6".to_owned();
    let started =
        EventBody::Started(StartedBody { session_id, recorder: Some(recorder), decided_seq: Some(17) });
    let mut events = vec![
        event(17, "decided", EventBody::Decided(entry(Some(Answer::Approved)))),
        event(18, "started", started),
    ];
    events.extend(more);
    life(events)
}

fn shown(life: &History, is_running: Option<bool>) -> String {
    anstream::adapter::strip_str(&render_history(life, &[], None, is_running, None)).to_string()
}

#[test]
fn what_has_begun_and_not_ended_is_running_or_unknown() {
    let running = shown(&started(Vec::new()), Some(true));
    assert!(running.starts_with("allowed, and running"), "{running}");
    assert!(running.contains("none yet: it is running"), "{running}");
    assert!(running.contains("started  by process 4242"), "{running}");
    for gone in [Some(false), None] {
        let unknown = shown(&started(Vec::new()), gone);
        assert!(unknown.starts_with("allowed, and how it went is unknown"), "{unknown}");
        assert!(unknown.contains("gone without recording its end"), "{unknown}");
    }
}

#[test]
fn how_looking_at_it_came_out_and_an_unknown_end_are_said() {
    let verified = EventBody::Verified(VerifiedBody {
        session_id: "a1b2c3d4e5f6".to_owned(),
        passed: false,
        error: Some("no \u{1b} file".to_owned()),
        duration_ms: Some(3000),
        decided_seq: Some(17),
    });
    let ended = EventBody::Ended(EndedBody {
        session_id: "a1b2c3d4e5f6".to_owned(),
        result_status: None,
        result_error: Some("it was lost".to_owned()),
        duration_ms: None,
        decided_seq: Some(17),
    });
    let all = shown(&started(vec![event(19, "verified", verified), event(20, "ended", ended)]), None);
    assert!(all.starts_with("allowed, and how it went is unknown"), "{all}");
    assert!(all.contains(r"verified  not found as it should be after 3s: no \u{1b} file"), "{all}");
    assert!(all.contains("unknown: it was lost"), "{all}");
}

#[test]
fn what_was_done_without_asking_is_observed_and_undecided() {
    let seen = shown(&life(vec![event(3, "observed", EventBody::Observed(entry(None)))]), None);
    assert!(seen.starts_with("observed, and undecided"), "{seen}");
    assert!(seen.contains("none: it was done without asking"), "{seen}");
    assert!(seen.contains("observed  done without asking; the policy would have said: "), "{seen}");
    assert!(!seen.contains("allowed"), "{seen}");
}
