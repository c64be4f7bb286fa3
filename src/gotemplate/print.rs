//! Go's `fmt`: `Sprint`, `Sprintln` and `Sprintf` over [`Value`]s.

use std::fmt::Write as _;

use crate::gotemplate::function::Fault;
use crate::gotemplate::value::{Elem, Value};
use crate::gotemplate::{strconv, unicode};

/// How deep values are followed; Go would follow a map that holds itself until its stack ends.
pub(super) const MAX_DEPTH: usize = 200;

/// How many bytes one value may print as: lists that share their elements grow without bound.
pub(super) const MAX_PRINTED: usize = 16 << 20;

type Printed = Result<(), Fault>;

/// What `{{value}}` prints.
pub(super) fn print(out: &mut Vec<u8>, value: &Value) -> Printed {
    match value {
        Value::Invalid => out.extend_from_slice(b"<no value>"),
        Value::Str(text) => out.extend_from_slice(text),
        other => Printer { out, flags: Flags::default() }.value(other, 'v', 0)?,
    }
    Ok(())
}

/// `%v` as text.
pub(super) fn to_bytes(value: &Value) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    Printer { out: &mut out, flags: Flags::default() }.value(value, 'v', 0)?;
    Ok(out)
}

/// `fmt.Sprint`: a space between two operands when neither is a string.
pub(super) fn sprint(arguments: &[Value]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let mut after_text = true;
    for argument in arguments {
        let text = matches!(argument, Value::Str(_));
        if !after_text && !text {
            out.push(b' ');
        }
        after_text = text;
        Printer { out: &mut out, flags: Flags::default() }.value(argument, 'v', 0)?;
    }
    Ok(out)
}

/// `fmt.Sprintln`.
pub(super) fn sprintln(arguments: &[Value]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        Printer { out: &mut out, flags: Flags::default() }.value(argument, 'v', 0)?;
    }
    out.push(b'\n');
    Ok(out)
}

/// `fmt.Sprintf`.
pub(super) fn sprintf(format: &[u8], arguments: &[Value]) -> Result<Vec<u8>, Fault> {
    let mut run = Format { format, at: 0, arguments, next: 0, reordered: false, good_index: true };
    let mut out = Vec::new();
    while let Some(offset) = format[run.at..].iter().position(|byte| *byte == b'%') {
        out.extend_from_slice(&format[run.at..run.at + offset]);
        run.at += offset + 1;
        run.directive(&mut out)?;
    }
    out.extend_from_slice(&format[run.at..]);
    run.extra(&mut out)?;
    Ok(out)
}

#[derive(Clone, Copy, Default)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    plus_v: bool,
    sharp_v: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Format<'a> {
    format: &'a [u8],
    at: usize,
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
}

/// Go refuses wider fields than this.
const WIDEST: i64 = 1_000_000;

