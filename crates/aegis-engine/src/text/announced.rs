//! Secrets that announce themselves in text: `PASSWORD=…`, `https://user:…@host/`, `Authorization: Bearer …`,
//! `--token …`, and keys that are known by their own shape.
//!
//! One search goes over the text, for all signs of a secret at once. Only where it meets one is looked
//! closer: at the name before an equals sign, at what a prefix is followed by. What is closer looked at is
//! bounded for each sign, or else hidden and not looked at again, so that no text takes more than its length.

mod addresses;
mod assigned;
mod blocks;
mod names;
mod options;
mod reading;
mod schemes;
mod shapes;
mod values;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

pub(crate) use options::{password_behind_user, takes_secret, takes_user};
use shapes::{FURTHER, SHAPES, Shape};

/// What stands for a secret where no log says what does.
pub(crate) const HIDDEN: &str = "[secret]";

/// What kind of text is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Words,
    /// The name of something, such as a target, in which colons stand between names.
    Name,
}

/// A sign of a secret.
#[derive(Clone, Copy, Debug)]
enum Sign {
    Equals,
    Colon,
    Element,
    Dash,
    Scheme,
    Block,
    WebToken,
    Shape(Shape),
}

const SIGNS: [(&str, Sign); 10] = [
    ("=", Sign::Equals),
    ("＝", Sign::Equals),
    (":", Sign::Colon),
    ("：", Sign::Colon),
    (">", Sign::Element),
    ("-", Sign::Dash),
    ("bearer", Sign::Scheme),
    ("basic", Sign::Scheme),
    ("-----begin", Sign::Block),
    ("eyj", Sign::WebToken),
];

fn shapes() -> impl Iterator<Item = Shape> {
    SHAPES.into_iter().chain(FURTHER)
}

/// How much of a shape's beginning is searched for. A short search is soon built; the rest is compared.
const SEARCHED: usize = 3;

/// The search for all signs at once, and what each of them is.
static SEARCH: LazyLock<Option<(AhoCorasick, Vec<Sign>)>> = LazyLock::new(|| {
    let shapes =
        shapes().map(|shape| (shape.prefix.get(..SEARCHED).unwrap_or(shape.prefix), Sign::Shape(shape)));
    let signs: Vec<_> = SIGNS.into_iter().chain(shapes).collect();
    let finder = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(true)
        .build(signs.iter().map(|(text, _)| text))
        .ok()?;
    Some((finder, signs.into_iter().map(|(_, sign)| sign).collect()))
});

/// Whether a secret announces itself in a text.
pub(crate) fn is_any_in(text: &str, kind: Kind) -> bool {
    let mut is_any = false;
    each(text, kind, |_| {
        is_any = true;
        false
    });
    is_any
}

/// The secrets that announce themselves in a text, in their order: none of them touches another one.
pub(crate) fn all_in(text: &str, kind: Kind) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    each(text, kind, |next| {
        match found.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => found.push(next),
        }
        true
    });
    found
}

/// A text with `[secret]` in place of each secret that announces itself in it: for messages.
///
/// ```
/// use aegis_engine::hide_secrets;
/// assert_eq!(hide_secrets("login --password=hunter2 ana"), "login --password=[secret] ana");
/// assert_eq!(hide_secrets("https://ana:hunter2@host/"), "https://ana:[secret]@host/");
/// assert_eq!(hide_secrets("git log --author=ana"), "git log --author=ana");
/// ```
#[must_use]
pub fn hide_secrets(text: &str) -> Cow<'_, str> {
    let secrets = all_in(text, Kind::Words);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut left, mut done) = (String::with_capacity(text.len()), 0);
    for secret in secrets {
        left.push_str(text.get(done..secret.start).unwrap_or_default());
        left.push_str(HIDDEN);
        done = secret.end;
    }
    left.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(left)
}

/// Gives every secret of a text to `take`, until that is false.
fn each(text: &str, kind: Kind, mut take: impl FnMut(Range<usize>) -> bool) {
    // Without the search, nothing is known to be harmless.
    let Some((finder, signs)) = &*SEARCH else {
        take(0..text.len());
        return;
    };
    // Up to where everything is hidden already, and up to where it is because it is known to be a key.
    let (mut hidden, mut known) = (0, 0);
    // Up to where no web token begins.
    let mut barren = 0;
    for place in finder.find_overlapping_iter(text) {
        let Some(sign) = signs.get(place.pattern().as_usize()) else { continue };
        let (start, end) = (place.start(), place.end());
        let found = match sign {
            _ if start < known => None,
            // What may go on beyond the word that is hidden.
            Sign::Block => blocks::private_key(text, start, end),
            Sign::WebToken if start < barren => None,
            Sign::WebToken => shapes::web_token(text, start).map_err(|end| barren = end).ok(),
            Sign::Shape(shape) => shapes::key(text, start, *shape),
            Sign::Scheme => schemes::secret(text, start, end),
            _ if start < hidden => None,
            Sign::Equals => assigned::by_equals(text, start, end),
            Sign::Colon if addresses::begins(text, start) => addresses::secret(text, start),
            Sign::Colon => assigned::by_colon(text, start, end, kind == Kind::Name),
            Sign::Element => assigned::by_element(text, start, end),
            Sign::Dash => options::secret(text, start),
        };
        let Some(found) = found else { continue };
        if matches!(sign, Sign::Block | Sign::WebToken | Sign::Shape(_) | Sign::Scheme) {
            known = found.end;
        }
        if found.end > hidden {
            let begin = if found.start < hidden { hidden.min(found.end) } else { found.start };
            hidden = found.end;
            if !take(begin..found.end) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
