//! Actions that two programs could read differently are refused before any rule is read; odd ones are read
//! exactly.

#[cfg(test)]
mod actions {
    use aegis_engine::{
        Action, ActionError, JsonError, MAX_ACTION_BYTES, MAX_ACTION_DEPTH, MAX_ACTION_VALUES,
    };

    /// What is not JSON, after `JSONTestSuite`'s `n_*` documents.
    const NOT_JSON: &[&str] = &[
        "",
        " ",
        "[1 true]",
        "[a\u{e5}]",
        "[\"\": 1]",
        "[\"\"],",
        "[,1]",
        "[1,,2]",
        "[\"x\",,]",
        "[\"x\"]]",
        "[\"\",]",
        "[\"x\"",
        "[x",
        "[3[4]]",
        "[,]",
        "[-]",
        "[   , \"\"]",
        "[1,",
        "[1,]",
        "[1,,]",
        "[*]",
        "[\"\"",
        "[1,\n1\n,1",
        "[{}",
        "[fals]",
        "[nul]",
        "[tru]",
        "[True]",
        "[NULL]",
        "undefined",
        "[++1234]",
        "[+1]",
        "[+Inf]",
        "[-01]",
        "[-1.0.]",
        "[-2.]",
        "[-NaN]",
        "[.-1]",
        "[.2e-3]",
        "[0.1.2]",
        "[0.3e+]",
        "[0.3e]",
        "[0.e1]",
        "[0E]",
        "[0E+]",
        "[1.0e+]",
        "[1.0e-]",
        "[1.0e]",
        "[1 000.0]",
        "[1eE2]",
        "[2.e+3]",
        "[2.e-3]",
        "[2.e3]",
        "[9.e+]",
        "[Inf]",
        "[NaN]",
        "[\u{ff11}]",
        "[1+2]",
        "[0x1]",
        "[0x42]",
        "[Infinity]",
        "[0e+-1]",
        "[-Infinity]",
        "[-foo]",
        "[- 1]",
        "[-012]",
        "[-.123]",
        "[-1x]",
        "[1ea]",
        "[1.]",
        "[.123]",
        "[1.2a-3]",
        "[1.8011670033376514H-308]",
        "[012]",
        "[1_000]",
        "{\"x\", null}",
        "{\"x\"::\"b\"}",
        "{\u{1F1E8}}",
        "{\"a\":\"a\" 123}",
        "{key: 'value'}",
        "{:\"b\"}",
        "{\"a\" \"b\"}",
        "{\"a\":",
        "{\"a\"",
        "{1:1}",
        "{null:null,null:null}",
        "{\"id\":0,,,,,}",
        "{'a':0}",
        "{\"id\":0,}",
        "{\"a\":\"b\"}/**/",
        "{\"a\":\"b\"}//",
        "{\"a\":\"b\"}/",
        "{\"a\":\"b\",,\"c\":\"d\"}",
        "{a: \"b\"}",
        "{\"a\":\"a",
        "{ \"foo\" : \"bar\", \"a\" }",
        "{\"a\":\"b\"}#",
        "[\"\\uD800\\\"]",
        "[\"\\uD800\\u\"]",
        "[\"\\uD800\\u1\"]",
        "[\"\\uD800\\u1x\"]",
        "[\\u0020\"asd\"]",
        "[\"\\\u{0}\"]",
        "[\"\\x00\"]",
        "[\"\\\\\\\"]",
        "[\"\\\t\"]",
        "[\"\\\u{1F300}\"]",
        "[\"\\\"]",
        "[\"\\u00A\"]",
        "[\"\\uD834\\uDd\"]",
        "[\"\\uD800\\uD800\\x\"]",
        "[\"\\a\"]",
        "[\"\\uqqqq\"]",
        "\"",
        "['single quote']",
        "abc",
        "[\"a\u{0}a\"]",
        "[\"new\nline\"]",
        "[\"\t\"]",
        "[\"\\uD800\"]",
        "[\"\\uDC00\"]",
        "[\"\\uDADA x\"]",
        "[\"\\uDd1e\\uD834\"]",
        "\"\\UA66D\"",
        "\"\"x",
        "<.>",
        "[<null>]",
        "[1]x",
        "[1}]",
        "[\"x\"}",
        "[true}",
        "{\"x\": true,",
        "{}}",
        "{]",
        "{[",
        "{,",
        "*",
        "{\"a\":\"b\"}#{}",
        "[\u{2060}]",
        "\u{FEFF}[]",
        "[\u{c}]",
        "[\u{a0}1]",
        "[1\u{2028}]",
        "[\u{B}1]",
        "// a\n[1]",
        "[1]\u{0}",
        "1 2",
        "[][]",
        "{} {}",
        "{\"\\u00",
        "[\"\\u{61}\"]",
        "[\"\\'\"]",
        "[1,/*c*/2]",
        "[`a`]",
        "[0,\n-]",
        "[tRue]",
        "nul",
        "nulll",
    ];

