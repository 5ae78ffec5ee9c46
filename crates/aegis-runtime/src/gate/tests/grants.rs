//! Grants: given with a yes, used for further actions like that one, and for nothing else.

use std::collections::BTreeSet;

use aegis_audit::{NewReply, Replied, ReplyError, RevokeError, offered_grant_of, question_of};
use aegis_engine::AgentSource;
use aegis_ledger::answer::{ApproverIdentity, Evidence, Via};
use aegis_ledger::event::{Decided, Event, Operator, Stamped};
use aegis_ledger::grant::NoGrant;
use aegis_ledger::question::Refused;
use chrono::TimeDelta;

use super::*;

const GRANTS: &str = "version: '1'
redact: [secret_topic]
rules:
  - { name: reads, match: { type: read }, approval: auto }
  - name: notes
    match: { type: note }
    approval: { quorum: 1, grant: { for: 15m, uses: 3, same: [target, /topic, secret_topic] } }
  - { name: deep, match: { type: deep }, approval: { grant: { for: 15m, uses: 9, same: [/password/region] } } }
  - { name: alike, match: { type: alike }, approval: { grant: { for: 15m, uses: 3 } } }
  - name: pairs
    match: { type: pair }
    approval: { quorum: 2, evidence: account, self_approval: false, grant: { for: 1s, uses: 3, same: [type] } }
  - { name: plain, match: { type: plain } }
";

fn policy_of(text: &str) -> Arc<Policy> {
    Arc::new(load(&[Source { text: text.as_bytes() }]).policy.unwrap())
}

fn gate_of(place: &Place, context: Context) -> Gate {
    Gate::new(policy_of(GRANTS), Digest::of(b"p"), place.journal(), Nobody, context)
}

fn gate(place: &Place) -> Gate {
    gate_of(place, context())
}

fn action(text: &str) -> Action {
    Action::from_json(text.as_bytes()).unwrap()
}

/// A note on a topic, and something else that differs each time.
fn note(topic: &str, number: usize) -> Action {
    action(&format!(
        r#"{{"type":"note","target":"wiki","agent":"bot","params":{{"topic":"{topic}","n":{number}}}}}"#
    ))
}

fn reply_by(
    place: &Place,
    id: &str,
    (user, answer, grant): (&str, Answer, bool),
) -> Result<Replied, ReplyError> {
    let approver = ApproverIdentity {
        via: Via::new("account"),
        user: Some(user.to_owned()),
        evidence: Evidence::Account,
        injectable: false,
    };
    let operator = Operator { host: "host", user, login: None };
    let (signature, note) = (None, None);
    let new = NewReply { answer, approver: &approver, signature, grant, note, operator };
    let asked = TrailReader::open(&place.log()).and_then(|log| question_of(&log, id)).unwrap().unwrap();
    let mut journal = place.journal();
    let log = journal.id().to_owned();
    journal.reply_to(&asked, &log, new)
}

/// Asks, and has a grant given with the answer. Gives its id.
fn granted(place: &Place, gate: &mut Gate, action: &Action) -> String {
    let outcome = gate.answer(action).unwrap();
    let id = outcome.answered().waiting().expect("it waits").id.clone();
    assert!(reply_by(place, &id, ("bo", Answer::Approved, true)).unwrap().grants);
    id
}

fn by_grant(gate: &mut Gate, action: &Action) -> Option<(String, u32)> {
    let outcome = gate.answer(action).unwrap();
    let grant = outcome.answered().grant().map(|used| (used.id.clone(), used.uses_left));
    assert_eq!(grant.is_some(), matches!(outcome, Outcome::Allowed(_)), "{}", outcome.answered().reason());
    grant
}

fn verify(place: &Place) {
    let found = TrailReader::open(&place.log()).unwrap().verify(Vec::new(), |_, _| {}).unwrap();
    assert!(found.is_sound(), "{:?}", found.damage);
    assert_eq!(found.unchecked_references, 0);
}

