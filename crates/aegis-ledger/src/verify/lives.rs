//! The lives of actions: whether the events of each can have happened one after another.
//!
//! Where an index finds the events of an action, however far apart they are, only what they say is noted, a
//! few bits for each row, and the lives are gone through with the index. Without one, the actions that were
//! seen last are followed.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use crate::action_life::{Impossible, Life, Step};
use crate::answer::Answer;
use crate::event::EventKind;
use crate::verify::row_set::RowSet;

/// How many actions are followed where there is no index.
const FOLLOWED: usize = 1 << 15;

/// What is known of the actions so far.
pub(super) struct Lives {
    way: Way,
    /// The rows by which an action was allowed.
    pub(super) allowed: RowSet,
}

/// How lives are gone through.
enum Way {
    Noted(Box<Noted>),
    Followed(Followed),
}

impl Lives {
    /// Follows the actions that were seen last.
    pub(super) fn followed() -> Lives {
        Lives { way: Way::Followed(Followed::default()), allowed: RowSet::default() }
    }

    /// Only notes what is said: an index will tell which events are of one action.
    pub(super) fn noted() -> Lives {
        Lives { way: Way::Noted(Box::default()), allowed: RowSet::default() }
    }

    /// Takes what a sound row says. `may_be_missing` tells whether an event could be missing that stood
    /// between the row of a number and this one.
    pub(super) fn take(
        &mut self,
        row: u64,
        action_id: &str,
        step: Step,
        may_be_missing: impl Fn(u64) -> bool,
    ) -> Result<(), Impossible> {
        if matches!(step, Step::Decided(answer) if answer.is_allowed()) {
            self.allowed.insert(row);
        }
        match &mut self.way {
            Way::Noted(noted) => {
                noted.said.note(row, step);
                Ok(())
            }
            Way::Followed(followed) => followed.take(row, action_id, step, may_be_missing),
        }
    }

    /// Takes an entry of the index, which gives the events of each action one after another, and those of one
    /// kind in their order. `is_other` tells that it is of another action than the one before. Gives the
    /// action that is complete by that, and what is wrong with this event itself.
    pub(super) fn take_indexed(
        &mut self,
        is_other: bool,
        kind: EventKind,
        row: u64,
    ) -> (Option<ActionEvents>, Result<(), Impossible>) {
        let Way::Noted(noted) = &mut self.way else { return (None, Ok(())) };
        let complete = is_other.then(|| std::mem::take(&mut noted.gathered));
        if noted.said.step(kind, row).is_some() {
            return (complete, noted.gathered.add(kind, row));
        }
        // What is no part of a life says nothing; what should have said something is not believed.
        noted.gathered.incomplete |= PARTS.contains(&kind);
        (complete, Ok(()))
    }

    /// The last action of the index.
    pub(super) fn last_indexed(&mut self) -> ActionEvents {
        match &mut self.way {
            Way::Noted(noted) => std::mem::take(&mut noted.gathered),
            Way::Followed(_) => ActionEvents::default(),
        }
    }

    /// What a row said, if it was sound.
    pub(super) fn said(&self, kind: EventKind, row: u64) -> Option<Step> {
        match &self.way {
            Way::Noted(noted) => noted.said.step(kind, row),
            Way::Followed(_) => None,
        }
    }

    /// Whether there were rows of numbers that could not be noted.
    pub(super) fn is_incomplete(&self) -> bool {
        let noted = match &self.way {
            Way::Noted(noted) => noted.said.is_incomplete(),
            Way::Followed(_) => false,
        };
        noted || self.allowed.is_incomplete()
    }
}

#[derive(Default)]
struct Noted {
    said: Said,
    gathered: ActionEvents,
}

/// What each row says, as three bits: 0 where that is nothing, or is not believed.
#[derive(Default)]
struct Said([RowSet; 3]);

impl Said {
    fn note(&mut self, row: u64, step: Step) {
        let code = code(step);
        for (bit, rows) in self.0.iter_mut().enumerate() {
            if code & (1 << bit) != 0 {
                rows.insert(row);
            }
        }
    }

    fn step(&self, kind: EventKind, row: u64) -> Option<Step> {
        let bits = self.0.iter().enumerate();
        let code = bits.map(|(bit, rows)| u8::from(rows.rows().contains(row)) << bit).sum();
        let answer = || {
            let place = usize::from(code).checked_sub(2)?;
            Answer::ALL.get(place).copied()
        };
        match (code, kind) {
            (1, EventKind::Requested) => Some(Step::Requested),
            (1, EventKind::Started) => Some(Step::Started),
            (1, EventKind::Verified) => Some(Step::Verified),
            (1, EventKind::Observed) => Some(Step::Observed),
            (1 | 2, EventKind::Ended) => Some(Step::Ended { skipped: code == 2 }),
            (_, EventKind::Answered) => answer().map(Step::Answered),
            (_, EventKind::Decided) => answer().map(Step::Decided),
            _ => None,
        }
    }

    fn is_incomplete(&self) -> bool {
        self.0.iter().any(RowSet::is_incomplete)
    }
}

/// 1 for what says no more than that it happened, 2 for an end of what was not tried, or 2 and which answer
/// it is.
fn code(step: Step) -> u8 {
    let answer = match step {
        Step::Requested | Step::Started | Step::Verified | Step::Observed => return 1,
        Step::Ended { skipped } => return if skipped { 2 } else { 1 },
        Step::Answered(answer) | Step::Decided(answer) => answer,
    };
    let place = Answer::ALL.iter().position(|other| *other == answer).unwrap_or_default();
    u8::try_from(place).unwrap_or_default().saturating_add(2)
}

