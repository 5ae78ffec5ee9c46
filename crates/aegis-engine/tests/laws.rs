//! Laws of the engine that hold for every policy, action and text: of decisions, of the readers, of what
//! people see.
//!
//! Cases come from the oracle's generator and from byte-wise mutation of what it writes; every failure names
//! its seed.

#[cfg(test)]
#[expect(dead_code, reason = "the generator is what is needed of it here, not the evaluator")]
mod reference;

#[cfg(test)]
mod support {
    use aegis_engine::{Action, Policy, Source, load};
    use chrono::{DateTime, Utc};

    use crate::reference::generate::{Rng, World};
    use crate::reference::{self, File, print};

    pub(crate) fn texts(rng: &mut Rng, files: &[File]) -> Vec<String> {
        let mut write = |file| {
            let tree = print::tree(rng, file);
            print::yaml(rng, &tree)
        };
        files.iter().map(&mut write).collect()
    }

    pub(crate) fn policy(rng: &mut Rng, files: &[File]) -> Policy {
        let texts = texts(rng, files);
        let sources: Vec<_> = texts.iter().map(|text| Source { text: text.as_bytes() }).collect();
        load(&sources).policy.unwrap_or_else(|| panic!("{}", texts.join("\n---\n")))
    }

    pub(crate) fn read(rng: &mut Rng, action: &reference::Action) -> Action {
        let text = print::action(rng, action);
        Action::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Calls `law` with policies whose rules all have names, and actions and instants for them.
    pub(crate) fn for_each_case(law: impl Fn(&mut Rng, &World, &[File], &Action, DateTime<Utc>)) {
        for seed in 0..150 {
            let mut rng = Rng(seed);
            let world = World::new(&mut rng);
            let mut files = world.policy(&mut rng);
            for (place, rule) in files.iter_mut().flat_map(|file| &mut file.rules).enumerate() {
                rule.name = Some(format!("r{place}"));
            }
            for _ in 0..12 {
                let action = world.action(&mut rng);
                let action = read(&mut rng, &action);
                let at = DateTime::from_timestamp_millis(world.instant(&mut rng)).unwrap();
                law(&mut rng, &world, &files, &action, at);
            }
        }
    }

    /// Breaks a document a little: bytes changed, removed, repeated, or replaced by what readers stumble
    /// over.
    pub(crate) fn mutate(rng: &mut Rng, text: &[u8]) -> Vec<u8> {
        const TOKENS: [&[u8]; 56] = [
            b"\"",
            b"'",
            b"\\",
            b"{",
            b"}",
            b"[",
            b"]",
            b":",
            b",",
            b"\n",
            b"\t",
            b" ",
            b"-",
            b"- ",
            b"? ",
            b"&a ",
            b"*a",
            b"!!str ",
            b"!",
            b"|",
            b">",
            b"#",
            b"%",
            b"@",
            b"`",
            b"---\n",
            b"...\n",
            b"<<: ",
            b"null",
            b"true",
            b"0",
            b"-0",
            b"1e999",
            b"18446744073709551616",
            b"0x",
            b".inf",
            b"\\u0000",
            b"\\ud800",
            b"\\u0074",
            b"\\L",
            b"\\x41",
            b"\xEF\xBB\xBF",
            b"\xFF",
            b"\xC3",
            b"\0",
            b"\x7F",
            b"\r",
            b"\xE2\x80\xA8",
            b"\xC3\xA9",
            b"\"type\":\"a\",",
            b"\"target\":1,",
            b"\"x\":{\"x\":",
            b"[z-a]",
            b"{a,",
            b"timezone: Mars",
            b"~",
        ];
        let mut text = text.to_vec();
        for _ in 0..=rng.below(2) {
            let from = rng.below(text.len() + 1);
            let to = text.len().min(from + rng.below(12));
            match rng.below(6) {
                0 => text.truncate(from),
                1 => drop(text.drain(from..to)),
                2 => {
                    let piece = text[from..to].to_vec();
                    let place = rng.below(text.len() + 1);
                    text.splice(place..place, piece);
                }
                3 if from < text.len() => text[from] = u8::try_from(rng.below(256)).unwrap(),
                _ => drop(text.splice(from..from, rng.pick(&TOKENS).to_vec())),
            }
        }
        text
    }
}

#[cfg(test)]
mod decisions {
    use std::collections::BTreeSet;

    use aegis_engine::{ApprovalMode, DEFAULT_RULE, Decision, RiskLevel, RuleOutcome};