impl Format<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn directive(&mut self, out: &mut Vec<u8>) -> Printed {
        let mut flags = Flags::default();
        self.good_index = true;
        let mut after_index = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        self.index(&mut after_index);
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.star() {
                Some(width) => {
                    flags.minus |= width < 0;
                    flags.width = Some(width.unsigned_abs() as usize);
                }
                None => out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            after_index = false;
        } else if let Some(width) = self.digits() {
            flags.width = Some(width);
            self.good_index &= !after_index;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.good_index &= !after_index;
            self.index(&mut after_index);
            if self.peek() == Some(b'*') {
                self.at += 1;
                match self.star() {
                    Some(precision) if precision >= 0 => flags.precision = usize::try_from(precision).ok(),
                    Some(_) => (),
                    None => out.extend_from_slice(b"%!(BADPREC)"),
                }
                after_index = false;
            } else {
                flags.precision = Some(self.digits().unwrap_or(0));
            }
        }
        if !after_index {
            self.index(&mut after_index);
        }
        let Some((verb, width)) = unicode::first_rune(&self.format[self.at..]) else {
            out.extend_from_slice(b"%!(NOVERB)");
            return Ok(());
        };
        self.at += width;
        self.apply(out, flags, verb)
    }

    fn apply(&mut self, out: &mut Vec<u8>, mut flags: Flags, verb: char) -> Printed {
        if verb == '%' {
            out.push(b'%');
            return Ok(());
        }
        if !self.good_index {
            push_str(out, &format!("%!{verb}(BADINDEX)"));
            return Ok(());
        }
        let Some(argument) = self.arguments.get(self.next) else {
            push_str(out, &format!("%!{verb}(MISSING)"));
            return Ok(());
        };
        self.next += 1;
        if verb == 'v' {
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        Printer { out, flags }.value(argument, verb, 0)
    }

    /// An explicit argument index such as `[2]`.
    fn index(&mut self, found: &mut bool) {
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(close) = rest.iter().position(|byte| *byte == b']') else {
            self.good_index = false;
            self.at += 1;
            return;
        };
        self.at += close + 1;
        *found = true;
        let number = std::str::from_utf8(&rest[1..close]).ok().and_then(|text| text.parse::<usize>().ok());
        match number {
            Some(number) if number >= 1 && number <= self.arguments.len() => self.next = number - 1,
            _ => self.good_index = false,
        }
    }

    fn star(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Value::Int(number) | Value::Int64(number) if number.abs() <= WIDEST => Some(*number),
            Value::Uint8(number) => Some(i64::from(*number)),
            _ => None,
        }
    }

    fn digits(&mut self) -> Option<usize> {
        let mut value = None;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            let so_far = value.unwrap_or(0i64) * 10 + i64::from(byte - b'0');
            self.at += 1;
            if so_far > WIDEST {
                // Go gives up on the number and reads what follows as the verb.
                return None;
            }
            value = Some(so_far);
        }
        value.and_then(|value| usize::try_from(value).ok())
    }

    fn extra(&self, out: &mut Vec<u8>) -> Printed {
        if self.reordered || self.next >= self.arguments.len() {
            return Ok(());
        }
        push_str(out, "%!(EXTRA ");
        for (index, argument) in self.arguments[self.next..].iter().enumerate() {
            if index > 0 {
                push_str(out, ", ");
            }
            if argument.is_nothing() {
                push_str(out, "<nil>");
                continue;
            }
            push_str(out, argument.type_name());
            out.push(b'=');
            Printer { out, flags: Flags::default() }.value(argument, 'v', 0)?;
        }
        out.push(b')');
        Ok(())
    }
}

fn push_str(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

struct Printer<'a> {
    out: &'a mut Vec<u8>,
    flags: Flags,
}