/// The kinds of event that make up a life.
const PARTS: [EventKind; 7] = [
    EventKind::Requested,
    EventKind::Answered,
    EventKind::Decided,
    EventKind::Started,
    EventKind::Verified,
    EventKind::Ended,
    EventKind::Observed,
];

/// The first event of each kind of one action.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ActionEvents {
    first: [Option<(EventKind, u64)>; PARTS.len()],
    /// Whether there is one that is not believed.
    incomplete: bool,
}

impl ActionEvents {
    fn add(&mut self, kind: EventKind, row: u64) -> Result<(), Impossible> {
        for place in &mut self.first {
            match place {
                Some((other, first)) if *other == kind => {
                    return Err(Impossible::Twice { kind, first: *first });
                }
                Some(_) => {}
                None => {
                    *place = Some((kind, row));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether there are more, which are not believed.
    pub(super) const fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// In the order of the log.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (EventKind, u64)> {
        let mut events = self.first;
        events.sort_by_key(|event| event.map(|(_, row)| row));
        events.into_iter().flatten()
    }
}

/// The actions that were seen last.
#[derive(Default)]
struct Followed {
    lives: HashMap<u64, Life>,
    /// Those that were seen first come first.
    order: VecDeque<u64>,
    hasher: RandomState,
    /// Whether any action was lost sight of.
    forgot: bool,
}

impl Followed {
    fn take(
        &mut self,
        row: u64,
        action_id: &str,
        step: Step,
        may_be_missing: impl Fn(u64) -> bool,
    ) -> Result<(), Impossible> {
        let action = self.hasher.hash_one(action_id);
        let forgot = self.forgot;
        if !self.lives.contains_key(&action) {
            if self.lives.len() >= FOLLOWED
                && let Some(oldest) = self.order.pop_front()
            {
                self.lives.remove(&oldest);
                self.forgot = true;
            }
            self.order.push_back(action);
        }
        let life = self.lives.entry(action).or_default();
        life.step(row, step, |behind| may_be_missing(behind) || (behind == 0 && forgot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_what_was_said() {
        let mut said = Said::default();
        let steps: Vec<Step> = Answer::ALL
            .into_iter()
            .flat_map(|answer| [Step::Answered(answer), Step::Decided(answer)])
            .chain([Step::Started, Step::Verified, Step::Observed])
            .chain([Step::Requested, Step::Ended { skipped: true }, Step::Ended { skipped: false }])
            .collect();
        for (row, step) in (1..).zip(&steps) {
            said.note(row, *step);
        }
        for (row, step) in (1..).zip(steps) {
            assert_eq!(said.step(step.kind(), row), Some(step));
            assert_eq!(said.step(EventKind::Pruned, row), None);
        }
        assert_eq!(said.step(EventKind::Decided, 99), None, "nothing was said there");
    }

    #[test]
    fn rows_further_apart_than_there_is_room_for_are_known_to_be() {
        for step in [Step::Decided(Answer::Auto), Step::Requested] {
            for mut lives in [Lives::followed(), Lives::noted()] {
                let noted = matches!(lives.way, Way::Noted(_));
                let mut take = |row: u64| lives.take(row << 16, &row.to_string(), step, |_| true).unwrap();
                (1..=1 << 16).for_each(&mut take);
                take(1 << 17);
                // Questions allow nothing, and where lives are followed, nothing else is kept of each row.
                assert_eq!(lives.is_incomplete(), noted || step != Step::Requested, "{step:?}");
            }
        }
        let mut lives = Lives::noted();
        lives.take(1, "a", Step::Requested, |_| true).unwrap();
        assert!(!lives.is_incomplete());
    }

    #[test]
    fn events_come_in_the_order_of_the_log_however_an_index_has_them() {
        let mut events = ActionEvents::default();
        for (kind, row) in [(EventKind::Answered, 4), (EventKind::Decided, 5), (EventKind::Requested, 3)] {
            events.add(kind, row).unwrap();
        }
        let twice = Impossible::Twice { kind: EventKind::Decided, first: 5 };
        assert_eq!(events.add(EventKind::Decided, 9), Err(twice));
        let rows: Vec<u64> = events.in_order().map(|(_, row)| row).collect();
        assert_eq!(rows, [3, 4, 5]);
    }

    #[test]
    fn actions_are_followed_in_bounded_memory() {
        let mut lives = Lives::followed();
        let auto = Step::Decided(Answer::Auto);
        let mut take = |row: u64, id: &str, step| lives.take(row, id, step, |_| false);
        take(1, "first", auto).unwrap();
        assert!(take(2, "first", auto).is_err());
        assert!(take(3, "x", Step::Answered(Answer::Denied)).is_err());
        for row in 0..2 * FOLLOWED as u64 {
            take(row + 4, &row.to_string(), auto).unwrap();
        }
        take(1 << 40, "first", auto).unwrap();
        take(1 << 41, "y", Step::Answered(Answer::Denied)).unwrap();
        let Way::Followed(followed) = &lives.way else { panic!() };
        assert!(followed.lives.len() <= FOLLOWED && followed.order.len() <= FOLLOWED);
    }
}
