use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    Glob::new(pattern).unwrap().is_match(text)
}

#[test]
fn every_construct_matches_whole_strings() {
    for (pattern, yes, no) in [
        ("read", &["read"][..], &["Read", "reads", "xread", ""][..]),
        ("*", &["", "a/b\nc", "删除"], &[]),
        ("**", &["", "x"], &[]),
        ("**/b", &["a/b", "/b"], &["b"]),
        ("a/**/b", &["a/x/b", "a//b"], &["a/b"]),
        ("bulk_*", &["bulk_", "bulk_a\n/"], &["bulk", "xbulk_"]),
        ("?", &["é", "删", "\n", "🙂"], &["", "ab"]),
        ("?*", &["a", "除x"], &[""]),
        ("pr?d", &["prod", "pröd"], &["prd", "prood"]),
        ("[删x]除", &["删除", "x除"], &["除", "y除"]),
        ("[!a-z]", &["é", "A", "\n", "删"], &["b", ""]),
        ("[a-m]é*", &["bé", "béx"], &["né"]),
        ("[]a]", &["]", "a"], &["b"]),
        ("[!]a]", &["b"], &["]", "a"]),
        ("[*]", &["*"], &["a"]),
        ("[a-]", &["a", "-"], &["b"]),
        ("[-a]", &["a", "-"], &["b"]),
        ("{a,b*,}", &["a", "b", "bcd", ""], &["c"]),
        ("{a,{b,c}d}", &["a", "bd", "cd"], &["b"]),
        ("x{?,[0-9]y}", &["xé", "x1y"], &["x", "xay"]),
        ("{é,删}?", &["éa", "删除"], &["é"]),
        ("a,b", &["a,b"], &["a"]),
        ("a\\b", &["a\\b"], &["ab"]),
        ("\\*", &["\\", "\\x"], &["*"]),
        ("]", &["]"], &[]),
        ("a.b", &["a.b"], &["axb"]),
        ("", &[""], &["a"]),
    ] {
        for text in yes {
            assert!(matches(pattern, text), "{pattern:?} must match {text:?}");
        }
        for text in no {
            assert!(!matches(pattern, text), "{pattern:?} must not match {text:?}");
        }
    }
}

#[test]
fn a_glob_that_ignores_case_takes_letters_for_the_same_in_any_script() {
    let matches = |pattern: &str, text: &str| {
        Glob::within(&mut PatternBudget::new(), pattern, Case::Ignored).unwrap().is_match(text)
    };
    for (pattern, yes, no) in [
        ("*secret*", &["AWS_SECRET_KEY", "secret", "mySecrets\n"][..], &["secre t", ""][..]),
        ("kubeconfig", &["KubeConfig", "\u{212A}ubeconfig"], &["kubeconfigs"]),
        ("ÉTÉ", &["été", "Été"], &["ete"]),
        ("straße", &["STRAẞE", "Straße"], &["strasse"]),
        ("σας", &["ΣΑΣ", "σασ"], &["σα"]),
        ("[a-c]x", &["BX", "bx"], &["dx", "DX"]),
        ("[!a-c]", &["d", "D", "é"], &["a", "B"]),
        ("[!k]", &["l"], &["k", "K", "\u{212A}"]),
        ("{.env,id_rsa}*", &[".ENV.local", "ID_RSA.pub"], &["env"]),
        ("ı", &["ı"], &["i", "I"]),
        ("*", &["", "X"], &[]),
        ("1/2", &["1/2"], &["1/20"]),
        ("?", &["É"], &["éé"]),
    ] {
        for text in yes {
            assert!(matches(pattern, text), "{pattern:?} must match {text:?}");
        }
        for text in no {
            assert!(!matches(pattern, text), "{pattern:?} must not match {text:?}");
        }
    }
}

#[test]
fn a_malformed_glob_is_refused_at_its_place() {
    for (pattern, offset) in [
        ("a[b", 1),
        ("[", 0),
        ("[]", 0),
        ("[!]", 0),
        ("a{b,c", 1),
        ("a}b", 1),
        ("é{a,b}}", 7),
        ("[z-a]", 1),
        ("[^a]", 0),
        ("x[[:alpha:]]", 2),
    ] {
        assert_eq!(Glob::new(pattern).unwrap_err().offset, offset, "{pattern}");
    }
    assert!(Glob::new(&"{".repeat(10_000)).is_err());
}

