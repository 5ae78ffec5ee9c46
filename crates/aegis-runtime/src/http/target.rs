//! Where the target of an action leads, on the server that the executor speaks to.
//!
//! Policies match the text of a target, and servers read a path. So that both mean the same, a path has one
//! spelling: whatever a server may read as another path than the one that is written is refused.

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
    /// It has a query, which has a parameter of its own.
    #[error("the target `{}` has a query", escape_capped(.0, SHOWN))]
    Query(String),
    /// It holds a character that does not stand for itself in a path.
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
    /// A `/` is encoded, which some servers take for `/`.
    #[error("the target `{}` encodes a slash", escape_capped(.0, SHOWN))]
    Slash(String),
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
            TargetError::Query(_) => "put what stands behind the `?` into the parameter `query`",
            TargetError::Character { .. } => "encode it by `%` and two hexadecimal digits, or leave it out",
            TargetError::Dots(_) => "write the path that is meant, without `.` and `..`",
            TargetError::TooLong(_) => "put what is long into the parameters `query`, `json` or `form`",
            TargetError::Empty(_) => "write one `/` between the parts of a path",
            TargetError::Encoding(_) => {
                "write letters, digits and `-._~!$&'()*+,=:@` as they are, and anything else by `%` and two \
                 hexadecimal digits in upper case"
            }
            TargetError::Slash(_) => {
                "write `/`; where the server tells `/` from `%2F`, its executor can be made to let it through"
            }
            TargetError::NoAddress(_) => "write a path such as `/users`",
        }
    }
}

/// The address that a target leads to: a path below the base.
pub(super) fn address(base: &Url, target: &str, encodes_slashes: bool) -> Result<Url, TargetError> {
    check(target, encodes_slashes)?;
    let prefix = base.path().trim_end_matches('/');
    let mut address = base.clone();
    let path = format!("{prefix}{target}");
    address.set_path(&path);
    // What was checked is what was made of it.
    let is_same = address.origin() == base.origin() && address.username().is_empty();
    if address.path() == path && is_same && address.query().is_none() && address.fragment().is_none() {
        Ok(address)
    } else {
        Err(TargetError::NoAddress(target.to_owned()))
    }
}

/// Whether an address is one that an action could name: below the base, by a path that every server reads
/// alike.
pub(super) fn is_below(base: &Url, place: &Url) -> bool {
    let prefix = base.path().trim_end_matches('/');
    let target = place.path().strip_prefix(prefix);
    place.origin() == base.origin() && target.is_some_and(|target| check(target, false).is_ok())
}

fn check(target: &str, encodes_slashes: bool) -> Result<(), TargetError> {
    let owned = || target.to_owned();
    if target.len() > LONGEST {
        return Err(TargetError::TooLong(owned()));
    }
    if target.starts_with("//") || has_scheme(target) {
        return Err(TargetError::OwnHost(owned()));
    }
    for character in target.chars() {
        let what = match character {
            '?' => return Err(TargetError::Query(owned())),
            '\\' => "a backslash, which some read as `/`",
            '#' => "`#`, behind which nothing reaches the server",
            ';' => "`;`, behind which some servers read no path",
            ' ' | '\t' | '\r' | '\n' => "a blank or a line break",
            other if other.is_control() => "a control character",
            '%' | '/' => continue,
            other if other.is_ascii() && !u8::try_from(other).is_ok_and(stands_for_itself) => {
                "a character that paths do not have"
            }
            other if !other.is_ascii() => "a character beyond ASCII",
            _ => continue,
        };
        return Err(TargetError::Character { target: owned(), what });
    }
    let Some(path) = target.strip_prefix('/') else { return Err(TargetError::NotAPath(owned())) };
    if !is_encoded_well(path) {
        return Err(TargetError::Encoding(owned()));
    }
    if has_dots(path) {
        return Err(TargetError::Dots(owned()));
    }
    if !encodes_slashes && (path.contains("%2F") || path.contains("%5C")) {
        return Err(TargetError::Slash(owned()));
    }
    // The last part may be empty: `/users/` is not `/users`.
    let mut inner: Vec<_> = path.split('/').collect();
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

/// Whether a byte means the same in a part of a path, whether or not it is encoded: RFC 3986's `pchar`, but
/// for `;`.
const fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b'='
                | b':'
                | b'@'
        )
}

/// Whether every `%` stands before two hexadecimal digits in upper case, and none of them for what stands for
/// itself, or ends text for some programs.
fn is_encoded_well(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| {
        let digits = rest.get(..2).unwrap_or_default();
        let are_digits = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        let byte = u8::from_str_radix(digits, 16).ok();
        are_digits && byte.is_some_and(|byte| byte != 0 && !stands_for_itself(byte))
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

/// What `%` and two digits stand for, once.
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
                decoded.push((high << 4) | low);
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
mod tests;