    use crate::reference::print;
    use crate::support::{for_each_case, policy, read};

    /// What does not depend on the order in which a policy names its conditions.
    fn outcome(decision: &Decision) -> (ApprovalMode, RiskLevel, &str, BTreeSet<(&str, &str)>) {
        let undecidable = decision.undecidable().iter().map(|each| (&*each.rule, &*each.condition));
        (decision.approval(), decision.risk_level(), decision.matched_rule(), undecidable.collect())
    }

    #[test]
    fn a_decision_and_a_digest_do_not_depend_on_how_the_action_or_the_policy_is_written() {
        for_each_case(|rng, world, files, action, at| {
            let (one, other) = (policy(rng, files), policy(rng, files));
            assert_eq!(outcome(&one.decide(action, at)), outcome(&other.decide(action, at)));
            let other = world.action(rng);
            let (first, second) = (read(rng, &other), read(rng, &other));
            let same = |text: String| aegis_engine::Action::from_json(text.as_bytes()).unwrap();
            assert_eq!(first.params(), second.params());
            assert_eq!(one.decide(&first, at), one.decide(&second, at));
            let plain = print::json(rng, &other.params);
            let respelt = print::json(rng, &other.params);
            let document = |params: &str| same(format!(r#"{{"type":"a","target":"b","params":{params}}}"#));
            assert_eq!(document(&plain).digest(), document(&respelt).digest(), "{plain} and {respelt}");
        });
    }

    #[test]
    fn rules_after_the_deciding_one_change_nothing_when_everything_is_decidable() {
        for_each_case(|rng, world, files, action, at| {
            let decision = policy(rng, files).decide(action, at);
            if decision.undecidable().is_empty() && decision.matched_rule() != DEFAULT_RULE {
                let longer = [files, &world.policy(rng)].concat();
                assert_eq!(policy(rng, &longer).decide(action, at), decision);
            }
        });
    }

    #[test]
    fn an_undecidable_rule_never_makes_a_decision_laxer() {
        for_each_case(|rng, _, files, action, at| {
            let decision = policy(rng, files).decide(action, at);
            for name in decision.undecidable().iter().map(|each| each.rule.as_str()) {
                let mut without = files.to_vec();
                for file in &mut without {
                    file.rules.retain(|rule| rule.name.as_deref() != Some(name));
                }
                let other = policy(rng, &without).decide(action, at);
                assert!(decision.approval() >= other.approval(), "{name} made it laxer");
                assert!(decision.risk_level() >= other.risk_level(), "{name} made it laxer");
                let rule =
                    policy(rng, files).rules().iter().find(|rule| rule.name() == name).unwrap().clone();
                assert!(decision.approval() >= rule.approval() && decision.risk_level() >= rule.risk_level());
            }
        });
    }

    #[test]
    fn an_explanation_tells_of_the_rule_that_decided() {
        for_each_case(|rng, _, files, action, at| {
            let policy = policy(rng, files);
            let decision = policy.decide(action, at);
            let traces = policy.explain(action, at);
            let of = |outcome| {
                traces.iter().filter(move |trace| trace.outcome == outcome).map(|trace| &*trace.rule)
            };
            let matched: Vec<_> = of(RuleOutcome::Matched).collect();
            assert!(matched.is_empty() || traces.last().unwrap().outcome == RuleOutcome::Matched);
            assert!(matched.len() <= 1);
            assert!(!matched.is_empty() || traces.len() == policy.rules().len(), "every rule was looked at");
            let undecidable: BTreeSet<_> = of(RuleOutcome::Undecidable).collect();
            assert_eq!(undecidable, decision.undecidable().iter().map(|each| &*each.rule).collect());
            let last = matched.first().copied().unwrap_or(DEFAULT_RULE);
            if undecidable.is_empty() {
                assert_eq!(decision.matched_rule(), last);
            } else {
                assert!(decision.matched_rule() == last || undecidable.contains(decision.matched_rule()));
            }
            assert!(traces.iter().all(|trace| !trace.why.is_empty()));
        });
    }
}

#[cfg(test)]
mod canonical {
    use aegis_engine::{Action, canonical_json};
    use serde_json::Value;

    use crate::reference::generate::{NUMBERS, Rng, World};
    use crate::reference::{Json, Number};
    use crate::support::read;

    /// RFC 8785 by the letter: the numbers' texts are known, and `serde_json` escapes strings as ECMAScript
    /// does.
    fn rfc8785(value: &Json) -> String {
        match value {
            Json::Null => "null".to_owned(),
            Json::Bool(flag) => flag.to_string(),
            Json::Number(number) => number.canonical.clone(),
            Json::Text(text) => serde_json::to_string(text).unwrap(),
            Json::List(items) => format!("[{}]", items.iter().map(rfc8785).collect::<Vec<_>>().join(",")),
            Json::Object(members) => {
                let mut members = members.clone();
                members.sort_by_key(|(key, _)| key.encode_utf16().collect::<Vec<_>>());
                let member =
                    |(key, value)| format!("{}:{}", serde_json::to_string(key).unwrap(), rfc8785(value));
                format!(
                    "{{{}}}",
                    members.iter().map(|(key, value)| member((key, value))).collect::<Vec<_>>().join(",")
                )
            }
        }
    }

    /// Whether a whole double beyond 2^53 is in it: RFC 8785 rounds its digits, which an exact integer may
    /// not share.
    fn has_rounded_digits(value: &Json) -> bool {
        match value {
            Json::Number(number) => {
                let value: f64 = number.text.parse().unwrap();
                number.text.contains(['.', 'e', 'E'])
                    && (9_007_199_254_740_992.0..1e21).contains(&value.abs())
            }
            Json::List(items) => items.iter().any(has_rounded_digits),
            Json::Object(members) => members.iter().any(|(_, value)| has_rounded_digits(value)),
            _ => false,
        }
    }

    #[test]
    fn canonical_bytes_are_those_of_rfc_8785() {
        let mut compared = 0;
        for seed in 0..6000 {
            let mut rng = Rng(seed);
            let action = World::new(&mut rng).action(&mut rng);
            if !has_rounded_digits(&action.params) {
                let params = Value::Object(read(&mut rng, &action).params().clone());
                assert_eq!(canonical_json(&params), rfc8785(&action.params), "seed {seed}");
                compared += 1;
            }
        }
        assert!(compared > 3000, "{compared}");
    }

    #[test]
    fn canonical_bytes_can_be_read_and_are_their_own_canonical_form() {
        for seed in 0..6000 {
            let mut rng = Rng(seed);
            let action = World::new(&mut rng).action(&mut rng);
            let canonical = read(&mut rng, &action).canonical();
            let again = Action::from_json(canonical.as_bytes());
            assert_eq!(again.map(|again| again.canonical()), Ok(canonical), "seed {seed}");
        }
    }

    #[test]
    fn numbers_have_the_same_canonical_text_exactly_when_they_are_equal() {
        let near = |exponent: u32| {
            let power = 1_u64 << exponent;
            let rounded = (power + 500) / 1000 * 1000;
            let doubles = [format!("{power}.0"), format!("-{power}.0"), format!("{rounded}.0")];
            let integers = [power - 1, power, power + 1, rounded].map(|integer| integer.to_string());
            doubles.into_iter().chain(integers)
        };
        let known = NUMBERS.iter().map(|(text, _)| (*text).to_owned());
        let numbers: Vec<_> =
            known.chain((50..64).flat_map(near)).map(|text| Number::new(&text, "")).collect();
        let canonical = |number: &Number| {
            let document = format!(r#"{{"type":"a","target":"b","params":{{"n":{}}}}}"#, number.text);
            canonical_json(&Action::from_json(document.as_bytes()).unwrap().params()["n"])
        };
        for left in &numbers {
            for right in &numbers {
                let (ours, theirs) = (canonical(left), canonical(right));
                let equal = left.compare(right).is_eq();
                assert_eq!(ours == theirs, equal, "{} is {ours}, {} is {theirs}", left.text, right.text);
            }
        }
    }

    #[test]
    fn every_double_survives_canonical_form_to_the_last_bit() {
        let mut rng = Rng(8785);
        for _ in 0..20_000 {
            let double = f64::from_bits(rng.next());
            if !double.is_finite() {
                continue;
            }
            let document = |number: &str| format!(r#"{{"params":{{"n":{number}}},"target":"b","type":"a"}}"#);
            // An exponent makes it a double even where it is whole.
            let read = Action::from_json(document(&format!("{double:e}")).as_bytes()).unwrap();
            assert_eq!(read.params()["n"].as_f64().unwrap().to_bits(), double.to_bits());
            let text = canonical_json(&read.params()["n"]);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), double.to_bits(), "{text}");
            assert_eq!(read.canonical(), document(&text));
        }
    }
}

#[cfg(test)]
mod readers {
    use aegis_engine::{Action, Severity, Source, load};
    use serde_json::{Map, Value};

    use crate::reference::generate::{Rng, World};
    use crate::reference::print;
    use crate::support::{mutate, texts};

    /// The same value, but that `serde_json` may miss a double's last bit.
    fn agree(ours: &Value, theirs: &Value) -> bool {
        match (ours, theirs) {
            (Value::Number(ours), Value::Number(theirs)) => {
                let (left, right) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
                let exact = ours.is_f64() || theirs.is_f64() || ours == theirs;
                exact && (left - right).abs() <= left.abs() * f64::EPSILON
            }
            (Value::Array(ours), Value::Array(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(ours, theirs)| agree(ours, theirs))
            }
            (Value::Object(ours), Value::Object(theirs)) => members_agree(ours, theirs),
            _ => ours == theirs,
        }
    }

    fn members_agree(ours: &Map<String, Value>, theirs: &Map<String, Value>) -> bool {
        ours.len() == theirs.len()
            && ours.iter().all(|(key, ours)| theirs.get(key).is_some_and(|theirs| agree(ours, theirs)))
    }

    #[test]
    fn what_is_accepted_as_an_action_is_what_serde_json_reads_and_nothing_panics() {
        let (mut accepted, mut refused) = (0, 0);
        for seed in 0..20_000 {
            let mut rng = Rng(seed);
            let action = World::new(&mut rng).action(&mut rng);
            let text = print::action(&mut rng, &action);
            let bytes = mutate(&mut rng, text.as_bytes());
            let Ok(action) = Action::from_json(&bytes) else {
                refused += 1;
                continue;
            };
            accepted += 1;
            let Value::Object(fields) = serde_json::from_slice(&bytes).unwrap() else {
                panic!("seed {seed}")
            };
            let text = |field: &str| fields.get(field).map(|value| value.as_str().unwrap());
            assert_eq!(Some(action.kind()), text("type"), "seed {seed}");
            assert_eq!(Some(action.target()), text("target"), "seed {seed}");
            assert_eq!(action.description(), text("description").unwrap_or_default(), "seed {seed}");
            assert_eq!(action.agent(), text("agent"), "seed {seed}");
            let none = Map::new();
            let params = fields.get("params").map_or(&none, |params| params.as_object().unwrap());
            assert!(
                members_agree(action.params(), params),
                "seed {seed}: {}",
                String::from_utf8_lossy(&bytes)
            );
        }
        assert!(accepted > 1000 && refused > 5000, "{accepted} accepted, {refused} refused");
    }

    #[test]
    fn arbitrary_bytes_are_no_action_and_no_policy_and_nothing_panics() {
        for seed in 0..3000 {
            let mut rng = Rng(seed);
            let bytes: Vec<u8> = (0..rng.below(40)).map(|_| u8::try_from(rng.below(256)).unwrap()).collect();
            assert!(Action::from_json(&bytes).is_err(), "seed {seed}");
            assert!(load(&[Source { text: &bytes }]).policy.is_none(), "seed {seed}");
        }
        assert!(load(&[]).policy.is_none());
    }

    #[test]
    fn a_policy_is_absent_exactly_when_there_is_an_error_and_every_place_is_in_its_text() {
        let (mut accepted, mut refused) = (0, 0);
        for seed in 0..5000 {
            let mut rng = Rng(seed);
            let world = World::new(&mut rng);
            let files = world.policy(&mut rng);
            let mut files: Vec<_> = texts(&mut rng, &files).into_iter().map(String::into_bytes).collect();
            let broken = rng.below(files.len());
            files[broken] = mutate(&mut rng, &files[broken]);
            let sources: Vec<_> = files.iter().map(|text| Source { text }).collect();
            let loaded = load(&sources);
            let errors = loaded.diagnostics.iter().any(|found| found.severity == Severity::Error);
            assert_eq!(loaded.policy.is_none(), errors, "seed {seed}");
            assert_eq!(loaded.documents.len(), sources.len());
            *(if errors { &mut refused } else { &mut accepted }) += 1;
            for found in &loaded.diagnostics {
                let labels = std::iter::once(&found.primary).chain(&found.secondary).map(|label| label.span);
                let edits = found.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
                for span in labels.chain(edits) {
                    let text = &files[usize::try_from(span.source.0).unwrap()];
                    let place = format!("seed {seed}: {} at {:?}", found.code, span.range());
                    assert!(text.get(span.range()).is_some(), "{place} is outside the file");
                    if let Ok(text) = std::str::from_utf8(text) {
                        assert!(text.get(span.range()).is_some(), "{place} cuts a character in two");
                    }
                }
                let said = [Some(&found.message), found.help.as_ref()];
                for said in said.into_iter().flatten() {
                    assert!(!said.is_empty() && !said.contains(char::is_control), "seed {seed}: {said:?}");
                }
            }
        }
        assert!(accepted > 250 && refused > 1500, "{accepted} accepted, {refused} refused");
    }
}

#[cfg(test)]
mod escaping {
    use std::collections::HashMap;

    use aegis_engine::{escape, escape_capped, to_json_line};
    use serde_json::{Value, json};

    use crate::reference::generate::Rng;

    /// Controls, separators, and what Unicode calls default-ignorable, bidirectional controls among them.
    fn is_unseen(c: char) -> bool {
        c.is_control()
            || (c.is_whitespace() && c != ' ')
            || matches!(c,
                '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
                | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
                | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
    }

    /// What `escape` wrote, read back.
    fn unescape(shown: &str) -> String {
        let mut text = String::new();
        let mut rest = shown.chars();
        while let Some(c) = rest.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            text.push(match rest.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    assert_eq!(rest.next(), Some('{'));
                    let digits: String = rest.by_ref().take_while(|c| *c != '}').collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
                }
                same => same,
            });
        }
        text
    }