#[test]
fn a_malformed_glob_says_what_was_probably_meant() {
    for (pattern, meant) in [
        ("a[b", "a[b]"),
        ("a{b,c", "a{b,c}"),
        ("a}b", "a[}]b"),
        ("é{a,b}}c", "é{a,b}[}]c"),
        ("x[z-a]y", "x[a-z]y"),
        ("x[^a]y", "x[!a]y"),
    ] {
        let meant_glob = Glob::new(pattern).unwrap_err().meant;
        assert_eq!(meant_glob.as_deref(), Some(meant), "{pattern}");
        assert!(Glob::new(meant).is_ok(), "{meant}");
    }
}

#[test]
fn globs_that_are_too_large_together_are_refused_as_such() {
    let mut budget = PatternBudget::new();
    let long = format!("*{}", "a".repeat(100_000));
    let refused = (0..1000).find_map(|_| Glob::within(&mut budget, &long, Case::Exact).err()).unwrap();
    assert_eq!(refused.message, "the patterns of this policy are too large together");
    assert_eq!(refused.help.as_deref(), Some(EXHAUSTED_HELP));
}

#[test]
fn alternatives_nest_as_deep_as_it_says() {
    let nested = |depth: usize| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
    assert!(matches(&nested(MAX_NESTING), "a"));
    let refused = Glob::new(&nested(MAX_NESTING + 1)).unwrap_err();
    assert_eq!(
        (refused.offset, refused.message.as_str()),
        (MAX_NESTING, "alternatives nest more than 16 deep")
    );
}

#[test]
fn a_bracket_within_a_set_begins_a_class_only_as_posix_writes_it() {
    for (pattern, text) in [("[[]", "["), ("[[a]", "["), ("[[a]", "a"), ("[:a]", ":")] {
        assert!(matches(pattern, text), "{pattern:?} must match {text:?}");
    }
    for pattern in ["[[:alpha:]]", "[[.a.]]", "[[=a=]]"] {
        assert!(Glob::new(pattern).unwrap_err().message.starts_with("character classes"), "{pattern}");
    }
}

#[test]
fn samples_show_each_alternative_once_and_the_plainest_first() {
    let samples = |pattern: &str, filler: &str| Glob::new(pattern).unwrap().samples(filler);
    assert_eq!(samples("read", "x"), ["read"]);
    assert_eq!(samples("re*d", "x"), ["red", "rexd"]);
    // Nothing ends in what only joins words.
    assert_eq!(samples("bulk_*", "x"), ["bulk_x", "bulk_"]);
    assert_eq!(samples("*_bulk", "x"), ["x_bulk", "_bulk"]);
    assert_eq!(samples("*", "x"), ["x", ""]);
    assert_eq!(samples("{a,b{c,d},e}", "x"), ["a", "bc", "bd", "e"]);
    assert_eq!(samples("{a,b}{c,d,e}", "x"), ["ac", "bd", "ae"]);
    assert_eq!(samples("{[!x],?}[b-d]", "x"), ["0b", "xb"]);
    let many: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
    assert_eq!(samples(&format!("{{{}}}", many.join(",")), "x"), many[..MAX_BRANCHES]);
}

#[test]
fn a_glob_is_told_in_parts() {
    let glob = |pattern: &str, case| Glob::within(&mut PatternBudget::new(), pattern, case).unwrap();
    let (exact, ignored) = (glob("bulk_*x", Case::Exact), glob("a1*", Case::Ignored));
    assert_eq!((exact.case(), ignored.case()), (Case::Exact, Case::Ignored));
    for (pattern, is_any, is_literal) in [
        ("*", true, false),
        ("**", true, false),
        ("", false, true),
        ("read", false, true),
        ("r*", false, false),
    ] {
        let glob = glob(pattern, Case::Exact);
        assert_eq!((glob.is_any(), glob.is_literal()), (is_any, is_literal), "{pattern:?}");
    }
    assert!(glob("1_2", Case::Ignored).is_literal() && !ignored.is_literal());
    assert_eq!(exact.tokens().literal_prefix(), "bulk_");
    assert_eq!(glob("{a,b}", Case::Exact).tokens().literal_prefix(), "");
    // What has no other case stays what it is.
    let letter = Token::Set { negated: false, ranges: vec![('a', 'a'), ('A', 'A')] };
    assert_eq!(ignored.tokens(), Tokens(vec![letter, Token::Literal('1'), Token::Run]));
    assert_eq!(ignored.written(), Tokens(vec![Token::Literal('a'), Token::Literal('1'), Token::Run]));
}
