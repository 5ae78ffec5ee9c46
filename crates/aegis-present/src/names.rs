//! Lists of names and of classes of waits: what is shown of each, and of those that are left out.

use aegis_engine::escape_capped;
use aegis_ledger::statistics::{Names, WAIT_BOUNDS_MS, Waits};

use crate::quantity::{duration, number};

/// The most characters of a name that are looked at before it is fitted.
pub(crate) const LONGEST_NAME: usize = 60;

/// What stands where there is no name.
pub(crate) const NO_NAME: &str = "-";

/// What was counted for names beyond the first `top`, and what to call them.
pub(crate) fn others<T: Clone + Default>(
    names: &Names<T>,
    top: usize,
    add: impl Fn(&mut T, &T),
) -> (T, Option<String>) {
    let mut rest = names.others.clone();
    for named in names.named.iter().skip(top) {
        add(&mut rest, &named.value);
    }
    let hidden = names.named.len().saturating_sub(top) as u64 + names.other_names.count;
    let about = if names.other_names.estimated { "about " } else { "" };
    (rest, (hidden > 0).then(|| format!("({about}{} more)", number(hidden))))
}

/// A name that is safe to show, whoever made it up.
pub(crate) fn shown(name: Option<&str>) -> String {
    name.map_or_else(|| NO_NAME.to_owned(), |name| escape_capped(name, LONGEST_NAME))
}

/// The classes of the histogram from the first that holds something to the last.
pub(crate) fn wait_classes(waits: &Waits) -> Vec<(String, u64)> {
    let labels = WAIT_BOUNDS_MS.iter().map(|bound| format!("up to {}", duration(*bound)));
    let last = WAIT_BOUNDS_MS.last().map(|bound| format!("over {}", duration(*bound)));
    let mut classes: Vec<_> = labels.chain(last).zip(waits.histogram).collect();
    while classes.last().is_some_and(|(_, count)| *count == 0) {
        classes.pop();
    }
    classes.into_iter().skip_while(|(_, count)| *count == 0).collect()
}
