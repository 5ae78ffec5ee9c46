use aegis_ledger::statistics::{
    Asked, Distinct, Habit, Named, Names, NewestEvent, Results, Risks, Series, Statistics, Tally, Waits, Week,
};
use chrono::{DateTime, Utc};
use snapbox::Data;
use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::charset::Charset;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn names<T: Clone + Default>(named: &[(Option<&str>, T)]) -> Names<T> {
    let named = named
        .iter()
        .map(|(name, value)| Named { name: name.map(str::to_owned), value: value.clone() })
        .collect();
    Names { named, ..Names::default() }
}

/// A day of a small trail, in which one name means harm.
fn overview() -> Overview {
    let automatic = Tally { auto: 1200, ..Tally::default() };
    let asked = Tally { approved: 7, denied: 2, unanswered: 1, open: 1, ..Tally::default() };
    let blocked = Tally { block: 30, ..Tally::default() };
    let mut total = automatic;
    total += asked;
    total += blocked;
    let waits = Waits {
        count: 9,
        min_ms: 850,
        median_ms: 12_300,
        p90_ms: 63_000,
        p99_ms: 64_000,
        max_ms: 64_100,
        histogram: [1, 0, 2, 1, 4, 0, 1, 0, 0, 0, 0, 0],
    };
    let mut week = Week::default();
    week.days[0][8] = automatic;
    week.days[0][9] = asked;
    week.days[0][20] = blocked;
    let mut tallies = vec![Tally::default(); 13];
    (tallies[0], tallies[1], tallies[12]) = (automatic, asked, blocked);
    let statistics = Statistics {
        newest: Some(NewestEvent { seq: 1270, hash: "00".repeat(32) }),
        period: Some((instant("2026-11-23T08:00:01Z"), instant("2026-11-23T20:59:00Z"))),
        total,
        risks: Risks { low: automatic, high: asked, critical: blocked, ..Risks::default() },
        results: Results { success: 900, failed: 7, blocked: 30, denied: 2, skipped: 1, unknown: 301 },
        sessions: Distinct { count: 12, estimated: false },
        observed: 0,
        rules: names(&[
            (Some("reads_are_fine"), automatic),
            (Some("deletes_are_blocked"), blocked),
            (Some("<default>"), asked),
        ]),
        agents: names(&[
            (Some("support\u{1b}[31m\u{202e}bot"), automatic),
            (None, blocked),
            (Some("コーダー"), asked),
        ]),
        types: Names {
            others: blocked,
            other_names: Distinct { count: 4, estimated: false },
            ..names(&[
                (Some("read"), automatic),
                (Some("a type of action with a name that does not end soon"), asked),
            ])
        },
        targets: names(&[(Some("crm"), total)]),
        series: Series { hours: 1, start: instant("2026-11-23T08:00:00Z"), tallies },
        week,
        waits: waits.clone(),
        asked_by_rule: names(&[(Some("<default>"), Asked { tally: asked, waits: waits.clone() })]),
        approvers: names(&[(
            Some("terminal:ana"),
            Asked { tally: Tally { approved: 7, denied: 2, ..Tally::default() }, waits },
        )]),
        always_approved: vec![Habit {
            rule: "<default>".to_owned(),
            action_type: "update".to_owned(),
            target: "crm".to_owned(),
            times: 7,
        }],
        always_denied: Vec::new(),
        habits_left_out: 0,
    };
    Overview {
        log: "0f".repeat(16),
        filters: Vec::new(),
        often: 5,
        statistics,
        idle_rules: Some(vec!["never_matched".to_owned()]),
    }
}

fn plain(width: usize, charset: Charset) -> String {
    let text = render_statistics(&overview(), Look { width, charset, top: 10 });
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn statistics_look_as_they_did() {
    for (name, width, charset) in [
        ("120", 120, Charset::Unicode),
        ("wide", 80, Charset::Unicode),
        ("narrow", 44, Charset::Unicode),
        ("40", 40, Charset::Unicode),
        ("ascii", 80, Charset::Ascii),
    ] {
        let file = format!("{}/src/lines/statistics/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let expected = Data::read_from(std::path::Path::new(&file), None);
        snapbox::Assert::new()
            .normalize_paths(false)
            .action_env("SNAPSHOTS")
            .eq(Data::text(plain(width, charset)), expected);
    }
}

/// A newcomer's log has one interval, and that is drawn too.
#[test]
fn few_intervals_are_bars_below_each_other() {
    for width in [40, 80, 120] {
        for kept in [1, 2] {
            let mut overview = overview();
            overview.statistics.series.tallies.truncate(kept);
            let text = render_statistics(&overview, Look { width, charset: Charset::Unicode, top: 10 });
            let text = anstream::adapter::strip_str(&text).to_string();
            let drawn = text.split("\nTime: each bar is an hour\n").nth(1).unwrap();
            let drawn: Vec<_> = drawn.lines().take_while(|line| !line.is_empty()).collect();
            assert_eq!(drawn.len(), kept, "{text}");
            assert!(drawn.iter().all(|line| line.width() <= width), "{text}");
            assert!(drawn[0].starts_with("  2026-11-23 08:00  1,200  █"), "{text}");
            assert!(kept == 1 || drawn[1].trim_end().ends_with(['▏', '▎', '▍']), "{text}");
        }
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40, 44, 60, 80, 120, 500] {
        for line in plain(width, Charset::Unicode).lines() {
            assert!(line.width() <= width.min(WIDEST), "{width}: {line:?}");
        }
    }
    assert_eq!(plain(0, Charset::Unicode), plain(40, Charset::Unicode));
}

#[test]
fn nothing_of_a_trail_reaches_the_terminal_unescaped() {
    for charset in [Charset::Unicode, Charset::Ascii] {
        let text = plain(80, charset);
        assert!(
            !text.contains(['\u{1b}', '\u{202e}']) && text.contains("support\\u{1b}[31m\\u{202e}bot"),
            "{text}"
        );
    }
    // What this program draws keeps to ASCII where it was told to; names are the trail's.
    let drawn = plain(80, Charset::Ascii).replace("コーダー", "");
    assert!(drawn.is_ascii(), "{drawn}");
}

#[test]
fn names_beyond_the_top_are_added_up() {
    let text = render_statistics(&overview(), Look { width: 80, charset: Charset::Ascii, top: 1 });
    let text = anstream::adapter::strip_str(&text).to_string();
    let types = text.split("\nTypes\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let rest: Vec<_> = types.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(rest, ["(5", "more)", "41", "3.3", "%", "11", "33"]);
}
