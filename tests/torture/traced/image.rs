//! What a disk may hold after a power cut.
//!
//! What was synced is there. Of what was not, anything may be: all of it, none, some of the writes, or some
//! of the sectors of some writes, in any order; and so with the names in the directory. What failed to be
//! synced may be there or not, even if a later sync succeeds: the system takes it for clean.

use std::collections::BTreeMap;
use std::path::Path;

use aegis_testkit::Chance;

use super::recorder::{Content, FileNumber, Names, Step};

/// How what was not synced is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// All of it.
    Everything,
    /// None of it, as after a kill.
    Nothing,
    /// All after some write, which is torn itself.
    Tail,
    /// Some of the writes, whichever they are.
    Writes,
    /// Each sector of this many bytes is as it was at some time since the last sync.
    Sectors(usize),
}

pub(crate) const LOSSES: [Loss; 6] =
    [Loss::Everything, Loss::Nothing, Loss::Tail, Loss::Writes, Loss::Sectors(512), Loss::Sectors(4096)];

/// The files of a directory after a power cut.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// What may be there if the power fails after so many steps.
pub(crate) fn image(before: &Content, steps: &[Step], loss: Loss, chance: &mut Chance) -> Image {
    let synced = Synced::of(steps);
    let mut files: BTreeMap<FileNumber, Vec<u8>> = BTreeMap::new();
    for (file, bytes) in before.values() {
        files.insert(*file, bytes.clone());
    }
    let mut choices: BTreeMap<FileNumber, Choice> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        let (Step::Write { file, .. } | Step::Truncate { file, .. }) = step else { continue };
        let choice = choices
            .entry(*file)
            .or_insert_with(|| Choice::new(loss, &synced.open_steps(steps, *file), chance));
        let bytes = files.entry(*file).or_default();
        let kept = if synced.has[index] { Kept::Whole } else { choice.of(index, chance) };
        apply(step, bytes, &kept, choice, index, chance);
    }
    let names = names(before, steps, &synced, loss, chance);
    names.into_iter().map(|(name, file)| (name, files.get(&file).cloned().unwrap_or_default())).collect()
}

