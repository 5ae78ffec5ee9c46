//! Globs over whole strings: right for any script, and with no escape character. Letters match their own case
//! alone, unless a rule asks for [`Case::Ignored`].
//!
//! | | |
//! |---|---|
//! | `*` | any run of characters, `/` and newlines included; `**` is no different |
//! | `?` | one Unicode character |
//! | `[a-z]`, `[!a-z]` | one character in the set, or not in it; a first `]` stands for itself |
//! | `{a,b}` | alternatives, which may nest |
//!
//! `globset` matches bytes, so it serves the globs in which bytes and characters cannot differ. A glob with
//! `?` or a set counts characters and becomes a Unicode regular expression instead. So does one that ignores
//! case: each of its letters is a set of all that are the same letter.

use std::fmt::Write as _;

use globset::GlobBuilder;
use regex::Regex;

use crate::decide::letter_case::{Case, with_other_cases};
use crate::decide::pattern_budget::{EXHAUSTED_HELP, PatternBudget, PatternError};

/// How deep alternatives may nest.
const MAX_NESTING: usize = 16;

/// How many alternatives are sampled.
const MAX_BRANCHES: usize = 16;

/// A compiled glob.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    pattern: String,
    case: Case,
    /// How many bytes of the pattern are literal before its first special character. Most globs of most
    /// policies are settled by them, without a look at the rest.
    literal: usize,
    matcher: Matcher,
}

#[derive(Clone, Debug)]
enum Matcher {
    /// Only stars: everything matches.
    Any,
    /// No special character at all.
    Literal,
    Bytes(globset::GlobMatcher),
    Characters(Regex),
}

/// Why a glob is malformed, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GlobProblem {
    /// The byte in the pattern at which the problem begins.
    pub(crate) offset: usize,
    /// How many bytes it takes up.
    pub(crate) len: usize,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The glob as it was probably meant.
    pub(crate) meant: Option<String>,
}

impl GlobProblem {
    fn new(offset: usize, len: usize, message: impl Into<String>) -> GlobProblem {
        GlobProblem { offset, len, message: message.into(), help: None, meant: None }
    }

    fn of(error: &PatternError, pattern: &str) -> GlobProblem {
        match error {
            PatternError::Exhausted => {
                GlobProblem::new(0, pattern.len(), "the patterns of this policy are too large together")
                    .help(EXHAUSTED_HELP)
            }
            _ => GlobProblem::new(0, pattern.len(), "the glob is too large to be compiled"),
        }
    }

    /// The same with another text in the place of the problem.
    fn meant(mut self, pattern: &str, written: &str) -> GlobProblem {
        let before = pattern.get(..self.offset).unwrap_or_default();
        let after = pattern.get(self.offset + self.len..).unwrap_or_default();
        self.meant = Some(format!("{before}{written}{after}"));
        self
    }

    /// The same with a bracket at the end.
    fn closed(self, pattern: &str, bracket: char) -> GlobProblem {
        GlobProblem { meant: Some(format!("{pattern}{bracket}")), ..self }
    }

    fn help(mut self, help: impl Into<String>) -> GlobProblem {
        self.help = Some(help.into());
        self
    }
}

impl Glob {
    /// A glob by itself, with a budget of its own.
    pub(crate) fn new(pattern: &str) -> Result<Glob, GlobProblem> {
        Glob::within(&mut PatternBudget::new(), pattern, Case::Exact)
    }

    /// A glob of a policy, whose patterns share a budget.
    pub(crate) fn within(budget: &mut PatternBudget, pattern: &str, case: Case) -> Result<Glob, GlobProblem> {
        let tokens = parse(pattern)?.in_case(case);
        let matcher = if tokens.is_any() {
            Matcher::Any
        } else if tokens.0.iter().all(|token| matches!(token, Token::Literal(_)))
            && !pattern.contains(['{', '}'])
        {
            Matcher::Literal
        } else if tokens.counts_characters() {
            Matcher::Characters(compile_regex(budget, pattern, &tokens)?)
        } else {
            budget.pay(pattern.len()).map_err(|error| GlobProblem::of(&error, pattern))?;
            Matcher::Bytes(compile_globset(pattern)?)
        };
        let literal = tokens.0.iter().map_while(Token::literal).map(char::len_utf8).sum();
        Ok(Glob { pattern: pattern.to_owned(), case, literal, matcher })
    }

