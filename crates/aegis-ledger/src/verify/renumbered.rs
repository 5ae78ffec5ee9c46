//! Rows that were written under another number: swapped, moved, or counted up or down together.

use std::collections::HashMap;

use aegis_engine::Digest;

use crate::stored_event::StoredEvent;
use crate::verify::damage::{Damage, DamageKind};
use crate::verify::misplaced::{Run, Suspect};
use crate::verify::observer::Observer;
use crate::verify::verifier::Verifier;

/// How far around a row its own number is searched for.
const NEARBY: i64 = 16;
/// For how many rows such a search is made.
const MAX_SEARCHES: u32 = 10_000;
/// How many rows are looked into once more.
const MAX_SUSPECTS: usize = 1000;

impl<O: Observer> Verifier<'_, O> {
    /// The number that a row was written with, if it is another one than its own and can be found.
    pub(super) fn number_of(&mut self, seq: i64, event: &StoredEvent<'_>) -> Option<i64> {
        let fits = |number: i64| self.hash_as(number, event).as_bytes() == event.hash;
        let mut likely = Vec::new();
        for earlier in self.previous.iter().chain([&self.sound]) {
            if event.prev_hash == earlier.hash.as_bytes() {
                likely.push(earlier.written_as.saturating_add(1));
            }
            if earlier.prev_hash.is_some_and(|hash| event.prev_hash == hash.as_bytes()) {
                likely.push(earlier.written_as);
            }
        }
        if let Some(run) = &self.run {
            likely.push(seq.saturating_sub(run.by));
        }
        likely.retain(|number| *number != seq);
        if let Some(found) = likely.into_iter().find(|number| fits(*number)) {
            return Some(found);
        }
        if self.searches >= MAX_SEARCHES {
            return None;
        }
        let around = (1..=NEARBY).flat_map(|far| [seq.saturating_add(far), seq.saturating_sub(far)]);
        let found = around.into_iter().find(|number| fits(*number));
        self.searches += 1;
        found
    }

    /// Adds a row that was written under another number to the run of those before it, or begins one.
    pub(super) fn extend_run(&mut self, seq: i64, number: i64) {
        let by = seq.saturating_sub(number);
        match &mut self.run {
            Some(run) if run.by == by && run.last.checked_add(1) == Some(seq) => run.last = seq,
            _ => {
                self.end_run();
                self.run = Some(Run { first: seq, last: seq, by });
            }
        }
    }

    /// Says what became of a run: a row alone was moved, several were counted up or down.
    pub(super) fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let kind = if run.first == run.last {
            DamageKind::Moved { belongs: run.written_as() }
        } else {
            DamageKind::Renumbered { last: run.last, by: run.by }
        };
        self.damages.add(run.first, kind);
    }

    /// Remembers a row for a second look, if there are not too many: memory does not grow with the damage
    /// either.
    pub(super) fn suspect(&mut self, suspect: Option<Suspect>) {
        if self.suspects.len() < MAX_SUSPECTS {
            self.suspects.extend(suspect);
        }
    }

    /// The rows that a second look at the numbers and hashes of all rows could explain.
    pub fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Takes a second look: who has the hashes that the suspects are linked to?
    pub fn explain(&mut self, rows: impl Iterator<Item = (i64, Digest)>) {
        let mut wanted: HashMap<Digest, Vec<usize>> = HashMap::new();
        for (place, suspect) in self.suspects.iter().enumerate() {
            wanted.entry(suspect.prev_hash).or_default().push(place);
        }
        for (seq, hash) in rows {
            for place in wanted.get(&hash).into_iter().flatten() {
                if let Some(suspect) = self.suspects.get_mut(*place) {
                    suspect.follows = Some(seq);
                }
            }
        }
        let newest = self.last.unwrap_or_default();
        for suspect in self.suspects.clone().iter().filter(|suspect| !suspect.edited) {
            let with = suspect.follows.map(|seq| seq.saturating_add(1)).filter(|with| *with <= newest);
            if let Some(with) = with.filter(|with| *with != suspect.seq) {
                self.damages.refine(suspect.seq, &DamageKind::Unlinked, DamageKind::Forked { with });
            }
        }
        self.suspects.retain(|suspect| suspect.edited && suspect.follows.is_some());
    }

    /// The suspects that are worth reading again.
    pub fn suspects(&self) -> Vec<i64> {
        self.suspects.iter().map(|suspect| suspect.seq).collect()
    }

    /// Looks at a suspect again: was it written as the one behind the row that it is linked to?
    pub fn settle(&mut self, seq: i64, event: &StoredEvent<'_>) {
        let suspect = self.suspects.iter().find(|suspect| suspect.seq == seq);
        let Some(belongs) = suspect.and_then(|suspect| suspect.follows).map(|seq| seq.saturating_add(1))
        else {
            return;
        };
        if belongs != seq && self.hash_as(belongs, event).as_bytes() == event.hash {
            self.damages.refine(seq, &DamageKind::Edited, DamageKind::Moved { belongs });
        }
    }

    /// A row that stands elsewhere is not missing as well.
    pub(super) fn explain_moves(&mut self) {
        let moved: Vec<(i64, i64)> = self
            .damages
            .listed
            .iter()
            .filter_map(|damage| match (damage.seq, &damage.kind) {
                (Some(seq), DamageKind::Moved { belongs }) => Some((seq, *belongs)),
                (Some(seq), DamageKind::OutOfOrder { .. }) => Some((seq, seq)),
                _ => None,
            })
            .collect();
        let newest = self.last;
        for (seq, belongs) in moved {
            let mut kept = Vec::with_capacity(self.damages.listed.len());
            for damage in self.damages.listed.drain(..) {
                match (damage.seq, &damage.kind) {
                    // A gap before the newest row is only there because of that row's number, but for what
                    // stood before the number that it was written with.
                    (Some(first), DamageKind::Missing { last })
                        if Some(seq) == newest && last.checked_add(1) == Some(seq) && belongs < seq =>
                    {
                        kept.extend(missing(first, belongs.saturating_sub(1)));
                    }
                    (Some(first), DamageKind::Missing { last }) if (first..=*last).contains(&belongs) => {
                        kept.extend(missing(first, belongs.saturating_sub(1)));
                        kept.extend(missing(belongs.saturating_add(1), *last));
                    }
                    _ => kept.push(damage),
                }
            }
            self.damages.listed = kept;
        }
    }

    /// Where no row at all fits, it is not the rows that were edited, but the log's own row.
    pub(super) fn recognise_another_log(&mut self) {
        let only_edits = self
            .damages
            .listed
            .iter()
            .all(|damage| matches!(damage.kind, DamageKind::Edited | DamageKind::WrongLog));
        // The first row binds the log's own row; without it, many rows must agree.
        let other = if self.start.of_log { self.begins_elsewhere } else { self.rows > 8 };
        if self.edited == self.rows && self.rows > 1 && self.linked_edits && only_edits && other {
            self.damages.listed = vec![Damage { seq: None, kind: DamageKind::WrongLog }];
            self.damages.more = 0;
        }
    }
}

fn missing(first: i64, last: i64) -> Option<Damage> {
    (first <= last).then_some(Damage { seq: Some(first), kind: DamageKind::Missing { last } })
}
