use super::*;

#[test]
fn every_control_and_format_character_is_escaped() {
    for code in
        (0..0x20).chain(0x7F..0xA1).chain([0xAD, 0x061C]).chain(0x200B..=0x200F).chain(0x2028..=0x202F)
    {
        let character = char::from_u32(code).unwrap();
        let shown = escape(&format!("a{character}b"));
        assert!(shown.is_ascii() && shown.len() > 3, "U+{code:04X} is shown as {shown:?}");
    }
    for character in ['\u{2066}', '\u{3164}', '\u{115F}', '\u{FFA0}', '\u{2800}', '\u{E0041}', '\u{FEFF}'] {
        assert!(escape(&format!("a{character}b")).contains("\\u{"), "{character:?}");
    }
}

#[test]
fn text_of_any_one_script_is_shown_as_it_is() {
    for text in
        ["naïve", "pröd", "删除", "удалить", "データベース削除", "데이터", "हिन्दी", "tiếng Việt", "🙂"]
    {
        assert_eq!(escape(text), text);
    }
}

#[test]
fn a_word_that_mixes_scripts_names_its_code_points() {
    assert_eq!(
        escape("crm с\u{430}t crm"),
        "crm с\u{430}t crm".replace('с', "\\u{441}").replace('\u{430}', "\\u{430}")
    );
    assert_eq!(escape("ѕalesforce"), "\\u{455}alesforce");
}

#[test]
fn stacked_combining_marks_are_cut_off_visibly() {
    let shown = escape("e\u{301}\u{301}\u{301}\u{301}");
    assert_eq!(shown, "e\u{301}\u{301}\\u{301}\\u{301}");
    assert_eq!(escape("\u{301}x"), "\\u{301}x");
}

#[test]
fn a_cap_bounds_what_is_shown_and_never_cuts_an_escape() {
    for text in ["\u{1b}".repeat(1000), "x\\".repeat(1000), "删\u{202e}".repeat(1000)] {
        for cap in 0..40 {
            let shown = escape_capped(&text, cap);
            let (head, tail) = shown.split_once('…').unwrap();
            assert!(head.chars().count() <= cap, "{shown}");
            assert!(escape(&text).starts_with(head) && tail.contains("more bytes"), "{shown}");
        }
    }
}

#[test]
fn nothing_is_hidden_where_saying_so_is_no_shorter() {
    for part in ["x", "\u{1b}", "删", "\\", "é\n"] {
        for length in 0..120 {
            let text = part.repeat(length);
            let (whole, shown) = (escape(&text), escape_capped(&text, 8));
            let is_shorter = shown.chars().count() < whole.chars().count();
            assert!(shown == whole || is_shorter, "{shown} in place of {whole}");
            assert!(!shown.contains("[1 more"), "{shown}");
        }
    }
    assert_eq!(escape_capped("/etc/secrets/password", 12), "/etc/secrets/password");
}

#[test]
fn an_escape_cannot_be_forged() {
    assert_ne!(escape("\\n"), escape("\n"));
    assert_eq!(escape("\\n"), "\\\\n");
}

#[test]
fn json_lines_keep_their_value_and_hide_nothing() {
    let value = serde_json::json!({ "t": "a\u{202e}b\u{1b}\u{1F600}\u{E0041}c\u{7f}" });
    let line = to_json_line(&value).unwrap();
    assert!(!line.contains('\u{202e}') && !line.contains('\u{7f}') && line.contains("\\u202e"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
}

/// What `escape` and `escape_json_into` mean, without the short cuts.
fn judged_throughout(text: &str, json: bool) -> String {
    let mut shown = String::new();
    for (_, character, verdict) in inspect(text, 0..text.len()) {
        match (json, verdict) {
            (true, Verdict::Plain) => shown.push(character),
            (true, Verdict::Deceptive) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    write!(shown, "\\u{unit:04x}").unwrap();
                }
            }
            (false, verdict) => push_escaped(&mut shown, character, verdict),
        }
    }
    shown
}

proptest::proptest! {
    #[test]
    fn the_short_cuts_change_nothing(
        text in "([ -~]{0,80}|[a-z0-9]{0,4}|[;,\"\\\\=]|[абвé删ｱ가]{0,3}|[\u{301}\u{302}]{1,4}|\\PC|[\u{0}-\u{1f}\u{7f}-\u{a0}\u{202e}\u{200b}\u{e0041}\u{3164}]){0,12}",
    ) {
        proptest::prop_assert_eq!(escape(&text), judged_throughout(&text, false));
        let mut shown = String::new();
        escape_json_into(&text, &mut shown);
        proptest::prop_assert_eq!(shown, judged_throughout(&text, true));
    }
}

#[test]
fn as_much_is_shown_as_fits() {
    for (text, cap, head) in [
        ("x".repeat(100), 10, "xxxxxxxxxx"),
        ("\u{1b}".repeat(100), 12, "\\u{1b}\\u{1b}"),
        ("\u{1b}".repeat(100), 17, "\\u{1b}\\u{1b}"),
        ("\\".repeat(100), 5, "\\\\\\\\"),
        ("删".repeat(100), 3, "删删删"),
    ] {
        let shown = escape_capped(&text, cap);
        let (before, said) = shown.split_once("… [").unwrap();
        assert_eq!(before, head, "{cap}");
        let count: usize = said.split(' ').next().unwrap().parse().unwrap();
        let hidden = text.get(text.len() - count..).unwrap();
        assert_eq!(format!("{head}{}", escape(hidden)), escape(&text));
        let digest = hex::encode(Sha256::digest(hidden));
        assert_eq!(said, format!("{count} more bytes, sha256 {}…]", digest.get(..16).unwrap()));
    }
    assert_eq!(escape_capped(&"x".repeat(100), 100), "x".repeat(100));
    assert!(saves("12345", "1234") && !saves("1234", "1234") && !saves("éé", "123"));
}

#[test]
fn printable_ascii_is_told_from_all_else() {
    for length in [0, 1, 63, 64, 65, 200] {
        let mut text = vec![b'~'; length];
        assert!(is_printable_ascii(&text), "{length}");
        for place in 0..length {
            for byte in [0x1F, 0x7F, 0x80] {
                text[place] = byte;
                assert!(!is_printable_ascii(&text), "{byte} at {place} of {length}");
            }
            text[place] = b' ';
        }
    }
}

#[test]
fn a_word_is_judged_as_a_whole_wherever_the_other_script_stands_in_it() {
    for (word, shown) in [
        ("a\u{430}", "a\\u{430}"),
        ("pay\u{440}", "pay\\u{440}"),
        ("x pay\u{440}.com", "x pay\\u{440}.com"),
        // A mark on a letter ends no word, and neither does a digit.
        ("p\u{301}\u{430}y", "p\\u{301}\\u{430}y"),
        ("a1\u{430}", "a1\\u{430}"),
        // What is no letter does.
        ("crm→удалить", "crm→удалить"),
        ("crm-удалить", "crm-удалить"),
    ] {
        assert_eq!(escape(word), shown, "{word:?}");
    }
}

#[test]
fn scripts_that_one_orthography_writes_together_are_shown() {
    for text in ["Tシャツ", "Tしゃつ漢字", "中ㄅa", "한국漢a", "ひらがなカタカナ"] {
        assert_eq!(escape(text), text);
    }
    for text in ["한ひ", "ㄅか", "한ㄅ", "한б", "漢б"] {
        assert_ne!(escape(text), text);
    }
}
