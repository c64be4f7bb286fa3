//! Numbers and quoted text as Go's `strconv` reads and writes them.

use crate::gotemplate::unicode;

/// `ParseInt(text, base, 64)`; base 0 goes by the prefix and allows underscores.
pub(super) fn parse_int(text: &str, base: u32) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = parse_uint(digits, base)?;
    if negative {
        (magnitude <= 1 << 63).then(|| (magnitude as i64).wrapping_neg())
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// `ParseUint(text, base, 64)`.
pub(super) fn parse_uint(text: &str, base: u32) -> Option<u64> {
    let mut digits = text;
    let mut radix = base;
    if base == 0 {
        (radix, digits) = match text.as_bytes() {
            [b'0', b'x' | b'X', _, ..] => (16, &text[2..]),
            [b'0', b'b' | b'B', _, ..] => (2, &text[2..]),
            [b'0', b'o' | b'O', _, ..] => (8, &text[2..]),
            [b'0', _, ..] => (8, &text[1..]),
            _ => (10, text),
        };
        if !underscores_fine(text) {
            return None;
        }
    }
    let mut value: u64 = 0;
    let mut any = false;
    for c in digits.chars() {
        if c == '_' && base == 0 {
            continue;
        }
        let digit = c.to_digit(radix)?;
        value = value.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))?;
        any = true;
    }
    any.then_some(value)
}

/// Underscores only between digits, or between the prefix and the first digit.
fn underscores_fine(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-']);
    if !text.contains('_') {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    let prefixed = ["0x", "0b", "0o"].iter().any(|prefix| lower.starts_with(prefix));
    let hex = lower.starts_with("0x");
    let (mut last, rest) = if prefixed { ('0', &lower[2..]) } else { ('^', &lower[..]) };
    for c in rest.chars() {
        let digit = c.is_ascii_digit() || hex && c.is_ascii_hexdigit();
        match (last, c) {
            (_, _) if digit => last = '0',
            ('0', '_') => last = '_',
            (_, '_') | ('_', _) => return false,
            _ => last = '!',
        }
    }
    last != '_'
}

/// `ParseFloat(text, 64)`; `None` for syntax errors and for numbers out of range.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = rest.to_ascii_lowercase();
    let magnitude = match lower.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => return Some(f64::NAN),
        _ if lower.starts_with("0x") => parse_hex_float(&lower)?,
        _ => {
            // Underscores are for base prefixes only, which decimal floats do not have.
            let plain = lower.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'));
            let value: f64 = if plain { rest.parse().ok()? } else { return None };
            if value.is_infinite() {
                return None;
            }
            value
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn parse_hex_float(lower: &str) -> Option<f64> {
    if !underscores_fine(lower) {
        return None;
    }
    let (mantissa, exponent) = lower[2..].split_once('p')?;
    let exponent: i32 = exponent.replace('_', "").parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (mut value, mut scale, mut any) = (0u128, 0i32, false);
    for (digits, of_fraction) in [(whole, false), (fraction, true)] {
        for c in digits.chars().filter(|c| *c != '_') {
            let digit = c.to_digit(16)?;
            any = true;
            if value < 1 << 100 {
                value = value * 16 + u128::from(digit);
                scale -= if of_fraction { 4 } else { 0 };
            } else if !of_fraction {
                scale += 4;
            }
        }
    }
    let value = value as f64 * 2f64.powi(exponent.checked_add(scale)?.clamp(-2000, 2000));
    (any && value.is_finite()).then_some(value)
}

/// The shortest decimal digits that read back as `value`, without sign, and the place of the point.
///
/// `0.00125` is `("125", -2)`: the number is 0.DIGITS times ten to that power.
pub(super) fn shortest(value: f64) -> (String, i32) {
    if value == 0.0 {
        return ("0".to_owned(), 1);
    }
    digits_of(&format!("{:e}", value.abs()))
}

/// As [`shortest`], rounded to `count` significant digits.
pub(super) fn rounded(value: f64, count: usize) -> (String, i32) {
    if value == 0.0 {
        return ("0".repeat(count), 1);
    }
    digits_of(&format!("{:.*e}", count - 1, value.abs()))
}

fn digits_of(scientific: &str) -> (String, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    (mantissa.replace('.', ""), exponent + 1)
}

/// `FormatFloat(value, verb, precision, 64)` for the verbs `e`, `f` and `g`; without precision, shortest.
pub(super) fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{}Inf", if sign.is_empty() { "+" } else { sign });
    }
    let body = match (verb, precision) {
        ('e', None) => scientific(&shortest(value)),
        ('e', Some(precision)) => scientific(&rounded(value, precision + 1)),
        ('f', None) => plain(&shortest(value)),
        ('f', Some(precision)) => format!("{:.precision$}", value.abs()),
        (_, precision) => general(value, precision),
    };
    format!("{sign}{body}")
}

/// `%g`: scientific for exponents below -4 or not below the precision; six for the shortest digits.
fn general(value: f64, precision: Option<usize>) -> String {
    let Some(precision) = precision.map(|precision| precision.max(1)) else {
        let (digits, point) = shortest(value);
        return general_of(digits, point, 6);
    };
    let (mut digits, point) = rounded(value, precision);
    digits.truncate(digits.trim_end_matches('0').len().max(1));
    let count = digits.len() as i32;
    let wanted = precision as i32;
    general_of(digits, point, if wanted > count && count >= point { count } else { wanted })
}

