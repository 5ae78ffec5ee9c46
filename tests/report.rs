//! `aegis audit report`: one page that loads nothing, whatever the trail says.

use std::fs;

use aegis_testkit::{BULK, DELETE, READ, file_names, mode};
use serde_json::json;

use crate::environment::TestEnvironment;

/// Every element that a page may have. What a trail says must not add to them.
const ELEMENTS: [&str; 44] = [
    "a",
    "body",
    "br",
    "caption",
    "code",
    "dd",
    "desc",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "g",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "li",
    "line",
    "main",
    "meta",
    "nav",
    "p",
    "rect",
    "section",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "wbr",
];
const VOID: [&str; 3] = ["br", "meta", "wbr"];
const HOSTILE: &str = "</script></style></title><img src=x onerror=alert(1)>\"'><svg onload=alert(2)>";

fn trail() -> TestEnvironment {
    let environment = TestEnvironment::new();
    for action in [READ, READ, DELETE, BULK] {
        environment.aegis_with_input(&["check", "--agent", "ana"], action);
    }
    environment
}

fn hostile() -> TestEnvironment {
    let rule = json!(HOSTILE);
    let environment = TestEnvironment::with_policy(&format!(
        "version: '1'\nrules:\n  - name: {rule}\n    approval: block\n    risk_level: critical\n"
    ));
    let action = json!({
        "type": HOSTILE, "target": format!("\u{202e}\u{1b}[2J{HOSTILE}"), "agent": format!("& &lt; {HOSTILE}"),
        "params": {"p": HOSTILE}, "description": HOSTILE,
    });
    environment.aegis_with_input(&["check", "--session", HOSTILE], action.to_string());
    environment
}

fn report(environment: &TestEnvironment, arguments: &[&str]) -> String {
    let run = environment.aegis(&[&["audit", "report"], arguments].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    run.stdout
}

/// Reads the page tag by tag: every element is known and closed, every attribute quoted.
fn elements(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>') || open.last().is_some_and(|it| it == "style"), "{before}");
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "<{tag}>");
        assert_eq!(attributes.matches('"').count() % 2, 0, "<{tag}>");
        for attribute in attributes.split('"').step_by(2).map(str::trim).filter(|it| !it.is_empty()) {
            let attribute = attribute.strip_suffix('=').unwrap_or_else(|| panic!("<{tag}>"));
            assert!(!attribute.starts_with("on") && attribute != "src" && attribute != "style", "<{tag}>");
        }
        found.push(name.to_owned());
        if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!((rest.trim(), open.len()), ("", 0));
    found
}

#[test]
fn a_page_is_whole_and_loads_nothing() {
    for environment in [trail(), hostile()] {
        let page = report(&environment, &["--policy", "policy.yaml"]);
        let found = elements(&page);
        let count = |name: &str| found.iter().filter(|it| *it == name).count();
        assert_eq!((count("h1"), count("style"), count("main")), (1, 1, 1));
        assert!(count("table") >= 10 && count("table") == count("caption"), "{found:?}");
        for outside in ["http:", "https:", "src=\"", "url(", "@import", "<script", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; "));
    }
}

#[test]
fn headings_are_in_order_and_charts_have_words() {
    let page = report(&trail(), &[]);
    let levels: Vec<u8> =
        elements(&page).iter().filter_map(|it| it.strip_prefix('h')?.parse::<u8>().ok()).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1) && levels[0] == 1, "{levels:?}");
    for tag in page.split('<').filter(|tag| tag.starts_with("svg")) {
        assert!(
            tag.contains("role=\"img\" aria-labelledby=") || tag.contains("aria-hidden=\"true\""),
            "{tag}"
        );
    }
    for tag in page.split('<').filter(|tag| tag.starts_with("th ") || tag.starts_with("th>")) {
        assert!(tag.contains("scope=\"col\"") || tag.contains("scope=\"row\""), "{tag}");
    }
}

#[test]
fn what_a_trail_says_stays_text() {
    let environment = hostile();
    for arguments in [&[][..], &["--policy", "policy.yaml"], &["--session", HOSTILE], &["--agent", HOSTILE]] {
        let page = report(&environment, arguments);
        elements(&page);
        assert!(!page.contains("<img") && !page.contains("onload=alert(2)>"));
        let whole = page.replace("<wbr>", "");
        assert!(whole.contains("&lt;img src=x onerror=alert(1)&gt;"), "{arguments:?}");
        assert!(!page.contains(['\u{202e}', '\u{1b}']));
    }
    let page = report(&environment, &[]);
    assert!(page.contains("\\u{202e}") && page.contains("&amp; &amp;lt; "));
    // Parameters and descriptions may hold secrets.
    assert_eq!(environment.records()[0]["action_params"]["p"], HOSTILE);
    assert!(!page.contains("params"));
}

#[test]
fn the_numbers_are_those_of_stats() {
    let environment = trail();
    let page = report(&environment, &["--agent", "ana"]);
    let stats = environment.aegis(&["audit", "stats", "--agent", "ana", "--format", "json"]).json();
    assert_eq!(stats["actions"], 4);
    for number in [
        "<strong>4</strong><span>in 4 sessions",
        "<strong>50.0 %</strong><span>2 actions",
        "<code>--agent ana</code>",
    ] {
        assert!(page.contains(number), "{number}");
    }
    for (answer, count) in stats["answers"].as_object().unwrap() {
        let row = format!("<th scope=\"row\">{answer}</th><td class=\"number\">{count}</td>");
        assert!(page.contains(&row), "{row}");
    }
    for name in stats["rules"]["names"].as_array().unwrap() {
        let (name, count) = (name["name"].as_str().unwrap(), &name["actions"]);
        let row = format!("<th scope=\"row\" class=\"name\">{name}</th><td class=\"number\">{count}</td>");
        assert!(page.replace("<wbr>", "").contains(&row), "{row}");
    }
    for value in [&stats["log"], &stats["newest"]["hash"]] {
        assert!(page.contains(value.as_str().unwrap()));
    }
}