pub(crate) fn write(image: &Image, directory: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    for (name, bytes) in image {
        let path = directory.join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Which steps are on disk for good.
struct Synced {
    has: Vec<bool>,
}

impl Synced {
    fn of(steps: &[Step]) -> Synced {
        let mut has = vec![false; steps.len()];
        // Steps that no sync was tried for yet, by file; names have a list of their own.
        let mut open: BTreeMap<FileNumber, Vec<usize>> = BTreeMap::new();
        let mut open_names = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            match step {
                Step::Write { file, .. } | Step::Truncate { file, .. } => {
                    open.entry(*file).or_default().push(index);
                }
                Step::Create { .. } | Step::Unlink { .. } | Step::Rename { .. } => open_names.push(index),
                Step::Sync { file, before, done } => {
                    let steps = open.entry(*file).or_default();
                    steps.iter().filter(|step| *step < before).for_each(|step| has[*step] = *done);
                    steps.retain(|step| step >= before);
                }
                // Names are kept by a journal, which is not taken for clean when it could not be written.
                Step::SyncNames { before, done: true } => {
                    open_names.iter().filter(|step| *step < before).for_each(|step| has[*step] = true);
                    open_names.retain(|step| step >= before);
                }
                Step::SyncNames { .. } | Step::Told { .. } => {}
            }
        }
        Synced { has }
    }

    /// The steps of a file that need not be there.
    fn open_steps(&self, steps: &[Step], file: FileNumber) -> Vec<usize> {
        let of_file = |step: &Step| matches!(step, Step::Write { file: other, .. } | Step::Truncate { file: other, .. } if *other == file);
        (0..steps.len()).filter(|index| !self.has[*index] && of_file(&steps[*index])).collect()
    }
}

/// What becomes of a file's steps that were not synced.
enum Choice {
    All,
    None,
    Until {
        last: usize,
    },
    Some {
        percent: usize,
    },
    /// By sector: the last step that reached it. The file's length follows one of its own.
    Sectors {
        size: usize,
        open: Vec<usize>,
        until: BTreeMap<usize, usize>,
        length: usize,
    },
}

enum Kept {
    Whole,
    Torn,
    BySector,
    Lost,
}

impl Choice {
    fn new(loss: Loss, open: &[usize], chance: &mut Chance) -> Choice {
        let any = |chance: &mut Chance| open.get(chance.below(open.len())).copied().unwrap_or_default();
        match loss {
            Loss::Everything => Choice::None,
            Loss::Nothing => Choice::All,
            Loss::Tail => Choice::Until { last: any(chance) },
            Loss::Writes => Choice::Some { percent: [10, 50, 90][chance.below(3)] },
            Loss::Sectors(size) => {
                let (open, until) = (open.to_vec(), BTreeMap::new());
                Choice::Sectors { size, length: any(chance), open, until }
            }
        }
    }

    fn of(&self, index: usize, chance: &mut Chance) -> Kept {
        let whole = |kept: bool| if kept { Kept::Whole } else { Kept::Lost };
        match self {
            Choice::All => Kept::Whole,
            Choice::None => Kept::Lost,
            Choice::Until { last } if index == *last => Kept::Torn,
            Choice::Until { last } => whole(index < *last),
            Choice::Some { percent } => whole(chance.percent(*percent)),
            Choice::Sectors { .. } => Kept::BySector,
        }
    }

    /// Whether a step reached a sector.
    fn reached(&mut self, sector: usize, index: usize, chance: &mut Chance) -> bool {
        let Choice::Sectors { open, until, .. } = self else { return true };
        // Before the first of them is a choice, too.
        let last = until.entry(sector).or_insert_with(|| match chance.below(open.len() + 1) {
            0 => 0,
            number => open[number - 1] + 1,
        });
        index < *last
    }
}

fn apply(
    step: &Step,
    bytes: &mut Vec<u8>,
    kept: &Kept,
    choice: &mut Choice,
    index: usize,
    chance: &mut Chance,
) {
    match (step, kept) {
        (_, Kept::Lost) => {}
        (Step::Truncate { length, .. }, Kept::BySector) => {
            if matches!(choice, Choice::Sectors { length: last, .. } if index <= *last) {
                bytes.resize(*length, 0);
            }
        }
        (Step::Truncate { length, .. }, _) => bytes.resize(*length, 0),
        (Step::Write { offset, data, .. }, Kept::Whole) => put(bytes, *offset, data),
        (Step::Write { offset, data, .. }, Kept::Torn) => {
            // Somewhere in it, at the end of a sector.
            let end = (*offset + chance.below(data.len() + 1)) / 512 * 512;
            put(bytes, *offset, &data[..end.saturating_sub(*offset).min(data.len())]);
        }
        (Step::Write { offset, data, .. }, Kept::BySector) => {
            let Choice::Sectors { size, .. } = choice else { return };
            let size = *size;
            let mut at = 0;
            while at < data.len() {
                let sector = (offset + at) / size;
                let end = ((sector + 1) * size - offset).min(data.len());
                if choice.reached(sector, index, chance) {
                    put(bytes, offset + at, &data[at..end]);
                }
                at = end;
            }
        }
        _ => {}
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

/// Which names lead to which files. Of those that were not synced, some may be lost; for each name, the later
/// ones first.
fn names(before: &Content, steps: &[Step], synced: &Synced, loss: Loss, chance: &mut Chance) -> Names {
    let mut names: Names = before.iter().map(|(name, (file, _))| (name.clone(), *file)).collect();
    let mut until: BTreeMap<String, usize> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        let (Step::Create { name, .. } | Step::Unlink { name } | Step::Rename { to: name, .. }) = step else {
            continue;
        };
        let kept = synced.has[index]
            || match loss {
                Loss::Everything => false,
                Loss::Nothing => true,
                _ => {
                    let last = until.entry(name.clone()).or_insert_with(|| chance.below(2 * steps.len() + 1));
                    index < *last
                }
            };
        if kept {
            step.rename(&mut names);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(file: FileNumber, offset: usize, data: &[u8]) -> Step {
        Step::Write { file, offset, data: data.to_vec() }
    }

    fn images(steps: &[Step], loss: Loss) -> Vec<Image> {
        (0..200).map(|seed| image(&Content::new(), steps, loss, &mut Chance::new(seed))).collect()
    }

    #[test]
    fn what_was_synced_is_there_and_nothing_else_need_be() {
        let created = Step::Create { name: "a".to_owned(), file: 1 };
        let named = [created.clone(), Step::SyncNames { before: 1, done: true }];
        let synced = [
            &named[..],
            &[write(1, 0, b"x"), Step::Sync { file: 1, before: 3, done: true }, write(1, 1, b"y")],
        ]
        .concat();
        for loss in LOSSES {
            assert!(images(&synced, loss).iter().all(|image| image["a"][0] == b'x'), "{loss:?}");
        }
        assert_eq!(images(&synced, Loss::Everything)[0]["a"], b"x");
        assert_eq!(images(&synced, Loss::Nothing)[0]["a"], b"xy");
        assert!(images(&[created], Loss::Everything)[0].is_empty());
        // A later sync does not help what an earlier one failed to write.
        let failed = [
            &named[..],
            &[write(1, 0, b"x"), Step::Sync { file: 1, before: 3, done: false }],
            &[Step::Sync { file: 1, before: 4, done: true }],
        ]
        .concat();
        assert_eq!(images(&failed, Loss::Everything)[0]["a"], b"");
    }

    #[test]
    fn sectors_are_lost_and_reordered_on_their_own() {
        let steps = [
            Step::Create { name: "a".to_owned(), file: 1 },
            Step::SyncNames { before: 1, done: true },
            write(1, 0, &[1; 1024]),
            write(1, 0, &[2; 1024]),
        ];
        let found: std::collections::BTreeSet<_> = images(&steps, Loss::Sectors(512))
            .iter()
            .map(|image| (image["a"].first().copied(), image["a"].get(512).copied()))
            .collect();
        for first in [1, 2] {
            for second in [1, 2] {
                assert!(found.contains(&(Some(first), Some(second))), "{found:?}");
            }
        }
        assert!(found.contains(&(None, None)) && found.contains(&(Some(0), Some(2))), "{found:?}");
        let torn = images(&steps, Loss::Tail);
        assert!(torn.iter().any(|image| image["a"].len() == 512));
    }
}
