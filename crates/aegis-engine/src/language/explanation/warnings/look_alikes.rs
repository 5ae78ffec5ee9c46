//! Of rules that do not say what they seem to say.

use crate::language::code::Code;
use crate::language::explanation::entry::{Explanation, explain};

pub(super) fn of(code: Code) -> Option<Explanation> {
    globs(code).or_else(|| texts(code)).or_else(|| rules(code))
}

/// Of globs and regular expressions.
fn globs(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::GlobLikeRegex => explain(
            "Globs are no regular expressions: `|`, `^`, `$` and `.` are themselves, so that such a rule \
             matches next to nothing. A glob matches the whole text, `*` is any text, and `{a,b}` is either.",
            "- { name: programs, match: { type: \"run|exec\" }, approval: block }",
            "- { name: programs, match: { type: \"{run,exec}\" }, approval: block }",
        ),
        Code::ForeignGlob => explain(
            "Globs differ from tool to tool. Here there is no escape character and no negation; parentheses, \
             `%` and ranges in braces are text; `*` matches slashes too, and `**/` at least one.",
            "- { name: environment, match: { target: \"**/.env\" }, approval: block }",
            "- { name: environment, match: { target: \"{,*/}.env\" }, approval: block }",
        ),
        Code::CommaInGlob => explain(
            "A comma between braces separates alternatives; anywhere else it is a comma, and the text one \
             glob that hardly anything matches. Write a list.",
            "- { name: removals, match: { type: \"delete, drop\" }, approval: block }",
            "- { name: removals, match: { type: [delete, drop] }, approval: block }",
        ),
        Code::UnusedIgnoreCase => explain(
            "`ignore_case` is about the globs beside it, and about nothing else: the texts of conditions keep \
             their case. For a parameter, begin the regular expression with `(?i)`.",
            "- { name: production, match: { ignore_case: true }, \
             conditions: { param_matches: { env: \"^prod\" } }, risk_level: high }",
            "- { name: production, match: { type: deploy }, \
             conditions: { param_matches: { env: \"(?i)^prod\" } }, risk_level: high }",
        ),
        Code::GlobInOperand => explain(
            "Globs stand in `match` alone. `param_eq` compares the whole text as it is, and `param_contains` \
             looks for a text anywhere; for a pattern there is `param_matches`.",
            "- { name: production, match: { type: deploy }, \
             conditions: { param_eq: { env: \"prod*\" } }, risk_level: high }",
            "- { name: production, match: { type: deploy }, \
             conditions: { param_matches: { env: \"^prod\" } }, risk_level: high }",
        ),
        Code::UnescapedDot => explain(
            "In a regular expression `.` is any character, so that `docs.acme.com` also matches \
             `docs-acme.com`, which anybody can register. `[.]` is the dot itself.",
            "- { name: docs, match: { type: get }, \
             conditions: { param_matches: { host: \"^docs.acme.com$\" } }, approval: auto, risk_level: low }",
            "- { name: docs, match: { type: get }, \
             conditions: { param_matches: { host: \"^docs[.]acme[.]com$\" } }, approval: auto, \
             risk_level: low }",
        ),
        _ => return None,
    })
}