    const ALPHABET: [char; 44] = [
        'a',
        'n',
        'u',
        'p',
        '0',
        '6',
        '1',
        '{',
        '}',
        '\\',
        '"',
        '\'',
        ' ',
        '<',
        '=',
        '\n',
        '\r',
        '\t',
        '\0',
        '\u{1B}',
        '\u{7F}',
        '\u{85}',
        '\u{9B}',
        '\u{A0}',
        '\u{AD}',
        'é',
        '\u{301}',
        '\u{308}',
        'а',
        'р',
        'α',
        '删',
        'か',
        '한',
        '\u{200B}',
        '\u{200D}',
        '\u{202E}',
        '\u{2028}',
        '\u{2066}',
        '\u{FE0F}',
        '\u{FEFF}',
        '🙂',
        '\u{E0041}',
        '\u{10FFFF}',
    ];

    fn text(rng: &mut Rng, longest: usize) -> String {
        (0..rng.below(longest + 1)).map(|_| *rng.pick(&ALPHABET)).collect()
    }

    #[test]
    fn no_character_that_cannot_be_seen_comes_through_anywhere_in_a_word() {
        for c in '\0'..=char::MAX {
            if is_unseen(c) {
                let text = format!("a{c}b {c}");
                let shown = escape(&text);
                assert!(!shown.contains(is_unseen), "U+{:04X} in {shown:?}", u32::from(c));
                let line = to_json_line(&text).unwrap();
                assert!(!line.contains(is_unseen), "U+{:04X} in {line:?}", u32::from(c));
            }
        }
    }

