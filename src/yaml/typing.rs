//! What a plain scalar means: go-yaml v2's rules (`resolve.go` of `go.yaml.in/yaml/v2`, YAML 1.1), then the trip
//! through JSON that every manifest makes on its way into Kubernetes (`sigs.k8s.io/yaml`).

use super::node::Value;

/// A scalar as go-yaml v2 resolves it, before the trip through JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer above `i64::MAX`.
    UInt(u64),
    Float(f64),
    Str(&'a str),
}

/// What the tag of a scalar asks for; collections ignore their tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Binary,
    Merge,
    /// Any other tag leaves the text as it is.
    Other,
}

impl Tag {
    /// The tag with this short name, such as `!!str`.
    pub(super) fn of(short: &str) -> Self {
        match short {
            "!!str" => Self::Str,
            "!!bool" => Self::Bool,
            "!!int" => Self::Int,
            "!!float" => Self::Float,
            "!!null" => Self::Null,
            "!!timestamp" => Self::Timestamp,
            "!!binary" => Self::Binary,
            "!!merge" => Self::Merge,
            _ => Self::Other,
        }
    }
}

/// Resolves the text of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> Scalar<'_> {
    let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => match special_float(text) {
            Some(float) => Scalar::Float(float),
            None => go_float(text).map_or(Scalar::Str(text), Scalar::Float),
        },
        b'0'..=b'9' => number(text),
        b'+' | b'-' => special_float(text).map_or_else(|| number(text), Scalar::Float),
        _ => Scalar::Str(text),
    }
}

/// Resolves a scalar that has a tag; None if go-yaml refuses the text for that tag.
pub(super) fn resolve_tagged(tag: Tag, text: &str) -> Option<Scalar<'_>> {
    let found = resolve(text);
    match (tag, found) {
        (Tag::Str | Tag::Binary | Tag::Merge | Tag::Other, _) => Some(Scalar::Str(text)),
        (Tag::Bool, Scalar::Bool(_))
        | (Tag::Int, Scalar::Int(_) | Scalar::UInt(_))
        | (Tag::Float, Scalar::Float(_))
        | (Tag::Null, Scalar::Null) => Some(found),
        (Tag::Float, Scalar::Int(int)) => Some(Scalar::Float(int as f64)),
        (Tag::Timestamp, Scalar::Str(_)) if is_timestamp(text) => Some(found),
        (Tag::Bool | Tag::Int | Tag::Float | Tag::Null | Tag::Timestamp, _) => None,
    }
}

/// Whether the text of a plain scalar is an infinity or not a number, which JSON cannot hold.
pub(super) fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn word(text: &str) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Str(text),
    }
}

fn number(text: &str) -> Scalar<'_> {
    if !text.bytes().all(may_be_in_number) {
        return Scalar::Str(text);
    }
    let bare;
    let digits = if text.contains('_') {
        bare = text.replace('_', "");
        &bare
    } else {
        text
    };
    number_of(digits).map_or(Scalar::Str(text), |number| match number {
        Number::Int(int) => Scalar::Int(int),
        Number::UInt(int) => Scalar::UInt(int),
        Number::Float(float) => Scalar::Float(float),
    })
}

fn may_be_in_number(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'x' | b'X' | b'o' | b'O')
}

enum Number {
    Int(i64),
    UInt(u64),
    Float(f64),
}

fn number_of(text: &str) -> Option<Number> {
    if let Some(int) = go_int(text, 0) {
        return Some(Number::Int(int));
    }
    if let Some(int) = go_uint(text, 0) {
        return Some(Number::UInt(int));
    }
    if is_yaml_float(text)
        && let Some(float) = finite(text)
    {
        return Some(Number::Float(float));
    }
    // go-yaml's own leniency: `0b-1` is -1.
    let rest = text.strip_prefix("0b")?;
    match go_int(rest, 2) {
        Some(int) => Some(Number::Int(int)),
        None => go_uint(rest, 2).map(Number::UInt),
    }
}

/// `strconv.ParseInt(text, base, 64)`; base 0 goes by the prefix.
fn go_int(text: &str, base: u32) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = go_uint(digits, base)?;
    if negative { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// `strconv.ParseUint(text, base, 64)`; base 0 goes by the prefix.
fn go_uint(text: &str, base: u32) -> Option<u64> {
    let (digits, base) = match (base, text.as_bytes()) {
        (0, [b'0', b'b' | b'B', _, ..]) => (&text[2..], 2),
        (0, [b'0', b'o' | b'O', _, ..]) => (&text[2..], 8),
        (0, [b'0', b'x' | b'X', _, ..]) => (&text[2..], 16),
        (0, [b'0']) => return Some(0),
        (0, [b'0', ..]) => (&text[1..], 8),
        (0, _) => (text, 10),
        (base, _) => (text, base),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None; // Rust would take a sign here
    }
    u64::from_str_radix(digits, base).ok()
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    let has_whole = whole.len() < unsigned.len();
    let (rest, has_fraction) = match whole.strip_prefix('.') {
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (rest, rest.len() < fraction.len())
        }
        None => (whole, false),
    };
    if !has_whole && !has_fraction {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return rest.is_empty() };
    let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `strconv.ParseFloat` on text that starts with a dot.
fn go_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'_') {
        return if is_yaml_float(text) { finite(text) } else { None };
    }
    let between_digits = |at: usize| {
        at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    let underscores = memchr::memchr_iter(b'_', bytes).all(between_digits);
    let bare = text.replace('_', "");
    if underscores && is_yaml_float(&bare) { finite(&bare) } else { None }
}

fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|float| float.is_finite())
}

/// `parseTimestamp` of go-yaml: four digits and a dash, then one of four layouts of Go's `time.Parse`.
pub(super) fn is_timestamp(text: &str) -> bool {
    let Some((date, rest)) = take_date(text) else { return false };
    if rest.is_empty() {
        return date;
    }
    let Some(separator @ (b'T' | b't' | b' ')) = rest.bytes().next() else { return false };
    let Some(zone) = take_clock(&rest[1..]) else { return false };
    date && if separator == b' ' { zone.is_empty() } else { is_zone(zone) }
}

/// Splits `2006-1-2` off; whether the day exists.
fn take_date(text: &str) -> Option<(bool, &str)> {
    let (year, rest) = text.split_at_checked(4)?;
    let year: u32 = if year.bytes().all(|b| b.is_ascii_digit()) { year.parse().ok()? } else { return None };
    let (month, rest) = take_number(rest.strip_prefix('-')?)?;
    let (day, rest) = take_number(rest.strip_prefix('-')?)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    Some((day >= 1 && day <= days, rest))
}

/// Splits `15:4:5` and an optional fraction off.
fn take_clock(text: &str) -> Option<&str> {
    let (hour, rest) = take_number(text)?;
    let (minute, rest) = take_number(rest.strip_prefix(':')?)?;
    let (second, rest) = take_number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let Some(fraction) = rest.strip_prefix(['.', ',']) else { return Some(rest) };
    let end = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (end.len() < fraction.len()).then_some(end)
}

/// One or two digits.
fn take_number(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

/// `Z07:00`.
fn is_zone(zone: &str) -> bool {
    match zone.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit())
                && (h1 - b'0') * 10 + (h2 - b'0') <= 24
                && (m1 - b'0') * 10 + (m2 - b'0') <= 60
        }
        _ => false,
    }
}

/// The value Kubernetes ends up with, after JSON: whole floats are integers there.
pub(super) fn after_json(scalar: Scalar<'_>) -> Value<'_> {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(bool) => Value::Bool(bool),
        Scalar::Int(int) => Value::Int(int),
        Scalar::UInt(int) => Value::UInt(int),
        Scalar::Str(text) => Value::Str(text),
        Scalar::Float(float) => whole(float).map_or(Value::Float(float), Value::Int),
    }
}

/// The integer that Go's JSON text of this float reads back as.
fn whole(float: f64) -> Option<i64> {
    if float.fract() != 0.0 || float.abs() >= 1e19 {
        return None;
    }
    if float.abs() < 9_007_199_254_740_992.0 {
        return Some(float as i64);
    }
    float.to_string().parse().ok() // shortest digits, filled up with zeros, as Go prints it
}

/// A number of a JSON text, which is taken as it is written.
pub(super) fn json_number(text: &str) -> Value<'_> {
    if !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        if let Ok(int) = text.parse::<i64>() {
            return Value::Int(int);
        }
        if let Ok(int) = text.parse::<u64>() {
            return Value::UInt(int);
        }
    }
    Value::Float(text.parse().unwrap_or(f64::NAN))
}

/// The text of a key that go-yaml takes for a float: `strconv.FormatFloat(f, 'g', -1, 32)`.
pub(super) fn float_key(float: f64) -> String {
    let float = float as f32;
    if float.is_nan() {
        return ".nan".into();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return float.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars() {
        for (text, expected) in [
            ("", Scalar::Null),
            ("nUll", Scalar::Str("nUll")),
            ("yEs", Scalar::Str("yEs")),
            ("0644", Scalar::Int(420)),
            ("0o17", Scalar::Int(15)),
            ("0x_1", Scalar::Int(1)),
            ("0b", Scalar::Str("0b")),
            ("0b-1", Scalar::Int(-1)),
            ("08", Scalar::Float(8.0)),
            ("1e3", Scalar::Float(1000.0)),
            ("1e400", Scalar::Str("1e400")),
            ("18446744073709551615", Scalar::UInt(u64::MAX)),
            ("-9223372036854775808", Scalar::Int(i64::MIN)),
            ("12:30:45", Scalar::Str("12:30:45")),
            (".5", Scalar::Float(0.5)),
            (".", Scalar::Str(".")),
        ] {
            assert_eq!(resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn floats_after_json() {
        for (float, expected) in [
            (1000.0, Value::Int(1000)),
            (-0.0, Value::Int(0)),
            (1234567890123456789.0, Value::Int(1234567890123456800)),
            (1e19, Value::Float(1e19)),
            (0.1, Value::Float(0.1)),
        ] {
            assert_eq!(after_json(Scalar::Float(float)), expected, "{float}");
        }
    }

    #[test]
    fn timestamps() {
        for (text, expected) in [
            ("2024-01-01", true),
            ("2024-2-30", false),
            ("2001-12-14t21:59:43.10-05:00", true),
            ("2001-12-14 21:59:43", true),
            ("2001-12-14 21:59:43Z", false),
            ("20240101", false),
        ] {
            assert_eq!(is_timestamp(text), expected, "{text}");
        }
    }
}