    /// The glob as written.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the whole of `text` matches.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        let literal = self.pattern.as_bytes().get(..self.literal).unwrap_or_default();
        if !text.as_bytes().starts_with(literal) {
            return false;
        }
        match &self.matcher {
            Matcher::Any => true,
            Matcher::Literal => self.pattern == text,
            Matcher::Bytes(matcher) => matcher.is_match(text),
            Matcher::Characters(regex) => regex.is_match(text),
        }
    }

    /// Some texts that match, the plainest first: each alternative once, and `*` standing for nothing or for
    /// `filler`.
    pub(crate) fn samples(&self, filler: &str) -> Vec<String> {
        let tokens = self.written();
        let mut samples = Vec::new();
        for branch in 0..tokens.branches().min(MAX_BRANCHES) {
            let [mut short, mut long] = [String::new(), String::new()];
            tokens.write_sample("", branch, &mut short);
            tokens.write_sample(filler, branch, &mut long);
            let is_whole = short.starts_with(char::is_alphanumeric) && short.ends_with(char::is_alphanumeric);
            let pair = if is_whole { [short, long] } else { [long, short] };
            samples.extend(pair.into_iter().filter(|sample| self.is_match(sample)));
        }
        samples.dedup();
        samples
    }

    /// The glob in parts, for those who reason about what it matches.
    pub(crate) fn tokens(&self) -> Tokens {
        self.written().in_case(self.case)
    }

    /// The glob in parts as it is written, whatever its case.
    pub(crate) fn written(&self) -> Tokens {
        // It was parsed before; a glob that cannot be has no value of this type.
        parse(&self.pattern).unwrap_or(Tokens(Vec::new()))
    }

    /// Whether letters match their own case alone.
    pub(crate) const fn case(&self) -> Case {
        self.case
    }

    /// Whether there is no special character in it at all.
    pub(crate) const fn is_literal(&self) -> bool {
        matches!(self.matcher, Matcher::Literal)
    }

    /// Whether this is `*`: the only glob that also matches an absent agent.
    pub(crate) const fn is_any(&self) -> bool {
        matches!(self.matcher, Matcher::Any)
    }
}

fn compile_globset(pattern: &str) -> Result<globset::GlobMatcher, GlobProblem> {
    // To globset, `**` next to a slash means directories.
    let mut collapsed = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        if !(character == '*' && collapsed.ends_with('*')) {
            collapsed.push(character);
        }
    }
    GlobBuilder::new(&collapsed)
        .literal_separator(false)
        .backslash_escape(false)
        .empty_alternates(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| GlobProblem::new(0, pattern.len(), error.kind().to_string()))
}

fn compile_regex(budget: &mut PatternBudget, pattern: &str, tokens: &Tokens) -> Result<Regex, GlobProblem> {
    let mut expression = String::from(r"(?s)\A");
    tokens.write_regex(&mut expression);
    expression.push_str(r"\z");
    budget.regex(&expression).map_err(|error| GlobProblem::of(&error, pattern))
}

/// A glob in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens(pub(crate) Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Literal(char),
    /// `?`
    One,
    /// `*`
    Run,
    /// `[…]`: inclusive ranges.
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// `{…}`
    Alternatives(Vec<Tokens>),
}

impl Token {
    fn literal(&self) -> Option<char> {
        if let Token::Literal(character) = self { Some(*character) } else { None }
    }
}

impl Tokens {
    /// The same, in which each character stands for all that are the same letter, if case is ignored.
    fn in_case(self, case: Case) -> Tokens {
        if case == Case::Exact {
            return self;
        }
        let blind = |token: Token| match token {
            Token::Literal(character) => match with_other_cases(&[(character, character)]) {
                ranges if ranges.len() == 1 => Token::Literal(character),
                ranges => Token::Set { negated: false, ranges },
            },
            Token::Set { negated, ranges } => Token::Set { negated, ranges: with_other_cases(&ranges) },
            Token::Alternatives(branches) => {
                Token::Alternatives(branches.into_iter().map(|branch| branch.in_case(case)).collect())
            }
            Token::One | Token::Run => token,
        };
        Tokens(self.0.into_iter().map(blind).collect())
    }

    /// The literal text before the first special character.
    pub(crate) fn literal_prefix(&self) -> String {
        self.0.iter().map_while(Token::literal).collect()
    }

    fn is_any(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|token| *token == Token::Run)
    }

    fn counts_characters(&self) -> bool {
        self.0.iter().any(|token| match token {
            Token::One | Token::Set { .. } => true,
            Token::Alternatives(branches) => branches.iter().any(Tokens::counts_characters),
            Token::Literal(_) | Token::Run => false,
        })
    }

    /// How many samples it takes for each alternative to be in one.
    fn branches(&self) -> usize {
        let counts = self.0.iter().map(|token| match token {
            Token::Alternatives(branches) => branches.iter().map(Tokens::branches).sum(),
            _ => 1,
        });
        counts.max().unwrap_or(1)
    }

    /// Writes a text that matches, with `filler` for each `*`.
    fn write_sample(&self, filler: &str, branch: usize, sample: &mut String) {
        for token in &self.0 {
            match token {
                Token::Literal(character) => sample.push(*character),
                Token::One => sample.push('x'),
                Token::Run => sample.push_str(filler),
                Token::Set { negated, ranges } => {
                    let within = |character: &char| {
                        ranges.iter().any(|(first, last)| (first..=last).contains(&character))
                    };
                    let outside = "x0_-.é".chars().find(|character| !within(character));
                    let inside = ranges.first().map(|(first, _)| *first);
                    sample.extend(if *negated { outside } else { inside });
                }
                Token::Alternatives(branches) => {
                    let mut before = branch;
                    // From the first again, where another part of the glob has more of them.
                    for tokens in branches.iter().cycle() {
                        let count = tokens.branches();
                        if before < count {
                            tokens.write_sample(filler, before, sample);
                            break;
                        }
                        before -= count;
                    }
                }
            }
        }
    }

    fn write_regex(&self, expression: &mut String) {
        for token in &self.0 {
            match token {
                Token::Literal(character) => push_escaped(expression, *character),
                Token::One => expression.push('.'),
                Token::Run => expression.push_str(".*"),
                Token::Set { negated, ranges } => {
                    expression.push_str(if *negated { "[^" } else { "[" });
                    for (first, last) in ranges {
                        // By code point: nothing in a set can be taken for syntax.
                        let _ =
                            write!(expression, r"\x{{{:x}}}-\x{{{:x}}}", u32::from(*first), u32::from(*last));
                    }
                    expression.push(']');
                }
                Token::Alternatives(branches) => {
                    expression.push_str("(?:");
                    for (index, branch) in branches.iter().enumerate() {
                        if index > 0 {
                            expression.push('|');
                        }
                        branch.write_regex(expression);
                    }
                    expression.push(')');
                }
            }
        }
    }
}

