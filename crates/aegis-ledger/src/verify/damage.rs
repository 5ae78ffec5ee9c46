//! What can be wrong with a log, each with its row.

use std::fmt;

use aegis_engine::{escape, escape_capped};

use crate::action_life::Impossible;

/// How much of a text from the log is shown.
const MAX_SHOWN: usize = 200;
/// How many are listed one by one; the others are counted.
const MAX_LISTED: usize = 1000;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The number of the row; absent where it is about no row.
    pub seq: Option<i64>,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong with a row, or with the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamageKind {
    /// The row is not what was hashed.
    Edited,
    /// The row's payload or salt is not the one that was committed to.
    PayloadEdited,
    /// The row does not have the form of an event.
    Unreadable {
        /// What is wrong with it.
        problem: String,
    },
    /// Rows are gone, of which this is the first.
    Missing {
        /// The last of them.
        last: i64,
    },
    /// The row was put between two that are linked to each other.
    Inserted,
    /// The row has another number than the one that it was hashed with.
    Moved {
        /// The number that it was hashed with.
        belongs: i64,
    },
    /// This row, and all up to another, have other numbers than those that they were hashed with.
    Renumbered {
        /// The last of them.
        last: i64,
        /// What was added to each number.
        by: i64,
    },
    /// The row stands behind one that it should stand before.
    OutOfOrder {
        /// That one.
        after: i64,
    },
    /// The row is linked to the same row as another.
    Forked {
        /// That other one.
        with: i64,
    },
    /// The row is whole, but linked to something else than the row before it, one of which was put in place
    /// of another.
    Unlinked,
    /// The log's own row (its id, time of creation or key) is not the one that the chain begins with.
    WrongLog,
    /// The oldest row is not linked to the last one that was pruned or stands before an export.
    WrongStart,
    /// The payload was removed, and no `redacted` event accounts for it.
    PayloadMissing,
    /// A `redacted` event says that the payload was removed, but it is there.
    PayloadKept,
    /// The row says something about the log that is not so.
    False {
        /// What it says, and what is so.
        problem: String,
    },
    /// The row tells of something that cannot have happened: not at all, or not after what other rows tell.
    Impossible(Impossible),
    /// The log ends before a row that somebody was told of.
    Truncated {
        /// What names that row.
        anchor: String,
        /// The number of that row.
        claimed: u64,
    },
    /// The log is not the one that somebody was told of.
    Differs {
        /// What names the row.
        anchor: String,
        /// In which way.
        problem: String,
    },
    /// What is derived from the rows is not what they give.
    Index {
        /// In which way.
        problem: String,
    },
    /// The database cannot be read behind this row.
    Storage {
        /// What `SQLite` says.
        problem: String,
    },
    /// The tables, triggers or indexes are not those of a log.
    Tables {
        /// In which way.
        problem: String,
    },
}

impl DamageKind {
    /// The word for it, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            DamageKind::Edited => "edited",
            DamageKind::PayloadEdited => "payload-edited",
            DamageKind::Unreadable { .. } => "unreadable",
            DamageKind::Missing { .. } => "missing",
            DamageKind::Inserted => "inserted",
            DamageKind::Moved { .. } => "moved",
            DamageKind::Renumbered { .. } => "renumbered",
            DamageKind::OutOfOrder { .. } => "out-of-order",
            DamageKind::Forked { .. } => "forked",
            DamageKind::Unlinked => "unlinked",
            DamageKind::WrongLog => "wrong-log",
            DamageKind::WrongStart => "wrong-start",
            DamageKind::PayloadMissing => "payload-missing",
            DamageKind::PayloadKept => "payload-kept",
            DamageKind::False { .. } => "false",
            DamageKind::Impossible(_) => "impossible",
            DamageKind::Truncated { .. } => "truncated",
            DamageKind::Differs { .. } => "differs",
            DamageKind::Index { .. } => "index",
            DamageKind::Storage { .. } => "storage",
            DamageKind::Tables { .. } => "tables",
        }
    }

    /// The last row that is concerned, where there are several.
    #[must_use]
    pub const fn last(&self) -> Option<i64> {
        match self {
            DamageKind::Missing { last } | DamageKind::Renumbered { last, .. } => Some(*last),
            _ => None,
        }
    }
}

