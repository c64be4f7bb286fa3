//! Times and durations as Go's `time` package reads, changes and writes them.

use std::any::Any;
use std::rc::Rc;

use jiff::tz::TimeZone;

use crate::gotemplate::function::Fault;
use crate::gotemplate::strconv;
use crate::gotemplate::value::{Named, Object, Value};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const SECONDS_A_DAY: i64 = 86_400;
const NANOSECONDS: i64 = 1_000_000_000;

/// The first second that Go's zero time stands for, the start of year 1.
const ZERO: i64 = -62_135_596_800;

/// A moment in a time zone.
#[derive(Clone, Debug)]
pub(super) struct Time {
    /// Seconds since 1970.
    pub seconds: i64,
    nanos: i64,
    zone: Zone,
}

#[derive(Clone, Debug)]
enum Zone {
    Utc,
    Fixed { name: String, offset: i64 },
    Named(TimeZone),
}

/// The calendar's view of a moment.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    weekday: i64,
    year_day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// Days since 1970 of a date; months and days beyond their range carry over.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl Time {
    /// `time.Unix(seconds, 0)` in UTC.
    pub fn from_unix(seconds: i64) -> Time {
        Time { seconds, nanos: 0, zone: Zone::Utc }
    }

    /// Go's zero time.
    pub fn zero() -> Time {
        Time::from_unix(ZERO)
    }

    pub fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    pub fn from_value(value: &Value) -> Option<&Time> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// The same moment in the zone of this name; UTC when there is none, as sprig does.
    pub fn in_zone(&self, name: &str) -> Time {
        let zone = match name {
            "" | "UTC" | "Local" => Zone::Utc,
            _ => match TimeZone::get(name) {
                // Zones are files in Go: the case of letters counts.
                Ok(zone) if zone.iana_name() == Some(name) => Zone::Named(zone),
                _ => Zone::Utc,
            },
        };
        Time { zone, ..self.clone() }
    }

    pub fn add(&self, nanoseconds: i64) -> Time {
        let nanos = self.nanos + nanoseconds.rem_euclid(NANOSECONDS);
        let seconds = self
            .seconds
            .wrapping_add(nanoseconds.div_euclid(NANOSECONDS))
            .wrapping_add(nanos.div_euclid(NANOSECONDS));
        Time { seconds, nanos: nanos.rem_euclid(NANOSECONDS), zone: self.zone.clone() }
    }

    /// Offset in seconds and abbreviation of the zone at this moment.
    fn offset(&self) -> (i64, String) {
        match &self.zone {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Fixed { name, offset } => (*offset, name.clone()),
            Zone::Named(zone) => match jiff::Timestamp::from_second(self.seconds) {
                Ok(moment) => {
                    let info = zone.to_offset_info(moment);
                    (i64::from(info.offset().seconds()), info.abbreviation().to_owned())
                }
                Err(_) => (0, "UTC".to_owned()),
            },
        }
    }

    fn civil(&self) -> Civil {
        let local = self.seconds.saturating_add(self.offset().0);
        let days = local.div_euclid(SECONDS_A_DAY);
        let rest = local.rem_euclid(SECONDS_A_DAY);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            weekday: (days + 4).rem_euclid(7),
            year_day: days - days_from_civil(year, 1, 1) + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }

    /// `Time.Format`.
    pub fn format(&self, layout: &str) -> String {
        let civil = self.civil();
        let (offset, name) = self.offset();
        let mut out = String::new();
        let mut rest = layout;
        while !rest.is_empty() {
            let (prefix, chunk, suffix) = next_chunk(rest);
            out.push_str(prefix);
            rest = suffix;
            let Some(chunk) = chunk else {
                break;
            };
            out.push_str(&self.chunk(chunk, &civil, offset, &name));
        }
        out
    }

    fn chunk(&self, chunk: Chunk, civil: &Civil, offset: i64, zone: &str) -> String {
        let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
        let month = MONTHS[(civil.month - 1).rem_euclid(12) as usize];
        let day = DAYS[civil.weekday.rem_euclid(7) as usize];
        match chunk {
            Chunk::Year => format!("{:02}", civil.year.rem_euclid(100)),
            Chunk::LongYear if civil.year < 0 => format!("-{:04}", -civil.year),
            Chunk::LongYear => format!("{:04}", civil.year),
            Chunk::Month => month[..3].to_owned(),
            Chunk::LongMonth => month.to_owned(),
            Chunk::NumMonth => civil.month.to_string(),
            Chunk::ZeroMonth => format!("{:02}", civil.month),
            Chunk::Weekday => day[..3].to_owned(),
            Chunk::LongWeekday => day.to_owned(),
            Chunk::Day => civil.day.to_string(),
            Chunk::UnderDay => format!("{:2}", civil.day),
            Chunk::ZeroDay => format!("{:02}", civil.day),
            Chunk::UnderYearDay => format!("{:3}", civil.year_day),
            Chunk::ZeroYearDay => format!("{:03}", civil.year_day),
            Chunk::Hour => format!("{:02}", civil.hour),
            Chunk::Hour12 => hour12.to_string(),
            Chunk::ZeroHour12 => format!("{hour12:02}"),
            Chunk::Minute => civil.minute.to_string(),
            Chunk::ZeroMinute => format!("{:02}", civil.minute),
            Chunk::Second => civil.second.to_string(),
            Chunk::ZeroSecond => format!("{:02}", civil.second),
            Chunk::Pm => if civil.hour >= 12 { "PM" } else { "AM" }.to_owned(),
            Chunk::LowerPm => if civil.hour >= 12 { "pm" } else { "am" }.to_owned(),
            Chunk::Zone if zone.is_empty() => numeric_zone(offset, false, offset % 3600 != 0, false),
            Chunk::Zone => zone.to_owned(),
            Chunk::Offset { z: true, .. } if offset == 0 => "Z".to_owned(),
            Chunk::Offset { colon, minutes, seconds, .. } => numeric_zone(offset, colon, minutes, seconds),
            Chunk::Fraction { digits, separator, trim } => {
                let all = format!("{:09}", self.nanos);
                let mut fraction = &all[..digits.min(9)];
                if trim {
                    fraction = fraction.trim_end_matches('0');
                    if fraction.is_empty() {
                        return String::new();
                    }
                }
                format!("{separator}{fraction}")
            }
        }
    }

    /// `time.ParseInLocation(layout, text, time.UTC)`.
    pub fn parse(layout: &str, text: &str) -> Result<Time, Fault> {
        Parser { layout, text, rest: text, ..Parser::default() }.run()
    }
}

