use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::answer::{Evidence, Via};

pub(super) const ASKED_AT: i64 = 1_000;
pub(super) const EXPIRES_AT: i64 = 2_000;

fn opening(terms: ApprovalTerms) -> Opening {
    Opening { key: "k".to_owned(), expires_at: EXPIRES_AT, terms }
}

fn party(user: &str) -> Party {
    Party { user: user.to_owned(), login: None }
}

pub(super) fn question(terms: ApprovalTerms) -> Question {
    let terms = ApprovalTerms { use_within_ms: 100, ..terms };
    Question::new("a", ASKED_AT, Some("bot".to_owned()), party("agent"), &opening(terms))
}

pub(super) fn said(answer: Answer, user: &str, evidence: Evidence, at: i64) -> Reply {
    let approver =
        ApproverIdentity { via: Via::new("test"), user: Some(user.to_owned()), evidence, injectable: false };
    Reply { answer, approver, name: None, party: party(user), note: None, grant: false, at }
}

fn yes(user: &str, at: i64) -> Reply {
    said(Answer::Approved, user, Evidence::Terminal, at)
}

#[test]
fn a_question_is_answered_in_time_or_not_at_all() {
    let fresh = || question(ApprovalTerms::default());
    assert_eq!(fresh().standing(EXPIRES_AT - 1), Standing::Open { missing: 1 });
    assert_eq!(fresh().standing(EXPIRES_AT), Standing::Expired);
    assert!(fresh().reply(yes("ana", EXPIRES_AT - 1)).is_ok());
    assert_eq!(fresh().reply(yes("ana", EXPIRES_AT)), Err(Refused::TooLate(Standing::Expired)));
    assert_eq!(fresh().reply(yes("ana", ASKED_AT - 1)), Err(Refused::TooEarly));
}

#[test]
fn an_answer_is_used_in_time_and_a_yes_once() {
    let answered = |answer| {
        let mut question = question(ApprovalTerms::default());
        question.reply(said(answer, "ana", Evidence::Terminal, 1_500)).unwrap();
        question
    };
    let mut approved = answered(Answer::Approved);
    assert_eq!(approved.standing(1_599), Standing::Approved { until: 1_600 });
    assert_eq!(approved.standing(1_600), Standing::Lapsed(Answer::Approved));
    assert_eq!(
        approved.clone().consume("b", 1_600),
        Err(Refused::TooLate(Standing::Lapsed(Answer::Approved)))
    );
    assert_eq!(approved.consume("b", 1_599), Ok(Answer::Approved));
    assert_eq!(approved.consume("c", 1_599), Err(Refused::TooLate(Standing::Used(Answer::Approved))));
    assert_eq!(approved.standing(9_999), Standing::Used(Answer::Approved));
    let mut denied = answered(Answer::Denied);
    assert_eq!(
        (denied.consume("b", 1_599), denied.consume("c", 1_599)),
        (Ok(Answer::Denied), Ok(Answer::Denied))
    );
    assert_eq!(denied.standing(1_600), Standing::Lapsed(Answer::Denied));
    assert_eq!(question(ApprovalTerms::default()).consume("b", 1_500), Err(Refused::NotAnswered));
}

#[test]
fn a_quorum_is_of_different_people() {
    let mut question = question(ApprovalTerms { quorum: 2, ..ApprovalTerms::default() });
    question.reply(yes("ana", 1_100)).unwrap();
    assert_eq!(question.standing(1_100), Standing::Open { missing: 1 });
    assert_eq!(question.reply(yes("ana", 1_200)), Err(Refused::Twice));
    // The same person behind another account.
    let behind = Party { user: "root".to_owned(), login: Some("ana".to_owned()) };
    assert_eq!(question.reply(Reply { party: behind, ..yes("root", 1_200) }), Err(Refused::Twice));
    assert_eq!(question.consume("b", 1_200), Err(Refused::NotAnswered));
    question.reply(yes("bo", 1_200)).unwrap();
    assert_eq!(question.consume("b", 1_299), Ok(Answer::Approved));
}

#[test]
fn any_no_is_final() {
    let mut question = question(ApprovalTerms { quorum: 2, evidence: 3, ..ApprovalTerms::default() });
    let signed = said(Answer::Approved, "ana", Evidence::Signature, 1_100);
    question.reply(signed).unwrap();
    question.reply(said(Answer::Denied, "agent", Evidence::Terminal, 1_200)).unwrap();
    assert!(matches!(question.standing(1_200), Standing::Denied { .. }));
    let late = said(Answer::Approved, "bo", Evidence::Signature, 1_201);
    assert!(matches!(question.reply(late), Err(Refused::TooLate(Standing::Denied { .. }))));
}

