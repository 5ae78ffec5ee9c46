//! Of codes that are errors.

use crate::language::code::Code;
use crate::language::explanation::entry::{Explanation, explain};

pub(super) fn of(code: Code) -> Explanation {
    yaml(code).or_else(|| structure(code)).unwrap_or_else(|| value(code))
}

/// Of the file and its YAML.
fn yaml(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::FileTooLarge => explain(
            "A policy may have 64 MiB. Split it into several files, which are read one after the other.",
            "",
            "",
        ),
        Code::NotUtf8 => explain("Save the file as UTF-8; editors offer that when saving.", "", ""),
        Code::YamlSyntax => explain(
            "Nothing after the place could be read. Look at quotes, brackets and indentation, also on the \
             line before.",
            "version: \"1\"\nrules: [",
            "version: \"1\"\nrules: []",
        ),
        Code::YamlDocuments => explain(
            "A policy file holds one document: `---` may stand at its beginning only. A policy may be \
             several files, which are read one after the other.",
            "version: \"1\"\nrules: []\n---\nversion: \"1\"\nrules: []",
            "version: \"1\"\nrules: []",
        ),
        Code::YamlTooDeep => {
            explain("At most 64 levels are read, far more than a policy has a use for.", "", "")
        }
        Code::YamlAliasExpansion => explain(
            "All aliases together may stand for a million values, so that a small file cannot fill the \
             memory.",
            "",
            "",
        ),
        Code::YamlUnknownAlias => explain(
            "`*name` stands for what `&name` marks earlier in the file. Text that begins with a star must \
             be in quotes.",
            "- { name: all, match: { type: *bulk }, approval: block }",
            "- { name: all, match: { type: \"*bulk\" }, approval: block }",
        ),
        Code::YamlTag => explain(
            "Tags such as `!secret` are instructions to other programs. Here they would be ignored, so \
             they are refused.",
            "- { name: !secret payments, match: { type: pay }, approval: block }",
            "- { name: payments, match: { type: pay }, approval: block }",
        ),
        Code::YamlNumber => explain(
            "Integers have 64 bits; other numbers are finite, and have at most 1100 decimal places. A longer identifier is text: put it in \
             quotes.",
            "- { name: one_account, match: { type: pay }, \
             conditions: { param_eq: { account: 99999999999999999999 } }, approval: block }",
            "- { name: one_account, match: { type: pay }, \
             conditions: { param_eq: { account: \"99999999999999999999\" } }, approval: block }",
        ),
        Code::DuplicateKey => explain(
            "Readers of YAML disagree on which of the two counts, and so would people. Keep one.",
            "- { name: deletes, match: { type: delete }, approval: block, approval: auto }",
            "- { name: deletes, match: { type: delete }, approval: block }",
        ),
        _ => return None,
    })
}

/// Of keys, types and words.
fn structure(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::UnknownKey => explain(
            "A key that is not known is never ignored: a misspelt `conditions` would make a rule match \
             everything.",
            "- { name: deletes, mtach: { type: delete }, approval: block }",
            "- { name: deletes, match: { type: delete }, approval: block }",
        ),
        Code::MissingKey => explain(
            "`version` and `rules` must be there, in an example `action` and `expect`.",
            "version: \"1\"",
            "version: \"1\"\nrules: []",
        ),
        Code::WrongType => explain(
            "Each key takes one type. `yes`, `no`, `on` and `off` are strings in YAML 1.2; numbers that \
             are meant as text need quotes.",
            "- { name: 404, match: { type: delete }, approval: block }",
            "- { name: \"404\", match: { type: delete }, approval: block }",
        ),
        Code::UnknownWord => explain(
            "Approvals are `auto`, `approve` and `block`; risks `low`, `medium`, `high` and `critical`; \
             days 1 to 7 or `mon` to `sun`.",
            "- { name: deletes, match: { type: delete }, approval: deny }",
            "- { name: deletes, match: { type: delete }, approval: block }",
        ),
        Code::UnsupportedVersion => explain(
            "This program reads version \"1\" of the policy format, and guesses about no other.",
            "version: \"2\"\nrules: []",
            "version: \"1\"\nrules: []",
        ),
        Code::EmptyName => explain(
            "Answers and records call a rule by its name; `<default>` is what they say where no rule \
             matches.",
            "- { name: \"\", match: { type: delete }, approval: block }",
            "- { name: deletes, match: { type: delete }, approval: block }",
        ),
        Code::InvalidReason => explain(
            "A reason is what the author tells whoever is asked or refused. It is read in a hurry, on a \
             few lines: at most 500 characters, and not none.",
            "- { name: deletes, match: { type: delete }, approval: block, reason: \" \" }",
            "- { name: deletes, match: { type: delete }, approval: block, \
             reason: \"archive it instead\" }",
        ),
        Code::EmptyGlobs => explain(
            "One of the globs must match, and there is none. To match everything, leave the key out.",
            "- { name: deletes, match: { type: delete, target: [] }, approval: block }",
            "- { name: deletes, match: { type: delete }, approval: block }",
        ),
        Code::EmptyRedact => explain(
            "An entry of `redact` is a glob of parameters' names at any depth or, where it starts with \
             `/`, a JSON Pointer into `params`. One that names nothing was probably not finished.",
            "version: \"1\"\nredact: []\nrules: []",
            "version: \"1\"\nredact: [iban, \"customer_*\"]\nrules: []",
        ),
        Code::EmptyCondition => explain(
            "A condition that names nothing was probably not finished.",
            "- { name: deletes, match: { type: delete }, conditions: { param_eq: {} }, approval: block }",
            "- { name: deletes, match: { type: delete }, approval: block }",
        ),
        Code::InvalidExample => explain(
            "An example's action must be one that an agent could ask for, its instant RFC 3339, and \
             something must be expected.",
            "version: \"1\"\nrules: []\nexamples:\n  - { action: { type: read }, expect: approve }",
            "version: \"1\"\nrules: []\nexamples:\n  \
             - { action: { type: read, target: crm }, expect: approve }",
        ),
        Code::UnknownLint => explain(
            "`# aegis: allow(code) — reason` silences a warning of that code; errors cannot be silenced. \
             Write the code that the warning is reported by.",
            "# aegis: allow(auto-hihg-risk) — restarts are harmless here\n\
             - { name: restarts, match: { type: restart }, risk_level: high, approval: auto }",
            "# aegis: allow(auto-high-risk) — restarts are harmless here\n\
             - { name: restarts, match: { type: restart }, risk_level: high, approval: auto }",
        ),
        Code::AllowWithoutReason => explain(
            "Whoever reads the policy later must be able to judge whether the exception still holds. Say \
             why after a dash or a colon.",
            "# aegis: allow(auto-high-risk)\n\
             - { name: restarts, match: { type: restart }, risk_level: high, approval: auto }",
            "# aegis: allow(auto-high-risk) — restarts are harmless here\n\
             - { name: restarts, match: { type: restart }, risk_level: high, approval: auto }",
        ),
        _ => return None,
    })
}

