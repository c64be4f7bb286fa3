//! Versions and constraints as Masterminds/semver 3.4 reads them, which sprig uses.

use std::any::Any;
use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::gotemplate::function::Fault;
use crate::gotemplate::value::{Object, Value};

#[derive(Clone, Debug)]
pub(super) struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    pre: String,
    metadata: String,
    original: String,
    /// Methods that make a new version give a struct, not a pointer.
    pointer: bool,
}

const TAIL: &str = r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";

static LOOSE: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?{TAIL}$")));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern is valid")
}

fn group<'a>(captures: &Captures<'a>, index: usize) -> &'a str {
    captures.get(index).map_or("", |found| found.as_str())
}

impl Version {
    /// `NewVersion`, which takes `1`, `v1.2` and leading zeros too.
    pub fn parse(text: &str) -> Result<Version, Fault> {
        let captures = LOOSE.captures(text).ok_or_else(|| Fault::error("invalid semantic version"))?;
        let pre = group(&captures, 5).to_owned();
        let number = |index: usize| -> Result<u64, Fault> {
            let digits = group(&captures, index).trim_start_matches('.');
            if digits.is_empty() {
                return Ok(0);
            }
            digits.parse().map_err(|_| Fault::Error(format!("error parsing version segment: {digits}")))
        };
        let version = Version {
            major: number(1)?,
            minor: number(2)?,
            patch: number(3)?,
            metadata: group(&captures, 8).to_owned(),
            original: text.to_owned(),
            pointer: true,
            pre,
        };
        for part in version.pre.split('.') {
            if part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Fault::error("version segment starts with 0"));
            }
        }
        Ok(version)
    }

    pub fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    fn text(&self) -> String {
        let mut out = format!("{}.{}.{}", self.major, self.minor, self.patch);
        if !self.pre.is_empty() {
            out.push('-');
            out.push_str(&self.pre);
        }
        if !self.metadata.is_empty() {
            out.push('+');
            out.push_str(&self.metadata);
        }
        out
    }

    fn compare(&self, other: &Version) -> Ordering {
        let numbers = |version: &Version| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_pre(&self.pre, &other.pre),
        })
    }

    fn next(&self, major: u64, minor: u64, patch: u64) -> Value {
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        let mut next = Version {
            major,
            minor,
            patch,
            pre: String::new(),
            metadata: String::new(),
            original: String::new(),
            pointer: false,
        };
        next.original = format!("{prefix}{}", next.text());
        next.into_value()
    }
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut of_a, mut of_b) = (a.split('.'), b.split('.'));
    loop {
        let (a, b) = match (of_a.next(), of_b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => (a, b),
        };
        let order = match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

impl Object for Version {
    fn type_name(&self) -> &'static str {
        if self.pointer { "*semver.Version" } else { "semver.Version" }
    }

    fn kind(&self) -> &'static str {
        if self.pointer { "ptr" } else { "struct" }
    }

    fn print(&self) -> String {
        self.text()
    }

    fn json(&self) -> String {
        format!("{:?}", self.text())
    }

    fn member(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        let value = match name {
            "Major" => Value::Uint64(self.major),
            "Minor" => Value::Uint64(self.minor),
            "Patch" => Value::Uint64(self.patch),
            "Prerelease" => Value::text(&self.pre),
            "Metadata" => Value::text(&self.metadata),
            "Original" => Value::text(&self.original),
            "String" => Value::text(self.text()),
            "IncMajor" => self.next(self.major.wrapping_add(1), 0, 0),
            "IncMinor" => self.next(self.major, self.minor.wrapping_add(1), 0),
            "IncPatch" if self.pre.is_empty() => {
                self.next(self.major, self.minor, self.patch.wrapping_add(1))
            }
            "IncPatch" => self.next(self.major, self.minor, self.patch),
            "Compare" | "Equal" | "LessThan" | "LessThanEqual" | "GreaterThan" | "GreaterThanEqual" => {
                return Some(self.compared(name, arguments));
            }
            _ => return None,
        };
        if !arguments.is_empty() {
            let given = arguments.len();
            return Some(Err(Fault::Error(format!("wrong number of args for {name}: want 0 got {given}"))));
        }
        Some(Ok(value))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        // Go compares the pointers.
        std::ptr::eq(std::ptr::from_ref(self).cast::<u8>(), std::ptr::from_ref(other).cast::<u8>())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Version {
    fn compared(&self, name: &str, arguments: &[Value]) -> Result<Value, Fault> {
        let [Value::Object(other)] = arguments else {
            return Err(Fault::Error(format!("wrong arguments for {name}")));
        };
        let Some(other) = other.as_any().downcast_ref::<Version>() else {
            return Err(Fault::Error(format!(
                "wrong type for value; expected *semver.Version; got {}",
                other.type_name()
            )));
        };
        let order = self.compare(other);
        Ok(match name {
            "Compare" => Value::Int(order as i64),
            "Equal" => Value::Bool(order.is_eq()),
            "LessThan" => Value::Bool(order.is_lt()),
            "LessThanEqual" => Value::Bool(order.is_le()),
            "GreaterThan" => Value::Bool(order.is_gt()),
            _ => Value::Bool(order.is_ge()),
        })
    }
}

const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
const LOOSE_VERSION: &str = r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";

static ONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"^[\t\n\f\r ]*({OPERATORS})[\t\n\f\r ]*({LOOSE_VERSION})[\t\n\f\r ]*$"))
});
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"[\t\n\f\r ]*({LOOSE_VERSION})[\t\n\f\r ]+-[\t\n\f\r ]+({LOOSE_VERSION})[\t\n\f\r ]*"))
});
static FIND: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"({OPERATORS})[\t\n\f\r ]*({LOOSE_VERSION})")));
static VALID: LazyLock<Regex> = LazyLock::new(|| {
    let space = r"[\t\n\f\r ]";
    pattern(&format!(
        r"^({space}*({OPERATORS}){space}*({LOOSE_VERSION}){space}*)((?:{space}+|,{space}*)({OPERATORS}){space}*({LOOSE_VERSION}){space}*)*$"
    ))
});

