//! Options of commands that take a secret: `--password x`, `-token x`, `-u user:secret`.
//!
//! `-p x` is none: with most commands it is a port, a path or a project.

use std::ops::Range;

use super::reading::{at, before, is_blank, is_quote, part, skip};
use super::values::{Extent, Quote, is_reference, value};
use crate::text::secret_names::looks_secret;

/// How long the name of an option is at most.
const LONGEST: usize = 64;

/// The secret that the option takes whose first dash stands at `dash`.
pub(super) fn secret(text: &str, dash: usize) -> Option<Range<usize>> {
    let starts = before(text, dash).is_none_or(|byte| {
        byte.is_ascii_whitespace() || is_quote(byte) || matches!(byte, b'[' | b'(' | b',')
    });
    let name_start = skip(text, dash, 3, |byte| byte == b'-');
    if !starts || name_start > dash + 2 {
        return None;
    }
    let end = skip(text, name_start, LONGEST, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') || byte >= 0x80
    });
    let option = part(text, dash, end);
    if is_user_with_attached(option) && at(text, end) == Some(b':') {
        return value(text, end + 1, opened_before(text, dash), Extent::Word);
    }
    // What an equals sign gives to an option is found by that sign.
    if at(text, end) == Some(b'=') {
        return None;
    }
    let (is_secret, is_user) = (takes_secret(option), takes_user(option));
    if !is_secret && !is_user {
        return None;
    }
    let start = argument(text, end)?;
    // Neither another option is a value, nor a list a user.
    let first = at(text, start);
    if first == Some(b'-') || (is_user && matches!(first, Some(b'[' | b'{'))) {
        return None;
    }
    let found = value(text, start, opened_before(text, dash), Extent::Word)?;
    if is_secret {
        return Some(found);
    }
    let behind = password_behind_user(part(text, found.start, found.end))?;
    Some(found.start + behind..found.end)
}

/// Where the argument begins of an option that ends at `end`: behind blanks, or as the next of a list.
fn argument(text: &str, end: usize) -> Option<usize> {
    let closed = Quote::read(text, end).map_or(end, |(_, behind)| behind);
    let start = skip(text, closed, 16, |byte| is_blank(byte) || (closed > end && byte == b','));
    (start > end && at(text, start).is_some()).then_some(start)
}

/// The mark that an option stands in together with its argument.
fn opened_before(text: &str, dash: usize) -> Option<Quote> {
    let (quote, _) = Quote::read_back(text, dash)?;
    let end = skip(text, dash, LONGEST, |byte| !is_blank(byte) && !is_quote(byte));
    // A mark that closes right behind the option opens for it alone.
    (!at(text, end).is_some_and(is_quote)).then_some(quote)
}

/// Whether the next argument of a command is a secret. An option that says where the secret is, or asks for
/// it, takes none.
pub(crate) fn takes_secret(option: &str) -> bool {
    const FRONT: [&str; 6] = ["no-", "ask-", "prompt-", "with-", "show-", "without-"];
    const BEHIND: [&str; 6] = ["-stdin", "-file", "-path", "-fd", "-env", "-prompt"];
    let Some(name) = option.strip_prefix("--").or_else(|| option.strip_prefix('-')) else { return false };
    // `-p` and `-P` alone, and whatever else is one letter, mean too much.
    name.len() > 1
        && name.bytes().all(|byte| !is_blank(byte) && byte != b'=')
        && looks_secret(name)
        && !FRONT.iter().any(|front| name.starts_with(front))
        && !BEHIND.iter().any(|behind| name.ends_with(behind))
}

/// Whether the next argument of a command is a user and a password, as with curl: `-u`, `--user`, `-sSu`.
pub(crate) fn takes_user(option: &str) -> bool {
    let long = option.strip_prefix("--");
    if option == "-U" || long.is_some_and(|name| matches!(name, "user" | "proxy-user")) {
        return true;
    }
    let letters = option.strip_prefix('-').unwrap_or_default();
    letters.ends_with('u') && letters.len() <= 5 && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `-uana` of `-uana:secret`.
fn is_user_with_attached(option: &str) -> bool {
    let user = option.strip_prefix("-u").unwrap_or_default();
    !user.is_empty() && !matches!(user, "rl" | "ri" | "tf" | "tf-8") && user.len() <= 32
}

/// Where the password begins in `user:password`.
pub(crate) fn password_behind_user(argument: &str) -> Option<usize> {
    let (user, password) = argument.split_once(':')?;
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"._@%-\\$".contains(&byte) || byte >= 0x80;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_drive = user.len() == 1 && password.starts_with('\\');
    // A user and a group by their numbers.
    let is_group = is_number(user) && is_number(password);
    let holds = !user.is_empty()
        && user.bytes().all(is_user)
        && !password.is_empty()
        && !password.starts_with("//")
        && !is_reference(password)
        && !is_group
        && !is_drive;
    holds.then_some(user.len() + 1)
}
