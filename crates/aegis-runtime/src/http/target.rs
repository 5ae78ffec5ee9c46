//! Where the target of an action leads, on the server that the executor speaks to.
//!
//! Policies match the text of a target, and servers read an address. So that both mean the same, a target has
//! one spelling: whatever a server may read as another path than the one that is written is refused.

use aegis_engine::escape_capped;
use thiserror::Error;
use url::Url;

/// How much of a target is shown where it is refused.
const SHOWN: usize = 80;
/// How long a target may be, in bytes: most servers take no more.
const LONGEST: usize = 8 * 1024;
/// How often a path is decoded to find dots in it.
const MOST_DECODINGS: usize = 8;

/// Why a target leads nowhere.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetError {
    /// It does not begin with one `/`.
    #[error("the target `{}` is not a path: it does not begin with `/`", escape_capped(.0, SHOWN))]
    NotAPath(String),
    /// It is an address, with a host of its own.
    #[error("the target `{}` names a host of its own", escape_capped(.0, SHOWN))]
    OwnHost(String),
    /// It holds a character that does not stand for itself in an address.
    #[error("the target `{}` contains {what}", escape_capped(.target, SHOWN))]
    Character {
        /// The target.
        target: String,
        /// The character, in words.
        what: &'static str,
    },
    /// A part of the path is `.` or `..`, or would be once it was decoded.
    #[error("the target `{}` leads out of its own path", escape_capped(.0, SHOWN))]
    Dots(String),
    /// It is longer than a server would read.
    #[error("the target `{}` has more than {LONGEST} bytes", escape_capped(.0, SHOWN))]
    TooLong(String),
    /// A part of the path is empty.
    #[error("the target `{}` has an empty part in its path", escape_capped(.0, SHOWN))]
    Empty(String),
    /// A character is written in two ways by different people.
    #[error("the target `{}` encodes what needs no encoding, or encodes it wrongly", escape_capped(.0, SHOWN))]
    Encoding(String),
    /// No address comes of it.
    #[error("no address comes of the target `{}`", escape_capped(.0, SHOWN))]
    NoAddress(String),
}

impl TargetError {
    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            TargetError::NotAPath(_) | TargetError::OwnHost(_) => {
                "write the path alone, as in `/users`; the server is the executor's to choose"
            }
            TargetError::Character { .. } => "encode it by `%` and two hexadecimal digits, or leave it out",
            TargetError::Dots(_) => "write the path that is meant, without `.` and `..`",
            TargetError::TooLong(_) => "put what is long into the parameters `json` or `form`",
            TargetError::Empty(_) => "write one `/` between the parts of a path",
            TargetError::Encoding(_) => {
                "write letters, digits, `-`, `.`, `_`, `~` as they are, and `%` always before two hexadecimal digits"
            }
            TargetError::NoAddress(_) => "write a path such as `/users`",
        }
    }
}

/// The address that a target leads to: a path, and perhaps a query, below the base.
pub(super) fn address(base: &Url, target: &str) -> Result<Url, TargetError> {
    check(target)?;
    let prefix = base.path().trim_end_matches('/');
    let mut address = base.clone();
    let (path, query) = split(target);
    address.set_path(&format!("{prefix}{path}"));
    address.set_query(query);
    // What was checked is what was made of it.
    let is_within = address.path().strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    let is_same = address.origin() == base.origin() && address.username().is_empty();
    if is_within && is_same && address.fragment().is_none() {
        Ok(address)
    } else {
        Err(TargetError::NoAddress(target.to_owned()))
    }
}

fn split(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

fn check(target: &str) -> Result<(), TargetError> {
    let owned = || target.to_owned();
    if target.len() > LONGEST {
        return Err(TargetError::TooLong(owned()));
    }
    for character in target.chars() {
        let what = match character {
            '\\' => "a backslash, which some read as `/`",
            '#' => "`#`, behind which nothing reaches the server",
            ' ' | '\t' | '\r' | '\n' => "a blank or a line break",
            other if other.is_control() => "a control character",
            '"' | '<' | '>' | '`' | '{' | '}' | '|' | '^' => "a character that addresses do not have",
            other if !other.is_ascii() => "a character beyond ASCII",
            _ => continue,
        };
        return Err(TargetError::Character { target: owned(), what });
    }
    if target.starts_with("//") || has_scheme(target) {
        return Err(TargetError::OwnHost(owned()));
    }
    if !target.starts_with('/') {
        return Err(TargetError::NotAPath(owned()));
    }
    let (path, _) = split(target);
    if !is_encoded_well(target) {
        return Err(TargetError::Encoding(owned()));
    }
    let parts = path.get(1..).unwrap_or_default();
    if has_dots(parts) {
        return Err(TargetError::Dots(owned()));
    }
    // The last part may be empty: `/users/` is not `/users`.
    let mut inner: Vec<_> = parts.split('/').collect();
    inner.pop();
    if inner.contains(&"") {
        return Err(TargetError::Empty(owned()));
    }
    Ok(())
}

/// Whether it begins like `http:` or `javascript:`.
fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'))
    })
}

