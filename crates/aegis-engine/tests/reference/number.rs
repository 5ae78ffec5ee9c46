//! Numbers as decimal digits: equal and ordered exactly, whatever their size.

use std::cmp::Ordering;

/// A number as written, in its canonical form, and as decimal digits.
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
        let unsigned = text.trim_start_matches('-');
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (mut whole, mut fraction) = (whole.to_owned(), fraction.to_owned());
        // One place at a time, as one learns it at school.
        let exponent: i32 = exponent.parse().unwrap();
        for _ in 0..exponent {
            whole.push(if fraction.is_empty() { '0' } else { fraction.remove(0) });
        }
        for _ in exponent..0 {
            fraction.insert(0, whole.pop().unwrap_or('0'));
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        Number {
            text: text.to_owned(),
            canonical: canonical.to_owned(),
            negative: text.starts_with('-') && !(whole.is_empty() && fraction.is_empty()),
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
