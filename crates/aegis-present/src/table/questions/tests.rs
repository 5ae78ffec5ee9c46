use aegis_engine::{ApprovalMode, ApprovalTerms, RiskLevel};
use aegis_ledger::event::{EntryBody, Opening, PathSource};
use aegis_ledger::question::{Party, Question};

use super::*;
use crate::fitting::width_of;

const ASKED_AT: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

fn entry(agent: &str, kind: &str, target: &str, rule: &str) -> EntryBody {
    EntryBody {
        session_id: "s".to_owned(),
        agent: Some(agent.to_owned()),
        action_type: kind.to_owned(),
        action_target: target.to_owned(),
        risk_level: RiskLevel::Critical,
        approval: ApprovalMode::Approve,
        matched_rule: rule.to_owned(),
        decision: None,
        approver: None,
        result_status: None,
        reason: String::new(),
        undecidable: Vec::new(),
        action_sha256: String::new(),
        policy_sha256: String::new(),
        host: "vm".to_owned(),
        user: "ana".to_owned(),
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

fn question(number: usize, quorum: u32) -> Question {
    let terms = ApprovalTerms { quorum, ..ApprovalTerms::default() };
    let opening = Opening { key: "k".to_owned(), expires_at: ASKED_AT + 60 * MINUTE, terms };
    let asker = Party { user: "ana".to_owned(), login: None };
    Question::new(&format!("01939f2b-4a5c-7{number:03}-8000-000000000000"), ASKED_AT, None, asker, &opening)
}

fn drawn_at(entries: &[EntryBody], width: Option<usize>) -> Vec<String> {
    let questions: Vec<_> = (0..entries.len()).map(|number| question(number, 1)).collect();
    let asked: Vec<_> = questions
        .iter()
        .zip(entries)
        .map(|(question, entry)| Asked { question, entry, payload: None, log: "l" })
        .collect();
    let drawn = render_questions(&asked, ASKED_AT + 3 * MINUTE, width);
    anstream::adapter::strip_str(&drawn).to_string().lines().map(str::to_owned).collect()
}

#[test]
fn a_table_has_what_there_is_room_for() {
    let entries = [entry("sales-bot", "bulk_update", "crm", "bulk_needs_approval")];
    assert_eq!(
        drawn_at(&entries, None),
        [
            "ID             Age  Left  Agent      Risk      Type         Target  Rule                 Missing",
            "01939f2b-4a5c  3m   57m   sales-bot  critical  bulk_update  crm     bulk_needs_approval  1"
        ]
    );
    let narrower = drawn_at(&entries, Some(80));
    let titles: Vec<_> = narrower[0].split_whitespace().collect();
    assert_eq!(titles, ["ID", "Left", "Agent", "Risk", "Type", "Target", "Rule", "Missing"]);
}

#[test]
fn whatever_is_in_a_cell_no_line_is_wider_than_the_terminal_or_another_line() {
    let hostile = [
        "\u{1b}[2J\n01939f2b forged",
        "\u{202e}evil\u{200b}",
        "删除 everything 删除 everything 删除",
        "e\u{301}\u{301}\u{301}\u{301}",
        "\t\r\n\0\u{9b}31m",
        "",
        " ",
        "\u{3164}\u{115f}",
    ];
    for one in hostile {
        for other in hostile {
            let long = other.repeat(40);
            let entries = [entry(one, other, &long, one), entry("bot", "read", "crm", "r")];
            for width in [40, 80, 200] {
                let lines = drawn_at(&entries, Some(width));
                assert_eq!(lines.len(), 3, "{one:?} {other:?}: {lines:#?}");
                for line in lines {
                    assert!(width_of(&line) < width, "{width}: {line}");
                    assert!(line.chars().all(|it| it == '…' || !it.is_control()), "{line:?}");
                    assert!(!line.contains('\u{202e}') && !line.contains('\u{200b}'), "{line:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_asked_for_stays_where_there_is_little_room() {
    let entries = [entry("sales-bot", "bulk_update", "prod/customers", "bulk_needs_approval")];
    let lines = drawn_at(&entries, Some(40));
    assert!(lines[0].starts_with("ID             Left  "), "{lines:?}");
    assert!(lines[0].contains("Type") && lines[0].contains("Target"), "{lines:?}");
}

#[test]
fn ids_are_as_long_as_tells_them_apart() {
    let entry = entry("bot", "read", "crm", "r");
    let questions = [question(1, 1), question(2, 3)];
    let asked =
        questions.each_ref().map(|question| Asked { question, entry: &entry, payload: None, log: "l" });
    let drawn = anstream::adapter::strip_str(&render_questions(&asked, ASKED_AT, None)).to_string();
    assert!(drawn.contains("\n01939f2b-4a5c-7001  ") && drawn.contains("\n01939f2b-4a5c-7002  "), "{drawn}");
    assert!(drawn.contains("  1\n") && drawn.ends_with("  3 of 3"), "{drawn}");
}