    /// What is JSON, though it looks odd: the reader does not refuse everything.
    const ODD_JSON: &[&str] = &[
        "[]",
        "{}",
        " [ ] ",
        "\t\r\n1",
        "null",
        "true",
        "-0",
        "-0.0",
        "0e1",
        "0e+1",
        "0E-1",
        "1e-400",
        "123e65",
        "1.7976931348623157e308",
        "-9223372036854775808",
        "18446744073709551615",
        "\"\"",
        "\" \"",
        "\"\\u0000\"",
        "\"\\uD801\\udc37\"",
        "\"\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
        "\"\u{7F}\"",
        "\"\u{2028}\u{2029}\"",
        "\"\u{FFFF}\u{10FFFF}\u{FEFF}\"",
        "{\"\":0}",
        "{\"a\":1,\"A\":2}",
        "{\"a\\u0000b\":[]}",
        "[[[[[]]]]]",
        "{\"e\\u0301\":1,\"\\u00e9\":2}",
    ];

    fn in_params(value: &str) -> String {
        format!(r#"{{"type":"a","target":"b","params":{{"x":{value}}}}}"#)
    }

    fn read(text: &str) -> Result<Action, ActionError> {
        Action::from_json(text.as_bytes())
    }

    #[test]
    fn what_is_not_json_is_refused_as_a_document_and_within_params() {
        for text in NOT_JSON {
            assert!(matches!(read(text), Err(ActionError::Json(_))), "{text:?}");
            assert!(matches!(read(&in_params(text)), Err(ActionError::Json(_))), "{text:?} in params");
        }
        assert!(NOT_JSON.len() >= 100);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_anywhere() {
        let sequences: [&[u8]; 12] = [
            b"\xFF",
            b"\x80",
            b"\xC0\xAF",
            b"\xC3",
            b"\xE0\xFF",
            b"\xED\xA0\x80",
            b"\xED\xBF\xBF",
            b"\xF4\x90\x80\x80",
            b"\xF8\x88\x80\x80\x80",
            b"\xFC\x83\xBF\xBF\xBF\xBF",
            b"\xE2\x82",
            b"\xF0\x9F\x99",
        ];
        for sequence in sequences {
            for [before, after] in
                [[r#"{"type":"a","target":""#, r#""}"#], [r#"{"type":"a","target":"b"} "#, ""]]
            {
                let text = [before.as_bytes(), sequence, after.as_bytes()].concat();
                let refused = Action::from_json(&text).unwrap_err();
                assert_eq!(refused, ActionError::Json(JsonError::NotUtf8 { offset: before.len() }));
            }
        }
        let utf16: Vec<u8> =
            r#"{"type":"a","target":"b"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(Action::from_json(&utf16).is_err());
    }

    #[test]
    fn odd_json_is_read() {
        for text in ODD_JSON {
            assert!(read(&in_params(text)).is_ok(), "{text:?}: {:?}", read(&in_params(text)));
        }
    }

    #[test]
    fn numbers_are_exact_finite_or_refused() {
        let refused = [
            "18446744073709551616",
            "-9223372036854775809",
            "100000000000000000000",
            "1e309",
            "-1e309",
            "1E400",
            "1.8e308",
            "123456789012345678901234567890",
            "9999999999999999999e999999999",
            "-1e+9999",
            "1e-9999",
            "1e-999999999999999999999999",
        ];
        for number in refused {
            let refused = read(&in_params(&format!("[{{\"n\":{number}}}]"))).unwrap_err();
            let ActionError::Json(JsonError::Number { number: named, .. }) = &refused else {
                panic!("{refused}")
            };
            assert_eq!(named, number);
        }
        for (number, canonical) in [
            ("9007199254740993", "9007199254740993"),
            ("-9007199254740993", "-9007199254740993"),
            ("1.0", "1"),
            ("-0", "0"),
            ("-0.0e5", "0"),
            ("1e2", "100"),
            ("0.1", "0.1"),
            ("2.2250738585072011e-308", "2.2250738585072011e-308"),
            ("4.35", "4.35"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("1e21", "1e+21"),
            ("333333333.33333329", "333333333.33333329"),
            ("9007199254740993.0", "9007199254740993"),
            ("100.00000000000000001", "100.00000000000000001"),
            ("0.10000000000000000", "0.1"),
        ] {
            let action = read(&in_params(number)).unwrap();
            assert_eq!(
                action.canonical(),
                format!(r#"{{"params":{{"x":{canonical}}},"target":"b","type":"a"}}"#)
            );
        }
    }

    #[test]
    fn duplicate_keys_are_refused_however_they_are_spelt() {
        for object in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"":1,"":2}"#,
            r#"{"é":1,"\u00E9":2}"#,
            r#"{"🙂":1,"\ud83d\ude42":2}"#,
            r#"{"/":1,"\/":2}"#,
            r#"{"\n":1,"\u000a":2}"#,
            r#"[0,{"x":[{"y":{"k":null,"z":0,"k":null}}]}]"#,
            r#"{"a":{"a":{"a":1,"a":2}}}"#,
            r#"{"__proto__":1,"__proto__":2}"#,
            r#"{"$serde_json::private::RawValue":1,"$serde_json::private::RawValue":2}"#,
        ] {
            let refused = read(&in_params(object));
            assert!(
                matches!(refused, Err(ActionError::Json(JsonError::DuplicateKey { .. }))),
                "{object}: {refused:?}"
            );
        }
        for fields in [
            r#""params":{},"params":{}"#,
            r#""agent":"x","\u0061gent":"x""#,
            r#""description":"","description":"""#,
        ] {
            let refused = read(&format!(r#"{{"type":"a","target":"b",{fields}}}"#));
            assert!(matches!(refused, Err(ActionError::Json(JsonError::DuplicateKey { .. }))), "{fields}");
        }
        let keys_of_serde = r#"{"$serde_json::private::RawValue":"1","$serde_json::private::Number":"2"}"#;
        let action = read(&in_params(keys_of_serde)).unwrap();
        assert_eq!(action.params()["x"]["$serde_json::private::RawValue"], "1", "no key is magic");
        let alone = read(&in_params(r#"{"$serde_json::private::RawValue":"[1]"}"#)).unwrap();
        assert!(alone.params()["x"].is_object(), "no key is magic, even alone");
    }

    #[test]
    fn depth_and_count_are_limited_in_objects_as_in_lists() {
        let objects =
            |depth: usize| in_params(&format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)));
        let mixed =
            |pairs: usize| in_params(&format!("{}{}", r#"[{"a":"#.repeat(pairs) + "0", "}]".repeat(pairs)));
        assert!(read(&objects(MAX_ACTION_DEPTH - 2)).is_ok());
        assert!(matches!(
            read(&objects(MAX_ACTION_DEPTH - 1)),
            Err(ActionError::Json(JsonError::TooDeep { .. }))
        ));
        assert!(read(&mixed((MAX_ACTION_DEPTH - 2) / 2)).is_ok());
        assert!(matches!(
            read(&mixed(MAX_ACTION_DEPTH / 2)),
            Err(ActionError::Json(JsonError::TooDeep { .. }))
        ));
        assert!(read(&"[".repeat(MAX_ACTION_BYTES)).is_err());
        assert!(read(&r#"{"a":"#.repeat(MAX_ACTION_BYTES / 5)).is_err());

        let members = |count: usize| {
            let members: Vec<_> = (0..count).map(|index| format!(r#""{index}":{{}}"#)).collect();
            in_params(&format!("{{{}}}", members.join(",")))
        };
        assert!(read(&members(MAX_ACTION_VALUES - 5)).is_ok());
        assert!(matches!(
            read(&members(MAX_ACTION_VALUES - 4)),
            Err(ActionError::Json(JsonError::TooManyValues { .. }))
        ));

        let text = in_params("\"\"");
        let padded = |bytes: usize| in_params(&format!("\"{}\"", "é".repeat((bytes - text.len()) / 2)));
        let exact = padded(MAX_ACTION_BYTES) + &" ".repeat((MAX_ACTION_BYTES - text.len()) % 2);
        assert_eq!(exact.len(), MAX_ACTION_BYTES);
        assert!(read(&exact).is_ok());
        assert!(matches!(read(&(exact + " ")), Err(ActionError::Json(JsonError::TooLarge { .. }))));
    }

    #[test]
    fn fields_are_those_of_an_action_and_nothing_else() {
        for fields in [
            r#""Type":"a""#,
            r#""params ":{}"#,
            r#""approval":"auto""#,
            r#""":1"#,
            r#""timestamp":"2026""#,
            r#""typ\u0435":1"#,
            r#""params":null"#,
            r#""params":"{}""#,
            r#""params":1"#,
            r#""description":null"#,
            r#""description":["x"]"#,
            r#""agent":{}"#,
            r#""agent":7"#,
            r#""agent":"a\u0000""#,
            r#""agent":null"#,
        ] {
            let refused = read(&format!(r#"{{"type":"a","target":"b",{fields}}}"#));
            assert!(
                matches!(&refused, Err(error) if !matches!(error, ActionError::Json(_))),
                "{fields}: {refused:?}"
            );
        }
        for text in [
            r#"{"type":"","target":"b"}"#,
            r#"{"type":"a"}"#,
            r#"{"target":"a"}"#,
            "{}",
            "[]",
            "\"a\"",
            "1",
            "null",
            r#"{"type":["a"],"target":"b"}"#,
            r#"{"type":"a","target":null}"#,
            r#"{"type":"a","target":"\u0000"}"#,
            r#"{"type":"\u0000a","target":"b"}"#,
            r#"[{"type":"a","target":"b"}]"#,
        ] {
            assert!(matches!(read(text), Err(error) if !matches!(error, ActionError::Json(_))), "{text}");
        }
        let nul =
            read(r#"{"type":"a","target":"b","description":"\u0000","params":{"\u0000":"\u0000"}}"#).unwrap();
        assert_eq!(
            (nul.description(), nul.params().len()),
            ("\0", 1),
            "it is only what is matched that holds none"
        );
    }

    #[test]
    fn what_is_wrong_has_a_place_where_there_is_one_and_a_help() {
        for (text, place, help) in [
            ("{\"type\":\"read\",\n \"target\":x}", Some((2, 11)), Some("put the text in double quotes")),
            ("[1]", None, Some("write an object")),
            (r#"{"type":"a","target":"b","x":1}"#, None, Some("all else belongs into `params`")),
            (r#"{"type":"a"}"#, None, Some("at least a `type` and a `target`")),
            (r#"{"type":"a","target":"b","params":1}"#, None, Some("write it as an object")),
            (r#"{"type":1,"target":"b"}"#, None, Some("write it in double quotes")),
            (r#"{"type":"","target":"b"}"#, None, Some("name the kind of operation")),
            ("{\"type\":\"a\\u0000\",\"target\":\"b\"}", None, Some("remove the character U+0000")),
        ] {
            let error = Action::from_json(text.as_bytes()).unwrap_err();
            let found = error.position().map(|place| (place.line, place.column));
            assert_eq!(found, place, "{text}");
            let said = error.help();
            assert_eq!(said.is_some(), help.is_some(), "{text}");
            assert!(said.unwrap_or_default().contains(help.unwrap_or_default()), "{text}: {said:?}");
        }
        let action = Action::from_json(br#"{"type":"a","target":"b","agent":"c"}"#).unwrap();
        assert_eq!(action.imposed("d").unwrap_err().help(), None);
    }
}
