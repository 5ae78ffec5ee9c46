//! What is typed at a prompt, and what it comes to.

use super::*;

#[test]
fn only_a_whole_typed_yes_is_a_yes() {
    with_prompt(&json!({ "type": "a", "target": "crm" }), "medium", |prompt| {
        for yes in ["y\n", "Y\n", "yes\n", " YES \n"] {
            assert_eq!(typed(&prompt, &mut reader(), yes.as_bytes()), Some(true), "{yes:?}");
        }
        for no in [&b"\n"[..], b"n\n", b"yy\n", b"crm\n", b"y\0\n", b"\xff\n", b"yes please\n", b"cdef\n"] {
            assert_eq!(typed(&prompt, &mut reader(), no), Some(false), "{no:?}");
        }
        assert_eq!(typed(&prompt, &mut reader(), b"y"), None);
        let padded = [b"y", &[b' '; 4094][..], b"\n"].concat();
        assert_eq!(
            typed(&prompt, &mut reader(), &padded),
            Some(false),
            "the rest of it may have been cut off"
        );
    });
}

#[test]
fn for_high_and_critical_risk_the_word_must_be_typed() {
    for risk in ["high", "critical"] {
        with_prompt(&json!({ "type": "y", "target": "y" }), risk, |prompt| {
            assert!(
                first_page(&prompt).ends_with("\n  To allow this, type cdef: "),
                "{}",
                first_page(&prompt)
            );
            for (line, yes) in [("cdef\n", true), ("CDEF\n", true), ("n\n", false), ("\n", false)] {
                assert_eq!(typed(&prompt, &mut reader(), line.as_bytes()), Some(yes), "{line:?}");
            }
            for wrong in ["y\n", "yes\n", "cdfe\n"] {
                assert_eq!(typed(&prompt, &mut reader(), wrong.as_bytes()), None, "{wrong:?}");
            }
        });
    }
}

#[test]
fn while_anything_is_hidden_a_y_does_not_count() {
    let action = json!({ "type": "a", "target": "crm", "params": { "command": "x".repeat(5000) + "END" } });
    with_prompt(&action, "medium", |prompt| {
        assert!(prompt.pages() > 2);
        let mut reading = reader();
        let shown = lines(&reading, &prompt).join("\n");
        assert!(shown.contains("more bytes, sha256 of all "), "{shown}");
        assert!(shown.ends_with("; ? helps\n  Read on, or type cdef to allow: "), "{shown}");
        assert_eq!(typed(&prompt, &mut reading, b"y\n"), None);
        assert!(lines(&reading, &prompt).contains(&"  not all was shown: v reads on; ? helps".to_owned()));
        // The last page but one is not the last.
        assert_eq!(typed(&prompt, &mut reading, &b" ".repeat(prompt.pages() - 2)), None);
        assert_eq!(typed(&prompt, &mut reading, b"yes\n"), None);
        assert_eq!(typed(&prompt, &mut reading, b" "), None);
        let last = lines(&reading, &prompt).join("\n");
        assert!(last.contains("END") && last.ends_with("\n  Allow this action? [y/N] "), "{last}");
        assert_eq!(typed(&prompt, &mut reading, b"y\n"), Some(true));
        assert_eq!(typed(&prompt, &mut reader(), b"cdef\n"), Some(true));
        assert_eq!(typed(&prompt, &mut reader(), b"n\n"), Some(false));
        assert_eq!(typed(&prompt, &mut reader(), b"\n"), Some(false));
    });
    with_prompt(&action, "high", |prompt| {
        let mut reading = reader();
        typed(&prompt, &mut reading, &b" ".repeat(prompt.pages()));
        assert_eq!(typed(&prompt, &mut reading, b"y\n"), None, "it is no word");
        assert_eq!(typed(&prompt, &mut reader(), b"cdef\n"), Some(true));
    });
}

#[test]
fn the_word_has_three_tries_and_each_that_fails_is_said() {
    with_prompt(&json!({ "type": "a", "target": "crm" }), "high", |prompt| {
        let mut reading = reader();
        assert_eq!(typed(&prompt, &mut reading, b"y\n"), None);
        assert!(lines(&reading, &prompt).contains(&"  not the word: 2 tries left; ? helps".to_owned()));
        assert_eq!(typed(&prompt, &mut reading, b"cdeh\n"), None);
        assert!(lines(&reading, &prompt).contains(&"  not the word: one try left; ? helps".to_owned()));
        // Where the question is put anew, there are not more of them.
        let mut again = Reading::new(reading.wrong());
        again.begin(false);
        assert!(lines(&again, &prompt).contains(&"  not the word: one try left; ? helps".to_owned()));
        assert_eq!(again.take(Key::Byte(b'x'), &prompt), Said::Nothing);
        assert_eq!(again.take(Key::Enter, &prompt), Said::OutOfTries);
        assert_eq!(typed(&prompt, &mut reading, b"cdef\n"), Some(true));
    });
}

#[test]
fn v_reads_on_and_says_where_there_is_no_more() {
    let action = json!({ "type": "a", "target": "crm", "params": { "command": "x".repeat(9000) + "END" } });
    with_prompt(&action, "medium", |prompt| {
        let mut reading = reader();
        (1..prompt.pages()).for_each(|_| assert_eq!(reading.take(Key::Byte(b'v'), &prompt), Said::Shown));
        assert!(lines(&reading, &prompt).join("\n").contains("END"));
        assert_eq!(typed(&prompt, &mut reading, b"y\n"), Some(true));
    });
    with_prompt(&json!({ "type": "a", "target": "crm" }), "medium", |prompt| {
        let mut reading = reader();
        assert_eq!(reading.take(Key::Byte(b'v'), &prompt), Said::Shown);
        let hint = "  there is no more than this; ? helps".to_owned();
        assert!(lines(&reading, &prompt).contains(&hint));
        assert_eq!(typed(&prompt, &mut reading, b"y\n"), Some(true));
    });
}

#[test]
fn help_fits_on_a_screen_says_what_the_keys_do_and_no_key_there_is_an_answer() {
    for (columns, rows, most) in [(80, 24, 1), (200, 60, 1), (40, 24, 1), (40, 10, 2)] {
        for risk in ["medium", "high"] {
            let action = json!({ "type": "a", "target": "crm", "params": { "p": "x".repeat(9000) } });
            let rule = format!("{{ name: ask, risk_level: {risk}, approval: approve }}");
            with_rule(&action, &rule, look(columns, rows), |prompt| {
                assert!(prompt.help_pages() <= most, "{columns} {rows}: {}", prompt.help_pages());
                for key in [Key::Byte(b'y'), Key::Enter, Key::Byte(b'x'), Key::Erase] {
                    let mut reading = reader();
                    assert_eq!(reading.take(Key::Byte(b'?'), &prompt), Said::Shown);
                    let shown = lines(&reading, &prompt);
                    assert!(
                        shown.len() <= rows && shown.iter().all(|line| line.width() < columns),
                        "{shown:?}"
                    );
                    let shown = shown.join("\n");
                    assert!(shown.contains("cdef") || (risk == "medium" && prompt.pages() == 1), "{shown}");
                    assert!(shown.ends_with("goes back to the question. "), "{shown}");
                    assert_eq!(reading.take(key, &prompt), Said::Shown);
                    assert!(!lines(&reading, &prompt).join("\n").contains("goes back"), "{key:?}");
                    assert!(reading.scene(&prompt, None).typed.is_empty());
                }
            });
        }
    }
}
