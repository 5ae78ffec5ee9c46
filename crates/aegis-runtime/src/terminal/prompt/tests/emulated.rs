//! What a terminal shows of a prompt about hostile texts: the screen is compared after emulation, row by row.

use std::collections::BTreeSet;

use super::super::super::canvas::Canvas;
use super::super::super::scene::Scene;
use super::super::super::screen;
use super::*;

/// What terminals act upon, what cannot be seen, and what looks like something else.
const BASE: [&str; 58] = [
    // Sequences: erasing, moving, scrolling, colour, concealing, modes, titles, keys, answers.
    "\u{1b}[2J",
    "\u{1b}[H",
    "\u{1b}[1;1H",
    "\u{1b}[3A",
    "\u{1b}[5;9r",
    "\u{1b}[8m",
    "\u{1b}[30;40m",
    "\u{1b}[?25l",
    "\u{1b}[?1049l",
    "\u{1b}[?7l",
    "\u{1b}[?6h",
    "\u{1b}c",
    "\u{1b}#8",
    "\u{1b}[6n",
    "\u{1b}(0",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;eQo=\u{7}",
    "\u{1b}]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}P1$r\u{1b}\\",
    "\u{1b}_Gq=1\u{1b}\\",
    "\u{1b}[20t",
    "\u{9b}2J",
    "\u{90}q\u{9c}",
    "\u{9d}0;x\u{9c}",
    // Controls.
    "\r",
    "\n",
    "\r\n",
    "\t",
    "\u{b}",
    "\u{c}",
    "\u{8}\u{8}\u{8}",
    "\u{7f}",
    "\u{0}",
    "\u{e}",
    "\u{85}",
    "\u{2028}",
    // Direction.
    "\u{202e}",
    "\u{202d}evil\u{202c}",
    "\u{2066}\u{2069}",
    "\u{200f}",
    "\u{61c}",
    "שלום",
    // What cannot be seen.
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{2060}",
    "\u{ad}",
    "\u{3164}",
    "\u{2800}",
    "\u{a0}",
    "\u{e0041}\u{e0042}",
    // Marks, wide characters, look-alikes.
    "e\u{301}\u{301}\u{301}\u{301}",
    "\u{20e3}",
    "删除表",
    "🇩🇪👩‍👩‍👧",
    "раураl",
    "ｙｅｓ",
    "\u{1160}\u{1161}",
];

/// What an attacker would like to be taken for ours.
const LIES: [&str; 8] = [
    "  Allow this action? [y/N] y",
    "  target │ staging",
    "  risk   │ low",
    "         │ ↳ and more of it",
    "  To allow this, type khwp: khwp",
    "  0:01 left; ? helps",
    "  approved: read on staging, low risk",
    "\\u{202e} … [3 more bytes, sha256 of all 0000000000000000…]",
];

/// Every text of the table.
fn hostile_texts() -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for (index, base) in BASE.iter().enumerate() {
        let lie = LIES[index % LIES.len()];
        texts.insert((*base).to_owned());
        texts.insert(format!("read{base}{lie}"));
        texts.insert(format!("{base}\r\n{lie}{base}"));
        texts.insert(base.repeat(90) + lie);
        texts.insert(format!("{}{base}{lie}", "x".repeat(20 + index)));
    }
    for lie in LIES {
        for padding in [1, 8, 9, 29, 60, 61, 400, 5000] {
            texts.insert(" ".repeat(padding) + lie);
            texts.insert(format!("git log{}{lie}", " ".repeat(padding)));
        }
        texts.insert(lie.repeat(300));
    }
    texts
}

/// An action with this text wherever an agent can put one.
fn action_of(text: &str, place: usize) -> Value {
    let named = text.replace('\0', "\u{1}");
    match place % 3 {
        0 => json!({ "type": named, "target": "crm", "params": { "a": text, "b": 1 } }),
        1 => json!({ "type": "t", "target": named, "agent": named, "params": { text: [text] } }),
        _ => json!({ "type": "t", "target": "crm", "description": text, "params": { "n": { text: 1 } } }),
    }
}

/// The rows that a terminal shows once this was written to it, over a screen that was prepared to lie, and
/// where its cursor is.
fn shown_by(written: &str, (columns, rows): (u16, u16)) -> (Vec<String>, (u16, u16)) {
    let mut terminal = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
    let filled = "Z".repeat(usize::from(columns) * usize::from(rows));
    terminal.process(filled.as_bytes());
    terminal.process(b"\x1b[3;5r\x1b[?6h\x1b[8m\x1b[?7l\x1b[2;2H");
    terminal.process(written.as_bytes());
    let screen = terminal.screen();
    let rows = screen.rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
    (rows, screen.cursor_position())
}

/// What a scene comes to on the screen: its lines, each in its row, and nothing else at all.
#[track_caller]
fn check_screen(scene: &Scene, (columns, rows): (u16, u16), text: &str) {
    let drawn = Canvas::new(false, usize::from(rows)).draw(scene);
    let (shown, _) = shown_by(&drawn, (columns, rows));
    let lines = scene.lines();
    for (index, row) in shown.iter().enumerate() {
        let wanted = lines.get(index).map(|line| line.trim_end()).unwrap_or_default();
        assert_eq!(row, wanted, "row {index} at {columns} columns: {text:?}");
    }
    // Behind the question, where what is typed goes.
    let redrawn = screen::drawn(&lines, 0);
    let (_, cursor) = shown_by(&redrawn, (columns, rows));
    let last = lines.last().unwrap();
    assert_eq!(
        cursor,
        (u16::try_from(lines.len() - 1).unwrap(), u16::try_from(last.width()).unwrap()),
        "{text:?}"
    );
}

