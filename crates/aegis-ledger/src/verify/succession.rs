//! How rows follow each other: what is wrong where one does not follow the one before it.

use aegis_engine::Digest;

use crate::stored_event::StoredEvent;
use crate::verify::damage::DamageKind;
use crate::verify::misplaced::{Run, Suspect};
use crate::verify::observer::Observer;
use crate::verify::previous::Previous;
use crate::verify::verifier::{Found, Verifier};

fn digest(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok().map(Digest::from_bytes)
}

impl<O: Observer> Verifier<'_, O> {
    /// Compares a row's number with the one that comes next. `false` if the row stands behind one of a higher
    /// number.
    pub(super) fn check_order(&mut self, seq: i64) -> bool {
        if seq == self.expected {
            return true;
        }
        if seq > self.expected {
            self.damages.add(self.expected, DamageKind::Missing { last: seq.saturating_sub(1) });
            self.damaged.insert(seq.unsigned_abs());
            self.tree = None;
            self.observer.interrupted();
            return true;
        }
        let after = self.expected.saturating_sub(1);
        self.damages.add(seq, DamageKind::OutOfOrder { after });
        self.damaged.insert(seq.unsigned_abs());
        self.tree = None;
        false
    }

    /// Says what is wrong with a row that is not as it should be.
    pub(super) fn diagnose(&mut self, seq: i64, event: &StoredEvent<'_>, found: &Found, in_order: bool) {
        self.damaged.insert(seq.unsigned_abs());
        if !found.payload_fits {
            self.damages.add(seq, DamageKind::PayloadEdited);
        }
        if !in_order {
            return;
        }
        if found.fits {
            self.end_run();
            self.check_link(seq, event);
        } else {
            self.tree = None;
            self.check_number(seq, event);
        }
    }

    /// A whole row whose place may be wrong.
    fn check_link(&mut self, seq: i64, event: &StoredEvent<'_>) {
        let linked_to = digest(event.prev_hash);
        let Some(previous) = self.previous else {
            // Where the first rows are missing, nothing is known of what this one is linked to.
            if linked_to != Some(self.sound.hash) && self.sound.seq.checked_add(1) == Some(seq) {
                let kind = if self.start.of_log { DamageKind::WrongLog } else { DamageKind::WrongStart };
                self.damages.add((!self.start.of_log).then_some(seq), kind);
            }
            return;
        };
        let follows = previous.seq.checked_add(1) == Some(seq);
        if !follows || linked_to == Some(previous.hash) {
            return; // Missing rows, or a row whose content is not that of its hash: that has been said.
        }
        if !previous.is_sound {
            if linked_to == Some(self.sound.hash) && linked_to != Some(previous.computed) {
                self.damages.refine(previous.seq, &DamageKind::Edited, DamageKind::Inserted);
            }
        } else if linked_to.is_some() && linked_to == previous.prev_hash {
            self.damages.add(seq, DamageKind::Forked { with: previous.seq });
        } else {
            self.damages.add(seq, DamageKind::Unlinked);
            self.suspect(Suspect::new(seq, event, false));
        }
    }

    /// A row whose hash is not that of its content: edited, or written under another number.
    fn check_number(&mut self, seq: i64, event: &StoredEvent<'_>) {
        self.edited += 1;
        let linked_to = digest(event.prev_hash);
        let head = self.previous.as_ref().unwrap_or(&self.sound);
        let linked = linked_to == Some(head.hash);
        if self.previous.is_none() {
            self.begins_elsewhere = !linked;
        } else {
            self.linked_edits &= linked;
        }
        let Some(number) = self.number_of(seq, event) else {
            self.end_run();
            self.damages.add(seq, DamageKind::Edited);
            self.suspect(Suspect::new(seq, event, true));
            return;
        };
        // Two rows that are linked to the same one: what came first was put before it.
        if let Some(previous) = self.previous.filter(|previous| previous.seq.checked_add(1) == Some(seq)) {
            let forked = linked_to.is_some() && linked_to == previous.prev_hash;
            if previous.is_sound && forked {
                self.damages.add(previous.seq, DamageKind::Inserted);
                self.damaged.insert(previous.seq.unsigned_abs());
            } else if !previous.is_sound && linked_to == Some(self.sound.hash) {
                self.damages.refine(previous.seq, &DamageKind::Edited, DamageKind::Inserted);
            }
        }
        self.extend_run(seq, number);
    }

    /// Remembers the row for the next one.
    pub(super) fn follow(&mut self, seq: i64, event: &StoredEvent<'_>, found: &Found) {
        let Some(hash) = digest(event.hash) else {
            self.previous = Some(Previous::unknown(seq));
            return;
        };
        let written_as = self.run.as_ref().filter(|run| run.last == seq).map_or(seq, Run::written_as);
        let previous = Previous {
            seq,
            written_as,
            hash,
            computed: found.hash,
            prev_hash: digest(event.prev_hash),
            is_sound: found.fits,
        };
        if found.fits || self.run.is_some_and(|run| run.is_long()) {
            self.sound = previous;
        }
        self.previous = Some(previous);
    }
}
