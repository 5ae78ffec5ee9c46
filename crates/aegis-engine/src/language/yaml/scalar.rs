//! What a plain scalar means: YAML 1.2's core schema, in which `no` is a string and `0x1f` a number.

use serde_json::Number;

use crate::language::yaml::node::Kind;
use crate::text::decimal;

/// Whether a scalar is of the kind that a tag of the core schema names.
pub(super) fn has_tag(kind: &Kind, wanted: &str) -> bool {
    match kind {
        Kind::Null => wanted == "null",
        Kind::Bool(_) => wanted == "bool",
        Kind::Number(number) => wanted == "float" || (wanted == "int" && !number.is_f64()),
        _ => false,
    }
}

/// YAML 1.2.2, section 10.3.2: tag resolution of the core schema.
pub(super) fn resolve(text: &str) -> Result<Kind, &'static str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Kind::Null),
        "true" | "True" | "TRUE" => return Ok(Kind::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Kind::Bool(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err("is not finite");
    }
    let radix = match text.get(..2) {
        Some("0x") => Some((16, text.get(2..).unwrap_or_default())),
        Some("0o") => Some((8, text.get(2..).unwrap_or_default())),
        _ => None,
    };
    if let Some((radix, digits)) = radix
        && !digits.is_empty()
        && digits.chars().all(|digit| digit.is_digit(radix))
    {
        let number =
            u64::from_str_radix(digits, radix).map_err(|_| "is an integer outside the 64-bit range")?;
        return Ok(Kind::Number(number.into()));
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let signed = text.strip_prefix('+').unwrap_or(text);
        let negative = if signed.starts_with('-') { "-" } else { "" };
        let digits = match unsigned.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let integer = decimal::integer(&format!("{negative}{digits}"));
        return integer.map(Kind::Number).ok_or("is an integer outside the 64-bit range");
    }
    if is_core_float(unsigned) {
        return float(text).map(Kind::Number);
    }
    Ok(Kind::String(text.to_owned()))
}

/// A number with a fraction or an exponent, as JSON writes it: it remains one, also where it is whole.
fn float(text: &str) -> Result<Number, &'static str> {
    let mut written = decimal::held(text)?.canonical();
    if !written.contains(['.', 'e']) {
        written.push_str(".0");
    }
    written.parse().map_err(|_| "is not a number")
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_core_float(unsigned: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}