/// Of globs, expressions, times and operands.
fn value(code: Code) -> Explanation {
    match code {
        Code::InvalidGlob => explain(
            "`*` is any run of characters, `?` one character, `[a-z]` and `[!a-z]` a set, `{a,b}` \
             alternatives. There is no escape character: `[*]` is a literal star.",
            "- { name: deletes, match: { type: \"delete[\" }, approval: block }",
            "- { name: deletes, match: { type: \"delete[[]\" }, approval: block }",
        ),
        Code::InvalidRegex => explain(
            "Regular expressions are those of the Rust crate `regex`: linear in time, without look-around \
             and back-references.",
            "- { name: scripts, match: { type: run }, conditions: { param_matches: { path: \"(\" } }, \
             approval: block }",
            "- { name: scripts, match: { type: run }, conditions: { param_matches: { path: \"[(]\" } }, \
             approval: block }",
        ),
        Code::InvalidTime => explain(
            "Times are \"HH:MM\", from \"00:00\" to \"23:59\".",
            "- { name: early, conditions: { time_before: \"8am\", timezone: UTC }, approval: block }",
            "- { name: early, conditions: { time_before: \"08:00\", timezone: UTC }, approval: block }",
        ),
        Code::InvalidTimezone => explain(
            "Zones are names of the IANA database, such as `Europe/Berlin`: an offset would be wrong half \
             of the year.",
            "- { name: early, conditions: { time_before: \"08:00\", timezone: \"+01:00\" }, approval: block }",
            "- { name: early, conditions: { time_before: \"08:00\", timezone: Europe/Berlin }, \
             approval: block }",
        ),
        Code::ImpossibleWindow => explain(
            "`time_after` is inclusive and `time_before` exclusive, so that a window from a time to the \
             same time is empty. Leave both out for the whole day.",
            "- { name: noon, conditions: { time_after: \"12:00\", time_before: \"12:00\", \
             timezone: UTC }, approval: block }",
            "- { name: noon, conditions: { time_after: \"12:00\", time_before: \"13:00\", \
             timezone: UTC }, approval: block }",
        ),
        Code::InvalidPointer => explain(
            "A key that starts with `/` is a JSON Pointer (RFC 6901), in which `~` is written `~0`, and \
             `/` inside a name `~1`.",
            "- { name: home, match: { type: run }, conditions: { param_eq: { \"/~user\": root } }, \
             approval: block }",
            "- { name: home, match: { type: run }, conditions: { param_eq: { \"/~0user\": root } }, \
             approval: block }",
        ),
        _ => explain(
            "Orders hold between numbers and between strings. Null is no operand: an absent or null \
             parameter makes every condition false but `param_exists: { name: false }`.",
            "- { name: forced, match: { type: run }, conditions: { param_gt: { force: true } }, \
             approval: block }",
            "- { name: forced, match: { type: run }, conditions: { param_eq: { force: true } }, \
             approval: block }",
        ),
    }
}
