//! Which columns there is room for, and how wide they are.

use super::column::{Column, ID_LENGTH, SHORT_TIME_LENGTH, TIME_LENGTH};

/// How many columns of the terminal are between two cells.
pub(super) const GAP: usize = 2;
/// The widest that a cell is.
pub(super) const WIDEST_CELL: usize = 40;
/// The narrowest that a word from outside is shown while any column can still give way; the same of type and
/// target, beside which a terminal of 80 columns has room for the time; and of all of them after that.
const NARROW_WORD: usize = 8;
const NARROW_NAME: usize = 6;
const NARROWEST_WORD: usize = 4;
/// The same of an id: its time to the millisecond, and to about a minute.
const NARROW_ID: usize = "01939f2b-4a5c".len();
const NARROWEST_ID: usize = 8;

/// A column and its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) column: Column,
    pub(super) width: usize,
}

/// How much room is to be divided, and whether columns may give way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// The columns of the terminal that may be written to; without bounds where there is none.
    pub(super) width: Option<usize>,
    /// Whether the columns were asked for by name: then all are shown.
    pub(super) named: bool,
}

/// Divides the room among columns whose longest cells are known.
pub(super) fn plan(wanted: &[(Column, usize)], room: Room) -> Vec<Planned> {
    let mut shown = wanted.to_vec();
    let Some(width) = room.width else {
        return shown.into_iter().map(|(column, width)| Planned { column, width }).collect();
    };
    let fits = |shown: &[(Column, usize)]| least(shown, narrow) <= width;
    for column in Column::GIVING_WAY {
        if room.named || fits(&shown) {
            break;
        }
        shown.retain(|(other, _)| *other != column);
    }
    let narrowest = if fits(&shown) { narrow } else { narrowest };
    let mut planned: Vec<_> = shown
        .iter()
        .map(|(column, content)| Planned { column: *column, width: narrowest(*column, *content) })
        .collect();
    let mut left = width.saturating_sub(least(&shown, narrowest));
    // Words come first, the narrowest of them before the others; ids and times say enough as they are.
    for is_next in [Column::is_word as fn(Column) -> bool, |column| column == Column::Id] {
        while let Some(planned) = planned
            .iter_mut()
            .zip(&shown)
            .filter(|(planned, (column, content))| is_next(*column) && planned.width < *content)
            .map(|(planned, _)| planned)
            .min_by_key(|planned| planned.width)
            && left > 0
        {
            planned.width += 1;
            left -= 1;
        }
    }
    if let Some(time) = planned.iter_mut().find(|planned| planned.column == Column::Time)
        && time.width + left >= TIME_LENGTH
    {
        time.width = TIME_LENGTH;
    }
    planned
}

impl Column {
    /// Whether it holds words from outside, which may be cut.
    pub(super) const fn is_word(self) -> bool {
        matches!(
            self,
            Column::Session
                | Column::Agent
                | Column::Action
                | Column::Target
                | Column::By
                | Column::Rule
                | Column::Error
                | Column::Host
                | Column::User
        )
    }
}

fn least(shown: &[(Column, usize)], narrowest: fn(Column, usize) -> usize) -> usize {
    let cells: usize = shown.iter().map(|(column, content)| narrowest(*column, *content)).sum();
    cells + GAP * shown.len().saturating_sub(1)
}

fn narrow(column: Column, content: usize) -> usize {
    match column {
        Column::Time => content.min(SHORT_TIME_LENGTH),
        Column::Id => content.min(NARROW_ID),
        // A session's id is no use in part.
        Column::Session => content.min(ID_LENGTH),
        Column::Action | Column::Target => content.min(NARROW_NAME),
        column if column.is_word() => content.min(NARROW_WORD),
        _ => content,
    }
}

fn narrowest(column: Column, content: usize) -> usize {
    match column {
        Column::Id => content.min(NARROWEST_ID),
        column if column.is_word() => content.min(NARROWEST_WORD),
        column => narrow(column, content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns that are shown where nobody says, with cells of these lengths.
    fn contents() -> Vec<(Column, usize)> {
        Column::SHOWN.into_iter().zip([25, 18, 12, 14, 11, 30, 8, 10, 12, 19, 7]).collect()
    }

    #[test]
    fn columns_give_way_in_their_order_and_the_rest_fits() {
        let mut before = Column::SHOWN.len();
        for width in (20..260).rev() {
            let planned = plan(&contents(), Room { width: Some(width), named: false });
            let used: usize = planned.iter().map(|planned| planned.width).sum();
            let used = used + GAP * (planned.len() - 1);
            assert!(used <= width.max(34), "{width}: {planned:?}");
            let gone = Column::SHOWN.len() - planned.len();
            let expected: Vec<_> = Column::SHOWN
                .into_iter()
                .filter(|column| !Column::GIVING_WAY[..gone].contains(column))
                .collect();
            assert_eq!(planned.iter().map(|planned| planned.column).collect::<Vec<_>>(), expected, "{width}");
            assert!(planned.len() <= before, "{width}: more columns where there is less room");
            before = planned.len();
        }
        assert_eq!(before, 4);
    }

    #[test]
    fn columns_that_were_named_are_all_shown() {
        let planned = plan(&contents(), Room { width: Some(60), named: true });
        assert_eq!(planned.len(), contents().len());
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let planned = plan(&contents(), Room { width: None, named: false });
        assert!(planned.iter().zip(contents()).all(|(planned, (_, content))| planned.width == content));
    }
}
