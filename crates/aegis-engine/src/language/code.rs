//! The kinds of findings: their stable codes, what each means, and how serious it is.

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the policy still works as written.
    Warning,
    /// The policy cannot be used.
    Error,
}

impl Severity {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Declares the codes once: the variant, its stable word, and what it means.
macro_rules! codes {
    (
        $($variant:ident = $word:literal, $meaning:literal;)*
        @warnings
        $($warning:ident = $warning_word:literal, $warning_meaning:literal;)*
    ) => {
        /// The stable name of a kind of finding. Codes are never renamed; a new kind gets a new code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
            $(#[doc = $warning_meaning] $warning,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)* $(Code::$warning),*];

            /// The stable kebab-case word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $word,)* $(Code::$warning => $warning_word,)* }
            }

            /// What a finding of this code means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)* $(Code::$warning => $warning_meaning,)* }
            }

            /// How serious a finding of this code is. An error cannot be silenced.
            #[must_use]
            pub const fn level(self) -> Severity {
                match self { $(Code::$variant => Severity::Error,)* $(Code::$warning => Severity::Warning,)* }
            }

            /// The code of this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Code> {
                Code::ALL.iter().copied().find(|code| code.as_str() == word)
            }
        }
    };
}

codes! {
    FileTooLarge = "file-too-large", "The file is larger than a policy may be.";
    NotUtf8 = "not-utf8", "The file is not valid UTF-8.";
    YamlSyntax = "yaml-syntax", "The file is not valid YAML 1.2.";
    YamlDocuments = "yaml-documents", "The file does not hold exactly one YAML document.";
    YamlTooDeep = "yaml-too-deep", "Lists and mappings are nested too deep.";
    YamlAliasExpansion = "yaml-alias-expansion", "Aliases expand to more values than a policy may hold.";
    YamlUnknownAlias = "yaml-unknown-alias", "An alias refers to an anchor that is not defined before it.";
    YamlTag = "yaml-tag", "A value carries a tag that a policy has no use for, or that does not fit it.";
    YamlNumber = "yaml-number", "A number cannot be held exactly, or is not finite.";
    DuplicateKey = "duplicate-key", "A mapping has the same key twice.";
    UnknownKey = "unknown-key", "A mapping has a key that has no meaning there.";
    MissingKey = "missing-key", "A mapping lacks a key that it must have.";
    WrongType = "wrong-type", "A value is of another type than its key requires.";
    UnknownWord = "unknown-word", "A value is not one of the words that its key accepts.";
    UnsupportedVersion = "unsupported-version",
        "The policy format's version is not one that this program reads.";
    EmptyName = "empty-name", "A rule's name is empty, or one that is reserved.";
    InvalidReason = "invalid-reason", "A rule's reason is empty, or too long to be read by whoever is asked.";
    EmptyGlobs = "empty-globs", "A list of globs is empty, so that the rule could never match.";
    EmptyCondition = "empty-condition",
        "A condition names no parameter or no weekday, so that it says nothing.";
    EmptyRedact = "empty-redact", "A list of what to redact, or an entry of it, is empty.";
    InvalidGlob = "invalid-glob", "A glob is malformed.";
    InvalidRegex = "invalid-regex", "A regular expression is malformed or too large.";
    InvalidTime = "invalid-time", "A time of day is not written as \"HH:MM\".";
    InvalidTimezone = "invalid-timezone", "A time zone is not one of the IANA database.";
    ImpossibleWindow = "impossible-window", "A window of time can never hold.";
    InvalidPointer = "invalid-pointer", "A parameter that starts with `/` is not a JSON Pointer (RFC 6901).";
    InvalidOperand = "invalid-operand",
        "A condition compares a parameter with a value it can never decide on.";
    InvalidApprover = "invalid-approver",
        "An approver has no name, or is not told by one account or one SSH key.";
    InvalidSshKey = "invalid-ssh-key", "An approver's SSH key is malformed, or not one that can be used.";
    DuplicateApprover = "duplicate-approver", "Two approvers are the same, or one is named twice.";
    UnknownApprover = "unknown-approver", "A rule names an approver that the policy does not know.";
    EmptyApprovers = "empty-approvers", "A list of approvers is empty.";
    InvalidQuorum = "invalid-quorum", "A quorum is not a whole number of one or more.";
    InvalidDuration = "invalid-duration", "A duration is not a number and a unit, or is no time at all.";
    DurationTooLong = "duration-too-long", "A duration is longer than it may be.";
    ImpossibleApproval = "impossible-approval", "An approval asks for what its approvers can never give.";
    TermsWithoutQuestion = "terms-without-question",
        "An approval that asks nobody says on what terms an answer counts.";
    InvalidGrant = "invalid-grant",
        "A grant says not how often it can be used, or is bound to nothing that it could be bound to.";
    CriticalGrant = "critical-grant", "A rule of critical risk lets a grant be given.";
    InvalidExample = "invalid-example", "An example's action or instant is not valid.";
    UnknownLint = "unknown-lint", "A comment `# aegis:` does not name a finding that can be silenced.";
    AllowWithoutReason = "allow-without-reason", "A finding is silenced without a reason.";
    @warnings
    UnreachableRule = "unreachable-rule",
        "A rule can never decide, because rules before it match all that it does.";
    ImpossibleRule = "impossible-rule", "A rule can never match, because of its own globs or conditions.";
    DuplicateName = "duplicate-name", "Two rules have the same name, so that records do not tell them apart.";
    SameOutcome = "same-outcome", "Without this rule every decision would be the same.";
    AutoForEverything = "auto-for-everything", "Actions of every kind are allowed without a human.";
    AutoHighRisk = "auto-high-risk", "Actions of high or critical risk are allowed without a human.";
    AutoByAgentWord = "auto-by-agent-word",
        "Actions are allowed without a human because of the agent that they name.";
    UnlikeOperands = "unlike-operands",
        "A parameter is compared with numbers in one rule and with strings in another.";
    AvoidableBlock = "avoidable-block", "A block depends on a parameter that an agent can leave out.";
    UnanchoredRegex = "unanchored-regex",
        "A rule that allows matches a part of a parameter, whatever stands around it.";
    TimeWithoutZone = "time-without-zone", "A condition on the time names no time zone, so that UTC holds.";
    UnusedTimezone = "unused-timezone", "A time zone is named where no condition is about the time.";
    UnusedIgnoreCase = "unused-ignore-case", "The key `ignore_case` stands where no glob has a letter.";
    NumberLikeString = "number-like-string", "A comparison with a string that looks like a number.";
    UnescapedDot = "unescaped-dot", "In a rule that allows, a dot between words matches any character.";
    GlobLikeRegex = "glob-like-regex", "A glob looks like a regular expression.";
    ForeignGlob = "foreign-glob", "A glob is written as other tools have it, and means something else here.";
    CommaInGlob = "comma-in-glob", "A glob looks like a list that was written as one text.";
    BlankAtEnd = "blank-at-end", "A text that is compared begins or ends with a blank.";
    BlockScalar = "block-scalar", "A text that is compared holds the line breaks of the file.";
    HiddenCharacter = "hidden-character", "A text that is compared holds a character that does not show.";
    LookAlikeCharacter = "look-alike-character",
        "A text that is compared holds a character that looks like another.";
    LostSpelling = "lost-spelling", "An operand is a number, though its digits look as if they were text.";
    WordForBoolean = "word-for-boolean",
        "An operand is a word that was a boolean before YAML 1.2, and is a string.";
    GlobInOperand = "glob-in-operand", "An operand looks like a glob, and no glob is read there.";
    NoLowerBound = "no-lower-bound", "A rule allows all that is small, however far below zero.";
    OpenEndedCommand = "open-ended-command",
        "A rule allows a command with anything behind it, another command too.";
    AutoBeforeBlock = "auto-before-block", "A block stands behind a rule that allows some of what it is about.";
    EndsAtMidnight = "ends-at-midnight", "A window without an end closes at midnight, and less is asked then.";
    StrictByAgentWord = "strict-by-agent-word",
        "A rule asks or blocks only because of the agent that an action names.";
    AskerApproves = "asker-approves", "The only approver of a rule may be the very account that asks.";
    UnusedApprover = "unused-approver", "No rule names this approver.";
    LooseGrant = "loose-grant",
        "A grant is bound to a parameter that an action can be without, and then to none of its values.";
    GrantAfterTouch = "grant-after-touch", "One touch of a security key can stand for many actions.";
    RedundantRedact = "redundant-redact", "What an entry of `redact` names is redacted without it.";
    UnusedAllow = "unused-allow", "A comment silences a finding that is not there.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_unique_and_their_meanings_are_sentences() {
        for (index, code) in Code::ALL.iter().enumerate() {
            let word = code.as_str();
            assert!(
                word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
            );
            assert!(Code::ALL.iter().skip(index + 1).all(|other| other.as_str() != word), "{word} twice");
            assert!(
                code.meaning().ends_with('.') && code.meaning().starts_with(char::is_uppercase),
                "{word}"
            );
        }
    }
}