#[test]
fn what_is_too_weak_or_ones_own_does_not_count() {
    let mut strict =
        question(ApprovalTerms { evidence: 2, self_approval: false, ..ApprovalTerms::default() });
    assert_eq!(strict.reply(yes("ana", 1_100)), Err(Refused::TooWeak { needed: 2, given: 1 }));
    let own = said(Answer::Approved, "agent", Evidence::Account, 1_100);
    assert_eq!(strict.reply(own.clone()), Err(Refused::OwnQuestion));
    let behind = Party { user: "root".to_owned(), login: Some("agent".to_owned()) };
    assert_eq!(strict.reply(Reply { party: behind, ..own }), Err(Refused::OwnQuestion));
    assert!(strict.reply(said(Answer::Approved, "ana", Evidence::Account, 1_100)).is_ok());
}

#[test]
fn what_a_neighbour_could_have_typed_does_not_count_where_that_is_asked_for() {
    let injected = |mut reply: Reply| {
        reply.approver.injectable = true;
        reply
    };
    let asked_for = ApprovalTerms { uninjectable: true, ..ApprovalTerms::default() };
    let mut strict = question(asked_for);
    assert_eq!(strict.reply(injected(yes("ana", 1_100))), Err(Refused::Injectable));
    // A no is one, whoever typed it.
    let denied = said(Answer::Denied, "ana", Evidence::Terminal, 1_100);
    assert!(strict.clone().reply(injected(denied)).is_ok());
    assert!(strict.reply(yes("ana", 1_100)).is_ok());
    assert!(question(ApprovalTerms::default()).reply(injected(yes("ana", 1_100))).is_ok());
}

#[test]
fn only_those_who_are_named_may_answer() {
    let account = |name: &str, account: &str| aegis_engine::NamedApprover {
        name: name.to_owned(),
        known_by: KnownBy::Account { account: account.to_owned() },
    };
    let key = aegis_engine::NamedApprover {
        name: "cy".to_owned(),
        known_by: KnownBy::SshKey { ssh_key: "ssh-ed25519 AAAA".to_owned(), touch: false },
    };
    let mut named =
        question(ApprovalTerms { by: vec![account("Ana", "ana"), key], ..ApprovalTerms::default() });
    assert_eq!(named.name_of(&party("ana"), None), Ok(Some("Ana")));
    assert_eq!(named.name_of(&party("bo"), None), Err(Refused::NotNamed));
    assert_eq!(named.name_of(&party("bo"), Some("ssh-ed25519 AAAA")), Ok(Some("cy")));
    // An account does not stand in for a key, nor a key for an account.
    assert_eq!(named.name_of(&party("ana"), Some("ssh-ed25519 BBBB")), Err(Refused::NotNamed));
    assert_eq!(named.reply(yes("ana", 1_100)), Err(Refused::NotNamed), "it was not said as whom");
    assert!(named.reply(Reply { name: Some("Ana".to_owned()), ..yes("ana", 1_100) }).is_ok());
}

#[test]
fn whoever_is_not_proven_may_be_anybody() {
    let of = |user: &str| party(&format!("{user}{UNPROVEN}"));
    let known = party("ana");
    for (one, other) in [(&known, &of("bo")), (&of("bo"), &known), (&of("bo"), &of("cy"))] {
        assert!(one.may_be(other));
    }
    let logged_in = Party { login: Some(format!("bo{UNPROVEN}")), ..party("root") };
    assert!(!logged_in.is_proven() && logged_in.may_be(&known) && known.is_proven());
    // Not somebody whom the terms name.
    let ana = aegis_engine::NamedApprover {
        name: "Ana".to_owned(),
        known_by: KnownBy::Account { account: format!("ana{UNPROVEN}") },
    };
    let named = question(ApprovalTerms { by: vec![ana], ..ApprovalTerms::default() });
    assert_eq!(named.name_of(&of("ana"), None), Err(Refused::NotNamed));
    // Not another one than the asker, nor than whoever has said yes.
    let unproven = |user: &str, at| Reply { party: of(user), ..yes(user, at) };
    let mut strict = question(ApprovalTerms { self_approval: false, ..ApprovalTerms::default() });
    assert_eq!(strict.reply(unproven("ana", 1_100)), Err(Refused::OwnQuestion));
    let mut of_two = question(ApprovalTerms { quorum: 2, ..ApprovalTerms::default() });
    of_two.reply(yes("ana", 1_100)).unwrap();
    assert_eq!(of_two.reply(unproven("bo", 1_100)), Err(Refused::Twice));
    of_two.reply(yes("bo", 1_100)).unwrap();
    // An asker who may be anybody answers no such question by way of another account either.
    let opened = Opening {
        key: "k".to_owned(),
        expires_at: EXPIRES_AT,
        terms: ApprovalTerms { self_approval: false, ..ApprovalTerms::default() },
    };
    let mut theirs = Question::new("a", ASKED_AT, None, of("agent"), &opened);
    assert_eq!(theirs.reply(yes("ana", 1_100)), Err(Refused::OwnQuestion));
}

