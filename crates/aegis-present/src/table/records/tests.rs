use aegis_engine::{ApprovalMode, RiskLevel};
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence, ResultStatus, Via};
use chrono::FixedOffset;
use snapbox::Data;

use super::*;
use crate::table::example::record;

fn look(width: Option<usize>) -> TableLook {
    let berlin = |_| FixedOffset::east_opt(3600).unwrap();
    TableLook { width, columns: None, times: Times::Local(Box::new(berlin)), color: false }
}

/// Records as they come, one of which means harm.
fn records() -> Vec<Record> {
    let ana = ApproverIdentity {
        via: Via::new("terminal"),
        user: Some("ana".to_owned()),
        evidence: Evidence::Terminal,
        injectable: false,
    };
    let read = Record {
        agent: Some("claude".to_owned()),
        action_type: "read".to_owned(),
        risk_level: RiskLevel::Low,
        approval: ApprovalMode::Auto,
        matched_rule: "reads_are_fine".to_owned(),
        decision: Some(Answer::Auto),
        approver: Some(ApproverIdentity::rule()),
        result_status: Some(ResultStatus::Success),
        ..record("crm")
    };
    let asked = Record {
        agent: Some("billing-agent-of-the-night-shift".to_owned()),
        decision: Some(Answer::Approved),
        approver: Some(ana),
        result_status: Some(ResultStatus::Failed),
        ..record("postgres://db.internal:5432/customers/production")
    };
    let hostile = Record {
        agent: Some("\u{1b}[2J\u{202e}".to_owned()),
        matched_rule: "<default>".to_owned(),
        ..record("删除 everything\n删除 everything 删除")
    };
    vec![read, asked, hostile]
}

fn drawn(look: TableLook) -> String {
    let mut table = RecordTable::new(look);
    for record in records() {
        assert_eq!(table.add(&record, None), None);
    }
    table.finish() + "\n"
}

fn followed(look: TableLook) -> String {
    let lines = RecordLines::new(look);
    let rows: Vec<_> = records().iter().map(|record| lines.line(record)).collect();
    format!("{}\n{}\n", lines.header(), rows.join("\n"))
}

#[test]
fn tables_look_as_they_did() {
    for (name, width) in [("40", Some(40)), ("80", Some(80)), ("120", Some(120)), ("piped", None)] {
        let text = format!("{}\n--follow\n{}", drawn(look(width)), followed(look(width)));
        let file = format!("{}/src/table/records/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let expected = Data::read_from(std::path::Path::new(&file), None);
        snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").eq(Data::text(text), expected);
    }
}

#[test]
fn lines_fit_the_terminal_and_cells_stand_below_their_titles() {
    for width in [36, 40, 60, 80, 100, 120, 300] {
        for text in [drawn(look(Some(width))), followed(look(Some(width)))] {
            let lines: Vec<_> = text.lines().collect();
            assert!(lines.iter().all(|line| width_of(line) < width), "{width}:\n{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
            let column = |line: &str, word: &str| line.split_once(word).map(|(before, _)| width_of(before));
            assert_eq!(column(lines[0], "Decision"), column(lines[2], "approved"), "{width}:\n{text}");
            assert_eq!(column(lines[0], "Decision"), column(lines[3], "unanswered"), "{width}:\n{text}");
        }
    }
}

#[test]
fn columns_that_were_named_are_shown_in_their_order() {
    let columns = Some(vec![Column::Rule, Column::Time, Column::Agent, Column::User, Column::Seq]);
    for width in [None, Some(80)] {
        for text in [drawn(TableLook { columns: columns.clone(), ..look(width) }), {
            followed(TableLook { columns: columns.clone(), times: Times::Utc, ..look(width) })
        }] {
            let titles: Vec<_> = text.lines().next().unwrap().split_whitespace().collect();
            assert_eq!(titles, ["Rule", "Time", "Agent", "User", "Seq"]);
            assert!(text.lines().nth(1).unwrap().starts_with("reads_are_fine"), "{text}");
        }
    }
}

#[test]
fn lines_are_painted_where_that_is_wanted() {
    assert!(!drawn(look(None)).contains('\u{1b}'));
    let painted = drawn(TableLook { color: true, ..look(None) });
    assert!(painted.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&painted).to_string(), drawn(look(None)));
    // Where the last column is a painted one, what is painted fits as well.
    let painted = drawn(TableLook { color: true, ..look(Some(80)) });
    let text = anstream::adapter::strip_str(&painted).to_string();
    assert!(text.lines().all(|line| width_of(line) < 80), "{text}");
}

#[test]
fn a_long_table_is_drawn_in_parts_whose_columns_stand_below_each_other() {
    for width in [None, Some(100)] {
        let mut table = RecordTable::new(look(width));
        let mut drawn = Vec::new();
        for number in 0..2500 {
            let target = if number == 3 { "a-longer-name" } else { "crm" };
            drawn.extend(table.add(&record(target), None));
        }
        assert_eq!(drawn.len(), 2, "no more than a part is held");
        drawn.push(table.finish());
        let lines: Vec<_> = drawn.iter().flat_map(|part| part.lines()).collect();
        assert_eq!(lines.len(), 2501);
        let column = lines[0].find("Decision").unwrap();
        for line in &lines[1..] {
            let found = line.split_once("unanswered").map(|(before, _)| width_of(before));
            assert_eq!(found, Some(column), "{line}\n{}", lines[0]);
        }
    }
}