fn push_escaped(expression: &mut String, character: char) {
    let mut buffer = [0; 4];
    expression.push_str(&regex::escape(character.encode_utf8(&mut buffer)));
}

fn parse(pattern: &str) -> Result<Tokens, GlobProblem> {
    let mut parser = Parser { pattern, offset: 0 };
    let tokens = parser.sequence(0)?;
    match parser.peek() {
        None => Ok(tokens),
        // At the top level, only a `}` ends a sequence early.
        Some(_) => Err(GlobProblem::new(parser.offset, 1, "`}` closes nothing")
            .help("open the alternatives with `{`, or write `[}]` for the character itself")
            .meant(pattern, "[}]")),
    }
}

struct Parser<'a> {
    pattern: &'a str,
    offset: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.pattern.get(self.offset..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.offset += character.len_utf8();
        Some(character)
    }

    /// Tokens up to the end, or inside alternatives up to a `,` or `}`, which is left to the caller.
    fn sequence(&mut self, depth: usize) -> Result<Tokens, GlobProblem> {
        let mut tokens = Vec::new();
        while let Some(character) = self.peek() {
            if character == '}' || (character == ',' && depth > 0) {
                break;
            }
            let start = self.offset;
            self.next();
            tokens.push(match character {
                '?' => Token::One,
                '*' => Token::Run,
                '[' => self.set(start)?,
                '{' => self.alternatives(start, depth + 1)?,
                literal => Token::Literal(literal),
            });
        }
        Ok(Tokens(tokens))
    }

    fn alternatives(&mut self, start: usize, depth: usize) -> Result<Token, GlobProblem> {
        if depth > MAX_NESTING {
            return Err(GlobProblem::new(
                start,
                1,
                format!("alternatives nest more than {MAX_NESTING} deep"),
            ));
        }
        let mut branches = Vec::new();
        loop {
            branches.push(self.sequence(depth)?);
            match self.next() {
                Some(',') => {}
                Some(_) => return Ok(Token::Alternatives(branches)),
                None => {
                    return Err(GlobProblem::new(start, 1, "`{` is never closed")
                        .help("close the alternatives with `}`, or write `[{]` for the character itself")
                        .closed(self.pattern, '}'));
                }
            }
        }
    }

    fn set(&mut self, start: usize) -> Result<Token, GlobProblem> {
        if self.peek() == Some('^') {
            return Err(GlobProblem::new(start, 2, "`[^` is not how a glob negates a set")
                .help("write `[!…]`")
                .meant(self.pattern, "[!"));
        }
        let negated = self.peek() == Some('!');
        if negated {
            self.next();
        }
        let mut ranges = Vec::new();
        loop {
            let place = self.offset;
            let first = match self.next() {
                None => {
                    return Err(GlobProblem::new(start, 1, "`[` is never closed")
                        .help("close the set with `]`, or write `[[]` for the character itself")
                        .closed(self.pattern, ']'));
                }
                // POSIX: a `]` that comes first stands for itself.
                Some(']') if !ranges.is_empty() => return Ok(Token::Set { negated, ranges }),
                Some('[') if matches!(self.peek(), Some(':' | '.' | '=')) => {
                    return Err(GlobProblem::new(
                        place,
                        2,
                        "character classes such as `[:alpha:]` are not part of globs",
                    )
                    .help("write the range out, as in `[a-zA-Z]`"));
                }
                Some(first) => first,
            };
            let last = self.range_end().unwrap_or(first);
            if last < first {
                let message = format!(
                    "the range `{first}-{last}` is backwards",
                    first = first.escape_debug(),
                    last = last.escape_debug()
                );
                return Err(GlobProblem::new(place, self.offset - place, message)
                    .help("write the smaller end first")
                    .meant(self.pattern, &format!("{last}-{first}")));
            }
            ranges.push((first, last));
        }
    }

    /// The end of a range, if a `-` that is not the last of its set comes next.
    fn range_end(&mut self) -> Option<char> {
        let mut ahead = self.pattern.get(self.offset..)?.chars();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']')) {
            return None;
        }
        self.next();
        self.next()
    }
}

#[cfg(test)]
mod tests;