/// Whether `version` satisfies `constraint`.
pub(super) fn satisfies(constraint: &str, version: &str) -> Result<bool, Fault> {
    let constraints = constraints(constraint)?;
    let version = Version::parse(version)?;
    Ok(constraints.iter().any(|(all, pre)| all.iter().all(|one| one.holds(&version, *pre))))
}

struct Constraint {
    operator: String,
    version: Version,
    minor_open: bool,
    patch_open: bool,
    open: bool,
}

/// Alternatives of conditions that must all hold, and whether one of them names a prerelease.
fn constraints(text: &str) -> Result<Vec<(Vec<Constraint>, bool)>, Fault> {
    let text = rewrite_ranges(text);
    text.split("||")
        .map(|alternative| {
            if !VALID.is_match(alternative) {
                return Err(Fault::Error(format!("improper constraint: {alternative}")));
            }
            let found: Vec<_> = FIND.find_iter(alternative).map(|found| found.as_str()).collect();
            let found = if found.is_empty() { vec![alternative] } else { found };
            let all = found.into_iter().map(Constraint::parse).collect::<Result<Vec<_>, _>>()?;
            let pre = all.iter().any(|one| !one.version.pre.is_empty());
            Ok((all, pre))
        })
        .collect()
}

fn rewrite_ranges(text: &str) -> String {
    let mut out = text.to_owned();
    for captures in RANGE.captures_iter(text) {
        let bounds = format!(">= {}, <= {} ", group(&captures, 1), group(&captures, 11));
        out = out.replacen(group(&captures, 0), &bounds, 1);
    }
    out
}

