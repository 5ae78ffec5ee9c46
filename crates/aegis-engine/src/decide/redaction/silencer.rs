//! Text without the secrets in it: those that announce themselves, and those that are known from elsewhere.

use serde_json::Value;

use crate::decide::redaction::echoes::Echoes;
use crate::text::announced::{Kind, all_in};
use crate::text::name_like::is_name_like;

/// How many secrets of an action are replaced one by one. Where there are more, each further text goes whole,
/// so that what stands for them takes no more than the action did.
const MOST_REPLACED: usize = 4096;

/// Replaces secrets in text, and counts them.
pub(super) struct Silencer<'e> {
    echoes: &'e Echoes,
    left: usize,
}

impl<'e> Silencer<'e> {
    pub(super) const fn new(echoes: &'e Echoes) -> Silencer<'e> {
        Silencer { echoes, left: MOST_REPLACED }
    }

    /// What stands for a number that is a secret elsewhere.
    pub(super) fn whole(&self, number: &str) -> Option<String> {
        self.echoes.whole(number).map(str::to_owned)
    }

    /// The text with every secret in it replaced. `None` if there is none.
    ///
    /// Who calls a target a password must not thereby take it out of the record: of a name, only what does
    /// not read like one is replaced because it is a secret elsewhere.
    pub(super) fn silence(
        &mut self,
        text: &str,
        kind: Kind,
        stand_in: &mut impl FnMut(&Value) -> String,
    ) -> Option<String> {
        let known = self.echoes.find(text).into_iter().filter(|(start, end, _)| {
            kind == Kind::Words || !text.get(*start..*end).is_some_and(is_name_like)
        });
        let known: Vec<_> = known.map(|(start, end, stand_in)| (start, end, Some(stand_in))).collect();
        let announced = all_in(text, kind);
        let count = known.len() + announced.len();
        if count == 0 {
            return None;
        }
        if count > self.left {
            return Some(stand_in(&text.into()));
        }
        self.left -= count;
        let mut found = known;
        found.extend(announced.into_iter().map(|secret| (secret.start, secret.end, None)));
        found.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let mut silenced = String::with_capacity(text.len());
        let mut done = 0;
        for (start, end, known) in found {
            // Of secrets that overlap, the first stands for all of it.
            if start >= done {
                silenced.push_str(text.get(done..start).unwrap_or_default());
                match known {
                    Some(known) => silenced.push_str(known),
                    None => silenced.push_str(&stand_in(&text.get(start..end).unwrap_or_default().into())),
                }
            }
            done = done.max(end);
        }
        silenced.push_str(text.get(done..).unwrap_or_default());
        Some(silenced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::redaction::echoes::{LONGEST, Secrets};
    use serde_json::json;

    fn silence_as(secret: &Value, text: &str, kind: Kind) -> Option<String> {
        let stand_in = &mut |value: &Value| format!("<{}>", value.to_string().len());
        let mut secrets = Secrets::default();
        secrets.add(secret, stand_in);
        let echoes = Echoes::of(secrets);
        Silencer::new(&echoes).silence(text, kind, stand_in)
    }

    fn silence(secret: &Value, text: &str) -> Option<String> {
        silence_as(secret, text, Kind::Words)
    }

    #[test]
    fn what_announces_itself_goes_with_what_is_known() {
        let text = "PASSWORD=hunter22 x hunter22 token=y";
        assert_eq!(silence(&json!("hunter22"), text), Some("PASSWORD=<10> x <10> token=<3>".to_owned()));
        assert_eq!(silence(&json!("hunter22 x"), text), Some("PASSWORD=<12> hunter22 token=<3>".to_owned()));
    }

    #[test]
    fn no_name_is_taken_out_of_the_record_by_calling_it_a_password() {
        for name in ["prod-db", "read_secret_a", "customers-eu-west-1", "crm"] {
            assert_eq!(silence_as(&json!(name), name, Kind::Name), None, "{name}");
        }
        let key = "x7Kq92LmPz01";
        let target = format!("https://h/bot{key}/send");
        assert_eq!(silence_as(&json!(key), &target, Kind::Name), Some("https://h/bot<14>/send".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_part_of_what_reads_like_a_name_is_replaced(
            name in "([a-zA-Z]{0,9}[0-9]{0,5}[-_/.: ]?){1,5}",
            from in 0_usize..9,
            length in 6_usize..20,
        ) {
            let secret: String = name.chars().skip(from).take(length).collect();
            let left = silence_as(&json!(secret), &name, Kind::Name);
            let is_plain = is_name_like(&name) && all_in(&name, Kind::Name).is_empty();
            proptest::prop_assert!(left.is_none() || !is_plain, "{left:?}");
        }
    }

    #[test]
    fn a_text_of_many_secrets_goes_whole() {
        let text = "token=x ".repeat(MOST_REPLACED + 1);
        assert_eq!(silence(&json!(0), &text), Some(format!("<{}>", text.len() + 2)));
        let echoes = "hunter22 ".repeat(MOST_REPLACED + 1);
        assert_eq!(silence(&json!("hunter22"), &echoes), Some(format!("<{}>", echoes.len() + 2)));
    }

    #[test]
    fn so_many_secrets_of_all_texts_together_are_replaced_one_by_one() {
        let stand_in = &mut |value: &Value| format!("<{}>", value.to_string().len());
        let echoes = Echoes::of(Secrets::default());
        let mut silencer = Silencer::new(&echoes);
        let mut silence = |text: &str| silencer.silence(text, Kind::Words, stand_in);
        assert_eq!(silence("token=x"), Some("token=<3>".to_owned()));
        let all_that_are_left = "token=x ".repeat(MOST_REPLACED - 1);
        assert_eq!(silence(&all_that_are_left), Some("token=<3> ".repeat(MOST_REPLACED - 1)));
        assert_eq!(silence("token=x"), Some("<9>".to_owned()));
        assert_eq!(silence("innocent"), None);
    }

    #[test]
    fn every_occurrence_is_replaced_by_what_stands_for_it() {
        assert_eq!(silence(&json!("hunter22"), "a hunter22, hunter22"), Some("a <10>, <10>".to_owned()));
        assert_eq!(silence(&json!("hunter22"), "hunter2"), None);
        assert_eq!(
            silence(&json!({ "a": ["hunter22", 4_111_111] }), "4111111hunter22"),
            Some("<7><10>".to_owned())
        );
        assert_eq!(silence(&json!("a\"b\nc\\d"), "x a\\\"b\\nc\\\\d"), Some("x <12>".to_owned()));
    }

    #[test]
    fn what_is_too_short_to_be_told_from_other_words_stays() {
        for secret in [json!("12345"), json!(12345), json!(true), json!(null), json!("")] {
            assert_eq!(silence(&secret, "12345 true null"), None, "{secret}");
        }
        assert!(silence(&json!("删除删除删除"), "删除删除删除").is_some());
    }

    #[test]
    fn the_longest_of_several_counts_and_overlaps_leave_nothing() {
        let secrets = json!(["secret-1", "secret-123", "123456789"]);
        assert_eq!(silence(&secrets, "secret-123!"), Some("<12>!".to_owned()));
        let long = "x".repeat(LONGEST + 1);
        let both = json!([format!("hunter22{long}"), "22xxxx", long]);
        assert_eq!(silence(&both, &format!("hunter22{long}y")), Some(format!("<{}>y", LONGEST + 11)));
    }
}