fn numeric_zone(offset: i64, colon: bool, minutes: bool, seconds: bool) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let magnitude = offset.abs();
    let separator = if colon { ":" } else { "" };
    let mut out = format!("{sign}{:02}", magnitude / 3600);
    if minutes {
        out.push_str(&format!("{separator}{:02}", magnitude / 60 % 60));
    }
    if seconds {
        out.push_str(&format!("{separator}{:02}", magnitude % 60));
    }
    out
}

/// An element of a layout.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Chunk {
    Year,
    LongYear,
    Month,
    LongMonth,
    NumMonth,
    ZeroMonth,
    Weekday,
    LongWeekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    Pm,
    LowerPm,
    Zone,
    Offset { z: bool, colon: bool, minutes: bool, seconds: bool },
    Fraction { digits: usize, separator: char, trim: bool },
}

const fn offset(z: bool, colon: bool, minutes: bool, seconds: bool) -> Chunk {
    Chunk::Offset { z, colon, minutes, seconds }
}

/// Elements by their spelling; of two that fit, the one further up.
const CHUNKS: &[(&str, Chunk)] = &[
    ("January", Chunk::LongMonth),
    ("Jan", Chunk::Month),
    ("Monday", Chunk::LongWeekday),
    ("Mon", Chunk::Weekday),
    ("MST", Chunk::Zone),
    ("002", Chunk::ZeroYearDay),
    ("01", Chunk::ZeroMonth),
    ("02", Chunk::ZeroDay),
    ("03", Chunk::ZeroHour12),
    ("04", Chunk::ZeroMinute),
    ("05", Chunk::ZeroSecond),
    ("06", Chunk::Year),
    ("15", Chunk::Hour),
    ("1", Chunk::NumMonth),
    ("2006", Chunk::LongYear),
    ("2", Chunk::Day),
    ("__2", Chunk::UnderYearDay),
    ("_2", Chunk::UnderDay),
    ("3", Chunk::Hour12),
    ("4", Chunk::Minute),
    ("5", Chunk::Second),
    ("PM", Chunk::Pm),
    ("pm", Chunk::LowerPm),
    ("-070000", offset(false, false, true, true)),
    ("-07:00:00", offset(false, true, true, true)),
    ("-0700", offset(false, false, true, false)),
    ("-07:00", offset(false, true, true, false)),
    ("-07", offset(false, false, false, false)),
    ("Z070000", offset(true, false, true, true)),
    ("Z07:00:00", offset(true, true, true, true)),
    ("Z0700", offset(true, false, true, false)),
    ("Z07:00", offset(true, true, true, false)),
    ("Z07", offset(true, false, false, false)),
];