/// Whether every `%` stands before two hexadecimal digits, and none of them for what needs no encoding, or
/// ends text for some programs.
fn is_encoded_well(target: &str) -> bool {
    target.split('%').skip(1).all(|rest| {
        let byte = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        // `from_str_radix` takes a sign.
        let are_digits = rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
        are_digits
            && byte.is_some_and(|byte| {
                byte != 0 && !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'.' | b'_' | b'~')
            })
    })
}

/// Whether any part of a path is `.` or `..` for whoever decodes it any number of times, takes `\` for `/`,
/// or reads parameters off its end (`..;a=b`).
fn has_dots(path: &str) -> bool {
    let mut text = path.as_bytes().to_vec();
    for _ in 0..MOST_DECODINGS {
        let is_dots = |part: &[u8]| {
            let name = part.split(|byte| *byte == b';').next().unwrap_or_default();
            matches!(name, b"." | b"..")
        };
        if text.split(|byte| matches!(byte, b'/' | b'\\')).any(is_dots) {
            return true;
        }
        let decoded = decode(&text);
        if decoded == text {
            return false;
        }
        text = decoded;
    }
    // Nobody needs that, so that whoever wrote it has something in mind.
    true
}

/// What `%` and two digits stand for, once. Never longer than what it was made of, and only as long if
/// nothing was decoded.
fn decode(text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let pair = match after {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        match pair {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://api.example.com/v1").unwrap()
    }

    #[test]
    fn a_target_is_a_path_below_the_base() {
        for (target, expected) in [
            ("/users", "https://api.example.com/v1/users"),
            ("/users/", "https://api.example.com/v1/users/"),
            ("/", "https://api.example.com/v1/"),
            ("/users?active=1&name=a%20b", "https://api.example.com/v1/users?active=1&name=a%20b"),
            ("/a%2Fb", "https://api.example.com/v1/a%2Fb"),
            ("/users:batch", "https://api.example.com/v1/users:batch"),
            ("/a/...b/..c", "https://api.example.com/v1/a/...b/..c"),
            ("/search?q=../..", "https://api.example.com/v1/search?q=../.."),
            (
                "/search?to=https://other.example/",
                "https://api.example.com/v1/search?to=https://other.example/",
            ),
        ] {
            assert_eq!(address(&base(), target).unwrap().as_str(), expected, "{target}");
        }
        let slash = Url::parse("http://127.0.0.1:8080/").unwrap();
        assert_eq!(address(&slash, "/users").unwrap().as_str(), "http://127.0.0.1:8080/users");
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
            assert!(matches!(address(&base(), target), Err(TargetError::OwnHost(_))), "{target}");
        }
        for target in ["@other.example/users", ":80/users", "users", "", "?a=b", ".other.example/"] {
            assert!(matches!(address(&base(), target), Err(TargetError::NotAPath(_))), "{target}");
        }
        for target in ["\\\\other.example\\users", "/\\other.example", "\thttps://other.example/", " //a"] {
            assert!(matches!(address(&base(), target), Err(TargetError::Character { .. })), "{target}");
        }
    }

    #[test]
    fn what_leads_out_of_its_own_path_is_refused() {
        for target in [
            "/../admin",
            "/..",
            "/users/../admin",
            "/users/./admin",
            "/users/..;/admin",
            "/users/..;a=b/admin",
            "/users/..%2fadmin",
            "/users/..%5cadmin",
            "/users/..%252fadmin",
            "/a%2f..%2fb",
        ] {
            assert!(matches!(address(&base(), target), Err(TargetError::Dots(_))), "{target}");
        }
        // Dots need no encoding, so that whoever encodes them has something in mind.
        for target in ["/users/%2e%2e/admin", "/users/.%2E/admin", "/%2e"] {
            assert!(matches!(address(&base(), target), Err(TargetError::Encoding(_))), "{target}");
        }
        // Encoded twice, it is for those who decode twice.
        assert!(matches!(address(&base(), "/users/%252e%252e/admin"), Err(TargetError::Dots(_))));
    }

    #[test]
    fn a_path_has_one_spelling() {
        for target in
            ["/%61dmin", "/a%7Eb", "/users%", "/users%2", "/users%zz", "/users%+1", "/a%00b", "/?q=%61"]
        {
            assert!(matches!(address(&base(), target), Err(TargetError::Encoding(_))), "{target}");
        }
        assert!(matches!(address(&base(), "/api//admin"), Err(TargetError::Empty(_))));
        for target in ["/a b", "/a\r\nHost: b", "/a#b", "/caf\u{e9}", "/a\u{7f}", "/{id}", "/a|b"] {
            let refused = address(&base(), target).unwrap_err();
            assert!(matches!(refused, TargetError::Character { .. }), "{target}");
            assert!(!refused.to_string().contains(['\r', '\n', '\u{7f}']), "{refused}");
        }
    }

    #[test]
    fn a_target_of_any_length_is_read_in_time() {
        let nested = format!("/%{}2e2e", "25".repeat(4_000));
        assert!(matches!(address(&base(), &nested), Err(TargetError::Dots(_))));
        let parts = format!("/{}", "a/".repeat(4_000));
        assert!(address(&base(), &parts).is_ok());
        let long = format!("/{}", "a/".repeat(500_000));
        assert!(matches!(address(&base(), &long), Err(TargetError::TooLong(_))));
    }
}