#[test]
fn a_question_tells_what_its_request_opened() {
    let stored = serde_json::json!({
        "session_id": "s", "agent": "bot", "action_type": "read", "action_target": "crm", "risk_level": "low",
        "approval": "approve", "matched_rule": "r", "decision": null, "approver": null, "result_status": null,
        "reason": "", "undecidable": [], "action_sha256": "", "policy_sha256": "", "host": "h", "user": "root",
        "login": "agent", "policy_source": "default", "log_source": "default", "requested_seq": null
    });
    let mut entry: EntryBody = serde_json::from_value(stored).unwrap();
    assert_eq!(Question::opened("a", ASKED_AT, &entry), None, "it waits for no answer");
    let terms = ApprovalTerms { quorum: 2, ..ApprovalTerms::default() };
    entry.question = Some(opening(terms.clone()));
    let question = Question::opened("a", ASKED_AT, &entry).unwrap();
    assert_eq!((question.id(), question.key(), question.agent()), ("a", "k", Some("bot")));
    assert_eq!(question.asker(), &Party { user: "root".to_owned(), login: Some("agent".to_owned()) });
    assert_eq!((question.asked_at(), question.expires_at()), (ASKED_AT, EXPIRES_AT));
    assert_eq!(question.terms(), &terms);
    assert_eq!((question.replies(), question.settling_reply()), (&[][..], None));
    assert_eq!(question.standing(ASKED_AT), Standing::Open { missing: 2 });
}

#[test]
fn the_last_reply_settles_it() {
    let mut question = question(ApprovalTerms { quorum: 2, ..ApprovalTerms::default() });
    let [first, second] = [yes("ana", ASKED_AT), yes("bo", 1_200)];
    assert_eq!(question.reply(first.clone()), Ok(()), "in the very moment in which it was asked");
    assert_eq!((question.replies(), question.settling_reply()), (&[first.clone()][..], None));
    question.reply(second.clone()).unwrap();
    assert_eq!(question.replies(), [first, second.clone()]);
    assert_eq!(question.settling_reply(), Some(&second));
}

#[test]
fn a_question_is_the_same_whatever_was_said_to_it_and_no_other() {
    let asked = || question(ApprovalTerms::default());
    let mut answered = asked();
    answered.reply(yes("ana", 1_100)).unwrap();
    assert!(asked().asks_the_same_as(&asked()) && asked().asks_the_same_as(&answered));
    let terms = ApprovalTerms { use_within_ms: 100, ..ApprovalTerms::default() };
    let (agent, of) = (Some("bot".to_owned()), |opening: &Opening| {
        Question::new("a", ASKED_AT, Some("bot".to_owned()), party("agent"), opening)
    });
    assert!(asked().asks_the_same_as(&of(&opening(terms.clone()))));
    for other in [
        Question::new("b", ASKED_AT, agent.clone(), party("agent"), &opening(terms.clone())),
        Question::new("a", ASKED_AT + 1, agent.clone(), party("agent"), &opening(terms.clone())),
        Question::new("a", ASKED_AT, agent, party("ana"), &opening(terms.clone())),
        of(&Opening { key: "l".to_owned(), ..opening(terms.clone()) }),
        of(&Opening { expires_at: EXPIRES_AT + 1, ..opening(terms.clone()) }),
        of(&opening(ApprovalTerms { quorum: 2, ..terms })),
    ] {
        assert!(!asked().asks_the_same_as(&other) && !other.asks_the_same_as(&asked()), "{other:?}");
    }
}