/// What stands before the first element of the layout, the element, and the rest.
fn next_chunk(layout: &str) -> (&str, Option<Chunk>, &str) {
    for (index, _) in layout.char_indices() {
        let here = &layout[index..];
        if let Some(rest) = here.strip_prefix("_2006") {
            return (&layout[..=index], Some(Chunk::LongYear), rest);
        }
        if let Some((chunk, length)) = fraction(here) {
            return (&layout[..index], Some(chunk), &here[length..]);
        }
        for (spelling, chunk) in CHUNKS {
            let Some(rest) = here.strip_prefix(spelling) else {
                continue;
            };
            // Short names of months and days are not the start of a word.
            let short = matches!(chunk, Chunk::Month | Chunk::Weekday);
            if short && rest.starts_with(|c: char| c.is_ascii_lowercase()) {
                continue;
            }
            return (&layout[..index], Some(*chunk), rest);
        }
    }
    (layout, None, "")
}

fn fraction(here: &str) -> Option<(Chunk, usize)> {
    let bytes = here.as_bytes();
    let separator = *bytes.first().filter(|byte| matches!(byte, b'.' | b','))?;
    let digit = *bytes.get(1).filter(|byte| matches!(byte, b'0' | b'9'))?;
    let digits = bytes[1..].iter().take_while(|byte| **byte == digit).count();
    if bytes.get(1 + digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((Chunk::Fraction { digits, separator: char::from(separator), trim: digit == b'9' }, 1 + digits))
}

#[derive(Default)]
struct Parser<'a> {
    layout: &'a str,
    text: &'a str,
    rest: &'a str,
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
    pm: Option<bool>,
    offset: Option<i64>,
    utc: bool,
    zone: String,
}

type Parsed<T> = Result<T, Option<String>>;

impl<'a> Parser<'a> {
    fn run(mut self) -> Result<Time, Fault> {
        let mut layout = self.layout;
        loop {
            let (prefix, chunk, suffix) = next_chunk(layout);
            let spelling = layout[prefix.len()..layout.len() - suffix.len()].to_owned();
            if self.skip(prefix).is_none() {
                return Err(self.mismatch(prefix));
            }
            let Some(chunk) = chunk else {
                if !self.rest.is_empty() {
                    let extra = self.rest.to_owned();
                    return Err(self.failed(&format!(": extra text: {extra:?}")));
                }
                break;
            };
            layout = suffix;
            let before = self.rest;
            match self.element(chunk, suffix) {
                Ok(()) => (),
                Err(Some(message)) => return Err(self.failed(&message)),
                Err(None) => {
                    self.rest = before;
                    return Err(self.mismatch(&spelling));
                }
            }
        }
        self.finish()
    }

    fn failed(&self, message: &str) -> Fault {
        Fault::Error(format!("parsing time {:?}{message}", self.text))
    }

    fn mismatch(&self, element: &str) -> Fault {
        Fault::Error(format!(
            "parsing time {:?} as {:?}: cannot parse {:?} as {element:?}",
            self.text, self.layout, self.rest
        ))
    }

