//! What is counted of actions, one after another.

use aegis_engine::OBSERVED_RULE;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::answer::{Answer, ResultStatus};
use crate::event::{EntryBody, Text};
use crate::export::approver_word;
use crate::statistics::names::{Counter, MAX_NAMES, Sample};
use crate::statistics::tally::{Asked, Habit, Results, Risks, Tally};
use crate::statistics::times::Times;
use crate::statistics::totals::Statistics;
use crate::statistics::waits::Durations;

/// How many rules and approvers have their answers' durations kept apart.
const MAX_ASKED: usize = 1000;
/// How many kinds of question are followed.
const MAX_HABITS: usize = 10_000;

/// What is counted for a rule or an approver.
#[derive(Debug, Default)]
struct Asking {
    tally: Tally,
    durations: Durations,
}

/// What has been counted so far.
#[derive(Debug)]
pub struct Counts {
    total: Tally,
    risks: Risks,
    results: Results,
    observed: u64,
    sessions: Sample,
    last_session: String,
    rules: Counter<Tally>,
    agents: Counter<Tally>,
    types: Counter<Tally>,
    targets: Counter<Tally>,
    times: Times,
    durations: Durations,
    asked_by_rule: Counter<Asking>,
    approvers: Counter<Asking>,
    /// By the numbers of rule, type and target.
    habits: HashMap<[usize; 3], Tally>,
    habits_left_out: u64,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts::new()
    }
}

impl Counts {
    /// How many actions have been counted.
    #[must_use]
    pub const fn actions(&self) -> u64 {
        self.total.total()
    }

    /// Nothing.
    #[must_use]
    pub fn new() -> Counts {
        Counts {
            total: Tally::default(),
            risks: Risks::default(),
            results: Results::default(),
            observed: 0,
            sessions: Sample::default(),
            last_session: String::new(),
            rules: Counter::new(MAX_NAMES),
            agents: Counter::new(MAX_NAMES),
            types: Counter::new(MAX_NAMES),
            targets: Counter::new(MAX_NAMES),
            times: Times::new(),
            durations: Durations::default(),
            asked_by_rule: Counter::new(MAX_ASKED),
            approvers: Counter::new(MAX_ASKED),
            habits: HashMap::new(),
            habits_left_out: 0,
        }
    }

    /// Counts an action that was answered at `at` (milliseconds since the Unix epoch): what became of it, and
    /// how long its question stood, in milliseconds.
    pub fn count(
        &mut self,
        at: i64,
        body: &EntryBody<Text<'_>>,
        result: Option<ResultStatus>,
        waited: Option<u64>,
    ) {
        if &*body.matched_rule == OBSERVED_RULE {
            self.observed += 1;
            return;
        }
        let answer = body.decision;
        self.total.count(answer);
        self.risks.of_mut(body.risk_level).count(answer);
        self.results.count(result);
        self.times.count(at, answer);
        // Actions of one session mostly stand together.
        if self.total.total() == 1 || self.last_session != *body.session_id {
            self.sessions.add(&body.session_id);
            self.last_session.clear();
            self.last_session.push_str(&body.session_id);
        }
        match &body.agent {
            Some(agent) => self.agents.of(agent).1.count(answer),
            None => self.agents.unnamed().count(answer),
        }
        let (rule, tally) = self.rules.of(&body.matched_rule);
        tally.count(answer);
        let (kind, tally) = self.types.of(&body.action_type);
        tally.count(answer);
        let (target, tally) = self.targets.of(&body.action_target);
        tally.count(answer);
        match (&body.grant, &body.approver) {
            // Nobody was asked; what it was allowed by is told beside what approvers answered.
            (Some(_), Some(approver)) => self.approvers.of(&approver_word(approver)).1.tally.count(answer),
            _ if matches!(answer, Some(Answer::Auto | Answer::Block)) => {}
            _ => self.count_asked(body, [rule, kind, target], waited),
        }
    }

    /// Counts a question that a human had to be asked.
    fn count_asked(&mut self, body: &EntryBody<Text<'_>>, question: [Option<usize>; 3], waited: Option<u64>) {
        let asking = self.asked_by_rule.of(&body.matched_rule).1;
        asking.tally.count(body.decision);
        if let Some(waited) = waited {
            asking.durations.add(waited);
            self.durations.add(waited);
        }
        if let Some(approver) = &body.approver {
            let answering = self.approvers.of(&approver_word(approver)).1;
            answering.tally.count(body.decision);
            if let Some(waited) = waited {
                answering.durations.add(waited);
            }
        }
        match question {
            [Some(rule), Some(kind), Some(target)] => {
                let full = self.habits.len() >= MAX_HABITS;
                match self.habits.entry([rule, kind, target]) {
                    Entry::Vacant(_) if full => self.habits_left_out += 1,
                    entry => entry.or_default().count(body.decision),
                }
            }
            _ => self.habits_left_out += 1,
        }
    }

    /// Everything that was counted. What was asked at least `often` times and always answered alike is
    /// listed.
    #[must_use]
    pub fn finish(self, often: u64) -> Statistics {
        let often = often.max(1);
        let alike = |times: fn(&Tally) -> u64| {
            // What is still open says nothing either way.
            move |tally: &Tally| times(tally) >= often && times(tally) == tally.asked() - tally.open
        };
        let always_approved = self.habits(alike(|tally| tally.approved));
        let always_denied = self.habits(alike(|tally| tally.denied));
        let asked = |asking: Asking| Asked { tally: asking.tally, waits: asking.durations.finish() };
        let by_asked = |asked: &Asked| asked.tally.total();
        let period = self.times.period();
        let (series, week) = self.times.finish();
        Statistics {
            newest: None,
            period,
            total: self.total,
            observed: self.observed,
            risks: self.risks,
            results: self.results,
            sessions: self.sessions.distinct(),
            rules: self.rules.finish(|tally| tally, Tally::total),
            agents: self.agents.finish(|tally| tally, Tally::total),
            types: self.types.finish(|tally| tally, Tally::total),
            targets: self.targets.finish(|tally| tally, Tally::total),
            series,
            week,
            waits: self.durations.finish(),
            asked_by_rule: self.asked_by_rule.finish(asked, by_asked),
            approvers: self.approvers.finish(asked, by_asked),
            always_approved,
            always_denied,
            habits_left_out: self.habits_left_out,
        }
    }

    /// The questions whose tallies are as wanted, most frequent first.
    fn habits(&self, wanted: impl Fn(&Tally) -> bool) -> Vec<Habit> {
        let (rules, types, targets) = (self.rules.names(), self.types.names(), self.targets.names());
        let name = |names: &[&str], number: usize| names.get(number).copied().unwrap_or_default().to_owned();
        let mut habits: Vec<_> = self
            .habits
            .iter()
            .filter(|(_, tally)| wanted(tally))
            .map(|([rule, kind, target], tally)| Habit {
                rule: name(&rules, *rule),
                action_type: name(&types, *kind),
                target: name(&targets, *target),
                times: tally.asked() - tally.open,
            })
            .collect();
        habits.sort_by(|a, b| {
            let key = |habit: &Habit| (habit.rule.clone(), habit.action_type.clone(), habit.target.clone());
            b.times.cmp(&a.times).then_with(|| key(a).cmp(&key(b)))
        });
        habits
    }
}