#[test]
fn only_a_yes_is_stored_as_used_and_only_once() {
    let body = ConsumedBody { by: "b", requested_seq: Some(1) };
    let mut open = question(ApprovalTerms::default());
    assert_eq!(open.take_consumed(1_100, &body), Err(Refused::NotAnswered));
    let mut approved = open.clone();
    approved.reply(yes("ana", 1_100)).unwrap();
    assert_eq!(approved.take_consumed(1_100, &body), Ok(()));
    assert_eq!(approved.standing(1_100), Standing::Used(Answer::Approved));
    let used = Refused::TooLate(Standing::Used(Answer::Approved));
    assert_eq!(approved.take_consumed(1_100, &body), Err(used));
    open.reply(said(Answer::Denied, "ana", Evidence::Terminal, 1_100)).unwrap();
    assert_eq!(
        open.take_consumed(1_100, &body),
        Err(Refused::NotAnswered),
        "a no answers, and is not used up"
    );
}

#[test]
fn what_a_question_is_has_a_word_and_a_refusal_its_sentence() {
    let standings = [
        (Standing::Open { missing: 1 }, "open"),
        (Standing::Approved { until: 1 }, "approved"),
        (Standing::Denied { until: 1 }, "denied"),
        (Standing::Expired, "expired"),
        (Standing::Lapsed(Answer::Approved), "lapsed"),
        (Standing::Used(Answer::Approved), "used"),
    ];
    for (standing, word) in standings {
        assert_eq!(standing.as_str(), word);
    }
    for (refused, sentence) in [
        (Refused::TooLate(Standing::Expired), "the question has expired"),
        (
            Refused::TooLate(Standing::Used(Answer::Approved)),
            "it was answered `approved` already, and that was used",
        ),
        (
            Refused::TooLate(Standing::Lapsed(Answer::Denied)),
            "it was answered `denied`, and that was not used in time",
        ),
        (Refused::TooLate(Standing::Denied { until: 1 }), "it is answered already: denied"),
        (Refused::NotAnswered, "nobody has answered it yet"),
        (
            Refused::TooWeak { needed: 3, given: 1 },
            "the rule asks for evidence of level 3, and this is of level 1",
        ),
    ] {
        assert_eq!(refused.to_string(), sentence);
    }
    let others = [
        Refused::NotNamed,
        Refused::OwnQuestion,
        Refused::Injectable,
        Refused::Twice,
        Refused::NoAnswer,
        Refused::TooEarly,
    ];
    let said: BTreeSet<String> = others.iter().map(Refused::to_string).collect();
    assert_eq!(said.len(), others.len(), "{said:?}");
}

/// What can be said to a question.
#[derive(Clone, Debug)]
enum Said {
    /// Who, how well they are known, and whether a neighbour could have typed it.
    Yes(u8, u8, bool),
    No(u8),
    Use,
}

fn said_strategy() -> impl Strategy<Value = (Said, i64)> {
    let said = prop_oneof![
        4 => (0..3_u8, 1..4_u8, any::<bool>()).prop_map(|(who, level, injectable)| Said::Yes(who, level, injectable)),
        1 => (0..3_u8).prop_map(Said::No),
        3 => Just(Said::Use),
    ];
    (said, 0..60_i64)
}

/// The same machine, written naively: from all that was said, each time anew.
#[derive(Default)]
struct Naive {
    yeses: BTreeSet<u8>,
    no: bool,
    settled_at: Option<i64>,
    used: bool,
}

impl Naive {
    fn take(&mut self, said: &Said, now: i64, terms: &ApprovalTerms) -> bool {
        let is_open = self.settled_at.is_none() && now < EXPIRES_AT;
        let holds = self.settled_at.is_some_and(|at| now < at + 100) && !self.used;
        match said {
            Said::Yes(who, evidence, injectable) => {
                let counts = is_open
                    && *evidence >= terms.evidence
                    && !(terms.uninjectable && *injectable)
                    && (terms.self_approval || *who != 0)
                    && !self.yeses.contains(who);
                if counts {
                    self.yeses.insert(*who);
                    if self.yeses.len() >= terms.quorum as usize {
                        self.settled_at = Some(now);
                    }
                }
                counts
            }
            Said::No(_) => {
                if is_open {
                    self.no = true;
                    self.settled_at = Some(now);
                }
                is_open
            }
            Said::Use => {
                if holds && !self.no {
                    self.used = true;
                }
                holds
            }
        }
    }
}

