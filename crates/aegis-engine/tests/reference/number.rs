//! Numbers as decimal digits: equal and ordered exactly, whatever their size.

use std::cmp::Ordering;

/// A number as written, as ECMAScript writes it, and as the decimal digits of its exact value.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) canonical: String,
    negative: bool,
    whole: String,
    fraction: String,
}

impl Number {
    pub(crate) fn new(text: &str, canonical: &str) -> Number {
        let is_float = text.contains(['.', 'e', 'E']) || text == "-0";
        let decimal =
            if is_float { format!("{:.1074}", text.parse::<f64>().unwrap()) } else { text.to_owned() };
        let unsigned = decimal.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        Number {
            text: text.to_owned(),
            canonical: canonical.to_owned(),
            negative: decimal.starts_with('-') && !(whole.is_empty() && fraction.is_empty()),
            whole: whole.to_owned(),
            fraction: fraction.to_owned(),
        }
    }

    pub(crate) fn compare(&self, other: &Number) -> Ordering {
        let size = |number: &Number| (number.whole.len(), number.whole.clone(), number.fraction.clone());
        match (self.negative, other.negative) {
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}