#[test]
fn single_actions_are_those_that_somebody_should_look_at() {
    let environment = TestEnvironment::with_policy(
        "version: '1'\nrules:\n  - { name: reads, match: { type: read }, approval: auto, risk_level: high }\n  \
         - { name: pays, match: { type: pay }, approval: auto, risk_level: critical }\n",
    );
    for action in [r#"{"type":"pay","target":"bank"}"#, READ, DELETE, BULK] {
        environment.aegis_with_input(&["check"], action);
    }
    let ids: Vec<_> =
        environment.records().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
    let listed = |arguments: &[&str]| {
        let page = report(&environment, arguments);
        let (refused, allowed) = page.split_once("Riskiest allowed actions").unwrap();
        let [refused, allowed] = [refused, allowed].map(|part| {
            let mut found: Vec<_> = ids
                .iter()
                .enumerate()
                .filter_map(|(index, id)| Some((part.find(id.as_str())?, index)))
                .collect();
            found.sort_unstable();
            found.into_iter().map(|(_, index)| index).collect::<Vec<_>>()
        });
        (refused, allowed)
    };
    // Refusals newest first; of what was allowed, the riskiest.
    assert_eq!(listed(&[]), (vec![3, 2], vec![0, 1]));
    assert_eq!(listed(&["--top", "1"]), (vec![3], vec![0]));
    assert_eq!(listed(&["--limit", "3"]), (vec![3, 2], vec![1]));
    assert_eq!(listed(&["--decision", "auto", "--risk", "high"]), (vec![], vec![1]));
    assert_eq!(listed(&["--decision", "unanswered", "--type", "delete"]), (vec![2], vec![]));
}

#[test]
fn a_file_is_private_and_there_whole_or_not_at_all() {
    let environment = trail();
    environment.write("report.html", "old");
    let run = environment.aegis(&["audit", "report", "-o", "report.html"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "", "note: a report on 4 actions written to `report.html`\n")
    );
    let path = environment.file("report.html");
    assert_eq!(mode(&path), 0o600);
    elements(&fs::read_to_string(path).unwrap());
    let log = fs::read(environment.file("aegis_audit.db")).unwrap();
    assert_eq!(environment.aegis(&["audit", "report", "-o", "aegis_audit.db"]).code, 2);
    assert_eq!(fs::read(environment.file("aegis_audit.db")).unwrap(), log);
    assert_eq!(environment.aegis(&["audit", "report", "-o", "none/report.html"]).code, 5);
    assert_eq!(environment.aegis(&["audit", "report", "--db", "none.db"]).code, 4);
    let mut left = file_names(environment.path());
    left.retain(|name| name.contains("report"));
    assert_eq!(left, ["report.html"]);
}

#[test]
fn an_empty_trail_has_a_page_that_says_so() {
    let page = report(&trail(), &["--target", "nothing"]);
    elements(&page);
    assert!(page.contains("No action matches."));
}

#[test]
fn a_page_says_whether_the_chain_holds() {
    let environment = trail();
    let chain =
        |page: &str| page.split("<dt>Chain</dt><dd>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let rows = environment.aegis(&["audit", "verify", "--format", "json"]).json()["rows"].clone();
    let holds = format!("holds: {rows} events verified, nothing is wrong");
    for arguments in [&[][..], &["--verify"], &["--agent", "nobody"]] {
        let page = report(&environment, arguments);
        assert_eq!(chain(&page), holds, "{arguments:?}");
        assert!(page.contains("the chain of the log held. ") && !page.contains("role=\"alert\""));
    }
    assert_eq!(chain(&report(&environment, &["--no-verify"])), "not verified");
    let path = environment.file("aegis_audit.db");
    let mut bytes = fs::read(&path).unwrap();
    let from = "deletes_are_blocked";
    let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    bytes[place..place + from.len()].copy_from_slice(b"deletes_are_allowed");
    fs::write(&path, bytes).unwrap();
    let run = environment.aegis(&["audit", "report", "-o", "report.html"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.contains("error: the log is damaged: row 3: "), "{run:?}");
    let page = fs::read_to_string(environment.file("report.html")).unwrap();
    elements(&page);
    assert_eq!(chain(&page), "does not hold");
    assert!(
        page.contains("role=\"alert\"><strong>The log is damaged: 1 problem found. </strong>row 3: "),
        "{page}"
    );
    assert_eq!(environment.aegis(&["audit", "report", "--no-verify", "-o", "report.html"]).code, 0);
}

#[test]
fn names_are_broken_where_words_end_and_charts_scroll_where_they_are_too_wide() {
    let page = report(&trail(), &[]);
    assert!(page.contains(">deletes_<wbr>are_<wbr>blocked</t"), "{page}");
    let before_charts: Vec<_> = page.split("<svg class=\"chart\"").collect();
    let (_, before_charts) = before_charts.split_last().unwrap();
    assert_eq!(before_charts.len(), 2);
    for before in before_charts {
        assert!(before.trim_end().ends_with("tabindex=\"0\">"), "a chart stands in a box that scrolls");
    }
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let print = style.split("@media print").nth(1).unwrap();
    // What was not opened is not printed, and only what is small is kept on one page.
    assert!(
        print.contains("details:not([open]) { display: none; }") && !print.contains(".bars { break-inside")
    );
    assert!(!style.contains(".name { overflow-wrap: anywhere"), "names are not broken anywhere");
}
