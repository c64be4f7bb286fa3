//! The words of a configuration that can be wrong: globs, dates, reasons.

use globset::{GlobBuilder, GlobMatcher};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::str::FromStr;

/// A glob for paths or names: `*` and `?` stop at a slash, `**` does not, `{a,b}` and `[ab]` choose.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Glob(String, #[schemars(skip)] Box<GlobMatcher>);

impl Glob {
    /// Reads a glob; the error says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        match glob {
            Ok(glob) => Ok(Self(text.to_owned(), Box::new(glob.compile_matcher()))),
            Err(error) => Err(format!("`{text}` is no glob: {}", error.kind())),
        }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the library has it.
    pub(super) fn parsed(&self) -> &globset::Glob {
        self.1.glob()
    }

    /// Whether it matches the whole of `text`.
    pub fn matches(&self, text: &str) -> bool {
        self.1.is_match(text)
    }

    /// Whether it names this Application (`namespace/name`): a glob without a slash looks at the name alone.
    pub fn matches_application(&self, id: &str) -> bool {
        let name = id.rsplit_once('/').map_or(id, |(_, name)| name);
        if self.0.contains('/') { self.matches(id) } else { self.matches(name) }
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A day, as in `2027-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day that many days after 1970-01-01, as far as the year has four digits.
    ///
    /// The algorithm is `civil_from_days` of Howard Hinnant's "chrono-compatible low-level date algorithms".
    pub fn from_days(days: u32) -> Self {
        let shifted = days + 719_468;
        let era_day = shifted % 146_097;
        let era_year = (era_day - era_day / 1460 + era_day / 36_524 - era_day / 146_096) / 365;
        let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
        let march_month = (5 * year_day + 2) / 153;
        let day = (year_day - (153 * march_month + 2) / 5 + 1) as u8;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 } as u8;
        let year = (era_year + shifted / 146_097 * 400) as u16 + u16::from(month <= 2);
        Self { year, month, day }
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no date such as 2027-01-31");
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(i, b)| match i {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        if !shape {
            return Err(wrong());
        }
        let number =
            |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u16>().ok());
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
            return Err(wrong());
        };
        let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return Err(wrong()),
        };
        if day == 0 || day > last {
            return Err(wrong());
        }
        Ok(Self { year, month: month as u8, day: day as u8 })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Why something is ignored; never empty.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Reason(String);

impl Reason {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            return Err(de::Error::custom("`reason` is empty: say why this may be ignored"));
        }
        Ok(Self(text))
    }
}

/// Reads a text by its [`FromStr`], so that what is wrong with it is said at its place.
pub(super) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, good) in [
            ("2027-01-31", true),
            ("2024-02-29", true),
            ("2000-02-29", true),
            ("2023-02-29", false),
            ("1900-02-29", false),
            ("2023-13-01", false),
            ("2023-00-01", false),
            ("2023-04-31", false),
            ("2023-04-00", false),
            ("2023-4-1", false),
            ("20230401", false),
            ("2023-04-1x", false),
            ("２023-04", false),
            ("", false),
        ] {
            let date = text.parse::<Date>();
            assert_eq!(date.is_ok(), good, "{text}");
            if let Ok(date) = date {
                assert_eq!(date.to_string(), text);
            }
        }
        assert!("2026-12-31".parse::<Date>().unwrap() < "2027-01-01".parse::<Date>().unwrap());
    }

    #[test]
    fn days_since_1970() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_820, "2027-01-02"),
        ] {
            assert_eq!(Date::from_days(days).to_string(), expected, "{days}");
        }
    }

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("fixtures/**", "fixtures/a/b.yaml", true),
            ("*.yaml", "a/b.yaml", false),
            ("**/*.yaml", "a/b.yaml", true),
            ("{a,b}-*", "b-x", true),
        ] {
            assert_eq!(Glob::new(glob).unwrap().matches(text), expected, "{glob} {text}");
        }
        for (glob, id, expected) in
            [("loki-*", "argocd/loki-a", true), ("argocd/*", "argocd/x", true), ("team/*", "argocd/x", false)]
        {
            assert_eq!(Glob::new(glob).unwrap().matches_application(id), expected, "{glob} {id}");
        }
        assert!(Glob::new("a[").unwrap_err().starts_with("`a[` is no glob"));
    }
}