    #[test]
    fn what_is_shown_is_safe_and_can_be_read_back() {
        let mut seen: HashMap<String, String> = HashMap::new();
        for seed in 0..40_000 {
            let text = text(&mut Rng(seed), 8);
            let shown = escape(&text);
            assert!(!shown.contains(is_unseen), "{text:?} shows as {shown:?}");
            assert_eq!(unescape(&shown), text, "shown as {shown:?}");
            assert!(!escape_capped(&text, 3).contains(is_unseen), "{text:?}");
            if let Some(other) = seen.insert(shown, text.clone()) {
                assert_eq!(other, text, "two texts are shown alike");
            }
        }
    }

    #[test]
    fn cuts_of_different_texts_differ() {
        let mut seen: HashMap<String, String> = HashMap::new();
        for seed in 0..20_000 {
            let text = text(&mut Rng(seed), 8);
            if let Some(other) = seen.insert(escape_capped(&text, 4), text.clone()) {
                assert_eq!(other, text, "two texts are shown alike");
            }
        }
    }

    #[test]
    fn a_json_line_is_one_safe_line_of_the_same_value() {
        for seed in 0..15_000 {
            let mut rng = Rng(seed);
            let value = json!({
                text(&mut rng, 5): [text(&mut rng, 8), seed, null, true],
                "nested": { text(&mut rng, 5): text(&mut rng, 8) },
            });
            let line = to_json_line(&value).unwrap();
            assert!(!line.contains(is_unseen), "{line:?}");
            assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value, "{line}");
        }
    }
}
