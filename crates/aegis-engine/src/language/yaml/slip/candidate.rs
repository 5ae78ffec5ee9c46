//! A slip that may have been made: what is wrong by it, and the change that mends it.

use std::ops::Range;

use crate::language::fix::{Edit, Fix, apply_fixes};
use crate::language::yaml::events::readable_up_to;
use crate::text::span::{SourceId, Span};

/// What a person did, and what mends it.
#[derive(Clone, Debug)]
pub(crate) struct Slip {
    /// What is wrong. Escaped.
    pub(crate) message: String,
    /// Where; the parser's own place if there is none.
    pub(crate) place: Option<Range<usize>>,
    /// What to do about it. Escaped.
    pub(crate) help: String,
    /// What to write where.
    pub(super) edits: Vec<(Range<usize>, String)>,
    /// Whether that is the one right answer.
    pub(super) certain: bool,
    /// Whether another one is likelier, if everything can be read by that.
    pub(super) is_ambiguous: bool,
}

impl Slip {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Slip {
        Slip {
            message: message.into(),
            place: None,
            help: help.into(),
            edits: Vec::new(),
            certain: false,
            is_ambiguous: false,
        }
    }

    pub(super) fn at(mut self, place: Range<usize>) -> Slip {
        self.place = Some(place);
        self
    }

    pub(super) fn edit(mut self, place: Range<usize>, text: impl Into<String>) -> Slip {
        self.edits.push((place, text.into()));
        self
    }

    pub(super) fn certain(mut self) -> Slip {
        self.certain = true;
        self
    }

    /// The change as a fix.
    pub(crate) fn fix(&self, source: SourceId) -> Option<Fix> {
        if self.edits.is_empty() {
            return None;
        }
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let edits = self.edits.iter().map(|(place, text)| {
            Edit::new(Span { source, start: narrow(place.start), end: narrow(place.end) }, text.as_str())
        });
        Some(Fix { edits: edits.collect(), certain: self.certain })
    }

    /// No place ends within a character, and no change is made within one.
    pub(super) fn keep_characters_whole(&mut self, text: &str) {
        if let Some(place) = &mut self.place {
            while !text.is_char_boundary(place.start) {
                place.start -= 1;
            }
            place.end = place.end.clamp(place.start, text.len());
            while !text.is_char_boundary(place.end) {
                place.end += 1;
            }
        }
        if self.edits.iter().any(|(place, _)| text.get(place.clone()).is_none()) {
            self.edits.clear();
        }
    }

    /// Whether all of the text can be read with the change.
    pub(super) fn mends(&self, text: &str) -> bool {
        let fix = self.fix(SourceId(0));
        fix.is_some_and(|fix| readable_up_to(&apply_fixes(text, [&fix]).0).is_none())
    }

    pub(super) fn ambiguous(mut self) -> Slip {
        self.is_ambiguous = true;
        self
    }

    /// Whether the text can be read further with the change than up to `stopped`.
    pub(super) fn helps(&self, text: &str, stopped: usize) -> bool {
        let Some(fix) = self.fix(SourceId(0)) else { return true };
        let (mended, _) = apply_fixes(text, [&fix]);
        let Some(reached) = readable_up_to(&mended) else { return true };
        // Where the place at which it stopped is by then.
        let before = self.edits.iter().filter(|(place, _)| place.start <= stopped);
        let (removed, added) = before
            .fold((0, 0), |(removed, added), (place, text)| (removed + place.len(), added + text.len()));
        reached > (stopped + added).saturating_sub(removed)
    }
}
