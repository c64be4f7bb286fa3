//! YAML as go-yaml 2 writes it, which `sigs.k8s.io/yaml.Marshal` uses and so does `toYaml`.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use crate::gotemplate::{Fault, Text, Value, to_utf8};

/// The column behind which text is folded.
const WIDTH: usize = 80;

/// How deep values are followed.
const MAX_DEPTH: usize = 200;

/// Writes a value that came out of JSON: objects sorted the natural way, numbers by their JSON text.
pub(super) fn write(value: &Value) -> Result<String, Fault> {
    let mut writer = Writer { out: String::new(), column: 0 };
    writer.node(value, 0, Place::Root, 0)?;
    writer.newline();
    Ok(writer.out)
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    MapValue,
    Item,
}

struct Writer {
    out: String,
    column: usize,
}

/// The ways to write a scalar.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn newline(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.column = 0;
    }

    fn line_at(&mut self, indent: usize) {
        self.newline();
        self.push(&" ".repeat(indent));
    }

    fn node(&mut self, value: &Value, indent: usize, place: Place, depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::Limit("the depth of a value"));
        }
        match value {
            Value::Map(map) if !map.is_empty() => self.map(value, indent, place, depth)?,
            Value::List(list) if !list.is_empty() => self.list(value, indent, place, depth)?,
            scalar => {
                if place != Place::Root && !self.out.ends_with(' ') {
                    self.push(" ");
                }
                let indent = if place == Place::Root { 2 } else { indent + 2 };
                self.scalar(scalar, indent, false);
            }
        }
        Ok(())
    }

    fn map(&mut self, value: &Value, indent: usize, place: Place, depth: usize) -> Result<(), Fault> {
        let Value::Map(map) = value else {
            return Ok(());
        };
        let own = if place == Place::Root { 0 } else { indent + 2 };
        let mut entries: Vec<(Text, Value)> =
            map.entries().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        entries.sort_by(|(a, _), (b, _)| natural(&to_utf8(a), &to_utf8(b)));
        for (index, (key, item)) in entries.iter().enumerate() {
            if index > 0 || place == Place::MapValue {
                self.line_at(own);
            } else if place == Place::Item {
                self.push(" ");
            }
            let key = Value::Str(key.clone());
            if is_simple_key(&key) {
                self.scalar(&key, own + 2, true);
                self.push(":");
            } else {
                self.push("? ");
                self.scalar(&key, own + 2, false);
                self.line_at(own);
                self.push(":");
            }
            self.node(item, own, Place::MapValue, depth + 1)?;
        }
        Ok(())
    }

    fn list(&mut self, value: &Value, indent: usize, place: Place, depth: usize) -> Result<(), Fault> {
        let Value::List(list) = value else {
            return Ok(());
        };
        // In a map the dashes stand below the key.
        let own = match place {
            Place::Root => 0,
            Place::MapValue => indent,
            Place::Item => indent + 2,
        };
        for (index, item) in list.to_vec().iter().enumerate() {
            if index > 0 || place == Place::MapValue {
                self.line_at(own);
            } else if place == Place::Item {
                self.push(" ");
            }
            self.push("-");
            self.node(item, own, Place::Item, depth + 1)?;
        }
        Ok(())
    }

    fn scalar(&mut self, value: &Value, indent: usize, key: bool) {
        let text = match value {
            Value::Str(text) => to_utf8(text),
            Value::Bool(true) => return self.push("true"),
            Value::Bool(false) => return self.push("false"),
            Value::Float(number) => return self.push(&number_text(*number)),
            Value::Map(_) => return self.push("{}"),
            Value::List(_) => return self.push("[]"),
            _ => return self.push("null"),
        };
        let chars: Vec<char> = text.chars().collect();
        match style(&text, &chars, key) {
            Style::Plain => self.plain(&chars, indent, key),
            Style::Single => self.single(&chars, indent, key),
            Style::Double => self.double(&chars, indent, key),
            Style::Literal => self.literal(&chars, indent),
        }
    }

    fn plain(&mut self, chars: &[char], indent: usize, key: bool) {
        let mut after_space = false;
        for (index, c) in chars.iter().enumerate() {
            let next_is_space = chars.get(index + 1) == Some(&' ');
            if *c == ' ' && !key && !after_space && self.column > WIDTH && !next_is_space {
                self.line_at(indent);
            } else {
                self.push(c.encode_utf8(&mut [0; 4]));
            }
            after_space = *c == ' ';
        }
    }

    fn single(&mut self, chars: &[char], indent: usize, key: bool) {
        self.push("'");
        let mut after_space = false;
        for (index, c) in chars.iter().enumerate() {
            let inner = index > 0 && index + 1 < chars.len() && chars[index + 1] != ' ';
            if *c == ' ' && !key && !after_space && self.column > WIDTH && inner {
                self.line_at(indent);
            } else if *c == '\'' {
                self.push("''");
            } else {
                self.push(c.encode_utf8(&mut [0; 4]));
            }
            after_space = *c == ' ';
        }
        self.push("'");
    }

    fn double(&mut self, chars: &[char], indent: usize, key: bool) {
        self.push("\"");
        let mut after_space = false;
        for (index, c) in chars.iter().enumerate() {
            if !is_printable(*c) || matches!(c, '\u{feff}' | '\n' | '\r' | '"' | '\\') || is_break(*c) {
                let escaped = escape(*c);
                self.push(&escaped);
                after_space = false;
                continue;
            }
            let inner = index > 0 && index + 1 < chars.len();
            if *c == ' ' && !key && !after_space && self.column > WIDTH && inner {
                self.line_at(indent);
                if chars[index + 1] == ' ' {
                    self.push("\\");
                }
            } else {
                self.push(c.encode_utf8(&mut [0; 4]));
            }
            after_space = *c == ' ';
        }
        self.push("\"");
    }

    fn literal(&mut self, chars: &[char], indent: usize) {
        self.push("|");
        if matches!(chars.first(), Some(' ' | '\n')) {
            self.push("2");
        }
        match chars {
            [.., '\n', '\n'] | ['\n'] => self.push("+"),
            [.., '\n'] => (),
            _ => self.push("-"),
        }
        self.out.push('\n');
        self.column = 0;
        let text: String = chars.iter().collect();
        let mut lines: Vec<&str> = text.split('\n').collect();
        if lines.last() == Some(&"") {
            lines.pop();
        }
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            if !line.is_empty() {
                self.out.push_str(&" ".repeat(indent));
                self.out.push_str(line);
            }
        }
        // The last line break is written by whatever comes next, unless it ends an empty line.
        if text.ends_with("\n\n") || text == "\n" {
            self.out.push('\n');
        }
        self.column = usize::MAX / 2;
    }
}

