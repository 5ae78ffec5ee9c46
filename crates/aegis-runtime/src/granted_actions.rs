//! What a grant lets happen, in words for whoever gives it.

use std::time::Duration;

use aegis_engine::{GrantTerms, escape};

/// Whom a grant is for, besides what its terms say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grantee<'a> {
    pub(crate) rule: &'a str,
    /// The session, where it is not the one that is asked in.
    pub(crate) session: Option<&'a str>,
    pub(crate) agent: Option<&'a str>,
}

/// For how many further actions a grant holds, and for how long.
pub(crate) fn granted_uses(terms: &GrantTerms) -> String {
    let within = humantime::format_duration(Duration::from_millis(terms.for_ms));
    let actions = match terms.uses {
        1 => "1 further action".to_owned(),
        uses => format!("{uses} further actions"),
    };
    format!("{actions} within {within}, and nobody is asked")
}

/// For whom a grant holds, and what of the actions must be as it is in the one that is asked about.
pub(crate) fn granted_to(terms: &GrantTerms, to: Grantee<'_>) -> String {
    let agent =
        to.agent.map_or_else(|| "no named agent".to_owned(), |agent| format!("agent {}", escape(agent)));
    let same = match terms.same.as_deref() {
        None => "all of it the same".to_owned(),
        Some(fields) => {
            let fields: Vec<_> = fields.iter().map(ToString::to_string).collect();
            format!("the same {}", fields.join(", "))
        }
    };
    let session =
        to.session.map_or_else(|| "this session".to_owned(), |it| format!("session {}", escape(it)));
    format!("{same}; rule {}, {session}, {agent}", escape(to.rule))
}

#[cfg(test)]
mod tests {
    use aegis_engine::SameField;

    use super::*;

    #[test]
    fn all_that_a_grant_is_bound_to_is_said_and_nothing_reaches_the_terminal_as_it_is() {
        let same = ["target", "/a/b\u{1b}"].map(|written| SameField::new(written).unwrap());
        let terms = GrantTerms { for_ms: 900_000, uses: 20, same: Some(same.to_vec()) };
        let to = Grantee { rule: "notes", session: Some("s\u{1b}[2J"), agent: Some("bot\n") };
        assert_eq!(granted_uses(&terms), "20 further actions within 15m, and nobody is asked");
        assert_eq!(
            granted_to(&terms, to),
            "the same target, /a/b\\u{1b}; rule notes, session s\\u{1b}[2J, agent bot\\n"
        );
        let terms = GrantTerms { for_ms: 1000, uses: 1, same: None };
        let to = Grantee { rule: "notes", session: None, agent: None };
        assert_eq!(granted_uses(&terms), "1 further action within 1s, and nobody is asked");
        assert_eq!(granted_to(&terms, to), "all of it the same; rule notes, this session, no named agent");
    }
}
