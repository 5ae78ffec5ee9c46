use super::*;

fn lead(target: &str) -> Result<String, TargetError> {
    let base = Url::parse("https://api.example.com/v1").unwrap();
    address(&base, target, false).map(String::from)
}

#[test]
fn a_target_is_a_path_below_the_base() {
    for target in
        ["/users", "/users/", "/", "/users:batch", "/a/...b/..c", "/a%20b%3Fc%23", "/(a)!$&'*+,=@~_-"]
    {
        assert_eq!(lead(target).unwrap(), format!("https://api.example.com/v1{target}"));
    }
    let slash = Url::parse("http://127.0.0.1:8080/").unwrap();
    assert_eq!(address(&slash, "/users", false).unwrap().as_str(), "http://127.0.0.1:8080/users");
}

#[test]
fn what_names_a_host_is_refused() {
    for target in [
        "https://other.example/users",
        "HTTPS://api.example.com/v1/users",
        "//other.example/users",
        "///other.example/users",
        "javascript:alert(1)",
        "file:/etc/passwd",
    ] {
        assert!(matches!(lead(target), Err(TargetError::OwnHost(_))), "{target}");
    }
    for target in ["@other.example/users", ":80/users", "users", "", ".other.example/"] {
        assert!(matches!(lead(target), Err(TargetError::NotAPath(_))), "{target}");
    }
    for target in ["\\\\other.example\\users", "/\\other.example", "\thttps://other.example/", " //a"] {
        assert!(matches!(lead(target), Err(TargetError::Character { .. })), "{target}");
    }
}

#[test]
fn what_leads_out_of_its_own_path_is_refused() {
    for target in [
        "/../admin",
        "/..",
        "/users/../admin",
        "/users/./admin",
        "/users/..%3B/admin",
        "/users/..%3Ba=b/admin",
        "/users/..%2Fadmin",
        "/users/..%5Cadmin",
        "/users/..%252Fadmin",
        "/a%2F..%2Fb",
        // Encoded twice, it is for those who decode twice.
        "/users/%252E%252E/admin",
    ] {
        assert!(matches!(lead(target), Err(TargetError::Dots(_))), "{target}");
    }
    // Dots need no encoding, so that whoever encodes them has something in mind.
    for target in ["/users/%2E%2E/admin", "/users/.%2e/admin", "/%2E"] {
        assert!(matches!(lead(target), Err(TargetError::Encoding(_))), "{target}");
    }
}

#[test]
fn a_path_has_one_spelling() {
    for target in [
        "/%61dmin",
        "/a%7Eb",
        "/users%3Abatch",
        "/users%",
        "/users%2",
        "/users%zz",
        "/users%+1",
        "/a%00b",
        "/a%c3%a9",
    ] {
        assert!(matches!(lead(target), Err(TargetError::Encoding(_))), "{target}");
    }
    assert!(matches!(lead("/api//admin"), Err(TargetError::Empty(_))));
    for target in ["/users?active=1", "/?", "?a=b"] {
        assert!(matches!(lead(target), Err(TargetError::Query(_))), "{target}");
    }
    for target in ["/a b", "/a\r\nHost: b", "/a#b", "/a;b", "/caf\u{e9}", "/a\u{7f}", "/{id}", "/a|b", "/[a]"]
    {
        let refused = lead(target).unwrap_err();
        assert!(matches!(refused, TargetError::Character { .. }), "{target}");
        assert!(!refused.to_string().contains(['\r', '\n', '\u{7f}']), "{refused}");
    }
}

#[test]
fn an_encoded_slash_is_let_through_where_that_is_asked_for() {
    let base = Url::parse("https://api.example.com/v4/").unwrap();
    for target in ["/projects/group%2Fproject", "/a%5Cb"] {
        assert!(matches!(address(&base, target, false), Err(TargetError::Slash(_))), "{target}");
        assert_eq!(address(&base, target, true).unwrap().path(), format!("/v4{target}"));
    }
    assert!(matches!(address(&base, "/a%2F..%2Fb", true), Err(TargetError::Dots(_))));
}

#[test]
fn a_target_of_any_length_is_read_in_time() {
    let nested = format!("/%{}2E2E", "25".repeat(4_000));
    assert!(matches!(lead(&nested), Err(TargetError::Dots(_))));
    let parts = format!("/{}", "a/".repeat(4_000));
    assert!(lead(&parts).is_ok());
    let long = format!("/{}", "a/".repeat(500_000));
    assert!(matches!(lead(&long), Err(TargetError::TooLong(_))));
}
