//! JSON as Go's `encoding/json` writes and reads it.

use crate::gotemplate::function::Fault;
use crate::gotemplate::print::{MAX_DEPTH, MAX_PRINTED};
use crate::gotemplate::strconv;
use crate::gotemplate::unicode;
use crate::gotemplate::value::{Elem, List, Map, Text, Value};

/// How to write JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Spaces per level; `None` writes everything on one line.
    pub indent: Option<usize>,
    /// Whether `<`, `>` and `&` stay as they are.
    pub raw: bool,
}

/// `json.Marshal`.
///
/// # Errors
///
/// For numbers that JSON does not have, and for values nested too deep.
pub fn write(value: &Value, style: Style) -> Result<String, Fault> {
    let mut out = String::new();
    write_into(&mut out, value, style, 0)?;
    Ok(out)
}

fn write_into(out: &mut String, value: &Value, style: Style, depth: usize) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::Limit("the depth of a value"));
    }
    if out.len() > MAX_PRINTED {
        return Err(Fault::Limit("the size of a printed value"));
    }
    match value {
        Value::Invalid | Value::Nil => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) | Value::Int64(number) => out.push_str(&number.to_string()),
        Value::Uint8(number) => out.push_str(&number.to_string()),
        Value::Uint64(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&float(*number)?),
        Value::Complex(..) => return Err(Fault::error("json: unsupported type: complex128")),
        Value::Str(text) => quote_into(out, text, style.raw),
        Value::Named(named) => out.push_str(&named.number.to_string()),
        Value::Object(object) => out.push_str(&object.json()),
        Value::List(list) if list.is_nil() => out.push_str("null"),
        Value::List(list) if list.elem() == Elem::Byte => {
            let bytes: Vec<u8> = list
                .items()
                .iter()
                .map(|item| if let Value::Uint8(byte) = item { *byte } else { 0 })
                .collect();
            out.push('"');
            out.push_str(&crate::gotemplate::sprig::base64(&bytes));
            out.push('"');
        }
        Value::List(list) => {
            out.push('[');
            let items = list.to_vec();
            for (index, item) in items.iter().enumerate() {
                separate(out, style, index, depth + 1);
                write_into(out, item, style, depth + 1)?;
            }
            close(out, style, items.is_empty(), depth);
            out.push(']');
        }
        Value::Map(map) if map.is_nil() => out.push_str("null"),
        Value::Map(map) => {
            out.push('{');
            let entries = map.entries().clone();
            for (index, (key, item)) in entries.iter().enumerate() {
                separate(out, style, index, depth + 1);
                quote_into(out, key, style.raw);
                out.push_str(if style.indent.is_some() { ": " } else { ":" });
                write_into(out, item, style, depth + 1)?;
            }
            close(out, style, entries.is_empty(), depth);
            out.push('}');
        }
    }
    Ok(())
}

fn separate(out: &mut String, style: Style, index: usize, depth: usize) {
    if index > 0 {
        out.push(',');
    }
    newline(out, style, depth);
}

fn close(out: &mut String, style: Style, empty: bool, depth: usize) {
    if !empty {
        newline(out, style, depth);
    }
}

fn newline(out: &mut String, style: Style, depth: usize) {
    if let Some(indent) = style.indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent * depth));
    }
}

/// A `float64` as `encoding/json` writes it: like JavaScript, with exponents of at least two digits cut.
fn float(number: f64) -> Result<String, Fault> {
    if !number.is_finite() {
        let printed = strconv::format_float(number, 'g', None);
        return Err(Fault::Error(format!("json: unsupported value: {printed}")));
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = strconv::format_float(number, 'e', None);
        // e-09 is written e-9.
        return Ok(match text.as_bytes() {
            [.., b'e', b'-', b'0', last] => format!("{}{}", &text[..text.len() - 2], char::from(*last)),
            _ => text,
        });
    }
    Ok(strconv::format_float(number, 'f', None))
}

