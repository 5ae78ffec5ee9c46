//! Numbers as decimals: exactly as they are written, whatever a float would make of them.

use std::cmp::Ordering;

use serde_json::Number;

/// The most decimal places that a number may have. The smallest that a float can hold needs 1074; with more,
/// a few bytes such as `1e-999999999` would be a number that no sum can hold.
pub(crate) const MOST_PLACES: i64 = 1100;

/// A decimal number: plus or minus 0.DIGITS × 10^`point`.
///
/// It takes as much memory as the number's text, and comparing two takes no longer than reading both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without zeros in front or behind; zero has none at all.
    digits: String,
    point: i64,
}

impl Decimal {
    /// Reads a number as JSON or YAML writes it: a sign, digits, a fraction, an exponent. `None` if it is no
    /// number.
    pub(crate) fn parse(text: &str) -> Option<Decimal> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = all.trim_start_matches('0');
        let leading = all.len() - significant.len();
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Decimal { negative: false, digits, point: 0 });
        }
        let point = exponent.saturating_add(length(whole)).saturating_sub(length_of(leading));
        Some(Decimal { negative: text.starts_with('-'), digits, point })
    }

    /// A number's value.
    pub(crate) fn of(number: &Number) -> Decimal {
        // Every `Number` is one.
        let zero = Decimal { negative: false, digits: String::new(), point: 0 };
        Decimal::parse(number.as_str()).unwrap_or(zero)
    }

    /// How many decimal places it has.
    fn places(&self) -> i64 {
        length(&self.digits).saturating_sub(self.point).max(0)
    }

    /// The one text of the number: numbers have the same exactly when they are equal, and reading it gives
    /// the number again.
    ///
    /// Digits are laid out as ECMAScript does (RFC 8785, section 3.2.2.3), and all of them are written. Whole
    /// numbers beyond 64 bits have an exponent: without one, no reader of actions would take them.
    pub(crate) fn canonical(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = self.digits.as_str();
        let at = |place: i64| digits.split_at(usize::try_from(place).unwrap_or(0).min(digits.len()));
        match (self.point, length(digits)) {
            (_, 0) => "0".to_owned(),
            (point, count) if count <= point && point <= 20 => {
                let whole = format!("{sign}{digits}{}", zeros(point - count));
                if is_of_64_bits(&whole) { whole } else { self.with_exponent(sign) }
            }
            (point, count) if 0 < point && point <= 21 && point < count => {
                let (whole, fraction) = at(point);
                format!("{sign}{whole}.{fraction}")
            }
            (point, _) if -6 < point && point <= 0 => format!("{sign}0.{}{digits}", zeros(-point)),
            _ => self.with_exponent(sign),
        }
    }

    fn with_exponent(&self, sign: &str) -> String {
        let (first, rest) = self.digits.split_at(self.digits.len().min(1));
        let exponent = self.point.saturating_sub(1);
        let (dot, plus) = (if rest.is_empty() { "" } else { "." }, if exponent < 0 { "" } else { "+" });
        format!("{sign}{first}{dot}{rest}e{plus}{exponent}")
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let size = |number: &Decimal| (!number.digits.is_empty(), number.point);
        let magnitudes =
            || size(self).cmp(&size(other)).then_with(|| self.digits.as_bytes().cmp(other.digits.as_bytes()));
        match (self.negative, other.negative) {
            (false, false) => magnitudes(),
            (true, true) => magnitudes().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The number that a text with a fraction or an exponent denotes, if it is one that can be held: finite as a
/// float, and of not too many decimal places. Otherwise, what is wrong with it.
pub(crate) fn held(text: &str) -> Result<Decimal, &'static str> {
    let decimal = Decimal::parse(text).ok_or("is not a number")?;
    if !text.parse::<f64>().is_ok_and(f64::is_finite) {
        return Err("is too large to be held");
    }
    if decimal.places() > MOST_PLACES {
        return Err("has more than 1100 decimal places");
    }
    Ok(decimal)
}

/// The integer that a text denotes, as it is written, if 64 bits hold it.
pub(crate) fn integer(text: &str) -> Option<Number> {
    is_of_64_bits(text).then(|| text.parse().ok())?
}

fn is_of_64_bits(text: &str) -> bool {
    text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
}

/// Reads an exponent. One that is out of all range is as large as can be.
fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(i64::MAX);
    Some(if text.starts_with('-') { -size } else { size })
}

