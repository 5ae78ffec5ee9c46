//! Sessions of two terminals that the documents show happen as they say.
//!
//! A fenced block marked `terminals` is one: each line begins with whose terminal it is about. Behind `$`
//! stands what is typed there, behind `|` what its screen shows then, in which `[..]` stands for anything on
//! a line, and behind `<` the answer to a question: `(the word)`, or the keys. `ID` in what is typed is the
//! beginning of the id of the question that waits. The commands of the blocks marked `console` before it were
//! run in the same directory.

use std::collections::BTreeMap;

use aegis_testkit::Terminal;

use super::{ROOT, run, steps};
use crate::environment::TestEnvironment;

/// Reads commands and runs them, one after another. The program is one that other programs find, too.
const SHELL: &str = "unset -f aegis; mkdir -p bin; ln -sf \"$AEGIS\" bin/aegis; PATH=$PWD/bin:$PATH
while IFS= read -r line; do eval \"$line\"; done";

#[derive(Debug, PartialEq, Eq)]
enum Event {
    Typed(String),
    Shown(Vec<String>),
    Answered(String),
}

/// What happens at whose terminal, in its order.
fn events(block: &str) -> Vec<(String, Event)> {
    let mut events: Vec<(String, Event)> = Vec::new();
    for line in block.lines().filter(|line| !line.is_empty()) {
        let place = line.find(['$', '|', '<']).unwrap_or_else(|| panic!("it is nobody's: {line}"));
        let (who, rest) = line.split_at(place);
        let (who, text) = (who.trim().to_owned(), rest.get(2..).unwrap_or_default().to_owned());
        match (rest.as_bytes()[0], events.last_mut()) {
            (b'$', _) => events.push((who, Event::Typed(text))),
            (b'<', _) => events.push((who, Event::Answered(text))),
            (_, Some((last, Event::Shown(lines)))) if *last == who => lines.push(text),
            _ => events.push((who, Event::Shown(vec![text]))),
        }
    }
    events
}

/// Whether a line is as a document shows it.
fn is_like(line: &str, shown: &str) -> bool {
    let (line, shown) = (line.trim_end(), shown.trim_end());
    let Some((before, behind)) = shown.split_once("[..]") else { return line == shown };
    let Some(rest) = line.strip_prefix(before) else { return false };
    rest.char_indices()
        .map(|(place, _)| place)
        .chain([rest.len()])
        .any(|place| rest.get(place..).is_some_and(|rest| is_like(rest, behind)))
}

/// Whether a screen holds these lines, one below the other.
fn holds(screen: &str, shown: &[String]) -> bool {
    let lines: Vec<_> = screen.lines().collect();
    lines
        .windows(shown.len())
        .any(|window| window.iter().zip(shown).all(|(line, shown)| is_like(line, shown)))
}

fn play(environment: &TestEnvironment, events: &[(String, Event)]) {
    let mut terminals: BTreeMap<&str, Terminal> = BTreeMap::new();
    for (who, event) in events {
        let terminal =
            terminals.entry(who).or_insert_with(|| Terminal::shell_of(environment, SHELL, (100, 50)));
        match event {
            Event::Typed(command) => {
                let listed = environment.aegis(&["approvals", "--format", "json"]);
                let id = listed.stdout.split("\"id\":\"").nth(1).and_then(|rest| rest.get(..13));
                terminal.type_text(&format!("{}\n", command.replace("ID", id.unwrap_or("ID"))));
            }
            Event::Shown(lines) => {
                terminal.wait_until(&lines.join("\n"), |screen| holds(&screen.contents(), lines));
            }
            Event::Answered(answer) => {
                terminal.wait_for_question();
                match answer.as_str() {
                    "(the word)" => terminal.allow(),
                    keys => terminal.type_text(&format!("{keys}\r")),
                }
            }
        }
    }
}

/// The session begins without a log.
fn forget_log(environment: &TestEnvironment) {
    for entry in std::fs::read_dir(environment.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_str().unwrap().starts_with("aegis_audit.db") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}

#[test]
fn what_two_terminals_show_is_what_happens() {
    let mut played = 0;
    for path in ["docs/how-to/approve.md"] {
        let document = std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
        for (index, part) in document.split("```terminals\n").enumerate().skip(1) {
            let environment = TestEnvironment::empty();
            let before: String = document.split("```terminals\n").take(index).collect();
            run(&environment, &steps(&before));
            forget_log(&environment);
            let events = events(part.split("```").next().unwrap());
            assert!(events.len() > 4, "{path}: {events:?}");
            play(&environment, &events);
            let verified = environment.aegis(&["audit", "verify"]);
            assert_eq!(verified.code, 0, "{verified:?}");
            played += 1;
        }
    }
    assert!(played > 0);
}

#[test]
fn a_session_is_split_into_what_happens() {
    let found = events("a $ x ID | y\na |   shown\na | [..] more\n\nb < (the word)\nb | done\n");
    let of = |who: &str, event| (who.to_owned(), event);
    let shown = |lines: &[&str]| Event::Shown(lines.iter().map(|&line| line.to_owned()).collect());
    let wanted = [
        of("a", Event::Typed("x ID | y".to_owned())),
        of("a", shown(&["  shown", "[..] more"])),
        of("b", Event::Answered("(the word)".to_owned())),
        of("b", shown(&["done"])),
    ];
    assert_eq!(found, wanted);
    for (line, shown, is) in [
        ("a b c", "a b c", true),
        ("a b c  ", "a [..] c", true),
        ("a b", "a [..]", true),
        ("a b c d", "a [..] c", false),
        ("a b", "b", false),
        ("ab", "[..]b", true),
    ] {
        assert_eq!(is_like(line, shown), is, "{line} {shown}");
    }
    let screen = "one\ntwo\nthree\n";
    assert!(holds(screen, &["two".to_owned(), "th[..]".to_owned()]));
    assert!(!holds(screen, &["one".to_owned(), "three".to_owned()]));
}