const PEOPLE: [&str; 3] = ["agent", "ana", "bo"];

fn take(question: &mut Question, said: &Said, now: i64) -> bool {
    let evidence = |level: u8| Evidence::try_from(level).unwrap();
    match said {
        Said::Yes(who, level, injectable) => {
            let mut reply =
                super::tests::said(Answer::Approved, PEOPLE[usize::from(*who)], evidence(*level), now);
            reply.approver.injectable = *injectable;
            question.reply(reply).is_ok()
        }
        Said::No(who) => {
            let reply = super::tests::said(Answer::Denied, PEOPLE[usize::from(*who)], evidence(1), now);
            question.reply(reply).is_ok()
        }
        Said::Use => question.consume("b", now).is_ok(),
    }
}

/// How many sequences are tried: a million in the long run.
const SEQUENCES: u32 = if option_env!("AEGIS_TORTURE").is_some() { 1_000_000 } else { 4096 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(SEQUENCES))]

    /// Whatever is said and when, both machines take and refuse the same.
    #[test]
    fn it_does_what_the_naive_one_does(
        quorum in 1..4_u32, evidence in 1..4_u8, self_approval in any::<bool>(), uninjectable in any::<bool>(),
        all in prop::collection::vec(said_strategy(), 0..40),
    ) {
        let terms = ApprovalTerms { quorum, evidence, self_approval, uninjectable, ..ApprovalTerms::default() };
        let (mut question, mut naive, mut now) = (question(terms.clone()), Naive::default(), 1_500);
        for (said, later) in all {
            now += later;
            prop_assert_eq!(take(&mut question, &said, now), naive.take(&said, now, &terms), "{:?}", said);
        }
    }
}

/// Every order in which three approvers answer, two try to use the answer, and time passes: whatever
/// happened, a yes was used at most once, never after a no, and never without the quorum.
#[test]
fn every_interleaving_uses_a_yes_once_and_never_after_a_no() {
    let steps: Vec<(Said, i64)> = vec![
        (Said::Yes(1, 1, false), 0),
        (Said::Yes(2, 1, false), 0),
        (Said::No(0), 0),
        (Said::Use, 0),
        (Said::Use, 0),
        (Said::Use, 150),
        (Said::Yes(1, 1, false), 600),
    ];
    let mut explored = 0;
    explore(&steps, &mut Vec::new(), &mut |order| {
        explored += 1;
        let terms = ApprovalTerms { quorum: 2, ..ApprovalTerms::default() };
        let mut question = question(terms);
        let (mut now, mut yeses, mut used, mut is_denied) = (1_100, BTreeSet::new(), 0, false);
        for place in order {
            let (said, later) = &steps[*place];
            now += later;
            let standing = question.standing(now);
            let taken = take(&mut question, said, now);
            match said {
                Said::Yes(who, ..) if taken => drop(yeses.insert(*who)),
                Said::No(_) if taken => is_denied = true,
                Said::Use if taken && matches!(standing, Standing::Approved { .. }) => {
                    used += 1;
                    assert!(yeses.len() >= 2 && !is_denied, "{order:?}");
                }
                _ => {}
            }
        }
        assert!(used <= 1, "{order:?}");
    });
    assert_eq!(explored, 5_040);
}

/// Every order of the steps.
fn explore(steps: &[(Said, i64)], order: &mut Vec<usize>, each: &mut impl FnMut(&[usize])) {
    if order.len() == steps.len() {
        return each(order);
    }
    for place in 0..steps.len() {
        if !order.contains(&place) {
            order.push(place);
            explore(steps, order, each);
            order.pop();
        }
    }
}

#[test]
fn whoever_takes_any_name_counts_as_one() {
    let of =
        |user: &str, login: Option<&str>| Party { user: user.to_owned(), login: login.map(str::to_owned) };
    let agent = of("agent", None);
    assert!(agent.counts_as(&agent) && agent.counts_as(&of("root", Some("agent"))));
    assert!(!agent.counts_as(&of("ana", None)) && !agent.counts_as(&of("agent (unproven)", None)));
    assert!(of("a (unproven)", None).counts_as(&of("b (unproven)", None)));
}