/// Of single texts and values.
fn texts(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::BlankAtEnd => explain(
            "Texts match as they are, blanks included, and a blank at an end is seen by nobody. Where it is \
             meant, a comment says so.",
            "- { name: production, match: { target: \"prod \" }, approval: block }",
            "- { name: production, match: { target: \"prod\" }, approval: block }",
        ),
        Code::BlockScalar => explain(
            "A text behind `|` or `>` ends with a line break, and one on several lines keeps its breaks or \
             has blanks for them. No target and no parameter looks like that.",
            "- name: production\n  match:\n    target: |\n      prod\n  approval: block",
            "- name: production\n  match:\n    target: 'prod'\n  approval: block",
        ),
        Code::HiddenCharacter => explain(
            "Characters without width, unusual blanks and marks for the direction of writing come along when \
             text is copied, and the rule then matches nothing that anybody would write. Within double quotes, \
             an escape shows one that is meant.",
            "- { name: production, match: { target: \"prod\u{200b}\" }, approval: block }",
            "- { name: production, match: { target: \"prod\" }, approval: block }",
        ),
        Code::LookAlikeCharacter => explain(
            "Some characters look like others and are not: a Cyrillic `а` in a Latin word, letters of full \
             width, the dashes and quotes of word processors. What such a text is compared with has the \
             usual ones.",
            "- { name: production, match: { target: \"pr\u{43e}d\" }, approval: block }",
            "- { name: production, match: { target: \"prod\" }, approval: block }",
        ),
        Code::LostSpelling => explain(
            "Without quotes, `01234` is the number 1234, `0x1F` is 31 and `1e3` is 1000. A parameter that is \
             text is then never equal to it. Put text in quotes.",
            "- { name: bern, match: { type: ship }, conditions: { param_eq: { code: 0300 } }, \
             risk_level: high }",
            "- { name: bern, match: { type: ship }, conditions: { param_eq: { code: \"0300\" } }, \
             risk_level: high }",
        ),
        Code::WordForBoolean => explain(
            "In YAML 1.2 `yes`, `no`, `on` and `off` are strings, and no string equals a boolean. Write `true` \
             or `false`; in quotes, the word is meant.",
            "- { name: forced, match: { type: push }, conditions: { param_eq: { force: yes } }, \
             risk_level: high }",
            "- { name: forced, match: { type: push }, conditions: { param_eq: { force: true } }, \
             risk_level: high }",
        ),
        _ => return None,
    })
}

/// Of what rules leave open, each shown by an action.
fn rules(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::NoLowerBound => explain(
            "A limit on one side allows everything on the other: a refund of -1000000 is a charge, and a count \
             of -1 often means all. Say where it begins.",
            "- { name: small, match: { type: refund }, conditions: { param_lte: { cents: 500 } }, \
             approval: auto, risk_level: low }",
            "- name: small\n  match: { type: refund }\n  conditions:\n    param_gte: { cents: 1 }\n    \
             param_lte: { cents: 500 }\n  approval: auto\n  risk_level: low",
        ),
        Code::OpenEndedCommand => explain(
            "A shell runs all of a line: what begins with `git status` may go on with `; rm -rf /`. Name each \
             command as it is, or block the characters that join commands in a rule before.",
            "- { name: status, match: { type: shell, target: \"git status*\" }, approval: auto, \
             risk_level: low }",
            "- { name: status, match: { type: shell, target: [\"git status\", \"git status -s\"] }, \
             approval: auto, risk_level: low }",
        ),
        Code::AutoBeforeBlock => explain(
            "The first rule that matches decides, so a block stops nothing of what an earlier rule allows, at \
             no hour of the day. Move it up. A rule that allows a part of what a block behind it is about is \
             an exception, and not reported.",
            "- { name: reads, match: { type: read }, approval: auto, risk_level: low }\n\
             - { name: payroll, match: { target: payroll }, approval: block }",
            "- { name: payroll, match: { target: payroll }, approval: block }\n\
             - { name: reads, match: { type: read }, approval: auto, risk_level: low }",
        ),
        Code::EndsAtMidnight => explain(
            "`time_after` alone holds until midnight, and a night has a morning. With `time_before` earlier \
             than `time_after`, the window passes midnight.",
            "- { name: nights, match: { type: deploy }, conditions: { time_after: \"20:00\", timezone: UTC }, \
             approval: block }",
            "- name: nights\n  match: { type: deploy }\n  conditions: { time_after: \"20:00\", \
             time_before: \"06:00\", timezone: UTC }\n  approval: block",
        ),
        Code::StrictByAgentWord => explain(
            "An action says itself which agent acts, and nothing proves it: the agent that is to be kept out \
             names another, or none. Leave `agent` out, so that the rule holds for all, or impose the names \
             where the agents are started, and say so in a comment.",
            "- { name: interns, match: { type: deploy, agent: intern }, approval: block }",
            "- { name: nobody, match: { type: deploy }, approval: block }",
        ),
        _ => return None,
    })
}