fn quote_into(out: &mut String, text: &[u8], raw: bool) {
    out.push('"');
    for (c, bytes) in unicode::runes(text) {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '<' | '>' | '&' if !raw => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ if unicode::is_invalid(c, bytes) => out.push_str("\\ufffd"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `json.Unmarshal` into an `interface {}`.
///
/// # Errors
///
/// When the text is not one JSON document, nests too deep, or holds a number beyond `float64`.
pub fn read(text: &[u8]) -> Result<Value, Fault> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    match reader.text.get(reader.at) {
        None => Ok(value),
        Some(byte) => Err(reader.invalid(*byte, "after top-level value")),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn invalid(&self, byte: u8, place: &str) -> Fault {
        Fault::Error(format!("invalid character {:?} {place}", char::from(byte)))
    }

    fn unexpected(&self, place: &str) -> Fault {
        match self.text.get(self.at) {
            Some(byte) => self.invalid(*byte, place),
            None => Fault::error("unexpected end of JSON input"),
        }
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.text.get(self.at) == Some(&wanted);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::Limit("the depth of a value"));
        }
        self.space();
        match self.text.get(self.at) {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::Str(self.string()?)),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Nil),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        for expected in word.bytes() {
            if !self.take(expected) {
                return Err(self.unexpected(&format!("in literal {word}")));
            }
        }
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let map = Map::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Map(map));
        }
        loop {
            self.space();
            if self.text.get(self.at) != Some(&b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.unexpected("after object key"));
            }
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            self.space();
            if self.take(b'}') {
                return Ok(Value::Map(map));
            }
            if !self.take(b',') {
                return Err(self.unexpected("after object key:value pair"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::List(List::new(Elem::Any, items)));
            }
            if !self.take(b',') {
                return Err(self.unexpected("after array element"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.text.get(self.at) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("in numeric literal")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        let literal = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        match strconv::parse_float(literal) {
            Some(number) => Ok(Value::Float(number)),
            None => Err(Fault::Error(format!(
                "json: cannot unmarshal number {literal} into Go value of type float64"
            ))),
        }
    }

    fn string(&mut self) -> Result<Text, Fault> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            let Some(plain) = plain else {
                self.at = self.text.len();
                return Err(self.unexpected(""));
            };
            out.extend_from_slice(unicode::to_utf8(&rest[..plain]).as_bytes());
            self.at += plain;
            match self.text[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(Text::from(out));
                }
                b'\\' => {
                    let c = self.escape()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte => return Err(self.invalid(byte, "in string literal")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let c = match self.text.get(self.at) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(),
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        Ok(c)
    }

    /// `\uXXXX`, two of which may be a surrogate pair; half a pair is U+FFFD.
    fn code_point(&mut self) -> Result<char, Fault> {
        let high = self.hex4()?;
        if !(0xd800..0xdc00).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if !self.text[self.at..].starts_with(b"\\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let before = self.at;
        self.at += 1;
        let low = self.hex4()?;
        if !(0xdc00..0xe000).contains(&low) {
            self.at = before;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            self.at += 1;
            let digit = self.text.get(self.at).and_then(|byte| char::from(*byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.unexpected("in \\u hexadecimal character escape"))?;
        }
        self.at += 1;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_as_go_does() {
        for (text, expected) in [
            (r#"{"b":1,"a":[true,null,1.50]}"#, r#"{"a":[true,null,1.5],"b":1}"#),
            (r#""<\u00e9\ud83d\ude00\ud800x""#, "\"\\u003cé😀\u{fffd}x\""),
            ("1e-7", "1e-7"),
            ("1e21", "1e+21"),
            ("100000000000000000000", "100000000000000000000"),
            ("-0", "-0"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ] {
            let value = read(text.as_bytes()).expect(text);
            assert_eq!(write(&value, Style::default()).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "x", "01", "1.", "[1,]", "{\"a\"}", "\"a", "\"\n\"", "1 2", "1e999", "nul"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