/// Writes so many actions down as a program could whose clock says so.
fn at_another_time(place: &Place, at: chrono::DateTime<chrono::Utc>, count: usize) {
    let (policy, read) = (policy_of(GRANTS), action(r#"{"type":"read","target":"crm"}"#));
    let decision = policy.decide(&read, at);
    let context = context();
    let ids: Vec<_> = (0..count).map(|number| format!("at-{}-{number}", at.timestamp_millis())).collect();
    let by = ApproverIdentity::rule();
    let decided = ids.iter().map(|action_id| {
        let entry = aegis_ledger::event::Entry {
            action_id,
            session_id: "s",
            session_source: context.session_source,
            action: &read,
            action_sha256: read.digest(),
            decision: &decision,
            redaction: policy.redaction(),
            policy_sha256: Digest::of(b"p"),
            host: "host",
            user: "ana",
            login: None,
            policy_source: PathSource::Argument,
            log_source: PathSource::Argument,
        };
        let (answer, approver, reason) = (Answer::Auto, Some(&by), "it is so");
        Stamped { at, event: Event::Decided(Decided { entry, answer, approver, reason, grant: None }) }
    });
    let _ = place.journal().record(vec![decided.collect::<Vec<_>>()]).unwrap();
}

/// A log that has filled blocks of its index knows its grants by that, and how late it was.
#[test]
fn a_grant_is_found_behind_thousands_of_events() {
    let place = Place::new();
    let mut gate = gate(&place);
    let id = granted(&place, &mut gate, &note("a", 0));
    let now = aegis_audit::now();
    at_another_time(&place, now + TimeDelta::minutes(14), 1);
    at_another_time(&place, now, 4200);
    assert_eq!(by_grant(&mut gate, &note("a", 1)), Some((id, 2)));
    assert_eq!(by_grant(&mut gate, &note("b", 1)), None);
    let at = place.records().iter().map(|record| record.timestamp.clone()).max().unwrap();
    assert_eq!(place.records().last().map(|record| record.timestamp.clone()), Some(at), "time goes on");
    at_another_time(&place, now + TimeDelta::minutes(16), 1);
    at_another_time(&place, now + TimeDelta::minutes(1), 4200);
    assert_eq!(by_grant(&mut gate, &note("a", 2)), None, "it was later in this log already");
    verify(&place);
}

#[test]
fn a_grant_allows_so_many_further_actions_and_says_who_gave_it() {
    let place = Place::new();
    let mut gate = gate(&place);
    let id = granted(&place, &mut gate, &note("a", 0));
    // The yes itself is for the very action that was asked about, and is none of the uses.
    let outcome = gate.answer(&note("a", 0)).unwrap();
    assert!(matches!(outcome, Outcome::Allowed(_)) && outcome.answered().grant().is_none());
    assert_eq!(by_grant(&mut gate, &note("a", 1)), Some((id.clone(), 2)));
    assert_eq!(by_grant(&mut gate, &note("a", 1)), Some((id.clone(), 1)));
    let last = gate.answer(&note("a", 2)).unwrap();
    let answered = last.answered();
    assert_eq!(answered.answer(), Answer::Approved);
    let by = answered.approver().unwrap();
    assert_eq!((by.via.as_str(), by.user.as_deref(), by.evidence), ("grant", Some("bo"), Evidence::Account));
    assert!(answered.reason().contains(&format!("allowed by grant {id} of bo, given at ")));
    assert!(answered.reason().contains("good for 0 more"), "{}", answered.reason());
    assert_eq!(by_grant(&mut gate, &note("a", 3)), None, "it is spent");
    assert_eq!(place.events()[8..12], ["requested", "answered", "used", "decided"], "{:?}", place.events());
    verify(&place);
}

#[test]
fn several_actions_of_one_transaction_share_what_is_left() {
    let place = Place::new();
    let mut gate = gate(&place);
    granted(&place, &mut gate, &note("a", 0));
    let outcomes = gate.answer_all(&(1..6).map(|number| note("a", number)).collect::<Vec<_>>()).unwrap();
    let left: Vec<_> = outcomes.iter().map(|it| it.answered().grant().map(|used| used.uses_left)).collect();
    assert_eq!(left, [Some(2), Some(1), Some(0), None, None]);
    verify(&place);
}

#[test]
fn a_grant_holds_for_nothing_but_what_it_was_given_for() {
    let place = Place::new();
    let mut here = gate(&place);
    granted(&place, &mut here, &note("a", 0));
    let text = |agent: &str, target: &str, params: &str| {
        format!(r#"{{"type":"note","target":"{target}"{agent},"params":{params}}}"#)
    };
    let bot = r#","agent":"bot""#;
    for other in [
        text("", "wiki", r#"{"topic":"a"}"#),
        text(r#","agent":"other""#, "wiki", r#"{"topic":"a"}"#),
        text(bot, "blog", r#"{"topic":"a"}"#),
        text(bot, "wiki", r#"{"topic":"b"}"#),
        text(bot, "wiki", r#"{"topic":["a"]}"#),
        text(bot, "wiki", r#"{"topic":null}"#),
        text(bot, "wiki", "{}"),
        text(bot, "wiki", r#"{"topic":"a","secret_topic":"x"}"#),
        r#"{"type":"plain","target":"wiki","agent":"bot","params":{"topic":"a"}}"#.to_owned(),
    ] {
        assert_eq!(by_grant(&mut here, &action(&other)), None, "{other}");
    }
    let label = action(&text("", "wiki", r#"{"topic":"a"}"#)).labelled("bot").unwrap();
    assert_eq!(label.agent_source(), Some(AgentSource::Environment));
    assert_eq!(by_grant(&mut here, &label), None, "named by the environment");
    for (what, other) in [
        ("session", Context { session_id: "other".to_owned(), ..context() }),
        ("account", Context { user: "eve".to_owned(), ..context() }),
        ("login", Context { login: Some("eve".to_owned()), ..context() }),
    ] {
        assert_eq!(by_grant(&mut gate_of(&place, other), &note("a", 1)), None, "{what}");
    }
    let other = Gate::new(policy_of(GRANTS), Digest::of(b"q"), place.journal(), Nobody, context());
    assert_eq!(by_grant(&mut { other }, &note("a", 1)), None, "another policy");
    let other_log = Place::new();
    assert_eq!(by_grant(&mut gate(&other_log), &note("a", 1)), None, "another log");
    assert!(by_grant(&mut here, &note("a", 1)).is_some());
    verify(&place);
}

#[test]
fn where_nothing_is_named_that_must_be_the_same_all_of_it_must() {
    let place = Place::new();
    let mut gate = gate(&place);
    let alike = |n: u32| action(&format!(r#"{{"type":"alike","target":"t","params":{{"n":{n}}}}}"#));
    let id = granted(&place, &mut gate, &alike(1));
    assert!(matches!(gate.answer(&alike(1)).unwrap(), Outcome::Allowed(_)), "the yes");
    assert_eq!(by_grant(&mut gate, &alike(1)), Some((id, 2)));
    assert_eq!(by_grant(&mut gate, &alike(2)), None);
    verify(&place);
}

/// What stands for a secret in the log is a text that an agent can write, too.
#[test]
fn whoever_writes_what_stands_for_a_secret_does_not_have_it() {
    let place = Place::new();
    let mut gate = gate(&place);
    let with = |secret: &str, n: usize| {
        action(&format!(
            r#"{{"type":"note","target":"wiki","params":{{"topic":"a","secret_topic":"{secret}","n":{n}}}}}"#
        ))
    };
    granted(&place, &mut gate, &with("1234", 0));
    let stands =
        place.records()[0].action_params.as_ref().unwrap()["secret_topic"].as_str().unwrap().to_owned();
    assert!(stands.starts_with("redacted:"), "{stands}");
    assert_eq!(by_grant(&mut gate, &with(&stands, 1)), None);
    assert_eq!(by_grant(&mut gate, &with("9999", 1)), None);
    assert!(by_grant(&mut gate, &with("1234", 1)).is_some());
    verify(&place);
}

/// Where something around a field is kept out of the log, all of that must be the same.
#[test]
fn what_stands_within_a_secret_is_bound_as_well() {
    let place = Place::new();
    let mut gate = gate(&place);
    let with = |password: &str, n: usize| {
        action(&format!(r#"{{"type":"deep","target":"t","params":{{"password":{password},"n":{n}}}}}"#))
    };
    granted(&place, &mut gate, &with(r#"{"region":"eu","x":1}"#, 0));
    assert!(
        place.records()[0].action_params.as_ref().unwrap()["password"].is_string(),
        "all of it is replaced"
    );
    assert_eq!(by_grant(&mut gate, &with(r#"{"region":"us","x":1}"#, 1)), None);
    assert_eq!(by_grant(&mut gate, &with(r#"{"x":1}"#, 1)), None);
    assert!(by_grant(&mut gate, &with(r#"{"region":"eu","x":1}"#, 1)).is_some());
    verify(&place);
}

#[test]
fn a_grant_that_was_taken_back_allows_nothing_and_says_who_did() {
    let place = Place::new();
    let mut gate = gate(&place);
    let id = granted(&place, &mut gate, &note("a", 0));
    assert!(by_grant(&mut gate, &note("a", 1)).is_some());
    let operator = Operator { host: "host", user: "eve", login: None };
    let revoked = place.journal().revoke_grant(&id, Some("enough"), operator).unwrap();
    assert_eq!(revoked.grant.used(), 1);
    assert_eq!(by_grant(&mut gate, &note("a", 2)), None);
    let again = place.journal().revoke_grant(&id, None, operator);
    assert!(matches!(again, Err(RevokeError::TooLate(NoGrant::Over(_)))), "{again:?}");
    for unknown in ["", "nothing", &place.records()[0].id] {
        let none = place.journal().revoke_grant(unknown, None, operator);
        assert!(matches!(none, Err(RevokeError::Unknown { .. })) || unknown == id, "{none:?}");
    }
    verify(&place);
}

#[test]
fn a_clock_that_was_set_back_revives_no_grant() {
    let place = Place::new();
    let mut gate = gate(&place);
    granted(&place, &mut gate, &note("a", 0));
    let now = aegis_audit::now();
    at_another_time(&place, now + TimeDelta::minutes(16), 1);
    at_another_time(&place, now, 1);
    assert_eq!(by_grant(&mut gate, &note("a", 1)), None, "it was later in this log already");
}

#[test]
fn a_grant_ends_when_its_time_is_over() {
    let place = Place::new();
    let mut gate = gate(&place);
    granted(&place, &mut gate, &note("a", 0));
    let now = aegis_audit::now();
    at_another_time(&place, now + TimeDelta::minutes(14), 1);
    assert!(by_grant(&mut gate, &note("a", 1)).is_some());
    at_another_time(&place, now + TimeDelta::minutes(15) + TimeDelta::seconds(10), 1);
    assert_eq!(by_grant(&mut gate, &note("a", 2)), None);
}

#[test]
fn of_a_quorum_every_yes_must_give_the_grant() {
    let pair = |n: u32| action(&format!(r#"{{"type":"pair","target":"t","params":{{"n":{n}}}}}"#));
    for (first, second) in [(true, true), (true, false), (false, true), (false, false)] {
        let place = Place::new();
        let mut gate = gate(&place);
        let id = gate.answer(&pair(0)).unwrap().answered().waiting().unwrap().id.clone();
        let one = reply_by(&place, &id, ("bo", Answer::Approved, first)).unwrap();
        assert!(!one.grants, "one yes is missing");
        assert_eq!(by_grant(&mut gate, &pair(1)), None);
        let two = reply_by(&place, &id, ("cy", Answer::Approved, second)).unwrap();
        assert_eq!(two.grants, first && second);
        let grant = offered_grant_of(&TrailReader::open(&place.log()).unwrap(), &id).unwrap().unwrap();
        assert_eq!(grant.into_grant().is_some(), first && second);
        verify(&place);
    }
}

#[test]
fn whoever_asks_gives_themselves_nothing_where_the_rule_says_so() {
    let place = Place::new();
    let mut gate = gate(&place);
    let pair = action(r#"{"type":"pair","target":"t"}"#);
    let id = gate.answer(&pair).unwrap().answered().waiting().unwrap().id.clone();
    let own = reply_by(&place, &id, ("ana", Answer::Approved, true));
    assert!(matches!(own, Err(ReplyError::Refused(Refused::OwnQuestion))), "{own:?}");
    assert_eq!(by_grant(&mut gate, &pair), None);
    verify(&place);
}

#[test]
fn what_no_rule_offers_nobody_gives_and_a_no_gives_nothing() {
    let place = Place::new();
    let mut gate = gate(&place);
    let plain = action(r#"{"type":"plain","target":"t"}"#);
    let id = gate.answer(&plain).unwrap().answered().waiting().unwrap().id.clone();
    let none = reply_by(&place, &id, ("bo", Answer::Approved, true));
    assert!(matches!(none, Err(ReplyError::Refused(Refused::NoGrant))), "{none:?}");
    let id = gate.answer(&note("a", 0)).unwrap().answered().waiting().unwrap().id.clone();
    let no = reply_by(&place, &id, ("bo", Answer::Denied, true));
    assert!(matches!(no, Err(ReplyError::Refused(Refused::NoGrant))), "{no:?}");
    // Whoever says a plain yes gives a plain yes.
    assert!(!reply_by(&place, &id, ("bo", Answer::Approved, false)).unwrap().grants);
    assert_eq!(by_grant(&mut gate, &note("a", 1)), None);
    verify(&place);
}

/// Gives the grant with each yes, where there is one to give.
#[derive(Clone, Default)]
struct Generous {
    asked: Arc<Mutex<usize>>,
    offered: Arc<Mutex<usize>>,
}

impl Approver for Generous {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        *self.asked.lock().unwrap() += 1;
        match request.grantable() {
            None => request.approve(ana()),
            Some(grant) => {
                *self.offered.lock().unwrap() += 1;
                grant.approve(ana())
            }
        }
    }
}

#[test]
fn a_grant_that_is_given_at_once_spares_the_next_question() {
    let place = Place::new();
    let generous = Generous::default();
    let mut gate =
        Gate::new(policy_of(GRANTS), Digest::of(b"p"), place.journal(), generous.clone(), context());
    let asked = gate.answer(&note("a", 0)).unwrap();
    let by = asked.answered().approver().unwrap();
    assert_eq!((by.via.as_str(), asked.answered().grant()), ("test", None));
    for number in 1..4 {
        assert!(by_grant(&mut gate, &note("a", number)).is_some());
    }
    assert_eq!(*generous.asked.lock().unwrap(), 1);
    let again = gate.answer(&note("a", 4)).unwrap();
    assert!(matches!(again, Outcome::Allowed(_)) && again.answered().grant().is_none(), "it was spent");
    assert_eq!(*generous.asked.lock().unwrap(), 2);
    let _ = gate.answer(&action(r#"{"type":"plain","target":"t"}"#)).unwrap();
    assert_eq!(*generous.offered.lock().unwrap(), 2, "a rule that offers none");
    verify(&place);
}

/// Nobody can be made to grant what became critical, or what nobody may do any more, while they were asked.
#[test]
fn an_answer_that_was_overtaken_gives_no_grant() {
    for later in [
        "version: '1'\nrules: [{ name: notes, approval: block }]",
        "version: '1'\nrules: [{ name: notes, risk_level: critical }]",
    ] {
        let place = Place::new();
        let mut gate =
            Gate::new(policy_of(GRANTS), Digest::of(b"p"), place.journal(), Generous::default(), context());
        gate.source = PolicySource::Read(Box::new(move || Ok((policy_of(later), Digest::of(b"later")))));
        let asked = gate.answer(&note("a", 0)).unwrap();
        assert!(matches!(asked, Outcome::Refused(_)), "{later}");
        let reader = TrailReader::open(&place.log()).unwrap();
        let offered = offered_grant_of(&reader, asked.answered().action_id()).unwrap().unwrap();
        assert_eq!(offered.into_grant(), None, "{later}");
        verify(&place);
    }
}

/// The rule asks at critical risk where a condition cannot be decided: then nothing is offered, and what was
/// granted before does not hold.
#[test]
fn nothing_of_critical_risk_is_allowed_by_a_grant() {
    let text = "version: '1'
rules:
  - { name: huge, match: { type: note }, conditions: { param_gt: { n: 1000 } }, risk_level: critical }
  - { name: notes, match: { type: note }, approval: { grant: { for: 15m, uses: 9, same: [target] } } }
";
    let place = Place::new();
    let generous = Generous::default();
    let mut gate = Gate::new(policy_of(text), Digest::of(b"p"), place.journal(), generous.clone(), context());
    let _ = gate.answer(&note("a", 1)).unwrap();
    assert!(by_grant(&mut gate, &note("a", 2)).is_some());
    let undecidable = action(r#"{"type":"note","target":"wiki","agent":"bot","params":{"n":"2"}}"#);
    for critical in [undecidable, note("a", 1001)] {
        let asked = gate.answer(&critical).unwrap();
        assert_eq!(asked.answered().grant(), None);
        assert_eq!(asked.answered().decision().risk_level(), RiskLevel::Critical);
    }
    assert_eq!((*generous.asked.lock().unwrap(), *generous.offered.lock().unwrap()), (3, 1));
    verify(&place);
}

#[test]
fn of_many_who_use_a_grant_at_once_exactly_so_many_do() {
    for _ in 0..10 {
        let place = Place::new();
        granted(&place, &mut gate(&place), &note("a", 0));
        let gates: Vec<_> = (0..8).map(|_| gate(&place)).collect();
        let allowed: BTreeSet<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..)
                .zip(gates)
                .map(|(number, mut gate)| scope.spawn(move || by_grant(&mut gate, &note("a", number))))
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).map(|(_, left)| left).collect()
        });
        assert_eq!(allowed, BTreeSet::from([0, 1, 2]));
        verify(&place);
    }
}

#[test]
fn a_no_of_the_very_action_comes_before_a_grant() {
    let place = Place::new();
    let mut gate = gate(&place);
    let denied = gate.answer(&note("a", 7)).unwrap().answered().waiting().unwrap().id.clone();
    granted(&place, &mut gate, &note("a", 0));
    let _ = reply_by(&place, &denied, ("bo", Answer::Denied, false)).unwrap();
    let outcome = gate.answer(&note("a", 7)).unwrap();
    assert_eq!(outcome.answered().answer(), Answer::Denied);
    assert!(by_grant(&mut gate, &note("a", 8)).is_some());
    verify(&place);
}
