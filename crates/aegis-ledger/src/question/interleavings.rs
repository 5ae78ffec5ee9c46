//! Every interleaving of three approvers, two who use the answer, the passing of time and crashes, explored on
//! the transitions themselves: all states that can be reached, and every step from each of them.
//!
//! What there is at any moment is a log and a clock. Whoever takes a step reads the question back from the
//! log, takes the step, and commits one event, as the journal does. A crash comes before the commit, so that
//! nothing has happened, or behind it, so that whoever took the step does not know, and takes it again.

use std::collections::{HashMap, HashSet};

use aegis_engine::ApprovalTerms;

use super::tests::{ASKED_AT, EXPIRES_AT, question, said};
use super::*;
use crate::answer::Evidence;

const USE_WITHIN: i64 = 100;
/// The instants that matter: the answer comes early, or in the last millisecond; it is used in time, in the last
/// millisecond, and one too late.
const INSTANTS: [i64; 7] = [
    ASKED_AT,
    ASKED_AT + USE_WITHIN - 1,
    ASKED_AT + USE_WITHIN,
    EXPIRES_AT - 1,
    EXPIRES_AT,
    EXPIRES_AT + USE_WITHIN - 2,
    EXPIRES_AT + USE_WITHIN - 1,
];

/// Somebody who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Actor {
    Yes(&'static str),
    No(&'static str),
    Uses(&'static str),
}

/// An event in the log.
type Row = (Actor, i64);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    log: Vec<Row>,
    /// How far the clock has come.
    instant: usize,
    /// How often each may still try.
    tries: Vec<u8>,
}

impl State {
    fn now(&self) -> i64 {
        INSTANTS[self.instant]
    }
}

/// Takes a step; whether it counts, and is to be written down. A no is used without a trace.
fn take(question: &mut Question, (actor, at): Row) -> Result<bool, Refused> {
    match actor {
        Actor::Yes(who) => question.reply(said(Answer::Approved, who, Evidence::Terminal, at)).map(|()| true),
        Actor::No(who) => question.reply(said(Answer::Denied, who, Evidence::Terminal, at)).map(|()| true),
        Actor::Uses(by) => question.consume(by, at).map(|answer| answer == Answer::Approved),
    }
}

fn asked(quorum: u32) -> Question {
    question(ApprovalTerms { quorum, ..ApprovalTerms::default() })
}

/// The question as it is read back from a log.
fn read_back(quorum: u32, log: &[Row]) -> Question {
    let mut question = asked(quorum);
    for row in log {
        assert_eq!(take(&mut question, *row), Ok(true), "what was committed can be read: {log:?}");
    }
    question
}

/// What a log says, told without the machine.
struct Told {
    settled: Option<(Answer, i64)>,
    uses: Vec<i64>,
}

fn told(quorum: u32, log: &[Row]) -> Told {
    let (mut yeses, mut told) = (HashSet::new(), Told { settled: None, uses: Vec::new() });
    for (actor, at) in log {
        match actor {
            Actor::Yes(who) => {
                assert!(told.settled.is_none() && *at < EXPIRES_AT, "too late: {log:?}");
                assert!(yeses.insert(*who), "twice: {log:?}");
                if yeses.len() == quorum as usize {
                    told.settled = Some((Answer::Approved, *at));
                }
            }
            Actor::No(_) => {
                assert!(told.settled.is_none() && *at < EXPIRES_AT, "too late: {log:?}");
                told.settled = Some((Answer::Denied, *at));
            }
            Actor::Uses(_) => told.uses.push(*at),
        }
    }
    told
}

/// What must hold of every log that can come about, at every instant.
fn check(quorum: u32, log: &[Row], now: i64) {
    let Told { settled, uses } = told(quorum, log);
    assert!(uses.len() <= 1, "used twice: {log:?}");
    if let Some(used) = uses.first() {
        let (answer, since) = settled.unwrap();
        assert_eq!(answer, Answer::Approved, "used without the quorum, or after a no: {log:?}");
        assert!((since..since + USE_WITHIN).contains(used), "used too late: {log:?}");
    }
    let standing = read_back(quorum, log).standing(now);
    let expected = match settled {
        None if now >= EXPIRES_AT => "expired",
        None => "open",
        Some(_) if !uses.is_empty() => "used",
        Some((_, since)) if now >= since + USE_WITHIN => "lapsed",
        Some((Answer::Approved, _)) => "approved",
        Some(_) => "denied",
    };
    assert_eq!(standing.as_str(), expected, "{log:?} at {now}");
}

/// The states that one step leads to.
fn next(quorum: u32, actors: &[Actor], state: &State) -> Vec<State> {
    let mut next = Vec::new();
    if state.instant + 1 < INSTANTS.len() {
        next.push(State { instant: state.instant + 1, ..state.clone() });
    }
    for (place, actor) in actors.iter().enumerate().filter(|(place, _)| state.tries[*place] > 0) {
        let row = (*actor, state.now());
        let before = read_back(quorum, &state.log);
        let mut question = before.clone();
        let taken = take(&mut question, row);
        if taken.is_err() {
            assert_eq!(question, before, "what is refused changes nothing");
        }
        let mut tried = state.clone();
        tried.tries[place] -= 1;
        // A crash before the commit.
        next.push(tried.clone());
        if taken == Ok(true) {
            let mut log = state.log.clone();
            log.push(row);
            // Read back from what is committed, it is the very same.
            assert_eq!(read_back(quorum, &log), question);
            // A crash behind the commit: they do not know, and try again.
            next.push(State { log: log.clone(), ..tried.clone() });
            tried.tries[place] = 0;
            next.push(State { log, ..tried });
        }
    }
    next
}

/// Explores all there is, and tells how many states were found in each standing.
fn explore(quorum: u32, actors: &[Actor]) -> HashMap<&'static str, usize> {
    let first = State { log: Vec::new(), instant: 0, tries: vec![2; actors.len()] };
    let (mut found, mut left) = (HashSet::from([first.clone()]), vec![first]);
    let mut standings = HashMap::new();
    let mut checked = HashSet::new();
    while let Some(state) = left.pop() {
        // Whatever prefix of the log a crash leaves, it is one that was whole.
        for rows in 0..=state.log.len() {
            if checked.insert((state.log[..rows].to_vec(), state.now())) {
                check(quorum, &state.log[..rows], state.now());
            }
        }
        let standing = read_back(quorum, &state.log).standing(state.now());
        *standings.entry(standing.as_str()).or_default() += 1;
        for state in next(quorum, actors, &state) {
            if found.insert(state.clone()) {
                left.push(state);
            }
        }
    }
    standings
}