fn zeros(count: i64) -> String {
    "0".repeat(usize::try_from(count).unwrap_or(0))
}

fn length(text: &str) -> i64 {
    length_of(text.len())
}

fn length_of(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn every_number_has_one_text() {
        for (canonical, all) in [
            ("0", "0 -0 0.0 -0.000 0e9 0e-999999999999999999999 +0 .0 0."),
            ("100", "100 100.0 1e2 1E+2 0.1e3 1000e-1 100.000000000000000000000 1e0000000000000000000000002"),
            ("100.00000000000000001", "100.00000000000000001 10000000000000000001e-17"),
            ("-1.5", "-1.5 -15e-1 -0.15e1 -1.50"),
            ("0.000001", "0.000001 1e-6"),
            ("1e-7", "0.0000001 1e-7 .1e-6"),
            ("18446744073709551615", "18446744073709551615 18446744073709551615.0 1844674407370955161.5e1"),
            ("1.8446744073709551616e+19", "18446744073709551616 18446744073709551616.0"),
            ("-9223372036854775808", "-9223372036854775808 -9223372036854775808.0"),
            ("-9.223372036854775809e+18", "-9223372036854775809"),
            ("1e+20", "1e20 100000000000000000000"),
            ("123456789012345678901.5", "123456789012345678901.5 1.234567890123456789015e20"),
            ("1.2345678901234567890125e+21", "1234567890123456789012.5"),
            ("1e+21", "1e21"),
            ("12", "12 012 +12 12."),
        ] {
            for text in all.split(' ') {
                assert_eq!(decimal(text).canonical(), canonical, "{text}");
                assert_eq!(decimal(text), decimal(canonical), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_told_apart() {
        for text in
            ["", "-", "+", ".", "e1", "1e", "1e+", "1e1.5", "1.2.3", "1_000", "--1", "0x1f", "1 ", "١"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_in_order_however_large_their_exponents() {
        let ascending = [
            "-1e999999999999999999999",
            "-1e999999999",
            "-101",
            "-100.00000000000000001",
            "-100",
            "-1e-999999999",
            "0",
            "1e-999999999",
            "0.1",
            "0.10000000000000000555",
            "0.11",
            "1",
            "99.99999999999999999999",
            "1e2",
            "100.00000000000000001",
            "9007199254740993",
            "1e999999999",
        ];
        for (left, place) in ascending.iter().zip(0..) {
            for (right, other) in ascending.iter().zip(0..) {
                assert_eq!(decimal(left).cmp(&decimal(right)), place.cmp(&other), "{left} and {right}");
            }
        }
    }

    #[test]
    fn only_what_sums_can_hold_is_held() {
        for (text, problem) in [
            ("1e308", None),
            ("1e309", Some("is too large to be held")),
            ("-1e999999999999999999999", Some("is too large to be held")),
            ("0e999999999999999999999", None),
            ("1e-1100", None),
            ("1e-1101", Some("has more than 1100 decimal places")),
            ("1e-999999999999999999999", Some("has more than 1100 decimal places")),
            ("5e-324", None),
        ] {
            assert_eq!(held(text).err(), problem, "{text}");
        }
        assert!(held(&format!("1.{}", "0".repeat(5000))).is_ok(), "zeros are no places");
        assert!(held(&format!("1.{}1", "0".repeat(1100))).is_err());
    }

    proptest! {
        #[test]
        fn the_text_of_a_float_is_the_one_of_rfc_8785(bits in any::<u64>()) {
            let float = f64::from_bits(bits);
            prop_assume!(float.is_finite());
            let ecma = ryu_js::Buffer::new().format_finite(float).to_owned();
            let canonical = decimal(&ecma).canonical();
            prop_assert_eq!(canonical.parse::<f64>().unwrap().partial_cmp(&float), Some(Ordering::Equal));
            if ecma.contains(['.', 'e']) {
                prop_assert_eq!(canonical, ecma);
            }
        }

        #[test]
        fn short_decimals_are_compared_and_written_as_integers_are(
            left in -100_000_i64..100_000, right in -100_000_i64..100_000, places in 0..8_u32,
        ) {
            let text = |number: i64| format!("{number}e-{places}");
            prop_assert_eq!(decimal(&text(left)).cmp(&decimal(&text(right))), left.cmp(&right));
            let (once, again) = (decimal(&text(left)), decimal(&decimal(&text(left)).canonical()));
            prop_assert_eq!(once, again);
        }
    }
}