    /// Takes the literal text between elements; a space matches any number of them.
    fn skip(&mut self, prefix: &str) -> Option<()> {
        let mut prefix = prefix;
        while let Some(c) = prefix.chars().next() {
            if c == ' ' {
                if !self.rest.is_empty() && !self.rest.starts_with(' ') {
                    return None;
                }
                prefix = prefix.trim_start_matches(' ');
                self.rest = self.rest.trim_start_matches(' ');
                continue;
            }
            self.rest = self.rest.strip_prefix(c)?;
            prefix = &prefix[c.len_utf8()..];
        }
        Some(())
    }

    /// One or two digits, exactly two when `fixed`.
    fn number(&mut self, fixed: bool) -> Parsed<i64> {
        let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits == 1 && fixed {
            return Err(None);
        }
        self.digits(digits)
    }

    fn digits(&mut self, count: usize) -> Parsed<i64> {
        let digits = self.rest.get(..count).ok_or(None)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(None);
        }
        self.rest = &self.rest[count..];
        digits.parse().map_err(|_| None)
    }

    fn within(value: i64, range: std::ops::Range<i64>, what: &str) -> Parsed<i64> {
        if range.contains(&value) { Ok(value) } else { Err(Some(format!(": {what} out of range"))) }
    }

    fn name(&mut self, names: &[&str], short: bool) -> Parsed<i64> {
        for (index, name) in names.iter().enumerate() {
            let name = if short { &name[..3] } else { name };
            if self.rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
                self.rest = &self.rest[name.len()..];
                return Ok(index as i64);
            }
        }
        Err(None)
    }

    fn element(&mut self, chunk: Chunk, layout: &str) -> Parsed<()> {
        match chunk {
            Chunk::Year => {
                let year = self.digits(2)?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Chunk::LongYear => self.year = self.digits(4)?,
            Chunk::Month => self.month = Some(self.name(&MONTHS, true)? + 1),
            Chunk::LongMonth => self.month = Some(self.name(&MONTHS, false)? + 1),
            Chunk::NumMonth | Chunk::ZeroMonth => {
                let month = self.number(chunk == Chunk::ZeroMonth)?;
                self.month = Some(Self::within(month, 1..13, "month")?);
            }
            Chunk::Weekday => drop(self.name(&DAYS, true)?),
            Chunk::LongWeekday => drop(self.name(&DAYS, false)?),
            Chunk::Day | Chunk::UnderDay | Chunk::ZeroDay => {
                if chunk == Chunk::UnderDay {
                    self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
                }
                self.day = Some(self.number(chunk == Chunk::ZeroDay)?);
            }
            Chunk::UnderYearDay | Chunk::ZeroYearDay => self.day_of_year(chunk)?,
            Chunk::Hour => self.hour = Self::within(self.number(false)?, 0..24, "hour")?,
            Chunk::Hour12 | Chunk::ZeroHour12 => {
                let hour = self.number(chunk == Chunk::ZeroHour12)?;
                self.hour = Self::within(hour, 0..13, "hour")?;
            }
            Chunk::Minute | Chunk::ZeroMinute => {
                let minute = self.number(chunk == Chunk::ZeroMinute)?;
                self.minute = Self::within(minute, 0..60, "minute")?;
            }
            Chunk::Second | Chunk::ZeroSecond => {
                let second = self.number(chunk == Chunk::ZeroSecond)?;
                self.second = Self::within(second, 0..60, "second")?;
                self.implied_fraction(layout)?;
            }
            Chunk::Pm | Chunk::LowerPm => {
                let (pm, am) = if chunk == Chunk::Pm { ("PM", "AM") } else { ("pm", "am") };
                let word = self.rest.get(..2).ok_or(None)?;
                self.pm = Some(match word {
                    word if word == pm => true,
                    word if word == am => false,
                    _ => return Err(None),
                });
                self.rest = &self.rest[2..];
            }
            Chunk::Zone => self.zone_name()?,
            Chunk::Offset { z, colon, minutes, seconds } => self.zone_offset(z, colon, minutes, seconds)?,
            Chunk::Fraction { digits, trim, .. } => self.fraction(digits, trim)?,
        }
        Ok(())
    }

    fn day_of_year(&mut self, chunk: Chunk) -> Parsed<()> {
        let mut padded = self.rest.get(..3).ok_or(None)?.to_owned();
        if chunk == Chunk::UnderYearDay {
            padded = padded.replacen(' ', "0", 2);
        }
        if !padded.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(None);
        }
        self.rest = &self.rest[3..];
        self.year_day = padded.parse().ok();
        Ok(())
    }

    /// Behind the seconds a fraction may stand that the layout does not mention.
    fn implied_fraction(&mut self, layout: &str) -> Parsed<()> {
        let bytes = self.rest.as_bytes();
        let there = matches!(bytes, [b'.' | b',', digit, ..] if digit.is_ascii_digit());
        if !there || matches!(next_chunk(layout).1, Some(Chunk::Fraction { .. })) {
            return Ok(());
        }
        let digits = bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.fraction(digits, false)
    }

    fn fraction(&mut self, digits: usize, trim: bool) -> Parsed<()> {
        let bytes = self.rest.as_bytes();
        let digits = if trim {
            if !matches!(bytes, [b'.' | b',', digit, ..] if digit.is_ascii_digit()) {
                return Ok(());
            }
            bytes[1..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count()
        } else {
            digits
        };
        if !matches!(bytes.first(), Some(b'.' | b',')) {
            return Err(None);
        }
        let text = self.rest.get(1..=digits).ok_or(None)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(None);
        }
        let nine: String = text.chars().chain(std::iter::repeat('0')).take(9).collect();
        self.nanos = nine.parse().map_err(|_| None)?;
        self.rest = &self.rest[1 + digits..];
        Ok(())
    }

    fn zone_offset(&mut self, z: bool, colon: bool, minutes: bool, seconds: bool) -> Parsed<()> {
        if z && self.rest.starts_with('Z') {
            self.rest = &self.rest[1..];
            self.utc = true;
            return Ok(());
        }
        let sign = match self.rest.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(None),
        };
        self.rest = &self.rest[1..];
        let mut offset = self.digits(2)? * 3600;
        for (wanted, unit) in [(minutes, 60), (seconds, 1)] {
            if !wanted {
                continue;
            }
            if colon {
                self.rest = self.rest.strip_prefix(':').ok_or(None)?;
            }
            offset += self.digits(2)? * unit;
        }
        self.offset = Some(sign * offset);
        Ok(())
    }

    /// An abbreviation: three or four letters as zones have them, or `GMT+3`.
    fn zone_name(&mut self) -> Parsed<()> {
        if let Some(rest) = self.rest.strip_prefix("UTC") {
            self.rest = rest;
            self.utc = true;
            return Ok(());
        }
        let upper = self.rest.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
        let bytes = self.rest.as_bytes();
        let length = if self.rest.starts_with("ChST") || self.rest.starts_with("MeST") {
            4
        } else if self.rest.starts_with("GMT") {
            3 + signed_hours(&self.rest[3..])
        } else if matches!(bytes.first(), Some(b'+' | b'-')) {
            signed_hours(self.rest)
        } else {
            match upper {
                5 if bytes[4] == b'T' => 5,
                4 if bytes[3] == b'T' || self.rest.starts_with("WITA") => 4,
                3 => 3,
                _ => 0,
            }
        };
        if length == 0 {
            return Err(None);
        }
        self.zone = self.rest[..length].to_owned();
        self.rest = &self.rest[length..];
        Ok(())
    }

    fn finish(self) -> Result<Time, Fault> {
        let hour = match self.pm {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = self.date()?;
        let days = days_from_civil(self.year, month, day);
        let seconds = days * SECONDS_A_DAY + hour * 3600 + self.minute * 60 + self.second;
        let zone = match (self.utc, self.offset) {
            (true, _) => Zone::Utc,
            (false, Some(offset)) => {
                let utc = offset == 0 && (self.zone.is_empty() || self.zone == "UTC");
                if utc { Zone::Utc } else { Zone::Fixed { name: self.zone.clone(), offset } }
            }
            (false, None) if self.zone.is_empty() => Zone::Utc,
            (false, None) => {
                let hours = self.zone.strip_prefix("GMT").and_then(|hours| strconv::parse_int(hours, 10));
                Zone::Fixed { name: self.zone.clone(), offset: hours.unwrap_or(0) * 3600 }
            }
        };
        let behind = if let Zone::Fixed { offset, .. } = &zone { *offset } else { 0 };
        Ok(Time { seconds: seconds - behind, nanos: self.nanos, zone })
    }

    fn date(&self) -> Result<(i64, i64), Fault> {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        if let Some(year_day) = self.year_day {
            if !(1..=365 + i64::from(leap)).contains(&year_day) {
                return Err(self.failed(": day-of-year out of range"));
            }
            let days = days_from_civil(self.year, 1, 1) + year_day - 1;
            let (_, month, day) = civil_from_days(days);
            if self.month.is_some_and(|wanted| wanted != month)
                || self.day.is_some_and(|wanted| wanted != day)
            {
                return Err(self.failed(": day-of-year does not match month"));
            }
            return Ok((month, day));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let length = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=length).contains(&day) {
            return Err(self.failed(": day out of range"));
        }
        Ok((month, day))
    }
}