#[test]
fn no_interleaving_and_no_crash_uses_an_answer_twice_or_one_that_nobody_gave() {
    let uses = [Actor::Uses("b"), Actor::Uses("c")];
    let approvers: [[Actor; 3]; 3] = [
        [Actor::Yes("ana"), Actor::Yes("bo"), Actor::No("cy")],
        [Actor::Yes("ana"), Actor::Yes("bo"), Actor::Yes("cy")],
        // The same person at two places.
        [Actor::Yes("ana"), Actor::Yes("ana"), Actor::Yes("bo")],
    ];
    // All of them in the long run.
    let quorums: &[u32] = if option_env!("AEGIS_TORTURE").is_some() { &[1, 2, 3] } else { &[2] };
    for (quorum, approvers) in quorums.iter().copied().flat_map(|quorum| approvers.map(|them| (quorum, them)))
    {
        let standings = explore(quorum, &[&approvers[..], &uses].concat());
        let people: HashSet<_> = approvers.iter().filter(|it| matches!(it, Actor::Yes(_))).collect();
        let can_be_approved = people.len() >= quorum as usize;
        for standing in ["open", "expired"] {
            assert!(standings.contains_key(standing), "{standing}: {standings:?}");
        }
        for standing in ["approved", "used"] {
            assert_eq!(standings.contains_key(standing), can_be_approved, "{approvers:?} {quorum}");
        }
        let can_be_denied = approvers.iter().any(|it| matches!(it, Actor::No(_)));
        assert_eq!(standings.contains_key("denied"), can_be_denied, "{approvers:?} {quorum}");
        let states: usize = standings.values().sum();
        assert!(states > 1_000, "hardly anything was explored: {states}");
    }
}

/// The control: a machine that forgets that an answer was used does not get past the same check.
#[test]
#[should_panic(expected = "used twice")]
fn an_answer_that_is_used_twice_is_noticed() {
    let used = (Actor::Uses("b"), ASKED_AT);
    check(1, &[(Actor::Yes("ana"), ASKED_AT), used, used], ASKED_AT);
}