/// A sentence for a person, escaped.
impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = match (self.seq, self.kind.last()) {
            (Some(first), Some(last)) if last > first => format!("rows {first} to {last}"),
            (Some(seq), _) => format!("row {seq}"),
            (None, _) => "the log".to_owned(),
        };
        let plural = self.kind.last().is_some_and(|last| self.seq.is_some_and(|first| last > first));
        match &self.kind {
            DamageKind::Missing { .. } => {
                write!(formatter, "{rows} {} missing", if plural { "are" } else { "is" })
            }
            DamageKind::Renumbered { by, .. } => {
                let (size, way, what) = (
                    by.unsigned_abs(),
                    if *by > 0 { "higher" } else { "lower" },
                    if *by > 0 { "something was inserted before" } else { "as many are missing before" },
                );
                write!(formatter, "{rows}: numbered {size} {way} than when written; {what}")
            }
            kind => write!(formatter, "{rows}: {}", sentence(kind)),
        }
    }
}

fn sentence(kind: &DamageKind) -> String {
    let cap = |text: &str| escape_capped(text, MAX_SHOWN);
    match kind {
        DamageKind::Edited => "its content was edited: it does not fit its hash".to_owned(),
        DamageKind::PayloadEdited => {
            "its payload or salt was edited: it does not fit its commitment".to_owned()
        }
        DamageKind::Unreadable { problem } => format!("it cannot be read: {}", cap(problem)),
        DamageKind::Inserted => "it was inserted: the next row is linked to the one before it".to_owned(),
        DamageKind::Moved { belongs } => format!("it was written as row {belongs}"),
        DamageKind::OutOfOrder { after } => format!("it stands behind row {after}"),
        DamageKind::Forked { with } => format!("it forks the chain: row {with} is linked to the same row"),
        DamageKind::Unlinked => {
            "it is not linked to the row before it; one of the two was put in the place of another".to_owned()
        }
        DamageKind::WrongLog => {
            "its id, time of creation or key is not the one that its chain begins with".to_owned()
        }
        DamageKind::WrongStart => {
            "it is not linked to the last row before it, which was taken out".to_owned()
        }
        DamageKind::PayloadMissing => {
            "its payload was removed, and no `redacted` event accounts for that".to_owned()
        }
        DamageKind::PayloadKept => {
            "a `redacted` event says that its payload was removed; it is there".to_owned()
        }
        DamageKind::False { problem } => format!("what it says is not so: {}", cap(problem)),
        DamageKind::Impossible(why) => why.sentence(),
        DamageKind::Truncated { anchor, claimed } => {
            format!("it was the last one, but {} names row {claimed}: the end was cut off", escape(anchor))
        }
        DamageKind::Differs { anchor, problem } => format!("{}: {}", escape(anchor), cap(problem)),
        DamageKind::Index { problem } => format!("the index of its block is wrong: {}", cap(problem)),
        DamageKind::Storage { problem } => format!("what comes next cannot be read: {}", cap(problem)),
        DamageKind::Tables { problem } => cap(problem),
        DamageKind::Missing { .. } | DamageKind::Renumbered { .. } => String::new(),
    }
}

/// What was found so far: the first thousand, and how many more.
#[derive(Debug, Default)]
pub(super) struct Damages {
    pub(super) listed: Vec<Damage>,
    pub(super) more: u64,
}

impl Damages {
    pub(super) fn add(&mut self, seq: impl Into<Option<i64>>, kind: DamageKind) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(Damage { seq: seq.into(), kind });
        } else {
            self.more += 1;
        }
    }

    /// Adds what may have been found already.
    pub(super) fn add_once(&mut self, seq: Option<i64>, kind: DamageKind) {
        if !self.listed.iter().any(|damage| damage.seq == seq && damage.kind == kind) {
            self.add(seq, kind);
        }
    }

    /// Whether a row is known to be missing.
    pub(super) fn has_missing(&self, seq: u64) -> bool {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.listed.iter().any(|damage| match (damage.seq, &damage.kind) {
            (Some(first), DamageKind::Missing { last }) => (first..=*last).contains(&seq),
            _ => false,
        })
    }

    /// Says something better about what was found at a row.
    pub(super) fn refine(&mut self, seq: i64, was: &DamageKind, kind: DamageKind) {
        let found =
            self.listed.iter_mut().rev().find(|damage| damage.seq == Some(seq) && damage.kind == *was);
        if let Some(damage) = found {
            damage.kind = kind;
        }
    }
}