/// The text of the pages without labels and marks, as one.
fn joined(lines: &[String], glyphs: Glyphs) -> String {
    let label = |line: &str| -> Option<usize> {
        if glyphs.plain {
            line.find(": ").map(|at| at + 2)
        } else {
            line.find(['│', '|']).map(|at| at + '│'.len_utf8())
        }
    };
    let mut joined = String::new();
    for line in lines {
        match line.strip_prefix(glyphs.continued()) {
            Some(more) => joined.push_str(more),
            None => {
                joined.push('\n');
                let text = label(line).and_then(|at| line.get(at..)).unwrap_or(line);
                joined.push_str(text.strip_prefix(' ').unwrap_or(text));
            }
        }
    }
    joined
}

#[test]
fn hostile_texts_change_nothing_outside_their_cells_and_nothing_hidden_is_approved() {
    let texts = hostile_texts();
    assert!(texts.len() >= 200, "{}", texts.len());
    let rule = "{ name: ask, risk_level: medium, approval: approve }";
    for (place, text) in texts.iter().enumerate() {
        let action = action_of(text, place);
        for size in [(40, 24), (80, 24), (200, 50)] {
            let ours = look(size.0.into(), size.1.into());
            with_rule(&action, rule, ours, |prompt| {
                let mut reading = reader();
                let mut pages = Vec::new();
                for page in 0..prompt.pages() {
                    let scene = reading.scene(&prompt, Some(std::time::Duration::from_secs(65)));
                    check_screen(&scene, size, text);
                    let lines = scene.lines();
                    let begins = |label: &str| lines.iter().filter(|line| line.starts_with(label)).count();
                    // Once in the foot, and once on the page that shows all of it.
                    for label in ["  risk   │ ", "  type   │ ", "  target │ "] {
                        assert!((1..=2).contains(&begins(label)), "{label} {text:?}");
                    }
                    let question = if page + 1 < prompt.pages() {
                        "  Read on, or type cdef to allow: "
                    } else {
                        "  Allow this action? [y/N] "
                    };
                    assert_eq!(lines.last().unwrap(), question, "{text:?}");
                    if page > 0 || prompt.pages() == 1 {
                        // Below the title.
                        pages.extend(scene.body.into_iter().skip(1));
                    }
                    if page + 1 < prompt.pages() {
                        // Not all was shown yet.
                        assert_eq!(typed(&prompt, &mut reading, b"y\n"), None, "{text:?}");
                        assert_eq!(reading.take(Key::Byte(b'v'), &prompt), Said::Shown);
                    }
                }
                let all = if prompt.pages() == 1 {
                    [pages, reading.scene(&prompt, None).foot].concat()
                } else {
                    pages
                };
                let all = joined(&all, Glyphs::default());
                let value = Shown::json(&Value::from(text.as_str()), Glyphs::default());
                let name = Shown::text(&text.replace('\0', "\u{1}"), Glyphs::default());
                let seen = [value.whole(), name.whole(), Shown::text(text, Glyphs::default()).whole()]
                    .iter()
                    .filter(|shown| all.contains(**shown))
                    .count();
                assert!(seen > 0, "{text:?} at {size:?}:\n{all}");
                assert_eq!(typed(&prompt, &mut reading, b"y\n"), Some(true), "{text:?}");
            });
        }
    }
}

#[test]
fn hostile_texts_stay_in_their_lines_in_plain_writing_and_in_ascii() {
    let rule = "{ name: ask, risk_level: medium, approval: approve }";
    for (place, text) in hostile_texts().iter().enumerate() {
        let action = action_of(text, place);
        for (plain, ascii) in [(true, false), (true, true), (false, true)] {
            let ours = Look { glyphs: Glyphs { plain, ascii }, ..look(40, 24) };
            with_rule(&action, rule, ours, |prompt| {
                let mut reading = reader();
                for _ in 0..prompt.pages() {
                    let scene = reading.scene(&prompt, None);
                    let lines = scene.lines();
                    assert!(!ascii || lines.iter().all(|line| line.is_ascii()), "{text:?}");
                    assert!(lines.iter().all(|line| line.width() < 40), "{text:?}");
                    if !plain {
                        check_screen(&scene, (40, 24), text);
                        reading.take(Key::Byte(b'v'), &prompt);
                        continue;
                    }
                    // Every line begins with a label of ours, or with the mark of one that goes on.
                    let labels = [
                        "agent", "type", "target", "params", "claim", "rule", "before", "sha256", "risk",
                        "more",
                    ];
                    for line in scene.body.iter().skip(1).chain(&scene.foot) {
                        let is_ours = labels.iter().any(|label| line.starts_with(&format!("  {label}: ")));
                        assert!(is_ours || line.starts_with("  > "), "{line:?} {text:?}");
                    }
                    let (rows, _) = shown_by(&Canvas::new(true, 200).draw(&scene), (40, 200));
                    let rows: Vec<_> = rows.iter().filter(|row| !row.is_empty()).collect();
                    let question = scene.question_line();
                    let wanted = scene.body.iter().chain(&scene.foot).chain([&question]);
                    let wanted: Vec<_> = wanted.map(|line| line.trim_end()).collect();
                    assert!(
                        wanted.iter().all(|line| rows.iter().any(|row| row == line)),
                        "{rows:?} {text:?}"
                    );
                    assert_eq!(rows.last().unwrap().as_str(), *wanted.last().unwrap(), "{text:?}");
                    assert!(!rows.iter().any(|row| row.contains("ZZ")), "what stood there is pushed away");
                    reading.take(Key::Byte(b'v'), &prompt);
                }
                assert_eq!(typed(&prompt, &mut reading, b"y\n"), Some(true), "{text:?}");
            });
        }
    }
}