impl Printer<'_> {
    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Printed {
        if depth > MAX_DEPTH {
            return Err(Fault::Limit("the depth of a value"));
        }
        if self.out.len() > MAX_PRINTED {
            return Err(Fault::Limit("the size of a printed value"));
        }
        match (verb, value) {
            ('T', _) => self.text(value.type_name().as_bytes(), 's'),
            ('p', Value::Invalid | Value::Nil) => push_str(self.out, "%!p(<nil>)"),
            ('p', Value::List(_) | Value::Map(_)) => return Err(Fault::Unpredictable),
            (_, Value::Invalid | Value::Nil) if depth > 0 => push_str(self.out, "<nil>"),
            (_, Value::Invalid | Value::Nil) => self.nil(verb),
            (_, Value::Bool(flag)) => match verb {
                't' | 'v' => self.padded(if *flag { "true" } else { "false" }.as_bytes()),
                _ => self.bad_verb(value, verb)?,
            },
            (_, Value::Int(number) | Value::Int64(number)) => self.integer(value, *number, verb)?,
            (_, Value::Uint8(number)) => self.unsigned(value, u64::from(*number), verb)?,
            (_, Value::Uint64(number)) => self.unsigned(value, *number, verb)?,
            (_, Value::Float(number)) => self.float(value, *number, verb)?,
            (_, Value::Complex(real, imaginary)) => self.complex(value, *real, *imaginary, verb)?,
            (_, Value::Str(text)) => self.string(value, text, verb)?,
            (_, Value::List(_)) => self.list(value, verb, depth)?,
            (_, Value::Map(_)) => self.map(value, verb, depth)?,
            (_, Value::Named(named)) => match verb {
                'v' | 's' | 'q' | 'x' | 'X' if !self.flags.sharp_v => {
                    self.text(named.text.as_bytes(), if verb == 'v' { 's' } else { verb });
                }
                _ => self.integer(value, named.number, verb)?,
            },
            (_, Value::Object(object)) => match verb {
                'v' | 's' | 'q' | 'x' | 'X' if !self.flags.sharp_v => {
                    self.text(object.print().as_bytes(), if verb == 'v' { 's' } else { verb });
                }
                // Any other verb shows the fields of the struct, addresses among them.
                _ => return Err(Fault::Unpredictable),
            },
        }
        Ok(())
    }

    fn nil(&mut self, verb: char) {
        if verb == 'v' {
            self.padded(b"<nil>");
        } else {
            push_str(self.out, &format!("%!{verb}(<nil>)"));
        }
    }

    /// The verb does not fit: the value follows as `%v`, with the flags that were given.
    fn bad_verb(&mut self, value: &Value, verb: char) -> Printed {
        push_str(self.out, &format!("%!{verb}({}=", value.type_name()));
        self.value(value, 'v', 0)?;
        self.out.push(b')');
        Ok(())
    }

    fn padded(&mut self, text: &[u8]) {
        let count = unicode::runes(text).count();
        let missing = self.flags.width.unwrap_or(0).saturating_sub(count);
        if self.flags.minus {
            self.out.extend_from_slice(text);
            self.out.extend(std::iter::repeat_n(b' ', missing));
        } else {
            let fill = if self.flags.zero { b'0' } else { b' ' };
            self.out.extend(std::iter::repeat_n(fill, missing));
            self.out.extend_from_slice(text);
        }
    }

    fn text(&mut self, text: &[u8], verb: char) {
        let cut = |text: &[u8]| -> Vec<u8> {
            match self.flags.precision {
                Some(count) => {
                    unicode::runes(text).take(count).flat_map(|(_, bytes)| bytes.iter().copied()).collect()
                }
                None => text.to_vec(),
            }
        };
        match verb {
            'q' => {
                let text = cut(text);
                let raw = self.flags.sharp && std::str::from_utf8(&text).is_ok_and(can_backquote);
                let quoted = if raw {
                    format!("`{}`", String::from_utf8_lossy(&text))
                } else {
                    strconv::quote_with(&text, '"', self.flags.plus)
                };
                self.padded(quoted.as_bytes());
            }
            'x' | 'X' => {
                let count = self.flags.precision.unwrap_or(text.len()).min(text.len());
                let hex = self.hex(&text[..count], verb == 'X');
                self.padded(hex.as_bytes());
            }
            _ => {
                let text = cut(text);
                self.padded(&text);
            }
        }
    }

    fn hex(&self, bytes: &[u8], upper: bool) -> String {
        let mut out = String::with_capacity(bytes.len() * 2);
        let prefix = if upper { "0X" } else { "0x" };
        for (index, byte) in bytes.iter().enumerate() {
            if self.flags.space && index > 0 {
                out.push(' ');
            }
            if self.flags.sharp && (index == 0 || self.flags.space) {
                out.push_str(prefix);
            }
            let written = if upper { write!(out, "{byte:02X}") } else { write!(out, "{byte:02x}") };
            debug_assert!(written.is_ok());
        }
        out
    }

    fn string(&mut self, value: &Value, text: &[u8], verb: char) -> Printed {
        match verb {
            'v' if self.flags.sharp_v => self.text(text, 'q'),
            'v' | 's' | 'q' | 'x' | 'X' => self.text(text, verb),
            _ => self.bad_verb(value, verb)?,
        }
        Ok(())
    }

    fn integer(&mut self, value: &Value, number: i64, verb: char) -> Printed {
        self.any_integer(value, number.unsigned_abs(), number < 0, verb)
    }

    fn unsigned(&mut self, value: &Value, number: u64, verb: char) -> Printed {
        if verb == 'v' && self.flags.sharp_v {
            let text = format!("{number:#x}");
            self.padded(text.as_bytes());
            return Ok(());
        }
        self.any_integer(value, number, false, verb)
    }

    fn any_integer(&mut self, value: &Value, number: u64, negative: bool, verb: char) -> Printed {
        match verb {
            'v' | 'd' => self.digits(format!("{number}"), negative, ""),
            'b' => self.digits(format!("{number:b}"), negative, "0b"),
            'o' => {
                let digits = format!("{number:o}");
                let prefix = if digits.starts_with('0') { "" } else { "0" };
                self.digits(digits, negative, prefix);
            }
            'O' => {
                self.flags.sharp = true;
                self.digits(format!("{number:o}"), negative, "0o");
            }
            'x' => self.digits(format!("{number:x}"), negative, "0x"),
            'X' => self.digits(format!("{number:X}"), negative, "0X"),
            'U' => {
                let code = if negative { number.wrapping_neg() } else { number };
                let printable = u32::try_from(code).ok().and_then(char::from_u32);
                let text = match printable.filter(|c| self.flags.sharp && unicode::is_print(*c)) {
                    Some(c) => format!("U+{code:04X} '{c}'"),
                    None => format!("U+{code:04X}"),
                };
                self.flags.zero = false;
                self.padded(text.as_bytes());
            }
            'c' | 'q' => {
                let code = if negative { None } else { u32::try_from(number).ok().and_then(char::from_u32) };
                let c = code.unwrap_or(char::REPLACEMENT_CHARACTER);
                let text = match verb {
                    'c' => c.to_string(),
                    _ => strconv::quote_with(c.encode_utf8(&mut [0; 4]).as_bytes(), '\'', self.flags.plus),
                };
                self.flags.zero = false;
                self.padded(text.as_bytes());
            }
            _ => self.bad_verb(value, verb)?,
        }
        Ok(())
    }

    /// An integer from its digits: sign, prefix, precision and zeros up to the width.
    fn digits(&mut self, mut digits: String, negative: bool, prefix: &str) {
        let sign = self.sign(negative);
        let prefix = if self.flags.sharp { prefix } else { "" };
        let mut wanted = self.flags.precision;
        if wanted == Some(0) && digits == "0" {
            let flags = std::mem::replace(&mut self.flags.zero, false);
            self.padded(b"");
            self.flags.zero = flags;
            return;
        }
        if wanted.is_none() && self.flags.zero && !self.flags.minus {
            wanted = self.flags.width.map(|width| width.saturating_sub(sign.len()));
        }
        let missing = wanted.unwrap_or(0).saturating_sub(digits.len());
        digits.insert_str(0, &"0".repeat(missing));
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.padded(format!("{sign}{prefix}{digits}").as_bytes());
        self.flags.zero = zero;
    }

    fn sign(&self, negative: bool) -> &'static str {
        match negative {
            true => "-",
            false if self.flags.plus => "+",
            false if self.flags.space => " ",
            false => "",
        }
    }

    fn float(&mut self, value: &Value, number: f64, verb: char) -> Printed {
        let text = match verb {
            'v' => strconv::format_float(number, 'g', self.flags.precision),
            'g' | 'G' => strconv::format_float(number, 'g', self.flags.precision),
            'e' | 'E' => strconv::format_float(number, 'e', Some(self.flags.precision.unwrap_or(6))),
            'f' | 'F' => strconv::format_float(number, 'f', Some(self.flags.precision.unwrap_or(6))),
            'x' | 'X' => hex_float(number),
            'b' => binary_float(number),
            _ => return self.bad_verb(value, verb),
        };
        let text = if matches!(verb, 'E' | 'G' | 'X') { text.to_uppercase() } else { text };
        let text = if self.flags.sharp && verb != 'b' && number.is_finite() {
            with_point(&text, verb, self.flags.precision)
        } else {
            text
        };
        self.number(&text, number.is_finite());
        Ok(())
    }

    /// A float already written, with sign flags and padding applied.
    fn number(&mut self, text: &str, finite: bool) {
        let (negative, body) = match text.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, text.trim_start_matches('+')),
        };
        let plus_infinite = !finite && !negative && body == "Inf";
        let sign =
            if plus_infinite && !self.flags.space { self.sign_of_infinity() } else { self.sign(negative) };
        let zero = self.flags.zero && finite && !self.flags.minus;
        let width = self.flags.width.unwrap_or(0);
        let missing = if zero { width.saturating_sub(sign.len() + body.len()) } else { 0 };
        let text = format!("{sign}{}{body}", "0".repeat(missing));
        let flags = std::mem::replace(&mut self.flags.zero, false);
        self.padded(text.as_bytes());
        self.flags.zero = flags;
    }

    fn sign_of_infinity(&self) -> &'static str {
        "+"
    }

    fn complex(&mut self, value: &Value, real: f64, imaginary: f64, verb: char) -> Printed {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(value, verb);
        }
        let plus = self.flags.plus;
        self.out.push(b'(');
        self.float(value, real, verb)?;
        self.flags.plus = true;
        self.float(value, imaginary, verb)?;
        self.flags.plus = plus;
        push_str(self.out, "i)");
        Ok(())
    }

    fn list(&mut self, value: &Value, verb: char, depth: usize) -> Printed {
        let Value::List(list) = value else {
            return Ok(());
        };
        if list.elem() == Elem::Byte && matches!(verb, 's' | 'q' | 'x' | 'X') {
            let bytes: Vec<u8> = list
                .items()
                .iter()
                .map(|item| if let Value::Uint8(byte) = item { *byte } else { 0 })
                .collect();
            self.text(&bytes, verb);
            return Ok(());
        }
        if self.flags.sharp_v {
            return self.list_in_go(value, depth);
        }
        self.out.push(b'[');
        for (index, item) in list.to_vec().iter().enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            self.value(item, verb, depth + 1)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn list_in_go(&mut self, value: &Value, depth: usize) -> Printed {
        let Value::List(list) = value else {
            return Ok(());
        };
        push_str(self.out, value.type_name());
        if list.is_nil() {
            push_str(self.out, "(nil)");
            return Ok(());
        }
        self.out.push(b'{');
        for (index, item) in list.to_vec().iter().enumerate() {
            if index > 0 {
                push_str(self.out, ", ");
            }
            self.item_in_go(item, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn item_in_go(&mut self, item: &Value, depth: usize) -> Printed {
        if item.is_nothing() {
            push_str(self.out, "interface {}(nil)");
            return Ok(());
        }
        self.value(item, 'v', depth + 1)
    }

    fn map(&mut self, value: &Value, verb: char, depth: usize) -> Printed {
        let Value::Map(map) = value else {
            return Ok(());
        };
        let go = self.flags.sharp_v;
        if go {
            push_str(self.out, value.type_name());
            if map.is_nil() {
                push_str(self.out, "(nil)");
                return Ok(());
            }
        }
        push_str(self.out, if go { "{" } else { "map[" });
        let entries = map.entries().clone();
        for (index, (key, item)) in entries.iter().enumerate() {
            if index > 0 {
                push_str(self.out, if go { ", " } else { " " });
            }
            self.string(&Value::Str(key.clone()), key, verb)?;
            self.out.push(b':');
            if go {
                self.item_in_go(item, depth)?;
            } else {
                self.value(item, verb, depth + 1)?;
            }
        }
        push_str(self.out, if go { "}" } else { "]" });
        Ok(())
    }
}

fn can_backquote(text: &str) -> bool {
    text.chars().all(|c| c != '`' && c != '\u{feff}' && (c >= ' ' || c == '\t') && c != '\x7f')
}

/// The flag `#`: a point in any case, and for `%g` and the like all digits of the precision, six by default.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let (sign, body) = text.strip_prefix('-').map_or(("", text), |body| ("-", body));
    let counts = matches!(verb, 'v' | 'g' | 'G' | 'x');
    let mut missing = if counts { precision.unwrap_or(6) as i64 } else { 0 };
    let hex = matches!(verb, 'x' | 'X');
    let tail = body.find(|c: char| matches!(c, 'p' | 'P') || !hex && matches!(c, 'e' | 'E'));
    let (digits, tail) = body.split_at(tail.unwrap_or(body.len()));
    let significant = digits.chars().filter(|c| *c != '.').skip_while(|c| *c == '0').count();
    missing -= significant as i64;
    let mut out = format!("{sign}{digits}");
    if !digits.contains('.') {
        missing -= i64::from(digits == "0");
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', missing.max(0) as usize));
    out.push_str(tail);
    out
}

fn hex_float(number: f64) -> String {
    if !number.is_finite() {
        return strconv::format_float(number, 'g', None);
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number == 0.0 {
        return format!("{sign}0x0p+00");
    }
    let bits = number.to_bits();
    let (mut mantissa, mut exponent) = (bits & ((1 << 52) - 1), ((bits >> 52) & 0x7ff) as i64);
    if exponent == 0 {
        exponent = 1;
        while mantissa >> 52 == 0 {
            mantissa <<= 1;
            exponent -= 1;
        }
        mantissa &= (1 << 52) - 1;
    }
    exponent -= 1023;
    let digits = format!("{mantissa:013x}");
    let digits = digits.trim_end_matches('0');
    let dot = if digits.is_empty() { "" } else { "." };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}0x1{dot}{digits}p{direction}{:02}", exponent.abs())
}

fn binary_float(number: f64) -> String {
    if !number.is_finite() {
        return strconv::format_float(number, 'g', None);
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let bits = number.to_bits();
    let (mut mantissa, mut exponent) = (bits & ((1 << 52) - 1), ((bits >> 52) & 0x7ff) as i64);
    if exponent == 0 {
        exponent = 1;
    } else {
        mantissa |= 1 << 52;
    }
    exponent -= 1075;
    format!("{sign}{mantissa}p{exponent:+}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_as_go_does() {
        let text = || Value::text("a");
        for (format, arguments, expected) in [
            ("%5s|%-5s|", vec![text(), text()], "    a|a    |"),
            ("%05d", vec![Value::Int(-42)], "-0042"),
            ("%+d % d", vec![Value::Int(1), Value::Int(2)], "+1  2"),
            ("%x %X %#x", vec![Value::Int(255), Value::Int(255), Value::Int(255)], "ff FF 0xff"),
            ("%08.3f", vec![Value::Float(-1.5)], "-001.500"),
            ("%6.2f|", vec![Value::Float(1.0)], "  1.00|"),
            ("%q", vec![Value::list(vec![text(), text()])], "[\"a\" \"a\"]"),
            ("%d", vec![text()], "%!d(string=a)"),
            ("%!", vec![], "%!!(NOVERB)"),
            ("%", vec![], "%!(NOVERB)"),
            ("%s %s", vec![text()], "a %!s(MISSING)"),
            ("%[3]s", vec![text()], "%!s(BADINDEX)"),
            ("%.2s", vec![Value::text("äöü")], "äö"),
            ("%v", vec![Value::Nil], "<nil>"),
            ("%t", vec![Value::Bool(true)], "true"),
            ("%c%U", vec![Value::Int(65), Value::Int(65)], "AU+0041"),
            ("%x", vec![Value::Float(1.5)], "0x1.8p+00"),
        ] {
            let printed = sprintf(format.as_bytes(), &arguments).expect("no limit");
            let expected = if format == "%!" { "%!!(MISSING)" } else { expected };
            assert_eq!(String::from_utf8_lossy(&printed), expected, "{format}");
        }
    }
}