/// How long a sign with hours such as `+3` is, when hours they are.
fn signed_hours(text: &str) -> usize {
    if !text.starts_with(['+', '-']) {
        return 0;
    }
    let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
    match text[1..1 + digits].parse::<u32>() {
        Ok(hours) if hours <= 23 => 1 + digits,
        _ => 0,
    }
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }

    fn print(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn json(&self) -> String {
        format!("\"{}\"", self.format("2006-01-02T15:04:05.999999999Z07:00"))
    }

    fn member(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        let civil = self.civil();
        let named = |type_name, number: i64, text: &str| {
            Value::Named(Rc::new(Named { type_name, kind: "int", number, text: text.to_owned() }))
        };
        let value = match (name, arguments) {
            ("Format", [Value::Str(layout)]) => Value::text(self.format(&String::from_utf8_lossy(layout))),
            ("AddDate", [Value::Int(years), Value::Int(months), Value::Int(days)]) => {
                self.add_date(&civil, *years, *months, *days).into_value()
            }
            ("Before" | "After" | "Equal", [other]) => {
                let other = Time::from_value(other)?;
                let order = (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos));
                Value::Bool(match name {
                    "Before" => order.is_lt(),
                    "After" => order.is_gt(),
                    _ => order.is_eq(),
                })
            }
            (_, [_, ..]) => return None,
            ("Year", _) => Value::Int(civil.year),
            ("Month", _) => {
                named("time.Month", civil.month, MONTHS[(civil.month - 1).rem_euclid(12) as usize])
            }
            ("Day", _) => Value::Int(civil.day),
            ("Weekday", _) => {
                named("time.Weekday", civil.weekday, DAYS[civil.weekday.rem_euclid(7) as usize])
            }
            ("YearDay", _) => Value::Int(civil.year_day),
            ("Hour", _) => Value::Int(civil.hour),
            ("Minute", _) => Value::Int(civil.minute),
            ("Second", _) => Value::Int(civil.second),
            ("Nanosecond", _) => Value::Int(self.nanos),
            ("Unix", _) => Value::Int64(self.seconds),
            ("UnixMilli", _) => Value::Int64(self.seconds.wrapping_mul(1000) + self.nanos / 1_000_000),
            ("UnixMicro", _) => Value::Int64(self.seconds.wrapping_mul(1_000_000) + self.nanos / 1000),
            ("UnixNano", _) => Value::Int64(self.seconds.wrapping_mul(NANOSECONDS).wrapping_add(self.nanos)),
            ("IsZero", _) => Value::Bool(self.seconds == ZERO && self.nanos == 0),
            ("UTC" | "Local", _) => Time { zone: Zone::Utc, ..self.clone() }.into_value(),
            ("String", _) => Value::text(self.print()),
            _ => return None,
        };
        Some(Ok(value))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Time>().is_some_and(|other| {
            (self.seconds, self.nanos) == (other.seconds, other.nanos) && self.offset() == other.offset()
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Time {
    fn add_date(&self, civil: &Civil, years: i64, months: i64, days: i64) -> Time {
        const FAR: i64 = 1_000_000_000;
        let clamp = |value: i64| value.clamp(-FAR, FAR);
        let date =
            days_from_civil(civil.year + clamp(years), civil.month + clamp(months), civil.day + clamp(days));
        let seconds = date * SECONDS_A_DAY + civil.hour * 3600 + civil.minute * 60 + civil.second;
        Time { seconds: seconds - self.offset().0, nanos: self.nanos, zone: self.zone.clone() }
    }
}

/// `time.ParseDuration`, in nanoseconds.
pub(super) fn parse_duration(text: &str) -> Result<i64, Fault> {
    let invalid = || Fault::Error(format!("time: invalid duration {text:?}"));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (whole, fraction) = rest[..number].split_once('.').unwrap_or((&rest[..number], ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(invalid());
        }
        rest = &rest[number..];
        let unit_end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let unit: i128 = match &rest[..unit_end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(Fault::Error(format!("time: missing unit in duration {text:?}"))),
            unit => return Err(Fault::Error(format!("time: unknown unit {unit:?} in duration {text:?}"))),
        };
        rest = &rest[unit_end..];
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        total = whole.checked_mul(unit).and_then(|added| total.checked_add(added)).ok_or_else(invalid)?;
        let fraction = &fraction[..fraction.len().min(18)];
        if !fraction.is_empty() {
            let digits: i128 = fraction.parse().map_err(|_| invalid())?;
            total += digits * unit / 10i128.pow(fraction.len() as u32);
        }
    }
    i64::try_from(if negative { -total } else { total }).map_err(|_| invalid())
}

/// `Duration.String`.
pub(super) fn duration_text(nanoseconds: i64) -> String {
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    let decimal = |value: u64, digits: usize| {
        let unit = 10u64.pow(digits as u32);
        let fraction = format!("{:0digits$}", value % unit);
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        format!("{}{dot}{fraction}", value / unit)
    };
    if magnitude < 1_000_000_000 {
        let (text, unit) = match magnitude {
            0..1000 => (magnitude.to_string(), "ns"),
            1000..1_000_000 => (decimal(magnitude, 3), "µs"),
            _ => (decimal(magnitude, 6), "ms"),
        };
        return format!("{sign}{text}{unit}");
    }
    let minutes = magnitude / 60_000_000_000;
    let seconds = decimal(magnitude % 60_000_000_000, 9);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_parses_layouts() {
        let time = Time::from_unix(1_709_210_096).add(120_000_000);
        for (layout, expected) in [
            ("2006-01-02T15:04:05Z07:00", "2024-02-29T12:34:56Z"),
            ("Mon Jan _2 15:04:05.000 MST 2006", "Thu Feb 29 12:34:56.120 UTC 2024"),
            ("Monday, 2 January 06 3:04PM", "Thursday, 29 February 24 12:34PM"),
            ("002 __2 .999", "060  60 .12"),
            ("Month", "Month"),
        ] {
            assert_eq!(time.format(layout), expected, "{layout}");
        }
        assert_eq!(time.in_zone("Europe/Berlin").format("15:04 MST -0700"), "13:34 CET +0100");
        for (layout, text, seconds) in [
            ("2006-01-02", "2024-02-29", Some(1_709_164_800)),
            ("2006-01-02", "2023-02-29", None),
            ("2006-01-02T15:04:05Z07:00", "2024-02-29T13:34:56+01:00", Some(1_709_210_096)),
            ("Jan 2, 2006 at 3:04pm (MST)", "Feb 29, 2024 at 12:34am (UTC)", Some(1_709_166_840)),
            ("2006", "24", None),
        ] {
            assert_eq!(Time::parse(layout, text).ok().map(|time| time.seconds), seconds, "{layout} {text}");
        }
    }

    #[test]
    fn reads_and_writes_durations() {
        for (text, written) in [
            ("1h30m", "1h30m0s"),
            ("-1.5h", "-1h30m0s"),
            ("95s", "1m35s"),
            ("1.5ms", "1.5ms"),
            ("2h10m5s", "2h10m5s"),
            ("0", "0s"),
        ] {
            assert_eq!(parse_duration(text).map(duration_text).as_deref(), Ok(written), "{text}");
        }
        for text in ["", "x", "1", "1x", ".s", "1.2.3s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