impl Constraint {
    fn parse(text: &str) -> Result<Constraint, Fault> {
        let captures =
            ONE.captures(text).ok_or_else(|| Fault::Error(format!("improper constraint: {text}")))?;
        let part = |index| group(&captures, index).trim_start_matches('.');
        let any = |index| matches!(part(index), "" | "x" | "X" | "*");
        let pre = group(&captures, 6);
        let (mut minor_open, mut patch_open, mut open) = (false, false, true);
        let version = if any(3) {
            format!("0.0.0{pre}")
        } else if any(4) {
            minor_open = true;
            format!("{}.0.0{pre}", part(3))
        } else if any(5) {
            patch_open = true;
            format!("{}.{}.0{pre}", part(3), part(4))
        } else {
            open = false;
            group(&captures, 2).to_owned()
        };
        let version = Version::parse(&version).map_err(|_| Fault::error("constraint parser error"))?;
        Ok(Constraint { operator: group(&captures, 1).to_owned(), version, minor_open, patch_open, open })
    }

    fn holds(&self, version: &Version, pre_allowed: bool) -> bool {
        if !version.pre.is_empty() && !pre_allowed {
            return false;
        }
        let order = version.compare(&self.version);
        match self.operator.as_str() {
            "" | "=" if !self.open => order.is_eq(),
            "" | "=" | "~" | "~>" => self.tilde(version, order),
            "!=" => self.differs(version, order),
            ">" => self.greater(version, order),
            "<" => order.is_lt(),
            ">=" | "=>" => order.is_ge(),
            "<=" | "=<" => self.not_greater(version, order),
            _ => self.caret(version, order),
        }
    }

    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        let own = &self.version;
        if order.is_lt() {
            return false;
        }
        if (own.major, own.minor, own.patch) == (0, 0, 0) && !self.minor_open && !self.patch_open {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.minor_open)
    }

    fn differs(&self, version: &Version, order: Ordering) -> bool {
        let own = &self.version;
        if !self.open {
            return order.is_ne();
        }
        if own.major != version.major {
            return true;
        }
        if self.minor_open {
            return false;
        }
        if own.minor != version.minor {
            return true;
        }
        if self.patch_open {
            let pre = !version.pre.is_empty() || !own.pre.is_empty();
            return pre && compare_pre(&version.pre, &own.pre).is_ne();
        }
        own.patch != version.patch || order.is_ne()
    }

    fn greater(&self, version: &Version, order: Ordering) -> bool {
        if !self.open || version.major != self.version.major {
            return order.is_gt();
        }
        if self.minor_open {
            return false;
        }
        if self.patch_open { version.minor > self.version.minor } else { order.is_gt() }
    }

    fn not_greater(&self, version: &Version, order: Ordering) -> bool {
        if !self.open {
            return order.is_le();
        }
        let own = &self.version;
        version.major < own.major
            || version.major == own.major && (version.minor <= own.minor || self.minor_open)
    }

    fn caret(&self, version: &Version, order: Ordering) -> bool {
        let own = &self.version;
        if order.is_lt() {
            return false;
        }
        if own.major > 0 || self.minor_open {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.patch_open {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_as_masterminds_does() {
        for (constraint, version, expected) in [
            ("^1.2.0", "1.3.0", true),
            ("^0.2", "0.3.0", false),
            ("~1.2", "1.2.9", true),
            ("1.x", "1.9.9", true),
            ("*", "0.1.0", true),
            (">1, <3 || =5.0.0", "5.0.0", true),
            ("1.2 - 1.4", "1.4.5", true),
            ("1.2.0 - 1.4.0", "1.4.5", false),
            (">=1.2.0-0", "1.2.0-rc.1", true),
            (">=1.2.0", "1.3.0-rc.1", false),
            ("!=1.2.x", "1.2.3", false),
            (">1.2", "1.2.9", false),
            ("<=1.2", "1.2.9", true),
        ] {
            assert_eq!(satisfies(constraint, version), Ok(expected), "{constraint} {version}");
        }
        assert!(satisfies("abc", "1.0.0").is_err());
        assert!(satisfies("1.0", "x").is_err());
    }
}