fn general_of(digits: String, point: i32, limit: i32) -> String {
    let exponent = point - 1;
    let number = (digits, point);
    if exponent < -4 || exponent >= limit { scientific(&number) } else { plain(&number) }
}

pub(super) fn scientific((digits, point): &(String, i32)) -> String {
    let exponent = if digits.bytes().all(|b| b == b'0') { 0 } else { point - 1 };
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{dot}{rest}e{sign}{:02}", exponent.abs())
}

fn plain((digits, point): &(String, i32)) -> String {
    let count = digits.len() as i32;
    if *point <= 0 {
        return format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize));
    }
    if *point >= count {
        return format!("{digits}{}", "0".repeat((point - count) as usize));
    }
    let (whole, fraction) = digits.split_at(*point as usize);
    format!("{whole}.{fraction}")
}

/// `strconv.Quote`, which is what `%q` prints of a string.
pub(super) fn quote(text: &[u8]) -> String {
    quote_with(text, '"', false)
}

pub(super) fn quote_with(text: &[u8], delimiter: char, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(delimiter);
    for (c, bytes) in unicode::runes(text) {
        if unicode::is_invalid(c, bytes) {
            out.push_str(&format!("\\x{:02x}", bytes[0]));
        } else {
            escape_into(&mut out, c, delimiter, ascii);
        }
    }
    out.push(delimiter);
    out
}

fn escape_into(out: &mut String, c: char, delimiter: char, ascii: bool) {
    match c {
        '\\' => out.push_str("\\\\"),
        c if c == delimiter => {
            out.push('\\');
            out.push(c);
        }
        c if unicode::is_print(c) && (c.is_ascii() || !ascii) => out.push(c),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        c if c < ' ' || c == '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if u32::from(c) < 0x10000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
    }
}

/// `strconv.Unquote` of a text in double quotes or backquotes.
pub(super) fn unquote(quoted: &str) -> Option<Vec<u8>> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if quoted.starts_with('`') {
        return Some(inner.bytes().filter(|byte| *byte != b'\r').collect());
    }
    unquote_inner(inner, '"')
}

/// `strconv.UnquoteChar` of a character constant in single quotes.
pub(super) fn unquote_char(quoted: &str) -> Option<i64> {
    let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut chars = inner.chars();
    let first = chars.next()?;
    if first == '\'' {
        return None;
    }
    let value = if first == '\\' {
        match unescape(&mut chars, '\'')? {
            Unescaped::Byte(byte) => i64::from(byte),
            Unescaped::Char(c) => i64::from(u32::from(c)),
        }
    } else {
        i64::from(u32::from(first))
    };
    chars.next().is_none().then_some(value)
}

fn unquote_inner(inner: &str, delimiter: char) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match unescape(&mut chars, delimiter)? {
            Unescaped::Byte(byte) => out.push(byte),
            Unescaped::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(out)
}

enum Unescaped {
    Byte(u8),
    Char(char),
}

fn unescape(chars: &mut std::str::Chars<'_>, delimiter: char) -> Option<Unescaped> {
    let c = chars.next()?;
    let plain = match c {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' => '\\',
        '\'' | '"' if c == delimiter => c,
        'x' => return digits(chars, 2, 16).and_then(|code| u8::try_from(code).ok()).map(Unescaped::Byte),
        'u' => return digits(chars, 4, 16).and_then(char::from_u32).map(Unescaped::Char),
        'U' => return digits(chars, 8, 16).and_then(char::from_u32).map(Unescaped::Char),
        '0'..='7' => {
            let rest = digits(chars, 2, 8)?;
            let code = c.to_digit(8)? * 64 + rest;
            return u8::try_from(code).ok().map(Unescaped::Byte);
        }
        _ => return None,
    };
    Some(Unescaped::Char(plain))
}

fn digits(chars: &mut std::str::Chars<'_>, count: usize, radix: u32) -> Option<u32> {
    let mut value: u32 = 0;
    for _ in 0..count {
        value = value.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_floats_as_go_does() {
        for (value, verb, precision, expected) in [
            (1e6, 'g', None, "1e+06"),
            (999_999.0, 'g', None, "999999"),
            (123_456_789.0, 'g', None, "1.23456789e+08"),
            (0.0001, 'g', None, "0.0001"),
            (0.00001, 'g', None, "1e-05"),
            (0.0, 'g', None, "0"),
            (-0.0, 'g', None, "-0"),
            (1.0 / 3.0, 'g', None, "0.3333333333333333"),
            (1e21, 'g', None, "1e+21"),
            (100_000.0, 'g', Some(3), "1e+05"),
            (1.5, 'g', Some(10), "1.5"),
            (1234.5, 'e', Some(6), "1.234500e+03"),
            (1e21, 'f', None, "1000000000000000000000"),
            (2.5, 'f', Some(0), "2"),
            (0.0, 'e', Some(2), "0.00e+00"),
        ] {
            assert_eq!(format_float(value, verb, precision), expected, "{value} {verb} {precision:?}");
        }
    }

    #[test]
    fn parses_integers_by_their_prefix() {
        for (text, expected) in [
            ("0x1F", Some(31)),
            ("017", Some(15)),
            ("0", Some(0)),
            ("08", None),
            ("1_000", Some(1000)),
            ("1__0", None),
            ("_1", None),
            ("0x_1", Some(1)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("", None),
        ] {
            assert_eq!(parse_int(text, 0), expected, "{text}");
        }
    }
}