/// A number by its JSON text: whole numbers are integers as far as they fit 64 bits.
fn number_text(number: f64) -> String {
    let json = serde_json::Number::from_f64(number);
    if number.fract() == 0.0 && number.abs() < 1e21 {
        let whole = format!("{number:.0}");
        if whole.parse::<i64>().is_ok() || whole.parse::<u64>().is_ok() {
            return if whole == "-0" { "0".to_owned() } else { whole };
        }
    }
    match json {
        Some(_) => crate::gotemplate::print_value(&Value::Float(number)).unwrap_or_default(),
        None => "null".to_owned(),
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
        || c >= '\u{10000}'
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => "\\0",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\x0b' => "\\v",
        '\x0c' => "\\f",
        '\r' => "\\r",
        '\x1b' => "\\e",
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{85}' => "\\N",
        '\u{a0}' => "\\_",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ => {
            let code = u32::from(c);
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    short.to_owned()
}

fn is_simple_key(key: &Value) -> bool {
    match key {
        Value::Str(text) => text.len() <= 128 && !text.contains(&b'\n'),
        _ => true,
    }
}

/// What the emitter finds out about a text before it writes it.
fn style(text: &str, chars: &[char], key: bool) -> Style {
    let wanted = if text.contains('\n') {
        Style::Literal
    } else if reads_as_text(text) {
        Style::Plain
    } else {
        Style::Double
    };
    let multiline = chars.iter().any(|c| is_break(*c));
    let special = chars.iter().any(|c| !is_printable(*c));
    let pairs = || chars.iter().zip(chars.iter().skip(1));
    let space_break = pairs().any(|(a, b)| *a == ' ' && is_break(*b));
    let break_space = pairs().any(|(a, b)| is_break(*a) && *b == ' ');
    let edge = |c: Option<&char>| c.is_some_and(|c| *c == ' ' || is_break(*c));
    let trailing_space = chars.last() == Some(&' ');
    let plain_fits = !(edge(chars.first())
        || edge(chars.last())
        || break_space
        || space_break
        || special
        || multiline
        || chars.is_empty()
        || has_indicators(chars));
    let mut style = wanted;
    if style == Style::Plain && (!plain_fits || chars.is_empty() && key) {
        style = Style::Single;
    }
    if style == Style::Single && (break_space || space_break || special || multiline && key) {
        style = Style::Double;
    }
    if style == Style::Literal && (trailing_space || space_break || special || key) {
        style = Style::Double;
    }
    style
}

/// Whether characters stand where they mean something in a block.
fn has_indicators(chars: &[char]) -> bool {
    let text: String = chars.iter().take(3).collect();
    if text == "---" || text == "..." {
        return true;
    }
    let blank = |c: Option<&char>| c.is_none_or(|c| matches!(c, ' ' | '\t' | '\0') || is_break(*c));
    for (index, c) in chars.iter().enumerate() {
        let followed = blank(chars.get(index + 1));
        let preceded = index == 0 || blank(chars.get(index - 1));
        let found = match c {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`'
                if index == 0 =>
            {
                true
            }
            '?' | '-' if index == 0 => followed,
            ':' => followed,
            '#' => preceded,
            _ => false,
        };
        if found {
            return true;
        }
    }
    false
}

static FLOAT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"));
static BASE_60: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$"));
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})([Tt ]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})([.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?$",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern is valid")
}

/// Whether go-yaml would read the text back as a string if nothing told it so.
fn reads_as_text(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no",
        "No", "NO", "off", "Off", "OFF", "true", "True", "TRUE", "false", "False", "FALSE", ".nan", ".NaN",
        ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
    ];
    if WORDS.contains(&text) || BASE_60.is_match(text) {
        return false;
    }
    let Some(first) = text.bytes().next() else {
        return false;
    };
    if first == b'.' {
        return text.parse::<f64>().is_err();
    }
    if !matches!(first, b'0'..=b'9' | b'+' | b'-') {
        return true;
    }
    !is_number(&text.replace('_', "")) && !is_date(text)
}

fn is_number(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['+', '-']);
    if text.len() - unsigned.len() > 1 {
        return false;
    }
    let radix = |digits: &str, radix: u32| !digits.is_empty() && u64::from_str_radix(digits, radix).is_ok();
    let lower = unsigned.to_ascii_lowercase();
    for (prefix, of) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return radix(digits, of);
        }
    }
    FLOAT.is_match(text) || radix(unsigned, 10)
}

/// Whether this is a date, with or without a time, that exists.
fn is_date(text: &str) -> bool {
    let Some(found) = DATE.captures(text) else {
        return false;
    };
    let number = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<u32>().ok());
    let (year, month, day) = (number(1).unwrap_or(0), number(2).unwrap_or(0), number(3).unwrap_or(0));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let time = number(5).is_none_or(|hour| hour < 24)
        && number(6).is_none_or(|minute| minute < 60)
        && number(7).is_none_or(|second| second < 60);
    // With a T the zone is needed; behind a space there is none.
    let zone = match (found.get(4).map(|time| time.as_str().starts_with(' ')), found.get(9)) {
        (None, _) => true,
        (Some(spaced), zone) => spaced != zone.is_some(),
    };
    (1..=length).contains(&day) && time && zone
}

/// The order of keys: numbers inside of them by their value, letters behind everything else.
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut digits = false;
    for index in 0..a.len().min(b.len()) {
        let (x, y) = (a[index], b[index]);
        if x == y {
            digits = x.is_numeric();
            continue;
        }
        match (x.is_alphabetic(), y.is_alphabetic()) {
            (true, true) => return x.cmp(&y),
            (true, false) => return if digits { Ordering::Less } else { Ordering::Greater },
            (false, true) => return if digits { Ordering::Greater } else { Ordering::Less },
            (false, false) => (),
        }
        let nonzero_before = a[..index].iter().rev().take_while(|c| c.is_numeric()).any(|c| *c != '0')
            && (x == '0' || y == '0');
        let run = |chars: &[char]| -> (i64, usize) {
            let mut value = i64::from(nonzero_before);
            let mut end = index;
            while let Some(digit) = chars.get(end).filter(|c| c.is_numeric()) {
                value = value.wrapping_mul(10).wrapping_add(i64::from(u32::from(*digit)) - 48);
                end += 1;
            }
            (value, end)
        };
        return run(&a).cmp(&run(&b)).then(x.cmp(&y));
    }
    a.len().cmp(&b.len())
}
