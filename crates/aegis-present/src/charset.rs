//! Which characters a terminal can show, and the bars and sparklines made of them.

/// Eighths of a column, from one on.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// Heights, from the lowest that is not nothing.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN_HEIGHTS: [char; 8] = ['.', ':', '-', '=', '+', '*', '#', '@'];

/// Which characters a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// Block elements.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

impl Charset {
    /// A bar for `value`, where `most` fills `width` columns. What is not nothing can be seen.
    pub(crate) fn bar(self, value: u64, most: u64, width: usize) -> String {
        let (full, rest) = match self {
            Charset::Unicode => {
                let eighths = scaled(value, most, width.saturating_mul(8));
                (eighths / 8, eighths % 8)
            }
            Charset::Ascii => (scaled(value, most, width), 0),
        };
        let block = if self == Charset::Unicode { '█' } else { '#' };
        let mut bar: String = std::iter::repeat_n(block, full).collect();
        bar.extend(rest.checked_sub(1).and_then(|index| EIGHTHS.get(index)));
        bar
    }

    /// One character for each value, as high as it is; nothing is a blank.
    pub(crate) fn sparkline(self, values: &[u64]) -> String {
        let most = values.iter().copied().max().unwrap_or_default();
        let heights = if self == Charset::Unicode { HEIGHTS } else { PLAIN_HEIGHTS };
        let height =
            |value: u64| scaled(value, most, heights.len()).checked_sub(1).and_then(|at| heights.get(at));
        values.iter().map(|value| height(*value).copied().unwrap_or(' ')).collect()
    }

    /// What says that something was cut off.
    pub(crate) const fn ellipsis(self) -> &'static str {
        match self {
            Charset::Unicode => "…",
            Charset::Ascii => "...",
        }
    }
}

/// `value` of `most` as a part of `whole`, rounded; at least 1 where it is not nothing.
fn scaled(value: u64, most: u64, whole: usize) -> usize {
    if value == 0 || most == 0 || whole == 0 {
        return 0;
    }
    let (value, most, whole) = (u128::from(value.min(most)), u128::from(most), whole as u128);
    usize::try_from((value * whole + most / 2) / most).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share_and_never_vanishes() {
        let bar = |value| Charset::Unicode.bar(value, 80, 10);
        assert_eq!((bar(80).as_str(), bar(40).as_str()), ("██████████", "█████"));
        assert_eq!((bar(0).as_str(), bar(1).as_str(), bar(11).as_str()), ("", "▏", "█▍"));
        assert_eq!(Charset::Ascii.bar(40, 80, 10), "#####");
        assert_eq!(Charset::Ascii.bar(1, u64::MAX, 10), "#");
        assert_eq!(Charset::Ascii.bar(u64::MAX, u64::MAX, 3), "###");
        assert_eq!(
            (Charset::Unicode.bar(5, 0, 10), Charset::Ascii.bar(5, 9, 0)),
            (String::new(), String::new())
        );
    }

    #[test]
    fn a_sparkline_has_one_character_for_each_value() {
        assert_eq!(Charset::Unicode.sparkline(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(Charset::Ascii.sparkline(&[0, 1, 4, 8]), " .=@");
        assert_eq!(Charset::Ascii.sparkline(&[]), "");
    }
}
